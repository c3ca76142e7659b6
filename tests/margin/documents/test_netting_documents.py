"""Netting sets as documents: arrays given or computed, requirements by hand, isolation, the answer at the boundary."""

import json
from collections.abc import Callable
from copy import deepcopy
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from margin.amounts import render_exact
from margin.documents.netting_document import read_netting
from margin.documents.netting_report import evaluate_netting, report_netting
from margin.options import OptionKind
from margin.scenarios import (
    Grid,
    LinearContract,
    Move,
    OptionContract,
    TermScale,
    VolatilityShift,
    make_instrument,
    make_span_grid,
)
from ringfence.cli.entry import run
from ringfence.cli.exits import ExitCode

F = Fraction
Content = dict[str, Any]
UNIT = F(1, 10**6)
SPAN = {"price_range": "15%", "volatility_range": "25%"}
PERP = {"kind": "linear", "price": "2000", "lot": "0.01"}
CALL = {"kind": "call", "forward": "2005", "strike": "2000", "days": "30", "volatility": "60%", "lot": "0.01"}


def set_of(name: str, cash: str = "0", value: str = "0", **held: str) -> Content:
    """A netting set; a quantity below zero is sold."""
    holdings = [
        {
            "instrument": instrument.replace("_", "-"),
            "side": "short" if quantity.startswith("-") else "long",
            "quantity": quantity.lstrip("-"),
        }
        for instrument, quantity in held.items()
    ]
    return {"name": name, "cash": cash, "value": value, "holdings": holdings}


def document_of(*sets: Content, **more: object) -> Content:
    """Sets over a perpetual and a call under the grid of SPAN."""
    return {"grid": SPAN, "instruments": {"PERP": PERP, "CALL": CALL}, "sets": list(sets), **more}


def judge(content: object) -> Content:
    """The report of a netting document."""
    document = read_netting(content)
    return report_netting(document, evaluate_netting(document))


def test_a_perpetual_by_hand() -> None:
    report = judge(document_of(set_of("A", PERP="-0.02")))
    worst = report["sets"][0]["worst"]
    assert worst == {"scenario": 10, "name": "price +15%, volatility +25%", "outcome": "-6"}
    assert report["requirement"] == report["sets"][0]["requirement"] == "6"
    assert report["sets"][0]["outcomes"][14:] == ["-4.2", "4.2"]
    assert report["scenarios"][15] == "price -30%, volatility 0%, 35% of it"


def test_computed_arrays_are_those_of_the_scenarios() -> None:
    scale = {"reference_days": "30", "floor_days": "1", "near_power": "0.3", "far_power": "0.13"}
    grid = {**SPAN, "extreme_multiple": "3", "covered": "1/3", "shift": "points", "term_scale": scale}
    put = {**CALL, "kind": "put", "short_minimum": "0.5"}
    del put["days"]
    put["years"] = "1/73"
    found = read_netting(document_of(set_of("A", PERP="0.01"), grid=grid, instruments={"PERP": PERP, "PUT": put}))
    span = make_span_grid(F("0.15"), F("0.25"), extreme_multiple=F(3), covered=F(1, 3))
    expected = Grid(span.moves, VolatilityShift.POINTS, TermScale(F(30), F(1), F("0.3"), F("0.13")))
    contract = OptionContract(OptionKind.PUT, F(2005), F(2000), 5 * 24 * 3600, F("0.6"), F(10**4))
    assert found.grid == expected
    assert found.instruments["PUT"].instrument == make_instrument("PUT", contract, expected, 500_000)
    assert found.instruments["PERP"].instrument == make_instrument("PERP", LinearContract(F(2000), F(10**4)), expected)


def test_a_grid_of_free_moves_is_named_by_its_moves() -> None:
    moves = [
        {"price": "-66%", "volatility": "40%", "weight": "24%"},
        {"price": "1/3", "volatility": "-0.22"},
    ]
    report = judge(document_of(set_of("A", PERP="-0.03"), grid={"moves": moves}))
    assert report["scenarios"] == ["price -66%, volatility +40%, 24% of it", "price +100/3%, volatility -22%"]
    assert report["sets"][0]["worst"]["outcome"] == "-19.999998"
    assert report["requirement"] == "20.000001"
    assert read_netting(document_of(set_of("A", PERP="-0.03"), grid={"moves": moves})).grid == Grid(
        (Move(F("-0.66"), F("0.4"), F("0.24")), Move(F(1, 3), F("-0.22")))
    )


def test_units_and_decimals_are_the_same_array() -> None:
    arrays = {
        "D": {"kind": "array", "outcomes": ["1.5", "-0.000001", "0"]},
        "U": {"kind": "array", "outcomes_units": [1_500_000, -1, 0]},
    }
    document = read_netting({"instruments": arrays, "sets": [set_of("A", D="1")]})
    assert document.instruments["D"].instrument.outcomes == document.instruments["U"].instrument.outcomes
    assert judge({"instruments": arrays, "sets": [set_of("A", D="1")]})["scenarios"][1] == "scenario 1"


def test_a_rounded_array_costs_a_short_one_unit_a_lot() -> None:
    report = judge(document_of(set_of("A", CALL="-2"), set_of("B", PERP="-2")))
    assert report["sets"][0]["short_minimum"] == render_exact(200 * UNIT)
    assert report["sets"][1]["short_minimum"] == "0"


