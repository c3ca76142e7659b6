"""What the page tells of structures and netting sets, held against ``margin`` and against documents written anew."""

import json
from copy import deepcopy
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from math import floor
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facts.instrument import InstrumentFact
from facts.market import MarketTier
from facts.policy import StatementPolicy
from margin.amounts import Rounding, render_exact, round_to
from margin.black76 import compute_value
from margin.bounds import PPM, SCENARIOS
from margin.contracts import Contract, ContractKind
from margin.documents.netting_document import read_netting
from margin.documents.netting_report import evaluate_netting
from margin.documents.structure_report import StructureEvaluation, report_structure
from margin.errors import MarginError, Reason
from margin.payoff import Measure, Unlimited, compute_max_loss, compute_outcome
from margin.requirement import RequirementKind
from margin.scenarios import LinearContract, OptionContract
from prover.option_structure import OptionStructure
from prover.page.expiry_outlook import CoveredStructure, report_expiry
from prover.page.scenario_outlook import STEPS, CoveredSet, report_scenarios
from prover.page.trader import WhatIf
from prover.page.verdict import judge_set, judge_structure
from prover.perpetual import Perpetual
from prover.portfolio import Portfolio
from prover.publication import Publication
from prover.request import Request, read_request
from tests.margin.documents.test_netting_stress import reprice
from tests.prover.proofs import ROOT, document

F = Fraction
Content = dict[str, Any]
NOTHING = WhatIf(F(0), "", None)
STRIKES = st.integers(1, 9).map(lambda each: 100 * each)


def read_example(name: str) -> Content:
    content: Content = json.loads((ROOT / "examples" / f"{name}.json").read_text(encoding="utf-8"))
    return content


CONDOR, SPREAD, STRANGLE = map(read_example, ("iron-condor", "bear-put-spread", "delta-hedged-strangle"))


def published(content: object) -> tuple[Request, Publication]:
    """A document, and a round that an oracle would attest by it."""
    request = read_request(content, None)
    return request, Publication(facts=request.subject.facts())


def covered(content: object) -> CoveredStructure:
    request, publication = published(content)
    assert isinstance(request.subject, OptionStructure)
    return CoveredStructure.attest(request.subject, publication)


def netted(content: object) -> tuple[Portfolio, Publication]:
    request, publication = published(content)
    assert isinstance(request.subject, Portfolio)
    return request.subject, publication


def tell_expiry(content: object, top_up: str = "0", price: str | None = None) -> Any:  # noqa: ANN401 - JSON
    return report_expiry(covered(content), F(top_up), None if price is None else F(price))


def tell_scenarios(content: object, top_up: str = "0", shock: str = "0") -> Any:  # noqa: ANN401 - JSON
    return report_scenarios(*netted(content), F(top_up), F(shock))


def asked(buffer_ppm: int = 0, shock_ppm: int = 0, least: int = 0) -> StatementPolicy:
    return StatementPolicy(RequirementKind.MAINTENANCE, shock_ppm, buffer_ppm, least)


# --- Structures ------------------------------------------------------------------------------------------

legs = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(("call", "put")),
        "side": st.sampled_from(("long", "short")),
        "quantity": st.sampled_from(("1", "0.5", "3")),
        "strike": STRIKES.map(str),
    }
)
futures = st.fixed_dictionaries(
    {
        "kind": st.just("underlying"),
        "side": st.sampled_from(("long", "short")),
        "quantity": st.sampled_from(("1", "2")),
        "entry_price": STRIKES.map(str),
    }
)
structures = st.fixed_dictionaries(
    {
        "legs": st.lists(st.one_of(legs, legs, futures), min_size=1, max_size=8),
        "cash": st.integers(-100, 5000).map(str),
    }
)


@pytest.mark.parametrize("content", [CONDOR, SPREAD], ids=["condor", "spread"])
def test_a_structure_is_told_as_margin_reports_it(content: Content) -> None:
    told, structure = tell_expiry(content), covered(content)
    reported: Any = report_structure(structure.subject.document, StructureEvaluation(None, None))
    assert told["structure"] == reported["name"]
    assert told["now"]["requirement"] == reported["payoff"]["max_loss"]
    assert told["now"]["equity"] == content["cash"]
    assert F(told["now"]["to_spare"]) == F(content["cash"]) - F(reported["payoff"]["max_loss"])
    assert told["worst"] == (reported["payoff"]["worst"]["at"] if told["now"]["requirement"] != "0" else [])
    assert told["now"] == told["then"]


