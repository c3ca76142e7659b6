//! Scalars cut into parts of half or a quarter of their length, by the endomorphisms of the two groups.
//!
//! Both groups have a map that costs next to nothing and multiplies by a known number: `(x, y) -> (beta x, y)` by lambda,
//! and psi by the prime modulo r. With short vectors `b` of the lattice `sum b[j] mu^j = 0 (mod r)`, a scalar less a
//! nearby combination of them is a vector of short parts `k[j]` with `k = sum k[j] mu^j (mod r)`.

use ark_bn254::{Fr, FrConfig};
use ark_ff::MontConfig;
#[cfg(test)]
use ark_ff::Zero;
use zeroize::Zeroize;

/// The most parts that a scalar is cut into.
pub(crate) const MOST_PARTS: usize = 4;

/// A short part of a scalar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) magnitude: u128,
    pub(crate) negative: bool,
}

impl Zeroize for Part {
    fn zeroize(&mut self) {
        self.magnitude.zeroize();
        self.negative.zeroize();
    }
}

/// All parts of a scalar; those beyond the dimension of its lattice are zero.
pub(crate) type Parts = [Part; MOST_PARTS];

/// A reduced basis, and for each of its vectors how many times it goes into a scalar: `2^256` times that, rounded.
pub(crate) struct Lattice<const D: usize> {
    basis: [[i128; D]; D],
    shares: [([u64; 4], bool); D],
}

/// For the first group: lambda is a cube root of one.
pub(crate) const FIRST: Lattice<2> = Lattice {
    basis: [
        [-147_946_756_881_789_319_010_696_353_538_189_108_491, -9_931_322_734_385_697_763],
        [-9_931_322_734_385_697_763, 147_946_756_881_789_319_000_765_030_803_803_410_728],
    ],
    shares: [
        ([0x7a7b_d9d4_391e_b18e, 0x4cce_f014_a773_d2cf, 0x0002, 0], true),
        ([0xd91d_232e_c7e0_b3d7, 0x0002, 0, 0], true),
    ],
};

/// For the second group: psi multiplies by the prime modulo r, six times the square of the curve's parameter.
pub(crate) const SECOND: Lattice<4> = Lattice {
    basis: [
        [9_931_322_734_385_697_763, 0, 9_931_322_734_385_697_762, 1],
        [9_931_322_734_385_697_762, 4_965_661_367_192_848_882, -4_965_661_367_192_848_881, 4_965_661_367_192_848_881],
        [4_965_661_367_192_848_882, 4_965_661_367_192_848_881, 4_965_661_367_192_848_881, -9_931_322_734_385_697_762],
        [9_931_322_734_385_697_763, -4_965_661_367_192_848_881, -4_965_661_367_192_848_882, -4_965_661_367_192_848_881],
    ],
    shares: [
        ([0x2dff_2915_32e4_2728, 0x55b4_ca7b_a3e5_577f, 0x9e80_318a_b0d9_2b95, 0], false),
        ([0x46f4_bda9_95d5_1bb1, 0x08e5_da66_fc71_84ae, 0x9e80_318a_b0d9_2b93, 0], false),
        ([0xd91d_232e_c7e0_b3d7, 0x0002, 0, 0], false),
        ([0xc170_977d_cef3_cd3f, 0x55b4_ca7b_a3e5_577d, 0x9e80_318a_b0d9_2b95, 0], false),
    ],
};

impl<const D: usize> Lattice<D> {
    /// The parts of a scalar. All of this wraps modulo `2^128`: the parts themselves are short.
    pub(crate) fn split(&self, scalar: Fr) -> Parts {
        let mut limbs = FrConfig::into_bigint(scalar).0;
        let mut parts = [0_i128; D];
        parts[0] = low_half(&limbs);
        for (vector, (share, negative)) in self.basis.iter().zip(&self.shares) {
            let mut count = rounded_product(&limbs, share);
            if *negative {
                count = count.wrapping_neg();
            }
            for (part, entry) in parts.iter_mut().zip(vector) {
                *part = part.wrapping_sub(count.wrapping_mul(*entry));
            }
            count.zeroize();
        }
        limbs.zeroize();
        let mut split = Parts::default();
        for (place, part) in split.iter_mut().zip(&mut parts) {
            *place = Part { magnitude: part.unsigned_abs(), negative: *part < 0 };
            part.zeroize();
        }
        split
    }
}

fn low_half(limbs: &[u64; 4]) -> i128 {
    (u128::from(limbs[1]) << 64 | u128::from(limbs[0])).cast_signed()
}

/// `scalar * share / 2^256`, rounded, modulo `2^128`.
fn rounded_product(scalar: &[u64; 4], share: &[u64; 4]) -> i128 {
    let mut product = [0_u64; 8];
    for (place, &left) in scalar.iter().enumerate() {
        let mut carry = 0_u128;
        for (limb, &right) in product[place..].iter_mut().zip(share) {
            let sum = u128::from(left) * u128::from(right) + u128::from(*limb) + carry;
            *limb = low_word(sum);
            carry = sum >> 64;
        }
        product[place + 4] = low_word(carry);
    }
    let whole = (u128::from(product[5]) << 64 | u128::from(product[4])).cast_signed();
    let half = i128::from(product[3] >> 63);
    product.zeroize();
    whole.wrapping_add(half)
}

#[allow(clippy::cast_possible_truncation, reason = "the low word is what is wanted")]
fn low_word(value: u128) -> u64 {
    value as u64
}

/// One part that is the whole scalar: for points whose multiples by the endomorphism are not known.
pub(crate) fn undivided(magnitude: u128) -> Parts {
    let mut parts = Parts::default();
    parts[0].magnitude = magnitude;
    parts
}

/// How many bits the longest part has.
pub(crate) fn longest(parts: &Parts) -> u32 {
    parts.iter().map(|part| u128::BITS - part.magnitude.leading_zeros()).max().unwrap_or_default()
}

/// `sum parts[j] root^j`, for tests.
#[cfg(test)]
fn join(parts: &Parts, root: Fr) -> Fr {
    parts.iter().rev().fold(Fr::zero(), |sum, part| {
        let magnitude = Fr::from(part.magnitude);
        sum * root + if part.negative { -magnitude } else { magnitude }
    })
}

#[cfg(test)]
mod tests {
    use ark_bn254::Fr;
    use ark_ff::{Field, UniformRand};
    use rand::{SeedableRng, rngs::StdRng};

    use super::{FIRST, SECOND, join, longest};
    use crate::pairing::U;

    #[test]
    fn parts_are_short_and_join_to_the_scalar() {
        let mut random = StdRng::seed_from_u64(8);
        let u = Fr::from(U);
        let psi = u * u * Fr::from(6);
        let lambda = ((Fr::from(36) * u + Fr::from(18)) * u + Fr::from(6)) * u + Fr::ONE;
        let corners = [Fr::from(0), Fr::from(1), -Fr::ONE, Fr::from(2).pow([64]), Fr::from(2).inverse().expect("odd")];
        for scalar in corners.into_iter().chain((0..2000).map(|_| Fr::rand(&mut random))) {
            let (first, second) = (FIRST.split(scalar), SECOND.split(scalar));
            assert_eq!((join(&first, lambda), join(&second, psi)), (scalar, scalar));
            assert!(longest(&first) <= 127 && longest(&second) <= 66);
        }
    }
}
