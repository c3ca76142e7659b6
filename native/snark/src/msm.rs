//! Sums of multiples: `scalar[0] * base[0] + scalar[1] * base[1] + ...` for bases that stay the same.
//!
//! Scalars are cut into signed digits of `window` bits. All points with the same digit meet in a bucket, and the sum is
//! that of the buckets times their digits. For each base the table may hold multiples by `2^(window * sets * t)`, for
//! `t` below `copies`: digits `sets` apart then share one set of buckets, down to a single set for all digits.
//! Without a table (`copies = 1`) this is the method of Pippenger.
//!
//! A scalar of few bits has few digits that are not zero, zero has none, and one near the modulus counts as the small
//! negative number that it is: what a witness mostly holds costs next to nothing.

#![allow(clippy::cast_possible_truncation, reason = "digits and indices are cut to the bits that were counted")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use ark_bn254::{Fr, FrConfig};
use ark_ec::AdditiveGroup;
use ark_ec::short_weierstrass::Projective;
use ark_ff::{BigInt, BigInteger, MontConfig};
use zeroize::{Zeroize, Zeroizing};

use crate::curve::{Group, Kernel};
use crate::pairs::{Adder, table_entry};
use crate::schedule::Queue;
use crate::wiped::Secret;

/// Half of the modulus is below `2^253`; one bit more lets the carry of the highest digit in.
const MAGNITUDE_BITS: u32 = 254;
/// Entries that are summed by one task: enough to share inversions, few enough to stay in the cache.
const SEGMENT: usize = 12_288;

/// The memory of one thread.
pub(crate) struct Worker {
    pub(crate) first: Adder<crate::curve::G1>,
    pub(crate) second: Adder<crate::curve::G2>,
}

impl Worker {
    pub(crate) fn new(kernel: Kernel) -> Self {
        Self { first: Adder::new(kernel), second: Adder::new(kernel) }
    }
}

/// Which of its adders a group uses.
pub(crate) trait Bulk: Group {
    fn adder(worker: &mut Worker) -> &mut Adder<Self>;
}

impl Bulk for crate::curve::G1 {
    fn adder(worker: &mut Worker) -> &mut Adder<Self> {
        &mut worker.first
    }
}

impl Bulk for crate::curve::G2 {
    fn adder(worker: &mut Worker) -> &mut Adder<Self> {
        &mut worker.second
    }
}

/// A scalar as a sign and a magnitude below half of the modulus.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Scalar {
    magnitude: [u64; 4],
    negative: bool,
}

impl Zeroize for Scalar {
    fn zeroize(&mut self) {
        self.magnitude.zeroize();
        self.negative.zeroize();
    }
}

impl Scalar {
    /// From the canonical limbs of a scalar.
    pub(crate) fn of(limbs: [u64; 4]) -> Self {
        let value = BigInt::new(limbs);
        let mut opposite = FrConfig::MODULUS;
        opposite.sub_with_borrow(&value);
        if opposite < value {
            Self { magnitude: opposite.0, negative: true }
        } else {
            Self { magnitude: limbs, negative: false }
        }
    }

    pub(crate) fn of_element(element: Fr) -> Self {
        Self::of(FrConfig::into_bigint(element).0)
    }

    /// How many bits the magnitude has.
    fn bits(&self) -> u32 {
        let highest = self.magnitude.iter().rposition(|&word| word != 0);
        highest.map_or(0, |word| 64 * (word as u32 + 1) - self.magnitude[word].leading_zeros())
    }

    /// The scalar, and `raise` more: neither larger than six words nor negative, as [`Cut`] chooses it.
    fn raised(&self, raise: &[u64; RAISED]) -> [u64; RAISED] {
        let mut sum = *raise;
        let mut carry = false;
        for (place, word) in sum.iter_mut().enumerate() {
            let magnitude = self.magnitude.get(place).copied().unwrap_or(0);
            let (first, second);
            if self.negative {
                (*word, first) = word.overflowing_sub(magnitude);
                (*word, second) = word.overflowing_sub(u64::from(carry));
            } else {
                (*word, first) = word.overflowing_add(magnitude);
                (*word, second) = word.overflowing_add(u64::from(carry));
            }
            carry = first | second;
        }
        sum
    }
}

