"""The native core of ``margin``: see ``native/margin``."""

from collections.abc import Sequence

from margin.batch import Terms

def version() -> str:
    """The version of the distribution that the module was built with."""

def evaluate_columns(
    terms: Terms, inputs: Sequence[memoryview], outputs: Sequence[memoryview]
) -> tuple[int, int, int, int, int]:
    """Evaluate positions into result columns, both in the order of ``margin.columns``.

    Returns how many rows were refused, are liquidatable, are bankrupt; the equity of the rows that are not bankrupt; and
    what the bankrupt ones lack.
    """
