"""A packing has one element for each list of numbers, and one list for each element."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facts import packing
from facts.packing import Packing, join_sign, split_sign
from margin.errors import InternalError, MalformedError, Reason
from snark.bn254.constants import GROUP_ORDER
from tests.facts.refusals import refused

PACKINGS = {name: value for name, value in vars(packing).items() if isinstance(value, Packing)}
WIDTHS = {
    "PERP_BODY": 250,
    "CASH": 101,
    "MARKET_TERMS": 226,
    "FUNDING": 65,
    "REQUIREMENT_TERMS": 163,
    "ASSET_TERMS": 252,
    "INSTRUMENT_TERMS": 96,
    "OUTCOMES": 248,
    "LEG": 131,
    "HOLDINGS": 170,
    "ISOLATED_POSITION": 247,
    "POLICY": 141,
    "LIQUIDATION_TERMS": 188,
    "WALLET": 212,
    "SETTLEMENT": 201,
}
every_packing = pytest.mark.parametrize("packing", PACKINGS.values(), ids=PACKINGS)


def numbers(parts: Packing) -> st.SearchStrategy[dict[str, int]]:
    """Numbers for each part, often at the ends of its range."""
    return st.fixed_dictionaries(
        {name: st.sampled_from([0, 1, 2**bits - 1]) | st.integers(0, 2**bits - 1) for name, bits in parts.parts}
    )


def test_the_widths_are_those_of_the_documents() -> None:
    assert {name: value.bits for name, value in PACKINGS.items()} == WIDTHS


@every_packing
@settings(max_examples=20)
@given(data=st.data())
def test_what_is_packed_is_what_is_unpacked(packing: Packing, data: st.DataObject) -> None:
    values = data.draw(numbers(packing))
    element = packing.encode(values)
    assert element < 2**packing.bits < GROUP_ORDER
    assert packing.decode(element) == values


@every_packing
@settings(max_examples=20)
@given(data=st.data())
def test_packing_is_injective(packing: Packing, data: st.DataObject) -> None:
    one, other = data.draw(numbers(packing)), data.draw(numbers(packing))
    assert (packing.encode(one) == packing.encode(other)) == (one == other)


@every_packing
def test_a_part_beyond_its_width_is_refused(packing: Packing) -> None:
    zeros = dict.fromkeys(packing.widths, 0)
    for name, bits in packing.parts:
        for value in (2**bits, -1, GROUP_ORDER):
            found = refused(packing.encode, zeros | {name: value})
            assert found == (Reason.OUT_OF_BOUNDS, f"{packing.name}.{name}")
        for value in (True, 1.0, "1", None):
            found = refused(packing.encode, zeros | {name: value})
            assert found == (Reason.NOT_AN_INTEGER, f"{packing.name}.{name}")


@every_packing
def test_bits_beyond_the_last_part_are_refused(packing: Packing) -> None:
    for element in (2**packing.bits, GROUP_ORDER - 1, GROUP_ORDER, -1):
        assert refused(packing.decode, element) == (Reason.OUT_OF_BOUNDS, packing.name)


@every_packing
def test_every_part_has_to_be_there_and_no_other(packing: Packing) -> None:
    zeros = dict.fromkeys(packing.widths, 0)
    first = packing.parts[0][0]
    assert refused(packing.encode, zeros | {"another": 0}) == (Reason.UNKNOWN_FIELD, f"{packing.name}.another")
    del zeros[first]
    assert refused(packing.encode, zeros) == (Reason.MISSING_FIELD, f"{packing.name}.{first}")


def test_a_packing_fits_an_element() -> None:
    Packing("whole", (("all", 253),))
    for parts in ((("all", 254),), (("one", 1), ("one", 1)), (("none", 0),)):
        with pytest.raises(InternalError):
            Packing("broken", parts)


@given(st.integers())
def test_a_sign_has_one_spelling(value: int) -> None:
    assert join_sign(*split_sign(value), "value") == value


def test_there_is_no_negative_zero() -> None:
    with pytest.raises(MalformedError, match="negative zero"):
        join_sign(0, 1, "cash")
