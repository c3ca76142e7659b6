"""The contract that a verifying key becomes, in a real EVM: it says what our verifier says, for less than snarkjs's."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from snark.bn254.backend import BackendName
from snark.bn254.constants import FIELD_BYTES, GROUP_ORDER
from snark.groth16.formats.solidity import write_solidity_verifier
from snark.groth16.formats.zkey import read_zkey
from snark.groth16.key_extraction import extract_verifying_key
from tests.interop.contracts import Call, execute, needs_evm, select
from tests.interop.snarkjs import needs_snarkjs, run_snarkjs
from tests.snark.groth16.mutations import EVERY, KEY, WORD, WORDS, Case, judge, mutate, prove, statement
from tests.snark.groth16.small_circuits import make_circuit
from tests.snark.groth16.trapdoor import Trapdoor

pytestmark = [pytest.mark.slow, pytest.mark.native, needs_evm]

OURS, THEIRS = "Groth16Verifier", "Snarkjs"
MUTATIONS = 300
YES, NO = (value.to_bytes(FIELD_BYTES, "big") for value in (1, 0))


def require_proof(count: int, data: bytes, inputs: Sequence[int]) -> Call:
    return Call(OURS, select(f"requireProof(uint256[8],uint256[{count}])") + data + encode(inputs))


def verify_proof(contract: str, count: int, data: bytes, inputs: Sequence[int]) -> Call:
    signature = f"verifyProof(uint256[2],uint256[2][2],uint256[2],uint256[{count}])"
    return Call(contract, select(signature) + data + encode(inputs))


def encode(inputs: Sequence[int]) -> bytes:
    return b"".join(value.to_bytes(FIELD_BYTES, "big") for value in inputs)


def reasons(case: Case) -> set[bytes]:
    """The errors that fit what our verifier says of a case."""
    large = {
        select("InputTooLarge(uint256)") + index.to_bytes(FIELD_BYTES, "big")
        for index, value in enumerate(case.inputs)
        if value >= GROUP_ORDER
    }
    match judge(case, BackendName.NATIVE)[0]:
        case "V17_EQUATION_FAILS":
            return {select("ProofInvalid()")}
        case _:
            return {*large, select("ProofMalformed()")}


def test_it_says_what_the_verifier_says_of_every_mutated_proof(tmp_path: Path) -> None:
    cases = [mutate(seed, EVERY) for seed in range(MUTATIONS)]
    fit = [
        case
        for case in cases
        if len(case.data) == WORD * WORDS
        and len(case.inputs) == KEY.input_count
        and all(0 <= value < 2**256 for value in case.inputs)
    ]
    asked = [(KEY.input_count, bytes(case.data), case.inputs) for case in fit]
    calls = [call for words in asked for call in (require_proof(*words), verify_proof(OURS, *words))]
    outcomes = execute(tmp_path, {OURS: write_solidity_verifier(KEY)}, calls).outcomes
    seen = set()
    for case, required, answered in zip(fit, outcomes[::2], outcomes[1::2], strict=True):
        valid = judge(case, BackendName.NATIVE)[0] == "valid"
        assert (answered.error, answered.returned) == (None, YES if valid else NO)
        if valid:
            assert (required.error, required.returned) == (None, b"")
        else:
            assert required.error == "revert"
            assert required.returned in reasons(case)
        seen.add(required.returned[:4])
    assert len(seen) == 4, "valid, invalid, malformed and too large were all seen"


@pytest.mark.parametrize("times", [1, 2])
def test_v1_a_public_input_has_one_name(times: int, tmp_path: Path) -> None:
    inputs, proof = statement(3), prove(3).encode()
    assert max(inputs) + times * GROUP_ORDER < 2**256
    others = [
        [value + times * GROUP_ORDER * (place == index) for place, value in enumerate(inputs)] for index in (0, 1)
    ]
    calls = [require_proof(2, proof, each) for each in (inputs, *others)]
    good, first, second = execute(tmp_path, {OURS: write_solidity_verifier(KEY)}, calls).outcomes
    assert good.error is None
    for index, outcome in enumerate((first, second)):
        assert outcome.returned == select("InputTooLarge(uint256)") + index.to_bytes(FIELD_BYTES, "big")
        assert outcome.gas < 2000, "nothing is computed for it"


def test_v5_infinity_is_no_point_of_a_proof(tmp_path: Path) -> None:
    proof = prove(3).encode()
    spans = [(0, 64), (64, 192), (192, 256), (0, 256)]
    calls = [require_proof(2, proof[:low] + bytes(high - low) + proof[high:], statement(3)) for low, high in spans]
    for outcome in execute(tmp_path, {OURS: write_solidity_verifier(KEY)}, calls).outcomes:
        assert (outcome.error, outcome.returned) == ("revert", select("ProofMalformed()"))


def test_v2_words_that_are_missing_are_refused(tmp_path: Path) -> None:
    whole = require_proof(2, prove(3).encode(), statement(3))
    calls = [Call(OURS, whole.data[:length]) for length in (0, 3, 4, 4 + 256, len(whole.data) - 1)]
    for outcome in execute(tmp_path, {OURS: write_solidity_verifier(KEY)}, calls).outcomes:
        assert outcome.error == "revert"


@needs_snarkjs
@pytest.mark.parametrize("public", [1, 3, 10])
def test_it_takes_less_gas_than_the_one_that_snarkjs_writes(public: int, tmp_path: Path) -> None:
    trapdoor = Trapdoor.of(make_circuit(20, public, public=public), public)
    (tmp_path / "key.zkey").write_bytes(trapdoor.zkey)
    run_snarkjs("zkey", "export", "solidityverifier", tmp_path / "key.zkey", tmp_path / "theirs.sol")
    key = extract_verifying_key(read_zkey(tmp_path / "key.zkey"))
    inputs, proof = trapdoor.circuit.values[1 : public + 1], trapdoor.prove(7, 9).encode()
    contracts = {OURS: write_solidity_verifier(key), THEIRS: (tmp_path / "theirs.sol").read_text()}
    asked = [verify_proof(name, public, proof, inputs) for name in (OURS, OURS, THEIRS)]
    done = execute(tmp_path, contracts, [*asked, require_proof(public, proof, inputs)])
    _, ours, theirs, required = done.outcomes
    assert [outcome.returned for outcome in (ours, theirs)] == [YES, YES]
    assert required.error is None
    least = 181_000 + public * 6_150
    assert least < ours.gas <= theirs.gas
    assert least < required.gas <= theirs.gas
