"""What is made public of a liquidation: the leaf that the book holds from then on, and every amount that flowed.

    liquidation = H(tag, new leaf, currency, basket, slippage, settled, fee, penalty, returned, gap)

It stands in the place of the policy. The trader, who knows his position, and a verifier compare the amounts with what
was booked; nobody learns from them which position it was. The old leaf is spent as by a transition
(``facts.transition.derive_leaf_nullifier``), so that no leaf changes twice, whoever changes it.

    cash before + basket sold + gap = cash after + settled + fee + penalty + returned

The basket is sold only where the whole position is closed; else it goes on backing what is left.

``Reduction`` is the arithmetic of it, which a venue and a trader do alike: what follows, in whole money units, from how
many lots were closed at which price.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil, floor

from facts.bounds import require_currency_id
from facts.commitments import PerpetualBody, hash_elements
from facts.elements import require_element, require_range
from facts.market import MarketTier
from facts.market_root import pick_fact
from facts.policy_commitment import CommittedTerms
from facts.tags import Tag
from margin.bounds import MONEY_BITS, PPM, PRICE_BITS
from margin.errors import Reason
from margin.funding import funding_owed
from margin.policy import Basis, FeeBasis
from margin.requirement import RequirementKind
from snark.bn254.constants import GROUP_ORDER

SETTLED_BITS = MONEY_BITS + 2
"""What is settled is made up of at most four amounts of money."""


@dataclass(frozen=True, slots=True)
class LiquidationFlows:
    """The money that flows when a venue reduces a position, in whole money units of its currency."""

    currency_id: int
    basket: int = 0
    """What the locks of the position were counted for; 0 where there are none."""
    slippage: int = 0
    """By how many ticks the execution was worse than the attested price; 0 where it was that price."""
    settled: int = 0
    """Funding and realised loss, to the rest of the market; below zero where it pays."""
    fee: int = 0
    """The closing fee, to the venue."""
    penalty: int = 0
    """To the insurance fund."""
    returned: int = 0
    """To the trader, of a position that was closed whole."""
    gap: int = 0
    """What the insurance fund paid, of a position whose equity ended below zero."""

    def __post_init__(self) -> None:
        require_currency_id(self.currency_id)
        most = 2**MONEY_BITS - 1
        for name in ("basket", "fee", "penalty"):
            require_range(getattr(self, name), name, 0, most, f"money units: at least 0, below 2^{MONEY_BITS}")
        most = 2**SETTLED_BITS - 1
        for name in ("returned", "gap"):
            require_range(getattr(self, name), name, 0, most, f"money units: at least 0, below 2^{SETTLED_BITS}")
        require_range(self.settled, "settled", -most, most, f"money units: at most {SETTLED_BITS} bits and a sign")
        require_range(self.slippage, "slippage", 0, 2**PRICE_BITS - 1, "ticks: at least 0, below 2^64")


@dataclass(frozen=True, slots=True)
class StatedLiquidation:
    """What a venue says beside the claim: a verifier hashes it and finds it in the place of the policy."""

    leaf: int
    """What the book's keeper puts into the next book; one of no position where all was closed."""
    flows: LiquidationFlows

    def __post_init__(self) -> None:
        require_element(self.leaf, "leaf")

    def encode(self) -> int:
        """What stands in the place of a policy."""
        flows = self.flows
        return hash_elements(
            Tag.LIQUIDATION,
            leaf=self.leaf,
            currency_id=flows.currency_id,
            basket=flows.basket,
            slippage=flows.slippage,
            settled=flows.settled % GROUP_ORDER,
            fee=flows.fee,
            penalty=flows.penalty,
            returned=flows.returned,
            gap=flows.gap,
        )


