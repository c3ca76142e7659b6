"""A position that its venue reduces: from a liquidation document to the inputs of ``liquidation``.

    {"format": "ringfence.liquidation/1",
     "position": {"policy": "binance-usdm", "market": "BTCUSDT", ...},
     "opening": {"format": "ringfence.opening/1", ...}}

``position`` is the position's own document, for the policy, the market and its units; what is liquidated is what the
opening says. ``size`` is how much is closed, else as much as the policy plans; ``price`` that of the execution, else
the attested one; ``basket`` what the position's locks were counted for, in the currency that the market settles in.
With ``closing_fee`` false the fee is not charged on top of the penalty. A venue has no secret key of a trader: it knows
how the leaf opens. See ``liquidation.schema.json`` for every field.
"""

from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Final

from circuits.statements.claim import Inputs
from circuits.statements.liquidation import Liquidation, LiquidationWitness, inputs_for, open_tiers
from facts.book_change import BookChange, LeafChange, Opening
from facts.bounds import CURRENCY_ID_BITS, MARKET_ID_BITS
from facts.commitments import PerpetualBody
from facts.demand import Demand
from facts.liquidation import Reduction
from facts.market import MarketTier, quantise_policy
from facts.policy_commitment import CommittedTerms, name_document
from facts.position_change import find_market
from facts.position_opening import PositionOpening, read_opening
from margin.deleverage import Execution, plan_liquidation
from margin.documents.policy_document import PolicyDocument, require_format
from margin.documents.reading import Fields
from margin.errors import MisuseError, Reason
from margin.position import MarketState, Position
from prover.perpetual import Perpetual
from prover.place import Where
from prover.publication import Publication
from prover.request import read_number

LIQUIDATION_FORMAT: Final = "ringfence.liquidation/1"
STATEMENT: Final = Liquidation.name


@dataclass(frozen=True, slots=True)
class WrittenLiquidation:
    """What a venue closed of which position, and at what price."""

    subject: Perpetual = field(repr=False)
    """As the opening has it."""
    opening: PositionOpening = field(repr=False)
    size: Fraction | None = field(repr=False)
    price: Fraction | None
    basket: int = field(repr=False)
    charges_fee: bool

    @property
    def policy(self) -> PolicyDocument:
        """The published policy, whose terms the market's leaves commit to."""
        policy = self.subject.document.policy
        if policy is None:
            expected = "a position under a published policy"
            raise MisuseError(Reason.UNKNOWN_POLICY, "position.policy", found="none", expected=expected)
        return policy


@dataclass(frozen=True, slots=True)
class LiquidationPlan:
    """What is to be proved, and what has to be kept before."""

    witness: LiquidationWitness = field(repr=False)
    where: Where

    @property
    def inputs(self) -> Inputs:
        """The inputs of ``liquidation`` by name."""
        return inputs_for(self.witness)

    @property
    def demand(self) -> Demand:
        """What the proof says, and where it is good."""
        return self.where.demand(self.witness.stated())

    @property
    def opening(self) -> PositionOpening:
        """What opens the new leaf: its owner is told, or can never open it."""
        position, left = self.witness.position, self.witness.new_position()
        if left is not None:
            return PositionOpening.of(left)
        return PositionOpening(position.owner, position.position_id, 0, 0, self.witness.salt)

    @property
    def book_change(self) -> BookChange:
        """Which leaf of the book the new one succeeds."""
        before = PositionOpening.of(self.witness.position)
        return BookChange((LeafChange(self.witness.new_leaf(), Opening(before.leaf, before.salt)),))


def read_liquidation(content: object) -> WrittenLiquidation:
    """A liquidation document, checked to the last field."""
    with Fields(content) as fields:
        require_format(fields, LIQUIDATION_FORMAT)
        document = Perpetual.read(
            fields.take_required("position", "a position document"),
            None,
            read_number(fields, "market_id", MARKET_ID_BITS),
            read_number(fields, "currency_id", CURRENCY_ID_BITS),
        )
        opening = read_opening(fields.take_required("opening", "the opening of its leaf"))
        basket = fields.decimal("basket", Fraction(0))
        size, price = fields.decimal_or_none("size"), fields.decimal_or_none("price")
        charges_fee = fields.boolean("closing_fee") if fields.has("closing_fee") else True
    counted = document.document.market.units.money(basket, "basket").numerator
    return WrittenLiquidation(document.after(opening.committed), opening, size, price, counted, charges_fee)


def plan_for(written: WrittenLiquidation, publication: Publication, where: Where) -> LiquidationPlan:
    """What is to be proved of a position, in the book and at the prices that are published."""
    subject, opening = written.subject, written.opening
    market = find_market(publication.round, subject.market_id)
    position = replace(subject.position, basket=())
    execution = execute(written, market, position)
    policy = quantise_policy(subject.document.market.policy)
    backed = replace(position, cash=position.cash + written.basket)
    if written.size is None:
        attested = MarketState(Fraction(market.price_for(position.side)), funding_index=market.funding_index)
        closed = plan_liquidation(policy, backed, attested, execution)
    else:
        closed = subject.document.market.units.lots(written.size, "size")
    slippage = (market.price_for(position.side) - (execution.price or 0)) * position.side.sign
    reduction = Reduction(
        PerpetualBody.of(position, subject.market_id),
        opening.cash,
        market,
        CommittedTerms.of(policy),
        closed,
        basket=written.basket,
        slippage=Fraction(slippage).numerator,
        charges_fee=written.charges_fee,
    )
    before, after, more = open_tiers(reduction, publication.round)
    witness = LiquidationWitness(
        opening.committed,
        publication.position_path(opening.leaf),
        reduction,
        before,
        after,
        more,
        document=name_document(written.policy),
        domain=where.domain_element,
        binding=where.binding,
    )
    return LiquidationPlan(witness, where)


def execute(written: WrittenLiquidation, market: MarketTier, position: Position) -> Execution:
    """At the price that was had: whole ticks, and no better than the attested one."""
    attested = Fraction(market.price_for(position.side))
    if written.price is None:
        return Execution(attested, written.charges_fee)
    price = written.subject.document.market.units.grid_ticks(written.price, "price")
    if (attested - price) * position.side.sign < 0:
        expected = "the attested price, or a worse one"
        raise MisuseError(Reason.OUT_OF_BOUNDS, "price", found="a better one", expected=expected)
    return Execution(price, written.charges_fee)
