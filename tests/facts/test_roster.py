"""Governance appoints and revokes; a roster is one answer to who speaks for what at a moment."""

from dataclasses import replace

import pytest

from facts.roster import Appointment, Revocation, Roster
from facts.signed import Purpose
from margin.errors import Reason
from tests.facts.refusals import refused
from tests.facts.specimens import (
    CHAIN,
    GOVERNANCE,
    GOVERNORS,
    LOCKS,
    NOW,
    ORACLE,
    REPORTERS,
    ROSTER,
    ROUND,
    START,
    VENUE,
    WATCHERS,
    appoint,
    committee_of,
    keys_of,
    revoke,
    signed_by,
)

NEW_REPORTERS = keys_of("new reporter", 5)
NEXT = committee_of(Purpose.ORACLE, ORACLE.scope, NEW_REPORTERS, 3, 4, after=ORACLE, active_from=NOW + 10)
NEXT_ROUND = replace(ROUND, committee=NEXT.digest)


def appointment_of(appointed: object, **changes: object) -> Appointment:
    fields: dict[str, object] = {"scope": GOVERNANCE.scope, "committee": GOVERNANCE.digest, "appointed": appointed}
    return Appointment(**(fields | changes))  # type: ignore[arg-type]


def test_a_roster_starts_from_the_governance_that_is_pinned() -> None:
    roster = Roster.start(GOVERNANCE, GOVERNANCE.digest)
    assert roster.in_force(Purpose.GOVERNANCE, GOVERNANCE.scope, NOW) == GOVERNANCE
    assert refused(Roster.start, GOVERNANCE, ORACLE.digest) == (Reason.WRONG_COMMITTEE, "governance")
    assert refused(Roster.start, ORACLE, ORACLE.digest) == (Reason.NOT_APPLICABLE, "governance")


def test_it_knows_whom_governance_appointed() -> None:
    for committee in (ORACLE, VENUE, CHAIN):
        assert ROSTER.in_force(committee.purpose, committee.scope, NOW) == committee
    assert refused(ROSTER.in_force, Purpose.ORACLE, "another.example", NOW) == (Reason.WRONG_COMMITTEE, "committee")
    assert refused(ROSTER.in_force, Purpose.ORACLE, ORACLE.scope, START - 1) == (Reason.NOT_ACTIVE, "committee")


def test_a_statement_is_verified_by_the_committee_in_force() -> None:
    assert ROSTER.verify(signed_by(ROUND, REPORTERS[:3]), NOW).committee == ORACLE
    assert ROSTER.verify(signed_by(LOCKS, WATCHERS[:2]), NOW).committee == CHAIN


def test_a_rotation_takes_place_at_its_moment() -> None:
    rotated = appoint(ROSTER, NEXT)
    old, new = signed_by(ROUND, REPORTERS[:3]), signed_by(NEXT_ROUND, NEW_REPORTERS[:3])
    rotated.verify(old, NOW + 9)
    assert refused(rotated.verify, new, NOW + 9) == (Reason.WRONG_COMMITTEE, "committee")
    assert refused(rotated.verify, old, NOW + 10) == (Reason.WRONG_COMMITTEE, "committee")
    rotated.verify(new, NOW + 10)
    ROSTER.verify(old, NOW + 10)


def test_an_appointment_takes_the_quorum_of_governance() -> None:
    strict = committee_of(Purpose.GOVERNANCE, "strict.example", GOVERNORS, 2, 3)
    roster = Roster.start(strict, strict.digest)
    appointment = Appointment(strict.scope, strict.digest, ORACLE)
    assert refused(roster.appoint, signed_by(appointment, GOVERNORS[:2]), NOW)[0] is Reason.TOO_FEW_SIGNERS
    roster.appoint(signed_by(appointment, GOVERNORS), NOW)


@pytest.mark.parametrize(
    ("changes", "reason", "field"),
    [
        ({"epoch": 3}, Reason.NOT_RISING, "epoch"),
        ({"predecessor": VENUE.digest}, Reason.WRONG_COMMITTEE, "predecessor"),
        ({"active_from": START}, Reason.OUT_OF_BOUNDS, "active_from"),
    ],
)
def test_a_committee_follows_the_last_one(changes: dict[str, object], reason: Reason, field: str) -> None:
    appointment = appointment_of(replace(NEXT, **changes))  # type: ignore[arg-type]
    assert refused(ROSTER.appoint, signed_by(appointment, GOVERNORS), NOW) == (reason, field)


def test_an_appointment_counts_once() -> None:
    signed = signed_by(appointment_of(NEXT), GOVERNORS)
    rotated = ROSTER.appoint(signed, NOW)
    assert refused(rotated.appoint, signed, NOW) == (Reason.NOT_RISING, "epoch")


def test_a_first_committee_is_the_first() -> None:
    stranger = committee_of(Purpose.ORACLE, "another.example", NEW_REPORTERS, 3, 4, after=ORACLE)
    assert refused(ROSTER.appoint, signed_by(appointment_of(stranger), GOVERNORS), NOW) == (Reason.NOT_RISING, "epoch")


def test_there_is_one_governance() -> None:
    second = committee_of(Purpose.GOVERNANCE, "second.example", GOVERNORS, 2, 2)
    appointment = appointment_of(second)
    assert refused(ROSTER.appoint, signed_by(appointment, GOVERNORS), NOW) == (Reason.WRONG_COMMITTEE, "scope")
    foreign = appointment_of(ORACLE, scope="second.example")
    assert refused(ROSTER.appoint, signed_by(foreign, GOVERNORS), NOW) == (Reason.WRONG_COMMITTEE, "scope")


def test_governance_rotates_itself_and_the_old_one_has_no_say() -> None:
    governors = keys_of("new governor", 3)
    successor = committee_of(Purpose.GOVERNANCE, GOVERNANCE.scope, governors, 2, 2, after=GOVERNANCE, active_from=NOW)
    rotated = appoint(ROSTER, successor)
    assert refused(rotated.appoint, signed_by(appointment_of(NEXT), GOVERNORS), NOW)[0] is Reason.WRONG_COMMITTEE
    assert appoint(rotated, NEXT, governors=governors).in_force(Purpose.ORACLE, ORACLE.scope, NOW + 10) == NEXT


def test_governance_stays_able_to_act() -> None:
    once = revoke(ROSTER, GOVERNORS[0])
    assert GOVERNORS[0].public_key in once.revoked
    again = Revocation(GOVERNANCE.scope, GOVERNANCE.digest, GOVERNORS[1].public_key)
    assert refused(once.revoke, signed_by(again, GOVERNORS[1:]), NOW) == (Reason.TOO_FEW_SIGNERS, "members")


def test_a_revoked_key_is_appointed_nowhere_that_needs_it() -> None:
    roster = ROSTER
    for key in NEW_REPORTERS[:2]:
        roster = revoke(roster, key)
    appointment = appointment_of(NEXT)
    assert refused(roster.appoint, signed_by(appointment, GOVERNORS), NOW) == (Reason.TOO_FEW_SIGNERS, "members")


def test_a_revocation_may_be_said_twice() -> None:
    once = revoke(ROSTER, REPORTERS[0])
    assert revoke(once, REPORTERS[0]).revoked == once.revoked
    assert ROSTER.revoked == frozenset()
