"""A book of 2^24 leaves on the disk, changed in rounds: ``python -m benchmarks.trees [--quick]``.

Indices are random, leaves are too, and a round is on the disk before the next one is begun; what the tree waits for at
its end is counted. Beside it stand the tree in memory, which changes one leaf at a time and keeps nothing, and the same
blocks in a table of SQLite with the same promise, which is what there is without files of one's own; it and the stored
tree take turns.
"""

import argparse
import json
import sqlite3
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Protocol

from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.measurement.machine import describe_machine
from benchmarks.measurement.memory import forget_peak, peak_bytes
from facts.stored_tree.keeper import TreeKeeper
from facts.stored_tree.tree import StoredTree, TreeAt
from facts.tree import ARITY, BLOCK_BYTES, INDEX_BITS, Tree, empty_block, put_child
from snark.bn254.constants import FIELD_BYTES
from snark.poseidon.hashing import hash_many

LEVELS = 8
LEAVES, QUICK_LEAVES = 1 << 24, 1 << 15
FILLED_AT_ONCE = 1 << 17
MEMORY_LEAVES = 1 << 20
"""What a change costs in memory does not depend on how many leaves there are."""
UPDATES = {1: 1_000, 100: 20_000, 1_000: 200_000, 10_000: 500_000}
"""For each size of a round, how many leaves are changed altogether."""
MEMORY_UPDATES = {1: 1_000, 1_000: 10_000}
QUICK_SHARE = 100
PATHS, QUICK_PATHS = 2_000, 200
UNFINISHED_ROUNDS = 20
ELEMENT_BITS = 250
STORED, MEMORY, SQLITE = "stored tree", "tree in memory, one by one", "blocks in SQLite"
MEBIBYTE = 1 << 20
MILLI, MICRO = 1_000, 1_000_000

Leaves = Mapping[int, int]


class Updatable(Protocol):
    """What takes rounds of leaves."""

    def update(self, leaves: Leaves) -> int:
        """Make a round, and return its root."""

    def settle(self) -> None:
        """Wait for whatever the disk still owes."""


@dataclass(frozen=True)
class Spent:
    """Seconds of a clock, and of processors."""

    clock: float
    processor: float


@dataclass(frozen=True)
class Measurement:
    """One contestant with rounds of one size."""

    contestant: str
    leaves: int
    batch: int
    rounds: int
    updates_per_second: float
    processor_us: float
    """For each update, on all cores together: what else the machine does hardly changes it."""
    longest_ms: float
    """Of one round; the wait for the disk after many rounds is in one of them."""

    @classmethod
    def of(cls, contestant: str, leaves: int, batch: int, spent: Sequence[Spent]) -> "Measurement":
        """What rounds and the wait at their end have taken."""
        rounds = len(spent) - 1
        updates = rounds * batch
        speed, processor = updates / sum(it.clock for it in spent), sum(it.processor for it in spent) / updates
        longest = max(it.clock for it in spent)
        return cls(contestant, leaves, batch, rounds, speed, processor * MICRO, longest * MILLI)


@dataclass(frozen=True)
class Upkeep:
    """What a tree of so many leaves takes besides."""

    leaves: int
    filled_per_second: float
    paths_per_second: float
    old_paths_per_second: float
    open_seconds: float
    open_after_kill_seconds: float
    verify_seconds: float
    nodes_mib: float
    journal_mib: float
    peak_mib: float


