"""Items of one size side by side in a file, each decoded when it is asked for."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar, overload

from snark.bn254.constants import FIELD_BYTES, FIELD_MODULUS
from snark.bn254.encoding import G1_BYTES, G2_BYTES, decode_g1, decode_g2
from snark.bn254.points import G1Point, G2Point
from snark.r1cs.elements import require_canonical

T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Column(Sequence[T_co], Generic[T_co]):
    """A window on items of one size; its representation tells how many they are and not what they are."""

    data: memoryview = field(repr=False)
    size: int
    decode: Callable[[bytes, str], T_co] = field(repr=False, compare=False)
    place: str

    def __len__(self) -> int:
        return len(self.data) // self.size

    @overload
    def __getitem__(self, index: int) -> T_co: ...

    @overload
    def __getitem__(self, index: slice) -> "Column[T_co]": ...

    def __getitem__(self, index: int | slice) -> "T_co | Column[T_co]":
        if isinstance(index, slice):
            start, stop, step = index.indices(len(self))
            if step != 1:
                raise ValueError("a column is cut in one piece")
            return Column(
                self.data[start * self.size : max(start, stop) * self.size], self.size, self.decode, self.place
            )
        return self.decode(self.raw(index), f"{self.place}[{index}]")

    def __iter__(self) -> Iterator[T_co]:
        return (self[index] for index in range(len(self)))

    def raw(self, index: int) -> bytes:
        """The bytes of one item."""
        start = range(len(self))[index] * self.size
        return bytes(self.data[start : start + self.size])


def view_g1(data: memoryview, place: str) -> Column[G1Point]:
    """Points of the first group as ``.zkey`` and ``.ptau`` hold them; on no curve until a backend has checked."""
    return Column(data, G1_BYTES, decode_g1, place)


def view_g2(data: memoryview, place: str) -> Column[G2Point]:
    """Points of the second group as ``.zkey`` and ``.ptau`` hold them; on no curve until a backend has checked."""
    return Column(data, G2_BYTES, decode_g2, place)


def view_scalars(data: memoryview, place: str) -> Column[int]:
    """Scalars as ``.wtns`` holds them."""
    return Column(data, FIELD_BYTES, lambda element, _place: int.from_bytes(element, "little"), place)


def require_canonical_points(points: Column[G1Point] | Column[G2Point]) -> None:
    """Every coordinate of every point is below p; nothing is decoded."""
    require_canonical(points.data, FIELD_MODULUS, f"{points.place}, coordinates")
