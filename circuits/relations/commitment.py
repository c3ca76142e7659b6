"""Commitments as ``facts`` makes them: Poseidon of a tag of the kind and what is committed to."""

from collections.abc import Sequence

from circuits.builder import Builder
from circuits.gadgets.membership import compute_root
from circuits.signal import Signal
from facts.hash_list import CHUNK
from facts.tags import Tag


def hash_tagged(builder: Builder, tag: Tag, *inputs: Signal) -> Signal:
    """``H(tag, inputs...)``: nothing of another kind has this hash."""
    return builder.hash_inputs([builder.element(int(tag)), *inputs])


def hash_list(builder: Builder, tag: Tag, elements: Sequence[Signal]) -> Signal:
    """The hash of a list of any length, as ``facts.hash_list`` has it."""
    state = builder.element(int(tag))
    for start in range(0, len(elements), CHUNK):
        state = builder.hash_inputs([state, *elements[start : start + CHUNK]])
    return state


def enforce_member(builder: Builder, leaf: Signal, root: Signal, levels: int, *, rule: str) -> None:
    """``leaf`` stands somewhere in the tree of ``root``. The path is free to choose: any place will do."""
    builder.enforce_equal(compute_root(builder, "path", leaf, levels), root, rule=rule)
