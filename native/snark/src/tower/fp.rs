//! F_p: four limbs in Montgomery form, and products of eight limbs that are not yet reduced.

use std::ops::{Add, Mul, Neg, Sub};

use ark_bn254::Fq;
use ark_ff::{AdditiveGroup, BigInt, Field, MontConfig, PrimeField};

use crate::tower::fp2::Fp2;

/// The modulus p.
const P: [u64; 4] = ark_bn254::FqConfig::MODULUS.0;
/// -1 / p mod 2^64.
const MINUS_INVERSE: u64 = ark_bn254::FqConfig::INV;

/// An element of F_p, always below p.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fp(pub(crate) [u64; 4]);

impl Fp {
    pub(crate) const ZERO: Self = Self([0; 4]);
    pub(crate) const ONE: Self = Self(ark_bn254::FqConfig::R.0);

    /// From 32 big-endian bytes, or nothing where they are not below p.
    pub(crate) fn from_be_bytes(bytes: &[u8]) -> Option<Self> {
        let mut limbs = [0; 4];
        for (limb, chunk) in limbs.iter_mut().rev().zip(bytes.chunks_exact(8)) {
            *limb = chunk.iter().fold(0, |word, &byte| word << 8 | u64::from(byte));
        }
        let (_, is_below) = sub_limbs(&limbs, &P);
        is_below.then(|| Self(limbs) * Self(ark_bn254::FqConfig::R2.0))
    }

    /// As 32 big-endian bytes.
    pub(crate) fn to_be_bytes(self) -> [u8; 32] {
        let mut bytes = [0; 32];
        for (limb, chunk) in Fq::from(self).into_bigint().0.iter().rev().zip(bytes.chunks_exact_mut(8)) {
            chunk.copy_from_slice(&limb.to_be_bytes());
        }
        bytes
    }

    pub(crate) fn is_zero(self) -> bool {
        self == Self::ZERO
    }

    /// The inverse; of zero it is zero.
    pub(crate) fn inverse(self) -> Self {
        Fq::from(self).inverse().unwrap_or(Fq::ZERO).into()
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

    #[inline(always)]
    pub(crate) fn square(self) -> Self {
        self * self
    }

    pub(crate) fn halve(self) -> Self {
        let is_odd = self.0[0] & 1 == 1;
        let a = if is_odd { add_limbs(&self.0, &P) } else { self.0 };
        Self([a[0] >> 1 | a[1] << 63, a[1] >> 1 | a[2] << 63, a[2] >> 1 | a[3] << 63, a[3] >> 1])
    }
}

impl From<Fq> for Fp {
    #[inline(always)]
    fn from(value: Fq) -> Self {
        Self(value.0.0)
    }
}

impl From<Fp> for Fq {
    #[inline(always)]
    fn from(value: Fp) -> Self {
        Self::new_unchecked(BigInt::new(value.0))
    }
}

impl Add for Fp {
    type Output = Self;

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self(add_modulo(self.0, &other.0))
    }
}

impl Sub for Fp {
    type Output = Self;

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Self(subtract_modulo(self.0, &other.0))
    }
}

impl Neg for Fp {
    type Output = Self;

    #[inline(always)]
    fn neg(self) -> Self {
        Self::ZERO - self
    }
}

impl Mul for Fp {
    type Output = Self;

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        Self(reduce_limbs(&multiply_limbs(&self.0, &other.0)))
    }
}

/// `(a0 + a1 i)(b0 + b1 i)` with three products and two reductions.
///
/// The sums are below 2p, so that their product is that of two numbers below 2^255; what is left of it after the two
/// subtractions is not negative. The real part may be: then `p * 2^256` is added, which is zero mod p.
#[inline(never)] // it stands in hundreds of places, and the code has to fit into the cache
pub(super) fn multiply_pairs(a: &Fp2, b: &Fp2) -> Fp2 {
    #[cfg(target_arch = "x86_64")]
    if x86_64::is_available() {
        return multiply_pairs_by(a, b, x86_64::multiply, x86_64::reduce);
    }
    multiply_pairs_by(a, b, portable::multiply, portable::reduce)
}

