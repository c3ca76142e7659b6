"""Claims come back as they went, and nothing else is taken for one."""

import pytest
from hypothesis import given, settings

from facts.context import Binding
from facts.demand import Demand, ReleaseDemand
from facts.policy import StatementPolicy
from facts.public_inputs import PublicInputs
from margin.errors import MalformedError, Reason
from margin.requirement import RequirementKind
from ringfence.v1 import claim_pb2
from ringfence.wire.claim import (
    STEPS,
    Refusal,
    UnverifiedClaim,
    read_claim,
    read_demand,
    read_refusal,
    read_verdict,
    write_claim,
    write_demand,
    write_refusal,
)
from snark.bn254.constants import FIELD_MODULUS
from snark.bn254.points import G1Point, G2Point
from snark.groth16.proof import Proof
from tests.ringfence.wire.faults import taken
from tests.ringfence.wire.values import claims, demands, refusals

DEMAND = Demand(
    StatementPolicy(RequirementKind.MAINTENANCE, 50_000, 100, 7),
    "clearing.example",
    Binding("desk-1", 10, b"\x11" * 20, b"\x22" * 20, 1_800_000_000),
)
RELEASE = Demand(ReleaseDemand("eip155:1/slip44:60", 10**18), DEMAND.domain, DEMAND.binding)
INPUTS = PublicInputs(1, 2, 3, 4, (5, 6), 7, 8)
PROOF = Proof(G1Point(1, 2), G2Point((3, 4), (5, 6)), G1Point(7, 8))
CLAIM = write_claim("ab" * 32, INPUTS, PROOF, DEMAND)

A_PLACE = {
    *(
        (f"context.{name}", how)
        for name in ("destination_contract", "recipient")
        for how in ("shorter", "longer", "zeros")
    ),
    *((f"context.{name}", "padded") for name in ("domain", "verifier")),
    ("context.destination_chain_id", "largest"),
    ("context.expires_at_seconds", "largest"),
}
"""Names and addresses of any length are somebody's; what is in them the public inputs hold together."""
A_POLICY = {("policy.shock_ppm", "zero"), ("policy.buffer_ppm", "zero")}


@given(claims)
@settings(max_examples=50)
def test_claims_come_back_as_they_went(claim: UnverifiedClaim) -> None:
    sent = write_claim(claim.key_id, claim.inputs, claim.proof, claim.demand).SerializeToString()
    assert read_claim(claim_pb2.Claim.FromString(sent)) == claim


@given(demands)
@settings(max_examples=50)
def test_demands_come_back_and_commit_to_the_same(demand: Demand) -> None:
    came = read_demand(claim_pb2.Demand.FromString(write_demand(demand).SerializeToString()))
    assert came == demand
    assert came.policy.encode() == demand.policy.encode()


@given(refusals)
@settings(max_examples=50)
def test_refusals_come_back_as_they_went(refusal: Refusal) -> None:
    sent = write_refusal(refusal).SerializeToString()
    assert read_refusal(claim_pb2.Refusal.FromString(sent)) == refusal


def test_every_field_of_a_claim_is_refused_by_its_path() -> None:
    policy_is_a_word = {("public_inputs.policy", "zeros")}
    infinity = {("proof.points", "zeros")}  # a point like another here; step 7 refuses it
    demanded = {(f"demand.{path}", how) for path, how in A_PLACE | A_POLICY}
    assert taken(CLAIM, lambda message: read_claim(message, "")) == policy_is_a_word | infinity | demanded


def test_every_field_of_a_release_is_refused_by_its_path() -> None:
    message = write_demand(RELEASE)
    assert taken(message, lambda message: read_demand(message, "")) == A_PLACE | {("release.asset", "padded")}


def test_a_claim_names_its_place_in_the_request() -> None:
    message = claim_pb2.Claim.FromString(CLAIM.SerializeToString())
    message.public_inputs.nullifiers[1] = bytes(32)
    with pytest.raises(MalformedError) as refused:
        read_claim(message)
    assert refused.value.field == "claim.public_inputs.nullifiers[1]"


def test_nullifiers_are_bounded_and_different() -> None:
    message = claim_pb2.Claim.FromString(CLAIM.SerializeToString())
    message.public_inputs.nullifiers[1] = message.public_inputs.nullifiers[0]
    with pytest.raises(MalformedError) as refused:
        read_claim(message)
    assert (refused.value.field, refused.value.reason) == ("claim.public_inputs.nullifiers", Reason.DUPLICATE_FIELD)
    message.public_inputs.nullifiers.extend(number.to_bytes(32, "big") for number in (11, 12, 13))
    with pytest.raises(MalformedError) as refused:
        read_claim(message)
    assert (refused.value.field, refused.value.reason) == ("claim.public_inputs.nullifiers", Reason.WRONG_COUNT)


def test_a_coordinate_has_one_name() -> None:
    message = claim_pb2.Claim.FromString(CLAIM.SerializeToString())
    message.proof.points = (1 + FIELD_MODULUS).to_bytes(32, "big") + message.proof.points[32:]
    with pytest.raises(MalformedError) as refused:
        read_claim(message)
    assert refused.value.field == "claim.proof.points"


@pytest.mark.parametrize("amount", ["", "0", "-1", "+1", "01", "1.0", "1e3", " 1", "1_0", "１", str(2**128)])  # noqa: RUF001
def test_an_amount_has_one_spelling_and_a_bound(amount: str) -> None:
    message = write_demand(RELEASE)
    message.release.amount = amount
    with pytest.raises(MalformedError) as refused:
        read_demand(message)
    assert refused.value.field == "demand.release.amount"


def test_a_demand_that_says_nothing_is_refused() -> None:
    message = write_demand(DEMAND)
    message.ClearField("policy")
    with pytest.raises(MalformedError) as refused:
        read_demand(message)
    assert refused.value.field == "demand.says"


REFUSED = write_refusal(Refusal(7, "V17_EQUATION_FAILS", "claim.proof", "a proof of these inputs"))


def test_a_verdict_is_one_of_two_and_comes_with_what_belongs_to_it() -> None:
    assert read_verdict(claim_pb2.VERDICT_VALID, None) is None
    assert read_verdict(claim_pb2.VERDICT_REFUSED, REFUSED) == read_refusal(REFUSED)


@pytest.mark.parametrize(
    ("verdict", "refusal"),
    [
        (claim_pb2.VERDICT_UNSPECIFIED, None),
        (claim_pb2.VERDICT_UNSPECIFIED, REFUSED),
        (claim_pb2.VERDICT_VALID, REFUSED),
        (claim_pb2.VERDICT_REFUSED, None),
        (3, None),
    ],
)
def test_any_other_verdict_is_no_answer(verdict: claim_pb2.Verdict, refusal: claim_pb2.Refusal | None) -> None:
    with pytest.raises(MalformedError) as refused:
        read_verdict(verdict, refusal)
    assert refused.value.field == "verdict"


def test_a_refusal_is_refused_by_the_path_of_its_field() -> None:
    through = taken(REFUSED, lambda message: read_refusal(message, ""))
    assert through == {("field", "empty"), ("expected", "empty"), ("expected", "padded")}
    for step in range(1, STEPS + 1):
        assert read_refusal(write_refusal(Refusal(step, "A", "", ""))).step == step
