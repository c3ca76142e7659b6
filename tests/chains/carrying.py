"""Relayers in processes of their own, which die where a test wants them to.

A program that has everything imported and becomes a relayer for each line that it reads, one after the other: what a
relayer imports takes longer than what it carries. It is what the command composes, but for a clock that stands still
and a death that no command has.
"""

import json
import os
import select
import signal
import subprocess
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import IO, Any

from chains.relaying import Relay
from chains.transactions import Sender
from facts.anchor import read_anchor
from facts.secp256k1 import SigningKey
from margin.documents.reading import read_document
from ringfence.cli.commands.relay import report_step
from ringfence.cli.relay_settings import read_relay_settings
from ringfence.cli.relaying import Source, StateFile, Telling, carry, open_contracts, open_sources
from ringfence.client.heads import LastHead
from ringfence.client.verifier import Verifier
from tests.packaging.sources import REPOSITORY


def die(*_: object) -> None:
    """At once, and without a word."""
    os.kill(os.getpid(), signal.SIGKILL)


def arm(death: str) -> None:
    """Die after a transaction was handed over, when a block has it, or before the token is written."""
    sending: Any = Sender
    name = "_offer" if death == "handed" else "send"
    original = getattr(sending, name)

    def then_die(self: Sender, *arguments: object, **named: object) -> object:
        done = original(self, *arguments, **named)
        die()
        return done

    if death in {"handed", "mined"}:
        setattr(sending, name, then_die)
    elif death == "writing":
        state_file: Any = StateFile
        state_file.write = lambda state, token: die() if token != state.token else None


def relay(said: Mapping[str, Any]) -> None:
    """As the settings say, until it dies or is ended."""
    settings = read_relay_settings(read_document(Path(said["settings"])))
    followed: Any = settings.followed
    anchor, moment = read_anchor(read_document(followed.anchor)), said["moment"]
    state, signer = StateFile(followed.state), SigningKey.of_secret(bytes.fromhex(said["secret"]))
    arm(said["death"])
    tell: Any = partial(report_step, as_json=True)
    telling = Telling(print, print, print)
    with open_sources(followed, anchor) as sources, open_contracts(settings, signer, sources, telling) as contracts:
        first = sources.sources[0]
        heads = LastHead(anchor.log_keys, None)
        source = Source(first.connection, Verifier(anchor, heads, lambda: moment))
        relayer = Relay(contracts.gates, anchor, replace(sources, sources=[source]), tell, lambda: moment, state.token)
        carry(relayer, [source], state, 0.05, contracts)


def begin(said: Mapping[str, Any]) -> int:
    """A process that is a relayer; its number."""
    number = os.fork()
    if number == 0:
        os.close(0)
        log = os.open(said["log"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(log, 1)
        os.dup2(log, 2)
        try:
            relay(said)
        except Exception:  # noqa: BLE001 - whatever it is, the test reads it
            traceback.print_exc()
        os._exit(1)
    return number


@dataclass
class Relayer:
    """One of them, as its test sees it."""

    number: int
    _told: IO[bytes]
    _ended: int | None = None

    def poll(self) -> int | None:
        """How it ended, if it did."""
        return self.wait(0)

    def wait(self, seconds: float) -> int | None:
        """How it ended, if it does in time."""
        if self._ended is None and select.select([self._told], [], [], seconds)[0]:
            self._ended = int(self._told.readline())
        return self._ended

    def kill(self) -> None:
        """End it, if it has not ended."""
        if self.poll() is None:
            os.kill(self.number, signal.SIGKILL)
            self.wait(60)


class Relayers:
    """The program as its tests see it."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process

    def start(self, said: Mapping[str, Any]) -> Relayer:
        """A relayer with these words; the last one has ended."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(said).encode() + b"\n")
        return Relayer(int(self._process.stdout.readline()), self._process.stdout)


@contextmanager
def run_relayers() -> Iterator[Relayers]:
    """The program for as long as it is needed."""
    command = [sys.executable, "-m", "tests.chains.carrying"]
    with subprocess.Popen(  # noqa: S603 -- this interpreter
        command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
    ) as process:
        yield Relayers(process)


if __name__ == "__main__":
    for line in sys.stdin:
        begun = begin(json.loads(line))
        print(begun, flush=True)  # noqa: T201
        print(os.waitstatus_to_exitcode(os.waitpid(begun, 0)[1]), flush=True)  # noqa: T201
