"""Verification of many: mixed keys, every kind of bad claim among good ones, threads, bounds."""

from dataclasses import replace

import pytest

from snark.bn254.backend import BackendName
from snark.bn254.constants import GROUP_ORDER
from snark.bn254.points import G1_INFINITY, G1Point
from snark.errors import MalformedError, MisuseError, Reason
from snark.groth16 import batch
from snark.groth16.batch import BatchRejectedError, Claim, verify_batch
from snark.groth16.equation import compute_coefficient
from snark.groth16.proof import ProvedStatement
from tests.snark.groth16.simulator import CURVE, Simulator, times_g1
from tests.snark.groth16.twist import TwistTorsion

SIMULATORS = [Simulator.of(0), Simulator.of(1), Simulator.of(3), Simulator.of(3, seed=1)]


def good_claim(number: int) -> Claim:
    simulator = SIMULATORS[number % len(SIMULATORS)]
    inputs = tuple((number + place) ** 9 % GROUP_ORDER for place in range(len(simulator.ic) - 1))
    return Claim(simulator.key, inputs, simulator.prove(inputs, number))


GOOD = [good_claim(number) for number in range(40)]


def spoiled(claim: Claim, way: Reason) -> Claim:
    """The claim, made bad in this way."""
    proof = claim.unverified_proof
    match way:
        case Reason.V10_INPUT_COUNT:
            return replace(claim, unverified_inputs=(*claim.unverified_inputs, 0))
        case Reason.V11_INPUT_OUT_OF_FIELD:
            return replace(claim, unverified_inputs=[value + GROUP_ORDER for value in claim.unverified_inputs])
        case Reason.V14_INFINITY:
            return replace(claim, unverified_proof=replace(proof, c=G1_INFINITY))
        case Reason.V15_OFF_CURVE:
            return replace(claim, unverified_proof=replace(proof, a=G1Point(1, 3)))
        case Reason.V16_OUTSIDE_SUBGROUP:
            return replace(claim, unverified_proof=replace(proof, b=TwistTorsion.SMALL.point()))
        case _:
            return replace(claim, unverified_proof=replace(proof, c=CURVE.add_g1(proof.c, times_g1(5))))


WAYS = [
    Reason.V10_INPUT_COUNT,
    Reason.V11_INPUT_OUT_OF_FIELD,
    Reason.V14_INFINITY,
    Reason.V15_OFF_CURVE,
    Reason.V16_OUTSIDE_SUBGROUP,
    Reason.V17_EQUATION_FAILS,
]


def test_a_small_batch_of_mixed_keys(backend: BackendName) -> None:
    claims = GOOD[1:3] if backend is BackendName.REFERENCE else GOOD[:12]
    expected = tuple(ProvedStatement(claim.key.id, tuple(claim.unverified_inputs)) for claim in claims)
    assert verify_batch(claims, backend=backend) == expected


@pytest.mark.slow
def test_a_batch_of_mixed_keys_by_one_equation(backend: BackendName) -> None:
    assert len(verify_batch(GOOD[:8], backend=backend)) == 8


def test_an_empty_batch_proves_nothing(backend: BackendName) -> None:
    assert verify_batch([], backend=backend) == ()


@pytest.mark.native
@pytest.mark.parametrize("threads", [1, 2, 3, 64])
def test_threads_change_nothing(threads: int) -> None:
    assert len(verify_batch(GOOD, threads=threads)) == len(GOOD)
    bad = [*GOOD[:17], spoiled(GOOD[17], Reason.V17_EQUATION_FAILS), *GOOD[18:]]
    with pytest.raises(BatchRejectedError) as caught:
        verify_batch(bad, threads=threads)
    assert list(caught.value.refusals) == [17]


@pytest.mark.native
def test_every_bad_claim_is_named_with_its_reason() -> None:
    claims = list(GOOD)
    expected = dict(zip((1, 5, 6, 11, 22, 39), WAYS, strict=True))
    for place, way in expected.items():
        claims[place] = spoiled(claims[place], way)
    with pytest.raises(BatchRejectedError) as caught:
        verify_batch(claims)
    assert {place: refusal.reason for place, refusal in caught.value.refusals.items()} == expected
    assert caught.value.reason is Reason.V18_BATCH_FAILS
    assert caught.value.under("request").field == "request.claims"


@pytest.mark.native
@pytest.mark.parametrize("way", WAYS[2:])
def test_a_batch_of_bad_claims_alone(way: Reason) -> None:
    with pytest.raises(BatchRejectedError) as caught:
        verify_batch([spoiled(claim, way) for claim in GOOD[:9]])
    assert {refusal.reason for refusal in caught.value.refusals.values()} == {way}
    assert len(caught.value.refusals) == 9


def test_bad_claims_on_the_reference() -> None:
    claims = [spoiled(GOOD[1], Reason.V14_INFINITY), spoiled(GOOD[1], Reason.V15_OFF_CURVE)]
    with pytest.raises(BatchRejectedError) as caught:
        verify_batch(claims, backend=BackendName.REFERENCE)
    reasons = [refusal.reason for refusal in caught.value.refusals.values()]
    assert reasons == [Reason.V14_INFINITY, Reason.V15_OFF_CURVE]


@pytest.mark.native
def test_a_claim_may_stand_in_a_batch_many_times() -> None:
    assert len(verify_batch([GOOD[3]] * 300)) == 300


def test_a_batch_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "MAX_CLAIMS", 3)
    with pytest.raises(MalformedError) as caught:
        verify_batch(GOOD[:4])
    assert caught.value.reason is Reason.V02_TOO_LARGE
    with pytest.raises(MisuseError):
        verify_batch(GOOD[:1], threads=0)


def test_coefficients_are_never_zero_and_never_the_same() -> None:
    data = [bytes(16), b"\xff" * 16, b"\1" + bytes(15), bytes(8) + b"\1" + bytes(7)]
    coefficients = {compute_coefficient(each) for each in data}
    assert len(coefficients) == len(data)
    assert 0 not in coefficients
    assert compute_coefficient(bytes(16)) == 2**64
