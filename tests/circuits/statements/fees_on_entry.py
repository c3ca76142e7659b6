"""``fees_on_entry.toml``: liquidations whose requirement is taken of the mark, and whose closing fee of the entry."""

import tomllib
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

from margin.basket import Holding
from margin.contracts import Contract, ContractKind, Side
from margin.policy import Basis, FeeBasis, FeeScope, LiquidationRule, LiquidationTarget, LiquidationTerms, MarketPolicy
from margin.position import MarketState, Position
from margin.tiers import Tier, TierRule, TierTable
from tests.circuits.statements.liquidation_cases import MONEY, MONEY_ASSET, LiquidationCase

TABLE: Final = Path(__file__).with_suffix(".toml")


@dataclass(frozen=True, slots=True)
class FoundCase:
    """A liquidation, how many lots its plan closes, and how many it may not though they passed once."""

    case: LiquidationCase
    planned: int
    passed: tuple[int, ...]
    fits: bool


def read_found_cases() -> list[FoundCase]:
    """All of the file."""
    return [
        FoundCase(read_case(row), row["planned"], tuple(row.get("passed", ())), row.get("fits", True))
        for row in tomllib.loads(TABLE.read_text(encoding="utf-8"))["case"]
    ]


def read_case(row: dict[str, Any]) -> LiquidationCase:
    """The numbers of one row."""
    basket = row.get("basket", 0)
    position = Position(
        side=Side.SHORT,
        size=row["size"],
        entry_notional=Fraction(row["entry_notional"]),
        cash=Fraction(row["cash"]),
        funding_index=row.get("funding_settled", 0),
        basket=(Holding(MONEY, basket),) if basket else (),
    )
    market = MarketState(Fraction(row["mark"]), funding_index=row.get("funding", 0), assets={MONEY: MONEY_ASSET})
    return LiquidationCase(
        read_policy(row), position, market, row.get("slippage", 0), row.get("charges_fee", True), seed=7
    )


def read_policy(row: dict[str, Any]) -> MarketPolicy:
    """Its tiers, its fee and how it liquidates."""
    tiers = tuple(Tier(*map(Fraction, tier)) for tier in row["tiers"])
    return MarketPolicy(
        Contract(ContractKind(row["kind"]), row["multiplier"]),
        TierTable(tiers, TierRule(row["rule"]), TierRule(row["initial_rule"])),
        Basis.MARK,
        Basis.MARK,
        closing_fee_rate=Fraction(row["fee"]),
        closing_fee_basis=FeeBasis.ENTRY,
        closing_fee_scope=FeeScope(row["scope"]),
        liquidation=LiquidationTerms(
            LiquidationRule.LEAST,
            penalty_rate=Fraction(row.get("penalty", 0)),
            target=LiquidationTarget(row["target"]),
            buffer_rate=Fraction(row.get("buffer", 0)),
        ),
    )
