"""Portfolios on and around the least equity that covers them, as ``margin`` judges them and as they are proven."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil

from circuits.statements.scenario import Scenario, ScenarioWitness, inputs_for
from facts.instrument import InstrumentFact, quantise_instrument
from facts.market_root import MarketTree
from facts.policy import StatementPolicy
from facts.portfolio import PortfolioBody, PortfolioHolding
from facts.tags import Tag
from margin.bounds import MAX_INSTRUMENTS, PPM, SCENARIOS
from margin.requirement import RequirementKind
from margin.scenarios import Holding, Instrument, compute_scenario_margin
from tests.circuits.statements.claims import SHALLOW, Depths, make_claim
from tests.circuits.statements.judgements import Judgement
from tests.margin.strategies import Chooser, SeededChooser

CURRENCY_ID = 3
SHAPE = Scenario(book_levels=SHALLOW.book, market_levels=SHALLOW.market)


@dataclass(frozen=True, slots=True)
class PortfolioCase:
    """Holdings with their cash, and what a verifier asks of them."""

    holdings: tuple[Holding, ...]
    cash: int
    asked: StatementPolicy
    seed: int

    def needed(self) -> Fraction:
        """The requirement with the buffer, by ``margin``."""
        return compute_scenario_margin(self.holdings).requirement * (1 + Fraction(self.asked.buffer_ppm, PPM))

    def with_least_cash(self) -> "PortfolioCase":
        """The same with the least cash that suffices."""
        return replace(self, cash=ceil(self.needed()))

    def judge(self) -> Iterator[Judgement]:
        """The least cash that suffices, and a unit less."""
        least = self.with_least_cash()
        below = replace(least, cash=least.cash - 1)
        yield Judgement(inputs_for(least.witness()))
        yield Judgement(inputs_for(below.witness()), ("equity_covers_scenario", "equity_covers_short_minimums"))

    def instruments(self) -> tuple[InstrumentFact, ...]:
        """The leaves of the instruments."""
        return tuple(
            quantise_instrument(held.instrument, instrument_id=number, currency_id=CURRENCY_ID)
            for number, held in enumerate(self.holdings, start=1)
        )

    @property
    def body(self) -> PortfolioBody:
        """What is committed."""
        return PortfolioBody(
            tuple(PortfolioHolding(number, held.lots) for number, held in enumerate(self.holdings, start=1))
        )

    def witness(self, depths: Depths = SHALLOW) -> ScenarioWitness:
        """What the trader knows."""
        facts = self.instruments()
        round_ = MarketTree(facts, depths.market)
        claim = make_claim(
            SeededChooser(self.seed),
            kind=Tag.POSITION_PORTFOLIO,
            body=self.body.encode(),
            cash=self.cash,
            policy=self.asked,
            market=round_,
            depths=depths,
        )
        return ScenarioWitness(claim, self.body, tuple((fact, round_.path(fact)) for fact in facts))


def choose_portfolio_case(choose: Chooser) -> PortfolioCase:
    """Instruments with random arrays, some of which offset each other."""
    holdings = tuple(
        choose_holding(choose, f"instrument-{number}") for number in range(choose.integer(1, MAX_INSTRUMENTS))
    )
    asked = StatementPolicy(choose.pick(tuple(RequirementKind)), 0, choose.pick((0, 1, 50_000)))
    return PortfolioCase(holdings, 0, asked, choose.integer(0, 2**32))


def choose_holding(choose: Chooser, name: str) -> Holding:
    """Some lots, either way."""
    scale = choose.pick((10, 10**6, 2**40))
    outcomes = tuple(choose.integer(-scale, scale) for _ in range(SCENARIOS))
    instrument = Instrument(name, outcomes, choose.pick((0, 1, scale)))
    return Holding(instrument, choose.pick((1, -1)) * choose.integer(1, 50))


def judge_portfolios(count: int, seed: int) -> Iterator[Judgement]:
    """So many random portfolios."""
    choose = SeededChooser(seed)
    for _ in range(count):
        yield from choose_portfolio_case(choose).judge()
