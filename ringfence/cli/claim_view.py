"""A proved claim in words: what it says, and all that it told."""

from facts.demand import Demand, ReleaseDemand
from margin.bounds import PPM
from margin.requirement import RequirementKind
from ringfence.cli.terminal import draw_facts, out
from verifier.claim import ProvedClaim


def report_claim(claim: ProvedClaim) -> dict[str, object]:
    """A claim as a program reads it."""
    values = zip(claim.inputs.names, claim.inputs.values, strict=True)
    return {
        "valid": True,
        "claim_id": claim.id,
        "key_id": claim.key_id,
        "development": claim.is_for_development,
        "proven": describe_claim(claim),
        "revealed": {name: str(value) for name, value in values},
    }


def show_claim(claim: ProvedClaim) -> None:
    """A claim for a person."""
    out.print(f"[green]valid[/green] under key {claim.key_id}", highlight=False)
    for sentence in describe_claim(claim):
        out.print(f"  {sentence}", highlight=False, markup=False)
    values = zip(claim.inputs.names, claim.inputs.values, strict=True)
    draw_facts("Revealed, and nothing else", {name: str(value) for name, value in values})


def describe_claim(claim: ProvedClaim) -> list[str]:
    """What the proof proves."""
    policy, locks = claim.demand.policy, len(claim.inputs.nullifiers)
    if isinstance(policy, ReleaseDemand):
        sentence = f"One lock of {policy.amount} smallest units of {policy.asset} in the domain {claim.demand.domain}"
        return [sentence, "is its prover's, and the nullifier is that of this lock", describe_place(claim.demand)]
    kind = "maintenance" if policy.requirement is RequirementKind.MAINTENANCE else "initial"
    sentences = [
        f"The equity of one isolated position in the book covers its {kind} requirement at this round's prices"
    ]
    if policy.shock_ppm:
        sentences.append(f"and still does after the mark has moved {percent(policy.shock_ppm)} against the position")
    if policy.buffer_ppm:
        sentences.append(f"with {percent(policy.buffer_ppm)} of the requirement on top")
    if locks:
        sentences.append(f"backed by {locks} {'lock' if locks == 1 else 'locks'} of the domain {claim.demand.domain}")
    if policy.least_basket_value:
        sentences.append(f"which count for at least {policy.least_basket_value} money units")
    return [*sentences, describe_place(claim.demand)]


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
