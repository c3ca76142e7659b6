"""Claims, what is demanded of them, and how they were answered."""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from facts.bounds import CHAIN_ID_BITS
from facts.context import MAX_ADDRESS_BYTES, MAX_VERIFIER_BYTES, Binding
from facts.deleverage import StatedDeleverage
from facts.demand import Demand, ReleaseDemand
from facts.liquidation import StatedLiquidation
from facts.packing import PPM_BITS
from facts.policy import MAX_SHOCK_PPM, StatementPolicy
from facts.public_inputs import AFTER_NULLIFIERS, BEFORE_NULLIFIERS, PublicInputs
from facts.transition import StatedTransition
from margin.bounds import MAX_AMOUNT, MAX_HOLDINGS, MONEY_BITS
from margin.errors import MalformedError, Reason
from ringfence.v1 import claim_pb2
from ringfence.wire.elements import (
    join,
    read_amount,
    read_bytes,
    read_choice,
    read_count,
    read_field_element,
    read_identity,
    read_moment,
    read_range,
    read_text,
    reading,
    require_part,
    write_amount,
    write_field_element,
    write_identity,
    write_moment,
)
from ringfence.wire.margin import REQUIREMENT_KIND_NUMBERS, REQUIREMENT_KINDS
from ringfence.wire.stated import (
    read_deleverage,
    read_liquidation,
    read_transition,
    write_deleverage,
    write_liquidation,
    write_transition,
)
from snark.groth16.formats.calldata import PROOF_BYTES, decode_proof
from snark.groth16.proof import Proof

STEPS: Final = 9
"""Of acceptance, by their numbers."""
REASON: Final = re.compile(r"[A-Z][A-Z0-9_]{0,63}", re.ASCII)
FIELD_PATH: Final = re.compile(r"[A-Za-z0-9_.\[\]-]{0,200}", re.ASCII)
LONGEST_EXPECTED: Final = 400


@dataclass(frozen=True)
class UnverifiedClaim:
    """A claim that can be read; nothing in it is believed before it was verified."""

    key_id: str
    values: tuple[int, ...]
    """The public inputs in their order."""
    proof: Proof
    demand: Demand

    @cached_property
    def inputs(self) -> PublicInputs:
        """The public inputs by their names."""
        return PublicInputs.of(self.values)


@dataclass(frozen=True, slots=True)
class Refusal:
    """The step that said no to a claim, and why."""

    step: int
    reason: str
    field: str
    expected: str


def read_claim(message: claim_pb2.Claim, field: str = "claim") -> UnverifiedClaim:
    """A claim, whole and well formed."""
    for part in ("public_inputs", "proof", "demand"):
        require_part(message, part, field)
    return UnverifiedClaim(
        key_id=read_identity(message.key_id, join(field, "key_id")),
        values=read_public_inputs(message.public_inputs, join(field, "public_inputs")).values,
        proof=read_proof(message.proof, join(field, "proof")),
        demand=read_demand(message.demand, join(field, "demand")),
    )


def write_claim(key_id: str, inputs: PublicInputs, proof: Proof, demand: Demand) -> claim_pb2.Claim:
    """A claim as a message."""
    return claim_pb2.Claim(
        key_id=write_identity(key_id),
        public_inputs=write_public_inputs(inputs),
        proof=claim_pb2.Proof(points=proof.encode()),
        demand=write_demand(demand),
    )


def read_public_inputs(message: claim_pb2.PublicInputs, field: str) -> PublicInputs:
    """The public inputs; zero is none of them but a policy."""
    nullifiers = join(field, "nullifiers")
    read_count(message.nullifiers, nullifiers, 0, MAX_HOLDINGS)
    values = {
        name: read_field_element(getattr(message, name), join(field, name), may_be_zero=name == "policy")
        for name in (*BEFORE_NULLIFIERS, *AFTER_NULLIFIERS)
    }
    numbered = enumerate(message.nullifiers)
    spent = tuple(read_field_element(each, f"{nullifiers}[{place}]") for place, each in numbered)
    with reading(nullifiers):
        return PublicInputs(nullifiers=spent, **values)


