"""Random policies, positions and markets that sit on and around every boundary of the rules.

One generator, two sources of choice: hypothesis, which shrinks what it finds, and a seeded
``random.Random``, which makes tens of thousands of cases in seconds. Numbers are small on purpose:
tier floors are laid where the position is or passes through, so that floors, cliffs and roots are hit
exactly and not merely approached.

    @given(cases())                     shrinks
    for case in bulk_cases(10_000): ... fast, the same every time
    for case in common_cases(600): ...  the same for all tests, drawn once
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from fractions import Fraction
from itertools import islice
from math import floor
from random import Random
from typing import Final, Protocol, TypeVar

from hypothesis import strategies as st

from margin.basket import Asset, HaircutTier, Holding
from margin.bounds import MAX_LEVERAGE
from margin.contracts import Contract, ContractKind, Side
from margin.liquidation import mark_at_notional
from margin.policy import (
    Basis,
    FeeBasis,
    FeeScope,
    LiquidationRule,
    LiquidationTarget,
    LiquidationTerms,
    MarketPolicy,
    PriceRule,
)
from margin.position import Equity, MarketState, Position, compute_equity, compute_notional
from margin.requirement import RequirementKind, compute_requirement
from margin.tiers import Tier, TierMeasure, TierRule, TierTable

Option = TypeVar("Option")
ZERO = Fraction(0)
ONE = Fraction(1)


class Chooser(Protocol):
    """Where choices come from."""

    def integer(self, low: int, high: int) -> int:
        """An integer in [low, high]."""

    def pick(self, options: Sequence[Option]) -> Option:
        """One of ``options``, the plainest first."""


class SeededChooser:
    """Choices from a seeded generator: fast and repeatable."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)  # noqa: S311 - test data, not a secret

    def integer(self, low: int, high: int) -> int:
        """An integer in [low, high]."""
        return self.random.randint(low, high)

    def pick(self, options: Sequence[Option]) -> Option:
        """One of ``options``."""
        return options[self.random.randrange(len(options))]


