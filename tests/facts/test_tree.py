"""Trees commit to each leaf at its place, however they were built."""

from collections.abc import Iterable, Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facts.tags import Tag
from facts.tree import Path, Tree, empty_node, verify_path
from margin.errors import Reason
from snark.bn254.constants import GROUP_ORDER
from snark.poseidon.hashing import hash_inputs
from tests.facts.refusals import refused

indices = st.integers(0, 8**3 - 1)
leaves = st.dictionaries(indices, st.integers(0, GROUP_ORDER - 1), max_size=6)


def compute_root(given_leaves: Mapping[int, int], levels: int) -> int:
    """The root as its definition has it, every leaf of it."""
    nodes = [given_leaves.get(index, hash_inputs([int(Tag.EMPTY)])) for index in range(8**levels)]
    while len(nodes) > 1:
        nodes = [hash_inputs(nodes[start : start + 8]) for start in range(0, len(nodes), 8)]
    return nodes[0]


@pytest.mark.parametrize("content", [{}, {0: 1}, {63: 5}, {3: 1, 8: 2, 17: 3}, dict(enumerate(range(64)))], ids=len)
def test_the_root_is_what_the_definition_says(content: dict[int, int]) -> None:
    assert Tree(2, content).root == compute_root(content, 2)


def test_an_empty_tree_of_any_depth_is_known() -> None:
    for levels in (1, 4, 8, 10):
        assert Tree(levels).root == empty_node(levels)
    assert empty_node(1) == compute_root({}, 1)


@settings(max_examples=20, deadline=None)
@given(leaves, indices)
def test_every_path_leads_from_its_leaf_to_the_root(content: dict[int, int], other: int) -> None:
    tree = Tree(3, content)
    for index in [*content, other]:
        leaf = content.get(index, empty_node(0))
        assert tree.leaf(index) == leaf
        path = tree.path(index)
        assert path.root == tree.root
        verify_path(path, leaf, tree.root)
        found = refused(verify_path, path, (leaf + 1) % GROUP_ORDER, tree.root)
        assert found == (Reason.NOT_IN_TREE, "levels[0]")
        assert refused(verify_path, path, leaf, (tree.root + 1) % GROUP_ORDER) == (Reason.NOT_IN_TREE, "root")


@settings(max_examples=20, deadline=None)
@given(leaves, leaves)
def test_updates_make_the_tree_that_building_makes(content: dict[int, int], changes: dict[int, int]) -> None:
    tree = Tree(3, content)
    for index, leaf in changes.items():
        tree.update(index, leaf)
    built = Tree(3, content | changes)
    assert tree.root == built.root
    assert all(tree.path(index) == built.path(index) for index in (*content, *changes))


def test_a_child_at_another_place_is_another_path() -> None:
    tree = Tree(2, [1, 2, 3])
    path = tree.path(1)
    for index in range(64):
        if index != path.index:
            field = "levels[0]" if index % 8 != 1 else "levels[1]"
            assert refused(verify_path, Path(index, path.levels), 2, tree.root) == (Reason.NOT_IN_TREE, field)


def test_every_child_of_a_path_counts() -> None:
    tree = Tree(2, range(1, 20))
    path = tree.path(10)
    for level in range(2):
        for place in range(8):
            children = list(path.levels[level])
            children[place] += 1
            levels = (tuple(children), *path.levels[1:]) if level == 0 else (path.levels[0], tuple(children))
            reason, _ = refused(verify_path, Path(10, levels), 11, tree.root)
            assert reason is Reason.NOT_IN_TREE


@pytest.mark.parametrize("bad", [GROUP_ORDER, GROUP_ORDER + 1, -1, 2**256 - 1])
def test_a_leaf_has_one_name(bad: int) -> None:
    assert refused(Tree, 2, [bad]) == (Reason.OUT_OF_BOUNDS, "leaf")
    assert refused(Tree(2).update, 0, bad) == (Reason.OUT_OF_BOUNDS, "leaf")
    assert refused(verify_path, Tree(2).path(0), bad, empty_node(2)) == (Reason.OUT_OF_BOUNDS, "leaf")
    assert refused(Path, 0, ((bad, *(0,) * 7),)) == (Reason.OUT_OF_BOUNDS, "levels[0]")


@pytest.mark.parametrize("content", [range(9), {8: 1}, {-1: 1}])
def test_a_tree_has_room_for_so_many_leaves(content: Iterable[int] | Mapping[int, int]) -> None:
    assert refused(Tree, 1, content) == (Reason.OUT_OF_BOUNDS, "index")
    assert refused(Tree(1).path, 8) == (Reason.OUT_OF_BOUNDS, "index")
    assert refused(Tree(1).update, 8, 1) == (Reason.OUT_OF_BOUNDS, "index")


@pytest.mark.parametrize("levels", [0, 17, -1])
def test_a_tree_has_a_depth(levels: int) -> None:
    assert refused(Tree, levels) == (Reason.OUT_OF_BOUNDS, "levels")


def test_a_path_has_a_shape() -> None:
    assert refused(Path, 0, ()) == (Reason.WRONG_COUNT, "levels")
    assert refused(Path, 0, ((1, 2, 3),)) == (Reason.WRONG_COUNT, "levels[0]")
    assert refused(Path, 8, ((0,) * 8,)) == (Reason.OUT_OF_BOUNDS, "index")


@pytest.mark.native
def test_a_large_book_is_built_in_bulk_and_few_leaves_cost_little() -> None:
    tree = Tree(8, range(100_000))
    verify_path(tree.path(99_999), 99_999, tree.root)
    sparse = Tree(8, {8**8 - 1: 7, 0: 1})
    assert sum(map(len, sparse._blocks)) < 17  # noqa: SLF001 -- how much is kept is the point
    verify_path(sparse.path(8**8 - 1), 7, sparse.root)


def test_parts_of_a_tree_have_roots() -> None:
    tree = Tree(3, {64 * 5 + 9: 4})
    assert tree.node(2, 5) == Tree(2, {9: 4}).root
    assert tree.node(2, 4) == empty_node(2)
    assert refused(tree.node, 3, 0) == (Reason.OUT_OF_BOUNDS, "level")
    assert refused(tree.node, 2, 8) == (Reason.OUT_OF_BOUNDS, "index")
