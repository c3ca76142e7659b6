"""``transition``: up to two isolated perpetuals of one owner become two, and nothing is said of which and how.

    settled    funding owed + realised loss
    cash'      cash + paid in - paid out - fees - settled
    proven     equity' >= requirement, of each position that goes on

One text covers top-ups, withdrawals, funding that is settled, lots that are opened, added and closed, positions that
are opened and closed, and collateral that moves from one silo to the other. A position without lots is none: it has no
entry and no cash, before or afterwards.

What stays as it is: owner, id, market and side of each position. What follows from the market: funding is always
settled up to the index now, and lots are bought at the high price and sold at the low one. Money is conserved to the
unit, over both positions and the wallet,

    sum of cash + paid in = sum of cash' + paid out + fees + settled

in one currency. The requirement is the initial one where money is taken out of a silo or lots are added to it, else the
maintenance one, in the tier that holds for the notional afterwards.

    nullifier[0], [1]   H(tag, leaf, salt) of what was there              or of no position
    salt'               H(tag, nullifier, seed)                          never that of a leaf which is spent
    nullifier[2], [3]   H(tag, secret, position id) of what is born       or of no position
    policy              H(tag, new leaf, new leaf, H(tag, wallet, settlement))

What the prover chooses: the positions among those of the book, the tier among those of the round, how many lots, how
much money, and the salts. Two flags are his: that lots are added, and that money is taken out. Where none are and none
is, saying so only asks for the initial requirement. Everything afterwards follows from what was before and from that.
"""

from dataclasses import dataclass, field, replace
from typing import ClassVar, Final, Self

from circuits.builder import Builder, Element, Flag, Uint
from circuits.gadgets.comparison import enforce_nonzero, maximum
from circuits.gadgets.packing import PackedNumbers, declare_packed, select_packed
from circuits.gadgets.ranges import enforce_at_most
from circuits.gadgets.selection import both, select
from circuits.gadgets.signed import with_sign
from circuits.relations.commitment import hash_tagged
from circuits.relations.context import bind_context
from circuits.relations.market import MarketSignals, open_market
from circuits.relations.perpetual import (
    BODY_MEANINGS,
    Lots,
    compute_funding_owed,
    compute_requirement,
    value_position,
)
from circuits.relations.position import declare_cash, declare_secret
from circuits.relations.public_inputs import PublicSignals, declare_public_inputs
from circuits.relations.spend import spend_birth, spend_leaf
from circuits.relations.trade import Trade, trade_lots
from circuits.signal import Bit, Bounded, Signal
from circuits.statement import Statement
from circuits.statements.claim import Inputs, children_of, market_inputs, prefixed, without
from facts.book_root import BOOK_LEVELS
from facts.commitments import CommittedPosition, PerpetualBody, commit_owner, commit_position
from facts.context import Binding, commit_context
from facts.elements import draw_element
from facts.market import MarketTier
from facts.market_root import MARKET_LEVELS, MarketTree
from facts.packing import PERP_BODY, REQUIREMENT_TERMS, SETTLEMENT, WALLET, sign_parts
from facts.position_change import Change, cash_of, value_of_lots
from facts.public_inputs import PublicInputs, unused_input
from facts.tags import Tag
from facts.transition import (
    POSITIONS,
    SPENDS,
    UNUSED_INPUTS,
    Flows,
    StatedTransition,
    commit_absence,
    derive_absent_birth,
    derive_absent_nullifier,
    derive_birth,
    derive_leaf_nullifier,
    derive_leaf_salt,
)
from facts.tree import ARITY, Path
from margin.bounds import MONEY_BITS, PPM
from margin.contracts import Side
from margin.position import Position
from snark.poseidon.hashing import hash_inputs

WALLET_MEANINGS: Final = {
    "paid_in": "by the owner's wallet, in money units",
    "paid_out": "to the owner's wallet, in money units",
}
SETTLEMENT_MEANINGS: Final = {
    "fees": "to the venue, in money units",
    "magnitude": "to the rest of the market, in money units",
    "sign": "1 if the rest of the market pays",
}


