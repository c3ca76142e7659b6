"""``liquidation``: a venue reduced a position that was breached, by the rule of its policy, and charged no more.

    breached     equity < maintenance requirement, at the attested price
    full         all lots are closed
    least        (1 + buffer) * requirement <= equity of what is left,  and not with one lot more
    fraction     fraction * size <= lots closed < fraction * size + 1 of a notional above the threshold, else all
    policy       H(tag, new leaf, currency, basket, slippage, settled, fee, penalty, returned, gap)

The requirement of a target is the maintenance requirement, or both it and the initial one. Equity and requirement of
what is left are those of ``margin.deleverage``, exact. What flows is in whole money units, each amount rounded against
the trader:

    notional   = lots closed at the price of execution, rounded down where the trader is paid it, else up
    settled    = funding owed - slope * (notional + entry' - entry)             entry' = ceil(entry * left / size)
    fee        = ceil(fee rate * notional), or 0         penalty = ceil(penalty rate * notional)
    new cash   = cash - settled - fee - penalty

and of a position that is closed whole, equity = cash + basket - settled:

    gap        = max(0, -equity)                         fee, then penalty, only as far as equity lasts
    returned   = max(0, equity) - fee - penalty

The execution is at the attested price, or by a stated number of ticks worse for the trader. Funding is settled: what is
left has the index of now. The one who proves it knows the position and no secret of its owner. The nullifier of the old
leaf is that which a transition of the owner would spend.

What it does not show. Of the basket it takes the stated value: what locks count for is known to the registry that
accepted them. With one lot less closed the target would not have been met, which makes it the least close wherever
closing a lot helps; where the charges on a lot exceed what closing it frees, fewer lots still could have met it, too.
The tier that is opened for one lot less may be a lower one, which asks for less and is harder to fall short of. The
rule of tiers down is refused: its measure is the place of a tier in the table, which no leaf says. The initial
requirement of a target has to have the basis of the maintenance requirement, for one tier answers for both. A fraction
is provable as long as equity pays fee and penalty whole.
"""

from dataclasses import dataclass, field, replace
from typing import ClassVar, Final

from circuits.builder import Builder, Element, Flag, Uint
from circuits.gadgets.comparison import enforce_nonzero, is_equal, is_less, is_zero, positive_part
from circuits.gadgets.division import divide_up
from circuits.gadgets.packing import PackedNumbers, declare_packed, pack
from circuits.gadgets.ranges import enforce_at_least_zero, enforce_fits, enforce_less
from circuits.gadgets.selection import both, either, select
from circuits.gadgets.signed import with_sign
from circuits.relations.commitment import enforce_member, hash_tagged
from circuits.relations.context import bind_context
from circuits.relations.market_tiers import SHARED, LiquidatingMarket, open_liquidating_market
from circuits.relations.perpetual import (
    BODY_MEANINGS,
    Lots,
    Worth,
    compute_funding_owed,
    compute_requirement,
    value_position,
)
from circuits.relations.position import CASH_MEANINGS, declare_cash
from circuits.relations.public_inputs import PublicSignals, declare_public_inputs
from circuits.relations.remainder import Backing, Prices, Remainder, compute_requirement12
from circuits.signal import Bit, Bounded, Signal, sum_signals
from circuits.statement import Statement
from circuits.statements.claim import Inputs, position_inputs, prefixed, without
from facts.book_root import BOOK_LEVELS
from facts.commitments import CommittedPosition, commit_position
from facts.context import Binding, commit_context
from facts.elements import draw_element
from facts.liquidation import Reduction, StatedLiquidation
from facts.market import MarketTier, RequirementTerms
from facts.market_root import MARKET_LEVELS, MarketTree
from facts.packing import CASH, PERP_BODY, sign_parts
from facts.policy_commitment import RULE_NUMBERS
from facts.public_inputs import PublicInputs, unused_input
from facts.tags import Tag
from facts.transition import UNUSED_INPUTS, commit_absence, derive_leaf_nullifier
from facts.tree import Path
from margin.bounds import MONEY_BITS, PPM, PRICE_BITS, SIZE_BITS
from margin.policy import LiquidationRule, LiquidationTarget
from margin.requirement import RequirementKind


