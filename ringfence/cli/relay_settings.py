"""What `ringfence relay` and `ringfence post-roots` are told: a document of each, checked to the last field.

    format = "ringfence.relay/1"
    anchor = "anchor.toml"                # whose word is carried
    state = "relay.json"                  # where it is; made where there is none
    keys = "keys"                         # with a key of role sender, which pays
    status = "relay-status.json"          # where it says how it is, for ``--check``; left out: nowhere
    metrics = "127.0.0.1:9464"            # left out: nowhere

    [[verifiers]]                         # the first is followed, all of them can be asked
    address = "verifier.example:50051"
    authorities = "authorities.pem"
    certificate = "relay.pem"
    key = "relay.key"

    [[chains]]                            # as ``chains.settings`` has them
    chain_id = 1
    endpoints = ["https://node.example/key"]

    [[gates]]
    chain_id = 1
    contract = "0x..."

    [[escrows]]                           # to be guarded
    chain_id = 1
    contract = "0x..."
    first_block = 19000000

    [[observed]]                          # gates that check proofs themselves, whose observers are heard
    chain_id = 10
    contract = "0x..."
    parts = "shared/parts"                # the folder that they share

    payments = "payments"                 # releases that the escrows are to pay: a folder for each
    words = "words"                       # with the words of verifiers by which locks left, which payments need

    [release]                             # what traders left for the venue is looked into before a gate is told
    key = "release.key"                   # the venue's own, sealed
    passphrase_file = "release-passphrase"
    verifying_key = "release.json"        # of the statement `release`
    verifying_key_id = "..."
    recipient = "0x..."                   # the account of the venue that a seizure pays

    [[release.escrows]]                   # where locks are seized
    chain_id = 1
    contract = "0x..."

Where no verifier is followed, ``anchor``, ``state``, ``verifiers`` and ``gates`` are left out together, and ``words``
and ``release`` with them.

A poster of roots is told:

    format = "ringfence.posting/1"
    trust = "trust.toml"                  # whom the registry's facts are believed from
    appointments = "appointments"         # a folder with what governance signed since
    keys = "keys"                         # with a key of role council, which signs, and one of role sender
    parts = "parts"                       # a folder that the members share
    status = "post-status.json"           # as a relayer's
    metrics = "127.0.0.1:9467"

    [registry]                            # as one of ``verifiers``
    [[chains]]
    [[boards]]
    chain_id = 1
    contract = "0x..."
    kinds = ["lock"]
    own_chain = true                      # the locks of its own chain alone
    spacing_seconds = 600

Paths are taken from where the command runs. ``relay.schema.json`` and ``posting.schema.json`` describe every field.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from chains.roots import RootKind
from chains.settings import MOST_CHAINS, ChainAccess, ContractPlace, read_chains, read_place
from chains.watching.settings import read_path, read_text
from facts.demand import read_address
from facts.public_inputs import decode_key_id
from facts.secp256k1 import ADDRESS_BYTES
from margin.documents.policy_document import require_format
from margin.documents.reading import Fields
from margin.errors import MalformedError, Reason
from ringfence.client.settings import ConnectionSettings

RELAY_FORMAT: Final = "ringfence.relay/1"
POSTING_FORMAT: Final = "ringfence.posting/1"
FOLLOWED: Final = ("anchor", "state", "verifiers", "gates")
"""What belongs to verifiers that are followed."""
MOST_SERVERS: Final = 16
MOST_CONTRACTS: Final = 64
LONGEST_ROUND: Final = 3600
LONGEST_SPACING: Final = 604_800
USUAL_ROUND: Final = 2

EachT = TypeVar("EachT")


@dataclass(frozen=True, slots=True)
class Server:
    """A server, and the file for the last head of its log where it has one."""

    connection: ConnectionSettings
    heads: Path | None


@dataclass(frozen=True, slots=True)
class EscrowPlace:
    """An escrow that is guarded, and the block in which it came to be."""

    place: ContractPlace
    first_block: int


@dataclass(frozen=True, slots=True)
class ReleaseSettings:
    """By what a venue looks into the releases that traders left for it."""

    key: Path
    passphrase: Path
    verifying_key: Path
    verifying_key_id: str
    recipient: bytes
    """Whom a seizure has to pay."""
    escrows: tuple[ContractPlace, ...]


@dataclass(frozen=True, slots=True)
class ObservedPlace:
    """A gate that checks proofs itself, and where the words of its observers are."""

    place: ContractPlace
    parts: Path


@dataclass(frozen=True, slots=True)
class FollowedSettings:
    """From which verifiers to which gates."""

    anchor: Path
    state: Path
    verifiers: tuple[Server, ...]
    gates: tuple[ContractPlace, ...]
    words: Path | None
    """A folder of this relayer alone, for words by which locks have left."""


@dataclass(frozen=True, slots=True)
class RelaySettings:
    """Whose word is carried, and where to."""

    followed: FollowedSettings | None
    """Verifiers, where some are."""
    keys: Path
    chains: Mapping[int, ChainAccess]
    escrows: tuple[EscrowPlace, ...]
    observed: tuple[ObservedPlace, ...]
    payments: Path | None
    """A folder with releases that escrows are to pay."""
    release: ReleaseSettings | None
    """Nobody looks into what is sealed where it is left out."""
    round_seconds: int
    status: Path | None
    """Where it says how it is, for whoever looks after it."""
    metrics: str | None
    """Where metrics are shown, on this machine alone."""


@dataclass(frozen=True, slots=True)
class BoardPlace:
    """A contract on which roots are posted, and which."""

    place: ContractPlace
    kinds: tuple[RootKind, ...]
    own_chain: bool
    """Locks of its own chain alone, as an escrow has them; else of all chains, as proofs at a gate name them."""
    spacing_seconds: int
    """So much newer than the last one its facts have to be: each post is paid for."""


@dataclass(frozen=True, slots=True)
class PostingSettings:
    """From which registry to which contracts, and as whom."""

    registry: Server
    trust: Path
    """Whom the registry's facts are believed from: the document that verifiers have."""
    appointments: Path | None
    """A folder with what governance signed since."""
    keys: Path
    parts: Path
    """A folder that the members of a committee share."""
    chains: Mapping[int, ChainAccess]
    boards: tuple[BoardPlace, ...]
    round_seconds: int
    status: Path | None
    """Where it says how it is, for whoever looks after it."""
    metrics: str | None
    """Where metrics are shown, on this machine alone."""


