"""The whole story over real sockets with mutual TLS: accepted, refreshed, released, lapsed, seized, and watched."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import chain
from pathlib import Path

import grpc
import pytest

from facts.log_entry import State
from ringfence.v1 import claim_pb2
from ringfence.v1 import verifier_service_pb2 as messages
from ringfence.wire.acceptance import read_acceptance, read_answer
from ringfence.wire.elements import write_field_element
from ringfence.wire.trust import read_trust
from tests.serving.running import PATIENCE, Details, code_of
from tests.verifier.claims import PERIOD, Watch
from tests.verifier.running import (
    BRIDGE,
    CONTRACT,
    DELEVERAGE,
    DEVELOPMENT,
    ENTRY,
    FOREIGN,
    LIQUIDATION,
    PERP,
    PLACE,
    QUICK,
    READER,
    RELEASE,
    SEIZURE,
    TRADER,
    TRANSITION,
    UPKEEP,
    VENUE_DESK,
    Running,
    Shown,
    Trial,
    refusal_of,
)

pytestmark = pytest.mark.native


def refused_code(error: pytest.ExceptionInfo[grpc.RpcError]) -> tuple[grpc.StatusCode, str]:
    return code_of(error.value), Details(error.value).info.reason


def test_accepted_refreshed_and_released(running: Running) -> None:
    accepted = running.answer(running.accept(running.claim(1, 2)))
    assert accepted.acceptance.state is State.ACCEPTED
    identity = bytes.fromhex(accepted.acceptance.id)
    running.wait(PERIOD - 1)
    topped_up = running.answer(running.refresh(identity, running.claim(1, 3, policy=UPKEEP))).acceptance
    assert (topped_up.state, topped_up.nullifiers, topped_up.revision) == (State.REFRESHED, (1, 2, 3), 1)
    assert topped_up.lapses_at == running.trial.clock.now + PERIOD
    assert topped_up.demand.policy == UPKEEP
    running.wait(1)
    fewer = running.answer(running.free(identity, [2, 3], running.claim(1))).acceptance
    assert (fewer.state, fewer.nullifiers, fewer.refreshed_at) == (State.REFRESHED, (1,), topped_up.refreshed_at)
    gone = running.answer(running.free(identity, [1], caller=BRIDGE)).acceptance
    assert (gone.state, gone.nullifiers) == (State.RELEASED, ())
    assert read_answer(running.get(identity), running.log_keys).acceptance == gone


def test_lapsed_and_seized_by_what_was_sealed(running: Running) -> None:
    sealed = [b"sealed for the first", b"sealed for the second"]
    identity = running.accept(running.claim(9, 5), sealed_releases=sealed).acceptance.id
    assert running.get(identity, TRADER).sealed_releases == []
    assert running.get(identity, BRIDGE).sealed_releases == []
    assert list(running.get(identity, VENUE_DESK).sealed_releases) == [sealed[1], sealed[0]]
    assert refusal_of(running.seize(identity, running.release(5))) == (8, "NOT_LAPSED")
    running.wait(PERIOD)
    assert refusal_of(running.refresh(identity, running.claim(5, 9, policy=UPKEEP))) == (8, "LAPSED")
    wait_until(lambda: running.get(identity).acceptance.state == messages.ACCEPTANCE_STATE_LAPSED)
    seized = running.answer(running.seize(identity, running.release(5))).acceptance
    assert (seized.state, seized.nullifiers) == (State.SEIZED, (9,))
    assert list(running.get(identity, VENUE_DESK).sealed_releases) == [sealed[0]]


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


# --- Refusals --------------------------------------------------------------------------------------------


def test_each_step_says_no_with_its_number(running: Running) -> None:
    elsewhere = replace(PLACE, contract=b"\x66" * 20)
    asked = {
        "another key": (running.claim(1, key=FOREIGN), (2, "NOT_A_KEY")),
        "a key of another kind": (running.claim(1, key=RELEASE), (2, "NOT_A_KEY")),
        "another book": (running.claim(1, book_root=5), (3, "WRONG_ROOT")),
        "another domain": (running.claim(1, domain="other.example"), (5, "WRONG_CONTEXT")),
        "another verifier": (running.claim(1, place=replace(PLACE, verifier="desk-2")), (5, "WRONG_CONTEXT")),
        "another contract": (running.claim(1, place=elsewhere), (5, "WRONG_CONTEXT")),
        "another context": (running.claim(1, context=5), (5, "WRONG_CONTEXT")),
        "over": (running.claim(1, place=replace(PLACE, expiry=running.trial.clock.now)), (5, "EXPIRED")),
        "another policy": (running.claim(1, policy=UPKEEP), (6, "WRONG_POLICY")),
        "another policy than it says": (with_policy(running, UPKEEP.encode()), (6, "WRONG_POLICY")),
    }
    for name, (shown, expected) in asked.items():
        assert refusal_of(running.accept(shown)) == expected, name
    bad = running.claim(1)
    message = replace(bad, inputs=replace(bad.inputs, position_tag=8)).message()
    message.proof.CopyFrom(bad.message().proof)
    request = messages.AcceptCollateralRequest(request_id="r" * 20, claim=message)
    assert refusal_of(running.ask().AcceptCollateral(request)) == (7, "V17_EQUATION_FAILS")
    running.answer(running.accept(running.claim(1)))
    assert refusal_of(running.accept(running.claim(1, tag=8))) == (8, "NULLIFIER_SPENT")
    assert running.verifier.desk.ledger.head.size == 1


def with_policy(running: Running, word: int) -> Shown:
    """A claim that says it has the policy that is asked for, and has another."""
    shown = running.claim(1)
    return replace(shown, inputs=replace(shown.inputs, policy=word))


def test_a_stale_root_is_refused_at_its_step(running: Running) -> None:
    shown = running.claim(1)
    running.trial.clock.now += 61
    assert refusal_of(running.accept(shown)) == (4, "TOO_OLD")
    running.publish()
    assert refusal_of(running.accept(shown)) == (4, "TOO_OLD")
    running.answer(running.accept(running.claim(1)))


def test_a_request_that_cannot_be_read_is_an_error(running: Running) -> None:
    message = running.claim(1).message()
    message.public_inputs.nullifiers[0] = b"\xff" * 32
    with pytest.raises(grpc.RpcError) as error:
        running.ask().AcceptCollateral(messages.AcceptCollateralRequest(request_id="r" * 16, claim=message))
    assert refused_code(error)[0] is grpc.StatusCode.INVALID_ARGUMENT
    assert Details(error.value).bad_request.field_violations[0].field == "claim.public_inputs.nullifiers[0]"


def test_sealed_releases_where_a_destination_wants_them(running: Running) -> None:
    running.trial.write_destinations(sealed_releases="required")
    assert refusal_of(running.accept(running.claim(1, 2))) == (1, "WRONG_COUNT")
    assert refusal_of(running.accept(running.claim(1, 2), sealed_releases=[b"one"])) == (1, "WRONG_COUNT")
    identity = running.accept(running.claim(1, 2), sealed_releases=[b"one", b"two"]).acceptance.id
    assert refusal_of(running.refresh(identity, running.claim(1, 3, policy=UPKEEP))) == (1, "WRONG_COUNT")
    running.answer(running.refresh(identity, running.claim(1, 3, policy=UPKEEP), sealed_releases=[b"three"]))


def test_destinations_are_read_again_and_acceptances_keep_their_terms(running: Running) -> None:
    kept = running.accept(running.claim(1)).acceptance
    running.trial.write_destinations(period_seconds=60, callers=["dns:nobody.example"])
    assert refusal_of(running.accept(running.claim(2))) == (5, "WRONG_CONTEXT")
    running.wait(10)
    refreshed = running.answer(running.refresh(kept.id, running.claim(1, policy=UPKEEP))).acceptance
    assert refreshed.lapses_at == running.trial.clock.now + PERIOD
    (running.trial.folder / "destinations.toml").write_text("no document")
    running.answer(running.accept(running.claim(3), BRIDGE))
    running.trial.write_destinations(callers=[f"dns:{TRADER}"])
    running.answer(running.accept(running.claim(4)))


# --- Many ------------------------------------------------------------------------------------------------


def test_a_batch_names_the_bad_ones_in_the_order_of_the_requests(running: Running) -> None:
    good = running.claim(1).message()
    spoilt = claim_pb2.Claim()
    spoilt.CopyFrom(good)
    spoilt.proof.CopyFrom(running.claim(2).message().proof)
    unreadable = claim_pb2.Claim()
    unreadable.CopyFrom(good)
    unreadable.public_inputs.context = b"short"
    stale = running.claim(1, book_root=9).message()
    kinds = [good, spoilt, good, unreadable, stale, good]
    expected = [0, 7, 0, 1, 3, 0]
    claims = [messages.NumberedClaim(number=n, claim=kinds[n % len(kinds)]) for n in range(60)]
    requests = [messages.VerifyBatchRequest(claims=claims[start : start + 7]) for start in range(0, 60, 7)]
    responses = running.ask(BRIDGE).VerifyBatch(iter(requests), timeout=PATIENCE)
    answers = list(chain.from_iterable(response.answers for response in responses))
    assert [each.number for each in answers] == list(range(60))
    assert [each.answer.refusal.step for each in answers] == [expected[n % len(kinds)] for n in range(60)]
    assert all(len(each.answer.claim_id) == 32 for each in answers if each.answer.verdict == claim_pb2.VERDICT_VALID)


def test_a_batch_is_answered_while_it_flows(running: Running) -> None:
    """The next request is sent when the last one was answered, so that nothing waits for the end of the stream."""
    answered = list[int]()

    def is_answered(number: int) -> bool:
        return len(answered) > number

    def requests() -> Iterator[messages.VerifyBatchRequest]:
        for number in range(5):
            claim = messages.NumberedClaim(number=number, claim=running.claim(1).message())
            yield messages.VerifyBatchRequest(claims=[claim])
            wait_until(partial(is_answered, number))

    answers = running.ask(BRIDGE).VerifyBatch(requests(), timeout=PATIENCE)
    answered.extend(each.number for answer in answers for each in answer.answers)
    assert answered == list(range(5))


@pytest.mark.parametrize("count", [0, 257])
def test_a_message_of_a_batch_has_a_bounded_number_of_claims(running: Running, count: int) -> None:
    claims = [messages.NumberedClaim(claim=running.claim(1).message())] * count
    requests = iter([messages.VerifyBatchRequest(claims=claims)])
    with pytest.raises(grpc.RpcError) as error:
        list(running.ask(BRIDGE).VerifyBatch(requests, timeout=PATIENCE))
    assert code_of(error.value) is grpc.StatusCode.INVALID_ARGUMENT


def test_verify_says_what_accept_would_say_but_takes_any_policy(running: Running) -> None:
    for policy in (ENTRY, UPKEEP, replace(UPKEEP, shock_ppm=50_000)):
        assert running.verify(running.claim(1, policy=policy)).verdict == claim_pb2.VERDICT_VALID
    assert running.verify(running.claim(1)).claim_id == running.verify(running.claim(1)).claim_id
    release = running.release(1, lock_root=running.claim(1).inputs.lock_root)
    assert running.verify(release, VENUE_DESK).verdict == claim_pb2.VERDICT_VALID
    elsewhere = running.release(1, place=replace(SEIZURE, recipient=b"\x01"), lock_root=release.inputs.lock_root)
    assert refusal_of(running.verify(elsewhere, VENUE_DESK)) == (5, "WRONG_CONTEXT")
    assert running.verifier.desk.ledger.head.size == 0


# --- What there is ---------------------------------------------------------------------------------------


def test_pages_with_filters(running: Running) -> None:
    made = [running.accept(running.claim(n, tag=n % 2 + 1)).acceptance.id for n in range(1, 8)]
    running.free(made[2], [3], caller=BRIDGE)
    assert list_ids(running) == made
    assert list_ids(running, state=messages.ACCEPTANCE_STATE_RELEASED) == [made[2]]
    assert list_ids(running, position_tag=write_field_element(1)) == made[1::2]
    assert list_ids(running, caller="elsewhere.example") == []
    first = running.ask(BRIDGE).ListAcceptances(messages.ListAcceptancesRequest(page_size=3))
    for spoilt in (first.next_page_token[:-1] + "x", "x" * 512, "0"):
        with pytest.raises(grpc.RpcError) as error:
            running.ask(BRIDGE).ListAcceptances(messages.ListAcceptancesRequest(page_token=spoilt))
        assert refused_code(error)[0] is grpc.StatusCode.INVALID_ARGUMENT
    other = messages.ListAcceptancesRequest(page_token=first.next_page_token, state=messages.ACCEPTANCE_STATE_RELEASED)
    with pytest.raises(grpc.RpcError) as error:
        running.ask(BRIDGE).ListAcceptances(other)
    assert Details(error.value).bad_request.field_violations[0].field == "page_token"


def list_ids(running: Running, caller: str = BRIDGE, **filters: object) -> list[bytes]:
    """All pages, three at a time."""
    found, token = [], ""
    while True:
        request = messages.ListAcceptancesRequest(page_size=3, page_token=token, **filters)  # type: ignore[arg-type]
        page = running.ask(caller).ListAcceptances(request)
        found += [read_acceptance(each).id for each in page.acceptances]
        token = page.next_page_token
        assert len(token) <= 512
        if not token:
            return [bytes.fromhex(each) for each in found]


def test_a_watch_tells_every_change_once_and_in_order(running: Running) -> None:
    watch = running.ask(BRIDGE).WatchAcceptances(messages.WatchAcceptancesRequest(), timeout=PATIENCE)
    assert not next(watch).HasField("acceptance")
    identity = running.accept(running.claim(1, 2)).acceptance.id
    running.refresh(identity, running.claim(1, policy=UPKEEP))
    running.accept(running.claim(3, place=replace(PLACE, contract=b"\x55" * 20)))
    running.wait(PERIOD)
    running.seize(identity, running.release(1))
    told = take_changes(watch, 4)
    assert [read_answer(each, running.log_keys).acceptance.state for each in told] == [
        State.ACCEPTED,
        State.REFRESHED,
        State.LAPSED,
        State.SEIZED,
    ]
    watch.cancel()
    resumed = messages.WatchAcceptancesRequest(resume_token=told[1].resume_token)
    again = running.ask(BRIDGE).WatchAcceptances(resumed, timeout=PATIENCE)
    assert [each.acceptance for each in take_changes(again, 2)] == [each.acceptance for each in told[2:]]
    assert next(each for each in again if not each.HasField("acceptance")).resume_token
    again.cancel()


def take_changes(
    watch: Iterator[messages.WatchAcceptancesResponse], count: int
) -> list[messages.WatchAcceptancesResponse]:
    """So many changes, without the signs of life between them."""
    found = []
    for each in watch:
        if each.HasField("acceptance"):
            found.append(each)
            if len(found) == count:
                return found
    raise AssertionError("the watch has ended")


def test_a_watch_ends_when_its_server_does(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    """By itself: it is told why, as it would not be if the server had to cut it off."""
    patient = replace(QUICK, drain_milliseconds=60_000, final_milliseconds=60_000)
    monkeypatch.setattr("tests.verifier.running.QUICK", patient)
    with trial.serving() as running:
        watch = running.ask(BRIDGE).WatchAcceptances(messages.WatchAcceptancesRequest(), timeout=PATIENCE)
        next(watch)
        assert running.verifier.server.drain()
        with pytest.raises(grpc.RpcError) as error:
            list(watch)
        assert refused_code(error) == (grpc.StatusCode.UNAVAILABLE, "NOT_READY")


def test_what_is_trusted(running: Running) -> None:
    trust = read_trust(running.ask(READER).GetTrust(messages.GetTrustRequest()))
    listed = (*PERP, RELEASE, TRANSITION, LIQUIDATION, DELEVERAGE)
    assert {each.statement for each in trust.keys} == {each.name for each in listed}
    assert {each.scope for each in trust.committees} == {
        *("ringfence.example", "prices.example", "venue.example"),
        *("chain:1", "chain:2"),
    }
    assert trust.log == running.log_keys[0]
    assert {each.contract for each in trust.destinations} == {CONTRACT, b"\x55" * 20}
    assert (len(trust.attestation_keys), len(trust.eip712_signers)) == (1, 1)


# --- Starting again --------------------------------------------------------------------------------------


def test_answers_outlive_the_process(trial: Trial) -> None:
    with trial.serving() as running:
        message = messages.AcceptCollateralRequest(request_id="kept-request-0001", claim=running.claim(1).message())
        before = running.ask().AcceptCollateral(message)
    with trial.serving() as running:
        running.accept(running.claim(2))
        after = running.ask().AcceptCollateral(message)
        running.answer(after)
    assert (after.acceptance, after.attestation) == (before.acceptance, before.attestation)
    assert after.receipt.leaf == before.receipt.leaf
    assert after.receipt.head.tree_size == 2


def test_a_development_key_is_told_in_every_answer(tmp_path: Path) -> None:
    trial = Trial(tmp_path, Watch(), str(tmp_path / "store.db"), development=True)
    trial.write_destinations(development_keys=True)
    with trial.serving() as running:
        shown = running.claim(1, key=DEVELOPMENT)
        assert running.verify(shown).is_for_development
        answer = running.answer(running.accept(shown))
        assert answer.acceptance.is_for_development
        assert answer.attestation.attestation.is_for_development
        trial.write_destinations(development_keys=False)
        assert refusal_of(running.accept(running.claim(2, key=DEVELOPMENT))) == (2, "NOT_A_KEY")
