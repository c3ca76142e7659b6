"""Linear combinations of wires: what one side of a constraint is."""

from collections.abc import Iterable, Mapping
from typing import Final

from snark.bn254.constants import GROUP_ORDER

ONE: Final = 0
"""The wire that holds one; its coefficient is the constant of a combination."""


class Combination:
    """``sum(coefficient * wire)`` modulo r; never changed once made, and no coefficient is zero."""

    __slots__ = ("terms",)

    def __init__(self, terms: dict[int, int]) -> None:
        self.terms = terms

    @staticmethod
    def of_wire(wire: int) -> "Combination":
        """One wire by itself."""
        return Combination({wire: 1})

    @staticmethod
    def of_constant(value: int) -> "Combination":
        """A number."""
        value %= GROUP_ORDER
        return Combination({ONE: value} if value else {})

    @staticmethod
    def sum_of(parts: Iterable[tuple[int, "Combination"]]) -> "Combination":
        """``sum(factor * part)``."""
        terms: dict[int, int] = {}
        for factor, part in parts:
            add_terms(terms, part.terms, factor)
        return Combination(terms)

    @property
    def constant(self) -> int | None:
        """The number that this is, or nothing if a wire is in it."""
        if not self.terms:
            return 0
        return self.terms.get(ONE) if len(self.terms) == 1 else None

    @property
    def key(self) -> tuple[tuple[int, int], ...]:
        """The same for equal combinations."""
        return tuple(sorted(self.terms.items()))

    def __add__(self, other: "Combination") -> "Combination":
        terms = dict(self.terms)
        add_terms(terms, other.terms, 1)
        return Combination(terms)

    def __sub__(self, other: "Combination") -> "Combination":
        terms = dict(self.terms)
        add_terms(terms, other.terms, GROUP_ORDER - 1)
        return Combination(terms)

    def __mul__(self, factor: int) -> "Combination":
        factor %= GROUP_ORDER
        if not factor:
            return Combination({})
        return Combination({wire: value * factor % GROUP_ORDER for wire, value in self.terms.items()})

    def replace(self, wire: int, by: "Combination") -> "Combination":
        """The same with ``by`` in the place of a wire."""
        terms = dict(self.terms)
        factor = terms.pop(wire)
        add_terms(terms, by.terms, factor)
        return Combination(terms)


def add_terms(terms: dict[int, int], more: Mapping[int, int], factor: int) -> None:
    """Add ``factor * more`` to ``terms`` in place."""
    for wire, value in more.items():
        total = (terms.get(wire, 0) + factor * value) % GROUP_ORDER
        if total:
            terms[wire] = total
        else:
            terms.pop(wire, None)