@given(structures)
@settings(max_examples=20, deadline=None)
def test_between_two_points_every_line_is_straight(content: Content) -> None:
    structure, told = covered(content).structure, tell_expiry(content)
    points = [(F(point["exact_price"]), F(point["payoff"]), F(point["requirement"])) for point in told["points"]]
    assert [at for at, _, _ in points] == sorted({at for at, _, _ in points})
    for (low, *before), (high, *after) in pairwise(points):
        middle = compute_outcome(structure, (low + high) / 2, Measure.PAYOFF)
        lines = [(left + right) / 2 for left, right in zip(before, after, strict=True)]
        unit = F(1, 10**6)
        assert abs(lines[0] - middle) <= unit
        assert abs(lines[1] - max(F(0), -middle)) <= unit


@given(structures)
@settings(max_examples=20, deadline=None)
def test_the_picture_shows_the_requirement_or_there_is_none(content: Content) -> None:
    structure, told = covered(content).structure, tell_expiry(content)
    loss = compute_max_loss(structure, Measure.PAYOFF)
    if isinstance(loss, Unlimited):
        assert (told["now"]["requirement"], told["worst"]) == (None, [])
        assert F(told["now"]["slope"]) == loss.slope
        assert told["now"]["covers"] is False
        return
    assert F(told["now"]["requirement"]) == max(F(point["requirement"]) for point in told["points"]) == loss
    assert told["now"]["covers"] is (F(content["cash"]) >= loss)
    named = {point["name"]: F(point["requirement"]) for point in told["points"]}
    assert named.get("worst", loss) == loss
    for each in told["worst"]:
        ends = [F(end) for end in (each["from"], each["to"]) if end is not None]
        assert all(compute_outcome(structure, end, Measure.PAYOFF) == -loss for end in ends)


def test_more_cash_is_more_to_spare_and_no_less_is_required() -> None:
    told = tell_expiry(CONDOR, "30", "1850")
    assert (told["now"]["to_spare"], told["then"]["to_spare"]) == ("20", "50")
    assert told["now"]["requirement"] == told["then"]["requirement"]
    assert [told[name]["left"] for name in ("now", "then")] == ["70", "100"]
    assert told["now"]["payoff"] == "-50"
    assert "1850" in [point["price"] for point in told["points"]]


def test_a_price_out_of_the_picture_is_told_and_not_drawn() -> None:
    near, far = tell_expiry(CONDOR), tell_expiry(CONDOR, price="1000000")
    assert far["points"] == near["points"]
    assert (far["price"], far["now"]["payoff"]) == ("1000000", "-100")


def test_a_put_that_was_sold_is_worst_at_nothing() -> None:
    told = tell_expiry({**CONDOR, "legs": CONDOR["legs"][1:2]})
    assert told["worst"] == [{"from": "0", "to": "0"}]
    assert (told["points"][0]["name"], told["points"][0]["requirement"]) == ("worst", "1900")


def test_the_equity_is_told_as_far_as_it_goes() -> None:
    """Where more is lost than the equity, the price beyond which it is; where nothing is, none."""
    assert tell_expiry(CONDOR)["last"] == []
    assert tell_expiry({**CONDOR, "cash": "100"})["last"] == []
    poor = tell_expiry({**CONDOR, "cash": "50"})
    assert poor["last"] == ["1850", "2150"]
    assert [point["price"] for point in poor["points"] if point["name"] == "last"] == poor["last"]
    assert {point["left"] for point in poor["points"] if point["name"] == "last"} == {"0"}
    naked = tell_expiry({**CONDOR, "legs": CONDOR["legs"][2:3]})
    assert naked["last"] == ["2220"]


def test_a_round_with_other_ticks_is_refused() -> None:
    request, publication = published(CONDOR)
    subject = request.subject
    assert isinstance(subject, OptionStructure)
    (tier,) = publication.facts
    assert isinstance(tier, MarketTier)
    other = replace(tier, contract=Contract(ContractKind.LINEAR, tier.contract.multiplier + 1))
    with pytest.raises(MarginError) as refused:
        CoveredStructure.attest(subject, Publication(facts=[other]))
    assert refused.value.reason is Reason.WRONG_FILE


@given(structures, st.sampled_from((0, 1, 50_000)), st.integers(-1, 1))
@settings(max_examples=20, deadline=None)
def test_a_structure_is_judged_around_its_requirement(content: Content, buffer_ppm: int, beside: int) -> None:
    loss = compute_max_loss(covered(content).structure, Measure.PAYOFF)
    if isinstance(loss, Unlimited):
        rich = {**content, "cash": "1000000"}
        assert judge_structure(covered(rich), asked(buffer_ppm)).broken == "loss_is_limited"
        return
    needed = loss * (1 + F(buffer_ppm, PPM))
    cash = round_to(needed, F(1, 10**6), Rounding.UP) + F(beside, 10**6)
    verdict = judge_structure(covered({**content, "cash": render_exact(cash)}), asked(buffer_ppm))
    below = "equity_is_not_negative" if cash < 0 else "equity_covers_worst_loss"
    assert verdict.broken == (below if beside < 0 else None)
    assert verdict.asked == needed


