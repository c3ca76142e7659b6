"""Instruments as facts: what one lot held long makes or loses in each of 16 scenarios, and what a lot sold adds.

    H(tag, terms, outcomes 0 to 3, outcomes 4 to 7, outcomes 8 to 11, outcomes 12 to 15)

Four outcomes stand in one element, each as ``outcome + 2^61``.
"""

from dataclasses import dataclass
from typing import Final

from facts.bounds import require_currency_id, require_instrument_id
from facts.commitments import hash_elements
from facts.elements import require_bits, require_range
from facts.packing import INSTRUMENT_TERMS, OUTCOME_BIAS, OUTCOME_BITS, OUTCOMES, SHORT_MINIMUM_BITS
from facts.tags import Tag
from margin.bounds import SCENARIOS
from margin.errors import MisuseError, Reason
from margin.scenarios import Instrument

OUTCOMES_OF_A_WORD: Final = len(OUTCOMES.parts)


@dataclass(frozen=True, slots=True)
class InstrumentFact:
    """The risk array of an instrument at one moment, in money units for one lot."""

    instrument_id: int
    currency_id: int
    outcomes: tuple[int, ...]
    short_minimum: int

    def __post_init__(self) -> None:
        require_instrument_id(self.instrument_id)
        require_currency_id(self.currency_id)
        if len(self.outcomes) != SCENARIOS:
            found, expected = f"{len(self.outcomes)} outcomes", f"exactly {SCENARIOS}"
            raise MisuseError(Reason.WRONG_COUNT, "outcomes", found=found, expected=expected)
        expected = f"money units for one lot: at least -2^{OUTCOME_BITS - 1}, below 2^{OUTCOME_BITS - 1}"
        for index, outcome in enumerate(self.outcomes):
            require_range(outcome, f"outcomes[{index}]", -OUTCOME_BIAS, OUTCOME_BIAS - 1, expected)
        require_bits(self.short_minimum, "short_minimum", SHORT_MINIMUM_BITS)

    def encode_terms(self) -> int:
        """Which instrument, its currency and its short minimum as one element."""
        return INSTRUMENT_TERMS.encode(
            {
                "instrument_id": self.instrument_id,
                "currency_id": self.currency_id,
                "short_minimum": self.short_minimum,
            }
        )

    @property
    def biased_outcomes(self) -> tuple[int, ...]:
        """The outcomes without a sign, as they are packed."""
        return tuple(outcome + OUTCOME_BIAS for outcome in self.outcomes)

    def encode_outcomes(self) -> tuple[int, ...]:
        """The outcomes, four to an element."""
        names, biased = tuple(OUTCOMES.widths), self.biased_outcomes
        words = range(0, SCENARIOS, OUTCOMES_OF_A_WORD)
        return tuple(OUTCOMES.encode(dict(zip(names, biased[i : i + OUTCOMES_OF_A_WORD], strict=True))) for i in words)


def commit_instrument(fact: InstrumentFact) -> int:
    """A leaf of the market tree."""
    words = {f"outcomes[{index}]": word for index, word in enumerate(fact.encode_outcomes())}
    return hash_elements(Tag.INSTRUMENT, terms=fact.encode_terms(), **words)


def quantise_instrument(instrument: Instrument, *, instrument_id: int, currency_id: int) -> InstrumentFact:
    """The leaf of an instrument of ``margin``, whose risk array is in whole money units already."""
    return InstrumentFact(instrument_id, currency_id, instrument.outcomes, instrument.short_minimum)
