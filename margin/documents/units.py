"""Units: the decimals that people write, in the lots, ticks and money units that the rules count in.

    multiplier (linear)  = lot * contract_size * tick / money_unit
    multiplier (inverse) = lot * contract_size / (tick * money_unit)

must be a whole number; a market whose tick and lot are too fine for the money unit is refused
rather than rounded.
"""

from dataclasses import dataclass
from fractions import Fraction

from margin.amounts import Rounding, decimal_digits, render_exact, render_rounded
from margin.bounds import MAX_SIZE, require_money
from margin.contracts import Contract, ContractKind, Side
from margin.errors import MalformedError, Reason

MONEY_DIGITS = {ContractKind.LINEAR: 6, ContractKind.INVERSE: 8}
"""A money unit is 1e-6 of a quote currency; coins are counted in 1e-8, as their chains do."""


@dataclass(frozen=True, slots=True)
class Units:
    """One lot, one tick and one money unit, in contracts, quote currency and settlement currency."""

    currency: str
    kind: ContractKind
    tick: Fraction
    lot: Fraction
    contract_size: Fraction
    money_unit: Fraction

    def __post_init__(self) -> None:
        """Units are above zero and fit each other."""
        for field in ("tick", "lot", "contract_size", "money_unit"):
            value: Fraction = getattr(self, field)
            if value <= 0:
                raise MalformedError(Reason.OUT_OF_BOUNDS, field, found=value, expected="a number above 0")
        if self.exact_multiplier.denominator != 1:
            raise MalformedError(
                Reason.NOT_ON_GRID,
                "money_unit",
                found=render_exact(self.money_unit),
                expected=f"a unit that divides the value of one lot for one tick, {render_exact(self.lot_tick_value)}",
            )

    @property
    def lot_tick_value(self) -> Fraction:
        """The value of one lot at one tick, in the settlement currency."""
        scale = self.tick if self.kind is ContractKind.LINEAR else 1 / self.tick
        return self.lot * self.contract_size * scale

    @property
    def exact_multiplier(self) -> Fraction:
        """Money units for one lot and one tick, before it is known to be whole."""
        return self.lot_tick_value / self.money_unit

    @property
    def contract(self) -> Contract:
        """The contract that these units describe."""
        return Contract(self.kind, self.exact_multiplier.numerator)

    def lots(self, contracts: Fraction, field: str) -> int:
        """A size in lots; a part of a lot is refused."""
        lots = contracts / self.lot
        if lots.denominator != 1:
            raise MalformedError(
                Reason.NOT_ON_GRID,
                field,
                found=render_exact(contracts),
                expected=f"a multiple of the lot {render_exact(self.lot)}",
            )
        if not 1 <= lots <= MAX_SIZE:
            raise MalformedError(
                Reason.OUT_OF_BOUNDS,
                field,
                found=render_exact(contracts),
                expected="a size above 0 and below 2^64 lots",
            )
        return lots.numerator

    def ticks(self, price: Fraction) -> Fraction:
        """A price in ticks, on the grid or not."""
        return price / self.tick

    def grid_ticks(self, price: Fraction, field: str) -> Fraction:
        """An attested price: a whole number of ticks."""
        ticks = self.ticks(price)
        if ticks.denominator != 1:
            raise MalformedError(
                Reason.NOT_ON_GRID,
                field,
                found=render_exact(price),
                expected=f"a multiple of the tick {render_exact(self.tick)}",
            )
        return ticks

    def money(self, amount: Fraction, field: str) -> Fraction:
        """An amount of the settlement currency in money units; a part of one is refused."""
        units = amount / self.money_unit
        if units.denominator != 1:
            raise MalformedError(
                Reason.NOT_ON_GRID,
                field,
                found=render_exact(amount),
                expected=f"a multiple of the money unit {render_exact(self.money_unit)} {self.currency}",
            )
        return require_money(units, field)

    def show_money(self, units: Fraction) -> str:
        """Money units as an exact amount of the settlement currency."""
        return render_exact(units * self.money_unit)

    def round_money(self, units: Fraction, rounding: Rounding) -> str:
        """Money units as an amount of the settlement currency, rounded to a money unit."""
        return render_rounded(units * self.money_unit, self.money_unit, rounding)

    def show_price(self, ticks: Fraction) -> str:
        """Ticks as an exact price."""
        return render_exact(ticks * self.tick)

    def round_price(self, ticks: Fraction, side: Side) -> str:
        """A price at which a position of ``side`` ends, rounded against it: up for a long."""
        rounding = Rounding.UP if side is Side.LONG else Rounding.DOWN
        return render_rounded(ticks * self.tick, self.tick, rounding)


@dataclass(frozen=True, slots=True)
class Precision:
    """How many decimals of prices, sizes and amounts a document uses: units for a market that names none."""

    price_digits: int = 2
    size_digits: int = 3
    money_digits: int = 0

    @classmethod
    def of(cls, prices: list[Fraction], sizes: list[Fraction], amounts: list[Fraction]) -> "Precision":
        """Fine enough for each of these numbers; prices no coarser than 0.01, sizes than 0.001."""
        return cls(
            max([2, *(decimal_digits(price) or 0 for price in prices)]),
            max([3, *(decimal_digits(size) or 0 for size in sizes)]),
            max([0, *(decimal_digits(amount) or 0 for amount in amounts)]),
        )

    @property
    def tick(self) -> Fraction:
        """The smallest step of a price."""
        return Fraction(1, 10**self.price_digits)

    @property
    def lot(self) -> Fraction:
        """The smallest step of a size."""
        return Fraction(1, 10**self.size_digits)

    def money_unit(self, kind: ContractKind, tick: Fraction, lot_size: Fraction) -> Fraction:
        """The money unit of the kind; a finer power of ten where an amount, or one lot for one tick, asks for it."""
        value = lot_size * tick if kind is ContractKind.LINEAR else lot_size / tick
        return Fraction(1, 10 ** max(MONEY_DIGITS[kind], self.money_digits, decimal_digits(value) or 0))
