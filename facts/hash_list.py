"""Lists of any length under one hash, fifteen elements at a time.

    state = tag;    for fifteen elements, or what is left of them:    state = H(state, elements)

No list is the beginning of another's: the first state is a constant that no hash is known to give.
"""

from collections.abc import Sequence
from typing import Final

from facts.tags import Tag
from margin.errors import MalformedError, Reason
from snark.poseidon.hashing import hash_inputs

CHUNK: Final = 15


def hash_list(tag: Tag, elements: Sequence[int]) -> int:
    """The hash of a list that is not empty."""
    if not elements:
        raise MalformedError(Reason.WRONG_COUNT, "elements", found="none", expected="at least one")
    state = int(tag)
    for start in range(0, len(elements), CHUNK):
        state = hash_inputs([state, *elements[start : start + CHUNK]])
    return state