#[inline(always)]
fn multiply_pairs_by(
    a: &Fp2,
    b: &Fp2,
    multiply: impl Fn(&[u64; 4], &[u64; 4]) -> [u64; 8],
    reduce: impl Fn(&[u64; 8]) -> [u64; 4],
) -> Fp2 {
    let mut crossed = multiply(&add_limbs(&a.c0.0, &a.c1.0), &add_limbs(&b.c0.0, &b.c1.0));
    let mut real = multiply(&a.c0.0, &b.c0.0);
    let imaginary = multiply(&a.c1.0, &b.c1.0);
    sub_wide(&mut crossed, &real);
    sub_wide(&mut crossed, &imaginary);
    let mask = sub_wide(&mut real, &imaginary);
    let c1 = Fp(reduce(&crossed));
    add_masked_modulus_high(&mut real, mask);
    Fp2 { c0: Fp(reduce(&real)), c1 }
}

/// `(a0 + a1 i)^2 = (a0 + a1)(a0 - a1) + 2 a0 a1 i`.
#[inline(never)] // likewise
pub(super) fn square_pair(a: &Fp2) -> Fp2 {
    #[cfg(target_arch = "x86_64")]
    if x86_64::is_available() {
        return square_pair_by(a, x86_64::multiply, x86_64::reduce);
    }
    square_pair_by(a, portable::multiply, portable::reduce)
}

#[inline(always)]
fn square_pair_by(
    a: &Fp2,
    multiply: impl Fn(&[u64; 4], &[u64; 4]) -> [u64; 8],
    reduce: impl Fn(&[u64; 8]) -> [u64; 4],
) -> Fp2 {
    let real = multiply(&add_limbs(&a.c0.0, &a.c1.0), &subtract_modulo(a.c0.0, &a.c1.0));
    let imaginary = multiply(&add_limbs(&a.c0.0, &a.c0.0), &a.c1.0);
    Fp2 { c0: Fp(reduce(&real)), c1: Fp(reduce(&imaginary)) }
}

// --- Limbs ------------------------------------------------------------------------------------------

#[inline(always)]
fn add_limbs(a: &[u64; 4], b: &[u64; 4]) -> [u64; 4] {
    let mut sum = [0; 4];
    let mut carry = false;
    for i in 0..4 {
        let (partial, first) = a[i].overflowing_add(b[i]);
        let (limb, second) = partial.overflowing_add(u64::from(carry));
        (sum[i], carry) = (limb, first | second);
    }
    sum
}

/// The difference mod 2^256, and whether it is negative.
#[inline(always)]
fn sub_limbs(a: &[u64; 4], b: &[u64; 4]) -> ([u64; 4], bool) {
    let mut difference = [0; 4];
    let mut borrow = false;
    for i in 0..4 {
        let (partial, first) = a[i].overflowing_sub(b[i]);
        let (limb, second) = partial.overflowing_sub(u64::from(borrow));
        (difference[i], borrow) = (limb, first | second);
    }
    (difference, borrow)
}

/// The sum mod p.
#[inline(always)]
fn add_modulo(a: [u64; 4], b: &[u64; 4]) -> [u64; 4] {
    #[cfg(target_arch = "x86_64")]
    return x86_64::add_modulo(a, b);
    #[cfg(not(target_arch = "x86_64"))]
    return portable::add_modulo(a, b);
}

/// The difference mod p.
#[inline(always)]
fn subtract_modulo(a: [u64; 4], b: &[u64; 4]) -> [u64; 4] {
    #[cfg(target_arch = "x86_64")]
    return x86_64::subtract_modulo(a, b);
    #[cfg(not(target_arch = "x86_64"))]
    return portable::subtract_modulo(a, b);
}

/// `a` becomes the difference mod 2^512; all ones where it is negative.
#[inline(always)]
fn sub_wide(a: &mut [u64; 8], b: &[u64; 8]) -> u64 {
    #[cfg(target_arch = "x86_64")]
    return x86_64::sub_wide(a, b);
    #[cfg(not(target_arch = "x86_64"))]
    return portable::sub_wide(a, b);
}

/// Of a number of eight limbs, adds p to the upper four where the mask is all ones.
#[inline(always)]
fn add_masked_modulus_high(a: &mut [u64; 8], mask: u64) {
    #[cfg(target_arch = "x86_64")]
    return x86_64::add_masked_modulus_high(a, mask);
    #[cfg(not(target_arch = "x86_64"))]
    return portable::add_masked_modulus_high(a, mask);
}