def test_what_no_structure_knows_may_not_be_asked_of_it() -> None:
    assert judge_structure(covered(CONDOR), asked(shock_ppm=1)).broken == "policy_has_no_shock"
    assert judge_structure(covered(CONDOR), asked(least=1)).broken == "basket_covers_least_value"
    subject, publication = netted(STRANGLE)
    assert (
        judge_set(subject, CoveredSet.attest(subject, publication), asked(shock_ppm=1)).broken == "policy_has_no_shock"
    )


# --- Netting sets ----------------------------------------------------------------------------------------


def test_a_set_is_told_as_margin_evaluates_it() -> None:
    told, written = tell_scenarios(STRANGLE), read_netting(STRANGLE)
    (margin,) = evaluate_netting(written).scenarios
    unit = written.money_unit
    assert F(told["now"]["requirement"]) == margin.requirement * unit
    assert F(told["now"]["equity"]) == written.sets[0].equity
    assert told["now"]["worst"]["number"] == margin.worst
    rows = {row["number"]: row for row in told["scenarios"]}
    assert sorted(rows) == list(range(SCENARIOS))
    assert [F(rows[number]["outcome"]) for number in range(SCENARIOS)] == [each * unit for each in margin.outcomes]
    assert max(F(row["requirement"]) for row in rows.values()) == margin.requirement * unit
    assert all(F(row["to_spare"]) == F(told["now"]["equity"]) - F(row["requirement"]) for row in rows.values())
    assert [number for number, row in rows.items() if row["worst"]] == [margin.worst]
    assert min(F(row["to_spare"]) for row in rows.values()) == F(told["now"]["to_spare"])


def test_scenarios_are_told_from_the_farthest_fall_to_the_farthest_rise() -> None:
    moves = [(F(row["price"]), F(row["volatility"])) for row in tell_scenarios(STRANGLE)["scenarios"]]
    assert moves == sorted(moves)
    assert [moves[0][0], moves[-1][0]] == [F(-30), F(30)]


@pytest.mark.parametrize("shock", ["-0.3", "-0.05", "0.01", "0.125", "3"])
def test_a_move_of_prices_is_a_document_at_those_prices(shock: str) -> None:
    share = F(shock)
    before, after = read_netting(STRANGLE), read_netting(reprice(STRANGLE, share))
    told = tell_scenarios(STRANGLE, "15", shock)
    (margin,) = evaluate_netting(after).scenarios
    assert F(told["then"]["requirement"]) == margin.requirement * before.money_unit
    assert told["then"]["worst"]["number"] == margin.worst
    gained = 0
    for held in before.sets[0].holdings:
        then, now = (each.instruments[held.instrument.name].contract for each in (after, before))
        assert then is not None
        assert now is not None
        gained += floor(held.lots * (worth(then) - worth(now)))
    expected = before.sets[0].equity + gained * before.money_unit + 15
    assert abs(F(told["then"]["equity"]) - expected) <= len(before.sets[0].holdings) * before.money_unit


def worth(contract: LinearContract | OptionContract) -> Fraction:
    """What one lot is worth, in money units."""
    if isinstance(contract, LinearContract):
        return contract.lot_value * contract.price
    return contract.lot_value * F(compute_value(contract.as_european()))


def test_no_move_changes_nothing_and_every_move_that_is_shown_is_one() -> None:
    told = tell_scenarios(STRANGLE, "15")
    moves = {F(point["exact_move"]): point for point in told["moves"]}
    assert len(moves) == 2 * STEPS + 1
    assert [min(moves), max(moves)] == [F(-30), F(30)]
    assert (moves[F(0)]["equity"], moves[F(0)]["requirement"]) == (told["now"]["equity"], told["now"]["requirement"])
    for share in (F(-30), F(5), F(30)):
        then = tell_scenarios(STRANGLE, "15", str(share / 100))["then"]
        point = moves[share]
        assert (point["richer"], point["requirement"]) == (then["equity"], then["requirement"])
        assert F(point["richer"]) - F(point["equity"]) == 15


def test_more_cash_is_more_to_spare_in_every_scenario() -> None:
    told = tell_scenarios(STRANGLE, "15")
    assert F(told["then"]["to_spare"]) - F(told["now"]["to_spare"]) == 15
    for row in told["scenarios"]:
        assert F(row["then_to_spare"]) - F(row["to_spare"]) == 15
        assert row["then_requirement"] == row["requirement"]


