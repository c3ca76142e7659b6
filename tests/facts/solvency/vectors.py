"""The vectors that pin the format of solvency: ``python -m tests.facts.solvency.vectors`` computes the file anew.

A change of this file is a change of the format: whoever holds an old receipt can't check it any more.
"""

import json

from facts.solvency.account import AccountPart, commit_holder, commit_part, encode_part
from facts.solvency.challenge import Inverses
from facts.solvency.running import BEGINNING, commit_running
from facts.solvency.shape import AccountShape
from facts.solvency.tables import MarketRow
from facts.solvency.totals import Totals, commit_reserves
from margin.solvency import HaircutLine
from tests.facts.solvency.venue import ALICE, CAROL, HEADER, LENDING, PLAIN, TABLES, TOTAL, Account, count_run

RESERVES = (10**15, 10**12, 10**11)


def show(numbers: object) -> object:
    """Numbers as decimal strings, because readers of JSON lose digits of numbers."""
    if isinstance(numbers, dict):
        return {name: show(value) for name, value in numbers.items()}
    if isinstance(numbers, list | tuple):
        return [show(value) for value in numbers]
    return str(numbers)


def describe_line(line: HaircutLine) -> list[int]:
    """A haircut in the order in which it is hashed."""
    return [line.slope, line.intercept, line.floor, line.ceiling]


def describe_row(row: MarketRow) -> list[int]:
    """A market in the order in which it is hashed."""
    return [row.weight, row.settlement]


def describe_leaf(account: Account, class_place: int, shape: AccountShape) -> dict[str, object]:
    """The inputs of a leaf, and the leaf."""
    part = account.part(class_place, shape)
    cover = {} if part.cover is None else {"cover": part.cover.numbers}
    return {
        "identity": part.identity,
        "salt": part.salt,
        "number": part.number,
        "positions": [list(position.parts.values()) for position in part.positions],
        "balances": [[each.asset, each.amount] for each in part.balances],
        "debts": [[each.asset, each.amount] for each in part.debts],
        **cover,
        "tag": shape.tag,
        "holder": commit_holder(part.identity, part.salt),
        "words": encode_part(part, shape),
        "leaf": commit_part(part, shape),
    }


def compute_vectors() -> dict[str, object]:
    """Everything that two parties have to compute alike."""
    alice, carol = ALICE.part(0, PLAIN), CAROL.part(1, LENDING)
    padding = AccountPart(1, 2, carol.number + 1, cover=TABLES.cover((), (), LENDING))
    parts = (alice, *(AccountPart(1, 2, alice.number + step) for step in range(1, 16)))
    rest = (carol, *(AccountPart(1, 2, carol.number + step, cover=padding.cover) for step in range(1, 6)))
    run = count_run((parts, rest))
    inverses = Inverses.of(run.challenge, TABLES)
    totals = Totals(run.sums.owed6[:3], run.sums.debts[:3], run.sums.gaps6[:3])
    return {
        "header": {"text": HEADER.encode().decode("ascii"), "hash": str(HEADER.hash)},
        "leaves": show({"alice": describe_leaf(ALICE, 0, PLAIN), "carol": describe_leaf(CAROL, 1, LENDING)}),
        "tables": show(
            {
                "markets": list(map(describe_row, TABLES.markets)),
                "haircuts": [list(map(describe_line, lines)) for lines in TABLES.haircuts],
                "prices": TABLES.prices,
                "elements": TABLES.elements(TOTAL),
                "hash": TABLES.commit(TOTAL),
            }
        ),
        "sums": show({"elements": run.sums.elements, "hash": run.sums.commit()}),
        "challenge": show({"root": run.tree.root, "challenge": run.challenge.challenge, "mixer": run.challenge.mixer}),
        "inverses": show(
            {
                "balance_0": inverses.balances[0],
                "debt_2": inverses.debts[2],
                "counted_1": inverses.counted[1],
                "gap_1": inverses.gaps[1],
                "market_2": inverses.markets[2],
                "haircut_1_0": inverses.haircuts[1][TABLES.haircuts[1][0]],
                "price_2": inverses.prices[2],
            }
        ),
        "running": show(
            [
                {"salt": state.salt, "number": state.number, "lines": state.lines, "rows": state.rows, "hash": hashed}
                for state, hashed in ((state, commit_running(state)) for state in run.states)
            ]
        ),
        "beginning": str(commit_running(BEGINNING)),
        "totals": show(
            {
                "owed6": totals.owed6,
                "debts": totals.debts,
                "gaps6": totals.gaps6,
                "shown": totals.commit(TOTAL),
                "reserves": RESERVES,
                "hidden": commit_reserves(RESERVES, TOTAL),
            }
        ),
    }


def render_vectors() -> str:
    """The file's text."""
    return json.dumps(compute_vectors(), indent=1) + "\n"


if __name__ == "__main__":
    print(render_vectors(), end="")  # noqa: T201 -- it is what it is for
