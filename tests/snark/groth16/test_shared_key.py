"""Keys in sealed memory: one copy for all processes, and nothing mapped that anybody could alter."""

import fcntl
import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from snark.errors import MalformedError, MisuseError, Reason, RejectedError, SnarkError
from snark.groth16.formats.proof_json import read_proof
from snark.groth16.formats.zkey import read_zkey
from snark.groth16.key_extraction import extract_verifying_key
from snark.groth16.prove import ProvingKey
from snark.groth16.shared_key import SEALS, SharedKey, path_of, seal_file
from snark.groth16.verify import verify_proof
from tests.snark.groth16.small_circuits import Circuit, make_circuit
from tests.snark.shared_vectors import REPOSITORY

native = pytest.importorskip("snark._native", reason="the native module is not built: make native")
pytestmark = pytest.mark.native
if sys.platform != "linux":
    pytest.skip("memory is sealed on Linux only", allow_module_level=True)

CIRCUIT = make_circuit(rows=40, seed=1, public=2)
INPUTS = tuple(CIRCUIT.values[1:3])
ENOUGH = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW
F_SEAL_FUTURE_WRITE = 16
"""Linux 5.1; Python names it from 3.13 on."""
NAME = "for-all.multiples"

WORKER = """
import sys
from pathlib import Path
from snark.groth16.formats.proof_json import format_proof
from snark.groth16.shared_key import SharedKey
key = SharedKey(*map(int, sys.argv[3:])).open(allow_development_keys=True, threads=1)
Path(sys.argv[2]).write_text(format_proof(key.prove(sys.argv[1])[0]))
print(Path("/proc/self/maps").read_text())
"""

open_key = partial(ProvingKey.open, allow_development_keys=True, threads=1)


def write_key(path: Path, circuit: Circuit = CIRCUIT) -> Path:
    path.write_bytes(native.make_development_key(circuit.r1cs))
    return path


@pytest.fixture
def key_path(tmp_path: Path) -> Path:
    return write_key(tmp_path / "circuit.zkey")


@pytest.fixture
def shared(key_path: Path) -> Iterator[SharedKey]:
    with SharedKey.seal(key_path, tables="memory", allow_development_keys=True) as shared:
        yield shared


@contextmanager
def memory_file(content: bytes, seals: int = 0) -> Iterator[int]:
    """An anonymous file with these seals."""
    descriptor = os.memfd_create(NAME, os.MFD_ALLOW_SEALING)
    try:
        os.write(descriptor, content)
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, seals)
        yield descriptor
    finally:
        os.close(descriptor)


def maps(name: str) -> list[str]:
    """What this process has mapped of files of this name."""
    return [
        line for line in Path("/proc/self/maps").read_text(encoding="utf-8").splitlines() if f"memfd:{name} " in line
    ]


# --- One copy ------------------------------------------------------------------------------------


def test_processes_prove_from_one_copy(shared: SharedKey, key_path: Path, tmp_path: Path) -> None:
    (tmp_path / "witness.wtns").write_bytes(CIRCUIT.wtns())
    verifying_key = extract_verifying_key(read_zkey(key_path), allow_development_keys=True)
    for number in range(2):
        proof = tmp_path / f"proof{number}.json"
        command = [
            sys.executable,
            "-c",
            WORKER,
            str(tmp_path / "witness.wtns"),
            str(proof),
            *map(str, shared.descriptors),
        ]
        worker = subprocess.run(  # noqa: S603 -- a program of our own
            command, pass_fds=shared.descriptors, capture_output=True, text=True, check=True, cwd=REPOSITORY
        )
        verify_proof(verifying_key, INPUTS, read_proof(proof))
        (mapped,) = [line for line in worker.stdout.splitlines() if "memfd:multiples" in line]
        assert " r--s " in mapped


def test_keys_outlive_the_descriptors(key_path: Path) -> None:
    with SharedKey.seal(key_path, tables="memory", allow_development_keys=True) as shared:
        key = shared.open(allow_development_keys=True)
    assert key.prove(CIRCUIT.wtns())[1] == INPUTS


def test_a_key_without_multiples_is_shared_alone(key_path: Path) -> None:
    for limits in ({"tables": None}, {"memory_limit": 0}):
        with SharedKey.seal(key_path, allow_development_keys=True, **limits) as shared:
            assert len(shared.descriptors) == 1
            assert shared.open(allow_development_keys=True).prove(CIRCUIT.wtns())[1] == INPUTS


def test_multiples_beside_the_key_are_used_and_kept(key_path: Path) -> None:
    with SharedKey.seal(key_path, allow_development_keys=True) as shared:
        kept = key_path.with_name("circuit.zkey.multiples").read_bytes()
        assert path_of(shared.descriptors[1]).read_bytes() == kept
        assert shared.open(allow_development_keys=True).sizes == open_key(key_path).sizes


