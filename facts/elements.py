"""Field elements as values of facts: checked before anything is hashed, and never echoed.

Whatever goes into a commitment may be somebody's secret, so that an error here says which field was wrong and what was
expected, but not what was found.
"""

import secrets
from hashlib import sha256
from typing import Final

from margin.errors import MalformedError, Reason
from snark.bn254.constants import GROUP_ORDER

NAMESPACE: Final = "ringfence.v1."
"""Everything that is hashed for this product, in this version, begins with it."""

WITHHELD: Final = "a value that is not shown"

ELEMENT_BITS: Final = GROUP_ORDER.bit_length() - 1
"""Every number of so many bits is below r and so an element, with no second name."""


def require_element(value: object, field: str) -> int:
    """``value`` where it is the one name of an element: an integer in [0, r)."""
    return require_range(value, field, 0, GROUP_ORDER - 1, "an element: an integer below r")


def require_bits(value: object, field: str, bits: int) -> int:
    """``value`` where it is an integer of at most ``bits`` bits."""
    return require_range(value, field, 0, 2**bits - 1, f"an integer of at most {bits} bits")


def require_range(value: object, field: str, low: int, high: int, expected: str) -> int:
    """``value`` where it is an integer in [low, high]; a bool is none."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise MalformedError(Reason.NOT_AN_INTEGER, field, found=WITHHELD, expected=expected)
    if not low <= value <= high:
        raise MalformedError(Reason.OUT_OF_BOUNDS, field, found=WITHHELD, expected=expected)
    return value


def draw_element() -> int:
    """A uniformly random element: a secret key, or the salt of a commitment."""
    return secrets.randbelow(GROUP_ORDER)


def truncate_digest(digest: bytes) -> int:
    """``SHA-256 >> 8``: the 248 bits of a digest that are an element whatever they are."""
    return int.from_bytes(digest, "big") >> 8


def derive_element(name: str) -> int:
    """The element that stands for a name: ``SHA-256("ringfence.v1." + name) >> 8``."""
    return truncate_digest(sha256(f"{NAMESPACE}{name}".encode()).digest())
