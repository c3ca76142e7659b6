"""A proved claim in words: what it says, and all that it told."""

from facts.demand_words import describe_demand
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
        "proven": describe_demand(claim.demand, len(claim.inputs.nullifiers)),
        "revealed": {name: str(value) for name, value in values},
    }


def show_claim(claim: ProvedClaim) -> None:
    """A claim for a person."""
    out.print(f"[green]valid[/green] under key {claim.key_id}", highlight=False)
    for sentence in describe_demand(claim.demand, len(claim.inputs.nullifiers)):
        out.print(f"  {sentence}", highlight=False, markup=False)
    values = zip(claim.inputs.names, claim.inputs.values, strict=True)
    draw_facts("Revealed, and nothing else", {name: str(value) for name, value in values})
