//! Eight field elements at a time with AVX-512 IFMA: the only place in this crate where processor instructions are
//! named, reached only after [`available`] said that the processor has them.
//!
//! An element is five limbs of 52 bits, one vector of eight lanes for each limb, in Montgomery form for `R = 2^260`.
//! Since `R` is 64 times larger than the modulus, a product of factors below `a * p` and `b * p` comes out below
//! `(1 + a * b / 84) * p`: sums and differences go into the next product as they are.
//!
//! Points come in Montgomery form for `2^256`. Read as if it were `2^260`, a coordinate `x` is `x / 16`. The curve
//! does not mind: `(x, y) -> (x / u^2, y / u^3)` keeps addition and doubling (which never read the constant of the
//! curve), and `u = 4` is had by dividing `y` by four more. This is why [`crate::curve::Domain`] exists: no point is
//! ever converted by a multiplication.

#![allow(unsafe_code, reason = "vectors are loaded from and stored to memory through pointers, in four functions")]
#![allow(clippy::cast_possible_wrap, reason = "constants go into vectors bit by bit")]
#![allow(clippy::many_single_char_names, clippy::needless_range_loop, reason = "limbs are walked by number")]
#![cfg(target_arch = "x86_64")]

use std::arch::x86_64::{
    __m256i, __m512i, __mmask8, _MM_HINT_T0, _mm_prefetch, _mm256_loadu_si256, _mm512_add_epi64, _mm512_and_si512,
    _mm512_castsi256_si512, _mm512_inserti64x4, _mm512_loadu_si512, _mm512_madd52hi_epu64, _mm512_madd52lo_epu64,
    _mm512_mask_sub_epi64, _mm512_or_si512, _mm512_permutexvar_epi64, _mm512_set1_epi64, _mm512_setzero_si512,
    _mm512_shuffle_i64x2, _mm512_slli_epi64, _mm512_srli_epi64, _mm512_storeu_si512, _mm512_sub_epi64,
    _mm512_unpackhi_epi64, _mm512_unpacklo_epi64,
};

use ark_bn254::{FqConfig, FrConfig};
use ark_ff::MontConfig;
use zeroize::Zeroize;

use crate::curve::{G1, G2};
use crate::pairs::{Pair, entry_index, is_in_scratch, is_negative};

/// How many elements one vector holds.
pub(crate) const LANES: usize = 8;

const LIMBS: usize = 5;
const LIMB_BITS: u32 = 52;
const LIMB_MASK: u64 = (1 << LIMB_BITS) - 1;

/// Whether this processor has every instruction that is used here.
pub(crate) fn available() -> bool {
    is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512ifma")
}

/// Eight elements as they lie in memory: limb by limb.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(crate) struct Block([[u64; LANES]; LIMBS]);

impl Block {
    pub(crate) const ZERO: Self = Self([[0; LANES]; LIMBS]);

    /// The element of one lane, in limbs of 64 bits.
    pub(crate) fn lane(&self, lane: usize) -> [u64; 4] {
        let [a, b, c, d, e] = [0, 1, 2, 3, 4].map(|limb| self.0[limb][lane]);
        [a | b << 52, b >> 12 | c << 40, c >> 24 | d << 28, d >> 36 | e << 16]
    }

    /// Put an element into one lane.
    pub(crate) fn set_lane(&mut self, lane: usize, value: [u64; 4]) {
        for (limb, part) in split(value).into_iter().enumerate() {
            self.0[limb][lane] = part;
        }
    }

    pub(crate) fn splat(value: [u64; 4]) -> Self {
        Self(split(value).map(|limb| [limb; LANES]))
    }
}

const fn split([a, b, c, d]: [u64; 4]) -> [u64; LIMBS] {
    [
        a & LIMB_MASK,
        (a >> 52 | b << 12) & LIMB_MASK,
        (b >> 40 | c << 24) & LIMB_MASK,
        (c >> 28 | d << 36) & LIMB_MASK,
        d >> 16,
    ]
}

/// A prime, and what reduction by it needs.
pub(crate) trait Modulus {
    const PRIME: [u64; LIMBS];
    /// `-1 / p mod 2^52`
    const INVERSE: u64;
}

/// The field of coordinates.
pub(crate) struct Coordinates;
/// The field of scalars.
pub(crate) struct Scalars;

impl Modulus for Coordinates {
    const PRIME: [u64; LIMBS] = split(FqConfig::MODULUS.0);
    const INVERSE: u64 = <FqConfig as MontConfig<4>>::INV & LIMB_MASK;
}

impl Modulus for Scalars {
    const PRIME: [u64; LIMBS] = split(FrConfig::MODULUS.0);
    const INVERSE: u64 = <FrConfig as MontConfig<4>>::INV & LIMB_MASK;
}

/// `factor * p`, normalised.
#[allow(clippy::cast_possible_truncation, reason = "52 bits are left")]
const fn multiple<M: Modulus>(factor: u64) -> [u64; LIMBS] {
    let mut limbs = [0; LIMBS];
    let mut carry = 0;
    let mut index = 0;
    while index < LIMBS {
        let product = M::PRIME[index] as u128 * factor as u128 + carry;
        limbs[index] = (product & LIMB_MASK as u128) as u64;
        carry = product >> LIMB_BITS;
        index += 1;
    }
    limbs
}

/// `factor * p` with every limb but the last so large that limbs of normalised elements can be taken from it: four
/// units of the next limb are lent to each.
const fn lent<M: Modulus>(factor: u64) -> [u64; LIMBS] {
    let mut limbs = multiple::<M>(factor);
    let mut index = 0;
    while index < LIMBS - 1 {
        limbs[index] = limbs[index].wrapping_add(4 << LIMB_BITS);
        limbs[index + 1] = limbs[index + 1].wrapping_sub(4);
        index += 1;
    }
    limbs
}

