"""Both provers: the same formulas, the same API and the same refusals; what one proves, the other verifies."""

from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ringfence.cli.entry import run
from snark.bn254.backend import BACKEND_VARIABLE, BackendName
from snark.bn254.constants import GROUP_ORDER
from snark.bn254.encoding import encode_g2
from snark.errors import MisuseError, Reason, RejectedError, SnarkError
from snark.groth16.development import MARK
from snark.groth16.formats.proof_json import read_proof
from snark.groth16.formats.public_json import read_public
from snark.groth16.formats.zkey import read_zkey
from snark.groth16.key_extraction import extract_verifying_key
from snark.groth16.proof import Proof
from snark.groth16.prove import KeySizes, ProvingKey
from snark.groth16.reference_prover import MOST_ROWS, ReferenceProver
from snark.groth16.verify import verify_proof
from tests.snark.groth16.small_circuits import make_circuit
from tests.snark.groth16.trapdoor import Trapdoor
from tests.snark.groth16.twist import TwistTorsion
from tests.snark.shared_vectors import REPOSITORY, VECTORS, needs_vectors
from tests.snark.small_files import G1_ONE, G2_ONE, P, R, container, modulus, replaced, u32, zkey_sections

both_verifiers = pytest.mark.parametrize(
    "verifier", [pytest.param(BackendName.NATIVE, marks=pytest.mark.native), BackendName.REFERENCE]
)

EXAMPLE = REPOSITORY / "examples" / "circuit"
TRAPDOOR = Trapdoor.of(make_circuit(rows=3, seed=1, public=2))
CIRCUIT = TRAPDOOR.circuit


@pytest.fixture(scope="module")
def key_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("key") / "circuit.zkey"
    path.write_bytes(TRAPDOOR.zkey)
    return path


@pytest.fixture
def key(key_path: Path, backend: BackendName) -> ProvingKey:
    return ProvingKey.open(key_path, backend=backend, tables=None)


def verify(zkey: bytes | Path, inputs: tuple[int, ...], proof: Proof, verifier: BackendName) -> None:
    verify_proof(extract_verifying_key(read_zkey(zkey), backend=verifier), inputs, proof, backend=verifier)


# --- The formulas --------------------------------------------------------------------------------


@settings(
    max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    seed=st.integers(0, 10**6),
    rows=st.integers(1, 6),
    r=st.integers(1, GROUP_ORDER - 1),
    s=st.integers(1, GROUP_ORDER - 1),
)
def test_the_reference_has_the_formulas_of_the_paper(seed: int, rows: int, r: int, s: int, tmp_path: Path) -> None:
    trapdoor = Trapdoor.of(make_circuit(rows, seed, public=1 + seed % 2), seed)
    (tmp_path / "key").write_bytes(trapdoor.zkey)
    prover = ReferenceProver(tmp_path / "key")
    assert prover.compute_proof(tuple(trapdoor.circuit.values), r, s) == trapdoor.prove(r, s)


@both_verifiers
@pytest.mark.parametrize(("r", "s"), [(1, 1), (2**200 + 3, 5), (GROUP_ORDER - 1, 12)])
def test_the_native_verifier_takes_the_proof_of_every_r_and_s(
    key_path: Path, verifier: BackendName, r: int, s: int
) -> None:
    proof = ReferenceProver(key_path).compute_proof(tuple(CIRCUIT.values), r, s)
    verify(TRAPDOOR.zkey, tuple(CIRCUIT.values[1:3]), proof, verifier)


@both_verifiers
def test_what_is_proved_verifies_on_both_backends(tmp_path: Path, backend: BackendName, verifier: BackendName) -> None:
    trapdoor = Trapdoor.of(make_circuit(rows=4, seed=3, public=3), 3)
    (tmp_path / "key").write_bytes(trapdoor.zkey)
    key = ProvingKey.open(tmp_path / "key", backend=backend, tables=None)
    proof, inputs = key.prove(trapdoor.circuit.wtns(), check=False)
    assert inputs == tuple(trapdoor.circuit.values[1:4])
    verify(trapdoor.zkey, inputs, proof, verifier)


