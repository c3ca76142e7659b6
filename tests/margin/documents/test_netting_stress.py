"""Netting sets after a move of all prices: held against documents that were written at those prices."""

import json
from copy import deepcopy
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from margin.amounts import render_exact
from margin.documents.netting_document import read_netting
from margin.documents.netting_report import evaluate_netting
from margin.documents.netting_stress import find_written, move_netting
from margin.errors import MarginError, Reason
from margin.scenarios import LinearContract

F = Fraction
EXAMPLES = Path(__file__).parents[3] / "examples"
Content = dict[str, Any]
shares = st.fractions(F(-9, 10), 3, max_denominator=40).filter(lambda share: (share * 10**6).denominator == 1)


def read_example(name: str) -> Content:
    content: Content = json.loads((EXAMPLES / f"{name}.json").read_text(encoding="utf-8"))
    return content


STRANGLE = read_example("delta-hedged-strangle")


def reprice(content: Content, share: Fraction) -> Content:
    """The same document at other prices."""
    moved = deepcopy(content)
    for listed in moved["instruments"].values():
        for name in listed.keys() & {"price", "forward"}:
            listed[name] = render_exact(F(listed[name]) * (1 + share))
    return moved


def test_no_move_changes_nothing() -> None:
    document = read_netting(STRANGLE)
    assert move_netting(document, F(0)) == document


@given(shares)
@settings(max_examples=25, deadline=None)
def test_arrays_are_those_of_a_document_at_the_moved_prices(share: Fraction) -> None:
    moved, written = move_netting(read_netting(STRANGLE), share), read_netting(reprice(STRANGLE, share))
    assert moved.instruments == written.instruments
    assert evaluate_netting(moved).scenarios == evaluate_netting(written).scenarios


@given(shares, st.sampled_from(("long", "short")), st.integers(1, 500))
@settings(max_examples=25, deadline=None)
def test_a_linear_set_gains_its_lots_times_the_move(share: Fraction, side: str, lots: int) -> None:
    held = {"instrument": "P", "side": side, "quantity": str(lots)}
    content = {
        "grid": {"price_range": "10%", "volatility_range": "0%"},
        "instruments": {"P": {"kind": "linear", "price": "2000"}},
        "sets": [{"name": "P", "cash": "5", "value": "0", "holdings": [held]}],
    }
    gained = move_netting(read_netting(content), share).sets[0].value
    assert gained == lots * 2000 * share * (1 if side == "long" else -1)


def test_whoever_holds_it_bears_the_rounding() -> None:
    """Long and short of the same lots never gain together, and lose less than one unit each by rounding."""
    both = deepcopy(STRANGLE)
    holdings = both["sets"][0]["holdings"]
    turned = [{**each, "side": "short" if each["side"] == "long" else "long"} for each in holdings]
    both["sets"].append({**both["sets"][0], "name": "turned", "holdings": turned})
    document = read_netting(both)
    moved = move_netting(document, F(7, 100))
    gained = [after.value - before.value for before, after in zip(document.sets, moved.sets, strict=True)]
    assert 0 <= -sum(gained) <= len(holdings) * document.money_unit


def test_an_array_that_was_written_out_is_not_for_other_prices() -> None:
    document = read_netting(read_example("netting"))
    assert find_written(document) == "SOL-PERP"
    with pytest.raises(MarginError) as refused:
        move_netting(document, F(1, 100))
    assert (refused.value.reason, refused.value.field) == (Reason.NOT_APPLICABLE, "instruments.SOL-PERP")


def test_what_nobody_holds_may_be_written_out() -> None:
    content = deepcopy(STRANGLE)
    content["instruments"]["SPARE"] = {"kind": "array", "outcomes": ["0"] * 16}
    document = read_netting(content)
    moved = move_netting(document, F(1, 10))
    assert moved.instruments["SPARE"] == document.instruments["SPARE"]
    perpetual = moved.instruments["ETH-PERP"].contract
    assert isinstance(perpetual, LinearContract)
    assert perpetual.price == 2200


@pytest.mark.parametrize("share", [F(-1), F(-2), F(11)])
def test_no_move_takes_all_of_a_price_or_more_than_ten_of_it(share: Fraction) -> None:
    with pytest.raises(MarginError):
        move_netting(read_netting(STRANGLE), share)