def read_relay_settings(content: object) -> RelaySettings:
    """Settings of a relayer."""
    with Fields(content) as fields:
        require_format(fields, RELAY_FORMAT)
        chains = read_chains(fields.items("chains", MOST_CHAINS))
        is_observed_alone = fields.has("observed") and not any(map(fields.has, FOLLOWED))
        followed = None if is_observed_alone else read_followed(fields, chains)
        said = RelaySettings(
            followed=followed,
            keys=Path(fields.text("keys")),
            chains=chains,
            escrows=tuple(read_escrow(each, chains) for each in fields.items("escrows", MOST_CONTRACTS)),
            observed=read_observed_places(fields) if fields.has("observed") else (),
            payments=Path(fields.text("payments")) if fields.has("payments") else None,
            release=read_release(fields.inner("release"), chains) if followed and fields.has("release") else None,
            round_seconds=fields.integer("every_seconds", 1, LONGEST_ROUND, USUAL_ROUND),
            status=read_path(fields, "status"),
            metrics=read_text(fields, "metrics"),
        )
    require_whole(said)
    return said


def require_whole(said: RelaySettings) -> None:
    """What is asked for can be done by what else is there."""
    if said.observed and not said.escrows:
        expected = "escrows, which are told what observers say"
        raise MalformedError(Reason.MISSING_FIELD, "escrows", found="none", expected=expected)
    if said.payments and not said.escrows:
        raise MalformedError(Reason.MISSING_FIELD, "escrows", found="none", expected="escrows, which are to pay")
    if said.payments and said.followed and not said.followed.words:
        expected = "a folder in which verifiers' words by which locks left are kept: escrows pay by them"
        raise MalformedError(Reason.MISSING_FIELD, "words", found="none", expected=expected)


def read_followed(fields: Fields, chains: Mapping[int, ChainAccess]) -> FollowedSettings:
    """Verifiers, and the gates where their word is good."""
    return FollowedSettings(
        anchor=Path(fields.text("anchor")),
        state=Path(fields.text("state")),
        verifiers=require_some(tuple(map(read_server, fields.items("verifiers", MOST_SERVERS))), "verifiers"),
        gates=read_places(fields, "gates", chains),
        words=read_path(fields, "words"),
    )


def read_observed_places(fields: Fields) -> tuple[ObservedPlace, ...]:
    """Gates with observers, one at least."""
    return require_some(tuple(map(read_observed, fields.items("observed", MOST_CONTRACTS))), "observed")


