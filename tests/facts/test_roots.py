"""The trees of books and of all chains' locks."""

import pytest

from facts.book_root import BOOK_LEVELS, build_book
from facts.lock_root import LOCK_LEVELS, build_lock_tree, chain_root, combine_chain_roots, lock_index
from facts.tree import Tree, empty_node, verify_path
from margin.errors import Reason
from tests.facts.refusals import refused


def test_a_book_is_a_tree_of_two_to_the_twenty_four() -> None:
    book = build_book({2**24 - 1: 5})
    assert BOOK_LEVELS == len(book.path(0).levels) == 8
    verify_path(book.path(2**24 - 1), 5, book.root)
    assert build_book([7, 8]).root == build_book({0: 7, 1: 8}).root


def test_the_lock_root_is_that_of_the_chains_roots() -> None:
    locks = build_lock_tree({0: [1, 2], 63: [3]})
    roots = {slot: chain_root(locks, slot) for slot in (0, 63)}
    assert roots[0] == Tree(8, [1, 2]).root
    assert combine_chain_roots(roots) == locks.root
    assert combine_chain_roots({}) == build_lock_tree({}).root == empty_node(LOCK_LEVELS)


def test_a_path_leads_through_the_root_of_its_chain() -> None:
    locks = build_lock_tree({5: [1, 2, 3], 6: [1]})
    path = locks.path(lock_index(5, 2))
    assert len(path.levels) == LOCK_LEVELS == 10
    verify_path(path, 3, locks.root)
    assert path.levels[8][5] == chain_root(locks, 5)


def test_a_new_lock_moves_its_chain_and_no_other() -> None:
    locks = build_lock_tree({5: [1, 2, 3], 6: [1]})
    before = chain_root(locks, 6)
    locks.update(lock_index(5, 3), 4)
    assert locks.root == build_lock_tree({5: [1, 2, 3, 4], 6: [1]}).root
    assert chain_root(locks, 6) == before


@pytest.mark.parametrize("slot", [64, -1])
def test_there_are_sixty_four_slots(slot: int) -> None:
    assert refused(build_lock_tree, {slot: [1]}) == (Reason.OUT_OF_BOUNDS, "slot")
    assert refused(combine_chain_roots, {slot: 1}) == (Reason.OUT_OF_BOUNDS, "slot")
    assert refused(lock_index, 0, 2**24) == (Reason.OUT_OF_BOUNDS, "index")