/// The words of a scalar and half of the highest digit more, and one so that every word has a next one.
const RAISED: usize = 6;

/// How scalars are cut into signed digits of `window` bits, three or more, between `-half` and `half - 1`.
///
/// With `half` added to every digit none is negative: the digits of a scalar are, less `half`, those of the scalar plus
/// `half + half 2^window + half 2^(2 window) + ...`. One sum of whole words takes care of every carry between them.
struct Cut {
    window: u32,
    digits: usize,
    raise: [u64; RAISED],
}

impl Cut {
    fn new(window: u32) -> Self {
        let digits = MAGNITUDE_BITS.div_ceil(window) as usize;
        let mut raise = [0; RAISED];
        for place in (1..=digits as u32).map(|digit| digit * window - 1) {
            raise[(place / 64) as usize] |= 1 << (place % 64);
        }
        Self { window, digits, raise }
    }

    /// The lowest digits, `half` more than they are, until all that are left are zero.
    fn each_raised_digit(&self, scalar: &Scalar, mut take: impl FnMut(usize, u16)) {
        let bits = scalar.bits();
        if bits == 0 {
            return;
        }
        let mask = (1 << self.window) - 1;
        let raised = Zeroizing::new(scalar.raised(&self.raise));
        // The digit above the highest bit may have a carry.
        let count = self.digits.min(bits.div_ceil(self.window) as usize + 1);
        let mut position = 0;
        for digit in 0..count {
            let (word, shift) = ((position / 64) as usize, position % 64);
            let value = raised[word] >> shift | raised[word + 1] << 1 << (63 - shift);
            take(digit, (value & mask) as u16);
            position += self.window;
        }
    }
}

/// All digits of the scalars of one sum, `half` more than they are: for each place those of all scalars.
struct Digits {
    half: u32,
    count: usize,
    stride: usize,
    words: Secret<u64>,
}

impl Digits {
    fn of(bases: &Bases, scalars: &[Scalar]) -> Self {
        /// An odd number of lines of the cache, so that places do not push each other out of it.
        const LINE: usize = 32;
        let cut = Cut::new(bases.shape.window);
        let count = bases.scalars.len();
        let stride = (count.div_ceil(LINE) | 1) * LINE;
        let half = 1_u64 << (cut.window - 1);
        let four = half | half << 16 | half << 32 | half << 48;
        let mut words = Secret::from(vec![four; cut.digits * stride / 4]);
        let digits: &mut [u16] = bytemuck::cast_slice_mut(&mut words);
        for (base, &number) in bases.scalars.iter().enumerate() {
            cut.each_raised_digit(&scalars[number as usize], |place, digit| digits[place * stride + base] = digit);
        }
        Self { half: half as u32, count, stride, words }
    }

    /// The digits of all scalars at one place.
    fn at(&self, place: usize) -> &[u16] {
        let digits: &[u16] = bytemuck::cast_slice(&self.words);
        &digits[place * self.stride..][..self.count]
    }

    fn places(&self) -> usize {
        4 * self.words.len() / self.stride
    }
}

/// The shape of one sum: how scalars are cut, and where its part of the table lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) window: u32,
    pub(crate) copies: usize,
    pub(crate) sets: usize,
}

impl Shape {
    pub(crate) fn new(window: u32, copies: usize) -> Self {
        let digits = MAGNITUDE_BITS.div_ceil(window) as usize;
        let sets = digits.div_ceil(copies);
        Self { window, copies: digits.div_ceil(sets), sets }
    }

