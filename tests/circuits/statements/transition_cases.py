"""Positions that change, on and around the boundary of what they have to hold afterwards.

A place of a case is a position of ``perp_cases``' markets with one thing that happens to it, or several at once. What
it becomes is what ``facts.position_change`` says; whether it suffices is what ``margin`` says of that position.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil
from typing import Final

from circuits.statements.transition import PlaceWitness, TransitionWitness
from facts.commitments import commit_owner
from facts.market import MarketTier, quantise_market, quantise_policy
from facts.market_root import MarketTree
from facts.policy import StatementPolicy
from facts.position_change import Change, change_position, close_position
from facts.tree import Tree
from margin.contracts import Side
from margin.errors import MarginError
from margin.policy import MarketPolicy
from margin.position import MarketState, Position, compute_equity
from margin.requirement import RequirementKind, compute_requirement
from margin.tiers import TierMeasure
from tests.circuits.statements.claims import BINDING, DOMAIN, SHALLOW, Depths, draw_element
from tests.circuits.statements.perp_cases import (
    CURRENCY_ID,
    POLICY_HASH,
    choose_contract_of_facts,
    choose_market_of_facts,
    choose_position_of_facts,
)
from tests.margin.strategies import Chooser, SeededChooser, choose_policy, choose_table

MARKET_IDS: Final = (7, 8)
RICH: Final = 2**98
UNSHOCKED: Final = StatementPolicy(RequirementKind.INITIAL)


@dataclass(frozen=True, slots=True)
class PlaceCase:
    """A position in a market and what happens to it; without one, lots may be opened."""

    policy: MarketPolicy
    """As leaves express it."""
    market: MarketState
    market_id: int
    side: Side
    before: Position | None
    lots: int = 0
    """Added; below zero: closed."""
    brought: int = 0
    """By the wallet or the other silo; below zero: taken out. Of no account where all lots are closed."""
    extra_fee: int = 0
    """Beyond the least."""

    # --- As it happens -------------------------------------------------------------------------------

    def tiers(self) -> tuple[MarketTier, ...]:
        """The leaves of the market."""
        return quantise_market(
            self.policy, self.market, market_id=self.market_id, currency_id=CURRENCY_ID, policy_hash=POLICY_HASH
        )

    def change(self, leaf: MarketTier | None = None) -> Change:
        """What becomes of the position; whoever asks often has a leaf of the market at hand."""
        tier = leaf or self.tiers()[0]
        if self.before is None and not self.lots:
            return Change(self.side, None, None, self.extra_fee, self.extra_fee)
        change = self.change_with(tier, None)
        return self.change_with(tier, change.fee + self.extra_fee) if self.extra_fee else change

    def change_with(self, tier: MarketTier, fee: int | None) -> Change:
        """The same with a fee."""
        if self.before is not None and self.lots == -self.before.size:
            return close_position(tier, self.before, fee=fee)
        return change_position(tier, self.side, self.before, lots=self.lots, brought=self.brought, fee=fee)

    # --- As margin judges it -------------------------------------------------------------------------

    def excess(self, leaf: MarketTier | None = None) -> Fraction | None:
        """Equity beyond the requirement of what remains; nothing remains: nothing is required."""
        change = self.change(leaf)
        if change.after is None:
            return None
        equity = compute_equity(self.policy.contract, change.after, self.market, self.policy.price_rule).total
        return equity - compute_requirement(self.policy, change.after, self.market, change.requirement).total

    def suffices(self) -> bool:
        """Whether what remains holds what it has to."""
        excess = self.excess()
        return excess is None or excess >= 0

    def richer(self, money: int) -> "PlaceCase":
        """The same with more cash before, or, where there was no position, with more brought."""
        if self.before is None:
            return replace(self, brought=self.brought + money)
        return replace(self, before=replace(self.before, cash=self.before.cash + money))

    def with_least_cash(self) -> "PlaceCase":
        """The least whole cash that suffices; the excess is a line over the cash with at most one kink."""
        case, (leaf, *_) = self, self.tiers()
        while step := case.missing_cash(leaf):
            case = case.richer(step)
        return case

    def missing_cash(self, leaf: MarketTier) -> int:
        """How much more would be just enough if the excess were a straight line."""
        here = self.excess(leaf)
        if not here:
            return 0
        there = self.richer(1).excess(leaf)
        return 0 if there is None else ceil(-here / (there - here))


@dataclass(frozen=True, slots=True)
class TransitionCase:
    """Two places of one owner."""

    places: tuple[PlaceCase, PlaceCase]
    seed: int
    """Of the owner's secrets and of the places in trees."""

    def tree(self, depths: Depths = SHALLOW) -> MarketTree:
        """The oracle round: each market once."""
        tiers = {tier.market_id: place.tiers() for place in self.places for tier in place.tiers()}
        return MarketTree([tier for market in tiers.values() for tier in market], depths.market)

    def with_place(self, index: int, place: PlaceCase) -> "TransitionCase":
        """The same with another place."""
        first, second = self.places
        return replace(self, places=(place, second) if index == 0 else (first, place))

    def suffices(self) -> bool:
        """Whether both places do."""
        return all(place.suffices() for place in self.places)

    def refusals(self) -> tuple[str, ...]:
        """The rules that refuse it."""
        names = (f"position[{index}].equity_covers_requirement" for index in range(2))
        return tuple(name for name, place in zip(names, self.places, strict=True) if not place.suffices())

    def witness(self, depths: Depths = SHALLOW) -> TransitionWitness:
        """What the owner knows."""
        choose, markets = SeededChooser(self.seed), self.tree(depths)
        secret = draw_element(choose)
        places = tuple(open_place(choose, place, markets) for place in self.places)
        owner, eighth = commit_owner(secret), 8 ** (depths.book - 1)
        indices = [choose.integer(0, 3 * eighth - 1) + index * 3 * eighth for index in range(2)]
        leaves = {
            index: place.leaf_before(owner) for index, place in zip(indices, places, strict=True) if is_old(place)
        }
        book = Tree(depths.book, leaves or {indices[0]: draw_element(choose)})
        first, second = (
            replace(place, book_path=book.path(index)) if is_old(place) else place
            for index, place in zip(indices, places, strict=True)
        )
        return TransitionWitness(secret, (first, second), book.root, DOMAIN, BINDING, depths.book)


