"""``.zkey``: sizes are those of the header, contributions are read whole, and a copy is the same file."""

from pathlib import Path

import pytest

from snark.bn254.constants import FIELD_MODULUS, GROUP_ORDER
from snark.bn254.points import G1
from snark.errors import MalformedError, Reason, RejectedError
from snark.groth16.formats.contribution import ContributionKind, Provenance
from snark.groth16.formats.zkey import (
    Coefficient,
    encode_coefficient,
    read_zkey,
    require_same_circuit,
    write_zkey,
)
from snark.r1cs.r1cs_file import read_r1cs
from tests.snark import small_files as small
from tests.snark.shared_vectors import VECTORS, list_vectors, name_vector, needs_vectors


def refusal_of(*changes: tuple[int, bytes]) -> MalformedError:
    sections: small.Sections = small.zkey_sections(small.person())
    for kind, data in changes:
        sections = small.replaced(sections, kind, data)
    with pytest.raises(MalformedError) as refused:
        read_zkey(small.container(b"zkey", 1, sections)).require_well_formed()
    return refused.value


def header(*counts: int, q: int = small.P, r: int = small.R) -> bytes:
    points = small.G1_ONE * 2 + small.G2_ONE * 2 + small.G1_ONE + small.G2_ONE
    return small.modulus(q) + small.modulus(r) + small.u32(*counts) + points


def test_what_stands_there_is_read() -> None:
    zkey = read_zkey(small.zkey_file())
    assert (zkey.header.variables, zkey.header.public, zkey.header.domain) == (5, 2, 8)
    assert [len(each) for each in (zkey.ic, zkey.a, zkey.b_g1, zkey.b_g2, zkey.c, zkey.h)] == [3, 5, 5, 5, 2, 8]
    assert zkey.a[4] == G1
    assert zkey.contributions[0].provenance == Provenance(name="Ada")
    assert zkey.contributions[1].provenance == Provenance(ContributionKind.BEACON, "moon", 10, bytes(range(1, 9)))
    assert zkey.coefficient_count == 8
    assert next(zkey.iterate_coefficients()) == Coefficient(0, 0, 3, 1)


@pytest.mark.parametrize("provenances", [(), (small.person(None),), (small.person(b""), small.beacon())])
def test_a_copy_is_the_same_file(provenances: tuple[bytes, ...], tmp_path: Path) -> None:
    original = small.container(b"zkey", 1, small.zkey_sections(*provenances))
    write_zkey(tmp_path / "copy.zkey", read_zkey(original))
    assert (tmp_path / "copy.zkey").read_bytes() == original


@needs_vectors
@pytest.mark.parametrize("path", list_vectors("*/*.zkey"), ids=name_vector)
def test_a_copy_of_a_file_from_elsewhere_is_the_same_file(path: Path, tmp_path: Path) -> None:
    zkey = read_zkey(path)
    zkey.require_well_formed()
    write_zkey(tmp_path / "copy.zkey", zkey)
    assert (tmp_path / "copy.zkey").read_bytes() == path.read_bytes()
    assert b"".join(map(encode_coefficient, zkey.iterate_coefficients())) == zkey.coefficient_data


@pytest.mark.parametrize(("protocol", "name"), [(2, "PLONK"), (10, "FFLONK"), (0, "protocol 0"), (7, "protocol 7")])
def test_a_key_of_another_proof_system_names_itself(protocol: int, name: str) -> None:
    error = refusal_of((1, small.u32(protocol)))
    assert error.reason is Reason.F12_FOREIGN_PROTOCOL
    assert name in error.found


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        (header(5, 2, 8, q=small.R), Reason.F11_FOREIGN_FIELD),
        (header(5, 2, 8, r=small.P), Reason.F11_FOREIGN_FIELD),
        (header(2, 2, 8), Reason.F13_COUNTS_DISAGREE),
        (header(5, 2, 0), Reason.F13_COUNTS_DISAGREE),
        (header(5, 2, 12), Reason.F13_COUNTS_DISAGREE),
        (header(5, 2, 2), Reason.F13_COUNTS_DISAGREE),
        (header(5, 2, 16), Reason.F10_SECTION_SIZE),
        (header(6, 2, 8), Reason.F10_SECTION_SIZE),
        (header(5, 3, 8), Reason.F10_SECTION_SIZE),
        (header(2**32 - 1, 2, 8), Reason.F10_SECTION_SIZE),
        (header(5, 2, 2**31), Reason.F10_SECTION_SIZE),
        (header(5, 2, 8)[:-1], Reason.F04_TRUNCATED),
        (header(5, 2, 8) + b"\0", Reason.F05_TRAILING_BYTES),
    ],
)
def test_a_header_that_contradicts_itself_or_the_file_is_refused(changed: bytes, reason: Reason) -> None:
    assert refusal_of((2, changed)).reason is reason


