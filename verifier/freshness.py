"""Steps 3 and 4: whether a signed fact may take the place of the one before it, and whether it is still fresh.

The moment is given, and so is the fact that was accepted before; nothing is remembered here. The same rules are asked
when a fact comes in and again when a claim that names it is attested, because a fact that was fresh when a proof was
made may be stale by then.
"""

from dataclasses import dataclass
from typing import Protocol, TypeVar

from facts.book_root import BookRoot
from facts.committee import Verified
from facts.feed import Rules
from facts.lock_root import LockRoot
from facts.market_round import MarketRound, require_round_prices
from facts.moments import require_recent, require_span
from facts.signed import Statement
from margin.errors import Reason, RejectedError


class Sequenced(Statement, Protocol):
    """A statement of which the next one has a higher number."""

    @property
    def sequence(self) -> int:
        """The number."""


SequencedT = TypeVar("SequencedT", bound=Sequenced)


@dataclass(frozen=True, slots=True)
class AgeLimit:
    """How old a fact may be, and how far ahead the clock of its signers."""

    max_age_seconds: int
    max_ahead_seconds: int = 0

    def __post_init__(self) -> None:
        require_span(self.max_age_seconds, "max_age_seconds")
        require_span(self.max_ahead_seconds, "max_ahead_seconds")


def require_fresh_round(
    verified: Verified[MarketRound], before: MarketRound | None, rules: Rules, limit: AgeLimit, moment: int
) -> None:
    """A round follows the one before, is fresh as a whole and in every feed, and jumps only where a quorum says so."""
    require_next(verified.statement, before)
    require_age(verified.statement.closed_at, limit, moment, "closed_at")
    require_round_prices(verified, before, rules, moment)


def require_fresh_book(verified: Verified[BookRoot], before: BookRoot | None, limit: AgeLimit, moment: int) -> None:
    """A book root follows the one before it and is not too old."""
    require_next(verified.statement, before)
    require_age(verified.statement.published_at, limit, moment, "published_at")


def require_fresh_locks(verified: Verified[LockRoot], before: LockRoot | None, limit: AgeLimit, moment: int) -> None:
    """A lock root follows the one before it and is not too old; a lock root is of a final block or none at all."""
    require_next(verified.statement, before)
    require_age(verified.statement.observed_at, limit, moment, "observed_at")


def require_age(stated: int, limit: AgeLimit, moment: int, field: str) -> None:
    """Not too old, and not from the future."""
    age, ahead = limit.max_age_seconds, limit.max_ahead_seconds
    require_recent(stated, moment, max_age_seconds=age, max_ahead_seconds=ahead, field=field)


def require_next(statement: SequencedT, before: SequencedT | None) -> None:
    """A fact is the one that was accepted last, or a later one; two with one number are a lie of their signers."""
    if before is None or statement == before:
        return
    if statement.scope != before.scope:
        raise RejectedError(Reason.WRONG_COMMITTEE, "scope", found=statement.scope, expected=before.scope)
    if statement.sequence == before.sequence:
        expected = f"the statement that was accepted with number {before.sequence}, or a later one"
        raise RejectedError(Reason.EQUIVOCATION, "sequence", found="another statement", expected=expected)
    if statement.sequence < before.sequence:
        expected = f"above {before.sequence}"
        raise RejectedError(Reason.NOT_RISING, "sequence", found=statement.sequence, expected=expected)
