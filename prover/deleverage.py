"""Lots that are closed against a bankrupt position: from a venue's document to the inputs of ``deleverage``.

    {"format": "ringfence.deleverage/1", "basis": "entry",
     "bankrupt": {"opening": {"format": "ringfence.opening/1", ...}},
     "queue": [{"opening": {...}}, {"opening": {...}, "basket": "5000000"}]}

Entries stand in the order of the queue, the front first; the lots of the bankrupt position are taken from there, and of
the last entry as many as are still needed. ``basket`` is what the locks of a position were counted for, in whole money
units. The venue's book and the oracle's round come from the folder of facts. See ``deleverage.schema.json`` for every
field.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

from circuits.statements.claim import Inputs
from circuits.statements.deleverage import (
    Deleverage,
    DeleverageWitness,
    QueuePosition,
    fill_queue,
    inputs_for,
)
from facts.deleverage import MOST_ENTRIES
from facts.demand import Demand
from facts.packing import PERP_BODY
from facts.position_change import find_market
from facts.position_opening import PositionOpening, read_opening
from margin.deleverage import PnlBasis
from margin.documents.policy_document import require_format
from margin.documents.reading import Fields
from margin.errors import MalformedError, MisuseError, Reason
from prover.place import Where
from prover.publication import Publication

DELEVERAGE_FORMAT: Final = "ringfence.deleverage/1"


@dataclass(frozen=True, slots=True)
class WrittenEntry:
    """A position of the book, and what its locks were counted for."""

    opening: PositionOpening = field(repr=False)
    basket: int = field(repr=False)

    @property
    def lots(self) -> int:
        """How many it has."""
        return PERP_BODY.decode(self.opening.committed.body)["size"]

    def find(self, publication: Publication, taken: int) -> QueuePosition:
        """The position in the book, with so many of its lots taken."""
        path = publication.position_path(self.opening.leaf)
        return QueuePosition(self.opening.committed, path, taken, self.basket)


@dataclass(frozen=True, slots=True)
class WrittenDeleverage:
    """A queue in its order, and what it was taken for."""

    basis: PnlBasis
    bankrupt: WrittenEntry = field(repr=False)
    queue: tuple[WrittenEntry, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class DeleveragePlan:
    """What is to be proved."""

    witness: DeleverageWitness = field(repr=False)
    where: Where

    @property
    def inputs(self) -> Inputs:
        """The inputs of ``deleverage`` by name."""
        return inputs_for(self.witness)

    @property
    def demand(self) -> Demand:
        """What the proof says, and where it is good."""
        return self.where.demand(self.witness.stated())


def read_deleverage(content: object) -> WrittenDeleverage:
    """A deleverage document, checked to the last field."""
    with Fields(content) as fields:
        require_format(fields, DELEVERAGE_FORMAT)
        basis, bankrupt = fields.choice("basis", PnlBasis), read_entry(fields.inner("bankrupt"))
        queue = tuple(map(read_entry, fields.items("queue", MOST_ENTRIES)))
    if not queue:
        raise MalformedError(Reason.WRONG_COUNT, "queue", found="nobody", expected=f"1 to {MOST_ENTRIES} entries")
    return WrittenDeleverage(basis, bankrupt, queue)


def read_entry(fields: Fields) -> WrittenEntry:
    """One position."""
    with fields:
        opening = read_opening(fields.take_required("opening", "the opening of its leaf"))
        basket = fields.decimal("basket", Fraction(0))
        if basket.denominator != 1:
            raise MalformedError(Reason.NOT_ON_GRID, "basket", found="a part of a unit", expected="whole money units")
        return WrittenEntry(opening, basket.numerator)


def plan_deleverage(
    written: WrittenDeleverage, statement: Deleverage, publication: Publication, where: Where
) -> DeleveragePlan:
    """What is to be proved of a queue, in the book and at the prices that are published."""
    if len(written.queue) > statement.entries:
        found, expected = f"{len(written.queue)} entries", f"at most {statement.entries}, or --shape entries=N"
        raise MisuseError(Reason.WRONG_COUNT, "queue", found=found, expected=expected)
    bankrupt = written.bankrupt.find(publication, written.bankrupt.lots)
    market = find_market(publication.round, PERP_BODY.decode(bankrupt.position.body)["market_id"])
    taken = [entry.find(publication, lots) for entry, lots in take_lots(written.queue, written.bankrupt.lots)]
    witness = DeleverageWitness(
        bankrupt,
        fill_queue(taken, statement.entries, bankrupt.position),
        written.basis,
        market,
        publication.round.path(market),
        where.domain_element,
        where.binding,
    )
    return DeleveragePlan(witness, where)


def take_lots(queue: Sequence[WrittenEntry], lots: int) -> Iterator[tuple[WrittenEntry, int]]:
    """From the front: whole positions first, and of the last one as many as are still needed."""
    for entry in queue:
        taken = min(lots, entry.lots)
        lots -= taken
        yield entry, taken
    if lots:
        expected = "a queue with as many lots as the bankrupt position"
        raise MisuseError(Reason.POSITION_TOO_LARGE, "queue", found="fewer", expected=expected)
