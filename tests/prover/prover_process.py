"""``ringfence prover serve`` as a process of its own, on a unix socket in a folder, for whoever wants to kill one."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc

from ringfence.v1.prover_service_pb2_grpc import ProverServiceStub
from tests.prover.farm import CALL_SECONDS, PASSPHRASE, STATEMENT, Caller, open_wallet

RUN = "from ringfence.cli import main; main()"
SETTINGS = """
[listen]
address = "unix:prover.sock"
plaintext = true

[access]
local_roles = ["trader"]

[wallet]
path = "wallet"
passphrase_file = "passphrase"

[facts]
folder = "facts"
development = true

[proving]
development = ["{statement}"]
threads = 1

[metrics]
address = "127.0.0.1:0"

[pace]
notice_milliseconds = 0
"""


class ProverProcess:
    """A prover in a folder, which may be started again and again."""

    def __init__(self, folder: Path, cache: Path) -> None:
        self.folder = folder
        self._environment = {**os.environ, "RINGFENCE_CACHE": str(cache), "TMPDIR": str(folder / "tmp")}
        self._process: subprocess.Popen[bytes] | None = None
        (folder / "tmp").mkdir(exist_ok=True)
        open_wallet(folder)
        secret = folder / "passphrase"
        secret.touch(mode=0o600)
        secret.write_text(f"{PASSPHRASE}\n")
        (folder / "prover.toml").write_text(SETTINGS.format(statement=STATEMENT))

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def told(self) -> bytes:
        """All that it has written for people and logs."""
        return (self.folder / "told").read_bytes()

    def workers(self) -> list[int]:
        found = Path(f"/proc/{self.pid}/task").glob("*/children")
        children = " ".join(path.read_text() for path in found).split()
        return [int(pid) for pid in children]

    def start(self) -> None:
        command = [sys.executable, "-c", RUN, "prover", "serve", "--config", "prover.toml"]
        with (self.folder / "told").open("ab") as told:
            self._process = subprocess.Popen(  # noqa: S603 - this interpreter
                command, cwd=self.folder, env=self._environment, stdin=subprocess.DEVNULL, stdout=told, stderr=told
            )

    def kill(self, number: int = signal.SIGKILL) -> int:
        assert self._process is not None
        self._process.send_signal(number)
        return self._process.wait(CALL_SECONDS)

    @contextmanager
    def calling(self) -> Iterator[Caller]:
        with grpc.insecure_channel(f"unix:{self.folder / 'prover.sock'}") as channel:
            grpc.channel_ready_future(channel).result(CALL_SECONDS)
            yield Caller(ProverServiceStub(channel), self.folder)


@contextmanager
def running_prover(folder: Path, cache: Path) -> Iterator[ProverProcess]:
    prover = ProverProcess(folder, cache)
    prover.start()
    try:
        yield prover
    finally:
        prover.kill()
