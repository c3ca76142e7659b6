"""Whether a proof proves what this verifier demands, at facts that it knows. Nothing is remembered here.

The steps bear the numbers that they have wherever a claim is accepted:

    1  well formed          as many public inputs as a statement has, each an element, no nullifier twice
    2  key allowed          the caller names the ids that it trusts
    3  roots known          book, market and lock root are those given
    5  context is mine      domain, verifier, chain, contract, recipient and expiry are those demanded; it is not over
    6  policy suffices      the policy is the one demanded
    7  proof valid

A policy has to be the very one: a position that survives a larger move of the mark need not survive a smaller one where
a table has steps, so that no policy stands in for another. Where positions changed, leaves and flows stand in its
place: those that are stated are hashed anew and have to be those that were proved.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from facts.deleverage import StatedDeleverage
from facts.demand import Demand, ReleaseDemand, Said
from facts.liquidation import StatedLiquidation
from facts.policy import StatementPolicy
from facts.public_inputs import PublicInputs, identify_claim, unused_input
from facts.roots import Roots
from facts.transition import UNUSED_INPUTS, StatedTransition
from margin.errors import MarginError, Reason, RejectedError
from snark.errors import SnarkError
from snark.groth16.batch import BatchRejectedError, Claim, verify_batch
from snark.groth16.keys import VerifyingKey, require_pinned
from snark.groth16.proof import Proof, ProvedStatement
from snark.groth16.verify import verify_proof


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a claim is held against."""

    demand: Demand
    roots: Roots
    moment: int
    """Now, in seconds since 1970."""
    key_ids: Collection[str] | None = None
    """The keys that are trusted; None leaves it to the caller which key it gives."""


@dataclass(frozen=True, slots=True)
class CheckedClaim:
    """A claim that wants nothing but its proof; only ``check_claim`` makes one."""

    key: VerifyingKey
    inputs: PublicInputs
    unverified_proof: Proof
    demand: Demand

    @property
    def id(self) -> str:
        """The identity of the claim, whichever proof of it was shown."""
        return identify_claim(self.demand.domain_element, self.key.id, self.inputs)


@dataclass(frozen=True, slots=True)
class ProvedClaim:
    """A claim that was proved; only ``prove_claim`` and ``prove_claims`` make one."""

    id: str
    key_id: str
    is_for_development: bool
    inputs: PublicInputs
    demand: Demand


def verify_claim(
    key: VerifyingKey, unverified_values: Sequence[int], unverified_proof: Proof, expectation: Expectation
) -> ProvedClaim:
    """Raise ``RejectedError`` with the reason unless the proof proves what is demanded."""
    return prove_claim(check_claim(key, PublicInputs.of(unverified_values), unverified_proof, expectation))


def check_claim(
    key: VerifyingKey, inputs: PublicInputs, unverified_proof: Proof, expectation: Expectation
) -> CheckedClaim:
    """Steps 2 to 6, in their order: everything that costs little."""
    if expectation.key_ids is not None:
        require_pinned(key, expectation.key_ids)
    require_roots(inputs, expectation.roots, expectation.demand)
    require_context(inputs, expectation.demand, expectation.moment)
    require_policy(inputs, expectation.demand.policy)
    return CheckedClaim(key, inputs, unverified_proof, expectation.demand)


def prove_claim(claim: CheckedClaim) -> ProvedClaim:
    """Step 7."""
    return accept_statement(claim, verify_proof(claim.key, claim.inputs.values, claim.unverified_proof))


def prove_claims(claims: Sequence[CheckedClaim], threads: int = 1) -> list[ProvedClaim | SnarkError]:
    """Step 7 for many claims at once: each proved, or the reason why it is not."""
    batch = [Claim(claim.key, claim.inputs.values, claim.unverified_proof) for claim in claims]
    refusals: Mapping[int, SnarkError] = {}
    try:
        verify_batch(batch, threads=threads)
    except BatchRejectedError as error:
        refusals = error.refusals
    statements = (ProvedStatement(each.key.id, each.inputs.values, each.key.is_for_development) for each in claims)
    return [
        refusals[place] if place in refusals else accept_statement(claim, statement)
        for place, (claim, statement) in enumerate(zip(claims, statements, strict=True))
    ]


def accept_statement(claim: CheckedClaim, proved: ProvedStatement) -> ProvedClaim:
    """The claim of a statement that was proved."""
    return ProvedClaim(claim.id, claim.key.id, proved.is_for_development, claim.inputs, claim.demand)


def require_roots(inputs: PublicInputs, roots: Roots, demand: Demand) -> None:
    """Step 3: the roots are those that were signed; what a statement does not use says so."""
    wanted = {"book_root": roots.book, "market_root": roots.market, "lock_root": roots.lock}
    wanted |= {name: unused_input(name) for name in list_unused(inputs, demand.policy)}
    for name, root in wanted.items():
        require_value(Reason.WRONG_ROOT, name, getattr(inputs, name), root)


def list_unused(inputs: PublicInputs, said: Said) -> tuple[str, ...]:
    """What the statement that says this does not use."""
    match said:
        case ReleaseDemand():
            return ("book_root", "market_root", "position_tag")
        case StatedTransition() | StatedLiquidation() | StatedDeleverage():
            return UNUSED_INPUTS
        case StatementPolicy():
            return () if inputs.nullifiers else ("lock_root",)


def require_context(inputs: PublicInputs, demand: Demand, moment: int) -> None:
    """Step 5: the proof was made for this place, and for a time that is not over."""
    require_value(Reason.WRONG_CONTEXT, "context", inputs.context, demand.context)
    demand.binding.require_time_left(moment)


def require_policy(inputs: PublicInputs, policy: Said) -> None:
    """Step 6: what was proved is what was asked, or what is stated of a change."""
    if inputs.policy == policy.encode():
        return
    if isinstance(policy, StatedTransition | StatedLiquidation | StatedDeleverage):
        found, expected = "something else", describe_policy(policy)
        raise RejectedError(Reason.WRONG_TRANSITION, "policy", found=found, expected=expected)
    found, expected = describe_word(inputs.policy), describe_policy(policy)
    raise RejectedError(Reason.WRONG_POLICY, "policy", found=found, expected=expected)


def describe_word(word: int) -> str:
    """A policy that was found, if it is one."""
    try:
        return describe_policy(StatementPolicy.decode(word))
    except MarginError:
        return "no policy"


def describe_policy(policy: Said) -> str:
    """A policy on one line; of a change no amount is told."""
    if isinstance(policy, ReleaseDemand):
        return f"the release of {policy.amount} of {policy.asset}"
    if isinstance(policy, StatedTransition | StatedLiquidation):
        return "a change of positions to the leaves and with the flows that are stated"
    if isinstance(policy, StatedDeleverage):
        return "an auto-deleverage of the entries that are stated"
    numbers = f"shock {policy.shock_ppm} ppm, buffer {policy.buffer_ppm} ppm, basket {policy.least_basket_value}"
    return f"{policy.requirement.value}, {numbers}"


def require_value(reason: Reason, field: str, found: int, expected: int) -> None:
    """A public input has the value that it has to have."""
    if found != expected:
        raise RejectedError(reason, field, found=str(found), expected=str(expected))
