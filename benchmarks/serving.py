"""What a verifier takes on, over real sockets with mutual TLS: ``python -m benchmarks.serving [--quick]``.

The server is ``ringfence verifier serve`` in a process of its own, with a store in a file that is synchronised at
every commit; the callers are in this process, on the same machine. Facts are signed by committees and published; the
proofs are of a key whose secrets are known, so that there are thousands of different claims within seconds: a verifier
does the same work for them as for any other.

    Verify             one claim a call: steps 1 to 7
    VerifyBatch        64 claims a message of a stream: the same steps, proved together
    AcceptCollateral   one claim with a lock a call: all nine steps, durable, signed twice, with its place in the log

Throughput is that of a closed loop; how long callers wait is measured at half of it in an open loop. ``--minutes``
keeps half the load up for so long and tells how the server's memory went.
"""

import argparse
import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import grpc
from rich.console import Console
from rich.table import Table

from benchmarks.measurement.load import Waits, count_per_second, wait_at_rate
from benchmarks.measurement.machine import describe_machine
from facts.demand import Demand, read_demand
from facts.elements import draw_element
from facts.public_inputs import FIXED_COUNT, PublicInputs, unused_input
from facts.roots import Roots
from margin.documents.reading import read_document
from prover.publication import read_publication
from ringfence.cli.sandbox.documents import describe_keys, render_json
from ringfence.cli.sandbox.making import Wanted, make_sandbox
from ringfence.cli.sandbox.places import Sandbox
from ringfence.cli.sandbox.publishing import Speakers, publish_facts
from ringfence.v1 import claim_pb2, verifier_service_pb2
from ringfence.v1.verifier_service_pb2_grpc import VerifierServiceStub
from ringfence.wire.claim import write_claim
from snark.groth16.formats.verification_key import format_verifying_key
from tests.snark.groth16.simulator import Simulator

SECONDS, QUICK_SECONDS = 10.0, 0.5
CLAIMS, QUICK_CLAIMS = 2_000, 64
LOCKED, QUICK_LOCKED = 12_000, 600
CALLERS: Final = 8
"""As many calls at once as one caller makes; a call that waits for room waits for its answer all the same."""
BARE, LOCK = "bench-k0", "bench-k1"
AT_ONCE: Final = 64
STREAMS: Final = 2
START_SECONDS: Final = 60
LONG_SECONDS: Final = 3600
"""Nothing lapses meanwhile."""
SAMPLES: Final = 20
MEGABYTE: Final = 1 << 20
TABLE_WIDTH: Final = 100


@dataclass(frozen=True)
class Measurement:
    """What one method took on."""

    method: str
    per_second: float
    at_half: Waits | None


@dataclass(frozen=True)
class Memory:
    """Of the server under half the load: the first and the last sample, and the largest between, in MB."""

    minutes: float
    first: float
    last: float
    largest: float


# --- What is asked ---------------------------------------------------------------------------------------


class Claims:
    """Claims of a key whose secrets are known, about positions that nobody has."""

    def __init__(self, roots: Roots, demand: Demand) -> None:
        self._roots = roots
        self._demand = demand
        self._simulators = {locks: Simulator.of(FIXED_COUNT + locks) for locks in (0, 1)}
        self.keys = {name: self._simulators[locks].key for name, locks in ((BARE, 0), (LOCK, 1))}

    def make(self, locks: int) -> claim_pb2.Claim:
        """Another position; with a lock that was never seen before, or without."""
        roots, demand, simulator = self._roots, self._demand, self._simulators[locks]
        nullifiers = tuple(draw_element() for _ in range(locks))
        lock_root = roots.lock if locks else unused_input("lock_root")
        policy = demand.policy.encode()
        inputs = PublicInputs(roots.book, roots.market, lock_root, draw_element(), nullifiers, demand.context, policy)
        return write_claim(simulator.key.id, inputs, simulator.prove(inputs.values), demand)


# --- The server ------------------------------------------------------------------------------------------


