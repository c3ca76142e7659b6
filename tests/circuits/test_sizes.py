"""Sizes do not grow unnoticed, and circuits do not become others unnoticed."""

import pytest

from circuits.statement import Statement
from tests.circuits.sizes import measure, read_sizes
from tests.circuits.specimens import measured_statements

ROWS = {(row[0], row[1]): row for row in read_sizes()}
BUDGETS = {
    ("perp", "locks=0"): 8_100,
    ("perp", "locks=1"): 16_300,
    ("perp", "locks=4"): 40_000,
    ("defined_risk", "locks=0"): 16_300,
    ("scenario", "locks=0"): 32_700,
    ("transition", "book_levels=8"): 24_000,
    ("liquidation", "book_levels=8"): 16_300,
    ("deleverage", "entries=4"): 34_400,
    ("deleverage", "entries=8"): 62_300,
}


FOR_EACH_PART = {0: 1_305, 1: 3_000}
"""Debts of a part, and the constraints that one of 64 may have."""


def key_of(name: str, statement: Statement) -> tuple[str, str]:
    return name, ";".join(f"{key}={size}" for key, size in statement.shape.items())


def parameters() -> list[object]:
    """Large ones by themselves."""
    return [
        pytest.param(
            name,
            statement,
            id="-".join(key_of(name, statement)),
            marks=[pytest.mark.slow] if int(ROWS.get(key_of(name, statement), ("0",) * 3)[2]) > 10_000 else [],
        )
        for name, statement in measured_statements()
    ]


def test_there_is_a_row_for_each_and_no_other() -> None:
    assert list(ROWS) == [key_of(name, statement) for name, statement in measured_statements()]


@pytest.mark.parametrize(("name", "statement"), parameters())
def test_a_row_is_true(name: str, statement: Statement) -> None:
    assert measure(name, statement) == ROWS[key_of(name, statement)], "run `make sizes` if this is what you want"


def test_the_bare_margin_check_is_no_larger_than_circoms() -> None:
    assert int(ROWS["bare_margin", ""][2]) <= 914


@pytest.mark.parametrize(("name", "first"), BUDGETS)
def test_a_statement_keeps_its_budget(name: str, first: str) -> None:
    (row,) = [row for (other, shape), row in ROWS.items() if other == name and shape.startswith(first)]
    assert int(row[2]) <= BUDGETS[name, first]


@pytest.mark.parametrize("debts", FOR_EACH_PART)
def test_a_part_of_an_account_keeps_its_budget(debts: int) -> None:
    row = ROWS["solvency", f"accounts=64;positions=2;balances=4;debts={debts};levels=2"]
    assert int(row[2]) <= 64 * FOR_EACH_PART[debts]
