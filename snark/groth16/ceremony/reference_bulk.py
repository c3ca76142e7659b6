"""Columns one point after the other: the formulas, to be read and compared with.

The secrets are Python integers. They are dropped when the call ends, and what they leave in memory cannot be wiped.
"""

import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Generic

from snark.bn254.backend import CurveBackend
from snark.bn254.constants import FIELD_BYTES, GROUP_ORDER
from snark.bn254.encoding import (
    encode_g1,
    encode_g1_evm,
    encode_g2,
    encode_g2_evm,
    encode_scalars,
    is_larger,
    is_larger_pair,
)
from snark.bn254.points import G1_INFINITY, G2_INFINITY, G1Point, G2Point
from snark.groth16.ceremony.blake2b import ResumableBlake2b
from snark.groth16.ceremony.bulk import MatrixColumn, Point, Raw, Secret
from snark.groth16.ceremony.derivation import SEED, ChaCha20
from snark.groth16.domain import iterate_powers, root_of_unity, transform
from snark.groth16.formats.zkey import Coefficient, encode_coefficient
from snark.r1cs.column import Column, view_g1, view_g2, view_scalars
from snark.r1cs.r1cs_file import R1cs
from snark.r1cs.reading import U32

Row = list[tuple[int, int]]
"""A sparse combination: an item of a column, and how many times."""
MATRICES: Final = 3


@dataclass(frozen=True, slots=True)
class ReferenceSecret:
    """An integer."""

    scalar: int
    curve: CurveBackend

    def invert(self) -> "ReferenceSecret":
        """``1 / x``."""
        return ReferenceSecret(pow(self.scalar, -1, GROUP_ORDER), self.curve)

    def multiply_g1(self, point: G1Point) -> G1Point:
        """``[x] point``."""
        return self.curve.multiply_g1(point, self.scalar)

    def multiply_g2(self, point: G2Point) -> G2Point:
        """``[x] point``."""
        return self.curve.multiply_g2(point, self.scalar)


def open_secret(secret: Secret) -> int:
    """The integer of a secret of this backend; there is no way here from a native one."""
    if not isinstance(secret, ReferenceSecret):
        raise TypeError(secret)
    return secret.scalar


class ReferenceStream:
    """ChaCha20 in Python."""

    def __init__(self, seed: bytes, curve: CurveBackend) -> None:
        self.stream = ChaCha20(seed)
        self.curve = curve

    def next_secret(self) -> ReferenceSecret:
        """The next scalar."""
        return ReferenceSecret(self.stream.next_scalar(), self.curve)

    def next_g1(self) -> G1Point:
        """The next point of the first group."""
        return self.stream.next_g1()