/// A number below 2p, made one below p.
#[inline(always)]
fn below_p(a: [u64; 4]) -> [u64; 4] {
    let (difference, is_below) = sub_limbs(&a, &P);
    if is_below { a } else { difference }
}

#[inline(always)]
fn multiply_limbs(a: &[u64; 4], b: &[u64; 4]) -> [u64; 8] {
    #[cfg(target_arch = "x86_64")]
    if x86_64::is_available() {
        return x86_64::multiply(a, b);
    }
    portable::multiply(a, b)
}

#[inline(always)]
fn reduce_limbs(a: &[u64; 8]) -> [u64; 4] {
    #[cfg(target_arch = "x86_64")]
    if x86_64::is_available() {
        return x86_64::reduce(a);
    }
    portable::reduce(a)
}

/// What every processor can do.
#[cfg_attr(target_arch = "x86_64", allow(dead_code))] // there, additions are never these; the tests compare them
mod portable {
    use super::{MINUS_INVERSE, P, add_limbs, below_p, sub_limbs};

    #[inline(always)]
    pub(super) fn add_modulo(a: [u64; 4], b: &[u64; 4]) -> [u64; 4] {
        below_p(add_limbs(&a, b))
    }

    #[inline(always)]
    pub(super) fn subtract_modulo(a: [u64; 4], b: &[u64; 4]) -> [u64; 4] {
        let (difference, is_negative) = sub_limbs(&a, b);
        add_masked_modulus(difference, 0u64.wrapping_sub(u64::from(is_negative)))
    }

    #[inline(always)]
    pub(super) fn add_masked_modulus(a: [u64; 4], mask: u64) -> [u64; 4] {
        add_limbs(&a, &P.map(|limb| limb & mask))
    }

    #[inline(always)]
    pub(super) fn sub_wide(a: &mut [u64; 8], b: &[u64; 8]) -> u64 {
        let mut borrow = false;
        for i in 0..8 {
            let (partial, first) = a[i].overflowing_sub(b[i]);
            let (limb, second) = partial.overflowing_sub(u64::from(borrow));
            (a[i], borrow) = (limb, first | second);
        }
        0u64.wrapping_sub(u64::from(borrow))
    }

    #[inline(always)]
    pub(super) fn add_masked_modulus_high(a: &mut [u64; 8], mask: u64) {
        let high = add_masked_modulus([a[4], a[5], a[6], a[7]], mask);
        a[4..].copy_from_slice(&high);
    }

    /// The low and the high limb of `a + b * c + d`, which cannot wrap.
    #[inline(always)]
    fn multiply_add(a: u64, b: u64, c: u64, d: u64) -> (u64, u64) {
        let sum = u128::from(b).wrapping_mul(u128::from(c)).wrapping_add(u128::from(a)).wrapping_add(u128::from(d));
        #[allow(clippy::cast_possible_truncation)] // the two halves
        (sum as u64, (sum >> 64) as u64)
    }

    #[cold]
    #[inline(never)] // where the other one is used, this one must not fill its caller
    pub(super) fn multiply(a: &[u64; 4], b: &[u64; 4]) -> [u64; 8] {
        let mut product = [0; 8];
        for i in 0..4 {
            let mut carry = 0;
            for j in 0..4 {
                (product[i + j], carry) = multiply_add(product[i + j], a[i], b[j], carry);
            }
            product[i + 4] = carry;
        }
        product
    }

    /// Montgomery's reduction, limb by limb: what is below `p * 2^256` comes out below p.
    #[cold]
    #[inline(never)] // likewise
    pub(super) fn reduce(a: &[u64; 8]) -> [u64; 4] {
        let mut low = [a[0], a[1], a[2], a[3]];
        for _ in 0..4 {
            let factor = low[0].wrapping_mul(MINUS_INVERSE);
            let (_, mut carry) = multiply_add(low[0], factor, P[0], 0);
            for j in 1..4 {
                (low[j - 1], carry) = multiply_add(low[j], factor, P[j], carry);
            }
            low[3] = carry;
        }
        below_p(super::add_limbs(&low, &[a[4], a[5], a[6], a[7]]))
    }
}

