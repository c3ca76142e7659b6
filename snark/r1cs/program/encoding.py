"""Witness programs as bytes: compact, versioned, and read strictly.

======================  ===========================================================================================
magic, version          ``rfwp``, 1; fixed-size numbers are little-endian, 32 bits where nothing else is said
prime                   r, in 32 bytes
made for                a SHA-256
counts                  inputs, constants, tables, rules, instructions, cells, wires, outputs, public inputs
inputs                  for each its name, its size and the bits of its elements (254: any element)
constants               32 bytes each, below r
tables                  for each its length, then the number of a constant for each entry
rules                   for each its name
instructions            an operation's byte, its operands; before repeated operands, how often they are repeated
wires                   for each the step from the cell of the wire before, less one; zigzag, so that 0 is "the next"
======================  ===========================================================================================

Numbers outside the fixed part have seven bits to the byte, the lowest first, the top bit saying that another byte
follows; only the shortest form is read. A name is its length and so many printable ASCII characters. A cell is
written as its distance back from the next free cell: what was just made is 1, so that most operands take one byte.
"""

import struct
from typing import Final

from snark.bn254.constants import FIELD_BYTES, GROUP_ORDER
from snark.errors import MalformedError, Reason
from snark.r1cs.program.definition import ANY_ELEMENT_BITS, Input, WitnessProgram
from snark.r1cs.program.operations import SIGNATURES, Instruction, Operand, Operation, are_within_bounds, kinds_of

MAGIC: Final = b"rfwp"
VERSION: Final = 1
DIGEST_BYTES: Final = 32
COUNTS: Final = struct.Struct("<9I")

MOST_CELLS: Final = 1 << 24
"""Half a gigabyte of elements; the same bound holds for wires and for the elements of the inputs."""
LONGEST_NAME: Final = 100
PRINTABLE: Final = range(0x21, 0x7F)
NUMBER_BITS: Final = 32

KIND_FIELDS: Final = {Operand.CONSTANT: "constants", Operand.TABLE: "tables", Operand.RULE: "rules"}


def encode_program(program: WitnessProgram) -> bytes:
    """The one way to write this program."""
    parts = [MAGIC, VERSION.to_bytes(4, "little"), GROUP_ORDER.to_bytes(FIELD_BYTES, "little"), program.made_for]
    parts.append(
        COUNTS.pack(
            *(len(program.inputs), len(program.constants), len(program.tables), len(program.rules)),
            *(len(program.instructions), program.cells, len(program.wires), program.outputs, program.public_inputs),
        )
    )
    for given in program.inputs:
        parts += [encode_name(given.name), encode_number(given.size), encode_number(given.bits)]
    parts += [constant.to_bytes(FIELD_BYTES, "little") for constant in program.constants]
    for table in program.tables:
        parts += map(encode_number, (len(table), *table))
    parts += map(encode_name, program.rules)
    following = 1 + program.input_cells
    for instruction in program.instructions:
        parts.append(encode_instruction(instruction, following))
        following += instruction.cells
    before = -1
    for cell in program.wires:
        parts.append(encode_number(zigzag(cell - before - 1)))
        before = cell
    return b"".join(parts)


