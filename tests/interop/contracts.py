"""Contracts compiled by the real solc and called in a real EVM."""

import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from facts.keccak import hash_keccak

HERE: Final = Path(__file__).parent
PROGRAM: Final = HERE / "evm.mjs"
SELECTOR_BYTES: Final = 4

needs_evm = pytest.mark.skipif(
    not (HERE / "node_modules" / "@ethereumjs" / "evm").exists() or shutil.which("node") is None,
    reason="solc and an EVM are not installed: no contract is called (make interop)",
)


@dataclass(frozen=True, slots=True)
class Call:
    """What is asked of which contract."""

    contract: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a call."""

    error: str | None
    returned: bytes
    gas: int


@dataclass(frozen=True, slots=True)
class Execution:
    """What came of all calls, and how many bytes each contract has on the chain."""

    sizes: dict[str, int]
    outcomes: list[Outcome]


def execute(folder: Path, contracts: Mapping[str, str], calls: Sequence[Call]) -> Execution:
    """Deploy the contracts, each by its name and its source, and call them one after the other."""
    asked = [{"contract": call.contract, "data": f"0x{call.data.hex()}"} for call in calls]
    task = folder / "task.json"
    task.write_text(json.dumps({"contracts": dict(contracts), "calls": asked}))
    done = subprocess.run(  # noqa: S603 -- our own program
        [shutil.which("node") or "node", PROGRAM, task], capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    outcomes = [
        Outcome(each["error"], bytes.fromhex(each["returned"].removeprefix("0x")), each["gas"])
        for each in answer["calls"]
    ]
    return Execution(answer["sizes"], outcomes)


def select(signature: str) -> bytes:
    """The four bytes that name a function or an error."""
    return hash_keccak(signature.encode())[:SELECTOR_BYTES]
