"""Keys for development: marked inside, and refused wherever nobody asks for them.

One party draws every secret of such a key and could prove anything with it. The mark is its gamma: not the generator,
as in every key of a ceremony, but the multiple of it that a hash names. Gamma is a part of the proving key, of the
verifying key and of a contract made of it, whichever tool exports it; so the mark is in the canonical bytes of the key
and in its id. Who rewrites the key to another gamma has a key of another id.
"""

from functools import cache
from hashlib import sha256
from typing import Final

from snark.bn254.backend import choose_curve
from snark.bn254.constants import GROUP_ORDER
from snark.bn254.points import G2, G2Point
from snark.errors import Reason, RejectedError

MARK: Final = b"ringfence/groth16/bn254/development-key/1"


@cache
def compute_development_gamma() -> G2Point:
    """The gamma that marks a key: ``SHA-256(MARK) mod r`` times the generator."""
    return choose_curve().multiply_g2(G2, int.from_bytes(sha256(MARK).digest(), "big") % GROUP_ORDER)


def is_development_gamma(gamma: G2Point) -> bool:
    """Whether a key with this gamma was made for development."""
    return gamma == compute_development_gamma()


def require_no_development(unverified_gamma: G2Point, field: str) -> None:
    """Refuse a key that was made for development."""
    if is_development_gamma(unverified_gamma):
        found, expected = "a key made for development", "a key from a ceremony, unless development is asked for"
        raise RejectedError(Reason.V24_DEVELOPMENT_KEY, field, found=found, expected=expected)
