"""A receipt shows that an account is counted whole, under its own id, at the published numbers, and nothing else."""

import json
import timeit
from dataclasses import replace
from typing import Any

import pytest

from facts.solvency.account import AccountPart, Balance, commit_part, name_holder, number_part
from facts.solvency.header import AccountClass
from facts.solvency.receipt import Receipt, ReceiptPart, check_receipt, read_receipt, render_receipt
from facts.solvency.shape import AccountShape, BatchShape, TotalShape
from facts.solvency.siblings import siblings_of
from facts.solvency.tables import MarketRow, Tables
from facts.tree import Tree
from margin.contracts import Side
from margin.errors import Reason
from margin.solvency import HeldPosition
from tests.facts.refusals import refused
from tests.facts.solvency.venue import (
    ALICE,
    ASSETS,
    BOB,
    CAROL,
    DAVE,
    HEADER,
    LENDING,
    PLAIN,
    RUN,
    SALT,
    TABLES,
    Account,
    count_run,
    fill_class,
    receipt_of,
)

ROOT = RUN.tree.root
HOLDERS = [(ALICE, 0), (BOB, 0), (DAVE, 0), (CAROL, 1)]
every_holder = pytest.mark.parametrize(("account", "place"), HOLDERS, ids=["alice", "bob", "dave", "carol"])


def check(receipt: Receipt, **changes: Any) -> tuple[AccountPart, ...]:  # noqa: ANN401 -- the parts of a run
    """The check of a receipt against the run, of which something may be another."""
    run: dict[str, Any] = {"header": HEADER, "tables": TABLES, "root": ROOT} | changes
    return check_receipt(receipt, **run)


@every_holder
def test_a_holder_sees_that_the_account_is_counted(account: Account, place: int) -> None:
    receipt = receipt_of(account, place)
    shape = HEADER.classes[place].shape.account
    assert check(receipt) == (account.part(place, shape),)
    assert read_receipt(json.loads(render_receipt(receipt, HEADER)), HEADER) == receipt


def test_a_receipt_is_read_by_people() -> None:
    content = json.loads(render_receipt(receipt_of(ALICE, 0), HEADER))
    part = content["parts"][0]
    assert part["positions"][0] == {
        "market": "BTC-USDT",
        "side": "long",
        "size": "1500",
        "entry_notional": "97000",
        "cash": "1950",
        "funding_index": "-1234567",
    }
    assert part["positions"][1]["cash"] == "0.25"
    assert part["balances"] == [
        {"asset": "USDT", "amount": "12.5"},
        {"asset": "BTC", "amount": "3"},
        {"asset": "ETH", "amount": "0.00000007"},
    ]


