//! Eight permutations at once with AVX-512 IFMA: lane by lane the same rounds, for trees of many leaves.
//!
//! An element is five limbs of 52 bits in Montgomery form for `2^260`, which is 84 times larger than the modulus `r`:
//! what stays below `84 r` needs no subtraction, and nothing here is subtracted before the very end. A sum of products
//! that is below `k r^2` is reduced to below `(1 + k / 84) r`. The largest values are those of the places without an
//! S-box at the end of the partial rounds: each of up to 70 rounds adds one product to them, so that they stay below
//! `74 r`; their powers, by way of `66 r` and `53 r`, below `48 r`.

#![allow(unsafe_code, reason = "instructions that only some processors have, reached after a look at the processor")]
#![allow(
    clippy::needless_range_loop,
    reason = "limbs and places are walked by number: an iterator is not inlined here"
)]
#![allow(clippy::cast_possible_wrap, reason = "constants go into vectors bit by bit")]

use std::arch::x86_64::{
    __m512i, _mm512_add_epi64, _mm512_and_si512, _mm512_madd52hi_epu64, _mm512_madd52lo_epu64, _mm512_set1_epi64,
    _mm512_setzero_si512, _mm512_srli_epi64,
};
use std::mem::transmute;

use ark_bn254::{Fr, FrConfig};
use ark_ff::{BigInt, BigInteger, Field, MontConfig};

use super::instance::Instance;
use super::linear::Matrix;

/// How many permutations are done at once.
pub(super) const LANES: usize = 8;

const LIMBS: usize = 5;
const LIMB_BITS: u32 = 52;
const MASK: u64 = (1 << LIMB_BITS) - 1;

/// One number in limbs of 52 bits.
type Limbs = [u64; LIMBS];
/// Eight elements, limb by limb.
type Lanes = [__m512i; LIMBS];
/// Sums of products before their reduction, limb by limb.
type Wide = [__m512i; 2 * LIMBS];

const MODULUS: Limbs = split(FrConfig::MODULUS.0);
/// `-1 / r` modulo `2^52`: the lower bits of what it is modulo `2^64`.
const INVERSE: u64 = FrConfig::INV & MASK;
const NOTHING: Limbs = [0; LIMBS];
/// To multiply by it is to leave the Montgomery form.
const PLAIN_ONE: Limbs = [1, 0, 0, 0, 0];

/// Whether this processor has every instruction that is used here.
pub(super) fn available() -> bool {
    is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512ifma")
}

const fn split([a, b, c, d]: [u64; 4]) -> Limbs {
    [a & MASK, (a >> 52 | b << 12) & MASK, (b >> 40 | c << 24) & MASK, (c >> 28 | d << 36) & MASK, d >> 16]
}

#[allow(clippy::many_single_char_names, reason = "five limbs")]
const fn join([a, b, c, d, e]: Limbs) -> BigInt<4> {
    BigInt([a | b << 52, b >> 12 | c << 40, c >> 24 | d << 28, d >> 36 | e << 16])
}

/// The Montgomery form for `2^260`: the one for `2^256` of sixteen times as much.
fn constant(value: Fr) -> Limbs {
    split((value * Fr::from(16_u64)).0.0)
}

/// A matrix after the S-boxes of a round, and the constants of the round that follows.
struct Mixing<const T: usize> {
    matrix: [[Limbs; T]; T],
    next: [Limbs; T],
}

impl<const T: usize> Mixing<T> {
    fn of(matrix: &Matrix<T>, next: [Limbs; T]) -> Self {
        Self { matrix: matrix.map(|row| row.map(constant)), next }
    }
}

/// A partial round after its S-box; `next` is the constant of the partial round that follows.
struct Sparse<const T: usize> {
    row: [Limbs; T],
    column: [Limbs; T],
    next: Limbs,
}

/// The parameters of one width, as constants for eight lanes.
pub(super) struct Wiring<const T: usize> {
    to_montgomery: Limbs,
    first: [Limbs; T],
    before: Vec<Mixing<T>>,
    partial: Vec<Sparse<T>>,
    between: [Limbs; T],
    after: Vec<Mixing<T>>,
}

