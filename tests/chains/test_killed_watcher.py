"""A watcher that is killed at any moment goes on, and never says two things of one block."""

from pathlib import Path
from random import Random

import pytest

from chains.rpc import open_chain
from chains.watching.state import WatchState
from chains.watching.watcher import Answer, Outcome, Watcher
from facts.lock_root import LockRoot
from tests.chains.killing import run_until_killed
from tests.chains.scripted_chain import CHAIN_ID, ESCROW, ScriptedChain, node_of
from tests.chains.watched import COMMITTEE, EVERY, lock, root_of

KILLS = 6
LINES = 3
"""The first of a process may be one that was said before; it is killed behind others."""
DEPOSITS = 3

pytestmark = pytest.mark.slow


class GrowingChain(ScriptedChain):
    """Whenever somebody asks what is final, more is."""

    def answer(self, method: str, params: list[object]) -> object:
        if method == "eth_getBlockByNumber" and params[0] == "finalized":
            for _ in range(DEPOSITS):
                self.deposit(self.head + 1)
            self.final += EVERY
            self.head = self.final
        return super().answer(method, params)


def test_a_watcher_that_is_killed_goes_on_and_says_one_thing_of_a_block(tmp_path: Path) -> None:
    chain, random = GrowingChain(head=0, final=0), Random(7)  # noqa: S311 - when to kill is no secret
    said: dict[int, set[bytes]] = {}
    folder = tmp_path / "watch"
    with node_of(chain.answer) as url:
        for _ in range(KILLS):
            seconds = random.uniform(0.0, 0.6)
            where = url, str(folder)
            for line in run_until_killed("tests.chains.dying_watcher", *where, lines=LINES, seconds=seconds):
                stated = LockRoot.decode(bytes.fromhex(line))
                said.setdefault(stated.sequence, set()).add(stated.encode())
        with (
            open_chain([url], CHAIN_ID) as nodes,
            WatchState(folder, CHAIN_ID, ESCROW, 1) as state,
        ):
            last = (
                Watcher(nodes, ESCROW, state, every_blocks=EVERY, from_block=1)
                .look(COMMITTEE, lambda _: Answer(Outcome.PUBLISHED))
                .last
            )
    assert last is not None
    assert last.account == chain.account
    assert last.root == root_of([lock(index) for index in range(chain.account.count)])
    assert len(said) > KILLS
    assert all(len(statements) == 1 for statements in said.values())
