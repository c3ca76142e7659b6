"""``solvency_total`` for the laboratory: both modes, with a breach of each rule."""

from collections.abc import Iterator
from typing import Final

from circuits.relations.account import LINE_BITS
from circuits.relations.challenge import Tally
from circuits.statements.claim import Inputs
from circuits.statements.solvency_total import OF_ASSETS, OF_MARKETS, SolvencyTotal, enforce_settled
from facts.solvency.account import AccountPart, Balance, Debt
from facts.solvency.challenge import Pole
from facts.solvency.shape import AccountShape
from facts.solvency.tables import Tables
from margin.bounds import FINE_SCALE
from margin.contracts import Side
from margin.solvency import HaircutLine
from tests.circuits.laboratory.specimen import Specimen, line_with
from tests.circuits.statements.cheating import number
from tests.circuits.statements.claim_breaches import after
from tests.circuits.statements.solvency_cases import END, TABLES, column
from tests.circuits.statements.solvency_specimens import FIXED_BEFORE, LOST, SOUND, UNLISTED, Breach, position
from tests.circuits.statements.solvency_total_cases import TotalCase, recommit_total

HELD_BY_THE_LINES: Final = "the sum of numbers that leaves hold to their ranges, or `lines` and `rows` do not come out"
HELD_BY_THE_SETTLING: Final = "the sum of others, as the rules `owed_settles` and `gaps_settle` have it"
HELD_BY_THE_BATCH: Final = "the last batch held its number to its bits"
HELD_IN_PUBLIC: Final = "whoever verifies makes the public input of such numbers anew"
POSITIONS: Final = (SOUND, LOST, position(0, Side.SHORT, 2, -9), position(1, Side.LONG, 4, 10**6))
LENT: Final = Tables(
    TABLES.markets[:2],
    assets=2,
    haircuts=((HaircutLine(7 * 10**11, 0, 0, END),), (HaircutLine(9 * 10**11, 5, 0, END),)),
    prices=(10**12, 3 * 10**12),
)
PLAIN: Final = Tables(TABLES.markets[:2], assets=2)
BALANCES: Final = (Balance(0, 10**6), Balance(1, 10**7))
DEBTS: Final = (Debt(0, 1000), Debt(1, 2000))


def make_total(hidden: int) -> TotalCase:
    """Two parts: a venue that lends hides its totals, one that does not shows them."""
    debts = DEBTS[: 2 * hidden]
    tables, shape = LENT if debts else PLAIN, AccountShape(len(POSITIONS), len(BALANCES), len(debts))
    cover = tables.cover(BALANCES, debts, shape) if debts else None
    parts = tuple((AccountPart(1, 2, 3 + place, POSITIONS, BALANCES, debts, cover), shape) for place in range(2))
    return TotalCase(SolvencyTotal(markets=2, assets=2, tiers=hidden, hidden=hidden), tables, parts)


def make_solvency_total(hidden: int) -> Specimen:
    """One run in one of the modes."""
    case = make_total(hidden)
    statement, honest = case.statement, case.inputs()
    sums = [name for name in (*OF_ASSETS, *OF_MARKETS) if not name.endswith("6")]
    listed = ["tables.settlement"]
    if hidden:
        sums += ["haircut_uses", "price_uses"]
        listed += ["tables.price", *(f"tables.{name}" for name in LINE_BITS), "reserves"]
    words = ("divide_by_fixed(number,", "divide_by_fixed(number -")
    lines = [line_with(enforce_settled, each) for each in words]
    lines += [line_with(Tally.add_line, "divide_by_fixed"), line_with(Tally.add_row, "divide_by_fixed")]
    return Specimen(
        statement,
        [honest],
        broken=list(find_breaches(statement, honest)),
        argued=dict.fromkeys(lines, FIXED_BEFORE),
        attested={
            "last.number": HELD_BY_THE_BATCH,
            **{f"sums.{name}": HELD_BY_THE_LINES for name in sums},
            **{f"sums.{name}": HELD_BY_THE_SETTLING for name in ("owed6", "gaps6")},
            **dict.fromkeys(listed, HELD_IN_PUBLIC),
        },
        effort=40,
    )


