"""What is needed of contracts is compiled once, whichever process of a run comes first."""

from tests.contracts.conftest import compiled

__all__ = ["compiled"]