def write_public_inputs(inputs: PublicInputs) -> claim_pb2.PublicInputs:
    """The public inputs as a message."""
    return claim_pb2.PublicInputs(
        book_root=write_field_element(inputs.book_root),
        market_root=write_field_element(inputs.market_root),
        lock_root=write_field_element(inputs.lock_root),
        position_tag=write_field_element(inputs.position_tag),
        nullifiers=map(write_field_element, inputs.nullifiers),
        context=write_field_element(inputs.context),
        policy=write_field_element(inputs.policy),
    )


def read_proof(message: claim_pb2.Proof, field: str) -> Proof:
    """Three points with coordinates below p; that they are on their curves is for the verification to say."""
    points = join(field, "points")
    read_bytes(message.points, points, PROOF_BYTES, PROOF_BYTES)
    with reading(points):
        return decode_proof(message.points)


# --- What is demanded ------------------------------------------------------------------------------------


def read_demand(message: claim_pb2.Demand, field: str = "demand") -> Demand:
    """What is demanded: a policy, a release or a change of positions, and a place."""
    require_part(message, "context", field)
    domain, binding = read_context(message.context, join(field, "context"))
    match message.WhichOneof("says"):
        case "policy":
            return Demand(read_policy(message.policy, join(field, "policy")), domain, binding)
        case "release":
            return Demand(read_release(message.release, join(field, "release")), domain, binding)
        case "transition":
            return Demand(read_transition(message.transition, join(field, "transition")), domain, binding)
        case "liquidation":
            return Demand(read_liquidation(message.liquidation, join(field, "liquidation")), domain, binding)
        case "deleverage":
            return Demand(read_deleverage(message.deleverage, join(field, "deleverage")), domain, binding)
        case _:
            expected = "a policy, a release or a change of positions"
            raise MalformedError(Reason.MISSING_FIELD, join(field, "says"), found="nothing", expected=expected)


def read_place(message: claim_pb2.Demand, field: str = "demand") -> tuple[str, Binding]:
    """The place of a demand that says nothing else: what is proved follows from what is done."""
    require_part(message, "context", field)
    if said := message.WhichOneof("says"):
        expected = "a context alone"
        raise MalformedError(Reason.CONFLICTING_FIELDS, join(field, said), found="a demand", expected=expected)
    return read_context(message.context, join(field, "context"))


def write_place(domain: str, binding: Binding) -> claim_pb2.Demand:
    """A place as a demand that says nothing else."""
    return claim_pb2.Demand(context=write_context(domain, binding))


def write_demand(demand: Demand) -> claim_pb2.Demand:
    """A demand as a message."""
    context = write_context(demand.domain, demand.binding)
    match demand.policy:
        case ReleaseDemand(asset, amount):
            terms = claim_pb2.ReleaseTerms(asset=asset, amount=write_amount(amount))
            return claim_pb2.Demand(release=terms, context=context)
        case StatedTransition() as stated:
            return claim_pb2.Demand(transition=write_transition(stated), context=context)
        case StatedLiquidation() as stated:
            return claim_pb2.Demand(liquidation=write_liquidation(stated), context=context)
        case StatedDeleverage() as stated:
            return claim_pb2.Demand(deleverage=write_deleverage(stated), context=context)
        case policy:
            return claim_pb2.Demand(policy=write_policy(policy), context=context)


def read_policy(message: claim_pb2.StatementPolicy, field: str) -> StatementPolicy:
    """What a proof has to say of a position."""
    value = join(field, "least_basket_value")
    return StatementPolicy(
        requirement=read_choice(message.requirement, REQUIREMENT_KINDS, join(field, "requirement")),
        shock_ppm=read_range(message.shock_ppm, join(field, "shock_ppm"), 0, MAX_SHOCK_PPM),
        buffer_ppm=read_range(message.buffer_ppm, join(field, "buffer_ppm"), 0, 2**PPM_BITS - 1),
        least_basket_value=read_amount(message.least_basket_value, value, 0, 2**MONEY_BITS - 1),
    )