CHANGES: dict[str, dict[str, Any]] = {
    "side": {"side": Side.SHORT},
    "size": {"size": 1501},
    "entry": {"entry_notional": 97_000_000_001},
    "cash": {"cash": 1_950_000_001},
    "funding": {"funding_index": -1_234_566},
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_position_that_is_another_is_not_counted(name: str) -> None:
    receipt = receipt_of(ALICE, 0)
    (part,) = receipt.parts
    (market, held), *others = part.positions
    altered = replace(part, positions=((market, replace(held, **CHANGES[name])), *others))
    assert refused(check, replace(receipt, parts=(altered,))) == (Reason.NOT_IN_TREE, "parts[0].root")


def test_whatever_else_is_altered_is_not_counted() -> None:
    receipt = receipt_of(ALICE, 0)
    (part,) = receipt.parts
    first, *others = part.siblings
    for altered in (
        replace(part, salt=part.salt + 1),
        replace(part, balances=(replace(part.balances[0], amount=12_500_001), *part.balances[1:])),
        replace(part, balances=part.balances[:2]),
        replace(part, balances=(*part.balances[1:], part.balances[0])),
        replace(part, positions=part.positions[:1]),
        replace(part, positions=()),
        replace(part, positions=part.positions[::-1]),
        replace(part, positions=((1, part.positions[0][1]), part.positions[1])),
        replace(part, leaf=part.leaf ^ 1),
        replace(part, leaf=part.leaf ^ 8),
        replace(part, siblings=((*first[:3], first[3] + 1, *first[4:]), *others)),
        replace(part, siblings=part.siblings[::-1]),
    ):
        assert refused(check, replace(receipt, parts=(altered,)))[0] is Reason.NOT_IN_TREE
    assert refused(check, replace(receipt, account="bob@example.org")) == (Reason.NOT_IN_TREE, "parts[0].root")
    assert refused(check, replace(receipt, parts=())) == (Reason.WRONG_COUNT, "parts")
    assert refused(check, replace(receipt, parts=(part, part))) == (Reason.NOT_IN_TREE, "parts[1].root")


def test_a_receipt_of_another_run_is_refused() -> None:
    receipt = receipt_of(ALICE, 0)
    assert refused(check, replace(receipt, root=ROOT + 1)) == (Reason.WRONG_CONTEXT, "root")
    assert refused(check, replace(receipt, header=1)) == (Reason.WRONG_CONTEXT, "header")
    assert refused(check, receipt, root=ROOT + 1) == (Reason.WRONG_CONTEXT, "root")
    assert refused(check, receipt, header=replace(HEADER, time=HEADER.time + 1)) == (Reason.WRONG_CONTEXT, "header")
    other = replace(TABLES, markets=(MarketRow(1, 0), *TABLES.markets[1:]))
    assert refused(check, receipt, tables=other) == (Reason.WRONG_CONTEXT, "tables")


def test_a_leaf_outside_the_batches_counts_nothing() -> None:
    receipt = receipt_of(CAROL, 1)
    (part,) = receipt.parts
    beyond = replace(receipt, parts=(replace(part, leaf=16 + 6),))
    assert refused(check, beyond) == (Reason.NOT_IN_TREE, "parts[0].leaf")
    beyond = replace(receipt, parts=(replace(part, leaf=24),))
    assert refused(check, beyond) == (Reason.OUT_OF_BOUNDS, "parts[0].batch")


def test_an_account_of_several_parts_is_counted_whole() -> None:
    """Part 0 in the class without debts, part 1 in the one with them."""
    second = replace(CAROL.part(1, LENDING), identity=name_holder("alice-2017"))
    second = replace(second, number=number_part(1, SALT, "alice-2017", 1))
    last = fill_class([], 1, HEADER)[:-1]
    parts = sorted((second, *last), key=lambda part: part.number)
    run = count_run((fill_class([ALICE, BOB], 0, HEADER), parts))
    one = receipt_of(ALICE, 0, run)
    leaf = run.leaf_of(second.number)
    siblings = siblings_of(run.tree.path(leaf))
    other = ReceiptPart(leaf, second.salt, (), CAROL.balances, CAROL.debts, siblings)
    whole = replace(one, parts=(*one.parts, other))
    assert check(whole, root=run.tree.root)[1] == second
    assert read_receipt(json.loads(render_receipt(whole, HEADER)), HEADER) == whole
    swapped = replace(one, parts=(other, *one.parts))
    assert refused(check, swapped, root=run.tree.root) == (Reason.NOT_IN_TREE, "parts[0].root")


def test_a_debt_that_is_not_covered_has_no_receipt() -> None:
    poor = Account("poor", (), (Balance(0, 1),), CAROL.debts)
    part = poor.part(1, LENDING)
    tree = Tree(2, {16: commit_part(part, LENDING)})
    given = ReceiptPart(16, part.salt, (), poor.balances, poor.debts, siblings_of(tree.path(16)))
    receipt = Receipt("poor", HEADER.hash, tree.root, (given,))
    assert refused(check, receipt, root=tree.root) == (Reason.INSUFFICIENT_MARGIN, "parts[0].debts")
    moved = Receipt("poor", HEADER.hash, tree.root, (replace(given, leaf=0),))
    assert refused(check, moved, root=tree.root) == (Reason.WRONG_COUNT, "parts[0].debts")


# --- Documents ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "value", "reason", "field"),
    [
        ("format", "ringfence.receipt/1", Reason.NOT_A_CHOICE, "format"),
        ("venue", "other.example", Reason.WRONG_CONTEXT, "venue"),
        ("time", 5, Reason.WRONG_CONTEXT, "venue"),
        ("note", "hello", Reason.UNKNOWN_FIELD, "note"),
        ("account", "", Reason.NOT_A_STRING, "account"),
        ("account", "\u00e9" * 200, Reason.OUT_OF_BOUNDS, "account"),
        ("parts.0.leaf", 64, Reason.OUT_OF_BOUNDS, "parts[0].leaf"),
        ("parts.0.leaf", True, Reason.NOT_AN_INTEGER, "parts[0].leaf"),
        ("parts.0.salt", "-1", Reason.NOT_AN_INTEGER, "parts[0].salt"),
        ("parts.0.siblings", "AAAA", Reason.NOT_READABLE, "parts[0].siblings"),
        ("parts.0.weight", 1, Reason.UNKNOWN_FIELD, "parts[0].weight"),
        ("parts.0.positions.0.market", "BTC", Reason.UNKNOWN_MARKET, "parts[0].positions[0].market"),
        ("parts.0.positions.0.side", "LONG", Reason.NOT_A_CHOICE, "parts[0].positions[0].side"),
        ("parts.0.positions.0.size", 1500, Reason.NOT_A_STRING, "parts[0].positions[0].size"),
        ("parts.0.positions.0.size", "-1", Reason.OUT_OF_BOUNDS, "parts[0].positions[0].size"),
        ("parts.0.positions.0.cash", "1.0000001", Reason.NOT_A_DECIMAL, "parts[0].positions[0].cash"),
        ("parts.0.positions.0.entry_notional", "-1", Reason.OUT_OF_BOUNDS, "parts[0].positions[0].entry_notional"),
        ("parts.0.balances.0.asset", "BUSD", Reason.UNKNOWN_ASSET, "parts[0].balances[0].asset"),
        ("parts.0.balances.0.amount", "1e3", Reason.NOT_A_DECIMAL, "parts[0].balances[0].amount"),
        ("parts.0.balances.0.amount", "-1", Reason.OUT_OF_BOUNDS, "parts[0].balances[0].amount"),
        ("parts.0.balances.0.amount", "18446744073709.551616", Reason.OUT_OF_BOUNDS, "parts[0].balances[0].amount"),
    ],
)
def test_a_document_that_says_something_else_is_refused(path: str, value: object, reason: Reason, field: str) -> None:
    content = json.loads(render_receipt(receipt_of(ALICE, 0), HEADER))
    *outer, last = path.split(".")
    place = content
    for name in outer:
        place = place[int(name)] if name.isdecimal() else place[name]
    place[last] = value
    assert refused(read_receipt, content, HEADER) == (reason, field)


