"""The wire carries positions and markets without loss, and refuses every other spelling."""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from margin.bounds import MAX_FUNDING_INDEX, MAX_MONEY, MAX_MULTIPLIER, MAX_PRICE, MAX_SIZE
from margin.contracts import Contract, ContractKind, Side
from margin.errors import MalformedError, MisuseError, Reason
from margin.position import MarketState, Position
from margin.requirement import RequirementKind
from ringfence.v1 import margin_pb2
from ringfence.wire import margin as margin_wire

indices = st.integers(-MAX_FUNDING_INDEX, MAX_FUNDING_INDEX)
positions = st.builds(
    Position,
    side=st.sampled_from(Side),
    size=st.integers(1, MAX_SIZE),
    entry_notional=st.integers(1, MAX_MONEY).map(Fraction),
    cash=st.integers(-MAX_MONEY, MAX_MONEY).map(Fraction),
    funding_index=indices,
)
markets = st.integers(1, MAX_PRICE).flatmap(
    lambda mark: st.builds(
        MarketState,
        mark=st.just(Fraction(mark)),
        confidence=st.integers(0, mark - 1).map(Fraction),
        funding_index=indices,
    )
)
POSITION = Position(Side.LONG, 5, Fraction(100), Fraction(-7))


@given(positions)
def test_positions_come_back_as_they_went(position: Position) -> None:
    sent = margin_wire.write_position(position).SerializeToString()
    assert margin_wire.read_position(margin_pb2.Position.FromString(sent)) == position


@given(markets)
def test_markets_come_back_as_they_went(market: MarketState) -> None:
    sent = margin_wire.write_market_state(market).SerializeToString()
    assert margin_wire.read_market_state(margin_pb2.MarketState.FromString(sent)) == market


@given(st.builds(Contract, st.sampled_from(ContractKind), st.integers(1, MAX_MULTIPLIER)))
def test_contracts_come_back_as_they_went(contract: Contract) -> None:
    assert margin_wire.read_contract(margin_wire.write_contract(contract)) == contract


def test_kinds_of_requirement_come_back_and_not_said_is_refused() -> None:
    for kind in RequirementKind:
        assert margin_wire.read_requirement_kind(margin_wire.write_requirement_kind(kind)) is kind
    with pytest.raises(MalformedError):
        margin_wire.read_requirement_kind(margin_pb2.REQUIREMENT_KIND_UNSPECIFIED)


@pytest.mark.parametrize("text", ["", "+1", "01", "-0", " 1", "1 ", "1.0", "1e3", "0x1", "1_0", "１", "--1", "9" * 41])  # noqa: RUF001
def test_other_spellings_of_a_number_are_refused(text: str) -> None:
    message = margin_wire.write_position(POSITION)
    message.cash = text
    with pytest.raises(MalformedError) as refused:
        margin_wire.read_position(message)
    assert refused.value.field == "position.cash"


def test_an_empty_message_is_refused() -> None:
    with pytest.raises(MalformedError):
        margin_wire.read_position(margin_pb2.Position())
    with pytest.raises(MalformedError):
        margin_wire.read_market_state(margin_pb2.MarketState())
    with pytest.raises(MalformedError):
        margin_wire.read_contract(margin_pb2.Contract())


def test_an_enum_of_a_later_version_is_refused() -> None:
    message = margin_wire.write_position(POSITION)
    message.side = 7  # type: ignore[assignment]
    with pytest.raises(MalformedError):
        margin_wire.read_position(message)


def test_bounds_hold_on_the_wire() -> None:
    message = margin_wire.write_position(POSITION)
    message.cash = str(MAX_MONEY + 1)
    with pytest.raises(MalformedError) as refused:
        margin_wire.read_position(message)
    assert refused.value.reason is Reason.OUT_OF_BOUNDS


def test_nothing_is_left_out_or_rounded_silently() -> None:
    for lossy in (replace(POSITION, leverage=Fraction(5)), replace(POSITION, cash=Fraction(1, 2))):
        with pytest.raises(MisuseError):
            margin_wire.write_position(lossy)
    with pytest.raises(MisuseError):
        margin_wire.write_market_state(MarketState(Fraction(1, 3)))
