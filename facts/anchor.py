"""What whoever relies on attestations holds beforehand: whose word counts, and for which place.

    verifier = "desk-1"
    domain = "clearing.example"
    keys = ["d75a980182b10ab7..."]
    signers = ["0x7e5f4552091a6912..."]

    [destination]
    chain_id = 1
    contract = "0x..."
    recipient = "0x..."

    [log]
    origin = "clearing.example/log"
    keys = ["3d4017c3e843895a..."]

Keys are the Ed25519 keys of the verifier, of which one has to have signed. With ``signers``, addresses, one of these
has to have signed for the chain too. With a destination an attestation for any other is refused; a recipient may be
left out. With a log its heads can be checked too, which whoever calls the verifier needs. Nothing in an attestation
says whom to trust: it is all here.
"""

import re
from dataclasses import dataclass
from typing import Final

from facts.attestation import (
    MAX_AHEAD_SECONDS,
    Attestation,
    SignedAttestation,
    authenticate_attestation,
    require_live,
    require_proved,
)
from facts.bounds import CHAIN_ID_BITS, require_chain_id
from facts.canonical import require_length
from facts.context import MAX_ADDRESS_BYTES
from facts.demand import read_address
from facts.ed25519 import require_public_key
from facts.log_entry import Event
from facts.log_head import LogKey
from facts.secp256k1 import ADDRESS_BYTES
from margin.documents.policy_document import require_format
from margin.documents.reading import Fields
from margin.errors import MalformedError, Reason, RejectedError

ANCHOR_FORMAT: Final = "ringfence.anchor/1"
MAX_KEYS: Final = 16
KEY_TEXT: Final = re.compile(r"(?:0x)?(?:[0-9a-fA-F]{2})+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Destination:
    """Where an attestation is good."""

    chain_id: int
    contract: bytes
    recipient: bytes | None = None
    """Anybody, where it is left out."""

    def __post_init__(self) -> None:
        require_chain_id(self.chain_id)
        require_length(self.contract, "contract", MAX_ADDRESS_BYTES)
        if self.recipient is not None:
            require_length(self.recipient, "recipient", MAX_ADDRESS_BYTES)


@dataclass(frozen=True, slots=True)
class Anchor:
    """Whose word counts, and for which place."""

    verifier: str
    domain: str
    keys: tuple[bytes, ...]
    signers: tuple[bytes, ...] = ()
    destination: Destination | None = None
    log_keys: tuple[LogKey, ...] = ()
    """Of the log of the verifier; more than one while it changes its key."""
    max_ahead_seconds: int = MAX_AHEAD_SECONDS
    allow_development: bool = False

    def __post_init__(self) -> None:
        if not 1 <= len(self.keys) <= MAX_KEYS or len(self.signers) > MAX_KEYS:
            found, expected = f"{len(self.keys)} keys", f"1 to {MAX_KEYS} keys, and at most {MAX_KEYS} signers"
            raise MalformedError(Reason.WRONG_COUNT, "keys", found=found, expected=expected)
        for place, key in enumerate(self.keys):
            require_public_key(key, f"keys[{place}]")
        for place, signer in enumerate(self.signers):
            if len(signer) != ADDRESS_BYTES or not any(signer):
                expected = f"an address of {ADDRESS_BYTES} bytes, not all of them zero"
                raise MalformedError(Reason.NOT_A_KEY, f"signers[{place}]", found=signer.hex(), expected=expected)

    def verify(self, unverified: SignedAttestation, moment: int) -> Attestation:
        """Raise unless it is the verifier's word about this place, on an acceptance that is good at a moment."""
        attestation = self.authenticate(unverified)
        require_live(attestation, moment, self.max_ahead_seconds)
        return attestation

    def authenticate(self, unverified: SignedAttestation) -> Attestation:
        """Raise unless it is the verifier's word about this place, whatever it says of the acceptance."""
        attestation = authenticate_attestation(unverified, keys=self.keys, signers=self.signers)
        require_proved(attestation, allow_development=self.allow_development)
        self.require_place(attestation)
        return attestation

    def require_place(self, attestation: Attestation) -> None:
        """It is about the place that is meant. A seizure benefits whoever its release pays, on another chain."""
        wanted: dict[str, object] = {"verifier": self.verifier, "domain": self.domain}
        if self.destination is not None:
            wanted |= {"chain_id": self.destination.chain_id, "contract": self.destination.contract}
            if self.destination.recipient is not None and attestation.event is not Event.SEIZE:
                wanted["recipient"] = self.destination.recipient
        for name, value in wanted.items():
            found = getattr(attestation, name)
            if found != value:
                raise RejectedError(Reason.WRONG_CONTEXT, name, found=spell(found), expected=spell(value))


def spell(value: object) -> str:
    """A name, a number or an address for a person."""
    return f"0x{value.hex()}" if isinstance(value, bytes) else str(value)


# --- The document ------------------------------------------------------------------------------------


def read_anchor(content: object) -> Anchor:
    """An anchor document, checked to the last field."""
    with Fields(content) as fields:
        require_format(fields, ANCHOR_FORMAT)
        return Anchor(
            verifier=fields.text("verifier"),
            domain=fields.text("domain"),
            keys=read_keys(fields, "keys"),
            signers=read_keys(fields, "signers") if fields.has("signers") else (),
            destination=read_destination(fields.inner("destination")) if fields.has("destination") else None,
            log_keys=read_log_keys(fields.inner("log")) if fields.has("log") else (),
            max_ahead_seconds=fields.integer("max_ahead_seconds", 0, 3600, MAX_AHEAD_SECONDS),
            allow_development=fields.boolean("allow_development") if fields.has("allow_development") else False,
        )


def read_destination(fields: Fields) -> Destination:
    """One contract on one chain, and perhaps one recipient."""
    with fields:
        return Destination(
            fields.integer("chain_id", 1, 2**CHAIN_ID_BITS - 1),
            read_address(fields, "contract"),
            read_address(fields, "recipient") if fields.has("recipient") else None,
        )


def read_log_keys(fields: Fields) -> tuple[LogKey, ...]:
    """The name of a log with its keys, one at least."""
    with fields:
        origin = fields.text("origin")
        keys = tuple(LogKey(origin, key) for key in read_keys(fields, "keys"))
    if not keys:
        raise MalformedError(Reason.WRONG_COUNT, "log.keys", found="none", expected="at least one key")
    return keys


def read_keys(fields: Fields, name: str) -> tuple[bytes, ...]:
    """A list of keys or addresses in hexadecimal, with or without 0x."""
    expected = "a list of keys in hexadecimal"
    listed = fields.take_required(name, expected)
    if not isinstance(listed, list) or len(listed) > MAX_KEYS:
        raise MalformedError(Reason.NOT_A_LIST, name, found="something else", expected=expected)
    if not all(isinstance(text, str) and KEY_TEXT.fullmatch(text) for text in listed):
        raise MalformedError(Reason.NOT_READABLE, name, found="something else", expected=expected)
    return tuple(bytes.fromhex(text.removeprefix("0x")) for text in listed)
