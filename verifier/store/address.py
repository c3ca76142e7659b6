"""Where a store is, in one word: the path of a file, or the address of a server."""

from importlib.util import find_spec
from pathlib import Path
from typing import Final

from margin.errors import MisuseError, Reason
from verifier.store.database import DEFAULT_PATIENCE_SECONDS, Database
from verifier.store.sqlite import SQLiteDatabase

SERVER_SCHEMES: Final = ("postgresql://", "postgres://")


def open_database(address: str, patience_seconds: int = DEFAULT_PATIENCE_SECONDS) -> Database:
    """The database at an address; the driver of a server is looked for where one is asked for."""
    if not address.startswith(SERVER_SCHEMES):
        return SQLiteDatabase(Path(address), patience_seconds)
    if find_spec("psycopg") is None:
        expected = "psycopg, which comes with ringfence[postgresql]"
        raise MisuseError(Reason.BACKEND_MISSING, "store", found="no driver of PostgreSQL", expected=expected)
    from verifier.store.postgresql import PostgreSQLDatabase  # noqa: PLC0415 - optional

    return PostgreSQLDatabase(address, patience_seconds)
