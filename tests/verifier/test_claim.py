"""The steps of verification in their order: whatever is wrong first is what is told."""

from dataclasses import replace
from pathlib import Path

import pytest

from facts.demand import Demand, read_demand
from facts.policy import StatementPolicy
from facts.public_inputs import PublicInputs, unused_input
from facts.roots import Roots
from margin.documents.reading import read_document
from margin.errors import MalformedError, MarginError, Reason, RejectedError
from margin.requirement import RequirementKind
from snark.errors import Reason as SnarkReason
from snark.errors import SnarkError
from snark.groth16.formats.zkey import read_zkey
from snark.groth16.key_extraction import extract_verifying_key
from snark.groth16.keys import VerifyingKey
from snark.groth16.proof import Proof
from verifier.claim import Expectation, verify_claim

EXAMPLES = Path(__file__).parents[2] / "examples"
DEMAND: Demand = read_demand(read_document(EXAMPLES / "proving" / "demand.toml"))
ROOTS = Roots(11, 12, 13)
EXPECTATION = Expectation(DEMAND, ROOTS, moment=DEMAND.binding.expiry - 1)


def some_inputs(**changes: int) -> PublicInputs:
    """Inputs that are what is expected, with changes, and without locks."""
    inputs = PublicInputs(11, 12, unused_input("lock_root"), 14, (), DEMAND.context, DEMAND.policy.encode())
    return replace(inputs, **changes)  # type: ignore[arg-type] # elements alone are changed


@pytest.fixture(scope="module")
def key() -> VerifyingKey:
    """A sound key of a circuit that has another number of public inputs."""
    return extract_verifying_key(read_zkey(EXAMPLES / "circuit" / "product.zkey"))


def refusal_of(
    key: VerifyingKey, values: list[int], expectation: Expectation = EXPECTATION
) -> MarginError | SnarkError:
    """How a claim is refused; the proof is one of nothing, so that it always is."""
    nothing = Proof(key.alpha, key.beta, key.alpha)
    with pytest.raises((MarginError, SnarkError)) as refusal:
        verify_claim(key, values, nothing, expectation)
    assert isinstance(refusal.value, MarginError | SnarkError)
    return refusal.value


def test_only_where_all_else_is_right_the_proof_is_looked_at(key: VerifyingKey) -> None:
    assert refusal_of(key, list(some_inputs().values)).reason is SnarkReason.V10_INPUT_COUNT


@pytest.mark.parametrize(
    ("changes", "reason", "field"),
    [
        ({"book_root": 15}, Reason.WRONG_ROOT, "book_root"),
        ({"market_root": 15}, Reason.WRONG_ROOT, "market_root"),
        ({"lock_root": 13}, Reason.WRONG_ROOT, "lock_root"),
        ({"context": 15}, Reason.WRONG_CONTEXT, "context"),
        ({"policy": 0}, Reason.WRONG_POLICY, "policy"),
        ({"policy": 2**200}, Reason.WRONG_POLICY, "policy"),
        ({"book_root": 15, "context": 15, "policy": 0}, Reason.WRONG_ROOT, "book_root"),
        ({"context": 15, "policy": 0}, Reason.WRONG_CONTEXT, "context"),
    ],
)
def test_what_is_wrong_first_is_told(key: VerifyingKey, changes: dict[str, int], reason: Reason, field: str) -> None:
    refusal = refusal_of(key, list(some_inputs(**changes).values))
    assert isinstance(refusal, RejectedError)
    assert (refusal.reason, refusal.field) == (reason, field)


def test_with_locks_the_root_of_locks_is_the_signed_one(key: VerifyingKey) -> None:
    inputs = some_inputs()
    with_lock = replace(inputs, nullifiers=(99,))
    assert refusal_of(key, list(with_lock.values)).field == "lock_root"
    assert refusal_of(key, list(replace(with_lock, lock_root=13).values)).reason is SnarkReason.V10_INPUT_COUNT


def test_a_key_is_one_of_those_that_are_trusted(key: VerifyingKey) -> None:
    pinned = replace(EXPECTATION, key_ids=["0" * 64])
    assert refusal_of(key, list(some_inputs().values), pinned).reason is SnarkReason.V23_KEY_NOT_PINNED


@pytest.mark.parametrize("late", [0, 1])
def test_what_is_over_is_over(key: VerifyingKey, late: int) -> None:
    over = replace(EXPECTATION, moment=DEMAND.binding.expiry + late)
    assert refusal_of(key, list(some_inputs().values), over).reason is Reason.EXPIRED


@pytest.mark.parametrize(
    "values", [[], [1] * 5, [1] * 30, [0, 12, 13, 14, 15, 16], [11, 12, 13, 14, -1, 16], [11, 12, 13, 14, 7, 7, 15, 16]]
)
def test_what_is_not_well_formed_is_malformed(key: VerifyingKey, values: list[int]) -> None:
    assert isinstance(refusal_of(key, values), MalformedError)


def test_no_policy_stands_in_for_another(key: VerifyingKey) -> None:
    stronger = StatementPolicy(RequirementKind.MAINTENANCE, shock_ppm=500_000, buffer_ppm=900_000)
    assert refusal_of(key, list(some_inputs(policy=stronger.encode()).values)).reason is Reason.WRONG_POLICY
