"""A header has one spelling, and every part of it fits the others."""

import json
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest

from facts.elements import truncate_digest
from facts.solvency.header import (
    AccountClass,
    CoverSource,
    Header,
    ListedAsset,
    ListedMarket,
    decode_header,
    read_header,
)
from facts.solvency.shape import AccountShape, BatchShape, TotalShape
from facts.solvency.totals import TotalMode
from margin.contracts import ContractKind
from margin.errors import Reason
from tests.facts.refusals import refused
from tests.facts.solvency.venue import ASSETS, HEADER, LENDING, LEVELS, MARKETS, PLAIN, TOTAL, header_of

PLAIN_ASSETS = tuple(replace(asset, source=None) for asset in ASSETS)
UNLENT = replace(
    HEADER,
    assets=PLAIN_ASSETS,
    cover_currency_id=None,
    total=replace(TOTAL, tiers=0),
    classes=(AccountClass(BatchShape(PLAIN, 8, LEVELS), 2),),
)


@pytest.mark.parametrize("header", [HEADER, UNLENT, replace(UNLENT, mode=TotalMode.HIDDEN, markets=())])
def test_a_header_is_read_back(header: Header) -> None:
    assert decode_header(header.encode()) == header
    assert decode_header(header.encode()).hash == header.hash


def test_its_hash_is_that_of_its_bytes() -> None:
    assert HEADER.hash == truncate_digest(sha256(HEADER.encode()).digest())
    assert HEADER.encode() == json.dumps(json.loads(HEADER.encode()), sort_keys=True, separators=(",", ":")).encode()
    changes: list[dict[str, Any]] = [
        {"venue": "other.example"},
        {"time": HEADER.time + 1},
        {"price_root": 1},
        {"policy": 1},
        {"salt": bytes(31) + b"\1"},
        {"assets": (*ASSETS[:2], replace(ASSETS[2], name="WETH"))},
        {"markets": MARKETS[:2]},
        {"cover_currency_id": 2},
        {"tables": 1},
        {"total": replace(TOTAL, markets=5)},
        {"mode": TotalMode.HIDDEN},
        {"classes": (HEADER.classes[0], replace(HEADER.classes[1], batches=2))},
    ]
    assert len({HEADER.hash, *(replace(HEADER, **change).hash for change in changes)}) == len(changes) + 1


def test_another_spelling_of_a_header_is_refused() -> None:
    content = json.loads(HEADER.encode())
    for text in (
        json.dumps(content),
        json.dumps(content, sort_keys=True),
        HEADER.encode().decode() + "\n",
        HEADER.encode().decode().replace("venue.example", "\\u0076enue.example"),
        HEADER.encode().decode().replace('"cover_currency_id":1', '"cover_currency_id":1.0'),
    ):
        assert refused(decode_header, text.encode())[0] in {Reason.NOT_READABLE, Reason.NOT_AN_INTEGER}
    doubled = HEADER.encode().decode().replace('"levels":1', '"levels":1,"levels":1')
    assert refused(decode_header, doubled.encode())[0] is Reason.DUPLICATE_FIELD


def altered(path: str, value: object) -> object:
    """The document with one field set, or taken away."""
    content = json.loads(HEADER.encode())
    *outer, last = path.split(".")
    place = content
    for name in outer:
        place = place[int(name)] if name.isdecimal() else place[name]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return content


