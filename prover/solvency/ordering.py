"""Sorting what is larger than memory: sorted runs go to the disk and are merged when all is there.

A record is a key and a payload. Whatever the number of records, no more of them than the budget are in memory, and one
of each run while they are merged.
"""

from collections.abc import Iterator
from heapq import merge
from pathlib import Path
from typing import IO, Final

MEMORY_BYTES: Final = 96 * 2**20
OVERHEAD_BYTES: Final = 200
"""What Python adds to a record in memory."""
LENGTH_BYTES: Final = 4

Record = tuple[bytes, bytes]


class Sorter:
    """Records by rising key; keys are equally long, and records of one key stand in the order of their payloads."""

    def __init__(self, folder: Path, name: str, key_bytes: int, memory_bytes: int = MEMORY_BYTES) -> None:
        self._folder = folder
        self._name = name
        self._key_bytes = key_bytes
        self._budget = memory_bytes
        self._records: list[Record] = []
        self._held = 0
        self._runs: list[Path] = []

    def add(self, key: bytes, payload: bytes) -> None:
        """One more record."""
        self._records.append((key, payload))
        self._held += len(key) + len(payload) + OVERHEAD_BYTES
        if self._held >= self._budget:
            self._spill()

    def _spill(self) -> None:
        """What is in memory becomes a sorted run on the disk."""
        self._records.sort()
        run = self._folder / f"{self._name}.{len(self._runs)}.run"
        with run.open("wb") as file:
            for key, payload in self._records:
                file.write(key + len(payload).to_bytes(LENGTH_BYTES, "big") + payload)
        self._runs.append(run)
        self._records, self._held = [], 0

    def sorted(self) -> Iterator[Record]:
        """All of them in their order, once; the runs are gone afterwards."""
        self._records.sort()
        files = [run.open("rb") for run in self._runs]
        try:
            yield from merge(self._records, *(self._read(file) for file in files))
        finally:
            for file in files:
                file.close()
            for run in self._runs:
                run.unlink(missing_ok=True)
            self._records, self._runs, self._held = [], [], 0

    def _read(self, file: IO[bytes]) -> Iterator[Record]:
        """The records of a run."""
        while head := file.read(self._key_bytes + LENGTH_BYTES):
            length = int.from_bytes(head[self._key_bytes :], "big")
            yield head[: self._key_bytes], file.read(length)