    /// The shape with multiples for so many sets of buckets.
    pub(crate) fn with_sets(window: u32, sets: usize) -> Self {
        Self::new(window, (MAGNITUDE_BITS.div_ceil(window) as usize).div_ceil(sets))
    }

    /// How many bits apart the multiples of one base in the table are.
    pub(crate) fn stride_bits(&self) -> u32 {
        self.window * self.sets as u32
    }

    fn buckets(&self) -> usize {
        1 << (self.window - 1)
    }
}

/// Bases with scalars chosen by number out of a list.
#[derive(Clone, Debug)]
pub(crate) struct Bases {
    pub(crate) shape: Shape,
    /// Where in the table the multiples of the first base begin.
    pub(crate) offset: usize,
    /// For each base, whose scalar it takes.
    pub(crate) scalars: Vec<u32>,
}

/// Entries of the table, bucket by bucket.
struct Sorted {
    /// One more than there are.
    entries: Zeroizing<Vec<u32>>,
    /// Where each bucket begins; one more at the end.
    starts: Zeroizing<Vec<u32>>,
}

/// One sum under way.
struct Sum<'work, G: Bulk> {
    kernel: Kernel,
    shape: Shape,
    offset: usize,
    digits: Digits,
    table: &'work [G::Point],
    sets: Mutex<Zeroizing<Vec<Projective<G::Curve>>>>,
    sets_left: AtomicUsize,
    done: Mutex<Option<Done<'work, G>>>,
}

/// One set of buckets of it.
struct Set<'work, G: Bulk> {
    sum: Arc<Sum<'work, G>>,
    number: usize,
    sorted: Sorted,
    buckets: Mutex<Secret<G::Point>>,
    segments_left: AtomicUsize,
}

type Done<'work, G> = Box<dyn FnOnce(&Queue<'work, Worker>, Projective<<G as Group>::Curve>) + Send + 'work>;

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Put the work of one sum into the queue; `done` is called with it, by the thread that finishes it.
///
/// What one set leaves to be done goes in front of the other sets, so that few of them are in memory at a time.
pub(crate) fn start<'work, G: Bulk>(
    queue: &Queue<'work, Worker>,
    kernel: Kernel,
    table: &'work [G::Point],
    bases: &Bases,
    scalars: &[Scalar],
    done: impl FnOnce(&Queue<'work, Worker>, Projective<G::Curve>) + Send + 'work,
) {
    let shape = bases.shape;
    let sum = Arc::new(Sum::<G> {
        kernel,
        shape,
        offset: bases.offset,
        digits: Digits::of(bases, scalars),
        table,
        sets: Mutex::new(Zeroizing::new(vec![Projective::ZERO; shape.sets])),
        sets_left: AtomicUsize::new(shape.sets),
        done: Mutex::new(Some(Box::new(done))),
    });
    for set in 0..shape.sets {
        let sum = Arc::clone(&sum);
        queue.push_urgent(move |queue, _| Sum::start_set(sum, set, queue));
    }
}

impl<'work, G: Bulk> Sum<'work, G> {
    /// Sort what belongs to one set, and put the additions of its segments into the queue.
    fn start_set(this: Arc<Self>, number: usize, queue: &Queue<'work, Worker>) {
        let sorted = this.sort(number);
        let count = sorted.entries.len() - 1;
        let segments = count.div_ceil(SEGMENT);
        if segments == 0 {
            return this.finish_set(number, Projective::ZERO, queue);
        }
        let length = count.div_ceil(segments);
        let set = Arc::new(Set::<G> {
            number,
            sorted,
            buckets: Mutex::new(vec![G::INFINITY; this.shape.buckets()].into()),
            segments_left: AtomicUsize::new(segments),
            sum: this,
        });
        for segment in 0..segments {
            let set = Arc::clone(&set);
            queue.push_urgent(move |queue, worker| set.add_segment(segment * length, length, queue, worker));
        }
    }