@pytest.mark.parametrize(
    ("coefficient", "reason"),
    [
        (small.u32(2, 0, 0) + small.element(1), Reason.F14_INDEX_OUT_OF_RANGE),
        (small.u32(0, 8, 0) + small.element(1), Reason.F14_INDEX_OUT_OF_RANGE),
        (small.u32(0, 0, 5) + small.element(1), Reason.F14_INDEX_OUT_OF_RANGE),
        (small.u32(0, 0, 0) + small.element(GROUP_ORDER), Reason.F15_NOT_CANONICAL),
    ],
)
def test_a_coefficient_that_is_not_one_is_refused(coefficient: bytes, reason: Reason) -> None:
    assert refusal_of((4, small.u32(1) + coefficient)).reason is reason


@pytest.mark.parametrize("count", [7, 9, 2**32 - 1])
def test_the_count_of_coefficients_is_that_of_the_section(count: int) -> None:
    data = dict(small.zkey_sections())[4]
    assert refusal_of((4, small.u32(count) + data[4:])).reason is Reason.F10_SECTION_SIZE


@pytest.mark.parametrize("kind", [3, 5, 6, 7, 8, 9])
def test_a_coordinate_has_one_name(kind: int) -> None:
    data = dict(small.zkey_sections())[kind]
    error = refusal_of((kind, data[:-32] + small.element(FIELD_MODULUS)))
    assert error.reason is Reason.F15_NOT_CANONICAL
    assert f"section {kind} (" in error.field


@pytest.mark.parametrize(
    "provenance",
    [
        small.u32(2, 0),
        small.u32(1, 0),
        small.u32(0, 2) + bytes([2, 10]),
        small.u32(1, 2) + bytes([2, 10]),
        small.u32(1, 3) + bytes([3, 1, 0]),
        small.u32(0, 1) + bytes([4]),
        small.u32(0, 1) + bytes([0]),
        small.u32(0, 4) + bytes([1, 0, 1, 0]),
        small.u32(1, 5) + bytes([3, 1, 0, 2, 10]),
        small.beacon(exponent=9),
        small.beacon(exponent=64),
        small.beacon(exponent=255),
    ],
)
def test_a_record_that_is_not_one_is_refused(provenance: bytes) -> None:
    error = refusal_of((10, dict(small.zkey_sections(provenance))[10]))
    assert error.reason is Reason.F18_CONTRIBUTION_RECORD


def test_a_name_is_text() -> None:
    assert refusal_of((10, dict(small.zkey_sections(small.person(b"\xff")))[10])).reason is Reason.F17_NOT_TEXT


@pytest.mark.parametrize("count", [1, 2**32 - 1])
def test_contributions_that_are_not_there_are_refused(count: int) -> None:
    assert refusal_of((10, bytes(64) + small.u32(count))).reason is Reason.F04_TRUNCATED


def test_the_sizes_of_a_key_are_those_of_its_circuit() -> None:
    r1cs = read_r1cs(small.r1cs_file())
    require_same_circuit(r1cs, read_zkey(small.zkey_file()))
    with_other_domain = small.replaced(small.zkey_sections(), 2, header(5, 2, 16))
    with_other_domain = small.replaced(with_other_domain, 9, small.G1_ONE * 16)
    with pytest.raises(RejectedError) as refused:
        require_same_circuit(r1cs, read_zkey(small.container(b"zkey", 1, with_other_domain)))
    assert refused.value.reason is Reason.F21_FILES_DISAGREE


@needs_vectors
@pytest.mark.parametrize("name", ["cosnarks_multiplier2", "cosnarks_poseidon"])
def test_keys_from_elsewhere_belong_to_their_circuits(name: str) -> None:
    folder = VECTORS / "groth16" / name
    require_same_circuit(read_r1cs(folder / "circuit.r1cs"), read_zkey(folder / "circuit.zkey"))
