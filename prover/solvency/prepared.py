"""A run in which everything is fixed: its header and tables, and what lies in its state, read when it is needed."""

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Self

from facts.solvency.account import AccountPart, commit_parts
from facts.solvency.batch_tree import BatchTree
from facts.solvency.challenge import Challenge, draw_challenge
from facts.solvency.header import Header, decode_header
from facts.solvency.marks import require_tables
from facts.solvency.running import BEGINNING, RunningState
from facts.solvency.shape import AccountShape
from facts.solvency.sums import RunningSums, Sums
from facts.solvency.tables import Tables
from facts.solvency.tables_document import read_tables
from facts.tree import Tree
from margin.documents.reading import parse_json
from margin.errors import MisuseError, Reason
from prover.solvency.part_file import KEY_BYTES, PartFile
from prover.solvency.parts import Listing, OpenPart
from prover.solvency.salts import Seed
from prover.solvency.state import HEADER, ROOTS, RUNNING, SUMS, TABLES, State
from snark.bn254.constants import FIELD_BYTES

STATE_BYTES: Final = KEY_BYTES + 2 * FIELD_BYTES


def cut_elements(data: bytes) -> list[int]:
    """The elements of hashes as they are made in bulk."""
    return [int.from_bytes(data[at : at + FIELD_BYTES], "little") for at in range(0, len(data), FIELD_BYTES)]


def encode_state(number: int, lines: int, rows: int) -> bytes:
    """A record of the file of running states."""
    sums = (each.to_bytes(FIELD_BYTES, "big") for each in (lines, rows))
    return number.to_bytes(KEY_BYTES, "big") + b"".join(sums)


@dataclass(frozen=True)
class Prepared:
    """What the files of a state say, by batch; what is large is read when it is needed first."""

    state: State
    seed: Seed
    header: Header
    tables: Tables

    @classmethod
    def load(cls, state: State) -> Self:
        """The run of a state in which everything is fixed."""
        if not state.is_prepared:
            expected = "a state that is prepared: run prove with --accounts first"
            raise MisuseError(Reason.WRONG_STATE, "state", found="an unfinished one", expected=expected)
        header = decode_header((state.folder / HEADER).read_bytes())
        tables = require_tables(header, read_tables(parse_json((state.folder / TABLES).read_bytes())))
        return cls(state, state.read_run().seed, header, tables)

    @cached_property
    def listing(self) -> Listing:
        """What places mean, and at what everything is counted."""
        return Listing(self.header.markets, self.header.assets, self.tables)

    @cached_property
    def parts(self) -> PartFile:
        """The parts of all accounts."""
        return PartFile(self.state.folder)

    @cached_property
    def roots(self) -> list[int]:
        """The root of each batch."""
        data = (self.state.folder / ROOTS).read_bytes()
        return [int.from_bytes(data[at : at + FIELD_BYTES], "big") for at in range(0, len(data), FIELD_BYTES)]

    @cached_property
    def tree(self) -> BatchTree:
        """The tree over all batches."""
        return BatchTree(self.roots, self.header.levels, self.header.tree_levels)

    @cached_property
    def sums(self) -> Sums:
        """The sums as they are committed to."""
        sums = RunningSums(self.tables)
        sums.restore(json.loads((self.state.folder / SUMS).read_bytes()))
        return sums.close(self.header.total, self.seed.sums_salt())

    @cached_property
    def challenge(self) -> Challenge:
        """Drawn from header, root and sums."""
        return draw_challenge(self.header.hash, self.tree.root, self.sums.commit())

    @cached_property
    def _running(self) -> bytes:
        return (self.state.folder / RUNNING).read_bytes()

    def shape_of(self, batch: int) -> AccountShape:
        """The shape of the parts of a batch."""
        return self.header.class_of(batch)[1].shape.account

    def open_parts(self, batch: int) -> list[tuple[int, OpenPart]]:
        """The parts of a batch with their numbers."""
        place = self.header.class_of(batch)[0]
        records = self.parts.read(batch)
        return [(int.from_bytes(key, "big"), OpenPart.decode(place, record)) for key, record in records]

    def read_parts(self, batch: int) -> list[AccountPart]:
        """The parts of a batch as their leaves commit to them."""
        shape = self.shape_of(batch)
        return [self.seal(number, part, shape) for number, part in self.open_parts(batch)]

    def seal(self, number: int, part: OpenPart, shape: AccountShape) -> AccountPart:
        """A part as its leaf commits to it."""
        identity = self.seed.identity(part.account, number)
        return part.seal(number, identity, self.seed.leaf_salt(number), shape, self.listing)

    def grow_tree(self, batch: int) -> Tree:
        """The tree under a batch."""
        leaves = commit_parts(self.read_parts(batch), self.shape_of(batch))
        return Tree(self.header.levels, cut_elements(leaves))

    def before(self, batch: int) -> RunningState:
        """Where the run stands before a batch."""
        return self.after(batch - 1) if batch else BEGINNING

    def after(self, batch: int) -> RunningState:
        """Where it stands after it."""
        record = self._running[batch * STATE_BYTES : (batch + 1) * STATE_BYTES]
        cut = record[:KEY_BYTES], record[KEY_BYTES : KEY_BYTES + FIELD_BYTES], record[KEY_BYTES + FIELD_BYTES :]
        return RunningState(self.seed.running_salt(batch), *(int.from_bytes(each, "big") for each in cut))
