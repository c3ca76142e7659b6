"""The attacks on positions that change: a leaf succeeded twice, a birth repeated, other money or places than proven."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import grpc
import pytest

from facts.deleverage import StatedDeleverage
from facts.liquidation import LiquidationFlows, StatedLiquidation
from facts.public_inputs import unused_input
from facts.transition import Flows, StatedTransition
from margin.deleverage import PnlBasis
from ringfence.v1 import claim_pb2, log_service_pb2
from ringfence.v1 import verifier_service_pb2 as messages
from ringfence.wire.claim import write_demand
from serving.roles import ROLES
from tests.attacks.dying_ledger import Verifiers, run_verifiers
from tests.serving.running import PATIENCE, Details, code_of
from tests.verifier.claims import IDENTITY, NOON, Watch
from tests.verifier.running import (
    BRIDGE,
    LIQUIDATION,
    OTHER_CONTRACT,
    PERP,
    PLACE,
    READER,
    RELEASE,
    STATED,
    TRADER,
    VENUE_DESK,
    Running,
    Shown,
    Trial,
    name_request,
    refusal_of,
)
from verifier.store.address import open_database
from verifier.store.audit import audit_store
from verifier.store.ledger import Ledger, Step
from verifier.store.schema import upgrade_store
from verifier.store.sqlite import create_file

pytestmark = pytest.mark.native

CROWD = 16
ON_DISK = {Step.AFTER_COMMIT, Step.BEFORE_REPLY}


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    with Trial(tmp_path, Watch(), str(tmp_path / "store.db")).serving() as found:
        yield found


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One verifier for all attacks that leave nothing behind."""
    folder = tmp_path_factory.mktemp("verifier")
    with Trial(folder, Watch(), str(folder / "store.db")).serving() as found:
        yield found


def size_of(running: Running) -> int:
    return running.verifier.desk.ledger.head.size


# --- Twice -----------------------------------------------------------------------------------------------


def test_a_replayed_transition_is_the_same_transition(running: Running) -> None:
    """The same claim, whoever sends it and whichever proof it shows: one leaf, one answer."""
    shown = running.transition(11, 12, 13, 14)
    first = running.applied(running.apply(shown))
    for seed in range(1, 4):
        again = running.applied(running.apply(shown, claim=shown.message(seed)))
        assert (again.entry, again.receipt.index) == (first.entry, first.receipt.index)
    assert size_of(running) == 1


@pytest.mark.parametrize("shared", range(4))
def test_an_old_leaf_is_succeeded_once_and_a_position_born_once(running: Running, shared: int) -> None:
    """Of four spends one was there before: an old leaf, or a birth."""
    running.applied(running.apply(running.transition(11, 12, 13, 14)))
    spent = [21, 22, 23, 24]
    spent[shared] = 11 + shared
    for stated in (STATED, StatedTransition((601, 602), STATED.flows)):
        assert refusal_of(running.apply(running.transition(*spent, stated=stated))) == (8, "NULLIFIER_SPENT")
    running.wait(1)
    assert refusal_of(running.apply(running.transition(*spent))) == (8, "NULLIFIER_SPENT")
    assert size_of(running) == 1


@pytest.mark.parametrize("first", ["transition", "liquidation"])
def test_one_old_leaf_by_its_owner_and_by_its_venue(running: Running, first: str) -> None:
    """Whoever comes first: a liquidation that comes later finds nothing, and so does a withdrawal after it."""
    by_owner, by_venue = running.transition(11, 12, 13, 14), running.liquidation(11)
    claims = [by_owner, by_venue] if first == "transition" else [by_venue, by_owner]
    applied = running.applied(running.apply(claims[0])).entry
    assert applied.kind.name.lower() == first
    assert applied.leaves == ((501, 502) if first == "transition" else (505,))
    assert refusal_of(running.apply(claims[1])) == (8, "NULLIFIER_SPENT")
    assert size_of(running) == 1


def test_a_position_is_liquidated_once(running: Running) -> None:
    running.applied(running.apply(running.liquidation(11)))
    assert refusal_of(running.apply(running.liquidation(11, leaf=506))) == (8, "NULLIFIER_SPENT")
    running.applied(running.apply(running.liquidation(12, leaf=506)))


