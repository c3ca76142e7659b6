//! Requirements: the formulas of `margin.requirement`, over integers, with nothing rounded before the end.
//!
//! With n / d the notional at the mark, R the scale, and d, R, leverage and size as in `terms`, a requirement is an
//! integer over `d * finer`, where finer is R, or R times the leverage in ppm where the trader's own leverage asks for
//! most, or R times the size where a deduction in lots is taken of an entry notional. The largest numerator is
//! money * d * R * leverage < 2^(102 + 65 + 40 + 30), so all of it fits 256 bits with their sign.

use crate::integer::Integer;
use crate::position::{Position, Refused, Valued};
use crate::terms::{Basis, FeeBasis, FeeScope, Kind, MAX_MONEY, Measure, Scaled, Side, Terms};

const PPM: i128 = 1_000_000;

/// A row in the integer type that it is evaluated in.
pub(crate) struct Row<'a, I> {
    pub(crate) terms: &'a Terms,
    pub(crate) scaled: &'a Scaled<I>,
    pub(crate) side: &'a Side,
    pub(crate) tier: usize,
    pub(crate) slope: I,
    /// The notional at the mark is `numerator / divisor`.
    pub(crate) numerator: I,
    pub(crate) divisor: I,
    pub(crate) lot_value: I,
    pub(crate) size: I,
    pub(crate) entry: I,
    pub(crate) base: I,
    leverage_ppm: I,
}

/// `whole + rest / (d * finer)`, with a rest that is not negative and less than one.
pub(crate) struct Exact<I> {
    whole: I,
    rest: I,
    finer: I,
}

impl<'a, I: Integer> Row<'a, I> {
    pub(crate) fn of(
        terms: &'a Terms,
        scaled: &'a Scaled<I>,
        side: &'a Side,
        tier: usize,
        position: &Position,
        valued: &Valued,
    ) -> Self {
        Self {
            terms,
            scaled,
            side,
            tier,
            slope: I::of(side.slope),
            numerator: I::of_unsigned(valued.numerator),
            divisor: I::of_unsigned(side.divisor),
            lot_value: I::of_unsigned(side.lot_value),
            size: I::of(position.size.into()),
            entry: I::of_unsigned(position.entry_notional),
            base: I::of(valued.base),
            leverage_ppm: I::of(position.leverage_ppm.into()),
        }
    }

    pub(crate) fn requirement(&self, kind: Kind) -> Exact<I> {
        match self.terms.basis {
            Basis::Mark => self.requirement_of_mark(kind),
            Basis::Entry => self.requirement_of_entry(kind),
        }
    }

    /// `max(rate * N - amount, N / leverage) + (slippage + fee) * N + fixed fee`, over d * R.
    fn requirement_of_mark(&self, kind: Kind) -> Exact<I> {
        let Scaled { scale, slippage_rate, .. } = *self.scaled;
        let line = self.scaled.line(kind, self.tier);
        let margin = match self.terms.measure {
            Measure::Notional => line.rate * self.numerator - line.amount * self.divisor,
            Measure::Size => self.lots_at_rate(kind) * self.lot_value,
        };
        let extra = (slippage_rate + self.moving_fee_rate(kind)) * self.numerator + self.fixed_fee(kind) * self.divisor;
        if self.has_own_leverage(kind) {
            let own = I::of(PPM) * scale * self.numerator;
            if own > margin * self.leverage_ppm {
                return self.exact(extra * self.leverage_ppm + own, scale * self.leverage_ppm);
            }
        }
        self.exact(margin + extra, scale)
    }

    /// `max(rate * entry - amount, entry / leverage) + slippage * entry + fee`, over d * R.
    fn requirement_of_entry(&self, kind: Kind) -> Exact<I> {
        let scale = self.scaled.scale;
        let extra = self.fixed_extra(kind) * self.divisor + self.moving_fee_rate(kind) * self.numerator;
        if self.has_own_leverage(kind) {
            let own = I::of(PPM) * scale;
            let own_is_most = match self.terms.measure {
                Measure::Notional => own * self.entry > self.margin_of_entry(kind) * self.leverage_ppm,
                Measure::Size => own * self.size > self.lots_at_rate(kind) * self.leverage_ppm,
            };
            if own_is_most {
                let numerator = extra * self.leverage_ppm + own * self.entry * self.divisor;
                return self.exact(numerator, scale * self.leverage_ppm);
            }
        }
        match self.terms.measure {
            Measure::Notional => self.exact(self.margin_of_entry(kind) * self.divisor + extra, scale),
            Measure::Size => self.exact_by_lots(self.lots_at_rate(kind) * self.entry, extra),
        }
    }

