"""A real node of a chain that nobody else has: anvil as a process that ends with whoever started it.

A chain of it makes a block for each transaction, or one every so many seconds, or none until it is told to. The newest
final block is two epochs behind the newest; with epochs of one slot finality comes after two blocks. Its time is that
of the machine, or goes by blocks alone.
"""

import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from queue import Empty, Queue
from threading import Lock, Thread
from time import monotonic, sleep
from typing import Any, Final
from urllib.request import Request, urlopen

from chains.development.leash import hold
from margin.errors import InternalError, MisuseError, Reason

CONTRACTS: Final = Path(__file__).resolve().parents[2] / "contracts"
"""Of a checkout: contracts, and with them the node and the compiler that are installed there."""
INSTALLED: Final = CONTRACTS / "node_modules"
HOST: Final = "127.0.0.1"
TOLD: Final = "Listening on "
START_SECONDS: Final = 120
ANSWER_SECONDS: Final = 120
GLANCE_SECONDS: Final = 0.005
NUDGE_SECONDS: Final = 5
"""After that a node which makes a block for each transaction is asked for one: once in many thousands it has taken a
transaction while it was still busy with the block before, and makes none of it."""
EPOCHS_TO_FINALITY: Final = 2
GAS: Final = 10_000_000
"""What a transaction may take where nothing is said. A node would estimate it to the unit, at a moment that is another
one when the transaction is in a block: a function that looks at the time takes a few units more or less then."""
REMEMBERED_STATES: Final = 256
"""How far back a chain can be asked what was in it. An anvil that remembers everything writes its states to the home
folder of whoever runs it, hundreds of kilobytes a block, and leaves them there."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How a chain goes on."""

    chain_id: int
    slots_in_an_epoch: int = 1
    block_seconds: int | None = None
    """A block every so many seconds; for each transaction where nothing is said."""
    mines: bool = True
    """Whether blocks come by themselves at all."""
    seconds_for_a_block: int | None = None
    """By so many each block is later than the one before it, however long that took; by the machine's clock where
    nothing is said. What happens on a chain then depends on its blocks alone, and on no machine that is slow."""

    @property
    def arguments(self) -> Sequence[str]:
        """As anvil is told of it."""
        told = ["--chain-id", str(self.chain_id), "--slots-in-an-epoch", str(self.slots_in_an_epoch)]
        told += ["--prune-history", str(REMEMBERED_STATES)]
        if not self.mines:
            return [*told, "--no-mining"]
        return told if self.block_seconds is None else [*told, "--block-time", str(self.block_seconds)]


