"""The faces of Ringfence: the wire vocabulary, the client library and the command line."""

__version__ = "0.1.0"
