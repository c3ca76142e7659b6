"""The batch engine: both backends say the same as the engine for one position, to the last byte."""

from array import array
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import product
from math import ceil, floor
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from margin import batch
from margin.batch import (
    BACKEND_VARIABLE,
    CHUNK_ROWS,
    Backend,
    BatchResult,
    Totals,
    available_backends,
    evaluate_batch,
)
from margin.batch_terms import MAX_SCALE, compile_terms
from margin.bounds import MAX_MONEY, MAX_PRICE, MAX_SIZE, PPM
from margin.columns import (
    VALUED_BASKET_ASSETS,
    PositionColumns,
    PriceCause,
    ResultColumns,
    RowEvaluation,
    RowOutcome,
    RowRefusal,
    TickPrice,
    Verdict,
)
from margin.contracts import Contract, ContractKind, Side
from margin.documents.published import list_policies, load_policy
from margin.errors import InternalError, MalformedError, MarginError, MisuseError, Reason
from margin.evaluation import Evaluation, evaluate_position
from margin.policy import Basis, FeeBasis, FeeScope, MarketPolicy, PriceRule
from margin.position import MarketState
from margin.requirement import RequirementKind
from margin.tiers import Tier, TierMeasure, TierRule, TierTable
from tests.margin.batches import BAD_CELLS, Batch, append_row, choose_batch
from tests.margin.strategies import SeededChooser, ShrinkingChooser

BATCHES, ROWS = 200, 12
BACKENDS = [pytest.param(Backend.NATIVE, marks=pytest.mark.native), Backend.REFERENCE]
UNIT = 10**6


# --- What the tests are made of ----------------------------------------------------------------


@pytest.fixture(autouse=True)
def no_choice_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(BACKEND_VARIABLE, raising=False)


@st.composite
def batches(draw: st.DrawFn) -> Batch:
    return choose_batch(ShrinkingChooser(draw), rows=3)


def bulk_batches(count: int, seed: int) -> Iterator[Batch]:
    choose = SeededChooser(seed)
    return (choose_batch(choose, rows=ROWS) for _ in range(count))


def simple_policy(*, rule: TierRule = TierRule.MARGINAL, first_floor: int = 0) -> MarketPolicy:
    """Linear, by mark: 5 % and 2 % up to 1,000,000 units, 10 % and 4 % above."""
    first = Tier(Fraction(first_floor), Fraction(5, 100), Fraction(2, 100), Fraction(20))
    if first_floor and rule is TierRule.MARGINAL:
        first = replace(first, amount=Fraction(0))
    second = Tier(Fraction(UNIT), Fraction(10, 100), Fraction(4, 100), Fraction(10))
    table = TierTable((first, second), rule, TierRule.STEP, cap=Fraction(5 * UNIT))
    return MarketPolicy(Contract(ContractKind.LINEAR, 10), table, Basis.MARK, Basis.MARK)


def row_of(backend: Backend, policy: MarketPolicy, mark: int, **cells: int | Side) -> RowOutcome:
    """The outcome of one position."""
    positions = PositionColumns()
    side = cast("Side", cells.pop("side", Side.LONG))
    positions.append(side=side, **cast("dict[str, int]", cells))
    return evaluate_batch(policy, MarketState(Fraction(mark)), positions, backend=backend)[0]


def evaluated(outcome: RowOutcome) -> RowEvaluation:
    assert isinstance(outcome, RowEvaluation)
    return outcome


def bytes_of(result: BatchResult) -> list[bytes]:
    return [bytes(buffer) for buffer in result.columns.buffers]


def require_same(given_batch: Batch) -> BatchResult:
    """Both backends to the last byte; where they differ, the rows are named."""
    policy, market, positions = given_batch.policy, given_batch.market, given_batch.positions
    native = evaluate_batch(policy, market, positions, backend=Backend.NATIVE)
    reference = evaluate_batch(policy, market, positions, backend=Backend.REFERENCE)
    if bytes_of(native) != bytes_of(reference):
        pairs = zip(native, reference, strict=True)
        assert [(positions.cells(row), *pair) for row, pair in enumerate(pairs) if pair[0] != pair[1]] == []
    assert native.totals == reference.totals
    return reference


