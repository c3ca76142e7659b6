"""Attacks on ``ringfence prover serve`` as a process: D1 (it is killed at each stage) and P2 (what it lets be seen)."""

import os
import secrets
import signal
import threading
import time
import urllib.request
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import grpc
import pytest

from prover.publication import read_publication
from prover.wallet import Secrets, Wallet
from ringfence.v1 import prover_service_pb2 as wire
from tests.prover.farm import CALL_SECONDS, PASSPHRASE, Caller, request_id, wait_until
from tests.prover.proofs import document
from tests.prover.prover_process import running_prover
from tests.serving.running import code_of

pytestmark = [
    pytest.mark.native,
    pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="it looks into /proc"),
]

SUCCEEDED = wire.OPERATION_STATE_SUCCEEDED
LISTENS = "0A"
"""The state of a socket in ``/proc/net/tcp``."""


@pytest.fixture
def folder() -> Iterator[Path]:
    """With a short name, as a unix socket wants it."""
    with TemporaryDirectory(prefix="rf") as folder:
        yield Path(folder)


def is_there(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def secrets_of(folder: Path) -> Secrets:
    return Wallet.open(folder / "wallet", PASSPHRASE).secrets


# --- D1 ------------------------------------------------------------------------------------------------


SLOWLY = pytest.mark.slow


@pytest.mark.parametrize("stage", [pytest.param("queued", marks=SLOWLY), "running", pytest.param("idle", marks=SLOWLY)])
def test_d1_a_prover_that_is_killed_loses_no_commitment_and_proves_again(
    stage: str, folder: Path, circuit_cache: Path
) -> None:
    """Operations are in memory and are gone; a request that is sent again begins anew."""
    with running_prover(folder, circuit_cache) as prover:
        with prover.calling() as caller:
            committed = caller.commit(request_id="c" * 16)
            asked = caller.ask()
            assert wait_until(lambda: len(prover.workers()) == 1)
            (worker,) = prover.workers()
            first = wire.Operation(id="none" * 5)
            if stage != "idle":
                os.kill(worker, signal.SIGSTOP)
                first = caller.stub.CreateProof(asked, timeout=CALL_SECONDS).operation
                assert wait_until(lambda: caller.get(first).state == wire.OPERATION_STATE_RUNNING)
            if stage == "queued":
                first = caller.create()
        prover.kill()
        assert wait_until(lambda: not is_there(worker)), "a worker has outlived its prover"
        assert [path.name for path in (folder / "tmp").iterdir()] == []
        prover.start()
        with prover.calling() as caller:
            assert caller.commit(request_id="c" * 16) == committed
            with pytest.raises(grpc.RpcError) as error:
                caller.get(first)
            assert code_of(error.value) is grpc.StatusCode.NOT_FOUND
            operation = caller.wait(caller.stub.CreateProof(asked, timeout=CALL_SECONDS).operation)
            assert operation.state == SUCCEEDED
            assert caller.stub.CreateProof(asked, timeout=CALL_SECONDS).operation == operation
        assert prover.kill(signal.SIGTERM) == 0


@pytest.mark.slow
def test_d1_a_prover_that_is_killed_while_it_commits_has_each_commitment_whole_or_not_at_all(
    folder: Path, circuit_cache: Path
) -> None:
    """Every other time it has made one before it is killed, so that there are some on any machine."""
    answered: dict[str, wire.CommitResponse] = {}
    ids = defaultdict[str, str](request_id)

    def has_answered(least: int) -> bool:
        return len(answered) >= least

    def commit(caller: Caller) -> None:
        with suppress(grpc.RpcError):
            for name in map("position {}".format, count(len(answered))):
                answered[name] = caller.commit(name, request_id=ids[name])

    with running_prover(folder, circuit_cache) as prover:
        for attempt in range(12):
            with prover.calling() as caller:
                least = len(answered) + attempt % 2
                busy = threading.Thread(target=commit, args=(caller,))
                busy.start()
                assert wait_until(partial(has_answered, least))
                time.sleep(secrets.randbelow(200) / 1000)
                prover.kill()
                busy.join()
            prover.start()
        with prover.calling() as caller:
            for name, answer in list(answered.items()):
                assert caller.commit(name, request_id=ids[name]) == answer
            begun = len(answered)
            for name in map("position {}".format, range(begun + 1)):
                answered[name] = caller.commit(name, request_id=ids[name])
                assert caller.stub.OpenCommitment(wire.OpenCommitmentRequest(name=name)).commitment == (
                    answered[name].commitment
                )
            assert caller.prove(f"position {begun}").state == SUCCEEDED
    kept, leaves = secrets_of(folder).positions, read_publication(folder / "facts").leaves
    assert len(kept) == len(answered) > 1
    for name, answer in answered.items():
        assert leaves.count(int.from_bytes(answer.commitment, "big")) == 1, name


# --- P2 ------------------------------------------------------------------------------------------------


def spellings(value: int) -> Iterator[bytes]:
    """A number as text and as bytes."""
    yield str(value).encode()
    yield f"{value:x}".encode()
    if value.bit_length() > 64:
        yield value.to_bytes(32, "big")
        yield value.to_bytes(32, "little")


def find_port(pid: int) -> int:
    """Where a process listens: at its metrics alone."""
    own = {read_link(path) for path in Path(f"/proc/{pid}/fd").iterdir()}
    sockets = (line.split() for line in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:])
    (address,) = (each[1] for each in sockets if each[3] == LISTENS and f"socket:[{each[9]}]" in own)
    return int(address.partition(":")[2], 16)


