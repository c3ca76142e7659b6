"""A compiled statement as a folder: what a prover, a ceremony and a reviewer need, and nothing that has to be believed.

    circuit.r1cs       the constraint system, as circom and snarkjs read it; its SHA-256 is the circuit's identity
    circuit.sym        the name of each of its wires
    circuit.program    the witness program, which names the constraint system that it was made for
    interface.json     every input with its size, range and meaning; shape, counts, and the SHA-256 of the other files

A folder is there whole or not at all: it is written beside its place and put there in one step.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from hashlib import file_digest, sha256
from pathlib import Path
from shutil import rmtree
from typing import Final, Self

import circuits
import facts
import margin.bounds
import snark.poseidon
import snark.r1cs
from circuits.catalogue import name_circuit
from circuits.compile import CompiledCircuit, compile_statement
from circuits.recording import Declaration
from circuits.statement import Statement
from margin.documents.reading import Fields, read_document
from margin.errors import MalformedError, Reason
from snark.bn254.backend import BackendName
from snark.r1cs.program.definition import Input
from snark.r1cs.program.encoding import MOST_CELLS, encode_program
from snark.r1cs.program.execution import Executable, load_program
from snark.r1cs.r1cs_file import R1cs, read_r1cs
from snark.r1cs.sym_file import write_sym

FORMAT: Final = "ringfence.circuit/1"
R1CS: Final = "circuit.r1cs"
SYMBOLS: Final = "circuit.sym"
PROGRAM: Final = "circuit.program"
INTERFACE: Final = "interface.json"
FILES: Final = (R1CS, SYMBOLS, PROGRAM)

TEXT_SOURCES: Final = (circuits, facts, margin.bounds, snark.poseidon, snark.r1cs)
"""Whatever a circuit's bytes can depend on."""


@dataclass(frozen=True, slots=True)
class Counts:
    """How large a circuit is."""

    constraints: int
    wires: int
    public_inputs: int
    private_inputs: int


@dataclass(frozen=True, slots=True)
class NamedInput:
    """An input as a caller sees it."""

    name: str
    size: int
    bits: int
    public: bool
    meaning: str

    @property
    def declared(self) -> Input:
        """The input as the witness program declares it."""
        return Input(self.name, self.size, self.bits)

    @classmethod
    def of(cls, declared: Declaration) -> Self:
        """The input of a statement's text."""
        return cls(declared.name, declared.size, declared.bits, declared.public, declared.meaning)


@dataclass(frozen=True, slots=True)
class Interface:
    """What there is to know of a circuit without reading it."""

    name: str
    statement: str
    shape: dict[str, int]
    circuit_hash: str
    """The SHA-256 of the constraint system's file, in hexadecimal."""
    text_version: str
    counts: Counts
    inputs: tuple[NamedInput, ...]
    files: dict[str, str] = field(repr=False)
    """The SHA-256 of each file."""

    @property
    def public_names(self) -> tuple[str, ...]:
        """The name of each public input, in the order in which a proof has them."""
        return tuple(
            each.name if each.size == 1 else f"{each.name}[{place}]"
            for each in self.inputs
            if each.public
            for place in range(each.size)
        )

    def describe(self) -> dict[str, object]:
        """The interface as its file has it."""
        inputs = [
            {
                "name": each.name,
                "size": each.size,
                "bits": each.bits,
                "below": str(each.declared.bound),
                "public": each.public,
                "meaning": each.meaning,
            }
            for each in self.inputs
        ]
        return {
            "format": FORMAT,
            "name": self.name,
            "statement": self.statement,
            "shape": self.shape,
            "circuit_hash": self.circuit_hash,
            "text_version": self.text_version,
            "counts": {name: getattr(self.counts, name) for name in Counts.__slots__},
            "public": list(self.public_names),
            "inputs": inputs,
            "files": self.files,
        }


@dataclass(frozen=True, slots=True)
class Artifact:
    """The folder of a circuit."""

    folder: Path
    interface: Interface

    @property
    def r1cs(self) -> Path:
        """The file of the constraint system."""
        return self.folder / R1CS

    def load_program(self, backend: BackendName | str = BackendName.AUTO) -> Executable:
        """The witness program: its own bytes, made for this circuit, with the inputs that the interface says."""
        data = read_bytes(self.folder / PROGRAM)
        require_hash(PROGRAM, sha256(data).hexdigest(), self.interface.files[PROGRAM])
        program = load_program(data, backend)
        require_same("made_for", program.made_for.hex(), self.interface.circuit_hash)
        if program.inputs != tuple(each.declared for each in self.interface.inputs):
            expected = "the inputs that the interface says"
            raise MalformedError(Reason.WRONG_FILE, PROGRAM, found="other inputs", expected=expected)
        return program

    def require_intact(self) -> None:
        """Every file is the one that the interface names, and they belong together."""
        for name in FILES:
            require_hash(name, hash_file(self.folder / name), self.interface.files[name])
        require_same("circuit_hash", self.interface.files[R1CS], self.interface.circuit_hash)
        require_counts(read_r1cs(self.r1cs), self.interface.counts)
        self.load_program()


def require_counts(r1cs: R1cs, counts: Counts) -> None:
    """The constraint system is as large as the interface says."""
    header = r1cs.header
    found = Counts(header.constraints, header.wires, header.public_inputs, header.private_inputs)
    if found != counts:
        raise MalformedError(Reason.WRONG_FILE, "counts", found=found, expected=str(counts))


# --- Writing -----------------------------------------------------------------------------------------


