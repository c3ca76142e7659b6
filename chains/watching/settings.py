"""What a watcher is told: the document that whoever runs it writes. See ``chains/watch.schema.json`` for every field.

    format = "ringfence.watch/1"
    escrow = "0x..."                    on the chain
    from_block = 19000000               the block that the escrow was deployed in, or one before it
    every_blocks = 32                   roots are of blocks whose number is a multiple of it: the same for all watchers
    look_seconds = 12
    state = "watch-1"                   the folder of what the watcher knows
    committee = "watchers.toml"
    keys = "keys"
    passphrase_file = "passphrase"      or the command is told of it
    connection = "connection.toml"      where the registry is; or the command is told of it
    metrics = "127.0.0.1:9464"          left out: nowhere

    [chain]
    chain_id = 1
    endpoints = ["https://node.example/key"]
    confirmations = 64                  so many blocks on top make one final; 0: as the nodes say
    plaintext = false                   http to another machine: only where nobody else is on the way

    [chain.limits]                      all of them may be left out
    seconds = 15
    attempts = 4
    answer_bytes = 16777216
    blocks = 2000                       of so many logs are asked for at once

Paths are taken from where the command runs. The address of a node often has a key in it: the document is its owner's
alone.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from chains.endpoints import read_endpoints
from chains.rpc import ADDRESS_BYTES, Chain, Limits, open_chain
from facts.bounds import CHAIN_ID_BITS
from facts.demand import read_address
from margin.documents.policy_document import require_format
from margin.documents.reading import Fields
from margin.errors import MalformedError, Reason

WATCH_FORMAT: Final = "ringfence.watch/1"
NUMBER_BITS: Final = 48
MOST_EVERY_BLOCKS: Final = 1_000_000
LONGEST_PAUSE_SECONDS: Final = 3600
USUAL_PAUSE_SECONDS: Final = 12
MOST_CONFIRMATIONS: Final = 100_000
MOST_SECONDS: Final = 600
MOST_ATTEMPTS: Final = 16
MOST_ANSWER_BYTES: Final = 1 << 30
MOST_BLOCKS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class ChainAccess:
    """A chain, its nodes, and when a block of it is final."""

    chain_id: int
    endpoints: tuple[str, ...]
    confirmations: int | None
    is_plaintext_allowed: bool
    limits: Limits

    def open(self) -> Chain:
        """The chain; nobody is asked yet."""
        return open_chain(self.endpoints, self.chain_id, self.limits, is_plaintext_allowed=self.is_plaintext_allowed)


@dataclass(frozen=True, slots=True)
class WatchSettings:
    """An escrow, when its roots are signed, and by whom."""

    chain: ChainAccess
    escrow: bytes
    from_block: int
    every_blocks: int
    look_seconds: int
    state: Path
    committee: Path
    keys: Path
    passphrase_file: Path | None
    connection: Path | None
    metrics: str | None


def read_watch(content: object) -> WatchSettings:
    """A watch document, checked to the last field."""
    with Fields(content) as fields:
        require_format(fields, WATCH_FORMAT)
        escrow = read_address(fields, "escrow")
        if len(escrow) != ADDRESS_BYTES:
            found, expected = f"{len(escrow)} bytes", f"0x and {2 * ADDRESS_BYTES} hexadecimal digits"
            raise MalformedError(Reason.WRONG_COUNT, "escrow", found=found, expected=expected)
        return WatchSettings(
            chain=read_chain(fields),
            escrow=escrow,
            from_block=fields.integer("from_block", 0, 2**NUMBER_BITS - 1),
            every_blocks=fields.integer("every_blocks", 1, MOST_EVERY_BLOCKS),
            look_seconds=fields.integer("look_seconds", 1, LONGEST_PAUSE_SECONDS, USUAL_PAUSE_SECONDS),
            state=Path(fields.text("state")),
            committee=Path(fields.text("committee")),
            keys=Path(fields.text("keys")),
            passphrase_file=read_path(fields, "passphrase_file"),
            connection=read_path(fields, "connection"),
            metrics=read_text(fields, "metrics"),
        )


def read_chain(fields: Fields) -> ChainAccess:
    """Where the nodes of the chain are."""
    with fields.inner("chain") as chain:
        return ChainAccess(
            chain_id=chain.integer("chain_id", 1, 2**CHAIN_ID_BITS - 1),
            endpoints=read_endpoints(chain),
            confirmations=chain.integer("confirmations", 0, MOST_CONFIRMATIONS, 0) or None,
            is_plaintext_allowed=chain.boolean("plaintext")
            if chain.has("plaintext")
            else bool(chain.take("plaintext")),
            limits=read_limits(chain),
        )


def read_limits(fields: Fields) -> Limits:
    """What a node is given."""
    usual = Limits()
    with fields.inner("limits") as limits:
        return Limits(
            answer_bytes=limits.integer("answer_bytes", 1, MOST_ANSWER_BYTES, usual.answer_bytes),
            seconds=limits.integer("seconds", 1, MOST_SECONDS, int(usual.seconds)),
            attempts=limits.integer("attempts", 1, MOST_ATTEMPTS, usual.attempts),
            blocks=limits.integer("blocks", 1, MOST_BLOCKS, usual.blocks),
        )


def read_path(fields: Fields, name: str) -> Path | None:
    """A path that may be left out."""
    text = read_text(fields, name)
    return None if text is None else Path(text)


def read_text(fields: Fields, name: str) -> str | None:
    """A text that may be left out; then the field is known all the same."""
    if fields.has(name):
        return fields.text(name)
    fields.take(name)
    return None
