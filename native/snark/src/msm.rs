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

    /// The digits that are not zero, lowest first: number, bucket, sign.
    fn each_digit(&self, window: u32, mut take: impl FnMut(usize, usize, bool)) {
        let bits = self
            .magnitude
            .iter()
            .rposition(|&word| word != 0)
            .map_or(0, |word| 64 * (word as u32 + 1) - self.magnitude[word].leading_zeros());
        let half = 1_u64 << (window - 1);
        let mut carry = 0;
        let mut number = 0;
        let mut position = 0;
        while position < bits || carry != 0 {
            let digit = self.bits_at(position, window) + carry;
            carry = u64::from(digit > half);
            let magnitude = if carry == 1 { 2 * half - digit } else { digit };
            if magnitude != 0 {
                take(number, magnitude as usize - 1, self.negative != (carry == 1));
            }
            number += 1;
            position += window;
        }
    }

    fn bits_at(&self, position: u32, count: u32) -> u64 {
        let (word, shift) = ((position / 64) as usize, position % 64);
        let low = self.magnitude.get(word).map_or(0, |word| word >> shift);
        let high = if shift == 0 { 0 } else { self.magnitude.get(word + 1).map_or(0, |word| word << (64 - shift)) };
        (low | high) & ((1 << count) - 1)
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
    entries: Zeroizing<Vec<u32>>,
    /// Where each bucket begins; one more at the end.
    starts: Zeroizing<Vec<u32>>,
}

impl Bases {
    fn each_entry(&self, scalars: &[Scalar], mut take: impl FnMut(usize, u32)) {
        let Shape { window, copies, sets } = self.shape;
        let buckets = self.shape.buckets();
        for (base, &number) in self.scalars.iter().enumerate() {
            let first = self.offset + base * copies;
            scalars[number as usize].each_digit(window, |digit, bucket, negative| {
                let entry = table_entry((first + digit / sets) as u32, negative);
                take((digit % sets) * buckets + bucket, entry);
            });
        }
    }

    fn sort(&self, scalars: &[Scalar]) -> Sorted {
        let groups = self.shape.sets * self.shape.buckets();
        let mut starts = Zeroizing::new(vec![0_u32; groups + 1]);
        self.each_entry(scalars, |group, _| starts[group + 1] += 1);
        for group in 0..groups {
            starts[group + 1] += starts[group];
        }
        let mut entries = Zeroizing::new(vec![0; starts[groups] as usize]);
        let mut next = Zeroizing::new(starts[..groups].to_vec());
        self.each_entry(scalars, |group, entry| {
            entries[next[group] as usize] = entry;
            next[group] += 1;
        });
        Sorted { entries, starts }
    }
}

/// One sum under way.
struct Sum<'work, G: Bulk> {
    kernel: Kernel,
    shape: Shape,
    sorted: Sorted,
    table: &'work [G::Point],
    buckets: Mutex<Secret<G::Point>>,
    segments_left: AtomicUsize,
    sets: Mutex<Zeroizing<Vec<Projective<G::Curve>>>>,
    sets_left: AtomicUsize,
    done: Mutex<Option<Done<'work, G>>>,
}

type Done<'work, G> = Box<dyn FnOnce(&Queue<'work, Worker>, Projective<<G as Group>::Curve>) + Send + 'work>;

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Put the work of one sum into the queue; `done` is called with it, by the thread that finishes it.
pub(crate) fn start<'work, G: Bulk>(
    queue: &Queue<'work, Worker>,
    kernel: Kernel,
    table: &'work [G::Point],
    bases: &Bases,
    scalars: &[Scalar],
    done: impl FnOnce(&Queue<'work, Worker>, Projective<G::Curve>) + Send + 'work,
) {
    let sorted = bases.sort(scalars);
    let shape = bases.shape;
    let groups = shape.sets * shape.buckets();
    let segments = sorted.entries.len().div_ceil(SEGMENT);
    if segments == 0 {
        return done(queue, Projective::ZERO);
    }
    let length = sorted.entries.len().div_ceil(segments);
    let sum = Arc::new(Sum::<G> {
        kernel,
        shape,
        sorted,
        table,
        buckets: Mutex::new(vec![G::INFINITY; groups].into()),
        segments_left: AtomicUsize::new(segments),
        sets: Mutex::new(Zeroizing::new(vec![Projective::ZERO; shape.sets])),
        sets_left: AtomicUsize::new(shape.sets),
        done: Mutex::new(Some(Box::new(done))),
    });
    for segment in 0..segments {
        let sum = Arc::clone(&sum);
        queue.push(move |queue, worker| Sum::add_segment(&sum, segment * length, length, queue, worker));
    }
}

impl<'work, G: Bulk> Sum<'work, G> {
    /// Sum the entries of one segment within their buckets; at its ends a bucket may be cut.
    fn add_segment(this: &Arc<Self>, from: usize, length: usize, queue: &Queue<'work, Worker>, worker: &mut Worker) {
        let Sorted { entries, starts } = &this.sorted;
        let to = (from + length).min(entries.len());
        let first = starts.partition_point(|&start| start as usize <= from) - 1;
        let last = starts.partition_point(|&start| (start as usize) < to);
        let sizes = starts[first..=last].windows(2);
        let sizes = sizes.map(|bounds| bounds[1].min(to as u32) - bounds[0].max(from as u32));
        let sizes = Zeroizing::new(sizes.collect::<Vec<_>>());
        let sums = G::adder(worker).sum_groups(this.table, entries[from..to].to_vec(), &sizes);
        let mut buckets = lock(&this.buckets);
        for (bucket, sum) in buckets[first..].iter_mut().zip(sums.iter()) {
            if G::is_infinity(bucket) {
                *bucket = *sum;
            } else if !G::is_infinity(sum) {
                let both: Projective<G::Curve> = G::unpack(this.kernel, bucket) + G::unpack(this.kernel, sum);
                *bucket = G::pack(this.kernel, &both.into());
            }
        }
        drop(buckets);
        if this.segments_left.fetch_sub(1, Ordering::AcqRel) == 1 {
            for set in 0..this.shape.sets {
                let sum = Arc::clone(this);
                queue.push_urgent(move |queue, worker| Self::weigh_set(&sum, set, queue, worker));
            }
        }
    }

    /// The sum of one set of buckets times their digits: with `digit = high * side + low` it is
    /// `side * sum(high * row) + sum(low * column)`, and rows and columns are again sums within groups.
    fn weigh_set(this: &Arc<Self>, set: usize, queue: &Queue<'work, Worker>, worker: &mut Worker) {
        let count = this.shape.buckets();
        let buckets = Secret::from(lock(&this.buckets)[set * count..(set + 1) * count].to_vec());
        let side_bits = this.shape.window / 2;
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
        let mut total = this.weigh(rows);
        for _ in 0..side_bits {
            total.double_in_place();
        }
        total += this.weigh(columns);
        lock(&this.sets)[set] = total;
        if this.sets_left.fetch_sub(1, Ordering::AcqRel) == 1 {
            this.finish(queue);
        }
    }

    /// `0 * sums[0] + 1 * sums[1] + 2 * sums[2] + ...`
    fn weigh(&self, sums: &[G::Point]) -> Projective<G::Curve> {
        let mut running = Projective::ZERO;
        let mut total = Projective::ZERO;
        for sum in sums[1..].iter().rev() {
            if !G::is_infinity(sum) {
                running += G::unpack(self.kernel, sum);
            }
            total += running;
        }
        total
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