def read_all(*paths: Path) -> bytes:
    read = b""
    for path in paths:
        with suppress(OSError):
            read += path.name.encode() + path.read_bytes()
    return read


def read_link(path: Path) -> str:
    """What a descriptor is of, where it is still open."""
    try:
        return str(path.readlink())
    except OSError:
        return ""


def refusals(caller: Caller, poor: str) -> bytes:
    """All that a caller is told when things go wrong."""
    told = b""
    attempts: list[Any] = [
        lambda: caller.commit(poor),
        lambda: caller.commit("x", {"position": "passwd"}),
        lambda: caller.commit("x", document(size="123456789123456789123")),
        lambda: caller.create("unknown"),
        lambda: caller.create(poor, statement="perp-k4"),
        lambda: caller.create(poor, market_root=b"\1" * 32),
        lambda: caller.get(wire.Operation(id="z" * 20)),
    ]
    for attempt in attempts:
        try:
            attempt()
        except grpc.RpcError as error:
            told += str(error).encode() + repr(error.trailing_metadata()).encode()
        else:
            raise AssertionError("it was answered")
    return told


def test_p2_a_canary_is_seen_nowhere(folder: Path, circuit_cache: Path) -> None:
    cash = secrets.randbelow(10**12) + 10**13
    content = document(cash=f"{cash // 10**6}.{cash % 10**6:06}")
    del content["position"]["leverage"]
    with running_prover(folder, circuit_cache) as prover, prover.calling() as caller:
        caller.commit("the canary's own name", content)
        done = caller.prove("the canary's own name")
        assert done.state == SUCCEEDED
        caller.commit("poor", document(size="99"))
        (worker,) = prover.workers()
        os.kill(worker, signal.SIGSEGV)
        assert wait_until(lambda: prover.workers() not in ([], [worker]))
        told = [refusals(caller, "poor"), done.SerializeToString()]
        told.append(caller.prove("poor").SerializeToString())
        with urllib.request.urlopen(f"http://127.0.0.1:{find_port(prover.pid)}/metrics") as page:
            told.append(page.read())
        for pid in (prover.pid, *prover.workers()):
            process = Path(f"/proc/{pid}")
            told.append(read_all(*(process / name for name in ("cmdline", "environ", "comm", "status", "maps"))))
            told.append("".join(map(read_link, (process / "fd").iterdir())).encode())
            (limit,) = (line for line in (process / "limits").read_text().splitlines() if "core file" in line)
            assert limit.split()[4:6] == ["0", "0"]
        told.append(prover.told)
        kept = secrets_of(folder)
    position = kept.positions["the canary's own name"].committed
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != "passphrase"]
    assert {"wallet", "book.json", "told"} <= {path.name for path in files}
    assert not [path for path in files if "core" in path.name]
    told.append(read_all(*files))
    seen = b"".join(told)
    assert b"STARTED" in seen
    for value in (cash, kept.key, position.salt, position.position_id, position.body, position.owner):
        for spelling in spellings(value):
            assert spelling not in seen
    for text in (PASSPHRASE, "the canary's own name"):
        assert text.encode() not in seen
    assert str(cash).encode()[:9] not in seen


def test_p2_the_search_finds_what_is_there() -> None:
    assert all(spelling in b"".join(spellings(2**250 + 5)) for spelling in spellings(2**250 + 5))
