"""What is stated of positions that changed: where they are now, and what flowed."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from facts.bounds import CURRENCY_ID_BITS
from facts.deleverage import MOST_ENTRIES, StatedDeleverage
from facts.liquidation import SETTLED_BITS, LiquidationFlows, StatedLiquidation
from facts.transition import POSITIONS, Flows, StatedTransition
from margin.bounds import MONEY_BITS, PRICE_BITS
from margin.deleverage import PnlBasis
from ringfence.v1 import claim_pb2
from ringfence.wire.elements import (
    join,
    read_amount,
    read_choice,
    read_count,
    read_field_element,
    read_range,
    require_part,
    write_amount,
    write_field_element,
)

MOST_MONEY: Final = 2**MONEY_BITS - 1
MOST_SETTLED: Final = 2**SETTLED_BITS - 1
BASES: Final[Mapping[claim_pb2.ProfitBasis, PnlBasis]] = MappingProxyType(
    {claim_pb2.PROFIT_BASIS_ENTRY: PnlBasis.ENTRY, claim_pb2.PROFIT_BASIS_MARK: PnlBasis.MARK}
)
BASIS_NUMBERS: Final = MappingProxyType({basis: number for number, basis in BASES.items()})


def read_transition(message: claim_pb2.TransitionTerms, field: str) -> StatedTransition:
    """Where positions are after a change, and what flowed."""
    leaves = join(field, "leaves")
    read_count(message.leaves, leaves, POSITIONS, POSITIONS)
    require_part(message, "flows", field)
    first, second = (read_field_element(each, f"{leaves}[{place}]") for place, each in enumerate(message.leaves))
    return StatedTransition((first, second), read_flows(message.flows, join(field, "flows")))


def write_transition(stated: StatedTransition) -> claim_pb2.TransitionTerms:
    """A change as a message."""
    return claim_pb2.TransitionTerms(leaves=map(write_field_element, stated.leaves), flows=write_flows(stated.flows))


def read_flows(message: claim_pb2.Flows, field: str) -> Flows:
    """The money that flowed."""
    return Flows(
        currency_id=read_range(message.currency_id, join(field, "currency_id"), 1, 2**CURRENCY_ID_BITS - 1),
        paid_in=read_amount(message.paid_in, join(field, "paid_in"), 0, MOST_MONEY),
        paid_out=read_amount(message.paid_out, join(field, "paid_out"), 0, MOST_MONEY),
        fees=read_amount(message.fees, join(field, "fees"), 0, MOST_MONEY),
        settled=read_amount(message.settled, join(field, "settled"), -MOST_MONEY, MOST_MONEY),
    )


def write_flows(flows: Flows) -> claim_pb2.Flows:
    """The money that flowed as a message."""
    return claim_pb2.Flows(
        currency_id=flows.currency_id,
        paid_in=write_amount(flows.paid_in),
        paid_out=write_amount(flows.paid_out),
        fees=write_amount(flows.fees),
        settled=write_amount(flows.settled),
    )


def read_liquidation(message: claim_pb2.LiquidationTerms, field: str) -> StatedLiquidation:
    """Where a position is after a venue has reduced it, and what flowed."""
    leaf = read_field_element(message.leaf, join(field, "leaf"))
    require_part(message, "flows", field)
    return StatedLiquidation(leaf, read_liquidation_flows(message.flows, join(field, "flows")))


def write_liquidation(stated: StatedLiquidation) -> claim_pb2.LiquidationTerms:
    """A liquidation as a message."""
    return claim_pb2.LiquidationTerms(
        leaf=write_field_element(stated.leaf), flows=write_liquidation_flows(stated.flows)
    )


def read_liquidation_flows(message: claim_pb2.LiquidationFlows, field: str) -> LiquidationFlows:
    """The money that flowed."""
    return LiquidationFlows(
        currency_id=read_range(message.currency_id, join(field, "currency_id"), 1, 2**CURRENCY_ID_BITS - 1),
        basket=read_amount(message.basket, join(field, "basket"), 0, MOST_MONEY),
        slippage=read_range(message.slippage_ticks, join(field, "slippage_ticks"), 0, 2**PRICE_BITS - 1),
        settled=read_amount(message.settled, join(field, "settled"), -MOST_SETTLED, MOST_SETTLED),
        fee=read_amount(message.fee, join(field, "fee"), 0, MOST_MONEY),
        penalty=read_amount(message.penalty, join(field, "penalty"), 0, MOST_MONEY),
        returned=read_amount(message.returned, join(field, "returned"), 0, MOST_SETTLED),
        gap=read_amount(message.gap, join(field, "gap"), 0, MOST_SETTLED),
    )


def write_liquidation_flows(flows: LiquidationFlows) -> claim_pb2.LiquidationFlows:
    """The money that flowed as a message."""
    return claim_pb2.LiquidationFlows(
        currency_id=flows.currency_id,
        basket=write_amount(flows.basket),
        slippage_ticks=flows.slippage,
        settled=write_amount(flows.settled),
        fee=write_amount(flows.fee),
        penalty=write_amount(flows.penalty),
        returned=write_amount(flows.returned),
        gap=write_amount(flows.gap),
    )


def read_deleverage(message: claim_pb2.DeleverageTerms, field: str) -> StatedDeleverage:
    """Whose lots were closed against a bankrupt position."""
    entries = join(field, "entries")
    read_count(message.entries, entries, 1, MOST_ENTRIES)
    return StatedDeleverage(
        read_choice(message.basis, BASES, join(field, "basis")),
        read_field_element(message.bankrupt, join(field, "bankrupt")),
        tuple(read_field_element(each, f"{entries}[{place}]") for place, each in enumerate(message.entries)),
    )


def write_deleverage(stated: StatedDeleverage) -> claim_pb2.DeleverageTerms:
    """An auto-deleverage as a message."""
    return claim_pb2.DeleverageTerms(
        basis=BASIS_NUMBERS[stated.basis],
        bankrupt=write_field_element(stated.bankrupt),
        entries=map(write_field_element, stated.entries),
    )
