"""Accounts into a file, in the ways in which they are read."""

import csv
import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from margin.contracts import Side
from prover.solvency.reading import COLUMNS, require_suffix
from prover.solvency.records import AccountRecord, HeldAmount, NamedPosition

SAFE_JSON = 2**53
"""Whole numbers below it are the same to everybody who reads JSON."""


def write_accounts(path: Path, records: Iterable[AccountRecord]) -> int:
    """Write accounts as the name's ending says; how many there were."""
    suffix, count = require_suffix(path), 0

    def counted() -> Iterator[AccountRecord]:
        nonlocal count
        for record in records:
            count += 1
            yield record

    if suffix == ".parquet":
        from prover.solvency.parquet_file import write_rows  # noqa: PLC0415 - optional

        write_rows(path, map(describe_record, counted()))
    elif suffix == ".csv":
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(COLUMNS)
            for record in counted():
                writer.writerows(list_rows(record))
    else:
        with path.open("w", encoding="utf-8") as file:
            for record in counted():
                file.write(json.dumps(spell_numbers(describe_record(record)), separators=(",", ":")) + "\n")
    return count


def describe_record(record: AccountRecord) -> dict[str, object]:
    """An account as an object; lists without anything are left out."""
    lists = {
        "positions": list(map(describe_position, record.positions)),
        "balances": list(map(describe_amount, record.balances)),
        "debts": list(map(describe_amount, record.debts)),
    }
    return {"account": record.account, **{name: value for name, value in lists.items() if value}}


def describe_position(position: NamedPosition) -> dict[str, object]:
    """A position as an object."""
    held = position.held
    return {
        "market": position.market,
        "side": spell_side(held.side),
        "size": held.size,
        "entry_notional": held.entry_notional,
        "cash": held.cash,
        "funding_index": held.funding_index,
    }


def describe_amount(held: HeldAmount) -> dict[str, object]:
    """A balance or a debt as an object."""
    return {"asset": held.asset, "amount": held.amount}


def spell_side(side: Side) -> str:
    """A side as it is written."""
    return "long" if side is Side.LONG else "short"


def spell_numbers(value: object) -> object:
    """The same with large numbers as strings of their digits."""
    if isinstance(value, dict):
        return {name: spell_numbers(each) for name, each in value.items()}
    if isinstance(value, list):
        return [spell_numbers(each) for each in value]
    return str(value) if isinstance(value, int) and abs(value) >= SAFE_JSON else value


def list_rows(record: AccountRecord) -> Iterator[list[object]]:
    """An account as rows; one that has nothing has no row."""
    for position in record.positions:
        held = position.held
        numbers = held.size, held.entry_notional, held.cash, held.funding_index
        yield [record.account, "position", position.market, "", spell_side(held.side), *numbers]
    for kind, amounts in (("balance", record.balances), ("debt", record.debts)):
        for each in amounts:
            yield [record.account, kind, each.asset, each.amount, "", "", "", "", ""]
