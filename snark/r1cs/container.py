"""The container that ``.r1cs``, ``.wtns``, ``.zkey`` and ``.ptau`` share.

``magic (4 bytes) | version u32 | number of sections u32 | (kind u32 | size u64 | content) for each section``

Sections may stand in any order, each once; they follow each other without a gap and end where the file ends.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final

from snark.errors import MalformedError, Reason
from snark.r1cs.reading import U32, U64, Reader, Source, name_source, open_source

MOST_SECTIONS: Final = 64
MAGIC_BYTES: Final = 4
SECTION_COUNT_AT: Final = 8

FAMILIAR_BEGINNINGS: Final = {
    b"r1cs": "a .r1cs file (constraints)",
    b"wtns": "a .wtns file (a witness)",
    b"zkey": "a .zkey file (a proving key)",
    b"ptau": "a .ptau file (powers of tau)",
    b"\x00asm": "a WebAssembly module",
    b"\x7fELF": "an executable",
    b"PK\x03\x04": "a zip archive",
    b"vers": "a pointer of a large-file store instead of the file",
}


@dataclass(frozen=True, slots=True)
class Layout:
    """What files of one format are made of."""

    magic: bytes
    version: int
    sections: Mapping[int, str]
    optional: frozenset[int] = frozenset()
    keeps_unknown: bool = False
    """Whether the format's own document says that unknown sections are to be passed over."""

    @property
    def name(self) -> str:
        """The ending of the file's name."""
        return f".{self.magic.decode()}"


@dataclass(frozen=True, slots=True)
class Section:
    """One section: a window on the file."""

    kind: int
    data: memoryview = field(repr=False)
    place: str

    def reader(self) -> Reader:
        """Reads the section from its beginning."""
        return Reader(self.data, self.place)

    def require_size(self, size: int, because: str) -> memoryview:
        """The section is as long as the counts of the header make it."""
        if len(self.data) != size:
            raise MalformedError(
                Reason.F10_SECTION_SIZE,
                self.place,
                found=f"{len(self.data)} bytes",
                expected=f"{size} bytes: {because}",
            )
        return self.data


@dataclass(frozen=True, slots=True)
class Container:
    """A file cut into its sections, in the order in which they stand."""

    place: str
    sections: Mapping[int, Section]

    @property
    def order(self) -> tuple[int, ...]:
        """The kinds in the order in which they stand."""
        return tuple(self.sections)

    def __getitem__(self, kind: int) -> Section:
        return self.sections[kind]

    def __contains__(self, kind: int) -> bool:
        return kind in self.sections


def read_container(source: Source, layout: Layout) -> Container:
    """Cut a file into its sections; they tile it, each stands once, and all that have to be there are."""
    place = name_source(source)
    reader = Reader(open_source(source), place)
    require_magic(reader, layout)
    version = reader.read_u32("version")
    if version != layout.version:
        raise MalformedError(
            Reason.F03_VERSION, f"{place}: version", found=version, expected=f"{layout.version}, of {layout.name}"
        )
    sections = read_sections(reader, layout)
    reader.require_end()
    for kind, name in layout.sections.items():
        if kind not in sections and kind not in layout.optional:
            raise MalformedError(
                Reason.F09_MISSING_SECTION,
                name_section(place, kind, layout),
                found=f"sections {', '.join(map(str, sections)) or 'none'}",
                expected=f"a section {kind} ({name})",
            )
    return Container(place, sections)


def require_magic(reader: Reader, layout: Layout) -> None:
    """The first four bytes say which format it is."""
    magic = reader.take_bytes(MAGIC_BYTES, f"the first word, which makes it a {layout.name} file")
    if magic != layout.magic:
        text = "text, JSON perhaps" if magic.lstrip()[:1] in (b"{", b"[") else repr(magic)
        raise MalformedError(
            Reason.F02_FOREIGN_FILE,
            reader.place,
            found=FAMILIAR_BEGINNINGS.get(magic, text),
            expected=FAMILIAR_BEGINNINGS[layout.magic],
        )


def read_sections(reader: Reader, layout: Layout) -> dict[int, Section]:
    """The sections, in the order in which they stand."""
    count = reader.read_u32("number of sections")
    if count > MOST_SECTIONS:
        raise MalformedError(
            Reason.F06_TOO_MANY_SECTIONS,
            f"{reader.place}: number of sections",
            found=count,
            expected=f"at most {MOST_SECTIONS}",
        )
    sections: dict[int, Section] = {}
    for index in range(count):
        kind = reader.read_u32(f"kind of section {index + 1} of {count}")
        place = name_section(reader.place, kind, layout)
        if kind in sections:
            raise MalformedError(Reason.F07_DUPLICATE_SECTION, place, found="a second one", expected="one")
        if kind not in layout.sections and not layout.keeps_unknown:
            known = ", ".join(f"{known} {name}" for known, name in layout.sections.items())
            raise MalformedError(Reason.F08_UNKNOWN_SECTION, place, found=kind, expected=f"one of {known}")
        size = reader.read_u64(f"size of section {kind}")
        sections[kind] = Section(kind, reader.take(size, f"section {kind}"), place)
    return sections


def name_section(place: str, kind: int, layout: Layout) -> str:
    """What an error calls a section."""
    return f"{place}: section {kind} ({layout.sections.get(kind, 'unknown')})"


class ContainerWriter:
    """Writes sections one after the other and fills in their sizes."""

    def __init__(self, file: BinaryIO, layout: Layout) -> None:
        self.file = file
        self.count = 0
        file.write(layout.magic + U32.pack(layout.version) + U32.pack(0))

    @contextmanager
    def section(self, kind: int) -> Iterator[BinaryIO]:
        """Whatever is written meanwhile is the content of the section."""
        self.file.write(U32.pack(kind))
        size_at = self.file.tell()
        self.file.write(U64.pack(0))
        yield self.file
        end = self.file.tell()
        self.file.seek(size_at)
        self.file.write(U64.pack(end - size_at - U64.size))
        self.file.seek(end)
        self.count += 1

    def add_section(self, kind: int, content: bytes | memoryview) -> None:
        """A section whose content is here already."""
        with self.section(kind) as file:
            file.write(content)

    def finish(self) -> None:
        """Fill in the number of sections."""
        self.file.seek(SECTION_COUNT_AT)
        self.file.write(U32.pack(self.count))


@contextmanager
def write_container(path: Path, layout: Layout, *, secret: bool = False) -> Iterator[ContainerWriter]:
    """Write a file that is there whole or not at all; a secret one can be read by its owner alone."""
    with replace_file(path, secret=secret) as file:
        writer = ContainerWriter(file, layout)
        yield writer
        writer.finish()


@contextmanager
def replace_file(path: Path, *, secret: bool = False) -> Iterator[BinaryIO]:
    """A file beside the one that is meant, which takes its place when all has been written and is on the disk.

    Whoever has the old file mapped keeps the old file.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    try:
        with open(beside, "xb", opener=lambda name, flags: os.open(name, flags, 0o600 if secret else 0o666)) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        error.filename = str(path)  # what the caller meant, and not the file beside it
        raise
    finally:
        beside.unlink(missing_ok=True)
