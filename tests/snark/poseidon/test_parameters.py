"""The parameters are those that the specification draws, and nobody's choice."""

import pytest

from snark.bn254.constants import GROUP_ORDER
from snark.errors import MisuseError, Reason
from snark.poseidon.grain import DISCARDED_BITS, Grain, describe_instance, register_bytes
from snark.poseidon.parameters import FULL_ROUNDS, draw_instance, partial_rounds_of, sboxes_of

WIDTHS = range(2, 18)


def plain_bits(start: list[int], count: int) -> list[int]:
    """The register by its definition, one bit at a time."""
    bits = list(start)
    while len(bits) < len(start) + count:
        bits.append(bits[-80] ^ bits[-67] ^ bits[-57] ^ bits[-42] ^ bits[-29] ^ bits[-18])
    return bits[len(start) :]


def test_an_instance_is_described_by_eighty_bits() -> None:
    bits = "".join(map(str, describe_instance(254, 3, 8, 57)))
    assert bits == "01" + "0000" + "000011111110" + "000000000011" + "0000001000" + "0000111001" + "1" * 30


def test_two_bytes_in_one_step_are_sixteen_steps() -> None:
    start = describe_instance(254, 9, 8, 63)
    source = register_bytes(start)
    drawn = [byte >> place & 1 for byte in (next(source) for _ in range(100)) for place in range(8)]
    assert drawn == plain_bits(start, 800)


def test_numbers_come_from_the_pairs_that_begin_with_one() -> None:
    bits = plain_bits(describe_instance(254, 5, 8, 60), 5000)[DISCARDED_BITS:]
    kept = [value for keep, value in zip(bits[::2], bits[1::2], strict=True) if keep]
    grain = Grain(modulus=GROUP_ORDER, width=5, full_rounds=8, partial_rounds=60)
    for place in range(4):
        expected = int("".join(map(str, kept[place * 254 : (place + 1) * 254])), 2)
        assert grain.draw_number() == expected


@pytest.mark.parametrize("width", WIDTHS)
def test_an_instance_has_the_shape_of_its_width(width: int) -> None:
    instance = draw_instance(width)
    assert len(instance.constants) == instance.rounds == FULL_ROUNDS + partial_rounds_of(width)
    assert {len(row) for row in instance.constants + instance.mixing} == {width}
    assert len(instance.mixing) == width
    assert all(0 <= value < GROUP_ORDER for row in instance.constants + instance.mixing for value in row)
    full = [number for number in range(instance.rounds) if instance.is_full(number)]
    assert full == [*range(4), *range(instance.rounds - 4, instance.rounds)]
    assert sboxes_of(width) == 8 * width + partial_rounds_of(width)


@pytest.mark.parametrize("width", [-1, 0, 1, 18, 1000])
def test_there_is_no_other_width(width: int) -> None:
    with pytest.raises(MisuseError) as refused:
        draw_instance(width)
    assert refused.value.reason is Reason.OUT_OF_BOUNDS


@pytest.mark.parametrize("width", [2, 3, 9])
def test_every_square_of_two_in_the_matrix_is_invertible(width: int) -> None:
    matrix = draw_instance(width).mixing
    for upper in range(width):
        for lower in range(upper):
            for left in range(width):
                for right in range(left):
                    crossed = matrix[upper][left] * matrix[lower][right] - matrix[upper][right] * matrix[lower][left]
                    assert crossed % GROUP_ORDER
