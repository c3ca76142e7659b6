"""``scenario`` for the laboratory: netting sets at the exact boundary, with a breach of each rule."""

from dataclasses import replace

from circuits.statements.claim import Inputs
from circuits.statements.scenario import Scenario, inputs_for
from facts.policy import StatementPolicy
from margin.bounds import MAX_INSTRUMENTS, SCENARIOS
from margin.requirement import RequirementKind
from margin.scenarios import Holding, Instrument
from tests.circuits.laboratory.specimen import Specimen
from tests.circuits.statements.cheating import forge
from tests.circuits.statements.claim_breaches import after, find_breaches_of_claim, with_other_root
from tests.circuits.statements.claims import Depths
from tests.circuits.statements.portfolio_cases import PortfolioCase, choose_portfolio_case
from tests.circuits.statements.structure_specimens import EITHER_REQUIREMENT
from tests.margin.strategies import SeededChooser

ASKED = StatementPolicy(RequirementKind.MAINTENANCE, buffer_ppm=50_000)
SOLD = PortfolioCase((Holding(Instrument("sold", (0,) * SCENARIOS, 20), -3),), 63, ASKED, seed=2)
"""It loses in no scenario, and needs 3 * 20 * 1.05 for the lots that were sold."""


def choose_full_set() -> PortfolioCase:
    """The first random one with a holding in every place, some of them sold."""
    choose = SeededChooser(37)
    while True:
        case = choose_portfolio_case(choose)
        if len(case.holdings) == MAX_INSTRUMENTS and len({held.lots > 0 for held in case.holdings}) == 2:
            return replace(case, asked=ASKED).with_least_cash()


FULL = choose_full_set()


def make_scenario(depths: Depths) -> Specimen:
    """A full netting set with the least cash."""
    statement = Scenario(0, depths.book, depths.market, depths.locks)
    honest = [inputs_for(FULL.witness(depths))]
    return Specimen(statement, honest, list(find_breaches(depths).items()), free=EITHER_REQUIREMENT, effort=40)


def find_breaches(depths: Depths) -> dict[str, Inputs]:
    """A breach of each rule; what it takes to cover is missed by one money unit."""
    plenty = inputs_for(replace(FULL, cash=2**70).witness(depths))
    short, unsold = (inputs_for(replace(case, cash=case.cash - 1).witness(depths)) for case in (FULL, SOLD))
    breaches = {
        "policy_has_no_shock": forge(plenty, {"policy.shock_ppm": 1}),
        "portfolio_has_one_currency": forge(plenty, {"holding[7].instrument.currency_id": 4}),
        "equity_covers_scenario": short,
        "equity_covers_short_minimums": unsold,
    }
    for place in range(MAX_INSTRUMENTS):
        scope = f"holding[{place}].instrument"
        breaches |= {
            f"{scope}.path_holds_leaf": after(plenty, f"{scope}.short_minimum"),
            f"{scope}.instrument_in_round": with_other_root(plenty, f"{scope}.path"),
        }
    return find_breaches_of_claim(plenty) | breaches