@dataclass(frozen=True)
class Transition(Statement):
    """Two places, each with a position before and one afterwards, or none."""

    name: ClassVar[str] = "transition"

    book_levels: int = BOOK_LEVELS
    market_levels: int = MARKET_LEVELS

    @property
    def shape(self) -> dict[str, int]:
        """How deep the trees are."""
        return {"book_levels": self.book_levels, "market_levels": self.market_levels}

    def define(self, builder: Builder) -> None:
        """Each place for itself; then the money of both."""
        public = declare_public_inputs(builder, SPENDS, unused=UNUSED_INPUTS)
        bind_context(public.context)
        enforce_nonzero(public.book_root, rule="book_is_given")
        secret = declare_secret(builder)
        owner = hash_tagged(builder, Tag.OWNER, secret)
        places = []
        for index in range(POSITIONS):
            with builder.scope(f"position[{index}]"):
                before = self.open_before(builder, owner, public, index)
                place = self.change_position(builder, owner, public, before)
                spend_birth(
                    builder,
                    both(before.present.negated(), place.remains),
                    secret=secret,
                    position_id=before.position_id,
                    nullifier=public.nullifiers[POSITIONS + index],
                )
            places.append(place)
        first, second = places
        enforce_nonzero(first.position_id - second.position_id, rule="positions_differ")
        flows = open_flows(builder, first, second)
        stated = hash_tagged(builder, Tag.TRANSITION, first.leaf, second.leaf, flows)
        builder.enforce_equal(stated, public.policy, rule="transition_is_stated")

    def open_before(self, builder: Builder, owner: Signal, public: PublicSignals, index: int) -> "Before":
        """What was there: a position of the book, whose leaf is spent, or none."""
        position_id = builder.private("position_id", Element(), "which position of its owner it is")
        salt = builder.private("salt", Element(), "hides the leaf")
        body = declare_packed(builder, PERP_BODY, BODY_MEANINGS)
        cash = declare_cash(builder)
        present = builder.private("present", Flag(), "1 if there was a position")
        enforce_nothing(present.negated(), body["size"] + body["entry_notional"] + cash["magnitude"])
        spend_leaf(
            builder,
            present,
            leaf=hash_tagged(builder, Tag.POSITION_PERP, owner, position_id, body.element, cash.element, salt),
            salt=salt,
            nullifier=public.nullifiers[index],
            book_root=public.book_root,
            levels=self.book_levels,
        )
        return Before(
            present, public.nullifiers[index], position_id, body, with_sign(cash.bit("sign"), cash["magnitude"])
        )

    def change_position(self, builder: Builder, owner: Signal, public: PublicSignals, before: "Before") -> "Place":
        """What became of it by lots, funding and money; and that this is enough."""
        market = open_market(builder, before.body["market_id"], public.market_root, self.market_levels)
        trade = trade_lots(builder, Lots.of(before.body), before.present, market)
        settled = trade.settled + compute_funding_owed(before.body, market.funding_index())
        money = declare_money(builder)
        with builder.scope("after"):
            remains = builder.private("present", Flag(), "1 if there is a position")
            seed = builder.private("seed", Element(), "hides the leaf")
            cash = declare_cash(builder)
            enforce_nonzero(cash["magnitude"] + cash.bit("sign").negated(), rule="zero_has_no_sign")
            enforce_nothing(remains.negated(), trade.after.size + trade.after.entry_notional + cash["magnitude"])
        kept = with_sign(cash.bit("sign"), cash["magnitude"])
        builder.enforce_equal(before.cash + money.brought - money.fee - settled, kept, rule="cash_is_conserved")
        enforce_rules(market, trade, money, remains, kept)
        body = pack_after(builder, before.body, trade.after, market)
        kind = select(remains, builder.element(int(Tag.POSITION_PERP)), builder.element(int(Tag.NO_POSITION)))
        held = select(remains, body, builder.element(0))
        salt = hash_tagged(builder, Tag.LEAF_SALT, before.nullifier, seed)
        leaf = builder.hash_inputs([kind, owner, before.position_id, held, cash.element, salt])
        return Place(before.position_id, remains, leaf, market.currency, money, settled)


@dataclass(frozen=True, slots=True, eq=False)
class Before:
    """A position before its change; where it is absent it has no lots, no entry and no cash."""

    present: Bit
    nullifier: Signal
    position_id: Signal
    body: PackedNumbers
    cash: Bounded


@dataclass(frozen=True, slots=True, eq=False)
class Money:
    """What is paid into a position or out of it, beside what the market settles."""

    draws: Bit
    brought: Bounded
    """By the wallet or the other silo; below zero where it is taken out."""
    fee: Bounded


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """A position after its change, and the money that flowed."""

    position_id: Signal
    remains: Bit
    leaf: Signal
    currency: Bounded
    money: Money
    settled: Bounded


def enforce_nothing(absent: Bit, amounts: Bounded) -> None:
    """Where there is no position there are no amounts; none of them is below zero, so that their sum says it.

    Where there is one it has lots: the tier that holds for it is above no floor without.
    """
    absent.builder.enforce_product(absent, amounts, 0, rule="absent_has_nothing")


def declare_money(builder: Builder) -> Money:
    """A transfer either way, and a fee that nobody is paid back."""
    transfer = builder.private("transfer", Uint(MONEY_BITS), "money that goes into the position, or out of it")
    draws = builder.private("draws", Flag(), "1 if it is taken out")
    fee = builder.private("fee", Uint(MONEY_BITS), "what the venue is paid")
    return Money(draws, with_sign(draws, transfer), fee)


