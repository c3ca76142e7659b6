"""Random batches on and around every boundary, at every magnitude that the bounds allow.

Numbers are chosen by their number of bits, so that a size of 2^64 - 1, a table scale of 2^40 and an
entry notional of 2^100 are as common as small ones; the cash of a row is the one that leaves its
equity exactly at a requirement, or one unit off; and one row in six is bad.
"""

from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil, floor

from margin.bounds import MAX_LEVERAGE, MAX_MONEY, MAX_MULTIPLIER, MAX_PRICE, MAX_SIZE, PPM
from margin.columns import VALUED_BASKET_ASSETS, PositionColumns
from margin.contracts import Contract, ContractKind
from margin.errors import MarginError
from margin.policy import Basis, FeeBasis, FeeScope, MarketPolicy, PriceRule
from margin.position import MarketState, compute_equity
from margin.requirement import RequirementKind, compute_requirement
from margin.tiers import Tier, TierMeasure, TierRule, TierTable
from tests.margin.strategies import Chooser

BAD_CELLS: tuple[tuple[str, int], ...] = (
    ("side", 0),
    ("side", 3),
    ("side", 255),
    ("size", 0),
    ("entry_notional", 0),
    ("entry_notional", MAX_MONEY + 1),
    ("entry_notional", 2**128 - 1),
    ("cash", MAX_MONEY + 1),
    ("cash", -MAX_MONEY - 1),
    ("cash", -(2**127)),
    ("cash", 2**127 - 1),
    ("basket_value", MAX_MONEY + 1),
    ("basket_value", 2**128 - 1),
    ("funding_index", 2**64),
    ("funding_index", -(2**64)),
    ("funding_index", 2**127 - 1),
    ("funding_index", -(2**127)),
    ("leverage_ppm", 1),
    ("leverage_ppm", PPM - 1),
    ("leverage_ppm", MAX_LEVERAGE * PPM + 1),
    ("leverage_ppm", 2**64 - 1),
)
"""Cells that no row may have: each makes any row a bad one."""


@dataclass(frozen=True)
class Batch:
    """Positions of one market at one moment."""

    policy: MarketPolicy
    market: MarketState
    positions: PositionColumns


def choose_bits(choose: Chooser, most: int) -> int:
    """A number above zero and at most ``most``, of any number of bits."""
    bits = choose.integer(1, most.bit_length())
    return min(most, choose.pick((1 << (bits - 1), (1 << bits) - 1, choose.integer(1 << (bits - 1), (1 << bits) - 1))))


def near(choose: Chooser, anchor: Fraction, high: int, *, low: int = 1) -> int:
    """A whole number at ``anchor``, next to it or around it, within the bounds."""
    share = Fraction(choose.integer(60, 140), 100)
    value = choose.pick((floor(anchor), ceil(anchor), floor(anchor) - 1, ceil(anchor) + 1, floor(anchor * share)))
    return max(low, min(high, value))


def choose_batch(choose: Chooser, *, rows: int) -> Batch:
    """A market, a policy whose table lies where its positions are, and positions at its boundaries."""
    contract = Contract(choose.pick(tuple(ContractKind)), choose_bits(choose, MAX_MULTIPLIER))
    market = choose_market(choose)
    target = Fraction(choose_bits(choose, 2 * MAX_MONEY))
    size = near(choose, target / contract.lot_value(market.mark), MAX_SIZE)
    notional = min(Fraction(MAX_MONEY), size * contract.lot_value(market.mark))
    policy = choose_policy(choose, contract, choose_table(choose, notional, size))
    positions = PositionColumns()
    for _ in range(rows):
        append_row(choose, positions, policy, market, size)
    return Batch(policy, market, positions)


