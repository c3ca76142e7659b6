"""What is stated of positions that changed, as documents have it.

    [transition]
    leaves = ["1203...", "4711..."]

    [transition.flows]
    currency_id = 840
    paid_in = "5000000"
    paid_out = "0"
    fees = "0"
    settled = "-125"

Leaves are elements in decimal digits, and flows whole money units. Of a liquidation there is one ``leaf``, whose flows
have other names (``facts.liquidation``). An auto-deleverage moves no money: its ``entries`` stand in the order of the
queue, behind that of the ``bankrupt`` position.
"""

from fractions import Fraction
from typing import Final

from facts.bounds import CURRENCY_ID_BITS
from facts.deleverage import StatedDeleverage
from facts.liquidation import LiquidationFlows, StatedLiquidation
from facts.roots import parse_element
from facts.transition import Flows, StatedTransition
from margin.deleverage import PnlBasis
from margin.documents.reading import Fields
from margin.errors import MalformedError, Reason

LIQUIDATION_AMOUNTS: Final = ("basket", "slippage", "settled", "fee", "penalty", "returned", "gap")


def read_stated_transition(fields: Fields) -> StatedTransition:
    """A transition, checked to the last field."""
    with fields:
        leaves = read_elements(fields, "leaves")
        return StatedTransition(leaves, read_stated_flows(fields.inner("flows")))


def read_elements(fields: Fields, name: str) -> tuple[int, ...]:
    """A list of elements."""
    elements = fields.take_required(name, "a list of elements in decimal digits")
    if not isinstance(elements, list):
        raise MalformedError(Reason.NOT_A_LIST, name, found="something else", expected="a list of elements")
    return tuple(parse_element(each, f"{name}[{place}]") for place, each in enumerate(elements))


def read_stated_flows(fields: Fields) -> Flows:
    """What flowed."""
    with fields:
        return Flows(
            currency_id=fields.integer("currency_id", 1, 2**CURRENCY_ID_BITS - 1),
            **{name: read_money(fields, name) for name in ("paid_in", "paid_out", "fees", "settled")},
        )


def read_stated_liquidation(fields: Fields) -> StatedLiquidation:
    """A liquidation, checked to the last field."""
    with fields:
        leaf = parse_element(fields.take_required("leaf", "an element in decimal digits"), "leaf")
        with fields.inner("flows") as flows:
            currency_id = flows.integer("currency_id", 1, 2**CURRENCY_ID_BITS - 1)
            amounts = {name: read_money(flows, name) for name in LIQUIDATION_AMOUNTS}
            return StatedLiquidation(leaf, LiquidationFlows(currency_id, **amounts))


def write_stated_liquidation(stated: StatedLiquidation) -> dict[str, object]:
    """A liquidation as a document has it."""
    amounts = {name: str(getattr(stated.flows, name)) for name in LIQUIDATION_AMOUNTS}
    return {"leaf": str(stated.leaf), "flows": {"currency_id": stated.flows.currency_id, **amounts}}


def read_stated_deleverage(fields: Fields) -> StatedDeleverage:
    """An auto-deleverage, checked to the last field."""
    with fields:
        basis = fields.choice("basis", PnlBasis)
        bankrupt = parse_element(fields.take_required("bankrupt", "an element in decimal digits"), "bankrupt")
        return StatedDeleverage(basis, bankrupt, read_elements(fields, "entries"))


def write_stated_deleverage(stated: StatedDeleverage) -> dict[str, object]:
    """An auto-deleverage as a document has it."""
    entries = list(map(str, stated.entries))
    return {"basis": stated.basis.value, "bankrupt": str(stated.bankrupt), "entries": entries}


def read_money(fields: Fields, name: str) -> int:
    """Whole money units; none is 0."""
    amount = fields.decimal(name, Fraction(0))
    if amount.denominator != 1:
        raise MalformedError(Reason.NOT_ON_GRID, name, found="a part of a unit", expected="whole money units")
    return amount.numerator


def write_stated_transition(stated: StatedTransition) -> dict[str, object]:
    """A transition as a document has it."""
    return {"leaves": list(map(str, stated.leaves)), "flows": write_stated_flows(stated.flows)}


def write_stated_flows(flows: Flows) -> dict[str, object]:
    """What flowed as a document has it."""
    amounts = {name: str(getattr(flows, name)) for name in ("paid_in", "paid_out", "fees", "settled")}
    return {"currency_id": flows.currency_id, **amounts}
