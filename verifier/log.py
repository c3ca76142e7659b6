"""The log's tree over whatever keeps its nodes: what an append adds, the root at any size, and proofs.

    node (level, index) = the root of the leaves index * 2^level up to (index + 1) * 2^level

Only such complete nodes are kept, and none ever changes: a leaf adds itself and the nodes that it completes, two for
each leaf on average. The root at any size, and every proof, is made of a few of them for each level.
"""

from collections.abc import Callable, Iterator

from facts.ed25519 import Signer
from facts.log_head import LogHead, LogKey, SignedHead
from facts.log_proof import EMPTY_LOG_ROOT, hash_node
from margin.errors import MalformedError, Reason

ReadNode = Callable[[int, int], bytes]
"""The complete node at a level and an index."""

Node = tuple[int, int, bytes]


def sign_head(head: LogHead, signer: Signer) -> SignedHead:
    """The head with a signature, which is checked before anybody sees it."""
    key = LogKey(head.origin, signer.public_key)
    message = head.text.encode()
    signature = signer.sign(message)
    key.require_signature(message, signature)
    return SignedHead(head, key.hint, signature)


def grow_tree(size: int, leaf_hash: bytes, read: ReadNode) -> Iterator[Node]:
    """The nodes that the leaf after ``size`` others adds: itself, and what it completes."""
    level, index, current = 0, size, leaf_hash
    yield level, index, current
    while index & 1:
        current = hash_node(read(level, index - 1), current)
        level, index = level + 1, index >> 1
        yield level, index, current


def compute_root(size: int, read: ReadNode) -> bytes:
    """What the first ``size`` leaves commit to."""
    return compute_part(0, size, read) if size else EMPTY_LOG_ROOT


def compute_part(start: int, end: int, read: ReadNode) -> bytes:
    """What the leaves from ``start`` up to ``end`` commit to, where they are a part of some tree."""
    count = end - start
    if count & (count - 1) == 0:
        level = count.bit_length() - 1
        return read(level, start >> level)
    middle = start + split(count)
    return hash_node(compute_part(start, middle, read), compute_part(middle, end, read))


def prove_inclusion(index: int, size: int, read: ReadNode) -> tuple[bytes, ...]:
    """From a leaf to the root of the first ``size`` leaves."""
    if not 0 <= index < size:
        raise MalformedError(Reason.OUT_OF_BOUNDS, "index", found=index, expected=f"an index below {size}")
    start, end = 0, size
    steps: list[bytes] = []
    while end - start > 1:
        middle = start + split(end - start)
        if index < middle:
            steps.append(compute_part(middle, end, read))
            end = middle
        else:
            steps.append(compute_part(start, middle, read))
            start = middle
    return tuple(reversed(steps))


def prove_consistency(size: int, larger: int, read: ReadNode) -> tuple[bytes, ...]:
    """That the first ``size`` leaves are the beginning of the first ``larger`` ones."""
    if not 0 < size <= larger:
        raise MalformedError(Reason.OUT_OF_BOUNDS, "size", found=size, expected=f"a size from 1 to {larger}")
    start, end = 0, larger
    steps: list[bytes] = []
    while end > size:
        middle = start + split(end - start)
        if size <= middle:
            steps.append(compute_part(middle, end, read))
            end = middle
        else:
            steps.append(compute_part(start, middle, read))
            start = middle
    if start:
        steps.append(compute_part(start, end, read))
    return tuple(reversed(steps))


def split(count: int) -> int:
    """How many leaves are on the left: the largest power of two below ``count``."""
    return 1 << (count - 1).bit_length() - 1
