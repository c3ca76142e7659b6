"""What a market's leaves name as its policy: a commitment to the published document and to its terms of liquidation.

    policy hash = H(tag, document, terms of liquidation)

The document is the highest 248 bits of its digest, its version included. The terms are the numbers of the one market,
packed, so that a statement about a liquidation opens them with one hash, and every other statement reads no more than
the element that they end in. A market in which nothing is liquidated has no terms: zero, which is no rule's word.

Rates are rounded to ppm, upwards, and the threshold of a fraction to money units, upwards: against the trader, as all
that a leaf rounds.
"""

from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil
from typing import Final, Self

from facts.commitments import hash_elements
from facts.elements import require_bits, require_range, truncate_digest
from facts.packing import LIQUIDATION_TERMS, TIERS_DOWN_BITS
from facts.quantise import count_ppm, require_whole, round_rate
from facts.tags import Tag
from margin.bounds import MAX_MONEY, MONEY_BITS, PPM
from margin.documents.policy_document import PolicyDocument
from margin.policy import LiquidationRule, LiquidationTarget, LiquidationTerms, MarketPolicy

RULE_NUMBERS: Final = {
    LiquidationRule.FULL: 1,
    LiquidationRule.LEAST: 2,
    LiquidationRule.FRACTION: 3,
    LiquidationRule.TIERS_DOWN: 4,
}
NO_TERMS: Final = 0


@dataclass(frozen=True, slots=True)
class CommittedTerms:
    """How one market liquidates, as its leaves commit to it."""

    rule: LiquidationRule
    target: LiquidationTarget
    penalty_ppm: int
    buffer_ppm: int
    fee_ppm: int
    """The closing fee, whether or not a requirement counts it."""
    fraction_ppm: int
    threshold: int
    tiers_down: int

    def __post_init__(self) -> None:
        for name in ("penalty_ppm", "buffer_ppm", "fee_ppm", "fraction_ppm"):
            require_range(getattr(self, name), name, 0, PPM, "ppm: at most 10^6")
        require_bits(self.threshold, "threshold", MONEY_BITS)
        require_bits(self.tiers_down, "tiers_down", TIERS_DOWN_BITS)

    @classmethod
    def of(cls, policy: MarketPolicy) -> Self:
        """The terms of a market's policy, rounded."""
        terms = quantise_liquidation(policy.liquidation)
        return cls(
            rule=terms.rule,
            target=terms.target,
            penalty_ppm=count_ppm(terms.penalty_rate),
            buffer_ppm=count_ppm(terms.buffer_rate),
            fee_ppm=count_ppm(round_rate(policy.closing_fee_rate)),
            fraction_ppm=count_ppm(terms.fraction),
            threshold=require_whole(terms.fraction_threshold, "threshold", "whole money units"),
            tiers_down=terms.tiers_down,
        )

    @property
    def parts(self) -> dict[str, int]:
        """The numbers that the element holds, as a statement takes them."""
        return {
            "rule": RULE_NUMBERS[self.rule],
            "on_initial": int(self.target is LiquidationTarget.INITIAL),
            "penalty_ppm": self.penalty_ppm,
            "buffer_ppm": self.buffer_ppm,
            "fee_ppm": self.fee_ppm,
            "fraction_ppm": self.fraction_ppm,
            "threshold": self.threshold,
            "tiers_down": self.tiers_down,
        }

    def encode(self) -> int:
        """The terms as one element."""
        return LIQUIDATION_TERMS.encode(self.parts)


def quantise_liquidation(terms: LiquidationTerms) -> LiquidationTerms:
    """The terms that a leaf expresses."""
    threshold = min(Fraction(ceil(terms.fraction_threshold)), Fraction(MAX_MONEY - 1))
    return replace(
        terms,
        penalty_rate=round_rate(terms.penalty_rate),
        buffer_rate=round_rate(terms.buffer_rate),
        fraction=round_rate(terms.fraction),
        fraction_threshold=threshold,
    )


def name_document(document: PolicyDocument) -> int:
    """The element that names a published policy, its version included: what its digest's highest 248 bits are."""
    return truncate_digest(bytes.fromhex(document.digest))


def commit_policy(document: int, terms: CommittedTerms | None) -> int:
    """What the leaves of a market hold, of the name of its document."""
    return hash_elements(Tag.POLICY, document=document, terms=terms.encode() if terms else NO_TERMS)


def hash_policy(document: PolicyDocument, market: MarketPolicy | None) -> int:
    """What the leaves of a market hold, of its document; a market of options alone has no terms of liquidation."""
    return commit_policy(name_document(document), CommittedTerms.of(market) if market else None)
