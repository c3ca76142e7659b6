"""The contract that every store keeps."""

from collections.abc import Callable
from dataclasses import replace
from threading import Thread

import pytest

from facts.log_entry import Event, LogEntry, State
from facts.log_proof import hash_leaf, verify_consistency, verify_inclusion
from margin.errors import InternalError, Reason, RejectedError
from tests.facts.refusals import refused
from tests.verifier.claims import (
    BINDING,
    ENTRY,
    IDENTITY,
    NOON,
    PERIOD,
    TAG,
    TERMS,
    UPKEEP,
    Watch,
    ask,
    prove,
    prove_release,
)
from verifier.acceptance import Sealed
from verifier.store.database import Database, Transaction
from verifier.store.ledger import Ledger, Question, Request, Step
from verifier.store.records import Receipt, Selection


def test_an_acceptance_is_as_it_was_answered(ledger: Ledger) -> None:
    receipt = ledger.accept(ask(), prove(9, 5), TERMS)
    acceptance = receipt.acceptance
    assert (acceptance.state, acceptance.held, acceptance.lapses_at) == (State.ACCEPTED, (5, 9), NOON + PERIOD)
    assert (acceptance.position_tag, acceptance.destination, acceptance.terms) == (TAG, BINDING, TERMS)
    assert ledger.acceptance(acceptance.id) == acceptance
    assert receipt.place == 0


def test_the_log_says_what_was_answered(ledger: Ledger) -> None:
    receipts = [ledger.accept(ask(), prove(number, tag=number), TERMS) for number in range(1, 8)]
    head = ledger.head
    for receipt, data in zip(receipts, ledger.entries(0), strict=True):
        assert LogEntry.decode(data) == receipt.entry
        proof = ledger.inclusion_proof(receipt.place, head.size)
        verify_inclusion(hash_leaf(data), receipt.place, head.size, proof, head.root)


def test_the_log_only_grows(ledger: Ledger) -> None:
    heads = []
    for number in range(1, 12):
        ledger.accept(ask(), prove(number, tag=number), TERMS)
        heads.append(ledger.head)
    last = heads[-1]
    for head in heads:
        assert ledger.root_at(head.size) == head.root
        proof = ledger.consistency_proof(head.size, last.size)
        verify_consistency(head.size, last.size, head.root, last.root, proof)


def test_a_life(ledger: Ledger, clock: Watch) -> None:
    first = ledger.accept(ask(), prove(1, 2), TERMS).acceptance
    clock.now += PERIOD - 1
    topped_up = ledger.refresh(ask(), first.id, prove(1, 3, policy=UPKEEP, book=2)).acceptance
    assert (topped_up.state, topped_up.held) == (State.REFRESHED, (1, 2, 3))
    assert topped_up.lapses_at == clock.now + PERIOD
    freed = ledger.free(ask(), first.id, prove(1, book=3), [2, 3]).acceptance
    assert (freed.state, freed.held) == (State.REFRESHED, (1,))
    clock.now = freed.lapses_at
    (lapsed,) = ledger.lapse_overdue()
    assert (lapsed.acceptance.state, lapsed.entry.event) == (State.LAPSED, Event.LAPSE)
    seized = ledger.seize(ask(), first.id, prove_release(1)).acceptance
    assert (seized.state, seized.held, seized.revision) == (State.SEIZED, (), 4)
    assert ledger.acceptance(first.id) == seized
    events = [LogEntry.decode(data).event for data in ledger.entries(0)]
    assert events == [Event.ACCEPT, Event.REFRESH, Event.FREE, Event.LAPSE, Event.SEIZE]


def test_a_seizure_writes_down_the_lapse_that_nobody_wrote(ledger: Ledger, clock: Watch) -> None:
    acceptance = ledger.accept(ask(), prove(1, 2), TERMS).acceptance
    assert refused(ledger.seize, ask(), acceptance.id, prove_release(1)) == (Reason.NOT_LAPSED, "state")
    clock.now = acceptance.lapses_at
    receipt = ledger.seize(ask(), acceptance.id, prove_release(1))
    assert (receipt.place, receipt.acceptance.held) == (2, (2,))
    again = ledger.seize(ask(), acceptance.id, prove_release(2))
    assert (again.place, again.acceptance.held) == (3, ())
    assert ledger.lapse_overdue() == []