/// The same by hand: the compiler neither keeps a carry in its flag nor refrains from branches that nobody can
/// foresee. Products use two carry chains at once, on processors that have ADX and BMI2 (most since 2015).
#[cfg(target_arch = "x86_64")]
mod x86_64 {
    use std::arch::{asm, is_x86_feature_detected};

    use super::{MINUS_INVERSE, P};

    /// p, and then -1 / p mod 2^64.
    static CONSTANTS: [u64; 5] = [P[0], P[1], P[2], P[3], MINUS_INVERSE];

    #[inline(always)]
    pub(super) fn is_available() -> bool {
        is_x86_feature_detected!("adx") && is_x86_feature_detected!("bmi2")
    }

    #[inline(always)]
    #[allow(unsafe_code)] // reads `b` and the constants, writes registers
    pub(super) fn add_modulo(a: [u64; 4], b: &[u64; 4]) -> [u64; 4] {
        let [mut a0, mut a1, mut a2, mut a3] = a;
        // SAFETY: plain x86-64; the pointers are to four and five limbs that outlive the block.
        unsafe {
            asm!(
                "add {a0}, [{b}]",
                "adc {a1}, [{b} + 8]",
                "adc {a2}, [{b} + 16]",
                "adc {a3}, [{b} + 24]",
                "mov {t0}, {a0}",
                "mov {t1}, {a1}",
                "mov {t2}, {a2}",
                "mov {b}, {a3}",
                "sub {t0}, [{constants}]",
                "sbb {t1}, [{constants} + 8]",
                "sbb {t2}, [{constants} + 16]",
                "sbb {b}, [{constants} + 24]",
                "cmovnc {a0}, {t0}",
                "cmovnc {a1}, {t1}",
                "cmovnc {a2}, {t2}",
                "cmovnc {a3}, {b}",
                a0 = inout(reg) a0, a1 = inout(reg) a1, a2 = inout(reg) a2, a3 = inout(reg) a3,
                b = inout(reg) b.as_ptr() => _, constants = in(reg) CONSTANTS.as_ptr(),
                t0 = out(reg) _, t1 = out(reg) _, t2 = out(reg) _,
                options(pure, readonly, nostack),
            );
        }
        [a0, a1, a2, a3]
    }

    #[inline(always)]
    #[allow(unsafe_code)] // likewise
    pub(super) fn subtract_modulo(a: [u64; 4], b: &[u64; 4]) -> [u64; 4] {
        let [mut a0, mut a1, mut a2, mut a3] = a;
        let mask: u64;
        // SAFETY: plain x86-64; the pointer is to four limbs that outlive the block.
        unsafe {
            asm!(
                "sub {a0}, [{b}]",
                "sbb {a1}, [{b} + 8]",
                "sbb {a2}, [{b} + 16]",
                "sbb {a3}, [{b} + 24]",
                "sbb {b}, {b}",
                a0 = inout(reg) a0, a1 = inout(reg) a1, a2 = inout(reg) a2, a3 = inout(reg) a3,
                b = inout(reg) b.as_ptr() => mask,
                options(pure, readonly, nostack),
            );
        }
        add_masked_modulus([a0, a1, a2, a3], mask)
    }

    #[inline(always)]
    #[allow(unsafe_code)] // likewise
    pub(super) fn add_masked_modulus(a: [u64; 4], mask: u64) -> [u64; 4] {
        let [mut a0, mut a1, mut a2, mut a3] = a;
        let [p0, p1, p2, p3] = P.map(|limb| limb & mask);
        // SAFETY: plain x86-64, registers alone.
        unsafe {
            asm!(
                "add {a0}, {p0}",
                "adc {a1}, {p1}",
                "adc {a2}, {p2}",
                "adc {a3}, {p3}",
                a0 = inout(reg) a0, a1 = inout(reg) a1, a2 = inout(reg) a2, a3 = inout(reg) a3,
                p0 = in(reg) p0, p1 = in(reg) p1, p2 = in(reg) p2, p3 = in(reg) p3,
                options(pure, nomem, nostack),
            );
        }
        [a0, a1, a2, a3]
    }

