"""Sets and sorted lists."""

from collections.abc import Sequence
from itertools import pairwise

from circuits.gadgets.ranges import enforce_at_most, enforce_less
from circuits.signal import Bounded


def enforce_sorted(values: Sequence[Bounded], *, rule: str) -> None:
    """Each is at most the next. Bad case: one that is larger by 1 than the next."""
    for smaller, larger in pairwise(values):
        enforce_at_most(smaller, larger, rule=rule)


def enforce_unique(values: Sequence[Bounded], *, rule: str) -> None:
    """Each is less than the next, so that none stands twice. Bad case: two neighbours that are equal."""
    for smaller, larger in pairwise(values):
        enforce_less(smaller, larger, rule=rule)
