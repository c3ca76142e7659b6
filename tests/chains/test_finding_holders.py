"""Who holds a lock, asked of a real verifier for one exit after the other."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import pytest

from facts.log_entry import Event
from margin.errors import InternalError, Reason
from ringfence.cli.relaying import Source, Sources
from ringfence.client.connection import Connection
from tests.ringfence.client.calling import settings_of, verifier_of
from tests.verifier.claims import Watch
from tests.verifier.running import BRIDGE, PERIOD, Running, Trial

CROWD = 200


@dataclass
class Counted:
    """The connection to a verifier, with how often anything was asked."""

    connection: Connection
    asked: int = 0

    def ask(self, procedure: Any) -> Any:  # noqa: ANN401 - whatever a procedure comes to
        self.asked += 1
        return self.connection.ask(procedure)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("holders")
    with Trial(folder, Watch(), str(folder / "store.db")).serving() as running:
        yield running


@pytest.fixture(scope="module")
def accepted(running: Running) -> dict[int, str]:
    """Locks, each with the acceptance that holds it."""
    shown = {nullifier: running.claim(nullifier, tag=nullifier) for nullifier in (91, 92, 93)}
    answers = {nullifier: running.answer(running.accept(each)) for nullifier, each in shown.items()}
    return {nullifier: each.attestation.attestation.acceptance for nullifier, each in answers.items()}


@pytest.fixture
def counted(running: Running) -> Iterator[Counted]:
    with Connection(settings_of(running, BRIDGE)) as connection:
        yield Counted(connection)


def sources_of(counted: Counted, running: Running, most: int = 1000) -> Sources:
    return Sources([Source(cast("Connection", counted), verifier_of(running))], most)


def test_a_crowd_of_exits_has_a_verifier_asked_for_its_list_and_not_for_each(
    counted: Counted, running: Running, accepted: dict[int, str]
) -> None:
    sources = sources_of(counted, running)
    for nullifier, acceptance in accepted.items():
        assert sources.find_holder(nullifier) == acceptance
    for stranger in range(CROWD):
        assert sources.find_holder(10**6 + stranger) is None
    assert counted.asked < CROWD


def test_what_is_accepted_later_is_found_in_a_later_round(counted: Counted, running: Running) -> None:
    sources = sources_of(counted, running)
    assert sources.find_holder(94) is None
    acceptance = running.answer(running.accept(running.claim(94, tag=94))).attestation.attestation.acceptance
    found = next(found for found in iter(lambda: sources.find_holder(94), "never") if found is not None)
    assert found == acceptance


def test_a_list_that_was_cut_says_of_no_lock_that_nobody_holds_it(
    counted: Counted, running: Running, accepted: dict[int, str]
) -> None:
    sources = sources_of(counted, running, most=1)
    assert sources.find_holder(91) == accepted[91]
    with pytest.raises(InternalError) as failure:
        sources.find_holder(10**6)
    assert failure.value.reason is Reason.OUT_OF_BOUNDS


def test_a_lock_that_was_seized_is_still_its_acceptance_s(counted: Counted, running: Running) -> None:
    """Its venue is not paid yet: an exit of it has to be found, as long as the list is not even new."""
    sources = sources_of(counted, running)
    acceptance = running.answer(running.accept(running.claim(96, tag=96))).attestation.attestation.acceptance
    running.wait(PERIOD + 1)
    running.answer(running.seize(bytes.fromhex(acceptance), running.release(96)))
    assert sources.find_holder(96) == acceptance
    said = [each.attestation for each in sources.ask(acceptance)]
    assert [(each.event, each.held, each.left) for each in said] == [(Event.SEIZE, (), (96,))]
    asked = counted.asked
    for stranger in range(CROWD):
        assert sources.find_holder(10**6 + stranger) is None
    assert counted.asked - asked < CROWD, "what has ended is asked for once"
