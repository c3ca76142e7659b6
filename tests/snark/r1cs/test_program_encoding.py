"""Programs as bytes: read strictly, by both backends alike, and never with a crash."""

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from snark.bn254.constants import GROUP_ORDER
from snark.errors import MalformedError, Reason, SnarkError
from snark.r1cs.program.assembler import Assembler
from snark.r1cs.program.encoding import (
    MOST_CELLS,
    decode_program,
    encode_number,
    encode_program,
    unzigzag,
    zigzag,
)
from snark.r1cs.program.execution import load_program
from snark.r1cs.program.operations import SIGNATURES, Operation
from tests.snark.r1cs.random_programs import Case, cases

HEAD = 4 + 4 + 32 + 32
COUNTS = HEAD + 36

BACKENDS = ["reference", pytest.param("native", marks=pytest.mark.native)]
relaxed = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def small_program() -> bytes:
    """Two inputs, a constant, a table, two rules, three instructions, four wires."""
    assembler = Assembler()
    x, y = assembler.declare_input("x", bits=8), assembler.declare_input("y")
    product = assembler.multiply(x, y)
    entry = assembler.look_up([5], x, rule="in_the_table")
    assembler.assert_nonzero(entry, rule="is_there")
    return encode_program(assembler.finish(made_for=bytes(32), outputs=[product], private_inputs=[x, y]))


SMALL = small_program()
SMALL_CASE = Case(decode_program(SMALL), {"x": [0], "y": [6]})
INPUTS = SMALL[COUNTS:].index(b"\x01x") + COUNTS
RULES = SMALL.index(b"\x0cin_the_table")
CODE = SMALL.index(b"\x08is_there") + 9
WIRES = len(SMALL) - 4


def with_bytes(at: int, *changed: int) -> bytes:
    return SMALL[:at] + bytes(changed) + SMALL[at + len(changed) :]


def with_count(number: int, value: int) -> bytes:
    at = HEAD + 4 * number
    return SMALL[:at] + value.to_bytes(4, "little") + SMALL[at + 4 :]


def outcome(work: Callable[[], object]) -> object:
    """What came out, or how it was refused."""
    try:
        return work()
    except SnarkError as refused:
        return refused.kind, refused.reason, refused.field, refused.found, refused.expected


@relaxed
@given(cases())
def test_a_program_survives_its_bytes(case: Case) -> None:
    data = encode_program(case.program)
    assert decode_program(data) == case.program
    assert encode_program(decode_program(data)) == data


@pytest.mark.native
@settings(relaxed, max_examples=100)
@given(cases())
def test_both_backends_execute_alike(case: Case) -> None:
    data = encode_program(case.program)
    reference = outcome(lambda: load_program(data, "reference").execute(case.inputs))
    assert outcome(lambda: load_program(data, "native").execute(case.inputs)) == reference


def mutate(written: bytearray, data: st.DataObject) -> bytes:
    """Bytes changed, cut, put in, or with one bit turned; the magic stays, so that something is read."""
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(4, len(written)))
        match data.draw(st.integers(0, 3)):
            case 0 if at < len(written):
                written[at] = data.draw(st.integers(0, 255))
            case 1:
                del written[at:]
            case 2:
                written[at:at] = data.draw(st.binary(min_size=1, max_size=4))
            case _ if at < len(written):
                written[at] ^= 1 << data.draw(st.integers(0, 7))
    return bytes(written)


def require_agreement(case: Case, mutated: bytes) -> None:
    """Both backends read the same program and execute it alike, or refuse it in the same words."""

    def read(backend: str) -> object:
        executable = load_program(mutated, backend)
        return executable.wires, executable.inputs, outcome(lambda: executable.execute(case.inputs))

    assert outcome(lambda: read("native")) == outcome(lambda: read("reference"))


@pytest.mark.native
@settings(relaxed, max_examples=60)
@given(cases(), st.data())
def test_mutated_bytes_are_read_alike_or_refused_alike(case: Case, data: st.DataObject) -> None:
    require_agreement(case, mutate(bytearray(encode_program(case.program)), data))


