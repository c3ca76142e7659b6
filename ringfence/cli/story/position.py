"""The position that the story is about: as its trader writes it down, and as the rules of its venue see it."""

from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Final

from facts.commitments import CommittedPosition
from facts.packing import PERP_BODY
from margin.documents.position_document import PositionDocument, read_position
from margin.documents.published import find_policy
from margin.documents.units import Units
from margin.evaluation import Evaluation, evaluate_position
from margin.policy import MarketPolicy
from prover.request import REQUEST_FORMAT

NAME: Final = "alice"
POLICY, MARKET, VENUE = "dydx-v4", "MID-CAP", "dYdX"
SIZE, ENTRY, CASH = "400", "150.00", "5000"
CHAIN_ID: Final = 1
BARS: Final = 30


@dataclass(frozen=True, slots=True)
class Coin:
    """A token that is locked for the position on another chain."""

    name: str
    amount: int
    decimals: int
    place: str
    """As assets are named everywhere."""

    @property
    def units(self) -> int:
        """The amount in smallest units."""
        return self.amount * int(10**self.decimals)


USDC: Final = Coin("USDC", 2_000, 6, f"eip155:{CHAIN_ID}/erc20:0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48")
DAI: Final = Coin("DAI", 3_000, 18, f"eip155:{CHAIN_ID}/erc20:0x6b175474e89094c44da98b954eedeac495271d0f")
HAIRCUT: Final = "2%"


def write_position(coins: tuple[Coin, ...], mark: str) -> dict[str, object]:
    """The document of the position, with so many of its locks, at a price."""
    assets = {each.name: {"price": "1", "decimals": each.decimals, "haircut": HAIRCUT} for each in coins}
    basket = [{"asset": each.name, "amount": str(each.amount)} for each in coins]
    return {
        "policy": POLICY,
        "market": MARKET,
        "position": {"side": "long", "size": SIZE, "entry_price": ENTRY, "cash": CASH, "basket": basket},
        "prices": {"mark": mark, "assets": assets},
    }


def write_request(coins: tuple[Coin, ...], mark: str) -> dict[str, object]:
    """The same as a prover is told of it, with the places of its locks."""
    locks = {each.name: {"chain_id": CHAIN_ID, "asset": each.place} for each in coins}
    return {"format": REQUEST_FORMAT, "name": NAME, "position": write_position(coins, mark), "locks": locks}


@dataclass(frozen=True, slots=True)
class View:
    """The whole position at a price, which its trader has and nobody else."""

    document: PositionDocument

    @classmethod
    def at(cls, mark: str, coins: tuple[Coin, ...], committed: CommittedPosition | None = None) -> "View":
        """As it was written down, or with the numbers of a leaf that stands in the book since."""
        document = read_position(write_position(coins, mark), lambda name: find_policy(name, Path()))
        if committed is None:
            return cls(document)
        parts = PERP_BODY.decode(committed.body)
        entry, cash = Fraction(parts["entry_notional"]), Fraction(committed.cash)
        position = replace(document.position, size=parts["size"], entry_notional=entry, cash=cash)
        return cls(replace(document, position=position))

    @property
    def mark(self) -> str:
        """The price."""
        return self.units.show_price(self.document.state.mark)

    @property
    def units(self) -> Units:
        """Of the market."""
        return self.document.market.units

    @property
    def policy(self) -> MarketPolicy:
        """The rules."""
        return self.document.market.policy

    @property
    def evaluation(self) -> Evaluation:
        """What the rules say."""
        return evaluate_position(self.policy, self.document.position, self.document.state)

    @property
    def equity(self) -> str:
        """What it is worth with everything that backs it."""
        return self.show(self.evaluation.equity.total)

    @property
    def maintenance(self) -> str:
        """What it has to be worth to stay."""
        return self.show(self.evaluation.maintenance.total)

    @property
    def initial(self) -> str:
        """What it has to be worth to be taken."""
        return self.show(self.evaluation.initial.total)

    @property
    def is_covered(self) -> bool:
        """Whether it meets its maintenance requirement."""
        evaluation = self.evaluation
        return evaluation.equity.total >= evaluation.maintenance.total

    @property
    def size(self) -> str:
        """How much it is, in contracts."""
        return f"{float(self.document.position.size * self.units.lot):g}"

    @property
    def end(self) -> str:
        """The price below which it is liquidated."""
        found = self.evaluation.liquidation
        return self.units.round_price(found.price, self.document.position.side) if found else "nowhere"

    @property
    def distance(self) -> Fraction:
        """By which part of the price it may still fall; nothing where it is too late."""
        found = self.evaluation.liquidation
        mark = self.document.state.mark
        return max(Fraction(0), 1 - found.price / mark) if found and self.is_covered else Fraction(0)

    def show(self, money: Fraction) -> str:
        """An amount in whole dollars and cents, as a person reads it."""
        cents = round(money * self.units.money_unit * 100)
        return f"{'-' if cents < 0 else ''}{abs(cents) // 100:,}.{abs(cents) % 100:02}"


def draw_bar(part: Fraction, whole: Fraction) -> str:
    """A part of a whole as a bar: something wherever there is something."""
    filled = -(-BARS * part // whole) if whole else 0
    return "█" * min(BARS, int(filled)) + "·" * (BARS - min(BARS, int(filled)))


def tell_percent(part: Fraction) -> str:
    """A part in hundredths."""
    tenths = round(part * 1000)
    return f"{tenths // 10}.{tenths % 10} %"