@dataclass(frozen=True)
class Liquidation(Statement):
    """One step of one liquidation of one perpetual or future."""

    name: ClassVar[str] = "liquidation"

    book_levels: int = BOOK_LEVELS
    market_levels: int = MARKET_LEVELS

    @property
    def shape(self) -> dict[str, int]:
        """How deep the trees are."""
        return {"book_levels": self.book_levels, "market_levels": self.market_levels}

    def define(self, builder: Builder) -> None:
        """The position and its market are opened; then what was closed is enough and no more, and the money adds up."""
        public = declare_public_inputs(builder, 1, unused=UNUSED_INPUTS)
        bind_context(public.context)
        held = open_spent_position(builder, public, self.book_levels)
        market = open_liquidating_market(builder, held.body["market_id"], public.market_root, self.market_levels)
        closing = declare_closing(builder, held, market)
        rule = choose_rule(market)
        worth = enforce_breach(held, market, closing)
        enforce_whole_or_fraction(rule, market, closing, held.lots.size, worth)
        enforce_target(builder, rule, held, market, closing)
        commit_outcome(builder, held, market, closing, public.policy)


@dataclass(frozen=True, slots=True, eq=False)
class HeldPosition:
    """The position as it stood in the book."""

    owner: Signal
    position_id: Signal
    body: PackedNumbers
    lots: Lots
    cash: Bounded


def open_spent_position(builder: Builder, public: PublicSignals, levels: int) -> HeldPosition:
    """A position of the book whose leaf has the public nullifier: its owner is an element, not a secret."""
    with builder.scope("position"):
        owner = builder.private("owner", Element(), "whose it is")
        position_id = builder.private("position_id", Element(), "which position of its owner it is")
        body = declare_packed(builder, PERP_BODY, BODY_MEANINGS)
        enforce_nonzero(body["size"], rule="size_above_zero")
        cash = declare_cash(builder)
        salt = builder.private("salt", Element(), "hides the leaf")
        leaf = hash_tagged(builder, Tag.POSITION_PERP, owner, position_id, body.element, cash.element, salt)
        enforce_member(builder, leaf, public.book_root, levels, rule="position_in_book")
        spent = hash_tagged(builder, Tag.LEAF_NULLIFIER, leaf, salt)
        builder.enforce_equal(spent, public.nullifiers[0], rule="nullifier_is_of_leaf")
    return HeldPosition(owner, position_id, body, Lots.of(body), with_sign(cash.bit("sign"), cash["magnitude"]))


@dataclass(frozen=True, slots=True, eq=False)
class Closing:
    """What was closed, at which price, and what it was charged."""

    basket: Bounded
    slippage: Bounded
    price: Bounded
    executed: Bounded
    falling: Bit
    """1 where equity falls as the notional grows."""
    whole: Bit
    """1 if nothing is left."""
    closed: Bounded
    left: Bounded
    left_entry: Bounded
    entry_excess: Bounded
    """By how much the entry that is left was rounded up, over the size."""
    notional: Bounded
    """Of what was closed, in whole money units."""
    fee_ppm: Bounded
    funding_owed: Bounded

    def backing(self, cash: Bounded) -> Bounded:
        """cash + basket - funding owed."""
        return cash + self.basket - self.funding_owed


def declare_closing(builder: Builder, held: HeldPosition, market: LiquidatingMarket) -> Closing:
    """Lots, price and charges, each within what it can be."""
    basket = builder.private("basket", Uint(MONEY_BITS), "what the locks of the position count for")
    slippage = builder.private("slippage", Uint(PRICE_BITS), "ticks by which the execution is worse than the price")
    charges_fee = builder.private("charges_fee", Flag(), "1 if the closing fee is charged on top of the penalty")
    lots, inverse = held.lots, market.before.inverse
    price = market.before.price_for(lots.short)
    executed = price - with_sign(lots.short, slippage)
    executed = enforce_less(builder.constant(0), executed, rule="execution_above_zero") + 1
    closed = builder.private("closed", Uint(SIZE_BITS), "how many lots were closed")
    enforce_nonzero(closed, rule="closed_above_zero")
    left = enforce_at_least_zero(lots.size - closed, rule="closed_at_most_size")
    left_entry, excess = declare_left_entry(builder, lots, left)
    falling = either(lots.short, inverse)
    notional = declare_closed_notional(builder, market, closed, executed, falling)
    return Closing(
        basket=basket,
        slippage=slippage,
        price=price,
        executed=executed,
        falling=falling,
        whole=is_zero(left),
        closed=closed,
        left=left,
        left_entry=left_entry,
        entry_excess=excess,
        notional=notional,
        fee_ppm=charges_fee * market.liquidation["fee_ppm"],
        funding_owed=compute_funding_owed(held.body, market.before.funding_index()),
    )


