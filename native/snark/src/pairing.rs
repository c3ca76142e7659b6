//! The optimal ate pairing: a loop over the digits of 6u + 2 that many pairs share, and one final exponentiation.
//!
//! The line through points of the twist, seen at a point P of the first group and divided by P's y, is
//! `a + b (x / y) w + c (1 / y) w^3`. A factor in F_p2 does not outlive the final exponentiation, so that for a point that
//! is known beforehand a = 1, and b and c are stored ([`Prepared`]); for others the point walks along ([`Walk`]).
//!
//! The walk ends at `[6u + 2] Q + psi(Q) - psi^2(Q)`, where psi is the Frobenius endomorphism of the twist. For a point Q of
//! the twist this equals `-psi^3(Q)` if and only if Q has order r: the endomorphism `6u + 2 + psi - psi^2 + psi^3` has a
//! norm whose greatest common divisor with the number of points of the twist is exactly r. So the subgroup check, which
//! costs a third of a pairing elsewhere, costs a comparison here.

use ark_ec::short_weierstrass::SWCurveConfig;

use crate::tower::{Fp, Fp2, Fp12, frobenius_factor};

/// u, the parameter of the curve.
pub(crate) const U: u64 = 4_965_661_367_192_848_881;
/// 6u + 2 in signed digits, of which no two neighbours are set; the highest one comes first, and is not listed.
const LOOP: [i8; LOOP_LENGTH] = loop_digits();
const LOOP_LENGTH: usize = 65;
/// The lines of one walk: one for each digit, one more for each that is set, two at the end.
const LINES: usize = LOOP_LENGTH + count_set(&LOOP) + 2;

const fn loop_digits() -> [i8; LOOP_LENGTH] {
    let mut digits = [0; LOOP_LENGTH];
    let mut rest = 6 * U as u128 + 2;
    let mut place = LOOP_LENGTH;
    while place > 0 {
        place -= 1;
        if rest & 1 == 1 {
            if rest & 3 == 1 {
                digits[place] = 1;
                rest -= 1;
            } else {
                digits[place] = -1;
                rest += 1;
            }
        }
        rest >>= 1;
    }
    assert!(rest == 1, "the highest digit is one");
    digits
}

const fn count_set(digits: &[i8; LOOP_LENGTH]) -> usize {
    let (mut count, mut place) = (0, 0);
    while place < LOOP_LENGTH {
        if digits[place] != 0 {
            count += 1;
        }
        place += 1;
    }
    count
}

/// An affine point of the first group that is not infinity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct G1 {
    pub(crate) x: Fp,
    pub(crate) y: Fp,
}

/// An affine point of the twist that is not infinity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct G2 {
    pub(crate) x: Fp2,
    pub(crate) y: Fp2,
}

/// `x / y` and `1 / y` of a point of the first group: what a line needs of it.
#[derive(Clone, Copy)]
pub(crate) struct Slope {
    ratio: Fp,
    inverse: Fp,
}

impl Slope {
    /// The slope of each point, with one inversion for all.
    pub(crate) fn of_all(points: &[G1]) -> Vec<Self> {
        let mut inverses: Vec<Fp> = points.iter().map(|point| point.y).collect();
        Fp::invert_all(&mut inverses, &mut Vec::with_capacity(points.len()));
        points.iter().zip(inverses).map(|(point, inverse)| Self { ratio: point.x * inverse, inverse }).collect()
    }
}

impl G2 {
    pub(crate) fn neg(self) -> Self {
        Self { x: self.x, y: -self.y }
    }

    /// The endomorphism psi: up to the curve over F_p12, to the p-th power, and down again.
    pub(crate) fn psi(self) -> Self {
        Self { x: self.x.conjugate() * frobenius_factor(2), y: self.y.conjugate() * frobenius_factor(3) }
    }
}

/// Where Q goes after the loop: psi(Q), -psi^2(Q); and where it has to be then: -psi^3(Q).
struct Ending {
    steps: [G2; 2],
    goal: G2,
}

impl Ending {
    fn of(q: G2) -> Self {
        let first = q.psi();
        let second = first.psi();
        Self { steps: [first, second.neg()], goal: second.psi().neg() }
    }
}