def test_a_leaf_that_was_spent_is_no_lock(running: Running) -> None:
    running.applied(running.apply(running.transition(11, 12, 13, 14)))
    assert refusal_of(running.accept(running.claim(12))) == (8, "NULLIFIER_SPENT")
    running.answer(running.accept(running.claim(15)))
    assert refusal_of(running.apply(running.transition(15, 16, 17, 18))) == (8, "NULLIFIER_SPENT")


def test_sixteen_at_once_are_one(running: Running) -> None:
    """Each spends the same old leaf into leaves of its own."""
    claims = [
        running.transition(
            11, 1000 + number, 2000 + number, 3000 + number, stated=StatedTransition((number, 9), STATED.flows)
        )
        for number in range(1, CROWD + 1)
    ]
    answers = submit_together(running, claims)
    refused = [refusal_of(each) for each in answers if not each.HasField("transition")]
    assert refused == [(8, "NULLIFIER_SPENT")] * (CROWD - 1)
    assert size_of(running) == 1


def test_sixteen_with_one_claim_have_one_answer(running: Running) -> None:
    shown = running.transition(11, 12, 13, 14)
    answers = submit_together(running, [shown] * CROWD)
    assert len({each.transition.SerializeToString(deterministic=True) for each in answers}) == 1
    assert len({each.receipt.leaf for each in answers}) == 1
    assert size_of(running) == 1


def submit_together(running: Running, claims: list[Shown]) -> list[messages.ApplyTransitionResponse]:
    answers: list[messages.ApplyTransitionResponse] = []
    crowd = [threading.Thread(target=lambda each=each: answers.append(running.apply(each))) for each in claims]
    for thread in crowd:
        thread.start()
    for thread in crowd:
        thread.join()
    assert len(answers) == len(claims)
    return answers


# --- Other money, other leaves ---------------------------------------------------------------------------

FLOWS = {
    "less paid in": replace(STATED.flows, paid_in=STATED.flows.paid_in - 1),
    "more paid out": replace(STATED.flows, paid_out=1),
    "fees": replace(STATED.flows, fees=1),
    "the other way round": replace(STATED.flows, settled=125),
    "nothing settled": replace(STATED.flows, settled=0),
    "another currency": replace(STATED.flows, currency_id=841),
}


def restated(shown: Shown, stated: StatedTransition) -> Shown:
    """The same proof, with something else said beside it."""
    return replace(shown, demand=replace(shown.demand, policy=stated))


@pytest.mark.parametrize("change", FLOWS)
def test_other_flows_than_were_proven(standing: Running, change: str) -> None:
    lied = restated(standing.transition(), StatedTransition(STATED.leaves, FLOWS[change]))
    assert refusal_of(standing.apply(lied)) == (6, "WRONG_TRANSITION")
    assert refusal_of(standing.verify(lied)) == (6, "WRONG_TRANSITION")
    assert size_of(standing) == 0


PENALTIES = {
    "a smaller penalty": LiquidationFlows(840, settled=4_000_000, penalty=29_999),
    "a gap that nobody paid": LiquidationFlows(840, settled=4_000_000, penalty=30_000, gap=1),
    "a better price": LiquidationFlows(840, settled=4_000_000, penalty=30_000, slippage=1),
    "more returned": LiquidationFlows(840, settled=4_000_000, penalty=30_000, returned=1),
}


@pytest.mark.parametrize("change", PENALTIES)
def test_another_liquidation_than_was_proven(standing: Running, change: str) -> None:
    shown = standing.liquidation(11)
    stated = shown.demand.policy
    assert isinstance(stated, StatedLiquidation)
    for lie in (StatedLiquidation(505, PENALTIES[change]), replace(stated, leaf=506)):
        lied = replace(shown, demand=replace(shown.demand, policy=lie))
        assert refusal_of(standing.apply(lied)) == (6, "WRONG_TRANSITION")


