"""Attacks on watchers by the nodes that they ask: every answer altered at random, and answers that never end."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from random import Random
from typing import Any

import pytest

from chains.rpc import Limits, open_chain
from chains.watching.state import WatchState
from chains.watching.watcher import Answer, Outcome, Watcher
from facts.committee import Committee
from facts.lock_root import LockRoot, name_chain
from facts.signed import Purpose
from margin.errors import InternalError, MarginError, Reason
from tests.chains.scripted_chain import CHAIN_ID, ESCROW, ScriptedChain, SilenceError, copy_of, node_of
from tests.facts.specimens import committee_of, keys_of

COMMITTEE: Committee = committee_of(Purpose.WATCHERS, name_chain(CHAIN_ID), keys_of("watcher", 3), 2, 3)
LIMITS = Limits(seconds=60, attempts=1)
HASTY = Limits(seconds=0.5, attempts=1)
"""For a node that never ends."""
PATIENCE_SECONDS = 60
EVERY = 30


def make_chain() -> ScriptedChain:
    chain = ScriptedChain(head=100, final=90)
    for block in (12, 13, 13, 40):
        chain.deposit(block, amount=block)
    chain.exit(50, 1)
    chain.deposit(70, amount=70)
    return chain


def watch(folder: Path, *urls: str) -> list[LockRoot]:
    """What a watcher that was just started signs; what it signed before an error counts too."""
    signed: list[LockRoot] = []

    def submit(statement: LockRoot) -> Answer:
        signed.append(statement)
        return Answer(Outcome.WAITING, 1, 2)

    with (
        suppress(MarginError),
        open_chain(urls, CHAIN_ID, LIMITS) as chain,
        WatchState(folder, CHAIN_ID, ESCROW, 1) as state,
    ):
        Watcher(chain, ESCROW, state, every_blocks=EVERY, from_block=1).look(COMMITTEE, submit)
    return signed


# --- A node that lies about anything ------------------------------------------------------------------------


class Liar:
    """A node that alters one of its answers somewhere."""

    def __init__(self, chain: ScriptedChain, seed: int) -> None:
        self._chain = chain
        self._choose = Random(seed)  # noqa: S311 - to be repeated
        self._left = self._choose.randrange(14)

    def answer(self, method: str, params: list[Any]) -> object:
        honest = self._chain.answer(method, params)
        self._left -= 1
        return honest if self._left >= 0 else self._alter(honest)

    def _alter(self, said: Any) -> Any:  # noqa: ANN401 - any JSON
        choose = self._choose
        if isinstance(said, dict):
            name = choose.choice(sorted(said))
            return {**said, name: self._alter(said[name])}
        if isinstance(said, list) and said:
            place, other = choose.randrange(len(said)), choose.randrange(len(said))
            kinds: list[Callable[[], list[Any]]] = [
                lambda: [*said[:place], *said[place + 1 :]],
                lambda: [*said[:place], said[other], *said[place:]],
                lambda: [
                    said[other] if at == place else said[place] if at == other else each for at, each in enumerate(said)
                ],
                lambda: [*said[:place], self._alter(said[place]), *said[place + 1 :]],
                list,
            ]
            return choose.choice(kinds)()
        if isinstance(said, str) and len(said) > 2:
            place = choose.randrange(2, len(said))
            digit = choose.choice("0123456789abcdef")
            return choose.choice([said[:place] + digit + said[place + 1 :], said[:place], said + "00", "0x", None])
        return choose.choice([None, "0x0", "0x1", [], {}, not said])


@pytest.mark.slow
@pytest.mark.parametrize("is_first", [True, False], ids=["asked first", "asked last"])
def test_beside_an_honest_node_no_lie_is_signed(tmp_path: Path, *, is_first: bool) -> None:
    chain = make_chain()
    with node_of(chain.answer) as honest:
        truth = {each.encode() for each in watch(tmp_path / "truth", honest)}
        assert len(truth) == 3
        silent = 0
        for seed in range(30):
            with node_of(Liar(copy_of(chain), seed).answer) as liar:
                urls = (liar, honest) if is_first else (honest, liar)
                signed = {each.encode() for each in watch(tmp_path / str(seed), *urls)}
            assert signed <= truth, f"seed {seed}: a lie was signed"
            silent += not signed
        assert 2 < silent < 30, "some lies were noticed, and not every alteration was one"


@pytest.mark.slow
def test_a_liar_alone_has_no_lie_about_locks_signed(tmp_path: Path) -> None:
    """Block, hash and time are a single node's word; which locks there are the escrow's hashes tell."""
    chain = make_chain()
    with node_of(chain.answer) as honest:
        truth = {(each.sequence, each.root) for each in watch(tmp_path / "truth", honest)}
    for seed in range(30):
        with node_of(Liar(copy_of(chain), seed).answer) as liar:
            signed = {(each.sequence, each.root) for each in watch(tmp_path / str(seed), liar)}
        assert signed <= truth, f"seed {seed}: a lie was signed"


@pytest.mark.slow
def test_whoever_was_lied_to_once_goes_on_with_the_truth_or_not_at_all(tmp_path: Path) -> None:
    """What a liar put onto the disk is not built upon: it is noticed, or it was the truth."""
    chain = make_chain()
    later = copy_of(chain, head=130, final=120)
    later.deposit(95, amount=9)
    with node_of(chain.answer) as honest, node_of(later.answer) as newest:
        watch(tmp_path / "truth", honest)
        truth = {(each.sequence, each.root) for each in watch(tmp_path / "truth", newest)}
        for seed in range(15):
            folder = tmp_path / str(seed)
            with node_of(Liar(copy_of(chain), seed).answer) as liar:
                watch(folder, liar)
            assert {(each.sequence, each.root) for each in watch(folder, newest) if each.sequence > 90} <= truth


def test_a_node_of_another_chain_is_asked_nothing_else(tmp_path: Path) -> None:
    chain = make_chain()
    asked = []

    def answer(method: str, params: list[Any]) -> object:
        asked.append(method)
        return hex(CHAIN_ID + 1) if method == "eth_chainId" else chain.answer(method, params)

    with node_of(answer) as other:
        assert watch(tmp_path / "watch", other) == []
    assert set(asked) == {"eth_chainId"}


# --- A node that never ends -----------------------------------------------------------------------------------

HEAD = b"HTTP/1.1 200 OK\r\n"
DRIPS = {
    "head": (b"", b"H"),
    "headers": (HEAD, b"x: y\r\n"),
    "a header": (HEAD + b"x: ", b"y"),
    "body": (HEAD + b"Content-Length: 100000\r\n\r\n", b" "),
    "chunks": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    "a chunk's size": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"0"),
    "trailers": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"x: y\r\n"),
    "continue": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
}


@contextmanager
def dripping(first: bytes, drop: bytes) -> Iterator[str]:
    """A node that answers every question a little, and a little more, for ever."""
    stopped = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server, ExitStack() as threads:

        def drip(connection: socket.socket) -> None:
            with connection:
                try:
                    connection.recv(1 << 16)
                    connection.sendall(first)
                    while not stopped.wait(0.02):
                        connection.sendall(drop)
                except OSError:
                    return

        def serve() -> None:
            while not stopped.is_set():
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                threading.Thread(target=drip, args=[connection], daemon=True).start()

        threads.callback(stopped.set)
        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"


@pytest.mark.slow
@pytest.mark.parametrize("place", DRIPS)
def test_x1_a_node_that_answers_for_ever_holds_up_nobody(place: str) -> None:
    with dripping(*DRIPS[place]) as url, open_chain([url], CHAIN_ID, HASTY) as chain:
        ended = threading.Event()
        refusals: list[Reason] = []

        def ask() -> None:
            try:
                chain.final_number()
            except InternalError as error:
                refusals.append(error.reason)
            ended.set()

        threading.Thread(target=ask, daemon=True).start()
        assert ended.wait(PATIENCE_SECONDS), "still waiting"
        assert refusals == [Reason.CHAIN_UNAVAILABLE]


BODIES = (b"[" * 100_000, b'{"jsonrpc":"2.0","id":1,"result":' + b"9" * 100_000 + b"}", b"\xff\xfe", b"NaN", b"")


@pytest.mark.parametrize("body", BODIES, ids=["deep", "long number", "no text", "no number", "nothing"])
def test_x1_an_answer_that_is_no_json_of_a_node_is_none(tmp_path: Path, body: bytes) -> None:
    def answer(*_: object) -> object:
        raise SilenceError(body, status=200)

    with node_of(answer) as url:
        assert watch(tmp_path / "watch", url) == []
