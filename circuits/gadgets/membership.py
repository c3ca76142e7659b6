"""Membership in a tree whose nodes hash eight children: which leaf it is stays hidden, and so does where it stands.

At each level the statement shows all eight children; the one that was reached from below is among them:

    (child_0 - current) * (child_1 - current) * ... * (child_7 - current) = 0         7 constraints
    parent = H(child_0, ..., child_7)                                                402 constraints

No index is needed: nothing depends on where a leaf stands. Depth is fixed by the shape, and leaves are hashes with a
tag, so a node can't pass for a leaf.
"""

from collections.abc import Sequence

from circuits.builder import Builder, Element
from circuits.signal import Signal

ARITY = 8


def enforce_one_of(value: Signal, choices: Sequence[Signal], *, rule: str) -> None:
    """``value`` equals at least one of the choices: a product of differences that is zero. Bad case: none of them."""
    product = choices[0] - value
    for choice in choices[1:-1]:
        product = product * (choice - value)
    product.builder.enforce_product(product, choices[-1] - value, 0, rule=rule)


def compute_root(builder: Builder, name: str, leaf: Signal, levels: int) -> Signal:
    """The root of the tree in which ``leaf`` stands; the caller ties it to a root that is known.

    Declares ``name[levels * 8]``: the children of every node on the way up, the lowest first.
    """
    children = builder.private_list(
        name, Element(), levels * ARITY, "children of each node from the leaf to the root, the lowest node first"
    )
    current = leaf
    for level in range(levels):
        node = children[level * ARITY : (level + 1) * ARITY]
        enforce_one_of(current, node, rule=f"{name}_holds_leaf")
        current = builder.hash_inputs(node)
    return current
