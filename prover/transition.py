"""Positions of a wallet that change: from a transition document to the inputs of ``transition``, and to what is kept.

Two places change at once; where a document is about one position the other place is of none, which nobody can tell.
What the wallet has to hold afterwards is told with the witness, so that it is on the disk before a proof leaves.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Final

from circuits.statements.claim import Inputs
from circuits.statements.transition import PlaceWitness, Transition, TransitionWitness, inputs_for
from facts.book_change import BookChange, LeafChange, Opening
from facts.commitments import CommittedPosition, PerpetualBody, commit_position
from facts.demand import Demand
from facts.elements import draw_element
from facts.market import MarketTier
from facts.position_change import Change, change_position, close_position, find_market
from facts.tags import Tag
from facts.transition import POSITIONS
from margin.errors import MisuseError, Reason
from margin.position import Position
from prover.commitment import commit_request
from prover.perpetual import Perpetual
from prover.place import Where
from prover.publication import Publication
from prover.request import Request, read_kept_request, read_request
from prover.succession import add_successor, find_standing, is_opening
from prover.transition_document import Kind, WrittenChange
from prover.wallet import KeptPosition, Secrets, Standing, Successor

STATEMENT: Final = Transition.name


@dataclass(frozen=True, slots=True)
class Step:
    """One position that changes: its part of the witness, and what the wallet has to hold of it."""

    name: str = field(repr=False)
    place: PlaceWitness = field(repr=False)
    kept: KeptPosition = field(repr=False)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be proved, and what has to be kept before."""

    witness: TransitionWitness = field(repr=False)
    where: Where
    steps: tuple[Step, ...] = field(repr=False)

    @property
    def kept(self) -> dict[str, KeptPosition]:
        """Positions by their names, with what may stand in their place."""
        return {step.name: step.kept for step in self.steps}

    @property
    def inputs(self) -> Inputs:
        """The inputs of ``transition`` by name."""
        return inputs_for(self.witness)

    @property
    def demand(self) -> Demand:
        """What the proof says, and where it is good."""
        return self.where.demand(self.witness.stated())

    @property
    def book_change(self) -> BookChange:
        """What the keeper of the book is told."""
        owner = self.witness.owner
        return BookChange(tuple(tell_leaf(step.place, owner) for step in self.steps))


@dataclass(frozen=True, slots=True)
class Planner:
    """Plans changes of the positions of one owner, by the facts of a moment."""

    owner: Secrets = field(repr=False)
    positions: Mapping[str, KeptPosition] = field(repr=False)
    publication: Publication = field(repr=False)
    where: Where

    def plan(self, changes: Sequence[WrittenChange]) -> Plan:
        """What is to be proved for a document, and what has to be kept before."""
        steps = tuple(step for change in changes for step in self.take_steps(change))
        places = [step.place for step in steps]
        require_one_currency([place.market for place in places])
        places += [leave_out(places[0])] * (POSITIONS - len(places))
        first, second = places
        witness = TransitionWitness(
            self.owner.key,
            (first, second),
            self.publication.book.root,
            self.where.domain_element,
            self.where.binding,
        )
        return Plan(witness, self.where, steps)

    def take_steps(self, written: WrittenChange) -> Iterator[Step]:
        """The positions that one change is about."""
        if written.kind is Kind.OPEN:
            yield self.open(written)
            return
        yield self.change(written.position, written)
        if written.kind is Kind.MOVE:
            yield self.change(written.receiver, replace(written, kind=Kind.TOP_UP))

    def change(self, name: str, written: WrittenChange) -> Step:
        """A position that is there."""
        kept = self.find(name)
        subject = require_perpetual(read_kept_request(kept))
        before, market = bare(subject.position), self.find_market(subject)
        change = measure(subject, written, market, before)
        place = PlaceWitness(
            position_id=kept.committed.position_id,
            change=change,
            market=(tier := change.find_tier(self.publication.round, subject.market_id)),
            market_path=self.publication.round.path(tier),
            book_path=self.publication.position_path(commit_position(kept.committed)),
            salt=kept.committed.salt,
        )
        return Step(name, place, add_successor(kept, succeed_with(place, self.owner.owner)))

    def open(self, written: WrittenChange) -> Step:
        """A position that is not there yet; one that no book ever had is tried again under its own id."""
        request = read_request(written.document, None)
        subject, kept = require_perpetual(request), self.find_free(written.position)
        position_id = draw_element() if kept is None else kept.committed.position_id
        market, side = self.find_market(subject), subject.position.side
        change = change_position(market, side, None, lots=subject.position.size, brought=subject.cash)
        tier = change.find_tier(self.publication.round, subject.market_id)
        place = PlaceWitness(position_id, change, tier, self.publication.round.path(tier))
        successor = succeed_with(place, self.owner.owner)
        if kept is not None:
            subject.after(kept.committed)
            return Step(written.position, place, add_successor(kept, successor))
        committed = CommittedPosition(
            Tag.POSITION_PERP, self.owner.owner, position_id, successor.body, successor.cash, successor.salt
        )
        made = commit_request(request, self.owner, self.where.domain_element)
        text = json.dumps(written.document)
        return Step(
            written.position, place, replace(made, committed=committed, document=text, standing=Standing.OPENING)
        )

    def find(self, name: str) -> KeptPosition:
        """A position as the book shows it."""
        if name not in self.positions:
            expected = "a position that was committed with this wallet"
            raise MisuseError(Reason.NOT_IN_TREE, "changes", found="another one", expected=expected)
        return find_standing(self.positions[name], self.publication)

    def find_free(self, name: str) -> KeptPosition | None:
        """What is there of a position that is to be opened: nothing, or what was tried before."""
        kept = find_standing(self.positions[name], self.publication) if name in self.positions else None
        if kept is not None and not is_opening(kept):
            expected = "a name that no other position has"
            raise MisuseError(Reason.DUPLICATE_FIELD, "changes", found="one that is taken", expected=expected)
        return kept

    def find_market(self, subject: Perpetual) -> MarketTier:
        """The market of a position, in the round."""
        return find_market(self.publication.round, subject.market_id)


