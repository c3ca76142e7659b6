"""A stored tree is the tree in memory, in every round that it keeps, for its keeper and for whoever reads beside it."""

import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from facts.stored_tree import keeper as keeping
from facts.stored_tree.journal import list_segments, name_segment
from facts.stored_tree.keeper import MOST_CHANGES, TreeKeeper
from facts.stored_tree.nodes import find_runs
from facts.stored_tree.record import MARK
from facts.stored_tree.tree import MOST_LEVELS, StoredTree, is_stored_tree
from facts.tree import Tree, empty_node, verify_path
from margin.errors import InternalError, MalformedError, MarginError, Reason
from snark.bn254.constants import GROUP_ORDER
from tests.facts.refusals import refused

LEVELS = 3
KEPT = 4

Leaves = Mapping[int, int]

indices = st.integers(0, 8**LEVELS - 1)
rounds = st.lists(st.dictionaries(indices, st.integers(0, GROUP_ORDER - 1), max_size=5), max_size=7)
many_files = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@pytest.fixture
def keeper(tmp_path: Path) -> Iterator[TreeKeeper]:
    with TreeKeeper.create(tmp_path / "book", LEVELS, KEPT) as kept:
        yield kept


def seeded(seed: int) -> Random:
    return Random(seed)  # noqa: S311 - leaves of a test, not secrets


def draw_round(random: Random, leaves: int) -> dict[int, int]:
    return {random.randrange(8**LEVELS): random.randrange(GROUP_ORDER) for _ in range(leaves)}


def fill(keeper: TreeKeeper, count: int, leaves: int = 5) -> list[dict[int, int]]:
    """Make so many rounds; the content after each, before any first."""
    random, contents = seeded(count), [dict[int, int]()]
    for _ in range(count):
        changes = draw_round(random, leaves)
        contents.append(contents[-1] | changes)
        assert keeper.update(changes) == Tree(LEVELS, contents[-1]).root
    return contents


def require_same(stored: StoredTree, content: Leaves, number: int | None = None) -> None:
    """The round is the tree of that content, in its root and in every path that is looked at."""
    tree, at = Tree(LEVELS, content), stored.at(number)
    assert at.root == tree.root
    for index in (*content, 0, 8**LEVELS - 1):
        path = at.path(index)
        assert path == tree.path(index)
        verify_path(path, content.get(index, empty_node(0)), tree.root)
        assert at.leaf(index) == tree.leaf(index)


# --- The same tree -----------------------------------------------------------------------------------


@many_files
@given(rounds)
def test_every_kept_round_is_the_tree_that_memory_has(
    tmp_path_factory: pytest.TempPathFactory, made: list[dict[int, int]]
) -> None:
    folder = tmp_path_factory.mktemp("trees") / "book"
    contents: list[dict[int, int]] = [{}]
    with TreeKeeper.create(folder, LEVELS, KEPT) as keeper, StoredTree(folder) as reader:
        for changes in made:
            contents.append(contents[-1] | changes)
            assert keeper.update(changes) == Tree(LEVELS, contents[-1]).root
        for stored in (keeper, reader):
            assert list(stored.rounds) == list(range(len(contents)))[-KEPT:]
            for number in stored.rounds:
                require_same(stored, contents[number], number)
        keeper.verify()
    with TreeKeeper(folder) as again:
        require_same(again, contents[-1])
        again.verify()


def test_a_new_tree_of_any_depth_is_empty_and_takes_no_room(tmp_path: Path) -> None:
    for levels in (1, 8, MOST_LEVELS):
        folder = tmp_path / str(levels)
        with TreeKeeper.create(folder, levels) as keeper:
            assert (keeper.root, keeper.rounds) == (empty_node(levels), {0: empty_node(levels)})
            assert keeper.update({8**levels - 1: 7, 0: 0}) == Tree(levels, {8**levels - 1: 7, 0: 0}).root
            assert keeper.path(8**levels - 1).levels[0][7] == 7
            keeper.verify()
        assert sum(path.stat().st_blocks for path in folder.rglob("*")) * 512 < 300_000


