//! Sums of many points at once: pairs are added in affine coordinates, and one inversion serves a whole chunk of them.
//!
//! With the inverse of `x2 - x1` at hand an addition costs three products, a square, and nothing else; Montgomery's
//! trick pays three products more for each inverse. Pairs of one chunk touch different places, so that eight can be
//! added side by side.

use ark_ec::AdditiveGroup;
use ark_ec::short_weierstrass::Projective;
use zeroize::{Zeroize, Zeroizing};

use crate::curve::{Group, Kernel, Workspace};
use crate::wiped::Secret;

/// Additions that share one inversion.
const CHUNK: usize = 2048;

const NEGATIVE: u32 = 1 << 31;
const SCRATCH: u32 = 1 << 30;

/// How many points a table may have: what an entry can name.
pub(crate) const MOST_POINTS: usize = SCRATCH as usize;

/// An entry names a point of the table, or its negative.
pub(crate) fn table_entry(index: u32, negative: bool) -> u32 {
    index | if negative { NEGATIVE } else { 0 }
}

/// An entry that names a place of the scratch memory.
pub(crate) fn scratch_entry(index: u32) -> u32 {
    index | SCRATCH
}

pub(crate) fn is_negative(entry: u32) -> bool {
    entry & NEGATIVE != 0
}

pub(crate) fn is_in_scratch(entry: u32) -> bool {
    entry & SCRATCH != 0
}

pub(crate) fn entry_index(entry: u32) -> usize {
    (entry & (SCRATCH - 1)) as usize
}

/// Add `left` and `right` into a place of the scratch memory, which may be that of either.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pair {
    pub(crate) left: u32,
    pub(crate) right: u32,
    pub(crate) out: u32,
}

impl Zeroize for Pair {
    fn zeroize(&mut self) {
        self.left.zeroize();
        self.right.zeroize();
        self.out.zeroize();
    }
}

/// The memory of one worker, used again for each task.
pub(crate) struct Adder<G: Group> {
    kernel: Kernel,
    scratch: Secret<G::Point>,
    pairs: Zeroizing<Vec<Pair>>,
    workspace: Workspace<G>,
    /// Whether infinity has come up: from then on each pair is looked at.
    degenerate: bool,
}

impl<G: Group> Adder<G> {
    pub(crate) fn new(kernel: Kernel) -> Self {
        let (scratch, pairs) = (Secret::default(), Zeroizing::default());
        Self { kernel, scratch, pairs, workspace: Workspace::default(), degenerate: false }
    }

    /// The sum of each group of `entries`, where `sizes` says how many belong to each; infinity for an empty group.
    ///
    /// Each round adds neighbours within the groups, so that the number of rounds grows with the logarithm of the
    /// largest group and no addition waits for another one of its round.
    pub(crate) fn sum_groups(&mut self, table: &[G::Point], mut entries: Vec<u32>, sizes: &[u32]) -> Secret<G::Point> {
        let mut left = Zeroizing::new(sizes.to_vec());
        self.degenerate = false;
        self.make_room(entries.len() / 2);
        while left.iter().any(|&size| size > 1) {
            let places = self.pair_up(&mut entries, &mut left);
            self.scratch.resize(places, G::INFINITY);
            self.add_pairs(table);
        }
        let mut rest = entries.iter();
        let sums: Vec<_> = left
            .iter()
            .map(|&size| if size == 0 { G::INFINITY } else { self.resolve(table, *rest.next().expect("one is left")) })
            .collect();
        entries.zeroize();
        sums.into()
    }

    /// No round has more pairs than this, nor do their sums take more places.
    fn make_room(&mut self, pairs: usize) {
        self.scratch.clear_with_room(pairs);
        if self.pairs.capacity() < pairs {
            self.pairs = Zeroizing::new(Vec::with_capacity(pairs));
        }
    }

    /// Take points into the scratch memory, place by place, for what follows.
    pub(crate) fn begin(&mut self, points: &[G::Point]) {
        self.scratch.clear_with_room(points.len());
        self.scratch.extend_from_slice(points);
        self.degenerate = points.iter().any(G::is_infinity);
    }

    /// What stands in the scratch memory.
    pub(crate) fn scratch(&self) -> &[G::Point] {
        &self.scratch
    }

