//! Sums of multiples of points of the first group, as verification needs them.

use ark_bn254::{Fq, Fr, G1Affine, G1Projective};
use ark_ec::{AdditiveGroup, AffineRepr, CurveGroup, VariableBaseMSM};
use ark_ff::{Field, PrimeField, Zero};

use crate::pairing::G1;
use crate::tower::Fp;

/// The bits of one window of a table; its digits are signed, so that a table has half as many points.
const WINDOW_BITS: usize = 6;
const POINTS_IN_WINDOW: usize = 1 << (WINDOW_BITS - 1);
const WINDOWS: usize = 254_usize.div_ceil(WINDOW_BITS) + 1;
/// Tables are built for this many points (11 MB); sums over more are cheaper by buckets.
const MOST_TABLES: usize = 128;

impl From<G1> for G1Affine {
    fn from(point: G1) -> Self {
        Self::new_unchecked(point.x.into(), point.y.into())
    }
}

/// A point as the pairing takes it, or nothing where it is infinity.
pub(crate) fn finite(point: G1Projective) -> Option<G1> {
    point.into_affine().xy().map(|(x, y)| G1 { x: x.into(), y: y.into() })
}

/// Points that are multiplied again and again.
pub(crate) struct FixedPoints {
    points: Vec<G1Affine>,
    /// Of each point and window w, `[d 2^(6w)]` of it for d = 1..32.
    table: Vec<G1Affine>,
}

impl FixedPoints {
    pub(crate) fn of(points: Vec<G1Affine>) -> Self {
        let table = if points.len() <= MOST_TABLES { tabulate(&points) } else { Vec::new() };
        Self { points, table }
    }

    /// `factors[0] points[0] + factors[1] points[1] + ...`
    pub(crate) fn sum(&self, factors: &[Fr]) -> G1Projective {
        if self.table.is_empty() {
            return G1Projective::msm_unchecked(&self.points, factors);
        }
        let mut sum = G1Projective::zero();
        let windows = self.table.chunks_exact(POINTS_IN_WINDOW);
        let digits = factors.iter().flat_map(|factor| signed_digits(factor.into_bigint().0));
        for (digit, multiples) in digits.zip(windows) {
            match digit {
                0 => {}
                1.. => sum += multiples[usize::from(digit.unsigned_abs()) - 1],
                _ => sum -= multiples[usize::from(digit.unsigned_abs()) - 1],
            }
        }
        sum
    }
}

fn tabulate(points: &[G1Affine]) -> Vec<G1Affine> {
    let mut table = Vec::with_capacity(points.len() * WINDOWS * POINTS_IN_WINDOW);
    for point in points {
        let mut window = point.into_group();
        for _ in 0..WINDOWS {
            let mut multiple = window;
            for _ in 0..POINTS_IN_WINDOW {
                table.push(multiple);
                multiple += window;
            }
            window = table[table.len() - 1].double();
        }
    }
    G1Projective::normalize_batch(&table)
}

/// Digits between -31 and 32, the lowest first.
fn signed_digits(limbs: [u64; 4]) -> [i8; WINDOWS] {
    let mut digits = [0; WINDOWS];
    let mut carry = 0;
    for (window, digit) in digits.iter_mut().enumerate() {
        let mut value = carry;
        for bit in 0..WINDOW_BITS {
            let place = window * WINDOW_BITS + bit;
            if place < 256 {
                #[allow(clippy::cast_possible_truncation)] // one bit
                let is_set = (limbs[place / 64] >> (place % 64) & 1) as i8;
                value += is_set << bit;
            }
        }
        carry = i8::from(value > 32);
        *digit = value - (carry << WINDOW_BITS);
    }
    digits
}

/// A coefficient of a batch, `2^64 + a + b lambda`, where lambda is what the endomorphism (x, y) -> (beta x, y) multiplies by.
///
/// a and b are 64 random bits each. lambda makes a lattice with no vector as short as these, so that the 2^128 coefficients
/// are different from each other; and multiplying by one takes 64 doublings in place of 128. The 2^64 is there so that
/// no sum on the way meets infinity or a point and its negative.
#[derive(Clone, Copy)]
pub(crate) struct Coefficient {
    a: u64,
    b: u64,
}

/// The bytes of the random part of one coefficient.
pub(crate) const COEFFICIENT_BYTES: usize = 16;