/// The line `a + b (x / y) w + c (1 / y) w^3`.
struct Line {
    a: Fp2,
    b: Fp2,
    c: Fp2,
}

/// A point of the twist on its way through the loop, in homogeneous coordinates.
struct Walk {
    x: Fp2,
    y: Fp2,
    z: Fp2,
}

impl Walk {
    fn from(q: G2) -> Self {
        Self { x: q.x, y: q.y, z: Fp2::ONE }
    }

    /// T becomes 2 T; the tangent at T (Costello, Lange, Naehrig: eprint 2009/615, section 5, for `b / xi` of the twist).
    fn double(&mut self) -> Line {
        let Self { x, y, z } = *self;
        let a = (x * y).halve();
        let b = y.square();
        let c = z.square();
        let e = c.triple() * twist_constant();
        let f = e.triple();
        let g = (b + f).halve();
        let h = (y + z).square() - (b + c);
        *self = Self { x: a * (b - f), y: g.square() - e.square().triple(), z: b * h };
        Line { a: -h, b: x.square().triple(), c: e - b }
    }

    /// T becomes T + Q; the line through T and Q. Where T = Q or T = -Q, which no point of order r meets, z becomes zero.
    fn add(&mut self, q: G2) -> Line {
        let Self { x, y, z } = *self;
        let theta = y - q.y * z;
        let lambda = x - q.x * z;
        let lambda_squared = lambda.square();
        let e = lambda * lambda_squared;
        let g = x * lambda_squared;
        let h = e + z * theta.square() - g.double();
        *self = Self { x: lambda * h, y: theta * (g - h) - e * y, z: z * e };
        Line { a: lambda, b: -theta, c: theta * q.x - lambda * q.y }
    }

    /// Whether the walk stands at `goal`. One that met an exceptional case has z = 0, and stands nowhere.
    fn is_at(&self, goal: G2) -> bool {
        !self.z.is_zero() && self.x == goal.x * self.z && self.y == goal.y * self.z
    }
}

/// `3 / xi`.
fn twist_constant() -> Fp2 {
    ark_bn254::g2::Config::COEFF_B.into()
}

/// The lines of a point that is known beforehand, as (b, c) where a = 1.
pub(crate) struct Prepared(Vec<(Fp2, Fp2)>);

impl Prepared {
    /// The lines of Q, or nothing where Q is outside the subgroup.
    pub(crate) fn of(q: G2) -> Option<Self> {
        let mut walk = Walk::from(q);
        let mut lines = Vec::with_capacity(LINES);
        let ending = Ending::of(q);
        for digit in LOOP {
            lines.push(walk.double());
            match digit {
                0 => {}
                1 => lines.push(walk.add(q)),
                _ => lines.push(walk.add(q.neg())),
            }
        }
        lines.extend(ending.steps.map(|step| walk.add(step)));
        if !walk.is_at(ending.goal) {
            return None;
        }
        let mut inverses: Vec<Fp2> = lines.iter().map(|line| line.a).collect();
        Fp2::invert_all(&mut inverses, &mut Vec::with_capacity(LINES));
        Some(Self(lines.iter().zip(inverses).map(|(line, inverse)| (line.b * inverse, line.c * inverse)).collect()))
    }
}

/// A product of pairings on its way: the shared squarings, and the lines of everything that takes part.
struct Accumulator(Fp12);

impl Accumulator {
    fn take_line(&mut self, line: &Line, at: Slope) {
        self.0 = self.0.times_line(line.a, line.b.scale(at.ratio), line.c.scale(at.inverse));
    }

    fn take_prepared(&mut self, (b, c): (Fp2, Fp2), at: Slope) {
        self.0 = self.0.times_monic_line(b.scale(at.ratio), c.scale(at.inverse));
    }
}