@dataclass(frozen=True, slots=True)
class Reduction:
    """So many lots of a committed position are closed by its venue; ``market`` is any tier of its market."""

    body: PerpetualBody = field(repr=False)
    cash: int = field(repr=False)
    market: MarketTier
    terms: CommittedTerms
    closed: int = field(repr=False)
    basket: int = field(default=0, repr=False)
    slippage: int = field(default=0, repr=False)
    charges_fee: bool = True
    """Whether the closing fee is charged on top of the penalty."""

    def __post_init__(self) -> None:
        require_range(self.closed, "closed", 1, self.body.size, "lots: at least 1, at most all")
        require_range(self.basket, "basket", 0, 2**MONEY_BITS - 1, "money units: at least 0, below 2^100")
        highest = 2**PRICE_BITS - 1 if self.body.side.sign < 0 else self.price - 1
        require_range(self.slippage, "slippage", 0, highest, "ticks: at least 0, and a price above 0 is left")

    @property
    def price(self) -> int:
        """The attested one of the side."""
        return self.market.price_for(self.body.side)

    @property
    def executed(self) -> int:
        """The price of execution."""
        return self.price - self.body.side.sign * self.slippage

    @property
    def slope(self) -> int:
        """1 where the position gains as its notional grows, else -1."""
        return self.market.contract.notional_slope(self.body.side)

    @property
    def left(self) -> int:
        """How many lots stay."""
        return self.body.size - self.closed

    @property
    def left_entry(self) -> int:
        """Their entry notional, rounded up as ``round_against_trader`` does."""
        return ceil(self.entry_share(self.left))

    @property
    def closed_notional(self) -> int:
        """What was closed, in whole money units: rounded down where the trader is paid it, up where he owes it."""
        exact = self.closed * self.market.contract.lot_value(Fraction(self.executed))
        return floor(exact) if self.slope > 0 else ceil(exact)

    @property
    def funding_owed(self) -> int:
        """Until now."""
        body = self.body
        return funding_owed(body.side, body.size, body.funding_index, self.market.funding_index)

    @property
    def charges_ppm(self) -> int:
        """Of the notional that is closed."""
        return self.terms.penalty_ppm + self.charged_fee_ppm

    @property
    def charged_fee_ppm(self) -> int:
        """The closing fee, if it is charged."""
        return self.terms.fee_ppm if self.charges_fee else 0

    # --- What flows --------------------------------------------------------------------------------------

    def flows(self) -> LiquidationFlows:
        """All amounts."""
        settled = self.funding_owed - self.slope * (self.closed_notional + self.left_entry - self.body.entry_notional)
        fee, penalty = (ceil(Fraction(rate * self.closed_notional, PPM)) for rate in self.rates)
        equity = self.cash + self.basket - settled
        returned = gap = 0
        if not self.left:
            fee = min(fee, max(0, equity))
            penalty = min(penalty, max(0, equity) - fee)
            returned, gap = max(0, equity) - fee - penalty, max(0, -equity)
        return LiquidationFlows(
            self.market.currency_id, self.basket, self.slippage, settled, fee, penalty, returned, gap
        )

    @property
    def rates(self) -> tuple[int, int]:
        """Of the closing fee and of the penalty, in ppm."""
        return self.charged_fee_ppm, self.terms.penalty_ppm

    def left_cash(self) -> int:
        """What stays in a position that goes on; nothing in one that is closed whole."""
        flows = self.flows()
        return self.cash - flows.settled - flows.fee - flows.penalty if self.left else 0

    def left_body(self) -> PerpetualBody:
        """What is committed of lots that stay: their funding is settled."""
        body = self.body
        return PerpetualBody(body.side, self.left, self.left_entry, self.market.funding_index, body.market_id)

    # --- What it is judged by ----------------------------------------------------------------------------

    def entry_share(self, lots: int) -> Fraction:
        """The entry notional of so many lots, exact."""
        return Fraction(self.body.entry_notional * lots, self.body.size)

    def notional(self, lots: int) -> Fraction:
        """So many lots at the attested price."""
        return lots * self.market.contract.lot_value(Fraction(self.price))

    def equity(self, lots: int) -> Fraction:
        """The equity with so many lots left, were the others closed and charged in full."""
        closed = (self.body.size - lots) * self.market.contract.lot_value(Fraction(self.executed))
        base = self.cash + self.basket - self.funding_owed - self.slope * self.body.entry_notional
        return base + self.slope * (self.notional(lots) + closed) - closed * Fraction(self.charges_ppm, PPM)

    def measure(self, lots: int) -> Fraction:
        """What the tier of so many lots is found by: the basis of the maintenance requirement."""
        on_entry = self.market.maintenance.basis is Basis.ENTRY
        return self.entry_share(lots) if on_entry else self.notional(lots)

    def requirement(self, tier: MarketTier, lots: int, kind: RequirementKind) -> Fraction:
        """What a tier requires of so many lots."""
        terms = tier.requirement(kind)
        basis = self.entry_share(lots) if terms.basis is Basis.ENTRY else self.notional(lots)
        return Fraction(
            terms.rate_ppm * basis - terms.deduction + terms.fee_ppm * self.charged(terms.fee_basis, lots), PPM
        )

    def charged(self, basis: FeeBasis, lots: int) -> Fraction:
        """What a counted closing fee is charged on."""
        match basis:
            case FeeBasis.ENTRY:
                return self.entry_share(lots)
            case FeeBasis.MARK:
                return self.notional(lots)
            case FeeBasis.BANKRUPTCY:
                return max(Fraction(0), self.notional(lots) - self.slope * self.equity(lots))

    def holds_target(self, tier: MarketTier, lots: int, kind: RequirementKind) -> bool:
        """Whether so many lots would be held with the buffer."""
        weight = 1 + Fraction(self.terms.buffer_ppm, PPM)
        return self.equity(lots) >= weight * self.requirement(tier, lots, kind)

    def pick_tier(self, tiers: Sequence[MarketTier], lots: int) -> MarketTier:
        """The tier of so many lots."""
        measure = self.measure(lots)
        return pick_fact(tiers, lambda tier: tier.holds_for(measure), "market", Reason.UNKNOWN_MARKET)