def test_parts_of_a_tree_have_roots_of_every_round(keeper: TreeKeeper) -> None:
    keeper.update({9: 4})
    keeper.update({64 + 1: 5})
    assert keeper.at(1).node(2, 0) == keeper.newest.node(2, 0) == Tree(2, {9: 4}).root
    assert (keeper.at(1).node(2, 1), keeper.newest.node(2, 1)) == (empty_node(2), Tree(2, {1: 5}).root)
    assert refused(keeper.newest.node, 3, 0) == (Reason.OUT_OF_BOUNDS, "level")
    assert refused(keeper.newest.node, 2, 8) == (Reason.OUT_OF_BOUNDS, "index")


def test_a_leaf_that_is_taken_out_leaves_the_tree_that_never_had_it(keeper: TreeKeeper) -> None:
    keeper.update({1: 2, 9: 4})
    assert keeper.update({1: empty_node(0)}) == Tree(LEVELS, {9: 4}).root
    assert keeper.update({9: empty_node(0)}) == empty_node(LEVELS)
    keeper.verify()


def test_a_round_without_changes_is_a_round(keeper: TreeKeeper) -> None:
    root = keeper.update({3: 1})
    assert keeper.update({}) == root
    assert keeper.rounds == {0: empty_node(LEVELS), 1: root, 2: root}
    assert keeper.with_root(root).number == 2


def test_runs_of_indices() -> None:
    assert list(find_runs([])) == []
    assert list(find_runs([5])) == [(0, 1)]
    assert list(find_runs([0, 1, 3, 4, 5, 9])) == [(0, 2), (2, 5), (5, 6)]


# --- Readers and rounds ------------------------------------------------------------------------------


def test_a_prover_finishes_with_the_root_that_it_began_with(keeper: TreeKeeper) -> None:
    contents = fill(keeper, 2)
    with StoredTree(keeper.folder) as reader:
        began = reader.newest
        for _ in range(KEPT - 1):
            keeper.update(draw_round(seeded(7), 3))
        require_same(reader, contents[2], began.number)
        assert reader.with_root(began.root) == began
        keeper.update({0: 1})
        assert refused(began.path, 0) == (Reason.TOO_OLD, "round")
        assert refused(reader.at, 2) == (Reason.TOO_OLD, "round")
        assert refused(reader.at, 8) == (Reason.TOO_OLD, "round")
        assert refused(reader.with_root, began.root) == (Reason.WRONG_ROOT, "root")


