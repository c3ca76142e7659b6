"""A ceremony that one tool began is continued and verified by the other, both ways."""

import re
from pathlib import Path

import pytest

from snark.bn254.backend import BackendName, CurveBackend, choose_curve
from snark.errors import MisuseError, Reason
from snark.groth16.ceremony.key_contribution import close_with_beacon, contribute_to_key
from snark.groth16.ceremony.key_setup import make_initial_key, set_up_key
from snark.groth16.ceremony.key_verification import require_key
from snark.groth16.ceremony.phase1_transcript import require_ptau
from snark.groth16.ceremony.ptau_contribution import (
    begin_ptau,
    close_ptau_with_beacon,
    contribute_to_ptau,
    prepare_ptau,
)
from snark.groth16.formats.ptau import read_ptau
from snark.groth16.formats.zkey import read_zkey
from snark.r1cs.r1cs_file import read_r1cs
from tests.interop.snarkjs import needs_snarkjs, run_snarkjs
from tests.snark import small_files as small

pytestmark = [pytest.mark.slow, pytest.mark.native, needs_snarkjs]

BEACON = "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
POWER = 4


@pytest.fixture(scope="module")
def curve() -> CurveBackend:
    return choose_curve(BackendName.NATIVE)


@pytest.fixture(scope="module")
def powers(tmp_path_factory: pytest.TempPathFactory, curve: CurveBackend) -> Path:
    """A first phase that changes hands after each step, and ends prepared by us and by snarkjs."""
    folder = tmp_path_factory.mktemp("powers")
    begin_ptau(POWER, folder / "0.ptau")
    run_snarkjs("powersoftau", "contribute", folder / "0.ptau", folder / "1.ptau", "--name=Ada", "-e=not secret")
    contribute_to_ptau(read_ptau(folder / "1.ptau"), folder / "2.ptau", "Grace", curve)
    run_snarkjs("powersoftau", "contribute", folder / "2.ptau", folder / "3.ptau", "--name=Emmy", "-e=nor this")
    close_ptau_with_beacon(read_ptau(folder / "3.ptau"), folder / "ours.ptau", bytes.fromhex(BEACON), 10, curve)
    run_snarkjs("powersoftau", "beacon", folder / "3.ptau", folder / "theirs.ptau", BEACON, "10")
    prepare_ptau(read_ptau(folder / "ours.ptau"), folder / "prepared.ptau", curve)
    run_snarkjs("powersoftau", "prepare", "phase2", folder / "ours.ptau", folder / "prepared-theirs.ptau")
    return folder


@pytest.fixture(scope="module")
def keys(powers: Path, curve: CurveBackend) -> Path:
    """A second phase that changes hands after each step."""
    circuit = powers / "circuit.r1cs"
    circuit.write_bytes(small.r1cs_file())
    set_up_key(read_r1cs(circuit), read_ptau(powers / "prepared.ptau"), powers / "0.zkey", curve)
    run_snarkjs("zkey", "contribute", powers / "0.zkey", powers / "1.zkey", "--name=Ada", "-e=not secret")
    contribute_to_key(read_zkey(powers / "1.zkey"), powers / "2.zkey", "Grace", curve)
    run_snarkjs("zkey", "beacon", powers / "2.zkey", powers / "theirs.zkey", BEACON, "10", "-n=moon")
    close_with_beacon(read_zkey(powers / "2.zkey"), powers / "ours.zkey", bytes.fromhex(BEACON), 10, curve, name="moon")
    return powers


def test_powers_begin_with_the_same_file(powers: Path, tmp_path: Path) -> None:
    run_snarkjs("powersoftau", "new", "bn128", str(POWER), tmp_path / "0.ptau")
    assert (tmp_path / "0.ptau").read_bytes() == (powers / "0.ptau").read_bytes()


def test_a_beacon_leaves_the_same_powers(powers: Path) -> None:
    """Of the hash's state, the bytes of a block behind those that it holds are left over, and mean nothing."""
    ours, theirs = read_ptau(powers / "ours.ptau"), read_ptau(powers / "theirs.ptau")
    assert [column.data for column in ours.g1.values()] == [column.data for column in theirs.g1.values()]
    assert [column.data for column in ours.g2.values()] == [column.data for column in theirs.g2.values()]
    one, other = ours.contributions[-1], theirs.contributions[-1]
    assert (one.tau_key, one.alpha_key, one.beta_key) == (other.tau_key, other.alpha_key, other.beta_key)
    assert one.next_challenge == other.next_challenge
    assert one.hash_state[128:] == other.hash_state[128:]


