"""Provers and verifiers of others, each in a process of its own that works as often as each line that it is sent says.

Peers are no dependencies: a program is measured where an option or a variable of the environment says where it is, and
named as not measured where not. All time themselves, after their start and with what they need already read.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

MILLI = 1000
INTEROP = Path(__file__).parents[2] / "tests" / "interop" / "node_modules"

Turn = Callable[[], float]
"""Does the work, once or some times one after the other, and returns how many milliseconds it took each time."""

PYTHON_TURNS = """
for line in sys.stdin:
    calls, begin = int(line), time.perf_counter()
    for _ in range(calls):
        work()
    print((time.perf_counter() - begin) / calls * 1000, flush=True)
"""

NODE_TURNS = """
for await (const line of createInterface({ input: process.stdin })) {
    const calls = Number(line), begin = process.hrtime.bigint();
    for (let call = 0; call < calls; call++) await work();
    console.log(Number(process.hrtime.bigint() - begin) / 1e6 / calls);
}
process.exit(0);
"""


@dataclass(frozen=True)
class Option:
    """Where a peer is: an option on the command line, or else a variable of the environment."""

    peer: str
    variable: str
    meaning: str

    @property
    def flag(self) -> str:
        """As it is written on the command line."""
        return f"--{self.peer}"

    def add_to(self, parser: argparse.ArgumentParser, fallback: Path | None = None) -> None:
        """Let it be given."""
        named = os.environ.get(self.variable)
        default = Path(named) if named else fallback if fallback and fallback.exists() else None
        parser.add_argument(self.flag, type=Path, default=default, help=f"{self.meaning} ({self.variable})")


GROTH16PY = Option("groth16py", "RINGFENCE_GROTH16PY", "a Python interpreter that has groth16py")
SNARKJS = Option("snarkjs", "RINGFENCE_SNARKJS", "a node_modules that has snarkjs")
RAPIDSNARK = Option("rapidsnark", "RINGFENCE_RAPIDSNARK", "librapidsnark.so")

GROTH16PY_PROVES = """
import groth16py
key = groth16py.import_zkey(sys.argv[1])
key = key[0] if isinstance(key, tuple) else key
def work():
    groth16py.prove_wtns(key, sys.argv[2])
"""
"""The work of one proof, from a key and a witness in files."""


def list_absent(given: argparse.Namespace, options: Sequence[Option]) -> str:
    """Who is not measured, and what would change that."""
    absent = [f"{option.peer} ({option.flag})" for option in options if getattr(given, option.peer) is None]
    return f"not measured: {', '.join(absent)}" if absent else ""


def python_program(work: str, interpreter: Path | str, *arguments: Path) -> list[str]:
    """A command that runs ``work()`` of this program in turns."""
    return [str(interpreter), "-c", f"import sys, time\n{work}\n{PYTHON_TURNS}", *map(str, arguments)]


def own_python_program(work: str, *arguments: Path) -> list[str]:
    """The same with the interpreter that is running."""
    return python_program(work, sys.executable, *arguments)


def snarkjs_program(work: str, modules: Path, *arguments: Path) -> list[str]:
    """The same with node, where ``groth16`` is that of snarkjs and ``given`` the arguments."""
    imports = "import { createInterface } from 'node:readline';\nimport { readFileSync } from 'node:fs';\n"
    snarkjs = f"const {{ groth16 }} = await import('{(modules.resolve() / 'snarkjs' / 'main.js').as_uri()}');\n"
    program = f"{imports}{snarkjs}const given = process.argv.slice(1);\n{work}\n{NODE_TURNS}"
    return ["node", "--input-type=module", "--eval", program, *map(str, arguments)]


def timed(work: Callable[[], object]) -> Turn:
    """The same, returning its milliseconds."""

    def turn() -> float:
        begin = time.perf_counter()
        work()
        return (time.perf_counter() - begin) * MILLI

    return turn


def timed_by_processor(work: Callable[[], object]) -> Turn:
    """The milliseconds that this process kept processors busy, which others on the machine hardly change."""

    def turn() -> float:
        begin = time.process_time()
        work()
        return (time.process_time() - begin) * MILLI

    return turn


@contextmanager
def running(command: list[str], calls: int = 1) -> Iterator[Turn]:
    """The process of one peer, and what makes it work; what it complains of is shown if it fails."""
    with (
        tempfile.TemporaryFile(mode="w+") as complaints,
        subprocess.Popen(  # noqa: S603 -- what the caller named
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=complaints, text=True
        ) as process,
    ):
        if process.stdin is None or process.stdout is None:
            raise RuntimeError
        asked, told = process.stdin, process.stdout

        def turn() -> float:
            try:
                print(calls, file=asked, flush=True)
                return float(told.readline())
            except (ValueError, BrokenPipeError):
                complaints.seek(0)
                raise SystemExit(f"{command[0]} does not answer:\n{complaints.read()}") from None

        yield turn
        asked.close()
