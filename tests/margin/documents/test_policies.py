"""The policies that ship: each loads, says where it is from, deducts what was published, and is put to use."""

import tomllib
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from margin.documents.policy_document import Market
from margin.documents.position_document import PositionDocument, read_position
from margin.documents.published import find_policy, list_policies, load_policy
from margin.documents.reading import parse_json
from margin.documents.units import Precision
from margin.errors import MalformedError, MisuseError, Reason
from margin.policy import Basis, LiquidationRule
from margin.tiers import TierMeasure, TierRule

F = Fraction
HERE = Path(__file__).parent
GUIDE = HERE.parents[2] / "docs" / "margin" / "policies.md"
EXAMPLES = tomllib.loads((HERE / "published_examples.toml").read_text(encoding="utf-8"))
TABLES = tomllib.loads((HERE / "shipped_tables.toml").read_text(encoding="utf-8"))["tables"]

WITHOUT_A_NUMBER = {
    *("aevo", "binance-usdm-2024-10", "bybit-linear-2025-06", "coinex-2020", "coinex-2022"),
}
"""Policies whose venues were not seen to print a worked number; their tables are checked by other means."""

MARKETS = [(policy, market) for policy in list_policies() for market in load_policy(policy).markets]
every_policy = pytest.mark.parametrize("name", list_policies())
every_market = pytest.mark.parametrize(("policy", "market"), MARKETS)


def texts() -> list[str]:
    """Every document of the published examples."""
    return [
        text
        for kind in EXAMPLES
        for example in EXAMPLES[kind]
        for text in example.get("documents", [example.get("document")])
    ]


def policies_put_to_use() -> set[str]:
    """The policies that a published example names."""
    contents: list[Any] = [parse_json(text) for text in texts()]
    return {content["policy"] for content in contents if "policy" in content}


def decimals_of(market: Market) -> tuple[object, ...]:
    """A market's rules in decimals, whatever units they were read in."""
    table, units = market.policy.table, market.units
    unit = units.lot if table.measure is TierMeasure.SIZE else units.money_unit
    rows = [(tier.floor * unit, tier.initial_rate, tier.maintenance_rate, tier.max_leverage) for tier in table.tiers]
    liquidation = market.policy.liquidation
    return (
        rows,
        None if table.cap is None else table.cap * unit,
        [line.amount * units.money_unit for line in table.maintenance_lines(1)] if unit == units.money_unit else None,
        (liquidation.rule, liquidation.fraction_threshold * units.money_unit),
        (market.policy.basis, market.policy.initial_basis, table.rule, table.initial_rule),
    )


def document(market: str, position: str, rest: str = "") -> PositionDocument:
    """A long under ``binance-usdm``."""
    text = f'{{"policy": "binance-usdm", "market": {market}, "position": {{"side": "long", {position}}} {rest}}}'
    return read_position(parse_json(text), load_policy)


@every_policy
def test_a_policy_is_named_as_its_file(name: str) -> None:
    assert load_policy(name).name == name


@every_policy
def test_a_policy_says_where_and_when_it_was_published(name: str) -> None:
    policy = load_policy(name)
    assert policy.sources
    assert all(source.title and source.date for source in policy.sources)
    assert all("http" not in source.title + source.note for source in policy.sources)


@every_policy
def test_a_policy_is_in_the_guide(name: str) -> None:
    row = next(line for line in GUIDE.read_text(encoding="utf-8").splitlines() if line.startswith(f"| `{name}` |"))
    assert load_policy(name).effective in row


def test_policies_differ_in_their_identity() -> None:
    digests = {load_policy(name).digest for name in list_policies()}
    assert len(digests) == len(list_policies())


def test_every_policy_is_put_to_use_by_a_published_example() -> None:
    assert set(list_policies()) - policies_put_to_use() == WITHOUT_A_NUMBER


@pytest.mark.parametrize("table", TABLES, ids=lambda table: f"{table['policy']} {table['market']}")
def test_a_table_deducts_what_it_should(table: dict[str, Any]) -> None:
    market = load_policy(table["policy"]).market(table["market"])
    lines = market.policy.table.maintenance_lines(1)
    assert [line.amount * market.units.money_unit for line in lines] == [F(amount) for amount in table["amounts"]]


@every_market
def test_a_row_alone_requires_what_the_table_requires(policy: str, market: str) -> None:
    """A marginal table is continuous: at each floor the rows on both sides agree."""
    table = load_policy(policy).market(market).policy.table
    if table.rule is not TierRule.MARGINAL:
        return
    lines = table.maintenance_lines(1)
    for floor, below, above in zip(table.floors[1:], lines, lines[1:], strict=False):
        assert below.at(floor) == above.at(floor)


@every_market
def test_no_leverage_allowed_is_liquidated_at_once(policy: str, market: str) -> None:
    table = load_policy(policy).market(market).policy.table
    for tier in table.tiers:
        assert tier.maintenance_rate <= tier.initial_rate
        if tier.max_leverage is not None:
            assert tier.maintenance_rate * tier.max_leverage <= 1