def sum_rows(outcomes: list[RowOutcome]) -> Totals:
    rows = [outcome for outcome in outcomes if isinstance(outcome, RowEvaluation)]
    return Totals(
        rows=len(outcomes),
        refused=len(outcomes) - len(rows),
        liquidatable=sum(not row.covers_maintenance for row in rows),
        bankrupt=sum(row.equity < 0 for row in rows),
        equity=sum(row.equity for row in rows if row.equity >= 0),
        shortfall=-sum(row.equity for row in rows if row.equity < 0),
    )


# --- Native equals reference -------------------------------------------------------------------


@pytest.mark.native
@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(20, 30))])
def test_backends_agree_on_thousands_of_rows_at_every_boundary(seed: int) -> None:
    met: Counter[object] = Counter()
    for each in bulk_batches(BATCHES, seed=seed):
        for row in require_same(each):
            if isinstance(row, RowRefusal):
                met[row.reason] += 1
            else:
                met.update((("liquidation", row.liquidation.cause), ("bankruptcy", row.bankruptcy.cause)))
                met.update(("verdict", verdict, verdict in row.verdict) for verdict in Verdict)
    assert {Reason.NOT_A_CHOICE, Reason.OUT_OF_BOUNDS, Reason.OUTSIDE_TABLE} <= set(met)
    assert {("liquidation", cause) for cause in PriceCause} <= set(met)
    assert {("bankruptcy", cause) for cause in (PriceCause.NONE, PriceCause.ROOT, PriceCause.ABOVE_BOUND)} <= set(met)
    assert {("verdict", verdict, holds) for verdict in Verdict for holds in (True, False)} <= set(met)


@pytest.mark.native
@given(batches())
@settings(max_examples=60, deadline=None)
def test_backends_agree_and_shrink_where_they_do_not(each: Batch) -> None:
    require_same(each)


