"""The recorded size of each circuit: what may not grow, or change, unnoticed.

``sizes.csv`` has a row for each; ``make sizes`` writes it.
"""

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from circuits.statement import Statement

SIZES: Final = Path(__file__).with_name("sizes.csv")


@dataclass(frozen=True, slots=True)
class Size:
    """What is recorded of a circuit."""

    constraints: int
    circuit_hash: str


def find_size(statement: Statement, path: Path = SIZES) -> Size | None:
    """What is recorded of a statement of this shape; nothing where nothing was."""
    return read_sizes(path).get((statement.name, write_shape(statement)))


def write_shape(statement: Statement) -> str:
    """A shape as the table has it."""
    return ";".join(f"{name}={size}" for name, size in statement.shape.items())


def read_sizes(path: Path = SIZES) -> dict[tuple[str, str], Size]:
    """Every recorded size by name and shape."""
    if not path.exists():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {(row["statement"], row["shape"]): Size(int(row["constraints"]), row["hash"]) for row in rows}
