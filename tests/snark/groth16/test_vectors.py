"""Keys, proofs and inputs that other tools made, and bad ones that were made of them."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from snark.bn254.backend import BackendName, choose_curve
from snark.errors import Reason, RejectedError, SnarkError
from snark.groth16.formats.proof_json import format_proof, parse_proof, read_proof
from snark.groth16.formats.public_json import format_public, parse_public, read_public
from snark.groth16.formats.strict_json import read_g1, read_g2
from snark.groth16.formats.verification_key import format_verifying_key, parse_verifying_key, read_verifying_key
from snark.groth16.keys import VerifyingKey, require_pinned
from snark.groth16.proof import ProvedStatement
from snark.groth16.verify import verify_proof
from tests.snark.shared_vectors import VECTORS, load, needs_vectors

GROTH16 = VECTORS / "groth16"
PROOFS = [
    *(("rapidsnark", f"proof_{number}.json", "public.json") for number in (1, 2, 3)),
    ("cosnarks_multiplier2", "circom.proof", "public.json"),
    ("snarkjs_setup_pot8", "proof.json", "public.json"),
]
NEGATIVES = load("groth16_negatives.json")

NUMBERED = {
    "alias_first_plus_1r": Reason.V11_INPUT_OUT_OF_FIELD,
    "alias_first_plus_2r": Reason.V11_INPUT_OUT_OF_FIELD,
    "alias_first_minus_r": Reason.V08_NUMBER_SPELLING,
    "changed_first": Reason.V17_EQUATION_FAILS,
    "alias_last_plus_1r": Reason.V11_INPUT_OUT_OF_FIELD,
    "alias_last_plus_2r": Reason.V11_INPUT_OUT_OF_FIELD,
    "alias_last_minus_r": Reason.V08_NUMBER_SPELLING,
    "changed_last": Reason.V17_EQUATION_FAILS,
    "public_missing": Reason.V10_INPUT_COUNT,
    "public_extra_zero": Reason.V10_INPUT_COUNT,
    "noncanonical_leading_zero": Reason.V08_NUMBER_SPELLING,
    "noncanonical_plus_sign": Reason.V08_NUMBER_SPELLING,
    "noncanonical_leading_space": Reason.V08_NUMBER_SPELLING,
    "noncanonical_trailing_newline": Reason.V08_NUMBER_SPELLING,
    "noncanonical_underscore": Reason.V08_NUMBER_SPELLING,
    "noncanonical_hex": Reason.V08_NUMBER_SPELLING,
    "noncanonical_float": Reason.V08_NUMBER_SPELLING,
    "noncanonical_exponent": Reason.V08_NUMBER_SPELLING,
    "noncanonical_fullwidth_digits": Reason.V08_NUMBER_SPELLING,
    "noncanonical_empty": Reason.V08_NUMBER_SPELLING,
    "json_number_not_string": Reason.V06_WRONG_SHAPE,
    "neg_a": Reason.V17_EQUATION_FAILS,
    "neg_c": Reason.V17_EQUATION_FAILS,
    "swap_ac": Reason.V17_EQUATION_FAILS,
    "b_fp2_swapped": Reason.V15_OFF_CURVE,
    "a_x_plus_p": Reason.V12_COORDINATE_OUT_OF_FIELD,
    "b_x0_plus_p": Reason.V12_COORDINATE_OUT_OF_FIELD,
    "a_off_curve": Reason.V15_OFF_CURVE,
    "a_zero_zero": Reason.V15_OFF_CURVE,
    "a_infinity": Reason.V14_INFINITY,
    "b_infinity": Reason.V14_INFINITY,
    "all_infinity": Reason.V14_INFINITY,
    "a_z_not_one": Reason.V13_NOT_AFFINE,
    "b_not_in_subgroup_0": Reason.V16_OUTSIDE_SUBGROUP,
    "b_not_in_subgroup_1": Reason.V16_OUTSIDE_SUBGROUP,
    "b_not_in_subgroup_2": Reason.V16_OUTSIDE_SUBGROUP,
    "b_not_in_subgroup_3": Reason.V16_OUTSIDE_SUBGROUP,
    "b_plus_small_torsion": Reason.V16_OUTSIDE_SUBGROUP,
    "wrong_protocol": Reason.V07_FOREIGN_SYSTEM,
    "wrong_curve": Reason.V07_FOREIGN_SYSTEM,
    "forged_gamma_eq_delta_0": Reason.V21_KEY_GAMMA_DELTA,
    "forged_gamma_eq_delta_1": Reason.V21_KEY_GAMMA_DELTA,
    "forged_delta_eq_neg_gamma": Reason.V21_KEY_GAMMA_DELTA,
    "vk_ic_short": Reason.V20_KEY_IC_COUNT,
    "vk_ic_infinity": Reason.V14_INFINITY,
}
"""The reason of each bad case; what is not listed has to verify."""


@cache
def read_key(folder: str, backend: BackendName) -> VerifyingKey:
    return read_verifying_key(GROTH16 / folder / "verification_key.json", backend=backend)


@needs_vectors
@pytest.mark.parametrize(("folder", "proof", "public"), PROOFS, ids=lambda part: Path(part).stem)
def test_proofs_of_other_tools_verify(backend: BackendName, folder: str, proof: str, public: str) -> None:
    key, inputs = read_key(folder, backend), read_public(GROTH16 / folder / public)
    proved = verify_proof(key, inputs, read_proof(GROTH16 / folder / proof), backend=backend)
    assert proved == ProvedStatement(key.id, inputs)


@cache
def parse_key(text: str, backend: BackendName) -> VerifyingKey:
    """Most cases have the same key, and the reference takes its time to check one."""
    return parse_verifying_key(text, backend=backend)


def judge(case: dict[str, Any], backend: BackendName) -> None:
    """Read and verify one case from its texts, as a service does; whether the key is pinned is another question."""
    key = parse_key(json.dumps(case["vk"]), backend)
    inputs = parse_public(json.dumps(case["public"], ensure_ascii=False))
    verify_proof(key, inputs, parse_proof(json.dumps(case["proof"])), backend=backend)


@needs_vectors
@pytest.mark.parametrize("case", NEGATIVES, ids=lambda case: case["name"].partition("/")[2])
def test_bad_and_malleated_variants(backend: BackendName, case: dict[str, Any]) -> None:
    expected = NUMBERED.get(case["name"].partition("/")[2])
    if expected is None:
        assert case["expect"] in {"accept_but_same_statement", "reject_unless_pinned"}
        judge(case, backend)
        return
    assert case["expect"] in {"reject", "reject_vk"}
    with pytest.raises(SnarkError) as caught:
        judge(case, backend)
    assert caught.value.reason is expected


@needs_vectors
def test_a_known_ratio_of_delta_and_gamma_is_stopped_by_the_pin_alone(backend: BackendName) -> None:
    (case,) = (case for case in NEGATIVES if case["expect"] == "reject_unless_pinned")
    trusted = read_key("cosnarks_multiplier2", backend)
    key = parse_verifying_key(json.dumps(case["vk"]), backend=backend)
    with pytest.raises(RejectedError) as caught:
        require_pinned(key, {trusted.id})
    assert caught.value.reason is Reason.V23_KEY_NOT_PINNED
    assert require_pinned(trusted, {trusted.id}) is trusted


@needs_vectors
@pytest.mark.parametrize(
    ("folder", "name"),
    [("cosnarks_poseidon", "verification_key.json"), ("snarkjs_setup_pot8", "uncontributed_verification_key.json")],
)
def test_published_keys_that_anyone_can_forge_under_are_refused(backend: BackendName, folder: str, name: str) -> None:
    with pytest.raises(RejectedError) as caught:
        read_verifying_key(GROTH16 / folder / name, backend=backend)
    assert caught.value.reason is Reason.V21_KEY_GAMMA_DELTA


@needs_vectors
def test_the_bare_equation_of_a_forgeable_key_can_still_be_looked_at(backend: BackendName) -> None:
    folder = GROTH16 / "cosnarks_poseidon"
    curve, vk = choose_curve(backend), json.loads((folder / "verification_key.json").read_text())
    proof, (x,) = read_proof(folder / "circom.proof"), read_public(folder / "public.json")
    ic = [read_g1(point, "IC") for point in vk["IC"]]
    pairs = [
        (-proof.a, proof.b),
        (read_g1(vk["vk_alpha_1"], "alpha"), read_g2(vk["vk_beta_2"], "beta")),
        (curve.add_g1(ic[0], curve.multiply_g1(ic[1], x)), read_g2(vk["vk_gamma_2"], "gamma")),
        (proof.c, read_g2(vk["vk_delta_2"], "delta")),
    ]
    assert curve.is_pairing_product_one(pairs)


@needs_vectors
@pytest.mark.native
@pytest.mark.parametrize("folder", ["rapidsnark", "snarkjs_setup_pot8"])
def test_files_are_written_byte_for_byte_as_snarkjs_writes_them(folder: str) -> None:
    here = GROTH16 / folder
    key = read_key(folder, BackendName.NATIVE)
    proof = here / ("proof.json" if folder == "snarkjs_setup_pot8" else "proof_1.json")
    assert format_verifying_key(key) == (here / "verification_key.json").read_text()
    assert format_proof(read_proof(proof)) == proof.read_text()
    assert format_public(read_public(here / "public.json")) == (here / "public.json").read_text()