def choose_market(choose: Chooser) -> MarketState:
    """A whole mark, a confidence that may be as large, and a funding index."""
    mark = choose_bits(choose, MAX_PRICE)
    confidence = choose.pick((0, 0, 1, mark // 100, mark - 1, mark, choose_bits(choose, MAX_PRICE)))
    index = choose.pick((0, 1, -1)) * choose_bits(choose, 2**64 - 1)
    return MarketState(Fraction(mark), Fraction(confidence), index)


def choose_table(choose: Chooser, notional: Fraction, size: int) -> TierTable:
    """One to twelve tiers, whole or partial, over a common scale of 10^6 to 10^9."""
    measure = choose.pick(tuple(TierMeasure))
    anchor, most = (Fraction(size), MAX_SIZE) if measure is TierMeasure.SIZE else (notional, MAX_MONEY)
    rule, initial_rule = choose.pick(tuple(TierRule)), choose.pick(tuple(TierRule))
    floors = sorted({near(choose, anchor, most) for _ in range(choose.integer(0, 11))})
    is_partial = (
        floors and choose.integer(0, 3) == 0 and not (measure is TierMeasure.SIZE and rule is TierRule.MARGINAL)
    )
    if not is_partial:
        floors.insert(0, 0)
    scale = choose.pick((10**2, 10**4, 10**6, 3 * 10**6, 10**9))
    maintenance = sorted(choose.integer(1, scale) for _ in floors)
    initial = sorted(min(scale, rate + choose.integer(0, scale)) for rate in maintenance)
    limits = choose_limits(choose, len(floors))
    first = Fraction(maintenance[0], scale) * floors[0] * choose.pick((0, 1)) if is_partial else None
    return TierTable(
        tiers=tuple(
            Tier(
                floor=Fraction(low),
                initial_rate=Fraction(i, scale),
                maintenance_rate=Fraction(m, scale),
                max_leverage=limit,
                amount=first if index == 0 and rule is TierRule.MARGINAL and measure is TierMeasure.NOTIONAL else None,
            )
            for index, (low, i, m, limit) in enumerate(zip(floors, initial, maintenance, limits, strict=True))
        ),
        rule=rule,
        initial_rule=initial_rule,
        measure=measure,
        cap=choose.pick((None, Fraction(max(near(choose, anchor, most), floors[-1] + 1)))),
        slope=choose_slope(choose, size),
    )


def choose_limits(choose: Chooser, count: int) -> list[Fraction | None]:
    """Leverage limits that never rise, or none; thirds are no whole number of ppm."""
    if choose.integer(0, 2) == 0:
        return [None] * count
    return [*sorted((Fraction(choose.integer(3, 3 * MAX_LEVERAGE), 3) for _ in range(count)), reverse=True)]


def choose_slope(choose: Chooser, size: int) -> Fraction:
    """Mostly none; else rates that rise a little, or to several times the notional, or at once."""
    if choose.integer(0, 2):
        return Fraction(0)
    return choose.pick(
        (
            Fraction(1, 10**6),
            Fraction(choose.integer(1, 10**5), 10**6),
            Fraction(min(10**6, 10**6 // size + 1), 10**6),
            Fraction(1),
        )
    )


def choose_policy(choose: Chooser, contract: Contract, table: TierTable) -> MarketPolicy:
    """Any combination of the choices that a batch depends on."""
    scale = choose.pick((10**4, 10**6, 1099))  # 1099 * 10^9 is the largest multiple of 10^9 below 2^40
    return MarketPolicy(
        contract=contract,
        table=table,
        basis=choose.pick(tuple(Basis)),
        initial_basis=choose.pick(tuple(Basis)),
        price_rule=choose.pick(tuple(PriceRule)),
        closing_fee_rate=Fraction(choose.pick((0, 6, choose.integer(0, scale), scale)), scale),
        closing_fee_basis=choose.pick(tuple(FeeBasis)),
        closing_fee_scope=choose.pick(tuple(FeeScope)),
        slippage_rate=Fraction(choose.pick((0, 0, choose.integer(0, scale), scale)), scale),
    )


def append_row(
    choose: Chooser, positions: PositionColumns, policy: MarketPolicy, market: MarketState, size: int
) -> None:
    """One row at a boundary, or a bad one."""
    size = choose.pick((size, near(choose, Fraction(size), MAX_SIZE)))
    notional = min(Fraction(MAX_MONEY), size * policy.contract.lot_value(market.mark))
    limits = [tier.max_leverage for tier in policy.table.tiers if tier.max_leverage is not None] or [Fraction(1)]
    limit = floor(choose.pick(limits) * PPM)
    cells = {
        "side": choose.pick((1, 2)),
        "size": size,
        "entry_notional": choose.pick((near(choose, notional, MAX_MONEY), choose_bits(choose, MAX_MONEY))),
        "cash": 0,
        "basket_value": choose.pick((0, 0, near(choose, notional / 10, MAX_MONEY), choose_bits(choose, MAX_MONEY))),
        "funding_index": choose.pick(
            (market.funding_index, near(choose, Fraction(market.funding_index), 2**64 - 1, low=1 - 2**64))
        ),
        "leverage_ppm": choose.pick(
            (0, 0, PPM, limit, min(limit + 1, MAX_LEVERAGE * PPM), choose.integer(PPM, MAX_LEVERAGE * PPM))
        ),
    }
    cells["cash"] = choose_cash(choose, policy, market, cells)
    if choose.integer(0, 5) == 0:
        cells.update((choose.pick(BAD_CELLS),))
    positions.append_cells(cells.values())


def choose_cash(choose: Chooser, policy: MarketPolicy, market: MarketState, cells: dict[str, int]) -> int:
    """The cash that leaves equity at a requirement or at zero, give or take one unit; or any."""
    anywhere = choose.pick((-1, 1, 1)) * choose_bits(choose, MAX_MONEY)
    if choose.integer(0, 4) == 0:
        return anywhere
    row = PositionColumns()
    row.append_cells(cells.values())
    valued = replace(market, assets=VALUED_BASKET_ASSETS)
    kind = choose.pick((RequirementKind.INITIAL, RequirementKind.MAINTENANCE, RequirementKind.MAINTENANCE, None))
    try:
        position = row.position(0)
        excess = compute_equity(policy.contract, position, valued, policy.price_rule).total
        if kind is not None:
            excess -= compute_requirement(policy, position, valued, kind).total
    except MarginError:
        return anywhere
    cash = ceil(-excess) + choose.pick((0, 0, -1, 1, abs(ceil(excess)) // 8))
    return int(max(-MAX_MONEY, min(MAX_MONEY, cash)))
