"""A prover that serves over a real socket, with the smallest statement and a cheap wallet, for whoever needs one."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import grpc
import pytest

from facts.demand import Demand, read_demand
from facts.sealed_file import Cost
from margin.documents.reading import read_document
from prover.assembly import Assembly, assembled
from prover.config import FactsSettings, Operations, ProverSettings, Proving, WalletSettings
from prover.development import DEMAND
from prover.wallet import Wallet
from prover.workforce import Workforce
from ringfence.v1 import prover_service_pb2 as wire
from ringfence.v1.prover_service_pb2_grpc import ProverServiceStub
from ringfence.wire.claim import write_demand
from serving.limits import Limits
from serving.server import Server
from serving.settings import Access, Listen, Metrics, Pace, Settings, Tls
from tests.prover.proofs import document

STATEMENT = "perp-k0"
CHEAP = Cost(14)
CALL_SECONDS = 120
"""For an answer that has to come, however busy the machine is."""
PASSPHRASE = "a passphrase of the tests"  # noqa: S105 - of wallets made for tests
PACE = Pace(check_milliseconds=100, notice_milliseconds=0, drain_milliseconds=200, final_milliseconds=2000)
LIMITS = Limits(threads=24, queue=64, calls_per_caller=24)


def request_id() -> str:
    return uuid4().hex


def settings_of(
    folder: Path, *, plain: Settings | None = None, proving: Proving | None = None, operations: Operations | None = None
) -> ProverSettings:
    plain = plain or Settings(
        Listen("127.0.0.1:0", plaintext=True), Tls(), Access(local_roles=("trader",)), LIMITS, Metrics(), PACE
    )
    return ProverSettings(
        plain.listen,
        plain.tls,
        plain.access,
        plain.limits,
        plain.metrics,
        plain.pace,
        WalletSettings(folder / "wallet"),
        FactsSettings(folder / "facts", development=True),
        proving or Proving(development=(STATEMENT,), threads=1, multiples_bytes=0),
        operations or Operations(),
    )


def open_wallet(folder: Path) -> Wallet:
    path = folder / "wallet"
    return Wallet.open(path, PASSPHRASE) if path.exists() else Wallet.create(path, PASSPHRASE, CHEAP)


@dataclass
class Caller:
    """Somebody who calls a prover."""

    stub: ProverServiceStub
    folder: Path

    def commit(self, name: str = "one", content: object = None, **fields: Any) -> wire.CommitResponse:  # noqa: ANN401
        content = document() if content is None else content
        asked = {"request_id": request_id(), "name": name, "document": json.dumps(content).encode(), **fields}
        return self.stub.Commit(wire.CommitRequest(**asked), timeout=CALL_SECONDS)

    def ask(self, name: str = "one", **fields: Any) -> wire.CreateProofRequest:  # noqa: ANN401
        asked = {"request_id": request_id(), "name": name, "demand": write_demand(self.demand), **fields}
        return wire.CreateProofRequest(**asked)

    def create(self, name: str = "one", **fields: Any) -> wire.Operation:  # noqa: ANN401
        return self.stub.CreateProof(self.ask(name, **fields), timeout=CALL_SECONDS).operation

    def get(self, operation: wire.Operation) -> wire.Operation:
        return self.stub.GetOperation(wire.GetOperationRequest(id=operation.id), timeout=CALL_SECONDS).operation

    def wait(self, operation: wire.Operation, milliseconds: int = 300_000) -> wire.Operation:
        asked = wire.WaitOperationRequest(id=operation.id, timeout_milliseconds=milliseconds)
        return self.stub.WaitOperation(asked, timeout=330).operation

    def cancel(self, operation: wire.Operation) -> wire.Operation:
        return self.stub.CancelOperation(wire.CancelOperationRequest(id=operation.id), timeout=CALL_SECONDS).operation

    def prove(self, name: str = "one", **fields: Any) -> wire.Operation:  # noqa: ANN401
        return self.wait(self.create(name, **fields))

    @property
    def demand(self) -> Demand:
        return read_demand(read_document(self.folder / "facts" / DEMAND))


@dataclass
class Farm:
    """A prover that serves."""

    folder: Path
    made: Assembly

    @property
    def server(self) -> Server:
        return self.made.server

    @property
    def workforce(self) -> Workforce:
        return self.made.workforce

    @contextmanager
    def calling(self) -> Iterator[Caller]:
        with grpc.insecure_channel(f"127.0.0.1:{self.server.port}") as channel:
            yield Caller(ProverServiceStub(channel), self.folder)


@contextmanager
def serving_farm(
    folder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, settings: ProverSettings | None = None
) -> Iterator[Farm]:
    monkeypatch.setenv("RINGFENCE_CACHE", str(cache))
    with assembled(settings or settings_of(folder), open_wallet(folder)) as made:
        made.workforce.start()
        with made.server:
            yield Farm(folder, made)


def wait_until(holds: Any, seconds: float = 60) -> bool:  # noqa: ANN401 - a question
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True