impl Coefficient {
    pub(crate) fn of(random: &[u8]) -> Self {
        let number = |bytes: &[u8]| bytes.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte));
        Self { a: number(&random[..8]), b: number(&random[8..16]) }
    }

    /// As an element of the field of scalars.
    pub(crate) fn value(self) -> Fr {
        Fr::from((1 << 64) + u128::from(self.a)) + Fr::from(self.b) * lambda()
    }

    /// The digit of two bits of a and two of b at this window.
    fn digit(self, window: usize) -> usize {
        #[allow(clippy::cast_possible_truncation)] // two bits
        let two = |word: u64| (word >> (2 * window) & 3) as usize;
        two(self.a) | two(self.b) << 2
    }
}

/// A cube root of one in F_p. The other one belongs to the square of lambda.
pub(crate) fn beta() -> Fq {
    let root = (-Fq::from(3)).sqrt().expect("p = 1 (mod 3)");
    let candidate = (root - Fq::ONE) / Fq::from(2);
    let generator = G1Affine::generator();
    let image = G1Affine::new_unchecked(generator.x * candidate, generator.y);
    if generator * lambda() == image { candidate } else { candidate.square() }
}

/// A cube root of one in F_r, by the curve's parameter: `36u^3 + 18u^2 + 6u + 1`.
fn lambda() -> Fr {
    let u = Fr::from(crate::pairing::U);
    ((Fr::from(36) * u + Fr::from(18)) * u + Fr::from(6)) * u + Fr::ONE
}

/// The points, each multiplied by its coefficient: all at once, in affine coordinates, sharing the inversions.
///
/// None of the points may be infinity.
pub(crate) fn scale_each(points: &[G1], coefficients: &[Coefficient]) -> Vec<G1> {
    let beta = Fp::from(beta());
    let mut together = Together::with_capacity(points.len());
    let image = |point: &G1| G1 { x: point.x * beta, y: point.y };

    // [i + j lambda] P for 0 <= i, j < 4 at i + 4j; the first entry, zero, is never read.
    let mut multiples = vec![points.to_vec(); 16];
    multiples[2] = together.double(points);
    multiples[3] = together.add(&multiples[2], points);
    for j in 1..4 {
        multiples[4 * j] = multiples[j].iter().map(image).collect();
    }
    for j in 1..4 {
        for i in 1..4 {
            multiples[4 * j + i] = together.add(&multiples[4 * j], &multiples[i]);
        }
    }

    let mut sums = points.to_vec();
    for window in (0..32).rev() {
        sums = together.double(&sums);
        sums = together.double(&sums);
        let digits: Vec<usize> = coefficients.iter().map(|coefficient| coefficient.digit(window)).collect();
        let active: Vec<usize> = (0..points.len()).filter(|&index| digits[index] != 0).collect();
        let left: Vec<G1> = active.iter().map(|&index| sums[index]).collect();
        let right: Vec<G1> = active.iter().map(|&index| multiples[digits[index]][index]).collect();
        for (&index, sum) in active.iter().zip(together.add(&left, &right)) {
            sums[index] = sum;
        }
    }
    sums
}

/// Affine additions of many points at once.
struct Together {
    denominators: Vec<Fp>,
    scratch: Vec<Fp>,
}

impl Together {
    fn with_capacity(count: usize) -> Self {
        Self { denominators: Vec::with_capacity(count), scratch: Vec::with_capacity(count) }
    }

    /// Doubles of points that are not infinity; there is no other point of order two.
    fn double(&mut self, points: &[G1]) -> Vec<G1> {
        self.denominators.clear();
        self.denominators.extend(points.iter().map(|point| point.y + point.y));
        Fp::invert_all(&mut self.denominators, &mut self.scratch);
        let slope = |point: &G1, inverse: Fp| {
            let square = point.x.square();
            (square + square + square) * inverse
        };
        let doubled = points.iter().zip(&self.denominators);
        doubled.map(|(point, &inverse)| third(point, point.x, slope(point, inverse))).collect()
    }

    /// Sums of points that are neither equal nor negatives of each other.
    fn add(&mut self, left: &[G1], right: &[G1]) -> Vec<G1> {
        self.denominators.clear();
        self.denominators.extend(left.iter().zip(right).map(|(p, q)| p.x - q.x));
        Fp::invert_all(&mut self.denominators, &mut self.scratch);
        let pairs = left.iter().zip(right).zip(&self.denominators);
        pairs.map(|((p, q), &inverse)| third(p, q.x, (p.y - q.y) * inverse)).collect()
    }
}