def test_a_queue_in_another_order_than_was_proven(standing: Running) -> None:
    shown = standing.deleverage()
    assert standing.verify(shown).verdict == claim_pb2.VERDICT_VALID
    stated = shown.demand.policy
    assert isinstance(stated, StatedDeleverage)
    lies = (
        replace(stated, entries=(603, 602, 604, 605)),
        replace(stated, entries=(602, 603, 604)),
        replace(stated, bankrupt=602),
        replace(stated, basis=PnlBasis.MARK),
    )
    for lie in lies:
        lied = replace(shown, demand=replace(shown.demand, policy=lie))
        assert refusal_of(standing.verify(lied)) == (6, "WRONG_TRANSITION")


def test_a_queue_changes_no_position(standing: Running) -> None:
    """What a deleverage shows is an order; whose lots are taken is closed by a transition."""
    assert refusal_of(standing.apply(standing.deleverage())) == (2, "NOT_A_KEY")


@pytest.mark.parametrize("leaves", [(501, 503), (503, 502), (502, 501), (501, 501)])
def test_another_leaf_than_was_proven(standing: Running, leaves: tuple[int, int]) -> None:
    lied = restated(standing.transition(), StatedTransition(leaves, STATED.flows))
    assert refusal_of(standing.apply(lied)) == (6, "WRONG_TRANSITION")
    assert size_of(standing) == 0


def test_a_proof_of_something_else_is_none(standing: Running) -> None:
    shown = standing.transition()
    message = replace(shown, inputs=replace(shown.inputs, nullifiers=(1, 2, 3, 4))).message()
    message.proof.CopyFrom(shown.message().proof)
    assert refusal_of(standing.apply(shown, claim=message)) == (7, "V17_EQUATION_FAILS")


@pytest.mark.parametrize(
    ("stated", "part"),
    [
        (claim_pb2.TransitionTerms(leaves=[bytes(31) + b"\x01"] * 2), "flows"),
        (claim_pb2.TransitionTerms(leaves=[bytes(31) + b"\x01"], flows=claim_pb2.Flows(currency_id=1)), "leaves"),
        (claim_pb2.TransitionTerms(leaves=[bytes(32)] * 2, flows=claim_pb2.Flows(currency_id=1)), "leaves[0]"),
        (claim_pb2.TransitionTerms(leaves=[b"\xff" * 32] * 2, flows=claim_pb2.Flows(currency_id=1)), "leaves[0]"),
    ],
)
def test_what_is_stated_is_whole_or_malformed(standing: Running, stated: claim_pb2.TransitionTerms, part: str) -> None:
    message = standing.transition().message()
    message.demand.transition.CopyFrom(stated)
    with pytest.raises(grpc.RpcError) as error:
        standing.apply(standing.transition(), claim=message)
    assert code_of(error.value) is grpc.StatusCode.INVALID_ARGUMENT
    (violation,) = Details(error.value).bad_request.field_violations
    assert violation.field == f"claim.demand.transition.{part}"


# --- Elsewhere, and another statement --------------------------------------------------------------------

ELSEWHERE = {
    "another verifier": replace(PLACE, verifier="desk-2"),
    "another chain": replace(PLACE, chain_id=2),
    "another contract": replace(PLACE, contract=b"\x66" * 20),
}


@pytest.mark.parametrize("what", ELSEWHERE)
def test_a_transition_for_another_place(standing: Running, what: str) -> None:
    """As it was made, and with this place said beside it."""
    shown = standing.transition(place=ELSEWHERE[what])
    assert refusal_of(standing.apply(shown)) == (5, "WRONG_CONTEXT")
    here = replace(shown, demand=replace(shown.demand, binding=PLACE))
    assert refusal_of(standing.apply(here)) == (5, "WRONG_CONTEXT")
    assert size_of(standing) == 0


def test_a_transition_for_another_domain_or_another_day(standing: Running) -> None:
    assert refusal_of(standing.apply(standing.transition(domain="other.example"))) == (5, "WRONG_CONTEXT")
    over = replace(PLACE, expiry=standing.trial.clock.now)
    assert refusal_of(standing.apply(standing.transition(place=over))) == (5, "EXPIRED")


