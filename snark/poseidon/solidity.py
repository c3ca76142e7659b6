"""Poseidon for chains: a Solidity library of one width, from the parameters that everything else here hashes by.

A partial round puts one place through the S-box and mixes them all. With the matrix in four parts it is

    s0' = d y + c s        s' = b y + A s        y = (s0 + constant)^5

for the other places ``s``, and since those are never looked at but through ``c``, they may be kept in whatever basis is
cheapest. In the one where the first of them is ``c s`` itself, the matrix has a single column beside a shift,

    s0' = d y + z1         zi' = z(i+1) + bi y - ai z1

so that a round takes ``2 t - 1`` products instead of ``t^2``, with the same numbers in every round: a short loop. The
constants of the other places go along with nothing and end up in the one constant that a round has left, and in the
first full round after them.

Sums are not reduced where they fit: five numbers below r are less than 2^256, and a product reduces what it is of.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Self

from snark.bn254.constants import FIELD_BYTES, GROUP_ORDER
from snark.errors import InternalError, Reason
from snark.poseidon.parameters import FULL_ROUNDS, Instance, Matrix, Vector, draw_instance

UNREDUCED: Final = 2**256 // GROUP_ORDER
"""How many numbers below r can be added up in one word."""

HEAD: Final = """\
// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title Poseidon over BN254 of {count} elements
/// @notice circomlib's poseidon([{names}]), and what circuits of this product hash {count} elements to.
/// @dev The inputs are below r, which is for the caller to see to. Of a partial round's matrix a column and a shift are
/// left, in the basis where the first of the other places is what the round adds of them. Sums stay below 2^256 without
/// being reduced, and products reduce them.
library {name} {{
    /// @dev The order of the group, then what is added in each round: in all places in the first full ones, in one in
    /// the partial ones, in all in the last. The order is read from memory, because a compiler that knows it writes it
    /// out wherever it stands.
    bytes private constant CONSTANTS =
{constants};

    /// @notice The hash, below r.
    function hash({arguments}) internal pure returns (uint256 digest) {{
        bytes memory table = CONSTANTS;
        assembly ("memory-safe") {{
"""
LOOP: Final = """\
            for {{ let last := add(next, {span}) }} lt(next, last) {{ next := add(next, {step}) }} {{
"""
WIDEST_ON_STACK: Final = 4
"""The compiler would move a wider state to memory and compute parts of it twice: it is kept there to begin with, and so
are the matrices, which loops go over."""
WIDE_FUNCTIONS: Final = """\
            function multiply(place, row, q) {{
                let made := add(place, {row})
                for {{ let last := add(row, {square}) }} lt(row, last) {{ row := add(row, {row}) }} {{
                    mstore(made, {sum})
                    made := add(made, 0x20)
                }}
                mcopy(place, add(place, {row}), {row})
            }}
            function full(place, next, modulus) {{
                let q := mload(modulus)
                let each := place
                for {{ let last := add(place, {row}) }} lt(each, last) {{ each := add(each, 0x20) }} {{
                    let s := add(mload(each), mload(next))
                    let y := mulmod(s, s, q)
                    mstore(each, mulmod(mulmod(y, y, q), s, q))
                    next := add(next, 0x20)
                }}
                multiply(place, add(modulus, {mixing}), q)
            }}
            function turn(place, modulus) {{ multiply(place, add(modulus, {enter}), mload(modulus)) }}
            function turnBack(place, modulus) {{ multiply(place, add(modulus, {leave}), mload(modulus)) }}
"""
FULL_LOOP: Final = """\
            for {{ let last := add(next, {span}) }} lt(next, last) {{ next := add(next, {step}) }} {{
                full(place, next, modulus)
            }}
"""
FOOT: Final = """\
            digest := mod(mload(place), {order})
        }}
    }}
}}
"""
INDENT: Final = " " * 12


@dataclass(frozen=True, slots=True)
class Rounds:
    """The partial rounds in the basis where their matrix is a column beside a shift."""

    enter: Matrix
    """From the other places into that basis."""
    leave: Matrix
    """And back."""
    direct: int
    feedback: Vector
    drive: Vector
    constants: Vector
    """One for each round, for the first place."""
    left_over: Vector
    """What the first full round after them has to add besides its own."""

    @classmethod
    def of(cls, instance: Instance) -> Self:
        """Those of an instance."""
        (direct, *row), *rest = instance.mixing
        column = [line[0] for line in rest]
        inner = tuple(tuple(line[1:]) for line in rest)
        feedback = [-value % GROUP_ORDER for value in characteristic(inner)]
        enter = [tuple(row)]
        for value in feedback[:-1]:
            shifted = multiply_left(enter[-1], inner)
            enter.append(tuple((a - value * b) % GROUP_ORDER for a, b in zip(shifted, row, strict=True)))
        constants, left_over = gather_constants(instance, row, inner)
        leave = invert(tuple(enter))
        drive = multiply_right(tuple(enter), column)
        return cls(tuple(enter), leave, direct, tuple(feedback), drive, constants, left_over)


def gather_constants(instance: Instance, row: Sequence[int], inner: Matrix) -> tuple[Vector, Vector]:
    """The constants of the other places, carried along apart from everything else."""
    first = FULL_ROUNDS // 2
    offset, seen, gathered = (0,) * len(inner), 0, []
    for constants in instance.constants[first : first + instance.partial_rounds]:
        gathered.append((constants[0] + seen) % GROUP_ORDER)
        moved = [a + b for a, b in zip(offset, constants[1:], strict=True)]
        seen = sum(map(int.__mul__, row, moved)) % GROUP_ORDER
        offset = multiply_right(inner, moved)
    return tuple(gathered), (seen, *offset)


# --- Matrices ----------------------------------------------------------------------------------------


def multiply_left(row: Sequence[int], matrix: Matrix) -> Vector:
    """A row times a matrix."""
    return tuple(sum(map(int.__mul__, row, column)) % GROUP_ORDER for column in zip(*matrix, strict=True))


def multiply_right(matrix: Matrix, column: Sequence[int]) -> Vector:
    """A matrix times a column."""
    return tuple(sum(map(int.__mul__, row, column)) % GROUP_ORDER for row in matrix)


def characteristic(matrix: Matrix) -> Vector:
    """The coefficients of the characteristic polynomial below the highest, the second highest first.

    By Faddeev and LeVerrier: the next matrix is the last one plus its coefficient, times the matrix itself.
    """
    size = len(matrix)
    power: Matrix = matrix
    found: list[int] = []
    for order in range(1, size + 1):
        trace = sum(power[place][place] for place in range(size))
        found.append(-trace * pow(order, -1, GROUP_ORDER) % GROUP_ORDER)
        shifted = (
            tuple(value + found[-1] * (line == place) for place, value in enumerate(row))
            for line, row in enumerate(power)
        )
        power = tuple(multiply_left(row, matrix) for row in shifted)
    return tuple(found)


def invert(matrix: Matrix) -> Matrix:
    """The inverse, by elimination beside the identity."""
    size = len(matrix)
    rows = [[*row, *(int(line == place) for place in range(size))] for line, row in enumerate(matrix)]
    for place in range(size):
        pivot = next((line for line in range(place, size) if rows[line][place]), None)
        if pivot is None:
            raise InternalError(Reason.OUT_OF_BOUNDS, "mixing", found="a singular matrix", expected="an invertible one")
        rows[place], rows[pivot] = rows[pivot], rows[place]
        scale = pow(rows[place][place], -1, GROUP_ORDER)
        rows[place] = [value * scale % GROUP_ORDER for value in rows[place]]
        for line in range(size):
            factor = rows[line][place] * (line != place)
            rows[line] = [(a - factor * b) % GROUP_ORDER for a, b in zip(rows[line], rows[place], strict=True)]
    return tuple(tuple(row[size:]) for row in rows)


# --- Expressions -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sum:
    """An expression, and how many numbers below r it is less than the sum of."""

    text: str
    bound: int = 1

    def __add__(self, other: "Sum") -> "Sum":
        """Plain where it fits in a word, and reduced where it might not."""
        bound = self.bound + other.bound
        if bound <= UNREDUCED:
            return Sum(f"add({self.text}, {other.text})", bound)
        return Sum(f"addmod({self.text}, {other.text}, q)")


def product(name: str, factor: int) -> Sum:
    """What a variable counts for."""
    return Sum(f"mulmod({name}, {number(factor)}, q)")


def combine(names: Sequence[str], row: Sequence[int]) -> Sum:
    """A row times variables."""
    return add_all([product(name, factor) for name, factor in zip(names, row, strict=True)])


def add_all(products: Sequence[Sum]) -> Sum:
    """As many of them as fit are added up before two such sums are reduced."""
    parts = [products[start : start + UNREDUCED - 1] for start in range(0, len(products), UNREDUCED - 1)]
    whole = add_up(parts[0])
    for part in parts[1:]:
        whole += add_up(part)
    return whole


def add_up(sums: Sequence[Sum]) -> Sum:
    """One after the other."""
    whole = sums[0]
    for each in sums[1:]:
        whole += each
    return whole


def number(value: int) -> str:
    """An element as a word."""
    return f"0x{value:064x}"


def word(place: str, index: int) -> str:
    """The address of a word of memory."""
    return f"add({place}, 0x{index * FIELD_BYTES:x})" if index else place


# --- The library -------------------------------------------------------------------------------------


def write_solidity_poseidon(width: int) -> str:
    """The source of the library ``PoseidonT<width>``."""
    instance = draw_instance(width)
    rounds = Rounds.of(instance)
    return "".join(
        [
            write_head(instance, rounds),
            *write_functions(instance, rounds),
            *write_body(width, rounds),
            FOOT.format(order=number(GROUP_ORDER)),
        ]
    )


def write_head(instance: Instance, rounds: Rounds) -> str:
    """All up to the code."""
    width = instance.width
    names = [f"x{index}" for index in range(1, width)]
    return HEAD.format(
        name=f"PoseidonT{width}",
        count=width - 1,
        names=", ".join(names),
        arguments=", ".join(f"uint256 {name}" for name in names),
        constants="\n".join(f'        hex"{value:064x}"' for value in list_constants(instance, rounds)),
    )


def list_constants(instance: Instance, rounds: Rounds) -> Iterator[int]:
    """The modulus, then what the rounds add, in their order; for a state in memory the matrices after that."""
    half = FULL_ROUNDS // 2
    yield GROUP_ORDER
    for row in instance.constants[:half]:
        yield from row
    yield from rounds.constants
    first, *others = instance.constants[half + instance.partial_rounds :]
    yield from ((a + b) % GROUP_ORDER for a, b in zip(first, rounds.left_over, strict=True))
    for row in others:
        yield from row
    if instance.width > WIDEST_ON_STACK:
        for matrix in (instance.mixing, widen(rounds.enter), widen(rounds.leave)):
            for row in matrix:
                yield from row


def count_constants(instance: Instance) -> int:
    """How many numbers the rounds add."""
    return FULL_ROUNDS * instance.width + instance.partial_rounds


def widen(matrix: Matrix) -> Matrix:
    """A matrix that leaves the first place as it is, and is this one for the others."""
    return (1, *(0 for _ in matrix)), *((0, *row) for row in matrix)


def write_functions(instance: Instance, rounds: Rounds) -> Iterator[str]:
    """A full round, and the two changes of basis."""
    if instance.width > WIDEST_ON_STACK:
        yield from write_wide_functions(instance)
    else:
        yield from write_full(instance)
        yield from write_turn("turn", rounds.enter)
        yield from write_turn("turnBack", rounds.leave)


def write_full(instance: Instance) -> Iterator[str]:
    """A full round of the state at ``place`` with the constants at ``next``."""
    names = [f"s{index}" for index in range(instance.width)]
    yield f"{INDENT}function full(place, next, modulus) {{\n"
    yield f"{INDENT}    let q := mload(modulus)\n"
    yield f"{INDENT}    let y\n"
    for index, name in enumerate(names):
        yield f"{INDENT}    let {name} := add(mload({word('place', index)}), mload({word('next', index)}))\n"
        yield from write_sbox(f"{INDENT}    ", name, name)
    for index, row in enumerate(instance.mixing):
        yield f"{INDENT}    mstore({word('place', index)}, {combine(names, row).text})\n"
    yield f"{INDENT}}}\n"


def write_sbox(indent: str, source: str, target: str) -> Iterator[str]:
    """The fifth power; ``y`` is there to be written to."""
    yield f"{indent}y := mulmod({source}, {source}, q)\n"
    yield f"{indent}{target} := mulmod(mulmod(y, y, q), {source}, q)\n"


def write_turn(name: str, matrix: Matrix) -> Iterator[str]:
    """The places behind the first into another basis."""
    names = [f"s{index + 1}" for index in range(len(matrix))]
    yield f"{INDENT}function {name}(place, modulus) {{\n"
    yield f"{INDENT}    let q := mload(modulus)\n"
    for index, each in enumerate(names):
        yield f"{INDENT}    let {each} := mload({word('place', index + 1)})\n"
    for index, row in enumerate(matrix):
        yield f"{INDENT}    mstore({word('place', index + 1)}, {combine(names, row).text})\n"
    yield f"{INDENT}}}\n"


def write_wide_functions(instance: Instance) -> Iterator[str]:
    """The same for a state in memory, with one product for all three matrices, which lie behind the constants."""
    width = instance.width
    row, square = width * FIELD_BYTES, width * width * FIELD_BYTES
    matrices = (1 + count_constants(instance)) * FIELD_BYTES
    terms = [Sum(f"mulmod(mload({word('place', each)}), mload({word('row', each)}), q)") for each in range(width)]
    yield WIDE_FUNCTIONS.format(
        row=f"0x{row:x}",
        square=f"0x{square:x}",
        mixing=f"0x{matrices:x}",
        enter=f"0x{matrices + square:x}",
        leave=f"0x{matrices + 2 * square:x}",
        sum=add_all(terms).text,
    )


def write_body(width: int, rounds: Rounds) -> Iterator[str]:
    """Half of the full rounds, the partial ones, and the other half."""
    full = FULL_LOOP.format(span=f"0x{FULL_ROUNDS // 2 * width * FIELD_BYTES:x}", step=f"0x{width * FIELD_BYTES:x}")
    yield f"{INDENT}let place := mload(0x40)\n"
    yield f"{INDENT}mstore(place, 0)\n"
    for index in range(1, width):
        yield f"{INDENT}mstore({word('place', index)}, x{index})\n"
    yield f"{INDENT}let modulus := {word('table', 1)}\n"
    yield f"{INDENT}let next := {word('table', 2)}\n"
    yield full
    yield f"{INDENT}turn(place, modulus)\n"
    yield from write_partial(width, rounds)
    yield f"{INDENT}turnBack(place, modulus)\n"
    yield full


def write_partial(width: int, rounds: Rounds) -> Iterator[str]:
    """The partial rounds: a loop, not unrolled, since the compiler would keep what is between them in memory."""
    kept = range(width if width <= WIDEST_ON_STACK else 1)
    for index in kept:
        yield f"{INDENT}let s{index} := mload({word('place', index)})\n"
    span, step = (f"0x{count * FIELD_BYTES:x}" for count in (len(rounds.constants), 1))
    yield LOOP.format(span=span, step=step)
    yield f"{INDENT}    let q := mload(modulus)\n"
    yield f"{INDENT}    let y\n"
    yield from write_round(width, rounds)
    yield f"{INDENT}}}\n"
    for index in kept:
        yield f"{INDENT}mstore({word('place', index)}, s{index})\n"


def write_round(width: int, rounds: Rounds) -> Iterator[str]:
    """One partial round; ``s0`` is the place of the S-box, and the others are in the basis of the rounds."""
    indent = f"{INDENT}    "
    bounds = bound_places(width - 1)
    mixed = combine(["s"] * width, [0] * width).bound
    first = Sum("s0", max(1 + bounds[0], mixed))
    yield f"{indent}s0 := {(first + Sum('mload(next)')).text}\n"
    yield from write_sbox(indent, "s0", "y")
    yield f"{indent}let z := {read(width, 1)}\n"
    yield f"{indent}s0 := {(product('y', rounds.direct) + Sum('z', bounds[0])).text}\n"
    for index, (drive, feedback) in enumerate(zip(rounds.drive, rounds.feedback, strict=True), start=1):
        fresh = product("z", feedback) + product("y", drive)
        before = [Sum(read(width, index + 1), bounds[index])] if index + 1 < width else []
        made = add_up([*before, fresh]).text
        place = word("place", index)
        yield f"{indent}s{index} := {made}\n" if width <= WIDEST_ON_STACK else f"{indent}mstore({place}, {made})\n"


def read(width: int, index: int) -> str:
    """A place of the state in a partial round."""
    return f"s{index}" if width <= WIDEST_ON_STACK else f"mload({word('place', index)})"


def bound_places(count: int) -> list[int]:
    """What each of the other places is below at any time, in numbers below r: on entry, and after each round."""
    entered = combine(["s"] * count, [0] * count).bound
    bounds: list[int] = []
    for _ in range(count):
        made = add_up([*(Sum("s", bound) for bound in bounds[-1:]), Sum("s", 2)]).bound
        bounds.append(max(entered, made))
    return bounds[::-1]
