"""``solvency_total``: what all batches of a run add up to, by asset and market, and at what everything was counted.

    last      = H(tag, salt, number, lines, rows)                      what the last batch left
    lines     = sum of the sums of all assets and markets / (X - line)
    rows      = sum of lots and uses / (X - row), of the rows of the tables alone
    owed6     = 10^6 * balances + counted of the markets that settle in the asset
    gaps6     = gaps of those markets
    sums      = hash of all sums, which the challenge was drawn from        tables = hash of all rows

Both sides of the second and third line are sums of fractions whose poles and numerators were fixed before the challenge
X was drawn. They are equal only if every sum is that of all parts, and if nothing was counted at numbers that no table
has. Sums of bounded amounts of at most 2^40 parts can't wrap, so each is the whole number that it should be.

What settles where is added up the same way: ``sum of counted / (X - settlement) = sum of (owed6 - 10^6 * balances) /
(X - asset)``. Places that the tables do not use hold zeros and settle in asset 0, where all that is in them appears.

    shown     totals = hash of owed6, debts and gaps6 of each asset
    hidden    totals = hash of reserves of each asset, and 10^6 * (reserves + debts) >= owed6 for every one

Hidden, nothing is told of a total but that the reserves, which attesters sign, are enough for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar, Final

from circuits.builder import Builder, Element
from circuits.errors import CircuitError
from circuits.gadgets.fractions import divide_by_fixed
from circuits.gadgets.ranges import enforce_at_most
from circuits.relations.account import LINE_BITS, LINE_MEANINGS
from circuits.relations.attested import Attested, narrow_attested
from circuits.relations.challenge import ChallengeSignals, RunningSignals, Tally, sum_elements
from circuits.relations.commitment import hash_list
from circuits.signal import Bounded, Signal
from circuits.statement import Statement
from circuits.statements.claim import Inputs, prefixed
from facts.bounds import LISTING_BITS
from facts.solvency.challenge import Challenge, Pole
from facts.solvency.running import RunningState, commit_running
from facts.solvency.shape import TotalShape
from facts.solvency.sums import Sums, fill
from facts.solvency.tables import Tables
from facts.solvency.totals import Totals, commit_reserves
from facts.tags import Tag
from margin.bounds import COVER_PRICE_BITS, FINE_SCALE, RESERVE_BITS, TOTAL_BITS
from margin.solvency import HaircutLine
from snark.bn254.constants import GROUP_ORDER

PUBLIC: Final = ("challenge", "mixer", "last", "sums", "tables", "totals")
OF_ASSETS: Final = {
    "balances": "what all parts have of each asset",
    "debts": "what all parts owe of each asset",
    "owed6": "what is owed of each asset, in 1e-6 units",
    "gaps6": "what positions that settle in each asset lost beyond their collateral, in 1e-6 units",
}
OF_MARKETS: Final = {
    "counted": "what is owed for all positions in each market, in 1e-6 units",
    "gaps": "what they lost beyond their collateral, in 1e-6 units",
    "lots": "the lots of both sides",
}
DEBTS_BITS: Final = TOTAL_BITS - FINE_SCALE.bit_length()
"""Of all debts of an asset in whole units: 2^64 for each of at most four in each of 2^40 parts, and room."""
NO_LINE: Final = (0, 0, 0, 0)


@dataclass(frozen=True)
class SolvencyTotal(Statement):
    """Tables of so many places, in one of two modes."""

    name: ClassVar[str] = "solvency_total"

    markets: int = 64
    assets: int = 64
    tiers: int = 0
    """Haircut tiers for each asset; none where no part has debts."""
    hidden: int = 0
    """1 where totals are only compared with reserves."""

    def __post_init__(self) -> None:
        _ = self.total
        if self.hidden not in {0, 1}:
            raise CircuitError(f"hidden={self.hidden}", "0 or 1")

    @cached_property
    def total(self) -> TotalShape:
        """The shape as ``facts`` has it, which refuses what there can't be."""
        return TotalShape(self.markets, self.assets, self.tiers)

    @property
    def shape(self) -> dict[str, int]:
        """How long the tables are, and which mode it is."""
        return {"markets": self.markets, "assets": self.assets, "tiers": self.tiers, "hidden": self.hidden}

    def define(self, builder: Builder) -> None:
        """The text."""
        challenge = ChallengeSignals.declare(builder)
        last = builder.public("last", Element(), "the state of the run after its last batch")
        committed = builder.public("sums", Element(), "what the challenge was drawn from")
        listed = builder.public("tables", Element(), "at what everything was counted")
        totals = builder.public("totals", Element(), "hash of the totals, or of the reserves")
        state = RunningSignals.open(builder, "last", last)
        sums, tables = SumSignals.open(builder, self.total, committed), TableSignals.open(builder, self.total, listed)
        tally = Tally(challenge)
        add_markets(builder, tally, sums, tables)
        add_assets(builder, tally, sums)
        if self.tiers:
            add_uses(builder, tally, sums, tables)
        builder.enforce_equal(sum_all(tally.lines), state.lines, rule="lines_add_up")
        builder.enforce_equal(sum_all(tally.rows), state.rows, rule="rows_add_up")
        enforce_settled(builder, challenge, sums, tables)
        if self.hidden:
            enforce_reserves(builder, sums, totals)
        else:
            shown = hash_list(builder, Tag.TOTALS, [*sums.owed6, *sums.debts, *sums.gaps6])
            builder.enforce_equal(shown, totals, rule="totals_are_these")


