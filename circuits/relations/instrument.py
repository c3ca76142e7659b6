"""Instruments of a portfolio: what each makes or loses in 16 scenarios, as the market root says.

    outcome of scenario i   S_i = sum over holdings of lots * outcome_i        lots < 0 where sold
    short minimums          M   = sum over holdings of lots sold * short minimum

A place without a holding has no lots, and shows an instrument that adds nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from circuits.builder import Builder, Flag, Uint
from circuits.gadgets.packing import declare_packed, pack
from circuits.gadgets.signed import with_sign
from circuits.relations.commitment import enforce_member, hash_tagged
from circuits.signal import Bit, Bounded, Signal, sum_signals
from facts.packing import HOLDINGS, INSTRUMENT_TERMS, OUTCOME_BIAS, OUTCOMES
from facts.portfolio import HOLDINGS_OF_A_WORD
from facts.tags import Tag
from margin.bounds import SCENARIOS, SIZE_BITS

OUTCOME_WORDS: Final = SCENARIOS // len(OUTCOMES.parts)
TERMS_MEANINGS: Final = {
    "instrument_id": "number of the instrument",
    "currency_id": "what its outcomes are counted in",
    "short_minimum": "money units that each lot sold adds to the requirement",
}
OUTCOME_MEANING: Final = "money units of one lot held long in a scenario, with a bias that makes it positive"


@dataclass(frozen=True, slots=True, eq=False)
class HoldingSignals:
    """Lots of one instrument, with what the market root says of it."""

    instrument_id: Bounded
    lots: Bounded
    side: Bit
    currency: Bounded
    short_minimum: Bounded
    outcomes: tuple[Bounded, ...]

    def signed_lots(self) -> Bounded:
        """Below zero where they were sold."""
        return with_sign(self.side, self.lots)


def open_holding(builder: Builder, market_root: Signal, levels: int) -> HoldingSignals:
    """One place of a portfolio, and its instrument, which the oracle round has."""
    lots = builder.private("lots", Uint(SIZE_BITS), "lots held, either way; 0 is no holding")
    side = builder.private("side", Flag(), "1 if the lots were sold")
    with builder.scope("instrument"):
        terms = declare_packed(builder, INSTRUMENT_TERMS, TERMS_MEANINGS)
        words = []
        for word in range(OUTCOME_WORDS):
            with builder.scope(f"outcomes[{word}]"):
                words.append(declare_packed(builder, OUTCOMES, dict.fromkeys(OUTCOMES.widths, OUTCOME_MEANING)))
        leaf = hash_tagged(builder, Tag.INSTRUMENT, terms.element, *(word.element for word in words))
        enforce_member(builder, leaf, market_root, levels, rule="instrument_in_round")
    outcomes = tuple(word[name] - OUTCOME_BIAS for word in words for name in OUTCOMES.widths)
    return HoldingSignals(terms["instrument_id"], lots, side, terms["currency_id"], terms["short_minimum"], outcomes)


def hash_portfolio(builder: Builder, holdings: Sequence[HoldingSignals]) -> Signal:
    """The body that the holdings make, two to an element."""
    words = []
    for start in range(0, len(holdings), HOLDINGS_OF_A_WORD):
        word = holdings[start : start + HOLDINGS_OF_A_WORD]
        values = [value for held in word for value in (held.instrument_id, held.lots, held.side)]
        words.append(pack(list(zip(values, HOLDINGS.widths.values(), strict=True))))
    return hash_tagged(builder, Tag.PORTFOLIO, *words)


def enforce_one_currency(holdings: Sequence[HoldingSignals]) -> Bounded:
    """All outcomes are counted in one currency, which is what comes back."""
    currency = holdings[0].currency
    for held in holdings[1:]:
        currency.builder.enforce_equal(held.currency, currency, rule="portfolio_has_one_currency")
    return currency


def compute_outcomes(holdings: Sequence[HoldingSignals]) -> list[Bounded]:
    """What the holdings together come to in each scenario: one product for each of them in each."""
    lots = [held.signed_lots() for held in holdings]
    return [
        sum_signals([each * held.outcomes[place] for each, held in zip(lots, holdings, strict=True)])
        for place in range(SCENARIOS)
    ]


def compute_short_minimums(holdings: Sequence[HoldingSignals]) -> Bounded:
    """What the lots that were sold add to the requirement."""
    return sum_signals([held.side * held.lots * held.short_minimum for held in holdings])
