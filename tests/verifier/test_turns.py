"""Whoever waits goes together, and each has an answer of its own."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Semaphore, Thread

import pytest

from margin.errors import InternalError, MarginError, Reason
from tests.verifier.claims import IDENTITY, TERMS, Watch, ask, prove
from verifier.store.audit import audit_store
from verifier.store.database import Database, Transaction
from verifier.store.ledger import Ledger, Step
from verifier.store.turns import Act

CROWD = 12
SECONDS = 60


class Waiting(list[Act[object]]):
    """Acts that wait for a turn, and how many ever have."""

    def __init__(self) -> None:
        super().__init__()
        self.came = Semaphore(0)

    def append(self, act: Act[object]) -> None:
        super().append(act)
        self.came.release()


def submit_together(
    ledger: Ledger, database: Database, tags: list[int], monkeypatch: pytest.MonkeyPatch
) -> Counter[str]:
    """All of them while somebody else has the store, so that they go in few groups."""
    outcomes, waiting = Counter[str](), Waiting()
    monkeypatch.setattr(ledger._turns, "_waiting", waiting)  # noqa: SLF001 - who waits is seen nowhere else

    def submit(tag: int) -> None:
        try:
            ledger.accept(ask(), prove(tag, tag=tag), TERMS)
        except MarginError as error:
            outcomes[error.reason] += 1
        else:
            outcomes["accepted"] += 1

    crowd = [Thread(target=submit, args=(tag,)) for tag in tags]
    with database.write():
        for each in crowd:
            each.start()
        for _ in crowd:
            assert waiting.came.acquire(timeout=SECONDS)
    for each in crowd:
        each.join()
    return outcomes


def test_those_who_wait_go_together(database: Database, clock: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    commits = Counter[Step]()

    def count(step: Step) -> None:
        commits[step] += 1

    ledger = Ledger(database, IDENTITY, clock, count)
    assert submit_together(ledger, database, list(range(1, CROWD + 1)), monkeypatch) == {"accepted": CROWD}
    assert commits[Step.AFTER_COMMIT] <= 2
    assert commits[Step.BEFORE_REPLY] == commits[Step.AFTER_LEAF] == CROWD
    assert audit_store(database) == CROWD


def test_a_refusal_leaves_the_others_alone(ledger: Ledger, database: Database) -> None:
    ledger.accept(ask(), prove(1, tag=1), TERMS)
    spent = [prove(1, tag=tag) for tag in (50, 51)]
    outcomes = Counter[str]()

    def submit(place: int) -> None:
        claim = spent[place // 2] if place % 2 else prove(100 + place, tag=100 + place)
        try:
            ledger.accept(ask(), claim, TERMS)
        except MarginError as error:
            outcomes[error.reason] += 1
        else:
            outcomes["accepted"] += 1

    crowd = [Thread(target=submit, args=(place,)) for place in range(4)]
    with database.write():
        for each in crowd:
            each.start()
        crowd[0].join(0.3)
    for each in crowd:
        each.join()
    assert outcomes == {"accepted": 2, Reason.NULLIFIER_SPENT: 2}
    assert audit_store(database) == ledger.head.size == 3


def test_a_commit_that_fails_accepts_nobody(database: Database, clock: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = Ledger(database, IDENTITY, clock)
    write = database.write

    @contextmanager
    def break_off() -> Iterator[Transaction]:
        with write() as transaction:
            yield transaction
            raise InternalError(Reason.STORE_UNAVAILABLE, "store", found="nothing", expected="a disk")

    monkeypatch.setattr(ledger, "_database", database)
    monkeypatch.setattr(type(database), "write", lambda _: break_off())
    outcomes = Counter[str]()

    def submit(tag: int) -> None:
        try:
            ledger.accept(ask(), prove(tag, tag=tag), TERMS)
        except MarginError as error:
            outcomes[error.reason] += 1

    crowd = [Thread(target=submit, args=(tag,)) for tag in range(1, 6)]
    for each in crowd:
        each.start()
    for each in crowd:
        each.join()
    monkeypatch.undo()
    assert outcomes == {Reason.STORE_UNAVAILABLE: 5}
    assert Ledger(database, IDENTITY, clock).head.size == 0
    assert ledger.accept(ask(), prove(1, tag=1), TERMS).place == 0