    /// The entries of one set, bucket by bucket: digits are counted, and then put where they belong. Zeros are not told
    /// apart by a branch, which would be guessed wrong; they go to one place behind the others.
    fn sort(&self, set: usize) -> Sorted {
        let Shape { copies, sets, .. } = self.shape;
        let half = self.digits.half;
        let places = || (set..self.digits.places()).step_by(sets).map(|place| (place, self.digits.at(place)));
        let magnitude = |digit: u16| u32::from(digit).abs_diff(half) as usize;
        let mut next = Zeroizing::new(vec![0_u32; self.shape.buckets() + 1]);
        for (_, digits) in places() {
            for &digit in digits {
                next[magnitude(digit)] += 1;
            }
        }
        let mut starts = Zeroizing::new(Vec::with_capacity(next.len()));
        let mut count = 0;
        for next in &mut next[1..] {
            starts.push(count);
            count += std::mem::replace(next, count);
        }
        starts.push(count);
        next[0] = count;
        let mut entries = Zeroizing::new(vec![0; count as usize + 1]);
        for (place, digits) in places() {
            let mut index = (self.offset + place / sets) as u32;
            for &digit in digits {
                let magnitude = magnitude(digit);
                entries[next[magnitude] as usize] = table_entry(index, u32::from(digit) < half);
                next[magnitude] += u32::from(magnitude != 0);
                index += copies as u32;
            }
        }
        Sorted { entries, starts }
    }

    /// The total of one set is there; the last one joins them all.
    fn finish_set(&self, number: usize, total: Projective<G::Curve>, queue: &Queue<'work, Worker>) {
        lock(&self.sets)[number] = total;
        if self.sets_left.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.finish(queue);
        }
    }

    /// Join the sets: each is worth `2^window` of the one before.
    fn finish(&self, queue: &Queue<'work, Worker>) {
        let sets = lock(&self.sets);
        let mut total = Projective::ZERO;
        for set in sets.iter().rev() {
            for _ in 0..self.shape.window {
                total.double_in_place();
            }
            total += set;
        }
        drop(sets);
        if let Some(done) = lock(&self.done).take() {
            done(queue, total);
        }
    }
}

impl<'work, G: Bulk> Set<'work, G> {
    /// Sum the entries of one segment within their buckets; at its ends a bucket may be cut.
    fn add_segment(&self, from: usize, length: usize, queue: &Queue<'work, Worker>, worker: &mut Worker) {
        let Sorted { entries, starts } = &self.sorted;
        let to = (from + length).min(entries.len() - 1);
        let first = starts.partition_point(|&start| start as usize <= from) - 1;
        let last = starts.partition_point(|&start| (start as usize) < to);
        let sizes = starts[first..=last].windows(2);
        let sizes = sizes.map(|bounds| bounds[1].min(to as u32) - bounds[0].max(from as u32));
        let sizes = Zeroizing::new(sizes.collect::<Vec<_>>());
        let sums = G::adder(worker).sum_groups(self.sum.table, entries[from..to].to_vec(), &sizes);
        let mut buckets = lock(&self.buckets);
        for (bucket, sum) in buckets[first..].iter_mut().zip(sums.iter()) {
            if G::is_infinity(bucket) {
                *bucket = *sum;
            } else if !G::is_infinity(sum) {
                let kernel = self.sum.kernel;
                let both: Projective<G::Curve> = G::unpack(kernel, bucket) + G::unpack(kernel, sum);
                *bucket = G::pack(kernel, &both.into());
            }
        }
        drop(buckets);
        if self.segments_left.fetch_sub(1, Ordering::AcqRel) == 1 {
            let total = self.weigh(worker);
            self.sum.finish_set(self.number, total, queue);
        }
    }

