"""Long work a piece at a time: what is in memory stays small, and whoever waits is told how far it is."""

from collections.abc import Callable, Iterator
from typing import Any, Final

from snark.r1cs.column import Column

POINTS_AT_ONCE: Final = 1 << 14

Progress = Callable[[int, int], None]
"""Told how many points of how many are done."""


def ignore_progress(_done: int, _of: int) -> None:
    """Nobody watches."""


class Tally:
    """Counts what is done and tells it."""

    def __init__(self, progress: Progress, of: int) -> None:
        self.progress = progress
        self.done = 0
        self.of = of

    def add(self, count: int) -> None:
        """So many more are done."""
        self.done += count
        self.progress(self.done, self.of)


def cut_range(count: int, size: int = POINTS_AT_ONCE) -> Iterator[tuple[int, int]]:
    """``0..count`` in pieces: where each begins and ends."""
    return ((start, min(start + size, count)) for start in range(0, count, size))


def iterate_chunks(points: Column[Any]) -> Iterator[tuple[int, memoryview]]:
    """The bytes of a column in pieces: the number of the first point of each, and the piece."""
    for start, stop in cut_range(len(points)):
        yield start, points[start:stop].data