def declare_left_entry(builder: Builder, lots: Lots, left: Bounded) -> tuple[Bounded, Bounded]:
    """``ceil(entry * left / size)``, and what that is more than the exact share, times the size."""
    entry = builder.private("left_entry", Uint(MONEY_BITS), "the entry notional of what is left, rounded up")
    excess = enforce_fits(entry * lots.size - lots.entry_notional * left, SIZE_BITS, rule="left_entry_rounds_up")
    enforce_less(excess, lots.size, rule="left_entry_is_least")
    return entry, excess


def declare_closed_notional(
    builder: Builder, market: LiquidatingMarket, closed: Bounded, executed: Bounded, falling: Bit
) -> Bounded:
    """What was closed at the price of execution, in whole money units: up where it is owed, else down.

    linear     closed * multiplier * price         inverse     closed * multiplier / price
    """
    notional = builder.private("closed_notional", Uint(MONEY_BITS), "of what was closed, in whole money units")
    inverse, one = market.before.inverse, builder.constant(1)
    divisor, factor = select(inverse, executed, one), select(inverse, one, executed)
    rest = with_sign(falling, closed * market.before.multiplier * factor - notional * divisor)
    rest = enforce_fits(rest, PRICE_BITS + 2, rule="notional_against_trader")
    enforce_less(rest, divisor, rule="notional_is_nearest")
    return notional


# --- Why, and how much -------------------------------------------------------------------------------


PROVABLE: Final = (LiquidationRule.FULL, LiquidationRule.LEAST, LiquidationRule.FRACTION)


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """Which rule the policy has."""

    full: Bit
    least: Bit
    fraction: Bit


def choose_rule(market: LiquidatingMarket) -> Rule:
    """One of the rules that can be proved: it is one of two, or the third."""
    number = market.liquidation["rule"]
    builder = number.builder
    full, least = (is_equal(number, builder.constant(RULE_NUMBERS[rule])) for rule in PROVABLE[:2])
    fraction = Bit(builder, (1 - full - least).expression)
    builder.enforce_product(fraction, number - RULE_NUMBERS[PROVABLE[2]], 0, rule="rule_is_provable")
    return Rule(full, least, fraction)


def enforce_breach(held: HeldPosition, market: LiquidatingMarket, closing: Closing) -> Worth:
    """``equity < maintenance requirement`` at the attested price, in the tier that holds."""
    terms, backing = market.maintenance, closing.backing(held.cash)
    worth = value_position(held.lots, market.before, closing.price, 1, terms.bit("on_entry"))
    requirement = compute_requirement(worth, held.lots.entry_notional, backing, terms)
    enforce_less(worth.equity(backing) * PPM, requirement, rule="position_was_breached")
    return worth


def enforce_whole_or_fraction(
    rule: Rule, market: LiquidatingMarket, closing: Closing, size: Bounded, worth: Worth
) -> None:
    """All lots by the rule of all; by that of a fraction its share, rounded up, or all of a small position."""
    builder, some = size.builder, closing.whole.negated()
    builder.enforce_product(rule.full, some, 0, rule="full_closes_all")
    above = is_less(market.liquidation["threshold"] * worth.denominator, worth.notional)
    builder.enforce_product(both(rule.fraction, above.negated()), some, 0, rule="small_position_is_closed")
    excess = closing.closed * PPM - market.liquidation["fraction_ppm"] * size
    excess = both(rule.fraction, above) * excess
    excess = enforce_fits(excess, PPM.bit_length(), rule="fraction_is_closed")
    enforce_less(excess, PPM, rule="fraction_is_least")