@pytest.mark.native
@pytest.mark.parametrize("kind", ContractKind)
@pytest.mark.parametrize("measure", TierMeasure)
@pytest.mark.parametrize("rule", TierRule)
def test_backends_agree_where_every_number_is_at_its_bound(
    kind: ContractKind, measure: TierMeasure, rule: TierRule
) -> None:
    """A product that wrapped would be a wrong number here."""
    highest = MAX_SIZE if measure is TierMeasure.SIZE else MAX_MONEY
    rates = (Fraction(1, 10**9), Fraction(1, 2), Fraction(10**9 - 1, 10**9), Fraction(1))
    floors = (0, 1, highest // 2, highest - 2)
    table = TierTable(
        tuple(Tier(Fraction(low), rate, rate) for low, rate in zip(floors, rates, strict=True)), rule, rule, measure
    )
    markets = ((1, 2**64 - 1, 2**64 - 2), (2**36, 1, 0), (2**64 - 1, 2**28, 2**27), (1, 2**36, 1), (2**64 - 1, 1, 1))
    rows = list(
        product(
            (1, 2),
            (MAX_SIZE,),
            (1, MAX_MONEY - 1, MAX_MONEY),
            (-MAX_MONEY, MAX_MONEY // 3, MAX_MONEY),
            (0, MAX_MONEY),
            (2**64 - 1,),
            (0, 333_333_333),
        )
    )
    scales = set()
    for basis, fee_basis, (multiplier, mark, confidence) in product(Basis, FeeBasis, markets):
        policy = MarketPolicy(
            contract=Contract(kind, multiplier),
            table=table,
            basis=basis,
            initial_basis=basis,
            price_rule=PriceRule.ADVERSE,
            closing_fee_rate=Fraction(1098, 1099),
            closing_fee_basis=fee_basis,
            closing_fee_scope=FeeScope.BOTH,
            slippage_rate=Fraction(1, 1099),
        )
        market = MarketState(Fraction(mark), Fraction(confidence), 2**64 - 1)
        positions = PositionColumns()
        for row in rows:
            positions.append_cells(row)
        scales.add(compile_terms(policy, market).scale)
        require_same(Batch(policy, market, positions))
    assert all(MAX_SCALE // 2 < scale <= MAX_SCALE for scale in scales)


@pytest.mark.native
@pytest.mark.parametrize("name", list_policies())
def test_backends_agree_on_every_market_that_ships(name: str) -> None:
    choose = SeededChooser(11)
    for market_name in load_policy(name).markets:
        policy = load_policy(name).market(market_name).policy
        for mark in (3_000, 700_000):
            market = MarketState(Fraction(mark), Fraction(2), funding_index=123_456)
            positions = PositionColumns()
            for lots in (1, 50, 2_000, 80_000, 5_000_000):
                for _ in range(3):
                    append_row(choose, positions, policy, market, lots)
            assert require_same(Batch(policy, market, positions)).totals.refused < len(positions)


@pytest.mark.native
def test_backends_agree_where_the_parts_of_a_requirement_carry() -> None:
    """The margin by lots and the fee on the mark have different divisors; here their rests sum up to a whole unit."""
    rates = ((0, Fraction(15_000, PPM)), (3, Fraction(22_000, PPM)))
    tiers = tuple(Tier(Fraction(low), rate, rate) for low, rate in rates)
    policy = MarketPolicy(
        contract=Contract(ContractKind.INVERSE, 1389),
        table=TierTable(tiers, TierRule.MARGINAL, TierRule.MARGINAL, TierMeasure.SIZE),
        basis=Basis.ENTRY,
        initial_basis=Basis.ENTRY,
        closing_fee_rate=Fraction(186_658, PPM),
        closing_fee_basis=FeeBasis.MARK,
    )
    positions = PositionColumns()
    for side, cash in product(Side, range(0, 1500, 10)):
        positions.append(side=side, size=17, entry_notional=4929, cash=cash)
    require_same(Batch(policy, MarketState(Fraction(7)), positions))


@pytest.mark.native
@pytest.mark.parametrize("threads", [2, 5])
def test_threads_and_chunks_change_nothing(threads: int) -> None:
    first = next(bulk_batches(1, seed=3))
    positions = PositionColumns()
    positions.extend(first.positions)
    while len(positions) <= 3 * CHUNK_ROWS:
        positions.extend(positions)
    alone = evaluate_batch(first.policy, first.market, positions, backend="native")
    shared = evaluate_batch(first.policy, first.market, positions, backend="native", threads=threads)
    assert bytes_of(shared) == bytes_of(alone)
    assert shared.totals == alone.totals
    repeated = evaluate_batch(first.policy, first.market, first.positions, backend="reference")
    assert alone[len(positions) - 1] == repeated[ROWS - 1]
    assert alone.totals.rows == len(positions)


# --- The reference equals the engine for one position ------------------------------------------


def test_a_row_is_the_evaluation_of_its_position_rounded_against_the_trader() -> None:
    compared = 0
    for each in bulk_batches(60, seed=5):
        result = evaluate_batch(each.policy, each.market, each.positions, backend="reference")
        for row, outcome in enumerate(result):
            exact = evaluate_alone(each, row)
            if isinstance(exact, MarginError):
                assert outcome == RowRefusal(exact.reason)
                continue
            assert isinstance(outcome, RowEvaluation)
            assert outcome.equity == floor(exact.equity.total)
            assert outcome.notional == ceil(exact.mark_notional)
            assert outcome.initial == ceil(exact.initial.total)
            assert outcome.maintenance == ceil(exact.maintenance.total)
            assert outcome.covers_initial == exact.covers(RequirementKind.INITIAL)
            assert outcome.covers_maintenance == exact.covers(RequirementKind.MAINTENANCE)
            assert outcome.within_cap == exact.within_cap
            assert (outcome.liquidation.cause is PriceCause.OUTSIDE_TABLE) == exact.liquidation_outside_table
            is_short = each.positions.position(row).side is Side.SHORT
            liquidation = exact.liquidation.price if exact.liquidation else None
            require_beyond(outcome.liquidation, liquidation, is_short=is_short)
            require_beyond(outcome.bankruptcy, exact.bankruptcy_price, is_short=is_short)
            compared += 1
    assert compared > 200


def require_beyond(ticks: TickPrice, price: Fraction | None, *, is_short: bool) -> None:
    """A price in ticks is at the exact one or less than a tick nearer to where the trader comes from."""
    if ticks.ticks is None:
        assert price is None or price > MAX_PRICE - 1
    else:
        assert price is not None
        assert 0 <= (price - ticks.ticks if is_short else ticks.ticks - price) < 1


def evaluate_alone(each: Batch, row: int) -> Evaluation | MarginError:
    """One row by the engine for one position, or what it says against it."""
    market = replace(each.market, assets=VALUED_BASKET_ASSETS)
    try:
        return evaluate_position(each.policy, each.positions.position(row), market)
    except MarginError as error:
        return error


@pytest.mark.parametrize("backend", BACKENDS)
def test_totals_are_the_sums_of_the_rows(backend: Backend) -> None:
    for each in bulk_batches(20, seed=6):
        result = evaluate_batch(each.policy, each.market, each.positions, backend=backend)
        assert result.totals == sum_rows(list(result))
        assert len(result) == result.totals.rows == ROWS


# --- Known rows --------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_long_at_its_requirement_and_one_unit_below(backend: Backend) -> None:
    # 100 lots at 500 are worth 500,000; opened there, so equity is the cash: initial 25,000, maintenance 10,000.
    position = {"size": 100, "entry_notional": 500_000}
    at, below = (row_of(backend, simple_policy(), 500, **position, cash=25_000 - short) for short in (0, 1))
    assert (evaluated(at).equity, evaluated(at).initial, evaluated(at).maintenance) == (25_000, 25_000, 10_000)
    assert (evaluated(at).covers_initial, evaluated(below).covers_initial) == (True, False)
    at, below = (row_of(backend, simple_policy(), 500, **position, cash=10_000 - short) for short in (0, 1))
    assert evaluated(at).covers_maintenance
    assert evaluated(at).liquidation == TickPrice(PriceCause.ROOT, 500)
    assert not evaluated(below).covers_maintenance
    assert evaluated(below).liquidation == TickPrice(PriceCause.NOW, 500)


@pytest.mark.parametrize("backend", BACKENDS)
def test_prices_are_rounded_up_for_longs_and_down_for_shorts(backend: Backend) -> None:
    # Equity is zero at 500 -+ 30,001 / 1000 ticks; liquidation where 30,001 -+ (N - 500,000) = N * 2 %.
    position = {"size": 100, "entry_notional": 500_000, "cash": 30_001}
    long = evaluated(row_of(backend, simple_policy(), 500, side=Side.LONG, **position))
    short = evaluated(row_of(backend, simple_policy(), 500, side=Side.SHORT, **position))
    assert (long.bankruptcy.ticks, short.bankruptcy.ticks) == (ceil(Fraction(469_999, 1000)), 530)
    assert long.liquidation.ticks == ceil(Fraction(469_999, 980)) == 480
    assert short.liquidation.ticks == floor(Fraction(530_001, 1020)) == 519


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("cash", "cause"), [(20_000, "CLIFF"), (39_999, "CLIFF"), (40_000, "ROOT")])
def test_a_step_table_liquidates_at_its_cliff(backend: Backend, cash: int, cause: str) -> None:
    # The notional of a short rises through 1,000,000, where 2 % (20,000) become 4 % (40,000) and it has its cash.
    policy = simple_policy(rule=TierRule.STEP)
    row = evaluated(row_of(backend, policy, 990, side=Side.SHORT, size=100, entry_notional=UNIT, cash=cash))
    assert row.liquidation == TickPrice(PriceCause[cause], 1000)


@pytest.mark.parametrize("backend", BACKENDS)
def test_what_no_price_liquidates_and_what_a_partial_table_cannot_tell(backend: Backend) -> None:
    position = {"size": 100, "entry_notional": 500_000, "cash": 500_000}
    assert evaluated(row_of(backend, simple_policy(), 500, **position)).liquidation == TickPrice(PriceCause.NONE)
    partial = simple_policy(first_floor=1000)
    told = evaluated(row_of(backend, partial, 500, **position))
    assert told.liquidation == TickPrice(PriceCause.OUTSIDE_TABLE)
    assert told.bankruptcy == TickPrice(PriceCause.NONE)
    assert row_of(backend, partial, 1, **position) == RowRefusal(Reason.OUTSIDE_TABLE)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_price_that_no_mark_may_have_is_said_to_be_one(backend: Backend) -> None:
    policy = replace(simple_policy(), contract=Contract(ContractKind.LINEAR, 1))
    row = evaluated(row_of(backend, policy, 2, side=Side.SHORT, size=1, entry_notional=2, cash=MAX_MONEY))
    assert row.liquidation == row.bankruptcy == TickPrice(PriceCause.ABOVE_BOUND)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("lots", "within"), [(500, True), (501, False)])
def test_the_cap_is_a_verdict_and_no_refusal(backend: Backend, lots: int, within: bool) -> None:  # noqa: FBT001
    row = evaluated(row_of(backend, simple_policy(), 1000, size=lots, entry_notional=UNIT, cash=UNIT))
    assert row.within_cap is within


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("leverage_ppm", "allowed"), [(0, True), (20 * PPM, True), (20 * PPM + 1, False)])
def test_leverage_is_allowed_up_to_the_tiers_limit(backend: Backend, leverage_ppm: int, allowed: bool) -> None:  # noqa: FBT001
    position = {"size": 100, "entry_notional": 500_000, "cash": 500_000, "leverage_ppm": leverage_ppm}
    assert evaluated(row_of(backend, simple_policy(), 500, **position)).leverage_allowed is allowed


