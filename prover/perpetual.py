"""A perpetual or future, from a position document to the inputs of ``perp``."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import ceil, floor
from pathlib import Path
from typing import Self

from circuits.statements.claim import Inputs
from circuits.statements.perp import Perp, PerpWitness, inputs_for
from facts.bounds import CURRENCY_ID_BITS, MARKET_ID_BITS
from facts.commitments import CommittedPosition, PerpetualBody, PositionKind
from facts.demand import Demand
from facts.market import MarketTier, quantise_market
from facts.market_root import Fact
from facts.packing import PERP_BODY, join_sign
from facts.policy_commitment import hash_policy
from facts.tags import Tag
from margin.basket import Asset, Holding
from margin.bounds import PPM
from margin.contracts import ContractKind, Side
from margin.documents.position_document import PositionDocument, read_position
from margin.documents.published import find_policy
from margin.errors import MisuseError, Reason
from margin.policy import Basis
from margin.position import Position
from prover.subject import derive_number
from prover.witness import Situation


@dataclass(frozen=True, slots=True)
class Perpetual:
    """An isolated perpetual or future with the market it is in."""

    document: PositionDocument = field(repr=False)
    position: Position = field(repr=False)
    """As a commitment holds it."""
    market_id: int
    currency_id: int

    @classmethod
    def read(cls, content: object, folder: Path | None, market_id: int | None, currency_id: int | None) -> Self:
        """The position of a document; numbers that no venue gave follow from names."""
        document = read_position(content, lambda name: find_policy(name, folder))
        venue = document.policy.name if document.policy else "own"
        market = market_id or derive_number(f"market:{venue}/{document.market.name}", MARKET_ID_BITS)
        currency = currency_id or derive_number(f"currency:{document.market.units.currency}", CURRENCY_ID_BITS)
        return cls(document, make_committable(document), market, currency)

    def after(self, committed: CommittedPosition) -> Self:
        """The position as a commitment has it: transitions have changed it since the document was written."""
        parts = PERP_BODY.decode(committed.body)
        side = Side.SHORT if parts["side"] else Side.LONG
        if (side, parts["market_id"]) != (self.position.side, self.market_id):
            found, expected = "another side or another market", "the document of this position"
            raise MisuseError(Reason.WRONG_FILE, "input", found=found, expected=expected)
        position = replace(
            self.position,
            size=parts["size"],
            entry_notional=Fraction(parts["entry_notional"]),
            cash=Fraction(committed.cash),
            funding_index=join_sign(parts["funding_magnitude"], parts["funding_sign"], "funding"),
        )
        return replace(self, position=position)

    @property
    def label(self) -> str:
        """What the document calls it."""
        return self.document.label

    @property
    def statement(self) -> str:
        """``perp``."""
        return Perp.name

    @property
    def kind(self) -> PositionKind:
        """The tag of its commitment."""
        return Tag.POSITION_PERP

    @property
    def body(self) -> int:
        """Side, size, entry notional, funding index and market as one element."""
        return PerpetualBody.of(self.position, self.market_id).encode()

    @property
    def cash(self) -> int:
        """In money units."""
        return self.position.cash.numerator

    @property
    def basket(self) -> Sequence[Holding]:
        """What backs it besides."""
        return self.position.basket

    @property
    def assets(self) -> Mapping[str, Asset]:
        """The assets of the basket, as attested."""
        return self.document.state.assets

    @property
    def money_unit(self) -> Fraction:
        """One money unit of the market's currency."""
        return self.document.market.units.money_unit

    def facts(self) -> list[Fact]:
        """The tiers of the market at the document's prices."""
        document = self.document
        tiers = quantise_market(
            document.market.policy,
            document.state,
            market_id=self.market_id,
            currency_id=self.currency_id,
            policy_hash=hash_policy(document.policy, document.market.policy) if document.policy else 0,
        )
        return [*tiers]

    def assemble(self, situation: Situation) -> Inputs:
        """The inputs of ``perp``, in the tier that holds."""
        tier = self.find_tier(situation)
        path = situation.publication.round.path(tier)
        return inputs_for(PerpWitness(situation.claim(tier.currency_id), tier, path))

    def find_tier(self, situation: Situation) -> MarketTier:
        """The tier that holds for the notional which the requirement is taken of, after the shock."""
        published = situation.publication.round
        known = [fact for fact in published.facts if isinstance(fact, MarketTier) and fact.market_id == self.market_id]
        if not known:
            expected = "a round in which the position's market is"
            raise MisuseError(Reason.UNKNOWN_MARKET, "market", found="another round", expected=expected)
        return published.market_tier(self.market_id, self.measure_notional(known[0], situation.demand))

    def measure_notional(self, market: MarketTier, demand: Demand) -> Fraction:
        """The entry notional, or that at the shocked price."""
        policy, position = demand.margin_policy, self.position
        if market.requirement(policy.requirement).basis is Basis.ENTRY:
            return position.entry_notional
        shocked = market.price_for(position.side) * (1 - position.side.sign * Fraction(policy.shock_ppm, PPM))
        return market.contract.notional(position.size, shocked)


def make_committable(document: PositionDocument) -> Position:
    """The position in whole money units, each rounded against its owner, and without a leverage of its own.

    Cash is rounded down. The entry notional is rounded up where a larger one is a loss, else down; what that spares of
    a requirement taken of the entry is less than what it costs. The initial requirement is that of the table.
    """
    position = document.position
    gains_with_price = (position.side is Side.LONG) is (document.market.units.kind is ContractKind.LINEAR)
    entry = ceil(position.entry_notional) if gains_with_price else floor(position.entry_notional)
    cash = Fraction(floor(position.cash))
    return replace(position, entry_notional=Fraction(entry), cash=cash, leverage=None)