/// Limb by limb, eight multiples `0 p .. 7 p`.
const fn small_multiples<M: Modulus>() -> [[u64; LANES]; LIMBS] {
    let mut table = [[0; LANES]; LIMBS];
    let mut factor = 0;
    while factor < LANES {
        let limbs = multiple::<M>(factor as u64);
        let mut index = 0;
        while index < LIMBS {
            table[index][factor] = limbs[index];
            index += 1;
        }
        factor += 1;
    }
    table
}

type Vector = __m512i;
type Element = [Vector; LIMBS];
type Wide = [Vector; 2 * LIMBS];

macro_rules! lanes {
    ($($(#[$note:meta])* fn $name:ident $(<$modulus:ident: Modulus>)? ($($arguments:tt)*) $(-> $result:ty)? $body:block)*) => {
        $(
            $(#[$note])*
            #[inline]
            #[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
            fn $name $(<$modulus: Modulus>)? ($($arguments)*) $(-> $result)? $body
        )*
    };
}

lanes! {
    fn splat(value: u64) -> Vector {
        _mm512_set1_epi64(value as i64)
    }

    fn load_vector(source: &[u64; LANES]) -> Vector {
        // SAFETY: the array is 64 readable bytes.
        unsafe { _mm512_loadu_si512(source.as_ptr().cast()) }
    }

    fn store_vector(target: &mut [u64; LANES], value: Vector) {
        // SAFETY: the array is 64 writable bytes.
        unsafe { _mm512_storeu_si512(target.as_mut_ptr().cast(), value) }
    }

    fn load_limbs(source: &[u64; 4]) -> __m256i {
        // SAFETY: the array is 32 readable bytes.
        unsafe { _mm256_loadu_si256(source.as_ptr().cast()) }
    }

    fn load(block: &Block) -> Element {
        [0, 1, 2, 3, 4].map(|limb| load_vector(&block.0[limb]))
    }

    fn store(block: &mut Block, value: Element) {
        for limb in 0..LIMBS {
            store_vector(&mut block.0[limb], value[limb]);
        }
    }

    /// Carry what is above 52 bits into the next limb.
    fn normalise(mut t: Element) -> Element {
        let mask = splat(LIMB_MASK);
        for limb in 0..LIMBS - 1 {
            t[limb + 1] = _mm512_add_epi64(t[limb + 1], _mm512_srli_epi64::<52>(t[limb]));
            t[limb] = _mm512_and_si512(t[limb], mask);
        }
        t
    }

    /// `wide += a * b`
    fn accumulate(wide: &mut Wide, a: &Element, b: &Element) {
        for i in 0..LIMBS {
            for j in 0..LIMBS {
                wide[i + j] = _mm512_madd52lo_epu64(wide[i + j], a[i], b[j]);
                wide[i + j + 1] = _mm512_madd52hi_epu64(wide[i + j + 1], a[i], b[j]);
            }
        }
    }

    /// `a^2`: each mixed product once, then doubled.
    fn square_wide(a: &Element) -> Wide {
        let mut wide = [_mm512_setzero_si512(); 2 * LIMBS];
        for i in 0..LIMBS {
            for j in i + 1..LIMBS {
                wide[i + j] = _mm512_madd52lo_epu64(wide[i + j], a[i], a[j]);
                wide[i + j + 1] = _mm512_madd52hi_epu64(wide[i + j + 1], a[i], a[j]);
            }
        }
        for i in 1..2 * LIMBS - 1 {
            wide[i] = _mm512_add_epi64(wide[i], wide[i]);
        }
        for i in 0..LIMBS {
            wide[2 * i] = _mm512_madd52lo_epu64(wide[2 * i], a[i], a[i]);
            wide[2 * i + 1] = _mm512_madd52hi_epu64(wide[2 * i + 1], a[i], a[i]);
        }
        wide
    }

    /// `wide / 2^260 mod p`. A limb and its multiple of p end in 52 zeros together, so that the carry out of it is
    /// known before the multiple is: one, unless the limb ends in zeros by itself.
    fn reduce<M: Modulus>(mut wide: Wide) -> Element {
        let zero = _mm512_setzero_si512();
        let inverse = splat(M::INVERSE);
        let mask = splat(LIMB_MASK);
        for i in 0..LIMBS {
            let factor = _mm512_madd52lo_epu64(zero, wide[i], inverse);
            let carry = _mm512_srli_epi64::<52>(_mm512_add_epi64(wide[i], mask));
            wide[i + 1] = _mm512_add_epi64(wide[i + 1], carry);
            wide[i + 1] = _mm512_madd52hi_epu64(wide[i + 1], factor, splat(M::PRIME[0]));
            for j in 1..LIMBS {
                let prime = splat(M::PRIME[j]);
                wide[i + j] = _mm512_madd52lo_epu64(wide[i + j], factor, prime);
                wide[i + j + 1] = _mm512_madd52hi_epu64(wide[i + j + 1], factor, prime);
            }
        }
        normalise([wide[5], wide[6], wide[7], wide[8], wide[9]])
    }

    fn multiply<M: Modulus>(a: &Element, b: &Element) -> Element {
        let mut wide = [_mm512_setzero_si512(); 2 * LIMBS];
        accumulate(&mut wide, a, b);
        reduce::<M>(wide)
    }

    /// `a * b + c * d`, reduced once.
    fn multiply_twice<M: Modulus>(a: &Element, b: &Element, c: &Element, d: &Element) -> Element {
        let mut wide = [_mm512_setzero_si512(); 2 * LIMBS];
        accumulate(&mut wide, a, b);
        accumulate(&mut wide, c, d);
        reduce::<M>(wide)
    }

    fn square<M: Modulus>(a: &Element) -> Element {
        reduce::<M>(square_wide(a))
    }

    fn plus(a: &Element, b: &Element) -> Element {
        [0, 1, 2, 3, 4].map(|limb| _mm512_add_epi64(a[limb], b[limb]))
    }

    fn minus(a: &Element, b: &Element) -> Element {
        [0, 1, 2, 3, 4].map(|limb| _mm512_sub_epi64(a[limb], b[limb]))
    }

    fn constant(limbs: [u64; LIMBS]) -> Element {
        limbs.map(|limb| splat(limb))
    }

    fn add(a: &Element, b: &Element) -> Element {
        normalise(plus(a, b))
    }

    /// `a - b + 2 p`, for `b` up to `2 p`.
    fn subtract<M: Modulus>(a: &Element, b: &Element) -> Element {
        normalise(minus(&plus(a, &constant(const { lent::<M>(2) })), b))
    }

    /// From `p <= t < 7.5 p`, not yet normalised, to below `1.1 p`: the quotient is read off the highest limb.
    fn shrink<M: Modulus>(t: &Element) -> Element {
        let reciprocal = splat(const { (1 << LIMB_BITS) / (M::PRIME[4] + 1) });
        let quotient = _mm512_madd52hi_epu64(_mm512_setzero_si512(), t[4], reciprocal);
        let table = const { small_multiples::<M>() };
        let product = [0, 1, 2, 3, 4].map(|limb| _mm512_permutexvar_epi64(quotient, load_vector(&table[limb])));
        normalise(minus(&lend(t), &product))
    }

    /// The same number, each limb but the last large enough to take any limb from.
    fn lend(t: &Element) -> Element {
        plus(t, &constant(const { lent::<Nothing>(0) }))
    }
}

/// Not a prime: lends limbs without adding anything.
struct Nothing;

impl Modulus for Nothing {
    const PRIME: [u64; LIMBS] = [0; LIMBS];
    const INVERSE: u64 = 0;
}

// --- Points in memory <-> lanes ------------------------------------------------------------------

lanes! {
    /// Four limbs of eight elements, given one element to a row, as five limbs, one limb to a vector.
    fn gather(rows: [&[u64; 4]; LANES]) -> Element {
        let two = |low: usize, high: usize| {
            _mm512_inserti64x4::<1>(_mm512_castsi256_si512(load_limbs(rows[low])), load_limbs(rows[high]))
        };
        let (a, b, c, d) = (two(0, 2), two(1, 3), two(4, 6), two(5, 7));
        let (even_low, odd_low) = (_mm512_unpacklo_epi64(a, b), _mm512_unpackhi_epi64(a, b));
        let (even_high, odd_high) = (_mm512_unpacklo_epi64(c, d), _mm512_unpackhi_epi64(c, d));
        expand([
            _mm512_shuffle_i64x2::<0x88>(even_low, even_high),
            _mm512_shuffle_i64x2::<0x88>(odd_low, odd_high),
            _mm512_shuffle_i64x2::<0xDD>(even_low, even_high),
            _mm512_shuffle_i64x2::<0xDD>(odd_low, odd_high),
        ])
    }

    /// Limbs of 64 bits to limbs of 52.
    fn expand([a, b, c, d]: [Vector; 4]) -> Element {
        let mask = splat(LIMB_MASK);
        [
            _mm512_and_si512(a, mask),
            _mm512_and_si512(_mm512_or_si512(_mm512_srli_epi64::<52>(a), _mm512_slli_epi64::<12>(b)), mask),
            _mm512_and_si512(_mm512_or_si512(_mm512_srli_epi64::<40>(b), _mm512_slli_epi64::<24>(c)), mask),
            _mm512_and_si512(_mm512_or_si512(_mm512_srli_epi64::<28>(c), _mm512_slli_epi64::<36>(d)), mask),
            _mm512_srli_epi64::<16>(d),
        ]
    }

    /// Limbs of 52 bits to limbs of 64.
    fn contract([a, b, c, d, e]: [Vector; LIMBS]) -> [Vector; 4] {
        [
            _mm512_or_si512(a, _mm512_slli_epi64::<52>(b)),
            _mm512_or_si512(_mm512_srli_epi64::<12>(b), _mm512_slli_epi64::<40>(c)),
            _mm512_or_si512(_mm512_srli_epi64::<24>(c), _mm512_slli_epi64::<28>(d)),
            _mm512_or_si512(_mm512_srli_epi64::<36>(d), _mm512_slli_epi64::<16>(e)),
        ]
    }

    /// Two elements to a row of eight limbs, for eight lanes: the way back.
    fn scatter(low: Element, high: Element) -> [Vector; LANES] {
        let ([l0, l1, l2, l3], [h0, h1, h2, h3]) = (contract(low), contract(high));
        transpose([l0, l1, l2, l3, h0, h1, h2, h3])
    }

    /// Rows become columns.
    fn transpose([r0, r1, r2, r3, r4, r5, r6, r7]: [Vector; LANES]) -> [Vector; LANES] {
        let (a0, a1) = (_mm512_unpacklo_epi64(r0, r1), _mm512_unpackhi_epi64(r0, r1));
        let (b0, b1) = (_mm512_unpacklo_epi64(r2, r3), _mm512_unpackhi_epi64(r2, r3));
        let (c0, c1) = (_mm512_unpacklo_epi64(r4, r5), _mm512_unpackhi_epi64(r4, r5));
        let (d0, d1) = (_mm512_unpacklo_epi64(r6, r7), _mm512_unpackhi_epi64(r6, r7));
        let [p0, p2, p4, p6] = pick(a0, b0, c0, d0);
        let [p1, p3, p5, p7] = pick(a1, b1, c1, d1);
        [p0, p1, p2, p3, p4, p5, p6, p7]
    }

    fn pick(a: Vector, b: Vector, c: Vector, d: Vector) -> [Vector; 4] {
        let (first, last) = (_mm512_shuffle_i64x2::<0x44>(a, b), _mm512_shuffle_i64x2::<0xEE>(a, b));
        let (third, fourth) = (_mm512_shuffle_i64x2::<0x44>(c, d), _mm512_shuffle_i64x2::<0xEE>(c, d));
        [
            _mm512_shuffle_i64x2::<0x88>(first, third),
            _mm512_shuffle_i64x2::<0xDD>(first, third),
            _mm512_shuffle_i64x2::<0x88>(last, fourth),
            _mm512_shuffle_i64x2::<0xDD>(last, fourth),
        ]
    }
}

/// The limbs of one coordinate of a point.
fn coordinate<const WORDS: usize>(point: &[u64; WORDS], number: usize) -> &[u64; 4] {
    point[4 * number..].first_chunk().expect("a point has this coordinate")
}

fn point_at<'a, const WORDS: usize>(
    table: &'a [[u64; WORDS]],
    scratch: &'a [[u64; WORDS]],
    entry: u32,
) -> &'a [u64; WORDS] {
    let source = if is_in_scratch(entry) { scratch } else { table };
    &source[entry_index(entry)]
}

/// Eight pairs; past the end the first pair of all stands in, and what comes out of it is dropped.
fn eight(pairs: &[Pair], step: usize) -> [Pair; LANES] {
    std::array::from_fn(|lane| *pairs.get(step * LANES + lane).unwrap_or(&pairs[0]))
}

fn negative_lanes(entries: [u32; LANES]) -> __mmask8 {
    entries.iter().enumerate().fold(0, |mask, (lane, &entry)| mask | u8::from(is_negative(entry)) << lane)
}

/// One coordinate of eight points.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
fn gather_coordinate<const WORDS: usize>(points: &[&[u64; WORDS]; LANES], number: usize) -> Element {
    gather(points.map(|point| coordinate(point, number)))
}

lanes! {
    /// `2 p - y` in the lanes of the mask, not normalised.
    fn negate_some(y: &Element, lanes: __mmask8) -> Element {
        let twice = constant(const { multiple::<Coordinates>(2) });
        [0, 1, 2, 3, 4].map(|limb| _mm512_mask_sub_epi64(y[limb], lanes, twice[limb], y[limb]))
    }

    fn one_of(value: Element) -> Block {
        let mut block = Block::ZERO;
        store(&mut block, value);
        block
    }
}

/// How many vectors of pairs before they are added points are fetched: memory takes longer than one product.
const AHEAD: usize = 4;

fn prefetch<const WORDS: usize>(table: &[[u64; WORDS]], pairs: &[Pair], step: usize) {
    for pair in pairs.iter().skip(step * LANES).take(LANES) {
        for entry in [pair.left, pair.right] {
            if !is_in_scratch(entry)
                && let Some(point) = table.get(entry_index(entry))
            {
                for line in point.chunks(8) {
                    // SAFETY: a prefetch reads nothing, and the address is that of a point of the table.
                    unsafe { _mm_prefetch::<_MM_HINT_T0>(line.as_ptr().cast()) };
                }
            }
        }
    }
}

// --- Pairs and doubles ---------------------------------------------------------------------------

/// How points are added and doubled eight at a time: in two passes, with the inversion of one product between them.
pub(crate) trait InLanes<Point> {
    /// What the way there leaves for the way back, for eight pairs.
    type Step: Copy + Send + Zeroize;

    /// A step in which nothing is left yet.
    const FIRST: Self::Step;

    /// Multiply up the differences of `x` of all pairs, or the norms of them; returns their product, lane by lane.
    ///
    /// # Safety
    /// [`available`] has said yes: here and below.
    unsafe fn products(
        table: &[Point],
        scratch: &[Point],
        pairs: &[Pair],
        steps: &mut [Self::Step],
        one: &Block,
    ) -> Block;

    /// With the inverse of that product, add every pair into its place.
    unsafe fn sums(table: &[Point], scratch: &mut [Point], pairs: &[Pair], steps: &[Self::Step], inverse: &Block);

    /// Multiply up `2 y` of all points, whose number is one of whole vectors, or the norms of them.
    unsafe fn doubling_products(points: &[Point], steps: &mut [Block], one: &Block) -> Block;

    /// With the inverse of that product, double every point in its place.
    unsafe fn doubles(points: &mut [Point], steps: &[Block], inverse: &Block);
}

fn row<const WORDS: usize>(points: &[[u64; WORDS]], number: usize) -> [&[u64; WORDS]; LANES] {
    std::array::from_fn(|lane| &points[number * LANES + lane])
}

lanes! {
    /// `3 x^2`, where `x^2` came out of a product.
    fn triple(square: &Element) -> Element {
        normalise(plus(&plus(square, square), square))
    }

    /// `squared - 2 x` of the slope squared.
    fn doubled_x(squared: &Element, x: &Element) -> Element {
        shrink::<Coordinates>(&minus(&plus(squared, &constant(const { lent::<Coordinates>(5) })), &plus(x, x)))
    }

    fn lowered(reached: &Element, y: &Element) -> Element {
        shrink::<Coordinates>(&minus(&plus(reached, &constant(const { lent::<Coordinates>(3) })), y))
    }
}

lanes! {
    /// `(a + b i)^2`
    fn square_pair(a: &Element, b: &Element) -> [Element; 2] {
        [
            multiply::<Coordinates>(&add(a, b), &subtract::<Coordinates>(a, b)),
            multiply::<Coordinates>(&add(a, a), b),
        ]
    }

    /// `a^2 + b^2`
    fn norm(a: &Element, b: &Element) -> Element {
        let mut sum = square_wide(a);
        for (sum, term) in sum.iter_mut().zip(square_wide(b)) {
            *sum = _mm512_add_epi64(*sum, term);
        }
        reduce::<Coordinates>(sum)
    }
}

// --- The first group -----------------------------------------------------------------------------

/// What the way there leaves for the way back, for eight pairs.
#[derive(Clone, Copy)]
pub(crate) struct NarrowStep {
    x: Block,
    difference: Block,
    before: Block,
}

impl Zeroize for NarrowStep {
    fn zeroize(&mut self) {
        for block in [&mut self.x, &mut self.difference, &mut self.before] {
            block.zeroize();
        }
    }
}

impl InLanes<[u64; 8]> for G1 {
    type Step = NarrowStep;

    const FIRST: NarrowStep = NarrowStep { x: Block::ZERO, difference: Block::ZERO, before: Block::ZERO };

    #[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
    unsafe fn products(
        table: &[[u64; 8]],
        scratch: &[[u64; 8]],
        pairs: &[Pair],
        steps: &mut [Self::Step],
        one: &Block,
    ) -> Block {
        let mut product = load(one);
        for (number, step) in steps.iter_mut().enumerate() {
            prefetch(table, pairs, number + AHEAD);
            let lanes = eight(pairs, number);
            let x1 = gather_coordinate(&lanes.map(|pair| point_at(table, scratch, pair.left)), 0);
            let x2 = gather_coordinate(&lanes.map(|pair| point_at(table, scratch, pair.right)), 0);
            let difference = subtract::<Coordinates>(&x2, &x1);
            store(&mut step.x, x1);
            store(&mut step.difference, difference);
            store(&mut step.before, product);
            product = multiply::<Coordinates>(&product, &difference);
        }
        one_of(product)
    }

    #[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
    unsafe fn sums(
        table: &[[u64; 8]],
        scratch: &mut [[u64; 8]],
        pairs: &[Pair],
        steps: &[Self::Step],
        inverse: &Block,
    ) {
        let mut remaining = load(inverse);
        for (number, step) in steps.iter().enumerate().rev() {
            let lanes = eight(pairs, number);
            let difference = load(&step.difference);
            let inverted = multiply::<Coordinates>(&remaining, &load(&step.before));
            remaining = multiply::<Coordinates>(&remaining, &difference);
            let left = lanes.map(|pair| point_at(table, scratch, pair.left));
            let right = lanes.map(|pair| point_at(table, scratch, pair.right));
            let y1 = negate_some(&gather_coordinate(&left, 1), negative_lanes(lanes.map(|pair| pair.left)));
            let y2 = negate_some(&gather_coordinate(&right, 1), negative_lanes(lanes.map(|pair| pair.right)));
            let rise = normalise(minus(&plus(&y2, &constant(const { lent::<Coordinates>(2) })), &y1));
            let slope = multiply::<Coordinates>(&rise, &inverted);
            let x1 = load(&step.x);
            // slope^2 - x1 - x2, where x2 = x1 + difference - 2 p
            let taken = plus(&plus(&x1, &x1), &difference);
            let squared = square::<Coordinates>(&slope);
            let x3 =
                shrink::<Coordinates>(&minus(&plus(&squared, &constant(const { lent::<Coordinates>(7) })), &taken));
            let run = subtract::<Coordinates>(&x1, &x3);
            let reached = multiply::<Coordinates>(&slope, &run);
            let y3 = shrink::<Coordinates>(&minus(&plus(&reached, &constant(const { lent::<Coordinates>(3) })), &y1));
            let sums = scatter(x3, y3);
            for (pair, sum) in pairs[number * LANES..].iter().zip(sums) {
                store_vector(&mut scratch[pair.out as usize], sum);
            }
        }
    }

    #[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
    unsafe fn doubling_products(points: &[[u64; 8]], steps: &mut [Block], one: &Block) -> Block {
        let mut product = load(one);
        for (number, before) in steps.iter_mut().enumerate() {
            let y = gather_coordinate(&row(points, number), 1);
            store(before, product);
            product = multiply::<Coordinates>(&product, &add(&y, &y));
        }
        one_of(product)
    }

    #[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
    unsafe fn doubles(points: &mut [[u64; 8]], steps: &[Block], inverse: &Block) {
        let mut remaining = load(inverse);
        for (number, before) in steps.iter().enumerate().rev() {
            let lanes = row(points, number);
            let (x, y) = (gather_coordinate(&lanes, 0), gather_coordinate(&lanes, 1));
            let inverted = multiply::<Coordinates>(&remaining, &load(before));
            remaining = multiply::<Coordinates>(&remaining, &add(&y, &y));
            let slope = multiply::<Coordinates>(&triple(&square::<Coordinates>(&x)), &inverted);
            let x3 = doubled_x(&square::<Coordinates>(&slope), &x);
            let y3 = lowered(&multiply::<Coordinates>(&slope, &subtract::<Coordinates>(&x, &x3)), &y);
            for (place, sum) in points[number * LANES..].iter_mut().zip(scatter(x3, y3)) {
                store_vector(place, sum);
            }
        }
    }
}

// --- The second group ----------------------------------------------------------------------------

/// The same for the second group: one inversion in the prime field for each difference, that of its norm.
#[derive(Clone, Copy)]
pub(crate) struct WideStep {
    x: [Block; 2],
    difference: [Block; 2],
    norm: Block,
    before: Block,
}

impl Zeroize for WideStep {
    fn zeroize(&mut self) {
        let Self { x: [x0, x1], difference: [d0, d1], norm, before } = self;
        for block in [x0, x1, d0, d1, norm, before] {
            block.zeroize();
        }
    }
}

impl InLanes<[u64; 16]> for G2 {
    type Step = WideStep;

    const FIRST: WideStep =
        WideStep { x: [Block::ZERO; 2], difference: [Block::ZERO; 2], norm: Block::ZERO, before: Block::ZERO };

    #[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
    unsafe fn products(
        table: &[[u64; 16]],
        scratch: &[[u64; 16]],
        pairs: &[Pair],
        steps: &mut [Self::Step],
        one: &Block,
    ) -> Block {
        let mut product = load(one);
        for (number, step) in steps.iter_mut().enumerate() {
            prefetch(table, pairs, number + AHEAD);
            let lanes = eight(pairs, number);
            let left = lanes.map(|pair| point_at(table, scratch, pair.left));
            let right = lanes.map(|pair| point_at(table, scratch, pair.right));
            let x1 = [0, 1].map(|part| gather_coordinate(&left, part));
            let x2 = [0, 1].map(|part| gather_coordinate(&right, part));
            let difference = [0, 1].map(|part| subtract::<Coordinates>(&x2[part], &x1[part]));
            let norm = norm(&difference[0], &difference[1]);
            for part in 0..2 {
                store(&mut step.x[part], x1[part]);
                store(&mut step.difference[part], difference[part]);
            }
            store(&mut step.norm, norm);
            store(&mut step.before, product);
            product = multiply::<Coordinates>(&product, &norm);
        }
        one_of(product)
    }

    #[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
    unsafe fn sums(
        table: &[[u64; 16]],
        scratch: &mut [[u64; 16]],
        pairs: &[Pair],
        steps: &[Self::Step],
        inverse: &Block,
    ) {
        let mut remaining = load(inverse);
        for (number, step) in steps.iter().enumerate().rev() {
            let lanes = eight(pairs, number);
            let inverted = multiply::<Coordinates>(&remaining, &load(&step.before));
            remaining = multiply::<Coordinates>(&remaining, &load(&step.norm));
            let difference = [load(&step.difference[0]), load(&step.difference[1])];
            // 1 / (a + b i) = (a - b i) / norm; the minus stays outside
            let real = multiply::<Coordinates>(&difference[0], &inverted);
            let imaginary = multiply::<Coordinates>(&difference[1], &inverted);
            let left = lanes.map(|pair| point_at(table, scratch, pair.left));
            let right = lanes.map(|pair| point_at(table, scratch, pair.right));
            let left_negative = negative_lanes(lanes.map(|pair| pair.left));
            let right_negative = negative_lanes(lanes.map(|pair| pair.right));
            let margin = constant(const { lent::<Coordinates>(2) });
            let y1 = [2, 3].map(|part| negate_some(&gather_coordinate(&left, part), left_negative));
            let y2 = [2, 3].map(|part| negate_some(&gather_coordinate(&right, part), right_negative));
            let rise = [0, 1].map(|part| normalise(minus(&plus(&y2[part], &margin), &y1[part])));
            let fall = normalise(minus(&plus(&y1[0], &margin), &y2[0]));
            let slope = [
                multiply_twice::<Coordinates>(&rise[0], &real, &rise[1], &imaginary),
                multiply_twice::<Coordinates>(&rise[1], &real, &fall, &imaginary),
            ];
            let squared = square_pair(&slope[0], &slope[1]);
            let x1 = [load(&step.x[0]), load(&step.x[1])];
            let x3 = [0, 1].map(|part| {
                let taken = plus(&plus(&x1[part], &x1[part]), &difference[part]);
                shrink::<Coordinates>(&minus(
                    &plus(&squared[part], &constant(const { lent::<Coordinates>(7) })),
                    &taken,
                ))
            });
            let run = [0, 1].map(|part| subtract::<Coordinates>(&x1[part], &x3[part]));
            let back = subtract::<Coordinates>(&x3[1], &x1[1]);
            let reached = [
                multiply_twice::<Coordinates>(&slope[0], &run[0], &slope[1], &back),
                multiply_twice::<Coordinates>(&slope[0], &run[1], &slope[1], &run[0]),
            ];
            let y3 = [0, 1].map(|part| {
                shrink::<Coordinates>(&minus(
                    &plus(&reached[part], &constant(const { lent::<Coordinates>(3) })),
                    &y1[part],
                ))
            });
            let rows = [scatter(x3[0], x3[1]), scatter(y3[0], y3[1])];
            for (lane, pair) in pairs[number * LANES..].iter().take(LANES).enumerate() {
                let (x, y) = scratch[pair.out as usize].split_at_mut(8);
                store_vector(x.try_into().expect("eight limbs"), rows[0][lane]);
                store_vector(y.try_into().expect("eight limbs"), rows[1][lane]);
            }
        }
    }

    #[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
    unsafe fn doubling_products(points: &[[u64; 16]], steps: &mut [Block], one: &Block) -> Block {
        let mut product = load(one);
        for (number, before) in steps.iter_mut().enumerate() {
            let lanes = row(points, number);
            let y = [2, 3].map(|part| gather_coordinate(&lanes, part)).map(|part| add(&part, &part));
            store(before, product);
            product = multiply::<Coordinates>(&product, &norm(&y[0], &y[1]));
        }
        one_of(product)
    }

    #[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
    unsafe fn doubles(points: &mut [[u64; 16]], steps: &[Block], inverse: &Block) {
        let zero = constant([0; LIMBS]);
        let mut remaining = load(inverse);
        for (number, before) in steps.iter().enumerate().rev() {
            let lanes = row(points, number);
            let [x0, x1, y0, y1] = [0, 1, 2, 3].map(|part| gather_coordinate(&lanes, part));
            let (twice0, twice1) = (add(&y0, &y0), add(&y1, &y1));
            let inverted = multiply::<Coordinates>(&remaining, &load(before));
            remaining = multiply::<Coordinates>(&remaining, &norm(&twice0, &twice1));
            // 1 / (a + b i) = (a - b i) / norm; the minus stays outside
            let real = multiply::<Coordinates>(&twice0, &inverted);
            let imaginary = multiply::<Coordinates>(&twice1, &inverted);
            let rise = square_pair(&x0, &x1).map(|part| triple(&part));
            let fall = normalise(minus(&plus(&zero, &constant(const { lent::<Coordinates>(6) })), &rise[0]));
            let slope = [
                multiply_twice::<Coordinates>(&rise[0], &real, &rise[1], &imaginary),
                multiply_twice::<Coordinates>(&rise[1], &real, &fall, &imaginary),
            ];
            let squared = square_pair(&slope[0], &slope[1]);
            let (x3, x4) = (doubled_x(&squared[0], &x0), doubled_x(&squared[1], &x1));
            let (run0, run1) = (subtract::<Coordinates>(&x0, &x3), subtract::<Coordinates>(&x1, &x4));
            let back = subtract::<Coordinates>(&x4, &x1);
            let y3 = lowered(&multiply_twice::<Coordinates>(&slope[0], &run0, &slope[1], &back), &y0);
            let y4 = lowered(&multiply_twice::<Coordinates>(&slope[0], &run1, &slope[1], &run0), &y1);
            let rows = [scatter(x3, x4), scatter(y3, y4)];
            for (lane, place) in points[number * LANES..].iter_mut().take(LANES).enumerate() {
                let (x, y) = place.split_at_mut(8);
                store_vector(x.try_into().expect("eight limbs"), rows[0][lane]);
                store_vector(y.try_into().expect("eight limbs"), rows[1][lane]);
            }
        }
    }
}

// --- Transforms ----------------------------------------------------------------------------------

/// What the transforms of one size need; elements in Montgomery form for `2^260`.
pub(crate) struct Twiddles {
    /// For the way to coefficients: one factor for each block of a level.
    pub(crate) inverse: Vec<[u64; LIMBS]>,
    /// The last three levels of it, for 64 elements at a time: one, two and four blocks in each lane.
    pub(crate) inverse_small: Vec<[Block; 7]>,
    /// What the coefficients are multiplied by, in the order in which the last level leaves them.
    pub(crate) shift: Vec<Block>,
    /// The first three levels of the way back: powers of the root of order 8.
    pub(crate) forward_small: Box<[Block; 4]>,
    /// The others: for each half length of eight or more, as many factors.
    pub(crate) forward: Vec<Block>,
}

/// The limbs of an element.
pub(crate) fn limbs(value: [u64; 4]) -> [u64; LIMBS] {
    split(value)
}

lanes! {
    /// `a + w b` and `a - w b`. Either is larger than `a` by less than `2 p`, so that there is room for thirty levels.
    fn butterfly(a: &Element, b: &Element, w: &Element) -> (Element, Element) {
        let product = multiply::<Scalars>(b, w);
        (add(a, &product), subtract::<Scalars>(a, &product))
    }

    fn turn(rows: &mut [Element; LANES]) {
        for limb in 0..LIMBS {
            let turned = transpose(rows.map(|row| row[limb]));
            for (row, vector) in rows.iter_mut().zip(turned) {
                row[limb] = vector;
            }
        }
    }

    fn cross(rows: &mut [Element; LANES], a: usize, b: usize, w: &Element) {
        (rows[a], rows[b]) = butterfly(&rows[a], &rows[b], w);
    }

    fn cross_blocks(low: &mut [Block], high: &mut [Block], w: &Element) {
        for (a, b) in low.iter_mut().zip(high) {
            let (sum, difference) = butterfly(&load(a), &load(b), w);
            store(a, sum);
            store(b, difference);
        }
    }

    fn cross_each(low: &mut [Block], high: &mut [Block], factors: &[Block]) {
        for ((a, b), w) in low.iter_mut().zip(high).zip(factors) {
            let (sum, difference) = butterfly(&load(a), &load(b), &load(w));
            store(a, sum);
            store(b, difference);
        }
    }
}

/// Vectors on which all levels are done one after the other, while they are in the cache.
const CACHED: usize = 2048;
/// Vectors side by side on which the levels before and after are done: a page of memory and a quarter.
const COLUMNS: usize = 16;

/// From the values at the powers of a root to the values at the points between them, in place.
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
pub(crate) fn shift_values(values: &mut [Block], twiddles: &Twiddles) {
    let length = values.len().min(CACHED);
    descend_columns(values, length, &twiddles.inverse);
    for (number, part) in values.chunks_exact_mut(length).enumerate() {
        descend(part, number, &twiddles.inverse);
        for (index, group) in part.chunks_exact_mut(LANES).enumerate() {
            turn_back(group, number * length / LANES + index, twiddles);
        }
        ascend(part, &twiddles.forward);
    }
    ascend_columns(values, length, &twiddles.forward);
}

lanes! {
    /// The first levels on the way to coefficients, between rows of `length` vectors: all of them on a few columns, and then
    /// on the next, so that each vector comes out of memory once.
    fn descend_columns(values: &mut [Block], length: usize, factors: &[[u64; LIMBS]]) {
        let rows = values.len() / length;
        for column in (0..length).step_by(COLUMNS) {
            let mut half = rows / 2;
            while half >= 1 {
                for (block, w) in (0..rows).step_by(2 * half).zip(factors) {
                    let w = constant(*w);
                    for row in block..block + half {
                        let (low, high) = pair_of_rows(values, length, [row, row + half], column);
                        cross_blocks(low, high, &w);
                    }
                }
                half /= 2;
            }
        }
    }

    /// The last levels on the way back, in the same order.
    fn ascend_columns(values: &mut [Block], length: usize, factors: &[Block]) {
        let rows = values.len() / length;
        for column in (0..length).step_by(COLUMNS) {
            let mut half = 1;
            while half < rows {
                for block in (0..rows).step_by(2 * half) {
                    for row in 0..half {
                        let factors = &factors[(half + row) * length - 1 + column..];
                        let (low, high) = pair_of_rows(values, length, [block + row, block + row + half], column);
                        cross_each(low, high, factors);
                    }
                }
                half *= 2;
            }
        }
    }

    /// The other levels on the way to coefficients, in a part that is number so much of all that have its length.
    fn descend(part: &mut [Block], number: usize, factors: &[[u64; LIMBS]]) {
        let mut half = part.len() / 2;
        while half >= 1 {
            let first = number * part.len() / (2 * half);
            for (block, w) in part.chunks_exact_mut(2 * half).zip(&factors[first..]) {
                let (low, high) = block.split_at_mut(half);
                cross_blocks(low, high, &constant(*w));
            }
            half /= 2;
        }
    }

    /// The last levels of the way there and the first ones back, within 64 elements.
    fn turn_back(group: &mut [Block], number: usize, twiddles: &Twiddles) {
        let (small, shift) = (&twiddles.inverse_small[number], &twiddles.shift[number * LANES..]);
        let mut rows: [Element; LANES] = [0, 1, 2, 3, 4, 5, 6, 7].map(|row| load(&group[row]));
        turn(&mut rows);
        let (w8, [w4_0, w4_1]) = (load(&small[0]), [load(&small[1]), load(&small[2])]);
        for row in 0..4 {
            cross(&mut rows, row, row + 4, &w8);
        }
        for row in 0..2 {
            cross(&mut rows, row, row + 2, &w4_0);
            cross(&mut rows, row + 4, row + 6, &w4_1);
        }
        for pair in 0..4 {
            cross(&mut rows, 2 * pair, 2 * pair + 1, &load(&small[3 + pair]));
        }
        for row in 0..LANES {
            rows[row] = multiply::<Scalars>(&rows[row], &load(&shift[row]));
        }
        let powers = [0, 1, 2, 3].map(|power| load(&twiddles.forward_small[power]));
        for pair in 0..4 {
            let (a, b) = (rows[2 * pair], rows[2 * pair + 1]);
            (rows[2 * pair], rows[2 * pair + 1]) = (add(&a, &b), subtract::<Scalars>(&a, &b));
        }
        for half in [0, 4] {
            cross(&mut rows, half, half + 2, &powers[0]);
            cross(&mut rows, half + 1, half + 3, &powers[2]);
        }
        for row in 0..4 {
            cross(&mut rows, row, row + 4, &powers[row]);
        }
        turn(&mut rows);
        for row in 0..LANES {
            store(&mut group[row], rows[row]);
        }
    }

    /// The other levels on the way back.
    fn ascend(part: &mut [Block], factors: &[Block]) {
        let mut half = 1;
        while half < part.len() {
            for block in part.chunks_exact_mut(2 * half) {
                let (low, high) = block.split_at_mut(half);
                cross_each(low, high, &factors[half - 1..]);
            }
            half *= 2;
        }
    }
}

/// Some columns of two rows, of which the first comes first.
fn pair_of_rows(values: &mut [Block], length: usize, rows: [usize; 2], column: usize) -> (&mut [Block], &mut [Block]) {
    let (before, after) = values.split_at_mut(rows[1] * length);
    let columns = column..(column + COLUMNS).min(length);
    (&mut before[rows[0] * length..][columns.clone()], &mut after[columns])
}

/// `a * b`, element by element, of reduced elements.
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
pub(crate) fn multiply_all(a: &[Block], b: &[Block], products: &mut [Block]) {
    for ((a, b), product) in a.iter().zip(b).zip(products) {
        store(product, multiply::<Scalars>(&load(a), &load(b)));
    }
}

/// `(a * b - c) * factor` into `a`, element by element, from elements as the transforms leave them to below `2 p`.
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
pub(crate) fn join_all(a: &mut [Block], b: &[Block], c: &[Block], factor: &Block, one: &Block) {
    let (factor, one) = (load(factor), load(one));
    let margin = constant(const { lent::<Scalars>(64) });
    for ((a, b), c) in a.iter_mut().zip(b).zip(c) {
        let small = [multiply::<Scalars>(&load(a), &one), multiply::<Scalars>(&load(b), &one)];
        let product = multiply::<Scalars>(&small[0], &small[1]);
        let difference = normalise(minus(&plus(&product, &margin), &load(c)));
        store(a, multiply::<Scalars>(&difference, &factor));
    }
}

impl Zeroize for Block {
    fn zeroize(&mut self) {
        self.0.zeroize();
    }
}