def test_only_what_is_overdue_lapses_the_oldest_first(ledger: Ledger, clock: Watch) -> None:
    made = []
    for number in range(1, 6):
        clock.now += 1
        made.append(ledger.accept(ask(), prove(number, tag=number), TERMS).acceptance.id)
    clock.now = NOON + PERIOD + 4
    first = ledger.lapse_overdue(limit=3)
    assert [receipt.acceptance.id for receipt in first + ledger.lapse_overdue()] == made[:4]
    assert ledger.lapse_overdue() == []


@pytest.mark.parametrize("stray", ["position", "chain", "recipient", "policy", "domain", "development"])
def test_a_refresh_of_something_else_changes_nothing(ledger: Ledger, stray: str) -> None:
    acceptance = ledger.accept(ask(), prove(1), TERMS).acceptance
    claim = {
        "position": prove(1, policy=UPKEEP, tag=TAG + 1),
        "chain": prove(1, policy=UPKEEP, binding=replace(BINDING, chain_id=2)),
        "recipient": prove(1, policy=UPKEEP, binding=replace(BINDING, recipient=b"\x44" * 20)),
        "policy": prove(1, book=2),
        "domain": prove(1, policy=UPKEEP, domain="other.example"),
        "development": prove(1, policy=UPKEEP, is_for_development=True),
    }[stray]
    reason = {"position": Reason.WRONG_POSITION, "policy": Reason.WRONG_POLICY}.get(stray, Reason.WRONG_CONTEXT)
    if stray == "development":
        reason = Reason.CONFLICTING_FIELDS
    assert refused(ledger.refresh, ask(), acceptance.id, claim)[0] == reason
    assert ledger.acceptance(acceptance.id) == acceptance
    assert ledger.head.size == 1


def test_a_refusal_leaves_nothing_behind(ledger: Ledger) -> None:
    ledger.accept(ask(), prove(1), TERMS)
    assert refused(ledger.accept, ask(), prove(2, 1, tag=8), TERMS) == (Reason.NULLIFIER_SPENT, "nullifiers")
    assert ledger.head.size == 1
    assert ledger.accept(ask(), prove(2, tag=8), TERMS).place == 1


def test_an_acceptance_that_there_is_not(ledger: Ledger) -> None:
    unknown = "cd" * 32
    assert refused(ledger.acceptance, unknown) == (Reason.UNKNOWN_ACCEPTANCE, "acceptance")
    assert refused(ledger.refresh, ask(), unknown, prove(1, policy=UPKEEP))[0] == Reason.UNKNOWN_ACCEPTANCE
    for spelled in ("CD" * 32, "cd" * 31, "", "no digits", "00" * 32):
        unreadable = (Reason.NOT_READABLE, "acceptance")
        assert refused(ledger.acceptance, spelled) == unreadable
        assert refused(ledger.refresh, ask(), spelled, prove(1, policy=UPKEEP)) == unreadable
        assert refused(ledger.free, ask(), spelled, prove(), [1]) == unreadable


def test_a_request_names_no_more_locks_than_an_acceptance_holds(ledger: Ledger) -> None:
    acceptance = ledger.accept(ask(), prove(1), TERMS).acceptance
    assert refused(ledger.free, ask(), acceptance.id, prove(), range(1, 66)) == (Reason.WRONG_COUNT, "leaving")
    assert refused(ledger.free, ask(), acceptance.id, prove(), [0]) == (Reason.OUT_OF_BOUNDS, "leaving")


def test_pages_in_the_order_of_acceptance(ledger: Ledger) -> None:
    mine = [ledger.accept(ask(), prove(n, tag=n), TERMS).acceptance.id for n in range(1, 8)]
    ledger.accept(ask(caller="other.example"), prove(99, tag=99), TERMS)
    pages, start = [], 0
    selection = Selection(party="trader.example")
    while page := ledger.acceptances(selection, start, limit=3):
        pages.append([each.acceptance.id for each in page])
        start = page[-1].opened + 1
    assert [len(page) for page in pages] == [3, 3, 1]
    assert [each for page in pages for each in page] == mine
    assert refused(ledger.acceptances, limit=1001) == (Reason.OUT_OF_BOUNDS, "limit")