def enforce_target(
    builder: Builder, rule: Rule, held: HeldPosition, market: LiquidatingMarket, closing: Closing
) -> None:
    """What is left restores the target, and with one lot more it would not."""
    target = Target.of(builder, rule, held, market, closing)
    left, more = target.left, target.with_another(held.lots.entry_notional)
    some = closing.whole.negated()
    partly_least = both(some, rule.least)
    after = market.after
    enforce_below(partly_least, target.measure(left), after.ceiling, target.denominator, "left")
    enforce_above(partly_least, target.measure(left), after.floor, target.denominator, "left")
    enforce_above(rule.least, target.measure(more), market.more.floor, target.denominator, "more")

    equity, bankrupt = target.value(left)
    needed, needed_initially = (target.require(left, bankrupt, terms) for terms in (after.maintenance, after.initial))
    enforce_at_least_zero(some * equity - partly_least * needed, rule="target_is_restored")
    both_asked = both(partly_least, target.on_initial)
    enforce_at_least_zero(both_asked * (equity - needed_initially), rule="initial_target_is_restored")

    equity, bankrupt = target.value(more)
    builder.enforce_product(market.lacks_initial, target.on_initial.negated(), 0, rule="initial_is_a_target")
    lacking = target.require(more, bankrupt, market.more.lacked) - equity - 1
    enforce_at_least_zero(rule.least * lacking, rule="one_lot_less_is_too_few")


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """What a remainder has to cover, in 1e-18 money units over the denominator."""

    prices: Prices
    backing: Backing
    left: Remainder
    market: LiquidatingMarket
    on_initial: Bit
    weight_ppm: Bounded
    """1 + buffer."""

    @classmethod
    def of(
        cls, builder: Builder, rule: Rule, held: HeldPosition, market: LiquidatingMarket, closing: Closing
    ) -> "Target":
        """Of what is left; one tier answers for both requirements, so that their basis is the same."""
        on_entry, on_initial = market.maintenance.bit("on_entry"), market.liquidation.bit("on_initial")
        differs = market.after.initial.bit("on_entry") - on_entry
        builder.enforce_product(on_initial, differs, 0, rule="requirements_on_one_basis")
        before, lots = market.before, held.lots
        reads = both(rule.least, reads_entry(market))
        prices = Prices.of(lots, before, closing.price, closing.executed, reads)
        left = Remainder(
            prices.notional(closing.left, prices.value),
            closing.left_entry * prices.denominator - closing.entry_excess * prices.unit,
            prices.notional(closing.closed, prices.closed_value),
        )
        base = closing.backing(held.cash) - with_sign(closing.falling, lots.entry_notional)
        charges_ppm = closing.fee_ppm + market.liquidation["penalty_ppm"]
        backing = Backing(base, closing.falling, charges_ppm, prices.denominator)
        return cls(prices, backing, left, market, on_initial, market.liquidation["buffer_ppm"] + PPM)

    @property
    def denominator(self) -> Bounded:
        """What every amount is over."""
        return self.prices.denominator

    def with_another(self, entry: Bounded) -> Remainder:
        """What would be left with one lot less closed."""
        prices = self.prices
        value, closed_value = prices.value * prices.scale, prices.closed_value * prices.scale
        return self.left.with_another(value, closed_value, entry * prices.unit)

    def measure(self, left: Remainder) -> Bounded:
        """The notional that its tier is chosen by."""
        return select(self.market.maintenance.bit("on_entry"), left.share, left.notional)

    def value(self, left: Remainder) -> tuple[Bounded, Bounded]:
        """The equity of a remainder, and the notional at which it has none, in 1e-6 money units."""
        equity6 = self.backing.equity6(left)
        return equity6 * PPM * PPM, self.backing.bankrupt6(left, equity6)

    def require(self, left: Remainder, bankrupt: Bounded, terms: PackedNumbers) -> Bounded:
        """A requirement with the buffer."""
        return compute_requirement12(terms, left, bankrupt, self.denominator) * self.weight_ppm


def reads_entry(market: LiquidatingMarket) -> Bit:
    """1 if a requirement of the target is taken of the entry notional, or its closing fee is charged on it."""
    initially = both(market.liquidation.bit("on_initial"), market.after.initial.bit("fee_on_entry"))
    always = (market.maintenance, market.more.lacked)
    of_entry = [terms.bit(name) for terms in always for name in ("on_entry", "fee_on_entry")]
    return is_zero(sum_signals([initially, *of_entry])).negated()


def enforce_below(asked: Bit, measured: Bounded, ceiling: Bounded, denominator: Bounded, name: str) -> None:
    """``measured <= ceiling``, where it is asked for."""
    enforce_at_least_zero(asked * (ceiling * denominator - measured), rule=f"{name}_at_most_ceiling")


def enforce_above(asked: Bit, measured: Bounded, floor: Bounded, denominator: Bounded, name: str) -> None:
    """``floor < measured``, where it is asked for."""
    enforce_at_least_zero(asked * (measured - floor * denominator - 1), rule=f"{name}_above_floor")


