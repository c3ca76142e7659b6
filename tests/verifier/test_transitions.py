"""Positions that change, in the store: each old leaf is succeeded once, each position born once, on both databases."""

from dataclasses import replace
from threading import Thread

import pytest

from facts.applied_transition import AppliedTransition, TransitionKind
from facts.log_leaf import decode_leaf
from facts.log_proof import hash_leaf, verify_inclusion
from facts.transition import Flows, StatedTransition
from margin.errors import InternalError, Reason, RejectedError
from tests.facts.refusals import refused
from tests.verifier.claims import IDENTITY, STATED, TERMS, UPKEEP, Watch, ask, prove, prove_transition
from verifier.store.audit import audit_store
from verifier.store.database import Database, Transaction
from verifier.store.ledger import Ledger, Question, Request, Step
from verifier.store.records import Receipt
from verifier.store.transitions import Applied

OTHER = StatedTransition((501, 503), Flows(840, paid_in=7))


def test_a_transition_is_as_it_was_answered(ledger: Ledger, clock: Watch) -> None:
    claim = prove_transition(11, 12, 13, 14)
    applied = ledger.apply(ask(), claim)
    entry = applied.entry
    assert (entry.kind, entry.id, entry.moment) == (TransitionKind.TRANSITION, claim.id, clock.now)
    assert (entry.spent, entry.leaves, entry.claim.inputs) == ((11, 12, 13, 14), STATED.leaves, claim.inputs)
    assert not entry.is_for_development
    assert ledger.apply(ask(), prove_transition(15, 16, is_for_development=True)).entry.is_for_development


def test_the_log_says_what_was_answered(ledger: Ledger, database: Database) -> None:
    ledger.accept(ask(), prove(1), TERMS)
    applied = ledger.apply(ask(), prove_transition())
    ledger.accept(ask(), prove(2, tag=2), TERMS)
    head, data, path = ledger.prove_leaf(applied.place)
    assert decode_leaf(data) == AppliedTransition.decode(data) == applied.entry
    verify_inclusion(hash_leaf(data), applied.place, head.size, path, head.root)
    assert audit_store(database) == head.size == 3


def test_the_same_request_has_the_same_answer_also_later(ledger: Ledger, clock: Watch) -> None:
    request, claim = ask(), prove_transition()
    applied = ledger.apply(request, claim)
    clock.now += 10**6
    assert ledger.apply(request, claim) == applied
    assert ledger.recall_application(request, claim.id) == applied
    assert ledger.head.size == 1


def test_the_same_claim_in_another_request_is_the_same_transition(ledger: Ledger) -> None:
    claim = prove_transition()
    applied = ledger.apply(ask(), claim)
    first, second = ask(caller="other.example"), ask(caller="other.example")
    assert ledger.apply(first, claim) == applied
    assert ledger.recall_application(second, claim.id) == applied
    for request in (first, second):
        assert refused(ledger.apply, request, prove_transition(21, 22, 23, 24))[0] == Reason.REQUEST_REUSED
    assert ledger.head.size == 1


def test_what_was_applied_is_not_asked_to_be_fresh_again(ledger: Ledger) -> None:
    def stale(_: Transaction, moment: int) -> None:
        raise RejectedError(Reason.TOO_OLD, "book_root", found=moment, expected="a fresh one")

    claim = prove_transition()
    applied = ledger.apply(ask(), claim)
    assert ledger.apply(ask(), claim, stale) == applied


@pytest.mark.parametrize("shared", [0, 1, 2, 3])
def test_what_was_spent_is_never_spent_again(ledger: Ledger, shared: int) -> None:
    """An old leaf, or a birth; whatever the other three are, and in whatever place."""
    ledger.apply(ask(), prove_transition(11, 12, 13, 14))
    for place in range(4):
        spent = [21, 22, 23, 24]
        spent[place] = 11 + shared
        refusal = refused(ledger.apply, ask(), prove_transition(*spent, stated=OTHER, book=2))
        assert refusal == (Reason.NULLIFIER_SPENT, "nullifiers")
    assert ledger.head.size == 1
    ledger.apply(ask(), prove_transition(21, 22, 23, 24))


def test_a_refused_transition_spends_nothing(ledger: Ledger) -> None:
    ledger.apply(ask(), prove_transition(11, 12, 13, 14))
    request = ask()
    assert refused(ledger.apply, request, prove_transition(21, 22, 23, 14))[0] == Reason.NULLIFIER_SPENT
    ledger.apply(request, prove_transition(21, 22, 23, 24))


def test_locks_and_leaves_are_spent_in_one_table(ledger: Ledger) -> None:
    ledger.accept(ask(), prove(11), TERMS)
    assert refused(ledger.apply, ask(), prove_transition(11, 12, 13, 14))[0] == Reason.NULLIFIER_SPENT
    ledger.apply(ask(), prove_transition(21, 22, 23, 24))
    assert refused(ledger.accept, ask(), prove(24, tag=2), TERMS)[0] == Reason.NULLIFIER_SPENT