def test_a_hedge_in_one_set_needs_less_than_in_two() -> None:
    together = F(judge(document_of(set_of("A", CALL="-2", PERP="1.08")))["requirement"])
    apart = F(judge(document_of(set_of("A", CALL="-2"), set_of("B", PERP="1.08")))["requirement"])
    assert 0 < together < apart


def test_an_offset_releases_its_share_of_what_is_matched() -> None:
    sets = (set_of("A", PERP="0.02"), set_of("B", PERP="-0.05"))
    for share in (F(0), F(1, 3), F(1)):
        offsets = [{"first": "A", "second": "B", "share": render_exact(share)}]
        report = judge(document_of(*sets, offsets=offsets))
        assert (F(report["plain_sum"]), F(report["requirement"])) == (F(21), 21 - share * 6)
        assert F(report["released"]) == share * 6
        assert [F(each["matched"]) for each in report["groups"][0]["offsets"]] == [6]


def test_groups_are_isolated_and_sets_of_a_group_are_not() -> None:
    rich, poor = set_of("A", cash="100", PERP="0.02"), set_of("B", cash="14.999999", PERP="-0.05")
    apart = judge(document_of(rich, poor))
    assert apart["covers"] is False
    assert [group["covers"] for group in apart["groups"]] == [True, False]
    linked = judge(document_of(rich, poor, offsets=[{"first": "A", "second": "B", "share": "0"}]))
    assert linked["covers"] is True
    assert [group["sets"] for group in linked["groups"]] == [["A", "B"]]


def test_the_value_of_the_holdings_counts() -> None:
    assert judge(document_of(set_of("A", "10", "-4", PERP="0.02")))["covers"] is True
    assert judge(document_of(set_of("A", "10", "-4.01", PERP="0.02")))["covers"] is False


arrays = st.lists(st.integers(-1000, 1000), min_size=3, max_size=3)
lots = st.integers(-50, 50).filter(bool)


@settings(max_examples=60)
@given(
    st.lists(st.tuples(arrays, st.integers(0, 9), lots), min_size=2, max_size=4),
    st.fractions(0, 1, max_denominator=20),
    st.data(),
)
def test_requirement_and_answer_are_exact_to_the_last_unit(
    drawn: list[tuple[list[int], int, int]], share: Fraction, data: st.DataObject
) -> None:
    cut = data.draw(st.integers(1, len(drawn) - 1))
    instruments = {
        f"I{index}": {"kind": "array", "outcomes_units": array, "short_minimum": render_exact(least * UNIT)}
        for index, (array, least, _) in enumerate(drawn)
    }
    held = [f"{size}" for _, _, size in drawn]
    halves = [range(cut), range(cut, len(drawn))]
    needed = []
    for half in halves:
        outcomes = [sum(drawn[index][2] * drawn[index][0][node] for index in half) for node in range(3)]
        least = sum(-drawn[index][2] * drawn[index][1] for index in half if drawn[index][2] < 0)
        needed.append(max(0, -min(outcomes)) + least)
    required = sum(needed) - share * min(needed)
    sets = [set_of(name, **{f"I{i}": held[i] for i in half}) for name, half in zip("AB", halves, strict=True)]
    content = {
        "instruments": instruments,
        "sets": sets,
        "offsets": [{"first": "A", "second": "B", "share": f"{share.numerator}/{share.denominator}"}],
    }
    report = judge(content)
    assert F(report["requirement"]) == required * UNIT
    sets[0]["cash"] = render_exact(F(-(-required // 1)) * UNIT)
    assert judge(content)["covers"] is True
    sets[0]["cash"] = render_exact(F(-(-required // 1) - 1) * UNIT)
    assert judge(content)["covers"] is False


@pytest.fixture
def written(tmp_path: Path) -> Callable[[object], Path]:
    def write(document: object) -> Path:
        path = tmp_path / "netting.json"
        path.write_text(json.dumps(document))
        return path

    return write


@pytest.mark.parametrize("kind", ["initial", "maintenance"])
def test_the_command_answers_at_the_boundary(
    kind: str, written: Callable[[object], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    for cash, code in (("6", ExitCode.YES), ("5.999999", ExitCode.NO)):
        content = document_of(set_of("A", cash, PERP="0.02"))
        assert run(["margin", "evaluate", str(written(content)), "--require", kind, "--json"]) == code
        assert json.loads(capsys.readouterr().out) == judge(content)


def test_the_command_names_the_worst_scenario_to_a_person(
    written: Callable[[object], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    path = written({"format": "ringfence.netting/1", **document_of(set_of("A", "6", PERP="0.02"))})
    assert run(["margin", "evaluate", str(path)]) == ExitCode.YES
    shown = capsys.readouterr().out
    assert "price -15%, volatility +25%" in shown
    assert "covered" in shown


@pytest.mark.parametrize("command", [("stress",), ("plot", "--output", "x.svg")])
@pytest.mark.parametrize(
    "content", [document_of(set_of("A", PERP="0.02")), {"policy": "derive", "cash": "1", "holdings": {}}]
)
def test_what_has_many_prices_is_neither_drawn_nor_stressed(
    command: tuple[str, ...], content: object, written: Callable[[object], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    code = run(["margin", command[0], str(written(deepcopy(content))), *command[1:], "--json"])
    assert code == ExitCode.MISUSE
    assert json.loads(capsys.readouterr().out)["error"]["reason"] == "NOT_APPLICABLE"