def test_a_reader_that_was_left_behind_begins_with_what_is_there(
    keeper: TreeKeeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("facts.stored_tree.journal.SEGMENT_BYTES", 1)
    monkeypatch.setattr(keeping, "CHECKPOINT_BYTES", 1)
    with StoredTree(keeper.folder) as reader:
        assert reader.root == empty_node(LEVELS)
        for count in (1, 30, 3):
            contents = fill(keeper, count) if count == 1 else None
            for number in range(count):
                keeper.update({number: number})
            assert reader.rounds == keeper.rounds
            assert contents is None or reader.root == keeper.root
    assert len(list_segments(keeper.folder / "journal")) == KEPT


def test_nodes_that_are_being_written_are_read_as_they_were(
    keeper: TreeKeeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the record and the last of its nodes, both rounds can be read, at every step of the writing."""
    contents, reader = fill(keeper, 2), StoredTree(keeper.folder)
    changes = draw_round(seeded(3), 2)
    write, seen = os.pwrite, []

    def look(descriptor: int, data: bytes, place: int) -> int:
        written = write(descriptor, data[: (len(data) + 1) // 2], place)
        seen.append(reader.newest.number)
        require_same(reader, contents[2], 2)
        if reader.newest.number == 3:
            require_same(reader, contents[2] | changes, 3)
        return written

    monkeypatch.setattr(os, "pwrite", look)
    keeper.update(changes)
    monkeypatch.undo()
    assert set(seen) == {2, 3}
    reader.close()


def test_there_is_one_keeper(keeper: TreeKeeper) -> None:
    assert refused(TreeKeeper, keeper.folder) == (Reason.STORE_UNAVAILABLE, "lock")
    keeper.update({0: 1})
    with StoredTree(keeper.folder) as first, StoredTree(keeper.folder) as second:
        assert first.root == second.root == keeper.root


def test_a_leaf_is_found_in_every_round_in_which_it_stands(keeper: TreeKeeper) -> None:
    keeper.update({7: 70, 300: 71})
    keeper.update({7: 1, 9: 70})
    keeper.update({9: empty_node(0)})
    with StoredTree(keeper.folder) as reader:
        for number, found in ((1, 7), (2, 9), (3, None)):
            assert reader.at(number).find(70) == found
        assert [reader.at(number).find(71) for number in range(4)] == [None, 300, 300, 300]
        assert refused(reader.newest.find, empty_node(0)) == (Reason.NOT_APPLICABLE, "leaf")
        assert refused(reader.newest.find, GROUP_ORDER) == (Reason.OUT_OF_BOUNDS, "leaf")


# --- What is refused ---------------------------------------------------------------------------------


def test_a_round_that_is_refused_changes_nothing(keeper: TreeKeeper) -> None:
    contents = fill(keeper, 1)
    assert refused(keeper.update, {8**LEVELS: 1}) == (Reason.OUT_OF_BOUNDS, "index")
    assert refused(keeper.update, {-1: 1}) == (Reason.OUT_OF_BOUNDS, "index")
    assert refused(keeper.update, {0: 1, 1: GROUP_ORDER}) == (Reason.OUT_OF_BOUNDS, "leaf")
    assert refused(keeper.update, dict.fromkeys(range(MOST_CHANGES + 1), 0)) == (Reason.OUT_OF_BOUNDS, "leaves")
    assert refused(keeper.path, 8**LEVELS) == (Reason.OUT_OF_BOUNDS, "index")
    assert list(keeper.rounds) == [0, 1]
    require_same(keeper, contents[1])


@pytest.mark.parametrize(
    ("levels", "kept", "field"), [(0, 1, "levels"), (MOST_LEVELS + 1, 1, "levels"), (1, 0, "kept")]
)
def test_a_tree_has_a_shape(tmp_path: Path, levels: int, kept: int, field: str) -> None:
    assert refused(TreeKeeper.create, tmp_path / "book", levels, kept) == (Reason.OUT_OF_BOUNDS, field)
    assert not list(tmp_path.iterdir())


def test_a_tree_is_made_where_nothing_is(keeper: TreeKeeper) -> None:
    assert is_stored_tree(keeper.folder)
    assert refused(TreeKeeper.create, keeper.folder, LEVELS)[0] is Reason.WRONG_FILE
    assert not is_stored_tree(keeper.folder.parent)


def test_a_closed_keeper_changes_nothing_more(tmp_path: Path) -> None:
    keeper = TreeKeeper.create(tmp_path / "book", LEVELS)
    keeper.close()
    keeper.close()
    with pytest.raises(InternalError) as refusal:
        keeper.update({0: 1})
    assert refusal.value.reason is Reason.STORE_UNAVAILABLE


# --- What disks and others do to files ----------------------------------------------------------------


def alter_nodes(folder: Path, place: int, data: bytes) -> None:
    with (folder / "nodes").open("r+b") as file:
        file.seek(place)
        file.write(data)


def open_whole(folder: Path) -> None:
    with TreeKeeper(folder) as keeper:
        keeper.verify()


@pytest.mark.parametrize("level", range(LEVELS))
def test_a_node_that_was_altered_is_found(tmp_path: Path, level: int) -> None:
    folder = tmp_path / "book"
    with TreeKeeper.create(folder, LEVELS) as keeper:
        keeper.update({index: index + 1 for index in range(300)})
        keeper.update({8**LEVELS - 1: 9})
    start = sum(32 * 8 ** (LEVELS - each) for each in range(level))
    alter_nodes(folder, start + 3, b"?")
    with StoredTree(folder) as reader, pytest.raises(InternalError):
        reader.path(1)
    with pytest.raises(InternalError) as refusal:
        open_whole(folder)
    assert refusal.value.reason is Reason.BROKEN_INVARIANT


def test_a_block_under_an_empty_node_is_found(tmp_path: Path) -> None:
    folder = tmp_path / "book"
    with TreeKeeper.create(folder, 6) as keeper:
        keeper.update({0: 1})
    for place in (32 * 8**6 - 5, 32 * 8**6 + 32 * 8**5 - 5):
        copied = tmp_path / str(place)
        shutil.copytree(folder, copied)
        alter_nodes(copied, place, b"?")
        with pytest.raises(InternalError):
            open_whole(copied)


def test_a_parent_without_children_is_found(tmp_path: Path) -> None:
    folder = tmp_path / "book"
    with TreeKeeper.create(folder, LEVELS) as keeper:
        keeper.update({0: 1, 100: 2})
        keeper.update({1: 1})
    alter_nodes(folder, 100 // 8 * 256, bytes(256))
    with pytest.raises(InternalError):
        open_whole(folder)


@pytest.mark.parametrize(
    ("name", "record", "place", "data"),
    [
        ("nodes", 1, 1000, None),
        ("journal", 3, -1, None),
        ("journal", 2, 0, None),
        ("journal", 2, 0, bytes(len(MARK))),
        ("journal", 3, -5, b"?"),
        ("journal", 2, -5, b"?"),
        ("journal", 3, 60, b"?"),
        ("journal", 2, 40, b"?"),
        ("journal", 3, 82, b"?"),
        ("checkpoint", 1, 0, b"three"),
        ("checkpoint", 1, 0, b"4"),
        ("tree.json", 1, 0, b"?"),
        ("tree.json", 1, 0, b'{"format":"ringfence.tree/1","levels":4,"kept":4}     '),
        ("tree.json", 1, 0, b'{"format":"ringfence.tree/2","levels":3,"kept":4}     '),
        ("tree.json", 1, 0, b'{"format":"ringfence.tree/1","levels":3,"kept":0}     '),
    ],
)
def test_every_file_has_to_be_what_was_written(
    tmp_path: Path, name: str, record: int, place: int, data: bytes | None
) -> None:
    """A file is cut off at a place, or has other bytes there; in the journal places are those of a record."""
    folder = tmp_path / "book"
    with TreeKeeper.create(folder, LEVELS, KEPT) as keeper:
        fill(keeper, 3)
        recorded = keeper._journal.rounds[record]  # noqa: SLF001 -- to hit what is meant
    file = folder / name
    if name == "journal":
        file, place = file / name_segment(1), recorded.place + place + (recorded.head.size if place < 0 else 0)
    if data is None:
        os.truncate(file, place)
    else:
        with file.open("r+b") as opened:
            opened.seek(place)
            opened.write(data)
    with pytest.raises(MarginError) as refusal:
        open_whole(folder)
    assert isinstance(refusal.value, InternalError | MalformedError)


def test_a_journal_that_is_gone_is_no_new_tree(tmp_path: Path) -> None:
    folder = tmp_path / "book"
    with TreeKeeper.create(folder, LEVELS, KEPT) as keeper:
        fill(keeper, 3)
    (folder / "journal" / name_segment(1)).unlink()
    with pytest.raises(InternalError):
        open_whole(folder)


def test_a_folder_without_a_tree_is_none(tmp_path: Path) -> None:
    for opened in (StoredTree, TreeKeeper):
        with pytest.raises((MalformedError, OSError)):
            opened(tmp_path)