# --- What flows --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Flows:
    """Whole money units, and the cash that stays."""

    settled: Bounded
    fee: Bounded
    penalty: Bounded
    returned: Bounded
    gap: Bounded
    cash: Bounded


def settle(held: HeldPosition, market: LiquidatingMarket, closing: Closing) -> Flows:
    """What a close pays and leaves; all of it follows from the notional that was closed."""
    gained = closing.notional + closing.left_entry - held.lots.entry_notional
    settled = closing.funding_owed - with_sign(closing.falling, gained)
    fee = divide_up(closing.fee_ppm * closing.notional, PPM, rule="fee_rounds_up")
    penalty = divide_up(market.liquidation["penalty_ppm"] * closing.notional, PPM, rule="penalty_rounds_up")

    equity = held.cash + closing.basket - settled
    there = positive_part(equity)
    fee = select(closing.whole, minimum(there, fee), fee)
    penalty = select(closing.whole, minimum(there - fee, penalty), penalty)
    cash = closing.whole.negated() * (held.cash - settled - fee - penalty)
    return Flows(
        settled=settled,
        fee=fee,
        penalty=penalty,
        returned=closing.whole * (there - fee - penalty),
        gap=closing.whole * (there - equity),
        cash=cash,
    )


def minimum(left: Bounded, right: Bounded) -> Bounded:
    """The smaller of two."""
    return select(is_less(left, right), left, right)


def commit_outcome(
    builder: Builder, held: HeldPosition, market: LiquidatingMarket, closing: Closing, word: Signal
) -> None:
    """The public word is of the new leaf and of the flows. What is closed whole leaves a leaf of no position."""
    flows = settle(held, market, closing)
    salt = builder.private("left_salt", Element(), "hides the new leaf")
    with builder.scope("left_cash"):
        cash = declare_packed(builder, CASH, CASH_MEANINGS)
    builder.enforce_equal(with_sign(cash.bit("sign"), cash["magnitude"]), flows.cash, rule="cash_is_conserved")
    builder.enforce_product(cash.bit("sign"), is_zero(cash["magnitude"]), 0, rule="zero_has_no_sign")
    kind = closing.whole * (int(Tag.NO_POSITION) - int(Tag.POSITION_PERP)) + int(Tag.POSITION_PERP)
    body = Signal(builder, closing.whole.negated().expression) * pack_left(held, market, closing)
    leaf = builder.hash_inputs([kind, held.owner, held.position_id, body, cash.element, salt])
    amounts = (flows.settled, flows.fee, flows.penalty, flows.returned, flows.gap)
    stated = (market.before.currency, closing.basket, closing.slippage, *amounts)
    builder.enforce_equal(hash_tagged(builder, Tag.LIQUIDATION, leaf, *stated), word, rule="word_is_of_outcome")


def pack_left(held: HeldPosition, market: LiquidatingMarket, closing: Closing) -> Signal:
    """The body of what is left: the same market and side, fewer lots, their funding settled."""
    funding = market.before.funding
    parts = dict(held.body.parts) | {
        "size": closing.left,
        "entry_notional": closing.left_entry,
        "funding_magnitude": funding["magnitude"],
        "funding_sign": funding["sign"],
    }
    return pack([(parts[name], bits) for name, bits in PERP_BODY.parts])


# --- What a venue knows ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TierOpening:
    """A tier of the market with its place in the round."""

    tier: MarketTier = field(repr=False)
    path: Path = field(repr=False)


def open_tiers(reduction: Reduction, market: MarketTree) -> tuple[TierOpening, TierOpening, TierOpening]:
    """The tiers of a position before, after, and with one lot more than after, as they hold in a round.

    Where nothing is left it is the tier of a last lot.
    """
    market_id = reduction.body.market_id
    tiers = [fact for fact in market.facts if isinstance(fact, MarketTier) and fact.market_id == market_id]
    lots = (reduction.body.size, reduction.left or 1, reduction.left + 1)
    before, after, more = (reduction.pick_tier(tiers, each) for each in lots)
    return open_tier(before, market), open_tier(after, market), open_tier(more, market)


def open_tier(tier: MarketTier, market: MarketTree) -> TierOpening:
    """A tier of a round."""
    return TierOpening(tier, market.path(tier))