def main() -> None:
    """Measure, show, and write the results where they are asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.trees", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a small tree and few rounds")
    parser.add_argument("--leaves", type=int, help="how many leaves the tree has")
    parser.add_argument("--folder", type=Path, help="where the trees are made: on the disk that is measured")
    parser.add_argument("--json", type=Path, help="where to write the results")
    given = parser.parse_args()
    leaves = given.leaves or (QUICK_LEAVES if given.quick else LEAVES)
    with TemporaryDirectory(dir=given.folder) as folder:
        upkeep, measurements = measure(Path(folder), leaves, quick=given.quick)
    report(upkeep, measurements)
    if given.json:
        results = {
            "machine": describe_machine(),
            "upkeep": asdict(upkeep),
            "measurements": [asdict(it) for it in measurements],
        }
        given.json.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


def measure(folder: Path, leaves: int, *, quick: bool) -> tuple[Upkeep, list[Measurement]]:
    """All contestants, those with a disk in turns; then the stored tree is looked at as a whole."""
    in_memory, share = min(leaves, MEMORY_LEAVES), QUICK_SHARE if quick else 1
    memory: dict[str, Updatable] = {MEMORY: TreeInMemory(in_memory)}
    measurements = measure_rounds(memory, in_memory, MEMORY_UPDATES, share)
    memory.clear()
    table = SQLiteTree(folder / "table.db")
    fill(SQLITE, table, leaves)
    table.settle()
    forget_peak()
    keeper = TreeKeeper.create(folder / "book", LEVELS)
    begin = time.perf_counter()
    fill(STORED, keeper, leaves)
    keeper.settle()
    filled = leaves / (time.perf_counter() - begin)
    measurements += measure_rounds({STORED: keeper, SQLITE: table}, leaves, UPDATES, share)
    keeper.close()
    (folder / "table.db").unlink()
    return look_after(folder / "book", leaves, filled, QUICK_PATHS if quick else PATHS), measurements


def measure_rounds(
    contestants: Mapping[str, Updatable], leaves: int, updates: Mapping[int, int], share: int
) -> list[Measurement]:
    """Rounds of every size over leaves that are all there, the same for all contestants, who take turns."""
    found = []
    for batch, changes in updates.items():
        rounds = max(1, changes // batch // share)
        spent: dict[str, list[Spent]] = {name: [] for name in contestants}
        drawn = draw_rounds(seeded(batch), leaves, batch, rounds)
        for each in track(drawn, f"rounds of {batch:,}", rounds, transient=True):
            for name, tree in contestants.items():
                spent[name].append(time_update(tree, each))
        for name, tree in contestants.items():
            found.append(Measurement.of(name, leaves, batch, [*spent[name], spend(tree.settle)]))
    return found


def time_update(tree: Updatable, leaves: Leaves) -> Spent:
    """What a round takes."""
    return spend(lambda: tree.update(leaves))


def spend(work: Callable[[], object]) -> Spent:
    """What some work takes."""
    processor, clock = time.process_time(), time.perf_counter()
    work()
    return Spent(time.perf_counter() - clock, time.process_time() - processor)


def look_after(folder: Path, leaves: int, filled: float, paths: int) -> Upkeep:
    """Paths, starts, a whole look, and the room that it takes."""
    with StoredTree(folder) as reader:
        indices = seeded(0).sample(range(leaves), paths)
        newest, oldest = reader.newest, reader.at(next(iter(reader.rounds)))
        newest_paths, oldest_paths = (paths / time_paths(at, indices) for at in (newest, oldest))
    clean = open_in_seconds(folder)
    work = get_context("spawn").Process(target=leave_unfinished, args=(folder, leaves))
    work.start()
    work.join()
    killed = open_in_seconds(folder)
    with TreeKeeper(folder) as keeper:
        verified = seconds_of(keeper.verify)
    nodes, journal = (
        sum(file.stat().st_blocks * 512 for file in folder.glob(each)) / MEBIBYTE for each in ("nodes", "journal/*")
    )
    return Upkeep(
        leaves=leaves,
        filled_per_second=filled,
        paths_per_second=newest_paths,
        old_paths_per_second=oldest_paths,
        open_seconds=clean,
        open_after_kill_seconds=killed,
        verify_seconds=verified,
        nodes_mib=nodes,
        journal_mib=journal,
        peak_mib=peak_bytes() / MEBIBYTE,
    )


def time_paths(at: TreeAt, indices: Sequence[int]) -> float:
    """How long it takes to give so many paths of one round."""
    return seconds_of(lambda: [at.path(index) for index in indices])


def open_in_seconds(folder: Path) -> float:
    """How long a keeper's start takes."""
    begin = time.perf_counter()
    keeper = TreeKeeper(folder)
    seconds = time.perf_counter() - begin
    keeper.close()
    return seconds


def leave_unfinished(folder: Path, leaves: int) -> None:
    """A process that makes rounds and ends without a word, as one that is killed does."""
    keeper = TreeKeeper(folder)
    for changes in draw_rounds(seeded(5), leaves, max(UPDATES), UNFINISHED_ROUNDS):
        keeper.update(changes)


# --- The others --------------------------------------------------------------------------------------


