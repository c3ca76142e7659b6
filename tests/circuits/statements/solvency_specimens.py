"""``solvency`` for the laboratory: small batches with every kind of place, and a breach of each rule."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from circuits.relations.account import LINE_BITS
from circuits.relations.challenge import Tally
from circuits.statements.claim import Inputs
from circuits.statements.solvency import STEP_BITS, Solvency
from facts.bounds import PART_NUMBER_BITS
from facts.solvency.account import AccountPart, Balance, Debt, IsolatedPosition
from facts.solvency.challenge import Pole
from facts.tags import Tag
from margin.bounds import MAX_FINE
from margin.contracts import Side
from margin.solvency import find_equity
from snark.poseidon.hashing import hash_inputs
from tests.circuits.laboratory.specimen import Specimen, line_with
from tests.circuits.statements.claim_breaches import after
from tests.circuits.statements.solvency_cases import BEFORE, CHALLENGE, TABLES, SolvencyCase, column, recommit

FIXED_BEFORE: Final = "its denominator is X less a number that leaf and tables fix, before X is drawn: never 0"
HELD_BY_THE_CHAIN: Final = "the batch that closed this state held its number to its bits, and the first one has 0"
HELD_BY_THE_TABLES: Final = "a row of the tables, or `rows` does not come out; who publishes them keeps its range"
NO_SIZE: Final = (
    "of a position without a size: it is multiplied by 0 where it moves the equity, and the inverse that goes with it "
    "by 0 where it is added to `rows`"
)

Breach = tuple[str, Inputs]
UNLISTED: Final = 9
"""A place that nothing else of a case has."""
COUNTED_OR_GAP: Final = ((Pole.COUNTED, "counted_is_summed"), (Pole.GAP, "gap_is_summed"))
Held = tuple[tuple[IsolatedPosition, ...], tuple[Balance, ...], tuple[Debt, ...]]


def position(market: int, side: Side, size: int, equity: int) -> IsolatedPosition:
    """A position that comes to this equity."""
    return IsolatedPosition(market, side, size, equity - find_equity(0, side, size, TABLES.weights[market]), equity)


SOUND: Final = position(0, Side.LONG, 5, 10**9)
LOST: Final = position(1, Side.SHORT, 3, -7)
NO_LOTS: Final = position(2, Side.LONG, 0, 41)
GREATEST: Final = position(3, Side.SHORT, 2**23, -MAX_FINE)


def make_case(statement: Solvency, *parts: Held) -> SolvencyCase:
    """Parts of positions, balances and debts, under numbers that rise."""
    account = statement.batch.account
    made = [
        AccountPart(
            identity=100 + place,
            salt=200 + place,
            number=BEFORE.number + 1 + (1 << STEP_BITS) * place,
            positions=positions,
            balances=balances,
            debts=debts,
            cover=TABLES.cover(balances, debts, account) if account.debts else None,
        )
        for place, (positions, balances, debts) in enumerate(parts)
    ]
    return SolvencyCase(statement, tuple(made))


def make_solvency_pair() -> Specimen:
    """Two parts with a position and a balance each."""
    statement = Solvency(accounts=2, positions=1, balances=1, levels=1)
    cases = [
        make_case(statement, ((one,), (Balance(asset, amount),), ()), ((other,), (Balance(0, 2**64 - 1),), ()))
        for one, other, asset, amount in ((SOUND, LOST, 1, 5), (LOST, SOUND, 2, 2**64 - 1), (NO_LOTS, GREATEST, 0, 0))
    ]
    return make_specimen(statement, cases, {"position.weight": NO_SIZE})


def make_solvency_part() -> Specimen:
    """One part of the shape that is used: two positions and four balances, which fill two words."""
    statement = Solvency(accounts=1, levels=1)
    balances = tuple(Balance(place % 3, 10**place) for place in range(1, 5))
    cases = [make_case(statement, (pair, balances, ())) for pair in ((SOUND, LOST), (LOST, SOUND))]
    return make_specimen(statement, cases, {})


def make_solvency_debts() -> Specimen:
    """One part whose two balances just cover its debt: the first stands in the upper tier of its asset."""
    statement = Solvency(accounts=1, positions=1, balances=2, debts=1, levels=1)
    debt = Debt(0, COVERED // TABLES.prices[0])
    cases = [make_case(statement, ((pair,), COVER, (debt,))) for pair in (SOUND, LOST)]
    return make_specimen(statement, cases, {})


def make_solvency_balances() -> Specimen:
    """Three parts of balances alone, one of which is empty."""
    statement = Solvency(accounts=3, positions=0, balances=1, levels=1)
    cases = [make_case(statement, *(((), held, ()) for held in three)) for three in (HELD, HELD[::-1])]
    return make_specimen(statement, cases, {})


HELD: Final = ((Balance(0, 5),), (), (Balance(2, 2**64 - 1),))
COVER: Final = (Balance(0, 5000), Balance(2, 3))
COVERED: Final = 5 * 10**11 * 5000 + 2 * 10**14 + 3 * (2**96 - 1)


def make_specimen(statement: Solvency, cases: list[SolvencyCase], free: Mapping[str, str]) -> Specimen:
    """Whatever the shape."""
    honest = [case.inputs() for case in cases]
    tables = ("line.slope", "line.intercept", "line.floor", "line.ceiling", "debt.price") if statement.debts else ()
    return Specimen(
        statement,
        honest,
        broken=list(find_breaches(statement, honest)),
        free=free,
        argued={line_with(Tally.add_line, "divide_by_fixed"): FIXED_BEFORE},
        attested={"before.number": HELD_BY_THE_CHAIN, **dict.fromkeys(tables, HELD_BY_THE_TABLES)},
        effort=40,
    )


def find_breaches(statement: Solvency, honest: list[Inputs]) -> Iterator[Breach]:
    """A breach of each rule, by one unit where there is a boundary; all that is committed to fits it."""
    first = honest[0]
    yield "before_opens", after(first, "before")
    yield "after_follows", after(first, "after")
    yield "accounts_are_under_root", after(first, "accounts_root")
    start, last = BEFORE.number, statement.accounts - 1
    for number in (start, start + 1 + (1 << STEP_BITS)):
        yield "numbers_rise", recommit(statement, first, {"number[0]": number})
    top = 1 << PART_NUMBER_BITS
    numbers = {f"number[{place}]": top - last + place for place in range(statement.accounts)}
    yield "numbers_rise_within_72_bits", recommit(statement, first, {**numbers, "before.number": top - last - 1})
    if not (statement.positions or statement.debts):
        yield "mixer_is_drawn", after(first, "mixer")
    for part in range(statement.accounts):
        for place in range(statement.positions):
            yield from breaches_of_position(statement, honest, part, place)
        for place in range(statement.balances):
            yield from breaches_of_balance(statement, first, part, place)
        for place in range(statement.debts):
            yield from breaches_of_debt(statement, first, part, place)


def breaches_of_position(statement: Solvency, honest: Sequence[Inputs], part: int, place: int) -> Iterator[Breach]:
    """Equity beside the weight; a challenge at each of the poles, of a market that no other place has."""
    scope, at = f"account[{part}].position[{place}]", part * statement.positions + place
    first = honest[0]
    equity, weight = (column(first, f"position.{name}")[at] for name in ("equity_magnitude", "weight"))
    yield f"{scope}.equity_is_at_weight", recommit(statement, first, {f"position.equity_magnitude[{at}]": equity + 1})
    yield f"{scope}.equity_is_at_weight", count_both(statement, first, at)
    for inputs in honest[:2]:
        pole, rule = COUNTED_OR_GAP[column(inputs, "position.equity_sign")[at]]
        changes = {f"position.market[{at}]": UNLISTED, "challenge": pole.at(UNLISTED)}
        yield f"{scope}.{rule}", recommit(statement, inputs, changes)
    row = CHALLENGE.mix(Pole.MARKET, UNLISTED, [weight])
    yield f"{scope}.row_has_inverse", recommit(statement, first, {f"position.market[{at}]": UNLISTED, "challenge": row})


def count_both(statement: Solvency, honest: Inputs, at: int) -> Inputs:
    """A position that is counted both at more than its equity and with a gap: only their difference is right."""
    market, sign, equity = (
        column(honest, f"position.{name}")[at] for name in ("market", "equity_sign", "equity_magnitude")
    )
    counted, gap = (CHALLENGE.invert(pole.at(market)) for pole in (Pole.COUNTED, Pole.GAP))
    more = counted - gap if sign else gap - counted
    return recommit(statement, honest, {f"position.equity_magnitude[{at}]": equity + 2}, lines=more)


def breaches_of_balance(statement: Solvency, honest: Inputs, part: int, place: int) -> Iterator[Breach]:
    """A challenge at the pole of an asset; beside debts, a line of another tier, and a challenge at its row."""
    scope, at = f"account[{part}].balance[{place}]", part * statement.balances + place
    elsewhere = {f"balance.asset[{at}]": UNLISTED}
    if not column(honest, "balance.amount")[at]:
        elsewhere[f"balance.amount[{at}]"] = 1
    pole = Pole.BALANCE.at(UNLISTED)
    drawn = {"challenge": pole, "mixer": hash_inputs([int(Tag.MIXER), pole])}
    yield f"{scope}.balance_is_summed", recommit(statement, honest, {**elsewhere, **drawn})
    if statement.debts:
        amount = column(honest, "balance.amount")[at]
        yield f"{scope}.amount_from_floor", recommit(statement, honest, {f"line.floor[{at}]": amount + 1})
        yield f"{scope}.amount_below_ceiling", recommit(statement, honest, {f"line.ceiling[{at}]": amount})
        row = CHALLENGE.mix(Pole.HAIRCUT, UNLISTED, [column(honest, f"line.{name}")[at] for name in LINE_BITS])
        yield f"{scope}.line_is_of_table", recommit(statement, honest, {**elsewhere, "challenge": row})


def breaches_of_debt(statement: Solvency, honest: Inputs, part: int, place: int) -> Iterator[Breach]:
    """One unit of debt more than is covered; a challenge at the poles of its asset and its price."""
    scope, at = f"account[{part}].debt[{place}]", part * statement.debts + place
    amount, price = (column(honest, f"debt.{name}")[at] for name in ("amount", "price"))
    yield f"account[{part}].balances_cover_debts", recommit(statement, honest, {f"debt.amount[{at}]": amount + 1})
    elsewhere = {f"debt.asset[{at}]": UNLISTED}
    yield f"{scope}.debt_is_summed", recommit(statement, honest, {**elsewhere, "challenge": Pole.DEBT.at(UNLISTED)})
    row = CHALLENGE.mix(Pole.PRICE, UNLISTED, [price])
    yield f"{scope}.price_is_of_table", recommit(statement, honest, {**elsewhere, "challenge": row})
