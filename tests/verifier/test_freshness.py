"""Facts follow each other, and are fresh when they come in and when a claim that names them is attested."""

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any

import pytest

from facts.committee import Verified
from facts.ed25519 import SigningKey
from facts.feed import FeedPrice
from facts.market_round import MarketRound
from facts.signed import StatementT
from margin.errors import Reason
from tests.facts.refusals import refused
from tests.facts.specimens import (
    BITCOIN,
    BOOK,
    ETHER,
    LOCKS,
    NOW,
    PRICES,
    REPORTERS,
    ROSTER,
    ROUND,
    RULES,
    SIGNERS,
    signed_by,
)
from verifier.freshness import AgeLimit, require_fresh_book, require_fresh_locks, require_fresh_round

LIMIT = AgeLimit(max_age_seconds=60, max_ahead_seconds=5)
BEFORE = replace(ROUND, sequence=6)


def verified(statement: StatementT, keys: Collection[SigningKey] = ()) -> Verified[StatementT]:
    return ROSTER.verify(signed_by(statement, keys or SIGNERS[statement.SIGNED_BY]), NOW)


def check_round(
    statement: MarketRound = ROUND,
    before: MarketRound | None = BEFORE,
    moment: int = NOW,
    keys: Collection[SigningKey] = (),
) -> None:
    require_fresh_round(verified(statement, keys), before, RULES, LIMIT, moment)


def with_bitcoin(**changes: int) -> MarketRound:
    return replace(ROUND, prices=(replace(PRICES[0], **changes), PRICES[1]))  # type: ignore[arg-type]


def test_the_next_round_is_fresh() -> None:
    check_round()
    check_round(before=ROUND)
    check_round(moment=NOW + 27)


@pytest.mark.parametrize(
    ("act", "reason", "field"),
    [
        (lambda: check_round(moment=NOW + 28), Reason.TOO_OLD, f"{BITCOIN}.observed_at"),
        (lambda: check_round(moment=NOW - 6), Reason.FROM_THE_FUTURE, "closed_at"),
        (lambda: check_round(moment=NOW - 5), Reason.FROM_THE_FUTURE, f"{ETHER}.observed_at"),
        (lambda: check_round(replace(ROUND, closed_at=NOW - 61)), Reason.TOO_OLD, "closed_at"),
        (lambda: check_round(with_bitcoin(confidence=13_001)), Reason.CONFIDENCE_TOO_WIDE, f"{BITCOIN}.confidence"),
        (lambda: check_round(replace(ROUND, prices=PRICES[:1])), Reason.MISSING_PRICE, ETHER),
        (
            lambda: check_round(replace(ROUND, prices=(*PRICES, FeedPrice("market:x", 1, 0, NOW)))),
            Reason.UNKNOWN_FEED,
            "feed",
        ),
    ],
)
def test_a_round_that_is_not_fresh(act: Callable[[], None], reason: Reason, field: str) -> None:
    assert refused(act) == (reason, field)


@pytest.mark.parametrize(("statement", "check"), [(BOOK, require_fresh_book), (LOCKS, require_fresh_locks)])
def test_numbers_only_go_up(statement: Any, check: Callable[..., None]) -> None:  # noqa: ANN401 -- either of two
    known = verified(statement)
    check(known, None, LIMIT, NOW)
    check(known, statement, LIMIT, NOW)
    check(known, replace(statement, sequence=statement.sequence - 1), LIMIT, NOW)
    later = replace(statement, sequence=statement.sequence + 1)
    assert refused(check, known, later, LIMIT, NOW) == (Reason.NOT_RISING, "sequence")
    lie = replace(statement, root=statement.root + 1)
    assert refused(check, known, lie, LIMIT, NOW) == (Reason.EQUIVOCATION, "sequence")


def test_a_fact_follows_one_of_its_own() -> None:
    known = verified(BOOK)
    other = replace(BOOK, scope="another.example", sequence=1)
    assert refused(require_fresh_book, known, other, LIMIT, NOW) == (Reason.WRONG_COMMITTEE, "scope")


def test_ages_of_roots() -> None:
    require_fresh_book(verified(BOOK), None, LIMIT, NOW + 60)
    assert refused(require_fresh_book, verified(BOOK), None, LIMIT, NOW + 61) == (Reason.TOO_OLD, "published_at")
    assert refused(require_fresh_locks, verified(LOCKS), None, LIMIT, NOW + 61) == (Reason.TOO_OLD, "observed_at")
    assert refused(require_fresh_locks, verified(LOCKS), None, LIMIT, NOW - 6)[0] is Reason.FROM_THE_FUTURE


def test_a_jump_takes_the_quorum() -> None:
    edge = with_bitcoin(price=6_825_000)
    check_round(edge)
    jump = with_bitcoin(price=6_825_001)
    assert refused(check_round, jump) == (Reason.JUMP_TOO_LARGE, BITCOIN)
    check_round(jump, keys=REPORTERS[:4])
    down = with_bitcoin(price=6_174_999)
    assert refused(check_round, down) == (Reason.JUMP_TOO_LARGE, BITCOIN)


def test_what_has_nothing_before_it_is_a_jump() -> None:
    assert refused(check_round, ROUND, None) == (Reason.JUMP_TOO_LARGE, BITCOIN)
    assert refused(check_round, ROUND, replace(BEFORE, prices=PRICES[:1])) == (Reason.JUMP_TOO_LARGE, ETHER)
    check_round(ROUND, None, keys=REPORTERS[:4])


@pytest.mark.parametrize("name", ["max_age_seconds", "max_ahead_seconds"])
@pytest.mark.parametrize("bad", [-1, 10**10, True, 1.5])
def test_a_limit_is_a_length_of_time(name: str, bad: object) -> None:
    assert refused(replace, LIMIT, **{name: bad})[1] == name