@contextmanager
def running_verifier(folder: Path) -> Iterator[tuple[Sandbox, Claims, int]]:
    """A verifier with published facts, claims for it, and the id of its process."""
    sandbox = Sandbox(folder / "sandbox")
    wanted = Wanted(["perp-k0"], f"127.0.0.1:{find_port()}", "127.0.0.1:1", LONG_SECONDS)
    make_sandbox(sandbox, wanted, moment=int(time.time()), progress=lambda _: None)
    demand = read_demand(read_document(sandbox.facts / "demand.toml"))
    claims = Claims(read_publication(sandbox.facts).roots, demand)
    allow_keys(sandbox, claims)
    ringfence = Path(sys.executable).with_name("ringfence")
    command = list(map(str, (ringfence, "verifier", "serve", "--config", sandbox.verifier_settings)))
    with (folder / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as server:  # noqa: S603 -- ours
        try:
            publish_when_ready(sandbox, server)
            yield sandbox, claims, server.pid
        finally:
            server.terminate()


def allow_keys(sandbox: Sandbox, claims: Claims) -> None:
    """Let the verifier take proofs of these keys and no others."""
    folder = sandbox.verifier.folder / "statements"
    for name, key in claims.keys.items():
        (folder / f"{name}.json").write_text(format_verifying_key(key), encoding="utf-8")
    (folder / "keys.json").write_bytes(render_json(describe_keys(claims.keys)))


def publish_when_ready(sandbox: Sandbox, server: "subprocess.Popen[bytes]") -> None:
    """Publish the facts as soon as somebody listens."""
    host, _, port = read_address(sandbox).rpartition(":")
    ends = time.monotonic() + START_SECONDS
    while server.poll() is None and time.monotonic() < ends:
        with socket.socket() as probe:
            if probe.connect_ex((host, int(port))) == 0:
                publish_facts(sandbox, Speakers.open(sandbox), int(time.time()))
                return
        time.sleep(0.1)
    message = "the verifier did not start"
    raise RuntimeError(message)


def find_port() -> int:
    """A port that is free."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def read_address(sandbox: Sandbox) -> str:
    """Where the verifier listens."""
    connection: dict[str, dict[str, str]] = dict(read_settings(sandbox.client_settings("acceptor")))
    return connection["connection"]["address"]


def read_settings(path: Path) -> dict[str, Any]:
    """A document of settings as it is."""
    content = read_document(path)
    if not isinstance(content, dict):
        raise TypeError(path)
    return content


@contextmanager
def open_credentials(sandbox: Sandbox) -> Iterator[tuple[str, grpc.ChannelCredentials]]:
    """The address of the verifier, and what an acceptor shows it."""
    connection = read_settings(sandbox.client_settings("acceptor"))["connection"]
    files = (Path(connection[name]).read_bytes() for name in ("authorities", "key", "certificate"))
    yield connection["address"], grpc.ssl_channel_credentials(*files)


# --- Measuring -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Effort:
    """How much is asked."""

    seconds: float
    claims: int
    locked: int


class Callers:
    """Everybody who asks, over one connection."""

    def __init__(self, stub: Any, claims: Claims, effort: Effort) -> None:  # noqa: ANN401 -- the asynchronous stub has no type
        self._stub = stub
        self._effort = effort
        self._room = asyncio.Semaphore(CALLERS)
        self.bare = [verifier_service_pb2.VerifyRequest(claim=claims.make(0)) for _ in range(effort.claims)]
        self._round = cycle(self.bare)
        self._locked = iter([claims.make(1) for _ in range(effort.locked)])

    async def verify(self) -> None:
        """One call of Verify."""
        async with self._room:
            answer = await self._stub.Verify(next(self._round))
        require_valid(answer)

    async def accept(self) -> None:
        """One call of AcceptCollateral, of a lock that was never offered before."""
        claim = next(self._locked)
        name = claim.public_inputs.nullifiers[0].hex()
        request = verifier_service_pb2.AcceptCollateralRequest(request_id=name, claim=claim)
        async with self._room:
            answer = await self._stub.AcceptCollateral(request)
        require_valid(answer)

    async def verify_streamed(self, streams: int) -> float:
        """Claims that are verified in a second over so many streams."""
        counts = await asyncio.gather(*(self._stream() for _ in range(streams)))
        return sum(counts) / self._effort.seconds

    async def _stream(self) -> int:
        ends = time.perf_counter() + self._effort.seconds
        counted = 0
        numbered = [verifier_service_pb2.NumberedClaim(claim=each.claim) for each in self.bare]
        places = range(0, len(numbered) - AT_ONCE + 1, AT_ONCE)
        messages = [verifier_service_pb2.VerifyBatchRequest(claims=numbered[at : at + AT_ONCE]) for at in places]

        async def ask() -> AsyncIterator[verifier_service_pb2.VerifyBatchRequest]:
            for message in cycle(messages):
                if time.perf_counter() >= ends:
                    return
                yield message

        async for response in self._stub.VerifyBatch(ask()):
            for each in response.answers:
                require_valid(each.answer)
            counted += len(response.answers) * (time.perf_counter() < ends)
        return counted


def require_valid(answer: Any) -> None:  # noqa: ANN401 -- of several methods
    """A figure of refusals would be a figure of nothing."""
    if answer.verdict != claim_pb2.VERDICT_VALID:
        message = f"refused at step {answer.refusal.step}: {answer.refusal.reason}"
        raise RuntimeError(message)


async def measure(callers: Callers, seconds: float) -> list[Measurement]:
    """Every method: how many, and how long they take at half of that."""
    found = []
    for method, send in (("Verify", callers.verify), ("AcceptCollateral", callers.accept)):
        most = await count_per_second(send, CALLERS, seconds)
        found.append(Measurement(method, most, await wait_at_rate(send, most / 2, seconds)))
    found.insert(1, Measurement("VerifyBatch", await callers.verify_streamed(STREAMS), None))
    return found


async def hold_load(callers: Callers, per_second: float, minutes: float, pid: int) -> Memory:
    """Half the load for so many minutes, and the server's memory meanwhile."""
    samples = [resident_bytes(pid)]
    for _ in range(SAMPLES):
        await wait_at_rate(callers.verify, per_second / 2, minutes * 60 / SAMPLES)
        samples.append(resident_bytes(pid))
    first, last, largest = (each / MEGABYTE for each in (samples[1], samples[-1], max(samples)))
    return Memory(minutes, first, last, largest)


def resident_bytes(pid: int) -> int:
    """Memory of a process that is there."""
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


async def run(folder: Path, effort: Effort, minutes: float) -> tuple[list[Measurement], Memory | None]:
    """Everything, on one server."""
    with running_verifier(folder) as (sandbox, claims, pid), open_credentials(sandbox) as (address, credentials):
        async with grpc.aio.secure_channel(address, credentials) as channel:
            callers = Callers(VerifierServiceStub(channel), claims, effort)
            found = await measure(callers, effort.seconds)
            memory = await hold_load(callers, found[0].per_second, minutes, pid) if minutes else None
            return found, memory


# --- Telling ---------------------------------------------------------------------------------------------


def show(found: Sequence[Measurement], memory: Memory | None) -> None:
    """The figures as a table."""
    table = Table("method", "a second", "half of it: median ms", "p99 ms", "longest ms", title="A verifier at work")
    for each in found:
        waits = each.at_half
        rest = [f"{value:.1f}" for value in (waits.median, waits.p99, waits.longest)] if waits else [""] * 3
        table.add_row(each.method, f"{each.per_second:.0f}", *rest)
    console = Console(width=TABLE_WIDTH)
    console.print(table)
    if memory:
        told = f"{memory.first:.0f} MB at first, {memory.last:.0f} MB at last, {memory.largest:.0f} MB at most"
        console.print(f"The server's memory over {memory.minutes:g} minutes at half the load: {told}.")


def main() -> None:
    """Measure, print, and keep the figures where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="only show that it runs")
    parser.add_argument("--minutes", type=float, default=0, help="hold half the load for so long")
    parser.add_argument("--json", type=Path, help="write the figures there")
    arguments = parser.parse_args()
    effort = Effort(QUICK_SECONDS, QUICK_CLAIMS, QUICK_LOCKED) if arguments.quick else Effort(SECONDS, CLAIMS, LOCKED)
    with TemporaryDirectory() as folder:
        found, memory = asyncio.run(run(Path(folder), effort, arguments.minutes))
    show(found, memory)
    if arguments.json:
        content = {
            "machine": describe_machine(),
            "methods": list(map(asdict, found)),
            "memory": memory and asdict(memory),
        }
        arguments.json.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