def enforce_rules(market: MarketSignals, trade: Trade, money: Money, remains: Bit, cash: Bounded) -> None:
    """The closing fee is paid, and what remains suffices by the requirement that this change asks for.

    Nothing can be said that asks for less: lots that are added and money that is taken out are said to be, or the
    numbers do not fit.
    """
    initial, maintenance = market.requirements()
    trade.enforce_fee(money.fee, maximum(initial["fee_ppm"], maintenance["fee_ppm"]))
    relaxed = both(trade.adds.negated(), money.draws.negated())
    terms = select_packed(relaxed, REQUIREMENT_TERMS, maintenance, initial)
    enforce_sufficient(market, trade.after, remains, cash, terms)


def enforce_sufficient(market: MarketSignals, lots: Lots, remains: Bit, cash: Bounded, terms: PackedNumbers) -> None:
    """Equity covers the requirement at the attested price, in the tier that holds for what remains.

    Where nothing remains, nothing is above no floor, and a requirement of nothing is none: equity and requirement are 0
    or below.
    """
    lifted = replace(market, floor=remains * market.floor)
    worth = value_position(lots, lifted, market.price_for(lots.short), 1, terms.bit("on_entry"), least=remains)
    requirement = compute_requirement(worth, lots.entry_notional, cash, terms)
    enforce_at_most(requirement, worth.equity(cash) * PPM, rule="equity_covers_requirement")


def pack_after(builder: Builder, before: PackedNumbers, lots: Lots, market: MarketSignals) -> Signal:
    """The body afterwards: market and side are what they were, and funding is settled."""
    parts = {
        "side": lots.short,
        "size": lots.size,
        "entry_notional": lots.entry_notional,
        "funding_magnitude": market.funding["magnitude"],
        "funding_sign": market.funding["sign"],
        "market_id": before["market_id"],
    }
    return declare_packed(builder, PERP_BODY, BODY_MEANINGS, known=parts).element


def open_flows(builder: Builder, first: Place, second: Place) -> Signal:
    """What both places paid and were paid, in the one currency of both: to the unit."""
    builder.enforce_equal(first.currency, second.currency, rule="one_currency")
    with builder.scope("flows"):
        wallet = declare_packed(builder, WALLET, WALLET_MEANINGS, known={"currency_id": first.currency})
        settlement = declare_packed(builder, SETTLEMENT, SETTLEMENT_MEANINGS)
    paid = wallet["paid_in"] - wallet["paid_out"]
    settled = with_sign(settlement.bit("sign"), settlement["magnitude"])
    builder.enforce_equal(paid, first.money.brought + second.money.brought, rule="wallet_balances")
    builder.enforce_equal(settlement["fees"], first.money.fee + second.money.fee, rule="fees_add_up")
    builder.enforce_equal(settled, first.settled + second.settled, rule="settlement_adds_up")
    return hash_tagged(builder, Tag.FLOWS, wallet.element, settlement.element)


