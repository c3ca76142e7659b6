//! `F_p12 = F_p6[w] / (w^2 - v)`, and the subgroup in which squaring is cheap.

use std::ops::Mul;
use std::sync::LazyLock;

use ark_bn254::{Fq, Fq2};
use ark_ff::{BigInteger, Field, PrimeField};

use crate::tower::fp::Fp;
use crate::tower::fp2::Fp2;
use crate::tower::fp6::Fp6;

/// `c0 + c1 w`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fp12 {
    pub(crate) c0: Fp6,
    pub(crate) c1: Fp6,
}

/// `w^(k (p - 1)) = xi^(k (p - 1) / 6)` for k = 0..6: what a p-th power does to the powers of w.
static FROBENIUS: LazyLock<[Fp2; 6]> = LazyLock::new(|| {
    let xi = Fq2::new(Fq::from(9), Fq::ONE);
    let mut sixth = Fq::MODULUS;
    sixth.sub_with_borrow(&1u64.into());
    let root = xi.pow(divide_by_six(sixth.0));
    let mut power = Fq2::ONE;
    [(); 6].map(|()| {
        let current = power;
        power *= root;
        current.into()
    })
});

fn divide_by_six(mut limbs: [u64; 4]) -> [u64; 4] {
    let mut remainder = 0u128;
    for limb in limbs.iter_mut().rev() {
        let dividend = remainder << 64 | u128::from(*limb);
        #[allow(clippy::cast_possible_truncation)] // the remainder is below six, so the quotient has one limb
        {
            *limb = (dividend / 6) as u64;
        }
        remainder = dividend % 6;
    }
    limbs
}

/// `xi^(k (p - 1) / 6)`.
pub(crate) fn frobenius_factor(k: usize) -> Fp2 {
    FROBENIUS[k]
}

impl Fp12 {
    pub(crate) const ONE: Self = Self { c0: Fp6::ONE, c1: Fp6::ZERO };

    /// The coefficients of w^0 .. w^5.
    fn coefficients(&self) -> [Fp2; 6] {
        [self.c0.c0, self.c1.c0, self.c0.c1, self.c1.c1, self.c0.c2, self.c1.c2]
    }

    fn of_coefficients(a: &[Fp2; 6]) -> Self {
        Self { c0: Fp6 { c0: a[0], c1: a[2], c2: a[4] }, c1: Fp6 { c0: a[1], c1: a[3], c2: a[5] } }
    }

    /// All twelve numbers, in the order in which snarkjs nests them.
    pub(crate) fn numbers(&self) -> [Fp; 12] {
        let pairs = [self.c0.c0, self.c0.c1, self.c0.c2, self.c1.c0, self.c1.c1, self.c1.c2];
        let mut numbers = [Fp::ZERO; 12];
        for (two, pair) in numbers.chunks_exact_mut(2).zip(pairs) {
            two.copy_from_slice(&[pair.c0, pair.c1]);
        }
        numbers
    }

    pub(crate) fn square(&self) -> Self {
        let crossed = self.c0 * self.c1;
        let sum = (self.c0 + self.c1) * (self.c0 + self.c1.times_v());
        Self { c0: sum - crossed - crossed.times_v(), c1: crossed.double() }
    }

    /// The product with a line `1 + b w + c w^3`.
    pub(crate) fn times_monic_line(&self, b: Fp2, c: Fp2) -> Self {
        Self { c0: self.c0 + self.c1.times_sparse(b, c).times_v(), c1: self.c1 + self.c0.times_sparse(b, c) }
    }

    /// The product with a line `a + b w + c w^3`.
    pub(crate) fn times_line(&self, a: Fp2, b: Fp2, c: Fp2) -> Self {
        let low = self.c0.scale(a);
        let high = self.c1.times_sparse(b, c);
        Self { c0: low + high.times_v(), c1: (self.c0 + self.c1).times_sparse(a + b, c) - low - high }
    }

    /// The p^6-th power; in the cyclotomic subgroup, the inverse.
    pub(crate) fn conjugate(&self) -> Self {
        Self { c0: self.c0, c1: -self.c1 }
    }

    pub(crate) fn inverse(&self) -> Self {
        let norm = (self.c0 * self.c0 - (self.c1 * self.c1).times_v()).inverse();
        Self { c0: self.c0 * norm, c1: -(self.c1 * norm) }
    }

    /// The p-th power.
    pub(crate) fn frobenius(&self) -> Self {
        let mut coefficients = self.coefficients().map(Fp2::conjugate);
        for (coefficient, &factor) in coefficients.iter_mut().zip(FROBENIUS.iter()).skip(1) {
            *coefficient = *coefficient * factor;
        }
        Self::of_coefficients(&coefficients)
    }

    /// The p^2-th power: the factors are norms of those of the p-th, and so in F_p.
    pub(crate) fn frobenius_squared(&self) -> Self {
        let mut coefficients = self.coefficients();
        for (coefficient, &factor) in coefficients.iter_mut().zip(FROBENIUS.iter()).skip(1) {
            *coefficient = coefficient.scale((factor * factor.conjugate()).c0);
        }
        Self::of_coefficients(&coefficients)
    }

    /// The square of an element of the cyclotomic subgroup, by Granger and Scott: nine products in place of twelve.
    pub(crate) fn square_cyclotomic(&self) -> Self {
        let [a0, a1, a2, a3, a4, a5] = self.coefficients();
        let (t0, t1) = square_fp4(a0, a3);
        let (t2, t3) = square_fp4(a1, a4);
        let (t4, t5) = square_fp4(a2, a5);
        let minus = |t: Fp2, a: Fp2| (t - a).double() + t;
        let plus = |t: Fp2, a: Fp2| (t + a).double() + t;
        Self::of_coefficients(&[
            minus(t0, a0),
            plus(t5.times_xi(), a1),
            minus(t2, a2),
            plus(t1, a3),
            minus(t4, a4),
            plus(t3, a5),
        ])
    }
}

/// `(a + b s)^2 = a^2 + xi b^2 + 2 a b s` in `F_p2[s] / (s^2 - xi)`.
#[inline(always)]
fn square_fp4(a: Fp2, b: Fp2) -> (Fp2, Fp2) {
    let (a_squared, b_squared) = (a.square(), b.square());
    (a_squared + b_squared.times_xi(), (a + b).square() - a_squared - b_squared)
}

impl Mul for Fp12 {
    type Output = Self;

    /// Karatsuba's: three products of F_p6.
    fn mul(self, other: Self) -> Self {
        let low = self.c0 * other.c0;
        let high = self.c1 * other.c1;
        Self { c0: low + high.times_v(), c1: (self.c0 + self.c1) * (other.c0 + other.c1) - low - high }
    }
}
