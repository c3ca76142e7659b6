//! `F_p2 = F_p[i] / (i^2 + 1)`.

use std::ops::{Add, Mul, Neg, Sub};

use ark_bn254::Fq2;

use crate::tower::fp::{Fp, multiply_pairs, square_pair};

/// `c0 + c1 i`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fp2 {
    pub(crate) c0: Fp,
    pub(crate) c1: Fp,
}

impl Fp2 {
    pub(crate) const ZERO: Self = Self { c0: Fp::ZERO, c1: Fp::ZERO };
    pub(crate) const ONE: Self = Self { c0: Fp::ONE, c1: Fp::ZERO };

    pub(crate) fn is_zero(self) -> bool {
        self == Self::ZERO
    }

    #[inline(always)]
    pub(crate) fn double(self) -> Self {
        self + self
    }

    #[inline(always)]
    pub(crate) fn triple(self) -> Self {
        self + self + self
    }

    pub(crate) fn halve(self) -> Self {
        Self { c0: self.c0.halve(), c1: self.c1.halve() }
    }

    #[inline(always)]
    pub(crate) fn square(self) -> Self {
        square_pair(&self)
    }

    #[inline(always)]
    pub(crate) fn scale(self, factor: Fp) -> Self {
        Self { c0: self.c0 * factor, c1: self.c1 * factor }
    }

    /// `a0 - a1 i`, which is the p-th power.
    #[inline(always)]
    pub(crate) fn conjugate(self) -> Self {
        Self { c0: self.c0, c1: -self.c1 }
    }

    /// The product with `xi = 9 + i`.
    #[inline(always)]
    pub(crate) fn times_xi(self) -> Self {
        let eight = self.double().double().double();
        let nine = eight + self;
        Self { c0: nine.c0 - self.c1, c1: nine.c1 + self.c0 }
    }

    /// The inverse; of zero it is zero.
    pub(crate) fn inverse(self) -> Self {
        let norm = (self.c0.square() + self.c1.square()).inverse();
        self.conjugate().scale(norm)
    }

    /// The inverses of all, with one inversion; of a zero it is zero.
    pub(crate) fn invert_all(values: &mut [Self], before: &mut Vec<Self>) {
        before.clear();
        let mut product = Self::ONE;
        for &value in &*values {
            before.push(product);
            if !value.is_zero() {
                product = product * value;
            }
        }
        let mut inverse = product.inverse();
        for (value, &before) in values.iter_mut().zip(&*before).rev() {
            if !value.is_zero() {
                (*value, inverse) = (inverse * before, inverse * *value);
            }
        }
    }
}

impl From<Fq2> for Fp2 {
    fn from(value: Fq2) -> Self {
        Self { c0: value.c0.into(), c1: value.c1.into() }
    }
}

impl From<Fp2> for Fq2 {
    fn from(value: Fp2) -> Self {
        Self::new(value.c0.into(), value.c1.into())
    }
}

impl Add for Fp2 {
    type Output = Self;

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self { c0: self.c0 + other.c0, c1: self.c1 + other.c1 }
    }
}

impl Sub for Fp2 {
    type Output = Self;

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Self { c0: self.c0 - other.c0, c1: self.c1 - other.c1 }
    }
}

impl Neg for Fp2 {
    type Output = Self;

    #[inline(always)]
    fn neg(self) -> Self {
        Self { c0: -self.c0, c1: -self.c1 }
    }
}

impl Mul for Fp2 {
    type Output = Self;

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        multiply_pairs(&self, &other)
    }
}
