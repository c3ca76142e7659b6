//! Requirements: the formulas of `margin.requirement`, over integers, with nothing rounded before the end.
//!
//! With n / d the notional at the mark, R the scale, and d, R, leverage and size as in `terms`, a requirement is an
//! integer over `d * finer`, where finer is R, or R times the leverage in ppm where the trader's own leverage asks for
//! most, or R times the size where a deduction in lots is taken of an entry notional. The largest numerator is
//! money * d * R * leverage < 2^(103 + 65 + 40 + 30), so all of it fits 256 bits with their sign.

use ethnum::I256;

use crate::division::divide;
use crate::position::{Position, Refused, Valued};
use crate::terms::{Basis, FeeBasis, Kind, Line, MAX_MONEY, Measure, Side, Terms};

const PPM: I256 = I256::new(1_000_000);

/// One of the two requirements of a row: which, of which notional, in which tier.
#[derive(Clone, Copy)]
pub(crate) struct Rule {
    pub(crate) kind: Kind,
    pub(crate) basis: Basis,
    /// What the table compares with its floors, which are whole numbers: a fraction may be rounded up for that.
    pub(crate) measure: u128,
    pub(crate) tier: usize,
}

impl Rule {
    pub(crate) fn of(kind: Kind, terms: &Terms, position: &Position, valued: &Valued) -> Result<Self, Refused> {
        let basis = terms.basis(kind);
        let measure = match (terms.measure, basis) {
            (Measure::Size, _) => position.size.into(),
            (Measure::Notional, Basis::Entry) => position.entry_notional,
            (Measure::Notional, Basis::Mark) => valued.notional_up(),
        };
        let tier = terms.tier_index(measure).ok_or(Refused::OutsideTable)?;
        Ok(Self { kind, basis, measure, tier })
    }
}

/// A row at the mark, ready for its two requirements and its two prices.
pub(crate) struct Row<'a> {
    pub(crate) terms: &'a Terms,
    pub(crate) side: &'a Side,
    /// The notional at the mark is `numerator / divisor`.
    pub(crate) numerator: I256,
    pub(crate) divisor: I256,
    pub(crate) lot_value: I256,
    pub(crate) size: I256,
    pub(crate) entry: I256,
    pub(crate) base: I256,
    /// By how much the size raises every rate of the table, times R; below 2^104.
    pub(crate) rise: I256,
    leverage_ppm: I256,
}

/// `whole + rest / (d * finer)`, with a rest that is not negative and less than one.
pub(crate) struct Exact {
    whole: I256,
    rest: I256,
    finer: I256,
}

impl<'a> Row<'a> {
    pub(crate) fn of(terms: &'a Terms, side: &'a Side, position: &Position, valued: &Valued) -> Self {
        Self {
            terms,
            side,
            numerator: valued.numerator.into(),
            divisor: side.divisor.into(),
            lot_value: side.lot_value.into(),
            size: position.size.into(),
            entry: position.entry_notional.into(),
            base: valued.base.into(),
            rise: terms.size_slope * I256::from(position.size),
            leverage_ppm: position.leverage_ppm.into(),
        }
    }

    pub(crate) fn requirement(&self, rule: Rule) -> Result<Exact, Refused> {
        self.require_bounded_rise(rule)?;
        Ok(match rule.basis {
            Basis::Mark => self.requirement_of_mark(rule),
            Basis::Entry => self.requirement_of_entry(rule),
        })
    }

    /// The rise alone asks for no more than the bound of money: the whole requirement would not either, and what
    /// follows may count on a rate times its notional being at most twice that bound.
    fn require_bounded_rise(&self, rule: Rule) -> Result<(), Refused> {
        let (notional, divisor) = match rule.basis {
            Basis::Mark => (self.numerator, self.divisor),
            Basis::Entry => (self.entry, I256::ONE),
        };
        let most = I256::from(MAX_MONEY) * self.terms.scale * divisor;
        if self.rise * notional > most { Err(Refused::OutOfBounds) } else { Ok(()) }
    }

    fn line(&self, rule: Rule) -> Line {
        let line = self.terms.line(rule.kind, rule.tier);
        Line { rate: line.rate + self.rise, ..line }
    }

    /// `max(rate * N - amount, N / leverage) + (slippage + fee) * N + fixed fee`, over d * R.
    fn requirement_of_mark(&self, rule: Rule) -> Exact {
        let (scale, slippage_rate) = (self.terms.scale, self.terms.slippage_rate);
        let line = self.line(rule);
        let margin = match self.terms.measure {
            Measure::Notional => line.rate * self.numerator - line.amount * self.divisor,
            Measure::Size => self.lots_at_rate(rule) * self.lot_value,
        };
        let extra = (slippage_rate + self.moving_fee_rate(rule.kind)) * self.numerator
            + self.fixed_fee(rule.kind) * self.divisor;
        if self.has_own_leverage(rule.kind) {
            let own = PPM * scale * self.numerator;
            if own > margin * self.leverage_ppm {
                return self.exact(extra * self.leverage_ppm + own, scale * self.leverage_ppm);
            }
        }
        self.exact(margin + extra, scale)
    }

