"""Accounts from files: the same from each of the three, and every bad line by its number."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from margin.errors import MarginError, MisuseError, Reason
from prover.solvency.generating import MARKETS, Crowd
from prover.solvency.reading import read_accounts
from prover.solvency.records import AccountRecord
from prover.solvency.writing import write_accounts

GOOD = {
    "account": "u-1",
    "positions": [
        {
            "market": "BTC-USDT",
            "side": "long",
            "size": 3,
            "entry_notional": "285000000",
            "cash": "-5",
            "funding_index": "0",
        }
    ],
    "balances": [{"asset": "USDT", "amount": "18446744073709551615"}],
}
HEADER = "account,kind,name,amount,side,size,entry_notional,cash,funding_index"


def ignore(_done: int, _of: int) -> None:
    """Nobody watches."""


def read(path: Path) -> list[AccountRecord]:
    return [record for _, record in read_accounts(path, ignore)]


@pytest.mark.parametrize("suffix", ["ndjson", "csv", "parquet"])
def test_what_is_written_is_read(tmp_path: Path, suffix: str) -> None:
    records = list(Crowd(400, 5))
    path = tmp_path / f"accounts.{suffix}"
    assert write_accounts(path, records) == len(records)
    assert read(path) == records


def test_a_seed_makes_the_same_accounts_and_markets_are_even() -> None:
    records = list(Crowd(500, 11))
    assert records == list(Crowd(500, 11))
    assert records != list(Crowd(500, 12))
    net = dict.fromkeys(MARKETS, 0)
    for record in records:
        for held in record.positions:
            net[held.market] += held.held.side.sign * held.held.size
    assert net == dict.fromkeys(MARKETS, 0)
    assert any(record.debts for record in records)


def test_progress_is_told_to_the_last_byte(tmp_path: Path) -> None:
    path = tmp_path / "accounts.ndjson"
    write_accounts(path, Crowd(20, 1))
    told: list[tuple[int, int]] = []
    list(read_accounts(path, lambda done, of: told.append((done, of))))
    assert told[-1] == (path.stat().st_size, path.stat().st_size)


def change(**fields: object) -> Callable[[], dict[str, object]]:
    return lambda: {name: value for name, value in {**GOOD, **fields}.items() if value is not None}


def change_position(**fields: object) -> Callable[[], dict[str, object]]:
    position = {**GOOD["positions"][0], **fields}  # type: ignore[dict-item]
    return change(positions=[{name: value for name, value in position.items() if value is not None}])


BAD_OBJECTS = {
    "no account": (change(account=None), Reason.MISSING_FIELD, "account"),
    "a space in the name": (change(account="u 1"), Reason.NOT_READABLE, "account"),
    "a field that nobody reads": (change(note="x"), Reason.UNKNOWN_FIELD, "note"),
    "no such side": (change_position(side="buy"), Reason.NOT_A_CHOICE, "positions[0].side"),
    "a size below nothing": (change_position(size=-1), Reason.OUT_OF_BOUNDS, "positions[0].size"),
    "a part of a lot": (change_position(size=1.5), Reason.NOT_AN_INTEGER, "positions[0].size"),
    "true for a number": (change_position(size=True), Reason.NOT_AN_INTEGER, "positions[0].size"),
    "an exponent": (change_position(cash="1e9"), Reason.NOT_AN_INTEGER, "positions[0].cash"),
    "minus nothing": (change_position(cash="-0"), Reason.NOT_AN_INTEGER, "positions[0].cash"),
    "no cash": (change_position(cash=None), Reason.MISSING_FIELD, "positions[0].cash"),
    "a negative balance": (
        change(balances=[{"asset": "USDT", "amount": -1}]),
        Reason.OUT_OF_BOUNDS,
        "balances[0].amount",
    ),
    "a balance of 2^64": (
        change(balances=[{"asset": "USDT", "amount": str(2**64)}]),
        Reason.OUT_OF_BOUNDS,
        "balances[0].amount",
    ),
    "an asset twice": (
        change(debts=[{"asset": "BTC", "amount": 1}, {"asset": "BTC", "amount": 2}]),
        Reason.DUPLICATE_FIELD,
        "debts[1].asset",
    ),
    "positions that are no list": (change(positions={}), Reason.NOT_A_LIST, "positions"),
}


@pytest.mark.parametrize("name", BAD_OBJECTS)
def test_a_bad_object_names_its_line_its_field_and_why(tmp_path: Path, name: str) -> None:
    make, reason, field = BAD_OBJECTS[name]
    path = tmp_path / "accounts.ndjson"
    path.write_text("\n".join([json.dumps(GOOD), "", json.dumps(make())]) + "\n")
    with pytest.raises(MarginError) as refused:
        read(path)
    assert (refused.value.reason, refused.value.field) == (reason, f"line 3.{field}")


BAD_LINES = {
    "no JSON": ('{"account": "u-1"', Reason.NOT_READABLE, "line 2.document"),
    "a field twice": ('{"account": "u-1", "account": "u-2"}', Reason.DUPLICATE_FIELD, "line 2.account"),
    "a list": ("[]", Reason.NOT_AN_OBJECT, "line 2.document"),
    "too long": (" " * (1 << 20) + "x", Reason.OUT_OF_BOUNDS, "line 2"),
}


@pytest.mark.parametrize("name", BAD_LINES)
def test_a_bad_line_names_itself(tmp_path: Path, name: str) -> None:
    line, reason, field = BAD_LINES[name]
    path = tmp_path / "accounts.jsonl"
    path.write_text(f"{json.dumps(GOOD)}\n{line}\n")
    with pytest.raises(MarginError) as refused:
        read(path)
    assert (refused.value.reason, refused.value.field) == (reason, field)


BAD_ROWS = {
    "a kind that there is not": ("u-1,loan,USDT,5,,,,,", Reason.NOT_A_CHOICE, "line 3.kind"),
    "too few cells": ("u-1,balance,USDT,5", Reason.WRONG_COUNT, "line 3.row"),
    "a balance with a size": ("u-1,balance,USDT,5,,7,,,", Reason.UNKNOWN_FIELD, "line 3.size"),
    "a position without cash": ("u-1,position,BTC-USDT,,long,1,5,,0", Reason.MISSING_FIELD, "line 3.cash"),
    "no account": (",balance,USDT,5,,,,,", Reason.NOT_READABLE, "line 3.account"),
    "an asset twice": ("u-0,balance,USDT,5,,,,,", Reason.DUPLICATE_FIELD, "line 2.balances[1].asset"),
    "a quote too many": ('"u-1"x,balance,USDT,5,,,,,', Reason.NOT_READABLE, "line 3"),
}


@pytest.mark.parametrize("name", BAD_ROWS)
def test_a_bad_row_names_its_line(tmp_path: Path, name: str) -> None:
    row, reason, field = BAD_ROWS[name]
    path = tmp_path / "accounts.csv"
    path.write_text(f"{HEADER}\nu-0,balance,USDT,1,,,,,\n{row}\n")
    with pytest.raises(MarginError) as refused:
        read(path)
    assert (refused.value.reason, refused.value.field) == (reason, field)


def test_a_header_without_a_column_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "accounts.csv"
    path.write_text("account,kind\n")
    with pytest.raises(MarginError, match=r"line 1\.header"):
        read(path)


def test_a_bad_row_of_parquet_names_its_number(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "accounts.parquet"
    rows = [
        {"account": "u-1", "balances": [{"asset": "USDT", "amount": 1}]},
        {"account": "u-2", "balances": [{"asset": "USDT", "amount": -1}]},
    ]
    parquet.write_table(pyarrow.Table.from_pylist(rows), path)
    with pytest.raises(MarginError) as refused:
        read(path)
    assert refused.value.field == "row 2.balances[0].amount"
    path.write_bytes(b"no parquet at all")
    with pytest.raises(MarginError) as refused:
        read(path)
    assert refused.value.reason is Reason.NOT_READABLE


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MisuseError):
        read(tmp_path / "accounts.xlsx")
