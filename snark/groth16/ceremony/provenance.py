"""Who contributes, and where the secret comes from: a person's machine, or a beacon that everyone can compute."""

from typing import Final

from snark.errors import MisuseError, Reason
from snark.groth16.formats.contribution import (
    GREATEST_EXPONENT,
    LEAST_EXPONENT,
    LONGEST_PARAMETER,
    ContributionKind,
    Provenance,
)

LONGEST_NAME: Final = 64


def name_person(name: str) -> Provenance:
    """A contribution of somebody who gives this name."""
    return Provenance(name=require_name(name))


def name_beacon(beacon: bytes, exponent: int, name: str | None = None) -> Provenance:
    """A contribution of a public value that nobody could foresee, hashed ``2^exponent`` times."""
    return Provenance(
        ContributionKind.BEACON,
        None if name is None else require_name(name),
        require_exponent(exponent),
        require_beacon_length(beacon),
    )


def require_name(name: str) -> str:
    """A name as every tool can hold it."""
    if len(name) > LONGEST_NAME or len(name.encode()) > LONGEST_PARAMETER:
        raise MisuseError(Reason.OUT_OF_BOUNDS, "name", found=name, expected=f"at most {LONGEST_NAME} characters")
    return name


def require_exponent(exponent: int) -> int:
    """An exponent that every tool accepts."""
    if not LEAST_EXPONENT <= exponent <= GREATEST_EXPONENT:
        expected = f"{LEAST_EXPONENT} to {GREATEST_EXPONENT}"
        raise MisuseError(Reason.OUT_OF_BOUNDS, "exponent of the iterations", found=exponent, expected=expected)
    return exponent


def require_beacon_length(beacon: bytes) -> bytes:
    """A beacon that a record can hold."""
    if not 0 < len(beacon) <= LONGEST_PARAMETER:
        expected = f"1 to {LONGEST_PARAMETER} bytes"
        raise MisuseError(Reason.OUT_OF_BOUNDS, "beacon", found=f"{len(beacon)} bytes", expected=expected)
    return beacon