def test_a_request_asks_for_one_thing(ledger: Ledger) -> None:
    request, claim, accepted = ask(), prove_transition(), prove(1)
    applied = ledger.apply(request, claim)
    reused = (Reason.REQUEST_REUSED, "request.id")
    assert refused(ledger.apply, request, prove_transition(21, 22, 23, 24)) == reused
    assert refused(ledger.accept, request, accepted, TERMS) == reused
    second = ask()
    ledger.accept(second, accepted, TERMS)
    assert refused(ledger.apply, second, claim) == reused
    assert refused(ledger.recall_application, second, claim.id) == reused
    assert ledger.recall_application(Request("other.example", request.id), claim.id) == applied
    assert ledger.apply(ask(), claim) == applied


@pytest.mark.parametrize("stray", ["policy", "stated", "domain"])
def test_what_is_no_transition_here_changes_nothing(ledger: Ledger, stray: str) -> None:
    claim, reason = {
        "policy": (prove(1, 2, 3, 4), Reason.NOT_APPLICABLE),
        "stated": (
            replace(prove_transition(), demand=replace(prove_transition().demand, policy=OTHER)),
            Reason.WRONG_TRANSITION,
        ),
        "domain": (prove_transition(domain="other.example"), Reason.WRONG_CONTEXT),
    }[stray]
    assert refused(ledger.apply, ask(), claim)[0] == reason
    assert ledger.head.size == 0


def test_a_transition_is_no_acceptance(ledger: Ledger) -> None:
    claim = prove_transition()
    assert refused(ledger.accept, ask(), claim, TERMS)[0] == Reason.WRONG_POLICY
    acceptance = ledger.accept(ask(), prove(1), TERMS).acceptance
    assert refused(ledger.refresh, ask(), acceptance.id, claim)[0] == Reason.WRONG_POSITION
    ledger.apply(ask(), claim)
    assert refused(ledger.kept, claim.id)[0] == Reason.UNKNOWN_ACCEPTANCE
    assert ledger.changes(0)[0] == [ledger.accept(ask(), prove(1), TERMS)]


def test_what_was_good_is_asked_again_at_its_turn(ledger: Ledger) -> None:
    moments = []

    def stale(_: Transaction, moment: int) -> None:
        moments.append(moment)
        raise RejectedError(Reason.TOO_OLD, "book_root", found=moment, expected="a fresh one")

    assert refused(ledger.apply, ask(), prove_transition(), stale) == (Reason.TOO_OLD, "book_root")
    assert len(moments) == 1
    assert ledger.head.size == 0


def test_many_at_once_are_one(ledger: Ledger) -> None:
    """Sixteen submissions that spend one leaf, each of another claim."""
    answers: list[Applied] = []
    refusals: list[Reason] = []

    def submit(number: int) -> None:
        try:
            claim = prove_transition(11, 1000 + number, 2000 + number, 3000 + number, book=number + 1)
            answers.append(ledger.apply(ask(), claim))
        except RejectedError as error:
            refusals.append(error.reason)

    threads = [Thread(target=submit, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 1
    assert refusals == [Reason.NULLIFIER_SPENT] * 15
    assert ledger.head.size == 1


@pytest.mark.parametrize("step", [step for step in Step if step not in {Step.AFTER_COMMIT, Step.BEFORE_REPLY}])
def test_an_interruption_before_the_commit_leaves_nothing(database: Database, clock: Watch, step: Step) -> None:
    def interrupt(reached: Step) -> None:
        if reached is step:
            raise InternalError(Reason.STORE_UNAVAILABLE, "store", found="an end", expected="no end")

    claim, request = prove_transition(), ask()
    ledger = Ledger(database, IDENTITY, clock, interrupt)
    with pytest.raises(InternalError):
        ledger.apply(request, claim)
    whole = Ledger(database, IDENTITY, clock)
    assert whole.head.size == 0
    assert whole.recall_application(request, claim.id) is None
    assert whole.apply(request, claim).place == 0
    assert audit_store(database) == 1


def test_the_table_itself_takes_nothing_twice(ledger: Ledger, database: Database) -> None:
    """The second line of defence: were the rule forgotten, the schema would stop it."""
    ledger.apply(ask(), prove_transition(11, 12, 13, 14))
    statement = "INSERT INTO nullifier (nullifier, transition, is_held) SELECT ?, id, 0 FROM transition"
    with pytest.raises(InternalError), database.write() as transaction:
        transaction.execute(statement, (11).to_bytes(32, "big"))
    with database.write() as transaction:
        transaction.execute(statement, (99).to_bytes(32, "big"))
    with pytest.raises(InternalError), database.write() as transaction:
        transaction.execute("INSERT INTO nullifier (nullifier, is_held) VALUES (?, 0)", bytes(32))


def test_acceptances_go_on_beside_transitions(ledger: Ledger, clock: Watch) -> None:
    first: Receipt = ledger.accept(ask(), prove(1), TERMS)
    ledger.apply(ask(), prove_transition())
    question = Question(first.entry.event, first.acceptance.id, first.acceptance.id)
    assert ledger.recall(ask(), question) is None
    clock.now += 1
    refreshed = ledger.refresh(ask(), first.acceptance.id, prove(1, policy=UPKEEP, book=2))
    assert (refreshed.place, refreshed.acceptance.revision) == (2, 1)
    assert ledger.changes(0) == ([first, refreshed], 3)
