"""snarkjs reads what we write, and we read what snarkjs writes."""

import json
import re
from pathlib import Path

import pytest

from snark.groth16.formats.contribution import ContributionKind
from snark.groth16.formats.ptau import Ptau, read_ptau, write_ptau
from snark.groth16.formats.zkey import Zkey, read_zkey, require_same_circuit, write_zkey
from snark.r1cs.r1cs_file import Constraint, R1cs, R1csHeader, read_r1cs, write_r1cs
from snark.r1cs.sym_file import iterate_symbols, write_sym
from snark.r1cs.wtns_file import read_wtns, write_wtns
from tests.interop.snarkjs import needs_snarkjs, run_snarkjs
from tests.snark import small_files as small
from tests.snark.shared_vectors import list_vectors, name_vector, needs_vectors

pytestmark = [pytest.mark.slow, needs_snarkjs]

BEACON = "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
HONEST = (1, 33, 10, 3, 30)


@pytest.fixture(scope="module")
def circuit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A circuit, its names, and a good and a bad witness, all written by us."""
    folder = tmp_path_factory.mktemp("circuit")
    rows = [Constraint(*(tuple(side) for side in row)) for row in (small.MULTIPLY, small.ADD)]
    write_r1cs(folder / "circuit.r1cs", R1csHeader(5, 1, 1, 1, 7, len(rows)), rows, small.LABELS)
    write_sym(folder / "circuit.sym", iterate_symbols(small.SYM_FILE))
    write_wtns(folder / "good.wtns", HONEST)
    write_wtns(folder / "bad.wtns", (1, 34, 10, 3, 30))
    return folder


@pytest.fixture(scope="module")
def ceremony(circuit: Path) -> Path:
    """Both phases of a ceremony for our circuit, run by snarkjs."""
    run_snarkjs("powersoftau", "new", "bn128", "4", circuit / "0.ptau")
    run_snarkjs(
        "powersoftau", "contribute", circuit / "0.ptau", circuit / "1.ptau", "--name=Ada \u00e9", "-e=not secret"
    )
    run_snarkjs("powersoftau", "beacon", circuit / "1.ptau", circuit / "2.ptau", BEACON, "10", "-n=moon")
    run_snarkjs("powersoftau", "prepare", "phase2", circuit / "2.ptau", circuit / "final.ptau")
    run_snarkjs("groth16", "setup", circuit / "circuit.r1cs", circuit / "final.ptau", circuit / "0.zkey")
    run_snarkjs("zkey", "contribute", circuit / "0.zkey", circuit / "1.zkey", "--name=Grace", "-e=not secret either")
    run_snarkjs("zkey", "beacon", circuit / "1.zkey", circuit / "final.zkey", BEACON, "10")
    return circuit


def test_snarkjs_reads_our_circuit(circuit: Path) -> None:
    told = run_snarkjs("r1cs", "info", circuit / "circuit.r1cs")
    counts = dict(re.findall(r"# of ([A-Za-z ]+): (\d+)", told))
    assert counts == {
        "Wires": "5",
        "Constraints": "2",
        "Private Inputs": "1",
        "Public Inputs": "1",
        "Labels": "7",
        "Outputs": "1",
    }


def test_snarkjs_reads_our_names(circuit: Path) -> None:
    told = run_snarkjs("r1cs", "print", circuit / "circuit.r1cs", circuit / "circuit.sym")
    assert "main.c|main.inner.out" in told
    assert "main.b" in told


def test_snarkjs_takes_our_good_witness_and_not_our_bad_one(circuit: Path) -> None:
    assert "WITNESS IS CORRECT" in run_snarkjs("wtns", "check", circuit / "circuit.r1cs", circuit / "good.wtns")
    told = run_snarkjs("wtns", "check", circuit / "circuit.r1cs", circuit / "bad.wtns", expected=1)
    assert "aborting checking process at constraint 1" in told


def test_we_read_each_step_of_a_ceremony_of_snarkjs(ceremony: Path) -> None:
    started, prepared = read_ptau(ceremony / "0.ptau"), read_ptau(ceremony / "final.ptau")
    assert (started.is_prepared, started.contributions) == (False, ())
    assert (prepared.is_prepared, prepared.power, len(prepared.contributions)) == (True, 4, 2)
    assert [each.provenance.name for each in prepared.contributions] == ["Ada \u00e9", "moon"]
    key = read_zkey(ceremony / "final.zkey")
    require_same_circuit(read_r1cs(ceremony / "circuit.r1cs"), key)
    assert [each.provenance.kind for each in key.contributions] == [ContributionKind.PERSON, ContributionKind.BEACON]
    assert key.contributions[1].provenance.beacon == bytes.fromhex(BEACON)


@pytest.mark.parametrize("name", ["0.ptau", "1.ptau", "2.ptau", "final.ptau", "0.zkey", "1.zkey", "final.zkey"])
def test_a_copy_of_a_file_of_snarkjs_is_the_same_file(ceremony: Path, name: str, tmp_path: Path) -> None:
    original = ceremony / name
    if original.suffix == ".ptau":
        ptau: Ptau = read_ptau(original)
        ptau.require_well_formed()
        write_ptau(tmp_path / name, ptau)
    else:
        zkey: Zkey = read_zkey(original)
        zkey.require_well_formed()
        write_zkey(tmp_path / name, zkey)
    assert (tmp_path / name).read_bytes() == original.read_bytes()


def test_snarkjs_continues_with_what_we_wrote(ceremony: Path, tmp_path: Path) -> None:
    write_ptau(tmp_path / "final.ptau", read_ptau(ceremony / "final.ptau"))
    write_zkey(tmp_path / "final.zkey", read_zkey(ceremony / "final.zkey"))
    write_wtns(tmp_path / "witness.wtns", read_wtns(ceremony / "good.wtns").values)
    told = run_snarkjs("zkey", "verify", ceremony / "circuit.r1cs", tmp_path / "final.ptau", tmp_path / "final.zkey")
    assert "ZKey Ok!" in told
    files = [tmp_path / name for name in ("final.zkey", "witness.wtns", "proof.json", "public.json")]
    run_snarkjs("groth16", "prove", *files)
    run_snarkjs("zkey", "export", "verificationkey", files[0], tmp_path / "key.json")
    assert "OK!" in run_snarkjs("groth16", "verify", tmp_path / "key.json", files[3], files[2])
    assert json.loads(files[3].read_text()) == ["33", "10"]


def export_zkey(path: Path, folder: Path) -> object:
    run_snarkjs("zkey", "export", "json", path, folder / f"{path.stem}.json")
    return json.loads((folder / f"{path.stem}.json").read_text())


def test_snarkjs_sees_the_points_that_we_see(ceremony: Path, tmp_path: Path) -> None:
    exported = export_zkey(ceremony / "final.zkey", tmp_path)
    assert isinstance(exported, dict)
    key = read_zkey(ceremony / "final.zkey")
    for name, points in (("IC", key.ic), ("A", key.a), ("B1", key.b_g1)):
        told = [tuple(map(int, point[:2])) for point in exported[name]]
        assert told == [(0, 1) if point.infinity else (point.x, point.y) for point in points]
    coefficients = [
        (each["matrix"], each["constraint"], each["signal"], int(each["value"])) for each in exported["ccoefs"]
    ]
    assert coefficients == [tuple(each) for each in key.iterate_coefficients()]


@needs_vectors
@pytest.mark.parametrize("path", list_vectors("*/*.r1cs"), ids=name_vector)
def test_snarkjs_and_we_count_alike(path: Path) -> None:
    r1cs: R1cs = read_r1cs(path)
    told = run_snarkjs("r1cs", "info", path)
    assert f"# of Constraints: {r1cs.header.constraints}\n" in told
    assert f"# of Wires: {r1cs.header.wires}\n" in told