impl<const T: usize> Wiring<T> {
    pub(super) fn of(instance: &Instance<T>) -> Self {
        let Instance { before, partial, after, mixing, entry } = instance;
        let next_partial = |round: usize| partial.get(round).map_or(NOTHING, |round| constant(round.constant));
        let mut entering = [NOTHING; T];
        entering[0] = next_partial(0);
        let mut before_mixing: Vec<_> = before[1..].iter().map(|next| Mixing::of(mixing, next.map(constant))).collect();
        before_mixing.push(Mixing::of(entry, entering));
        let mut after_mixing: Vec<_> = after[1..].iter().map(|next| Mixing::of(mixing, next.map(constant))).collect();
        after_mixing.push(Mixing::of(mixing, [NOTHING; T]));
        Self {
            to_montgomery: constant(Fr::from(2_u64).pow([260])),
            first: before[0].map(constant),
            before: before_mixing,
            partial: (partial.iter().enumerate())
                .map(|(round, sparse)| Sparse {
                    row: sparse.row.map(constant),
                    column: sparse.column.map(constant),
                    next: next_partial(round + 1),
                })
                .collect(),
            between: after[0].map(constant),
            after: after_mixing,
        }
    }

    /// The hashes of eight rows, given as `inputs[place][lane]`, all below r.
    pub(super) fn hash(&self, inputs: &[[BigInt<4>; LANES]]) -> [BigInt<4>; LANES] {
        assert!(available(), "asked for instructions that this processor does not have");
        // SAFETY: the processor has them, as was just asserted.
        unsafe { self.hash_lanes(inputs) }
    }

    #[target_feature(enable = "avx512f,avx512ifma")]
    fn hash_lanes(&self, inputs: &[[BigInt<4>; LANES]]) -> [BigInt<4>; LANES] {
        let mut state = [broadcast(&NOTHING); T];
        for (element, values) in state[1..].iter_mut().zip(inputs) {
            *element = multiply(&load(values), &broadcast(&self.to_montgomery));
        }
        self.permute(&mut state);
        store(&multiply(&state[0], &broadcast(&PLAIN_ONE)))
    }

    #[target_feature(enable = "avx512f,avx512ifma")]
    fn permute(&self, state: &mut [Lanes; T]) {
        add_constants(state, &self.first);
        for mixing in &self.before {
            full_round(state, mixing);
        }
        for Sparse { row, column, next } in &self.partial {
            let fifth = raise_to_fifth(&state[0]);
            state[0] = fifth;
            let first = dot(row, state, next);
            for place in 1..T {
                let mut sum = lift(&state[place]);
                accumulate(&mut sum, &fifth, &broadcast(&column[place]));
                state[place] = reduce(sum);
            }
            state[0] = first;
        }
        add_constants(state, &self.between);
        for mixing in &self.after {
            full_round(state, mixing);
        }
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn full_round<const T: usize>(state: &mut [Lanes; T], Mixing { matrix, next }: &Mixing<T>) {
    for place in 0..T {
        state[place] = raise_to_fifth(&state[place]);
    }
    let mut mixed = *state;
    for place in 0..T {
        mixed[place] = dot(&matrix[place], state, &next[place]);
    }
    *state = mixed;
}

#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn add_constants<const T: usize>(state: &mut [Lanes; T], constants: &[Limbs; T]) {
    for place in 0..T {
        for limb in 0..LIMBS {
            let constant = _mm512_set1_epi64(constants[place][limb] as i64);
            state[place][limb] = _mm512_add_epi64(state[place][limb], constant);
        }
        state[place] = carry(state[place]);
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn raise_to_fifth(value: &Lanes) -> Lanes {
    let square = multiply(value, value);
    multiply(&multiply(&square, &square), value)
}

/// `next + sum(row[i] * state[i])` with a single reduction.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn dot<const T: usize>(row: &[Limbs; T], state: &[Lanes; T], next: &Limbs) -> Lanes {
    let mut sum = lift(&broadcast(next));
    for place in 0..T {
        accumulate(&mut sum, &state[place], &broadcast(&row[place]));
    }
    reduce(sum)
}

#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn multiply(left: &Lanes, right: &Lanes) -> Lanes {
    let mut sum = lift(&broadcast(&NOTHING));
    accumulate(&mut sum, left, right);
    reduce(sum)
}

/// What the reduction divides by `2^260`, so that it comes out as it is.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn lift(value: &Lanes) -> Wide {
    let mut sum = [_mm512_setzero_si512(); 2 * LIMBS];
    sum[LIMBS..].copy_from_slice(value);
    sum
}

