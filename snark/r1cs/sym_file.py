"""``.sym``: the names of signals as circom writes them, one line ``label,wire,component,name`` for each.

A signal that was optimised away has the wire -1; several names can share a wire.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from snark.errors import MalformedError, Reason
from snark.r1cs.container import replace_file
from snark.r1cs.reading import Source, name_source, open_source

LONGEST_LINE: Final = 4096
LINE: Final = re.compile(r"(0|[1-9]\d{0,18}),(-1|0|[1-9]\d{0,9}),(0|[1-9]\d{0,18}),([^,\x00-\x20\x7f]+)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Symbol:
    """A signal with its label, its wire if it has one, and the number of the component it belongs to."""

    label: int
    wire: int | None
    component: int
    name: str


def iterate_symbols(source: Source) -> Iterator[Symbol]:
    """The signals one after the other; the file is passed through and not held."""
    place = name_source(source)
    for number, line in enumerate(iterate_lines(open_source(source), place), start=1):
        yield read_symbol(line, f"{place}: line {number}")


def iterate_lines(data: memoryview, place: str) -> Iterator[bytes]:
    """Lines of bounded length, each ended by a line feed."""
    position, number = 0, 0
    while position < len(data):
        number += 1
        window = bytes(data[position : position + LONGEST_LINE])
        end = window.find(b"\n")
        if end < 0:
            raise MalformedError(
                Reason.F04_TRUNCATED if len(window) < LONGEST_LINE else Reason.F17_NOT_TEXT,
                f"{place}: line {number}",
                found=f"{len(window)} bytes without an end of line",
                expected=f"a line feed within {LONGEST_LINE} bytes",
            )
        yield window[:end]
        position += end + 1


def read_symbol(line: bytes, place: str) -> Symbol:
    """One line."""
    try:
        matched = LINE.fullmatch(line.decode())
    except UnicodeDecodeError:
        matched = None
    if matched is None:
        raise MalformedError(Reason.F17_NOT_TEXT, place, found=line, expected="label,wire,component,name")
    label, wire, component, name = matched.groups()
    return Symbol(int(label), None if wire == "-1" else int(wire), int(component), name)


def name_wires(source: Source, wires: Collection[int]) -> dict[int, tuple[str, ...]]:
    """The names of some wires; wire 0 is ``one``, and one that has no name is left out."""
    wanted = frozenset(wires)
    names: dict[int, tuple[str, ...]] = {0: ("one",)} if 0 in wanted else {}
    for symbol in iterate_symbols(source):
        if symbol.wire is not None and symbol.wire in wanted:
            names[symbol.wire] = (*names.get(symbol.wire, ()), symbol.name)
    return names


def write_sym(path: Path, symbols: Iterable[Symbol]) -> None:
    """Write the names of signals, as circom would."""
    with replace_file(path) as file:
        for symbol in symbols:
            wire = -1 if symbol.wire is None else symbol.wire
            file.write(f"{symbol.label},{wire},{symbol.component},{symbol.name}\n".encode())
