"""``liquidation`` for the laboratory: each rule of a policy that can be proved, both kinds, sides and bases."""

from dataclasses import replace
from fractions import Fraction
from typing import Final

from circuits.statements.liquidation import Liquidation, choose_rule, declare_closing, reads_entry
from margin.contracts import ContractKind, Side
from margin.policy import Basis, FeeBasis, FeeScope, LiquidationRule, LiquidationTarget
from tests.circuits.laboratory.specimen import Specimen, line_with
from tests.circuits.statements.claims import Depths
from tests.circuits.statements.liquidation_breaches import KEPT_BY_HINTS, TIERS, find_breaches, tiered_case
from tests.circuits.statements.liquidation_cases import LiquidationCase
from tests.circuits.statements.perp_specimen import SIGNED_BY_THE_ROUND

LEAST, FULL, FRACTION = LiquidationRule.LEAST, LiquidationRule.FULL, LiquidationRule.FRACTION


def choose_cases(count: int) -> list[LiquidationCase]:
    """Partly by the least close, whole with a gap, whole with something left, a fraction; in this order."""
    inverse = tiered_case(LEAST, kind=ContractKind.INVERSE, side=Side.SHORT, basis=Basis.ENTRY, slippage=1)
    return [
        tiered_case(LEAST),
        tiered_case(FULL, cash=-3001, slippage=2),
        with_fee_at_bankruptcy(inverse),
        tiered_case(FRACTION, side=Side.SHORT, target=LiquidationTarget.MAINTENANCE),
        tiered_case(FULL, kind=ContractKind.INVERSE),
    ][:count]


def with_fee_at_bankruptcy(case: LiquidationCase) -> LiquidationCase:
    """The same case with the fee of bankruptcy counted into both requirements."""
    policy = replace(
        case.policy,
        closing_fee_rate=Fraction(1, 1000),
        closing_fee_basis=FeeBasis.BANKRUPTCY,
        closing_fee_scope=FeeScope.BOTH,
    )
    return replace(case, policy=policy)


TURNED: Final = "a bit that lies is refused by it alone, as the attacks show that turn it: another rule, another lot"
ATTESTED: Final = {f"market.{name}.{end}": SIGNED_BY_THE_ROUND for name in TIERS for end in ("floor", "ceiling")}


def make_specimen(depths: Depths, *, examples: int, effort: int = 20) -> Specimen:
    """``liquidation`` of one shape."""
    return Specimen(
        Liquidation(depths.book, depths.market),
        honest=[case.inputs(depths=depths) for case in choose_cases(examples)],
        broken=list(find_breaches(depths).items()),
        redundant={
            line_with(declare_closing, "whole=is_zero(left)"): TURNED,
            line_with(choose_rule, "full, least = "): TURNED,
            line_with(reads_entry, "return is_zero("): TURNED,
        },
        stray_rules=KEPT_BY_HINTS,
        attested=ATTESTED,
        effort=effort,
    )