@dataclass(frozen=True, slots=True)
class ReferenceGroup(Generic[Point]):
    """Columns of one group, by what is done with one point."""

    infinity: Point
    add: Callable[[Point, Point], Point]
    multiply_one: Callable[[Point, int], Point]
    require: Callable[[Point, str], None]
    view: Callable[[memoryview, str], Column[Point]]
    encode: Callable[[Point], bytes]
    encode_one_evm: Callable[[Point], bytes]
    compress_one: Callable[[Point], bytes]

    def read(self, points: Raw, place: str) -> Column[Point]:
        """The points, each decoded when it is asked for."""
        return self.view(memoryview(points), place)

    def write(self, points: Iterable[Point]) -> bytes:
        """Points as files hold them."""
        return b"".join(map(self.encode, points))

    def multiply(self, points: Raw, factor: Secret, place: str, start: int) -> bytes:
        """Every point times the factor."""
        del start
        return self.write(self.multiply_one(point, open_secret(factor)) for point in self.read(points, place))

    def multiply_powers(self, points: Raw, first: Secret | None, ratio: Secret, place: str, start: int) -> bytes:
        """The point number i, counted from ``start``, times ``first ratio^i``."""
        column, base = self.read(points, place), open_secret(ratio)
        begin = (1 if first is None else open_secret(first)) * pow(base, start, GROUP_ORDER) % GROUP_ORDER
        factors = iterate_powers(begin, base, len(column))
        return self.write(self.multiply_one(point, factor) for point, factor in zip(column, factors, strict=True))

    def subtract(self, left: Raw, right: Raw, place: str, start: int) -> bytes:
        """``left[i] - right[i]``."""
        del start
        pairs = zip(self.read(left, place), self.read(right, place), strict=True)
        return self.write(self.add(first, -second) for first, second in pairs)

    def combine(self, points: Raw, factors: bytes, place: str) -> Point:
        """``sum(factor * point)``."""
        total = self.infinity
        for point, factor in zip(self.read(points, place), view_scalars(memoryview(factors), place), strict=True):
            total = self.add(total, self.multiply_one(point, factor))
        return total

    def combine_rows(self, parts: Sequence[tuple[Column[Point], Row]]) -> Point:
        """``sum(value * point)`` over rows of several columns; most values are one or minus one."""
        total = self.infinity
        for points, row in parts:
            for index, value in row:
                point = points[index]
                simple = {1: point, GROUP_ORDER - 1: -point}
                total = self.add(total, simple[value] if value in simple else self.multiply_one(point, value))
        return total

    def require_points(self, points: Raw, place: str, start: int) -> None:
        """Every point is on its curve and in its subgroup, or infinity."""
        column = self.read(points, place)
        for index in range(len(column)):
            name = f"{place}[{start + index}]"
            point = column.decode(column.raw(index), name)
            if not point.infinity:
                self.require(point, name)

    def interpolate(self, points: Raw, place: str, report: Callable[[int], None]) -> bytes:
        """``(1/n) sum_i w^(-ij) point[i]`` for each j."""
        column = list(self.read(points, place))
        size = len(column)
        power = size.bit_length() - 1
        share = pow(size, -1, GROUP_ORDER)
        turned = self.transform_points(column, pow(root_of_unity(power), -1, GROUP_ORDER))
        report(size * power)
        return self.write(self.multiply_one(point, share) for point in turned)

    def transform_points(self, points: list[Point], root: int) -> list[Point]:
        """``sum_i root^(ij) points[i]`` for each j: the textbook's recursion."""
        if len(points) == 1:
            return points
        square = root * root % GROUP_ORDER
        even, odd = self.transform_points(points[::2], square), self.transform_points(points[1::2], square)
        factors = iterate_powers(1, root, len(odd))
        turned = [self.multiply_one(point, factor) for point, factor in zip(odd, factors, strict=True)]
        low = [self.add(first, second) for first, second in zip(even, turned, strict=True)]
        high = [self.add(first, -second) for first, second in zip(even, turned, strict=True)]
        return low + high

    def encode_evm(self, points: Raw, place: str, start: int) -> bytes:
        """Every point as EIP-196/197 have it."""
        del start
        return b"".join(map(self.encode_one_evm, self.read(points, place)))

    def compress(self, points: Raw, place: str, start: int) -> bytes:
        """Every point as the response of a first phase has it."""
        del start
        return b"".join(map(self.compress_one, self.read(points, place)))


def compress_g1(point: G1Point) -> bytes:
    """x, big-endian; the top bit says that y is the larger root."""
    return mark_root(point.x.to_bytes(FIELD_BYTES, "big"), larger=is_larger(point.y))


def compress_g2(point: G2Point) -> bytes:
    """x, big-endian, imaginary part first; the top bit says that y is the larger root."""
    real, imaginary = point.x
    packed = imaginary.to_bytes(FIELD_BYTES, "big") + real.to_bytes(FIELD_BYTES, "big")
    return mark_root(packed, larger=is_larger_pair(point.y))


def mark_root(packed: bytes, *, larger: bool) -> bytes:
    """The layout of the responses of a first phase: neither arkworks' nor gnark's."""
    return bytes([packed[0] | larger << 7]) + packed[1:]


