"""The venue's book as it is committed to, with all that opens its leaves: what the proofs of a day are about."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Final

from circuits.statements.claim import MarginClaim
from circuits.statements.deleverage import Deleverage, DeleverageWitness, QueuePosition, fill_queue
from circuits.statements.deleverage import inputs_for as deleverage_inputs
from circuits.statements.liquidation import Liquidation, LiquidationWitness, open_tiers
from circuits.statements.liquidation import inputs_for as liquidation_inputs
from circuits.statements.perp import Perp, PerpWitness
from circuits.statements.perp import inputs_for as perp_inputs
from circuits.statements.transition import PlaceWitness, Transition, TransitionWitness
from circuits.statements.transition import inputs_for as transition_inputs
from facts.commitments import CommittedPosition, PerpetualBody, commit_owner, commit_position
from facts.context import Binding, name_domain
from facts.deleverage import StatedDeleverage
from facts.elements import derive_element
from facts.liquidation import LiquidationFlows, Reduction, StatedLiquidation
from facts.market import MarketTier
from facts.market_root import MarketTree
from facts.packing import PERP_BODY, join_sign
from facts.policy import StatementPolicy
from facts.policy_commitment import CommittedTerms
from facts.position_change import Change, change_position, close_position, find_market, measure_notional
from facts.public_inputs import PublicInputs
from facts.stored_tree.keeper import TreeKeeper
from facts.tags import Tag
from facts.transition import POSITIONS, Flows, StatedTransition, commit_absence, derive_leaf_nullifier
from facts.tree import Tree
from margin.contracts import Side
from margin.deleverage import PnlBasis
from margin.position import Position
from margin.requirement import RequirementKind
from snark.bn254.constants import GROUP_ORDER
from tests.venue.ledger import LONG, Key, Ledger, Row, Seized, Wish
from tests.venue.markets import MARKETS
from tests.venue.proofs import Desk, Public

DOMAIN: Final = name_domain("day")
BINDING: Final = Binding(
    verifier="day", chain_id=1, contract=b"\x01" * 20, recipient=b"\x02" * 20, expiry=2_000_000_000
)


@dataclass(frozen=True, slots=True)
class Depths:
    """How deep the trees are."""

    book: int
    market: int
    queue: int = 4
    """How many places a queue of deleveraged positions has."""


@dataclass(slots=True)
class Money:
    """All flows that were stated, added up by currency; wallets by their owner too."""

    wallets: Counter[tuple[int, int]] = field(default_factory=Counter)
    fees: Counter[int] = field(default_factory=Counter)
    clearing: Counter[int] = field(default_factory=Counter)
    fund: Counter[int] = field(default_factory=Counter)

    def book(self, owner: int, flows: Flows) -> None:
        """What a transition stated."""
        self.wallets[owner, flows.currency_id] += flows.paid_out - flows.paid_in
        self.fees[flows.currency_id] += flows.fees
        self.clearing[flows.currency_id] += flows.settled

    def book_given_up(self, owner: int, currency: int, seized: Seized) -> None:
        """What the venue says that a deleveraged position paid and was paid; no statement proves it."""
        self.wallets[owner, currency] += seized.returned
        self.clearing[currency] += seized.settled

    def book_seizure(self, owner: int, flows: LiquidationFlows) -> None:
        """What a liquidation stated."""
        self.wallets[owner, flows.currency_id] += flows.returned
        self.fees[flows.currency_id] += flows.fee
        self.clearing[flows.currency_id] += flows.settled
        self.fund[flows.currency_id] += flows.penalty - flows.gap

    @classmethod
    def of(cls, ledger: Ledger) -> "Money":
        """What is where in the morning."""
        return cls(Counter(ledger.wallets), Counter(ledger.fees), Counter(ledger.clearing), Counter(ledger.fund))

    def require_equal(self, ledger: Ledger) -> None:
        """To the unit."""
        assert self == Money.of(ledger)


@dataclass(slots=True)
class Book:
    """Positions, their places and their secrets; the ledger is read in the morning only.

    What is put into the book is what was proven, leaf by leaf; what is spent is never spent again; what flowed is added
    up from what was stated beside the claims. The book is a tree on the disk, with a round for each change.
    """

    depths: Depths
    desk: Desk
    tree: TreeKeeper
    random: Random
    held: dict[Key, CommittedPosition] = field(default_factory=dict)
    places: dict[Key, int] = field(default_factory=dict)
    gone: dict[Key, int] = field(default_factory=dict)
    """The salts of what closed positions left."""
    spent: set[int] = field(default_factory=set)
    money: Money = field(default_factory=Money)
    prices: MarketTree | None = None
    """The oracle round that the book is at."""

    @classmethod
    def open(cls, ledger: Ledger, depths: Depths, desk: Desk, folder: Path, seed: int) -> "Book":
        """The book of the morning, in a new folder."""
        random = Random(seed)  # noqa: S311 - repeatable
        held = {key: commit_row(key, row, random.randrange(GROUP_ORDER)) for key, row in ledger.rows.items()}
        places = dict(zip(held, random.sample(range(8**depths.book), len(held)), strict=True))
        tree = TreeKeeper.create(folder, depths.book)
        tree.update({places[key]: commit_position(each) for key, each in held.items()})
        return cls(depths, desk, tree, random, held, places, money=Money.of(ledger))

    # --- What is proven ------------------------------------------------------------------------------

    def prove_margin(self, key: Key) -> None:
        """The owner of a position shows that it holds its maintenance requirement, from the book as it is."""
        held = self.held[key]
        position = open_position(held)
        tier = self.find_tier(position, market_of(held))
        claim = MarginClaim(
            secret=secret_of(key[0]),
            position=held,
            book_path=self.tree.path(self.places[key]),
            policy=StatementPolicy(RequirementKind.MAINTENANCE),
            domain=DOMAIN,
            binding=BINDING,
        )
        witness = PerpWitness(claim, tier, self.round.path(tier))
        statement = Perp(0, self.depths.book, self.depths.market)
        public = self.desk.carry_out(statement, perp_inputs(witness))
        self.require_public(public, claim.public_inputs(self.round.root))

    def change(self, owner: int, wishes: Sequence[Wish]) -> StatedTransition:
        """An owner proves what he wants of one or two positions, and the book follows."""
        places = [self.open_place(owner, wish) for wish in wishes]
        if len(places) < POSITIONS:
            places.append(self.open_nothing(places[0].market))
        witness = TransitionWitness(
            secret=secret_of(owner),
            places=(places[0], places[1]),
            book_root=self.tree.root,
            domain=DOMAIN,
            binding=BINDING,
            book_levels=self.depths.book,
        )
        stated = witness.stated()
        statement = Transition(self.depths.book, self.depths.market)
        public = self.desk.carry_out(statement, transition_inputs(witness))
        self.require_public(public, witness.public_inputs())
        self.spend(public)
        keys = [(owner, wish.position) for wish in wishes]
        self.tree.update({self.find_place(key): leaf for key, leaf in zip(keys, stated.leaves, strict=False)})
        for key, place in zip(keys, places, strict=False):
            self.keep(key, place)
        self.money.book(owner, stated.flows)
        return stated

    def liquidate(self, key: Key, lots: int) -> StatedLiquidation:
        """The venue proves that it had to close lots of a position and closed no more than that; the book follows."""
        held = self.held[key]
        body = body_of(held)
        any_tier = find_market(self.round, body.market_id)
        terms = CommittedTerms.of(MARKETS[body.market_id].policy)
        reduction = Reduction(body, held.cash, any_tier, terms, lots)
        before, after, more = open_tiers(reduction, self.round)
        witness = LiquidationWitness(
            position=held,
            book_path=self.tree.path(self.places[key]),
            reduction=reduction,
            before=before,
            after=after,
            more=more,
            document=body.market_id,
            domain=DOMAIN,
            binding=BINDING,
            salt=self.draw(),
        )
        stated = witness.stated()
        statement = Liquidation(self.depths.book, self.depths.market)
        public = self.desk.carry_out(statement, liquidation_inputs(witness))
        self.require_public(public, witness.public_inputs())
        self.spend(public)
        self.tree.update({self.places[key]: stated.leaf})
        left = witness.new_position()
        if left is None:
            self.gone[key] = witness.salt
            del self.held[key]
        else:
            self.held[key] = left
        self.money.book_seizure(key[0], stated.flows)
        return stated

    def deleverage(self, bankrupt: Key, taken: Mapping[Key, int]) -> StatedDeleverage:
        """The venue proves that lots are taken from the front of the queue, of whom they are taken in their order."""
        any_tier = find_market(self.round, market_of(self.held[bankrupt]))
        queue = [self.stand(key, lots) for key, lots in taken.items()]
        witness = DeleverageWitness(
            bankrupt=self.stand(bankrupt, body_of(self.held[bankrupt]).size),
            queue=fill_queue(queue, self.depths.queue, self.held[bankrupt]),
            basis=PnlBasis.MARK,
            market=any_tier,
            market_path=self.round.path(any_tier),
            domain=DOMAIN,
            binding=BINDING,
        )
        statement = Deleverage(self.depths.queue, self.depths.book, self.depths.market)
        self.require_public(self.desk.carry_out(statement, deleverage_inputs(witness)), witness.public_inputs())
        return witness.stated()

    def stand(self, key: Key, lots: int) -> QueuePosition:
        """A position of the book, and how many of its lots are taken."""
        return QueuePosition(self.held[key], self.tree.path(self.places[key]), lots)

    def rewrite(self, rows: Mapping[Key, Row | None]) -> None:
        """The keeper puts leaves that no statement proves: what is left of positions that were deleveraged."""
        leaves = {}
        for key, row in rows.items():
            salt, held = self.draw(), self.held.pop(key)
            self.spent.add(derive_leaf_nullifier(commit_position(held), held.salt))
            if row is None:
                self.gone[key] = salt
                leaves[self.places[key]] = commit_absence(held.owner, held.position_id, salt)
            else:
                self.held[key] = commit_row(key, row, salt)
                leaves[self.places[key]] = commit_position(self.held[key])
        self.tree.update(leaves)

    def open_place(self, owner: int, wish: Wish) -> PlaceWitness:
        """One position with what is to become of it."""
        held = self.held.get((owner, wish.position))
        market_id, before = (wish.market, None) if held is None else (market_of(held), open_position(held))
        side = Side(wish.side) if before is None else before.side
        any_tier = find_market(self.round, market_id)
        lots = wish.lots - (before.size if before else 0)
        if before is not None and wish.brought is None:
            change = close_position(any_tier, before)
        else:
            change = change_position(any_tier, side, before, lots=lots, brought=wish.brought or 0)
        tier = change.find_tier(self.round, market_id)
        return PlaceWitness(
            position_id=id_of(owner, wish.position),
            change=change,
            market=tier,
            market_path=self.round.path(tier),
            book_path=None if held is None else self.tree.path(self.places[owner, wish.position]),
            salt=self.draw() if held is None else held.salt,
            seed=self.draw(),
            birth_salt=self.draw(),
        )

    def open_nothing(self, tier: MarketTier) -> PlaceWitness:
        """The other place, where an owner changes one position only."""
        nothing = Change(Side.LONG, None, None)
        salts = (self.draw() for _ in range(3))
        return PlaceWitness(self.draw(), nothing, tier, self.round.path(tier), None, *salts)

    # --- What follows from it ------------------------------------------------------------------------

    @property
    def round(self) -> MarketTree:
        """The oracle round."""
        assert self.prices is not None
        return self.prices

    def find_tier(self, position: Position, market_id: int) -> MarketTier:
        """The tier in which a position has to be maintained."""
        notional = measure_notional(find_market(self.round, market_id), position, RequirementKind.MAINTENANCE)
        return self.round.market_tier(market_id, notional)

    def require_public(self, public: Public, expected: PublicInputs) -> None:
        """The claim is about the book and the round as they are, and says what was stated beside it."""
        assert public == expected.values
        assert (expected.book_root, expected.market_root) == (self.tree.root, self.round.root)

    def spend(self, public: Public) -> None:
        """Each nullifier once."""
        nullifiers = set(PublicInputs.of(public).nullifiers)
        assert not nullifiers & self.spent
        self.spent |= nullifiers

    def find_place(self, key: Key) -> int:
        """Where the leaf of a position stands; a free place where there was none."""
        if key not in self.places:
            taken = set(self.places.values())
            self.places[key] = next(each for each in iter(self.draw_place, None) if each not in taken)
        return self.places[key]

    def keep(self, key: Key, place: PlaceWitness) -> None:
        """What opens the new leaf."""
        after, owner = place.change.after, commit_owner(secret_of(key[0]))
        if after is None:
            self.gone[key] = place.salt_after(owner)
            del self.held[key]
            return
        body, cash, salt = place.encode_body(after), after.cash.numerator, place.salt_after(owner)
        self.held[key] = CommittedPosition(Tag.POSITION_PERP, owner, place.position_id, body, cash, salt)

    def draw(self) -> int:
        """A salt."""
        return self.random.randrange(GROUP_ORDER)

    def draw_place(self) -> int:
        """Somewhere in the book."""
        return self.random.randrange(self.tree.capacity)


@dataclass(slots=True)
class Mirror:
    """The book as the ledger alone would have it: a tree in memory of leaves that are made of the ledger's numbers."""

    book: Book
    tree: Tree

    @classmethod
    def of(cls, book: Book, ledger: Ledger) -> "Mirror":
        """All leaves of the morning."""
        rows = ledger.rows.items()
        return cls(book, Tree(book.depths.book, {book.places[key]: commit_key(book, key, row) for key, row in rows}))

    def require_equal(self, ledger: Ledger, touched: Iterable[Key]) -> None:
        """After the leaves that a step touched are made anew: the same root, positions, cash and money everywhere."""
        for key in touched:
            self.tree.update(self.book.places[key], commit_key(self.book, key, ledger.rows.get(key)))
        assert self.book.tree.root == self.tree.root
        assert set(self.book.held) == set(ledger.rows)
        assert sum_cash(self.book) == sum_rows(ledger)
        self.book.money.require_equal(ledger)


