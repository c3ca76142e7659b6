//! Where a position ends: `margin.liquidation` over integers.
//!
//! Times R, the health of a position at a notional N inside a tier is
//!
//!     x + amount + slope * N * fall        x = base * R - fixed fee
//!
//! so its root is `-slope * (x + amount) / fall`. A position that is healthy at one end of a stretch has a root inside
//! exactly where its health is negative at the other; fall is then above zero.

use ethnum::I256;

use crate::division::divide;
use crate::requirement::{Row, Rule};
use crate::terms::{Basis, ContractKind, Kind, Measure};

/// What is at a price: the code of `margin.columns.PriceCause`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Cause {
    None = 0,
    Root = 1,
    Cliff = 2,
    Now = 3,
    OutsideTable = 4,
    AboveBound = 5,
}

/// A mark price in whole ticks, rounded against the trader.
#[derive(Clone, Copy)]
pub(crate) struct TickPrice {
    pub(crate) cause: Cause,
    pub(crate) ticks: u64,
}

/// A notional per `lots`: `numerator / divisor`, with lots = size * multiplier where the notional is a position's.
struct PerLots {
    numerator: I256,
    divisor: I256,
    lots: I256,
}

impl TickPrice {
    pub(crate) const NONE: Self = Self::without_ticks(Cause::None);

    const fn without_ticks(cause: Cause) -> Self {
        Self { cause, ticks: 0 }
    }
}

impl Row<'_> {
    /// The liquidation price of a position that covers, or does not cover, its maintenance requirement now.
    pub(crate) fn liquidation_price(&self, maintenance: Rule, covers_maintenance: bool) -> TickPrice {
        if !covers_maintenance {
            return TickPrice { cause: Cause::Now, ticks: self.terms.mark };
        }
        match (maintenance.basis, self.terms.measure) {
            (Basis::Mark, Measure::Notional) => self.walk(maintenance),
            (Basis::Mark, Measure::Size) => self.root_by_lots(maintenance),
            (Basis::Entry, Measure::Notional) => self.root_of_entry(maintenance),
            (Basis::Entry, Measure::Size) => self.root_of_entry_by_lots(maintenance),
        }
    }

    pub(crate) fn bankruptcy_price(&self) -> TickPrice {
        self.root(self.bankruptcy_notional(), I256::ONE, self.lots())
    }

    /// Tier by tier from the position's own: a cliff on entering a tier, or a root before its far end.
    fn walk(&self, maintenance: Rule) -> TickPrice {
        let own = self.base * self.terms.scale - self.fixed_fee(Kind::Maintenance);
        for (step, stretch) in self.terms.stretches_from(maintenance.tier, self.side.slope).iter().enumerate() {
            if step > 0 && stretch.near.is_breached(own, self.rise) {
                let (numerator, divisor, lots) = (stretch.near.notional, I256::ONE, self.lots());
                return self.price(Cause::Cliff, PerLots { numerator, divisor, lots });
            }
            if stretch.far.as_ref().is_none_or(|far| far.is_breached(own, self.rise)) {
                let fall = stretch.fall - self.along(self.rise);
                return self.root(-self.along(own + stretch.amount), fall, self.lots());
            }
        }
        TickPrice::without_ticks(if self.terms.floors[0] > 0 { Cause::OutsideTable } else { Cause::None })
    }

    /// Floors in lots, basis mark: one line, `rate = lots at rate / size`. Times size, so that lots lose theirs.
    fn root_by_lots(&self, maintenance: Rule) -> TickPrice {
        let moving_rate = self.terms.slippage_rate + self.moving_fee_rate(Kind::Maintenance);
        let rate = self.lots_at_rate(maintenance) + moving_rate * self.size;
        let own = self.base * self.terms.scale - self.fixed_fee(Kind::Maintenance);
        self.root(-self.along(own), self.terms.scale * self.size - self.along(rate), self.terms.multiplier)
    }

    /// Basis entry: the margin is fixed, and only a closing fee on the mark moves.
    fn root_of_entry(&self, maintenance: Rule) -> TickPrice {
        let fixed = self.fixed_extra(Kind::Maintenance) + self.margin_of_entry(maintenance);
        self.root(-self.along(self.base * self.terms.scale - fixed), self.entry_fall(), self.lots())
    }

    /// The same with `margin = entry * lots at rate / size`: times size, at most 2^(2 * 64 + 64 + 41) with the lots.
    fn root_of_entry_by_lots(&self, maintenance: Rule) -> TickPrice {
        let own = (self.base * self.terms.scale - self.fixed_extra(Kind::Maintenance)) * self.size;
        let margin = self.lots_at_rate(maintenance) * self.entry;
        self.root(-self.along(own - margin), self.entry_fall() * self.size, self.lots())
    }

    fn entry_fall(&self) -> I256 {
        self.terms.scale - self.along(self.moving_fee_rate(Kind::Maintenance))
    }

    fn lots(&self) -> I256 {
        self.size * self.terms.multiplier
    }

    /// The price at the notional `numerator / divisor`; none where that is not above zero.
    fn root(&self, numerator: I256, divisor: I256, lots: I256) -> TickPrice {
        if numerator > I256::ZERO {
            self.price(Cause::Root, PerLots { numerator, divisor, lots })
        } else {
            TickPrice::NONE
        }
    }

    /// Linear: notional / lots. Inverse: lots / notional. Then the price rule turned around, and rounding: up for
    /// longs, down for shorts. A price at or below zero is none.
    fn price(&self, cause: Cause, at: PerLots) -> TickPrice {
        let (above, below) = match self.terms.contract {
            ContractKind::Linear => (at.numerator, at.divisor * at.lots),
            ContractKind::Inverse => (at.divisor * at.lots, at.numerator),
        };
        let (whole, rest) = divide(above, below);
        let is_long = self.side.sign > 0;
        let up = if is_long && rest > I256::ZERO { I256::ONE } else { I256::ZERO };
        let mark = whole + up + I256::from(self.side.sign * self.terms.shift);
        if mark < I256::ZERO || (mark == I256::ZERO && rest == I256::ZERO) {
            return TickPrice::NONE;
        }
        let ticks = u64::try_from(mark).ok();
        ticks.map_or(TickPrice::without_ticks(Cause::AboveBound), |ticks| TickPrice { cause, ticks })
    }
}
