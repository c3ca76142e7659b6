"""What an observer is told: the document that whoever runs it writes. See ``chains/observe.schema.json``.

    format = "ringfence.observe/1"
    gate = "0x..."                      a ProofGate, on the chain
    from_block = 19000000               the block that the gate was deployed in, or one before it
    look_seconds = 12
    state = "observe-1"                 the folder of what the observer has said
    keys = "keys"                       with a key of role attestation, by secp256k1
    parts = "shared/parts"              the folder that observers and relayers share
    passphrase_file = "passphrase"      or the command is told of it
    metrics = "127.0.0.1:9464"          left out: nowhere

    [chain]                             as a watcher has it: ``chains.watching.settings``
    chain_id = 10
    endpoints = ["https://node.example/key", "https://another.example/key"]

    [[venues]]                          whom locks are pledged to at the gate, and who is paid when one is seized
    pledged_to = "0x..."                as acceptances name it: the recipient of their proofs
    paid_to = "0x..."                   an account on the chains of the escrows

Paths are taken from where the command runs. The same account may be somebody else's on another chain, so that nobody is
paid who is not listed. What is said of a venue is said for good: all observers of a gate have the same list.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from chains.rpc import ADDRESS_BYTES
from chains.watching.settings import (
    LONGEST_PAUSE_SECONDS,
    NUMBER_BITS,
    USUAL_PAUSE_SECONDS,
    ChainAccess,
    read_chain,
    read_path,
    read_text,
)
from facts.demand import read_address
from margin.documents.policy_document import require_format
from margin.documents.reading import Fields
from margin.errors import MalformedError, Reason

OBSERVE_FORMAT: Final = "ringfence.observe/1"
MOST_VENUES: Final = 1024


@dataclass(frozen=True, slots=True)
class ObserveSettings:
    """A gate, and as whom it is spoken for."""

    chain: ChainAccess
    gate: bytes
    from_block: int
    look_seconds: int
    state: Path
    keys: Path
    parts: Path
    passphrase_file: Path | None
    metrics: str | None
    payees: Mapping[bytes, bytes]
    """Of each that locks are pledged to, who is paid."""


def read_observe(content: object) -> ObserveSettings:
    """The document, checked to the last field."""
    with Fields(content) as fields:
        require_format(fields, OBSERVE_FORMAT)
        return ObserveSettings(
            chain=read_chain(fields),
            gate=read_account(fields, "gate"),
            from_block=fields.integer("from_block", 0, 2**NUMBER_BITS - 1),
            look_seconds=fields.integer("look_seconds", 1, LONGEST_PAUSE_SECONDS, USUAL_PAUSE_SECONDS),
            state=Path(fields.text("state")),
            keys=Path(fields.text("keys")),
            parts=Path(fields.text("parts")),
            passphrase_file=read_path(fields, "passphrase_file"),
            metrics=read_text(fields, "metrics"),
            payees=read_venues(fields.items("venues", MOST_VENUES)),
        )


def read_venues(listed: Iterable[Fields]) -> dict[bytes, bytes]:
    """Who is paid for whom, each once."""
    payees: dict[bytes, bytes] = {}
    for fields in listed:
        with fields:
            pledged_to, paid_to = read_address(fields, "pledged_to"), read_account(fields, "paid_to")
            if pledged_to in payees:
                found, expected = f"0x{pledged_to.hex()} twice", "each once"
                raise MalformedError(Reason.DUPLICATE_FIELD, "pledged_to", found=found, expected=expected)
            payees[pledged_to] = paid_to
    return payees


def read_account(fields: Fields, name: str) -> bytes:
    """An account or a contract of a chain as they are here."""
    address = read_address(fields, name)
    if len(address) != ADDRESS_BYTES or not any(address):
        found, expected = f"0x{address.hex()}", f"0x and {2 * ADDRESS_BYTES} hexadecimal digits, not all of them 0"
        raise MalformedError(Reason.WRONG_COUNT, name, found=found, expected=expected)
    return address
