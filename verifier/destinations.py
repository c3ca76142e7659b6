"""Where collateral can be pledged to, and on what terms: the document that whoever runs a verifier writes.

    format = "ringfence.destinations/1"

    [[destinations]]
    chain_id = 1
    contract = "0x..."
    recipients = ["0x..."]                  who may benefit; left out: anybody
    callers = ["dns:desk.example"]          who may ask; left out: whoever has the role
    acceptors = ["dns:bridge.example"]      who sees everything that is pledged here, and may let it go
    period_seconds = 600                    how long one proof is good for
    sealed_releases = "required"            or "optional": whether each lock comes with the release sealed for the venue
    development_keys = false                whether proofs are taken that prove nothing

    [destinations.entry]                    what a proof has to say to be accepted
    requirement = "initial"
    buffer = "10%"
    least_basket_value = "1000"

    [destinations.upkeep]                   what it has to say to be refreshed
    requirement = "maintenance"

    [destinations.seizure]                  where the release of a lock that lapsed has to be good; left out: nowhere
    chain_id = 1
    contract = "0x..."
    recipients = ["0x..."]

It is read again when it changes. An acceptance keeps the terms that it was made on, whatever is said here afterwards.
See ``destinations.schema.json`` for every field.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Final

from facts.bounds import CHAIN_ID_BITS
from facts.context import Binding
from facts.demand import ADDRESS, MONEY_UNIT, read_address, read_policy_table
from margin.documents.policy_document import require_format
from margin.documents.reading import Fields
from margin.errors import MalformedError, Reason, RejectedError
from verifier.acceptance import MAX_PERIOD_SECONDS, Terms

DESTINATIONS_FORMAT: Final = "ringfence.destinations/1"
MAX_DESTINATIONS: Final = 256
MAX_NAMES: Final = 4096

Place = tuple[int, bytes]
"""A chain and a contract on it."""


class Sealing(Enum):
    """Whether a lock is taken without the release that its trader sealed for the venue."""

    REQUIRED = "required"
    OPTIONAL = "optional"


@dataclass(frozen=True, slots=True)
class Venue:
    """Where the release of a lock has to be good for it to be seized."""

    place: Place
    recipients: frozenset[bytes] | None


@dataclass(frozen=True, slots=True)
class Destination:
    """One contract that takes collateral."""

    place: Place
    terms: Terms
    sealing: Sealing
    takes_development_keys: bool
    recipients: frozenset[bytes] | None = None
    """Who may benefit; None: anybody."""
    callers: frozenset[str] | None = None
    """Who may ask, by the names in their certificates; None: whoever has the role."""
    acceptors: frozenset[str] = frozenset()
    seizure: Venue | None = None

    def admits(self, caller: str) -> bool:
        """Whether somebody may pledge to it."""
        return self.callers is None or caller in self.callers | self.acceptors


@dataclass(frozen=True, slots=True)
class Destinations:
    """All of them, by their places."""

    by_place: Mapping[Place, Destination]

    def find(self, binding: Binding, caller: str) -> Destination:
        """The one that a proof is bound to, if this caller may pledge to it for that recipient."""
        found = self.by_place.get((binding.chain_id, binding.contract))
        if found is None or not found.admits(caller):
            expected = "a contract that is a destination here, for this caller"
            raise RejectedError(Reason.WRONG_CONTEXT, "contract", found="another place", expected=expected)
        require_recipient(binding, found.recipients)
        return found

    def find_place(self, binding: Binding) -> Destination:
        """The one that a proof is bound to, whoever asks: where positions change nothing is pledged."""
        found = self.by_place.get((binding.chain_id, binding.contract))
        if found is None:
            expected = "a contract that is a destination here"
            raise RejectedError(Reason.WRONG_CONTEXT, "contract", found="another place", expected=expected)
        require_recipient(binding, found.recipients)
        return found

    def require_seizure(self, binding: Binding, place: Place) -> None:
        """A release is good where what is pledged to a place can be seized."""
        destination = self.by_place.get(place)
        seizure = destination.seizure if destination else None
        if seizure is None or seizure.place != (binding.chain_id, binding.contract):
            expected = "where locks that are pledged to this destination are seized"
            raise RejectedError(Reason.WRONG_CONTEXT, "contract", found="another place", expected=expected)
        require_recipient(binding, seizure.recipients)

    def places_of(self, acceptor: str) -> tuple[Place, ...]:
        """Where somebody is the one that collateral is pledged to."""
        return tuple(place for place, each in sorted(self.by_place.items()) if acceptor in each.acceptors)


def require_recipient(binding: Binding, recipients: frozenset[bytes] | None) -> None:
    """Whoever benefits is one who may."""
    if recipients is not None and binding.recipient not in recipients:
        expected = "a recipient of this destination"
        raise RejectedError(Reason.WRONG_CONTEXT, "recipient", found="another one", expected=expected)


# --- The document ----------------------------------------------------------------------------------------


def read_destinations(content: object) -> Destinations:
    """A destinations document, checked to the last field."""
    with Fields(content) as fields:
        require_format(fields, DESTINATIONS_FORMAT)
        found = [read_destination(each) for each in fields.items("destinations", MAX_DESTINATIONS)]
    by_place = {each.place: each for each in found}
    if len(by_place) != len(found):
        raise MalformedError(Reason.DUPLICATE_FIELD, "destinations", found="one place twice", expected="each once")
    return Destinations(MappingProxyType(by_place))


def read_destination(fields: Fields) -> Destination:
    """One of them."""
    with fields:
        unit = fields.decimal("money_unit", MONEY_UNIT)
        return Destination(
            place=read_place(fields),
            terms=Terms(
                entry=read_policy_table(fields, "entry", unit),
                upkeep=read_policy_table(fields, "upkeep", unit),
                period_seconds=fields.integer("period_seconds", 1, MAX_PERIOD_SECONDS),
            ),
            sealing=fields.choice("sealed_releases", Sealing),
            takes_development_keys=fields.boolean("development_keys"),
            recipients=read_recipients(fields),
            callers=read_names(fields, "callers") if fields.has("callers") else None,
            acceptors=read_names(fields, "acceptors"),
            seizure=read_seizure(fields),
        )


def read_place(fields: Fields) -> Place:
    """A chain and a contract."""
    return fields.integer("chain_id", 1, 2**CHAIN_ID_BITS - 1), read_address(fields, "contract")


def read_seizure(fields: Fields) -> Venue | None:
    """Where releases have to be good, if anywhere."""
    if not fields.has("seizure"):
        fields.take("seizure")
        return None
    with fields.inner("seizure") as seizure:
        return Venue(read_place(seizure), read_recipients(seizure))


def read_recipients(fields: Fields) -> frozenset[bytes] | None:
    """Addresses; None where anybody may benefit."""
    if not fields.has("recipients"):
        fields.take("recipients")
        return None
    texts = read_texts(fields, "recipients")
    for text in texts:
        if not ADDRESS.fullmatch(text):
            expected = "0x and 2 to 128 hexadecimal digits"
            raise MalformedError(Reason.NOT_READABLE, "recipients", found=text, expected=expected)
    return frozenset(bytes.fromhex(text[2:]) for text in texts)


def read_names(fields: Fields, name: str) -> frozenset[str]:
    """Names of callers, as the table of roles has them; none where there are none."""
    return frozenset(read_texts(fields, name)) if fields.has(name) else frozenset(none_of(fields, name))


def none_of(fields: Fields, name: str) -> Iterable[str]:
    """A field that was left out is known all the same."""
    fields.take(name)
    return ()


def read_texts(fields: Fields, name: str) -> list[str]:
    """A list of texts."""
    texts = fields.take(name)
    if (
        not isinstance(texts, list)
        or len(texts) > MAX_NAMES
        or not all(isinstance(text, str) and text for text in texts)
    ):
        raise MalformedError(Reason.NOT_A_LIST, name, found="something else", expected="a list of texts")
    return texts
