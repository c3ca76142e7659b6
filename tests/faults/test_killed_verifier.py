"""D1 and R4 for a whole verifier: killed at every step of a call, and two that are asked for the same at once."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import grpc
import pytest

from margin.errors import Reason
from ringfence.v1 import claim_pb2
from tests.faults.distant import Distant, distant, folder_in
from tests.faults.dying_verifier import STEPS, Verifiers, arm, run_verifiers
from tests.verifier.claims import Watch
from tests.verifier.postgresql_server import Server
from tests.verifier.running import UPKEEP, Shown, Trial, refusal_of
from verifier.store.audit import audit_store
from verifier.store.ledger import Step

pytestmark = pytest.mark.native

METHODS = ("AcceptCollateral", "RefreshAcceptance")
DEATHS = [(method, step) for method in METHODS for step in STEPS]
UNDONE = frozenset(set(Step) - {Step.AFTER_COMMIT, Step.BEFORE_REPLY})
"""Killed there, nothing has happened."""
CROWD = 64
ASKED = 40


@pytest.fixture(scope="module")
def verifiers() -> Iterator[Verifiers]:
    with run_verifiers() as running:
        yield running


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgresql":
        return str(request.getfixturevalue("server").new_schema())
    return str(tmp_path / "store.db")


@pytest.fixture
def running(store: str, tmp_path: Path, verifiers: Verifiers) -> Iterator[Distant]:
    with ExitStack() as stack:
        yield distant(Trial(folder_in(tmp_path, "trial"), Watch(), store), verifiers, stack)


class Round:
    """One thing that is asked for, as often as it takes."""

    def __init__(self, running: Distant, number: int, method: str) -> None:
        self.running = running
        self.id = f"request-of-round-{number}"
        self.lock = 1000 + 10 * number
        self.tag = 1 + number
        self.identity = b""
        if method == "RefreshAcceptance":
            accepted = running.answer(running.accept(running.claim(self.lock, tag=self.tag)))
            self.identity = bytes.fromhex(accepted.acceptance.id)

    def ask(self, seed: int = 0) -> Any:  # noqa: ANN401 - the response of either method
        """The request, with another proof for another seed."""
        running = self.running
        if not self.identity:
            claim = running.claim(self.lock, tag=self.tag).message(seed)
            return running.accept(EMPTY, request_id=self.id, claim=claim)
        claim = running.claim(self.lock, self.lock + 1, tag=self.tag, policy=UPKEEP).message(seed)
        return running.refresh(self.identity, EMPTY, request_id=self.id, claim=claim)


class Empty:
    """Stands where a claim would be, which is given by its message."""

    def message(self) -> claim_pb2.Claim:
        return claim_pb2.Claim()


EMPTY: Any = Empty()


@pytest.mark.parametrize(
    "deaths",
    [
        pytest.param(DEATHS[::4], id="some"),
        pytest.param(DEATHS, id="each", marks=pytest.mark.slow),
        pytest.param(DEATHS * 12, id="many", marks=pytest.mark.slow),
    ],
)
def test_d1_a_verifier_that_is_killed_at_every_step(running: Distant, deaths: list[tuple[str, str]]) -> None:
    """Nothing is accepted twice, nothing that was on the disk is lost, and one request has one answer."""
    size = 0
    for number, (method, step) in enumerate(deaths):
        asked = Round(running, number, method)
        size += method == "RefreshAcceptance"
        arm(running.trial.folder, method, step)
        with pytest.raises(grpc.RpcError):
            asked.ask()
        running.revive()
        assert running.ledger.head.size == size + (step not in UNDONE), (method, step)
        size += 1
        first, again = asked.ask(seed=1), asked.ask(seed=2)
        assert first == again
        answer = running.answer(first)
        assert answer.receipt.index == size - 1
        assert asked.lock in answer.acceptance.nullifiers
        assert running.ledger.head.size == size
        other = running.accept(running.claim(asked.lock, tag=500 + number))
        assert refusal_of(other) == (8, Reason.NULLIFIER_SPENT)
    assert audit_store(running.database) == size


def test_d1_a_verifier_that_is_killed_again_and_again_while_it_is_asked(running: Distant) -> None:
    """At any moment, and not only at those that have a name."""
    answered: dict[int, object] = {}
    for _ in range(3):
        with ThreadPoolExecutor(8) as pool:
            asked = {number: pool.submit(Round(running, number, "AcceptCollateral").ask) for number in range(ASKED)}
            next(iter(asked.values())).exception()
            running.kill()
            for number, future in asked.items():
                if future.exception() is None:
                    told = said_in(running, future.result())
                    assert answered.setdefault(number, told) == told
        running.revive()
    assert len(answered) <= running.ledger.head.size <= ASKED
    for number in range(ASKED):
        told = said_in(running, Round(running, number, "AcceptCollateral").ask())
        assert answered.setdefault(number, told) == told
    assert running.ledger.head.size == ASKED
    assert audit_store(running.database) == ASKED


def said_in(running: Distant, message: Any) -> object:  # noqa: ANN401 - the response of either method
    """All of an answer but for the head of the log, which is that of the moment."""
    answer = running.answer(message)
    return answer.acceptance, answer.attestation, answer.receipt.leaf, answer.receipt.index


# --- R4: two verifiers on one store --------------------------------------------------------------------


@pytest.fixture
def pair(server: Server, tmp_path: Path, verifiers: Verifiers) -> Iterator[tuple[Distant, Distant]]:
    """Two processes with room for everybody."""
    with ExitStack() as stack:
        trial = Roomy(folder_in(tmp_path, "trial"), Watch(), server.new_schema())
        first = distant(trial, verifiers, stack)
        second = Distant(trial, first.verifier, stack, verifiers=verifiers)
        assert second.start()
        stack.callback(second.kill)
        yield first, second


class Roomy(Trial):
    """With room for a crowd of one caller."""

    @property
    def settings(self) -> Any:  # noqa: ANN401 - those of a verifier
        settings = super().settings
        limits = replace(settings.limits, threads=CROWD, queue=CROWD, calls_per_caller=CROWD)
        return replace(settings, limits=limits, store=replace(settings.store, patience_seconds=60))


def ask_at_once(pair: tuple[Distant, Distant], claims: list[Shown], seeds: list[int]) -> list[Any]:
    """Each claim by a request of its own, half of them to each verifier."""
    messages = [claim.message(seed) for claim, seed in zip(claims, seeds, strict=True)]
    for each in pair:
        each.channel()
    with ThreadPoolExecutor(CROWD) as pool:
        asked = [
            pool.submit(partial(pair[number % 2].accept, EMPTY, claim=message))
            for number, message in enumerate(messages)
        ]
        return [future.result() for future in asked]


def test_r4_one_claim_with_many_proofs_is_one_acceptance(pair: tuple[Distant, Distant]) -> None:
    first, second = pair
    claim = first.claim(7, tag=1)
    answers = ask_at_once(pair, [claim] * CROWD, list(range(CROWD)))
    reports = {str(first.answer(answer).acceptance) for answer in answers}
    attested = {str(first.answer(answer).attestation) for answer in answers}
    assert (len(reports), len(attested)) == (1, 1)
    assert first.ledger.head.size == second.ledger.head.size == 1
    assert audit_store(first.database) == 1


def test_r4_one_lock_for_many_positions_is_one_acceptance(pair: tuple[Distant, Distant]) -> None:
    first, _ = pair
    claims = [first.claim(7, tag=1 + number) for number in range(CROWD)]
    answers = ask_at_once(pair, claims, [0] * CROWD)
    refused = Counter(refusal_of(answer) for answer in answers if answer.verdict == claim_pb2.VERDICT_REFUSED)
    assert refused == {(8, Reason.NULLIFIER_SPENT): CROWD - 1}
    assert first.ledger.head.size == 1
    assert audit_store(first.database) == 1
