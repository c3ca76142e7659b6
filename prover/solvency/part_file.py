"""The parts of a run on the disk, in their order, and where each batch of them begins.

parts.bin      for each part: number 9, length of the record 4, record (``prover.solvency.parts``)
batches.idx    for each batch: where it begins 8, its first number 9
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Final

from facts.bounds import PART_NUMBER_BITS
from margin.errors import InternalError, Reason
from prover.solvency.ordering import LENGTH_BYTES, Record
from snark.r1cs.container import replace_file

PARTS, INDEX = "parts.bin", "batches.idx"
KEY_BYTES: Final = PART_NUMBER_BITS // 8
OFFSET_BYTES: Final = 8
ENTRY_BYTES: Final = OFFSET_BYTES + KEY_BYTES


def write_parts(folder: Path, batches: Iterator[Sequence[Record]]) -> None:
    """Write parts batch by batch; both files are there whole or not at all."""
    with (
        replace_file(folder / PARTS, secret=True) as parts,
        replace_file(folder / INDEX, secret=True) as index,
    ):
        offset = 0
        for batch in batches:
            index.write(offset.to_bytes(OFFSET_BYTES, "big") + batch[0][0])
            for number, record in batch:
                parts.write(number + len(record).to_bytes(LENGTH_BYTES, "big") + record)
                offset += KEY_BYTES + LENGTH_BYTES + len(record)


class PartFile:
    """Parts by the batch that they are in; a reader of its own for each thread."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / PARTS
        entries = (folder / INDEX).read_bytes()
        places = range(0, len(entries), ENTRY_BYTES)
        self._offsets = [int.from_bytes(entries[at : at + OFFSET_BYTES], "big") for at in places]
        self._firsts = [entries[at + OFFSET_BYTES : at + ENTRY_BYTES] for at in places]
        self._size = self._path.stat().st_size

    def __len__(self) -> int:
        return len(self._offsets)

    def read(self, batch: int) -> list[Record]:
        """The parts of a batch, each with its number."""
        begin, end = self._offsets[batch], (*self._offsets[batch + 1 : batch + 2], self._size)[0]
        with self._path.open("rb") as file:
            file.seek(begin)
            return list(cut_records(file, end - begin))

    def find(self, number: int) -> int | None:
        """The batch in which a number would stand."""
        batch = bisect_right(self._firsts, number.to_bytes(KEY_BYTES, "big")) - 1
        return None if batch < 0 else batch


def cut_records(file: IO[bytes], length: int) -> Iterator[Record]:
    """The records in so many bytes."""
    while length > 0:
        head = file.read(KEY_BYTES + LENGTH_BYTES)
        size = int.from_bytes(head[KEY_BYTES:], "big")
        record = file.read(size)
        if len(head) != KEY_BYTES + LENGTH_BYTES or len(record) != size:
            expected = "whole records: the state was altered"
            raise InternalError(Reason.BROKEN_INVARIANT, PARTS, found="the end of the file", expected=expected)
        yield head[:KEY_BYTES], record
        length -= len(head) + size