/// The product of the Miller loops of prepared points and of others, and whether every one of the others has order r.
pub(crate) fn miller_loop(prepared: &[(&Prepared, Slope)], others: &[(G2, Slope)]) -> (Fp12, bool) {
    let mut product = Accumulator(Fp12::ONE);
    let mut walks: Vec<Walk> = others.iter().map(|(q, _)| Walk::from(*q)).collect();
    let mut next = 0;
    let mut take_next = |product: &mut Accumulator| {
        for (lines, at) in prepared {
            product.take_prepared(lines.0[next], *at);
        }
        next += 1;
    };
    for digit in LOOP {
        product.0 = product.0.square();
        take_next(&mut product);
        for (walk, (_, at)) in walks.iter_mut().zip(others) {
            product.take_line(&walk.double(), *at);
        }
        if digit != 0 {
            take_next(&mut product);
            for (walk, (q, at)) in walks.iter_mut().zip(others) {
                product.take_line(&walk.add(if digit == 1 { *q } else { q.neg() }), *at);
            }
        }
    }
    let endings: Vec<Ending> = others.iter().map(|(q, _)| Ending::of(*q)).collect();
    for step in 0..2 {
        take_next(&mut product);
        for ((walk, ending), (_, at)) in walks.iter_mut().zip(&endings).zip(others) {
            product.take_line(&walk.add(ending.steps[step]), *at);
        }
    }
    let all_of_order_r = walks.iter().zip(&endings).all(|(walk, ending)| walk.is_at(ending.goal));
    (product.0, all_of_order_r)
}

/// The same for many points at once: they walk in affine coordinates and share the inversions, so that every line has
/// a = 1. For each point, whether it has order r.
pub(crate) fn miller_loop_of_many(pairs: &[(G2, Slope)]) -> (Fp12, Vec<bool>) {
    let mut product = Accumulator(Fp12::ONE);
    let mut crowd = Crowd::of(pairs);
    for digit in LOOP {
        product.0 = product.0.square();
        crowd.double(&mut product);
        if digit != 0 {
            crowd.add(&mut product, |q| if digit == 1 { q } else { q.neg() });
        }
    }
    crowd.add(&mut product, |q| Ending::of(q).steps[0]);
    crowd.add(&mut product, |q| Ending::of(q).steps[1]);
    (product.0, crowd.of_order_r())
}

/// Points that walk together.
struct Crowd<'a> {
    pairs: &'a [(G2, Slope)],
    at: Vec<G2>,
    /// Whether a point met no exceptional case so far: no denominator was zero.
    is_regular: Vec<bool>,
    denominators: Vec<Fp2>,
    scratch: Vec<Fp2>,
}

impl<'a> Crowd<'a> {
    fn of(pairs: &'a [(G2, Slope)]) -> Self {
        Self {
            pairs,
            at: pairs.iter().map(|(q, _)| *q).collect(),
            is_regular: vec![true; pairs.len()],
            denominators: Vec::with_capacity(pairs.len()),
            scratch: Vec::with_capacity(pairs.len()),
        }
    }

    fn double(&mut self, product: &mut Accumulator) {
        self.denominators.clear();
        self.denominators.extend(self.at.iter().map(|t| t.y.double()));
        self.invert();
        for ((t, inverse), (_, slope)) in self.at.iter_mut().zip(&self.denominators).zip(self.pairs) {
            let lambda = t.x.square().triple() * *inverse;
            Self::step(t, t.x, lambda, *slope, product);
        }
    }

    fn add(&mut self, product: &mut Accumulator, summand: impl Fn(G2) -> G2) {
        self.denominators.clear();
        self.denominators.extend(self.at.iter().zip(self.pairs).map(|(t, (q, _))| t.x - summand(*q).x));
        self.invert();
        for ((t, inverse), (q, slope)) in self.at.iter_mut().zip(&self.denominators).zip(self.pairs) {
            let other = summand(*q);
            let lambda = (t.y - other.y) * *inverse;
            Self::step(t, other.x, lambda, *slope, product);
        }
    }

    /// The line of slope lambda through T, and the third point on it, negated.
    fn step(t: &mut G2, other_x: Fp2, lambda: Fp2, slope: Slope, product: &mut Accumulator) {
        let c = lambda * t.x - t.y;
        let x = lambda.square() - t.x - other_x;
        *t = G2 { x, y: c - lambda * x };
        product.take_prepared((-lambda, c), slope);
    }

    fn invert(&mut self) {
        for (is_regular, denominator) in self.is_regular.iter_mut().zip(&self.denominators) {
            *is_regular &= !denominator.is_zero();
        }
        Fp2::invert_all(&mut self.denominators, &mut self.scratch);
    }

