"""The challenge of a run, and what is summed up under it: see ``facts.solvency.challenge``.

Both numbers are public inputs, which a verifier draws from everything that was committed to before: leaves, tables and
sums. What a denominator is made of is committed to as well, so that none is 0 but by a chance of 2^-253.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

from circuits.builder import Builder, Element
from circuits.gadgets.fractions import divide_by_fixed
from circuits.relations.attested import Attested
from circuits.relations.commitment import hash_tagged
from circuits.signal import Bounded, Signal
from facts.bounds import PART_NUMBER_BITS
from facts.solvency.challenge import Pole
from facts.tags import Tag


@dataclass(frozen=True, slots=True, eq=False)
class ChallengeSignals:
    """The two points at which sums are compared."""

    challenge: Signal
    mixer: Signal

    @classmethod
    def declare(cls, builder: Builder) -> Self:
        """As the first public inputs."""
        challenge = builder.public("challenge", Element(), "drawn when leaves, tables and sums were fixed")
        return cls(challenge, builder.public("mixer", Element(), "drawn from the challenge"))

    def bind_mixer(self) -> None:
        """The mixer follows from the challenge: where no row is mixed, so that the proof is about it all the same."""
        builder = self.mixer.builder
        drawn = hash_tagged(builder, Tag.MIXER, self.challenge)
        builder.enforce_equal(drawn, self.mixer, rule="mixer_is_drawn")

    def line(self, pole: Pole, place: Signal | int) -> Signal:
        """``X - line``."""
        return self.challenge - place - pole.at(0)

    def row(self, pole: Pole, place: Signal | int, numbers: Sequence[Signal]) -> Signal:
        """``X - row``: one constraint for each of its numbers."""
        mixed = self.mixer * numbers[-1]
        for number in reversed(numbers[:-1]):
            mixed = self.mixer * (number + mixed)
        return self.line(pole, place) - mixed


@dataclass(frozen=True, slots=True, eq=False)
class Tally:
    """What is added to ``lines`` and to ``rows``."""

    challenge: ChallengeSignals
    lines: list[Signal] = field(default_factory=list)
    rows: list[Signal] = field(default_factory=list)

    def add_line(self, pole: Pole, place: Signal | int, amount: Signal, *, rule: str) -> None:
        """``amount / (X - line)``: the place is one that was committed to."""
        self.lines.append(divide_by_fixed(amount, self.challenge.line(pole, place), rule=rule))

    def add_row(
        self, pole: Pole, place: Signal | int, numbers: Sequence[Signal], times: Signal | None = None, *, rule: str
    ) -> None:
        """``times / (X - row)``, once where nothing is said: place and numbers are committed to."""
        often = self.challenge.challenge.builder.element(1) if times is None else times
        self.rows.append(divide_by_fixed(often, self.challenge.row(pole, place, numbers), rule=rule))


@dataclass(frozen=True, slots=True, eq=False)
class RunningSignals:
    """Where a run stands between two batches."""

    number: Bounded
    lines: Signal
    rows: Signal

    @classmethod
    def open(cls, builder: Builder, name: str, committed: Signal) -> Self:
        """What a public input commits to. The batch that closed it held its number to its bits."""
        with builder.scope(name):
            salt = builder.private("salt", Element(), "hides it")
            number = builder.private("number", Attested(PART_NUMBER_BITS), "of the last part that was counted")
            lines = builder.private("lines", Element(), "sum of amounts by their lines")
            rows = builder.private("rows", Element(), "sum of uses by their rows")
        opened = hash_tagged(builder, Tag.RUNNING, salt, number, lines, rows)
        builder.enforce_equal(opened, committed, rule=f"{name}_opens")
        return cls(number, lines, rows)

    def close(self, builder: Builder, name: str, committed: Signal) -> None:
        """What the public input after a batch commits to, under a salt of its own."""
        with builder.scope(name):
            salt = builder.private("salt", Element(), "hides it")
        closed = hash_tagged(builder, Tag.RUNNING, salt, self.number, self.lines, self.rows)
        builder.enforce_equal(closed, committed, rule=f"{name}_follows")


def sum_elements(first: Signal, others: Sequence[Signal]) -> Signal:
    """The sum of elements of which nothing is known."""
    total = first
    for other in others:
        total = total + other
    return total
