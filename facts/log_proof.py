"""The verifier's log as anybody checks it: RFC 6962 trees, with nothing but hashes in hand.

    leaf  = SHA-256(0x00, data)        node = SHA-256(0x01, left, right)        empty tree = SHA-256()

The prefixes keep a leaf from passing for a node. On the left of a tree of ``n`` leaves is the largest power of
two below ``n``. An inclusion proof leads from a leaf to the root of one tree; a consistency proof leads from the nodes
that two trees share to both of their roots, so that the larger one has the smaller one as its beginning.
"""

from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Final

from margin.errors import MalformedError, Reason, RejectedError

LEAF_PREFIX: Final = b"\x00"
NODE_PREFIX: Final = b"\x01"
DIGEST_BYTES: Final = 32
MAX_LOG_SIZE: Final = 2**62
"""What a store counts up to."""
EMPTY_LOG_ROOT: Final = sha256(b"").digest()


def hash_leaf(data: bytes) -> bytes:
    """What stands in the tree for an entry."""
    return sha256(LEAF_PREFIX + data).digest()


def hash_node(left: bytes, right: bytes) -> bytes:
    """What stands above two parts of the tree."""
    return sha256(NODE_PREFIX + left + right).digest()


def verify_inclusion(leaf_hash: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Refuse a proof that does not lead from the leaf at ``index`` to the root of a tree of ``size`` leaves.

    On its way up the leaf has a neighbour at each level but those at which it is the last of an odd number.
    """
    require_size(size, "size")
    if not 0 <= index < size:
        raise MalformedError(Reason.OUT_OF_BOUNDS, "index", found=index, expected=f"an index below {size}")
    require_digest(leaf_hash, "leaf_hash")
    require_digest(root, "root")
    require_digests(proof)
    steps = iter(proof)
    current, place, last = leaf_hash, index, size - 1
    while last:
        if place & 1:
            current = hash_node(take_step(steps), current)
        elif place < last:
            current = hash_node(current, take_step(steps))
        place, last = place >> 1, last >> 1
    require_end(steps)
    require_root(current, root, "root")


def verify_consistency(size: int, larger: int, root: bytes, larger_root: bytes, proof: Sequence[bytes]) -> None:
    """Refuse a proof that does not show that the tree of ``size`` leaves is the beginning of the ``larger`` one.

    An empty tree is the beginning of everything, so that there is nothing to prove about it.
    """
    require_size(size, "size")
    require_size(larger, "larger")
    if size == 0 or size > larger:
        expected = f"a size from 1 to {larger}, that of the larger tree"
        raise MalformedError(Reason.OUT_OF_BOUNDS, "size", found=size, expected=expected)
    require_digests(proof)
    steps = iter(proof)
    if size == larger:
        require_end(steps)
        return require_root(root, larger_root, "larger_root")
    place, last = size - 1, larger - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    current = current_larger = take_step(steps) if place else root
    while last:
        if place & 1:
            step = take_step(steps)
            current, current_larger = hash_node(step, current), hash_node(step, current_larger)
        elif place < last:
            current_larger = hash_node(current_larger, take_step(steps))
        place, last = place >> 1, last >> 1
    require_end(steps)
    require_root(current, root, "root")
    return require_root(current_larger, larger_root, "larger_root")


def require_size(size: object, field: str) -> int:
    """A number of leaves."""
    if not isinstance(size, int) or isinstance(size, bool):
        raise MalformedError(Reason.NOT_AN_INTEGER, field, found=size, expected="a number of leaves")
    if not 0 <= size <= MAX_LOG_SIZE:
        raise MalformedError(Reason.OUT_OF_BOUNDS, field, found=size, expected=f"0 to {MAX_LOG_SIZE} leaves")
    return size


def require_digest(digest: bytes, field: str) -> bytes:
    """A digest of SHA-256."""
    if len(digest) != DIGEST_BYTES:
        raise MalformedError(Reason.WRONG_COUNT, field, found=f"{len(digest)} bytes", expected=f"{DIGEST_BYTES} bytes")
    return digest


def require_digests(proof: Sequence[bytes]) -> None:
    """Every step of a proof is a digest."""
    for place, step in enumerate(proof):
        require_digest(step, f"proof[{place}]")


def take_step(steps: Iterator[bytes]) -> bytes:
    """The next step of a proof."""
    step = next(steps, None)
    if step is None:
        raise RejectedError(Reason.WRONG_PROOF, "proof", found="too few steps", expected="a step for each level")
    return step


def require_end(steps: Iterator[bytes]) -> None:
    """No step is left over."""
    if next(steps, None) is not None:
        raise RejectedError(Reason.WRONG_PROOF, "proof", found="too many steps", expected="a step for each level")


def require_root(found: bytes, expected: bytes, field: str) -> None:
    """A proof led where it had to lead."""
    if found != expected:
        raise RejectedError(Reason.WRONG_ROOT, field, found=found.hex(), expected=expected.hex())