# --- What an owner needs to know -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PlaceWitness:
    """One of the two places: a position that changes, or none."""

    position_id: int = field(repr=False)
    change: Change
    market: MarketTier = field(repr=False)
    """The tier that holds for what remains; any tier of the same currency where nothing does."""
    market_path: Path = field(repr=False)
    book_path: Path | None = field(repr=False, default=None)
    """Of the leaf before; none where there was no position."""
    salt: int = field(repr=False, default_factory=draw_element)
    """Of the leaf before, or of the spend of none."""
    seed: int = field(repr=False, default_factory=draw_element)
    """Of the salt of the leaf afterwards."""
    birth_salt: int = field(repr=False, default_factory=draw_element)

    @classmethod
    def of(cls, position_id: int, change: Change, markets: MarketTree, market_id: int) -> Self:
        """A change in a market of an oracle round; where there was a position, its path and salt are yet to be said."""
        tier = change.find_tier(markets, market_id)
        return cls(position_id, change, tier, markets.path(tier))

    @classmethod
    def empty(cls, markets: MarketTree, market_id: int) -> Self:
        """A place that is not used, beside one in a market of the same currency."""
        return cls.of(draw_element(), Change(Side.LONG, None, None), markets, market_id)

    def leaf_after(self, owner: int) -> int:
        """What the book's keeper puts into the next book."""
        after = self.change.after
        if after is None:
            return commit_absence(owner, self.position_id, self.salt_after(owner))
        return self.commit(owner, self.encode_body(after), after.cash.numerator, self.salt_after(owner))

    def salt_after(self, owner: int) -> int:
        """What hides the leaf afterwards, and makes it one that was never there before."""
        return derive_leaf_salt(self.nullifier(owner), self.seed)

    def leaf_before(self, owner: int) -> int:
        """What stands in the book; where nothing does, what a position of no lots would be."""
        before = self.change.before
        return self.commit(owner, PERP_BODY.encode(self.body_before()), cash_of(before), self.salt)

    def nullifier(self, owner: int) -> int:
        """What spends the leaf before."""
        present = self.change.before is not None
        return (
            derive_leaf_nullifier(self.leaf_before(owner), self.salt) if present else derive_absent_nullifier(self.salt)
        )

    def birth(self, secret: int) -> int:
        """What spends the id of a position that is opened."""
        born = self.change.before is None and self.change.after is not None
        return derive_birth(secret, self.position_id) if born else derive_absent_birth(self.birth_salt)

    def commit(self, owner: int, body: int, cash: int, salt: int) -> int:
        """A leaf of this place's position."""
        return commit_position(CommittedPosition(Tag.POSITION_PERP, owner, self.position_id, body, cash, salt))

    def encode_body(self, position: Position) -> int:
        """The body of a position in this place's market."""
        return PerpetualBody.of(position, self.market.market_id).encode()

    def body_before(self) -> dict[str, int]:
        """The numbers of the body before; of none there are a side and a market."""
        if self.change.before is not None:
            return PERP_BODY.decode(self.encode_body(self.change.before))
        nothing = dict.fromkeys(PERP_BODY.widths, 0)
        return nothing | {"side": int(self.change.side is Side.SHORT), "market_id": self.market.market_id}

    def inputs(self, owner: int, book_levels: int) -> Inputs:
        """The inputs of the place, by their names inside its scope."""
        change = self.change
        path = self.book_path or make_path(self.leaf_before(owner), book_levels)
        return {
            **self.body_before(),
            **prefixed("cash", sign_parts(cash_of(change.before))),
            "position_id": self.position_id,
            "present": int(change.before is not None),
            "salt": self.salt,
            "path": children_of(path),
            "lots": abs(change.lots),
            "adds": int(change.lots > 0),
            "rounds": int(value_of_lots(self.market, change.side, change.lots).denominator != 1),
            "entry_after": change.after.entry_notional.numerator if change.after else 0,
            "transfer": abs(change.brought),
            "draws": int(change.brought < 0),
            "fee": change.fee,
            "after.present": int(change.after is not None),
            "after.seed": self.seed,
            **prefixed("after.cash", sign_parts(cash_of(change.after))),
            "birth_salt": self.birth_salt,
            **prefixed("market", market_inputs(self.market, self.market_path)),
        }


@dataclass(frozen=True, slots=True)
class TransitionWitness:
    """All that an owner needs to know to make the proof."""

    secret: int = field(repr=False)
    places: tuple[PlaceWitness, PlaceWitness]
    book_root: int
    """Of the book in which the positions are that were there."""
    domain: int
    binding: Binding
    book_levels: int = BOOK_LEVELS

    @property
    def owner(self) -> int:
        """Whose positions they are."""
        return commit_owner(self.secret)

    def stated(self) -> StatedTransition:
        """What is said beside the claim: where the positions are now, and what flowed."""
        changes = [place.change for place in self.places]
        brought = sum(change.brought for change in changes)
        flows = Flows(
            currency_id=self.places[0].market.currency_id,
            paid_in=max(brought, 0),
            paid_out=max(-brought, 0),
            fees=sum(change.fee for change in changes),
            settled=sum(change.settled for change in changes),
        )
        return StatedTransition(tuple(place.leaf_after(self.owner) for place in self.places), flows)

    def public_inputs(self) -> PublicInputs:
        """What the proof will be about."""
        leaves = (place.nullifier(self.owner) for place in self.places)
        births = (place.birth(self.secret) for place in self.places)
        return PublicInputs(
            book_root=self.book_root,
            market_root=self.places[0].market_path.root,
            **{name: unused_input(name) for name in UNUSED_INPUTS},
            nullifiers=(*leaves, *births),
            context=commit_context(self.domain, self.binding),
            policy=self.stated().encode(),
        )


def make_path(leaf: int, levels: int) -> Path:
    """A path from a leaf to some root, for a place that no root is asked of."""
    children = []
    for _ in range(levels):
        children.append((leaf, *[0] * (ARITY - 1)))
        leaf = hash_inputs(children[-1])
    return Path(0, tuple(children))


def inputs_for(witness: TransitionWitness) -> Inputs:
    """The inputs of the statement by name."""
    public, flows = witness.public_inputs(), witness.stated().flows
    inputs: Inputs = {**dict(zip(public.names, public.values, strict=True)), "secret": witness.secret}
    inputs |= prefixed("flows", without(flows.wallet_parts, "currency_id")) | prefixed("flows", flows.settlement_parts)
    for index, place in enumerate(witness.places):
        inputs |= prefixed(f"position[{index}]", place.inputs(witness.owner, witness.book_levels))
    return inputs
