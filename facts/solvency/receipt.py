"""Receipts: all that a holder needs to see that the account is counted, in numbers that the holder knows.

    {"format": "ringfence.solvency-receipt/1", "venue": "venue.example", "time": 1800000000, "header": "...",
     "root": "...", "account": "alice-2017",
     "parts": [{"leaf": 4711, "salt": "...",
                "positions": [{"market": "BTC-USDT", "side": "long", "size": 1500, "entry_notional": "97500",
                               "cash": "1950.25", "funding_index": "-1234567"}],
                "balances": [{"asset": "USDT", "amount": "12.5"}], "debts": [], "siblings": "base64..."}]}

Amounts are in whole coins, money in the asset that the market settles in. From these, the tables and the header the
checker computes quote and equity of every position, the cover of every debt, number and leaf of every part, and leads
the leaf to the root. What the proofs show is that everything under that root is counted; what a receipt shows is that
the account is under it, whole, under its own id, and valued as published. Parts stand in their order: the first is
part 0.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from facts.elements import require_element
from facts.moments import MOMENT_BITS
from facts.roots import read_element
from facts.solvency.account import (
    AccountPart,
    Balance,
    Debt,
    IsolatedPosition,
    commit_part,
    name_holder,
    number_part,
    require_covered,
)
from facts.solvency.header import Header
from facts.solvency.shape import MOST_BALANCES, MOST_DEBTS, MOST_POSITIONS, AccountShape
from facts.solvency.siblings import Siblings, lead_up, read_siblings, write_siblings
from facts.solvency.tables import Tables
from facts.solvency.tables_document import read_number
from facts.tree import ARITY, verify_path
from margin.amounts import count_steps, render_steps
from margin.bounds import MAX_ACCOUNT_AMOUNT, MAX_FUNDING_INDEX, MAX_MONEY, MAX_SIZE, require_integer
from margin.contracts import Side
from margin.documents.reading import Fields, located
from margin.errors import MalformedError, Reason, RejectedError
from margin.solvency import HeldPosition

RECEIPT_FORMAT: Final = "ringfence.solvency-receipt/1"
MOST_PARTS: Final = 4096
MAX_ACCOUNT_BYTES: Final = 256


@dataclass(frozen=True, slots=True)
class ReceiptPart:
    """A part of an account, and where it stands."""

    leaf: int = field(repr=False)
    """The index of its leaf."""
    salt: int = field(repr=False)
    positions: tuple[tuple[int, HeldPosition], ...] = field(repr=False)
    """By the place of their market."""
    balances: tuple[Balance, ...] = field(repr=False)
    debts: tuple[Debt, ...] = field(repr=False)
    siblings: Siblings = field(repr=False)

    def __post_init__(self) -> None:
        require_element(self.salt, "salt")


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the holder of an account is given."""

    account: str = field(repr=False)
    header: int
    root: int
    parts: tuple[ReceiptPart, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Run:
    """What was published of a run, as far as a receipt needs it."""

    header: Header
    tables: Tables
    root: int


def check_receipt(receipt: Receipt, header: Header, tables: Tables, root: int) -> tuple[AccountPart, ...]:
    """Raise unless every part of the account is counted under the root; what is counted of each.

    Header, tables and root are those of the run whose proofs somebody has verified.
    """
    require_same(receipt.header, header.hash, "header")
    require_same(receipt.root, root, "root")
    require_same(tables.commit(header.total), header.tables, "tables")
    if not receipt.parts:
        raise MalformedError(Reason.WRONG_COUNT, "parts", found="none", expected="at least one")
    run = Run(header, tables, root)
    return tuple(check_part(receipt.account, place, part, run) for place, part in enumerate(receipt.parts))


def check_part(account: str, place: int, part: ReceiptPart, run: Run) -> AccountPart:
    """Raise unless one part of the account is counted under the root."""
    with located(f"parts[{place}]"):
        class_place, shape = find_class(part.leaf, run.header)
        number = number_part(class_place, run.header.salt, account, place)
        counted = count_part(part, name_holder(account), number, shape, run)
        require_covered(counted)
        leaf = commit_part(counted, shape)
        verify_path(lead_up(leaf, part.leaf, part.siblings), leaf, run.root)
        return counted


def find_class(leaf: int, header: Header) -> tuple[int, AccountShape]:
    """The class in whose batches a leaf stands, with its shape."""
    batch, inside = divmod(leaf, ARITY**header.levels)
    place, found = header.class_of(batch)
    if inside >= found.shape.accounts:
        expected = f"one of the first {found.shape.accounts} of its batch"
        raise RejectedError(Reason.NOT_IN_TREE, "leaf", found=f"leaf {inside}", expected=expected)
    return place, found.shape.account


def count_part(part: ReceiptPart, identity: int, number: int, shape: AccountShape, run: Run) -> AccountPart:
    """What a leaf commits to, computed from what the holder knows."""
    return AccountPart(
        identity,
        part.salt,
        number,
        tuple(count_position(market, held, run) for market, held in part.positions),
        part.balances,
        part.debts,
        run.tables.cover(part.balances, part.debts, shape) if shape.debts else None,
    )


def count_position(market: int, held: HeldPosition, run: Run) -> IsolatedPosition:
    """What a position is worth at the published weight of its market."""
    kind, weight = run.header.markets[market].kind, run.tables.weights[market]
    return IsolatedPosition(market, held.side, held.size, held.quote(kind), held.equity(kind, weight))


def require_same(found: int, wanted: int, name: str) -> None:
    """The receipt is of this run."""
    if found != wanted:
        raise RejectedError(Reason.WRONG_CONTEXT, name, found="of another run", expected="that of the run")


# --- Documents ---------------------------------------------------------------------------------------


def render_receipt(receipt: Receipt, header: Header) -> str:
    """The document."""
    document = {
        "format": RECEIPT_FORMAT,
        "venue": header.venue,
        "time": header.time,
        "header": str(receipt.header),
        "root": str(receipt.root),
        "account": receipt.account,
        "parts": [describe_part(part, header) for part in receipt.parts],
    }
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")) + "\n"


def describe_part(part: ReceiptPart, header: Header) -> dict[str, object]:
    """A part in the document."""
    return {
        "leaf": part.leaf,
        "salt": str(part.salt),
        "positions": [describe_position(market, held, header) for market, held in part.positions],
        "balances": [describe_amount(each, header) for each in part.balances],
        "debts": [describe_amount(each, header) for each in part.debts],
        "siblings": write_siblings(part.siblings),
    }


def describe_position(market: int, held: HeldPosition, header: Header) -> dict[str, object]:
    """A position in the document, money as the asset that the market settles in has it."""
    listed = header.markets[market]
    decimals = header.assets[listed.settlement].decimals
    return {
        "market": listed.name,
        "side": held.side.name.lower(),
        "size": str(held.size),
        "entry_notional": render_steps(held.entry_notional, decimals),
        "cash": render_steps(held.cash, decimals),
        "funding_index": str(held.funding_index),
    }


def describe_amount(each: Balance, header: Header) -> dict[str, object]:
    """A balance or a debt in the document."""
    asset = header.assets[each.asset]
    return {"asset": asset.name, "amount": render_steps(each.amount, asset.decimals)}


def read_receipt(content: object, header: Header) -> Receipt:
    """A receipt document, checked to the last field; names are those of the header of its run."""
    with Fields(content) as fields:
        found = fields.text("format")
        if found != RECEIPT_FORMAT:
            raise MalformedError(Reason.NOT_A_CHOICE, "format", found=found, expected=f'"{RECEIPT_FORMAT}"')
        said = fields.text("venue"), fields.integer("time", 1, 2**MOMENT_BITS - 1)
        if said != (header.venue, header.time):
            expected = f"{header.venue} at {header.time}"
            raise RejectedError(Reason.WRONG_CONTEXT, "venue", found=f"{said[0]} at {said[1]}", expected=expected)
        account = require_account(fields.text("account"), "account")
        reader = PartReader(header)
        parts = tuple(reader.read(each) for each in fields.items("parts", MOST_PARTS))
        return Receipt(account, read_element(fields, "header"), read_element(fields, "root"), parts)


def require_account(account: str, name: str) -> str:
    """The id of an account: not empty, and not longer than ids are."""
    if not 1 <= len(account.encode()) <= MAX_ACCOUNT_BYTES:
        expected = f"1 to {MAX_ACCOUNT_BYTES} bytes"
        raise MalformedError(Reason.OUT_OF_BOUNDS, name, found=f"{len(account.encode())} bytes", expected=expected)
    return account


class PartReader:
    """Reads parts by the names of a header."""

    def __init__(self, header: Header) -> None:
        self.header = header
        self.markets = {market.name: place for place, market in enumerate(header.markets)}
        self.assets = {asset.name: place for place, asset in enumerate(header.assets)}

    def read(self, fields: Fields) -> ReceiptPart:
        """A part."""
        levels = self.header.tree_levels
        with fields:
            return ReceiptPart(
                fields.integer("leaf", 0, ARITY**levels - 1),
                read_element(fields, "salt"),
                tuple(self.read_position(each) for each in fields.items("positions", MOST_POSITIONS)),
                tuple(Balance(*self.read_amount(each)) for each in fields.items("balances", MOST_BALANCES)),
                tuple(Debt(*self.read_amount(each)) for each in fields.items("debts", MOST_DEBTS)),
                read_siblings(fields, "siblings", levels),
            )

    def read_position(self, fields: Fields) -> tuple[int, HeldPosition]:
        """A position."""
        with fields:
            market = find_name(fields.text("market"), self.markets, "market", Reason.UNKNOWN_MARKET)
            decimals = self.header.assets[self.header.markets[market].settlement].decimals
            return market, HeldPosition(
                fields.choice("side", Side),
                read_number(fields, "size", 0, MAX_SIZE),
                read_steps(fields, "entry_notional", decimals, 0, MAX_MONEY),
                read_steps(fields, "cash", decimals, -MAX_MONEY, MAX_MONEY),
                read_number(fields, "funding_index", -MAX_FUNDING_INDEX, MAX_FUNDING_INDEX),
            )

    def read_amount(self, fields: Fields) -> tuple[int, int]:
        """A balance or a debt."""
        with fields:
            asset = find_name(fields.text("asset"), self.assets, "asset", Reason.UNKNOWN_ASSET)
            decimals = self.header.assets[asset].decimals
            return asset, read_steps(fields, "amount", decimals, 0, MAX_ACCOUNT_AMOUNT)


def find_name(name: str, places: Mapping[str, int], field_name: str, unknown: Reason) -> int:
    """The place of a market or an asset of the run."""
    if name not in places:
        raise MalformedError(unknown, field_name, found=name, expected="a name of the run's header")
    return places[name]


def read_steps(fields: Fields, name: str, decimals: int, low: int, high: int) -> int:
    """An amount as a decimal text, in units of so many decimals."""
    text = fields.text(name)
    steps = count_steps(text, decimals)
    if steps is None:
        expected = f"a plain decimal of at most {decimals} digits after the point"
        raise MalformedError(Reason.NOT_A_DECIMAL, name, found=text, expected=expected)
    return require_integer(steps, name, low, high, f"units of 10^-{decimals}")
