"""A demand as a document that is read again as the same demand: what is stated of a change, beside its claim."""

import json
from datetime import UTC, datetime

from facts.deleverage import StatedDeleverage
from facts.demand import DEMAND_FORMAT, Demand
from facts.liquidation import StatedLiquidation
from facts.transition import StatedTransition
from facts.transition_document import write_stated_deleverage, write_stated_liquidation, write_stated_transition
from margin.errors import MisuseError, Reason


def render_demand(demand: Demand) -> str:
    """The document of a change of positions."""
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
    if isinstance(demand.policy, StatedTransition):
        return {"transition": write_stated_transition(demand.policy)}
    if isinstance(demand.policy, StatedLiquidation):
        return {"liquidation": write_stated_liquidation(demand.policy)}
    if isinstance(demand.policy, StatedDeleverage):
        return {"deleverage": write_stated_deleverage(demand.policy)}
    raise MisuseError(Reason.NOT_APPLICABLE, "demand", found="another one", expected="a change of positions")