def write_policy(policy: StatementPolicy) -> claim_pb2.StatementPolicy:
    """A policy as a message."""
    return claim_pb2.StatementPolicy(
        requirement=REQUIREMENT_KIND_NUMBERS[policy.requirement],
        shock_ppm=policy.shock_ppm,
        buffer_ppm=policy.buffer_ppm,
        least_basket_value=write_amount(policy.least_basket_value),
    )


def read_release(message: claim_pb2.ReleaseTerms, field: str) -> ReleaseDemand:
    """Which lock is to be paid out."""
    asset = read_text(message.asset, join(field, "asset"))
    return ReleaseDemand(asset, read_amount(message.amount, join(field, "amount"), 1, MAX_AMOUNT))


def read_context(message: claim_pb2.Context, field: str) -> tuple[str, Binding]:
    """The registry of nullifiers, and the place."""
    chain_id = join(field, "destination_chain_id")
    contract = join(field, "destination_contract")
    binding = Binding(
        verifier=read_text(message.verifier, join(field, "verifier"), MAX_VERIFIER_BYTES),
        chain_id=read_range(message.destination_chain_id, chain_id, 1, 2**CHAIN_ID_BITS - 1),
        contract=read_bytes(message.destination_contract, contract, 1, MAX_ADDRESS_BYTES),
        recipient=read_bytes(message.recipient, join(field, "recipient"), 1, MAX_ADDRESS_BYTES),
        expiry=read_moment(message.expires_at_seconds, join(field, "expires_at_seconds")),
    )
    return read_text(message.domain, join(field, "domain")), binding


def write_context(domain: str, binding: Binding) -> claim_pb2.Context:
    """A place as a message."""
    return claim_pb2.Context(
        domain=domain,
        verifier=binding.verifier,
        destination_chain_id=binding.chain_id,
        destination_contract=binding.contract,
        recipient=binding.recipient,
        expires_at_seconds=write_moment(binding.expiry),
    )


# --- How it was answered ---------------------------------------------------------------------------------


def read_refusal(message: claim_pb2.Refusal, field: str = "refusal") -> Refusal:
    """Why a claim was refused."""
    if not REASON.fullmatch(message.reason):
        expected = "1 to 64 capitals, digits and _"
        raise MalformedError(Reason.NOT_READABLE, join(field, "reason"), found=message.reason, expected=expected)
    if not FIELD_PATH.fullmatch(message.field):
        expected = "the path of a field"
        raise MalformedError(Reason.NOT_READABLE, join(field, "field"), found=message.field, expected=expected)
    if len(message.expected) > LONGEST_EXPECTED:
        found, expected = f"{len(message.expected)} characters", f"at most {LONGEST_EXPECTED}"
        raise MalformedError(Reason.OUT_OF_BOUNDS, join(field, "expected"), found=found, expected=expected)
    step = read_range(message.step, join(field, "step"), 1, STEPS)
    return Refusal(step, message.reason, message.field, message.expected)


def write_refusal(refusal: Refusal) -> claim_pb2.Refusal:
    """A refusal as a message."""
    return claim_pb2.Refusal(
        step=refusal.step, reason=refusal.reason, field=refusal.field, expected=refusal.expected[:LONGEST_EXPECTED]
    )


def read_verdict(verdict: claim_pb2.Verdict, refusal: claim_pb2.Refusal | None) -> Refusal | None:
    """Why a claim was refused, or None where it holds; an answer that says neither, or both, is none."""
    if verdict == claim_pb2.VERDICT_VALID and refusal is None:
        return None
    if verdict == claim_pb2.VERDICT_REFUSED and refusal is not None:
        return read_refusal(refusal)
    expected = "VERDICT_VALID without a refusal, or VERDICT_REFUSED with one"
    raise MalformedError(Reason.NOT_A_CHOICE, "verdict", found=int(verdict), expected=expected)


def write_verdict(refusal: Refusal | None) -> claim_pb2.Verdict:
    """What an answer says besides its refusal, if it has one."""
    return claim_pb2.VERDICT_VALID if refusal is None else claim_pb2.VERDICT_REFUSED