    /// Double everything in the scratch memory.
    pub(crate) fn double_scratch(&mut self) {
        if !self.degenerate && G::double_all(self.kernel, &mut self.scratch) {
            return;
        }
        for point in self.scratch.iter_mut() {
            let double = Projective::from(G::unpack(self.kernel, point)).double();
            *point = G::pack(self.kernel, &double.into());
        }
    }

    /// Add to places of the scratch memory, each at most once.
    pub(crate) fn add_to_scratch(&mut self, table: &[G::Point], pairs: impl Iterator<Item = Pair>) {
        self.pairs.clear();
        self.pairs.extend(pairs);
        self.add_pairs(table);
    }

    /// From here on each pair is looked at, because the table may hold infinity.
    pub(crate) fn expect_infinity(&mut self) {
        self.degenerate = true;
    }

    /// Forget the points of the scratch memory.
    pub(crate) fn wipe(&mut self) {
        bytemuck::cast_slice_mut::<_, u64>(self.scratch.as_mut_slice()).zeroize();
    }

    /// The pairs of one round; afterwards `entries` and `sizes` are what the round leaves. Returns how many places of
    /// the scratch memory are in use.
    fn pair_up(&mut self, entries: &mut Vec<u32>, sizes: &mut [u32]) -> usize {
        self.pairs.clear();
        let mut fresh = u32::try_from(self.scratch.len()).expect("scratch memory is small");
        let (mut read, mut write) = (0, 0);
        for size in sizes {
            for _ in 0..*size / 2 {
                let (left, right) = (entries[read], entries[read + 1]);
                read += 2;
                let out = match (is_in_scratch(left), is_in_scratch(right)) {
                    (true, _) => left & !(NEGATIVE | SCRATCH),
                    (false, true) => right & !(NEGATIVE | SCRATCH),
                    (false, false) => {
                        fresh += 1;
                        fresh - 1
                    }
                };
                self.pairs.push(Pair { left, right, out });
                entries[write] = out | SCRATCH;
                write += 1;
            }
            if *size % 2 == 1 {
                entries[write] = entries[read];
                read += 1;
                write += 1;
            }
            *size = size.div_ceil(2);
        }
        entries.truncate(write);
        fresh as usize
    }

    fn add_pairs(&mut self, table: &[G::Point]) {
        let pairs = std::mem::take(&mut self.pairs);
        for chunk in pairs.chunks(CHUNK) {
            let added =
                !self.degenerate && G::add_distinct(self.kernel, table, &mut self.scratch, chunk, &mut self.workspace);
            if !added {
                self.add_any(table, chunk);
            }
        }
        self.pairs = pairs;
    }

    /// Where `x` are equal, or a point is infinity, the formula has no slope: those pairs are added one by one.
    fn add_any(&mut self, table: &[G::Point], chunk: &[Pair]) {
        let mut ordinary = Zeroizing::new(Vec::with_capacity(chunk.len()));
        let mut special = Vec::with_capacity(chunk.len());
        for pair in chunk {
            if !self.degenerate && !G::may_coincide(self.place(table, pair.left), self.place(table, pair.right)) {
                ordinary.push(*pair);
                continue;
            }
            let (left, right) = (self.resolve(table, pair.left), self.resolve(table, pair.right));
            match G::add_special(self.kernel, &left, &right) {
                None => ordinary.push(*pair),
                Some(sum) => special.push((pair.out, sum)),
            }
        }
        if !ordinary.is_empty() {
            let added = G::add_distinct(self.kernel, table, &mut self.scratch, &ordinary, &mut self.workspace);
            assert!(added, "pairs with a slope can be added");
        }
        for (out, sum) in &mut special {
            self.degenerate |= G::is_infinity(sum);
            self.scratch[*out as usize] = *sum;
            bytemuck::bytes_of_mut(sum).zeroize();
        }
    }

    /// The point of an entry, without its sign.
    fn place<'a>(&'a self, table: &'a [G::Point], entry: u32) -> &'a G::Point {
        let source = if is_in_scratch(entry) { &self.scratch } else { table };
        &source[entry_index(entry)]
    }

    fn resolve(&self, table: &[G::Point], entry: u32) -> G::Point {
        let point = *self.place(table, entry);
        if is_negative(entry) { G::negate(&point) } else { point }
    }
}

impl<G: Group> Drop for Adder<G> {
    /// Sums of points chosen by a witness, and the choice, are as secret as the witness.
    fn drop(&mut self) {
        self.workspace.zeroize();
    }
}
