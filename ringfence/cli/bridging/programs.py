"""Programs of the command line as processes of their own, which last no longer than whoever started them."""

import os
import secrets
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Final

from chains.development.leash import hold
from margin.errors import InternalError, Reason

COMMAND: Final = (sys.executable, "-P", "-c", "from ringfence.cli.entry import main; main()")
START_SECONDS: Final = 120
GLANCE_SECONDS: Final = 0.02
HOST: Final = "127.0.0.1"
FIRST_PORT: Final = 20_000
PORTS: Final = 12_000


@dataclass(frozen=True, slots=True)
class Program:
    """One of them, and the file that has what it says."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def said(self) -> str:
        """Everything so far."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def wait_until_it_says(self, text: str) -> None:
        """Until the text is there; a program that ended before it never says it."""
        deadline = monotonic() + START_SECONDS
        while text not in self.said:
            if self.process.poll() is not None or monotonic() > deadline:
                error = InternalError(
                    Reason.BROKEN_INVARIANT, self.name, found="a program that did not start", expected=text
                )
                error.add_note(self.said)
                raise error
            sleep(GLANCE_SECONDS)


@contextmanager
def run_program(folder: Path, name: str, arguments: Sequence[str | Path]) -> Iterator[Program]:
    """A command of ours until the end of the block; what it says goes to a file in the folder."""
    log = folder / f"{name}.log"
    with (
        log.open("wb") as output,
        hold([*COMMAND, *map(str, arguments)], output.fileno(), environment=os.environ) as held,
    ):
        yield Program(name, held, log)


def find_port() -> int:
    """One that nobody has, and that no system gives to whoever asks for any: a program takes it some time later."""
    while True:
        port = FIRST_PORT + secrets.randbelow(PORTS)
        with socket.socket() as probe, suppress(OSError):
            probe.bind((HOST, port))
            return port


def find_address() -> str:
    """A place on this machine where nobody listens."""
    return f"{HOST}:{find_port()}"
