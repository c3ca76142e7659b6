"""A ceremony that was held honestly holds, and so do those of snarkjs."""

from dataclasses import replace
from pathlib import Path

import pytest

from snark.bn254.backend import BackendName, CurveBackend, choose_curve
from snark.errors import MisuseError, Reason
from snark.groth16.ceremony.key_contribution import contribute_to_key
from snark.groth16.ceremony.key_setup import make_initial_key, set_up_key
from snark.groth16.ceremony.key_verification import require_key
from snark.groth16.ceremony.phase1_transcript import require_ptau
from snark.groth16.ceremony.phase2_transcript import require_contributions
from snark.groth16.ceremony.provenance import name_beacon, name_person
from snark.groth16.ceremony.ptau_contribution import begin_ptau, contribute_to_ptau
from snark.groth16.formats.contribution import ContributionKind
from snark.groth16.formats.ptau import read_ptau
from snark.groth16.formats.zkey import read_zkey
from snark.r1cs.r1cs_file import read_r1cs
from tests.snark.groth16.ceremony.small_ceremony import hold_ceremony
from tests.snark.shared_vectors import VECTORS, needs_vectors

GROTH16 = VECTORS / "groth16"
POT8 = GROTH16 / "snarkjs_setup_pot8"


def test_an_honest_ceremony_holds(curve: CurveBackend) -> None:
    held = hold_ceremony(curve.name)
    powers = require_ptau(held.prepared, curve)
    assert [each.provenance.name for each in powers] == ["Ada", "moon"]
    initial = make_initial_key(held.r1cs, held.prepared, curve)
    contributions = require_key(held.final, initial, curve)
    assert [each.provenance.kind for each in contributions] == [ContributionKind.PERSON, ContributionKind.BEACON]
    assert contributions[0].contribution_hash == held.first_hash


def test_two_contributions_are_never_the_same(curve: CurveBackend, tmp_path: Path) -> None:
    initial = hold_ceremony(curve.name).initial
    assert len({contribute_to_key(initial, tmp_path / "one.zkey", "Ada", curve) for _ in range(2)}) == 2


@needs_vectors
@pytest.mark.native
def test_the_set_up_is_the_file_that_snarkjs_makes(tmp_path: Path) -> None:
    r1cs, ptau = read_r1cs(GROTH16 / "cosnarks_multiplier2" / "circuit.r1cs"), read_ptau(POT8 / "pot8_final.ptau")
    set_up_key(r1cs, ptau, tmp_path / "initial.zkey", choose_curve(BackendName.NATIVE))
    assert (tmp_path / "initial.zkey").read_bytes() == (POT8 / "uncontributed.zkey").read_bytes()


@needs_vectors
def test_the_slow_backend_verifies_a_key_of_snarkjs() -> None:
    key = read_zkey(GROTH16 / "cosnarks_multiplier2" / "circuit.zkey")
    (verified,) = require_contributions(key, choose_curve(BackendName.REFERENCE))
    assert verified.provenance.name == "1st Contributor Name"


@needs_vectors
def test_keys_of_snarkjs_hold(curve: CurveBackend) -> None:
    assert len(require_contributions(read_zkey(GROTH16 / "rapidsnark" / "circuit_final.zkey"), curve)) == 3
    assert len(require_key(read_zkey(POT8 / "final.zkey"), read_zkey(POT8 / "uncontributed.zkey"), curve)) == 2


@needs_vectors
@pytest.mark.slow
@pytest.mark.native
def test_powers_of_snarkjs_hold() -> None:
    verified = require_ptau(read_ptau(POT8 / "pot8_final.ptau"), choose_curve(BackendName.NATIVE))
    assert [each.provenance.name for each in verified] == ["a", "b"]


@pytest.mark.parametrize(("beacon", "exponent"), [(b"", 10), (bytes(256), 10), (b"x", 9), (b"x", 64)])
def test_a_beacon_that_no_file_can_hold_is_refused(beacon: bytes, exponent: int) -> None:
    with pytest.raises(MisuseError) as refused:
        name_beacon(beacon, exponent)
    assert refused.value.reason is Reason.OUT_OF_BOUNDS


@pytest.mark.parametrize("name", ["a" * 65, "\N{GRINNING FACE}" * 64])
def test_a_name_that_no_file_can_hold_is_refused(name: str) -> None:
    with pytest.raises(MisuseError):
        name_person(name)


def test_what_can_not_be_continued_says_so(curve: CurveBackend, tmp_path: Path) -> None:
    held = hold_ceremony(curve.name)
    with pytest.raises(MisuseError, match="the whole file, of power 9"):
        contribute_to_ptau(replace(held.powers, ceremony_power=9), tmp_path / "next.ptau", "Ada", curve)
    with pytest.raises(MisuseError, match="a file prepared for the second phase"):
        set_up_key(held.r1cs, held.powers, tmp_path / "initial.zkey", curve)
    with pytest.raises(MisuseError):
        begin_ptau(29, tmp_path / "large.ptau")
    assert list(tmp_path.iterdir()) == []