@every_market
def test_units_that_fit_a_document_change_no_rule(policy: str, market: str) -> None:
    shipped = load_policy(policy)
    fine = Precision(price_digits=8, size_digits=6, money_digits=9)
    assert decimals_of(shipped.market(market, fine)) == decimals_of(shipped.market(market))


def test_hyperliquid_keeps_exact_rates() -> None:
    market = load_policy("hyperliquid").market("DOGE-TESTNET")
    assert [tier.maintenance_rate for tier in market.policy.table.tiers] == [F(1, 20), F(1, 10), F(1, 6)]
    assert market.policy.withdrawal_floor_rate == F(1, 10)
    liquidation = market.policy.liquidation
    assert liquidation.rule is LiquidationRule.FRACTION
    assert (liquidation.fraction, liquidation.fraction_threshold * market.units.money_unit) == (F(1, 5), F(100_000))


def test_okx_takes_the_whole_position_at_the_rate_of_its_contracts() -> None:
    market = load_policy("okx-linear").market("AAVE-USDT-SWAP")
    table = market.policy.table
    assert (table.rule, table.measure) == (TierRule.STEP, TierMeasure.SIZE)
    assert [table.tiers[table.tier_index(F(lots))].maintenance_rate for lots in (1000, 1001, 3000, 3001)] == [
        *(F("0.0065"), F("0.01"), F("0.01"), F("0.015"))
    ]


def test_coinex_pages_differ_in_the_basis_alone() -> None:
    older, newer = (load_policy(name).market("BTCUSDT").policy for name in ("coinex-2020", "coinex-2022"))
    assert (older.basis, newer.basis) == (Basis.ENTRY, Basis.MARK)
    assert older.table == newer.table


def test_a_named_market_fits_the_numbers_at_hand() -> None:
    units = document('"BTCUSDT"', '"size": "0.00001", "entry_price": "1", "cash": "13200.70726908"').market.units
    assert (units.tick, units.lot, units.money_unit) == (F("0.01"), F("0.00001"), F("0.00000001"))
    priced = document('"BTCUSDT"', '"size": "1", "entry_price": "1", "cash": "1"', ', "prices": {"mark": "1.2345"}')
    assert priced.market.units.tick == F("0.0001")


def test_units_that_a_policy_names_are_kept() -> None:
    text = (
        '{"policy": "bitmex", "market": "XBTUSD", "prices": {"mark": "7000.1"},'
        ' "position": {"side": "long", "size": "1", "entry_price": "7000", "leverage": "2"}}'
    )
    with pytest.raises(MalformedError) as refusal:
        read_position(parse_json(text), load_policy)
    assert (refusal.value.reason, refusal.value.field) == (Reason.NOT_ON_GRID, "prices.mark")


def test_a_market_like_another_differs_in_what_it_says() -> None:
    position = '"size": "1", "entry_price": "20000", "leverage": "10"'
    named = document('"BTCUSDT"', position).market.policy
    like = document('{"like": "BTCUSDT", "closing_fee": "0.05%"}', position).market.policy
    assert like.table == named.table
    assert (named.closing_fee_rate, like.closing_fee_rate) == (F(0), F("0.0005"))


def test_orders_finer_than_the_mark_make_finer_units() -> None:
    orders = ', "orders": [{"side": "long", "size": "0.0001", "price": "0.12345"}]'
    units = document('"ALT-75X"', '"size": "1", "entry_price": "0.1", "leverage": "10"', orders).market.units
    assert (units.tick, units.lot) == (F("0.00001"), F("0.0001"))


def test_an_unknown_policy_is_refused_with_the_names() -> None:
    with pytest.raises(MisuseError) as refusal:
        find_policy("no-such-venue", HERE)
    assert refusal.value.reason is Reason.UNKNOWN_POLICY
    assert "bybit-linear" in refusal.value.expected


def test_a_policy_file_is_found_beside_the_document(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text(
        'name = "own"\nversion = 1\nvenue = "Own"\ntitle = "Own rules"\neffective = "now"\n'
        '[markets.X]\nkind = "linear"\nbasis = "mark"\ntiers = [{ maintenance = "1%" }]\n'
    )
    assert list(find_policy("own.toml", tmp_path).markets) == ["X"]


@pytest.mark.parametrize("text", ['"\\ud800"', '{"\\udc00": 1}', '["\\ud800\\u0041"]', b'"\xed\xa0\x80"'])
def test_half_a_character_is_no_json(text: str | bytes) -> None:
    """It could be read, and not be written again: into a hash, a log or an answer."""
    with pytest.raises(MalformedError) as refused:
        parse_json(text)
    assert refused.value.reason is Reason.NOT_READABLE
    assert parse_json('"\\ud83d\\ude00 \\\\ud800"') == "\U0001f600 \\ud800"
