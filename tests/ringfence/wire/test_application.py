"""What a verifier applied comes back as it went; an answer whose parts do not agree is none."""

from dataclasses import replace

import pytest

from facts.applied_transition import AppliedTransition, TransitionKind
from facts.deleverage import StatedDeleverage
from facts.demand import Demand
from facts.liquidation import LiquidationFlows, StatedLiquidation
from facts.log_entry import LoggedClaim
from facts.public_inputs import PublicInputs
from facts.transition import Flows, StatedTransition
from margin.deleverage import PnlBasis
from margin.errors import MalformedError, Reason
from ringfence.v1 import claim_pb2, verifier_service_pb2
from ringfence.wire.application import AppliedAnswer, read_application, write_application
from ringfence.wire.claim import Refusal, read_demand, read_place, write_demand, write_place, write_refusal
from tests.ringfence.wire.faults import taken
from tests.ringfence.wire.test_claim import A_PLACE, DEMAND
from tests.ringfence.wire.test_log import KEYS, Tree

CLAIM = LoggedClaim("ab" * 32, "cd" * 32, PublicInputs(1, 2, 3, 4, (5, 6, 7, 8), 9, 10))
ENTRY = AppliedTransition(TransitionKind.LIQUIDATION, is_for_development=True, moment=7, leaves=(12, 11), claim=CLAIM)
STATED: dict[str, StatedTransition | StatedLiquidation | StatedDeleverage] = {
    "transition": StatedTransition((1, 2), Flows(840, 1, 2, 3, -4)),
    "liquidation": StatedLiquidation(1, LiquidationFlows(840, 1, 2, -3, 4, 5, 6, 7)),
    "deleverage": StatedDeleverage(PnlBasis.MARK, 1, (2, 3)),
}


def answer() -> AppliedAnswer:
    return AppliedAnswer(ENTRY, Tree(b"one", ENTRY.encode(), b"three").receipt(1))


def test_what_was_applied_comes_back_as_it_went() -> None:
    sent = write_application(answer()).SerializeToString()
    found = read_application(verifier_service_pb2.ApplyTransitionResponse.FromString(sent), KEYS)
    assert found == answer()


def test_a_refusal_comes_back_and_nothing_beside_it() -> None:
    refusal = Refusal(8, "NULLIFIER_SPENT", "claim.public_inputs.nullifiers", "others")
    message = verifier_service_pb2.ApplyTransitionResponse(
        verdict=claim_pb2.VERDICT_REFUSED, refusal=write_refusal(refusal)
    )
    assert read_application(message, KEYS) == refusal
    for part in ("transition", "receipt"):
        more = verifier_service_pb2.ApplyTransitionResponse()
        more.CopyFrom(message)
        getattr(more, part).CopyFrom(getattr(write_application(answer()), part))
        with pytest.raises(MalformedError) as error:
            read_application(more, KEYS)
        assert error.value.field == part


@pytest.mark.parametrize("part", ["transition", "receipt"])
def test_both_parts_have_to_be_there(part: str) -> None:
    message = write_application(answer())
    message.ClearField(part)
    with pytest.raises(MalformedError) as error:
        read_application(message, KEYS)
    assert error.value.reason is Reason.MISSING_FIELD


@pytest.mark.parametrize(
    "changed",
    [
        replace(ENTRY, kind=TransitionKind.TRANSITION),
        replace(ENTRY, leaves=(11, 12)),
        replace(ENTRY, moment=8),
        replace(ENTRY, is_for_development=False),
        replace(ENTRY, claim=replace(CLAIM, id="ac" * 32)),
        replace(ENTRY, claim=replace(CLAIM, inputs=replace(CLAIM.inputs, nullifiers=(5, 6, 7, 9)))),
    ],
)
def test_the_message_says_what_the_log_says(changed: AppliedTransition) -> None:
    message = write_application(answer())
    message.transition.CopyFrom(write_application(replace(answer(), entry=changed)).transition)
    with pytest.raises(MalformedError) as error:
        read_application(message, KEYS)
    assert (error.value.reason, error.value.field) == (Reason.CONFLICTING_FIELDS, "transition")


@pytest.mark.parametrize("name", STATED)
def test_every_field_of_what_is_stated_is_refused_by_its_path(name: str) -> None:
    demand = Demand(STATED[name], DEMAND.domain, DEMAND.binding)
    amounts = {("liquidation.flows.slippage_ticks", how) for how in ("zero", "largest")}
    fine = A_PLACE | (amounts if name == "liquidation" else set())
    assert taken(write_demand(demand), lambda message: read_demand(message, "")) <= fine


def test_a_place_says_nothing_else() -> None:
    message = write_place(DEMAND.domain, DEMAND.binding)
    assert read_place(message) == (DEMAND.domain, DEMAND.binding)
    with pytest.raises(MalformedError) as error:
        read_place(write_demand(DEMAND))
    assert (error.value.reason, error.value.field) == (Reason.CONFLICTING_FIELDS, "demand.policy")
    with pytest.raises(MalformedError):
        read_place(claim_pb2.Demand())
