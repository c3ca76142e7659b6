"""``.wtns``: a witness is whole, canonical and secret."""

import stat
from pathlib import Path

import pytest

from snark.bn254.constants import GROUP_ORDER
from snark.errors import MalformedError, Reason
from snark.r1cs.wtns_file import read_wtns, write_wtns
from tests.snark import small_files as small
from tests.snark.shared_vectors import list_vectors, name_vector, needs_vectors

CANARY = 0xC0FFEE_D15EA5E_0DEFACED_0DDBA11


def refusal_of(source: bytes) -> MalformedError:
    with pytest.raises(MalformedError) as refused:
        read_wtns(source)
    return refused.value


def test_what_stands_there_is_read() -> None:
    witness = read_wtns(small.wtns_file())
    assert len(witness) == 5
    assert list(witness.values) == [1, 33, 10, 3, 30]


@pytest.mark.parametrize("values", [[1], [1, 0], [1, GROUP_ORDER - 1, 2**128]])
def test_what_is_written_is_read_again_and_by_its_owner_alone(values: list[int], tmp_path: Path) -> None:
    path = tmp_path / "witness.wtns"
    write_wtns(path, values)
    assert path.read_bytes() == small.wtns_file(values)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(read_wtns(path).values) == values


@needs_vectors
@pytest.mark.parametrize("path", list_vectors("*/*.wtns"), ids=name_vector)
def test_a_copy_of_a_file_from_elsewhere_is_the_same_file(path: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.wtns"
    write_wtns(copy, read_wtns(path).values)
    assert copy.read_bytes() == path.read_bytes()


@pytest.mark.parametrize("wrong", [GROUP_ORDER, GROUP_ORDER + CANARY, 2**256 - 1])
@pytest.mark.parametrize("at", [1, 4])
def test_a_second_name_for_a_value_is_refused(wrong: int, at: int) -> None:
    values = [1, 33, 10, 3, 30]
    values[at] = wrong
    error = refusal_of(small.wtns_file(values))
    assert error.reason is Reason.F15_NOT_CANONICAL
    assert error.field.endswith(f"value[{at}]")


@pytest.mark.parametrize("values", [[], [0, 1], [CANARY, 1], [GROUP_ORDER - 1]])
def test_the_first_value_is_one(values: list[int]) -> None:
    assert refusal_of(small.wtns_file(values)).reason is Reason.F19_FIRST_VALUE


@pytest.mark.parametrize("count", [0, 4, 6, 2**32 - 1])
def test_the_count_is_that_of_the_values(count: int) -> None:
    sections = small.replaced(small.wtns_sections(), 1, small.modulus(small.R) + small.u32(count))
    assert refusal_of(small.container(b"wtns", 2, sections)).reason is Reason.F10_SECTION_SIZE


def test_a_witness_of_another_field_is_refused() -> None:
    sections = small.replaced(small.wtns_sections(), 1, small.modulus(small.P) + small.u32(5))
    error = refusal_of(small.container(b"wtns", 2, sections))
    assert error.reason is Reason.F11_FOREIGN_FIELD
    assert error.found.startswith("p, the modulus")


@pytest.mark.parametrize("wrong", [-CANARY, GROUP_ORDER + CANARY])
def test_no_error_tells_a_value(wrong: int, tmp_path: Path) -> None:
    with pytest.raises(MalformedError) as refused:
        write_wtns(tmp_path / "witness.wtns", [1, wrong])
    assert str(CANARY) not in str(refused.value)
    for source in (small.wtns_file([CANARY]), small.wtns_file([1, GROUP_ORDER + CANARY])):
        error = refusal_of(source)
        assert str(CANARY) not in str(error)
        assert f"{CANARY:x}" not in str(error)
    assert str(CANARY) not in repr(read_wtns(small.wtns_file([1, CANARY])))
