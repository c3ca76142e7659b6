"""Accounts cut into parts: everything of an account is in one of them, and every debt is covered where it stands."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facts.market_root import MarketTree
from facts.solvency.account import Debt, require_covered
from facts.solvency.shape import AccountShape
from facts.solvency.totals import TotalMode
from margin.contracts import Side
from margin.documents.reading import parse_toml
from margin.errors import MarginError, Reason
from margin.solvency import HeldPosition
from prover.solvency.generating import ASSETS, MARKETS, Crowd
from prover.solvency.padding import Padding
from prover.solvency.parts import Listing, OpenPart, Splitter
from prover.solvency.planning import Terms
from prover.solvency.records import AccountRecord, HeldAmount, NamedPosition
from prover.solvency.trial import list_facts, render_venue
from prover.solvency.venue_document import read_venue

SHAPES = (AccountShape(2, 4, 0), AccountShape(1, 3, 1))
DOCUMENT = read_venue(parse_toml(render_venue(8, lends=True).encode()))
TERMS = Terms(DOCUMENT, MarketTree(list_facts()), TotalMode.SHOWN, Padding("batch"))
LISTING = Listing(DOCUMENT.markets, DOCUMENT.assets, TERMS.tables)
SPLITTER = Splitter(SHAPES, LISTING)
AMOUNTS = st.integers(0, 10**12)
POSITIONS = st.builds(
    NamedPosition,
    st.sampled_from(list(MARKETS)),
    st.builds(
        HeldPosition,
        st.sampled_from(Side),
        st.integers(0, 10**6),
        st.integers(0, 10**12),
        st.integers(-(10**12), 10**12),
        st.integers(-(10**9), 10**9),
    ),
)


def hold(names: list[str], amounts: list[int]) -> tuple[HeldAmount, ...]:
    return tuple(HeldAmount(*each) for each in zip(names, amounts, strict=False))


@given(
    positions=st.lists(POSITIONS, max_size=7),
    balances=st.lists(AMOUNTS, max_size=len(ASSETS)),
    order=st.permutations(list(ASSETS)),
)
def test_nothing_is_lost_and_nothing_is_counted_twice(
    positions: list[NamedPosition], balances: list[int], order: list[str]
) -> None:
    record = AccountRecord("u-1", tuple(positions), hold(order, balances))
    parts = SPLITTER.split(record)
    held = [each for part in parts for _, each in part.positions]
    assert Counter(held) == Counter(each.held for each in positions)
    found = {each.asset: each.amount for part in parts for each in part.balances}
    assert found == {LISTING.asset_places[each.asset]: each.amount for each in record.balances if each.amount}
    assert [(part.part, part.of) for part in parts] == [(place, len(parts)) for place in range(len(parts))]
    for part in parts:
        assert len(part.positions) <= SHAPES[part.place].positions
        assert len(part.balances) <= SHAPES[part.place].balances
        assert OpenPart.decode(part.place, part.encode()) == part


def test_every_debt_of_made_up_accounts_is_covered_where_it_stands() -> None:
    records = [record for record in Crowd(2000, 4) if record.debts]
    assert records
    for record in records:
        parts = SPLITTER.split(record)
        for part in parts:
            sealed = part.seal(1, 2, 3, SHAPES[part.place], LISTING)
            require_covered(sealed)
        assert [debt.amount for part in parts for debt in part.debts] == [each.amount for each in record.debts]


def test_two_debts_have_a_part_each_with_balances_of_their_own() -> None:
    coins = 10**6
    record = AccountRecord(
        "u-1",
        (),
        hold(["USDT", "USDC"], [1000 * coins, 1000 * coins]),
        hold(["USDC", "USDT"], [900 * coins, 950 * coins]),
    )
    parts = SPLITTER.split(record)
    assert [(part.place, part.debts) for part in parts] == [(1, [Debt(0, 950 * coins)]), (1, [Debt(1, 900 * coins)])]
    assert [len(part.balances) for part in parts] == [1, 1]


@pytest.mark.parametrize(
    ("balances", "debts", "reason"),
    [
        ([("BTC", 10**8)], [("USDT", 90_251 * 10**6)], Reason.INSUFFICIENT_MARGIN),
        ([], [("USDT", 1)], Reason.INSUFFICIENT_MARGIN),
        ([("DOGE", 1)], [], Reason.UNKNOWN_ASSET),
    ],
)
def test_a_debt_that_is_not_covered_is_refused(
    balances: list[tuple[str, int]], debts: list[tuple[str, int]], reason: Reason
) -> None:
    record = AccountRecord(
        "u-1", (), tuple(HeldAmount(*each) for each in balances), tuple(HeldAmount(*each) for each in debts)
    )
    with pytest.raises(MarginError) as refused:
        SPLITTER.split(record)
    assert refused.value.reason is reason


def test_a_bitcoin_covers_its_price_less_the_haircut() -> None:
    record = AccountRecord("u-1", (), hold(["BTC"], [10**8]), hold(["USDT"], [90_250 * 10**6]))
    assert len(SPLITTER.split(record)) == 1


def test_a_debt_needs_a_class_with_room_for_it() -> None:
    with pytest.raises(MarginError, match="without debts"):
        Splitter(SHAPES[:1], LISTING).split(AccountRecord("u-1", (), (), hold(["USDT"], [5])))


def test_an_unknown_market_is_named() -> None:
    position = NamedPosition("DOGE-USDT", HeldPosition(Side.LONG, 1, 1, 1, 0))
    with pytest.raises(MarginError, match=r"positions\[0\]\.market"):
        SPLITTER.split(AccountRecord("u-1", (position,)))


def test_a_position_beyond_what_can_be_counted_is_refused() -> None:
    position = NamedPosition("BTC-USDT", HeldPosition(Side.LONG, 2**64 - 1, 1, 1, 0))
    with pytest.raises(MarginError, match=r"positions\[0\]\.equity6"):
        SPLITTER.split(AccountRecord("u-1", (position,)))