    #[inline(always)]
    #[allow(unsafe_code)] // likewise, and writes `a`
    pub(super) fn sub_wide(a: &mut [u64; 8], b: &[u64; 8]) -> u64 {
        let mask: u64;
        // SAFETY: plain x86-64; both pointers are to eight limbs, and nothing else refers to those of `a`.
        unsafe {
            asm!(
                "mov {t0}, [{a}]",
                "mov {t1}, [{a} + 8]",
                "mov {t2}, [{a} + 16]",
                "mov {t3}, [{a} + 24]",
                "sub {t0}, [{b}]",
                "sbb {t1}, [{b} + 8]",
                "sbb {t2}, [{b} + 16]",
                "sbb {t3}, [{b} + 24]",
                "mov [{a}], {t0}",
                "mov [{a} + 8], {t1}",
                "mov [{a} + 16], {t2}",
                "mov [{a} + 24], {t3}",
                "mov {t0}, [{a} + 32]",
                "mov {t1}, [{a} + 40]",
                "mov {t2}, [{a} + 48]",
                "mov {t3}, [{a} + 56]",
                "sbb {t0}, [{b} + 32]",
                "sbb {t1}, [{b} + 40]",
                "sbb {t2}, [{b} + 48]",
                "sbb {t3}, [{b} + 56]",
                "mov [{a} + 32], {t0}",
                "mov [{a} + 40], {t1}",
                "mov [{a} + 48], {t2}",
                "mov [{a} + 56], {t3}",
                "sbb {t0}, {t0}",
                a = in(reg) a.as_mut_ptr(), b = in(reg) b.as_ptr(),
                t0 = out(reg) mask, t1 = out(reg) _, t2 = out(reg) _, t3 = out(reg) _,
                options(nostack),
            );
        }
        mask
    }

    #[inline(always)]
    #[allow(unsafe_code)] // likewise
    pub(super) fn add_masked_modulus_high(a: &mut [u64; 8], mask: u64) {
        // SAFETY: plain x86-64; the pointers are to eight and five limbs, and nothing else refers to those of `a`.
        unsafe {
            asm!(
                "mov {t0}, [{constants}]",
                "mov {t1}, [{constants} + 8]",
                "mov {t2}, [{constants} + 16]",
                "mov {t3}, [{constants} + 24]",
                "and {t0}, {mask}",
                "and {t1}, {mask}",
                "and {t2}, {mask}",
                "and {t3}, {mask}",
                "add [{a} + 32], {t0}",
                "adc [{a} + 40], {t1}",
                "adc [{a} + 48], {t2}",
                "adc [{a} + 56], {t3}",
                a = in(reg) a.as_mut_ptr(), constants = in(reg) CONSTANTS.as_ptr(), mask = in(reg) mask,
                t0 = out(reg) _, t1 = out(reg) _, t2 = out(reg) _, t3 = out(reg) _,
                options(nostack),
            );
        }
    }

    /// One row of the product: `$into.. += rdx * a`, with `$last` as its new top limb.
    macro_rules! row {
        ($offset:literal, $t0:literal, $t1:literal, $t2:literal, $t3:literal, $t4:literal) => {
            concat!(
                "mov rdx, [{b} + ",
                $offset,
                "]\n",
                "xor {",
                $t4,
                ":e}, {",
                $t4,
                ":e}\n",
                "mulx {high}, {low}, [{a}]\n",
                "adcx {",
                $t0,
                "}, {low}\n",
                "adox {",
                $t1,
                "}, {high}\n",
                "mulx {high}, {low}, [{a} + 8]\n",
                "adcx {",
                $t1,
                "}, {low}\n",
                "adox {",
                $t2,
                "}, {high}\n",
                "mulx {high}, {low}, [{a} + 16]\n",
                "adcx {",
                $t2,
                "}, {low}\n",
                "adox {",
                $t3,
                "}, {high}\n",
                "mulx {high}, {low}, [{a} + 24]\n",
                "adcx {",
                $t3,
                "}, {low}\n",
                "adox {",
                $t4,
                "}, {high}\n",
                "mov {low:e}, 0\n",
                "adcx {",
                $t4,
                "}, {low}\n",
            )
        };
    }