class ShrinkingChooser:
    """Choices from hypothesis: towards the low end and the first option when it shrinks."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw

    def integer(self, low: int, high: int) -> int:
        """An integer in [low, high]."""
        return self.draw(st.integers(low, high))

    def pick(self, options: Sequence[Option]) -> Option:
        """One of ``options``."""
        return self.draw(st.sampled_from(options))


@dataclass(frozen=True, slots=True)
class Case:
    """A position in a market under a policy."""

    policy: MarketPolicy
    position: Position
    market: MarketState

    def equity_parts(self) -> Equity:
        """The equity of the position at the mark, with its parts."""
        return compute_equity(self.policy.contract, self.position, self.market, self.policy.price_rule)

    def equity(self) -> Fraction:
        """The equity of the position at the mark."""
        return self.equity_parts().total

    def notional(self) -> Fraction:
        """The mark notional of the position."""
        return compute_notional(self.policy.contract, self.position, self.market, self.policy.price_rule)

    def requirement(self, kind: RequirementKind) -> Fraction:
        """The requirement of the position at the mark."""
        return compute_requirement(self.policy, self.position, self.market, kind).total

    def excess(self, kind: RequirementKind) -> Fraction:
        """Equity beyond the requirement; negative where it falls short."""
        return self.equity() - self.requirement(kind)

    def with_cash(self, cash: Fraction) -> "Case":
        """The same case with other cash."""
        return replace(self, position=replace(self.position, cash=cash))

    def with_excess(self, kind: RequirementKind, excess: Fraction) -> "Case":
        """The same case with the cash that makes equity exceed the requirement by exactly ``excess``.

        The excess is a straight line over the cash, save for the kink where a closing fee at the
        bankruptcy price ends: one secant step finds it, a second one from beyond the kink.
        """
        case = self
        for _ in range(2):
            here, there = case.excess(kind), case.with_cash(case.position.cash + 1).excess(kind)
            if here in {excess, there}:
                break
            case = case.with_cash(case.position.cash + (excess - here) / (there - here))
        return case


class Standing(Enum):
    """Where the equity of a case lies."""

    AT_MAINTENANCE = "equity = maintenance requirement"
    BELOW_MAINTENANCE = "one unit below the maintenance requirement"
    AT_INITIAL = "equity = initial requirement"
    BELOW_INITIAL = "one unit below the initial requirement"
    HEALTHY = "somewhere above the initial requirement"
    BREACHED = "below the maintenance requirement, above zero"
    BANKRUPT = "below zero"
    ENDS_AT_FLOOR = "meets the maintenance requirement at a floor: a cliff there in a step table"
    ANY = "anywhere"


BREACHED_STANDINGS = (Standing.BELOW_MAINTENANCE, Standing.BREACHED, Standing.BREACHED, Standing.BANKRUPT)
HEALTHY_STANDINGS = (Standing.AT_INITIAL, Standing.HEALTHY)


def choose_contract(choose: Chooser) -> Contract:
    """Linear or inverse; inverse lots are worth more, so that their notionals are not all below 1."""
    kind = choose.pick(tuple(ContractKind))
    return Contract(kind, choose.integer(1, 20) if kind is ContractKind.LINEAR else 100 * choose.integer(1, 500))


def choose_market(choose: Chooser) -> MarketState:
    """A market at some hundred ticks, with or without confidence interval and funding."""
    mark = Fraction(choose.integer(20, 600))
    if choose.integer(0, 9) == 0:
        mark += Fraction(1, 3)
    return MarketState(
        mark=mark,
        confidence=Fraction(choose.pick((0, 0, 1, int(mark) // 10))),
        funding_index=choose.pick((0, 0, 1, -1, 10**7, -(10**7) - 1, choose.integer(-(10**8), 10**8))),
        assets={name: choose_asset(choose) for name in ("COIN", "DUST")},
    )


def choose_asset(choose: Chooser) -> Asset:
    """An asset with one to three haircut tiers."""
    floors, haircuts = [0], [choose.integer(0, 30)]
    for _ in range(choose.integer(0, 2)):
        floors.append(floors[-1] + choose.integer(1, 3000))
        haircuts.append(min(100, haircuts[-1] + choose.integer(0, 40)))
    price = choose.integer(1, 500)
    return Asset(
        price=price,
        confidence=choose.pick((0, price // 20)),
        unit_value=choose.pick((ONE, Fraction(1, 10), Fraction(1, 7))),
        haircuts=tuple(HaircutTier(Fraction(f), Fraction(h, 100)) for f, h in zip(floors, haircuts, strict=True)),
    )


def choose_basket(choose: Chooser) -> tuple[Holding, ...]:
    """Mostly nothing, sometimes one or two holdings."""
    names = choose.pick(((), (), (), ("COIN",), ("COIN", "DUST")))
    return tuple(Holding(name, choose.integer(0, 100)) for name in names)


def choose_position(choose: Chooser, contract: Contract, market: MarketState) -> Position:
    """A position opened near the mark, with no cash yet."""
    size = choose.pick((choose.integer(1, 3), choose.integer(1, 12), choose.integer(1, 60)))
    entry_price = market.mark * choose.integer(70, 130) / 100
    entry_notional = size * contract.lot_value(entry_price)
    if choose.integer(0, 3):
        entry_notional = Fraction(max(1, floor(entry_notional)))
    return Position(
        side=choose.pick(tuple(Side)),
        size=size,
        entry_notional=entry_notional,
        cash=ZERO,
        funding_index=choose.pick((0, market.funding_index, choose.integer(-(10**8), 10**8))),
        leverage=choose.pick((None, None, ONE, Fraction(5, 2), Fraction(choose.integer(1, 50)))),
        basket=choose_basket(choose),
    )


def choose_rising(choose: Chooser, count: int, high: int) -> list[int]:
    """``count`` integers that never fall, the first at least 1."""
    values = [choose.integer(1, high)]
    for _ in range(count - 1):
        values.append(values[-1] + choose.pick((0, 1, choose.integer(0, high))))
    return values


def choose_floors(choose: Chooser, anchors: Sequence[Fraction], count: int, *, whole: bool) -> list[Fraction]:
    """Up to ``count`` rising floors above zero, on and around ``anchors``."""
    found: set[Fraction] = set()
    for _ in range(count):
        exact = choose.pick(anchors) * choose.pick((ONE, ONE, Fraction(choose.integer(1, 40), 20)))
        found.add(Fraction(max(1, floor(exact))) if whole else exact)
    return sorted(found)


def choose_table(
    choose: Chooser, anchors: Callable[[TierMeasure], Sequence[Fraction]], *, partial: bool = False
) -> TierTable:
    """One to five tiers whose floors lie where the position passes; ``partial`` ones may start above zero."""
    rule, initial_rule = choose.pick(tuple(TierRule)), choose.pick(tuple(TierRule))
    measure = choose.pick(tuple(TierMeasure))
    by_size = measure is TierMeasure.SIZE
    floors = choose_floors(choose, anchors(measure), choose.integer(0, 4), whole=by_size or choose.integer(0, 1) == 0)
    first_floor, first_amount = ZERO, None
    if partial and floors and not (by_size and rule is TierRule.MARGINAL) and choose.integer(0, 1):
        first_floor = floors[0] * Fraction(choose.integer(1, 19), 20)
        first_amount = ZERO if rule is TierRule.MARGINAL else None
    count = len(floors) + 1
    steepness = choose.pick((5, 20, 80))
    maintenance = [min(ONE, Fraction(k, 400)) for k in choose_rising(choose, count, steepness)]
    extra = choose_rising(choose, count, steepness)
    initial = [min(ONE, m + Fraction(k - 1, 300)) for m, k in zip(maintenance, extra, strict=True)]
    limits = choose.integer(0, 1)
    return TierTable(
        tiers=tuple(
            Tier(
                floor=low,
                initial_rate=i,
                maintenance_rate=m,
                max_leverage=min(Fraction(MAX_LEVERAGE), 1 / i) if limits else None,
                amount=first_amount if index == 0 else None,
            )
            for index, (low, i, m) in enumerate(zip([first_floor, *floors], initial, maintenance, strict=True))
        ),
        rule=rule,
        initial_rule=initial_rule,
        measure=measure,
        cap=choose.pick((None, None, ([first_floor, *floors][-1] + 1) * 2)),
    )


def choose_terms(choose: Chooser) -> LiquidationTerms:
    """Terms of liquidation of any rule."""
    return LiquidationTerms(
        rule=choose.pick(tuple(LiquidationRule)),
        penalty_rate=Fraction(choose.pick((0, 0, 5, choose.integer(0, 120))), 1000),
        target=choose.pick(tuple(LiquidationTarget)),
        buffer_rate=Fraction(choose.pick((0, 0, 1, choose.integer(0, 60))), 100),
        fraction=Fraction(choose.integer(1, 10), 10),
        fraction_threshold=Fraction(choose.pick((0, choose.integer(0, 20_000)))),
        tiers_down=choose.integer(1, 3),
    )


def choose_policy(choose: Chooser, contract: Contract, table: TierTable) -> MarketPolicy:
    """A policy: any basis, price rule, fee and allowance."""
    basis = choose.pick(tuple(Basis))
    return MarketPolicy(
        contract=contract,
        table=table,
        basis=basis,
        initial_basis=choose.pick((basis, basis, *Basis)),
        price_rule=choose.pick(tuple(PriceRule)),
        closing_fee_rate=Fraction(choose.pick((0, 0, 6, choose.integer(0, 200))), 10_000),
        closing_fee_basis=choose.pick(tuple(FeeBasis)),
        closing_fee_scope=choose.pick(tuple(FeeScope)),
        slippage_rate=Fraction(choose.pick((0, 0, 0, choose.integer(0, 25))), 100),
        withdrawal_floor_rate=Fraction(choose.pick((0, 0, 10, choose.integer(0, 50))), 100),
        liquidation=choose_terms(choose),
    )


def choose_standing(choose: Chooser, case: Case, standings: Sequence[Standing]) -> Case:
    """The case with the cash that puts its equity where one of ``standings`` says."""
    standing = choose.pick(standings)
    share = Fraction(choose.integer(1, 99), 100)
    if standing is Standing.ENDS_AT_FLOOR:
        return end_at_floor(choose, case, share)
    if standing is Standing.BANKRUPT:
        return case.with_cash(case.position.cash - case.equity() - 1 - floor(share * case.notional()))
    if standing is Standing.ANY:
        return case.with_cash(Fraction(choose.integer(-2000, 20_000)))
    maintenance, initial = RequirementKind.MAINTENANCE, RequirementKind.INITIAL
    kind, excess = {
        Standing.AT_MAINTENANCE: (maintenance, ZERO),
        Standing.BELOW_MAINTENANCE: (maintenance, -min(ONE, case.requirement(maintenance))),
        Standing.BREACHED: (maintenance, -share * case.requirement(maintenance)),
        Standing.AT_INITIAL: (initial, ZERO),
        Standing.BELOW_INITIAL: (initial, -ONE),
        Standing.HEALTHY: (initial, 3 * share * case.requirement(initial)),
    }[standing]
    return case.with_excess(kind, excess)


def end_at_floor(choose: Chooser, case: Case, share: Fraction) -> Case:
    """The case with the cash that is just enough where its notional is at a floor of the table.

    Up to ``share`` of a tenth of the floor is added: less than most steps, so that a position whose
    notional rises falls off the cliff, and nothing is added half the time, so that the root is the floor.
    """
    floors = [low for low in case.policy.table.floors if low > 0]
    if not floors or case.policy.table.measure is TierMeasure.SIZE:
        return case.with_excess(RequirementKind.MAINTENANCE, ZERO)
    notional = choose.pick(floors)
    mark = mark_at_notional(case.policy, case.position, case.market, notional)
    if mark <= case.market.confidence:
        return case.with_excess(RequirementKind.MAINTENANCE, ZERO)
    there = replace(case, market=case.market.at_mark(mark))
    excess = choose.pick((ZERO, share * notional / 10))
    return replace(there.with_excess(RequirementKind.MAINTENANCE, excess), market=case.market)


def choose_case(
    choose: Chooser, *, partial_tables: bool = False, standings: Sequence[Standing] = tuple(Standing)
) -> Case:
    """A whole case: the position first, then a table whose floors it meets, then its cash."""
    contract, market = choose_contract(choose), choose_market(choose)
    position = choose_position(choose, contract, market)
    lot = contract.lot_value(market.mark)

    def anchors(measure: TierMeasure) -> tuple[Fraction, ...]:
        lots = Fraction(choose.integer(1, position.size))
        sizes = (lots, Fraction(position.size), Fraction(max(1, position.size // 2)))
        return sizes if measure is TierMeasure.SIZE else (*(n * lot for n in sizes), position.entry_notional)

    table = choose_table(choose, anchors, partial=partial_tables)
    case = Case(choose_policy(choose, contract, table), position, market)
    return choose_standing(choose, case, standings)


@st.composite
def cases(draw: st.DrawFn, *, standings: Sequence[Standing] = tuple(Standing)) -> Case:
    """A strategy of cases for hypothesis, with whole tables."""
    return choose_case(ShrinkingChooser(draw), standings=standings)


def bulk_cases(count: int, *, seed: int = 0, standings: Sequence[Standing] = tuple(Standing)) -> Iterator[Case]:
    """``count`` cases, the same for the same seed."""
    choose = SeededChooser(seed)
    return (choose_case(choose, standings=standings) for _ in range(count))


MOST_COMMON: Final = 1000
_COMMON: dict[tuple[Standing, ...], tuple[Iterator[Case], list[Case]]] = {}


def common_cases(count: int, *, standings: Sequence[Standing] = tuple(Standing)) -> list[Case]:
    """The first ``count`` of those that tests have in common: a draw costs more than most of what is asked of it."""
    source, drawn = _COMMON.setdefault(tuple(standings), (bulk_cases(MOST_COMMON, standings=standings), []))
    drawn.extend(islice(source, max(0, count - len(drawn))))
    assert len(drawn) >= count
    return drawn[:count]