def test_a_receipt_shows_its_holder_nothing_of_others_and_logs_nothing() -> None:
    receipt = receipt_of(ALICE, 0)
    assert "alice" not in repr(receipt)
    assert "12_500_000" not in repr(receipt.parts[0])
    assert str(receipt.parts[0].salt) not in repr(receipt)


# --- Ten million accounts ----------------------------------------------------------------------------


def receipt_among_ten_millions() -> tuple[Receipt, Any, Tables]:
    """The receipt of a full part, in a tree of 156,250 batches of 64."""
    tables = Tables(TABLES.markets, 3)
    header = replace(
        HEADER,
        assets=tuple(replace(asset, source=None) for asset in ASSETS),
        cover_currency_id=None,
        total=TotalShape(4, 4, 0),
        tables=tables.commit(TotalShape(4, 4, 0)),
        levels=2,
        classes=(AccountClass(BatchShape(AccountShape(2, 4), 64, 2), 156_250),),
    )
    account = Account(
        "0f8fad5b-d9cb-469f-a165-70867728950e",
        (
            (0, HeldPosition(Side.LONG, 10**9 + 1, 2**61 + 1, 1 - 2**61, 1 - 2**50)),
            (1, HeldPosition(Side.SHORT, 10**6, 2**61 + 1, 2**61 - 1, 1 - 2**61)),
        ),
        tuple(Balance(place % 3, 2**64 - 1 - place) for place in range(4)),
    )
    part = account.part(0, PLAIN)
    leaf = 9_123_456
    tree = Tree(header.tree_levels, {leaf: commit_part(part, PLAIN), 0: 1, 5: 2, 8**7: 3})
    siblings = siblings_of(tree.path(leaf))
    given = ReceiptPart(leaf, part.salt, account.positions, account.balances, (), siblings)
    return Receipt(account.account_id, header.hash, tree.root, (given,)), header, tables


def test_a_receipt_among_ten_million_accounts_is_small() -> None:
    receipt, header, tables = receipt_among_ten_millions()
    text = render_receipt(receipt, header)
    assert len(text.encode()) < 4096
    check_receipt(read_receipt(json.loads(text), header), header, tables, receipt.root)


@pytest.mark.native
def test_a_receipt_among_ten_million_accounts_is_checked_in_milliseconds() -> None:
    receipt, header, tables = receipt_among_ten_millions()
    content = json.loads(render_receipt(receipt, header))
    seconds = timeit.repeat(
        lambda: check_receipt(read_receipt(content, header), header, tables, receipt.root), number=1, repeat=10
    )
    assert min(seconds) < 0.02