@dataclass(frozen=True, slots=True, eq=False)
class SumSignals:
    """The sums of a run. None has a range of its own: ``lines`` and ``rows`` make each the sum of what has one."""

    balances: list[Bounded]
    debts: list[Bounded]
    counted: list[Bounded]
    gaps: list[Bounded]
    lots: list[Bounded]
    haircut_uses: list[Bounded]
    price_uses: list[Bounded]
    owed6: list[Bounded]
    gaps6: list[Bounded]

    @classmethod
    def open(cls, builder: Builder, shape: TotalShape, committed: Signal) -> "SumSignals":
        """What the challenge was drawn from."""
        number = Attested(TOTAL_BITS)
        with builder.scope("sums"):
            salt = builder.private("salt", Element(), "hides them")
            assets = {name: builder.private_list(name, number, shape.assets, why) for name, why in OF_ASSETS.items()}
            markets = {name: builder.private_list(name, number, shape.markets, why) for name, why in OF_MARKETS.items()}
            uses: dict[str, list[Bounded]] = {"haircut_uses": [], "price_uses": []}
            if shape.tiers:
                lines, why = shape.assets * shape.tiers, "how many balances were counted at each line, asset by asset"
                uses["haircut_uses"] = builder.private_list("haircut_uses", number, lines, why)
                why = "how many debts were counted at each price"
                uses["price_uses"] = builder.private_list("price_uses", number, shape.assets, why)
        sums = cls(**assets, **markets, **uses)
        builder.enforce_equal(hash_list(builder, Tag.SUMS, [salt, *sums.listed()]), committed, rule="sums_open")
        return sums

    def listed(self) -> list[Signal]:
        """In the order of ``facts.solvency.sums``."""
        markets, uses = [*self.counted, *self.gaps, *self.lots], [*self.haircut_uses, *self.price_uses]
        return [*self.balances, *self.debts, *markets, *uses, *self.owed6, *self.gaps6]


