"""A day in a venue's life, proven step by step: what is proven and what the plain ledger says are the same after each.

What is proven of what, by real proofs on the large day and rule by rule on integers on the small one:

    every change that an owner makes        transition    each with the leaves, flows and spends that it states
    every liquidation, partial or whole     liquidation   the same, and what the insurance fund is paid and pays
    every auto-deleverage                   deleverage    the order of the queue; its leaves are the keeper's word
    every position that is left at the end  perp          it holds its maintenance requirement
    all accounts at the end                 solvency      by the command that a venue uses, with real proofs on both

After every step the root of the committed book is that of a tree made of the ledger's own numbers, committed cash adds
up to the ledger's, every wallet, the fees, the clearing and the insurance fund are the same, and the sum of all money
is what it was in the morning.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.venue.accounts import add_up
from tests.venue.book import Depths
from tests.venue.day import Day, DaySize, Published, describe
from tests.venue.ledger import Ledger
from tests.venue.markets import Round
from tests.venue.proofs import Desk, IntegerDesk, ProvingDesk
from tests.venue.solvency import Office
from tests.venue.venue import Venue

SMALL: Final = DaySize(owners=8, positions=20, acts=6, fund=3, capital=20_000)
SMALL_SEED: Final = 115
"""A day on which everything happens."""
SHALLOW: Final = Depths(book=3, market=2)
SMALL_BATCH: Final = 8

LARGE: Final = DaySize(owners=330, positions=960, acts=60, fund=150, capital=960_000)
LARGE_SEED: Final = 2
DEEP: Final = Depths(book=8, market=4)
LARGE_BATCH: Final = 64
LARGE_POSITIONS: Final = 1_000
"""There are more over the day: those of the morning, and those that are born."""

CHANGES: Final = {
    *("top up", "withdrawal", "move", "partial close", "close", "opening", "two openings", "increase", "settlement"),
    *("close into another", "replacement"),
}
LIQUIDATIONS: Final = {"partial liquidation", "whole liquidation", "bankruptcy"}


@dataclass(frozen=True, slots=True)
class Evening:
    """How a day ended."""

    ledger: Ledger
    now: Round
    kinds: Counter[str]
    """How often what happened."""


def live(size: DaySize, seed: int, depths: Depths, desk: Desk, folder: Path) -> Evening:
    """A whole day, at whose end every position shows its margin."""
    venue = Venue.open(size, seed, depths, desk, folder)
    try:
        kinds = Counter(describe(step) for step in venue.live())
        venue.prove_margin(venue.sound_positions())
    finally:
        venue.close()
    return Evening(venue.day.ledger, venue.now, kinds)


def require_all_proven(evening: Evening, desk: Desk) -> None:
    """Everything happened, and each of it was carried out by its statement."""
    kinds = evening.kinds
    assert {*CHANGES, *LIQUIDATIONS, "deleverage"} <= set(kinds)
    assert desk.done["transition"] == sum(kinds[kind] for kind in CHANGES)
    assert desk.done["liquidation"] == sum(kinds[kind] for kind in LIQUIDATIONS)
    assert desk.done["deleverage"] == kinds["deleverage"]
    assert desk.done["perp"] == len(evening.ledger.rows)


def require_solvent(evening: Evening, folder: Path, batch: int) -> None:
    """What is proven to be owed is what the ledger owes by plain addition, and a holder finds the account in it."""
    office = Office(folder / "office", folder / "cache")
    run = office.prove(evening.ledger, evening.now, batch)
    owed = add_up(evening.ledger, evening.now)
    assert run.totals is not None
    assert (run.totals.owed6, run.totals.gaps6) == (tuple(owed.owed6.values()), tuple(owed.gaps6.values()))
    assert run.reserves == tuple(evening.ledger.totals().values())
    assert run.is_covered
    (owner, _), *_ = evening.ledger.rows
    alone = Ledger(
        rows={key: row for key, row in evening.ledger.rows.items() if key[0] == owner},
        wallets={key: amount for key, amount in evening.ledger.wallets.items() if key[0] == owner},
    )
    due = [amount for amount in add_up(alone, evening.now).owed6.values() if amount]
    assert list(office.receipt(f"owner-{owner:04}").owed6.values()) == due


def test_a_small_day_on_integers(tmp_path: Path) -> None:
    desk = IntegerDesk()
    require_all_proven(live(SMALL, SMALL_SEED, SHALLOW, desk, tmp_path), desk)


@pytest.mark.native
@pytest.mark.slow
def test_the_small_day_ends_with_a_proof_of_solvency(tmp_path: Path) -> None:
    *_, (now, ledger) = evenings(Day(SMALL, SMALL_SEED))
    require_solvent(Evening(ledger, now, Counter()), tmp_path, SMALL_BATCH)


def evenings(day: Day) -> Iterator[tuple[Round, Ledger]]:
    """The ledger after every step, and the round that it is in."""
    now = day.rounds[0]
    for step in day.run():
        now = step.now if isinstance(step, Published) else now
        yield now, day.ledger


@pytest.mark.native
@pytest.mark.slow
def test_a_large_day_with_a_proof_of_every_change(tmp_path: Path) -> None:
    """Less than three minutes of one core, 1,270 proofs."""
    desk = ProvingDesk.at(tmp_path / "cache")
    evening = live(LARGE, LARGE_SEED, DEEP, desk, tmp_path)
    assert len(evening.ledger.born) > LARGE_POSITIONS
    require_all_proven(evening, desk)
    require_solvent(evening, tmp_path, LARGE_BATCH)