def test_a_set_is_told_by_the_arrays_of_the_round() -> None:
    """The document's own prices are older: what they would do after a move is not told."""
    subject, _ = netted(STRANGLE)
    newer = Publication(facts=read_request(reprice(STRANGLE, F(1, 100)), None).subject.facts())
    told: Any = report_scenarios(subject, newer, F(0), F(0))
    (margin,) = evaluate_netting(read_netting(reprice(STRANGLE, F(1, 100)))).scenarios
    assert F(told["now"]["requirement"]) == margin.requirement * subject.money_unit
    assert told["moves"] == []
    assert "prices of the round" in told["unmoved"]
    with pytest.raises(MarginError) as refused:
        report_scenarios(subject, newer, F(0), F(1, 100))
    assert refused.value.reason is Reason.NOT_APPLICABLE


def test_a_round_without_the_instrument_is_refused() -> None:
    subject, publication = netted(STRANGLE)
    with pytest.raises(MarginError):
        CoveredSet.attest(subject, Publication(facts=publication.facts[:1]))


def test_an_array_that_was_written_out_is_not_moved() -> None:
    written = deepcopy(STRANGLE)
    written["instruments"]["ETH-PERP"] = {"kind": "array", "outcomes": ["1"] * SCENARIOS, "lot": "0.01"}
    told = tell_scenarios(written)
    assert (told["moves"], len(told["scenarios"])) == ([], SCENARIOS)
    assert "ETH-PERP" in told["unmoved"]


def test_scenarios_without_a_grid_have_numbers() -> None:
    arrays = {"kind": "array", "outcomes": [str(each) for each in range(SCENARIOS)]}
    sold = {"instrument": "A", "side": "short", "quantity": "2"}
    plain: Content = {
        "instruments": {"A": arrays},
        "sets": [
            {
                "name": "A",
                "cash": "5",
                "value": "0",
                "holdings": [sold],
            }
        ],
    }
    told = tell_scenarios(plain)
    assert [row["number"] for row in told["scenarios"]] == list(range(SCENARIOS))
    assert {(row["price"], row["volatility"]) for row in told["scenarios"]} == {(None, None)}
    assert told["now"]["worst"] == {"number": 15, "name": "scenario 15", "outcome": "-30"}
    assert told["now"]["to_spare"] == "-25"


@pytest.mark.parametrize("buffer_ppm", [0, 1, 50_000])
@pytest.mark.parametrize("beside", [-1, 0])
def test_a_set_is_judged_around_its_requirement(buffer_ppm: int, beside: int) -> None:
    subject, publication = netted(STRANGLE)
    margin = CoveredSet.attest(subject, publication).margin
    needed = margin.requirement * (1 + F(buffer_ppm, PPM))
    at = CoveredSet.of(CoveredSet.attest(subject, publication).holdings, -floor(-needed) + beside)
    verdict = judge_set(subject, at, asked(buffer_ppm))
    assert verdict.broken == ("equity_covers_scenario" if beside < 0 else None)
    assert verdict.asked == needed * subject.money_unit
    poor = CoveredSet.of(at.holdings, margin.short_minimum - 1)
    assert judge_set(subject, poor, asked(buffer_ppm)).broken == "equity_covers_short_minimums"


# --- Questions -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "what_if"),
    [
        (document(), replace(NOTHING, price=F(0))),
        (CONDOR, replace(NOTHING, shock="0")),
        (STRANGLE, replace(NOTHING, price=F(1))),
    ],
    ids=["perpetual", "structure", "set"],
)
def test_what_is_no_question_about_a_kind_is_refused(content: Content, what_if: WhatIf) -> None:
    request, publication = published(content)
    with pytest.raises(MarginError) as refused:
        what_if.show(request, publication, 0)
    assert refused.value.reason is Reason.NOT_APPLICABLE
    assert NOTHING.show(request, publication, 0)


@pytest.mark.parametrize("top_up", ["-1", "0.0000001", "9" * 32])
def test_no_cash_is_added_that_could_not_be(top_up: str) -> None:
    for tell in (tell_expiry, tell_scenarios):
        with pytest.raises(MarginError):
            tell(CONDOR if tell is tell_expiry else STRANGLE, top_up)


@pytest.mark.parametrize("price", ["-1", "9" * 40])
def test_no_price_is_looked_at_that_could_not_be(price: str) -> None:
    with pytest.raises(MarginError):
        tell_expiry(CONDOR, price=price)


@pytest.mark.parametrize("shock", ["-1", "11"])
def test_no_move_is_looked_at_that_could_not_be(shock: str) -> None:
    request, publication = published(STRANGLE)
    with pytest.raises(MarginError):
        replace(NOTHING, shock=shock).show(request, publication, 0)


def test_every_kind_has_an_outlook() -> None:
    kinds = {type(read_request(content, None).subject) for content in (document(), CONDOR, STRANGLE)}
    assert kinds == {Perpetual, OptionStructure, Portfolio}
    assert all(isinstance(fact, InstrumentFact) for fact in netted(STRANGLE)[1].facts)
