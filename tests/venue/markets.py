"""Four markets of one venue: linear and inverse, each once with tiers on the mark and once on the entry notional."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from random import Random
from typing import Final

from facts.market import MarketTier, quantise_market
from facts.market_root import MARKET_LEVELS, MarketTree
from facts.policy_commitment import CommittedTerms, commit_policy
from margin.contracts import Contract, ContractKind
from margin.funding import index_step
from margin.policy import (
    Basis,
    FeeScope,
    LiquidationRule,
    LiquidationTarget,
    LiquidationTerms,
    MarketPolicy,
)
from margin.position import MarketState
from margin.tiers import Tier, TierRule, TierTable

DOLLAR, BITCOIN, ETHER = 1, 2, 3
CURRENCIES: Final = (DOLLAR, BITCOIN, ETHER)
CURRENCY_NAMES: Final = {DOLLAR: "USD", BITCOIN: "BTC", ETHER: "ETH"}
DOLLAR_UNIT, COIN_UNIT = 10**6, 10**8
"""Money units of a dollar and of a coin."""
PPM: Final = 10**6


@dataclass(frozen=True, slots=True)
class Market:
    """A market of the venue, and where its mark stands in the morning."""

    market_id: int
    name: str
    currency: int
    policy: MarketPolicy
    opening_mark: int
    """In ticks."""

    @property
    def policy_hash(self) -> int:
        """What the leaves have of the policy: a document of that name, and how positions are liquidated."""
        return commit_policy(self.market_id, CommittedTerms.of(self.policy))

    def leaves(self, mark: int, funding_index: int) -> tuple[MarketTier, ...]:
        """What an oracle round says of the market."""
        return quantise_market(
            self.policy,
            self.state(mark, funding_index),
            market_id=self.market_id,
            currency_id=self.currency,
            policy_hash=self.policy_hash,
        )

    @staticmethod
    def state(mark: int, funding_index: int) -> MarketState:
        """The same as ``margin`` has it."""
        return MarketState(Fraction(mark), funding_index=funding_index)


def make_table(unit: int) -> TierTable:
    """50-fold leverage for small positions, 20-fold and 10-fold above."""
    rows = ((0, 20_000, 10_000), (50_000 * unit, 50_000, 25_000), (500_000 * unit, 100_000, 50_000))
    tiers = tuple(Tier(Fraction(low), Fraction(initial, PPM), Fraction(keep, PPM)) for low, initial, keep in rows)
    return TierTable(tiers, TierRule.MARGINAL, TierRule.STEP)


def make_policy(kind: ContractKind, multiplier: int, basis: Basis, unit: int) -> MarketPolicy:
    """The rules of one market; ``unit`` is a dollar's worth of its money."""
    return MarketPolicy(
        contract=Contract(kind, multiplier),
        table=make_table(unit),
        basis=basis,
        initial_basis=basis,
        closing_fee_rate=Fraction(500, PPM),
        closing_fee_scope=FeeScope.MAINTENANCE,
        liquidation=LiquidationTerms(
            rule=LiquidationRule.LEAST,
            penalty_rate=Fraction(5_000, PPM),
            target=LiquidationTarget.MAINTENANCE,
            buffer_rate=Fraction(100_000, PPM),
        ),
    )


# A lot of the linear contracts is a thousandth of a bitcoin and a hundredth of an ether, of the inverse ones 100 and 10
# dollars; a tick is ten cents for bitcoin and one cent for ether.
MARKETS: Final[Mapping[int, Market]] = {
    market.market_id: market
    for market in (
        Market(1, "BTC-USD", DOLLAR, make_policy(ContractKind.LINEAR, 100, Basis.MARK, DOLLAR_UNIT), 600_000),
        Market(2, "ETH-USD", DOLLAR, make_policy(ContractKind.LINEAR, 100, Basis.ENTRY, DOLLAR_UNIT), 300_000),
        Market(
            3, "BTC-COIN", BITCOIN, make_policy(ContractKind.INVERSE, 1_000 * COIN_UNIT, Basis.MARK, 1_700), 600_000
        ),
        Market(
            4, "ETH-COIN", ETHER, make_policy(ContractKind.INVERSE, 1_000 * COIN_UNIT, Basis.ENTRY, 33_000), 300_000
        ),
    )
}


@dataclass(frozen=True, slots=True)
class Round:
    """One oracle round: the mark and the cumulative funding index of each market, as plain integers."""

    marks: Mapping[int, int]
    indices: Mapping[int, int]

    def leaves(self) -> tuple[MarketTier, ...]:
        """What the round says of all markets."""
        return tuple(leaf for each in MARKETS.values() for leaf in each.leaves(*self.of(each.market_id)))

    def tree(self, levels: int = MARKET_LEVELS) -> MarketTree:
        """The round as it is committed to."""
        return MarketTree(self.leaves(), levels)

    def of(self, market_id: int) -> tuple[int, int]:
        """The mark and the index of one market."""
        return self.marks[market_id], self.indices[market_id]


MOVES_PPM: Final = (0, 4_000, -6_000, 9_000, -12_000, -25_000, 15_000)
"""How far all marks move from each round to the next: a quiet morning, a fall, a crash, and a bounce."""


def make_rounds(random: Random) -> Iterator[Round]:
    """The rounds of a day. Each market moves by what all of them do and a little of its own, and funding is paid."""
    marks = {market_id: market.opening_mark for market_id, market in MARKETS.items()}
    indices = dict.fromkeys(MARKETS, 0)
    for move in MOVES_PPM:
        for market_id, market in MARKETS.items():
            marks[market_id] += marks[market_id] * (move + random.randint(-3_000, 3_000)) // PPM
            rate = Fraction(random.randint(-300, 300), PPM)
            indices[market_id] += index_step(market.policy.contract, Fraction(marks[market_id]), rate)
        yield Round(dict(marks), dict(indices))
