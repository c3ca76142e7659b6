"""A policy comes into force at its moment, and the one before it is good for a grace."""

from dataclasses import replace

import pytest

from facts.committee import Verified
from facts.policy_version import PolicySchedule, PolicyVersion
from margin.errors import Reason
from tests.facts.refusals import refused
from tests.facts.specimens import GOVERNORS, NOW, POLICY, ROSTER, VENUE_KEY, signed_by

SECOND = replace(POLICY, version=2, policy_hash=22, active_from=NOW, grace_seconds=60)
THIRD = replace(POLICY, version=3, policy_hash=33, active_from=NOW + 600, grace_seconds=0)


def announced(version: PolicyVersion) -> Verified[PolicyVersion]:
    return ROSTER.verify(signed_by(version, GOVERNORS[:2]), NOW)


SCHEDULE = PolicySchedule((POLICY,)).announce(announced(SECOND)).announce(announced(THIRD))


@pytest.mark.parametrize(
    ("moment", "good"),
    [
        (NOW - 100, [1]),
        (NOW - 1, [1]),
        (NOW, [1, 2]),
        (NOW + 59, [1, 2]),
        (NOW + 60, [2]),
        (NOW + 599, [2]),
        (NOW + 600, [3]),
        (NOW + 10**6, [3]),
    ],
)
def test_which_versions_are_good(moment: int, good: list[int]) -> None:
    assert [version.version for version in SCHEDULE.good_at(moment)] == good
    for version in (POLICY, SECOND, THIRD):
        if version.version in good:
            assert SCHEDULE.require_good(version.policy_hash, moment) == version
        else:
            found = refused(SCHEDULE.require_good, version.policy_hash, moment)
            assert found == (Reason.WRONG_POLICY, "policy_hash")


def test_before_the_first_there_is_none() -> None:
    assert refused(SCHEDULE.good_at, POLICY.active_from - 1) == (Reason.NOT_ACTIVE, "version")


@pytest.mark.parametrize(
    ("bad", "reason", "field"),
    [
        (replace(THIRD, version=4), Reason.NOT_RISING, "version"),
        (replace(THIRD, version=2), Reason.NOT_RISING, "version"),
        (replace(THIRD, active_from=NOW), Reason.NOT_RISING, "active_from"),
        (replace(THIRD, market_id=8), Reason.UNKNOWN_MARKET, "market_id"),
        (replace(THIRD, venue="another.example"), Reason.UNKNOWN_MARKET, "market_id"),
    ],
)
def test_a_version_follows_the_last_one(bad: PolicyVersion, reason: Reason, field: str) -> None:
    assert refused(PolicySchedule((POLICY, SECOND)).announce, announced(bad)) == (reason, field)


def test_a_schedule_begins_with_the_first_version() -> None:
    assert refused(PolicySchedule, ()) == (Reason.WRONG_COUNT, "versions")
    assert refused(PolicySchedule, (SECOND,)) == (Reason.NOT_RISING, "version")


def test_governance_alone_announces() -> None:
    assert ROSTER.verify(signed_by(POLICY, GOVERNORS[:2]), NOW).statement == POLICY
    assert refused(ROSTER.verify, signed_by(POLICY, GOVERNORS[:1]), NOW)[0] is Reason.TOO_FEW_SIGNERS
    assert refused(ROSTER.verify, signed_by(POLICY, [VENUE_KEY]), NOW)[0] is Reason.UNKNOWN_SIGNER
