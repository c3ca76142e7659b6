"""Points as plain numbers: affine, with infinity said explicitly.

A point knows that its coordinates are below p. Whether it lies on its curve, and in the subgroup of order r,
is for a backend to check: until then it belongs into a name that begins with ``unverified_``.
"""

from dataclasses import dataclass
from typing import Final

from snark.bn254.constants import FIELD_MODULUS, G1_GENERATOR, G2_GENERATOR
from snark.errors import Reason, RejectedError

Fp2 = tuple[int, int]
"""An element of F_p[i] / (i^2 + 1): the real part, then the imaginary one."""


def require_coordinate(value: int, field: str) -> int:
    """A coordinate has one name only: ``0 <= value < p``."""
    if not 0 <= value < FIELD_MODULUS:
        raise RejectedError(Reason.V12_COORDINATE_OUT_OF_FIELD, field, found=value, expected="a number below p")
    return value


def require_zeros_at_infinity(*, infinity: bool, zeros: bool) -> None:
    """Zeros are how infinity is written, and nothing else is: they lie on neither curve."""
    if zeros and not infinity:
        raise RejectedError(Reason.V15_OFF_CURVE, "x", found="zeros", expected="a point of the curve, or infinity")
    if infinity and not zeros:
        raise RejectedError(Reason.V14_INFINITY, "infinity", found="coordinates", expected="zeros")


@dataclass(frozen=True, slots=True)
class G1Point:
    """A point of y^2 = x^3 + 3 over F_p, or a claim to be one."""

    x: int
    y: int
    infinity: bool = False

    def __post_init__(self) -> None:
        require_coordinate(self.x, "x")
        require_coordinate(self.y, "y")
        require_zeros_at_infinity(infinity=self.infinity, zeros=self.x == self.y == 0)

    def __neg__(self) -> "G1Point":
        return G1Point(self.x, -self.y % FIELD_MODULUS, self.infinity)


@dataclass(frozen=True, slots=True)
class G2Point:
    """A point of the twist y^2 = x^3 + 3 / (9 + i) over F_p[i], or a claim to be one."""

    x: Fp2
    y: Fp2
    infinity: bool = False

    def __post_init__(self) -> None:
        for name, (real, imaginary) in (("x", self.x), ("y", self.y)):
            require_coordinate(real, f"{name}[0]")
            require_coordinate(imaginary, f"{name}[1]")
        require_zeros_at_infinity(infinity=self.infinity, zeros=self.x == self.y == (0, 0))

    def __neg__(self) -> "G2Point":
        real, imaginary = self.y
        return G2Point(self.x, (-real % FIELD_MODULUS, -imaginary % FIELD_MODULUS), self.infinity)


G1_INFINITY: Final = G1Point(0, 0, infinity=True)
G2_INFINITY: Final = G2Point((0, 0), (0, 0), infinity=True)
G1: Final = G1Point(*G1_GENERATOR)
"""The generator of the first group."""
G2: Final = G2Point(*G2_GENERATOR)
"""The generator of the second group."""
