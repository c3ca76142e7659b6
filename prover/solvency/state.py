"""The private state of a run: what a stopped run goes on from, what machines share, and what receipts are made of.

    run.json          what the run is of (digests of its inputs), its seed and its settings; written first
    parts.bin, batches.idx    the parts of all accounts, in their order
    roots.bin         the root of each batch: 32
    running.bin       the running state after each batch: number 9, lines 32, rows 32
    tables.json       the leaves that the tables are made of
    sums.json         what everything adds up to
    header.json       the header; its presence says that all before it is there
    proofs/           a file of 256 bytes for each batch that is proved

The folder is its owner's alone (0700). It holds the accounts of the venue and the seed that opens every leaf: it is as
secret as the ledger. Two runs never share one, and a run refuses the state of other inputs.
"""

import fcntl
import json
import os
import time as clock
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path
from shutil import rmtree
from typing import Final, Self

from margin.documents.reading import Fields, read_document
from margin.errors import MalformedError, MisuseError, Reason
from prover.solvency.salts import SEED_BYTES, Seed
from snark.r1cs.container import replace_file

STATE_FORMAT: Final = "ringfence.solvency-state/1"
RUN, HEADER, TABLES, SUMS, ROOTS, RUNNING, PROOFS, LOCK = (
    "run.json",
    "header.json",
    "tables.json",
    "sums.json",
    "roots.bin",
    "running.bin",
    "proofs",
    "lock",
)
SORTING: Final = "sorting."
"""What folders begin with in which parts are sorted."""
BATCHES_A_FOLDER: Final = 1000
SALT_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Run:
    """What a state is the state of."""

    inputs: Mapping[str, str]
    """Digests of files and settings, by their names."""
    time: int
    seed: Seed

    @property
    def salt(self) -> bytes:
        """What numbers of parts are hashed with, in the header."""
        return self.seed.digest("numbers")[:SALT_BYTES]

    def require_same(self, inputs: Mapping[str, str], time: int | None) -> None:
        """The run that is asked for is the one that is here; without a moment, it is of the one that it has."""
        if time is not None and time != self.time:
            expected = f"{self.time}, of which this state is, or another --state"
            raise MisuseError(Reason.WRONG_STATE, "state.time", found=time, expected=expected)
        for name in sorted({*self.inputs, *inputs}):
            if self.inputs.get(name) != inputs.get(name):
                expected = f"the {name} that this state was begun with, or another --state"
                raise MisuseError(Reason.WRONG_STATE, f"state.{name}", found="another one", expected=expected)


@dataclass(frozen=True, slots=True)
class State:
    """The folder of a run."""

    folder: Path

    @classmethod
    def open(cls, folder: Path) -> Self:
        """The folder of a run, or a new one; nothing else is taken for one."""
        if folder.exists() and not (folder / LOCK).exists() and any(folder.iterdir()):
            expected = "the state of a run, or a folder that is empty or not there"
            raise MisuseError(Reason.WRONG_STATE, "state", found=str(folder), expected=expected)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        (folder / PROOFS).mkdir(exist_ok=True)
        return cls(folder)

    @classmethod
    def find(cls, folder: Path) -> Self:
        """The folder of a run that was begun."""
        if not (folder / RUN).exists():
            expected = "the folder of a run, as prove --state makes it"
            raise MisuseError(Reason.NOT_READABLE, "state", found=str(folder), expected=expected)
        return cls(folder)

    @contextmanager
    def hold(self, *, alone: bool) -> Iterator[None]:
        """Nobody else works here meanwhile; shards may share a folder, because each writes files of its own."""
        descriptor = os.open(self.folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except OSError:
            expected = "a state that no other run works on"
            raise MisuseError(Reason.WRONG_STATE, "state", found="one in use", expected=expected) from None
        else:
            if alone:
                self._sweep()
            yield
        finally:
            os.close(descriptor)

    def _sweep(self) -> None:
        """Remove what a run left that was stopped in the middle of a file."""
        for left in self.folder.glob(f"{SORTING}*"):
            rmtree(left)
        for left in (*self.folder.glob(".*"), *(self.folder / PROOFS).glob("*/.*")):
            left.unlink()

    def begin(self, inputs: Mapping[str, str], time: int | None) -> Run:
        """The run of these inputs and this moment: the one that was begun here, or a new one."""
        if (self.folder / RUN).exists():
            run = self.read_run()
            run.require_same(inputs, time)
            return run
        run = Run(inputs, read_clock() if time is None else time, Seed.draw())
        document = {"format": STATE_FORMAT, "inputs": dict(inputs), "seed": run.seed.secret.hex(), "time": run.time}
        self.write_json(RUN, document)
        return run

    def read_run(self) -> Run:
        """What the state is the state of."""
        with Fields(read_document(self.folder / RUN)) as fields:
            if fields.text("format") != STATE_FORMAT:
                raise MalformedError(Reason.NOT_A_CHOICE, RUN, found="another format", expected=STATE_FORMAT)
            with fields.inner("inputs") as named:
                inputs = {name: named.text(name) for name in tuple(named.rest)}
            seed = bytes.fromhex(fields.text("seed"))
            if len(seed) != SEED_BYTES:
                raise MalformedError(Reason.WRONG_COUNT, f"{RUN}.seed", found=len(seed), expected=f"{SEED_BYTES} bytes")
            return Run(inputs, fields.integer("time", 0, 2**63 - 1), Seed(seed))

    @property
    def is_prepared(self) -> bool:
        """Whether everything is fixed, so that batches can be proved."""
        return (self.folder / HEADER).exists()

    def proof_path(self, batch: int) -> Path:
        """Where the proof of a batch is kept."""
        return self.folder / PROOFS / f"{batch // BATCHES_A_FOLDER:06d}" / f"{batch:09d}.proof"

    def write_json(self, name: str, document: object) -> None:
        """A file of the folder, whole or not at all."""
        self.write(name, (json.dumps(document, indent=1) + "\n").encode())

    def write(self, name: str, data: bytes) -> None:
        """The same of bytes."""
        with replace_file(self.folder / name, secret=True) as file:
            file.write(data)


def read_clock() -> int:
    """Now, in seconds since 1970."""
    return int(clock.time())


def hash_input(path: Path) -> str:
    """The SHA-256 of an input, in hexadecimal."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
