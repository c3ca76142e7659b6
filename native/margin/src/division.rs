//! The one division of this crate's arithmetic.
//!
//! Everything is computed in 256-bit integers and no product has more than 240 bits: `terms` states the bounds, and
//! beside each product stands why. 128 bits would do for most rows and were measured a quarter faster; one type and
//! one proof are worth more.

use ethnum::I256;

/// The quotient rounded down, and what is left. The dividend is not negative and the divisor is above zero.
pub(crate) fn divide(dividend: I256, divisor: I256) -> (I256, I256) {
    let quotient = dividend / divisor;
    (quotient, dividend - quotient * divisor)
}
