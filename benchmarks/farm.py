"""A prover that serves beside the bare proof: ``python -m benchmarks.farm [--quick]``.

Each turn makes one proof in each way, with as many threads:

    bare        one native call in this process, from encoded inputs, checked
    worker      the same in a warm worker, with the inputs told over its socket
    service     CreateProof and WaitOperation over loopback TCP, with the inputs made from facts, wallet and document

Then the memory of so many warm workers after a proof each: what each has to itself, and the whole with what is shared
counted once.
"""

import argparse
import json
import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from uuid import uuid4

import grpc
from rich.console import Console
from rich.table import Table

from benchmarks.measurement.machine import describe_machine
from facts.demand import Demand, read_demand
from facts.sealed_file import Cost
from margin.documents.reading import parse_toml
from prover.artifacts import Cache
from prover.assembly import assembled
from prover.config import FactsSettings, Operations, ProverSettings, Proving, WalletSettings
from prover.desk import Desk
from prover.development import DEMAND_TEXT
from prover.facts_folder import FactsFolder
from prover.jobs import Bounds, Jobs, Work
from prover.provable import Provable
from prover.vault import Vault
from prover.wallet import Wallet
from prover.workforce import Workforce
from ringfence.v1 import prover_service_pb2 as wire
from ringfence.v1.prover_service_pb2_grpc import ProverServiceStub
from ringfence.wire.claim import write_demand
from ringfence.wire.operation import OperationState
from serving.limits import Limits
from serving.log import Log
from serving.settings import Access, Listen, Metrics, Pace, Tls
from snark.groth16.prove import ProvingKey
from snark.groth16.shared_key import path_of
from snark.r1cs.program.execution import load_program

STATEMENT, NAME = "perp-k0", "one"
PASSPHRASE = "a passphrase"  # noqa: S105 - of a wallet that is thrown away
RUNS, QUICK_RUNS = 40, 3
WORKERS = (1, 2, 4)
MILLI, MEGABYTE = 1000, 2**20
EXAMPLE = Path(__file__).parents[1] / "examples" / "long-btc.json"


@dataclass(frozen=True)
class Setting:
    """A prover in a folder, with what its parts need."""

    settings: ProverSettings
    wallet: Wallet
    demand: Demand

    def open_provable(self) -> Provable:
        """The statement with its key."""
        return Provable.open(STATEMENT, None, Cache(), multiples_bytes=self.settings.proving.multiples_bytes)

    def open_desk(self, provable: Provable) -> Desk:
        """What makes the inputs of a proof."""
        vault = Vault(Wallet.open(self.wallet.path, PASSPHRASE), "local")
        facts = FactsFolder(self.settings.facts.folder, Log())
        return Desk(vault, facts, {STATEMENT: provable}, None, publishes=False)


def set_up(folder: Path) -> Setting:
    """A wallet and facts for development."""
    settings = ProverSettings(
        Listen("127.0.0.1:0", plaintext=True),
        Tls(),
        Access(local_roles=("trader",)),
        Limits(),
        Metrics(),
        Pace(notice_milliseconds=0),
        WalletSettings(folder / "wallet"),
        FactsSettings(folder / "facts", development=True),
        Proving(development=(STATEMENT,), threads=1),
        Operations(),
    )
    wallet = Wallet.create(folder / "wallet", PASSPHRASE, Cost(14))
    return Setting(settings, wallet, read_demand(parse_toml(DEMAND_TEXT.encode())))


def measure_times(setting: Setting, runs: int) -> Mapping[str, float]:
    """Milliseconds of each way, in turns."""
    with assembled(setting.settings, setting.wallet) as made:
        made.workforce.start()
        with made.server as server, grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
            stub = ProverServiceStub(channel)
            stub.Commit(wire.CommitRequest(request_id=uuid4().hex, name=NAME, document=EXAMPLE.read_bytes()))
            provable = setting.open_provable()
            desk = setting.open_desk(provable)
            jobs = Jobs(Bounds())
            apart = Workforce(jobs, {STATEMENT: provable}, workers=1, threads=1, warm=(STATEMENT,))
            apart.start()
            ways = {
                "bare": bare_proof(provable, desk, setting.demand),
                "worker": worker_proof(jobs, desk, setting.demand),
                "service": service_proof(stub, setting.demand),
            }
            taken: dict[str, list[float]] = {name: [] for name in ways}
            for _ in range(runs + 1):
                for name, way in ways.items():
                    taken[name].append(way())
            apart.stop()
            provable.close()
    return {name: median(times[1:]) * MILLI for name, times in taken.items()}


