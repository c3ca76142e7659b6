"""What ``.ptau`` and ``.zkey`` say in the same words about each contribution: its kind, its name, its beacon.

``kind u32 | bytes of parameters u32 | (tag u8 | value) with rising tags``, where tag 1 is a name (length u8, UTF-8),
tag 2 the exponent of a beacon's iterations (u8) and tag 3 the beacon itself (length u8, bytes).
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from snark.errors import MalformedError, Reason
from snark.r1cs.reading import U32, Reader

NAME, ITERATIONS, BEACON = 1, 2, 3
LONGEST_PARAMETER: Final = 255
LEAST_EXPONENT: Final = 10
GREATEST_EXPONENT: Final = 63
LEAST_PROVENANCE_BYTES: Final = 2 * U32.size


class ContributionKind(IntEnum):
    """Where the secret of a contribution came from."""

    PERSON = 0
    """Randomness of a contributor, who is trusted to have destroyed it."""
    BEACON = 1
    """A public value that nobody knew beforehand, hashed ``2^exponent`` times."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """Who or what contributed."""

    kind: ContributionKind = ContributionKind.PERSON
    name: str | None = None
    iterations_exponent: int | None = None
    beacon: bytes | None = None


def read_provenance(reader: Reader, place: str) -> Provenance:
    """The end of a contribution's record."""
    number = reader.read_u32(f"{place}, kind")
    if number not in tuple(ContributionKind):
        raise wrong_record(reader, f"{place}, kind", number, "0 (a contributor) or 1 (a beacon)")
    parameters = Reader(reader.take(reader.read_u32(f"{place}, parameters"), f"{place}, parameters"), reader.place)
    provenance = read_parameters(parameters, ContributionKind(number), f"{place}, parameters")
    is_beacon = provenance.kind is ContributionKind.BEACON
    has_beacon = provenance.beacon is not None and provenance.iterations_exponent is not None
    has_any = provenance.beacon is not None or provenance.iterations_exponent is not None
    if has_beacon is not is_beacon or has_any is not is_beacon:
        found = "a beacon's parameters" if has_any else "no beacon"
        raise wrong_record(reader, place, found, "a beacon and its iterations where the kind is 1, and only there")
    return provenance


def read_parameters(reader: Reader, kind: ContributionKind, place: str) -> Provenance:
    """Tagged values in rising order."""
    name: str | None = None
    exponent: int | None = None
    beacon: bytes | None = None
    last = 0
    while reader.left:
        tag = reader.read_u8(f"{place}, tag")
        if not last < tag <= BEACON:
            raise wrong_record(reader, place, f"tag {tag} after {last}", "tags 1, 2, 3 in rising order")
        last = tag
        if tag == NAME:
            name = read_name(reader, place)
        elif tag == ITERATIONS:
            exponent = read_exponent(reader, place)
        else:
            beacon = reader.take_bytes(reader.read_u8(f"{place}, bytes of the beacon"), f"{place}, beacon")
    return Provenance(kind, name, exponent, beacon)


def read_name(reader: Reader, place: str) -> str:
    """A contributor's name, as the contributor gave it: a person's terminal is not to be trusted with it."""
    raw = reader.take_bytes(reader.read_u8(f"{place}, bytes of the name"), f"{place}, name")
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise MalformedError(
            Reason.F17_NOT_TEXT, f"{reader.place}: {place}, name", found=raw, expected="UTF-8"
        ) from error


def read_exponent(reader: Reader, place: str) -> int:
    """Over how many iterations a beacon was hashed: ``2^exponent``."""
    exponent = reader.read_u8(f"{place}, exponent of the iterations")
    if not LEAST_EXPONENT <= exponent <= GREATEST_EXPONENT:
        expected = f"{LEAST_EXPONENT} to {GREATEST_EXPONENT}"
        raise wrong_record(reader, f"{place}, exponent of the iterations", exponent, expected)
    return exponent


def wrong_record(reader: Reader, place: str, found: object, expected: str) -> MalformedError:
    """A record that is not of this format."""
    return MalformedError(Reason.F18_CONTRIBUTION_RECORD, f"{reader.place}: {place}", found=found, expected=expected)


def encode_provenance(provenance: Provenance) -> bytes:
    """The end of a contribution's record."""
    parameters = b""
    if provenance.name is not None:
        parameters += bytes([NAME]) + encode_short(provenance.name.encode(), "name")
    if provenance.iterations_exponent is not None:
        parameters += bytes([ITERATIONS, provenance.iterations_exponent])
    if provenance.beacon is not None:
        parameters += bytes([BEACON]) + encode_short(provenance.beacon, "beacon")
    return U32.pack(provenance.kind) + U32.pack(len(parameters)) + parameters


def encode_short(value: bytes, field: str) -> bytes:
    """A length of one byte and the value."""
    if len(value) > LONGEST_PARAMETER:
        raise MalformedError(
            Reason.OUT_OF_BOUNDS, field, found=f"{len(value)} bytes", expected=f"at most {LONGEST_PARAMETER} bytes"
        )
    return bytes([len(value)]) + value
