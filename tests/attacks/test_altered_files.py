"""K4: a byte of a key or of powers changed, a file cut short, swapped or taken away at any time."""

import hashlib
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest

from snark.bn254.backend import BackendName, choose_curve
from snark.bn254.encoding import decode_g2, encode_g2
from snark.errors import MisuseError, Reason, SnarkError
from snark.groth16.ceremony.development_key import make_development_key
from snark.groth16.ceremony.phase1_transcript import require_ptau
from snark.groth16.formats.ptau import CONTRIBUTIONS as PTAU_CONTRIBUTIONS
from snark.groth16.formats.ptau import read_ptau, write_ptau
from snark.groth16.formats.zkey import CONTRIBUTIONS, read_zkey, write_zkey
from snark.groth16.key_extraction import extract_verifying_key
from snark.groth16.prove import ProvingKey
from snark.groth16.verify import verify_proof
from tests.attacks.refusals import refused
from tests.snark.groth16.ceremony.small_ceremony import hold_ceremony
from tests.snark.groth16.small_circuits import make_circuit
from tests.snark.groth16.twist import TwistTorsion

pytestmark = pytest.mark.native

CIRCUIT = make_circuit(rows=12, seed=4)
HEADER_BYTES: Final = 12
SECTION_HEADER_BYTES: Final = 12


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keys")
    (folder / "circuit.r1cs").write_bytes(CIRCUIT.r1cs)
    make_development_key(folder / "circuit.r1cs", folder / "circuit.zkey")
    return folder / "circuit.zkey"