@pytest.mark.parametrize("backend", BACKENDS)
def test_funding_is_rounded_against_the_trader_whichever_way_it_flows(backend: Backend) -> None:
    market = MarketState(Fraction(500), funding_index=1)
    for side, equity in ((Side.LONG, 999), (Side.SHORT, 1000)):
        positions = PositionColumns()
        positions.append(side=side, size=1, entry_notional=5000, cash=1000)
        assert evaluated(evaluate_batch(simple_policy(), market, positions, backend=backend)[0]).equity == equity


@pytest.mark.parametrize("backend", BACKENDS)
def test_longs_without_a_price_are_refused_and_shorts_are_not(backend: Backend) -> None:
    policy = replace(simple_policy(), price_rule=PriceRule.ADVERSE)
    positions = PositionColumns()
    for side in Side:
        positions.append(side=side, size=100, entry_notional=500_000, cash=UNIT)
    result = evaluate_batch(policy, MarketState(Fraction(500), Fraction(500)), positions, backend=backend)
    assert result[0] == RowRefusal(Reason.OUT_OF_BOUNDS)
    assert evaluated(result[1]).notional == 1_000_000


@pytest.mark.parametrize("backend", BACKENDS)
def test_no_rows_are_a_result_too(backend: Backend) -> None:
    result = evaluate_batch(simple_policy(), MarketState(Fraction(500)), PositionColumns(), backend=backend)
    assert (len(result), list(result), result.totals) == (0, [], Totals())


