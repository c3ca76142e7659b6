"""``circuits/sizes.csv``: how large each circuit is, and which. ``make sizes`` writes it; a test holds it true."""

import csv
from io import StringIO
from typing import Final

from circuits.compile import compile_statement
from circuits.sizes import SIZES
from circuits.statement import Statement
from tests.circuits.specimens import measured_statements

HEADER: Final = ("statement", "shape", "constraints", "wires", "public", "terms", "domain", "hash")
Row = tuple[str, ...]


def measure(name: str, statement: Statement) -> Row:
    """One row: a proof's domain is the power of two that holds the constraints and the public inputs with the one."""
    circuit = compile_statement(statement)
    header = circuit.header
    terms = sum(len(side.terms) for each in circuit.constraints for side in (each.left, each.right, each.product))
    domain = (header.constraints + header.public).bit_length()
    shape = ";".join(f"{key}={size}" for key, size in statement.shape.items())
    numbers = (header.constraints, header.wires, header.public, terms)
    return (name, shape, *map(str, numbers), f"2^{domain}", circuit.hash_circuit().hex())


def read_sizes() -> list[Row]:
    """The committed rows."""
    with SIZES.open(encoding="utf-8", newline="") as file:
        header, *rows = map(tuple, csv.reader(file))
    if header != HEADER:
        raise ValueError(f"{SIZES.name} has other columns: {header}")
    return rows


def write_sizes() -> None:
    """All rows anew."""
    text = StringIO()
    csv.writer(text, lineterminator="\n").writerows(
        [HEADER, *(measure(name, statement) for name, statement in measured_statements())]
    )
    SIZES.write_text(text.getvalue(), encoding="utf-8")


if __name__ == "__main__":
    write_sizes()
