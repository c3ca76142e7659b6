//! The integers from 0 to r - 1 that stand for the elements, where an operation is about integers.

use ark_ff::{BigInt, BigInteger};

/// An element as the integer that stands for it.
pub(super) type Integer = BigInt<4>;

/// Whether the value is below two to the power of `bits`.
pub(super) fn fits(value: &Integer, bits: u32) -> bool {
    value.num_bits() <= bits
}

/// So many bits, up to 64, from a place on.
pub(super) fn digit(value: &Integer, place: u32, width: u32) -> u64 {
    let (limb, shift) = ((place / 64) as usize, place % 64);
    let low = value.0[limb] >> shift;
    let high = match value.0.get(limb + 1) {
        Some(next) if shift > 0 => next << (64 - shift),
        _ => 0,
    };
    (low | high) & (u64::MAX >> (64 - width))
}

/// The value, if it has no more than 64 bits.
pub(super) fn as_u64(value: &Integer) -> Option<u64> {
    (value.0[1..] == [0; 3]).then_some(value.0[0])
}

fn as_u128(value: &Integer) -> Option<u128> {
    (value.0[2..] == [0; 2]).then_some(u128::from(value.0[1]) << 64 | u128::from(value.0[0]))
}

fn from_u128(value: u128) -> Integer {
    #[allow(clippy::cast_possible_truncation, reason = "each half is a limb")]
    BigInt::new([value as u64, (value >> 64) as u64, 0, 0])
}

/// Quotient and remainder; the divisor is not zero.
pub(super) fn divide(dividend: &Integer, divisor: &Integer) -> (Integer, Integer) {
    if let (Some(dividend), Some(divisor)) = (as_u128(dividend), as_u128(divisor)) {
        return (from_u128(dividend / divisor), from_u128(dividend % divisor));
    }
    let (mut quotient, mut remainder) = (BigInt::new([0; 4]), BigInt::new([0; 4]));
    for place in (0..dividend.num_bits()).rev() {
        remainder.mul2();
        remainder.0[0] |= digit(dividend, place, 1);
        if remainder >= *divisor {
            remainder.sub_with_borrow(divisor);
            quotient.0[(place / 64) as usize] |= 1 << (place % 64);
        }
    }
    (quotient, remainder)
}