@pytest.fixture
def zkey(original: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "circuit.zkey"
    copy.write_bytes(original.read_bytes())
    return copy


def open_key(path: Path, sha256: str | None = None) -> ProvingKey:
    return ProvingKey.open(path, threads=1, sha256=sha256, allow_development_keys=True)


def find_section(data: bytes, kind: int) -> range:
    """Where the content of a section stands in a file."""
    at = HEADER_BYTES
    while at < len(data):
        found, size = int.from_bytes(data[at : at + 4], "little"), int.from_bytes(data[at + 4 : at + 12], "little")
        start = at + SECTION_HEADER_BYTES
        if found == kind:
            return range(start, start + size)
        at = start + size
    raise ValueError(kind)


def flips(data: bytes, places: range | list[int]) -> Iterator[tuple[int, bytes]]:
    """One bit of one byte changed, at each place."""
    for place in places:
        yield place, data[:place] + bytes([data[place] ^ 1 << place % 8]) + data[place + 1 :]


def sample(places: range, count: int) -> list[int]:
    return random.Random(4).sample(places, min(count, len(places)))  # noqa: S311 -- the same places every time


def test_k4_every_byte_of_a_pinned_proving_key_counts(zkey: Path) -> None:
    data = zkey.read_bytes()
    pin = hashlib.sha256(data).hexdigest()
    assert open_key(zkey, sha256=pin.upper()).prove(CIRCUIT.wtns())
    for _, altered in flips(data, sample(range(len(data)), 300)):
        zkey.write_bytes(altered)
        assert refused(open_key, zkey, sha256=pin) is Reason.V23_KEY_NOT_PINNED


@pytest.mark.parametrize("pin", ["", "00", "g" * 64, " " + "0" * 63, "0" * 65])
def test_a_pin_is_a_sha256(zkey: Path, pin: str) -> None:
    with pytest.raises(MisuseError):
        open_key(zkey, sha256=pin)


@pytest.mark.parametrize("count", [80, pytest.param(1000, marks=pytest.mark.slow)])
def test_k4_without_a_pin_an_altered_byte_is_refused_at_load_or_gives_no_proof(zkey: Path, count: int) -> None:
    """A byte that no prover reads, in the records of contributions, is the one exception."""
    data = zkey.read_bytes()
    unread = find_section(data, CONTRIBUTIONS)
    for place, altered in flips(data, sample(range(len(data)), count)):
        zkey.write_bytes(altered)
        if place not in unread:
            assert refused(lambda: open_key(zkey).prove(CIRCUIT.wtns())) is not Reason.BROKEN_INVARIANT


def test_k4_a_proving_key_that_is_cut_short(zkey: Path) -> None:
    data = zkey.read_bytes()
    for length in (0, 3, 4, 11, 12, 23, *sample(range(len(data)), 40), len(data) - 1):
        zkey.write_bytes(data[:length])
        assert refused(open_key, zkey) is Reason.F04_TRUNCATED
    zkey.write_bytes(data + b"\0")
    assert refused(open_key, zkey) is Reason.F05_TRAILING_BYTES


@pytest.mark.parametrize("section", [7, 2])
@pytest.mark.parametrize("torsion", TwistTorsion)
def test_k4_points_of_a_proving_key_are_in_the_subgroup(zkey: Path, section: int, torsion: TwistTorsion) -> None:
    """One point of B2, or delta, which the sums over B2 use; the file is otherwise in order."""
    data = zkey.read_bytes()
    place = find_section(data, section).stop - 128
    while not any(data[place : place + 128]):
        place -= 128
    outside = encode_g2(torsion.added_to(decode_g2(data[place : place + 128])))
    zkey.write_bytes(data[:place] + outside + data[place + 128 :])
    assert refused(open_key, zkey) is Reason.V16_OUTSIDE_SUBGROUP


def overwrite(path: Path) -> None:
    path.write_bytes(os.urandom(path.stat().st_size))


def cut(path: Path) -> None:
    os.truncate(path, 0)


def replace(path: Path) -> None:
    other = path.with_name("other")
    other.write_bytes(b"another file")
    other.replace(path)


@pytest.mark.parametrize("change", [overwrite, cut, replace, Path.unlink])
def test_k4_what_was_loaded_is_what_proves_whatever_becomes_of_its_files(
    zkey: Path, change: Callable[[Path], None]
) -> None:
    """The second key has its multiples from the file beside it; that one is changed as well."""
    verifying = extract_verifying_key(read_zkey(zkey.read_bytes()), allow_development_keys=True)
    keys = [open_key(zkey), open_key(zkey)]
    for path in (zkey, zkey.with_name("circuit.zkey.multiples")):
        change(path)
    for key in keys:
        proof, inputs = key.prove(CIRCUIT.wtns())
        verify_proof(verifying, inputs, proof)


def test_k4_a_file_that_is_replaced_stays_what_it_was_for_whoever_has_it_open(zkey: Path) -> None:
    opened, data = read_zkey(zkey), zkey.read_bytes()
    replace(zkey)
    opened.require_well_formed()
    write_zkey(zkey, opened)
    assert zkey.read_bytes() == data


CUT_WHILE_MAPPED: Final = """
import os, sys
from pathlib import Path
from snark.groth16.formats.zkey import read_zkey
key = read_zkey(Path(sys.argv[1]))
os.truncate(sys.argv[1], 0)
bytes(key.a.data)
print("went on")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="how a mapped file that is cut short ends a process")
def test_k4_whoever_looks_at_a_mapped_file_that_is_cut_short_ends_and_never_goes_on(zkey: Path) -> None:
    """Long files of ceremonies are mapped, and no service holds one; see docs/snark/formats.md."""
    done = subprocess.run(  # noqa: S603 -- the interpreter of these tests
        [sys.executable, "-c", CUT_WHILE_MAPPED, str(zkey)], capture_output=True, text=True, check=False
    )
    assert done.returncode == -signal.SIGBUS
    assert "went on" not in done.stdout


@pytest.mark.parametrize("count", [8, pytest.param(100, marks=pytest.mark.slow)])
def test_k4_every_byte_of_powers_of_tau_counts(tmp_path: Path, count: int) -> None:
    """The records of contributions have names, and bytes of a hash's state that mean nothing: they are left out."""
    curve = choose_curve(BackendName.NATIVE)
    path = tmp_path / "powers.ptau"
    write_ptau(path, hold_ceremony(BackendName.NATIVE).prepared)
    data = path.read_bytes()
    require_ptau(read_ptau(data), curve)
    records = find_section(data, PTAU_CONTRIBUTIONS)
    places = [place for place in sample(range(len(data)), count) if place not in records]
    for _, altered in flips(data, places):
        refused(lambda altered=altered: require_ptau(read_ptau(altered), curve))


def test_k4_powers_that_are_cut_short(tmp_path: Path) -> None:
    path = tmp_path / "powers.ptau"
    write_ptau(path, hold_ceremony(BackendName.NATIVE).prepared)
    data = path.read_bytes()
    for length in sample(range(len(data)), 60):
        with pytest.raises(SnarkError) as caught:
            read_ptau(data[:length])
        assert caught.value.reason is Reason.F04_TRUNCATED
