//! `F_p6 = F_p2[v] / (v^3 - xi)`.

use std::ops::{Add, Mul, Neg, Sub};

use crate::tower::fp2::Fp2;

/// `c0 + c1 v + c2 v^2`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fp6 {
    pub(crate) c0: Fp2,
    pub(crate) c1: Fp2,
    pub(crate) c2: Fp2,
}

impl Fp6 {
    pub(crate) const ZERO: Self = Self { c0: Fp2::ZERO, c1: Fp2::ZERO, c2: Fp2::ZERO };
    pub(crate) const ONE: Self = Self { c0: Fp2::ONE, c1: Fp2::ZERO, c2: Fp2::ZERO };

    #[inline(always)]
    pub(crate) fn double(self) -> Self {
        self + self
    }

    /// The product with v.
    #[inline(always)]
    pub(crate) fn times_v(self) -> Self {
        Self { c0: self.c2.times_xi(), c1: self.c0, c2: self.c1 }
    }

    /// The product with an element of F_p2.
    #[inline(always)]
    pub(crate) fn scale(self, factor: Fp2) -> Self {
        Self { c0: self.c0 * factor, c1: self.c1 * factor, c2: self.c2 * factor }
    }

    /// The product with `b0 + b1 v`: five products in place of six.
    pub(crate) fn times_sparse(self, b0: Fp2, b1: Fp2) -> Self {
        let low = self.c0 * b0;
        let high = self.c1 * b1;
        Self {
            c0: low + ((self.c1 + self.c2) * b1 - high).times_xi(),
            c1: (self.c0 + self.c1) * (b0 + b1) - low - high,
            c2: self.c2 * b0 + high,
        }
    }

    pub(crate) fn inverse(self) -> Self {
        let Self { c0, c1, c2 } = self;
        let t0 = c0.square() - (c1 * c2).times_xi();
        let t1 = c2.square().times_xi() - c0 * c1;
        let t2 = c1.square() - c0 * c2;
        let norm = c0 * t0 + (c2 * t1 + c1 * t2).times_xi();
        Self { c0: t0, c1: t1, c2: t2 }.scale(norm.inverse())
    }
}

impl Add for Fp6 {
    type Output = Self;

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self { c0: self.c0 + other.c0, c1: self.c1 + other.c1, c2: self.c2 + other.c2 }
    }
}

impl Sub for Fp6 {
    type Output = Self;

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Self { c0: self.c0 - other.c0, c1: self.c1 - other.c1, c2: self.c2 - other.c2 }
    }
}

impl Neg for Fp6 {
    type Output = Self;

    #[inline(always)]
    fn neg(self) -> Self {
        Self { c0: -self.c0, c1: -self.c1, c2: -self.c2 }
    }
}

impl Mul for Fp6 {
    type Output = Self;

    /// Karatsuba's: six products of F_p2.
    fn mul(self, other: Self) -> Self {
        let v0 = self.c0 * other.c0;
        let v1 = self.c1 * other.c1;
        let v2 = self.c2 * other.c2;
        Self {
            c0: v0 + ((self.c1 + self.c2) * (other.c1 + other.c2) - v1 - v2).times_xi(),
            c1: (self.c0 + self.c1) * (other.c0 + other.c1) - v0 - v1 + v2.times_xi(),
            c2: (self.c0 + self.c2) * (other.c0 + other.c2) - v0 - v2 + v1,
        }
    }
}