def test_what_is_sealed_is_kept_for_locks_that_are_held(ledger: Ledger) -> None:
    sealed = Sealed((b"of nine", b"of five"))
    identity = ledger.accept(ask(), prove(9, 5), TERMS, sealed).acceptance.id
    assert ledger.standing(identity)[1] == {9: b"of nine", 5: b"of five"}
    ledger.free(ask(), identity, prove(9, book=2), [5])
    assert ledger.standing(identity)[1] == {9: b"of nine"}


def test_what_is_no_longer_good_changes_nothing(ledger: Ledger, clock: Watch) -> None:
    """Asked within the transaction and at its moment, of every event that rests on a claim."""
    moments: list[int] = []

    def refuse(transaction: Transaction, moment: int) -> None:
        transaction.execute("SELECT 1 FROM store")
        moments.append(moment)
        raise RejectedError(Reason.TOO_OLD, "book_root", found="a root", expected="a newer one")

    stale = (Reason.TOO_OLD, "book_root")
    assert refused(ledger.accept, ask(), prove(1), TERMS, still_good=refuse) == stale
    identity = ledger.accept(ask(), prove(1, 2), TERMS).acceptance.id
    clock.now += 5
    assert refused(ledger.refresh, ask(), identity, prove(1, policy=UPKEEP), still_good=refuse) == stale
    assert refused(ledger.free, ask(), identity, prove(1, book=2), [2], refuse) == stale
    assert refused(ledger.seize, ask(), identity, prove_release(1), refuse) == stale
    assert (ledger.head.size, moments) == (1, [NOON, NOON + 5, NOON + 5, NOON + 5])


def test_a_request_is_recalled_without_its_claim(ledger: Ledger) -> None:
    request, claim = ask(), prove(1)
    question = Question(Event.ACCEPT, claim.id, claim.id)
    assert ledger.recall(request, question) is None
    assert ledger.recall(request, question) is None
    receipt = ledger.accept(request, claim, TERMS)
    assert ledger.recall(request, question) == receipt
    for other in (
        replace(question, sealed=(b"other",)),
        replace(question, event=Event.REFRESH),
        replace(question, claim=None),
        replace(question, leaving=(1,)),
    ):
        assert refused(ledger.recall, request, other) == (Reason.REQUEST_REUSED, "request.id")
    assert ledger.recall(replace(request, caller="other.example"), question) is None


def test_changes_are_told_from_a_place_on(ledger: Ledger) -> None:
    made = [ledger.accept(ask(caller=f"{n % 2}.example"), prove(n, tag=n), TERMS) for n in range(1, 7)]
    assert ledger.changes(0) == (made, 6)
    assert ledger.changes(2, limit=3) == (made[2:5], 5)
    assert ledger.changes(1, Selection(party="1.example")) == ([made[2], made[4]], 6)
    assert ledger.changes(6) == ([], 6)


@pytest.mark.parametrize(
    ("selection", "found"),
    [
        (Selection(), [1, 2, 3]),
        (Selection(verifier="desk-1"), [1, 2, 3]),
        (Selection(verifier="desk-2"), []),
        (Selection(party="other.example"), [2]),
        (Selection(places=((1, BINDING.contract), (2, b"x"))), [1, 2, 3]),
        (Selection(places=((2, BINDING.contract),)), []),
        (Selection(places=()), []),
        (Selection(state=State.RELEASED), [3]),
        (Selection(position_tag=2), [2]),
        (Selection(state=State.ACCEPTED, party="trader.example"), [1]),
    ],
)
def test_what_is_selected(ledger: Ledger, selection: Selection, found: list[int]) -> None:
    for number in (1, 2, 3):
        ledger.accept(
            ask(caller="other.example" if number == 2 else "trader.example"), prove(number, tag=number), TERMS
        )
    ledger.let_go(ask(), prove(3, tag=3).id, [3])
    assert [kept.acceptance.position_tag for kept in ledger.acceptances(selection)] == found


def test_a_claim_lets_locks_go_once(ledger: Ledger) -> None:
    acceptance = ledger.accept(ask(), prove(1, 2, 3), TERMS).acceptance
    claim = prove(1, book=2)
    receipt = ledger.free(ask(), acceptance.id, claim, [2])
    assert ledger.free(ask(), acceptance.id, claim, [2]) == receipt
    assert refused(ledger.free, ask(), acceptance.id, claim, [3]) == (Reason.CLAIM_USED, "claim")