class ReferenceColumns:
    """A constraint system, wire by wire: which rows of A, B and C it stands in, and how many times."""

    def __init__(self, r1cs: R1cs, bulk: "ReferenceBulk") -> None:
        self.bulk = bulk
        self.rows: list[list[Row]] = [[[] for _ in range(r1cs.header.wires)] for _ in range(MATRICES)]
        self.coefficients: list[Coefficient] = []
        for number, constraint in enumerate(r1cs.iterate_constraints()):
            for matrix, side in enumerate(constraint):
                for wire, value in side:
                    self.add(matrix, number, wire, value)
        for wire in range(r1cs.header.public + 1):
            self.add(0, r1cs.header.constraints + wire, wire, 1)

    def add(self, matrix: int, row: int, wire: int, value: int) -> None:
        """One term; a prover reads those of A and B."""
        self.rows[matrix][wire].append((row, value))
        if matrix < MATRICES - 1:
            self.coefficients.append(Coefficient(matrix, row, wire, value))

    def encode_coefficients(self) -> bytes:
        """The terms of A and B as a key holds them for its prover."""
        return U32.pack(len(self.coefficients)) + b"".join(map(encode_coefficient, self.coefficients))

    def combine_g1(self, columns: Sequence[MatrixColumn], begin: int, end: int) -> bytes:
        """For each of these wires ``sum(factor * point)`` over its terms in some matrices."""
        return self.combine(self.bulk.g1, columns, range(begin, end))

    def combine_g2(self, columns: Sequence[MatrixColumn], begin: int, end: int) -> bytes:
        """The same in the second group."""
        return self.combine(self.bulk.g2, columns, range(begin, end))

    def combine(self, group: ReferenceGroup[Point], columns: Sequence[MatrixColumn], wires: Iterable[int]) -> bytes:
        """Wire after wire."""
        views = [(matrix, group.read(points, place)) for matrix, points, place in columns]
        sums: Iterator[Point] = (
            group.combine_rows([(points, self.rows[matrix][wire]) for matrix, points in views]) for wire in wires
        )
        return group.write(sums)


class ReferenceBulk:
    """Everything that takes long, and takes longest here."""

    def __init__(self, curve: CurveBackend) -> None:
        self.curve = curve
        self.g1: Final = ReferenceGroup(
            G1_INFINITY,
            curve.add_g1,
            curve.multiply_g1,
            curve.require_g1,
            view_g1,
            encode_g1,
            encode_g1_evm,
            compress_g1,
        )
        self.g2: Final = ReferenceGroup(
            G2_INFINITY,
            curve.add_g2,
            curve.multiply_g2,
            curve.require_g2,
            view_g2,
            encode_g2,
            encode_g2_evm,
            compress_g2,
        )

    def draw_stream(self) -> ReferenceStream:
        """A stream that the operating system's randomness seeds, once."""
        return ReferenceStream(secrets.token_bytes(SEED.size), self.curve)

    def open_stream(self, seed: bytes) -> ReferenceStream:
        """The stream that a beacon names."""
        return ReferenceStream(seed[: SEED.size], self.curve)

    def start_hash(self) -> ResumableBlake2b:
        """A hash that has read nothing."""
        return ResumableBlake2b()

    def transform(self, scalars: bytes) -> bytes:
        """``sum_i scalar[i] w^(ij)`` for each j."""
        values = list(view_scalars(memoryview(scalars), "scalars"))
        return encode_scalars(transform(values, root_of_unity(len(values).bit_length() - 1)))

    def read_columns(self, r1cs: R1cs) -> ReferenceColumns:
        """Turn constraints into columns."""
        return ReferenceColumns(r1cs, self)


def make_bulk(curve: CurveBackend) -> ReferenceBulk:
    """With any curve: the native one is held equal to it in this way too."""
    return ReferenceBulk(curve)