def test_a_transition_is_proved_under_a_key_of_transitions(standing: Running) -> None:
    for key in (PERP[3], LIQUIDATION, RELEASE):
        spent = tuple(range(11, 11 + key.locks))
        assert refusal_of(standing.apply(standing.transition(*spent, key=key))) == (2, "NOT_A_KEY")
    assert refusal_of(standing.apply(standing.claim(1))) == (2, "NOT_A_KEY")
    assert refusal_of(standing.apply(standing.release(1))) == (2, "NOT_A_KEY")


def test_a_transition_backs_nothing(running: Running) -> None:
    """Its nullifiers are of no locks: it is not taken as collateral, nor for a refresh, nor for a release."""
    shown = running.transition()
    assert refusal_of(running.accept(shown)) == (2, "NOT_A_KEY")
    identity = running.accept(running.claim(1)).acceptance.id
    assert refusal_of(running.refresh(identity, shown)) == (2, "NOT_A_KEY")
    assert refusal_of(running.free(identity, [1], shown)) == (2, "NOT_A_KEY")
    running.applied(running.apply(shown))
    with pytest.raises(grpc.RpcError) as error:
        running.get(bytes.fromhex(running.applied(running.apply(shown)).entry.id), VENUE_DESK)
    assert code_of(error.value) is grpc.StatusCode.NOT_FOUND


def with_input(shown: Shown, name: str, value: int) -> Shown:
    """A proof of something else in one public input."""
    return replace(shown, inputs=replace(shown.inputs, **{name: value}))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["lock_root", "position_tag"])
def test_what_a_transition_does_not_use_stands_for_nothing_else(standing: Running, name: str) -> None:
    for value in (5, unused_input("book_root")):
        assert refusal_of(standing.apply(with_input(standing.transition(), name, value)))[0] == 3


@pytest.mark.parametrize("name", ["book_root", "market_root"])
def test_a_root_that_nobody_published_or_that_is_left_out(standing: Running, name: str) -> None:
    for value in (5, unused_input(name)):
        assert refusal_of(standing.apply(with_input(standing.transition(), name, value))) == (3, "WRONG_ROOT")


def test_stale_roots_are_refused_and_an_answer_outlives_them(running: Running) -> None:
    """A claim of yesterday's book is not applied; one that was has its answer for ever under its request's id."""
    shown, late, request = running.transition(11, 12, 13, 14), running.transition(21, 22, 23, 24), name_request()
    first = running.applied(running.apply(shown, request_id=request))
    running.trial.clock.now += 61
    assert refusal_of(running.apply(late)) == (4, "TOO_OLD")
    assert running.applied(running.apply(shown, request_id=request)).entry == first.entry
    assert running.applied(running.apply(shown)).entry == first.entry, "and so has the claim, in any request"
    running.publish()
    assert refusal_of(running.apply(late)) == (4, "TOO_OLD")
    assert size_of(running) == 1


# --- Who --------------------------------------------------------------------------------------------------


def test_the_keeper_of_the_book_alone_applies(standing: Running) -> None:
    before = size_of(standing)
    shown = standing.transition()
    for role in sorted(set(ROLES) - {"venue"}):
        with pytest.raises(grpc.RpcError) as error:
            standing.apply(shown, caller=f"{role}.test")
        assert code_of(error.value) is grpc.StatusCode.PERMISSION_DENIED
    assert size_of(standing) == before
    for caller in (TRADER, BRIDGE, VENUE_DESK):
        place = PLACE if caller != "elsewhere.example" else replace(PLACE, contract=OTHER_CONTRACT)
        response = standing.verify(standing.transition(place=place), caller)
        assert response.verdict == claim_pb2.VERDICT_VALID
    assert size_of(standing) == 0


def test_no_amount_is_in_the_log(running: Running) -> None:
    """Whoever may read the log sees that something changed, and no money."""
    stated = StatedTransition(
        STATED.leaves, Flows(840, paid_in=987_654_321_123, fees=55_443_322_119, settled=-77_665_544)
    )
    applied = running.applied(running.apply(running.transition(stated=stated)))
    for amount in (987_654_321_123, 55_443_322_119, 77_665_544):
        assert amount.to_bytes(5, "big") not in applied.receipt.leaf
        assert str(amount).encode() not in applied.receipt.leaf


