"""Committees of a council: who speaks, from when on, and what no committee can be."""

import pytest

from chains.development.deployment import Deployed, role
from facts.secp256k1 import SigningKey
from facts.typed_data import word
from tests.chains.nodes import needs_nodes
from tests.contracts.arena import (
    APPOINTMENT,
    GOVERNORS,
    RESUMPTION,
    REVOCATION,
    ROOT_POST,
    Arena,
    committee,
    digest_for,
    hash_addresses,
    keys_of,
    sign,
    spell,
    undone,
)

pytestmark = [needs_nodes, pytest.mark.slow]

DELAY, PAUSE = 5000, 1000
WATCHERS = keys_of("watcher", 5)
LOCK = 3


def found(arena: Arena, *committees: object, delay: int = DELAY, pause: int = PAUSE) -> Deployed:
    listed = committees or (committee("governors", GOVERNORS), committee("lock", WATCHERS[:3]))
    return arena.deploy("TrialBoard", (list(listed), delay, pause))


@pytest.fixture
def board(arena: Arena) -> Deployed:
    return found(arena)


def appoint(
    board: Deployed, keys: list[SigningKey], epoch: int, *, threshold: int | None = None, named: str = "lock"
) -> tuple[object, ...]:
    """The arguments of an appointment that the governors signed."""
    role_, members, needed = committee(named, keys, threshold)
    digest = digest_for(board, APPOINTMENT, [role_, word(epoch), hash_addresses(keys), word(needed)])
    return (role_, members, needed), epoch, sign(digest, GOVERNORS[:2])


def post(board: Deployed, keys: list[SigningKey], root: int = 7) -> tuple[object, ...]:
    """The arguments of a post that these keys signed."""
    moment = board.node.moment
    words = [word(each) for each in (LOCK, root, 1, moment)]
    return LOCK, root, 1, moment, sign(digest_for(board, ROOT_POST, words), keys)


def speaks(arena: Arena, board: Deployed, keys: list[SigningKey]) -> bool:
    return arena.refusal(board, "postRoot", *post(board, keys)) == ""


def test_a_council_tells_who_speaks_and_who_will(arena: Arena, board: Deployed) -> None:
    lock = role("lock")
    first = [spell(each.address) for each in WATCHERS[:3]]
    assert tuple(board.ask("committeeOf", lock)) == (1, tuple(first), 2)
    assert tuple(board.ask("nextCommitteeOf", lock)) == (0, (), 0, 0)
    arena.send(board, "appoint", *appoint(board, WATCHERS[2:], 2))
    second = tuple(spell(each.address) for each in WATCHERS[2:])
    assert board.ask("committeeOf", lock)[0] == 1
    assert tuple(board.ask("nextCommitteeOf", lock)) == (2, second, 2, arena.now + DELAY)
    arena.node.advance(DELAY)
    assert tuple(board.ask("committeeOf", lock)) == (2, second, 2)
    assert tuple(board.ask("nextCommitteeOf", lock)) == (0, (), 0, 0)
    assert board.ask("isMember", lock, spell(WATCHERS[4].address))
    assert not board.ask("isMember", lock, spell(WATCHERS[0].address))


def test_a_committee_speaks_from_the_second_on_in_which_it_takes_effect(arena: Arena, board: Deployed) -> None:
    arena.send(board, "appoint", *appoint(board, WATCHERS[3:], 2))
    assert speaks(arena, board, WATCHERS[:2])
    assert not speaks(arena, board, WATCHERS[3:])
    arena.node.advance(DELAY)
    assert not speaks(arena, board, WATCHERS[:2])
    assert speaks(arena, board, WATCHERS[3:])


def test_whoever_stays_speaks_without_a_break(arena: Arena, board: Deployed) -> None:
    """Through an appointment, one that was replaced before it took effect, and the one after."""
    arena.send(board, "appoint", *appoint(board, WATCHERS[3:], 2))
    arena.send(board, "appoint", *appoint(board, WATCHERS[1:4], 3))
    assert speaks(arena, board, WATCHERS[1:3])
    arena.node.advance(DELAY)
    assert speaks(arena, board, WATCHERS[1:3])
    assert speaks(arena, board, WATCHERS[2:4])
    assert not speaks(arena, board, WATCHERS[3:]), "the fifth was of the committee that was replaced"
    arena.send(board, "appoint", *appoint(board, [WATCHERS[0], *WATCHERS[3:]], 4))
    arena.node.advance(DELAY)
    assert speaks(arena, board, [WATCHERS[0], WATCHERS[4]])
    assert not speaks(arena, board, WATCHERS[1:3])


