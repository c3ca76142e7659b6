"""What a proof says that is made for a demand, as sentences for a person: before it is made, and when it holds."""

from facts.deleverage import StatedDeleverage
from facts.demand import Demand, ReleaseDemand
from facts.liquidation import StatedLiquidation
from facts.transition import StatedTransition
from margin.bounds import PPM
from margin.requirement import RequirementKind


def describe_demand(demand: Demand, locks: int) -> list[str]:
    """What a proof that counts so many locks proves."""
    policy = demand.policy
    if isinstance(policy, ReleaseDemand):
        sentence = f"One lock of {policy.amount} smallest units of {policy.asset} in the domain {demand.domain}"
        return [sentence, "is its prover's, and the nullifier is that of this lock", describe_place(demand)]
    if isinstance(policy, StatedTransition):
        return [*describe_transition(policy), describe_place(demand)]
    if isinstance(policy, StatedLiquidation):
        return [*describe_liquidation(policy), describe_place(demand)]
    if isinstance(policy, StatedDeleverage):
        return [*describe_deleverage(policy), describe_place(demand)]
    kind = "maintenance" if policy.requirement is RequirementKind.MAINTENANCE else "initial"
    sentences = [
        f"The equity of one isolated position in the book covers its {kind} requirement at this round's prices"
    ]
    if policy.shock_ppm:
        sentences.append(f"and still does after the mark has moved {percent(policy.shock_ppm)} against the position")
    if policy.buffer_ppm:
        sentences.append(f"with {percent(policy.buffer_ppm)} of the requirement on top")
    if locks:
        sentences.append(f"backed by {locks} {'lock' if locks == 1 else 'locks'} of the domain {demand.domain}")
    if policy.least_basket_value:
        sentences.append(f"which count for at least {policy.least_basket_value} money units")
    return [*sentences, describe_place(demand)]


def describe_transition(stated: StatedTransition) -> list[str]:
    """What a proof that positions changed proves."""
    flows = stated.flows
    return [
        "Up to two isolated positions of one owner in the book became those of the stated leaves",
        f"with {flows.paid_in} money units paid in, {flows.paid_out} paid out, {flows.fees} of fees",
        f"and {flows.settled} settled with the market, each new position holding its requirement",
    ]


def describe_liquidation(stated: StatedLiquidation) -> list[str]:
    """What a proof that a venue reduced a position proves."""
    flows = stated.flows
    return [
        "One isolated position of the book was breached at this round's prices and became that of the stated leaf",
        "with as many lots closed as its policy asks for, and not one more",
        f"with {flows.penalty} money units of penalty, {flows.fee} of fees, {flows.settled} settled with the market",
        f"{flows.returned} returned to its owner, and {flows.gap} paid by the insurance fund",
    ]


def describe_deleverage(stated: StatedDeleverage) -> list[str]:
    """What a proof of an auto-deleverage proves."""
    return [
        "One isolated position of the book was bankrupt at this round's prices, and all of its lots were closed",
        f"against the front of a queue of at most {len(stated.entries)} entries that stands in order of its scores,",
        f"with profit measured against the {stated.basis.value} notional",
    ]


def describe_place(demand: Demand) -> str:
    """Where the proof is good."""
    binding = demand.binding
    return (
        f"for {binding.verifier}, contract 0x{binding.contract.hex()} on chain {binding.chain_id}, "
        f"recipient 0x{binding.recipient.hex()}"
    )


def percent(ppm: int) -> str:
    """ppm as per cent, exactly."""
    return f"{ppm * 100 / PPM:g} %"
