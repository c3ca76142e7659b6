"""Acceptances come back as they went, and nothing else is taken for one."""

import pytest
from hypothesis import given, settings

from facts.log_entry import MAX_HELD, State
from margin.errors import MalformedError, Reason
from ringfence.v1 import verifier_service_pb2
from ringfence.wire.acceptance import (
    AcceptanceReport,
    read_acceptance,
    read_nullifiers,
    read_sealed_releases,
    read_state_filter,
    write_acceptance,
)
from tests.ringfence.wire.faults import taken
from tests.ringfence.wire.test_claim import A_PLACE, A_POLICY, DEMAND
from tests.ringfence.wire.values import acceptances

REPORT = AcceptanceReport(
    id="cd" * 32,
    state=State.REFRESHED,
    position_tag=4,
    nullifiers=(5, 6),
    demand=DEMAND,
    key_id="ab" * 32,
    is_for_development=True,
    accepted_at=1000,
    refreshed_at=2000,
    lapses_at=3000,
    revision=1,
    log_index=17,
)


@given(acceptances())
@settings(max_examples=50)
def test_acceptances_come_back_as_they_went(report: AcceptanceReport) -> None:
    sent = write_acceptance(report).SerializeToString()
    assert read_acceptance(verifier_service_pb2.Acceptance.FromString(sent)) == report


def test_every_field_is_refused_by_its_path() -> None:
    demanded = {(f"demand.{path}", how) for path, how in A_PLACE | A_POLICY}
    counted = {("revision", "zero"), ("log_index", "zero")}
    flag = {("is_for_development", "other")}
    assert taken(write_acceptance(REPORT), lambda message: read_acceptance(message, "")) == demanded | counted | flag


def test_nullifiers_stand_in_rising_order() -> None:
    message = write_acceptance(REPORT)
    message.nullifiers.reverse()
    with pytest.raises(MalformedError) as refused:
        read_acceptance(message)
    assert refused.value.field == "acceptance.nullifiers"


def test_a_list_of_nullifiers_is_bounded() -> None:
    with pytest.raises(MalformedError) as refused:
        read_nullifiers([number.to_bytes(32, "big") for number in range(1, MAX_HELD + 2)], "nullifiers")
    assert refused.value.reason is Reason.WRONG_COUNT
    with pytest.raises(MalformedError):
        read_nullifiers([], "nullifiers", least=1)


def test_a_filter_of_states_is_none_or_one() -> None:
    assert read_state_filter(verifier_service_pb2.ACCEPTANCE_STATE_UNSPECIFIED) is None
    assert read_state_filter(verifier_service_pb2.ACCEPTANCE_STATE_LAPSED) is State.LAPSED
    with pytest.raises(MalformedError):
        read_state_filter(99)  # type: ignore[arg-type]


def test_what_is_sealed_is_something_and_bounded() -> None:
    assert read_sealed_releases([b"1", b"2" * 4096]) == (b"1", b"2" * 4096)
    for sealed, field in (([b"1", b""], "[1]"), ([b"x" * 4097], "[0]"), ([b"1"] * 5, "")):
        with pytest.raises(MalformedError) as refused:
            read_sealed_releases(sealed)
        assert refused.value.field == f"sealed_releases{field}"
