"""One option held or sold, the market it is judged in, and the margin it needs, with its reasons."""

from dataclasses import dataclass
from enum import Enum
from fractions import Fraction

from margin.contracts import Side
from margin.errors import MalformedError, Reason
from margin.payoff import Leg, LegKind
from margin.quantities import require_at_least_zero, require_choice, require_positive

ZERO = Fraction(0)


class OptionKind(Enum):
    """The right that an option gives."""

    CALL = "call"
    PUT = "put"


class Settlement(Enum):
    """The currency of marks, premiums and requirements."""

    COIN = "coin"
    QUOTE = "quote"


@dataclass(frozen=True, slots=True)
class OptionLeg:
    """``quantity`` coins' worth of one option, at its present ``mark``.

    ``premium`` is what it was (or is to be) traded for: the average entry of a position, the limit
    of an order. Mark and premium are in the currency the option is quoted in: coins where the rule
    settles in coins, else the quote currency. Contracts of another size are converted before
    they come here: 3 contracts of 0.01 coin are a quantity of 0.03.
    """

    kind: OptionKind
    side: Side
    quantity: Fraction
    strike: Fraction
    mark: Fraction
    premium: Fraction | None = None

    def __post_init__(self) -> None:
        """Refuse what is not an exact, positive option."""
        require_choice(self.kind, OptionKind, "kind")
        require_choice(self.side, Side, "side")
        require_positive(self.quantity, "quantity")
        require_positive(self.strike, "strike")
        require_at_least_zero(self.mark, "mark")
        if self.premium is not None:
            require_at_least_zero(self.premium, "premium")

    @property
    def is_call(self) -> bool:
        """Whether this is a call."""
        return self.kind is OptionKind.CALL

    @property
    def signed_quantity(self) -> Fraction:
        """The quantity held: negative where it was sold."""
        return self.side.sign * self.quantity

    def otm_amount(self, price: Fraction) -> Fraction:
        """How far out of the money the option is at ``price``: 0 at or in the money."""
        return max(ZERO, self.strike - price if self.is_call else price - self.strike)

    def require_premium(self) -> Fraction:
        """The premium, where a rule can't do without it."""
        if self.premium is None:
            raise MalformedError(Reason.MISSING_FIELD, "premium", found=None, expected="the price of the trade")
        return self.premium

    def as_payoff_leg(self) -> Leg:
        """The same option as a leg of a payoff; without a premium it counts as 0."""
        kind = LegKind.CALL if self.is_call else LegKind.PUT
        return Leg(kind, self.side, self.quantity, self.strike, self.premium or ZERO)


@dataclass(frozen=True, slots=True)
class OptionMarket:
    """The underlying: its ``spot`` or index price, and the ``forward`` to the expiry where a rule reads it."""

    spot: Fraction
    forward: Fraction | None = None

    def __post_init__(self) -> None:
        """Refuse prices that are not above zero."""
        require_positive(self.spot, "spot")
        if self.forward is not None:
            require_positive(self.forward, "forward")

    def require_forward(self) -> Fraction:
        """The forward, where a rule can't do without it."""
        if self.forward is None:
            raise MalformedError(
                Reason.MISSING_PRICE, "forward", found=None, expected="the forward price to the expiry"
            )
        return self.forward


@dataclass(frozen=True, slots=True)
class Term:
    """A step of a calculation: what it is, how it came about, what it came to."""

    name: str
    formula: str
    amount: Fraction


@dataclass(frozen=True, slots=True)
class LegMargin:
    """What one leg needs, and the steps that lead there (per coin of underlying until the last two)."""

    initial: Fraction
    maintenance: Fraction
    terms: tuple[Term, ...] = ()


@dataclass(frozen=True, slots=True)
class StructureMargin:
    """What legs of one expiry need together, what each would need alone, and the steps between."""

    initial: Fraction
    maintenance: Fraction
    legs: tuple[LegMargin, ...]
    terms: tuple[Term, ...]
