"""What can be committed to and proved: a position of any kind, as a document says it and a commitment holds it."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Protocol

from circuits.statements.claim import Inputs
from facts.commitments import PositionKind
from facts.elements import derive_element
from facts.market_root import Fact
from margin.basket import Asset, Holding
from prover.witness import Situation


class Subject(Protocol):
    """A position in whole units."""

    @property
    def label(self) -> str:
        """What its document calls it."""

    @property
    def statement(self) -> str:
        """The statement that is about such positions."""

    @property
    def kind(self) -> PositionKind:
        """The tag of its commitment."""

    @property
    def body(self) -> int:
        """The body as one element."""

    @property
    def cash(self) -> int:
        """In money units."""

    @property
    def basket(self) -> Sequence[Holding]:
        """What backs it besides."""

    @property
    def assets(self) -> Mapping[str, Asset]:
        """The assets of the basket, as attested."""

    @property
    def currency_id(self) -> int:
        """Of the currency that its money is in."""

    @property
    def money_unit(self) -> Fraction:
        """One money unit in that currency."""

    def facts(self) -> list[Fact]:
        """What an oracle would attest of its market, by its document."""

    def assemble(self, situation: Situation) -> Inputs:
        """The inputs of its statement by name."""


def derive_number(name: str, bits: int) -> int:
    """A number from 1 on for a name, where no venue has given it one."""
    return 1 + derive_element(name) % ((1 << bits) - 1)