@needs_vectors
@both_verifiers
def test_a_key_of_another_tool_is_proved_with(backend: BackendName, verifier: BackendName) -> None:
    folder = VECTORS / "groth16" / "cosnarks_multiplier2"
    proof, inputs = ProvingKey.open(folder / "circuit.zkey", backend=backend, tables=None).prove(
        folder / "witness.wtns"
    )
    assert inputs == read_public(folder / "public.json")
    verify(folder / "circuit.zkey", inputs, proof, verifier)


def test_both_say_how_large_a_key_is(key: ProvingKey) -> None:
    sizes = key.sizes
    expected = KeySizes(len(CIRCUIT.values), CIRCUIT.public, 1 << TRAPDOOR.power, sizes.point_bytes)
    assert sizes == expected
    assert sizes.point_bytes > 0


# --- Refusals ------------------------------------------------------------------------------------


@pytest.mark.parametrize("wire", [1, 3, len(CIRCUIT.values) - 1])
def test_a_witness_that_breaks_a_constraint_is_refused(key: ProvingKey, wire: int) -> None:
    changed = CIRCUIT.wtns({wire: (CIRCUIT.values[wire] + 1) % GROUP_ORDER})
    with pytest.raises(RejectedError) as refusal:
        key.prove(changed)
    assert (refusal.value.reason, refusal.value.field) == (Reason.F20_UNSATISFIED, "witness values")
    key.prove(changed, check=False)


WITNESS = CIRCUIT.wtns()
DAMAGED: list[tuple[bytes, Reason]] = [
    (WITNESS[:-1], Reason.F04_TRUNCATED),
    (WITNESS + b"\0", Reason.F05_TRAILING_BYTES),
    (b"r1cs" + WITNESS[4:], Reason.F02_FOREIGN_FILE),
    (WITNESS[:-32] + GROUP_ORDER.to_bytes(32, "little"), Reason.F15_NOT_CANONICAL),
    (WITNESS[:28] + b"\0" + WITNESS[29:], Reason.F11_FOREIGN_FIELD),
    (CIRCUIT.wtns({0: 2}), Reason.F19_FIRST_VALUE),
    (make_circuit(7, seed=3).wtns(), Reason.F21_FILES_DISAGREE),
]


@pytest.mark.parametrize(("witness", "reason"), DAMAGED, ids=lambda part: getattr(part, "value", ""))
def test_a_witness_that_is_none_of_this_key_is_malformed(key: ProvingKey, witness: bytes, reason: Reason) -> None:
    with pytest.raises(SnarkError) as refusal:
        key.prove(witness)
    assert (refusal.value.kind, refusal.value.reason) == ("malformed", reason)


def off_curve(zkey: bytes) -> bytes:
    """One coordinate of the first of the points a is another number."""
    place = zkey.index((5).to_bytes(4, "little") + (64 * len(CIRCUIT.values)).to_bytes(8, "little")) + 12 + 64
    return zkey[:place] + bytes([zkey[place] ^ 1]) + zkey[place + 1 :]


def outside_the_subgroup(zkey: bytes) -> bytes:
    """The first of the points b of the second group is another one of the twist."""
    place = zkey.index((7).to_bytes(4, "little") + (128 * len(CIRCUIT.values)).to_bytes(8, "little")) + 12
    return zkey[:place] + encode_g2(TwistTorsion.SMALL.point()) + zkey[place + 128 :]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda zkey: zkey[:-1], Reason.F04_TRUNCATED),
        (lambda zkey: b"ptau" + zkey[4:], Reason.F02_FOREIGN_FILE),
        (off_curve, Reason.V15_OFF_CURVE),
        (outside_the_subgroup, Reason.V16_OUTSIDE_SUBGROUP),
    ],
    ids=["truncated", "foreign", "off_curve", "outside_the_subgroup"],
)
def test_a_damaged_key_is_refused(
    backend: BackendName, tmp_path: Path, change: Callable[[bytes], bytes], reason: Reason
) -> None:
    (tmp_path / "key").write_bytes(change(TRAPDOOR.zkey))
    with pytest.raises(SnarkError) as refusal:
        ProvingKey.open(tmp_path / "key", backend=backend, tables=None)
    assert refusal.value.reason is reason