def read_observed(fields: Fields) -> ObservedPlace:
    """A gate with observers; nobody has to be asked on its own chain."""
    with fields:
        return ObservedPlace(read_place(fields, None), Path(fields.text("parts")))


def read_posting_settings(content: object) -> PostingSettings:
    """Settings of a member who posts roots."""
    with Fields(content) as fields:
        require_format(fields, POSTING_FORMAT)
        chains = read_chains(fields.items("chains", MOST_CHAINS))
        return PostingSettings(
            registry=read_server(fields.inner("registry")),
            trust=Path(fields.text("trust")),
            appointments=Path(fields.text("appointments")) if fields.has("appointments") else None,
            keys=Path(fields.text("keys")),
            parts=Path(fields.text("parts")),
            chains=chains,
            boards=require_some(
                tuple(read_board(each, chains) for each in fields.items("boards", MOST_CONTRACTS)), "boards"
            ),
            round_seconds=fields.integer("every_seconds", 1, LONGEST_ROUND, USUAL_ROUND),
            status=read_path(fields, "status"),
            metrics=read_text(fields, "metrics"),
        )


def read_server(fields: Fields) -> Server:
    """How a server is reached."""
    with fields:
        paths = {
            name: Path(fields.text(name)) if fields.has(name) else None
            for name in ("authorities", "certificate", "key", "heads")
        }
        connection = ConnectionSettings(
            address=fields.text("address"),
            plaintext=fields.boolean("plaintext") if fields.has("plaintext") else False,
            server_name=fields.text("server_name") if fields.has("server_name") else None,
            authorities=paths["authorities"],
            certificate=paths["certificate"],
            key=paths["key"],
        )
        return Server(connection, paths["heads"])


def read_places(fields: Fields, name: str, chains: Mapping[int, ChainAccess]) -> tuple[ContractPlace, ...]:
    """Contracts, one at least, each once."""
    places: list[ContractPlace] = []
    for inner in fields.items(name, MOST_CONTRACTS):
        with inner:
            places.append(read_place(inner, chains))
    if len(set(places)) != len(places):
        raise MalformedError(Reason.DUPLICATE_FIELD, name, found="one twice", expected="each once")
    return require_some(tuple(places), name)


def read_escrow(fields: Fields, chains: Mapping[int, ChainAccess]) -> EscrowPlace:
    """An escrow, and from where its events are read."""
    with fields:
        return EscrowPlace(read_place(fields, chains), fields.integer("first_block", 0, 2**63 - 1))


def read_release(fields: Fields, chains: Mapping[int, ChainAccess]) -> ReleaseSettings:
    """By what releases are looked into."""
    with fields:
        identity, recipient = fields.text("verifying_key_id"), read_address(fields, "recipient")
        decode_key_id(identity)
        if len(recipient) != ADDRESS_BYTES:
            found, expected = f"{len(recipient)} bytes", f"an address of {ADDRESS_BYTES} bytes"
            raise MalformedError(Reason.WRONG_COUNT, "recipient", found=found, expected=expected)
        return ReleaseSettings(
            key=Path(fields.text("key")),
            passphrase=Path(fields.text("passphrase_file")),
            verifying_key=Path(fields.text("verifying_key")),
            verifying_key_id=identity,
            recipient=recipient,
            escrows=read_places(fields, "escrows", chains),
        )


def read_board(fields: Fields, chains: Mapping[int, ChainAccess]) -> BoardPlace:
    """A contract with the kinds of roots that it is told."""
    with fields:
        place = read_place(fields, chains)
        named = fields.take_required("kinds", "a list of book, market and lock")
        known = {kind.name.lower(): kind for kind in RootKind}
        if not isinstance(named, list) or not named or not all(each in known for each in named):
            raise MalformedError(Reason.NOT_A_CHOICE, "kinds", found=named, expected="a list of book, market and lock")
        own = fields.boolean("own_chain") if fields.has("own_chain") else False
        spacing = fields.integer("spacing_seconds", 0, LONGEST_SPACING, 0)
        return BoardPlace(place, tuple(sorted({known[each] for each in named})), own, spacing)


def require_some(found: tuple[EachT, ...], name: str) -> tuple[EachT, ...]:
    """One at least."""
    if not found:
        raise MalformedError(Reason.WRONG_COUNT, name, found="none", expected="at least one")
    return found