def measure(subject: Perpetual, written: WrittenChange, market: MarketTier, before: Position) -> Change:
    """A change in lots and whole money units."""
    units = subject.document.market.units
    amount = units.money(written.amount, "amount").numerator
    fee = None if written.fee is None else units.money(written.fee, "fee").numerator
    match written.kind:
        case Kind.TOP_UP:
            return change_position(market, before.side, before, brought=amount)
        case Kind.WITHDRAW | Kind.MOVE:
            return change_position(market, before.side, before, brought=-amount)
        case Kind.INCREASE:
            lots = units.lots(written.size, "size")
            return change_position(market, before.side, before, lots=lots, brought=amount)
        case Kind.CLOSE:
            lots = require_some_left(units.lots(written.size, "size"), before)
            return change_position(market, before.side, before, lots=-lots, brought=-amount, fee=fee)
        case Kind.CLOSE_ALL:
            return close_position(market, before, fee=fee)
        case _:
            return change_position(market, before.side, before)


def tell_leaf(place: PlaceWitness, owner: int) -> LeafChange:
    """The leaf of a place afterwards, and the one that it succeeds."""
    was_there = place.change.before is not None
    before = Opening(place.leaf_before(owner), place.salt) if was_there else None
    return LeafChange(place.leaf_after(owner), before)


def succeed_with(place: PlaceWitness, owner: int) -> Successor:
    """What opens the leaf that a place is left with."""
    after, salt = place.change.after, place.salt_after(owner)
    if after is None:
        return Successor(salt)
    body = PerpetualBody.of(after, place.market.market_id).encode()
    return Successor(salt, body, after.cash.numerator)


def leave_out(other: PlaceWitness) -> PlaceWitness:
    """The place of no position, in the market of the other one."""
    nothing = Change(other.change.side, None, None)
    return PlaceWitness(draw_element(), nothing, other.market, other.market_path)


def bare(position: Position) -> Position:
    """A position as its leaf has it: what is locked for it elsewhere counts for nothing here."""
    return replace(position, basket=(), cash=Fraction(position.cash))


def require_perpetual(request: Request) -> Perpetual:
    """Structures and netting sets do not change: they expire, or are committed anew."""
    if not isinstance(request.subject, Perpetual):
        found, expected = request.subject.statement, "an isolated perpetual or future"
        raise MisuseError(Reason.NOT_APPLICABLE, "changes", found=found, expected=expected)
    return request.subject


def require_some_left(lots: int, before: Position) -> int:
    """Fewer lots than there are: all of them is another change, which leaves no position."""
    if lots >= before.size:
        found, expected = "all of them, or more", "fewer lots than the position has, or close_all"
        raise MisuseError(Reason.OUT_OF_BOUNDS, "size", found=found, expected=expected)
    return lots


def require_one_currency(markets: Sequence[MarketTier]) -> None:
    """Money of one currency is no money of another."""
    if len({market.currency_id for market in markets}) > 1:
        found, expected = "two", "positions whose markets settle in one currency"
        raise MisuseError(Reason.WRONG_UNIT, "changes", found=found, expected=expected)
