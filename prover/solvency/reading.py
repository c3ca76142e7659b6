"""Accounts from a file, one after the other, each with the line that it begins on; what is wrong names its line.

A ``.ndjson`` or ``.jsonl`` has one object a line. A ``.parquet`` has one row an account, with lists of structures, and
needs ``pyarrow`` (``ringfence[parquet]``). A ``.csv`` has one row for each thing that an account has, and the rows of
an account stand together:

    account,kind,name,amount,side,size,entry_notional,cash,funding_index
    u-1,balance,USDT,2500000,,,,,
    u-1,position,BTC-USDT,,long,120,1680000000,250000000,0
"""

import csv
from collections.abc import Callable, Iterator, Mapping
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path
from typing import IO, Final

from margin.documents.reading import Fields, located, parse_json
from margin.errors import MalformedError, MisuseError, Reason
from prover.solvency.records import AccountRecord, HeldAmount, NamedPosition, read_amount, read_position, read_record

MAX_LINE_BYTES: Final = 1 << 20
SUFFIXES: Final = (".ndjson", ".jsonl", ".csv", ".parquet")
COLUMNS: Final = ("account", "kind", "name", "amount", "side", "size", "entry_notional", "cash", "funding_index")

Located = tuple[int, AccountRecord]
"""An account, and the line that it begins on."""
Advance = Callable[[int, int], None]
"""Told how many of how many bytes (or rows, of a Parquet file) were read."""
Holding = NamedPosition | HeldAmount


def read_accounts(path: Path, advance: Advance) -> Iterator[Located]:
    """The accounts of a file."""
    suffix = require_suffix(path)
    if suffix == ".parquet":
        yield from read_parquet(path, advance)
        return
    size = path.stat().st_size
    with path.open("rb") as source:
        lines = count_bytes(source, size, advance)
        yield from read_csv(lines) if suffix == ".csv" else read_lines(lines)


def require_suffix(path: Path) -> str:
    """The ending that says how a file is written."""
    if path.suffix not in SUFFIXES:
        expected = f"a name ending in {', '.join(SUFFIXES)}"
        raise MisuseError(Reason.NOT_A_CHOICE, "accounts", found=path.name, expected=expected)
    if path.suffix == ".parquet" and find_spec("pyarrow") is None:
        expected = "pyarrow, which comes with ringfence[parquet]"
        raise MisuseError(Reason.BACKEND_MISSING, "accounts", found="no reader of Parquet", expected=expected)
    return path.suffix


def count_bytes(source: IO[bytes], size: int, advance: Advance) -> Iterator[bytes]:
    """The lines of a file, none of them longer than a line may be."""
    done = 0
    for number, line in enumerate(iter(lambda: source.readline(MAX_LINE_BYTES + 1), b""), start=1):
        if len(line) > MAX_LINE_BYTES:
            expected = f"at most {MAX_LINE_BYTES} bytes"
            raise MalformedError(Reason.OUT_OF_BOUNDS, f"line {number}", found="a longer line", expected=expected)
        done += len(line)
        advance(done, size)
        yield line


# --- One object a line -------------------------------------------------------------------------------


def read_lines(lines: Iterator[bytes]) -> Iterator[Located]:
    """Accounts as objects; a line without anything is passed over."""
    for number, line in enumerate(lines, start=1):
        if line.strip():
            with located(f"line {number}"):
                record = read_record(parse_json(line))
            yield number, record


# --- A row for each thing ----------------------------------------------------------------------------


def read_csv(lines: Iterator[bytes]) -> Iterator[Located]:
    """Accounts as rows that stand together."""
    for account, rows in groupby(read_rows(lines), key=lambda row: row[1]):
        first, held = 0, []
        for number, _, holding in rows:
            first = first or number
            held.append(holding)
        with located(f"line {first}"):
            record = gather_record(account, held)
        yield first, record


def gather_record(account: str, held: list[tuple[str, Holding]]) -> AccountRecord:
    """The account of its rows."""
    return AccountRecord(
        account,
        tuple(each for _, each in held if isinstance(each, NamedPosition)),
        tuple(each for kind, each in held if kind == "balance" and isinstance(each, HeldAmount)),
        tuple(each for kind, each in held if kind == "debt" and isinstance(each, HeldAmount)),
    )


def read_rows(lines: Iterator[bytes]) -> Iterator[tuple[int, str, tuple[str, Holding]]]:
    """Each row with its line, its account and what it says."""
    reader = csv.reader(decode_lines(lines), strict=True)
    try:
        header = require_header(next(reader, []))
        for cells in reader:
            if not cells:
                continue
            with located(f"line {reader.line_num}"):
                if len(cells) != len(header):
                    expected = f"{len(header)} cells, as the header has"
                    raise MalformedError(Reason.WRONG_COUNT, "row", found=f"{len(cells)} cells", expected=expected)
                filled = {name: cell for name, cell in zip(header, cells, strict=True) if cell}
                account, holding = read_row(filled)
            yield reader.line_num, account, holding
    except csv.Error as error:
        raise MalformedError(Reason.NOT_READABLE, f"line {reader.line_num}", found=str(error), expected="CSV") from None


def decode_lines(lines: Iterator[bytes]) -> Iterator[str]:
    """Text; bytes that are none name their line."""
    for number, line in enumerate(lines, start=1):
        try:
            yield line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError:
            found, expected = "bytes that are no text", "UTF-8"
            raise MalformedError(Reason.NOT_READABLE, f"line {number}", found=found, expected=expected) from None


def require_header(header: list[str]) -> list[str]:
    """Every column is there once, in any order."""
    if sorted(header) != sorted(COLUMNS):
        found, expected = ",".join(header), f"the columns {','.join(COLUMNS)}"
        raise MalformedError(Reason.UNKNOWN_FIELD, "line 1.header", found=found, expected=expected)
    return header


def read_row(cells: Mapping[str, str]) -> tuple[str, tuple[str, Holding]]:
    """The account of a row, and the position, the balance or the debt that it is."""
    account = read_record({"account": cells.get("account", "")}).account
    kind = cells.get("kind", "")
    rest = {name: cell for name, cell in cells.items() if name not in {"account", "kind"}}
    if kind == "position":
        return account, (kind, read_position(Fields(rename(rest, "market"))))
    if kind in {"balance", "debt"}:
        return account, (kind, read_amount(Fields(rename(rest, "asset"))))
    raise MalformedError(Reason.NOT_A_CHOICE, "kind", found=kind, expected="position, balance or debt")


def rename(cells: Mapping[str, str], name: str) -> dict[str, str]:
    """The cells with the name under what it is the name of."""
    return {name if column == "name" else column: cell for column, cell in cells.items()}


# --- Parquet -----------------------------------------------------------------------------------------


def read_parquet(path: Path, advance: Advance) -> Iterator[Located]:
    """Accounts as rows, counted from 1."""
    from prover.solvency.parquet_file import read_rows_of  # noqa: PLC0415 - optional

    for number, of, row in read_rows_of(path):
        with located(f"row {number}"):
            record = read_record(row)
        advance(number, of)
        yield number, record