def is_old(place: PlaceWitness) -> bool:
    """Whether there was a position."""
    return place.change.before is not None


def open_place(choose: Chooser, place: PlaceCase, markets: MarketTree) -> PlaceWitness:
    """A place with its tier and salts; it is yet to be put into a book."""
    change = place.change()
    tier = change.find_tier(markets, place.market_id)
    position_id, *salts = (draw_element(choose) for _ in range(4))
    return PlaceWitness(position_id, change, tier, markets.path(tier), None, *salts)


# --- Draws -------------------------------------------------------------------------------------------


def choose_place(choose: Chooser, market_id: int) -> PlaceCase:
    """A position in some market, with money to spare, to which nothing has happened yet."""
    market = choose_market_of_facts(choose)
    contract = choose_contract_of_facts(choose, market, UNSHOCKED)
    position = choose_position_of_facts(choose, contract, market, 0)
    value = position.size * contract.lot_value(market.mark)

    def anchors(measure: TierMeasure) -> tuple[Fraction, ...]:  # noqa: ARG001 -- leaves tier by notional alone
        return (value, value / 2, position.entry_notional)

    table = replace(choose_table(choose, anchors), measure=TierMeasure.NOTIONAL)
    policy = quantise_policy(choose_policy(choose, contract, table))
    return PlaceCase(policy, market, market_id, position.side, replace(position, cash=Fraction(RICH)))