/// Add a product; a limb of the sum holds the halves of 170 products of limbs and more.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn accumulate(sum: &mut Wide, left: &Lanes, right: &Lanes) {
    for i in 0..LIMBS {
        for j in 0..LIMBS {
            sum[i + j] = _mm512_madd52lo_epu64(sum[i + j], left[j], right[i]);
        }
        for j in 0..LIMBS {
            sum[i + j + 1] = _mm512_madd52hi_epu64(sum[i + j + 1], left[j], right[i]);
        }
    }
}

/// Montgomery's reduction, without a subtraction at the end.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn reduce(mut sum: Wide) -> Lanes {
    let modulus = broadcast(&MODULUS);
    let inverse = _mm512_set1_epi64(INVERSE as i64);
    for i in 0..LIMBS {
        let factor = _mm512_madd52lo_epu64(_mm512_setzero_si512(), sum[i], inverse);
        for j in 0..LIMBS {
            sum[i + j] = _mm512_madd52lo_epu64(sum[i + j], factor, modulus[j]);
        }
        for j in 0..LIMBS {
            sum[i + j + 1] = _mm512_madd52hi_epu64(sum[i + j + 1], factor, modulus[j]);
        }
        sum[i + 1] = _mm512_add_epi64(sum[i + 1], _mm512_srli_epi64::<LIMB_BITS>(sum[i]));
    }
    carry([sum[5], sum[6], sum[7], sum[8], sum[9]])
}

/// Bring every limb below `2^52`.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn carry(mut value: Lanes) -> Lanes {
    let mask = _mm512_set1_epi64(MASK as i64);
    for limb in 0..LIMBS - 1 {
        value[limb + 1] = _mm512_add_epi64(value[limb + 1], _mm512_srli_epi64::<LIMB_BITS>(value[limb]));
        value[limb] = _mm512_and_si512(value[limb], mask);
    }
    value
}

#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn broadcast(value: &Limbs) -> Lanes {
    let mut lanes = [_mm512_setzero_si512(); LIMBS];
    for limb in 0..LIMBS {
        lanes[limb] = _mm512_set1_epi64(value[limb] as i64);
    }
    lanes
}

fn load(values: &[BigInt<4>; LANES]) -> Lanes {
    let mut limbs = [[0; LANES]; LIMBS];
    for (lane, value) in values.iter().enumerate() {
        for (limb, part) in limbs.iter_mut().zip(split(value.0)) {
            limb[lane] = part;
        }
    }
    // SAFETY: eight words are a vector of eight words, and every pattern of bits is one.
    unsafe { transmute::<[[u64; LANES]; LIMBS], Lanes>(limbs) }
}

/// The elements as integers below r: what leaves the Montgomery form is at most r.
fn store(lanes: &Lanes) -> [BigInt<4>; LANES] {
    // SAFETY: a vector of eight words is eight words.
    let limbs = unsafe { transmute::<Lanes, [[u64; LANES]; LIMBS]>(*lanes) };
    std::array::from_fn(|lane| {
        let mut value = join(limbs.map(|limb| limb[lane]));
        if value >= FrConfig::MODULUS {
            value.sub_with_borrow(&FrConfig::MODULUS);
        }
        value
    })
}
