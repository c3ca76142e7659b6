"""What a trader wants to commit to and prove, in the units that people use.

    {"format": "ringfence.request/1",
     "name": "btc-long",
     "position": "long-btc.json",
     "locks": {"WBTC": {"chain_id": 1, "asset": "eip155:1/erc20:0x2260fac5e5542a773aa44fbcfedf7c193bc2c599"}},
     "demand": "demand.toml"}

A position document by itself is a request with nothing else in it; so is a structure, or a netting set. A name of a
file is looked for beside the request.
See ``request.schema.json`` for every field.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Self

from facts.bounds import CHAIN_ID_BITS, CURRENCY_ID_BITS, MARKET_ID_BITS
from facts.demand import Demand, read_demand, read_moment
from margin.documents.reading import Fields, parse_json, read_document
from margin.errors import MarginError, MisuseError, Reason
from prover.option_structure import OptionStructure
from prover.perpetual import Perpetual
from prover.portfolio import Portfolio
from prover.subject import Subject
from prover.wallet import KeptPosition, Standing

AnySubject = Perpetual | OptionStructure | Portfolio
"""Every kind of position that there is a statement for."""
REQUEST_FORMAT: Final = "ringfence.request/1"
DEVELOPMENT_CHAIN: Final = 31337


@dataclass(frozen=True, slots=True)
class LockPlace:
    """Where an asset of the basket is locked, and what it is called everywhere."""

    chain_id: int
    asset: str


@dataclass(frozen=True, slots=True)
class Request:
    """A request, read and checked."""

    name: str
    subject: AnySubject = field(repr=False)
    places: Mapping[str, LockPlace] = field(repr=False)
    demand: Demand | None

    def place_of(self, asset: str) -> LockPlace:
        """Where an asset of the basket is locked; the development chain where the request does not say."""
        return self.places.get(asset, LockPlace(DEVELOPMENT_CHAIN, asset))

    def about(self, kept: KeptPosition) -> Self:
        """The request about the position as it is now: as the document says, or as transitions have left it."""
        if kept.standing is Standing.COMMITTED:
            self.require_committed(kept)
            return self
        if kept.standing is Standing.CLOSED or not isinstance(self.subject, Perpetual):
            found, expected = kept.standing.value, "a position that is open"
            raise MisuseError(Reason.WRONG_STATE, "name", found=found, expected=expected)
        return replace(self, subject=self.subject.after(kept.committed))

    def require_committed(self, kept: KeptPosition) -> None:
        """The document says what was committed: whoever changed it since has another position."""
        subject, committed = self.subject, kept.committed
        said = subject.kind, subject.body, subject.cash, [holding.amount for holding in subject.basket]
        if said != (committed.kind, committed.body, committed.cash, kept.amounts):
            found, expected = "another position", "the document that was committed under this name"
            raise MisuseError(Reason.WRONG_FILE, "input", found=found, expected=expected)


def read_request_file(path: Path) -> Request:
    """The request, or the position document, in a file."""
    return read_request(read_document(path), path.parent)


def read_lone_document(path: Path) -> str:
    """The text of a document in JSON that names no file, for whoever proves without the file; else nothing."""
    if path.suffix != ".json":
        return ""
    text = path.read_text(encoding="utf-8")
    try:
        read_request(parse_json(text), None)
    except MarginError:
        return ""
    return text


def read_kept_request(kept: KeptPosition) -> Request:
    """The document of a position, which is the one that was committed."""
    if not kept.document:
        expected = "a position whose document is in the wallet: one that was committed through a prover"
        raise MisuseError(Reason.NOT_APPLICABLE, "name", found="one without", expected=expected)
    request = read_request(parse_json(kept.document), None)
    return request.about(kept)


def read_request(content: object, folder: Path | None) -> Request:
    """A request or a position document; files that it names are found from ``folder``: where it is none, none is."""
    if not isinstance(content, dict) or content.get("format") != REQUEST_FORMAT:
        content = {"format": REQUEST_FORMAT, "position": content}
    with Fields(content) as fields:
        fields.text("format")
        subject = read_subject(fields, folder)
        name = fields.text("name", subject.label)
        places = {asset: read_place(entry) for asset, entry in fields.entries("locks").items()}
        demand = read_own_demand(fields, folder, subject)
    require_held(places, subject)
    return Request(name, subject, places, demand)


def read_subject(fields: Fields, folder: Path | None) -> AnySubject:
    """The position of a document of any kind, which is told by what it has."""
    content = take_document(fields, "position", folder)
    market_id = read_number(fields, "market_id", MARKET_ID_BITS)
    currency_id = read_number(fields, "currency_id", CURRENCY_ID_BITS)
    expiry = read_expiry(fields)
    if isinstance(content, dict) and "legs" in content:
        return OptionStructure.read(content, folder, market_id, currency_id, expiry or 0)
    if expiry is not None:
        expected = "no expiry where there are no legs"
        raise MisuseError(Reason.NOT_APPLICABLE, "expires", found="a moment", expected=expected)
    if isinstance(content, dict) and "sets" in content:
        return Portfolio.read(content, currency_id)
    return Perpetual.read(content, folder, market_id, currency_id)


def read_expiry(fields: Fields) -> int | None:
    """When the legs of a structure expire, where the request says it."""
    if fields.has("expires"):
        return read_moment(fields, "expires")
    fields.take("expires")
    return None


def read_own_demand(fields: Fields, folder: Path | None, subject: Subject) -> Demand | None:
    """What is demanded, where the request says it."""
    if not fields.has("demand"):
        fields.take("demand")
        return None
    return read_demand(take_document(fields, "demand", folder), subject.money_unit)


def read_number(fields: Fields, name: str, bits: int) -> int | None:
    """The number that a venue has for something, or nothing."""
    return fields.integer(name, 1, 2**bits - 1, 0) or None


def take_document(fields: Fields, name: str, folder: Path | None) -> object:
    """A document in place, or the content of the file that is named."""
    value = fields.take_required(name, "a document, or the name of its file")
    return read_document(find_named(value, name, folder)) if isinstance(value, str) else value


def find_named(file: str, field: str, folder: Path | None) -> Path:
    """Where a file is that a document names; a document that came from elsewhere may name none."""
    if folder is None:
        raise MisuseError(Reason.NOT_APPLICABLE, field, found="the name of a file", expected="the document in place")
    return folder / file


def read_place(fields: Fields) -> LockPlace:
    """Where an asset is locked."""
    with fields:
        return LockPlace(fields.integer("chain_id", 1, 2**CHAIN_ID_BITS - 1), fields.text("asset"))


def require_held(places: Mapping[str, LockPlace], subject: Subject) -> None:
    """A place of an asset that the basket does not hold is a slip of the pen."""
    held = {holding.asset for holding in subject.basket}
    if strange := sorted(places.keys() - held):
        expected = "an asset of the basket"
        raise MisuseError(Reason.UNKNOWN_ASSET, f"locks.{strange[0]}", found="another asset", expected=expected)