# --- Bad rows ----------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("column", "value"), BAD_CELLS)
def test_a_bad_row_is_refused_alone(backend: Backend, column: str, value: int) -> None:
    good = {
        "side": 1,
        "size": 100,
        "entry_notional": 500_000,
        "cash": 50_000,
        "basket_value": 7,
        "funding_index": 0,
        "leverage_ppm": 0,
    }
    positions = PositionColumns()
    for cells in (good, good | {column: value}, good):
        positions.append_cells(cells.values())
    result = evaluate_batch(simple_policy(), MarketState(Fraction(500)), positions, backend=backend)
    assert result[1] == RowRefusal(Reason.NOT_A_CHOICE if column == "side" else Reason.OUT_OF_BOUNDS)
    assert result.columns.cells(1)[1:] == (0,) * 9
    assert evaluated(result[0]) == evaluated(result[2])
    assert evaluated(result[0]).equity == 50_007
    assert (result.totals.rows, result.totals.refused, result.totals.equity) == (3, 1, 100_014)


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_equity_or_a_notional_beyond_the_bound_of_money_is_refused(backend: Backend) -> None:
    refused = RowRefusal(Reason.OUT_OF_BOUNDS)
    policy = simple_policy()
    rich = {"size": 1, "entry_notional": 5000, "basket_value": MAX_MONEY}
    assert evaluated(row_of(backend, policy, 500, **rich, cash=0)).equity == MAX_MONEY
    assert row_of(backend, policy, 500, **rich, cash=1) == refused
    assert row_of(backend, policy, MAX_PRICE, size=MAX_SIZE, entry_notional=1, cash=0) == refused


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_lot_worth_more_than_128_bits_is_refused_and_does_not_wrap(backend: Backend) -> None:
    # (2^63 + 1) * (2^65 - 2) = 2^128 + 2^64 - 2
    contract = Contract(ContractKind.LINEAR, 2**63 + 1)
    policy = replace(simple_policy(), contract=contract, price_rule=PriceRule.ADVERSE)
    market = MarketState(Fraction(MAX_PRICE), Fraction(MAX_PRICE))
    positions = PositionColumns()
    positions.append(side=Side.SHORT, size=1, entry_notional=2**64, cash=0)
    assert evaluate_batch(policy, market, positions, backend=backend)[0] == RowRefusal(Reason.OUT_OF_BOUNDS)


