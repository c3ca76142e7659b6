"""The stores that these tests break."""

from tests.verifier.stores import server

__all__ = ("server",)