def test_powers_are_prepared_to_the_same_file(powers: Path) -> None:
    assert (powers / "prepared.ptau").read_bytes() == (powers / "prepared-theirs.ptau").read_bytes()


def test_both_verify_the_powers(powers: Path, curve: CurveBackend) -> None:
    told = run_snarkjs("powersoftau", "verify", powers / "prepared.ptau")
    assert "Powers of Tau Ok!" in told
    for name in ("prepared.ptau", "theirs.ptau"):
        verified = require_ptau(read_ptau(powers / name), curve)
        assert [each.provenance.name for each in verified] == ["Ada", "Grace", "Emmy", None]
        for each in verified:
            assert each.response_hash.hex() in re.sub(r"[\s]", "", told)


def test_the_set_up_is_the_same_file(keys: Path, tmp_path: Path) -> None:
    run_snarkjs("groth16", "setup", keys / "circuit.r1cs", keys / "prepared.ptau", tmp_path / "0.zkey")
    assert (tmp_path / "0.zkey").read_bytes() == (keys / "0.zkey").read_bytes()


def test_a_beacon_leaves_the_same_key(keys: Path) -> None:
    assert (keys / "ours.zkey").read_bytes() == (keys / "theirs.zkey").read_bytes()


def test_both_verify_the_key(keys: Path, curve: CurveBackend) -> None:
    told = run_snarkjs("zkey", "verify", keys / "circuit.r1cs", keys / "prepared.ptau", keys / "ours.zkey")
    assert "ZKey Ok!" in told
    initial = make_initial_key(read_r1cs(keys / "circuit.r1cs"), read_ptau(keys / "prepared.ptau"), curve)
    verified = require_key(read_zkey(keys / "theirs.zkey"), initial, curve)
    assert [each.provenance.name for each in verified] == ["Ada", "Grace", "moon"]
    for each in verified:
        assert each.contribution_hash.hex() in re.sub(r"[\s]", "", told)


LARGE_POWER = 6


@pytest.fixture(scope="module")
def public_powers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As the powers that are published: many contributors, a beacon, prepared, and larger than what is needed."""
    folder = tmp_path_factory.mktemp("public-powers")
    run_snarkjs("powersoftau", "new", "bn128", str(LARGE_POWER), folder / "0.ptau")
    for number in range(4):
        names = folder / f"{number}.ptau", folder / f"{number + 1}.ptau"
        run_snarkjs("powersoftau", "contribute", *names, f"--name=person {number}", f"-e=not secret {number}")
    run_snarkjs("powersoftau", "beacon", folder / "4.ptau", folder / "5.ptau", BEACON, "10", "-n=moon")
    run_snarkjs("powersoftau", "prepare", "phase2", folder / "5.ptau", folder / "final.ptau")
    run_snarkjs("powersoftau", "truncate", folder / "final.ptau")
    (folder / "circuit.r1cs").write_bytes(small.r1cs_file())
    return folder


@pytest.mark.parametrize(("name", "power"), [("final.ptau", LARGE_POWER), ("final_03.ptau", 3)])
def test_public_powers_are_used_as_they_are(
    public_powers: Path, name: str, power: int, curve: CurveBackend, tmp_path: Path
) -> None:
    """Whole, or cut down to a smaller power."""
    powers, circuit = read_ptau(public_powers / name), public_powers / "circuit.r1cs"
    assert (powers.power, powers.ceremony_power) == (power, LARGE_POWER)
    assert len(require_ptau(powers, curve)) == 5
    set_up_key(read_r1cs(circuit), powers, tmp_path / "ours.zkey", curve)
    run_snarkjs("groth16", "setup", circuit, public_powers / name, tmp_path / "theirs.zkey")
    assert (tmp_path / "ours.zkey").read_bytes() == (tmp_path / "theirs.zkey").read_bytes()
    contribute_to_key(read_zkey(tmp_path / "ours.zkey"), tmp_path / "final.zkey", "Ada", curve)
    assert "ZKey Ok!" in run_snarkjs("zkey", "verify", circuit, public_powers / name, tmp_path / "final.zkey")


def test_public_powers_without_their_lagrange_form_are_refused(
    public_powers: Path, curve: CurveBackend, tmp_path: Path
) -> None:
    with pytest.raises(MisuseError) as refused:
        set_up_key(
            read_r1cs(public_powers / "circuit.r1cs"), read_ptau(public_powers / "5.ptau"), tmp_path / "0.zkey", curve
        )
    assert refused.value.reason is Reason.NOT_APPLICABLE
    assert (refused.value.found, refused.value.expected) == ("powers alone", "a file prepared for the second phase")
