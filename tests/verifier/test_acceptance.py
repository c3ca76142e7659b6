"""The rules of the state machine, without a store."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facts.log_entry import MAX_HELD, Event, State
from facts.policy import StatementPolicy
from margin.errors import MarginError, Reason
from margin.requirement import RequirementKind
from tests.facts.refusals import refused
from tests.verifier.claims import BINDING, ENTRY, NOON, PERIOD, TERMS, UPKEEP, prove, prove_release
from verifier.acceptance import (
    Acceptance,
    Change,
    Sealed,
    Terms,
    free_locks,
    lapse_acceptance,
    let_go,
    open_acceptance,
    refresh_acceptance,
    seize_locks,
)

OPEN = open_acceptance(prove(1, 2), "trader.example", TERMS, NOON).acceptance
LATE = OPEN.lapses_at
LAPSED = lapse_acceptance(OPEN, LATE).acceptance
SEIZED = seize_locks(LAPSED, prove_release(1), LATE).acceptance
RELEASED = free_locks(OPEN, prove(), [1, 2], NOON).acceptance
REFRESHED = refresh_acceptance(OPEN, prove(1, policy=UPKEEP), NOON).acceptance

MOVES: dict[str, Callable[[Acceptance], Change]] = {
    "refresh": lambda acceptance: refresh_acceptance(acceptance, prove(policy=UPKEEP), NOON),
    "free": lambda acceptance: free_locks(acceptance, prove(), [2], NOON),
    "let go": lambda acceptance: let_go(acceptance, acceptance.held, NOON),
    "lapse": lambda acceptance: lapse_acceptance(acceptance, LATE),
    "seize": lambda acceptance: seize_locks(acceptance, prove_release(2), LATE),
}
TABLE = {
    (State.ACCEPTED, "refresh"): State.REFRESHED,
    (State.ACCEPTED, "free"): State.ACCEPTED,
    (State.ACCEPTED, "let go"): State.RELEASED,
    (State.ACCEPTED, "lapse"): State.LAPSED,
    (State.ACCEPTED, "seize"): Reason.NOT_LAPSED,
    (State.REFRESHED, "refresh"): State.REFRESHED,
    (State.REFRESHED, "free"): State.REFRESHED,
    (State.REFRESHED, "let go"): State.RELEASED,
    (State.REFRESHED, "lapse"): State.LAPSED,
    (State.REFRESHED, "seize"): Reason.NOT_LAPSED,
    (State.RELEASED, "refresh"): Reason.WRONG_STATE,
    (State.RELEASED, "free"): Reason.WRONG_STATE,
    (State.RELEASED, "let go"): Reason.WRONG_STATE,
    (State.RELEASED, "lapse"): Reason.WRONG_STATE,
    (State.RELEASED, "seize"): Reason.WRONG_STATE,
    (State.LAPSED, "refresh"): Reason.LAPSED,
    (State.LAPSED, "free"): Reason.LAPSED,
    (State.LAPSED, "let go"): Reason.LAPSED,
    (State.LAPSED, "lapse"): Reason.WRONG_STATE,
    (State.LAPSED, "seize"): State.SEIZED,
    (State.SEIZED, "refresh"): Reason.WRONG_STATE,
    (State.SEIZED, "free"): Reason.WRONG_STATE,
    (State.SEIZED, "let go"): Reason.WRONG_STATE,
    (State.SEIZED, "lapse"): Reason.WRONG_STATE,
    (State.SEIZED, "seize"): State.SEIZED,
}


def test_the_table_is_whole() -> None:
    assert TABLE.keys() == {(state, move) for state in State for move in MOVES}


@pytest.mark.parametrize(("state", "move"), TABLE)
def test_every_move_from_every_state(state: State, move: str) -> None:
    standing = (OPEN, REFRESHED, RELEASED, LAPSED, SEIZED)
    acceptance = next(each for each in standing if each.state is state)
    expected = TABLE[state, move]
    if isinstance(expected, Reason):
        assert refused(MOVES[move], acceptance)[0] == expected
        return
    change = MOVES[move](acceptance)
    assert (change.acceptance.state, change.acceptance.revision) == (expected, acceptance.revision + 1)
    logged = change.entry
    assert (logged.state, logged.held, logged.lapses_at, logged.revision) == (
        *(change.acceptance.state, change.acceptance.held, change.acceptance.lapses_at, change.acceptance.revision),
    )


def test_an_acceptance_holds_locks() -> None:
    assert refused(open_acceptance, prove(), "a", TERMS, NOON) == (Reason.NOT_APPLICABLE, "nullifiers")
    assert refused(open_acceptance, prove(1, policy=UPKEEP), "a", TERMS, NOON) == (Reason.WRONG_POLICY, "policy")


def test_who_lets_go_names_every_lock() -> None:
    for named in ([], [1], [1, 2, 3], [3]):
        assert refused(let_go, OPEN, named, NOON) == (Reason.NULLIFIER_NOT_HELD, "leaving")
    change = let_go(OPEN, [2, 1], NOON)
    assert (change.entry.claim, change.entry.left, change.acceptance.held) == (None, (1, 2), ())


def test_a_lock_comes_with_its_sealed_release_or_none_does() -> None:
    both = Sealed((b"of nine", b"of five"))
    assert open_acceptance(prove(9, 5), "a", TERMS, NOON, both).sealed == {9: b"of nine", 5: b"of five"}
    assert open_acceptance(prove(9, 5), "a", TERMS, NOON).sealed == {}
    short, required = Sealed((b"of nine",)), Sealed(required=True)
    for sealed in (short, required):
        assert refused(open_acceptance, prove(9, 5), "a", TERMS, NOON, sealed)[1] == "sealed_releases"
    topped_up = refresh_acceptance(OPEN, prove(1, 7, policy=UPKEEP), NOON, Sealed((b"of seven",), required=True))
    assert topped_up.sealed == {7: b"of seven"}
    assert refresh_acceptance(OPEN, prove(1, policy=UPKEEP), NOON, required).sealed == {}
    for release in (b"", bytes(4097)):
        assert refused(Sealed, (release,)) == (Reason.OUT_OF_BOUNDS, "sealed_releases[0]")


@pytest.mark.parametrize(("offset", "lives"), [(-1, True), (0, False), (1, False)])
def test_an_acceptance_lapses_at_its_second(offset: int, *, lives: bool) -> None:
    moment = OPEN.lapses_at + offset
    assert OPEN.is_live(moment) is lives
    if lives:
        assert refresh_acceptance(OPEN, prove(policy=UPKEEP), moment).acceptance.lapses_at == moment + PERIOD
        assert refused(lapse_acceptance, OPEN, moment) == (Reason.NOT_LAPSED, "moment")
    else:
        assert refused(refresh_acceptance, OPEN, prove(policy=UPKEEP), moment) == (Reason.LAPSED, "moment")
        assert refused(free_locks, OPEN, prove(), [1], moment) == (Reason.LAPSED, "moment")


def test_a_proof_is_good_no_longer_than_its_binding() -> None:
    short = prove(1, binding=replace(BINDING, expiry=NOON + 5))
    assert open_acceptance(short, "a", TERMS, NOON).acceptance.lapses_at == NOON + 5
    assert refused(open_acceptance, short, "a", TERMS, NOON + 5) == (Reason.EXPIRED, "expires")


def test_a_refresh_never_shortens() -> None:
    short = prove(policy=UPKEEP, binding=replace(BINDING, expiry=NOON + 5))
    assert refresh_acceptance(OPEN, short, NOON).acceptance.lapses_at == OPEN.lapses_at


def test_a_refresh_may_move_the_expiry_and_nothing_else_of_the_place() -> None:
    longer = prove(policy=UPKEEP, binding=replace(BINDING, expiry=BINDING.expiry + 1))
    assert refresh_acceptance(OPEN, longer, NOON).acceptance.state is State.REFRESHED
    for change in ({"verifier": "desk-2"}, {"chain_id": 2}, {"contract": b"\x01"}, {"recipient": b"\x01"}):
        claim = prove(policy=UPKEEP, binding=replace(BINDING, **change))
        assert refused(refresh_acceptance, OPEN, claim, NOON) == (Reason.WRONG_CONTEXT, "context")


def test_a_refresh_adds_what_is_new() -> None:
    change = refresh_acceptance(OPEN, prove(2, 9, policy=UPKEEP), NOON)
    assert (change.added, change.acceptance.held) == ((9,), (1, 2, 9))


def test_an_acceptance_is_bounded() -> None:
    full = replace(OPEN, held=tuple(range(1, MAX_HELD + 1)))
    assert refresh_acceptance(full, prove(1, policy=UPKEEP), NOON).acceptance.held == full.held
    assert refused(refresh_acceptance, full, prove(MAX_HELD + 1, policy=UPKEEP), NOON)[0] == Reason.OUT_OF_BOUNDS


@pytest.mark.parametrize(
    ("counted", "leaving", "reason"),
    [
        ((1,), (1,), Reason.CONFLICTING_FIELDS),
        ((1,), (3,), Reason.NULLIFIER_NOT_HELD),
        ((3,), (1,), Reason.NULLIFIER_NOT_HELD),
        ((1,), (), Reason.NOT_APPLICABLE),
    ],
)
def test_a_lock_leaves_by_a_proof_without_it(
    counted: tuple[int, ...], leaving: tuple[int, ...], reason: Reason
) -> None:
    assert refused(free_locks, OPEN, prove(*counted), leaving, NOON)[0] == reason


def test_a_lock_leaves_at_the_initial_requirement_only() -> None:
    lenient = Terms(UPKEEP, UPKEEP, PERIOD)
    acceptance = open_acceptance(prove(1, 2, policy=UPKEEP), "a", lenient, NOON).acceptance
    assert refused(free_locks, acceptance, prove(1, policy=UPKEEP), [2], NOON)[0] == Reason.WRONG_POLICY
    initial = StatementPolicy(RequirementKind.INITIAL)
    assert free_locks(acceptance, prove(1, policy=initial), [2], NOON).acceptance.held == (1,)


def test_a_lock_that_leaves_does_not_prolong() -> None:
    assert free_locks(OPEN, prove(1), [2], NOON + 5).acceptance.lapses_at == OPEN.lapses_at


def test_only_a_release_seizes_and_only_what_is_held() -> None:
    assert refused(seize_locks, LAPSED, prove(1), LATE) == (Reason.NOT_APPLICABLE, "policy")
    assert refused(seize_locks, LAPSED, prove_release(3), LATE) == (Reason.NULLIFIER_NOT_HELD, "nullifiers")
    assert refused(seize_locks, SEIZED, prove_release(1), LATE) == (Reason.NULLIFIER_NOT_HELD, "nullifiers")


def test_keys_for_development_stay_among_themselves() -> None:
    toy = open_acceptance(prove(1, is_for_development=True), "a", TERMS, NOON).acceptance
    assert toy.is_for_development
    assert refresh_acceptance(toy, prove(policy=UPKEEP, is_for_development=True), NOON).acceptance.is_for_development
    claim = prove(1, policy=UPKEEP, is_for_development=True)
    assert refused(refresh_acceptance, OPEN, claim, NOON) == (Reason.CONFLICTING_FIELDS, "key_id")


@pytest.mark.parametrize("period", [0, -1, 366 * 24 * 3600 + 1, True])
def test_a_period_is_bounded(period: int) -> None:
    assert refused(Terms, ENTRY, UPKEEP, period)[1] == "period_seconds"


def make_move(acceptance: Acceptance, move: str, book: int, lock: int, moment: int) -> Change:
    """One event, about one lock."""
    match move:
        case "refresh":
            return refresh_acceptance(acceptance, prove(lock, policy=UPKEEP, book=book), moment)
        case "free":
            return free_locks(acceptance, prove(book=book), [lock], moment)
        case "let go":
            return let_go(acceptance, acceptance.held, moment)
        case "lapse":
            return lapse_acceptance(acceptance, moment)
        case _:
            return seize_locks(acceptance, prove_release(lock), moment)


@given(st.lists(st.tuples(st.sampled_from(sorted(MOVES)), st.integers(0, 400), st.integers(1, 4)), max_size=12))
def test_whatever_happens_locks_are_never_both_here_and_gone(moves: list[tuple[str, int, int]]) -> None:
    acceptance, moment, gone = OPEN, NOON, set[int]()
    for book, (move, passed, lock) in enumerate(moves):
        moment += passed
        try:
            change = make_move(acceptance, move, book + 1, lock, moment)
        except MarginError:
            continue
        after = change.acceptance
        assert set(change.entry.left) == set(acceptance.held) - set(after.held)
        assert set(change.added) == set(after.held) - set(acceptance.held)
        assert after.lapses_at >= acceptance.lapses_at
        assert (after.state is State.LAPSED) == (change.entry.event is Event.LAPSE)
        if set(change.added) & gone:
            return  # a store refuses it here: a nullifier is new once
        gone |= set(change.entry.left)
        acceptance = after
        assert not gone & set(acceptance.held)
