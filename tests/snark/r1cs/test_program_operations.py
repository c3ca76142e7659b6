"""Each operation does what its table says, on both backends; a broken rule is named and nothing else."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from snark.bn254.constants import GROUP_ORDER
from snark.errors import MalformedError, MisuseError, Reason, RejectedError
from snark.poseidon.reference import hash_row, trace_permutation
from snark.r1cs.program.assembler import ONE, Assembler, Cell
from snark.r1cs.program.encoding import encode_program
from snark.r1cs.program.execution import Executable, NativeEngine, load_program
from snark.r1cs.wtns_file import read_wtns
from tests.snark.shared_vectors import VECTORS, needs_vectors

MADE_FOR = bytes(range(32))
LAST = GROUP_ORDER - 1

BACKENDS = ["reference", pytest.param("native", marks=pytest.mark.native)]

Build = Callable[[Assembler, Cell, Cell], Cell | tuple[Cell, ...] | None]


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def values_of(wires: bytearray) -> list[int]:
    return [int.from_bytes(wires[start : start + 32], "little") for start in range(0, len(wires), 32)]


def load(backend: str, build: Build) -> Executable:
    """A program over the inputs x and y whose outputs are what `build` makes."""
    assembler = Assembler()
    x, y = assembler.declare_input("x"), assembler.declare_input("y")
    made = build(assembler, x, y)
    outputs = () if made is None else (made,) if isinstance(made, int) else made
    return load_program(encode_program(assembler.finish(made_for=MADE_FOR, outputs=outputs)), backend)


def run(backend: str, build: Build, x: int, y: int) -> list[int]:
    first, *outputs = values_of(load(backend, build).execute({"x": x, "y": y}))
    assert first == 1
    return outputs


@pytest.mark.parametrize(
    ("build", "x", "y", "expected"),
    [
        (lambda a, _x, _y: a.constant(-1), 0, 0, [LAST]),
        (lambda a, _x, _y: a.constant(1), 0, 0, [1]),
        (lambda a, x, y: a.add(x, y), LAST, 2, [1]),
        (lambda a, x, y: a.subtract(x, y), 2, 3, [LAST]),
        (lambda a, x, y: a.multiply(x, y), LAST, LAST, [1]),
        (lambda a, x, _: a.invert(x, rule="r"), 2, 0, [(GROUP_ORDER + 1) // 2]),
        (lambda a, x, _: a.invert_or_zero(x), 2, 0, [(GROUP_ORDER + 1) // 2]),
        (lambda a, x, _: a.invert_or_zero(x), 0, 0, [0]),
        (lambda a, x, y: a.combine([(3, x), (-1, y)], 10), 5, 26, [LAST]),
        (lambda a, _x, _y: a.combine([], 10), 0, 0, [10]),
        (lambda a, x, y: a.select(x, y, ONE), 1, 7, [7]),
        (lambda a, x, y: a.select(x, y, ONE), 0, 7, [1]),
        (lambda a, x, y: a.select(x, y, ONE), 2, 7, [13]),
        (lambda a, x, _: a.split_digits(x, count=4, rule="r"), 0b1010, 0, [0, 1, 0, 1]),
        (lambda a, x, _: a.split_digits(x, width=8, count=3, rule="r"), 0x030201, 0, [1, 2, 3]),
        (lambda a, x, _: a.split_digits(x, width=60, count=2, rule="r"), 2**119 + 5, 0, [5, 2**59]),
        (lambda a, x, _: a.split_digits(x, width=64, count=4, rule="r"), 2**192 + 2**64, 0, [0, 1, 0, 1]),
        (lambda a, x, y: a.compare_less(x, y), 1, LAST, [1]),
        (lambda a, x, y: a.compare_less(x, y), LAST, 1, [0]),
        (lambda a, x, y: a.compare_less(x, y), 4, 4, [0]),
        (lambda a, x, y: a.compare_equal(x, y), 4, 4, [1]),
        (lambda a, x, y: a.compare_equal(x, y), 4, 5, [0]),
        (lambda a, x, _: a.compare_zero(x), 0, 5, [1]),
        (lambda a, x, _: a.compare_zero(x), LAST, 5, [0]),
        (lambda a, x, y: a.take_minimum(x, y), LAST, 5, [5]),
        (lambda a, x, y: a.take_maximum(x, y), LAST, 5, [LAST]),
        (lambda a, x, y: a.divide(x, y, rule="r"), 17, 5, [3, 2]),
        (lambda a, x, y: a.divide(x, y, rule="r"), LAST, 2**130 + 1, [LAST // (2**130 + 1), LAST % (2**130 + 1)]),
        (lambda a, x, y: a.divide(x, y, rule="r"), 2**200, LAST, [0, 2**200]),
        (lambda a, x, y: a.divide(x, y, rule="r"), LAST, 1, [LAST, 0]),
        (lambda a, x, _: a.look_up([5, 6, 7], x, rule="r"), 2, 0, [7]),
        (lambda a, x, y: a.pick([x, y, ONE], x, rule="r"), 1, 9, [9]),
        (lambda a, x, y: a.hash_inputs([x, y]), 3, 4, [hash_row([3, 4])]),
        (lambda a, x, y: a.permute([x, y]), 3, 4, list(trace_permutation([3, 4]).state)),
        (lambda a, x, y: a.assert_equal(x, y, rule="r"), 4, 4, []),
        (lambda a, x, y: a.assert_less(x, y, rule="r"), 4, 5, []),
        (lambda a, x, _: a.assert_fits(x, 3, rule="r"), 7, 0, []),
        (lambda a, x, _: a.assert_nonzero(x, rule="r"), LAST, 0, []),
        (lambda a, x, y: a.assert_product(x, y, ONE, rule="r"), LAST, LAST, []),
    ],
)
def test_an_operation_does_what_it_says(backend: str, build: Build, x: int, y: int, expected: list[int]) -> None:
    assert run(backend, build, x, y) == expected


@pytest.mark.parametrize(
    ("build", "x", "y"),
    [
        (lambda a, x, _: a.invert(x, rule="the_rule"), 0, 0),
        (lambda a, x, _: a.split_digits(x, count=3, rule="the_rule"), 8, 0),
        (lambda a, x, _: a.split_digits(x, count=253, rule="the_rule"), LAST, 0),
        (lambda a, x, y: a.divide(x, y, rule="the_rule"), 8, 0),
        (lambda a, x, _: a.look_up([5, 6, 7], x, rule="the_rule"), 3, 0),
        (lambda a, x, _: a.look_up([5, 6, 7], x, rule="the_rule"), 2**64, 0),
        (lambda a, x, y: a.pick([x, y], x, rule="the_rule"), LAST, 9),
        (lambda a, x, y: a.assert_equal(x, y, rule="the_rule"), 4, 5),
        (lambda a, x, y: a.assert_less(x, y, rule="the_rule"), 4, 4),
        (lambda a, x, _: a.assert_fits(x, 3, rule="the_rule"), 8, 0),
        (lambda a, x, _: a.assert_fits(x, 253, rule="the_rule"), 2**253, 0),
        (lambda a, x, _: a.assert_nonzero(x, rule="the_rule"), 0, 0),
        (lambda a, x, y: a.assert_product(x, y, ONE, rule="the_rule"), 2, 3),
    ],
)
def test_a_broken_rule_is_named(backend: str, build: Build, x: int, y: int) -> None:
    executable = load(backend, build)
    with pytest.raises(RejectedError) as refused:
        executable.execute({"x": x, "y": y})
    assert refused.value.reason is Reason.W30_RULE_BROKEN
    assert str(refused.value) == "the_rule: found inputs that break it, expected inputs that keep it"


def test_a_trace_fills_the_wires_of_every_sbox(backend: str) -> None:
    def build(assembler: Assembler, x: Cell, y: Cell) -> tuple[Cell, ...]:
        permutation = assembler.trace_permutation([assembler.constant(0), x, y])
        return (*(power for sbox in permutation.sboxes for power in sbox), *permutation.state)

    expected = trace_permutation([0, 3, 4])
    assert run(backend, build, 3, 4) == [*(power for sbox in expected.sboxes for power in sbox), *expected.state]


@needs_vectors
def test_the_powers_of_a_trace_are_wires_of_circom() -> None:
    _, output, preimage, *internals = read_wtns(VECTORS / "groth16" / "cosnarks_poseidon" / "witness.wtns").values
    trace = trace_permutation([0, preimage])
    assert trace.state[0] == output
    # What enters the first S-box is a constant, so that circom has no wire for its powers.
    assert {power for sbox in trace.sboxes[1:] for power in (sbox.square, sbox.fourth)} <= set(internals)


def test_wires_stand_in_the_order_of_their_file(backend: str) -> None:
    assembler = Assembler()
    x, y = assembler.declare_inputs("pair", 2, bits=8)
    product, total = assembler.multiply(x, y), assembler.add(x, y)
    program = assembler.finish(
        made_for=MADE_FOR, outputs=[product], public_inputs=[y], private_inputs=[x], internals=[total, total]
    )
    executable = load_program(encode_program(program), backend)
    wires = executable.execute({"pair": [5, 6]})
    assert values_of(wires) == [1, 30, 6, 5, 11, 11]
    assert executable.public_signals(wires) == [30, 6]
    assert (executable.made_for, executable.wires, executable.public_wires) == (MADE_FOR, 6, 2)


@pytest.mark.parametrize(
    ("inputs", "reason", "field"),
    [
        ({"x": 1, "path": [1, 2]}, Reason.W22_INPUT_SIZE, "inputs.path"),
        ({"x": [1, 2], "path": [1, 2, 3]}, Reason.W22_INPUT_SIZE, "inputs.x"),
        ({"path": [1, 2, 3]}, Reason.W20_INPUT_MISSING, "inputs.x"),
        ({"x": 1, "path": [1, 2, 3], "z": 1}, Reason.W21_INPUT_UNKNOWN, "inputs.z"),
        ({"x": 256, "path": [1, 2, 3]}, Reason.W23_INPUT_OUT_OF_BOUNDS, "inputs.x"),
        ({"x": -1, "path": [1, 2, 3]}, Reason.W23_INPUT_OUT_OF_BOUNDS, "inputs.x"),
        ({"x": 1, "path": [1, GROUP_ORDER, 3]}, Reason.W23_INPUT_OUT_OF_BOUNDS, "inputs.path[1]"),
    ],
)
def test_other_inputs_are_refused(backend: str, inputs: dict[str, int | list[int]], reason: Reason, field: str) -> None:
    assembler = Assembler()
    assembler.declare_input("x", bits=8)
    assembler.declare_inputs("path", 3)
    executable = load_program(encode_program(assembler.finish(made_for=MADE_FOR)), backend)
    with pytest.raises(MalformedError) as refused:
        executable.execute(inputs)
    assert (refused.value.reason, refused.value.field) == (reason, field)
    assert "256" not in str(refused.value)


@pytest.mark.parametrize(
    ("elements", "reason", "field"),
    [
        (bytes(31), Reason.W22_INPUT_SIZE, "inputs"),
        (bytes(128), Reason.W22_INPUT_SIZE, "inputs"),
        (b"\xff" * 96, Reason.W23_INPUT_OUT_OF_BOUNDS, "inputs.x"),
        (b"\xff" + bytes(63) + b"\xff" * 32, Reason.W23_INPUT_OUT_OF_BOUNDS, "inputs.pair[1]"),
        (bytes(1) + b"\x01" + bytes(94), Reason.W23_INPUT_OUT_OF_BOUNDS, "inputs.x"),
        (bytes(32) + GROUP_ORDER.to_bytes(32, "little") + bytes(32), Reason.W23_INPUT_OUT_OF_BOUNDS, "inputs.pair[0]"),
    ],
)
def test_encoded_elements_are_checked_by_the_engine(backend: str, elements: bytes, reason: Reason, field: str) -> None:
    assembler = Assembler()
    assembler.declare_input("x", bits=8)
    assembler.declare_inputs("pair", 2)
    executable = load_program(encode_program(assembler.finish(made_for=MADE_FOR)), backend)
    with pytest.raises(MalformedError) as refused:
        executable.engine.execute(elements)
    assert (refused.value.reason, refused.value.field) == (reason, field)


@pytest.mark.parametrize(
    ("misuse", "reason"),
    [
        (lambda a, x: a.split_digits(x, width=65, count=1, rule="r"), Reason.OUT_OF_BOUNDS),
        (lambda a, x: a.split_digits(x, width=64, count=5, rule="r"), Reason.OUT_OF_BOUNDS),
        (lambda a, x: a.split_digits(x, count=0, rule="r"), Reason.OUT_OF_BOUNDS),
        (lambda a, x: a.assert_fits(x, 254, rule="r"), Reason.OUT_OF_BOUNDS),
        (lambda a, x: a.assert_fits(x, 0, rule="r"), Reason.OUT_OF_BOUNDS),
        (lambda a, x: a.permute([x]), Reason.OUT_OF_BOUNDS),
        (lambda a, x: a.permute([x] * 18), Reason.OUT_OF_BOUNDS),
        (lambda a, x: a.pick([], x, rule="r"), Reason.OUT_OF_BOUNDS),
        (lambda a, x: a.look_up([], x, rule="r"), Reason.OUT_OF_BOUNDS),
        (lambda a, x: a.add(x, Cell(5)), Reason.OUT_OF_BOUNDS),
        (lambda a, x: a.add(x, Cell(-1)), Reason.OUT_OF_BOUNDS),
        (lambda a, x: a.invert(x, rule=""), Reason.OUT_OF_BOUNDS),
        (lambda a, x: a.invert(x, rule="two words"), Reason.OUT_OF_BOUNDS),
        (lambda a, _: a.declare_input("y", bits=255), Reason.OUT_OF_BOUNDS),
        (lambda a, _: a.declare_inputs("y", 0), Reason.OUT_OF_BOUNDS),
        (lambda a, _: a.declare_input("x"), Reason.NOT_APPLICABLE),
        (lambda a, x: (a.add(x, x), a.declare_input("y")), Reason.NOT_APPLICABLE),
        (lambda a, _: a.finish(made_for=b"short"), Reason.OUT_OF_BOUNDS),
        (lambda a, _: a.finish(made_for=MADE_FOR, internals=[Cell(99)]), Reason.OUT_OF_BOUNDS),
    ],
)
def test_the_assembler_makes_only_what_can_be_loaded(
    misuse: Callable[[Assembler, Cell], object], reason: Reason
) -> None:
    assembler = Assembler()
    x = assembler.declare_input("x")
    with pytest.raises(MisuseError) as refused:
        misuse(assembler, x)
    assert refused.value.reason is reason


def test_equal_constants_tables_and_rules_stand_once() -> None:
    assembler = Assembler()
    x = assembler.declare_input("x")
    assert assembler.constant(7) == assembler.constant(7 + GROUP_ORDER)
    for _ in range(2):
        assembler.look_up([7, 8], x, rule="in_the_table")
    program = assembler.finish(made_for=MADE_FOR)
    assert (program.constants, program.tables, program.rules) == ((7, 8), ((0, 1),), ("in_the_table",))


def test_a_backend_is_chosen_by_name_or_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    data = encode_program(Assembler().finish(made_for=MADE_FOR))
    monkeypatch.setenv("RINGFENCE_BACKEND", "reference")
    assert type(load_program(data).engine).__name__ == "ReferenceEngine"
    with pytest.raises(MisuseError) as refused:
        load_program(data, "abacus")
    assert refused.value.reason is Reason.NOT_A_CHOICE


@pytest.mark.native
def test_threads_may_execute_one_program_at_once() -> None:
    executable = load("native", lambda a, x, y: a.trace_permutation([x, y, ONE]).state)
    given = [{"x": number, "y": LAST - number} for number in range(64)]
    expected = [load("reference", lambda a, x, y: a.permute([x, y, ONE])).execute(inputs) for inputs in given]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(executable.execute, given)) == expected


@pytest.mark.native
def test_the_buffer_for_the_wires_has_their_size() -> None:
    engine = load("native", lambda a, x, y: a.add(x, y)).engine
    assert isinstance(engine, NativeEngine)
    for size in (0, 63, 65):
        with pytest.raises(MalformedError) as refused:
            engine.program.execute_into(bytes(64), bytearray(size))
        assert refused.value.reason is Reason.WRONG_COUNT
    with pytest.raises(BufferError):
        engine.program.execute_into(bytes(64), bytes(64))  # type: ignore[arg-type]