def commit_key(book: Book, key: Key, row: Row | None) -> int:
    """The leaf of a position of the ledger, or what a closed one leaves, under the salt that the book has."""
    if row is None:
        return commit_absence(commit_owner(secret_of(key[0])), id_of(*key), book.gone[key])
    return commit_position(commit_row(key, row, book.held[key].salt))


def sum_cash(book: Book) -> Counter[int]:
    """Committed cash by its currency."""
    cash: Counter[int] = Counter()
    for held in book.held.values():
        cash[MARKETS[market_of(held)].currency] += held.cash
    return cash


def sum_rows(ledger: Ledger) -> Counter[int]:
    """The same of the ledger."""
    cash: Counter[int] = Counter()
    for row in ledger.rows.values():
        cash[row.currency] += row.cash
    return cash


def secret_of(owner: int) -> int:
    """The key of an owner."""
    return derive_element(f"day:owner:{owner}")


def id_of(owner: int, position: int) -> int:
    """What a position is called in its commitment."""
    return derive_element(f"day:position:{owner}/{position}")


def commit_row(key: Key, row: Row, salt: int) -> CommittedPosition:
    """A row of the ledger as it is committed to."""
    side = Side.LONG if row.side == LONG else Side.SHORT
    body = PerpetualBody(side, row.size, row.entry, row.index, row.market)
    return CommittedPosition(
        Tag.POSITION_PERP, commit_owner(secret_of(key[0])), id_of(*key), body.encode(), row.cash, salt
    )


def body_of(held: CommittedPosition) -> PerpetualBody:
    """What is committed to, beside the cash."""
    parts = PERP_BODY.decode(held.body)
    index = join_sign(parts["funding_magnitude"], parts["funding_sign"], "funding_index")
    side = Side.SHORT if parts["side"] else Side.LONG
    return PerpetualBody(side, parts["size"], parts["entry_notional"], index, parts["market_id"])


def open_position(held: CommittedPosition) -> Position:
    """The same as ``margin`` has it."""
    body = body_of(held)
    return Position(body.side, body.size, Fraction(body.entry_notional), Fraction(held.cash), body.funding_index)


def market_of(held: CommittedPosition) -> int:
    """The market of a committed position."""
    return PERP_BODY.decode(held.body)["market_id"]