@pytest.mark.native
@pytest.mark.slow
@settings(relaxed, max_examples=5_000)
@given(cases(), st.data())
def test_many_mutations_are_read_alike_or_refused_alike(case: Case, data: st.DataObject) -> None:
    require_agreement(case, mutate(bytearray(encode_program(case.program)), data))


@pytest.mark.native
def test_every_byte_may_have_every_value() -> None:
    for at in range(4, len(SMALL)):
        if 8 <= at < HEAD:
            continue  # the prime and the digest
        for value in range(256):
            require_agreement(SMALL_CASE, with_bytes(at, value))


@settings(relaxed, max_examples=100)
@given(st.binary(max_size=60))
def test_any_tail_is_read_or_refused(tail: bytes) -> None:
    def count_wires(data: bytes, backend: str) -> object:
        return outcome(lambda: load_program(data, backend).wires)

    for backend in ("reference", "auto"):
        for data in (tail, SMALL[:HEAD] + tail, SMALL[:COUNTS] + tail):
            read = count_wires(data, backend)
            assert isinstance(read, int) or (isinstance(read, tuple) and read[0] == "malformed")


@pytest.mark.parametrize("backend", BACKENDS)
def test_no_beginning_of_a_program_is_one(backend: str) -> None:
    for length in range(len(SMALL)):
        with pytest.raises(MalformedError) as refused:
            load_program(SMALL[:length], backend)
        assert refused.value.reason is Reason.W04_CUT_SHORT


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    ("data", "reason", "field"),
    [
        (b"wtns" + SMALL[4:], Reason.W01_FOREIGN_FILE, "magic"),
        (with_bytes(4, 2), Reason.W02_FOREIGN_VERSION, "version"),
        (with_bytes(8, SMALL[8] ^ 2), Reason.W03_FOREIGN_FIELD, "prime"),
        (SMALL + b"\0", Reason.W05_TRAILING_BYTES, "program"),
        (with_count(5, 0), Reason.W07_BEYOND_BOUNDS, "counts.cells"),
        (with_count(5, MOST_CELLS + 1), Reason.W07_BEYOND_BOUNDS, "counts.cells"),
        (with_count(5, 6), Reason.W12_COUNTS_DISAGREE, "counts.cells"),
        (with_count(6, 0), Reason.W07_BEYOND_BOUNDS, "counts.wires"),
        (with_count(6, 2**32 - 1), Reason.W07_BEYOND_BOUNDS, "counts.wires"),
        (with_count(6, 3), Reason.W05_TRAILING_BYTES, "program"),
        (with_count(7, 4), Reason.W12_COUNTS_DISAGREE, "counts.wires"),
        (with_count(8, 2**32 - 1), Reason.W12_COUNTS_DISAGREE, "counts.wires"),
        (with_count(0, 2**32 - 1), Reason.W08_BAD_NAME, "inputs[2]"),
        (with_bytes(INPUTS, 0), Reason.W08_BAD_NAME, "inputs[0]"),
        (with_bytes(INPUTS, 101), Reason.W08_BAD_NAME, "inputs[0]"),
        (with_bytes(INPUTS + 1, 0x20), Reason.W08_BAD_NAME, "inputs[0]"),
        (with_bytes(INPUTS + 1, 0xFF), Reason.W08_BAD_NAME, "inputs[0]"),
        (with_bytes(INPUTS + 1, ord("y")), Reason.W08_BAD_NAME, "inputs[1]"),
        (with_bytes(INPUTS + 2, 0), Reason.W07_BEYOND_BOUNDS, "inputs[0]"),
        (with_bytes(INPUTS + 3, 0), Reason.W07_BEYOND_BOUNDS, "inputs[0]"),
        (with_bytes(INPUTS + 3, 0x88, 0x00), Reason.W06_NUMBER_SPELLING, "inputs[0]"),
        (with_bytes(INPUTS + 2, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF), Reason.W06_NUMBER_SPELLING, "inputs[0]"),
        (with_bytes(INPUTS + 2, 0xFF, 0xFF, 0xFF, 0xFF, 0x10), Reason.W06_NUMBER_SPELLING, "inputs[0]"),
        (with_bytes(RULES - 3, 0xFF), Reason.W09_NOT_CANONICAL, "constants[0]"),
        (with_bytes(RULES - 2, 0), Reason.W07_BEYOND_BOUNDS, "tables[0]"),
        (with_bytes(RULES - 1, 1), Reason.W11_POINTS_NOWHERE, "tables[0]"),
        (with_bytes(CODE, 0x99), Reason.W10_UNKNOWN_OPERATION, "instructions[0]"),
        (with_bytes(CODE + 1, 0), Reason.W11_POINTS_NOWHERE, "instructions[0]"),
        (with_bytes(CODE + 1, 4), Reason.W11_POINTS_NOWHERE, "instructions[0]"),
        (with_bytes(CODE + 4, 1), Reason.W11_POINTS_NOWHERE, "instructions[1]"),
        (with_bytes(CODE + 6, 2), Reason.W11_POINTS_NOWHERE, "instructions[1]"),
        (with_bytes(CODE, 0x10, 1, 65, 1, 0), Reason.W07_BEYOND_BOUNDS, "instructions[0]"),
        (with_bytes(CODE, 0x10, 1, 0, 1, 0), Reason.W07_BEYOND_BOUNDS, "instructions[0]"),
        (with_bytes(CODE, 0x30, 1, 1), Reason.W07_BEYOND_BOUNDS, "instructions[0]"),
        (with_bytes(CODE, 0x42, 1, 0, 0), Reason.W07_BEYOND_BOUNDS, "instructions[0]"),
        (with_bytes(WIRES, 2), Reason.W11_POINTS_NOWHERE, "wires[0]"),
        (with_bytes(WIRES, 1), Reason.W11_POINTS_NOWHERE, "wires[0]"),
        (with_bytes(WIRES + 1, 100), Reason.W11_POINTS_NOWHERE, "wires[1]"),
    ],
)
def test_each_fault_has_its_reason(backend: str, data: bytes, reason: Reason, field: str) -> None:
    with pytest.raises(MalformedError) as refused:
        load_program(data, backend)
    assert (refused.value.reason, refused.value.field) == (reason, field)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_program_cannot_ask_for_more_memory_than_the_bounds_allow(backend: str) -> None:
    # Each instruction of five bytes makes 254 cells of 32 bytes.
    count = MOST_CELLS // 254 + 1
    digits = bytes([Operation.DIGITS, 1, 1]) + encode_number(254) + b"\0"
    counts = b"".join(number.to_bytes(4, "little") for number in (0, 0, 0, 1, count, MOST_CELLS, 1, 0, 0))
    data = SMALL[:HEAD] + counts + b"\x01r" + digits * count + b"\0"
    with pytest.raises(MalformedError) as refused:
        load_program(data, backend)
    assert refused.value.reason is Reason.W07_BEYOND_BOUNDS


@pytest.mark.parametrize("number", [0, 1, 127, 128, 16383, 16384, 2**32 - 1])
def test_numbers_take_seven_bits_to_the_byte(number: int) -> None:
    assert len(encode_number(number)) == max(1, -(-number.bit_length() // 7))


@given(st.integers(-(2**31), 2**31 - 1))
def test_steps_in_both_directions_are_numbers(step: int) -> None:
    assert unzigzag(zigzag(step)) == step


def test_what_was_just_made_is_one_byte_away() -> None:
    assembler = Assembler()
    cell = assembler.declare_input("x")
    before = len(encode_program(assembler.finish(made_for=bytes(32), internals=[cell])))
    for _ in range(1000):
        cell = assembler.add(cell, cell)
    program = assembler.finish(made_for=bytes(32), internals=range(1, assembler.cells))  # type: ignore[arg-type]
    assert len(encode_program(program)) == before + 1000 * 3 + 1000


def test_every_operation_has_a_signature() -> None:
    assert set(SIGNATURES) == set(Operation)


def test_the_prime_of_a_program_is_the_order_of_the_group() -> None:
    assert SMALL[8:40] == GROUP_ORDER.to_bytes(32, "little")
