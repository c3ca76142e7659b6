"""The attacks C1, C2, C6 and C7 on ``defined_risk`` and ``scenario``; each test has the id of its row."""

from dataclasses import replace
from typing import Final, NamedTuple

import pytest

from circuits.statement import Statement
from circuits.statements import defined_risk, scenario
from circuits.statements.claim import Inputs
from facts.packing import CASH, FUNDING, HOLDINGS, INSTRUMENT_TERMS, LEG, MARKET_TERMS, OUTCOMES, Packing
from facts.public_inputs import input_names
from tests.attacks.attempts import (
    R,
    bits_held,
    change_public_wires,
    exceed_bits,
    flow_into_neighbours,
    number_after,
    raise_flag,
    set_verdict,
)
from tests.circuits.statements import portfolio_cases, structure_cases
from tests.circuits.statements.cheating import HINT, cheat, forge
from tests.circuits.statements.compiled import Compiled
from tests.circuits.statements.portfolio_cases import PortfolioCase, judge_portfolios
from tests.circuits.statements.portfolio_specimen import FULL, SOLD
from tests.circuits.statements.structure_cases import StructureCase, judge_structures
from tests.circuits.statements.structure_specimens import CALL, CONDOR, HEDGED, PUT, structure

pytestmark = pytest.mark.native  # so many hashes take the reference minutes

Case = StructureCase | PortfolioCase


class Target(NamedTuple):
    """A statement with a case that has just enough, and the rules that one unit less breaks."""

    statement: Statement
    case: Case
    rule: str
    last: str
    """The scope of the last place, which is the same text as all before it."""

    @property
    def honest(self) -> Inputs:
        """The inputs of the case."""
        return inputs_of(self.case)

    @property
    def short(self) -> Inputs:
        """One money unit less."""
        return inputs_of(replace(self.case, cash=self.case.cash - 1))


def inputs_of(case: Case) -> Inputs:
    """What a trader gives."""
    if isinstance(case, StructureCase):
        return defined_risk.inputs_for(case.witness())
    return scenario.inputs_for(case.witness())


SOLD_CALLS: Final = tuple(leg for strike in (80, 90) for leg in ((PUT, 1, 1, strike), (CALL, -1, 1, strike)))
COVERED: Final = structure(0, *SOLD_CALLS, *((CALL, 1, 1, strike) for strike in (100, 110, 120, 130))).with_least_cash()
TARGETS: Final = {
    "defined_risk": Target(structure_cases.SHAPE, COVERED, "equity_covers_worst_loss", "leg[7]"),
    "scenario": Target(portfolio_cases.SHAPE, FULL, "equity_covers_scenario", "holding[7]"),
}
STRUCTURE, PORTFOLIO = TARGETS.values()
HONEST: Final = {name: target.honest for name, target in TARGETS.items()}
BITS: Final = {name: bits_held(target.statement) for name, target in TARGETS.items()}
HELD: Final = [
    (name, held) for name, bits in BITS.items() for held in bits if "[" not in held or TARGETS[name].last in held
]
EACH: Final = pytest.mark.parametrize("name", TARGETS)


@EACH
def test_the_honest_case_is_fine_and_so_is_its_forgery(name: str) -> None:
    assert cheat(TARGETS[name].statement, HONEST[name]) is None
    assert forge(HONEST[name], {}) == HONEST[name]
    moved = forge(HONEST[name], {"position.cash.magnitude": 2**98})
    assert moved["book_root"] != HONEST[name]["book_root"]
    assert cheat(TARGETS[name].statement, moved) is None


# --- C1: one unit short ------------------------------------------------------------------------------


@pytest.mark.parametrize("case", [structure(0, *CONDOR), structure(0, *HEDGED), COVERED, FULL, SOLD])
def test_c1_one_unit_short_refuses(case: Case) -> None:
    statement = (STRUCTURE if isinstance(case, StructureCase) else PORTFOLIO).statement
    least = case.with_least_cash()
    verdicts = [cheat(statement, inputs_of(replace(least, cash=least.cash + step))) for step in (-1, 0, 1)]
    assert verdicts[0] in {"equity_covers_worst_loss", "equity_covers_scenario", "equity_covers_short_minimums"}
    assert verdicts[1:] == [None, None]


def test_c1_random_cases_one_unit_short_are_refused_to_a_cheat_too() -> None:
    for target, judgements in ((STRUCTURE, judge_structures(20, seed=51)), (PORTFOLIO, judge_portfolios(10, seed=51))):
        for judged in judgements:
            assert cheat(target.statement, judged.inputs) in (judged.refusals or {None})


@EACH
def test_c1_negative_equity_does_not_wrap(name: str) -> None:
    target = TARGETS[name]
    for cash in (-(2**100) + 1, -(2**99), -(2**98) - 1, -1):
        found = cheat(target.statement, inputs_of(replace(target.case, cash=cash)))
        assert found in {"equity_is_not_negative", "equity_covers_scenario", "equity_covers_short_minimums"}


