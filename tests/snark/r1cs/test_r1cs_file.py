"""``.r1cs``: what is read is what stands there, and what is written is what circom would write."""

import gc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snark.bn254.constants import GROUP_ORDER
from snark.errors import MalformedError, MisuseError, Reason
from snark.r1cs.r1cs_file import Constraint, R1csHeader, read_r1cs, write_r1cs
from tests.snark import small_files as small
from tests.snark.shared_vectors import list_vectors, name_vector, needs_vectors

HEADER = R1csHeader(wires=5, outputs=1, public_inputs=1, private_inputs=1, labels=7, constraints=2)

terms = st.lists(
    st.tuples(st.integers(0, 9), st.integers(0, GROUP_ORDER - 1)), max_size=5, unique_by=lambda term: term[0]
).map(tuple)
rows = st.lists(st.builds(Constraint, terms, terms, terms), max_size=6)


def refusal_of(source: bytes) -> MalformedError:
    with pytest.raises(MalformedError) as refused:
        read_r1cs(source).require_well_formed()
    return refused.value


def with_section(kind: int, data: bytes) -> bytes:
    return small.container(b"r1cs", 1, small.replaced(small.r1cs_sections(), kind, data))


def test_what_stands_there_is_read() -> None:
    r1cs = read_r1cs(small.r1cs_file())
    assert r1cs.header == HEADER
    assert r1cs.header.public == 2
    assert r1cs.order == (2, 1, 3)
    expected = [Constraint(*(tuple(side) for side in row)) for row in (small.MULTIPLY, small.ADD)]
    assert list(r1cs.iterate_constraints()) == expected
    assert tuple(r1cs.iterate_labels()) == small.LABELS


@given(rows)
def test_what_is_written_is_read_again(tmp_path_factory: pytest.TempPathFactory, constraints: list[Constraint]) -> None:
    path = tmp_path_factory.mktemp("r1cs") / "circuit.r1cs"
    header = R1csHeader(10, 2, 3, 4, 2**40, len(constraints))
    labels = [0, 2**40 - 1, *range(1, 9)]
    write_r1cs(path, header, constraints, labels)
    r1cs = read_r1cs(path)
    assert (r1cs.header, list(r1cs.iterate_constraints()), list(r1cs.iterate_labels())) == (header, constraints, labels)


@pytest.mark.parametrize("order", [(1, 2, 3), (2, 1, 3), (3, 2, 1), (2, 1, 3, 4, 5)])
def test_a_copy_is_the_same_file(order: tuple[int, ...], tmp_path: Path) -> None:
    content = dict(small.r1cs_sections()) | {4: small.u32(0), 5: small.u32(0)}
    original = small.container(b"r1cs", 1, [(kind, content[kind]) for kind in order])
    r1cs = read_r1cs(original)
    copy = tmp_path / "copy.r1cs"
    write_r1cs(copy, r1cs.header, r1cs.iterate_constraints(), r1cs.iterate_labels(), order=r1cs.order)
    assert copy.read_bytes() == original


