"""The rows of a store as lines of text, of one moment and in no database's own format: what either kind restores from.

    {"table": "request", "columns": ["caller", "id", "body", "place"]}
    ["desk.example", "7f..", {"hex": "ab..ab"}, 1]
    ...

Tables stand in the order in which the schema made them, so that a row comes after those that it names; one that was
made anew stands where its new form was made. Numbers are numbers, texts are texts, bytes are hexadecimal, and what is
not there is null.
"""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from margin.errors import MalformedError, Reason
from verifier.store.database import Database, Row, Transaction, Value
from verifier.store.schema import MIGRATIONS, Migration

MADE: Final = re.compile(r"CREATE TABLE (\w+)|DROP TABLE (\w+)|ALTER TABLE (\w+) RENAME TO (\w+)")
"""What changes which tables there are: the name that comes, that goes, or that becomes another."""
SELF: Final = "store"
"""The one row that says which store it is; a dump says that at its head."""
BYTES: Final = "hex"
LARGEST_NUMBER: Final = (1 << 63) - 1


def list_tables(migrations: Sequence[Migration] = MIGRATIONS) -> list[str]:
    """The tables that a dump has, in the order in which they were made."""
    statements = (statement for migration in migrations for statement in migration.statements)
    tables: list[str] = []
    for found in (MADE.match(statement) for statement in statements if isinstance(statement, str)):
        if found is None:
            continue
        created, dropped, old, new = found.groups()
        if created:
            tables.append(created)
        elif dropped:
            tables.remove(dropped)
        else:
            tables[tables.index(old)] = new
    return [table for table in tables if table != SELF]


def dump_rows(database: Database, transaction: Transaction, version: int) -> Iterator[str]:
    """All rows of a store of a version, as lines."""
    for table in list_tables(MIGRATIONS[:version]):
        columns = list_columns(database, transaction, table)
        yield render({"table": table, "columns": columns})
        for row in transaction.stream(f"SELECT {', '.join(columns)} FROM {table}"):  # noqa: S608 - our own names
            yield render([write_value(value) for value in row])


def load_rows(database: Database, transaction: Transaction, version: int, lines: Iterator[str]) -> int:
    """Put rows into the empty tables of a version; how many there were."""
    documents = map(read, lines)
    document = next(documents, None)
    count = 0
    for table in list_tables(MIGRATIONS[:version]):
        columns = list_columns(database, transaction, table)
        if document != {"table": table, "columns": columns}:
            raise unreadable(f"the table {table} with its columns")
        insert = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"  # noqa: S608
        while isinstance(document := next(documents, None), list):
            transaction.execute(insert, *read_row(document, len(columns)))
            count += 1
    if document is not None:
        raise unreadable("no further table")
    return count


def list_columns(database: Database, transaction: Transaction, table: str) -> list[str]:
    """The columns of a table in the order in which they were added, which is the same wherever the version is."""
    return [name for (name,) in transaction.execute(database.list_columns, table)]


def render(document: object) -> str:
    """A line."""
    return json.dumps(document, separators=(",", ":"), ensure_ascii=True) + "\n"


def read(line: str) -> Any:  # noqa: ANN401 - any JSON
    """What a line says."""
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        raise unreadable("lines of JSON") from None


def write_value(value: Value) -> object:
    """A value as JSON has it."""
    return {BYTES: bytes(value).hex()} if isinstance(value, bytes | bytearray | memoryview) else value


def read_row(values: list[object], count: int) -> Row:
    """The values of a row, of which there are as many as there are columns."""
    if len(values) != count:
        raise unreadable(f"{count} values in a row")
    return tuple(map(read_value, values))


def read_value(value: object) -> Value:
    """A value from JSON, of one of the four kinds that a column has."""
    match value:
        case None | str():
            return value
        case bool() | float():
            pass
        case int() if abs(value) <= LARGEST_NUMBER:
            return value
        case {"hex": str(digits), **others} if not others:
            try:
                return bytes.fromhex(digits)
            except ValueError:
                pass
        case _:
            pass
    raise unreadable("a number, a text, bytes or nothing")


def unreadable(expected: str) -> MalformedError:
    """Not what a dump has there."""
    return MalformedError(Reason.NOT_READABLE, "backup", found="something else", expected=expected)
