"""Positions and markets between the domain and the wire: whatever arrives is checked here, once.

Amounts travel as decimal strings of whole money units, so a position is rounded against the trader
(``margin.transition.round_against_trader``) before it is sent; a fraction is refused and not rounded.
"""

from fractions import Fraction

from margin.contracts import Contract, ContractKind, Side
from margin.errors import MalformedError, MarginError, MisuseError, Reason
from margin.position import MarketState, Position
from margin.requirement import RequirementKind
from ringfence.v1 import margin_pb2
from ringfence.wire.elements import read_whole

SIDES = {margin_pb2.SIDE_LONG: Side.LONG, margin_pb2.SIDE_SHORT: Side.SHORT}
CONTRACT_KINDS = {
    margin_pb2.CONTRACT_KIND_LINEAR: ContractKind.LINEAR,
    margin_pb2.CONTRACT_KIND_INVERSE: ContractKind.INVERSE,
}
REQUIREMENT_KINDS = {
    margin_pb2.REQUIREMENT_KIND_INITIAL: RequirementKind.INITIAL,
    margin_pb2.REQUIREMENT_KIND_MAINTENANCE: RequirementKind.MAINTENANCE,
}
SIDE_NUMBERS = {side: number for number, side in SIDES.items()}
CONTRACT_KIND_NUMBERS = {kind: number for number, kind in CONTRACT_KINDS.items()}
REQUIREMENT_KIND_NUMBERS = {kind: number for number, kind in REQUIREMENT_KINDS.items()}


def write_position(position: Position) -> margin_pb2.Position:
    """A position as a message; what the message has no field for is refused, never left out."""
    if position.basket or position.leverage is not None:
        raise MisuseError(
            Reason.NOT_APPLICABLE, "position", found="a basket or a leverage", expected="a position with cash alone"
        )
    return margin_pb2.Position(
        side=SIDE_NUMBERS[position.side],
        size_lots=position.size,
        entry_notional=write_whole(position.entry_notional, "entry_notional"),
        cash=write_whole(position.cash, "cash"),
        funding_index_at_entry=str(position.funding_index),
    )


def read_position(message: margin_pb2.Position) -> Position:
    """A position from an unverified message."""
    try:
        if message.side not in SIDES:
            raise MalformedError(Reason.NOT_A_CHOICE, "side", found=message.side, expected="SIDE_LONG or SIDE_SHORT")
        return Position(
            side=SIDES[message.side],
            size=message.size_lots,
            entry_notional=Fraction(read_whole(message.entry_notional, "entry_notional")),
            cash=Fraction(read_whole(message.cash, "cash")),
            funding_index=read_whole(message.funding_index_at_entry, "funding_index_at_entry"),
        )
    except MarginError as error:
        raise error.under("position") from None


def write_market_state(market: MarketState) -> margin_pb2.MarketState:
    """A market as a message: an attested mark is a whole number of ticks."""
    return margin_pb2.MarketState(
        mark_ticks=int(write_whole(market.mark, "mark_ticks")),
        confidence_ticks=int(write_whole(market.confidence, "confidence_ticks")),
        funding_index=str(market.funding_index),
    )


def read_market_state(message: margin_pb2.MarketState) -> MarketState:
    """A market from an unverified message."""
    try:
        if message.confidence_ticks >= message.mark_ticks:
            raise MalformedError(
                Reason.OUT_OF_BOUNDS,
                "confidence_ticks",
                found=message.confidence_ticks,
                expected=f"below mark_ticks, {message.mark_ticks}",
            )
        return MarketState(
            mark=Fraction(message.mark_ticks),
            confidence=Fraction(message.confidence_ticks),
            funding_index=read_whole(message.funding_index, "funding_index"),
        )
    except MarginError as error:
        raise error.under("market_state") from None


def write_contract(contract: Contract) -> margin_pb2.Contract:
    """A contract as a message."""
    return margin_pb2.Contract(kind=CONTRACT_KIND_NUMBERS[contract.kind], multiplier=contract.multiplier)


def read_contract(message: margin_pb2.Contract) -> Contract:
    """A contract from an unverified message."""
    try:
        if message.kind not in CONTRACT_KINDS:
            raise MalformedError(Reason.NOT_A_CHOICE, "kind", found=message.kind, expected="linear or inverse")
        return Contract(CONTRACT_KINDS[message.kind], message.multiplier)
    except MarginError as error:
        raise error.under("contract") from None


def write_requirement_kind(kind: RequirementKind) -> margin_pb2.RequirementKind:
    """A kind of requirement as its number on the wire."""
    return REQUIREMENT_KIND_NUMBERS[kind]


def read_requirement_kind(number: int) -> RequirementKind:
    """A kind of requirement from an unverified number; "not said" is refused."""
    known = {int(each): kind for each, kind in REQUIREMENT_KINDS.items()}
    if number not in known:
        raise MalformedError(Reason.NOT_A_CHOICE, "requirement_kind", found=number, expected="initial or maintenance")
    return known[number]


def write_whole(value: Fraction, field: str) -> str:
    """The decimal digits of a whole number."""
    if value.denominator != 1:
        raise MisuseError(Reason.NOT_AN_INTEGER, field, found=value, expected="a whole number of its unit")
    return str(value.numerator)
