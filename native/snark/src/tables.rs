//! What is worked out once for a fixed key: multiples of its points, so that a sum needs fewer sets of buckets.
//!
//! They may be kept in a file beside the key. It names the key by its hash and has a hash of its own; one that is cut short,
//! altered, of another key or of other settings is made anew.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::ops::{Deref, Range};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use ark_ec::short_weierstrass::Projective;
use ark_ec::{AdditiveGroup, CurveGroup};
use sha2::{Digest, Sha256};

use crate::aligned::Aligned;
use crate::container::Stored;
use crate::curve::{G1, G2, Group, Kernel};
use crate::msm::{Bases, Shape};
use crate::pairs::MOST_POINTS;
use crate::refusal::Refusal;
use crate::schedule;
use crate::sealed::Mapping;

/// Bases of one sum before they are laid out: their bytes in the key, and whose scalars they take.
pub(crate) struct Query<'a> {
    name: &'static str,
    /// Points as in the file, each with the number of its scalar. Those at infinity are left out.
    points: Vec<(&'a [u8], u32)>,
    /// How many digits of a scalar are not zero, in percent: witnesses are mostly small.
    density: usize,
}

impl<'a> Query<'a> {
    pub(crate) fn new(name: &'static str, density: usize) -> Self {
        Self { name, points: Vec::new(), density }
    }

    pub(crate) fn extend(&mut self, bytes: &'a [u8], size: usize, first_scalar: usize) {
        for (number, point) in bytes.chunks_exact(size).enumerate() {
            self.push(point, first_scalar + number);
        }
    }

    pub(crate) fn push(&mut self, point: &'a [u8], scalar: usize) {
        if point.iter().any(|&byte| byte != 0) {
            self.points.push((point, u32::try_from(scalar).expect("scalars are numbered by 32 bits")));
        }
    }

    /// The window with the least additions: one for each digit, two for each bucket.
    fn shape(&self, sets: Option<usize>) -> Shape {
        let cost = |shape: &Shape| {
            let digits = shape.sets * shape.copies;
            self.points.len() * digits * self.density / 100 + 2 * shape.sets * (1 << (shape.window - 1))
        };
        (4..=16)
            .map(|window| match sets {
                Some(sets) => Shape::with_sets(window, sets),
                None => Shape::new(window, 1),
            })
            .min_by_key(cost)
            .expect("there are windows")
    }
}

/// Points of one group for several sums.
pub(crate) struct Table<G: Stored> {
    pub(crate) points: Points<G>,
    pub(crate) bases: Vec<Bases>,
}

/// Where the points of a table are.
pub(crate) enum Points<G: Group> {
    Own(Aligned<G::Point>),
    Shared(Part),
}

/// Bytes of a mapping, which begin where a line of the cache does.
pub(crate) struct Part {
    mapping: Arc<Mapping>,
    bytes: Range<usize>,
}

impl<G: Group> Deref for Points<G> {
    type Target = [G::Point];

    fn deref(&self) -> &[G::Point] {
        match self {
            Self::Own(points) => points,
            Self::Shared(part) => bytemuck::cast_slice(&part.mapping[part.bytes.clone()]),
        }
    }
}