    fn of_order_r(&self) -> Vec<bool> {
        let ends = self.at.iter().zip(self.pairs);
        ends.zip(&self.is_regular).map(|((t, (q, _)), regular)| *regular && *t == Ending::of(*q).goal).collect()
    }
}

/// The power `m (p^12 - 1) / r` with `m = 2u (6u^2 + 3u + 1)`, by Fuentes-Castaneda, Knapp and Rodriguez-Henriquez: r does not
/// divide m, so that it is one exactly where the power `(p^12 - 1) / r` is.
pub(crate) fn final_exponentiation(value: &Fp12) -> Fp12 {
    let easy = value.conjugate() * value.inverse();
    let r = easy.frobenius_squared() * easy;
    let y0 = power_minus_u(&r);
    let y1 = y0.square_cyclotomic();
    let y3 = y1.square_cyclotomic() * y1;
    let y4 = power_minus_u(&y3);
    let y6 = power_minus_u(&y4.square_cyclotomic()).conjugate();
    let y8 = y6 * y4 * y3.conjugate();
    let y9 = y8 * y1;
    let y11 = y8 * y4 * r;
    let y14 = y8.frobenius_squared() * y9.frobenius() * y11;
    (r.conjugate() * y9).frobenius().frobenius_squared() * y14
}

/// The power -u of an element of the cyclotomic subgroup.
fn power_minus_u(value: &Fp12) -> Fp12 {
    power_cyclotomic(value, &[U]).conjugate()
}

/// A power of an element of the cyclotomic subgroup, where inverses are free: signed windows of four bits.
fn power_cyclotomic(value: &Fp12, exponent: &[u64]) -> Fp12 {
    let square = value.square_cyclotomic();
    let mut odd = [*value; 4];
    for i in 1..4 {
        odd[i] = odd[i - 1] * square;
    }
    let mut power: Option<Fp12> = None;
    for digit in signed_windows(exponent).into_iter().rev() {
        power = power.map(|power| power.square_cyclotomic());
        if digit != 0 {
            let factor = odd[usize::from(digit.unsigned_abs() / 2)];
            let factor = if digit < 0 { factor.conjugate() } else { factor };
            power = Some(power.map_or(factor, |power| power * factor));
        }
    }
    power.unwrap_or(Fp12::ONE)
}

/// Digits that are zero or odd, between -7 and 7, the lowest first.
fn signed_windows(exponent: &[u64]) -> Vec<i8> {
    let mut rest = exponent.to_vec();
    rest.push(0);
    let mut digits = Vec::with_capacity(rest.len() * 64);
    while rest.iter().any(|&limb| limb != 0) {
        let mut digit = 0;
        if rest[0] & 1 == 1 {
            #[allow(clippy::cast_possible_truncation)] // four bits
            let window = (rest[0] & 15) as i8;
            digit = if window > 7 { window - 16 } else { window };
            if digit > 0 {
                rest[0] -= u64::from(digit.unsigned_abs());
            } else {
                let mut carry = u64::from(digit.unsigned_abs());
                for limb in &mut rest {
                    let (sum, overflow) = limb.overflowing_add(carry);
                    (*limb, carry) = (sum, u64::from(overflow));
                }
            }
        }
        digits.push(digit);
        for i in 0..rest.len() {
            rest[i] = rest[i] >> 1 | rest.get(i + 1).map_or(0, |next| next << 63);
        }
    }
    digits
}

#[cfg(test)]
mod tests {
    use ark_bn254::{Bn254, Fq12, Fr, G1Affine, G2Affine};
    use ark_ec::{AffineRepr, CurveConfig, CurveGroup, pairing::Pairing};
    use ark_ff::{Field, UniformRand};
    use rand::{SeedableRng, rngs::StdRng};

    use super::{G1, G2, Prepared, Slope, final_exponentiation, miller_loop, miller_loop_of_many, power_cyclotomic};
    use crate::tower::Fp12;

    fn g1(point: G1Affine) -> G1 {
        G1 { x: point.x.into(), y: point.y.into() }
    }

    fn g2(point: G2Affine) -> G2 {
        G2 { x: point.x.into(), y: point.y.into() }
    }