    /// The sum of the buckets times their digits: with `digit = high * side + low` it is
    /// `side * sum(high * row) + sum(low * column)`, and rows and columns are again sums within groups.
    fn weigh(&self, worker: &mut Worker) -> Projective<G::Curve> {
        let buckets = lock(&self.buckets);
        let count = buckets.len();
        let side_bits = self.sum.shape.window / 2;
        let side = 1 << side_bits;
        let rows = count / side + 1;
        let mut sizes = Zeroizing::new(Vec::with_capacity(rows + side));
        let mut entries = Vec::with_capacity(2 * count);
        let mut add_group = |digits: &mut dyn Iterator<Item = usize>| {
            let before = entries.len();
            let members = digits.filter(|&digit| (1..=count).contains(&digit) && !G::is_infinity(&buckets[digit - 1]));
            entries.extend(members.map(|digit| digit as u32 - 1));
            sizes.push((entries.len() - before) as u32);
        };
        for row in 0..rows {
            add_group(&mut (row * side..(row + 1) * side));
        }
        for column in 0..side {
            add_group(&mut (column..=count).step_by(side));
        }
        let sums = G::adder(worker).sum_groups(&buckets, entries, &sizes);
        let (rows, columns) = sums.split_at(rows);
        let mut total = self.weigh_line(rows);
        for _ in 0..side_bits {
            total.double_in_place();
        }
        total + self.weigh_line(columns)
    }

    /// `0 * sums[0] + 1 * sums[1] + 2 * sums[2] + ...`
    fn weigh_line(&self, sums: &[G::Point]) -> Projective<G::Curve> {
        let mut running = Projective::ZERO;
        let mut total = Projective::ZERO;
        for sum in sums[1..].iter().rev() {
            if !G::is_infinity(sum) {
                running += G::unpack(self.sum.kernel, sum);
            }
            total += running;
        }
        total
    }
}

#[cfg(test)]
mod tests {
    use ark_bn254::Fr;
    use ark_ff::{AdditiveGroup, Field, PrimeField, UniformRand};
    use rand::{Rng, SeedableRng, rngs::StdRng};

    use super::{Bases, Cut, Digits, Scalar, Shape};

    /// Zero, what is near zero, near the modulus and near half of it, powers of two, and some between.
    fn scalars() -> Vec<Fr> {
        let mut random = StdRng::seed_from_u64(6);
        let half = -Fr::ONE / Fr::from(2);
        let powers = (0..254).map(|power| Fr::from(2).pow([power]));
        let edges = [Fr::ZERO, Fr::ONE, half, half + Fr::ONE, Fr::from_le_bytes_mod_order(&[0x55; 32])];
        let mut scalars: Vec<Fr> = powers.chain(edges).flat_map(|it| [it, -it, it - Fr::ONE, Fr::ONE - it]).collect();
        scalars.extend((0..100).map(|_| Fr::rand(&mut random)));
        scalars.extend((0..100).map(|_| Fr::from(random.r#gen::<u64>())));
        scalars
    }

    #[test]
    fn digits_are_worth_their_scalar() {
        for window in 3..=16 {
            let cut = Cut::new(window);
            let half = Fr::from(1_u64 << (window - 1));
            let base = half.double();
            for scalar in scalars() {
                let (mut value, mut worth) = (Fr::ZERO, Fr::ONE);
                cut.each_raised_digit(&Scalar::of_element(scalar), |_, digit| {
                    value += (Fr::from(digit) - half) * worth;
                    worth *= base;
                });
                assert_eq!(value, scalar, "cut into {window} bits");
            }
        }
    }

    #[test]
    fn digits_that_are_not_written_are_zero() {
        let scalars: Vec<Scalar> = [3, 0, 2].map(|it| Scalar::of([it, 0, 0, 0])).to_vec();
        let bases = Bases { shape: Shape::new(4, 1), offset: 0, scalars: vec![2, 1, 0] };
        let digits = Digits::of(&bases, &scalars);
        assert_eq!(digits.places(), 64);
        assert_eq!(digits.at(0), [10, 8, 11]);
        assert!((1..64).all(|place| digits.at(place) == [8, 8, 8]));
    }
}
