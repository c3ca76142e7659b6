"""All that can be said of one position at one moment, computed once and from the same facts."""

from dataclasses import dataclass
from fractions import Fraction

from margin.errors import MisuseError, Reason
from margin.liquidation import (
    LiquidationPrice,
    compute_bankruptcy_price,
    compute_liquidation_price,
)
from margin.policy import MarketPolicy
from margin.position import Equity, MarketState, Position, compute_equity, compute_notional
from margin.requirement import Requirement, RequirementKind, compute_requirement, tier_measure


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A position against its policy at a mark."""

    mark: Fraction
    """The mark that it was valued at, by the policy's price rule."""
    mark_notional: Fraction
    equity: Equity
    initial: Requirement
    maintenance: Requirement
    liquidation: LiquidationPrice | None
    liquidation_outside_table: bool
    """Whether the price lies below the first floor of a partial table, which says nothing of it."""
    bankruptcy_price: Fraction | None
    leverage_limit: Fraction | None
    """The largest leverage that the position's tier allows, where the table names one."""
    within_cap: bool

    def covers(self, kind: RequirementKind) -> bool:
        """Whether the equity is at least the requirement."""
        return self.excess(kind) >= 0

    def requirement(self, kind: RequirementKind) -> Requirement:
        """The requirement of a kind."""
        return self.initial if kind is RequirementKind.INITIAL else self.maintenance

    def excess(self, kind: RequirementKind) -> Fraction:
        """Equity beyond the requirement; negative where it falls short."""
        return self.equity.total - self.requirement(kind).total

    @property
    def margin_ratio(self) -> Fraction | None:
        """Maintenance requirement / equity; None where there is no equity left."""
        return self.maintenance.total / self.equity.total if self.equity.total > 0 else None

    @property
    def health_factor(self) -> Fraction:
        """Equity / maintenance requirement: below 1 the position is liquidated."""
        return self.equity.total / self.maintenance.total

    @property
    def effective_leverage(self) -> Fraction | None:
        """Mark notional / equity; None where there is no equity left."""
        return self.mark_notional / self.equity.total if self.equity.total > 0 else None


def evaluate_position(policy: MarketPolicy, position: Position, market: MarketState) -> Evaluation:
    """Evaluate ``position`` as it stands, whether or not the venue would let it be opened now."""
    initial = compute_requirement(policy, position, market, RequirementKind.INITIAL)
    measure = tier_measure(policy, position.size, initial.notional)
    liquidation, outside = find_liquidation(policy, position, market)
    return Evaluation(
        mark=market.price_for(position.side, policy.price_rule),
        mark_notional=compute_notional(policy.contract, position, market, policy.price_rule),
        equity=compute_equity(policy.contract, position, market, policy.price_rule),
        initial=initial,
        maintenance=compute_requirement(policy, position, market, RequirementKind.MAINTENANCE),
        liquidation=liquidation,
        liquidation_outside_table=outside,
        bankruptcy_price=compute_bankruptcy_price(policy, position, market),
        leverage_limit=policy.table.tiers[initial.tier].max_leverage,
        within_cap=policy.table.cap is None or measure <= policy.table.cap,
    )


def find_liquidation(
    policy: MarketPolicy, position: Position, market: MarketState
) -> tuple[LiquidationPrice | None, bool]:
    """The liquidation price, and whether it lies where a partial table says nothing."""
    try:
        return compute_liquidation_price(policy, position, market), False
    except MisuseError as error:
        if error.reason is not Reason.OUTSIDE_TABLE:
            raise
        return None, True
