"""The market root: one tree of everything that an oracle round says of markets, assets and instruments.

The order of its leaves says nothing: a statement finds a leaf by what is in it, and the tag says which kind it is.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import chain, pairwise
from typing import Final, TypeVar

from facts.asset import AssetTier, commit_asset_tier
from facts.bounds import NO_CEILING
from facts.instrument import InstrumentFact, commit_instrument
from facts.market import MarketTier, commit_market_tier
from facts.tags import Tag
from facts.tree import Path, Tree
from margin.errors import MalformedError, MisuseError, Reason

MARKET_LEVELS: Final = 4
"""Room for 2^12 leaves."""

Fact = MarketTier | AssetTier | InstrumentFact
FactT = TypeVar("FactT", MarketTier, AssetTier, InstrumentFact)


class MarketTree:
    """The facts of a round with the tree that commits to them."""

    def __init__(self, facts: Sequence[Fact], levels: int = MARKET_LEVELS) -> None:
        """Facts in any order; two that could both be used for one question are refused."""
        require_one_answer(facts)
        self.facts = tuple(facts)
        self._places = {fact: place for place, fact in enumerate(self.facts)}
        self._tree = Tree(levels, map(commit_fact, self.facts))

    @property
    def root(self) -> int:
        """The public input."""
        return self._tree.root

    def path(self, fact: Fact) -> Path:
        """From the leaf of a fact to the root."""
        if fact not in self._places:
            raise MisuseError(Reason.NOT_IN_TREE, "fact", found="another one", expected="one of this round")
        return self._tree.path(self._places[fact])

    def market_tier(self, market_id: int, notional: Fraction) -> MarketTier:
        """The tier of a market that holds for a notional."""
        known = [fact for fact in self.facts if isinstance(fact, MarketTier) and fact.market_id == market_id]
        return pick_fact(known, lambda fact: fact.holds_for(notional), "market", Reason.UNKNOWN_MARKET)

    def asset_tier(self, asset: int, currency_id: int, amount: int) -> AssetTier:
        """The haircut tier of an asset that holds for so many smallest units of it."""
        wanted = asset, currency_id
        known = [f for f in self.facts if isinstance(f, AssetTier) and (f.asset, f.currency_id) == wanted]
        return pick_fact(known, lambda fact: fact.holds_for(fact.gross(amount)), "asset", Reason.UNKNOWN_ASSET)

    def instrument(self, instrument_id: int) -> InstrumentFact:
        """The risk array of an instrument."""
        known = [f for f in self.facts if isinstance(f, InstrumentFact) and f.instrument_id == instrument_id]
        return pick_fact(known, lambda _: True, "instrument", Reason.UNKNOWN_INSTRUMENT)


def pick_fact(known: Sequence[FactT], fits: Callable[[FactT], bool], field: str, unknown: Reason) -> FactT:
    """The one fact that fits; which one is asked for may be a secret and is not told."""
    if not known:
        raise MisuseError(unknown, field, found="another one", expected="one of this round")
    for fact in known:
        if fits(fact):
            return fact
    raise MisuseError(Reason.OUTSIDE_TABLE, field, found="an amount in no tier", expected="an amount within the tiers")


def commit_fact(fact: Fact) -> int:
    """The leaf of a fact of any kind."""
    match fact:
        case MarketTier():
            return commit_market_tier(fact)
        case AssetTier():
            return commit_asset_tier(fact)
        case InstrumentFact():
            return commit_instrument(fact)


def require_one_answer(facts: Sequence[Fact]) -> None:
    """Refuse tiers of one market, or of one asset, that overlap, and an instrument that is there twice."""
    spans: dict[tuple[object, ...], list[tuple[int, int, int]]] = defaultdict(list)
    for place, fact in enumerate(facts):
        spans[identify(fact)].append((*span_of(fact), place))
    for (_, ceiling, _), (floor, _, place) in chain.from_iterable(pairwise(sorted(held)) for held in spans.values()):
        if floor < ceiling:
            expected = "nothing that holds where another fact does"
            raise MalformedError(Reason.DUPLICATE_FIELD, f"facts[{place}]", found="an overlap", expected=expected)


def identify(fact: Fact) -> tuple[object, ...]:
    """What a fact is of."""
    match fact:
        case MarketTier():
            return Tag.MARKET, fact.market_id
        case AssetTier():
            return Tag.ASSET, fact.asset, fact.currency_id
        case InstrumentFact():
            return Tag.INSTRUMENT, fact.instrument_id


def span_of(fact: Fact) -> tuple[int, int]:
    """From where to where a fact holds; an instrument everywhere."""
    return (0, NO_CEILING) if isinstance(fact, InstrumentFact) else (fact.floor, fact.ceiling)