# --- Columns -----------------------------------------------------------------------------------


def test_positions_become_columns_and_positions_again() -> None:
    for each in bulk_batches(10, seed=8):
        for row in range(len(each.positions)):
            try:
                position = each.positions.position(row)
            except MalformedError:
                continue
            if position.basket[0].amount > MAX_MONEY:
                continue
            again = PositionColumns.from_positions([position], VALUED_BASKET_ASSETS)
            assert again.cells(0) == each.positions.cells(row)


def test_what_is_no_whole_number_of_money_units_has_no_place_in_a_column() -> None:
    columns = PositionColumns()
    columns.append(side=Side.LONG, size=1, entry_notional=1, cash=0)
    half = replace(columns.position(0), cash=Fraction(1, 2), basket=())
    with pytest.raises(MalformedError) as refused:
        PositionColumns.from_positions([columns.position(0), half], VALUED_BASKET_ASSETS)
    assert (refused.value.reason, refused.value.field) == (Reason.NOT_AN_INTEGER, "[1].cash")


def test_buffers_of_somebody_else_are_read_without_a_copy_and_never_grow() -> None:
    own = next(bulk_batches(1, seed=9)).positions
    buffers = {column.name: bytes(own.column(column.name)) for column in own.layout}
    size = array("Q", own.column("size").tobytes())
    foreign = PositionColumns.from_buffers(buffers | {"size": memoryview(size)})
    assert [foreign.cells(row) for row in range(ROWS)] == [own.cells(row) for row in range(ROWS)]
    size[0] = 12_345
    assert foreign.cells(0)[1] == 12_345
    with pytest.raises(MisuseError) as refused:
        foreign.extend(own)
    assert refused.value.reason is Reason.NOT_APPLICABLE
    with pytest.raises(TypeError):
        foreign.column("size")[0] = 1