def test_governors_appoint_their_successors(arena: Arena, board: Deployed) -> None:
    others = keys_of("later governor", 3)
    arena.send(board, "appoint", *appoint(board, others, 2, named="governors"))
    arena.node.advance(DELAY)
    assert arena.refusal(board, "appoint", *appoint(board, WATCHERS[2:], 2)) == "SignerUnknown"


def test_a3_a_role_that_nobody_was_named_for_speaks_not(arena: Arena) -> None:
    board = found(arena, committee("governors", GOVERNORS))
    assert arena.refusal(board, "postRoot", *post(board, WATCHERS[:2])) == "RoleUnknown"
    arena.send(board, "appoint", *appoint(board, WATCHERS[:3], 1))
    assert arena.refusal(board, "postRoot", *post(board, WATCHERS[:2])) == "RoleUnknown"
    arena.node.advance(DELAY)
    assert speaks(arena, board, WATCHERS[:2])


def test_below_the_threshold_nothing_passes_until_others_were_appointed(arena: Arena, board: Deployed) -> None:
    for key in WATCHERS[:2]:
        words = [role("lock"), word(key.address)]
        signatures = sign(digest_for(board, REVOCATION, words), GOVERNORS[1:])
        arena.send(board, "revoke", role("lock"), spell(key.address), signatures)
        arena.send(board, "revoke", role("lock"), spell(key.address), signatures)
    assert not speaks(arena, board, WATCHERS[:2])
    assert not speaks(arena, board, WATCHERS[1:3])
    assert arena.refusal(board, "appoint", *appoint(board, WATCHERS[1:], 2)) == "MemberRevoked"
    arena.send(board, "appoint", *appoint(board, WATCHERS[2:], 2))
    arena.node.advance(DELAY)
    assert speaks(arena, board, WATCHERS[2:4])


def test_no_council_begins_on_a_charter_that_nobody_could_hold_to(arena: Arena) -> None:
    governors, watchers = committee("governors", GOVERNORS), committee("lock", WATCHERS)
    assert arena.refusal_of_making("TrialBoard", ([watchers], DELAY, PAUSE)) == "RoleUnknown"
    assert arena.refusal_of_making("TrialBoard", ([governors, governors], DELAY, PAUSE)) == "RoleFounded"
    for limit in (0, 366 * 86_400 + 1):
        assert arena.refusal_of_making("TrialBoard", ([governors], DELAY, limit)) == "PauseLimitMalformed"
    half = committee("lock", WATCHERS[:4], 2)
    assert arena.refusal_of_making("TrialBoard", ([governors, half], DELAY, PAUSE)) == "CommitteeMalformed"
    upside_down = (watchers[0], watchers[1][::-1], 3)
    assert arena.refusal_of_making("TrialBoard", ([governors, upside_down], DELAY, PAUSE)) == "MembersNotRising"
    assert arena.refusal_of_making("TrialBoard", ([governors], 0, 366 * 86_400)) == ""


def test_governors_end_a_pause_and_the_same_signatures_end_no_later_one(arena: Arena) -> None:
    accounts = sorted(each.lower() for each in arena.node.accounts[:2])
    with undone(arena):
        members = [*accounts, *(spell(key.address) for key in GOVERNORS)]
        board = found(arena, (role("governors"), sorted(members), 3))
        arena.send(board, "pause", sender=0)
        assert board.ask("isPaused")
        until = board.ask("pausedUntil")
        resumption = sign(digest_for(board, RESUMPTION, [word(until)]), GOVERNORS)
        arena.send(board, "resume", resumption)
        assert not board.ask("isPaused")
        arena.node.advance(PAUSE)
        arena.send(board, "pause", sender=1)
        assert arena.refusal(board, "resume", resumption) == "SignerUnknown"


def test_a_pause_survives_an_appointment(arena: Arena) -> None:
    accounts = sorted(each.lower() for each in arena.node.accounts[:1])
    members = sorted([*accounts, *(spell(key.address) for key in GOVERNORS[:2])])
    board = found(arena, (role("governors"), members, 2), delay=0, pause=DELAY)
    arena.send(board, "pause", sender=0)
    arena.send(board, "appoint", *appoint(board, GOVERNORS, 2, named="governors"))
    assert board.ask("committeeOf", role("governors"))[0] == 2
    assert board.ask("isPaused")