class TreeInMemory:
    """``facts.tree.Tree``, one leaf after the other."""

    def __init__(self, leaves: int) -> None:
        random = seeded(1)
        self._tree = Tree(LEVELS, (random.getrandbits(ELEMENT_BITS) for _ in range(leaves)))

    def update(self, leaves: Leaves) -> int:
        """Change each leaf with all that is above it."""
        for index, leaf in leaves.items():
            self._tree.update(index, leaf)
        return self._tree.root

    def settle(self) -> None:
        """Nothing is on the disk."""


class SQLiteTree:
    """The same blocks of eight as rows, a round as a transaction; earlier rounds are not kept."""

    def __init__(self, path: Path) -> None:
        self._database = sqlite3.connect(path, isolation_level=None)
        for statement in (
            "PRAGMA journal_mode = WAL",
            "PRAGMA synchronous = FULL",
            "PRAGMA cache_size = -262144",
            "CREATE TABLE blocks (level INTEGER, place INTEGER, block BLOB, PRIMARY KEY (level, place)) WITHOUT ROWID",
        ):
            self._database.execute(statement)

    def update(self, leaves: Leaves) -> int:
        """Hash level after level, as the stored tree does."""
        nodes = {index: leaf.to_bytes(FIELD_BYTES, "little") for index, leaf in sorted(leaves.items())}
        with self._transaction():
            for level in range(LEVELS):
                changed: dict[int, list[int]] = defaultdict(list)
                for index in nodes:
                    changed[index >> INDEX_BITS].append(index)
                blocks = {place: self._read(level, place) for place in changed}
                for place, indices in changed.items():
                    for index in indices:
                        put_child(blocks[place], index & ARITY - 1, nodes[index])
                rows = ((level, place, block) for place, block in blocks.items())
                self._database.executemany("INSERT OR REPLACE INTO blocks VALUES (?, ?, ?)", rows)
                hashed = hash_many(ARITY + 1, b"".join(blocks.values()), 0 if len(blocks) * BLOCK_BYTES > 2**16 else 1)
                nodes = {place: hashed[i * FIELD_BYTES : (i + 1) * FIELD_BYTES] for i, place in enumerate(blocks)}
        return int.from_bytes(nodes[0], "little")

    def settle(self) -> None:
        """Let what was written reach its place."""
        self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _read(self, level: int, place: int) -> bytearray:
        sought = "SELECT block FROM blocks WHERE level = ? AND place = ?"
        row = self._database.execute(sought, (level, place)).fetchone()
        return bytearray(row[0] if row else empty_block(level))

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._database.execute("BEGIN IMMEDIATE")
        yield
        self._database.execute("COMMIT")


# --- What all of them do -----------------------------------------------------------------------------


def fill(contestant: str, tree: Updatable, leaves: int) -> None:
    """All leaves, in a row."""
    random = seeded(1)
    starts = range(0, leaves, FILLED_AT_ONCE)
    for start in track(starts, f"{contestant}, filled", transient=True):
        indices = range(start, min(leaves, start + FILLED_AT_ONCE))
        tree.update({index: random.getrandbits(ELEMENT_BITS) for index in indices})


def draw_rounds(random: Random, leaves: int, batch: int, rounds: int) -> Iterator[dict[int, int]]:
    """Rounds of leaves at random indices, each once a round."""
    for _ in range(rounds):
        yield {index: random.getrandbits(ELEMENT_BITS) for index in random.sample(range(leaves), batch)}


def seeded(seed: int) -> Random:
    """The same leaves every time."""
    return Random(seed)  # noqa: S311 - test data, not a secret


def seconds_of(work: Callable[[], object]) -> float:
    """How long it takes."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def report(upkeep: Upkeep, measurements: list[Measurement]) -> None:
    """A table of rounds, and one of everything else."""
    names = (
        "contestant",
        "leaves",
        "leaves a round",
        "rounds",
        "updates a second",
        "processor µs",
        "longest round, ms",
    )
    table = Table(*names, title="Leaves of a tree of eight levels, changed at random")
    for it in measurements:
        figures = (f"{it.leaves:,}", f"{it.batch:,}", f"{it.rounds:,}")
        table.add_row(
            it.contestant, *figures, f"{it.updates_per_second:,.0f}", f"{it.processor_us:,.1f}", f"{it.longest_ms:,.1f}"
        )
    console = Console(width=120)
    console.print(table)
    rest = Table("of the stored tree", "", title="What else it takes")
    for name, value in asdict(upkeep).items():
        rest.add_row(name.replace("_", " "), f"{value:,.2f}" if isinstance(value, float) else f"{value:,}")
    console.print(rest)


if __name__ == "__main__":
    main()
