"""Contracts as the compiler leaves them: those of a checkout, and verifiers that were written from keys."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from chains.development.anvil import CONTRACTS, INSTALLED
from margin.errors import InternalError, MisuseError, Reason
from snark.groth16.formats.solidity import write_solidity_verifier
from snark.groth16.keys import VerifyingKey

COMPILER: Final = CONTRACTS / "compile.mjs"
OUTPUT: Final = CONTRACTS / "out"
SOURCES: Final = ("src", "test")
COMPILE_SECONDS: Final = 300
DIGITS: Final = 32


@dataclass(frozen=True, slots=True)
class Artifact:
    """A contract that can be deployed."""

    name: str
    abi: Sequence[Mapping[str, Any]] = field(repr=False)
    bytecode: str = field(repr=False)

    @classmethod
    def read(cls, path: Path) -> "Artifact":
        """As the compiler has written it."""
        said = json.loads(path.read_text(encoding="utf-8"))
        return cls(said["name"], said["abi"], said["bytecode"])


def find_node() -> str:
    """The program that the compiler runs in, with what is installed for the contracts."""
    found = shutil.which("node")
    if found is None or not INSTALLED.is_dir():
        missing = "no node" if found is None else "nothing installed for the contracts"
        expected = "node, npm, and a checkout in which `make contracts` ran"
        raise MisuseError(Reason.BACKEND_MISSING, "node", found=missing, expected=expected)
    return found


def run_compiler(*arguments: str | Path) -> None:
    """The compiler with its complaints, if it has any."""
    command = [find_node(), str(COMPILER), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=COMPILE_SECONDS, check=False)  # noqa: S603
    if done.returncode != 0:
        refused = InternalError(
            Reason.NOT_READABLE, "contracts", found="complaints of the compiler", expected="a source that compiles"
        )
        refused.add_note(done.stderr.strip())
        raise refused


def is_compiled() -> bool:
    """Whether what the compiler left is newer than every source."""
    sources = [path for folder in SOURCES for path in (CONTRACTS / folder).rglob("*.sol")]
    compiled = [path.stat().st_mtime for path in OUTPUT.glob("*.json")]
    return bool(compiled) and min(compiled) > max(path.stat().st_mtime for path in [COMPILER, *sources])


def compile_contracts() -> None:
    """Every contract of the checkout, unless nothing has changed."""
    if not is_compiled():
        run_compiler()


def read_artifact(name: str) -> Artifact:
    """A contract of the checkout."""
    path = OUTPUT / f"{name}.json"
    if not path.exists():
        expected = "a contract of the checkout, compiled"
        raise MisuseError(Reason.WRONG_FILE, "contract", found=name, expected=expected)
    return Artifact.read(path)


def compile_verifier(key: VerifyingKey, name: str) -> Artifact:
    """The contract that checks proofs under a key; what was compiled before is not compiled again."""
    source = write_solidity_verifier(key, name).encode()
    folder = OUTPUT / "verifiers" / sha256(source + COMPILER.read_bytes()).hexdigest()[:DIGITS]
    if not (folder / f"{name}.json").exists():
        with TemporaryDirectory(prefix="ringfence-verifier-") as beside:
            path = Path(beside) / f"{name}.sol"
            path.write_bytes(source)
            run_compiler(path, beside)
            folder.mkdir(parents=True, exist_ok=True)
            Path(shutil.copy(path.with_suffix(".json"), folder / f".{os.getpid()}")).replace(folder / f"{name}.json")
    return Artifact.read(folder / f"{name}.json")
