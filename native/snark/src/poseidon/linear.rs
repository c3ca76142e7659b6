//! The linear algebra of the permutation: sums of products with a single reduction.

use ark_bn254::{Fr, FrConfig};
use ark_ff::{AdditiveGroup, BigInt, Field, Fp, MontConfig};

/// Row by row.
pub(super) type Matrix<const T: usize> = [[Fr; T]; T];

const MODULUS: [u64; 4] = FrConfig::MODULUS.0;

/// `left + right + carry`, and what does not fit.
#[inline(always)]
#[allow(clippy::inline_always, reason = "one instruction, in the innermost loop")]
fn add_carrying(left: u64, right: u64, carry: &mut u64) -> u64 {
    let sum = u128::from(left) + u128::from(right) + u128::from(*carry);
    *carry = (sum >> 64) as u64;
    low(sum)
}

/// `sum + left * right + carry`, and what does not fit.
#[inline(always)]
#[allow(clippy::inline_always, reason = "two instructions, in the innermost loop")]
fn multiply_adding(sum: u64, left: u64, right: u64, carry: &mut u64) -> u64 {
    let total = u128::from(sum) + u128::from(left) * u128::from(right) + u128::from(*carry);
    *carry = (total >> 64) as u64;
    low(total)
}

#[inline(always)]
#[allow(clippy::inline_always, clippy::cast_possible_truncation, reason = "the lower half is what is asked for")]
fn low(value: u128) -> u64 {
    value as u64
}

/// `sum(left[i] * right[i])` for up to 17 products.
///
/// A product of two elements is below `r^2 < 2^507.2`, so that 17 of them fit 512 bits and are reduced together.
#[inline]
pub(super) fn dot<const T: usize>(left: &[Fr; T], right: &[Fr; T]) -> Fr {
    let mut sum = [0; 8];
    for (left, right) in left.iter().zip(right) {
        let product = multiply_wide(&left.0.0, &right.0.0);
        let mut carry = 0;
        for (total, limb) in sum.iter_mut().zip(product) {
            *total = add_carrying(*total, limb, &mut carry);
        }
    }
    Fp::new_unchecked(BigInt::new(reduce(sum)))
}

#[inline(always)]
#[allow(clippy::inline_always, reason = "unrolled where it stands")]
fn multiply_wide(left: &[u64; 4], right: &[u64; 4]) -> [u64; 8] {
    let mut product = [0; 8];
    for i in 0..4 {
        let mut carry = 0;
        for j in 0..4 {
            product[i + j] = multiply_adding(product[i + j], left[i], right[j], &mut carry);
        }
        product[i + 4] = carry;
    }
    product
}

/// Montgomery's reduction of what is below `17 r^2`: the quotient is below `4.3 r`, which takes three subtractions.
#[inline(always)]
#[allow(clippy::inline_always, reason = "unrolled where it stands")]
fn reduce(mut sum: [u64; 8]) -> [u64; 4] {
    let mut over = 0;
    for i in 0..4 {
        let factor = sum[i].wrapping_mul(FrConfig::INV);
        let mut carry = 0;
        for j in 0..4 {
            sum[i + j] = multiply_adding(sum[i + j], factor, MODULUS[j], &mut carry);
        }
        sum[i + 4] = add_carrying(sum[i + 4], carry, &mut over);
    }
    let mut quotient = [sum[4], sum[5], sum[6], sum[7]];
    for multiple in [&DOUBLE, &DOUBLE, &MODULUS] {
        quotient = subtract_if_not_below(quotient, multiple);
    }
    quotient
}

const DOUBLE: [u64; 4] = [
    MODULUS[0] << 1,
    MODULUS[1] << 1 | MODULUS[0] >> 63,
    MODULUS[2] << 1 | MODULUS[1] >> 63,
    MODULUS[3] << 1 | MODULUS[2] >> 63,
];

#[inline(always)]
#[allow(clippy::inline_always, reason = "unrolled where it stands")]
fn subtract_if_not_below(value: [u64; 4], subtrahend: &[u64; 4]) -> [u64; 4] {
    let mut difference = [0; 4];
    let mut borrow = false;
    for i in 0..4 {
        let (step, first) = value[i].overflowing_sub(subtrahend[i]);
        let (step, second) = step.overflowing_sub(u64::from(borrow));
        difference[i] = step;
        borrow = first | second;
    }
    if borrow { value } else { difference }
}

/// The product of two matrices.
pub(super) fn multiply<const T: usize>(left: &Matrix<T>, right: &Matrix<T>) -> Matrix<T> {
    let mut product = [[Fr::ZERO; T]; T];
    for (row, result) in left.iter().zip(&mut product) {
        for (factor, line) in row.iter().zip(right) {
            for (total, element) in result.iter_mut().zip(line) {
                *total += *factor * element;
            }
        }
    }
    product
}

/// The row `x` with `x * matrix = target`, by elimination on the columns; the matrix is invertible.
pub(super) fn solve_from_left<const T: usize>(matrix: &Matrix<T>, target: &[Fr; T]) -> [Fr; T] {
    // One line for each equation: the column of the matrix, and what it has to give.
    let mut lines: Vec<([Fr; T], Fr)> =
        (0..T).map(|column| (std::array::from_fn(|row| matrix[row][column]), target[column])).collect();
    for place in 0..T {
        let pivot = (place..T)
            .find(|&line| lines[line].0[place] != Fr::ZERO)
            .unwrap_or_else(|| unreachable!("the matrix is invertible"));
        lines.swap(place, pivot);
        let inverse = lines[place].0[place].inverse().unwrap_or_else(|| unreachable!("a pivot is not zero"));
        lines[place].0.iter_mut().for_each(|element| *element *= inverse);
        lines[place].1 *= inverse;
        let (coefficients, constant) = lines[place];
        for (other, line) in lines.iter_mut().enumerate() {
            let factor = line.0[place];
            if other != place && factor != Fr::ZERO {
                for (element, coefficient) in line.0.iter_mut().zip(&coefficients) {
                    *element -= factor * coefficient;
                }
                line.1 -= factor * constant;
            }
        }
    }
    std::array::from_fn(|place| lines[place].1)
}
