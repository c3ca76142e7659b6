"""Locks that watchers sign each for itself, on both stores: enough of them make a root, and nobody counts twice."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from facts.committee import build_committee
from facts.lock_root import LockRoot
from facts.roster import Appointment
from facts.signed import Purpose, decode_signed
from margin.errors import MarginError, Reason
from tests.facts.refusals import refused
from tests.facts.specimens import CHAIN, GOVERNANCE, GOVERNORS, LOCKS, NOW, OUTSIDER, WATCHERS, signed_by
from tests.verifier.claims import IDENTITY, Watch
from tests.verifier.registries import (
    AGE,
    AHEAD,
    SECOND_WATCHERS,
    TRUST,
    book_of,
    locks_of,
    new_registry,
    open_registry,
    part_of,
    revocation_of,
)
from verifier.cosigning import KEPT_BLOCKS, Cosigned
from verifier.registry import Equivocation, Registry
from verifier.store.database import Database

FIRST, SECOND, THIRD = WATCHERS


@pytest.fixture
def registry(database: Database, clock: Watch) -> Registry:
    return open_registry(database, clock)


def count_parts(database: Database) -> int:
    """How many signatures wait."""
    with database.read() as transaction:
        return int(transaction.execute("SELECT count(*) FROM cosignature")[0][0])


# --- Enough of them --------------------------------------------------------------------------------------


def test_the_signature_that_reaches_the_threshold_publishes(registry: Registry, database: Database) -> None:
    waiting = registry.cosign(part_of(FIRST))
    assert waiting == Cosigned(LOCKS.sequence, 1, CHAIN.threshold, None)
    assert registry.roots(NOW).locks is None
    published = registry.cosign(part_of(SECOND))
    locks = registry.roots(NOW).locks
    assert locks is not None
    assert published == Cosigned(LOCKS.sequence, 2, 2, locks.root.to_bytes(32, "big"))
    assert {each.key for each in decode_signed(locks.facts[0], LockRoot).signatures} == {
        FIRST.public_key,
        SECOND.public_key,
    }
    assert count_parts(database) == 0


def test_the_same_again_is_answered_the_same(registry: Registry, database: Database) -> None:
    assert registry.cosign(part_of(FIRST)) == registry.cosign(part_of(FIRST))
    assert count_parts(database) == 1
    published = registry.cosign(part_of(SECOND))
    assert all(registry.cosign(part_of(each)) == published for each in WATCHERS)


def test_a_fact_that_all_have_signed_is_published_at_once(registry: Registry) -> None:
    assert registry.cosign(locks_of(keys=WATCHERS)).signatures == 3
    assert registry.cosign(part_of(THIRD)).is_published


def test_what_was_published_otherwise_is_answered_as_published(registry: Registry, database: Database) -> None:
    registry.cosign(part_of(THIRD))
    registry.publish(locks_of())
    assert count_parts(database) == 0
    assert registry.cosign(part_of(THIRD)).is_published


def test_what_waits_outlives_a_restart(registry: Registry, database: Database, clock: Watch) -> None:
    registry.cosign(part_of(FIRST))
    again = new_registry(database, clock)
    assert again.cosign(part_of(SECOND)).is_published
    assert registry.roots(NOW).locks == again.roots(NOW).locks != None  # noqa: E711 - three that are compared


def test_of_many_at_once_one_root_comes_to_be(registry: Registry, database: Database, clock: Watch) -> None:
    beside = new_registry(database, clock)
    with ThreadPoolExecutor(6) as pool:
        answers = list(
            pool.map(
                lambda each: each[0].cosign(each[1]),
                [(at, part_of(watcher)) for at in (registry, beside) for watcher in WATCHERS],
            )
        )
    assert sum(answer.is_published for answer in answers) >= 4
    assert len({answer.lock_root for answer in answers if answer.is_published}) == 1


# --- Who does not count ----------------------------------------------------------------------------------


@pytest.mark.parametrize("stranger", [OUTSIDER, SECOND_WATCHERS[0]], ids=["nobody", "of another chain"])
def test_a3_who_is_no_member_is_not_counted(registry: Registry, stranger: object) -> None:
    assert refused(registry.cosign, part_of(stranger)) == (Reason.UNKNOWN_SIGNER, "signatures[0].key")  # type: ignore[arg-type]


def test_a3_a_signature_that_is_none_is_not_kept(registry: Registry, database: Database) -> None:
    forged = bytearray(part_of(FIRST))
    forged[-1] ^= 1
    assert refused(registry.cosign, bytes(forged))[0] is Reason.WRONG_SIGNATURE
    assert count_parts(database) == 0


def test_a_key_that_is_revoked_meanwhile_counts_no_more(registry: Registry) -> None:
    registry.cosign(part_of(FIRST))
    registry.publish(revocation_of(FIRST))
    assert refused(registry.cosign, part_of(FIRST))[0] is Reason.REVOKED_SIGNER
    assert registry.cosign(part_of(SECOND)) == Cosigned(LOCKS.sequence, 1, 2, None)
    assert registry.cosign(part_of(THIRD)).is_published


def test_what_a_revoked_key_carried_over_the_threshold_is_not_told_as_published(registry: Registry) -> None:
    registry.cosign(part_of(FIRST))
    registry.cosign(part_of(SECOND))
    registry.publish(revocation_of(FIRST))
    assert refused(registry.cosign, part_of(THIRD)) == (Reason.REVOKED_SIGNER, "sequence")


def test_a_rotation_makes_other_bytes_and_convicts_nobody(registry: Registry) -> None:
    registry.cosign(part_of(FIRST))
    following = build_committee(
        Purpose.WATCHERS, CHAIN.scope, CHAIN.members, threshold=3, quorum=3, active_from=NOW, after=CHAIN
    )
    registry.publish(signed_by(Appointment(GOVERNANCE.scope, GOVERNANCE.digest, following), GOVERNORS).encode())
    assert refused(registry.cosign, part_of(SECOND))[0] is Reason.WRONG_COMMITTEE
    stated = decode_signed(part_of(FIRST), LockRoot).statement
    again = LockRoot(
        1,
        following.digest,
        *(getattr(stated, name) for name in ("sequence", "block_hash", "final_block", "observed_at", "root")),
    )
    assert registry.cosign(signed_by(again, [FIRST]).encode()).signatures == 1
    assert registry.evidence() == []
    assert registry.cosign(signed_by(again, [SECOND, THIRD]).encode()).is_published


# --- Who says two things ---------------------------------------------------------------------------------


def test_o5_a_watcher_who_says_two_things_of_one_block_is_convicted(database: Database, clock: Watch) -> None:
    told: list[Equivocation] = []
    open_registry(database, clock)
    registry = Registry(database, IDENTITY, TRUST, clock, told.append)
    first, second = part_of(FIRST), part_of(FIRST, root=5)
    registry.cosign(first)
    for _ in range(2):
        assert refused(registry.cosign, second) == (Reason.EQUIVOCATION, "sequence")
    assert registry.evidence() == [(first, second)]
    assert [(each.accepted, each.refused) for each in told] == [(first, second)] * 2
    assert registry.cosign(part_of(SECOND)).is_published


def test_o5_the_lie_of_one_is_found_in_a_fact_of_several_and_after_the_publication(registry: Registry) -> None:
    registry.cosign(part_of(FIRST))
    registry.cosign(part_of(SECOND))
    lie = locks_of(root=5, keys=[SECOND, THIRD])
    assert refused(registry.cosign, lie) == (Reason.EQUIVOCATION, "sequence")
    assert registry.evidence() == [(part_of(SECOND), part_of(SECOND, root=5))]


def test_one_lie_of_a_signer_is_kept_however_many_it_tells(registry: Registry) -> None:
    for sequence in range(1, 5):
        registry.cosign(part_of(FIRST, sequence=sequence))
        assert refused(registry.cosign, part_of(FIRST, sequence=sequence, root=5))[0] is Reason.EQUIVOCATION
    assert len(registry.evidence()) == 1


def test_another_view_of_a_block_is_no_lie_of_who_did_not_sign_it(registry: Registry) -> None:
    registry.cosign(part_of(FIRST, root=5))
    registry.cosign(part_of(SECOND))
    registry.cosign(part_of(THIRD))
    assert registry.evidence() == []
    dissent = part_of(FIRST, root=6, at=NOW - 1)
    assert refused(registry.cosign, dissent) == (Reason.CONFLICTING_FIELDS, "fact.statement")
    assert registry.evidence() == []


# --- When it is not taken, and how much of it is kept ----------------------------------------------------


def test_what_could_not_be_published_any_more_is_not_kept(registry: Registry, database: Database) -> None:
    registry.publish(locks_of())
    for changes, reason in (
        ({"sequence": LOCKS.sequence - 1}, Reason.NOT_RISING),
        ({"sequence": LOCKS.sequence + 1, "at": NOW - AGE - 1}, Reason.TOO_OLD),
        ({"sequence": LOCKS.sequence + 1, "at": NOW + AHEAD + 1}, Reason.FROM_THE_FUTURE),
    ):
        assert refused(registry.cosign, part_of(FIRST, **changes))[0] is reason
    assert refused(registry.cosign, book_of())[0] is Reason.WRONG_MESSAGE
    assert count_parts(database) == 0


def test_a_member_that_signs_without_end_takes_no_room_from_others(registry: Registry, database: Database) -> None:
    registry.cosign(part_of(SECOND))
    for sequence in range(LOCKS.sequence + 1, LOCKS.sequence + 4 * KEPT_BLOCKS):
        registry.cosign(part_of(FIRST, sequence=sequence))
    assert count_parts(database) == KEPT_BLOCKS + 1
    assert refused(registry.cosign, part_of(FIRST)) == (Reason.TOO_OLD, "sequence")
    assert registry.cosign(part_of(THIRD)).is_published
    registry.cosign(part_of(THIRD, sequence=LOCKS.sequence + 4 * KEPT_BLOCKS - 1))
    assert count_parts(database) == 0


def test_a_store_whose_parts_were_altered_publishes_nothing(registry: Registry, database: Database) -> None:
    registry.cosign(part_of(FIRST))
    with database.write() as transaction:
        transaction.execute("UPDATE cosignature SET signature = ?", bytes(64))
    with pytest.raises(MarginError):
        registry.cosign(part_of(SECOND))
    assert registry.roots(NOW).locks is None