# --- C2: ranges --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "held"), HELD)
def test_c2_a_number_keeps_its_bits(name: str, held: str) -> None:
    exceed_bits(TARGETS[name].statement, HONEST[name], held, BITS[name][held])


PLACE: Final = Packing("holding", tuple((name.removeprefix("first_"), bits) for name, bits in HOLDINGS.parts[:3]))
PACKED: Final = [
    ("defined_risk", "leg[7]", LEG),
    ("defined_risk", "position.cash", CASH),
    ("defined_risk", "market", MARKET_TERMS),
    ("defined_risk", "market.funding", FUNDING),
    ("scenario", "position.cash", CASH),
    ("scenario", "holding[7]", PLACE),
    ("scenario", "holding[7].instrument", INSTRUMENT_TERMS),
    *(("scenario", f"holding[7].instrument.outcomes[{word}]", OUTCOMES) for word in range(4)),
]


@pytest.mark.parametrize(("name", "scope", "packing"), PACKED)
def test_c2_no_part_flows_into_its_neighbour(name: str, scope: str, packing: Packing) -> None:
    flow_into_neighbours(TARGETS[name].statement, HONEST[name], scope, packing)


# --- C6: a witness made by hand ----------------------------------------------------------------------

FLAGS: Final = [
    ("defined_risk", "leg[7].side"),
    ("defined_risk", "leg[7].is_call"),
    ("defined_risk", "leg[7].is_put"),
    ("defined_risk", "position.cash.sign"),
    ("scenario", "holding[7].side"),
    ("scenario", "position.cash.sign"),
]


@pytest.mark.parametrize(("name", "flag"), FLAGS)
@pytest.mark.parametrize("value", [2, R - 1])
def test_c6_a_flag_is_0_or_1(name: str, flag: str, value: int) -> None:
    raise_flag(TARGETS[name].statement, HONEST[name], flag, value)


@pytest.mark.parametrize(
    ("name", "changes", "rule"),
    [
        ("defined_risk", {"leg[7].is_put": 1}, "leg[7].leg_is_of_one_kind"),
        ("defined_risk", {"leg[7].strike": 119}, "strikes_rise"),
        ("defined_risk", {"leg[7].side": 1, "leg[7].quantity": 3, "position.cash.magnitude": 2**90}, "loss_is_limited"),
        ("defined_risk", {"market.kind": 1}, "contract_is_linear"),
        ("defined_risk", {"policy.shock_ppm": 1}, "policy_has_no_shock"),
        ("scenario", {"holding[7].instrument.currency_id": 4}, "portfolio_has_one_currency"),
        ("scenario", {"policy.shock_ppm": 1}, "policy_has_no_shock"),
    ],
)
def test_c6_nonsense_that_was_committed_to_is_refused(name: str, changes: dict[str, int], rule: str) -> None:
    assert cheat(TARGETS[name].statement, forge(HONEST[name], changes)) in {rule, HINT}


@EACH
def test_c6_no_instrument_or_leg_is_left_out(name: str) -> None:
    """A place that was committed to can't be shown empty."""
    quantity = "quantity" if name == "defined_risk" else "lots"
    hidden = HONEST[name] | {f"{TARGETS[name].last}.{quantity}": 0}
    assert cheat(TARGETS[name].statement, hidden) == "position.path_holds_leaf"


@EACH
def test_c6_the_verdict_has_no_witness_of_its_own(name: str) -> None:
    target = TARGETS[name]
    flags = (f"{target.last}.side", "position.cash.sign")
    set_verdict(Compiled.of(target.statement), target.honest, target.short, target.rule, flags)


# --- C7: public inputs are bound ---------------------------------------------------------------------


@EACH
def test_c7_every_public_input_is_bound(name: str) -> None:
    change_public_wires(Compiled.of(TARGETS[name].statement), HONEST[name])


@pytest.mark.parametrize("public", [public for public in input_names(0) if public != "context"])
@EACH
def test_c7_a_public_input_changed_alone_refuses(name: str, public: str) -> None:
    assert cheat(TARGETS[name].statement, HONEST[name] | {public: number_after(HONEST[name], public)}) is not None


@EACH
def test_c7_a_claim_is_made_in_some_context(name: str) -> None:
    """Without locks any context may be chosen when the proof is made, and none may be left out."""
    assert cheat(TARGETS[name].statement, HONEST[name] | {"context": 5}) is None
    assert cheat(TARGETS[name].statement, HONEST[name] | {"context": 0}) in {"context_is_given", HINT}


@EACH
def test_c7_an_unused_lock_root_is_its_constant(name: str) -> None:
    for other in (0, 1, HONEST[name]["book_root"]):
        assert cheat(TARGETS[name].statement, HONEST[name] | {"lock_root": other}) == "lock_root_is_unused"