def find_breaches(statement: SolvencyTotal, honest: Inputs) -> Iterator[Breach]:
    """A breach of each rule, by one unit where there is a boundary; all that is committed to fits it."""
    hidden = statement.hidden
    openings = {"last": "last_opens", "sums": "sums_open", "tables": "tables_are_these"}
    yield from ((rule, after(honest, name)) for name, rule in openings.items())
    yield "reserves_are_these" if hidden else "totals_are_these", after(honest, "totals")
    yield "lines_add_up", recommit_total(statement, honest, lines=1)
    yield "rows_add_up", recommit_total(statement, honest, rows=1)
    for rule, name in (("owed_settles", "owed6"), ("gaps_settle", "gaps6")):
        yield rule, recommit_total(statement, honest, {f"sums.{name}[0]": column(honest, f"sums.{name}")[0] - 1})
    for place in range(statement.markets):
        yield from breaches_of_market(statement, honest, place)
    for place in range(statement.assets):
        yield from breaches_of_asset(statement, honest, place)
        if hidden:
            yield from breaches_of_loans(statement, honest, place)


def breaches_of_market(statement: SolvencyTotal, honest: Inputs, place: int) -> Iterator[Breach]:
    """A challenge at each of its poles."""
    scope, weight = f"market[{place}]", column(honest, "tables.weight")[place]
    row = Pole.MARKET.at(place) + number(honest, "mixer") * weight
    for rule, pole in (
        ("counted_is_summed", Pole.COUNTED.at(place)),
        ("gaps_are_summed", Pole.GAP.at(place)),
        ("lots_are_summed", row),
    ):
        yield f"{scope}.{rule}", recommit_total(statement, honest, {"challenge": pole})
    elsewhere = {f"tables.settlement[{place}]": UNLISTED, "challenge": UNLISTED}
    yield f"{scope}.owed_settles", recommit_total(statement, honest, elsewhere)
    yield f"{scope}.gaps_settle", recommit_total(statement, honest, elsewhere | count_nothing(statement, honest))


def breaches_of_asset(statement: SolvencyTotal, honest: Inputs, place: int) -> Iterator[Breach]:
    """A challenge at each of its poles, with debts that no shape without any could have."""
    scope = f"asset[{place}]"
    challenged = {"challenge": Pole.BALANCE.at(place)}
    yield f"{scope}.balances_are_summed", recommit_total(statement, honest, challenged)
    owing = {f"sums.debts[{place}]": 5, "challenge": Pole.DEBT.at(place)}
    yield f"{scope}.debts_are_summed", recommit_total(statement, honest, owing)
    elsewhere = {f"tables.settlement[{market}]": UNLISTED for market in range(statement.markets)}
    settled: dict[str, int] = elsewhere | {"challenge": place}
    yield f"{scope}.owed_settles", recommit_total(statement, honest, settled)
    yield f"{scope}.gaps_settle", recommit_total(statement, honest, settled | count_nothing(statement, honest))


def count_nothing(statement: SolvencyTotal, honest: Inputs) -> dict[str, int]:
    """Nothing counted of positions, so that what is owed settles whatever the challenge is."""
    counted = {f"sums.counted[{market}]": 0 for market in range(statement.markets)}
    balances = enumerate(column(honest, "sums.balances"))
    return counted | {f"sums.owed6[{asset}]": FINE_SCALE * amount for asset, amount in balances}


def breaches_of_loans(statement: SolvencyTotal, honest: Inputs, place: int) -> Iterator[Breach]:
    """One unit of reserves too few; a challenge at the rows of the asset's tiers and of its price."""
    scope, mixer = f"asset[{place}]", number(honest, "mixer")
    fewer = {f"reserves[{place}]": column(honest, "reserves")[place] - 1}
    yield f"{scope}.reserves_cover_what_is_owed", recommit_total(statement, honest, fewer)
    price = Pole.PRICE.at(place) + mixer * column(honest, "tables.price")[place]
    yield f"{scope}.price_is_looked_up", recommit_total(statement, honest, {"challenge": price})
    for tier in range(statement.tiers):
        at = place * statement.tiers + tier
        line = (column(honest, f"tables.{name}")[at] for name in LINE_BITS)
        row = Pole.HAIRCUT.at(place) + sum(mixer**power * each for power, each in enumerate(line, 1))
        rule = f"{scope}.tier[{tier}].line_is_looked_up"
        yield rule, recommit_total(statement, honest, {"challenge": row})