def test_a_refresh_that_is_proved_again_does_not_prolong(ledger: Ledger, clock: Watch) -> None:
    acceptance = ledger.accept(ask(), prove(1), TERMS).acceptance
    claim = prove(1, policy=UPKEEP)
    receipt = ledger.refresh(ask(), acceptance.id, claim)
    clock.now += 10
    assert ledger.refresh(ask(), acceptance.id, claim) == receipt
    clock.now = receipt.acceptance.lapses_at
    assert refused(ledger.refresh, ask(), acceptance.id, claim)[0] == Reason.LAPSED
    assert ledger.head.size == 2


def test_the_clock_is_read_when_the_turn_comes(database: Database, clock: Watch) -> None:
    """Somebody else writes for as long as the acceptance lives: who waited meanwhile comes too late."""
    ledger = Ledger(database, IDENTITY, clock)
    acceptance = ledger.accept(ask(), prove(1), TERMS).acceptance
    late: list[tuple[Reason, str]] = []
    waiting = Thread(target=lambda: late.append(refused(ledger.refresh, ask(), acceptance.id, prove(1, policy=UPKEEP))))
    with database.write():
        waiting.start()
        waiting.join(0.2)
        assert late == []
        clock.now = acceptance.lapses_at
    waiting.join()
    assert late == [(Reason.LAPSED, "moment")]


def test_threads_share_a_ledger(ledger: Ledger) -> None:
    receipts: list[Receipt] = []

    def work(worker: int) -> None:
        for number in range(10):
            tag = 1 + 10 * worker + number
            receipt = ledger.accept(ask(), prove(tag, tag=tag), TERMS)
            receipts.append(receipt)
            assert ledger.head.size > receipt.place

    threads = [Thread(target=work, args=(worker,)) for worker in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(receipt.place for receipt in receipts) == list(range(40))


def test_the_steps_are_told_in_their_order(database: Database, clock: Watch) -> None:
    steps: list[Step] = []
    ledger = Ledger(database, IDENTITY, clock, steps.append)
    ledger.accept(ask(), prove(1), TERMS)
    assert steps == list(Step)


@pytest.mark.parametrize("step", [step for step in Step if step < Step.BEFORE_REPLY and "before" in step])
def test_an_error_before_the_commit_undoes_everything(database: Database, clock: Watch, step: Step) -> None:
    def fail(told: Step) -> None:
        if told is step:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Ledger(database, IDENTITY, clock, fail).accept(ask("one"), prove(1), TERMS)
    ledger = Ledger(database, IDENTITY, clock)
    assert ledger.head.size == 0
    assert ledger.accept(ask("one"), prove(1), TERMS).place == 0


@pytest.mark.parametrize(
    "act",
    [
        lambda: Request("", "a"),
        lambda: Request("a", "b" * 65),
        lambda: Request("a" * 256, "b"),
        lambda: Request("a", "line\nfeed"),
        lambda: Request("a", "\u0661"),
    ],
)
def test_requests_are_bounded(act: Callable[[], object]) -> None:
    assert refused(act)[0] == Reason.OUT_OF_BOUNDS


def test_the_schema_stops_what_the_code_would_let_through(ledger: Ledger, database: Database) -> None:
    ledger.accept(ask(), prove(1), TERMS)
    row = (bytes(31) + b"\x01", bytes.fromhex(prove(1).id))
    with pytest.raises(InternalError) as caught, database.write() as transaction:
        transaction.execute("INSERT INTO nullifier (nullifier, acceptance, is_held) VALUES (?, ?, 1)", *row)
    assert caught.value.reason == Reason.BROKEN_INVARIANT


def test_a_store_can_be_probed(ledger: Ledger) -> None:
    ledger.require_writable()
    assert ledger.head.size == 0


def test_entry_terms_are_kept(ledger: Ledger, clock: Watch) -> None:
    """A destination that asks for less later does not loosen what was accepted before."""
    acceptance = ledger.accept(ask(), prove(1, 2), TERMS).acceptance
    assert acceptance.terms.exit == ENTRY
    assert refused(ledger.free, ask(), acceptance.id, prove(1, policy=UPKEEP), [2])[0] == Reason.WRONG_POLICY
    assert clock.now == NOON
