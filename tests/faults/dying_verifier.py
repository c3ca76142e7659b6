"""Whole verifiers in processes of their own, which die where a test says, without a word to anybody.

A program that has everything imported and becomes a verifier for each line that it reads. What dies is production code
as it stands: where a process is killed is chosen by an observer of the ledger and around the signer, which this program
alone puts there, and by a file that says which method and which step.
"""

import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from facts.attestation import SignedAttestation
from serving.call import CURRENT
from serving.config import Configuration, read_configuration
from serving.log import Log
from tests.packaging.sources import REPOSITORY
from tests.verifier.claims import Watch
from tests.verifier.running import PASSPHRASE
from verifier import assembly
from verifier.bell import Bell
from verifier.config import VerifierSettings
from verifier.signer import AttestationSigner
from verifier.store.ledger import Step
from verifier.store.records import Receipt

BEFORE_SIGN, AFTER_SIGN = "before sign", "after sign"
STEPS = (*Step, BEFORE_SIGN, AFTER_SIGN)
ARMED = "failpoint"


class Everything(dict[str, str]):
    """A source for every setting."""

    def __missing__(self, key: str) -> str:
        return "test"


def write_settings(path: Path, settings: VerifierSettings) -> None:
    """What a verifier of the program reads."""
    path.write_text(Configuration(settings, Everything()).render(), encoding="utf-8")


def arm(folder: Path, method: str, step: str) -> None:
    """Have the verifier of a folder die at a step of a method."""
    (folder / ARMED).write_text(json.dumps([method, step]), encoding="utf-8")


def disarm(folder: Path) -> None:
    """Have it live."""
    (folder / ARMED).unlink(missing_ok=True)


def read_armed(folder: Path) -> object:
    """Where it is to die, if it is."""
    path = folder / ARMED
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def serve(folder: Path, settings: Path) -> None:
    """Be a verifier until told to end, or until the step."""

    def reach(step: str) -> None:
        call = CURRENT.get(None)
        if call is not None and read_armed(folder) == [call.method.rpartition("/")[2], step]:
            os.kill(os.getpid(), signal.SIGKILL)

    ring, sign = assembly.ring_when_written, AttestationSigner.sign

    def observe(bell: Bell, step: Step) -> None:
        reach(step)
        ring(bell, step)

    def sign_or_die(signer: AttestationSigner, receipt: Receipt) -> SignedAttestation:
        reach(BEFORE_SIGN)
        signed = sign(signer, receipt)
        reach(AFTER_SIGN)
        return signed

    assembly.ring_when_written = observe
    AttestationSigner.sign = sign_or_die  # type: ignore[method-assign, assignment]
    read = read_configuration(VerifierSettings, file=settings).settings
    log = Log(logging.getLogger("tests.faults"))
    with assembly.assembled(read, PASSPHRASE, log, Watch()) as verifier:
        verifier.server.run(lambda port: print(json.dumps([os.getpid(), port]), flush=True))  # noqa: T201


class Verifiers:
    """The program as its tests see it."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def start(self, folder: Path, settings: str) -> tuple[int, int] | None:
        """The number of a new process and its port; None where it did not want to begin."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"folder": str(folder), "settings": settings}) + "\n")
        self._process.stdin.flush()
        said = json.loads(self._process.stdout.readline())
        return None if said is None else (said[0], said[1])


@contextmanager
def run_verifiers(**environment: str) -> Iterator[Verifiers]:
    """The program for as long as it is needed."""
    named = os.environ | {"PYTHONPATH": str(REPOSITORY)} | environment
    command = [sys.executable, "-m", "tests.faults.dying_verifier"]
    with subprocess.Popen(  # noqa: S603 -- this interpreter
        command, cwd=REPOSITORY, env=named, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield Verifiers(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()


def begin(wanted: Mapping[str, str]) -> int:
    """A process that is a verifier; its number, which stays its own until this program ends."""
    number = os.fork()
    if number == 0:
        os.close(0)
        try:
            serve(Path(wanted["folder"]), Path(wanted["settings"]))
        except Exception as error:  # noqa: BLE001 - whatever it is, it does not begin
            sys.stderr.write(f"{error}\n")
            print("null", flush=True)  # noqa: T201
        os._exit(0)
    return number


def has_died(number: int) -> bool:
    """Whether a process is over; who has begun it has not asked yet."""
    try:
        return Path(f"/proc/{number}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


if __name__ == "__main__":
    if find_spec("psycopg"):
        import_module("verifier.store.postgresql")  # once, and not in each process
    numbers = [begin(json.loads(line)) for line in sys.stdin]
    for each in numbers:
        os.kill(each, signal.SIGKILL)
