"""What a move of the mark does to a position: the same rules at a shocked price, nothing else changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from margin.amounts import parse_rate
from margin.contracts import Side
from margin.errors import MalformedError, Reason
from margin.evaluation import Evaluation, evaluate_position
from margin.policy import MarketPolicy
from margin.position import MarketState, Position

LARGEST_SHOCK = 10


@dataclass(frozen=True, slots=True)
class StressedEvaluation:
    """An evaluation at ``mark * (1 + shock)``."""

    shock: Fraction
    mark: Fraction
    evaluation: Evaluation


def require_shock(shock: Fraction, field: str = "shock") -> Fraction:
    """A relative move: above -100 %, so that a price is left, and at most 1000 %."""
    if not -1 < shock <= LARGEST_SHOCK:
        raise MalformedError(
            Reason.OUT_OF_BOUNDS,
            field,
            found=shock,
            expected=f"a move above -100 % and at most {LARGEST_SHOCK * 100} %",
        )
    return shock


def shock_against(side: Side, size: Fraction) -> Fraction:
    """A move of ``size`` in the direction in which a position of ``side`` loses."""
    return -side.sign * size


def parse_move(text: str, field: str = "shock") -> Fraction:
    """A move with its sign; up where it has none."""
    size = parse_rate(text.lstrip("+-"), field)
    return -size if text.startswith("-") else size


def parse_shock(text: str, side: Side, field: str = "shock") -> Fraction:
    """A signed move as it is; an unsigned one in the direction in which a position of ``side`` loses."""
    move = parse_move(text, field)
    return move if text.startswith(("+", "-")) else shock_against(side, move)


def stress_position(
    policy: MarketPolicy, position: Position, market: MarketState, shocks: Sequence[Fraction]
) -> tuple[StressedEvaluation, ...]:
    """Evaluate the position at each shocked mark; confidence, funding and asset prices stay as they are."""
    stressed = []
    for shock in shocks:
        mark = market.mark * (1 + require_shock(shock))
        stressed.append(StressedEvaluation(shock, mark, evaluate_position(policy, position, market.at_mark(mark))))
    return tuple(stressed)
