"""Commitments as ``facts`` makes them: Poseidon of a tag of the kind and what is committed to."""

from circuits.builder import Builder
from circuits.gadgets.membership import compute_root
from circuits.signal import Signal
from facts.tags import Tag


def hash_tagged(builder: Builder, tag: Tag, *inputs: Signal) -> Signal:
    """``H(tag, inputs...)``: nothing of another kind has this hash."""
    return builder.hash_inputs([builder.element(int(tag)), *inputs])


def enforce_member(builder: Builder, leaf: Signal, root: Signal, levels: int, *, rule: str) -> None:
    """``leaf`` stands somewhere in the tree of ``root``. The path is free to choose: any place will do."""
    builder.enforce_equal(compute_root(builder, "path", leaf, levels), root, rule=rule)
