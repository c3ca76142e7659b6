"""What is made public of a liquidation and of a queue: every amount counts, and none is beyond its bounds."""

from dataclasses import replace

import pytest

from facts.deleverage import StatedDeleverage, commit_entry
from facts.liquidation import LiquidationFlows, StatedLiquidation
from margin.deleverage import PnlBasis
from margin.errors import Reason
from margin.policy import LiquidationRule
from snark.bn254.constants import GROUP_ORDER
from tests.circuits.statements.liquidation_breaches import tiered_case
from tests.facts.refusals import refused

FLOWS = LiquidationFlows(3, basket=4, slippage=5, settled=-6, fee=7, penalty=8, returned=9, gap=10)
STATED = StatedLiquidation(1, FLOWS)
NAMES = ("currency_id", "basket", "slippage", "settled", "fee", "penalty", "returned", "gap")
QUEUE = StatedDeleverage(PnlBasis.ENTRY, 1, (2, 3))


def test_every_part_of_a_liquidation_counts() -> None:
    changed = [STATED, StatedLiquidation(2, FLOWS), replace(STATED, flows=replace(FLOWS, settled=6))]
    changed += [replace(STATED, flows=replace(FLOWS, **{name: 77})) for name in NAMES]
    assert len({each.encode() for each in changed}) == len(changed)


def test_every_part_of_a_queue_counts() -> None:
    changed = [
        QUEUE,
        replace(QUEUE, basis=PnlBasis.MARK),
        replace(QUEUE, bankrupt=7),
        replace(QUEUE, entries=(3, 2)),
        replace(QUEUE, entries=(2,)),
    ]
    assert len({each.encode() for each in changed}) == len(changed)
    entries = {commit_entry(*parts) for parts in ((1, 2, 3, 4), (2, 1, 3, 4), (1, 2, 4, 3), (1, 2, 3, 0), (1, 2, 0, 4))}
    assert len(entries) == 5


@pytest.mark.parametrize(
    ("name", "bad"),
    [
        *((name, bad) for name in ("basket", "fee", "penalty") for bad in (-1, 2**100, GROUP_ORDER)),
        *((name, bad) for name in ("returned", "gap") for bad in (-1, 2**102, GROUP_ORDER)),
        *(("settled", bad) for bad in (-(2**102), 2**102, GROUP_ORDER - 1)),
        *(("slippage", bad) for bad in (-1, 2**64)),
        *(("currency_id", bad) for bad in (0, 2**12)),
    ],
)
def test_the_bounds_of_flows(name: str, bad: int) -> None:
    assert refused(replace, FLOWS, **{name: bad}) == (Reason.OUT_OF_BOUNDS, name)


def test_the_bounds_of_leaves_and_entries() -> None:
    assert refused(StatedLiquidation, GROUP_ORDER, FLOWS) == (Reason.OUT_OF_BOUNDS, "leaf")
    assert refused(replace, QUEUE, entries=()) == (Reason.WRONG_COUNT, "entries")
    assert refused(replace, QUEUE, entries=(1,) * 13) == (Reason.WRONG_COUNT, "entries")
    assert refused(replace, QUEUE, bankrupt=GROUP_ORDER) == (Reason.OUT_OF_BOUNDS, "entries[0]")
    assert refused(commit_entry, 1, 2, 2**64, 0) == (Reason.OUT_OF_BOUNDS, "lots")
    assert refused(commit_entry, 1, 2, 1, 2**100) == (Reason.OUT_OF_BOUNDS, "basket")


@pytest.mark.parametrize(("name", "bad"), [("closed", 0), ("closed", 31), ("basket", -1), ("slippage", 100)])
def test_the_bounds_of_a_reduction(name: str, bad: int) -> None:
    reduction = tiered_case(LiquidationRule.LEAST).reduction()
    assert refused(replace, reduction, **{name: bad}) == (Reason.OUT_OF_BOUNDS, name)


def test_nothing_of_a_position_is_shown() -> None:
    shown = repr(tiered_case(LiquidationRule.LEAST, cash=-1234).reduction())
    assert "3766" not in shown
    assert "33000" not in shown
    assert "closed" not in shown