def test_a_request_has_one_answer(running: Running) -> None:
    request = name_request()
    running.applied(running.apply(running.transition(), request_id=request))
    with pytest.raises(grpc.RpcError) as error:
        running.apply(running.transition(21, 22, 23, 24), request_id=request)
    assert Details(error.value).info.reason == "REQUEST_ID_TAKEN"
    running.answer(running.accept(running.claim(1), request_id=request))  # of another caller it is another request


@pytest.mark.parametrize("clear", ["claim", "demand", "context", "says"])
def test_what_is_absent_is_refused(standing: Running, clear: str) -> None:
    request = messages.ApplyTransitionRequest(request_id=name_request(), claim=standing.transition().message())
    place: dict[str, Callable[[], None]] = {
        "claim": lambda: request.ClearField("claim"),
        "demand": lambda: request.claim.ClearField("demand"),
        "context": lambda: request.claim.demand.ClearField("context"),
        "says": lambda: request.claim.demand.ClearField("transition"),
    }
    place[clear]()
    with pytest.raises(grpc.RpcError) as error:
        standing.ask(VENUE_DESK).ApplyTransition(request, timeout=PATIENCE)
    assert code_of(error.value) is grpc.StatusCode.INVALID_ARGUMENT


def test_a_claim_cannot_say_two_things(standing: Running) -> None:
    """Of the things that a demand may say the last one counts: what was proved is not what is said then."""
    message = standing.transition().message()
    message.demand.policy.CopyFrom(write_demand(standing.claim(1).demand).policy)
    assert refusal_of(standing.apply(standing.transition(), claim=message)) == (2, "NOT_A_KEY")


def test_a_reader_finds_it_in_the_log(running: Running) -> None:
    applied = running.applied(running.apply(running.transition()))
    entries = running.log(READER).ListEntries(log_service_pb2.ListEntriesRequest(), timeout=PATIENCE).entries
    assert [entry.leaf for entry in entries] == [applied.receipt.leaf]


# --- Killed ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def verifiers() -> Iterator[Verifiers]:
    with run_verifiers() as found:
        yield found


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgresql":
        return str(request.getfixturevalue("server").new_schema())
    create_file(tmp_path / "store.db")
    return str(tmp_path / "store.db")


def test_killed_at_every_step_it_is_applied_once_and_answered_the_same(address: str, verifiers: Verifiers) -> None:
    database = open_database(address)
    upgrade_store(database, IDENTITY)
    for number, step in enumerate(Step):
        spent = [10 * number + each for each in range(1, 5)]
        task = {"act": "apply", "request": f"apply-{number}", "locks": spent, "moment": NOON, "book": 1 + number}
        assert verifiers.do(address, **task, dies=step) == (True, "")
        assert Ledger(database, IDENTITY, Watch()).head.size == number + (step in ON_DISK), step
        first, again = verifiers.do(address, **task), verifiers.do(address, **{**task, "moment": NOON + 10**6})
        assert first == again
        assert first[1].startswith(f"{number} ")
        other = {**task, "request": f"other-{number}", "book": 1000 + number}
        assert verifiers.do(address, **other) == (False, "NULLIFIER_SPENT")
    assert audit_store(database) == len(Step)
    database.close()


def test_sixteen_processes_apply_one_leaf_once(address: str, verifiers: Verifiers) -> None:
    database = open_database(address)
    upgrade_store(database, IDENTITY)
    task = {"act": "apply", "request": "same", "locks": [1, 2, 3, 4], "moment": NOON}
    answers = verifiers.do_together(address, **task, crowd=CROWD)
    assert len(set(answers)) == 1
    assert answers[0][1].startswith("0 ")
    others = verifiers.do_together(address, **{**task, "request": "other", "book": 2}, crowd=CROWD)
    assert others == [(False, "NULLIFIER_SPENT")] * CROWD
    assert audit_store(database) == 1
    database.close()
