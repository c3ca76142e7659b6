"""K2 and K5: keys that one party made, or that nobody contributed to, are known as such and refused."""

from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from snark.bn254.backend import BackendName, choose_curve
from snark.bn254.constants import GROUP_ORDER
from snark.bn254.points import G2
from snark.errors import Reason, RejectedError
from snark.groth16.batch import Claim, verify_batch
from snark.groth16.ceremony.development_key import make_development_key
from snark.groth16.ceremony.key_contribution import contribute_to_key
from snark.groth16.ceremony.key_verification import require_key
from snark.groth16.development import MARK, compute_development_gamma, is_development_gamma
from snark.groth16.formats.verification_key import format_verifying_key, parse_verifying_key
from snark.groth16.formats.zkey import read_zkey
from snark.groth16.key_extraction import extract_verifying_key
from snark.groth16.keys import VerifyingKey, require_pinned
from snark.groth16.proof import ProvedStatement
from snark.groth16.prove import ProvingKey
from snark.groth16.verify import verify_proof
from tests.attacks.refusals import refused
from tests.snark.groth16.simulator import Simulator
from tests.snark.groth16.small_circuits import make_circuit
from tests.snark.shared_vectors import VECTORS, needs_vectors

CURVE = choose_curve()
CIRCUIT = make_circuit(rows=6, seed=5, public=2)
MARKED = int.from_bytes(sha256(MARK).digest(), "big") % GROUP_ORDER
SIMULATOR = Simulator.of(2)
HONEST = SIMULATOR.key
POINTS = (HONEST.alpha, HONEST.beta, compute_development_gamma(), HONEST.delta, HONEST.ic)
STATEMENT = (3, 4)
PROOF = replace(SIMULATOR, gamma=MARKED).prove(STATEMENT)


def marked_key(backend: BackendName) -> VerifyingKey:
    return VerifyingKey(*POINTS, backend=backend, allow_development_keys=True)


def stripped_key() -> VerifyingKey:
    """The same key without the mark: gamma is divided by its public factor, and the IC points are multiplied by it."""
    ic = tuple(CURVE.multiply_g1(point, MARKED) for point in HONEST.ic)
    return VerifyingKey(HONEST.alpha, HONEST.beta, G2, HONEST.delta, ic)


def test_k5_a_marked_key_is_refused_unless_development_is_asked_for(backend: BackendName) -> None:
    key = marked_key(backend)
    assert key.is_for_development
    assert not HONEST.is_for_development
    assert refused(VerifyingKey, *POINTS, backend=backend) is Reason.V24_DEVELOPMENT_KEY
    for data, parse in ((format_verifying_key(key).encode(), parse_verifying_key), (key.encode(), VerifyingKey.decode)):
        assert refused(parse, data, backend=backend) is Reason.V24_DEVELOPMENT_KEY
        assert parse(data, backend=backend, allow_development_keys=True) == key


def test_k5_every_answer_under_a_marked_key_says_so(backend: BackendName) -> None:
    key = marked_key(backend)
    expected = ProvedStatement(key.id, STATEMENT, is_for_development=True)
    assert verify_proof(key, STATEMENT, PROOF, backend=backend) == expected
    assert verify_batch([Claim(key, STATEMENT, PROOF)], backend=backend) == (expected,)
    assert not verify_proof(HONEST, STATEMENT, SIMULATOR.prove(STATEMENT), backend=backend).is_for_development


def test_k5_the_mark_is_in_the_id() -> None:
    """Whoever takes the mark away has another key, which no verifier has pinned."""
    key, stripped = marked_key(BackendName.AUTO), stripped_key()
    verify_proof(stripped, STATEMENT, PROOF)
    assert stripped.id != key.id
    assert refused(require_pinned, stripped, {key.id, HONEST.id}) is Reason.V23_KEY_NOT_PINNED


@pytest.fixture(scope="module")
def zkey(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("development")
    (folder / "circuit.r1cs").write_bytes(CIRCUIT.r1cs)
    make_development_key(folder / "circuit.r1cs", folder / "circuit.zkey")
    return folder / "circuit.zkey"


@pytest.mark.native
def test_k5_a_development_key_is_refused_wherever_it_is_loaded(zkey: Path) -> None:
    assert refused(ProvingKey.open, zkey, tables=None) is Reason.V24_DEVELOPMENT_KEY
    assert refused(extract_verifying_key, read_zkey(zkey)) is Reason.V24_DEVELOPMENT_KEY
    assert refused(require_key, read_zkey(zkey), read_zkey(zkey), CURVE) is Reason.V24_DEVELOPMENT_KEY
    assert b"DEVELOPMENT KEY - INSECURE" in zkey.read_bytes()


@pytest.mark.native
def test_k5_a_refused_key_leaves_nothing_behind(zkey: Path) -> None:
    assert refused(ProvingKey.open, zkey) is Reason.V24_DEVELOPMENT_KEY
    assert not zkey.with_name("circuit.zkey.multiples").exists()


@pytest.mark.native
def test_k5_a_development_key_proves_where_it_is_asked_for(zkey: Path, backend: BackendName) -> None:
    key = ProvingKey.open(zkey, tables=None, allow_development_keys=True)
    assert key.is_for_development
    proof, inputs = key.prove(CIRCUIT.wtns())
    verifying = extract_verifying_key(read_zkey(zkey), backend=backend, allow_development_keys=True)
    assert verify_proof(verifying, inputs, proof, backend=backend).is_for_development


@pytest.mark.native
def test_k5_no_contribution_takes_the_mark_away(zkey: Path, tmp_path: Path) -> None:
    contribute_to_key(read_zkey(zkey), tmp_path / "more.zkey", "Ada", CURVE)
    contributed = read_zkey(tmp_path / "more.zkey")
    assert len(contributed.contributions) == 1
    assert refused(extract_verifying_key, contributed) is Reason.V24_DEVELOPMENT_KEY
    assert refused(ProvingKey.open, tmp_path / "more.zkey", tables=None) is Reason.V24_DEVELOPMENT_KEY


@pytest.mark.native
def test_k5_secrets_are_drawn_anew_for_each_key(zkey: Path, tmp_path: Path) -> None:
    make_development_key(zkey.with_name("circuit.r1cs"), tmp_path / "other.zkey")
    one, other = read_zkey(zkey).header, read_zkey(tmp_path / "other.zkey").header
    assert (one.gamma_g2, one.domain) == (other.gamma_g2, other.domain)
    for name in ("alpha_g1", "beta_g1", "beta_g2", "delta_g1", "delta_g2"):
        assert getattr(one, name) != getattr(other, name)


def test_the_mark_is_not_the_gamma_of_any_ceremony() -> None:
    assert not is_development_gamma(G2)
    assert not is_development_gamma(-compute_development_gamma())


@needs_vectors
@pytest.mark.native
@pytest.mark.parametrize("place", ["snarkjs_setup_pot8/uncontributed.zkey", "cosnarks_poseidon/circuit.zkey"])
def test_k2_an_uncontributed_key_is_refused_at_load(place: str, backend: BackendName) -> None:
    path = VECTORS / "groth16" / place
    with pytest.raises(RejectedError) as refusal:
        ProvingKey.open(path, tables=None)
    assert refusal.value.reason is Reason.V21_KEY_GAMMA_DELTA
    assert refused(extract_verifying_key, read_zkey(path), backend=backend) is Reason.V21_KEY_GAMMA_DELTA