    /// `max(rate * entry - amount, entry / leverage) + slippage * entry + fee`, over d * R.
    fn requirement_of_entry(&self, rule: Rule) -> Exact {
        let scale = self.terms.scale;
        let extra = self.fixed_extra(rule.kind) * self.divisor + self.moving_fee_rate(rule.kind) * self.numerator;
        if self.has_own_leverage(rule.kind) {
            let own = PPM * scale;
            let own_is_most = match self.terms.measure {
                Measure::Notional => own * self.entry > self.margin_of_entry(rule) * self.leverage_ppm,
                Measure::Size => own * self.size > self.lots_at_rate(rule) * self.leverage_ppm,
            };
            if own_is_most {
                let numerator = extra * self.leverage_ppm + own * self.entry * self.divisor;
                return self.exact(numerator, scale * self.leverage_ppm);
            }
        }
        match self.terms.measure {
            Measure::Notional => self.exact(self.margin_of_entry(rule) * self.divisor + extra, scale),
            Measure::Size => self.exact_by_lots(self.lots_at_rate(rule) * self.entry, extra),
        }
    }

    /// `entry * lots at rate / size + extra / d`, over R.
    ///
    /// The common divisor d * R * size would ask for 271 bits, so whole numbers are taken out of both terms first. The
    /// two rests are less than R and 1 over R: together they carry at most one.
    fn exact_by_lots(&self, margin: I256, extra: I256) -> Exact {
        let unit = self.divisor * self.terms.scale;
        let (margin, margin_rest) = divide(margin, self.size);
        let (whole, rest) = divide(margin * self.divisor + extra, unit);
        let (carry, rest) = divide(rest * self.size + margin_rest * self.divisor, unit * self.size);
        Exact { whole: whole + carry, rest, finer: self.terms.scale * self.size }
    }

    fn exact(&self, numerator: I256, finer: I256) -> Exact {
        let (whole, rest) = divide(numerator, self.divisor * finer);
        Exact { whole, rest, finer }
    }

    /// Floors in lots: the requirement of one money unit of lot value, times R.
    pub(crate) fn lots_at_rate(&self, rule: Rule) -> I256 {
        let line = self.line(rule);
        line.rate * self.size - line.amount
    }

    /// Floors in money: the margin on the entry notional, times R.
    pub(crate) fn margin_of_entry(&self, rule: Rule) -> I256 {
        let line = self.line(rule);
        line.rate * self.entry - line.amount
    }

    /// What does not move with the mark on the entry basis beside the margin: slippage and a fixed fee, times R.
    pub(crate) fn fixed_extra(&self, kind: Kind) -> I256 {
        self.terms.slippage_rate * self.entry + self.fixed_fee(kind)
    }

    /// The rate of a closing fee on the mark notional, times R.
    pub(crate) fn moving_fee_rate(&self, kind: Kind) -> I256 {
        let moves = self.terms.fee_basis == FeeBasis::Mark && self.terms.fee_scope.counts_in(kind);
        if moves { self.terms.fee_rate } else { I256::ZERO }
    }

    /// A closing fee that does not move with the mark, times R.
    pub(crate) fn fixed_fee(&self, kind: Kind) -> I256 {
        if !self.terms.fee_scope.counts_in(kind) {
            return I256::ZERO;
        }
        match self.terms.fee_basis {
            FeeBasis::Mark => I256::ZERO,
            FeeBasis::Entry => self.terms.fee_rate * self.entry,
            FeeBasis::Bankruptcy => self.terms.fee_rate * self.bankruptcy_notional().max(I256::ZERO),
        }
    }

    /// The notional at which equity is zero: `base + slope * N = 0`.
    pub(crate) fn bankruptcy_notional(&self) -> I256 {
        -self.along(self.base)
    }

    /// `slope * value`.
    pub(crate) fn along(&self, value: I256) -> I256 {
        if self.side.slope > 0 { value } else { -value }
    }

    fn has_own_leverage(&self, kind: Kind) -> bool {
        kind == Kind::Initial && self.leverage_ppm > I256::ZERO
    }
}

impl Exact {
    /// The requirement rounded up, or a refusal where it is above the bound of money.
    pub(crate) fn rounded_up(&self) -> Result<u128, Refused> {
        let up = if self.rest > I256::ZERO { self.whole + I256::ONE } else { self.whole };
        u128::try_from(up).ok().filter(|&money| money <= MAX_MONEY).ok_or(Refused::OutOfBounds)
    }

    /// Whether the equity is at least this: whole numbers first, then the rests over the same divisor d * finer.
    pub(crate) fn is_covered_by(&self, valued: &Valued) -> bool {
        let equity = I256::from(valued.equity);
        equity > self.whole || (equity == self.whole && I256::from(valued.equity_rest) * self.finer >= self.rest)
    }
}
