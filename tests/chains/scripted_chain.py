"""A chain that says what it is told to, over a real socket: logs that are lost, doubled, altered, undone."""

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from chains.escrow import CHAINED, COUNT, DEPOSITED, EXIT_REQUESTED, Account, Deposited, ExitRequested

CHAIN_ID: Final = 31337
ESCROW: Final = bytes(range(20))
GENESIS: Final = 1_800_000_000
BLOCK_SECONDS: Final = 12

Answer = Callable[[str, list[Any]], object]


@dataclass(frozen=True, slots=True)
class Written:
    """A log as an escrow wrote it, with what the escrow was afterwards."""

    block: int
    place: int
    topics: tuple[bytes, ...]
    data: bytes
    after: Account


class QuestionRefusedError(Exception):
    """Answered by an error of JSON-RPC."""

    def __init__(self, code: int) -> None:
        super().__init__(str(code))
        self.code = code


class SilenceError(Exception):
    """Answered by nothing that is JSON-RPC."""

    def __init__(self, body: bytes = b"gone", status: int = 502, seconds: float = 0.0) -> None:
        super().__init__(str(status))
        self.body, self.status, self.seconds = body, status, seconds


@dataclass(slots=True)
class ScriptedChain:
    """Blocks up to a head, of which those up to another number are final."""

    head: int = 100
    final: int = 90
    fork: int = 0
    """From this block on, the chain is another one than with another salt."""
    salt: str = ""
    logs: list[Written] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    most_blocks: int | None = None
    """Refuses logs of more blocks than that."""
    faults: list[Exception] = field(default_factory=list)
    """The next answers; after them it answers as it should."""
    told: Callable[[list[dict[str, Any]]], list[dict[str, Any]]] = lambda logs: logs
    """What becomes of logs on their way."""

    # --- What happens on it ------------------------------------------------------------------------------

    @property
    def account(self) -> Account:
        """The escrow now."""
        return self.logs[-1].after if self.logs else Account()

    def deposit(self, block: int, amount: int = 5, domain: int = 7, owner: int = 9) -> None:
        """One more lock."""
        index, before = self.account.count, self.account.chained
        bare = Deposited(index, domain, 11, amount, owner, b"")
        chained = bare.chain(before)
        words = b"".join(each.to_bytes(32, "big") for each in (domain, 11, amount, owner)) + chained
        self._write(block, (DEPOSITED, index.to_bytes(32, "big")), words, Account(index + 1, chained))

    def exit(self, block: int, index: int) -> None:
        """A lock leaves."""
        bare = ExitRequested(index, 77 + index, b"")
        chained = bare.chain(self.account.chained)
        words = bytes(32) + (block + 9).to_bytes(32, "big") + chained
        topics = (EXIT_REQUESTED, index.to_bytes(32, "big"), (77 + index).to_bytes(32, "big"))
        self._write(block, topics, words, Account(self.account.count, chained))

    def undo(self, block: int, salt: str) -> None:
        """From a block on everything is another, and nothing happened in it."""
        self.logs = [each for each in self.logs if each.block < block]
        self.fork, self.salt = block, salt

    def _write(self, block: int, topics: tuple[bytes, ...], data: bytes, after: Account) -> None:
        place = sum(each.block == block for each in self.logs)
        self.logs.append(Written(block, place, topics, data, after))
        self.head = max(self.head, block)

    # --- What it says ------------------------------------------------------------------------------------

    def answer(self, method: str, params: list[Any]) -> object:
        """As a node does."""
        self.asked.append(method)
        if self.faults and method != "eth_chainId":
            raise self.faults.pop(0)
        match method:
            case "eth_chainId":
                return hex(CHAIN_ID)
            case "eth_getBlockByNumber":
                return self._block({"latest": self.head, "finalized": self.final}.get(params[0]) or int(params[0], 16))
            case "eth_getLogs":
                return self._logs(int(params[0]["fromBlock"], 16), int(params[0]["toBlock"], 16))
            case "eth_call":
                return self._call(params[0]["data"], params[1]["blockHash"])
            case _:
                raise QuestionRefusedError(-32601)

    def hash_of(self, number: int) -> bytes:
        """The name of a block."""
        return sha256(f"{number} {self.salt if number >= self.fork else ''}".encode()).digest()

    def _block(self, number: int) -> object:
        if number > self.head:
            return None
        return {
            "number": hex(number),
            "hash": f"0x{self.hash_of(number).hex()}",
            "parentHash": f"0x{self.hash_of(number - 1).hex()}",
            "timestamp": hex(GENESIS + BLOCK_SECONDS * number),
        }

    def _logs(self, first: int, last: int) -> object:
        if self.most_blocks is not None and last - first >= self.most_blocks:
            raise QuestionRefusedError(-32005)
        return self.told(
            [
                {
                    "address": f"0x{ESCROW.hex()}",
                    "topics": [f"0x{topic.hex()}" for topic in each.topics],
                    "data": f"0x{each.data.hex()}",
                    "blockNumber": hex(each.block),
                    "blockHash": f"0x{self.hash_of(each.block).hex()}",
                    "logIndex": hex(each.place),
                    "removed": False,
                }
                for each in self.logs
                if first <= each.block <= last
            ]
        )

    def _call(self, data: str, block_hash: str) -> object:
        number = next(each for each in range(self.head + 1) if f"0x{self.hash_of(each).hex()}" == block_hash)
        past = [each.after for each in self.logs if each.block <= number]
        account = past[-1] if past else Account()
        answers = {COUNT: account.count.to_bytes(32, "big"), CHAINED: account.chained}
        return f"0x{answers[bytes.fromhex(data[2:])].hex()}"


@contextmanager
def node_of(answer: Answer) -> Iterator[str]:
    """A node that answers so; its address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, head = 200, {"jsonrpc": "2.0", "id": asked["id"]}
            try:
                body = json.dumps({**head, "result": answer(asked["method"], asked["params"])}).encode()
            except QuestionRefusedError as refused:
                body = json.dumps({**head, "error": {"code": refused.code, "message": "no"}}).encode()
            except SilenceError as silence:
                time.sleep(silence.seconds)
                status, body = silence.status, silence.body
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/a-secret-key"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def without(place: int) -> Callable[[list[dict[str, Any]]], list[dict[str, Any]]]:
    """Logs but for one."""
    return lambda logs: logs[:place] + logs[place + 1 :]


def altered(place: int, **changes: object) -> Callable[[list[dict[str, Any]]], list[dict[str, Any]]]:
    """Logs of which one is another."""

    def alter(logs: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [{**log, **changes} if at == place else log for at, log in enumerate(logs)]

    return alter


def copy_of(chain: ScriptedChain, **changes: Any) -> ScriptedChain:  # noqa: ANN401 - its fields
    """Another node of the same chain."""
    named: Mapping[str, Any] = {"logs": list(chain.logs), "asked": [], "faults": [], **changes}
    return replace(chain, **named)