def test_a_key_that_anyone_can_forge_with_gives_out_no_checked_proof(backend: BackendName, tmp_path: Path) -> None:
    trapdoor = Trapdoor(CIRCUIT, 5, 6, 7, 8, 8)
    (tmp_path / "key").write_bytes(trapdoor.zkey)
    with pytest.raises(RejectedError) as refusal:
        ProvingKey.open(tmp_path / "key", backend=backend, tables=None).prove(CIRCUIT.wtns())
    assert refusal.value.reason is Reason.V21_KEY_GAMMA_DELTA


def test_a_key_is_the_one_that_was_named(backend: BackendName, key_path: Path) -> None:
    named = sha256(TRAPDOOR.zkey).hexdigest()
    ProvingKey.open(key_path, backend=backend, tables=None, sha256=named)
    with pytest.raises(RejectedError) as refusal:
        ProvingKey.open(key_path, backend=backend, tables=None, sha256="0" * 64)
    assert refusal.value.reason is Reason.V23_KEY_NOT_PINNED


def test_a_key_for_development_is_refused_unless_it_is_asked_for(backend: BackendName, tmp_path: Path) -> None:
    gamma = int.from_bytes(sha256(MARK).digest(), "big") % GROUP_ORDER
    (tmp_path / "key").write_bytes(replace(TRAPDOOR, gamma=gamma).zkey)
    with pytest.raises(RejectedError) as refusal:
        ProvingKey.open(tmp_path / "key", backend=backend, tables=None)
    assert refusal.value.reason is Reason.V24_DEVELOPMENT_KEY
    key = ProvingKey.open(tmp_path / "key", backend=backend, tables=None, allow_development_keys=True)
    assert key.is_for_development
    key.prove(CIRCUIT.wtns())


def test_the_reference_says_when_a_circuit_is_too_large_for_it(tmp_path: Path) -> None:
    rows = 2 * MOST_ROWS
    header = modulus(P) + modulus(R) + u32(5, 2, rows) + G1_ONE * 2 + G2_ONE * 2 + G1_ONE + G2_ONE
    sections = replaced(replaced(zkey_sections(), 2, header), 9, G1_ONE * rows)
    (tmp_path / "key").write_bytes(container(b"zkey", 1, sections))
    with pytest.raises(MisuseError) as refusal:
        ProvingKey.open(tmp_path / "key", backend=BackendName.REFERENCE)
    assert refusal.value.reason is Reason.OUT_OF_BOUNDS
    assert f"found {rows} rows or wires, expected at most {MOST_ROWS}" in str(refusal.value)


# --- The command line ----------------------------------------------------------------------------


def test_the_command_proves_with_the_backend_of_the_environment(
    backend: BackendName, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(BACKEND_VARIABLE, backend)
    proof, public = tmp_path / "proof.json", tmp_path / "public.json"
    key, witness = str(EXAMPLE / "product.zkey"), str(EXAMPLE / "product.wtns")
    written = ["--proof", str(proof), "--public", str(public)]
    assert run(["groth16", "prove", "--zkey", key, "--wtns", witness, "--no-tables", *written, "--json"]) == 0
    capsys.readouterr()
    for verifier in (backend, BackendName.REFERENCE):
        verify(EXAMPLE / "product.zkey", read_public(public), read_proof(proof), verifier)
