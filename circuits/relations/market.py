"""A market at the moment of an oracle round, in the tier that the prover opens.

    leaf = H(tag, terms, funding, floor, ceiling, initial, maintenance, policy hash)

Which tier it is follows from the position, and the statement that opens it has to say so (``floor < notional <=
ceiling``): nothing here does.
"""

from dataclasses import dataclass
from typing import Final

from circuits.builder import Builder, Element
from circuits.gadgets.comparison import enforce_nonzero
from circuits.gadgets.packing import PackedNumbers, declare_packed, unpack
from circuits.gadgets.selection import select
from circuits.gadgets.signed import with_sign
from circuits.relations.attested import Attested
from circuits.relations.commitment import enforce_member, hash_tagged
from circuits.signal import Bit, Bounded, Signal
from facts.packing import FUNDING, MARKET_TERMS, REQUIREMENT_TERMS
from facts.tags import Tag
from margin.bounds import MAX_MONEY

TERMS_MEANINGS: Final = {
    "kind": "1 if the contract is inverse",
    "currency_id": "what the market settles in",
    "multiplier": "money units for a lot and a tick",
    "low_price": "where longs are valued, in ticks",
    "high_price": "where shorts are valued, in ticks",
}
FUNDING_MEANINGS: Final = {"magnitude": "the cumulative funding index, in 1e-6 money units", "sign": "1 if below zero"}


@dataclass(frozen=True, slots=True, eq=False)
class MarketSignals:
    """One tier of one market."""

    inverse: Bit
    currency: Bounded
    multiplier: Bounded
    low_price: Bounded
    high_price: Bounded
    funding: PackedNumbers
    floor: Bounded
    ceiling: Bounded
    initial: Signal
    maintenance: Signal

    @classmethod
    def of(
        cls,
        terms: PackedNumbers,
        funding: PackedNumbers,
        *,
        floor: Bounded,
        ceiling: Bounded,
        initial: Signal,
        maintenance: Signal,
    ) -> "MarketSignals":
        """What the inputs of a leaf say, taken apart."""
        return cls(
            inverse=terms.bit("kind"),
            currency=terms["currency_id"],
            multiplier=terms["multiplier"],
            low_price=terms["low_price"],
            high_price=terms["high_price"],
            funding=funding,
            floor=floor,
            ceiling=ceiling,
            initial=initial,
            maintenance=maintenance,
        )

    def funding_index(self) -> Bounded:
        """The cumulative funding index as one signed number."""
        return with_sign(self.funding.bit("sign"), self.funding["magnitude"])

    def requirement(self, maintenance: Bit) -> PackedNumbers:
        """The terms of one of the two requirements: chosen first, so that only one of them is taken apart."""
        chosen = select(maintenance, self.maintenance, self.initial)
        return unpack(chosen, REQUIREMENT_TERMS, rule="requirement_falls_apart")

    def requirements(self) -> tuple[PackedNumbers, PackedNumbers]:
        """The terms of the initial requirement and of the maintenance one, where a statement reads both."""
        initial = unpack(self.initial, REQUIREMENT_TERMS, rule="initial_falls_apart")
        return initial, unpack(self.maintenance, REQUIREMENT_TERMS, rule="maintenance_falls_apart")

    def price_for(self, short: Bit) -> Bounded:
        """Where a position of a side is valued: it is above zero."""
        price = select(short, self.high_price, self.low_price)
        enforce_nonzero(price, rule="price_above_zero")
        return price


def open_market(builder: Builder, market_id: Bounded, market_root: Signal, levels: int) -> MarketSignals:
    """A tier of the market of this number, which the oracle round has."""
    with builder.scope("market"):
        terms = declare_packed(builder, MARKET_TERMS, TERMS_MEANINGS, known={"market_id": market_id})
        with builder.scope("funding"):
            funding = declare_packed(builder, FUNDING, FUNDING_MEANINGS)
        floor = builder.private("floor", Attested(MAX_MONEY.bit_length()), "the notional above which the tier holds")
        ceiling = builder.private("ceiling", Attested(MAX_MONEY.bit_length()), "the notional up to which it holds")
        initial = builder.private("initial", Element(), "terms of the initial requirement, packed")
        maintenance = builder.private("maintenance", Element(), "terms of the maintenance requirement, packed")
        policy_hash = builder.private("policy_hash", Element(), "the venue's published policy")
        inputs = (terms.element, funding.element, floor, ceiling, initial, maintenance, policy_hash)
        leaf = hash_tagged(builder, Tag.MARKET, *inputs)
        enforce_member(builder, leaf, market_root, levels, rule="market_in_round")
    return MarketSignals.of(terms, funding, floor=floor, ceiling=ceiling, initial=initial, maintenance=maintenance)
