"""What a run publishes beside its header and tables: a line for each batch, and the document of the total.

    {"after": "...", "before": "...", "proof": "...", "root": "..."}

    {"format": "ringfence.solvency-total/1", "proof": "...", "root": "...", "sums": "...",
     "totals": [{"asset": "USDT", "debts": "0", "gaps6": "0", "owed6": "12000000"}]}        mode shown
     "reserves": [{"amount": "13", "asset": "USDT"}]}                                       mode hidden

Elements and numbers are decimal texts. A proof is base64 of 256 bytes, as the precompiles of EIP-196/197 take its
points: with 128 bytes the reader of a large run would spend most of its time on square roots.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from facts.elements import require_element
from facts.roots import parse_element, read_element
from facts.solvency.header import Header, ListedAsset
from facts.solvency.totals import TotalMode, Totals
from margin.documents.reading import Fields, parse_json
from margin.errors import MalformedError, Reason

TOTAL_FORMAT: Final = "ringfence.solvency-total/1"
PROOF_BYTES: Final = 256
NUMBERS: Final = ("owed6", "debts", "gaps6")
HEADER, TABLES, BATCHES, TOTAL, ROUND, RESERVES, KEYS = (
    "header.json",
    "tables.json",
    "batches.jsonl",
    "total.json",
    "round.fact",
    "reserves",
    "keys",
)
"""The files and folders of a published run."""


def name_total(header: Header) -> str:
    """What the statement of a run's total is called, as the catalogue of statements has it."""
    total, hidden = header.total, int(header.mode is TotalMode.HIDDEN)
    return f"solvency_total-m{total.markets}-a{total.assets}-t{total.tiers}-h{hidden}"


@dataclass(frozen=True, slots=True)
class BatchLine:
    """A batch as it is published."""

    root: int
    before: int
    after: int
    proof: bytes = field(repr=False)

    def __post_init__(self) -> None:
        for name in ("root", "before", "after"):
            require_element(getattr(self, name), name)
        require_proof(self.proof)

    def encode(self) -> bytes:
        """Its line."""
        elements = {name: str(getattr(self, name)) for name in ("after", "before", "root")}
        return render({**elements, "proof": b64encode(self.proof).decode()}) + b"\n"


@dataclass(frozen=True, slots=True)
class TotalDocument:
    """The proof of the total, with what it says in the open."""

    root: int
    """Of the tree over all parts, for whoever has a receipt and not every batch."""
    sums: int
    proof: bytes = field(repr=False)
    totals: Totals | None = None
    """In the mode ``shown``."""
    reserves: tuple[int, ...] | None = None
    """In the mode ``hidden``: what they were when it was proved."""

    def __post_init__(self) -> None:
        require_element(self.root, "root")
        require_element(self.sums, "sums")
        require_proof(self.proof)

    @property
    def mode(self) -> TotalMode:
        """What it shows."""
        return TotalMode.HIDDEN if self.totals is None else TotalMode.SHOWN

    def encode(self, assets: Sequence[ListedAsset]) -> bytes:
        """The document."""
        said: dict[str, object] = {}
        if self.totals is not None:
            columns = (getattr(self.totals, name) for name in NUMBERS)
            rows = zip(assets, *columns, strict=True)
            said["totals"] = [
                {"asset": asset.name, **dict(zip(NUMBERS, map(str, numbers), strict=True))} for asset, *numbers in rows
            ]
        if self.reserves is not None:
            pairs = zip(assets, self.reserves, strict=True)
            said["reserves"] = [{"asset": asset.name, "amount": str(amount)} for asset, amount in pairs]
        proof = b64encode(self.proof).decode()
        elements = {"root": str(self.root), "sums": str(self.sums)}
        return render({"format": TOTAL_FORMAT, **elements, "proof": proof, **said}) + b"\n"


def render(document: object) -> bytes:
    """JSON in one spelling."""
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode("ascii")


def require_proof(data: bytes) -> bytes:
    """The bytes of a proof; what they say is not looked at here."""
    if len(data) != PROOF_BYTES:
        raise MalformedError(Reason.WRONG_COUNT, "proof", found=f"{len(data)} bytes", expected=f"{PROOF_BYTES} bytes")
    return data


def read_proof(fields: Fields) -> bytes:
    """The proof of a document."""
    try:
        return b64decode(fields.text("proof"), validate=True)
    except ValueError:
        raise MalformedError(Reason.NOT_READABLE, "proof", found="another text", expected="base64") from None


def decode_batch(line: bytes) -> BatchLine:
    """A batch from its line."""
    with Fields(parse_json(line)) as fields:
        root, before, after = (read_element(fields, name) for name in ("root", "before", "after"))
        return BatchLine(root, before, after, read_proof(fields))


def read_total(content: object, assets: Sequence[ListedAsset]) -> TotalDocument:
    """The document of the total of a run with these assets."""
    with Fields(content) as fields:
        if (found := fields.text("format")) != TOTAL_FORMAT:
            raise MalformedError(Reason.NOT_A_CHOICE, "format", found=found, expected=f'"{TOTAL_FORMAT}"')
        fields.refuse_both("totals", "reserves")
        totals = reserves = None
        if fields.has("totals"):
            columns = read_rows(fields, "totals", assets, NUMBERS)
            totals = Totals(*columns)
        else:
            reserves = read_rows(fields, "reserves", assets, ("amount",))[0]
        root, sums = read_element(fields, "root"), read_element(fields, "sums")
        return TotalDocument(root, sums, read_proof(fields), totals, reserves)


def read_rows(
    fields: Fields, name: str, assets: Sequence[ListedAsset], columns: Sequence[str]
) -> list[tuple[int, ...]]:
    """Numbers of every asset of a run, in its order, column by column."""
    rows = fields.items(name)
    if len(rows) != len(assets):
        raise MalformedError(Reason.WRONG_COUNT, name, found=len(rows), expected=f"{len(assets)}, one for each asset")
    numbers = []
    for row, asset in zip(rows, assets, strict=True):
        with row:
            if (found := row.text("asset")) != asset.name:
                raise MalformedError(Reason.UNKNOWN_ASSET, "asset", found=found, expected=asset.name)
            numbers.append([parse_element(row.take(column), column) for column in columns])
    return list(zip(*numbers, strict=True))