def write_artifact(statement: Statement, folder: Path) -> Artifact:
    """Compile a statement into a folder, which takes the place of what was there."""
    circuit = compile_statement(statement)
    with replace_folder(folder) as beside:
        interface = write_files(circuit, beside)
    return Artifact(folder, interface)


def write_files(circuit: CompiledCircuit, folder: Path) -> Interface:
    """All files of a circuit."""
    circuit.write_r1cs(folder / R1CS)
    circuit_hash = hash_file(folder / R1CS)
    write_sym(folder / SYMBOLS, circuit.symbols())
    (folder / PROGRAM).write_bytes(encode_program(circuit.assemble(bytes.fromhex(circuit_hash))))
    header, statement = circuit.header, circuit.statement
    interface = Interface(
        name=name_circuit(statement),
        statement=statement.name,
        shape=statement.shape,
        circuit_hash=circuit_hash,
        text_version=compute_text_version(),
        counts=Counts(header.constraints, header.wires, header.public_inputs, header.private_inputs),
        inputs=tuple(map(NamedInput.of, circuit.declarations)),
        files={name: hash_file(folder / name) for name in FILES},
    )
    document = json.dumps(interface.describe(), indent=2, ensure_ascii=False)
    (folder / INTERFACE).write_text(f"{document}\n", encoding="utf-8")
    return interface


@contextmanager
def replace_folder(folder: Path) -> Iterator[Path]:
    """A folder beside the one that is meant, which takes its place when all in it is on the disk."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    token = f"{os.getpid()}.{os.urandom(4).hex()}"
    beside, old = (folder.with_name(f".{folder.name}.{token}.{kind}") for kind in ("new", "old"))
    beside.mkdir()
    try:
        yield beside
        for path in (*beside.iterdir(), beside):
            flush(path)
        with suppress(FileNotFoundError):
            folder.rename(old)
        beside.rename(folder)
        flush(folder.parent)
    finally:
        for left in (beside, old):
            rmtree(left, ignore_errors=True)


def flush(path: Path) -> None:
    """See that a file, or the names in a folder, are on the disk."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


@cache
def compute_text_version() -> str:
    """Which version of the text and of the language it is compiled with: the SHA-256 of their sources.

    Known without compiling, so that what was compiled before can be found; another version need not mean another
    circuit.
    """
    digest = sha256()
    for module in TEXT_SOURCES:
        root = Path(str(module.__file__))
        paths = sorted(root.parent.rglob("*.py")) if root.name == "__init__.py" else [root]
        for path in paths:
            name = f"{module.__name__}/{path.relative_to(root.parent).as_posix()}"
            digest.update(f"{name}\n".encode() + hash_file(path).encode())
    return digest.hexdigest()


# --- Reading -----------------------------------------------------------------------------------------


def read_artifact(folder: Path) -> Artifact:
    """The artifact in a folder; its files are checked when they are used, or all at once by ``require_intact``."""
    return Artifact(folder, read_interface(folder / INTERFACE))


def read_interface(path: Path) -> Interface:
    """The interface, checked to the last field."""
    with Fields(read_document(path)) as fields:
        found = fields.text("format")
        if found != FORMAT:
            raise MalformedError(Reason.NOT_A_CHOICE, "format", found=found, expected=FORMAT)
        with fields.inner("counts") as counts:
            sizes = Counts(*(counts.integer(name, 0, MOST_CELLS) for name in Counts.__slots__))
        with fields.inner("shape") as shape:
            parameters = {name: shape.integer(name, 0, MOST_CELLS) for name in tuple(shape.rest)}
        with fields.inner("files") as files:
            hashes = {name: files.text(name) for name in FILES}
        names = fields.take_required("public", "the names of the public inputs")
        interface = Interface(
            name=fields.text("name"),
            statement=fields.text("statement"),
            shape=parameters,
            circuit_hash=fields.text("circuit_hash"),
            text_version=fields.text("text_version"),
            counts=sizes,
            inputs=tuple(map(read_input, fields.items("inputs"))),
            files=hashes,
        )
    if names != list(interface.public_names) or len(interface.public_names) != sizes.public_inputs:
        raise MalformedError(Reason.WRONG_COUNT, "public", found="other names", expected="those of the public inputs")
    return interface


def read_input(fields: Fields) -> NamedInput:
    """One input; its bound is written for people, and has to be that of its bits."""
    with fields:
        declared = NamedInput(
            name=fields.text("name"),
            size=fields.integer("size", 1, MOST_CELLS),
            bits=fields.integer("bits", 1, 254),
            public=fields.boolean("public"),
            meaning=fields.text("meaning"),
        )
        require_same("below", fields.text("below"), str(declared.declared.bound))
    return declared


def read_bytes(path: Path) -> bytes:
    """A file of the folder."""
    try:
        return path.read_bytes()
    except OSError as error:
        found = error.strerror or "an error"
        raise MalformedError(Reason.NOT_READABLE, path.name, found=found, expected="a file of the folder") from None


def hash_file(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    try:
        with path.open("rb") as file:
            return file_digest(file, "sha256").hexdigest()
    except OSError as error:
        found = error.strerror or "an error"
        raise MalformedError(Reason.NOT_READABLE, path.name, found=found, expected="a file of the folder") from None


def require_hash(name: str, found: str, expected: str) -> None:
    """A file is the one that was written."""
    if found != expected:
        raise MalformedError(Reason.WRONG_FILE, name, found=found, expected=f"the file with the SHA-256 {expected}")


def require_same(name: str, found: str, expected: str) -> None:
    """Two places that say the same thing say the same."""
    if found != expected:
        raise MalformedError(Reason.WRONG_FILE, name, found=found, expected=expected)
