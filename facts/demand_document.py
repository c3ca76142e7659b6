"""A demand as a document that is read again as the same demand, to lie beside the claim that was made for it."""

import json
from datetime import UTC, datetime

from facts.deleverage import StatedDeleverage
from facts.demand import DEMAND_FORMAT, MONEY_UNIT, Demand, ReleaseDemand
from facts.liquidation import StatedLiquidation
from facts.policy import StatementPolicy
from facts.transition import StatedTransition
from facts.transition_document import write_stated_deleverage, write_stated_liquidation, write_stated_transition
from margin.amounts import render_exact


def render_demand(demand: Demand) -> str:
    """The document; money is that of a market which settles in a quote currency, as where nothing else is known."""
    binding = demand.binding
    context = {
        "domain": demand.domain,
        "verifier": binding.verifier,
        "chain_id": binding.chain_id,
        "contract": f"0x{binding.contract.hex()}",
        "recipient": f"0x{binding.recipient.hex()}",
        "expires": datetime.fromtimestamp(binding.expiry, UTC).isoformat(),
    }
    return json.dumps({"format": DEMAND_FORMAT, **write_stated(demand), "context": context}, indent=2) + "\n"


def write_stated(demand: Demand) -> dict[str, object]:
    """What is stated, in its table."""
    match demand.policy:
        case StatementPolicy() as policy:
            return {"policy": write_policy(policy)}
        case ReleaseDemand(asset, amount):
            return {"release": {"asset": asset, "amount": str(amount)}}
        case StatedTransition() as stated:
            return {"transition": write_stated_transition(stated)}
        case StatedLiquidation() as stated:
            return {"liquidation": write_stated_liquidation(stated)}
        case StatedDeleverage() as stated:
            return {"deleverage": write_stated_deleverage(stated)}


def write_policy(policy: StatementPolicy) -> dict[str, str]:
    """The policy of a statement."""
    return {
        "requirement": policy.requirement.value,
        "shock": f"{policy.shock_ppm}ppm",
        "buffer": f"{policy.buffer_ppm}ppm",
        "least_basket_value": render_exact(policy.least_basket_value * MONEY_UNIT),
    }