/// How the bases of several sums are laid out for so many sets of buckets (none: without multiples), and how many points
/// that makes.
fn plan(queries: &[Query<'_>], sets: Option<usize>) -> (Vec<Bases>, usize) {
    let mut offset = 0;
    let bases = queries
        .iter()
        .map(|query| {
            let shape = query.shape(sets);
            let scalars = query.points.iter().map(|(_, scalar)| *scalar).collect();
            let bases = Bases { shape, offset, scalars };
            offset += query.points.len() * shape.copies;
            bases
        })
        .collect();
    (bases, offset)
}

/// With more sets there would be two multiples of each point at most, which save less than it costs to read twice as much.
const MOST_SETS: usize = 6;

/// The fewest sets of buckets for which all multiples fit into so many bytes; none if only the points themselves do.
pub(crate) fn sets_within(limit: u64, first: &[Query<'_>], second: &[Query<'_>]) -> Option<usize> {
    (1..=MOST_SETS).find(|sets| {
        let bytes = plan(first, Some(*sets)).1 * size_of::<<G1 as Group>::Point>()
            + plan(second, Some(*sets)).1 * size_of::<<G2 as Group>::Point>();
        bytes as u64 <= limit
    })
}

/// Read, check and multiply the points of several sums.
pub(crate) fn build<G: Stored>(
    queries: &[Query<'_>],
    sets: Option<usize>,
    kernel: Kernel,
    threads: usize,
) -> Result<Table<G>, Refusal> {
    const PIECE: usize = 512;
    let (bases, count) = plan(queries, sets);
    if count > MOST_POINTS {
        return Err(Refusal::wrong_count("points of the key", count, MOST_POINTS));
    }
    let mut points = Aligned::<G::Point>::zeroed(count);
    let refused = Mutex::new(None);
    schedule::run(
        threads,
        || (),
        |queue| {
            let mut rest: &mut [G::Point] = &mut points;
            for (query, bases) in queries.iter().zip(&bases) {
                let copies = bases.shape.copies;
                for piece in query.points.chunks(PIECE) {
                    let (places, others) = rest.split_at_mut(piece.len() * copies);
                    rest = others;
                    let (refused, shape, name) = (&refused, bases.shape, query.name);
                    queue.push(move |_, ()| {
                        if let Err(refusal) = fill::<G>(piece, shape, kernel, name, places) {
                            *refused.lock().unwrap_or_else(PoisonError::into_inner) = Some(refusal);
                        }
                    });
                }
            }
        },
    );
    match refused.into_inner().unwrap_or_else(PoisonError::into_inner) {
        Some(refusal) => Err(refusal),
        None => Ok(Table { points: Points::Own(points), bases }),
    }
}

fn fill<G: Stored>(
    piece: &[(&[u8], u32)],
    shape: Shape,
    kernel: Kernel,
    name: &str,
    places: &mut [G::Point],
) -> Result<(), Refusal> {
    let mut multiples: Vec<G::Point> = piece
        .iter()
        .map(|(bytes, _)| G::from_bytes(bytes, kernel).map_err(|bad| bad.named(name)))
        .collect::<Result<_, _>>()?;
    // Whole vectors, for kernels that double eight at a time; what stands in for the missing is dropped.
    multiples.resize(piece.len().next_multiple_of(8), multiples[0]);
    for copy in 0..shape.copies {
        if copy > 0 {
            double_repeatedly::<G>(kernel, &mut multiples, shape.stride_bits());
        }
        for (place, multiple) in places[copy..].iter_mut().step_by(shape.copies).zip(&multiples) {
            *place = *multiple;
        }
    }
    Ok(())
}

fn double_repeatedly<G: Stored>(kernel: Kernel, points: &mut [G::Point], times: u32) {
    for done in 0..times {
        if !G::double_all(kernel, points) {
            let left = times - done;
            let doubled: Vec<Projective<G::Curve>> = points
                .iter()
                .map(|point| {
                    let mut point: Projective<G::Curve> = G::unpack(kernel, point).into();
                    for _ in 0..left {
                        point.double_in_place();
                    }
                    point
                })
                .collect();
            for (point, doubled) in points.iter_mut().zip(Projective::normalize_batch(&doubled)) {
                *point = G::pack(kernel, &doubled);
            }
            return;
        }
    }
}

// --- On disk -------------------------------------------------------------------------------------

const MAGIC: &[u8; 8] = b"rf-mult\x02";
const HEADER: usize = 4096;
/// Where in it the number of sets stands: after the magic word, the hash of the key and the kernel.
const SETS_AT: usize = 8 + 32 + 8;

/// What a file of multiples has to say of itself to be of use.
pub(crate) struct Label {
    pub(crate) key: [u8; 32],
    pub(crate) kernel: Kernel,
    pub(crate) sets: usize,
}

impl Label {
    fn header(&self, counts: [usize; 2], content: [u8; 32]) -> Vec<u8> {
        let mut header = MAGIC.to_vec();
        header.extend(self.key);
        header.extend(
            [
                match self.kernel {
                    Kernel::Portable => 0_u64,
                    Kernel::Ifma => 1,
                },
                self.sets as u64,
                counts[0] as u64,
                counts[1] as u64,
            ]
            .iter()
            .flat_map(|word| word.to_le_bytes()),
        );
        header.extend(content);
        header.resize(HEADER, 0);
        header
    }
}

/// The tables of both groups from a file; `None` where it is not there, or not what it should be.
pub(crate) fn load(
    path: &Path,
    label: &Label,
    first: &[Query<'_>],
    second: &[Query<'_>],
) -> Option<(Table<G1>, Table<G2>)> {
    let mut file = File::open(path).ok()?;
    let layout = Layout::of(label.sets, first, second);
    if file.metadata().ok()?.len() != layout.length() as u64 {
        return None;
    }
    let mut header = vec![0; HEADER];
    file.read_exact(&mut header).ok()?;
    let mut content = Sha256::new();
    let first = Points::Own(read_points::<G1>(&mut file, layout.counts[0], &mut content)?);
    let second = Points::Own(read_points::<G2>(&mut file, layout.counts[1], &mut content)?);
    (header == label.header(layout.counts, content.finalize().into())).then(|| layout.tables(first, second))
}

/// The tables of both groups where a sealed file holds them, with as many sets as it says, whatever there is room for.
///
/// Nothing can be made anew in it, and multiples of one's own are what nobody wants who hands such a file over: what is not
/// of this key and this kernel is refused.
pub(crate) fn share(
    sealed: Mapping,
    label: &dyn Fn(usize) -> Label,
    first: &[Query<'_>],
    second: &[Query<'_>],
) -> Result<(Table<G1>, Table<G2>), Refusal> {
    let refuse = |found: &str| {
        Refusal::malformed("F21_FILES_DISAGREE", "sealed multiples", found, "multiples of this key for this processor")
    };
    let (header, content) = sealed.split_at_checked(HEADER).ok_or_else(|| refuse("a file that is cut short"))?;
    let sets = header[SETS_AT..][..8].try_into().map_or(0, u64::from_le_bytes);
    let sets = usize::try_from(sets).ok().filter(|sets| (1..=MOST_SETS).contains(sets));
    let sets = sets.ok_or_else(|| refuse("another number of sets"))?;
    let layout = Layout::of(sets, first, second);
    if sealed.len() != layout.length() || header != label(sets).header(layout.counts, Sha256::digest(content).into()) {
        return Err(refuse("others, or damaged ones"));
    }
    let [middle, end] = [HEADER + layout.sizes()[0], layout.length()];
    let mapping = Arc::new(sealed);
    let [first, second] = [HEADER..middle, middle..end].map(|bytes| Part { mapping: Arc::clone(&mapping), bytes });
    Ok(layout.tables(Points::Shared(first), Points::Shared(second)))
}

/// How the points of both groups follow each other in a file.
struct Layout {
    bases: [Vec<Bases>; 2],
    counts: [usize; 2],
}

impl Layout {
    fn of(sets: usize, first: &[Query<'_>], second: &[Query<'_>]) -> Self {
        let ((first, first_count), (second, second_count)) = (plan(first, Some(sets)), plan(second, Some(sets)));
        Self { bases: [first, second], counts: [first_count, second_count] }
    }

    fn sizes(&self) -> [usize; 2] {
        let [first, second] = self.counts;
        [first * size_of::<<G1 as Group>::Point>(), second * size_of::<<G2 as Group>::Point>()]
    }

    fn length(&self) -> usize {
        HEADER + self.sizes().iter().sum::<usize>()
    }

    fn tables(self, first_points: Points<G1>, second_points: Points<G2>) -> (Table<G1>, Table<G2>) {
        let [first, second] = self.bases;
        (Table { points: first_points, bases: first }, Table { points: second_points, bases: second })
    }
}

/// Points in memory of their own: what was hashed is what is used, whatever becomes of the file.
fn read_points<G: Group>(file: &mut File, count: usize, content: &mut Sha256) -> Option<Aligned<G::Point>> {
    let mut points = Aligned::zeroed(count);
    let bytes: &mut [u8] = bytemuck::cast_slice_mut(&mut points);
    file.read_exact(bytes).ok()?;
    content.update(bytes);
    Some(points)
}

/// Keep the tables of both groups: complete under their name, or not at all.
pub(crate) fn save(path: &Path, label: &Label, first: &Table<G1>, second: &Table<G2>) -> std::io::Result<()> {
    let parts: [&[u8]; 2] = [bytemuck::cast_slice(&first.points), bytemuck::cast_slice(&second.points)];
    let mut content = Sha256::new();
    for part in parts {
        content.update(part);
    }
    let header = label.header([first.points.len(), second.points.len()], content.finalize().into());
    let draft = path.with_extension(format!("{}.draft", std::process::id()));
    let written = write_all(&draft, &[&header, parts[0], parts[1]]).and_then(|()| fs::rename(&draft, path));
    if written.is_err() {
        let _ = fs::remove_file(&draft);
    }
    written
}

fn write_all(path: &Path, parts: &[&[u8]]) -> std::io::Result<()> {
    let mut file = File::create(path)?;
    for part in parts {
        file.write_all(part)?;
    }
    file.sync_all()
}
