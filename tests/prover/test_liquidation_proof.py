"""Liquidations and a queue proved for real: what is said beside the claim is what a verifier takes."""

from dataclasses import replace
from pathlib import Path

import pytest

from circuits.statement import Statement
from circuits.statements.deleverage import Deleverage
from circuits.statements.deleverage import inputs_for as queue_inputs
from circuits.statements.liquidation import Liquidation, inputs_for
from facts.public_inputs import PublicInputs
from margin.policy import LiquidationRule
from prover.artifacts import Cache
from prover.proving import Prover
from snark.errors import RejectedError
from snark.groth16.formats.zkey import read_zkey
from snark.groth16.key_extraction import extract_verifying_key
from snark.groth16.keys import VerifyingKey
from snark.groth16.verify import verify_proof
from tests.circuits.statements.claims import SHALLOW, Depths
from tests.circuits.statements.deleverage_breaches import ENTRIES, simple_case
from tests.circuits.statements.liquidation_breaches import tiered_case

pytestmark = [pytest.mark.native, pytest.mark.slow]  # a key of 16,000 constraints is made


@pytest.fixture(scope="module")
def proving(circuit_cache: Path) -> tuple[Prover, VerifyingKey]:
    """The statement at its real size."""
    return prepare(Cache(circuit_cache), Liquidation())


def prepare(cache: Cache, statement: Statement) -> tuple[Prover, VerifyingKey]:
    """A prover with a key that was made for development, and what verifies its proofs."""
    artifact = cache.artifact(statement)
    zkey = cache.development_key(artifact)
    verifying = extract_verifying_key(read_zkey(zkey), allow_development_keys=True)
    return Prover.open(artifact, zkey, allow_development_keys=True), verifying


@pytest.mark.parametrize("rule", [LiquidationRule.LEAST, LiquidationRule.FULL, LiquidationRule.FRACTION])
def test_a_liquidation_and_what_is_said_of_it(proving: tuple[Prover, VerifyingKey], rule: LiquidationRule) -> None:
    prover, key = proving
    witness = tiered_case(rule, slippage=1).witness(depths=Depths())
    proof, inputs = prover.prove(inputs_for(witness))
    public = PublicInputs.of(inputs)
    assert public == witness.public_inputs()
    assert public.policy == witness.stated().encode()
    assert verify_proof(key, inputs, proof).is_for_development
    flows = witness.stated().flows
    for other in (replace(flows, penalty=flows.penalty + 1), replace(flows, returned=flows.returned + 1)):
        with pytest.raises(RejectedError):
            verify_proof(key, [*inputs[:-1], replace(witness.stated(), flows=other).encode()], proof)
    with pytest.raises(RejectedError):
        prover.prove(inputs_for(witness) | {"closed": witness.reduction.closed - 1})


def test_a_queue_and_what_is_said_of_it(circuit_cache: Path) -> None:
    prover, key = prepare(Cache(circuit_cache), Deleverage(ENTRIES, SHALLOW.book, SHALLOW.market))
    case = simple_case()
    witness = case.witness()
    proof, inputs = prover.prove(queue_inputs(witness))
    assert PublicInputs.of(inputs) == witness.public_inputs()
    assert verify_proof(key, inputs, proof).is_for_development
    turned = replace(witness.stated(), entries=witness.stated().entries[::-1])
    with pytest.raises(RejectedError):
        verify_proof(key, [*inputs[:-1], turned.encode()], proof)
    first, second, *_ = case.queue()
    with pytest.raises(RejectedError):
        prover.prove(queue_inputs(case.witness([second, first], [20, 10])))