    fn random_pairs(count: usize) -> Vec<(G1Affine, G2Affine)> {
        let mut random = StdRng::seed_from_u64(2);
        let mut pair =
            || (G1Affine::generator() * Fr::rand(&mut random), G2Affine::generator() * Fr::rand(&mut random));
        (0..count).map(|_| pair()).map(|(p, q)| (p.into_affine(), q.into_affine())).collect()
    }

    fn of_arkworks(value: &Fq12) -> Fp12 {
        let pair = |pair: ark_bn254::Fq2| pair.into();
        let six = |six: ark_bn254::Fq6| crate::tower::Fp6 { c0: pair(six.c0), c1: pair(six.c1), c2: pair(six.c2) };
        Fp12 { c0: six(value.c0), c1: six(value.c1) }
    }

    #[test]
    fn pairings_are_those_of_arkworks() {
        let pairs = random_pairs(5);
        let expected = Bn254::multi_pairing(pairs.iter().map(|(p, _)| *p), pairs.iter().map(|(_, q)| *q)).0;
        let slopes = Slope::of_all(&pairs.iter().map(|(p, _)| g1(*p)).collect::<Vec<_>>());
        let others: Vec<_> = pairs.iter().zip(&slopes).map(|((_, q), slope)| (g2(*q), *slope)).collect();
        let lines: Vec<_> = pairs.iter().map(|(_, q)| Prepared::of(g2(*q)).expect("of order r")).collect();
        let prepared: Vec<_> = lines.iter().zip(slopes).collect();
        let (by_walking, all_of_order_r) = miller_loop(&[], &others);
        assert!(all_of_order_r);
        assert_eq!(final_exponentiation(&by_walking), of_arkworks(&expected));
        assert_eq!(final_exponentiation(&miller_loop(&prepared, &[]).0), of_arkworks(&expected));
        assert_eq!(final_exponentiation(&miller_loop(&prepared[..2], &others[2..]).0), of_arkworks(&expected));
        let (together, of_order_r) = miller_loop_of_many(&others);
        assert!(of_order_r.iter().all(|is| *is));
        assert_eq!(final_exponentiation(&together), of_arkworks(&expected));
        let exponent = [5, 77, 0, 1 << 60];
        assert_eq!(power_cyclotomic(&of_arkworks(&expected), &exponent), of_arkworks(&expected.pow(exponent)));
    }

    /// Points of the twist whose order is divided by, or is, another factor of its number of points.
    #[test]
    fn points_outside_the_subgroup_are_seen() {
        let mut random = StdRng::seed_from_u64(3);
        let cofactor_without = |factor: u64| divide(ark_bn254::g2::Config::COFACTOR, factor);
        let slope = Slope::of_all(&[g1(G1Affine::generator())])[0];
        let mut tried = 0;
        while tried < 40 {
            let Some(point) = G2Affine::get_point_from_x_unchecked(ark_bn254::Fq2::rand(&mut random), true) else {
                continue;
            };
            let of_small_order = |factor| {
                let times_r = point.mul_bigint(<Fr as ark_ff::PrimeField>::MODULUS).into_affine();
                times_r.mul_bigint(cofactor_without(factor)).into_affine()
            };
            let member = G2Affine::generator();
            let outside = [point, of_small_order(10_069), of_small_order(5_864_401)];
            for point in outside.into_iter().filter(|point| !point.is_zero()) {
                for point in [point, (point + member).into_affine()] {
                    assert!(point.is_on_curve() && !point.is_in_correct_subgroup_assuming_on_curve());
                    assert!(Prepared::of(g2(point)).is_none());
                    assert!(!miller_loop(&[], &[(g2(point), slope)]).1);
                    assert_eq!(miller_loop_of_many(&[(g2(member), slope), (g2(point), slope)]).1, [true, false]);
                }
            }
            tried += 1;
        }
    }

    /// A product of limbs by a small factor that divides it.
    fn divide(limbs: &[u64], factor: u64) -> Vec<u64> {
        let mut remainder = 0u128;
        let mut quotient = limbs.to_vec();
        for limb in quotient.iter_mut().rev() {
            let dividend = remainder << 64 | u128::from(*limb);
            *limb = u64::try_from(dividend / u128::from(factor)).expect("below 2^64");
            remainder = dividend % u128::from(factor);
        }
        assert_eq!(remainder, 0);
        quotient
    }
}
