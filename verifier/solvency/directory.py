"""The directory that a run publishes, read as what anybody could have put there."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from facts.market_round import MarketRound
from facts.signed import Signed, decode_signed
from facts.solvency.header import Header, decode_header
from facts.solvency.marks import RoundLeaves
from facts.solvency.published import (
    BATCHES,
    HEADER,
    KEYS,
    RESERVES,
    ROUND,
    TABLES,
    TOTAL,
    BatchLine,
    TotalDocument,
    decode_batch,
    read_total,
)
from facts.solvency.reserves import Reserve
from facts.solvency.tables_document import read_tables
from margin.documents.reading import located, parse_json
from margin.errors import MalformedError, Reason, RejectedError
from snark.groth16.formats.verification_key import read_verifying_key
from snark.groth16.keys import VerifyingKey

MAX_DOCUMENT_BYTES: Final = 2**25
MAX_LINE_BYTES: Final = 2**12
MAX_FACT_BYTES: Final = 2**17
MAX_RESERVES: Final = 2**14
FACT: Final = ".fact"


@dataclass(frozen=True, slots=True)
class Directory:
    """The files of a published run."""

    folder: Path

    def read_header(self) -> Header:
        """The header, in its one spelling."""
        with located(HEADER):
            return decode_header(self._read(HEADER, MAX_DOCUMENT_BYTES))

    def read_tables(self) -> RoundLeaves:
        """The leaves that the tables are made of."""
        with located(TABLES):
            return read_tables(parse_json(self._read(TABLES, MAX_DOCUMENT_BYTES)))

    def read_total(self, header: Header) -> TotalDocument:
        """The proof of the total and what it says."""
        with located(TOTAL):
            return read_total(parse_json(self._read(TOTAL, MAX_DOCUMENT_BYTES)), header.assets)

    def read_batches(self, header: Header) -> list[BatchLine]:
        """A line for each batch, and as many as the header says."""
        lines = list(self._batches(header.batches))
        if len(lines) != header.batches:
            expected = f"{header.batches}, as the header says"
            raise RejectedError(Reason.WRONG_COUNT, BATCHES, found=f"{len(lines)} batches", expected=expected)
        return lines

    def _batches(self, most: int) -> Iterator[BatchLine]:
        """At most one more than there may be."""
        with located(BATCHES):
            file = self._open(BATCHES)
        with file:
            for number, line in enumerate(iter(lambda: file.readline(MAX_LINE_BYTES + 1), b""), start=1):
                with located(f"{BATCHES}.line {number}"):
                    if len(line) > MAX_LINE_BYTES or number > most:
                        expected = f"{most} lines of at most {MAX_LINE_BYTES} bytes"
                        raise RejectedError(Reason.WRONG_COUNT, "", found="more than that", expected=expected)
                    yield decode_batch(line)

    @property
    def has_round(self) -> bool:
        """Whether the signed round of the prices is there."""
        return (self.folder / ROUND).exists()

    def read_round(self) -> Signed[MarketRound]:
        """The signed round of the prices; nothing of it is verified."""
        with located(ROUND):
            return decode_signed(self._read(ROUND, MAX_FACT_BYTES), MarketRound)

    def read_reserves(self) -> list[Signed[Reserve]]:
        """The signed statements of reserves, by the names of their files; nothing of them is verified."""
        folder = self.folder / RESERVES
        paths = sorted(folder.glob(f"*{FACT}")) if folder.is_dir() else []
        if len(paths) > MAX_RESERVES:
            raise MalformedError(Reason.WRONG_COUNT, RESERVES, found=len(paths), expected=f"at most {MAX_RESERVES}")
        return [read_reserve(path) for path in paths]

    def read_key(self, statement: str, *, allow_development_keys: bool) -> VerifyingKey:
        """The verifying key that the proofs of a statement claim to be under."""
        path = self.folder / KEYS / f"{statement}.json"
        return read_verifying_key(path, allow_development_keys=allow_development_keys)

    def _read(self, name: str, most: int) -> bytes:
        with self._open(name) as file:
            data = file.read(most + 1)
        if len(data) > most:
            raise MalformedError(Reason.OUT_OF_BOUNDS, "", found="a larger file", expected=f"at most {most} bytes")
        return data

    def _open(self, name: str) -> BinaryIO:
        try:
            return (self.folder / name).open("rb")
        except OSError as error:
            found, expected = error.strerror or "an error", "a file of a published run"
            raise MalformedError(Reason.NOT_READABLE, "", found=found, expected=expected) from None


def read_reserve(path: Path) -> Signed[Reserve]:
    """A signed statement of reserves from its file."""
    with path.open("rb") as file:
        data = file.read(MAX_FACT_BYTES)
    with located(path.name):
        return decode_signed(data, Reserve)
