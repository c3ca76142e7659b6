"""The command line: ``ringfence``."""

from ringfence.cli.entry import main

__all__ = ["main"]
