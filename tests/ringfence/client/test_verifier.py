"""A caller and a real verifier, over real sockets with mutual TLS."""

import asyncio
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from itertools import count, islice

import grpc
import pytest

from facts.log_entry import Event, State
from margin.errors import Reason
from ringfence.client.aio import AsyncConnection
from ringfence.client.answers import Holding, identify
from ringfence.client.connection import Connection
from ringfence.client.errors import AnswerError, RefusedError, StatusError, UnreachableError
from ringfence.client.procedure import Change
from ringfence.client.verifier import VerifiedClaim, Verifier
from ringfence.wire.claim import Refusal
from tests.ringfence.client.calling import Ask, anchor_of, calling, settings_of, show, verifier_of
from tests.verifier.running import BRIDGE, PERIOD, READER, RIVAL, TRADER, UPKEEP, VENUE_DESK, Running

pytestmark = pytest.mark.native

A_REQUEST = "a-request-of-the-caller"


def test_a_claim_is_verified_and_nothing_is_remembered(running: Running, verifier: Verifier, ask: Ask) -> None:
    claim = show(running.claim(1001))
    assert ask(verifier.verify(claim)) == VerifiedClaim(identify(claim), is_for_development=False)
    assert ask(verifier.log.head()).head.size == 0


def test_a_refusal_names_its_step(running: Running, verifier: Verifier, ask_either: Ask) -> None:
    other = running.claim(1001)
    forged = replace(show(other), proof=show(running.claim(1002)).proof)
    with pytest.raises(RefusedError) as refused:
        ask_either(verifier.verify(forged))
    assert refused.value.step == 7
    assert refused.value.reason == "V17_EQUATION_FAILS"


def test_positions_that_changed_are_applied_once(running: Running, verifier: Verifier, ask_either: Ask) -> None:
    claim = show(running.transition(51, 52, 53, 54))
    applied = ask_either(verifier.apply(claim), caller=VENUE_DESK)
    assert (applied.id, applied.entry.spent) == (identify(claim), (51, 52, 53, 54))
    again = ask_either(verifier.apply(show(running.transition(51, 52, 53, 54), seed=3)), caller=VENUE_DESK)
    assert (again.entry, again.index) == (applied.entry, applied.index)
    with pytest.raises(RefusedError) as refused:
        ask_either(verifier.apply(show(running.liquidation(51))), caller=VENUE_DESK)
    assert (refused.value.step, refused.value.reason) == (8, "NULLIFIER_SPENT")
    assert ask_either(verifier.log.entry(applied.index), caller=READER) == applied.entry
    assert ask_either(verifier.log.audit(), caller=READER).transitions == 1
    with pytest.raises(StatusError):
        ask_either(verifier.apply(claim), caller=TRADER)


def test_collateral_is_accepted_refreshed_and_released(running: Running, verifier: Verifier, ask_either: Ask) -> None:
    claim = show(running.claim(1001, 1002))
    accepted = ask_either(verifier.accept(claim))
    assert (accepted.attestation.event, accepted.acceptance.state) == (Event.ACCEPT, State.ACCEPTED)
    assert accepted.id == identify(claim)
    assert accepted.signed.is_signed_for_a_chain
    running.wait(30)
    refreshed = ask_either(verifier.refresh(accepted.id, show(running.claim(1001, 1002, 1003, policy=UPKEEP))))
    assert refreshed.acceptance.nullifiers == (1001, 1002, 1003)
    assert refreshed.acceptance.refreshed_at == accepted.acceptance.refreshed_at + 30
    running.wait(1)
    released = ask_either(verifier.release(accepted.id, [1001], show(running.claim(1002, 1003))))
    assert released.acceptance.nullifiers == (1002, 1003)
    gone = ask_either(verifier.release(accepted.id, [1002, 1003]), caller=BRIDGE)
    assert gone.acceptance.state is State.RELEASED
    assert ask_either(verifier.acceptance(accepted.id)).attestation == gone.attestation
    audit = ask_either(verifier.log.audit(), caller=READER)
    assert (audit.head.head.size, audit.acceptances, audit.live, audit.nullifiers) == (4, 1, 0, 3)


def test_a_lapsed_lock_is_seized(running: Running, verifier: Verifier, ask: Ask) -> None:
    accepted = ask(verifier.accept(show(running.claim(1001)), [b"sealed for the venue"]))
    running.wait(PERIOD + 1)
    assert ask(verifier.sealed_releases(accepted.id), caller=VENUE_DESK) == (b"sealed for the venue",)
    assert ask(verifier.sealed_releases(accepted.id)) == ()
    seized = ask(verifier.seize(accepted.id, show(running.release(1001))), caller=VENUE_DESK)
    assert (seized.acceptance.state, seized.attestation.left) == (State.SEIZED, (1001,))
    assert ask(verifier.log.audit(), caller=READER).live == 0


def test_the_same_request_and_the_same_claim_have_the_same_answer(
    running: Running, verifier: Verifier, ask: Ask
) -> None:
    shown = running.claim(1001)
    first = ask(verifier.accept(show(shown), request_id=A_REQUEST))
    again = ask(verifier.accept(show(shown, seed=1), request_id=A_REQUEST))
    other = ask(verifier.accept(show(shown, seed=2)))
    assert first.attestation == again.attestation == other.attestation
    with pytest.raises(StatusError) as refused:
        ask(verifier.accept(show(running.claim(1002)), request_id=A_REQUEST))
    assert (refused.value.code, refused.value.reason) == (grpc.StatusCode.ALREADY_EXISTS, "REQUEST_ID_TAKEN")