/// The third point on the line of this slope, negated.
#[inline(always)]
fn third(p: &G1, other_x: Fp, slope: Fp) -> G1 {
    let x = slope.square() - p.x - other_x;
    G1 { x, y: slope * (p.x - x) - p.y }
}

/// The sum of the points, each multiplied by its coefficient, by buckets.
pub(crate) fn sum_scaled(points: &[G1], coefficients: &[Coefficient]) -> G1Projective {
    let points: Vec<G1Affine> = points.iter().map(|&point| point.into()).collect();
    let plain: G1Projective = points.iter().sum();
    let by_a = sum_by_buckets(&points, coefficients.iter().map(|coefficient| coefficient.a));
    let mut by_b = sum_by_buckets(&points, coefficients.iter().map(|coefficient| coefficient.b));
    by_b.x *= beta();
    (0..64).fold(plain, |sum, _| sum.double()) + by_a + by_b
}

fn sum_by_buckets(points: &[G1Affine], factors: impl Iterator<Item = u64> + Clone) -> G1Projective {
    let bits = (usize::BITS - points.len().leading_zeros()).saturating_sub(3).clamp(2, 8);
    let mut sum = G1Projective::zero();
    for window in (0..64_u32.div_ceil(bits)).rev() {
        for _ in 0..bits {
            sum.double_in_place();
        }
        let mut buckets = vec![G1Projective::zero(); (1 << bits) - 1];
        for (point, factor) in points.iter().zip(factors.clone()) {
            #[allow(clippy::cast_possible_truncation)] // at most eight bits
            let digit = (factor >> (window * bits)) as usize & ((1 << bits) - 1);
            if digit != 0 {
                buckets[digit - 1] += point;
            }
        }
        let mut running = G1Projective::zero();
        for bucket in buckets.iter().rev() {
            running += bucket;
            sum += running;
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use ark_bn254::{Fr, G1Affine, G1Projective};
    use ark_ec::{AffineRepr, CurveGroup, VariableBaseMSM};
    use ark_ff::{Field, UniformRand};
    use rand::{RngCore, SeedableRng, rngs::StdRng};

    use super::{COEFFICIENT_BYTES, Coefficient, FixedPoints, finite, lambda, scale_each, sum_scaled};
    use crate::pairing::G1;

    fn random_points(count: usize, random: &mut StdRng) -> Vec<G1> {
        (0..count).map(|_| finite(G1Projective::rand(random)).expect("finite")).collect()
    }

    fn random_coefficients(count: usize, random: &mut StdRng) -> Vec<Coefficient> {
        let mut bytes = vec![0; count * COEFFICIENT_BYTES];
        random.fill_bytes(&mut bytes);
        bytes[..COEFFICIENT_BYTES].fill(0);
        bytes[COEFFICIENT_BYTES..2 * COEFFICIENT_BYTES].fill(0xff);
        bytes.chunks_exact(COEFFICIENT_BYTES).map(Coefficient::of).collect()
    }

    #[test]
    fn lambda_is_a_cube_root_of_one() {
        assert_ne!(lambda(), Fr::ONE);
        assert_eq!(lambda().pow([3]), Fr::ONE);
    }

    #[test]
    fn tables_give_the_sums_of_arkworks() {
        let mut random = StdRng::seed_from_u64(4);
        for count in [1, 2, 5, 130] {
            let points: Vec<G1Affine> = random_points(count, &mut random).into_iter().map(Into::into).collect();
            let mut factors: Vec<Fr> = (0..count).map(|_| Fr::rand(&mut random)).collect();
            let fixed = FixedPoints::of(points.clone());
            for first in [Fr::from(0), Fr::from(1), -Fr::ONE, Fr::from(32), Fr::from(33), factors[0]] {
                factors[0] = first;
                assert_eq!(fixed.sum(&factors), G1Projective::msm(&points, &factors).expect("as many"));
            }
        }
    }

    #[test]
    fn scaling_is_multiplication() {
        let mut random = StdRng::seed_from_u64(5);
        for count in [2, 3, 40, 200] {
            let (points, coefficients) = (random_points(count, &mut random), random_coefficients(count, &mut random));
            let scaled = scale_each(&points, &coefficients);
            let mut expected_sum = G1Affine::identity().into_group();
            for ((point, coefficient), scaled) in points.iter().zip(&coefficients).zip(scaled) {
                let expected = G1Affine::from(*point) * coefficient.value();
                assert_eq!(G1Affine::from(scaled), expected.into_affine());
                expected_sum += expected;
            }
            assert_eq!(sum_scaled(&points, &coefficients), expected_sum);
        }
    }
}
