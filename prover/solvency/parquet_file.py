"""Accounts in Parquet, a row each: the only module that knows the library, which is optional."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Final

import pyarrow as pa
from pyarrow import parquet

from margin.errors import MalformedError, Reason

ROWS_AT_ONCE: Final = 2048
MONEY: Final = pa.decimal128(38, 0)
POSITION: Final = pa.struct(
    [
        ("market", pa.string()),
        ("side", pa.string()),
        ("size", pa.uint64()),
        ("entry_notional", MONEY),
        ("cash", MONEY),
        ("funding_index", MONEY),
    ]
)
AMOUNT: Final = pa.struct([("asset", pa.string()), ("amount", pa.uint64())])
SCHEMA: Final = pa.schema(
    [
        ("account", pa.string()),
        ("positions", pa.list_(POSITION)),
        ("balances", pa.list_(AMOUNT)),
        ("debts", pa.list_(AMOUNT)),
    ]
)
"""How accounts are written here; what is read may have other types, as long as its values are the same numbers."""


def read_rows_of(path: Path) -> Iterator[tuple[int, int, dict[str, object]]]:
    """Each row with its number and how many there are; a cell that is empty is a field that is not there."""
    try:
        with parquet.ParquetFile(path) as file:
            number, of = 0, file.metadata.num_rows
            for batch in file.iter_batches(ROWS_AT_ONCE):
                for row in batch.to_pylist():
                    number += 1
                    yield number, of, without_nothing(row)
    except pa.ArrowException as error:
        found = type(error).__name__
        raise MalformedError(Reason.NOT_READABLE, str(path), found=found, expected="a Parquet file") from None


def without_nothing(row: Mapping[str, object]) -> dict[str, object]:
    """A row without its empty cells, and so within its lists."""
    kept = {name: value for name, value in row.items() if value is not None}
    return {
        name: [without_nothing(each) if isinstance(each, dict) else each for each in value]
        if isinstance(value, list)
        else value
        for name, value in kept.items()
    }


def write_rows(path: Path, rows: Iterable[Mapping[str, object]]) -> None:
    """Write accounts as objects, some at a time."""
    source = iter(rows)
    with parquet.ParquetWriter(path, SCHEMA) as writer:
        while block := list(islice(source, ROWS_AT_ONCE)):
            writer.write_table(pa.Table.from_pylist(block, SCHEMA))