def bare_proof(provable: Provable, desk: Desk, demand: Demand) -> Callable[[], float]:
    """One native call."""
    program = load_program(path_of(provable.program).read_bytes())
    key = ProvingKey.open(
        path_of(provable.key.key),
        tables=path_of(provable.key.multiples or 0),
        threads=1,
        allow_development_keys=True,
    )

    def prove() -> float:
        elements = desk.prepare("local", NAME, demand).elements
        began = time.perf_counter()
        key.prove_from_elements(program, elements)
        return time.perf_counter() - began

    return prove


def worker_proof(jobs: Jobs, desk: Desk, demand: Demand) -> Callable[[], float]:
    """A job of inputs that are there."""

    def prove() -> float:
        work = desk.prepare("local", NAME, demand)
        began = time.perf_counter()
        finish(jobs, work)
        return time.perf_counter() - began

    return prove


def finish(jobs: Jobs, work: Work) -> None:
    """Ask for a proof and wait for it."""
    report, _ = jobs.ask("local", uuid4().hex, b"", lambda: work)
    if jobs.wait("local", report.id, 60, threading.Event()).state is not OperationState.SUCCEEDED:
        raise RuntimeError("no proof was made")


def service_proof(stub: ProverServiceStub, demand: Demand) -> Callable[[], float]:
    """Two calls."""

    def prove() -> float:
        request = wire.CreateProofRequest(request_id=uuid4().hex, name=NAME, demand=write_demand(demand))
        began = time.perf_counter()
        begun = stub.CreateProof(request).operation
        ended = stub.WaitOperation(wire.WaitOperationRequest(id=begun.id, timeout_milliseconds=60_000)).operation
        if ended.state != wire.OPERATION_STATE_SUCCEEDED:
            raise RuntimeError("no proof was made")
        return time.perf_counter() - began

    return prove


def measure_memory(setting: Setting, workers: int) -> Mapping[str, float]:
    """Megabytes of so many workers after a proof each."""
    provable = setting.open_provable()
    desk = setting.open_desk(provable)
    jobs = Jobs(Bounds())
    workforce = Workforce(jobs, {STATEMENT: provable}, workers=workers, threads=1, warm=(STATEMENT,))
    workforce.start()
    begun = [
        jobs.ask("local", uuid4().hex, b"", lambda: desk.prepare("local", NAME, setting.demand))[0]
        for _ in range(3 * workers)
    ]
    for report in begun:
        jobs.wait("local", report.id, 60, threading.Event())
    told = [read_rollup(pid) for pid in workforce.pids]
    workforce.stop()
    provable.close()
    return {
        "workers": len(told),
        "own": median(each["Private_Clean"] + each["Private_Dirty"] for each in told) / MEGABYTE,
        "resident": median(each["Rss"] for each in told) / MEGABYTE,
        "together": sum(each["Pss"] for each in told) / MEGABYTE,
    }


def read_rollup(pid: int) -> Mapping[str, int]:
    """The memory of a process, in bytes, as the kernel counts it."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    return {name.rstrip(":"): int(number) * 1024 for name, number, *_ in map(str.split, lines)}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--output", type=Path, help="where to write the figures as JSON")
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        setting = set_up(Path(folder))
        times = measure_times(setting, QUICK_RUNS if options.quick else RUNS)
        memory = [measure_memory(setting, workers) for workers in WORKERS]
    console = Console()
    table = Table("way", "milliseconds", "times the bare proof")
    for name, milliseconds in times.items():
        table.add_row(name, f"{milliseconds:.1f}", f"{milliseconds / times['bare']:.2f}")
    console.print(table)
    table = Table("workers", "own MB of each", "resident MB of each", "MB together")
    for row in memory:
        table.add_row(*(f"{value:.0f}" for value in row.values()))
    console.print(table)
    if options.output:
        report = {"machine": describe_machine(), "cores": os.cpu_count(), "times": times, "memory": memory}
        options.output.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
