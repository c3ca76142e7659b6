"""Columns of notionals in Rust against the same rule in Python."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from margin.bounds import MAX_MONEY, MAX_MULTIPLIER, MAX_PRICE, MAX_SIZE
from margin.errors import MalformedError, Reason

native = pytest.importorskip("margin._native", reason="the native module is not built: make native")
pytestmark = pytest.mark.native

ROWS = st.lists(st.tuples(st.integers(1, MAX_SIZE), st.integers(1, MAX_PRICE)), max_size=20)


@given(rows=ROWS, multiplier=st.integers(1, MAX_MULTIPLIER))
def test_a_column_is_the_product_of_each_row_or_refused(rows: list[tuple[int, int]], multiplier: int) -> None:
    sizes, prices = [size for size, _ in rows], [price for _, price in rows]
    expected = [size * price * multiplier for size, price in rows]
    if any(value > MAX_MONEY for value in expected):
        with pytest.raises(MalformedError):
            native.notionals(sizes, prices, multiplier)
    else:
        assert native.notionals(sizes, prices, multiplier) == expected


def test_the_bound_itself_is_allowed_and_one_lot_more_is_not() -> None:
    assert native.notionals([2**50], [2**50], 1) == [MAX_MONEY]
    with pytest.raises(MalformedError) as refused:
        native.notionals([1, 2**50 + 1], [1, 2**50], 1)
    assert (refused.value.reason, refused.value.field) == (Reason.OUT_OF_BOUNDS, "[1].notional")


def test_columns_of_different_lengths_are_refused() -> None:
    with pytest.raises(MalformedError) as refused:
        native.notionals([1, 2], [1], 1)
    assert (refused.value.reason, refused.value.found, refused.value.expected) == (Reason.WRONG_COUNT, "1", "2")


@pytest.mark.parametrize("size", [-1, 2**64, 0.5, "1", None])
def test_what_is_not_a_whole_number_of_64_bits_is_refused(size: object) -> None:
    with pytest.raises((TypeError, OverflowError)):
        native.notionals([size], [1], 1)