def test_columns_of_different_lengths_or_other_names_are_refused() -> None:
    own = next(bulk_batches(1, seed=9)).positions
    buffers = {column.name: bytes(own.column(column.name)) for column in own.layout}
    for name, buffer in buffers.items():
        with pytest.raises(MalformedError) as refused:
            PositionColumns.from_buffers(buffers | {name: buffer + b"\0"})
        assert refused.value.reason is Reason.WRONG_COUNT
        with pytest.raises(MalformedError) as refused:
            PositionColumns.from_buffers({key: value for key, value in buffers.items() if key != name})
        assert refused.value.reason is Reason.MISSING_FIELD
    with pytest.raises(MisuseError) as misused:
        own.column("colour")
    assert misused.value.reason is Reason.UNKNOWN_FIELD


@pytest.mark.parametrize(
    ("cell", "value"),
    [("size", 2**64), ("size", -1), ("cash", 2**127), ("entry_notional", 2**128), ("leverage_ppm", -1)],
)
def test_a_number_that_does_not_fit_its_cell_changes_nothing(cell: str, value: int) -> None:
    columns = PositionColumns()
    good = {"size": 1, "entry_notional": 1, "cash": 0, "leverage_ppm": 0}
    with pytest.raises(MalformedError) as refused:
        columns.append(side=Side.LONG, **(good | {cell: value}))
    assert (refused.value.reason, refused.value.field) == (Reason.OUT_OF_BOUNDS, cell)
    assert len(columns) == columns.size_in_bytes == 0


def test_a_row_that_is_not_there() -> None:
    with pytest.raises(IndexError):
        PositionColumns().cells(0)


def test_a_reason_without_a_code_is_a_broken_invariant() -> None:
    with pytest.raises(InternalError):
        ResultColumns().append_outcome(RowRefusal(Reason.TIERS_UNSORTED))


# --- Which backend -----------------------------------------------------------------------------


def choose(backend: Backend | str = Backend.AUTO, *, mark: Fraction = Fraction(500)) -> Backend:
    """The backend that does the work."""
    return evaluate_batch(simple_policy(), MarketState(mark), PositionColumns(), backend=backend).backend


@pytest.mark.native
def test_native_is_chosen_where_it_is_and_reference_where_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    assert available_backends() == (Backend.NATIVE, Backend.REFERENCE)
    assert (choose(), choose("native"), choose("reference")) == (Backend.NATIVE, Backend.NATIVE, Backend.REFERENCE)
    monkeypatch.setenv(BACKEND_VARIABLE, "reference")
    assert (choose(), choose("native")) == (Backend.REFERENCE, Backend.NATIVE)


def test_native_is_missing_where_it_was_not_built(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "NATIVE", None)
    assert available_backends() == (Backend.REFERENCE,)
    assert choose() is Backend.REFERENCE
    with pytest.raises(MisuseError) as refused:
        choose("native")
    assert refused.value.reason is Reason.BACKEND_MISSING
    monkeypatch.setenv(BACKEND_VARIABLE, "native")
    with pytest.raises(MisuseError) as refused:
        choose()
    assert refused.value.reason is Reason.BACKEND_MISSING


@pytest.mark.parametrize("field", ["backend", BACKEND_VARIABLE])
def test_a_backend_that_nobody_knows_is_refused(monkeypatch: pytest.MonkeyPatch, field: str) -> None:
    if field == BACKEND_VARIABLE:
        monkeypatch.setenv(BACKEND_VARIABLE, "fast")
    with pytest.raises(MisuseError) as refused:
        choose("auto" if field == BACKEND_VARIABLE else "fast")
    assert (refused.value.reason, refused.value.field) == (Reason.NOT_A_CHOICE, field)


@pytest.mark.parametrize("threads", [0, -1, 257, 1.5, True])
def test_a_number_of_threads_that_is_none_is_refused(threads: int) -> None:
    with pytest.raises(MalformedError):
        evaluate_batch(simple_policy(), MarketState(Fraction(500)), PositionColumns(), threads=threads)


