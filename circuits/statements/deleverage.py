"""``deleverage``: lots are closed against a bankrupt position in the order of the queue, from its front.

    bankrupt     a member of the book with equity <= 0 at the attested price; all of its lots are closed
    queue        members of the book, in its market, on the other side, with equity > 0, each once
    order        score_i >= score_(i+1); of two equal ones the leaf whose highest 127 bits are less goes first
    lots         0 <= taken_i <= size_i, their sum is the size of the bankrupt position, and where
                 taken_(i+1) > 0 nothing of entry i is left
    policy       H(tag, basis, bankrupt entry, entry 1, ..., entry N)         entry = H(tag, leaf, salt, lots, basket)

The score is that of ``margin.deleverage``, profit measured against the entry or the mark notional as the claim says,
and no entry behind the last that is needed is touched. Funding that is owed is in the equity, and so is the value of a
position's basket, which is in its entry: each trader sees what his was counted for. A queue with fewer entries than
there are places ends with entries of no lots.

What it does not show: that nobody who is left out of the queue ranks higher. Who ranks where follows from the book and
the round alone, so a trader who was passed over in favour of somebody behind him can show that, but a trader whose lots
were taken can't see who was left out. A venue closes that by committing to the whole queue beforehand: it signs the
root of a tree with the entry of rank i at place i, each trader asks for the path of his own, and a claim is held
against the first N leaves.

Nor is a position changed or money moved. The order is proved and how many lots of whom are taken; the book's keeper
puts the leaves that come of it into the next book, at the bankruptcy price, and no statement shows that he does. It is
no transition, which trades at the attested price and needs the owner's secret. Each trader can hold his new leaf, whose
salt the keeper gives him, against his entry.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations, pairwise
from typing import ClassVar, Final

from circuits.builder import Builder, Element, Flag, Uint
from circuits.gadgets.comparison import enforce_nonzero, is_zero
from circuits.gadgets.division import take_highest
from circuits.gadgets.membership import compute_root
from circuits.gadgets.packing import PackedNumbers, declare_packed
from circuits.gadgets.ranges import enforce_at_least_zero, enforce_at_most, enforce_fits
from circuits.gadgets.selection import both, either, select, swap
from circuits.gadgets.signed import with_sign
from circuits.relations.commitment import hash_tagged
from circuits.relations.context import bind_context
from circuits.relations.market import MarketSignals, open_market
from circuits.relations.perpetual import BODY_MEANINGS, compute_funding_owed
from circuits.relations.position import declare_cash
from circuits.relations.public_inputs import declare_public_inputs
from circuits.relations.score import AMOUNT_BITS, Score, compute_score, enforce_ranked
from circuits.signal import Bit, Bounded, Signal, sum_signals
from circuits.statement import Statement
from circuits.statements.claim import Inputs, market_inputs, position_inputs, prefixed
from facts.book_root import BOOK_LEVELS
from facts.commitments import CommittedPosition, commit_position
from facts.context import Binding, commit_context
from facts.deleverage import StatedDeleverage, commit_entry, require_entry_count
from facts.elements import draw_element
from facts.market import MarketTier
from facts.market_root import MARKET_LEVELS
from facts.packing import PERP_BODY
from facts.public_inputs import PublicInputs, unused_input
from facts.tags import Tag
from facts.tree import Path, Tree
from margin.bounds import MONEY_BITS, SIZE_BITS
from margin.deleverage import PnlBasis

UNUSED: Final = ("lock_root", "position_tag")
SHARED: Final = ("side", "market_id")
"""What the bankrupt position says of a body of the queue."""
KEY_BITS: Final = 127
"""The lowest bits of a leaf, which do not decide between equal scores."""


@dataclass(frozen=True)
class Deleverage(Statement):
    """One bankrupt position and a queue of so many places."""

    name: ClassVar[str] = "deleverage"

    entries: int = 4
    book_levels: int = BOOK_LEVELS
    market_levels: int = MARKET_LEVELS

    def __post_init__(self) -> None:
        require_entry_count(self.entries)

    @property
    def shape(self) -> dict[str, int]:
        """How long the queue is, and how deep the trees are."""
        return {"entries": self.entries, "book_levels": self.book_levels, "market_levels": self.market_levels}

    def define(self, builder: Builder) -> None:
        """The bankrupt position, then the queue, then its order and what is taken of it."""
        public = declare_public_inputs(builder, 0, unused=("position_tag",))
        bind_context(public.context)
        on_mark = builder.private("on_mark", Flag(), "1 if profit is measured against the mark notional")
        bankrupt = declare_member(builder, "bankrupt", {}, self.book_levels)
        short, market_id = bankrupt.body.bit("side"), bankrupt.body["market_id"]
        market = open_market(builder, market_id, public.market_root, self.market_levels)
        enforce_bankrupt(bankrupt, market, public.book_root)
        known = {"side": short.negated(), "market_id": market_id}
        queue = [declare_member(builder, f"queue[{place}]", known, self.book_levels) for place in range(self.entries)]
        ranked = []
        for place, member in enumerate(queue):
            with builder.scope(f"queue[{place}]"):
                ranked.append(rank(member, market, public.book_root, on_mark))
        enforce_order(builder, ranked)
        enforce_taken(builder, bankrupt, ranked)
        entries = [bankrupt.commit(bankrupt.body["size"]), *(one.member.commit(one.taken) for one in ranked)]
        word = hash_tagged(builder, Tag.DELEVERAGE, on_mark, *entries)
        builder.enforce_equal(word, public.policy, rule="word_is_of_queue")


@dataclass(frozen=True, slots=True, eq=False)
class Member:
    """A position with its leaf, and the root that its path leads to."""

    body: PackedNumbers
    cash: Bounded
    basket: Bounded
    leaf: Signal
    salt: Signal
    root: Signal

    def commit(self, lots: Signal) -> Signal:
        """So many lots of it as an entry."""
        return hash_tagged(lots.builder, Tag.QUEUE_ENTRY, self.leaf, self.salt, lots, self.basket)


def declare_member(builder: Builder, name: str, known: dict[str, Bounded], levels: int) -> Member:
    """A position: whose it is stays an element, because a venue knows no secrets."""
    with builder.scope(name):
        owner = builder.private("owner", Element(), "whose it is")
        position_id = builder.private("position_id", Element(), "which position of its owner it is")
        body = declare_packed(builder, PERP_BODY, BODY_MEANINGS, known=known)
        cash = declare_cash(builder)
        salt = builder.private("salt", Element(), "hides the leaf")
        basket = builder.private("basket", Uint(MONEY_BITS), "what its locks count for")
        leaf = hash_tagged(builder, Tag.POSITION_PERP, owner, position_id, body.element, cash.element, salt)
        root = compute_root(builder, "path", leaf, levels)
    return Member(body, with_sign(cash.bit("sign"), cash["magnitude"]), basket, leaf, salt, root)


@dataclass(frozen=True, slots=True, eq=False)
class Amounts:
    """What a position is worth at its own price, over 1 or over that price of an inverse contract."""

    falling: Bit
    notional: Bounded
    entry: Bounded
    equity: Bounded


def value_member(member: Member, market: MarketSignals) -> Amounts:
    """cash + basket - funding owed + slope * (notional - entry)."""
    short = member.body.bit("side")
    price = select(short, market.high_price, market.low_price)
    denominator, factor = swap(market.inverse, price.builder.constant(1), price)
    notional, entry = member.body["size"] * market.multiplier * factor, member.body["entry_notional"] * denominator
    falling = either(short, market.inverse)
    backing = member.cash + member.basket - compute_funding_owed(member.body, market.funding_index())
    return Amounts(falling, notional, entry, backing * denominator + with_sign(falling, notional - entry))


def enforce_bankrupt(bankrupt: Member, market: MarketSignals, book_root: Signal) -> None:
    """It stands in the book, has lots, and its equity is at most 0."""
    builder = book_root.builder
    builder.enforce_equal(bankrupt.root, book_root, rule="bankrupt_in_book")
    enforce_nonzero(bankrupt.body["size"], rule="bankrupt_has_lots")
    enforce_at_least_zero(-value_member(bankrupt, market).equity, rule="position_is_bankrupt")


# --- The queue ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Ranked:
    """An entry of the queue."""

    member: Member
    present: Bit
    """0 where the queue has ended: there are no lots."""
    score: Score
    key: Bounded
    taken: Bounded


def rank(member: Member, market: MarketSignals, book_root: Signal, on_mark: Bit) -> Ranked:
    """A member of the book with equity, its score, and what is taken of it."""
    builder, size = book_root.builder, member.body["size"]
    present = is_zero(size).negated()
    builder.enforce_product(present, member.root - book_root, 0, rule="position_in_book")
    amounts = value_member(member, market)
    notional = enforce_fits(amounts.notional, AMOUNT_BITS, rule="notional_in_bounds")
    entry = enforce_fits(amounts.entry, AMOUNT_BITS, rule="entry_in_bounds")
    equity = enforce_fits(amounts.equity - present, AMOUNT_BITS, rule="equity_above_zero") + present
    score = compute_score(amounts.falling, notional, entry, equity, on_mark)
    key = take_highest(member.leaf, KEY_BITS, rule="key_of_leaf")
    taken = builder.private("taken", Uint(SIZE_BITS), "how many of its lots are closed")
    enforce_at_most(taken, size, rule="taken_at_most_size")
    return Ranked(member, present, score, key, taken)


def enforce_order(builder: Builder, ranked: Sequence[Ranked]) -> None:
    """Highest score first, equal ones by their leaves, nobody twice, nobody after the end."""
    for one, other in combinations(ranked, 2):
        enforce_nonzero(one.member.leaf - other.member.leaf, rule="entries_differ")
    for front, behind in pairwise(ranked):
        builder.enforce_product(front.present.negated(), behind.present, 0, rule="no_place_left_out")
        equal = both(enforce_ranked(front.score, behind.score), behind.present)
        enforce_at_least_zero(equal * (behind.key - front.key - 1), rule="equal_scores_by_leaf")


def enforce_taken(builder: Builder, bankrupt: Member, ranked: Sequence[Ranked]) -> None:
    """All lots of the bankrupt position, from the front on."""
    for front, behind in pairwise(ranked):
        left = front.member.body["size"] - front.taken
        builder.enforce_product(left, behind.taken, 0, rule="front_is_taken_first")
    taken = sum_signals([one.taken for one in ranked])
    builder.enforce_equal(taken, bankrupt.body["size"], rule="all_lots_are_closed")


# --- What a venue knows ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class QueuePosition:
    """A position of the book, and how many of its lots are closed."""

    position: CommittedPosition = field(repr=False)
    path: Path = field(repr=False)
    taken: int = field(repr=False)
    basket: int = field(default=0, repr=False)
    """What its locks count for."""

    def entry(self) -> int:
        """How it stands in the claim."""
        return commit_entry(commit_position(self.position), self.position.salt, self.taken, self.basket)

    def inputs(self) -> Inputs:
        """All but its body."""
        position = self.position
        return position_inputs(position, self.path) | {"owner": position.owner, "basket": self.basket}


@dataclass(frozen=True, slots=True)
class DeleverageWitness:
    """All that a venue needs to know to make the proof."""

    bankrupt: QueuePosition = field(repr=False)
    """All of whose lots are taken."""
    queue: tuple[QueuePosition, ...] = field(repr=False)
    """As many as the statement has places: ``fill_queue``."""
    basis: PnlBasis
    market: MarketTier = field(repr=False)
    """Any tier of it."""
    market_path: Path = field(repr=False)
    domain: int
    binding: Binding

    def stated(self) -> StatedDeleverage:
        """What is said beside the claim."""
        return StatedDeleverage(self.basis, self.bankrupt.entry(), tuple(each.entry() for each in self.queue))

    def public_inputs(self) -> PublicInputs:
        """What the proof will be about."""
        return PublicInputs(
            book_root=self.bankrupt.path.root,
            market_root=self.market_path.root,
            **{name: unused_input(name) for name in UNUSED},
            nullifiers=(),
            context=commit_context(self.domain, self.binding),
            policy=self.stated().encode(),
        )


def fill_queue(queue: Sequence[QueuePosition], entries: int, bankrupt: CommittedPosition) -> tuple[QueuePosition, ...]:
    """The queue with entries of no position in the places that are left; they look like any other."""
    parts = PERP_BODY.decode(bankrupt.body)
    body = PERP_BODY.encode(dict.fromkeys(parts, 0) | {"side": 1 - parts["side"], "market_id": parts["market_id"]})
    levels = len(queue[0].path.levels)
    return (*queue, *(make_absent(body, levels) for _ in range(entries - len(queue))))


def make_absent(body: int, levels: int) -> QueuePosition:
    """An entry without lots, in a tree of its own."""
    position = CommittedPosition(Tag.POSITION_PERP, draw_element(), draw_element(), body, 0)
    return QueuePosition(position, Tree(levels, [commit_position(position)]).path(0), 0)


def rank_key(position: CommittedPosition) -> int:
    """What decides between equal scores: the less goes first."""
    return commit_position(position) >> KEY_BITS


def inputs_for(witness: DeleverageWitness) -> Inputs:
    """The inputs of the statement by name."""
    public = witness.public_inputs()
    inputs: Inputs = {
        **dict(zip(public.names, public.values, strict=True)),
        "on_mark": int(witness.basis is PnlBasis.MARK),
        **prefixed("bankrupt", witness.bankrupt.inputs()),
        **prefixed("bankrupt", PERP_BODY.decode(witness.bankrupt.position.body)),
        **prefixed("market", market_inputs(witness.market, witness.market_path)),
    }
    for place, one in enumerate(witness.queue):
        body = PERP_BODY.decode(one.position.body)
        own = {name: value for name, value in body.items() if name not in SHARED}
        inputs |= prefixed(f"queue[{place}]", one.inputs() | own | {"taken": one.taken})
    return inputs
