"""Accounts for trials: made up, and like those of a venue. The same seed makes the same accounts.

Balances and positions are heavy-tailed (a few hold most), about half of the accounts have positions, one in fifty
has borrowed, and in every market the longs are as large as the shorts: the last accounts take whatever is left over.
Some positions are under water, so that there is something for the insurance fund to bear.
"""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from margin.bounds import FUNDING_SCALE
from margin.contracts import ContractKind, Side
from margin.errors import MisuseError, Reason
from margin.solvency import HeldPosition
from prover.solvency.records import AccountRecord, HeldAmount, NamedPosition

LEAST_ACCOUNTS: Final = 4
ANY: Final = 1.0
TAIL: Final = 1.16
"""Of a Pareto distribution in which a fifth has four fifths."""
LARGEST_SHARE: Final = 10_000
"""Nobody holds more than so many times what the smallest does."""
WITH_POSITIONS: Final = 0.5
WITH_TWO: Final = 0.3
WITH_DEBTS: Final = 0.02
AGAINST_THE_REST: Final = 0.7
"""How often a position is on the side that the market lacks."""
ENTRY_SPREAD: Final = 0.12
"""Entry prices lie so far from the mark, at most."""
LEVERAGES: Final = (2, 3, 5, 10, 20)


@dataclass(frozen=True, slots=True)
class TrialAsset:
    """An asset of the trial: its number, how many decimals a unit of it has, what a unit costs in money units."""

    asset: int
    decimals: int
    rate: int
    """Money units of 10^18 smallest units."""
    haircut_ppm: int
    least: int
    """What the smallest balance is about, in smallest units."""


@dataclass(frozen=True, slots=True)
class TrialMarket:
    """A market of the trial."""

    market: int
    kind: ContractKind
    settlement: str
    multiplier: int
    mark: int
    funding_index: int
    least: int
    """What the smallest position is about, in lots."""


ASSETS: Final[Mapping[str, TrialAsset]] = {
    "USDT": TrialAsset(1, 6, 10**18, 0, 20 * 10**6),
    "USDC": TrialAsset(2, 6, 999_800 * 10**12, 0, 20 * 10**6),
    "BTC": TrialAsset(3, 8, 95_000 * 10**16, 50_000, 30_000),
    "ETH": TrialAsset(4, 8, 3_200 * 10**16, 75_000, 1_000_000),
    "SOL": TrialAsset(5, 8, 180 * 10**16, 100_000, 10_000_000),
}
MARKETS: Final[Mapping[str, TrialMarket]] = {
    "BTC-USDT": TrialMarket(1, ContractKind.LINEAR, "USDT", 100, 950_000, 41_230_000, 2),
    "ETH-USDT": TrialMarket(2, ContractKind.LINEAR, "USDT", 100, 320_000, -9_310_000, 5),
    "SOL-USDT": TrialMarket(3, ContractKind.LINEAR, "USDT", 1_000, 18_000, 2_240_000, 10),
    "BTC-USD": TrialMarket(4, ContractKind.INVERSE, "BTC", 10**11, 950_000, 1_050_000, 1),
}


@dataclass(slots=True)
class Crowd:
    """The accounts of a seed, one after the other."""

    accounts: int
    seed: int
    with_debts: bool = True
    net: dict[str, int] = field(default_factory=lambda: dict.fromkeys(MARKETS, 0))
    """Lots that the longs have more than the shorts, so far."""

    def __post_init__(self) -> None:
        if self.accounts < LEAST_ACCOUNTS:
            expected = f"at least {LEAST_ACCOUNTS}"
            raise MisuseError(Reason.OUT_OF_BOUNDS, "accounts", found=self.accounts, expected=expected)

    def __iter__(self) -> Iterator[AccountRecord]:
        chance = random.Random(self.seed)  # noqa: S311 - made-up accounts, and the same ones every time
        for number in range(self.accounts - 2):
            yield self._draw(chance, f"u-{number:08d}")
        for place, number in enumerate(range(self.accounts - 2, self.accounts)):
            yield self._settle(chance, f"u-{number:08d}", list(MARKETS)[place::2])

    def _draw(self, chance: random.Random, account: str) -> AccountRecord:
        """One of them."""
        balances = draw_balances(chance)
        debts = draw_debts(chance, balances) if self.with_debts and chance.random() < WITH_DEBTS else ()
        if chance.random() >= WITH_POSITIONS:
            return AccountRecord(account, (), balances, debts)
        count = 2 if chance.random() < WITH_TWO else 1
        names = chance.sample(list(MARKETS), count)
        return AccountRecord(account, tuple(self._open(chance, name) for name in names), balances, debts)

    def _open(self, chance: random.Random, name: str) -> NamedPosition:
        """A position, sooner on the side that is smaller so far."""
        market, net = MARKETS[name], self.net[name]
        lacking = Side.SHORT if net > 0 else Side.LONG
        side = lacking if chance.random() < AGAINST_THE_REST else lacking.opposite
        size = draw_share(chance, market.least)
        self.net[name] += side.sign * size
        return hold(chance, name, side, size)

    def _settle(self, chance: random.Random, account: str, names: list[str]) -> AccountRecord:
        """The other side of what is left over in some markets."""
        left = {name: self.net[name] for name in names if self.net[name]}
        self.net |= dict.fromkeys(left, 0)
        positions = tuple(
            hold(chance, name, Side.SHORT if net > 0 else Side.LONG, abs(net)) for name, net in left.items()
        )
        return AccountRecord(account, positions, draw_balances(chance))


def draw_share(chance: random.Random, least: int) -> int:
    """An amount of a heavy-tailed distribution."""
    share = min(chance.paretovariate(TAIL), LARGEST_SHARE)
    return max(1, int(share * least * chance.random() * 2))


def draw_balances(chance: random.Random) -> tuple[HeldAmount, ...]:
    """Balances in one to four assets, the first of them the one that most hold."""
    count = min(len(ASSETS) - 1, 1 + int(chance.expovariate(ANY)))
    names = ["USDT", *chance.sample([name for name in ASSETS if name != "USDT"], count - 1)]
    return tuple(HeldAmount(name, draw_share(chance, ASSETS[name].least)) for name in names)


def draw_debts(chance: random.Random, balances: tuple[HeldAmount, ...]) -> tuple[HeldAmount, ...]:
    """A debt in dollars, which the balances cover with their haircuts."""
    worth = sum(
        each.amount * ASSETS[each.asset].rate * (10**6 - ASSETS[each.asset].haircut_ppm) // 10**24 for each in balances
    )
    amount = int(worth * chance.uniform(0.1, 0.8))
    return (HeldAmount("USDT", amount),) if amount else ()


def hold(chance: random.Random, name: str, side: Side, size: int) -> NamedPosition:
    """A position that was opened some way from the mark, with the margin of some leverage."""
    market = MARKETS[name]
    price = int(market.mark * (1 + chance.uniform(-ENTRY_SPREAD, ENTRY_SPREAD)))
    linear = market.kind is ContractKind.LINEAR
    entry = size * price * market.multiplier if linear else size * market.multiplier // price
    past = market.funding_index - chance.randrange(FUNDING_SCALE)
    return NamedPosition(name, HeldPosition(side, size, entry, entry // chance.choice(LEVERAGES) + 1, past))
