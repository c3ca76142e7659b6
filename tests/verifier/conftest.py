"""The stores that these tests run on."""

from tests.verifier.stores import clock, database, empty, ledger

__all__ = ("clock", "database", "empty", "ledger")