@dataclass(frozen=True, slots=True)
class LiquidationWitness:
    """All that a venue needs to know to make the proof: the position, its market, and what it closed."""

    position: CommittedPosition = field(repr=False)
    book_path: Path = field(repr=False)
    reduction: Reduction = field(repr=False)
    before: TierOpening = field(repr=False)
    after: TierOpening = field(repr=False)
    """That of what is left; any tier of the market where nothing is."""
    more: TierOpening = field(repr=False)
    """That of one lot more than is left."""
    document: int
    """The name of the published policy."""
    domain: int
    binding: Binding
    salt: int = field(repr=False, default_factory=draw_element)
    """Of the new leaf: the trader is told, or can never open it."""

    @property
    def lacks_initial(self) -> bool:
        """Whether with one lot more the initial requirement is what is not met."""
        if self.reduction.terms.target is not LiquidationTarget.INITIAL:
            return False
        return self.reduction.holds_target(self.more.tier, self.reduction.left + 1, RequirementKind.MAINTENANCE)

    def stated(self) -> StatedLiquidation:
        """What is said beside the claim."""
        return StatedLiquidation(self.new_leaf(), self.reduction.flows())

    def new_position(self) -> CommittedPosition | None:
        """What stands in the book from now on, if anything is left."""
        if not self.reduction.left:
            return None
        body, cash = self.reduction.left_body().encode(), self.reduction.left_cash()
        return replace(self.position, body=body, cash=cash, salt=self.salt)

    def new_leaf(self) -> int:
        """The leaf in which it stands, or in which nothing does."""
        position = self.new_position()
        if position is None:
            return commit_absence(self.position.owner, self.position.position_id, self.salt)
        return commit_position(position)

    def public_inputs(self) -> PublicInputs:
        """What the proof will be about."""
        return PublicInputs(
            book_root=self.book_path.root,
            market_root=self.before.path.root,
            **{name: unused_input(name) for name in UNUSED_INPUTS},
            nullifiers=(derive_leaf_nullifier(commit_position(self.position), self.position.salt),),
            context=commit_context(self.domain, self.binding),
            policy=self.stated().encode(),
        )


def inputs_for(witness: LiquidationWitness) -> Inputs:
    """The inputs of the statement by name."""
    position, reduction, public = witness.position, witness.reduction, witness.public_inputs()
    return {
        **dict(zip(public.names, public.values, strict=True)),
        **prefixed("position", position_inputs(position, witness.book_path) | {"owner": position.owner}),
        **prefixed("position", PERP_BODY.decode(position.body)),
        **prefixed("market", liquidating_market_inputs(witness)),
        "basket": reduction.basket,
        "slippage": reduction.slippage,
        "charges_fee": int(reduction.charges_fee),
        "closed": reduction.closed,
        "left_entry": reduction.left_entry,
        "closed_notional": reduction.closed_notional,
        "left_salt": witness.salt,
        **prefixed("left_cash", sign_parts(reduction.left_cash())),
    }


def liquidating_market_inputs(witness: LiquidationWitness) -> Inputs:
    """The market in three tiers, whose last node is shared."""
    tier = witness.before.tier
    lacked = RequirementKind.INITIAL if witness.lacks_initial else RequirementKind.MAINTENANCE
    return {
        **without(tier.terms_parts, "market_id"),
        **prefixed("funding", sign_parts(tier.funding_index)),
        "document": witness.document,
        **prefixed("liquidation", witness.reduction.terms.parts),
        **prefixed("before", tier_inputs(witness.before)),
        **prefixed("before.maintenance", tier.maintenance.parts),
        "before.initial": tier.initial.encode(),
        **prefixed("after", tier_inputs(witness.after)),
        **prefixed("after.maintenance", own_parts(witness.after.tier.maintenance)),
        **prefixed("after.initial", witness.after.tier.initial.parts),
        **prefixed("more", tier_inputs(witness.more)),
        **prefixed("more.lacked", witness.more.tier.requirement(lacked).parts),
        "more.initial": witness.more.tier.initial.encode(),
        "more.maintenance": witness.more.tier.maintenance.encode(),
        "lacks_initial": int(witness.lacks_initial),
        "top": list(witness.before.path.levels[-1]),
    }


def tier_inputs(opening: TierOpening) -> Inputs:
    """From where to where a tier holds, and its path below the last node."""
    below = [child for children in opening.path.levels[:-1] for child in children]
    return {"floor": opening.tier.floor, "ceiling": opening.tier.ceiling, "path": below}


def own_parts(terms: RequirementTerms) -> Inputs:
    """The parts of a requirement that differ from tier to tier."""
    return {name: value for name, value in terms.parts.items() if name not in SHARED}