@needs_vectors
@pytest.mark.parametrize("path", list_vectors("*/*.r1cs"), ids=name_vector)
def test_a_copy_of_a_file_from_elsewhere_is_the_same_file(path: Path, tmp_path: Path) -> None:
    r1cs = read_r1cs(path)
    copy = tmp_path / "copy.r1cs"
    write_r1cs(copy, r1cs.header, r1cs.iterate_constraints(), r1cs.iterate_labels(), order=r1cs.order)
    assert copy.read_bytes() == path.read_bytes()


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (([(5, 1)], [], []), Reason.F14_INDEX_OUT_OF_RANGE),
        (([], [(2**32 - 1, 1)], []), Reason.F14_INDEX_OUT_OF_RANGE),
        (([], [], [(1, GROUP_ORDER)]), Reason.F15_NOT_CANONICAL),
        (([(1, 2**256 - 1)], [], []), Reason.F15_NOT_CANONICAL),
        (([(3, 1), (1, 1), (3, 1)], [], []), Reason.F16_DUPLICATE_TERM),
    ],
)
def test_a_term_that_is_not_one_is_refused(
    row: tuple[small.Combination, small.Combination, small.Combination], reason: Reason
) -> None:
    error = refusal_of(with_section(2, small.constraints(small.ADD, row)))
    assert error.reason is reason
    assert "constraint 1" in error.field


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (small.constraints(small.ADD), Reason.F10_SECTION_SIZE),
        (small.constraints(small.ADD, small.ADD)[:-1], Reason.F04_TRUNCATED),
        (small.constraints(small.ADD, small.ADD) + b"\0", Reason.F05_TRAILING_BYTES),
        (small.constraints(small.ADD, small.ADD, small.ADD), Reason.F05_TRAILING_BYTES),
        (small.u32(2**32 - 1) + bytes(100), Reason.F04_TRUNCATED),
        (b"", Reason.F10_SECTION_SIZE),
    ],
)
def test_constraints_fill_their_section(data: bytes, reason: Reason) -> None:
    if reason is Reason.F10_SECTION_SIZE and data:
        data = data[: 2 * 12 - 1]
    assert refusal_of(with_section(2, data)).reason is reason


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (small.modulus(small.P) + small.u32(5, 1, 1, 1) + small.u64(7) + small.u32(2), Reason.F11_FOREIGN_FIELD),
        (small.u32(48) + bytes(48) + small.u32(5, 1, 1, 1) + small.u64(7) + small.u32(2), Reason.F11_FOREIGN_FIELD),
        (small.modulus(small.R) + small.u32(3, 1, 1, 1) + small.u64(7) + small.u32(2), Reason.F13_COUNTS_DISAGREE),
        (
            small.modulus(small.R) + small.u32(5, 2**32 - 1, 1, 1) + small.u64(7) + small.u32(2),
            Reason.F13_COUNTS_DISAGREE,
        ),
        (small.modulus(small.R) + small.u32(6, 1, 1, 1) + small.u64(7) + small.u32(2), Reason.F10_SECTION_SIZE),
        (small.modulus(small.R) + small.u32(5, 1, 1, 1) + small.u64(7) + small.u32(2**32 - 1), Reason.F10_SECTION_SIZE),
        (small.modulus(small.R) + small.u32(5, 1, 1, 1) + small.u64(4) + small.u32(2), Reason.F14_INDEX_OUT_OF_RANGE),
    ],
)
def test_a_header_that_contradicts_itself_or_the_file_is_refused(header: bytes, reason: Reason) -> None:
    assert refusal_of(with_section(1, header)).reason is reason


@pytest.mark.parametrize("kind", [4, 5])
def test_custom_gates_are_refused(kind: int) -> None:
    sections = [*small.r1cs_sections(), (kind, small.u32(1) + b"cmul\0")]
    assert refusal_of(small.container(b"r1cs", 1, sections)).reason is Reason.F12_FOREIGN_PROTOCOL


def test_what_is_written_is_what_was_announced(tmp_path: Path) -> None:
    path = tmp_path / "circuit.r1cs"
    with pytest.raises(MisuseError) as refused:
        write_r1cs(path, HEADER, [], small.LABELS)
    assert refused.value.reason is Reason.WRONG_COUNT
    assert not path.exists()


@pytest.mark.slow
def test_what_is_left_half_read_does_not_crash_the_collector() -> None:
    """A buffer that an iterator holds in a reference cycle crashes Python 3.11 when the cycle is collected."""
    wrong = with_section(2, small.constraints(small.ADD, ([(1, GROUP_ORDER), (2, 1)], [], [])))
    for _ in range(20):
        error = refusal_of(wrong)
        error.__cause__ = error  # its frames, with all that they hold, in a cycle
        del error
        gc.collect()
