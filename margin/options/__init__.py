"""The standard option rules that venues publish, one file for each family."""

from margin.options.bybit import BybitRule
from margin.options.deribit import DeribitRule, Reference
from margin.options.derive import DeriveRule
from margin.options.gate import GateRule
from margin.options.leg import LegMargin, OptionKind, OptionLeg, OptionMarket, Settlement, StructureMargin, Term
from margin.options.paradex import ParadexRule
from margin.options.rule import OptionRule, compute_leg_margin, compute_structure_margin

__all__ = [
    "BybitRule",
    "DeribitRule",
    "DeriveRule",
    "GateRule",
    "LegMargin",
    "OptionKind",
    "OptionLeg",
    "OptionMarket",
    "OptionRule",
    "ParadexRule",
    "Reference",
    "Settlement",
    "StructureMargin",
    "Term",
    "compute_leg_margin",
    "compute_structure_margin",
]