    /// `entry * lots at rate / size + extra / d`, over R.
    ///
    /// The common divisor d * R * size would ask for 271 bits, so whole numbers are taken out of both terms first. The
    /// two rests are less than R and 1 over R: together they carry at most one.
    fn exact_by_lots(&self, margin: I, extra: I) -> Exact<I> {
        let unit = self.divisor * self.scaled.scale;
        let (margin, margin_rest) = margin.divide(self.size);
        let (whole, rest) = (margin * self.divisor + extra).divide(unit);
        let (carry, rest) = (rest * self.size + margin_rest * self.divisor).divide(unit * self.size);
        Exact { whole: whole + carry, rest, finer: self.scaled.scale * self.size }
    }

    fn exact(&self, numerator: I, finer: I) -> Exact<I> {
        let (whole, rest) = numerator.divide(self.divisor * finer);
        Exact { whole, rest, finer }
    }

    /// Floors in lots: the requirement of one money unit of lot value, times R.
    pub(crate) fn lots_at_rate(&self, kind: Kind) -> I {
        let line = self.scaled.line(kind, self.tier);
        line.rate * self.size - line.amount
    }

    /// Floors in money: the margin on the entry notional, times R.
    pub(crate) fn margin_of_entry(&self, kind: Kind) -> I {
        let line = self.scaled.line(kind, self.tier);
        line.rate * self.entry - line.amount
    }

    /// What does not move with the mark on the entry basis beside the margin: slippage and a fixed fee, times R.
    pub(crate) fn fixed_extra(&self, kind: Kind) -> I {
        self.scaled.slippage_rate * self.entry + self.fixed_fee(kind)
    }

    /// The rate of a closing fee on the mark notional, times R.
    pub(crate) fn moving_fee_rate(&self, kind: Kind) -> I {
        let moves = self.terms.fee_basis == FeeBasis::Mark && self.counts_fee(kind);
        if moves { self.scaled.fee_rate } else { I::ZERO }
    }

    /// A closing fee that does not move with the mark, times R.
    pub(crate) fn fixed_fee(&self, kind: Kind) -> I {
        if !self.counts_fee(kind) {
            return I::ZERO;
        }
        match self.terms.fee_basis {
            FeeBasis::Mark => I::ZERO,
            FeeBasis::Entry => self.scaled.fee_rate * self.entry,
            FeeBasis::Bankruptcy => self.scaled.fee_rate * self.bankruptcy_notional().max(I::ZERO),
        }
    }

    /// The notional at which equity is zero: `base + slope * N = 0`.
    pub(crate) fn bankruptcy_notional(&self) -> I {
        -(self.slope * self.base)
    }

    fn counts_fee(&self, kind: Kind) -> bool {
        kind == Kind::Maintenance || self.terms.fee_scope == FeeScope::Both
    }

    fn has_own_leverage(&self, kind: Kind) -> bool {
        kind == Kind::Initial && self.leverage_ppm.is_positive()
    }
}

impl<I: Integer> Exact<I> {
    /// The requirement rounded up, or a refusal where it is above the bound of money.
    pub(crate) fn rounded_up(&self) -> Result<u128, Refused> {
        let up = if self.rest.is_positive() { self.whole + I::of(1) } else { self.whole };
        up.to_u128().filter(|&money| money <= MAX_MONEY).ok_or(Refused::OutOfBounds)
    }

    /// Whether the equity is at least this: whole numbers first, then the rests over the same divisor d * finer.
    pub(crate) fn is_covered_by(&self, valued: &Valued) -> bool {
        let equity = I::of(valued.equity);
        equity > self.whole || (equity == self.whole && I::of_unsigned(valued.equity_rest) * self.finer >= self.rest)
    }
}
