"""The native prover: every way to make a key ready, every size, many threads, and the sums underneath."""

import random
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from snark.bn254.constants import GROUP_ORDER
from snark.bn254.encoding import decode_g1, encode_g1, encode_g2, encode_scalars
from snark.bn254.points import G1, G2
from snark.errors import MisuseError, Reason, RejectedError, SnarkError
from snark.groth16.formats.public_json import read_public
from snark.groth16.formats.verification_key import read_verifying_key
from snark.groth16.prove import ProvingKey
from snark.groth16.verify import verify_proof
from tests.snark.groth16.small_circuits import Circuit, make_circuit
from tests.snark.shared_vectors import VECTORS, needs_vectors

native = pytest.importorskip("snark._native", reason="the native module is not built: make native")
pytestmark = pytest.mark.native

KEYS = (("rapidsnark", "circuit_final.zkey"), ("cosnarks_multiplier2", "circuit.zkey"))
WAYS = [
    pytest.param(portable, tables, id=f"{'portable' if portable else 'fastest'}-{tables}")
    for portable in (False, True)
    for tables in (None, "memory")
]


@pytest.fixture(scope="module")
def circuit() -> Circuit:
    return make_circuit(rows=40, seed=1, public=2)


@pytest.fixture(scope="module")
def key_path(circuit: Circuit, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("key") / "circuit.zkey"
    path.write_bytes(native.make_development_key(circuit.r1cs))
    return path


open_key = partial(ProvingKey.open, allow_development_keys=True)
"""Keys made here are for development, and say so."""


@needs_vectors
@pytest.mark.parametrize(("portable", "tables"), WAYS)
@pytest.mark.parametrize(("name", "file"), KEYS)
def test_proofs_with_the_keys_of_others_verify(name: str, file: str, portable: bool, tables: None) -> None:  # noqa: FBT001
    folder = VECTORS / "groth16" / name
    key = ProvingKey.open(folder / file, tables=tables, portable=portable)
    proof, inputs = key.prove(folder / "witness.wtns", check=False)
    assert inputs == read_public(folder / "public.json")
    verify_proof(read_verifying_key(folder / "verification_key.json"), inputs, proof)


@pytest.mark.parametrize(("portable", "tables"), WAYS)
@pytest.mark.parametrize("rows", [1, 2, 5, 24, 60, 300])
def test_circuits_of_every_size_are_proved(rows: int, portable: bool, tables: None, tmp_path: Path) -> None:  # noqa: FBT001
    circuit = make_circuit(rows, seed=rows)
    (tmp_path / "key").write_bytes(native.make_development_key(circuit.r1cs))
    key = open_key(tmp_path / "key", tables=tables, portable=portable)
    assert key.prove(circuit.wtns(), threads=1)[1] == (circuit.values[1],)
    assert key.prove(circuit.wtns(), threads=3)[1] == (circuit.values[1],)


def test_every_altered_value_is_refused_without_telling_it(circuit: Circuit, key_path: Path) -> None:
    key = open_key(key_path, tables="memory")
    for wire in range(1, len(circuit.values)):
        changed = (circuit.values[wire] + 1) % GROUP_ORDER
        with pytest.raises(RejectedError) as refusal:
            key.prove(circuit.wtns({wire: changed}))
        assert refusal.value.reason is Reason.F20_UNSATISFIED
        assert str(changed) not in str(refusal.value) or changed < 2**8


def test_one_key_serves_many_threads(circuit: Circuit, key_path: Path) -> None:
    key = open_key(key_path, tables="memory", threads=2)
    with ThreadPoolExecutor(4) as pool:
        proofs = list(pool.map(lambda _: key.prove(circuit.wtns())[0], range(12)))
    assert len(set(proofs)) == len(proofs)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_damaged_key_is_refused_or_proves_nothing_false(
    data: st.DataObject, circuit: Circuit, key_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    content = bytearray(key_path.read_bytes())
    if data.draw(st.booleans(), label="cut"):
        del content[data.draw(st.integers(0, len(content) - 1), label="length") :]
    for _ in range(data.draw(st.integers(0, 3), label="flips")):
        place = data.draw(st.integers(0, max(0, len(content) - 1)), label="place")
        content[place : place + 1] = bytes([data.draw(st.integers(0, 255), label="byte")])
    path = tmp_path_factory.getbasetemp() / "damaged.zkey"
    path.write_bytes(content)
    try:
        open_key(path, tables=None, threads=1).prove(circuit.wtns())
    except SnarkError as error:
        assert error.reason is not Reason.BROKEN_INVARIANT  # noqa: PT017 -- any other reason will do


def test_multiples_are_kept_beside_the_key_and_made_anew_when_damaged(
    circuit: Circuit, key_path: Path, tmp_path: Path
) -> None:
    path = tmp_path / "circuit.zkey"
    path.write_bytes(key_path.read_bytes())
    open_key(path).prove(circuit.wtns())
    kept = tmp_path / "circuit.zkey.multiples"
    intact = kept.read_bytes()
    for damaged in (b"", intact[:-1], intact[:5000] + bytes([intact[5000] ^ 1]) + intact[5001:], intact[::-1]):
        kept.write_bytes(damaged)
        open_key(path).prove(circuit.wtns())
        assert kept.read_bytes() == intact
    other = make_circuit(rows=41, seed=2, public=2)
    path.write_bytes(native.make_development_key(other.r1cs))
    open_key(path).prove(other.wtns())
    assert kept.read_bytes() != intact


def test_multiples_keep_within_their_memory(key_path: Path) -> None:
    bare = open_key(key_path, tables=None).sizes.point_bytes
    whole = open_key(key_path, tables="memory").sizes.point_bytes
    limit = (bare + whole) // 2
    assert bare < open_key(key_path, tables="memory", memory_limit=limit).sizes.point_bytes <= limit
    assert open_key(key_path, tables="memory", memory_limit=0).sizes.point_bytes == bare


def test_threads_are_counted_from_one(key_path: Path) -> None:
    with pytest.raises(MisuseError):
        open_key(key_path, threads=0)


# --- Sums of multiples ---------------------------------------------------------------------------


def spread(choose: random.Random, count: int) -> list[int]:
    """Scalars as witnesses have them, and the edges."""
    edges = (0, 1, 2, GROUP_ORDER - 1, GROUP_ORDER - 2, (GROUP_ORDER - 1) // 2, (GROUP_ORDER + 1) // 2, 2**253)
    kinds = (lambda: choose.choice(edges), lambda: choose.randrange(2**64), lambda: choose.randrange(GROUP_ORDER))
    return [choose.choice(kinds)() for _ in range(count)]


@pytest.mark.parametrize("portable", [False, True], ids=["fastest", "portable"])
@pytest.mark.parametrize("sets", [None, 1, 3])
@pytest.mark.parametrize(("count", "distinct"), [(0, 1), (1, 1), (40, 2), (90, 30)])
def test_sums_of_multiples_are_those_of_the_scalars(
    count: int,
    distinct: int,
    sets: int | None,
    portable: bool,  # noqa: FBT001
) -> None:
    """Bases are known multiples of one point, some equal, opposite or infinity: the sum is one multiple of it."""
    choose = random.Random(count * 10 + distinct)  # noqa: S311 -- a test is to be repeated
    known = [choose.randrange(GROUP_ORDER) for _ in range(distinct)]
    logs = [choose.choice((*known, 0, GROUP_ORDER - known[0])) for _ in range(count)]
    scalars = spread(choose, count)
    total = encode_scalars([sum(log * scalar for log, scalar in zip(logs, scalars, strict=True)) % GROUP_ORDER])
    for generator, multiply, sum_of_multiples in (
        (encode_g1(G1), native.g1_multiply, native.sum_of_multiples_g1),
        (encode_g2(G2), native.g2_multiply, native.sum_of_multiples_g2),
    ):
        points = b"".join(multiply(generator, encode_scalars([log])) for log in logs)
        found = sum_of_multiples(points, encode_scalars(scalars), sets, 2, portable)
        assert found == multiply(generator, total)


def test_opposite_multiples_of_one_base_leave_nothing() -> None:
    points = encode_g1(G1) * 64
    scalars = encode_scalars([5, GROUP_ORDER - 5] * 32)
    for sets in (None, 1):
        assert decode_g1(native.sum_of_multiples_g1(points, scalars, sets, 1, False)).infinity  # noqa: FBT003
