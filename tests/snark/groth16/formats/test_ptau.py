"""``.ptau``: sizes follow from the power, and a copy is the same file."""

from pathlib import Path

import pytest

from snark.bn254.constants import FIELD_MODULUS
from snark.bn254.points import G1, G2
from snark.errors import MalformedError, MisuseError, Reason
from snark.groth16.formats.ptau import LAGRANGE_TAU_G1, read_ptau, write_ptau
from tests.snark import small_files as small
from tests.snark.shared_vectors import list_vectors, name_vector, needs_vectors


def refusal_of(sections: small.Sections) -> MalformedError:
    with pytest.raises(MalformedError) as refused:
        read_ptau(small.container(b"ptau", 1, sections)).require_well_formed()
    return refused.value


def test_what_stands_there_is_read() -> None:
    ptau = read_ptau(small.ptau_file())
    assert (ptau.power, ptau.ceremony_power, ptau.is_prepared) == (1, 1, True)
    assert [len(each) for each in (ptau.tau_g1, ptau.tau_g2, ptau.alpha_tau_g1, ptau.beta_tau_g1)] == [3, 2, 2, 2]
    assert (ptau.tau_g1[2], ptau.tau_g2[1], ptau.beta_g2) == (G1, G2, small.G2_ONE)
    assert [each.provenance.name for each in ptau.contributions] == ["Ada", "moon"]
    assert len(ptau.lagrange_g1(LAGRANGE_TAU_G1, 2)) == 4
    assert [len(ptau.lagrange_g2(power)) for power in (0, 1)] == [1, 2]


@pytest.mark.parametrize("prepared", [True, False])
def test_a_copy_is_the_same_file(prepared: bool, tmp_path: Path) -> None:  # noqa: FBT001 -- a parameter of the test
    original = small.container(b"ptau", 1, small.ptau_sections(small.person(), small.beacon(), prepared=prepared))
    write_ptau(tmp_path / "copy.ptau", read_ptau(original))
    assert (tmp_path / "copy.ptau").read_bytes() == original


@needs_vectors
@pytest.mark.parametrize("path", list_vectors("*/*.ptau"), ids=name_vector)
def test_a_copy_of_a_file_from_elsewhere_is_the_same_file(path: Path, tmp_path: Path) -> None:
    ptau = read_ptau(path)
    ptau.require_well_formed()
    write_ptau(tmp_path / "copy.ptau", ptau)
    assert (tmp_path / "copy.ptau").read_bytes() == path.read_bytes()
    assert ptau.tau_g1[0] == G1
    assert ptau.tau_g2[0] == G2


@pytest.mark.parametrize(
    ("powers", "reason"),
    [
        ((0, 0), Reason.F13_COUNTS_DISAGREE),
        ((2, 1), Reason.F13_COUNTS_DISAGREE),
        ((1, 29), Reason.F13_COUNTS_DISAGREE),
        ((2**32 - 1, 2**32 - 1), Reason.F13_COUNTS_DISAGREE),
        ((2, 2), Reason.F10_SECTION_SIZE),
        ((28, 28), Reason.F10_SECTION_SIZE),
    ],
)
def test_a_power_that_the_file_does_not_have_is_refused(powers: tuple[int, int], reason: Reason) -> None:
    sections = small.replaced(small.ptau_sections(), 1, small.modulus(small.P) + small.u32(*powers))
    assert refusal_of(sections).reason is reason


def test_a_file_cut_down_from_a_larger_ceremony_is_read() -> None:
    sections = small.replaced(small.ptau_sections(), 1, small.modulus(small.P) + small.u32(1, 20))
    assert read_ptau(small.container(b"ptau", 1, sections)).ceremony_power == 20


@pytest.mark.parametrize("missing", [12, 13, 14, 15])
def test_half_prepared_is_refused(missing: int) -> None:
    assert refusal_of(small.without(small.ptau_sections(), missing)).reason is Reason.F09_MISSING_SECTION


def test_a_file_that_is_not_prepared_says_so() -> None:
    ptau = read_ptau(small.container(b"ptau", 1, small.ptau_sections(prepared=False)))
    with pytest.raises(MisuseError) as refused:
        ptau.lagrange_g2(1)
    assert refused.value.reason is Reason.NOT_APPLICABLE


@pytest.mark.parametrize("kind", [2, 3, 4, 5, 6, 12, 13, 14, 15])
def test_a_coordinate_has_one_name(kind: int) -> None:
    sections = small.ptau_sections()
    wrong = dict(sections)[kind][:-32] + small.element(FIELD_MODULUS)
    assert refusal_of(small.replaced(sections, kind, wrong)).reason is Reason.F15_NOT_CANONICAL


def test_ptau_of_another_field_is_refused() -> None:
    sections = small.replaced(small.ptau_sections(), 1, small.modulus(small.R) + small.u32(1, 1))
    assert refusal_of(sections).reason is Reason.F11_FOREIGN_FIELD
