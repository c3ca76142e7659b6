"""What a ceremony does with whole columns of points, and with secrets: two backends, one interface.

Points are bytes as ``.ptau`` and ``.zkey`` hold them. ``native`` works on all threads and keeps every secret on its own
side, in memory that is wiped. ``reference`` takes one point after the other with the curve that it is given; its
secrets are Python integers, which are dropped but cannot be wiped.
"""

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Protocol, TypeVar, cast

from snark.bn254.backend import CurveBackend
from snark.bn254.points import G1Point, G2Point
from snark.r1cs.r1cs_file import R1cs

Point = TypeVar("Point", G1Point, G2Point)
Raw = bytes | memoryview
"""Points side by side."""


class Secret(Protocol):
    """A scalar that nobody should know."""

    def invert(self) -> "Secret":
        """``1 / x``."""
        ...

    def multiply_g1(self, point: G1Point) -> G1Point:
        """``[x] point``."""
        ...

    def multiply_g2(self, point: G2Point) -> G2Point:
        """``[x] point``."""
        ...


class SecretStream(Protocol):
    """Draws secrets, and points whose logarithm nobody knows, as snarkjs draws them from ChaCha20."""

    def next_secret(self) -> Secret:
        """The next scalar."""
        ...

    def next_g1(self) -> G1Point:
        """The next point of the first group."""
        ...


class OpenHash(Protocol):
    """BLAKE2b-512 whose state can be taken out."""

    def update(self, data: bytes) -> object:
        """Read more."""
        ...

    def state(self) -> bytes:
        """Where the hash stands, in 216 bytes."""
        ...

    def digest(self) -> bytes:
        """The hash of all that was read."""
        ...


class BulkGroup(Protocol[Point]):
    """Columns of one group. A refusal names a point by the place and the number of the first point, ``start``."""

    def multiply(self, points: Raw, factor: Secret, place: str, start: int) -> bytes:
        """Every point times the factor."""
        ...

    def multiply_powers(self, points: Raw, first: Secret | None, ratio: Secret, place: str, start: int) -> bytes:
        """The point number i, counted from ``start``, times ``first ratio^i``; without a first one that is one."""
        ...

    def subtract(self, left: Raw, right: Raw, place: str, start: int) -> bytes:
        """``left[i] - right[i]``."""
        ...

    def add(self, left: Point, right: Point) -> Point:
        """``left + right``."""
        ...

    def combine(self, points: Raw, factors: bytes, place: str) -> Point:
        """``sum(factor * point)``; factors are 32 bytes each, little-endian."""
        ...

    def require_points(self, points: Raw, place: str, start: int) -> None:
        """Every point is on its curve and in its subgroup; infinity is one where a polynomial vanishes."""
        ...

    def interpolate(self, points: Raw, place: str, report: Callable[[int], None]) -> bytes:
        """``(1/n) sum_i w^(-ij) point[i]`` for each j; reports n points for each of the ``log n`` rounds."""
        ...

    def encode_evm(self, points: Raw, place: str, start: int) -> bytes:
        """Every point as EIP-196/197 have it."""
        ...

    def compress(self, points: Raw, place: str, start: int) -> bytes:
        """Every point as the response of a first phase has it."""
        ...


MatrixColumn = tuple[int, bytes, str]
"""A matrix (0 to 2 for A to C), the points of its rows, and what they are called."""


class ConstraintColumns(Protocol):
    """A constraint system, wire by wire."""

    def encode_coefficients(self) -> bytes:
        """The terms of A and B as a key holds them for its prover."""
        ...

    def combine_g1(self, columns: Sequence[MatrixColumn], begin: int, end: int) -> bytes:
        """For each of these wires ``sum(factor * point)`` over its terms in some matrices."""
        ...

    def combine_g2(self, columns: Sequence[MatrixColumn], begin: int, end: int) -> bytes:
        """The same in the second group."""
        ...


class Bulk(Protocol):
    """Everything that takes long."""

    @property
    def g1(self) -> BulkGroup[G1Point]:
        """Columns of the first group."""
        ...

    @property
    def g2(self) -> BulkGroup[G2Point]:
        """Columns of the second group."""
        ...

    def draw_stream(self) -> SecretStream:
        """A stream that the operating system's randomness seeds, once."""
        ...

    def open_stream(self, seed: bytes) -> SecretStream:
        """The stream that a beacon names."""
        ...

    def start_hash(self) -> OpenHash:
        """A hash that has read nothing."""
        ...

    def transform(self, scalars: bytes) -> bytes:
        """``sum_i scalar[i] w^(ij)`` for each j."""
        ...

    def read_columns(self, r1cs: R1cs) -> ConstraintColumns:
        """Turn constraints into columns."""
        ...


def choose_bulk(curve: CurveBackend) -> Bulk:
    """What belongs to the backend that computes the curve."""
    module = import_module(f"snark.groth16.ceremony.{curve.name}_bulk")
    return cast("Bulk", module.make_bulk(curve))
