//! One row: its bounds, what it owes for funding, and its equity at the mark.

use crate::terms::{ContractKind, MAX_MONEY, Side, Terms};

const FUNDING_SCALE: i128 = 1_000_000;
const PPM: u64 = 1_000_000;
const MAX_LEVERAGE: u64 = 1000;
const MAX_FUNDING_INDEX: u128 = (1 << 64) - 1;

/// Why a row is refused: the code of `margin.columns.STATUS_REASONS`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Refused {
    NotAChoice = 1,
    OutOfBounds = 2,
    OutsideTable = 3,
}

/// A position as its columns have it.
pub(crate) struct Position {
    pub(crate) side: u8,
    pub(crate) size: u64,
    pub(crate) entry_notional: u128,
    pub(crate) cash: i128,
    pub(crate) basket_value: u128,
    pub(crate) funding_index: i128,
    /// 0 where the trader has set none.
    pub(crate) leverage_ppm: u64,
}

/// A position at the mark, exactly: notional = `notional + notional_rest / d`, equity = `equity + equity_rest / d`.
pub(crate) struct Valued {
    /// The notional times d.
    pub(crate) numerator: u128,
    pub(crate) notional: u128,
    pub(crate) notional_rest: u128,
    /// The equity that the position would have at a notional of zero: `equity(N) = base + slope * N`.
    pub(crate) base: i128,
    /// The equity, rounded down.
    pub(crate) equity: i128,
    pub(crate) equity_rest: u128,
}

impl Valued {
    pub(crate) fn notional_up(&self) -> u128 {
        self.notional + u128::from(self.notional_rest > 0)
    }
}

impl Position {
    pub(crate) fn require_bounds(&self) -> Result<(), Refused> {
        let leverage_holds = self.leverage_ppm == 0 || (PPM..=MAX_LEVERAGE * PPM).contains(&self.leverage_ppm);
        let holds = self.size > 0
            && (1..=MAX_MONEY).contains(&self.entry_notional)
            && self.cash.unsigned_abs() <= MAX_MONEY
            && self.basket_value <= MAX_MONEY
            && self.funding_index.unsigned_abs() <= MAX_FUNDING_INDEX
            && leverage_holds;
        if holds { Ok(()) } else { Err(Refused::OutOfBounds) }
    }

    /// The row at the mark. Base is below 2^112 in size: cash, basket and entry at most 2^100 each, funding 2^111.
    pub(crate) fn value(&self, terms: &Terms, side: &Side) -> Result<Valued, Refused> {
        let numerator = u128::from(self.size).checked_mul(side.lot_value).ok_or(Refused::OutOfBounds)?;
        let (notional, notional_rest) = divide_notional(terms, side, numerator);
        if notional > MAX_MONEY || (notional == MAX_MONEY && notional_rest > 0) {
            return Err(Refused::OutOfBounds);
        }
        let backing = self.cash + self.basket_value.cast_signed() - self.funding_owed(terms, side);
        let base = backing - side.slope * self.entry_notional.cast_signed();
        let (equity, equity_rest) = if side.slope > 0 {
            (base + notional.cast_signed(), notional_rest)
        } else if notional_rest == 0 {
            (base - notional.cast_signed(), 0)
        } else {
            (base - notional.cast_signed() - 1, side.divisor - notional_rest)
        };
        let most = MAX_MONEY.cast_signed();
        if equity < -most || equity > most || (equity == most && equity_rest > 0) {
            return Err(Refused::OutOfBounds);
        }
        Ok(Valued { numerator, notional, notional_rest, base, equity, equity_rest })
    }

    /// `ceil(sign * size * (index now - index at entry) / 10^6)`.
    ///
    /// The product may have 130 bits, so the index is divided first: `size * whole` is below 2^64 * 2^46, and
    /// `size * rest` below 2^64 * 2^20.
    fn funding_owed(&self, terms: &Terms, side: &Side) -> i128 {
        let moved = side.sign * (terms.funding_index - self.funding_index);
        let lots = i128::from(self.size);
        let (whole, rest) = (moved.div_euclid(FUNDING_SCALE), moved.rem_euclid(FUNDING_SCALE));
        lots * whole - (-(lots * rest)).div_euclid(FUNDING_SCALE)
    }
}

fn divide_notional(terms: &Terms, side: &Side, numerator: u128) -> (u128, u128) {
    match terms.contract {
        ContractKind::Linear => (numerator, 0),
        ContractKind::Inverse => (numerator / side.divisor, numerator % side.divisor),
    }
}
