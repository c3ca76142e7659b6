r"""A signing key in a sealed file. Anybody may read whose signatures it makes; the passphrase opens the rest.

    magic        "ringfence.key/1\n"
    role         label: what it signs, attestation, log, member, council or sender
    algorithm    label: ed25519 or secp256k1
    public key   32 or 65 bytes, their length before them
    drawn at     8
    cost, salt, nonce, sealed content: 64 hexadecimal digits, as ``facts.sealed_file`` has it

A key has one role, and is refused in another. What stands in front is authenticated with the content: who has the
passphrase finds out whether it was altered, and that it is the public part of the very key inside.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum, unique
from pathlib import Path
from types import MappingProxyType
from typing import Final, TypeVar

from facts import ed25519, secp256k1
from facts.canonical import ByteReader, encode_label, encode_number, frame
from facts.moments import require_moment
from facts.sealed_file import DEFAULT_COST, Cost, Seal, create_sealed, open_sealed, read_sealed
from margin.errors import MalformedError, MisuseError, Reason, RejectedError

MAGIC: Final = b"ringfence.key/1\n"
NAME: Final = "key file"

Choice = TypeVar("Choice", bound=StrEnum)
PrivateKey = ed25519.SigningKey | secp256k1.SigningKey


@unique
class Role(StrEnum):
    """What a key signs."""

    ATTESTATION = "attestation"
    """A verifier's word on acceptances."""
    LOG = "log"
    """Heads of its log."""
    MEMBER = "member"
    """Facts, as a member of a committee."""
    COUNCIL = "council"
    """What contracts ask a member of a council for: roots."""
    SENDER = "sender"
    """Transactions of an account that pays for them."""


@unique
class Algorithm(StrEnum):
    """How it signs."""

    ED25519 = "ed25519"
    SECP256K1 = "secp256k1"
    """For chains."""


@dataclass(frozen=True, slots=True)
class PublicPart:
    """What anybody may know of a key."""

    role: Role
    algorithm: Algorithm
    public_key: bytes
    drawn_at: int

    def __post_init__(self) -> None:
        require_use(self.role, self.algorithm)
        require_moment(self.drawn_at, "drawn_at")
        if self.algorithm is Algorithm.ED25519:
            ed25519.require_public_key(self.public_key, "public_key")
        else:
            secp256k1.require_public_key(self.public_key, "public_key")

    @property
    def spelling(self) -> str:
        """How others name the key: its 32 bytes, or its address."""
        return spell_key(self.algorithm, self.public_key)

    def encode(self) -> bytes:
        """What a file begins with."""
        labels = encode_label(self.role.value) + encode_label(self.algorithm.value)
        return MAGIC + labels + frame(self.public_key) + encode_number(self.drawn_at)


USES: Final[Mapping[Role, frozenset[Algorithm]]] = MappingProxyType(
    {
        Role.ATTESTATION: frozenset(Algorithm),
        Role.LOG: frozenset({Algorithm.ED25519}),
        Role.MEMBER: frozenset({Algorithm.ED25519}),
        Role.COUNCIL: frozenset({Algorithm.SECP256K1}),
        Role.SENDER: frozenset({Algorithm.SECP256K1}),
    }
)
"""How the keys of each role sign: chains check one algorithm, everybody else the other."""


def require_use(role: Role, algorithm: Algorithm) -> None:
    """A role has the algorithm of those who check it."""
    if algorithm not in USES[role]:
        expected = f"{' or '.join(sorted(USES[role]))} for this role"
        raise MisuseError(Reason.NOT_APPLICABLE, "algorithm", found=algorithm.value, expected=expected)


def spell_key(algorithm: Algorithm, public_key: bytes) -> str:
    """A key of Ed25519 by itself, one of secp256k1 by its address."""
    return public_key.hex() if algorithm is Algorithm.ED25519 else f"0x{secp256k1.address_of(public_key).hex()}"


def draw_key(algorithm: Algorithm) -> PrivateKey:
    """A new key from the system's randomness."""
    return ed25519.SigningKey.draw() if algorithm is Algorithm.ED25519 else secp256k1.SigningKey.draw()


def create_key(
    path: Path, role: Role, algorithm: Algorithm, passphrase: str, *, moment: int, cost: Cost = DEFAULT_COST
) -> PublicPart:
    """A new key in a new file; it is on the disk when this returns."""
    require_use(role, algorithm)
    key = draw_key(algorithm)
    public = PublicPart(role, algorithm, key.public_key, moment)
    seal = Seal.draw(public.encode(), passphrase, cost)
    create_sealed(path, seal.close(key.secret.hex().encode()), NAME)
    return public


def read_public_part(path: Path) -> PublicPart:
    """What a file says of its key, which only its passphrase can show to be so."""
    return cut_public_part(read_sealed(path, NAME))


def cut_public_part(data: bytes) -> PublicPart:
    """What stands in front."""
    reader = ByteReader(data)
    if reader.take(min(len(MAGIC), len(data)), NAME) != MAGIC:
        raise MalformedError(Reason.NOT_READABLE, NAME, found="another file", expected=f"a {NAME} of version 1")
    role, algorithm = read_choice(reader, "role", Role), read_choice(reader, "algorithm", Algorithm)
    return PublicPart(role, algorithm, reader.framed("public_key", secp256k1.KEY_BYTES), reader.number("drawn_at"))


def read_choice(reader: ByteReader, field: str, choices: type[Choice]) -> Choice:
    """One of the words that there are."""
    word = reader.label(field)
    if word not in set(choices):
        expected = " or ".join(choices)
        raise MalformedError(Reason.NOT_A_CHOICE, field, found=word, expected=expected)
    return choices(word)


def open_key(path: Path, passphrase: str, role: Role) -> PrivateKey:
    """The key in a file, if the passphrase opens it and it is for this."""
    data = read_sealed(path, NAME)
    public = cut_public_part(data)
    if public.role is not role:
        expected = f"a key for {role.value}"
        raise RejectedError(Reason.NOT_A_KEY, "role", found=public.role.value, expected=expected)
    _, content = open_sealed(data, public.encode(), passphrase, NAME)
    key = read_secret(public.algorithm, content)
    if key.public_key != public.public_key:
        expected = "the public part of the key inside"
        raise RejectedError(Reason.NOT_A_KEY, "public_key", found=public.spelling, expected=expected)
    return key


def read_secret(algorithm: Algorithm, content: bytes) -> PrivateKey:
    """The key of the content; what is wrong with it is not told."""
    try:
        secret = bytes.fromhex(content.decode("ascii"))
    except ValueError:
        secret = b""
    if algorithm is Algorithm.ED25519:
        return ed25519.SigningKey.of_seed(secret)
    return secp256k1.SigningKey.of_secret(secret)
