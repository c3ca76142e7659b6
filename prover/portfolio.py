"""A netting set, from its document to the inputs of ``scenario``.

A risk array counts from the present value on, so that what is committed as cash is cash and present value together:
what the set's account would hold were everything settled at the prices of its document.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import floor
from typing import Self

from circuits.statements.claim import Inputs
from circuits.statements.scenario import Scenario, ScenarioWitness, inputs_for
from facts.bounds import CURRENCY_ID_BITS, INSTRUMENT_ID_BITS
from facts.commitments import PositionKind
from facts.instrument import InstrumentFact, quantise_instrument
from facts.market_root import Fact
from facts.portfolio import PortfolioBody, PortfolioHolding
from facts.tags import Tag
from margin.basket import Asset, Holding
from margin.documents.netting_document import NettingDocument, WrittenSet, read_netting
from margin.errors import MisuseError, Reason
from prover.subject import derive_number
from prover.witness import Situation


@dataclass(frozen=True, slots=True)
class Portfolio:
    """One netting set with the cash behind it."""

    document: NettingDocument = field(repr=False)
    committed: PortfolioBody = field(repr=False)
    cash: int = field(repr=False)
    currency_id: int

    @classmethod
    def read(cls, content: object, currency_id: int | None) -> Self:
        """The one set of a document; numbers that no venue gave follow from names."""
        document = read_netting(content)
        held = require_one_set(document)
        currency = currency_id or derive_number(f"currency:{document.currency}", CURRENCY_ID_BITS)
        holdings = [PortfolioHolding(number_of(each.instrument.name), each.lots) for each in held.holdings]
        body = PortfolioBody(tuple(sorted(holdings, key=lambda each: each.instrument_id)))
        return cls(document, body, floor(held.equity / document.money_unit), currency)

    @property
    def label(self) -> str:
        """What the document calls it."""
        return self.document.label

    @property
    def statement(self) -> str:
        """``scenario``."""
        return Scenario.name

    @property
    def kind(self) -> PositionKind:
        """The tag of its commitment."""
        return Tag.POSITION_PORTFOLIO

    @property
    def body(self) -> int:
        """The holdings as one element."""
        return self.committed.encode()

    @property
    def basket(self) -> Sequence[Holding]:
        """A netting document has cash alone."""
        return ()

    @property
    def assets(self) -> Mapping[str, Asset]:
        """None."""
        return {}

    @property
    def money_unit(self) -> Fraction:
        """One money unit of the document's currency."""
        return self.document.money_unit

    def facts(self) -> list[Fact]:
        """The risk array of each instrument."""
        listed = [each.instrument for each in self.document.instruments.values()]
        return [
            quantise_instrument(each, instrument_id=number_of(each.name), currency_id=self.currency_id)
            for each in listed
        ]

    def assemble(self, situation: Situation) -> Inputs:
        """The inputs of ``scenario``, with the risk arrays of the round."""
        published = situation.publication.round
        facts: list[InstrumentFact] = [published.instrument(each.instrument_id) for each in self.committed.holdings]
        opened = tuple((fact, published.path(fact)) for fact in facts)
        return inputs_for(ScenarioWitness(situation.claim(facts[0].currency_id), self.committed, opened))


def number_of(instrument: str) -> int:
    """The number of an instrument that no venue gave one."""
    return derive_number(f"instrument:{instrument}", INSTRUMENT_ID_BITS)


def require_one_set(document: NettingDocument) -> WrittenSet:
    """A set is ring-fenced by itself, so that each is committed to by itself."""
    if len(document.sets) != 1 or document.offsets:
        found, expected = f"{len(document.sets)} sets", "one set without offsets: each is committed to by itself"
        raise MisuseError(Reason.NOT_APPLICABLE, "sets", found=found, expected=expected)
    return document.sets[0]