@dataclass(frozen=True, slots=True, eq=False)
class TableSignals:
    """The rows of the tables, which whoever verifies makes anew of public facts."""

    weights: list[Signal]
    settlements: list[Bounded]
    lines: list[list[Bounded]]
    """Tier by tier of the first asset, then of the next."""
    prices: list[Bounded]

    @classmethod
    def open(cls, builder: Builder, shape: TotalShape, listed: Signal) -> "TableSignals":
        """What the public input is the hash of."""
        lines: list[list[Bounded]] = []
        prices: list[Bounded] = []
        with builder.scope("tables"):
            weights = builder.private_list("weight", Element(), shape.markets, "what a lot held long adds to equity6")
            why = "place of the asset that the market settles in"
            settlements = builder.private_list("settlement", Attested(LISTING_BITS), shape.markets, why)
            if shape.tiers:
                columns = [
                    builder.private_list(name, Attested(bits), shape.assets * shape.tiers, LINE_MEANINGS[name])
                    for name, bits in LINE_BITS.items()
                ]
                lines = [list(row) for row in zip(*columns, strict=True)]
                why = "what a unit of debt asks for, in 1e-12 money units"
                prices = builder.private_list("price", Attested(COVER_PRICE_BITS), shape.assets, why)
        rows = [number for row in zip(weights, settlements, strict=True) for number in row]
        numbers = [*rows, *(number for line in lines for number in line), *prices]
        builder.enforce_equal(hash_list(builder, Tag.TABLES, numbers), listed, rule="tables_are_these")
        return cls(weights, settlements, lines, prices)


def add_markets(builder: Builder, tally: Tally, sums: SumSignals, tables: TableSignals) -> None:
    """What all positions of each market add up to."""
    columns = zip(sums.counted, sums.gaps, sums.lots, tables.weights, strict=True)
    for place, (counted, gaps, lots, weight) in enumerate(columns):
        with builder.scope(f"market[{place}]"):
            tally.add_line(Pole.COUNTED, place, counted, rule="counted_is_summed")
            tally.add_line(Pole.GAP, place, gaps, rule="gaps_are_summed")
            tally.add_row(Pole.MARKET, place, [weight], lots, rule="lots_are_summed")


def add_assets(builder: Builder, tally: Tally, sums: SumSignals) -> None:
    """What all balances and debts of each asset add up to."""
    for place, (balances, debts) in enumerate(zip(sums.balances, sums.debts, strict=True)):
        with builder.scope(f"asset[{place}]"):
            tally.add_line(Pole.BALANCE, place, balances, rule="balances_are_summed")
            tally.add_line(Pole.DEBT, place, debts, rule="debts_are_summed")


def add_uses(builder: Builder, tally: Tally, sums: SumSignals, tables: TableSignals) -> None:
    """How often each line and each price was looked up."""
    tiers = len(tables.lines) // len(tables.prices)
    for place, (line, uses) in enumerate(zip(tables.lines, sums.haircut_uses, strict=True)):
        asset, tier = divmod(place, tiers)
        with builder.scope(f"asset[{asset}].tier[{tier}]"):
            tally.add_row(Pole.HAIRCUT, asset, line, uses, rule="line_is_looked_up")
    for asset, (price, uses) in enumerate(zip(tables.prices, sums.price_uses, strict=True)):
        with builder.scope(f"asset[{asset}]"):
            tally.add_row(Pole.PRICE, asset, [price], uses, rule="price_is_looked_up")


def enforce_settled(builder: Builder, challenge: ChallengeSignals, sums: SumSignals, tables: TableSignals) -> None:
    """What is owed for positions, and their gaps, in the asset that each market settles in."""
    balances6 = [FINE_SCALE * balances for balances in sums.balances]
    nothing = [builder.constant(0)] * len(sums.balances)
    for rule, markets, assets, known in (
        ("owed_settles", sums.counted, sums.owed6, balances6),
        ("gaps_settle", sums.gaps, sums.gaps6, nothing),
    ):
        settled = [
            divide_by_fixed(number, challenge.challenge - settlement, rule=f"market[{place}].{rule}")
            for place, (number, settlement) in enumerate(zip(markets, tables.settlements, strict=True))
        ]
        arrived = [
            divide_by_fixed(number - other, challenge.challenge - place, rule=f"asset[{place}].{rule}")
            for place, (number, other) in enumerate(zip(assets, known, strict=True))
        ]
        builder.enforce_equal(sum_all(settled), sum_all(arrived), rule=rule)


