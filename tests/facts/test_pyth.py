"""Prices as Pyth's services give them, to the last field."""

import json
from fractions import Fraction
from typing import Any

import pytest

from facts.observation import quantise_observation
from facts.pyth import observe_pyth, read_pyth_update
from margin.errors import Reason
from tests.facts.refusals import refused

FEED = "ab" * 32
PRICE = {"price": "6500012345678", "conf": "250000000", "expo": -8, "publish_time": 1_800_000_000}


def answer(*, feed: dict[str, Any] | None = None, **price: Any) -> bytes:  # noqa: ANN401 -- whatever stands in JSON
    entry = {"id": FEED, "price": PRICE | price, "ema_price": PRICE, "metadata": {"slot": 1}} | (feed or {})
    return json.dumps({"binary": {"encoding": "hex", "data": []}, "parsed": [entry]}).encode()


def test_a_price_is_exact() -> None:
    observed = observe_pyth(answer(), FEED)
    assert observed.price == Fraction("65000.12345678")
    assert observed.confidence == Fraction("2.5")
    assert observed.observed_at == 1_800_000_000


def test_and_comes_to_ticks_against_the_trader() -> None:
    found = quantise_observation(observe_pyth(answer(), FEED), feed="market:BTC-USD", tick=Fraction(1, 100))
    assert (found.price, found.confidence) == (6_500_012, 251)
    assert (found.low, found.high) == (6_499_761, 6_500_263)


@pytest.mark.parametrize("exponent", [-18, -5, 0, 3, 18])
def test_the_exponent_scales(exponent: int) -> None:
    assert observe_pyth(answer(expo=exponent), FEED).price == 6500012345678 * Fraction(10) ** exponent


def test_an_id_may_begin_as_it_does_on_chains() -> None:
    assert observe_pyth(answer(feed={"id": f"0x{FEED}"}), FEED).source == FEED


def test_another_feed_is_none() -> None:
    assert refused(observe_pyth, answer(), "cd" * 32) == (Reason.UNKNOWN_FEED, "feed")


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("price", 6500012345678, Reason.NOT_A_STRING),
        ("price", "-1", Reason.NOT_AN_INTEGER),
        ("price", "0", Reason.OUT_OF_BOUNDS),
        ("price", "+1", Reason.NOT_AN_INTEGER),
        ("price", "01", Reason.NOT_AN_INTEGER),
        ("price", "1.0", Reason.NOT_AN_INTEGER),
        ("price", "1e5", Reason.NOT_AN_INTEGER),
        ("price", "1 ", Reason.NOT_AN_INTEGER),
        ("price", "1\n", Reason.NOT_AN_INTEGER),
        ("price", "\uff11", Reason.NOT_AN_INTEGER),
        ("price", str(2**63), Reason.OUT_OF_BOUNDS),
        ("conf", "-1", Reason.NOT_AN_INTEGER),
        ("conf", str(2**64), Reason.OUT_OF_BOUNDS),
        ("expo", "-8", Reason.NOT_AN_INTEGER),
        ("expo", -8.0, Reason.NOT_AN_INTEGER),
        ("expo", -19, Reason.OUT_OF_BOUNDS),
        ("expo", 19, Reason.OUT_OF_BOUNDS),
        ("publish_time", 0, Reason.OUT_OF_BOUNDS),
        ("publish_time", -1, Reason.OUT_OF_BOUNDS),
        ("publish_time", 2**40, Reason.OUT_OF_BOUNDS),
        ("publish_time", True, Reason.NOT_AN_INTEGER),
        ("publish_time", None, Reason.MISSING_FIELD),
    ],
)
def test_what_is_not_a_price_is_refused(name: str, value: Any, reason: Reason) -> None:  # noqa: ANN401
    assert refused(read_pyth_update, answer(**{name: value})) == (reason, f"parsed[0].price.{name}")


@pytest.mark.parametrize("bad", ["", "ab" * 31, "AB" * 32, "zz" * 32, "0x0x" + "ab" * 32, 7])
def test_an_id_has_one_spelling(bad: object) -> None:
    assert refused(read_pyth_update, answer(feed={"id": bad}))[1] == "parsed[0].id"


def test_unknown_fields_are_refused() -> None:
    assert refused(read_pyth_update, answer(feed={"vaa": ""})) == (Reason.UNKNOWN_FIELD, "parsed[0].vaa")
    assert refused(read_pyth_update, answer(confidence="1"))[0] is Reason.UNKNOWN_FIELD
    assert refused(read_pyth_update, b'{"parsed": [], "x": 1}') == (Reason.UNKNOWN_FIELD, "x")


def test_a_feed_stands_there_once() -> None:
    entry = json.loads(answer())["parsed"]
    assert refused(read_pyth_update, json.dumps({"parsed": entry * 2}).encode())[0] is Reason.DUPLICATE_FIELD
    twice = b'{"parsed": [], "parsed": []}'
    assert refused(read_pyth_update, twice) == (Reason.DUPLICATE_FIELD, "parsed")


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"null", b"{", b"\xff", b"[" * 10**5, b'{"parsed": 1}', b" " * (2**20 + 1)]
)
def test_what_is_no_answer_is_refused(data: bytes) -> None:
    refused(read_pyth_update, data)


def test_nothing_to_read_is_no_price() -> None:
    assert read_pyth_update(b"{}") == ()
    assert refused(observe_pyth, b"{}", FEED) == (Reason.UNKNOWN_FEED, "feed")
