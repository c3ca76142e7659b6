"""``deleverage`` for the laboratory: two places, profits and losses, equal scores, a queue that ends early."""

from dataclasses import replace

from circuits.statements.claim import Inputs
from circuits.statements.deleverage import Deleverage, inputs_for
from margin.contracts import ContractKind
from margin.deleverage import PnlBasis
from tests.circuits.laboratory.specimen import Specimen
from tests.circuits.statements.claims import Depths
from tests.circuits.statements.deleverage_breaches import (
    ENTRIES,
    find_breaches,
    simple_case,
    stray_rules,
    with_twin,
)
from tests.circuits.statements.deleverage_cases import DeleverageCase
from tests.circuits.statements.perp_specimen import SIGNED_BY_THE_ROUND


def choose_cases(count: int) -> list[DeleverageCase]:
    """A profit each, in coins; two equal ones; one alone; against the mark."""
    alone = simple_case(lots=20)
    alone = replace(alone, others=alone.others[:1])
    coins = simple_case(kind=ContractKind.INVERSE)
    first, _, third = coins.queue()  # the leaf of the first is less: said to be equal in score they stand in order, too
    cases = [
        replace(coins, others=(first, third)),
        with_twin(simple_case(basis=PnlBasis.MARK)),
        alone,
    ]
    return cases[:count]


def make_specimen(depths: Depths, *, examples: int, effort: int = 20) -> Specimen:
    """``deleverage`` with two places."""
    return Specimen(
        Deleverage(ENTRIES, depths.book, depths.market),
        honest=[honest_inputs(case, depths) for case in choose_cases(examples)],
        broken=list(find_breaches(depths).items()),
        stray_rules=stray_rules(ENTRIES),
        attested={"market.floor": SIGNED_BY_THE_ROUND, "market.ceiling": SIGNED_BY_THE_ROUND},
        effort=effort,
    )


def honest_inputs(case: DeleverageCase, depths: Depths) -> Inputs:
    """The queue as margin ranks it."""
    return inputs_for(case.witness(depths=depths))