def test_a_pin_holds_for_what_was_copied(key_path: Path) -> None:
    pin = hashlib.sha256(key_path.read_bytes()).hexdigest()
    with SharedKey.seal(key_path, sha256=pin, allow_development_keys=True) as shared:
        shared.open(sha256=pin, allow_development_keys=True)
        with pytest.raises(RejectedError) as refusal:
            shared.open(sha256=pin[::-1], allow_development_keys=True)
        assert refusal.value.reason is Reason.V23_KEY_NOT_PINNED
    with pytest.raises(RejectedError) as refusal:
        SharedKey.seal(key_path, sha256=pin[::-1], allow_development_keys=True)
    assert refusal.value.reason is Reason.V23_KEY_NOT_PINNED
    assert str(key_path) in str(refusal.value)


# --- Nothing mapped that could be altered --------------------------------------------------------


def test_what_is_sealed_stays_as_it_is(shared: SharedKey) -> None:
    for descriptor in shared.descriptors:
        assert fcntl.fcntl(descriptor, fcntl.F_GET_SEALS) == SEALS
        for alter in (
            lambda it: os.pwrite(it, b"\0", 0),
            lambda it: os.ftruncate(it, 0),
            lambda it: os.ftruncate(it, 2**30),
        ):
            with pytest.raises(PermissionError):
                alter(descriptor)
        with pytest.raises(PermissionError):
            path_of(descriptor).write_bytes(b"")


@pytest.mark.parametrize(
    ("seals", "is_mapped"),
    [
        (ENOUGH, True),
        (0, False),
        (fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW, False),
        (fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW, False),
        (fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SHRINK, False),
        (F_SEAL_FUTURE_WRITE | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL, False),
    ],
)
def test_fewer_seals_mean_a_copy(seals: int, is_mapped: bool, key_path: Path) -> None:  # noqa: FBT001
    open_key(key_path)
    with memory_file(key_path.with_name("circuit.zkey.multiples").read_bytes(), seals) as multiples:
        key = open_key(key_path, tables=path_of(multiples))
        assert bool(maps(NAME)) is is_mapped
        if seals == 0:
            os.pwrite(multiples, bytes(2**16), 0)
        assert key.prove(CIRCUIT.wtns())[1] == INPUTS


def test_a_file_is_read_and_what_becomes_of_it_is_nothing_to_the_key(key_path: Path) -> None:
    with memory_file(key_path.read_bytes()) as descriptor:
        key = open_key(path_of(descriptor), tables=None)
        os.ftruncate(descriptor, 0)
        assert key.prove(CIRCUIT.wtns())[1] == INPUTS


@pytest.mark.parametrize("place", [3, 20, 50, 5000], ids=["magic word", "hash of the key", "sets", "points"])
def test_sealed_multiples_that_are_damaged_are_refused(place: int, key_path: Path) -> None:
    open_key(key_path)
    content = bytearray(key_path.with_name("circuit.zkey.multiples").read_bytes())
    content[place] ^= 1
    refuse_multiples(key_path, bytes(content))


def test_sealed_multiples_of_another_key_or_cut_short_are_refused(key_path: Path, tmp_path: Path) -> None:
    other = write_key(tmp_path / "other.zkey", make_circuit(rows=40, seed=2, public=2))
    open_key(other)
    content = tmp_path.joinpath("other.zkey.multiples").read_bytes()
    for foreign in (content, content[:-64], content[:100], b"m"):
        refuse_multiples(key_path, foreign)


def refuse_multiples(key_path: Path, content: bytes) -> None:
    with memory_file(content, ENOUGH) as multiples, pytest.raises(MalformedError) as refusal:
        open_key(key_path, tables=path_of(multiples))
    assert refusal.value.reason is Reason.F21_FILES_DISAGREE


def test_multiples_are_shared_without_the_instructions_of_some_processors(key_path: Path) -> None:
    with SharedKey.seal(key_path, tables="memory", portable=True, allow_development_keys=True) as shared:
        key = shared.open(portable=True, allow_development_keys=True)
        assert key.prove(CIRCUIT.wtns())[1] == INPUTS


# --- What cannot be sealed -----------------------------------------------------------------------


def test_a_key_that_is_refused_leaves_nothing_open(key_path: Path, tmp_path: Path) -> None:
    before = os.listdir("/proc/self/fd")  # noqa: PTH208 -- names alone
    key_path.write_bytes(key_path.read_bytes()[:-1])
    for path, reason in ((key_path, Reason.F04_TRUNCATED), (tmp_path / "absent", Reason.F01_NOT_READABLE)):
        with pytest.raises(SnarkError) as refusal:
            SharedKey.seal(path, allow_development_keys=True)
        assert refusal.value.reason is reason
        assert str(path) in str(refusal.value)
    assert os.listdir("/proc/self/fd") == before  # noqa: PTH208


def test_other_systems_have_no_seals(key_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(MisuseError):
        seal_file(key_path)