def enforce_reserves(builder: Builder, sums: SumSignals, totals: Signal) -> None:
    """Of every asset there is enough, and by how much it is more stays hidden."""
    meaning = "what is attested of each asset"
    reserves = builder.private_list("reserves", Attested(RESERVE_BITS), len(sums.owed6), meaning)
    builder.enforce_equal(hash_list(builder, Tag.RESERVES, reserves), totals, rule="reserves_are_these")
    for place, (owed6, reserve, lent) in enumerate(zip(sums.owed6, reserves, sums.debts, strict=True)):
        debts = narrow_attested(lent, 0, 2**DEBTS_BITS - 1)
        with builder.scope(f"asset[{place}]"):
            enforce_at_most(owed6, FINE_SCALE * (reserve + debts), rule="reserves_cover_what_is_owed")


def sum_all(elements: Sequence[Signal]) -> Signal:
    """The sum of at least one element."""
    return sum_elements(elements[0], elements[1:])


@dataclass(frozen=True, slots=True)
class TotalWitness:
    """A run with all that the proof of its total is made of."""

    challenge: Challenge
    shape: TotalShape
    tables: Tables
    last: RunningState = field(repr=False)
    sums: Sums = field(repr=False)
    reserves: tuple[int, ...] | None = None
    """Of each asset, where the totals are hidden."""

    @property
    def totals(self) -> Totals:
        """What is shown, where the totals are."""
        return Totals(self.sums.owed6, self.sums.debts, self.sums.gaps6)

    def public_inputs(self) -> tuple[int, int, int, int, int, int]:
        """What the proof will be about."""
        challenge, mixer = self.challenge.challenge, self.challenge.mixer
        sums, tables = self.sums.commit(), self.tables.commit(self.shape)
        hidden = self.reserves is not None
        totals = commit_reserves(self.reserves or (), self.shape) if hidden else self.totals.commit(self.shape)
        return (challenge, mixer, commit_running(self.last), sums, tables, totals)


def inputs_for(witness: TotalWitness) -> Inputs:
    """The inputs of the statement by name."""
    shape, sums, tables = witness.shape, witness.sums, witness.tables
    inputs: Inputs = dict(zip(PUBLIC, witness.public_inputs(), strict=True))
    inputs |= prefixed("last", {name: getattr(witness.last, name) for name in ("salt", "number", "lines", "rows")})
    uses = ("haircut_uses", "price_uses") if shape.tiers else ()
    inputs |= {f"sums.{name}": list(getattr(sums, name)) for name in (*OF_ASSETS, *OF_MARKETS, *uses)}
    inputs["sums.salt"] = sums.salt
    inputs["tables.weight"] = [*fill([row.weight % GROUP_ORDER for row in tables.markets], shape.markets)]
    inputs["tables.settlement"] = [*fill([row.settlement for row in tables.markets], shape.markets)]
    if shape.tiers:
        lines = [each for asset in range(shape.assets) for each in tiers_of(tables, asset, shape.tiers)]
        inputs |= prefixed("tables", dict(zip(LINE_BITS, map(list, zip(*lines, strict=True)), strict=True)))
        inputs["tables.price"] = [*fill(list(tables.prices), shape.assets)]
    if witness.reserves is not None:
        inputs["reserves"] = [*fill(list(witness.reserves), shape.assets)]
    return inputs


def tiers_of(tables: Tables, asset: int, tiers: int) -> list[tuple[int, int, int, int]]:
    """The lines of an asset, and zeros in the places after them."""
    lines: tuple[HaircutLine, ...] = tables.haircuts[asset] if asset < tables.assets else ()
    numbers = [(line.slope, line.intercept, line.floor, line.ceiling) for line in lines]
    return [*numbers, *[NO_LINE] * (tiers - len(numbers))]
