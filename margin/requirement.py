"""Requirements: how much equity a position must have, to be opened and to be kept.

A requirement is a function of the notional N at the mark, in pieces that are straight lines:

    basis mark    tiers(N)     + (closing fee + slippage) * N
    basis entry   tiers(entry) + closing fee + slippage

``requirement_pieces`` gives those pieces for one position: whoever asks *where* a requirement is met
(the liquidation price) reads the same rule as who asks *whether* it is.
"""

from dataclasses import dataclass
from enum import Enum
from fractions import Fraction

from margin.bounds import require_money
from margin.errors import Reason, RejectedError
from margin.policy import Basis, FeeBasis, FeeScope, MarketPolicy
from margin.position import Equity, MarketState, Position, compute_equity, compute_notional
from margin.tiers import Line, TierMeasure


class RequirementKind(Enum):
    """Which of the two requirements."""

    INITIAL = "initial"
    MAINTENANCE = "maintenance"


@dataclass(frozen=True, slots=True)
class Requirement:
    """A requirement with the parts it is the sum of."""

    kind: RequirementKind
    notional: Fraction
    """The notional it is taken of, by the policy's basis."""
    tier: int
    rate: Fraction
    amount: Fraction
    """What the tier deducts: margin = rate * notional - amount."""
    margin: Fraction
    closing_fee: Fraction
    slippage: Fraction

    @property
    def total(self) -> Fraction:
        """margin + closing fee + slippage."""
        return self.margin + self.closing_fee + self.slippage


@dataclass(frozen=True, slots=True)
class Piece:
    """The requirement for ``low < N <= high`` (None: no upper end) of the mark notional.

    It is the greatest of ``lines``: one for a maintenance requirement, two for an initial one where
    the trader's own leverage and the table both ask for something.
    """

    low: Fraction
    high: Fraction | None
    lines: tuple[Line, ...]

    def at(self, notional: Fraction) -> Fraction:
        """The requirement at ``notional``."""
        return max(line.at(notional) for line in self.lines)


def tier_measure(policy: MarketPolicy, size: int, notional: Fraction) -> Fraction:
    """What the policy's table compares with its floors."""
    return Fraction(size) if policy.table.measure is TierMeasure.SIZE else notional


def basis_notional(
    policy: MarketPolicy, position: Position, mark_notional: Fraction, kind: RequirementKind
) -> Fraction:
    """The notional that a requirement is taken of."""
    return position.entry_notional if basis_of(policy, kind) is Basis.ENTRY else mark_notional


def basis_of(policy: MarketPolicy, kind: RequirementKind) -> Basis:
    """The basis of a requirement: some venues take the initial one of another notional."""
    return policy.initial_basis if kind is RequirementKind.INITIAL else policy.basis


def table_lines(policy: MarketPolicy, position: Position, kind: RequirementKind) -> tuple[tuple[Line, ...], ...]:
    """For each tier the lines whose greatest is the margin.

    With a leverage L set by the trader the initial margin is the larger of N / L and the table's.
    """
    if kind is RequirementKind.MAINTENANCE:
        return tuple((line,) for line in policy.table.maintenance_lines(position.size))
    lines = policy.table.initial_lines(position.size)
    if position.leverage is None:
        return tuple((line,) for line in lines)
    chosen = Line(1 / position.leverage, Fraction(0))
    return tuple((line, chosen) for line in lines)


def counts_closing_fee(policy: MarketPolicy, kind: RequirementKind) -> bool:
    """Whether the requirement of a kind contains the closing fee."""
    return policy.closing_fee_scope in (FeeScope.BOTH, FeeScope(kind.value))


def closing_fee_line(policy: MarketPolicy, position: Position, equity: Equity, kind: RequirementKind) -> Line:
    """The closing fee over the mark notional: rate * N, or a constant where its basis is fixed."""
    if not counts_closing_fee(policy, kind):
        return Line(Fraction(0), Fraction(0))
    if policy.closing_fee_basis is FeeBasis.MARK:
        return Line(policy.closing_fee_rate, Fraction(0))
    if policy.closing_fee_basis is FeeBasis.ENTRY:
        return Line(Fraction(0), -policy.closing_fee_rate * position.entry_notional)
    bankrupt_at = max(Fraction(0), bankruptcy_notional(policy, position, equity))
    return Line(Fraction(0), -policy.closing_fee_rate * bankrupt_at)


def bankruptcy_notional(policy: MarketPolicy, position: Position, equity: Equity) -> Fraction:
    """The notional at which equity = 0; not above zero where no price makes it so.

    equity(N) = backing + slope * (N - entry), so N = entry - backing / slope and slope is +1 or -1.
    """
    backing = equity.total - equity.pnl
    return position.entry_notional - policy.contract.notional_slope(position.side) * backing


def compute_requirement(
    policy: MarketPolicy, position: Position, market: MarketState, kind: RequirementKind
) -> Requirement:
    """The requirement of ``position`` at the mark, with its parts."""
    equity = compute_equity(policy.contract, position, market, policy.price_rule)
    mark_notional = compute_notional(policy.contract, position, market, policy.price_rule)
    notional = basis_notional(policy, position, mark_notional, kind)
    tier = policy.table.tier_index(tier_measure(policy, position.size, notional))
    line = max(table_lines(policy, position, kind)[tier], key=lambda each: each.at(notional))
    requirement = Requirement(
        kind=kind,
        notional=notional,
        tier=tier,
        rate=line.rate,
        amount=line.amount,
        margin=line.at(notional),
        closing_fee=closing_fee_line(policy, position, equity, kind).at(mark_notional),
        slippage=policy.slippage_rate * notional,
    )
    require_money(requirement.total, kind.value)
    return requirement


def requirement_pieces(
    policy: MarketPolicy, position: Position, equity: Equity, kind: RequirementKind
) -> tuple[Piece, ...]:
    """The whole requirement of a position as pieces over the mark notional, lowest first."""
    fee = closing_fee_line(policy, position, equity, kind)
    tiers = table_lines(policy, position, kind)
    table = policy.table
    if basis_of(policy, kind) is Basis.ENTRY:
        entry = position.entry_notional
        lines = tiers[table.tier_index(tier_measure(policy, position.size, entry))]
        fixed = max(line.at(entry) for line in lines) + policy.slippage_rate * entry
        return (Piece(Fraction(0), None, (Line(fee.rate, fee.amount - fixed),)),)
    extra = Line(fee.rate + policy.slippage_rate, fee.amount)
    totals = [tuple(line.plus(extra) for line in lines) for lines in tiers]
    if table.measure is TierMeasure.SIZE:
        return (Piece(Fraction(0), None, totals[table.tier_index(Fraction(position.size))]),)
    highs: list[Fraction | None] = [*table.floors[1:], None]
    return tuple(Piece(low, high, lines) for low, high, lines in zip(table.floors, highs, totals, strict=True))


def require_leverage(policy: MarketPolicy, position: Position, market: MarketState) -> None:
    """A leverage that is set may not exceed what the position's tier allows, nor the position the cap."""
    mark_notional = compute_notional(policy.contract, position, market, policy.price_rule)
    notional = basis_notional(policy, position, mark_notional, RequirementKind.INITIAL)
    measure = tier_measure(policy, position.size, notional)
    policy.table.require_within_cap(measure, "size")
    allowed = policy.table.tiers[policy.table.tier_index(measure)].max_leverage
    if position.leverage is not None and allowed is not None and position.leverage > allowed:
        raise RejectedError(
            Reason.LEVERAGE_TOO_HIGH, "leverage", found=position.leverage, expected=f"at most {allowed} in this tier"
        )
