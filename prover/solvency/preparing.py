"""The first part of a run: accounts become parts in their order, leaves, a root and sums; then the challenge is drawn.

    1  read every account, check it, cut it into parts, sort the parts by their numbers        parts.bin, batches.idx
    2  commit to every part, hash each batch up to its root, add everything up                 roots.bin, sums.json
    3  draw the challenge, and sum up the inverses under it from batch to batch                running.bin
    4  write the header: from now on everything is fixed                                       header.json

All of it follows from the inputs and the seed: a run that is stopped in here begins again, and comes to the same.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from facts.canonical import encode_number
from facts.solvency.account import commit_parts, number_part
from facts.solvency.challenge import Inverses
from facts.solvency.header import AccountClass, Header
from facts.solvency.marks import RoundLeaves
from facts.solvency.running import BEGINNING
from facts.solvency.shape import AccountShape, BatchShape
from facts.solvency.sums import RunningSums
from facts.solvency.tables_document import render_tables
from facts.tree import Tree
from margin.documents.reading import located
from margin.errors import MalformedError, Reason
from prover.solvency.ordering import Record, Sorter
from prover.solvency.padding import Padding
from prover.solvency.part_file import KEY_BYTES, write_parts
from prover.solvency.parts import OpenPart, Splitter
from prover.solvency.prepared import Prepared, cut_elements, encode_state
from prover.solvency.reading import read_accounts
from prover.solvency.state import HEADER, ROOTS, RUNNING, SORTING, SUMS, TABLES, Run, State
from snark.bn254.constants import FIELD_BYTES, GROUP_ORDER
from snark.r1cs.container import replace_file

Report = Callable[[str, int, int], None]
"""Told which step it is, and how many of how many are done."""
DIGEST_BYTES: Final = 16
"""Enough to tell accounts apart."""
READ, HASH, SUM = "reading", "hashing", "summing"


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run is to be, before its accounts are counted."""

    splitter: Splitter
    shapes: Sequence[AccountShape]
    accounts: int
    """Parts for each batch."""
    levels: int
    padding: Padding
    leaves: RoundLeaves
    """What the tables are made of."""
    close: Callable[[Sequence[AccountClass]], Prepared]
    """The run once the batches of each class are known."""


@dataclass(frozen=True, slots=True)
class Preparation:
    """The first part of one run."""

    state: State
    run: Run
    plan: Plan
    report: Report

    def prepare(self, accounts: Path) -> Header:
        """Fix everything that proofs will be about; what says so is written last."""
        plan, counts = self.plan, self._order(accounts)
        prepared = plan.close(
            [
                AccountClass(BatchShape(shape, plan.accounts, plan.levels), count)
                for shape, count in zip(plan.shapes, counts, strict=True)
            ]
        )
        self.state.write(TABLES, render_tables(plan.leaves).encode())
        self.state.write_json(SUMS, list(self._hash(prepared).columns()))
        self._sum(prepared)
        self.state.write(HEADER, prepared.header.encode())
        return prepared.header

    def _order(self, accounts: Path) -> list[int]:
        """Write all parts in their order, filled up; how many batches each class has."""
        plan, seed = self.plan, self.run.seed
        with TemporaryDirectory(dir=self.state.folder, prefix=SORTING) as folder:
            parts, counts = Sorter(Path(folder), "parts", KEY_BYTES), [0] * len(plan.shapes)
            for part in self._read(accounts, Path(folder)):
                parts.add(encode_key(number_part(part.place, self.run.salt, part.account, part.part)), part.encode())
                counts[part.place] += 1
            batches = [plan.padding.count_batches(count, plan.accounts) for count in counts]
            for place, (count, filled) in enumerate(zip(counts, batches, strict=True)):
                for more in range(filled * plan.accounts - count):
                    parts.add(encode_key(seed.padding_number(place, more)), OpenPart(place).encode())
            write_parts(self.state.folder, cut_batches(require_rising(parts.sorted()), plan.accounts))
        return batches

    def _read(self, accounts: Path, folder: Path) -> Iterator[OpenPart]:
        """The parts of all accounts, none of which may stand in the file twice."""
        names = Sorter(folder, "names", DIGEST_BYTES)
        for line, record in read_accounts(accounts, lambda done, of: self.report(READ, done, of)):
            names.add(sha256(record.account.encode()).digest()[:DIGEST_BYTES], encode_number(line))
            with located(f"line {line}"):
                yield from self.plan.splitter.split(record)
        require_distinct(names.sorted())

    def _hash(self, prepared: Prepared) -> RunningSums:
        """The root of every batch, and what all parts add up to."""
        header, sums = prepared.header, RunningSums(prepared.tables)
        with replace_file(self.state.folder / ROOTS, secret=True) as roots:
            for batch in range(header.batches):
                parts, shape = prepared.read_parts(batch), prepared.shape_of(batch)
                tree = Tree(header.levels, cut_elements(commit_parts(parts, shape)))
                roots.write(tree.root.to_bytes(FIELD_BYTES, "big"))
                for part in parts:
                    sums.add(part, shape)
                self.report(HASH, batch + 1, header.batches)
        return sums

    def _sum(self, prepared: Prepared) -> None:
        """The running state after every batch."""
        header, inverses = prepared.header, Inverses.of(prepared.challenge, prepared.tables)
        lines, rows = BEGINNING.lines, BEGINNING.rows
        with replace_file(self.state.folder / RUNNING, secret=True) as running:
            for batch in range(header.batches):
                parts, shape = prepared.read_parts(batch), prepared.shape_of(batch)
                for part in parts:
                    added, looked_up = inverses.sum_part(part, shape)
                    lines, rows = lines + added, rows + looked_up
                lines, rows = lines % GROUP_ORDER, rows % GROUP_ORDER
                running.write(encode_state(parts[-1].number, lines, rows))
                self.report(SUM, batch + 1, header.batches)


def encode_key(number: int) -> bytes:
    """What a part is sorted by."""
    return number.to_bytes(KEY_BYTES, "big")


def require_distinct(names: Iterator[Record]) -> None:
    """No account stands in the file twice."""
    before: Record | None = None
    for record in names:
        if before is not None and record[0] == before[0]:
            first, second = sorted(int.from_bytes(each[1], "big") for each in (before, record))
            field, found = f"line {second}.account", f"the account of line {first}"
            raise MalformedError(Reason.DUPLICATE_FIELD, field, found=found, expected="each account once")
        before = record


def require_rising(parts: Iterator[Record]) -> Iterator[Record]:
    """Numbers are hashes: that two are the same is possible, and then another salt has to be drawn."""
    before = encode_key(0)
    for record in parts:
        if record[0] <= before:
            expected = "numbers that differ: begin with a new state"
            raise MalformedError(Reason.DUPLICATE_FIELD, "number", found="a number twice", expected=expected)
        before = record[0]
        yield record


def cut_batches(records: Iterator[Record], size: int) -> Iterator[list[Record]]:
    """Records in their order, so many at a time; every class fills its batches."""
    while batch := list(islice(records, size)):
        yield batch
