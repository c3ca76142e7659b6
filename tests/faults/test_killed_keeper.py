"""A stored tree opens at the last round that was made: its keeper killed, its machine stopped, its disk full."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from random import Random

import pytest

from facts.stored_tree import keeper as keeping
from facts.stored_tree.journal import name_segment
from facts.stored_tree.keeper import TreeKeeper
from facts.stored_tree.record import FRONT_BYTES, MARK
from facts.stored_tree.tree import StoredTree
from facts.tree import Tree
from margin.errors import InternalError
from tests.faults.dying_keeper import LEVELS as KILLED_LEVELS
from tests.faults.dying_keeper import draw_round as draw_killed_round

LEVELS = 3
SECTOR_BYTES = 512
ROOT = Path(__file__).parents[2]


def seeded(seed: int) -> Random:
    return Random(seed)  # noqa: S311 - leaves of a test, not secrets


def draw_round(random: Random, leaves: int = 12) -> dict[int, int]:
    return {random.randrange(8**LEVELS): random.getrandbits(250) for _ in range(leaves)}


def require_tree(folder: Path, content: dict[int, int], number: int) -> None:
    """Opened, the tree is that of a round in every node, and can be gone on with."""
    with TreeKeeper(folder) as keeper:
        keeper.verify()
        tree = Tree(keeper.levels, content)
        assert (next(reversed(keeper.rounds)), keeper.root) == (number, tree.root)
        assert all(keeper.path(index) == tree.path(index) for index in list(content)[:20])
        assert keeper.update({5: 5}) == Tree(keeper.levels, content | {5: 5}).root


# --- Killed ------------------------------------------------------------------------------------------


def kill_keeper(folder: Path, seed: int, seconds: float) -> dict[int, int]:
    """What a keeper said that it made, before it was killed so long after its first round."""
    command = [sys.executable, "-m", "tests.faults.dying_keeper", str(folder), str(seed)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:  # noqa: S603
        assert process.stdout is not None
        first = process.stdout.readline()
        time.sleep(seconds)
        process.kill()
        told = (first + process.stdout.read()).splitlines(keepends=True)
    return {int(number): int(root) for number, root in (line.split() for line in told if line.endswith("\n"))}


def require_survival(folder: Path, seed: int, told: dict[int, int]) -> None:
    """The last round is one that was told, or the one that was being made; a reader sees it without its keeper."""
    with StoredTree(folder) as reader:
        rounds = reader.rounds
        assert next(reversed(rounds)) in {max(told), max(told) + 1}
        reader.path(0)
    content: dict[int, int] = {}
    with TreeKeeper(folder) as keeper:
        last = next(reversed(keeper.rounds))
        for number in range(1, last + 1):
            content |= draw_killed_round(seed, number)
        assert last in {max(told), max(told) + 1}
        assert keeper.root == Tree(KILLED_LEVELS, content).root
        assert all(keeper.rounds[number] == root for number, root in told.items() if number in keeper.rounds)
        keeper.verify()


@pytest.mark.native
def test_a_killed_keeper_loses_no_round_that_it_told_of(tmp_path: Path) -> None:
    TreeKeeper.create(tmp_path / "book", KILLED_LEVELS).close()
    for seconds in (0.0, 0.031, 0.107):
        told = kill_keeper(tmp_path / "book", 1, seconds)
        require_survival(tmp_path / "book", 1, told)


@pytest.mark.slow
@pytest.mark.native
def test_a_keeper_that_is_killed_again_and_again_loses_nothing(tmp_path: Path) -> None:
    random = seeded(2)
    TreeKeeper.create(tmp_path / "book", KILLED_LEVELS).close()
    for _ in range(40):
        told = kill_keeper(tmp_path / "book", 2, random.uniform(0, 0.15))
        require_survival(tmp_path / "book", 2, told)


# --- Killed at every step ----------------------------------------------------------------------------


class Kill(BaseException):
    """Nothing catches it."""


def die_at(step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """End at a step that changes a file; what is written then is half there."""
    steps, write = count(), os.pwrite

    def write_half(descriptor: int, data: bytes, place: int) -> int:
        if next(steps) < step:
            return write(descriptor, data, place)
        write(descriptor, data[: len(data) // 2], place)
        raise Kill

    def dying(call: Callable[..., object]) -> Callable[..., object]:
        def die(*given: object, **named: object) -> object:
            if next(steps) < step:
                return call(*given, **named)
            raise Kill

        return die

    monkeypatch.setattr(os, "pwrite", write_half)
    for name in ("fsync", "fdatasync", "unlink", "replace"):
        monkeypatch.setattr(os, name, dying(getattr(os, name)))


def dying_steps(folder: Path, work: Callable[[TreeKeeper], object], monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of a tree for each step of some work, at which its keeper was killed."""
    for step in count():
        copied = folder.with_name(f"at-{step}")
        shutil.copytree(folder, copied)
        keeper = TreeKeeper(copied)
        with monkeypatch.context() as patched:
            die_at(step, patched)
            try:
                work(keeper)
            except Kill:
                died = True
            else:
                died = False
        keeper.close()  # of a keeper that did not finish: it lets go of its files, and no more
        yield copied
        shutil.rmtree(copied)
        if not died:
            return


