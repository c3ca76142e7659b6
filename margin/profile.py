"""A position over the mark price: equity against both requirements, exact at every point that is looked at."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from margin.errors import MarginError
from margin.evaluation import Evaluation
from margin.policy import MarketPolicy
from margin.position import MarketState, Position, compute_equity
from margin.requirement import RequirementKind, compute_requirement


@dataclass(frozen=True, slots=True)
class ProfilePoint:
    """Equity and requirements at one mark; a requirement is None where a partial table says nothing of that mark."""

    mark: Fraction
    equity: Fraction | None
    maintenance: Fraction | None
    initial: Fraction | None


def trace_profile(
    policy: MarketPolicy, position: Position, market: MarketState, marks: Iterable[Fraction]
) -> Iterator[ProfilePoint]:
    """The position at each of ``marks``, with everything else as it is in ``market``."""
    for mark in marks:
        state = market.at_mark(mark)
        yield ProfilePoint(
            mark,
            find_equity(policy, position, state),
            find_requirement(policy, position, state, RequirementKind.MAINTENANCE),
            find_requirement(policy, position, state, RequirementKind.INITIAL),
        )


def choose_marks(market: MarketState, evaluations: Iterable[Evaluation], steps: int) -> list[Fraction]:
    """Marks from a little beyond the farthest bankruptcy price to as far on the other side of the mark."""
    mark = market.mark
    ends = [end for evaluation in evaluations for end in ends_of(evaluation)]
    reach = max([mark / 10, *(abs(mark - end) for end in ends)]) * Fraction(5, 4)
    low = max(mark - reach, market.confidence + mark / 10**6)
    return [low + (mark + reach - low) * index / steps for index in range(steps + 1)]


def ends_of(evaluation: Evaluation) -> Iterator[Fraction]:
    """Where a position is liquidated, and where it is bankrupt, if anywhere."""
    if evaluation.bankruptcy_price is not None:
        yield evaluation.bankruptcy_price
    if evaluation.liquidation is not None:
        yield evaluation.liquidation.price


def find_equity(policy: MarketPolicy, position: Position, state: MarketState) -> Fraction | None:
    """Equity at a mark, where there is a price for the position's side."""
    try:
        return compute_equity(policy.contract, position, state, policy.price_rule).total
    except MarginError:
        return None


def find_requirement(
    policy: MarketPolicy, position: Position, state: MarketState, kind: RequirementKind
) -> Fraction | None:
    """A requirement at a mark, where the policy says something of it."""
    try:
        return compute_requirement(policy, position, state, kind).total
    except MarginError:
        return None