    #[inline(always)]
    #[allow(unsafe_code)] // the two carry chains cannot be written otherwise; it reads `a` and `b` and writes registers
    pub(super) fn multiply(a: &[u64; 4], b: &[u64; 4]) -> [u64; 8] {
        let (t0, t1, t2, t3, t4, t5, t6, t7): (u64, u64, u64, u64, u64, u64, u64, u64);
        // SAFETY: reached only where `is_available`; both pointers are to four limbs that outlive the block.
        unsafe {
            asm!(
                "mov rdx, [{b}]",
                "mulx {t1}, {t0}, [{a}]",
                "mulx {t2}, {low}, [{a} + 8]",
                "add {t1}, {low}",
                "mulx {t3}, {low}, [{a} + 16]",
                "adc {t2}, {low}",
                "mulx {t4}, {low}, [{a} + 24]",
                "adc {t3}, {low}",
                "adc {t4}, 0",
                row!("8", "t1", "t2", "t3", "t4", "t5"),
                row!("16", "t2", "t3", "t4", "t5", "t6"),
                row!("24", "t3", "t4", "t5", "t6", "t7"),
                a = in(reg) a.as_ptr(), b = in(reg) b.as_ptr(),
                t0 = out(reg) t0, t1 = out(reg) t1, t2 = out(reg) t2, t3 = out(reg) t3,
                t4 = out(reg) t4, t5 = out(reg) t5, t6 = out(reg) t6, t7 = out(reg) t7,
                low = out(reg) _, high = out(reg) _, out("rdx") _,
                options(pure, readonly, nostack),
            );
        }
        [t0, t1, t2, t3, t4, t5, t6, t7]
    }

    /// One limb of the reduction: adds the multiple of p that clears the lowest limb and moves down by one.
    macro_rules! clear {
        ($u0:literal, $u1:literal, $u2:literal, $u3:literal) => {
            concat!(
                "mov rdx, {",
                $u0,
                "}\n",
                "imul rdx, [{constants} + 32]\n",
                "xor {low:e}, {low:e}\n",
                "mulx {high}, {low}, [{constants}]\n",
                "adcx {",
                $u0,
                "}, {low}\n",
                "adox {",
                $u1,
                "}, {high}\n",
                "mulx {high}, {low}, [{constants} + 8]\n",
                "adcx {",
                $u1,
                "}, {low}\n",
                "adox {",
                $u2,
                "}, {high}\n",
                "mulx {high}, {low}, [{constants} + 16]\n",
                "adcx {",
                $u2,
                "}, {low}\n",
                "adox {",
                $u3,
                "}, {high}\n",
                "mulx {",
                $u0,
                "}, {low}, [{constants} + 24]\n",
                "adcx {",
                $u3,
                "}, {low}\n",
                "mov {low:e}, 0\n",
                "adox {",
                $u0,
                "}, {low}\n",
                "adcx {",
                $u0,
                "}, {low}\n",
            )
        };
    }

    #[inline(always)]
    #[allow(unsafe_code)] // as above: it reads `a` and the constants and writes registers
    pub(super) fn reduce(a: &[u64; 8]) -> [u64; 4] {
        let [mut u0, mut u1, mut u2, mut u3, ..] = *a;
        // SAFETY: reached only where `is_available`; the pointers are to eight and five limbs that outlive the block.
        unsafe {
            asm!(
                clear!("u0", "u1", "u2", "u3"),
                clear!("u1", "u2", "u3", "u0"),
                clear!("u2", "u3", "u0", "u1"),
                clear!("u3", "u0", "u1", "u2"),
                "add {u0}, [{a} + 32]",
                "adc {u1}, [{a} + 40]",
                "adc {u2}, [{a} + 48]",
                "adc {u3}, [{a} + 56]",
                "mov {low}, {u0}",
                "mov {high}, {u1}",
                "mov rdx, {u2}",
                "mov {a}, {u3}",
                "sub {low}, [{constants}]",
                "sbb {high}, [{constants} + 8]",
                "sbb rdx, [{constants} + 16]",
                "sbb {a}, [{constants} + 24]",
                "cmovnc {u0}, {low}",
                "cmovnc {u1}, {high}",
                "cmovnc {u2}, rdx",
                "cmovnc {u3}, {a}",
                constants = in(reg) CONSTANTS.as_ptr(), a = inout(reg) a.as_ptr() => _,
                u0 = inout(reg) u0, u1 = inout(reg) u1, u2 = inout(reg) u2, u3 = inout(reg) u3,
                low = out(reg) _, high = out(reg) _, out("rdx") _,
                options(pure, readonly, nostack),
            );
        }
        [u0, u1, u2, u3]
    }
}