def test_a_request_is_answered_as_it_was_whatever_came_since(running: Running, verifier: Verifier) -> None:
    claim = show(running.claim(1001))
    with calling(running) as callers:
        first = callers.ask(verifier.accept(claim, request_id=A_REQUEST))
        running.wait(30)
        callers.ask(verifier.refresh(first.id, show(running.claim(1001, 1002, policy=UPKEEP))))
        again = callers.ask(verifier.accept(claim, request_id=A_REQUEST))
        assert (again.attestation, again.acceptance) == (first.attestation, first.acceptance)


def test_a_lock_is_taken_once(running: Running, verifier: Verifier, ask: Ask) -> None:
    ask(verifier.accept(show(running.claim(1001))))
    with pytest.raises(RefusedError) as refused:
        ask(verifier.accept(show(running.claim(1001, tag=8))), caller=RIVAL)
    assert (refused.value.step, refused.value.reason) == (8, Reason.NULLIFIER_SPENT)


def test_acceptances_are_listed_page_by_page(running: Running, verifier: Verifier, ask: Ask) -> None:
    ids = [ask(verifier.accept(show(running.claim(each, tag=each)))).id for each in (1001, 1002, 1003)]
    listed = ask(verifier.acceptances(), caller=BRIDGE)
    assert [each.id for each in listed] == ids
    assert [each.id for each in ask(verifier.acceptances(position_tag=1002), caller=BRIDGE)] == [ids[1]]
    assert ask(verifier.acceptances(State.LAPSED), caller=BRIDGE) == []
    assert len(ask(verifier.acceptances(most=2), caller=BRIDGE)) == 2


def test_trust_is_what_was_pinned(running: Running, verifier: Verifier, ask: Ask) -> None:
    trust = ask(verifier.trust())
    assert (trust.verifier, trust.log) == (running.trial.name, verifier.log.keys[0])
    anchor = replace(anchor_of(running), verifier="desk-2")
    with pytest.raises(AnswerError) as refused:
        ask(Verifier(anchor).trust())
    assert refused.value.field == "answer.verifier"


def test_who_may_not_is_told_so(running: Running, verifier: Verifier, ask: Ask) -> None:
    with pytest.raises(StatusError) as refused:
        ask(verifier.accept(show(running.claim(1001))), caller=READER)
    assert (refused.value.code, refused.value.reason) == (grpc.StatusCode.PERMISSION_DENIED, "NOT_ALLOWED")
    with pytest.raises(StatusError) as refused:
        ask(verifier.acceptance("ab" * 32))
    assert (refused.value.code, refused.value.field) == (grpc.StatusCode.NOT_FOUND, "acceptance_id")
    assert len(refused.value.request_id) >= 16


def test_many_claims_are_verified_over_one_stream(running: Running, verifier: Verifier) -> None:
    claims = [show(running.claim(each, tag=each)) for each in range(1001, 1021)]
    claims[7] = replace(claims[7], proof=claims[8].proof)
    with Connection(settings_of(running, BRIDGE)) as connection:
        answers = list(connection.exchange(verifier.verify_many(), claims))
    assert [claim for claim, _ in answers] == claims
    assert [place for place, (_, answer) in enumerate(answers) if isinstance(answer, Refusal)] == [7]

    async def exchange() -> int:
        async with AsyncConnection(settings_of(running, BRIDGE)) as connection:
            return len([each async for each in connection.exchange(verifier.verify_many(), claims)])

    assert asyncio.run(exchange()) == len(claims)


def revisions(changes: list[Change[Holding]]) -> list[tuple[int, int]]:
    return [(each.item.acceptance.log_index, each.item.acceptance.revision) for each in changes]


def test_a_watch_is_taken_up_again_without_a_gap_or_a_repetition(running: Running) -> None:
    with calling(running) as callers, Connection(settings_of(running, BRIDGE)) as connection:
        trader, bridge = verifier_of(running), verifier_of(running)

        def accept(number: int) -> int:
            """The leaf of it in the log."""
            return callers.ask(trader.accept(show(running.claim(number, tag=number)))).acceptance.log_index

        numbers = count(1001)
        with ThreadPoolExecutor(1) as pool:
            first = pool.submit(next, connection.follow(bridge.watch()))
            while not wait([first], timeout=0.2).done:  # a watch tells of nothing that happened before it began
                accept(next(numbers))
            seen = [first.result()]
        begun, last = seen[0].item.acceptance.log_index, [accept(next(numbers)) for _ in range(2)][-1]
        seen += islice(connection.follow(bridge.watch(), seen[-1].token), last - begun)
        accept(next(numbers))
        seen += islice(connection.follow(bridge.watch(), seen[-1].token), 1)
    assert revisions(seen) == [(leaf, 0) for leaf in range(begun, last + 2)]


def test_nobody_there_is_told_as_such(running: Running, verifier: Verifier) -> None:
    settings = replace(settings_of(running, TRADER, port=1), attempts=2)
    with Connection(settings) as connection, pytest.raises(UnreachableError) as failed:
        connection.ask(verifier.log.head())
    assert failed.value.code is grpc.StatusCode.UNAVAILABLE
