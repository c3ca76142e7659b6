"""Numbers go in exactly or not at all, and come out without loss."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from margin.amounts import (
    Rounding,
    count_steps,
    parse_decimal,
    parse_rate,
    render_exact,
    render_rounded,
    render_steps,
    round_to,
)
from margin.errors import LONGEST_ECHO, MalformedError, Reason

decimals = st.builds(lambda n, d: Fraction(n, 10**d), st.integers(-(10**30), 10**30), st.integers(0, 12))


@given(decimals)
def test_a_decimal_comes_back_as_it_went(value: Fraction) -> None:
    assert parse_decimal(render_exact(value), "value") == value


@given(st.fractions())
def test_what_does_not_end_is_a_ratio(value: Fraction) -> None:
    text = render_exact(value)
    assert Fraction(text) == value


@given(decimals, st.integers(0, 14))
def test_steps_are_counted_as_fractions_are(value: Fraction, digits: int) -> None:
    steps = value * 10**digits
    counted = count_steps(render_exact(value), digits)
    assert counted == (steps.numerator if steps.denominator == 1 else None)
    if counted is not None:
        assert render_steps(counted, digits) == render_exact(value)


@pytest.mark.parametrize(
    "text",
    ["", "+1", "01", "1.", ".5", "1e3", "NaN", "inf", "-", "1_0", " 1", "1\n", "１", "1" * 41, "0x1", "1,0"],  # noqa: RUF001
)
def test_anything_but_a_plain_decimal_is_refused(text: str) -> None:
    assert count_steps(text, 6) is None
    with pytest.raises(MalformedError) as refused:
        parse_decimal(text, "field")
    assert (refused.value.reason, refused.value.field) == (Reason.NOT_A_DECIMAL, "field")


@pytest.mark.parametrize("value", [1, 1.5, True, None, [], {}])
def test_anything_but_a_string_is_refused(value: object) -> None:
    with pytest.raises(MalformedError):
        parse_decimal(value, "field")
    with pytest.raises(MalformedError):
        parse_rate(value, "field")


@pytest.mark.parametrize("text", ["0.5%", "5000ppm", "0.005", "1/200"])
def test_a_rate_has_four_spellings(text: str) -> None:
    assert parse_rate(text, "rate") == Fraction(1, 200)


@pytest.mark.parametrize("text", ["5 %", "%", "1/0", "-1/2", "1/2%", "0.5 ppm", "1e-3", "one"])
def test_other_spellings_of_a_rate_are_refused(text: str) -> None:
    with pytest.raises(MalformedError) as refused:
        parse_rate(text, "rate")
    assert refused.value.reason is Reason.NOT_A_RATE


@given(st.fractions(), st.fractions(min_value=Fraction(1, 1000), max_value=1000))
def test_rounding_goes_where_it_is_told_and_less_than_a_unit(value: Fraction, unit: Fraction) -> None:
    down, up = round_to(value, unit, Rounding.DOWN), round_to(value, unit, Rounding.UP)
    assert down <= value <= up
    assert up - down in {0, unit}
    assert (down / unit).denominator == 1


def test_rounding_of_negative_numbers_is_by_direction_and_not_towards_zero() -> None:
    cent = Fraction(1, 100)
    assert render_rounded(Fraction(-1, 3), cent, Rounding.DOWN) == "-0.34"
    assert render_rounded(Fraction(-1, 3), cent, Rounding.UP) == "-0.33"


def test_an_error_repeats_no_flood() -> None:
    with pytest.raises(MalformedError) as refused:
        parse_decimal("9" * 10_000, "field")
    assert len(refused.value.found) < LONGEST_ECHO + 40
