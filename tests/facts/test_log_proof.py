"""Proofs of the log's tree, against the definition."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facts.log_proof import EMPTY_LOG_ROOT, hash_leaf, hash_node, verify_consistency, verify_inclusion
from margin.errors import Reason
from tests.facts.refusals import refused
from verifier.log import compute_root, grow_tree, prove_consistency, prove_inclusion


def define_root(leaves: list[bytes]) -> bytes:
    """RFC 6962, section 2.1, word for word."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return sha256(b"\x00" + leaves[0]).digest()
    middle = 1
    while 2 * middle < len(leaves):
        middle *= 2
    return sha256(b"\x01" + define_root(leaves[:middle]) + define_root(leaves[middle:])).digest()


class Kept:
    """A tree whose nodes are kept in a dictionary."""

    def __init__(self, leaves: list[bytes]) -> None:
        self.nodes: dict[tuple[int, int], bytes] = {}
        for size, leaf in enumerate(leaves):
            for level, index, digest in grow_tree(size, hash_leaf(leaf), self.read):
                assert (level, index) not in self.nodes
                self.nodes[level, index] = digest

    def read(self, level: int, index: int) -> bytes:
        return self.nodes[level, index]


LEAVES = [bytes((number,)) * (number % 5) for number in range(40)]
TREE = Kept(LEAVES)


@pytest.mark.parametrize("size", range(len(LEAVES) + 1))
def test_the_root_is_as_defined_at_every_size(size: int) -> None:
    assert compute_root(size, TREE.read) == define_root(LEAVES[:size])


def test_two_nodes_are_kept_for_each_leaf_at_most() -> None:
    assert len(TREE.nodes) < 2 * len(LEAVES)


@pytest.mark.parametrize("size", range(1, len(LEAVES) + 1))
def test_every_leaf_is_proved_and_no_other(size: int) -> None:
    root = define_root(LEAVES[:size])
    for index in range(size):
        proof = prove_inclusion(index, size, TREE.read)
        verify_inclusion(hash_leaf(LEAVES[index]), index, size, proof, root)
        assert refused(verify_inclusion, hash_leaf(b"another"), index, size, proof, root)[0] == Reason.WRONG_ROOT
        assert refused(verify_inclusion, hash_leaf(LEAVES[index]), index, size, (*proof, root), root) == (
            Reason.WRONG_PROOF,
            "proof",
        )


@pytest.mark.parametrize("larger", range(1, len(LEAVES) + 1))
def test_every_beginning_is_proved_and_no_other(larger: int) -> None:
    end = define_root(LEAVES[:larger])
    for size in range(1, larger + 1):
        begin = define_root(LEAVES[:size])
        proof = prove_consistency(size, larger, TREE.read)
        verify_consistency(size, larger, begin, end, proof)
        assert refused(verify_consistency, size, larger, bytes(32), end, proof)[0] == Reason.WRONG_ROOT
        if proof:
            assert refused(verify_consistency, size, larger, begin, end, proof[:-1])[0] in {
                Reason.WRONG_PROOF,
                Reason.WRONG_ROOT,
            }


@given(st.integers(1, 40), st.data())
def test_no_altered_step_is_taken(larger: int, data: st.DataObject) -> None:
    size = data.draw(st.integers(1, larger))
    proof = list(prove_consistency(size, larger, TREE.read))
    if proof:
        place, bit = data.draw(st.integers(0, len(proof) - 1)), data.draw(st.integers(0, 255))
        proof[place] = (int.from_bytes(proof[place], "big") ^ 1 << bit).to_bytes(32, "big")
        begin, end = define_root(LEAVES[:size]), define_root(LEAVES[:larger])
        assert refused(verify_consistency, size, larger, begin, end, proof)[0] == Reason.WRONG_ROOT


def test_the_empty_tree() -> None:
    assert define_root([]) == EMPTY_LOG_ROOT
    assert refused(verify_consistency, 0, 1, EMPTY_LOG_ROOT, hash_leaf(b""), []) == (Reason.OUT_OF_BOUNDS, "size")
    assert refused(verify_inclusion, EMPTY_LOG_ROOT, 0, 0, [], EMPTY_LOG_ROOT) == (Reason.OUT_OF_BOUNDS, "index")


def test_a_node_is_no_leaf() -> None:
    """Without the prefixes two leaves could be one: the hashes of their parents' children, put together."""
    left, right = hash_leaf(b"left"), hash_leaf(b"right")
    assert hash_node(left, right) != hash_leaf(left + right)
    assert refused(verify_inclusion, hash_leaf(left + right), 0, 1, [], hash_node(left, right))[0] == Reason.WRONG_ROOT


@pytest.mark.parametrize("size", [True, "1", -1, 2**62 + 1])
def test_sizes_are_numbers_in_bounds(size: int) -> None:
    assert refused(verify_consistency, size, 5, bytes(32), bytes(32), [])[1] == "size"


def test_a_step_is_a_digest() -> None:
    assert refused(verify_inclusion, bytes(32), 0, 2, [bytes(31)], bytes(32)) == (Reason.WRONG_COUNT, "proof[0]")