@dataclass(frozen=True, slots=True)
class Anvil:
    """A node that answers, with accounts that are rich and unlocked."""

    url: str
    manner: Manner
    numbers: Iterator[int] = field(default_factory=count, repr=False)
    lock: Lock = field(default_factory=Lock, repr=False)

    @property
    def chain_id(self) -> int:
        """Which chain it is."""
        return self.manner.chain_id

    def ask(self, method: str, *params: object) -> Any:  # noqa: ANN401 - what a node answers has no one type
        """What the node answers to a call of its JSON-RPC."""
        answer = self.request(method, *params)
        if "error" in answer:
            raise InternalError(
                Reason.BROKEN_INVARIANT, method, found=answer["error"]["message"], expected="an answer of the node"
            )
        return answer["result"]

    def request(self, method: str, *params: object) -> Mapping[str, Any]:
        """The whole answer, with a result or with an error."""
        with self.lock:
            number = next(self.numbers)
        question = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
        headers = {"Content-Type": "application/json"}
        request = Request(self.url, json.dumps(question).encode(), headers)  # noqa: S310 - a URL of this class
        with urlopen(request, timeout=ANSWER_SECONDS) as response:  # noqa: S310 - the same
            answer: Mapping[str, Any] = json.load(response)
        return answer

    def send(self, **transaction: object) -> Mapping[str, Any]:
        """What became of a transaction of one of the node's accounts, once it is in a block."""
        sent = self.ask("eth_sendTransaction", {"gas": hex(GAS), **transaction})
        began, is_nudged = monotonic(), not self.manner.mines or self.manner.block_seconds is not None
        while (receipt := self.ask("eth_getTransactionReceipt", sent)) is None:
            if not is_nudged and monotonic() > began + NUDGE_SECONDS:
                is_nudged = True
                self.mine()
            if monotonic() > began + ANSWER_SECONDS:
                raise InternalError(
                    Reason.BROKEN_INVARIANT, "transaction", found="no receipt", expected="a block with it"
                )
            sleep(GLANCE_SECONDS)
        found: Mapping[str, Any] = receipt
        return found

    def block(self, number: int | str = "latest") -> Mapping[str, Any]:
        """The block of a number, or one that has a name."""
        name = number if isinstance(number, str) else hex(number)
        found: Mapping[str, Any] = self.ask("eth_getBlockByNumber", name, False)  # noqa: FBT003 - as JSON-RPC has it
        return found

    @property
    def accounts(self) -> Sequence[str]:
        """Accounts from which the node sends whatever it is asked to."""
        accounts: list[str] = self.ask("eth_accounts")
        return accounts

    @property
    def head(self) -> int:
        """The number of the newest block."""
        return int(self.ask("eth_blockNumber"), 16)

    @property
    def final(self) -> int:
        """The number of the newest block that the node calls final."""
        return int(self.block("finalized")["number"], 16)

    @property
    def moment(self) -> int:
        """The time of the newest block."""
        return int(self.block()["timestamp"], 16)

    def mine(self, blocks: int = 1) -> None:
        """So many blocks more, with what is waiting in the first."""
        self.ask("anvil_mine", hex(blocks))

    def finalise(self) -> None:
        """As many blocks as make final what is in the newest."""
        self.mine(EPOCHS_TO_FINALITY * self.manner.slots_in_an_epoch)

    def advance(self, seconds: int) -> None:
        """A block that comes so much later than the newest; all that follow come after it."""
        self.ask("evm_setNextBlockTimestamp", self.moment + seconds)
        self.mine()

    def reorganise(self, depth: int) -> None:
        """Other blocks, empty ones, in the place of the newest: what was in them never was."""
        self.ask("anvil_reorg", depth, [])

    def give(self, address: str, wei: int) -> None:
        """So much of the chain's own coin, out of nothing."""
        self.ask("anvil_setBalance", address, hex(wei))


def find_anvil() -> Path:
    """The program of this machine: the one that is installed for the contracts, or any that a shell would find."""
    installed = sorted(INSTALLED.glob("@foundry-rs/anvil-*/bin/anvil*"))
    found = installed[0] if installed else shutil.which("anvil")
    if found is None:
        raise MisuseError(
            Reason.BACKEND_MISSING,
            "anvil",
            found="no such program",
            expected="a checkout in which `make contracts` ran",
        )
    return Path(found)


@contextmanager
def run_anvil(manner: Manner) -> Iterator[Anvil]:
    """A node from when it answers until it has ended; it ends with this process too, whatever becomes of that."""
    command = [str(find_anvil()), "--host", HOST, "--port", "0", *manner.arguments]
    with hold(command, subprocess.PIPE) as process:
        node = Anvil(f"http://{await_address(process)}", manner)
        if manner.seconds_for_a_block is not None:
            node.ask("anvil_setBlockTimestampInterval", manner.seconds_for_a_block)
        yield node


def await_address(process: subprocess.Popen[bytes]) -> str:
    """Where the node listens; it says so once it does."""
    told: Queue[str | None] = Queue(maxsize=1)
    Thread(target=listen, args=[process, told], daemon=True).start()
    try:
        address = told.get(timeout=START_SECONDS)
    except Empty:
        address = None
    if address is None:
        found = "none" if process.poll() is None else f"one that ended with {process.returncode}"
        raise InternalError(Reason.BROKEN_INVARIANT, "anvil", found=found, expected="a node that listens")
    return address


def listen(process: subprocess.Popen[bytes], told: "Queue[str | None]") -> None:
    """Pass on the address; then read on, so that a node that tells of every call is never held up."""
    lines = (line.decode(errors="replace").strip() for line in process.stdout or ())
    told.put(next((line.removeprefix(TOLD) for line in lines if line.startswith(TOLD)), None))
    for _ in lines:
        pass