def encode_instruction(instruction: Instruction, following: int) -> bytes:
    """An operation and its operands, seen from the cell that it writes first."""
    fixed, repeated = SIGNATURES[instruction.operation]
    kinds = kinds_of(instruction.operation, len(instruction.operands))
    numbers = [
        following - operand if kind is Operand.CELL else operand
        for kind, operand in zip(kinds, instruction.operands, strict=True)
    ]
    if repeated:
        numbers.insert(len(fixed), (len(numbers) - len(fixed)) // len(repeated))
    return bytes([instruction.operation]) + b"".join(map(encode_number, numbers))


def encode_number(number: int) -> bytes:
    """Seven bits to the byte, the lowest first."""
    written = bytearray()
    while number > 0x7F:  # noqa: PLR2004 -- seven bits
        written.append(number & 0x7F | 0x80)
        number >>= 7
    written.append(number)
    return bytes(written)


def encode_name(name: str) -> bytes:
    """Length and characters."""
    return encode_number(len(name)) + name.encode("ascii")


def zigzag(step: int) -> int:
    """0, -1, 1, -2, 2 ... as 0, 1, 2, 3, 4 ..."""
    return step * 2 if step >= 0 else -step * 2 - 1


def unzigzag(number: int) -> int:
    """The step that this number stands for."""
    return -(number + 1) // 2 if number & 1 else number // 2


class Reader:
    """The bytes of a program, taken from the front."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, length: int, field: str) -> bytes:
        """The next bytes, all of them."""
        if length > len(self.data) - self.at:
            found = f"{len(self.data) - self.at} bytes"
            raise MalformedError(Reason.W04_CUT_SHORT, field, found=found, expected=f"{length} bytes")
        self.at += length
        return self.data[self.at - length : self.at]

    def number(self, field: str) -> int:
        """The next number, in its shortest form."""
        number = shift = 0
        while True:
            (byte,) = self.take(1, field)
            number |= (byte & 0x7F) << shift
            shift += 7
            if byte & 0x80 == 0:
                break
            if shift >= NUMBER_BITS:
                raise misspelt(field, "more than five bytes")
        if number >> NUMBER_BITS:
            raise misspelt(field, "more than 32 bits")
        if byte == 0 and shift > 7:  # noqa: PLR2004 -- more than one byte
            raise misspelt(field, "leading zeros")
        return number

    def name(self, field: str, others: set[str]) -> str:
        """A name that nobody else has."""
        length = self.number(field)
        if not 1 <= length <= LONGEST_NAME:
            expected = f"1 to {LONGEST_NAME} characters"
            raise MalformedError(Reason.W08_BAD_NAME, field, found=f"{length} characters", expected=expected)
        spelled = self.take(length, field)
        if any(character not in PRINTABLE for character in spelled):
            expected = "printable ASCII characters, no space"
            raise MalformedError(Reason.W08_BAD_NAME, field, found="other characters", expected=expected)
        name = spelled.decode("ascii")
        if name in others:
            raise MalformedError(Reason.W08_BAD_NAME, field, found="a name that stands twice", expected="its own name")
        others.add(name)
        return name


def misspelt(field: str, found: str) -> MalformedError:
    """A number that is not written as numbers are."""
    return MalformedError(Reason.W06_NUMBER_SPELLING, field, found=found, expected="the shortest form, in 32 bits")


def require_bounds(number: int, least: int, most: int, field: str) -> int:
    """A count or size that can be."""
    if not least <= number <= most:
        raise MalformedError(Reason.W07_BEYOND_BOUNDS, field, found=number, expected=f"{least} to {most}")
    return number


def decode_program(data: bytes) -> WitnessProgram:
    """The program that these bytes say, with every reference in it checked; the order of the checks is the format's."""
    reader = Reader(data)
    made_for = decode_head(reader)
    counts = COUNTS.unpack(reader.take(COUNTS.size, "counts"))
    inputs_count, constants_count, tables_count, rules_count, length, cells, wires_count, outputs, public = counts
    require_bounds(cells, 1, MOST_CELLS, "counts.cells")
    require_bounds(wires_count, 1, MOST_CELLS, "counts.wires")
    if outputs + public >= wires_count:
        found = f"{wires_count} wires"
        expected = f"more than {outputs} outputs and {public} public inputs"
        raise MalformedError(Reason.W12_COUNTS_DISAGREE, "counts.wires", found=found, expected=expected)
    inputs = decode_inputs(reader, inputs_count)
    constants = tuple(decode_constant(reader, f"constants[{number}]") for number in range(constants_count))
    tables = tuple(decode_table(reader, constants_count, f"tables[{number}]") for number in range(tables_count))
    names: set[str] = set()
    rules = tuple(reader.name(f"rules[{number}]", names) for number in range(rules_count))
    limits = {Operand.CONSTANT: constants_count, Operand.TABLE: tables_count, Operand.RULE: rules_count}
    following = 1 + sum(given.size for given in inputs)
    instructions = []
    for number in range(length):
        instruction = decode_instruction(reader, following, limits, f"instructions[{number}]")
        instructions.append(instruction)
        following = require_bounds(following + instruction.cells, 1, MOST_CELLS, f"instructions[{number}]")
    if following != cells:
        raise MalformedError(Reason.W12_COUNTS_DISAGREE, "counts.cells", found=cells, expected=f"{following}")
    wires = decode_wires(reader, wires_count, cells)
    if reader.at < len(data):
        found = f"{len(data) - reader.at} bytes more"
        raise MalformedError(Reason.W05_TRAILING_BYTES, "program", found=found, expected="its end")
    return WitnessProgram(made_for, inputs, constants, tables, rules, tuple(instructions), wires, outputs, public)


def decode_head(reader: Reader) -> bytes:
    """What every program begins with; the digest of what it was made for."""
    magic = reader.take(len(MAGIC), "magic")
    if magic != MAGIC:
        raise MalformedError(Reason.W01_FOREIGN_FILE, "magic", found="another file", expected="rfwp")
    version = int.from_bytes(reader.take(4, "version"), "little")
    if version != VERSION:
        raise MalformedError(Reason.W02_FOREIGN_VERSION, "version", found=version, expected=f"{VERSION}")
    if reader.take(FIELD_BYTES, "prime") != GROUP_ORDER.to_bytes(FIELD_BYTES, "little"):
        raise MalformedError(Reason.W03_FOREIGN_FIELD, "prime", found="another prime", expected="r of BN254")
    return reader.take(DIGEST_BYTES, "made_for")


def decode_inputs(reader: Reader, count: int) -> tuple[Input, ...]:
    """The declared inputs."""
    names: set[str] = set()
    inputs = []
    elements = 0
    for number in range(count):
        field = f"inputs[{number}]"
        name = reader.name(field, names)
        size = require_bounds(reader.number(field), 1, MOST_CELLS, field)
        bits = require_bounds(reader.number(field), 1, ANY_ELEMENT_BITS, field)
        elements = require_bounds(elements + size, 1, MOST_CELLS - 1, field)
        inputs.append(Input(name, size, bits))
    return tuple(inputs)


def decode_constant(reader: Reader, field: str) -> int:
    """An element of the field."""
    constant = int.from_bytes(reader.take(FIELD_BYTES, field), "little")
    if constant >= GROUP_ORDER:
        raise MalformedError(Reason.W09_NOT_CANONICAL, field, found="a number not below r", expected="a number below r")
    return constant


def decode_table(reader: Reader, constants: int, field: str) -> tuple[int, ...]:
    """A list of constants."""
    length = require_bounds(reader.number(field), 1, MOST_CELLS, field)
    return tuple(require_reference(reader.number(field), constants, field) for _ in range(length))


def require_reference(number: int, limit: int, field: str) -> int:
    """The number of something that is there."""
    if number >= limit:
        raise MalformedError(Reason.W11_POINTS_NOWHERE, field, found=f"number {number}", expected=f"one of {limit}")
    return number


def decode_instruction(reader: Reader, following: int, limits: dict[Operand, int], field: str) -> Instruction:
    """An operation whose operands all are there."""
    (byte,) = reader.take(1, field)
    try:
        operation = Operation(byte)
    except ValueError:
        found = f"{byte:#04x}"
        raise MalformedError(Reason.W10_UNKNOWN_OPERATION, field, found=found, expected="an operation") from None
    fixed, repeated = SIGNATURES[operation]
    operands = [decode_operand(reader, kind, following, limits, field) for kind in fixed]
    if repeated:
        for _ in range(reader.number(field)):
            operands += [decode_operand(reader, kind, following, limits, field) for kind in repeated]
    if not are_within_bounds(operation, operands):
        expected = f"operands that {operation.name} can take"
        raise MalformedError(Reason.W07_BEYOND_BOUNDS, field, found="other operands", expected=expected)
    return Instruction(operation, tuple(operands))


def decode_operand(reader: Reader, kind: Operand, following: int, limits: dict[Operand, int], field: str) -> int:
    """A number that means something here."""
    number = reader.number(field)
    match kind:
        case Operand.CELL:
            # A distance of nought is the cell that is being written, and one beyond all cells is before the first.
            return following - 1 - require_reference((number - 1) % (1 << NUMBER_BITS), following, field)
        case Operand.WIDTH | Operand.COUNT:
            return number
        case _:
            return require_reference(number, limits[kind], field)


def decode_wires(reader: Reader, count: int, cells: int) -> tuple[int, ...]:
    """The cell of each wire; the first one is one."""
    wires = []
    before = -1
    for number in range(count):
        field = f"wires[{number}]"
        before += 1 + unzigzag(reader.number(field))
        if not 0 <= before < (cells if number else 1):
            expected = f"one of {cells} cells" if number else "the cell that holds one"
            raise MalformedError(Reason.W11_POINTS_NOWHERE, field, found=f"cell {before}", expected=expected)
        wires.append(before)
    return tuple(wires)
