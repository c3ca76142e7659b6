"""The container: sections tile the file, each once, and whatever else it is names itself."""

from collections.abc import Callable
from pathlib import Path

import pytest

from snark.errors import MalformedError, Reason
from snark.groth16.formats.ptau import read_ptau
from snark.groth16.formats.zkey import read_zkey
from snark.r1cs.container import replace_file, write_container
from snark.r1cs.r1cs_file import LAYOUT, read_r1cs
from snark.r1cs.reading import Source
from snark.r1cs.wtns_file import read_wtns
from tests.snark import small_files as small

Read = Callable[[Source], object]

FORMATS: list[tuple[Read, bytes, int, list[tuple[int, bytes]]]] = [
    (read_r1cs, b"r1cs", 1, small.r1cs_sections()),
    (read_wtns, b"wtns", 2, small.wtns_sections()),
    (read_zkey, b"zkey", 1, small.zkey_sections(small.person())),
    (read_ptau, b"ptau", 1, small.ptau_sections(small.person())),
]
every_format = pytest.mark.parametrize(
    ("read", "magic", "version", "sections"), FORMATS, ids=lambda each: str(each)[:6]
)


def refusal_of(read: Read, source: Source) -> MalformedError:
    with pytest.raises(MalformedError) as refused:
        read(source)
    return refused.value


@every_format
def test_a_whole_file_is_read_from_disk_and_from_memory(
    read: Read, magic: bytes, version: int, sections: small.Sections, tmp_path: Path
) -> None:
    path = tmp_path / "file"
    path.write_bytes(small.container(magic, version, sections))
    read(path)
    read(path.read_bytes())


@every_format
def test_sections_may_stand_in_any_order(read: Read, magic: bytes, version: int, sections: small.Sections) -> None:
    read(small.container(magic, version, sections[::-1]))


@every_format
def test_every_truncation_is_refused(read: Read, magic: bytes, version: int, sections: small.Sections) -> None:
    whole = small.container(magic, version, sections)
    for length in range(len(whole)):
        error = refusal_of(read, whole[:length])
        assert error.reason is Reason.F04_TRUNCATED
        assert error.expected.endswith("bytes")


@every_format
def test_a_trailing_byte_is_refused(read: Read, magic: bytes, version: int, sections: small.Sections) -> None:
    assert refusal_of(read, small.container(magic, version, sections) + b"\0").reason is Reason.F05_TRAILING_BYTES


@every_format
def test_a_second_section_is_refused(read: Read, magic: bytes, version: int, sections: small.Sections) -> None:
    for section in sections:
        error = refusal_of(read, small.container(magic, version, [*sections, section]))
        assert error.reason is Reason.F07_DUPLICATE_SECTION
        assert f"section {section[0]} (" in error.field


@every_format
def test_a_missing_section_is_refused(read: Read, magic: bytes, version: int, sections: small.Sections) -> None:
    for kind, _ in sections:
        error = refusal_of(read, small.container(magic, version, small.without(sections, kind)))
        assert error.reason is Reason.F09_MISSING_SECTION


@every_format
def test_a_section_that_is_too_long_or_too_short_is_refused(
    read: Read, magic: bytes, version: int, sections: small.Sections
) -> None:
    for kind, data in sections:
        for wrong in (data[:-1], data + b"\0", b""):
            if magic == b"r1cs" and kind == 2 and wrong:
                continue  # the length of the constraints is known when they have been read
            error = refusal_of(read, small.container(magic, version, small.replaced(sections, kind, wrong)))
            assert error.reason in {Reason.F04_TRUNCATED, Reason.F05_TRAILING_BYTES, Reason.F10_SECTION_SIZE}
            assert f"section {kind} (" in error.field


@every_format
def test_an_unknown_section_is_refused_unless_the_format_passes_it_over(
    read: Read, magic: bytes, version: int, sections: small.Sections
) -> None:
    extended = small.container(magic, version, [*sections, (99, b"future")])
    if magic == b"r1cs":
        read(extended)
    else:
        assert refusal_of(read, extended).reason is Reason.F08_UNKNOWN_SECTION


@every_format
def test_another_version_is_refused(read: Read, magic: bytes, version: int, sections: small.Sections) -> None:
    assert refusal_of(read, small.container(magic, version + 1, sections)).reason is Reason.F03_VERSION


@every_format
def test_a_size_beyond_the_file_is_refused(read: Read, magic: bytes, version: int, sections: small.Sections) -> None:
    whole = bytearray(small.container(magic, version, sections))
    whole[16:24] = small.u64(2**64 - 1)
    assert refusal_of(read, bytes(whole)).reason is Reason.F04_TRUNCATED


@every_format
def test_a_foreign_file_names_itself(
    read: Read, magic: bytes, version: int, sections: small.Sections, tmp_path: Path
) -> None:
    path = tmp_path / "swapped"
    for beginning, name in (
        (b"r1cs", "(constraints)"),
        (b"wtns", "(a witness)"),
        (b"zkey", "(a proving key)"),
        (b"ptau", "(powers of tau)"),
        (b'{"pi_a"', "JSON"),
        (b"version https://", "a pointer"),
        (b"\xff\xfe\0\0", "xff"),
    ):
        if beginning == magic:
            continue
        path.write_bytes(beginning + small.container(magic, version, sections)[4:])
        error = refusal_of(read, path)
        assert error.reason is Reason.F02_FOREIGN_FILE
        assert name in error.found
        assert str(path) in error.field
        assert magic.decode() in error.expected


def test_too_many_sections_are_refused_before_they_are_looked_at() -> None:
    whole = bytearray(small.container(b"r1cs", 1, small.r1cs_sections()))
    whole[8:12] = small.u32(2**32 - 1)
    assert refusal_of(read_r1cs, bytes(whole)).reason is Reason.F06_TOO_MANY_SECTIONS


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    assert refusal_of(read_r1cs, tmp_path / "absent").found == "nothing"
    assert refusal_of(read_r1cs, tmp_path).found == "something else"
    empty = tmp_path / "empty"
    empty.touch()
    assert refusal_of(read_r1cs, empty).reason is Reason.F04_TRUNCATED


def test_a_file_that_was_not_finished_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "circuit.r1cs"
    path.write_bytes(b"old")

    def fail() -> None:
        with write_container(path, LAYOUT) as writer:
            writer.add_section(1, b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_reader_keeps_the_file_that_it_opened(tmp_path: Path) -> None:
    path = tmp_path / "circuit.r1cs"
    path.write_bytes(small.r1cs_file())
    r1cs = read_r1cs(path)
    with replace_file(path) as file:
        file.write(b"another")
    r1cs.require_well_formed()
    assert path.read_bytes() == b"another"
