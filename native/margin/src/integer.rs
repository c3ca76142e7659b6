//! The integers that rows are computed in: 128 bits where a row's numbers are small, 256 where they are not.
//!
//! One generic evaluation serves both, so there is one rule and not two. Neither type may overflow; `terms` and
//! `requirement` say beside each product why it does not.

use std::ops::{Add, Mul, Neg, Sub};

use ethnum::I256;

pub(crate) trait Integer:
    Copy + Ord + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Neg<Output = Self>
{
    const ZERO: Self;

    fn of(value: i128) -> Self;

    /// `value`, which the caller knows to fit.
    fn of_unsigned(value: u128) -> Self;

    /// The quotient rounded down, and what is left: `0 <= rest < divisor`. The divisor is above zero.
    fn divide(self, divisor: Self) -> (Self, Self);

    /// None where the number is negative or has more than 128 bits.
    fn to_u128(self) -> Option<u128>;

    fn is_positive(self) -> bool {
        self > Self::ZERO
    }
}

impl Integer for i128 {
    const ZERO: Self = 0;

    fn of(value: i128) -> Self {
        value
    }

    fn of_unsigned(value: u128) -> Self {
        value.cast_signed()
    }

    fn divide(self, divisor: Self) -> (Self, Self) {
        let quotient = self / divisor;
        let rest = self - quotient * divisor;
        if rest < 0 { (quotient - 1, rest + divisor) } else { (quotient, rest) }
    }

    fn to_u128(self) -> Option<u128> {
        self.try_into().ok()
    }
}

impl Integer for I256 {
    const ZERO: Self = I256::ZERO;

    fn of(value: i128) -> Self {
        value.into()
    }

    fn of_unsigned(value: u128) -> Self {
        value.into()
    }

    fn divide(self, divisor: Self) -> (Self, Self) {
        let quotient = self / divisor;
        let rest = self - quotient * divisor;
        if rest < I256::ZERO { (quotient - I256::ONE, rest + divisor) } else { (quotient, rest) }
    }

    fn to_u128(self) -> Option<u128> {
        self.try_into().ok()
    }
}
