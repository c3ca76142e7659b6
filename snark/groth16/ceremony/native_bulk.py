"""Columns and secrets as the native module handles them: on all threads, without the interpreter lock."""

from collections.abc import Callable, Sequence
from typing import Final, Generic

from snark import _native
from snark.bn254.backend import CurveBackend
from snark.bn254.encoding import decode_g1, decode_g2, encode_g1, encode_g2
from snark.bn254.points import G1Point, G2Point
from snark.bn254.threads import require_threads
from snark.groth16.ceremony.bulk import MatrixColumn, Point, Raw, Secret
from snark.groth16.ceremony.derivation import SEED
from snark.r1cs.r1cs_file import R1cs


class NativeSecret:
    """A handle: the scalar stays behind it."""

    def __init__(self, handle: _native.Secret) -> None:
        self.handle = handle

    def invert(self) -> "NativeSecret":
        """``1 / x``."""
        return NativeSecret(self.handle.invert())

    def multiply_g1(self, point: G1Point) -> G1Point:
        """``[x] point``."""
        return decode_g1(self.handle.multiply_g1(encode_g1(point)))

    def multiply_g2(self, point: G2Point) -> G2Point:
        """``[x] point``."""
        return decode_g2(self.handle.multiply_g2(encode_g2(point)))


class NativeStream:
    """A handle: the seed and the state stay behind it."""

    def __init__(self, handle: _native.SecretStream) -> None:
        self.handle = handle

    def next_secret(self) -> NativeSecret:
        """The next scalar."""
        return NativeSecret(self.handle.next_secret())

    def next_g1(self) -> G1Point:
        """The next point of the first group."""
        return decode_g1(self.handle.next_g1())


def open_handle(secret: Secret) -> _native.Secret:
    """What stands behind a secret of this backend; there is no way here from an integer of Python."""
    if not isinstance(secret, NativeSecret):
        raise TypeError(secret)
    return secret.handle


class NativeGroup(Generic[Point]):
    """Columns of one group."""

    def __init__(
        self,
        threads: int,
        decode: Callable[[bytes], Point],
        add: Callable[[Point, Point], Point],
        *,
        second: bool,
    ) -> None:
        self.threads = threads
        self.add: Final[Callable[[Point, Point], Point]] = add
        self.decode: Final[Callable[[bytes], Point]] = decode
        self.group = _native.BulkGroup(second, threads, portable=False)
        self.sum_of_multiples = _native.sum_of_multiples_g2 if second else _native.sum_of_multiples_g1

    def multiply(self, points: Raw, factor: Secret, place: str, start: int) -> bytes:
        """Every point times the factor."""
        return self.group.multiply(bytes(points), open_handle(factor), None, start, place)

    def multiply_powers(self, points: Raw, first: Secret | None, ratio: Secret, place: str, start: int) -> bytes:
        """The point number i, counted from ``start``, times ``first ratio^i``."""
        handle = _native.Secret.one() if first is None else open_handle(first)
        return self.group.multiply(bytes(points), handle, open_handle(ratio), start, place)

    def subtract(self, left: Raw, right: Raw, place: str, start: int) -> bytes:
        """``left[i] - right[i]``."""
        return self.group.subtract(bytes(left), bytes(right), place, start)

    def combine(self, points: Raw, factors: bytes, place: str) -> Point:
        """``sum(factor * point)``; points have been checked, so that the place is not needed."""
        del place
        return self.decode(self.sum_of_multiples(bytes(points), factors, None, self.threads, portable=False))

    def require_points(self, points: Raw, place: str, start: int) -> None:
        """Every point is on its curve and in its subgroup, or infinity."""
        self.group.require_points(bytes(points), place, start)

    def interpolate(self, points: Raw, place: str, report: Callable[[int], None]) -> bytes:
        """``(1/n) sum_i w^(-ij) point[i]`` for each j."""
        return self.group.interpolate(bytes(points), place, report)

    def encode_evm(self, points: Raw, place: str, start: int) -> bytes:
        """Every point as EIP-196/197 have it."""
        return self.group.encode_evm(bytes(points), place, start)

    def compress(self, points: Raw, place: str, start: int) -> bytes:
        """Every point as the response of a first phase has it."""
        return self.group.compress(bytes(points), place, start)


class NativeColumns:
    """A constraint system, wire by wire, in native memory."""

    def __init__(self, r1cs: R1cs, bulk: "NativeBulk") -> None:
        header, section = r1cs.header, r1cs.constraint_section
        self.bulk = bulk
        self.rows = _native.ConstraintRows(
            bytes(section.data), header.wires, header.public, header.constraints, section.place
        )

    def encode_coefficients(self) -> bytes:
        """The terms of A and B as a key holds them for its prover."""
        return self.rows.coefficients()

    def combine_g1(self, columns: Sequence[MatrixColumn], begin: int, end: int) -> bytes:
        """For each of these wires ``sum(factor * point)`` over its terms in some matrices."""
        return self.bulk.g1.group.combine_rows(self.rows, columns, begin, end)

    def combine_g2(self, columns: Sequence[MatrixColumn], begin: int, end: int) -> bytes:
        """The same in the second group."""
        return self.bulk.g2.group.combine_rows(self.rows, columns, begin, end)


class NativeBulk:
    """Everything that takes long, on the threads that the curve was chosen with."""

    def __init__(self, curve: CurveBackend) -> None:
        threads = require_threads(curve.threads)
        self.g1: Final = NativeGroup(threads, decode_g1, curve.add_g1, second=False)
        self.g2: Final = NativeGroup(threads, decode_g2, curve.add_g2, second=True)

    def draw_stream(self) -> NativeStream:
        """A stream that the operating system's randomness seeds, once."""
        return NativeStream(_native.SecretStream.draw())

    def open_stream(self, seed: bytes) -> NativeStream:
        """The stream that a beacon names."""
        return NativeStream(_native.SecretStream.open(seed[: SEED.size]))

    def start_hash(self) -> _native.Blake2b:
        """A hash that has read nothing."""
        return _native.Blake2b()

    def transform(self, scalars: bytes) -> bytes:
        """``sum_i scalar[i] w^(ij)`` for each j."""
        return _native.transform_scalars(scalars)

    def read_columns(self, r1cs: R1cs) -> NativeColumns:
        """Turn constraints into columns."""
        return NativeColumns(r1cs, self)


def make_bulk(curve: CurveBackend) -> NativeBulk:
    """What belongs to the native curve."""
    return NativeBulk(curve)
