"""Parts of accounts: what a leaf commits to, what is counted of it, and what it adds to the sums of a run.

    leaf = H(tag of the shape, holder, a word for each position, words of number, balances and debts [, cover])

Every number of a word is held to its width. That is what makes a leaf a commitment to each of them: with an amount one
bit too wide the same leaf would be that of another asset, or of another account.

Of a position

    equity6 = quote6 + side * size * weight        counted = max(0, equity6)        gap = max(0, -equity6)
    lines += counted / (X - line) + gap / (X - line)        rows += size / (X - row of market and weight)

Quote, size and equity stand in the leaf, so that the weight of a position that has a size was fixed before the
challenge was drawn, and is that of the table, or ``rows`` does not come out. Without a size the weight is anybody's
choice, even after the challenge: both products in which it stands are 0 whatever it is. For its sake the inverse of
``X - row`` has a constraint of its own. With ``fraction * (X - row) = size`` alone, a weight that makes ``X - row``
zero would leave the fraction open, and anything could be added to ``rows``.

Of a shape with debts, each balance is looked up in the tier of its amount and each debt at its price, all of which the
leaf commits to, and the balances cover the debts after their haircuts. A place without a balance or a debt has an
amount of 0 of some asset, and is looked up like any other.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from circuits.builder import Builder, Element
from circuits.gadgets.fractions import invert
from circuits.gadgets.packing import PackedNumbers, declare_columns, pack_parts
from circuits.gadgets.ranges import enforce_at_most, enforce_less
from circuits.gadgets.signed import with_sign
from circuits.relations.attested import Attested, narrow_attested
from circuits.relations.challenge import Tally
from circuits.relations.commitment import hash_list
from circuits.signal import Bounded, Signal, sum_signals
from facts.bounds import LISTING_BITS
from facts.packing import ISOLATED_POSITION
from facts.solvency.challenge import Pole
from facts.solvency.shape import AccountShape
from facts.tags import Tag
from margin.bounds import ACCOUNT_AMOUNT_BITS, COVER_BITS, COVER_PRICE_BITS, MAX_ACCOUNT_AMOUNT

POSITION_MEANINGS: Final = {
    "side": "1 if the position is short",
    "size": "lots; 0 where there is no position",
    "market": "place of the market in the tables",
    "quote_magnitude": "what of its equity the mark and the funding of now don't move, in 1e-6 units",
    "quote_sign": "1 if that is below zero",
    "equity_magnitude": "its equity, in 1e-6 units",
    "equity_sign": "1 if that is below zero",
}
ENTRY_PARTS: Final = (("asset", LISTING_BITS), ("amount", ACCOUNT_AMOUNT_BITS))
BALANCE_MEANINGS: Final = {"asset": "place of the asset in the tables", "amount": "what the account has of it"}
DEBT_MEANINGS: Final = {"asset": "place of the asset in the tables", "amount": "what the account owes of it"}
LINE_BITS: Final = {
    "slope": COVER_PRICE_BITS,
    "intercept": COVER_BITS - 8,
    "floor": ACCOUNT_AMOUNT_BITS,
    "ceiling": ACCOUNT_AMOUNT_BITS + 1,
}
LINE_MEANINGS: Final = {
    "slope": "what a unit covers, in 1e-12 money units",
    "intercept": "what the tiers below add to that",
    "floor": "the amount from which the tier holds",
    "ceiling": "the amount below which it holds",
}

Numbers = Mapping[str, Bounded]
Taken = TypeVar("Taken")


@dataclass(frozen=True, slots=True, eq=False)
class PartSignals:
    """The numbers of one part, each held to its width; what the tables say is not."""

    holder: Signal
    number: Bounded
    positions: Sequence[PackedNumbers]
    weights: Sequence[Signal]
    balances: Sequence[Numbers]
    debts: Sequence[Numbers]
    lines: Sequence[Numbers]
    prices: Sequence[Bounded]


def declare_parts(builder: Builder, shape: AccountShape, numbers: Sequence[Bounded]) -> Iterator[PartSignals]:
    """A part for each of the numbers, its inputs in columns: ``position.size`` has those of all positions of all parts.

    Columns are what a prover fills fastest: a list for each instead of a name for each of thousands of numbers.
    """
    count = len(numbers)
    holders = builder.private_list("holder", Element(), count, "H(identity, salt): whose part it is")
    positions: list[PackedNumbers] = []
    weights: list[Signal] = []
    if shape.positions:
        with builder.scope("position"):
            places = count * shape.positions
            columns = declare_columns(builder, ISOLATED_POSITION.parts, POSITION_MEANINGS, places)
            weights = builder.private_list("weight", Element(), places, "what a lot held long adds to equity6")
        positions = [PackedNumbers(pack_parts(ISOLATED_POSITION.parts, each), each) for each in columns]
    with builder.scope("balance"):
        balances = declare_columns(builder, ENTRY_PARTS, BALANCE_MEANINGS, count * shape.balances)
    debts, lines, prices = declare_cover(builder, shape, count)
    for place, (holder, number) in enumerate(zip(holders, numbers, strict=True)):
        yield PartSignals(
            holder=holder,
            number=number,
            positions=take(positions, place, shape.positions),
            weights=take(weights, place, shape.positions),
            balances=take(balances, place, shape.balances),
            debts=take(debts, place, shape.debts),
            lines=take(lines, place, shape.balances),
            prices=take(prices, place, shape.debts),
        )


def declare_cover(
    builder: Builder, shape: AccountShape, count: int
) -> tuple[list[Numbers], list[Numbers], list[Bounded]]:
    """Debts, and at what they and the balances are counted: only where the shape has debts."""
    if not shape.debts:
        return [], [], []
    with builder.scope("debt"):
        debts = declare_columns(builder, ENTRY_PARTS, DEBT_MEANINGS, count * shape.debts)
        meaning = "what a unit of the debt asks for, in 1e-12 money units"
        prices = builder.private_list("price", Attested(COVER_PRICE_BITS), count * shape.debts, meaning)
    with builder.scope("line"):
        columns = [
            builder.private_list(name, Attested(bits), count * shape.balances, LINE_MEANINGS[name])
            for name, bits in LINE_BITS.items()
        ]
    lines = [dict(zip(LINE_BITS, row, strict=True)) for row in zip(*columns, strict=True)]
    return debts, [*lines], prices


def take(column: Sequence[Taken], place: int, size: int) -> Sequence[Taken]:
    """What a column has of one part."""
    return column[place * size : (place + 1) * size]


def count_part(builder: Builder, part: PartSignals, shape: AccountShape, tally: Tally) -> Signal:
    """The leaf of a part, all of which is added to the sums."""
    for place, (position, weight) in enumerate(zip(part.positions, part.weights, strict=True)):
        with builder.scope(f"position[{place}]"):
            count_position(builder, position, weight, tally)
    for place, balance in enumerate(part.balances):
        with builder.scope(f"balance[{place}]"):
            tally.add_line(Pole.BALANCE, balance["asset"], balance["amount"], rule="balance_is_summed")
    cover = [count_cover(builder, part, tally)] if shape.debts else []
    words = [position.element for position in part.positions]
    words += [pack_parts(word.parts, entries_of(part)) for word in shape.words]
    return builder.hash_inputs([builder.element(shape.tag), part.holder, *words, *cover])


def count_position(builder: Builder, position: PackedNumbers, weight: Signal, tally: Tally) -> None:
    """A position at the weight of its market: what is owed for it, or what it lost beyond its collateral."""
    size, market = position["size"], position["market"]
    counted = position.bit("equity_sign").negated() * position["equity_magnitude"]
    gap = position["equity_magnitude"] - counted
    moved = counted - gap - with_sign(position.bit("quote_sign"), position["quote_magnitude"])
    builder.enforce_product(with_sign(position.bit("side"), size), weight, moved, rule="equity_is_at_weight")
    tally.add_line(Pole.COUNTED, market, counted, rule="counted_is_summed")
    tally.add_line(Pole.GAP, market, gap, rule="gap_is_summed")
    row = tally.challenge.row(Pole.MARKET, market, [weight])
    tally.rows.append(size * invert(row, rule="row_has_inverse"))


def count_cover(builder: Builder, part: PartSignals, tally: Tally) -> Signal:
    """The balances cover the debts: each balance in the tier of its amount, each debt at its price."""
    covered, asked = [], []
    for place, (balance, line) in enumerate(zip(part.balances, part.lines, strict=True)):
        with builder.scope(f"balance[{place}]"):
            enforce_at_most(line["floor"], balance["amount"], rule="amount_from_floor")
            ceiling = narrow_attested(line["ceiling"], 0, MAX_ACCOUNT_AMOUNT + 1)
            enforce_less(balance["amount"], ceiling, rule="amount_below_ceiling")
            tally.add_row(Pole.HAIRCUT, balance["asset"], [*line.values()], rule="line_is_of_table")
            covered.append(line["slope"] * balance["amount"] + line["intercept"])
    for place, (debt, price) in enumerate(zip(part.debts, part.prices, strict=True)):
        with builder.scope(f"debt[{place}]"):
            tally.add_line(Pole.DEBT, debt["asset"], debt["amount"], rule="debt_is_summed")
            tally.add_row(Pole.PRICE, debt["asset"], [price], rule="price_is_of_table")
            asked.append(price * debt["amount"])
    enforce_at_most(sum_signals(asked), sum_signals(covered), rule="balances_cover_debts")
    return hash_list(builder, Tag.COVER, [*(number for line in part.lines for number in line.values()), *part.prices])


def entries_of(part: PartSignals) -> Numbers:
    """What the words of a leaf hold, by the names of ``AccountShape.words``."""
    entries = {"number": part.number}
    for kind, places in (("balance", part.balances), ("debt", part.debts)):
        for place, entry in enumerate(places):
            entries |= {f"{kind}_{place}_{name}": number for name, number in entry.items()}
    return entries
