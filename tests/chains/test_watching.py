"""A watcher before a chain that goes on, falls silent, takes back and lies."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from chains.rpc import Block, Limits, open_chain
from chains.watching.state import JOURNAL, KEPT, NAMED, PENDING, Pending, WatchState
from chains.watching.watcher import STEPS, Answer, Look, Outcome, Watcher, state_root
from facts.lock_root import CHAIN_LEVELS, LockRoot
from facts.tree import empty_node
from margin.errors import InternalError, MarginError, MisuseError, Reason, RejectedError
from tests.chains.scripted_chain import (
    BLOCK_SECONDS,
    CHAIN_ID,
    ESCROW,
    GENESIS,
    ScriptedChain,
    SilenceError,
    altered,
    copy_of,
    node_of,
    without,
)
from tests.chains.watched import COMMITTEE, EVERY, lock, root_of

LIMITS = Limits(attempts=1)


class Post:
    """Notes what was handed over, and answers as it is told to."""

    def __init__(self, *answers: Outcome | Exception) -> None:
        self.answers = list(answers)
        self.handed: list[LockRoot] = []

    def submit(self, statement: LockRoot) -> Answer:
        self.handed.append(statement)
        answer = self.answers.pop(0) if self.answers else Outcome.PUBLISHED
        if isinstance(answer, Exception):
            raise answer
        return Answer(answer, 1, 2)


@contextmanager
def watching(
    folder: Path, *nodes: ScriptedChain, from_block: int = 1, confirmations: int | None = None
) -> Iterator[Watcher]:
    """A watcher of the escrow on these nodes."""
    with ExitStack() as stack:
        urls = [stack.enter_context(node_of(each.answer)) for each in nodes]
        chain = stack.enter_context(open_chain(urls, CHAIN_ID, LIMITS))
        state = stack.enter_context(WatchState(folder, CHAIN_ID, ESCROW, from_block))
        yield Watcher(chain, ESCROW, state, every_blocks=EVERY, from_block=from_block, confirmations=confirmations)


def look(folder: Path, *nodes: ScriptedChain, post: Post | None = None) -> Look:
    """One look of a watcher that was just started."""
    with watching(folder, *nodes) as watcher:
        return watcher.look(COMMITTEE, (post or Post()).submit)


def refused(folder: Path, *nodes: ScriptedChain, post: Post | None = None) -> Reason:
    """Why a look ends otherwise; nothing is handed over by it that was not before."""
    with pytest.raises(MarginError) as caught:
        look(folder, *nodes, post=post)
    return caught.value.reason


@pytest.fixture
def chain() -> ScriptedChain:
    return ScriptedChain(head=100, final=90)


# --- A chain that goes on --------------------------------------------------------------------------------


def test_the_root_at_a_final_block_is_that_of_its_locks(tmp_path: Path, chain: ScriptedChain) -> None:
    chain.deposit(12)
    chain.deposit(12, amount=6)
    chain.deposit(95, amount=7)
    post = Post()
    found = look(tmp_path / "watch", chain, post=post)
    assert found.final == 90
    assert post.handed[-1] == LockRoot(
        chain_id=CHAIN_ID,
        committee=COMMITTEE.digest,
        sequence=90,
        block_hash=chain.hash_of(90),
        final_block=90,
        observed_at=GENESIS + BLOCK_SECONDS * 90,
        root=root_of([lock(0), lock(1, 6)]),
    )
    chain.final, chain.head = 104, 110
    look(tmp_path / "watch", chain, post=post)
    assert (post.handed[-1].sequence, post.handed[-1].root) == (100, root_of([lock(0), lock(1, 6), lock(2, 7)]))


def test_nothing_is_read_beyond_what_is_final(tmp_path: Path, chain: ScriptedChain) -> None:
    chain.deposit(91)
    post = Post()
    look(tmp_path / "watch", chain, post=post)
    assert post.handed[-1].root == empty_node(CHAIN_LEVELS)
    chain.undo(91, "another")
    chain.deposit(92, amount=8)
    chain.final = 100
    look(tmp_path / "watch", chain, post=post)
    assert post.handed[-1].root == root_of([lock(0, 8)])


def test_a_chain_that_says_nothing_of_finality_has_confirmations(tmp_path: Path, chain: ScriptedChain) -> None:
    chain.final = 0
    with watching(tmp_path / "watch", chain, confirmations=64) as watcher:
        found = watcher.look(COMMITTEE, Post().submit)
    assert (found.final, found.last and found.last.block) == (36, 30)


def test_a_lock_that_leaves_is_in_no_root_any_more(tmp_path: Path, chain: ScriptedChain) -> None:
    chain.deposit(12)
    chain.deposit(13)
    chain.exit(14, 0)
    chain.exit(95, 1)
    post = Post()
    look(tmp_path / "watch", chain, post=post)
    assert post.handed[-1].root == root_of([empty_node(0), lock(1)])
    chain.final = 100
    look(tmp_path / "watch", chain, post=post)
    assert post.handed[-1].root == empty_node(CHAIN_LEVELS)


def test_a_deposit_that_can_be_no_lock_takes_its_place_and_stops_nobody(tmp_path: Path, chain: ScriptedChain) -> None:
    chain.deposit(12, domain=2**256 - 1)
    chain.deposit(13)
    post = Post()
    look(tmp_path / "watch", chain, post=post)
    assert post.handed[-1].root == root_of([empty_node(0), lock(1)])


def test_watchers_that_look_at_other_moments_sign_the_same(tmp_path: Path, chain: ScriptedChain) -> None:
    chain.deposit(12)
    chain.deposit(85)
    early, late = Post(*[Outcome.WAITING] * 100), Post(*[Outcome.WAITING] * 100)
    for final in range(85, 131, 3):
        chain.final, chain.head = final, final + 5
        look(tmp_path / "early", chain, post=early)
    look(tmp_path / "late", chain, post=late)
    said = {each.encode() for each in early.handed}
    assert len(late.handed) == STEPS
    assert {each.encode() for each in late.handed} <= said


def test_before_the_first_checkpoint_nothing_is_said(tmp_path: Path, chain: ScriptedChain) -> None:
    chain.final = 9
    post = Post()
    assert look(tmp_path / "watch", chain, post=post) == Look(9, None, ())
    assert post.handed == []


# --- Until it is published -------------------------------------------------------------------------------


def test_a_root_is_handed_over_until_it_is_published(tmp_path: Path, chain: ScriptedChain) -> None:
    chain.final = 10
    silent = InternalError(Reason.STORE_UNAVAILABLE, "registry", found="nobody", expected="an answer")
    post = Post(silent, Outcome.WAITING, Outcome.PUBLISHED)
    assert refused(tmp_path / "watch", chain, post=post) is Reason.STORE_UNAVAILABLE
    assert look(tmp_path / "watch", chain, post=post).submitted[0].answer == Answer(Outcome.WAITING, 1, 2)
    assert look(tmp_path / "watch", chain, post=post).submitted[0].answer.outcome is Outcome.PUBLISHED
    assert look(tmp_path / "watch", chain, post=post).submitted == ()
    assert len({each.encode() for each in post.handed}) == 1
    assert len(post.handed) == 3


def test_what_was_overtaken_is_let_go_and_of_the_rest_the_newest_are_kept(tmp_path: Path, chain: ScriptedChain) -> None:
    post = Post(*[Outcome.WAITING] * 100)
    found: Look | None = None
    for final in range(10, 10 * (KEPT + 3), 10):
        chain.final, chain.head = final, final
        found = look(tmp_path / "watch", chain, post=post)
    assert found is not None
    assert len(found.submitted) == KEPT
    post.answers = [Outcome.WAITING, Outcome.PUBLISHED, *[Outcome.WAITING] * 100]
    newest = found.submitted[0].block
    told = [(each.block, each.answer.outcome) for each in look(tmp_path / "watch", chain, post=post).submitted]
    assert told == [(newest, Outcome.WAITING), (newest - EVERY, Outcome.PUBLISHED)]
    assert [each.block for each in look(tmp_path / "watch", chain, post=post).submitted] == [newest]
    post.answers = [Outcome.OVERTAKEN]
    look(tmp_path / "watch", chain, post=post)
    assert look(tmp_path / "watch", chain, post=post).submitted == ()


def test_a_root_that_is_refused_for_ever_does_not_hold_up_the_next(tmp_path: Path, chain: ScriptedChain) -> None:
    refusal = RejectedError(Reason.REVOKED_SIGNER, "sequence", found="too few of them left", expected="2 signers")
    chain.final = 10
    assert refused(tmp_path / "watch", chain, post=Post(refusal)) is Reason.REVOKED_SIGNER
    chain.final = 20
    post = Post(Outcome.PUBLISHED, refusal)
    assert [each.block for each in look(tmp_path / "watch", chain, post=post).submitted] == [20]
    assert look(tmp_path / "watch", chain, post=post).submitted == ()


def test_another_root_than_the_others_signed_is_an_alarm(tmp_path: Path, chain: ScriptedChain) -> None:
    chain.final = 10
    assert refused(tmp_path / "watch", chain, post=Post(Outcome.CONTRADICTED)) is Reason.CHAIN_REWRITTEN


# --- A chain that takes back, and nodes that lie ---------------------------------------------------------


def test_a_final_block_that_is_another_is_an_alarm_and_nothing_is_signed(tmp_path: Path, chain: ScriptedChain) -> None:
    chain.deposit(12)
    look(tmp_path / "watch", chain)
    chain.undo(12, "another")
    chain.final, chain.head = 120, 130
    post = Post()
    for _ in range(2):
        assert refused(tmp_path / "watch", chain, post=post) is Reason.CHAIN_REWRITTEN
    assert post.handed == []


def test_a_finality_that_goes_back_is_an_alarm(tmp_path: Path, chain: ScriptedChain) -> None:
    look(tmp_path / "watch", chain)
    chain.final = 89
    post = Post()
    assert refused(tmp_path / "watch", chain, post=post) is Reason.CHAIN_REWRITTEN
    assert post.handed == []
    chain.final = 90
    look(tmp_path / "watch", chain)


@pytest.mark.parametrize(
    "lie",
    [
        without(0),
        without(1),
        without(2),
        without(3),
        lambda _: [],
        lambda logs: logs + logs[-1:],
        lambda logs: [logs[0], *logs],
        lambda logs: [logs[1], logs[0], *logs[2:]],
        altered(1, data=f"0x{(b'x' * 160).hex()}"),
        altered(1, topics=[f"0x{bytes(32).hex()}"]),
        altered(2, logIndex="0x0", blockNumber="0xd"),
        altered(3, data="0x"),
    ],
    ids=[
        "gap at the beginning",
        "gap",
        "gap before an exit",
        "exit withheld",
        "nothing",
        "duplicate at the end",
        "duplicate",
        "out of order",
        "altered",
        "of another event",
        "moved",
        "cut off",
    ],
)
def test_logs_that_are_not_those_of_the_escrow_are_signed_by_nobody(
    tmp_path: Path, chain: ScriptedChain, lie: object
) -> None:
    chain.deposit(12)
    chain.deposit(13)
    chain.deposit(13)
    chain.exit(14, 1)
    liar = copy_of(chain, told=lie)
    post = Post()
    assert refused(tmp_path / "watch", liar, post=post) in {Reason.WRONG_LOGS, Reason.CHAIN_UNAVAILABLE}
    assert post.handed == []


def test_beside_an_honest_node_the_logs_of_a_liar_are_not_needed(tmp_path: Path, chain: ScriptedChain) -> None:
    chain.deposit(12)
    chain.deposit(13)
    post = Post()
    look(tmp_path / "watch", copy_of(chain, told=without(0)), chain, post=post)
    assert post.handed[-1].root == root_of([lock(0), lock(1)])


def test_nodes_that_contradict_each_other_are_believed_by_nobody(tmp_path: Path, chain: ScriptedChain) -> None:
    chain.deposit(12)
    other = copy_of(chain)
    other.undo(12, "another")
    more = copy_of(chain)
    more.deposit(13)
    post = Post()
    for pair in ((chain, other), (chain, more), (more, chain)):
        assert refused(tmp_path / "watch", *pair, post=post) is Reason.CHAIN_REWRITTEN
    assert post.handed == []


def test_a_node_that_falls_silent_is_no_alarm_and_nothing_is_signed(tmp_path: Path, chain: ScriptedChain) -> None:
    chain.deposit(12)
    post = Post()
    for place in range(6):
        # the first question of each connection is about the chain, which is answered
        silent = copy_of(chain)
        answered = iter(range(place))

        def answer(
            method: str, params: list[object], silent: ScriptedChain = silent, left: Iterator[int] = answered
        ) -> object:
            if next(left, None) is None:
                raise SilenceError
            return silent.answer(method, params)

        with (
            node_of(answer) as url,
            open_chain([url], CHAIN_ID, LIMITS) as nodes,
            WatchState(tmp_path / "watch", CHAIN_ID, ESCROW, 1) as state,
        ):
            watcher = Watcher(nodes, ESCROW, state, every_blocks=90, from_block=1)
            with pytest.raises(InternalError) as caught:
                watcher.look(COMMITTEE, post.submit)
        assert caught.value.reason is Reason.CHAIN_UNAVAILABLE
    assert post.handed == []


def test_an_escrow_that_is_not_there_is_told(tmp_path: Path, chain: ScriptedChain) -> None:
    gone = copy_of(chain)

    def answer(method: str, params: list[object]) -> object:
        return "0x" if method == "eth_call" else gone.answer(method, params)

    with (
        node_of(answer) as url,
        open_chain([url], CHAIN_ID, LIMITS) as nodes,
        WatchState(tmp_path / "watch", CHAIN_ID, ESCROW, 1) as state,
        pytest.raises(MisuseError),
    ):
        Watcher(nodes, ESCROW, state, every_blocks=EVERY, from_block=1).look(COMMITTEE, Post().submit)


# --- What is on the disk ---------------------------------------------------------------------------------


def test_a_checkpoint_that_was_begun_is_finished_at_a_start(tmp_path: Path, chain: ScriptedChain) -> None:
    chain.deposit(12)
    folder = tmp_path / "watch"
    look(folder, chain)
    with WatchState(folder, CHAIN_ID, ESCROW, 1) as state:
        last = state.last
        assert last is not None
        block = block_of(chain, 100)
        pending = Pending(block, replace(last.account, count=2), {1: lock(1)})
    (folder / PENDING).write_bytes(pending.encode())
    for _ in range(2):
        with WatchState(folder, CHAIN_ID, ESCROW, 1) as state:
            assert state.last is not None
            assert (state.last.block, state.last.root) == (100, root_of([lock(0), lock(1)]))
        assert not (folder / PENDING).exists()
    (folder / PENDING).write_bytes(pending.encode())  # killed before it was taken away
    with WatchState(folder, CHAIN_ID, ESCROW, 1) as state:
        assert len(state.checkpoints) == STEPS + 1


def block_of(chain: ScriptedChain, number: int) -> Block:
    """A block as a node has it."""
    with node_of(chain.answer) as url, open_chain([url], CHAIN_ID, LIMITS) as nodes:
        return nodes.block(number)


@pytest.mark.parametrize(
    ("name", "data"),
    [(PENDING, b"half of a checkpoint"), (JOURNAL, b"{}"), (JOURNAL, b""), (NAMED, b"{}")],
)
def test_a_folder_that_somebody_altered_is_not_opened(
    tmp_path: Path, chain: ScriptedChain, name: str, data: bytes
) -> None:
    chain.deposit(12)
    look(tmp_path / "watch", chain)
    (tmp_path / "watch" / name).write_bytes(data)
    with pytest.raises(MarginError):
        WatchState(tmp_path / "watch", CHAIN_ID, ESCROW, 1)


def test_a_journal_of_another_tree_is_not_opened(tmp_path: Path, chain: ScriptedChain) -> None:
    chain.deposit(12)
    for name in ("one", "other"):
        look(tmp_path / name, chain)
        chain.undo(1, name)
    (tmp_path / "other" / JOURNAL).replace(tmp_path / "one" / JOURNAL)
    with pytest.raises(MarginError) as caught:
        WatchState(tmp_path / "one", CHAIN_ID, ESCROW, 1)
    assert caught.value.reason is Reason.BROKEN_INVARIANT


@pytest.mark.parametrize("other", [(1, ESCROW, 1), (CHAIN_ID, bytes(20), 1), (CHAIN_ID, ESCROW, 2)])
def test_a_folder_is_of_one_escrow_on_one_chain(tmp_path: Path, other: tuple[int, bytes, int]) -> None:
    WatchState(tmp_path / "watch", CHAIN_ID, ESCROW, 1).close()
    with pytest.raises(MisuseError) as caught:
        WatchState(tmp_path / "watch", *other)
    assert caught.value.reason is Reason.WRONG_CONTEXT


def test_a_folder_has_one_watcher(tmp_path: Path) -> None:
    with WatchState(tmp_path / "watch", CHAIN_ID, ESCROW, 1), pytest.raises(MisuseError):
        WatchState(tmp_path / "watch", CHAIN_ID, ESCROW, 1)


def test_a_statement_is_of_its_block_and_committee_alone(tmp_path: Path, chain: ScriptedChain) -> None:
    last = look(tmp_path / "watch", chain).last
    assert last is not None
    assert state_root(last, CHAIN_ID, COMMITTEE).encode() == state_root(last, CHAIN_ID, COMMITTEE).encode()
