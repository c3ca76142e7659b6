"""A structure of options and underlying, from its document to the inputs of ``defined_risk``.

Lots and ticks follow from the decimals of the document, since options have no table of tiers to bring them. The cash is
what is there after every premium was paid and received.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import floor
from pathlib import Path
from typing import Final, Self

from circuits.statements.claim import Inputs
from circuits.statements.defined_risk import DefinedRisk, DefinedRiskWitness, inputs_for
from facts.bounds import CURRENCY_ID_BITS, MARKET_ID_BITS, NO_CEILING
from facts.commitments import PositionKind
from facts.market import MarketTier, RequirementTerms
from facts.market_root import Fact
from facts.policy_commitment import hash_policy
from facts.structure import StructureBody, quantise_structure
from facts.tags import Tag
from margin.basket import Asset, Holding
from margin.bounds import PPM
from margin.contracts import ContractKind
from margin.documents.published import find_policy
from margin.documents.structure_document import StructureDocument, read_structure
from margin.documents.units import Precision, Units
from margin.errors import MisuseError, Reason
from margin.policy import Basis, FeeBasis
from prover.subject import derive_number
from prover.witness import Situation

EVERYTHING: Final = RequirementTerms(PPM, 0, 0, Basis.MARK, FeeBasis.MARK)
"""What a perpetual would be asked for whose market is an option's: all of its notional."""


@dataclass(frozen=True, slots=True)
class OptionStructure:
    """Up to eight legs of one expiry with the cash behind them."""

    document: StructureDocument = field(repr=False)
    units: Units = field(repr=False)
    committed: StructureBody = field(repr=False)
    cash: int = field(repr=False)
    currency_id: int

    @classmethod
    def read(
        cls, content: object, folder: Path | None, market_id: int | None, currency_id: int | None, expiry: int
    ) -> Self:
        """The structure of a document; numbers that no venue gave follow from names."""
        document = read_structure(content, lambda name: find_policy(name, folder))
        if document.cash is None:
            expected = "the cash that covers the structure"
            raise MisuseError(Reason.MISSING_FIELD, "cash", found="nothing", expected=expected)
        venue = document.policy.name if document.policy else "own"
        market = market_id or derive_number(f"options:{venue}/{document.market_name}", MARKET_ID_BITS)
        units = units_of(document)
        committed = quantise_structure(
            document.structure, market_id=market, expiry=expiry, lot=units.lot, tick=units.tick
        )
        currency = currency_id or derive_number(f"currency:{units.currency}", CURRENCY_ID_BITS)
        return cls(document, units, committed, floor(document.cash / units.money_unit), currency)

    @property
    def label(self) -> str:
        """What the document calls it."""
        return self.document.label

    @property
    def statement(self) -> str:
        """``defined_risk``."""
        return DefinedRisk.name

    @property
    def kind(self) -> PositionKind:
        """The tag of its commitment."""
        return Tag.POSITION_STRUCTURE

    @property
    def body(self) -> int:
        """Market, expiry and legs as one element."""
        return self.committed.encode()

    @property
    def basket(self) -> Sequence[Holding]:
        """A structure's document has cash alone."""
        return ()

    @property
    def assets(self) -> Mapping[str, Asset]:
        """None."""
        return {}

    @property
    def money_unit(self) -> Fraction:
        """One money unit of the quote currency."""
        return self.units.money_unit

    def facts(self) -> list[Fact]:
        """What a lot and a tick are worth, in which currency; its price is asked for by nobody."""
        contract, policy = self.units.contract, self.document.policy
        policy_hash = hash_policy(policy, None) if policy else 0
        numbers = self.committed.market_id, self.currency_id
        return [MarketTier(*numbers, contract, 1, 1, 0, 0, NO_CEILING, EVERYTHING, EVERYTHING, policy_hash)]

    def assemble(self, situation: Situation) -> Inputs:
        """The inputs of ``defined_risk``: any tier of the market will do."""
        published = situation.publication.round
        tier = published.market_tier(self.committed.market_id, Fraction(1))
        claim = situation.claim(tier.currency_id)
        return inputs_for(DefinedRiskWitness(claim, self.committed, tier, published.path(tier)))


def units_of(document: StructureDocument) -> Units:
    """A tick and a lot that every strike and quantity is a whole number of."""
    legs = document.structure.legs
    precision = Precision.of([leg.strike for leg in legs], [leg.quantity for leg in legs], [])
    tick, lot = precision.tick, precision.lot
    money_unit = precision.money_unit(ContractKind.LINEAR, tick, lot)
    return Units("quote", ContractKind.LINEAR, tick, lot, Fraction(1), money_unit)
