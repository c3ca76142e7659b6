"""Columns of field elements: the quick check says what the slow one says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snark.bn254.constants import FIELD_MODULUS, GROUP_ORDER
from snark.bn254.points import G1Point
from snark.errors import MalformedError, Reason
from snark.r1cs.column import view_g1, view_scalars
from snark.r1cs.elements import find_not_canonical, require_canonical
from tests.snark.small_files import G1_ONE, element

around = st.one_of(
    st.integers(0, 2**256 - 1),
    st.integers(GROUP_ORDER - 3, FIELD_MODULUS + 3),
    st.integers(0x30 << 248, (0x31 << 248) + 1),
    st.sampled_from([0, 1, GROUP_ORDER - 1, GROUP_ORDER, FIELD_MODULUS - 1, FIELD_MODULUS, 2**256 - 1]),
)


@given(st.lists(around, max_size=12), st.sampled_from([GROUP_ORDER, FIELD_MODULUS]))
def test_the_first_that_is_not_canonical_is_found(values: list[int], modulus: int) -> None:
    column = memoryview(b"".join(map(element, values)))
    expected = next((index for index, value in enumerate(values) if value >= modulus), None)
    assert find_not_canonical(column, modulus) == expected


def test_the_value_that_is_refused_is_not_told() -> None:
    secret = 2**256 - 0xC0FFEE
    with pytest.raises(MalformedError) as refused:
        require_canonical(memoryview(element(1) + element(secret)), GROUP_ORDER, "column")
    assert refused.value.reason is Reason.F15_NOT_CANONICAL
    assert refused.value.field == "column[1]"
    assert str(secret) not in str(refused.value)
    assert f"{secret:x}" not in str(refused.value)


def test_a_column_is_cut_without_copying() -> None:
    column = view_scalars(memoryview(b"".join(map(element, range(10)))), "values")
    assert list(column[3:6]) == [3, 4, 5]
    assert (len(column), column[-1], list(column[20:])) == (10, 9, [])
    assert column[2:5].data.obj is column.data.obj
    with pytest.raises(IndexError):
        column[10]
    with pytest.raises(ValueError, match="one piece"):
        column[::2]


def test_a_column_tells_how_many_and_not_what() -> None:
    column = view_scalars(memoryview(element(123456789)), "values")
    assert "123456789" not in repr(column)
    assert "5bcd15" not in repr(column)


def test_points_are_decoded_when_they_are_asked_for() -> None:
    column = view_g1(memoryview(G1_ONE + bytes(64) + b"\xff" * 64), "points")
    assert column[0] == G1Point(1, 2)
    assert column[1].infinity
    with pytest.raises(Exception, match=r"points\[2\]"):
        column[2]
