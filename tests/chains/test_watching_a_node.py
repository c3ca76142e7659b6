"""A watcher before a real node: what is final, what is taken back before it is, and what should never be taken back."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from chains.contracts import Face
from chains.development.anvil import Anvil, Manner, run_anvil
from chains.development.compilation import compile_contracts, read_artifact
from chains.development.deployment import Deployed, deploy
from chains.escrow import CHAINED, COUNT, DEPOSITED, EXIT_REQUESTED
from chains.rpc import Limits, open_chain
from chains.watching.state import WatchState
from chains.watching.watcher import Answer, Look, Outcome, Watcher
from facts.lock_root import CHAIN_LEVELS, LockRoot
from facts.tree import empty_node
from margin.errors import MarginError, Reason
from tests.chains.nodes import needs_nodes
from tests.chains.scripted_chain import CHAIN_ID
from tests.chains.watched import COMMITTEE, lock, root_of

pytestmark = needs_nodes

EVERY = 2
DOMAIN, ASSET, OWNER = 7, 11, 9
LONG_REORGANISATION = 12


@pytest.fixture
def node() -> Iterator[Anvil]:
    with run_anvil(Manner(CHAIN_ID)) as node:
        yield node


@pytest.fixture
def escrow(node: Anvil) -> Deployed:
    compile_contracts()
    return deploy(node, read_artifact("BareEscrow"))


def lock_up(escrow: Deployed, amount: int = 5, times: int = 1) -> None:
    """Deposits, in a block of their own."""
    escrow.send(escrow.node.accounts[0], "deposit", DOMAIN, ASSET, amount, OWNER, times)


def look(folder: Path, escrow: Deployed, limits: Limits | None = None) -> tuple[Look, list[LockRoot]]:
    """One look of a watcher that was just started, and what it signed."""
    signed: list[LockRoot] = []

    def submit(statement: LockRoot) -> Answer:
        signed.append(statement)
        return Answer(Outcome.PUBLISHED)

    with (
        open_chain([escrow.node.url], CHAIN_ID, limits) as chain,
        WatchState(folder, CHAIN_ID, escrow.address, 1) as state,
    ):
        watcher = Watcher(chain, escrow.address, state, every_blocks=EVERY, from_block=1)
        return watcher.look(COMMITTEE, submit), signed


def settle(node: Anvil) -> None:
    """What is in the newest block is final, and of a checkpoint."""
    node.finalise()
    node.mine(EVERY)


def test_what_is_read_is_what_the_escrow_writes() -> None:
    compile_contracts()
    faces = [Face(name, read_artifact(name).abi) for name in ("CollateralEscrow", "BareEscrow")]
    for face in faces:
        assert (face.topic_of("Deposited"), face.topic_of("ExitRequested")) == (DEPOSITED, EXIT_REQUESTED)
        assert (face.encode_call("count"), face.encode_call("chained")) == (COUNT, CHAINED)


def test_locks_are_signed_when_they_are_final(tmp_path: Path, node: Anvil, escrow: Deployed) -> None:
    settle(node)
    look(tmp_path / "watch", escrow)
    lock_up(escrow)
    _, signed = look(tmp_path / "watch", escrow)
    assert all(each.root == empty_node(CHAIN_LEVELS) for each in signed)
    settle(node)
    lock_up(escrow, amount=6)
    found, signed = look(tmp_path / "watch", escrow)
    assert signed[-1].root == root_of([lock(0)])
    assert signed[-1].sequence == found.final // EVERY * EVERY
    assert signed[-1].block_hash.hex() == str(node.block(signed[-1].sequence)["hash"])[2:]
    assert signed[-1].observed_at == int(str(node.block(signed[-1].sequence)["timestamp"]), 16)
    escrow.send(node.accounts[0], "requestExit", 0, 77)
    settle(node)
    _, signed = look(tmp_path / "watch", escrow)
    assert signed[-1].root == root_of([empty_node(0), lock(1, 6)])


def test_what_is_taken_back_before_it_is_final_was_never_signed(tmp_path: Path, node: Anvil, escrow: Deployed) -> None:
    lock_up(escrow)
    settle(node)
    before, _ = look(tmp_path / "watch", escrow)
    lock_up(escrow, amount=6)
    node.reorganise(1)
    lock_up(escrow, amount=7)
    settle(node)
    after, signed = look(tmp_path / "watch", escrow)
    assert before.last is not None
    assert signed[-1].root == root_of([lock(0), lock(1, 7)])
    assert after.last is not None
    assert after.last.block > before.last.block


def test_what_is_taken_back_after_it_was_final_is_an_alarm(tmp_path: Path, node: Anvil, escrow: Deployed) -> None:
    lock_up(escrow)
    node.mine(LONG_REORGANISATION)
    look(tmp_path / "watch", escrow)
    node.reorganise(LONG_REORGANISATION)
    node.mine(LONG_REORGANISATION)
    with pytest.raises(MarginError) as caught:
        look(tmp_path / "watch", escrow)
    assert caught.value.reason is Reason.CHAIN_REWRITTEN


def test_many_deposits_are_read_in_parts_and_at_once(tmp_path: Path, node: Anvil, escrow: Deployed) -> None:
    for _ in range(6):
        lock_up(escrow, times=50)
    settle(node)
    began = time.monotonic()
    _, signed = look(tmp_path / "watch", escrow, Limits(answer_bytes=100_000))
    assert signed[-1].root == root_of([lock(index) for index in range(300)])
    assert time.monotonic() - began < 30