#[cfg(test)]
mod tests {
    use ark_bn254::{Fq, Fq2};
    use ark_ff::{AdditiveGroup, BigInt, Field, MontConfig, UniformRand};
    use rand::{SeedableRng, rngs::StdRng};

    use super::{Fp, Fp2, P, portable};

    /// Random elements, and those next to zero, to p, and with limbs of ones.
    fn samples() -> Vec<Fq> {
        let mut random = StdRng::seed_from_u64(1);
        let mut samples: Vec<Fq> = (0..200).map(|_| Fq::rand(&mut random)).collect();
        samples.extend([Fq::ZERO, Fq::ONE, -Fq::ONE, Fq::from(2), -Fq::from(2)]);
        samples.push(Fq::new_unchecked(BigInt::new([u64::MAX, u64::MAX, u64::MAX, P[3] - 1])));
        samples.push(Fq::new_unchecked(BigInt::new([P[0] - 1, P[1], P[2], P[3]])));
        samples
    }

    #[test]
    fn elements_compute_as_those_of_arkworks() {
        for a in samples() {
            for b in samples() {
                let (x, y) = (Fp::from(a), Fp::from(b));
                assert_eq!(Fq::from(x * y), a * b);
                assert_eq!(Fq::from(x + y), a + b);
                assert_eq!(Fq::from(x - y), a - b);
            }
            assert_eq!(Fq::from(-Fp::from(a)), -a);
            assert_eq!(Fq::from(Fp::from(a).halve()).double(), a);
            assert_eq!(Fq::from(Fp::from(a).inverse()), a.inverse().unwrap_or(Fq::ZERO));
            assert_eq!(Fp::from_be_bytes(&Fp::from(a).to_be_bytes()), Some(Fp::from(a)));
        }
    }

    #[test]
    fn every_processor_computes_the_same() {
        for a in samples() {
            for b in samples() {
                let product = portable::multiply(&a.0.0, &b.0.0);
                assert_eq!(portable::reduce(&product), (a * b).0.0);
                assert_eq!(super::multiply_limbs(&a.0.0, &b.0.0), product);
                assert_eq!(super::reduce_limbs(&product), (a * b).0.0);
                let (left, right) = (Fp2 { c0: a.into(), c1: b.into() }, Fp2 { c0: b.into(), c1: (a + b).into() });
                let slowly = super::multiply_pairs_by(&left, &right, portable::multiply, portable::reduce);
                assert_eq!(left * right, slowly);
                assert_eq!(Fq2::from(slowly), Fq2::from(left) * Fq2::from(right));
                let slowly = super::square_pair_by(&left, portable::multiply, portable::reduce);
                assert_eq!(left.square(), slowly);
                assert_eq!(Fq2::from(slowly), Fq2::from(left).square());
                assert_eq!(portable::add_modulo(a.0.0, &b.0.0), super::add_modulo(a.0.0, &b.0.0));
                assert_eq!(portable::subtract_modulo(a.0.0, &b.0.0), super::subtract_modulo(a.0.0, &b.0.0));
                let other = portable::multiply(&b.0.0, &b.0.0);
                let (mut difference, mut by_hand) = (product, product);
                let mask = portable::sub_wide(&mut difference, &other);
                assert_eq!(super::sub_wide(&mut by_hand, &other), mask);
                assert_eq!(by_hand, difference);
                portable::add_masked_modulus_high(&mut difference, mask);
                super::add_masked_modulus_high(&mut by_hand, mask);
                assert_eq!(by_hand, difference);
            }
        }
    }

    #[test]
    fn numbers_from_p_on_are_refused() {
        let bytes = |limbs: [u64; 4]| limbs.iter().rev().flat_map(|limb| limb.to_be_bytes()).collect::<Vec<_>>();
        assert_eq!(Fp::from_be_bytes(&bytes(P)), None);
        assert_eq!(Fp::from_be_bytes(&[0xff; 32]), None);
        assert_eq!(Fp::from_be_bytes(&bytes([P[0] - 1, P[1], P[2], P[3]])), Some(-Fp::ONE));
        assert_eq!(ark_bn254::FqConfig::MODULUS.0, P);
    }
}