@pytest.mark.parametrize(
    ("path", "value", "reason", "field"),
    [
        ("format", "ringfence.solvency/2", Reason.NOT_A_CHOICE, "format"),
        ("extra", 1, Reason.UNKNOWN_FIELD, "extra"),
        ("assets.0.extra", 1, Reason.UNKNOWN_FIELD, "assets[0].extra"),
        ("classes.0.levels", 1, Reason.UNKNOWN_FIELD, "classes[0].levels"),
        ("venue", None, Reason.MISSING_FIELD, "venue"),
        ("venue", "a venue", Reason.NOT_READABLE, "venue"),
        ("time", 0, Reason.OUT_OF_BOUNDS, "time"),
        ("time", 2**40, Reason.OUT_OF_BOUNDS, "time"),
        ("price_root", "01", Reason.NOT_AN_INTEGER, "price_root"),
        ("price_root", 5, Reason.NOT_A_STRING, "price_root"),
        ("policy", str(2**254), Reason.OUT_OF_BOUNDS, "policy"),
        ("salt", "00" * 32, Reason.OUT_OF_BOUNDS, "salt"),
        ("salt", "AB" * 32, Reason.NOT_READABLE, "salt"),
        ("assets.0.decimals", 19, Reason.OUT_OF_BOUNDS, "assets[0].decimals"),
        ("assets.2.name", "USDT", Reason.DUPLICATE_FIELD, "assets[2]"),
        ("assets.1.currency_id", 1, Reason.DUPLICATE_FIELD, "assets.currency_id[1]"),
        ("assets.1.source", None, Reason.CONFLICTING_FIELDS, "assets[1].source"),
        ("assets.1.source.decimals", 37, Reason.OUT_OF_BOUNDS, "assets[1].source.decimals"),
        ("markets.1.name", "BTC-USDT", Reason.DUPLICATE_FIELD, "markets[1]"),
        ("markets.1.market_id", 7, Reason.DUPLICATE_FIELD, "markets.market_id[1]"),
        ("markets.1.market_id", 2**20, Reason.OUT_OF_BOUNDS, "markets[1].market_id"),
        ("markets.1.kind", "inverse", Reason.WRONG_UNIT, "markets[1].settlement"),
        ("markets.1.settlement", "ETH", Reason.WRONG_UNIT, "markets[1].settlement"),
        ("markets.2.settlement", "ETH", Reason.WRONG_UNIT, "markets[2].settlement"),
        ("markets.1.settlement", "DOGE", Reason.UNKNOWN_ASSET, "markets[1].settlement"),
        ("mode", "SHOWN", Reason.NOT_A_CHOICE, "mode"),
        ("levels", 0, Reason.OUT_OF_BOUNDS, "levels"),
        ("levels", 16, Reason.OUT_OF_BOUNDS, "levels"),
        ("total.markets", 2, Reason.OUT_OF_BOUNDS, "markets"),
        ("total.assets", 2, Reason.OUT_OF_BOUNDS, "assets"),
        ("total.tiers", 0, Reason.CONFLICTING_FIELDS, "cover_currency_id"),
        ("total.tiers", None, Reason.MISSING_FIELD, "total.tiers"),
        ("cover_currency_id", None, Reason.CONFLICTING_FIELDS, "cover_currency_id"),
        ("classes", [], Reason.OUT_OF_BOUNDS, "classes"),
        ("classes.0.shape", "p2-b4", Reason.NOT_A_CHOICE, "classes[0].shape"),
        ("classes.0.shape", "p1-b2-d1", Reason.DUPLICATE_FIELD, "classes[1]"),
        ("classes.0.accounts", 9, Reason.OUT_OF_BOUNDS, "classes[0].accounts"),
        ("classes.0.batches", 0, Reason.OUT_OF_BOUNDS, "classes[0].batches"),
        ("classes.0.batches", 2**40, Reason.OUT_OF_BOUNDS, "classes"),
    ],
)
def test_what_does_not_fit_is_refused(path: str, value: object, reason: Reason, field: str) -> None:
    assert refused(read_header, altered(path, value)) == (reason, field)


def test_what_no_document_can_say_is_refused_too() -> None:
    assert refused(header_of) == (Reason.OUT_OF_BOUNDS, "classes")
    other = AccountClass(BatchShape(PLAIN, 8, 2), 1)
    assert refused(header_of, other, HEADER.classes[1]) == (Reason.CONFLICTING_FIELDS, "classes[0].levels")
    nowhere = ListedMarket("X", 3, ContractKind.LINEAR, 7)
    assert refused(replace, HEADER, markets=(nowhere,)) == (Reason.UNKNOWN_ASSET, "markets[0].settlement")
    assert refused(replace, UNLENT, cover_currency_id=1) == (Reason.CONFLICTING_FIELDS, "cover_currency_id")
    assert refused(replace, UNLENT, assets=ASSETS) == (Reason.CONFLICTING_FIELDS, "assets[0].source")
    assert refused(replace, HEADER, cover_currency_id=2**12) == (Reason.OUT_OF_BOUNDS, "currency_id")
    assert refused(ListedAsset, "A", 6, 0) == (Reason.OUT_OF_BOUNDS, "currency_id")
    assert refused(CoverSource, "", 6) == (Reason.NOT_READABLE, "asset")
    assert refused(replace, HEADER, salt=b"short") == (Reason.OUT_OF_BOUNDS, "salt")


@pytest.mark.parametrize(("batches", "levels"), [(1, 2), (2, 3), (8, 3), (9, 4), (64, 4), (65, 5), (156_250, 8)])
def test_the_tree_is_as_high_as_its_batches_need(batches: int, levels: int) -> None:
    shape = BatchShape(AccountShape(2, 4), 64, 2)
    header = replace(UNLENT, levels=2, classes=(AccountClass(shape, batches),), total=TotalShape(4, 4, 0))
    assert header.tree_levels == levels
    assert header.batches == batches


def test_a_batch_is_of_the_class_in_whose_row_it_stands() -> None:
    assert [HEADER.class_of(batch)[0] for batch in range(3)] == [0, 0, 1]
    assert HEADER.class_of(2)[1].shape.account == LENDING
    assert refused(HEADER.class_of, 3) == (Reason.OUT_OF_BOUNDS, "batch")