def with_tier(policy: MarketPolicy, **changes: Fraction) -> MarketPolicy:
    first, second = policy.table.tiers
    return replace(policy, table=replace(policy.table, tiers=(first, replace(second, **changes))))


BEYOND_NATIVE = [
    pytest.param(simple_policy(), Fraction(1001, 2), Fraction(0), id="a mark between ticks"),
    pytest.param(simple_policy(), Fraction(500), Fraction(2**65), id="a confidence beyond any price"),
    pytest.param(
        with_tier(simple_policy(), floor=Fraction(1, 2)), Fraction(500), Fraction(0), id="half a unit as floor"
    ),
    pytest.param(
        replace(simple_policy(), slippage_rate=Fraction(1, 2**41)), Fraction(500), Fraction(0), id="a rate over 2^41"
    ),
]


@pytest.mark.parametrize(("policy", "mark", "confidence"), BEYOND_NATIVE)
def test_what_native_cannot_say_is_left_to_the_reference(
    policy: MarketPolicy, mark: Fraction, confidence: Fraction
) -> None:
    policy, market = replace(policy, price_rule=PriceRule.ADVERSE), MarketState(mark, confidence)
    positions = PositionColumns()
    positions.append(side=Side.SHORT, size=100, entry_notional=500_000, cash=UNIT)
    result = evaluate_batch(policy, market, positions)
    assert result.backend is Backend.REFERENCE
    assert isinstance(result[0], RowEvaluation)
    with pytest.raises(MisuseError) as refused:
        compile_terms(policy, market)
    assert refused.value.reason is Reason.NOT_APPLICABLE


# --- The native module itself ------------------------------------------------------------------


@pytest.mark.native
def test_native_refuses_what_its_arithmetic_does_not_hold_for() -> None:
    native = batch.NATIVE
    assert native is not None
    terms = compile_terms(simple_policy(), MarketState(Fraction(500)))
    wrong = {
        "scale": (MAX_SCALE + 1, Reason.OUT_OF_BOUNDS),
        "multiplier": (0, Reason.OUT_OF_BOUNDS),
        "fee_rate": (terms.scale + 1, Reason.OUT_OF_BOUNDS),
        "slippage_rate": (terms.scale + 1, Reason.OUT_OF_BOUNDS),
        "mark": (0, Reason.OUT_OF_BOUNDS),
        "long_price": (2**65, Reason.OUT_OF_BOUNDS),
        "shift": (-1, Reason.OUT_OF_BOUNDS),
        "funding_index": (2**64, Reason.OUT_OF_BOUNDS),
        "tiers": ((), Reason.OUT_OF_BOUNDS),
        "contract": ("quanto", Reason.NOT_A_CHOICE),
        "basis": ("last", Reason.NOT_A_CHOICE),
    }
    for field, (value, reason) in wrong.items():
        with pytest.raises(MalformedError) as refused:
            native(replace(terms, **{field: value}), PositionColumns().slices(0, 0), ResultColumns().slices(0, 0))  # type: ignore[arg-type]
        assert refused.value.reason is reason, field


@pytest.mark.native
def test_native_refuses_columns_that_do_not_belong_together() -> None:
    native = batch.NATIVE
    assert native is not None
    terms = compile_terms(simple_policy(), MarketState(Fraction(500)))
    inputs, outputs = PositionColumns(2).slices(0, 2), ResultColumns(2).slices(0, 2)
    assert native(terms, inputs, outputs)[0] == 2
    short = [memoryview(b"")]
    for broken in ((inputs[:-1], outputs), (inputs[:-1] + short, outputs), (inputs, outputs[1:])):
        with pytest.raises(MalformedError) as refused:
            native(terms, *broken)
        assert refused.value.reason is Reason.WRONG_COUNT
    with pytest.raises(MalformedError):
        native(terms, inputs, outputs[:-1] + short)