def test_a_kill_at_any_step_of_a_round_leaves_it_made_or_not_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("facts.stored_tree.journal.SEGMENT_BYTES", 1)
    monkeypatch.setattr(keeping, "CHECKPOINT_BYTES", 1)
    random, folder = seeded(3), tmp_path / "book"
    before, changes = draw_round(random), draw_round(random)
    with TreeKeeper.create(folder, LEVELS, 1) as keeper:
        keeper.update(before)
    seen = set()
    for copied in dying_steps(folder, lambda keeper: keeper.update(changes), monkeypatch):
        with StoredTree(copied) as reader:
            number = next(reversed(reader.rounds))
            assert reader.path(next(iter(changes))).root == reader.root
        is_recorded = (copied / "journal" / name_segment(2)).exists() and whole_record(copied, 2)
        seen.add((number, is_recorded))
        require_tree(copied, before | changes if is_recorded else before, 2 if is_recorded else 1)
    assert seen == {(1, False), (1, True), (2, True)}


def whole_record(folder: Path, number: int) -> bool:
    """Whether the record of a round is all there: one that was written by half is not."""
    size = (folder / "journal" / name_segment(number)).stat().st_size
    with TreeKeeper.create(folder.with_name("measured"), LEVELS) as keeper:
        random = seeded(3)
        draw_round(random)
        keeper.update(draw_round(random))
        expected = keeper._journal.rounds[1].head.size  # noqa: SLF001 -- the size of such a record
    shutil.rmtree(folder.with_name("measured"))
    return size == expected


# --- The machine stops -------------------------------------------------------------------------------


def test_nodes_that_never_reached_the_disk_are_written_again(tmp_path: Path) -> None:
    """Since the last checkpoint any sector of the nodes may be as it was then; the records are all there."""
    random, folder = seeded(4), tmp_path / "book"
    content = draw_round(random)
    with TreeKeeper.create(folder, LEVELS) as keeper:
        keeper.update(content)
    old = (folder / "nodes").read_bytes()
    keeper = TreeKeeper(folder)
    for _ in range(3):
        changes = draw_round(random)
        content |= changes
        keeper.update(changes)
    for attempt in range(8):
        copied = tmp_path / f"stopped-{attempt}"
        shutil.copytree(folder, copied)
        new = (copied / "nodes").read_bytes()
        sectors = range(0, len(new), SECTOR_BYTES)
        (copied / "nodes").write_bytes(
            b"".join(random.choice((old, new))[place : place + SECTOR_BYTES] for place in sectors)
        )
        if attempt % 2:
            unmark_last(copied)
        require_tree(copied, content, 4)
    keeper.close()


def unmark_last(folder: Path) -> int:
    """Take its mark from the last record, which need not have reached the disk; where the record begins."""
    journal = folder / "journal" / name_segment(1)
    place = journal.read_bytes().rindex(MARK)
    with journal.open("r+b") as file:
        file.seek(place)
        file.write(bytes(len(MARK)))
    return place


def test_a_record_that_is_torn_anywhere_was_never_made(tmp_path: Path) -> None:
    random, folder = seeded(5), tmp_path / "book"
    content, changes = draw_round(random), draw_round(random, 2)
    with TreeKeeper.create(folder, LEVELS) as keeper:
        keeper.update(content)
    after = tmp_path / "after"
    shutil.copytree(folder, after)
    with TreeKeeper(after) as keeper:
        keeper.update(changes)
    begin = unmark_last(after)
    record = (after / "journal" / name_segment(1)).read_bytes()
    cuts = [*range(begin, begin + FRONT_BYTES + 2, 7), *range(begin + FRONT_BYTES, len(record), 193), len(record) - 1]
    torn = tmp_path / "torn"
    for end in cuts:
        for filling in (b"", bytes(len(record) - end)):
            shutil.rmtree(torn, ignore_errors=True)
            shutil.copytree(folder, torn)
            (torn / "journal" / name_segment(1)).write_bytes(record[:end] + filling)
            require_tree(torn, content, 1)
    (torn / "journal" / name_segment(1)).write_bytes(record)


# --- The disk is full --------------------------------------------------------------------------------


@pytest.mark.parametrize("fits", range(6))
def test_a_disk_that_is_full_ends_a_keeper_and_no_tree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fits: int
) -> None:
    random, folder, write = seeded(6), tmp_path / "book", os.pwrite
    before, changes, writes = draw_round(random), draw_round(random), count()

    def write_until_full(descriptor: int, data: bytes, place: int) -> int:
        if next(writes) >= fits:
            raise OSError(28, "No space left on device")
        return write(descriptor, data, place)

    keeper = TreeKeeper.create(folder, LEVELS)
    keeper.update(before)
    with monkeypatch.context() as patched:
        patched.setattr(os, "pwrite", write_until_full)
        with pytest.raises(OSError, match="No space left"):
            keeper.update(changes)
    with pytest.raises(InternalError):
        keeper.update(changes)
    keeper.close()
    is_made = fits > 0
    require_tree(folder, before | changes if is_made else before, 2 if is_made else 1)