def top_up(choose: Chooser, place: PlaceCase) -> PlaceCase:
    return replace(place, brought=choose.pick((1, choose.integer(1, 2**90))))


def withdraw(choose: Chooser, place: PlaceCase) -> PlaceCase:
    return replace(place, brought=-choose.pick((1, choose.integer(1, 2**90))))


def settle(choose: Chooser, place: PlaceCase) -> PlaceCase:  # noqa: ARG001 -- one of several
    return place


def close_some(choose: Chooser, place: PlaceCase) -> PlaceCase:
    size = held(place).size
    return replace(place, lots=-choose.pick((1, max(1, size // 2), max(1, size - 1), choose.integer(1, size))))


def close_all(choose: Chooser, place: PlaceCase) -> PlaceCase:  # noqa: ARG001 -- one of several
    return replace(place, lots=-held(place).size)


def add_lots(choose: Chooser, place: PlaceCase) -> PlaceCase:
    return replace(place, lots=choose.integer(1, held(place).size))


def open_lots(choose: Chooser, place: PlaceCase) -> PlaceCase:  # noqa: ARG001 -- one of several
    return replace(place, before=None, lots=held(place).size, brought=RICH)


def stay_away(choose: Chooser, place: PlaceCase) -> PlaceCase:  # noqa: ARG001 -- one of several
    return replace(place, before=None)


def close_and_withdraw(choose: Chooser, place: PlaceCase) -> PlaceCase:
    return withdraw(choose, close_some(choose, place))


def add_and_top_up(choose: Chooser, place: PlaceCase) -> PlaceCase:
    return top_up(choose, add_lots(choose, place))


def held(place: PlaceCase) -> Position:
    """The position of a place that has one."""
    assert place.before is not None
    return place.before


Operation = Callable[[Chooser, PlaceCase], PlaceCase]
OPERATIONS: Final[tuple[Operation, ...]] = (
    top_up,
    withdraw,
    settle,
    close_some,
    close_all,
    add_lots,
    open_lots,
    stay_away,
    close_and_withdraw,
    add_and_top_up,
)


def choose_transition(choose: Chooser, operations: tuple[Operation, Operation] | None = None) -> TransitionCase:
    """Two places that just suffice; a draw that no leaf expresses is drawn again."""
    while True:
        try:
            case = draw_transition(choose, operations)
            case.witness()
        except MarginError:
            continue
        return case


def draw_transition(choose: Chooser, operations: tuple[Operation, Operation] | None) -> TransitionCase:
    """Any choice, whether or not leaves can express it."""
    wanted = operations or (choose.pick(OPERATIONS), choose.pick(OPERATIONS))
    first, second = (
        charge(operate(choose, choose_place(choose, market_id)).with_least_cash(), choose.pick((0, 0, 1, 12345)))
        for operate, market_id in zip(wanted, MARKET_IDS, strict=True)
    )
    return TransitionCase((first, second), choose.integer(0, 2**32))


def charge(place: PlaceCase, extra_fee: int) -> PlaceCase:
    """A place that just suffices, and still does with a further fee."""
    return replace(place, extra_fee=extra_fee).with_least_cash() if extra_fee else place


def bulk_transitions(count: int, *, seed: int) -> Iterator[TransitionCase]:
    """``count`` cases, the same for the same seed."""
    choose = SeededChooser(seed)
    return (choose_transition(choose) for _ in range(count))


def move_collateral(choose: Chooser, sender: Operation = settle, receiver: Operation = settle) -> TransitionCase:
    """What one silo gives the other gets; the sender just suffices afterwards."""
    while True:
        amount = choose.integer(1, 2**60)
        try:
            case = draw_transition(choose, (sender, receiver))
            first, second = (replace(place, extra_fee=0) for place in case.places)
            given = replace(first, brought=-amount).with_least_cash()
            case = replace(case, places=(given, replace(second, brought=amount).with_least_cash()))
            case.witness()
        except MarginError:
            continue
        return case
