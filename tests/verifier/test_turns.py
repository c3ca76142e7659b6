"""Whoever waits goes together, and each has an answer of its own."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Barrier, Thread

import pytest

from margin.errors import InternalError, MarginError, Reason
from tests.verifier.claims import IDENTITY, TERMS, Watch, ask, prove
from verifier.store.audit import audit_store
from verifier.store.database import Database, Transaction
from verifier.store.ledger import Ledger, Step

CROWD = 12


def submit_together(ledger: Ledger, database: Database, tags: list[int]) -> Counter[str]:
    """All of them while somebody else has the store, so that they go in few groups."""
    outcomes = Counter[str]()
    gate = Barrier(len(tags) + 1)

    def submit(tag: int) -> None:
        gate.wait()
        try:
            ledger.accept(ask(), prove(tag, tag=tag), TERMS)
        except MarginError as error:
            outcomes[error.reason] += 1
        else:
            outcomes["accepted"] += 1

    crowd = [Thread(target=submit, args=(tag,)) for tag in tags]
    for each in crowd:
        each.start()
    with database.write():
        gate.wait()
        crowd[0].join(0.3)
    for each in crowd:
        each.join()
    return outcomes


def test_those_who_wait_go_together(database: Database, clock: Watch) -> None:
    commits = Counter[Step]()

    def count(step: Step) -> None:
        commits[step] += 1

    ledger = Ledger(database, IDENTITY, clock, count)
    assert submit_together(ledger, database, list(range(1, CROWD + 1))) == {"accepted": CROWD}
    assert commits[Step.AFTER_COMMIT] <= 3
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
