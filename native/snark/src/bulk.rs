//! Whole columns of points, as they stand in `.ptau` and `.zkey`: multiplied, subtracted, checked, and written for hashes.
//!
//! A column is cut into tasks, which threads take until none is left; each writes where its points stand. Callers
//! hand over as much of a file at a time as they want in memory.

use std::panic::AssertUnwindSafe;
use std::sync::Mutex;

use ark_bn254::{Fq, Fq2, Fr};
use ark_ec::short_weierstrass::{Affine, Projective};
use ark_ec::{AdditiveGroup, AffineRepr};
use ark_ff::{BigInteger, Field, PrimeField};
use pyo3::prelude::*;
use zeroize::Zeroizing;

use crate::constraint_rows::ConstraintRows;
use crate::container::{write_evm1, write_evm2, write_point1, write_point2};
use crate::curve::{G1, G2, Group, Kernel};
use crate::lattice::undivided;
use crate::lockstep::{Endomorphic, multiply_each, multiply_parts, onto, u32_of};
use crate::msm::Worker;
use crate::pairing::U;
use crate::pairs::{Adder, table_entry};
use crate::point_transform::Interpolation;
use crate::points;
use crate::refusal::{Refusal, detached};
use crate::schedule;
use crate::secrets::Secret;

/// A group whose points are written in bulk.
pub(crate) trait Columnar: Endomorphic {
    /// The bytes of a compressed point.
    const COMPRESSED: usize = Self::BYTES / 2;

    /// What is wrong with a point that could not be read, in the words of single points.
    fn refuse(bytes: &[u8], name: &str) -> Refusal;

    /// The first of these points of the curve whose order is not r.
    fn find_other_order(kernel: Kernel, adder: &mut Adder<Self>, points: &[Self::Point]) -> Option<usize>;

    /// As files hold it.
    fn append(content: &mut Vec<u8>, point: &Affine<Self::Curve>);

    /// As EIP-196/197 have it.
    fn append_evm(content: &mut Vec<u8>, point: &Affine<Self::Curve>);

    /// As the response of a first phase has it: x, big-endian, and in the top bit whether y is the larger root.
    fn append_compressed(content: &mut Vec<u8>, point: &Affine<Self::Curve>);
}

/// Whether this is the larger of itself and its negative.
pub(crate) fn is_larger(value: &Fq) -> bool {
    value.into_bigint() > Fq::MODULUS_MINUS_ONE_DIV_TWO
}

/// The same of a pair: the imaginary part decides, then the real one.
fn is_larger_pair(value: &Fq2) -> bool {
    is_larger(if value.c1 == Fq::ZERO { &value.c0 } else { &value.c1 })
}

impl Columnar for G1 {
    fn refuse(bytes: &[u8], name: &str) -> Refusal {
        points::g1(bytes, name).map_or_else(|refusal| refusal, |_| Refusal::broken_invariant("a good point refused"))
    }

    fn find_other_order(_kernel: Kernel, _adder: &mut Adder<Self>, _points: &[Self::Point]) -> Option<usize> {
        None // the curve has r points
    }

    fn append(content: &mut Vec<u8>, point: &Affine<Self::Curve>) {
        write_point1(content, point);
    }

    fn append_evm(content: &mut Vec<u8>, point: &Affine<Self::Curve>) {
        write_evm1(content, point);
    }

    fn append_compressed(content: &mut Vec<u8>, point: &Affine<Self::Curve>) {
        let (x, y) = point.xy().unwrap_or_default();
        let begin = content.len();
        content.extend(x.into_bigint().to_bytes_be());
        content[begin] |= u8::from(is_larger(&y)) << 7;
    }
}

impl Columnar for G2 {
    fn refuse(bytes: &[u8], name: &str) -> Refusal {
        points::g2(bytes, name).map_or_else(|refusal| refusal, |_| Refusal::broken_invariant("a good point refused"))
    }

    /// A point of the twist has order r where `[u + 1] Q + psi([u] Q) + psi^2([u] Q) = psi^3([2 u] Q)`, u being the
    /// parameter of the curve (Y. El Housni, A. Guillevic, T. Piellard, "Co-factor clearing and subgroup membership
    /// testing on pairing-friendly curves", 2022).
    fn find_other_order(kernel: Kernel, adder: &mut Adder<Self>, points: &[Self::Point]) -> Option<usize> {
        let parts = Zeroizing::new(vec![undivided(U.into()); points.len()]);
        let multiples = multiply_parts(kernel, adder, points, parts);
        points.iter().zip(&multiples).position(|(point, multiple)| {
            let first = Self::image(multiple);
            let second = Self::image(&first);
            let third = Projective::from(Self::unpack(kernel, &Self::image(&second)));
            let [point, multiple, first, second] =
                [point, multiple, &first, &second].map(|point| Self::unpack(kernel, point));
            Projective::from(point) + multiple + first + second != third.double()
        })
    }

    fn append(content: &mut Vec<u8>, point: &Affine<Self::Curve>) {
        write_point2(content, point);
    }

    fn append_evm(content: &mut Vec<u8>, point: &Affine<Self::Curve>) {
        write_evm2(content, point);
    }

    fn append_compressed(content: &mut Vec<u8>, point: &Affine<Self::Curve>) {
        let (x, y) = point.xy().unwrap_or_default();
        let begin = content.len();
        for part in [x.c1, x.c0] {
            content.extend(part.into_bigint().to_bytes_be());
        }
        content[begin] |= u8::from(is_larger_pair(&y)) << 7;
    }
}

// --- Columns cut into tasks -----------------------------------------------------------------------

/// How work is done.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Workshop {
    pub(crate) kernel: Kernel,
    pub(crate) threads: usize,
}

impl Workshop {
    /// Do all tasks, each with what it is given; the refusal of the first that refuses.
    pub(crate) fn run<T: Send>(
        self,
        tasks: impl Iterator<Item = T>,
        work: impl Fn(&mut Worker, T) -> Result<(), Refusal> + Sync,
    ) -> Result<(), Refusal> {
        let refused: Mutex<Option<(usize, Refusal)>> = Mutex::new(None);
        schedule::run(
            self.threads,
            || Worker::new(self.kernel),
            |queue| {
                for (number, task) in tasks.enumerate() {
                    let (work, refused) = (&work, &refused);
                    queue.push(move |_, worker| {
                        if let Err(refusal) = work(worker, task) {
                            let mut first = refused.lock().expect("nothing panics with it");
                            if first.as_ref().is_none_or(|(before, _)| number < *before) {
                                *first = Some((number, refusal));
                            }
                        }
                    });
                }
            },
        );
        refused.into_inner().expect("nothing panics with it").map_or(Ok(()), |(_, refusal)| Err(refusal))
    }

    /// Make `size` bytes of each point: `make` is given a task's points and the number of the first of them.
    fn convert<G: Columnar>(
        self,
        points: &[u8],
        size: usize,
        make: impl Fn(&mut Adder<G>, usize, &[u8], &mut Vec<u8>) -> Result<(), Refusal> + Sync,
    ) -> Result<Vec<u8>, Refusal> {
        let mut made = vec![0; count_points::<G>(points)? * size];
        let tasks = points.chunks(G::TASK * G::BYTES).zip(made.chunks_mut(G::TASK * size)).enumerate();
        self.run(tasks, |worker, (number, (points, place))| {
            let mut content = Vec::with_capacity(place.len());
            make(G::adder(worker), number * G::TASK, points, &mut content)?;
            place.copy_from_slice(&content);
            Ok(())
        })?;
        Ok(made)
    }
}

fn count_points<G: Columnar>(points: &[u8]) -> Result<usize, Refusal> {
    if points.len().is_multiple_of(G::BYTES) {
        return Ok(points.len() / G::BYTES);
    }
    Err(Refusal::wrong_count("bytes of points", points.len(), points.len() / G::BYTES * G::BYTES))
}

/// Where points come from, for what is said of them.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) name: &'a str,
    pub(crate) first: usize,
}

impl Place<'_> {
    fn name_of(self, index: usize) -> String {
        format!("{}[{}]", self.name, self.first + index)
    }

    fn after(self, count: usize) -> Self {
        Self { first: self.first + count, ..self }
    }
}

/// Points of the curve as a kernel keeps them; infinity is one of them.
pub(crate) fn read_points<G: Columnar>(
    kernel: Kernel,
    bytes: &[u8],
    place: Place<'_>,
) -> Result<Vec<G::Point>, Refusal> {
    let read = |(index, bytes)| G::from_bytes(bytes, kernel).map_err(|_| G::refuse(bytes, &place.name_of(index)));
    bytes.chunks_exact(G::BYTES).enumerate().map(read).collect()
}

/// Points of order r, or infinity.
fn read_group<G: Columnar>(
    kernel: Kernel,
    adder: &mut Adder<G>,
    bytes: &[u8],
    place: Place<'_>,
) -> Result<Vec<G::Point>, Refusal> {
    let points = read_points::<G>(kernel, bytes, place)?;
    match G::find_other_order(kernel, adder, &points) {
        None => Ok(points),
        Some(index) => Err(points::outside_subgroup(&place.name_of(index))),
    }
}

pub(crate) fn append_all<G: Columnar>(kernel: Kernel, content: &mut Vec<u8>, points: &[G::Point]) {
    for point in points {
        G::append(content, &G::unpack(kernel, point));
    }
}

/// `left[i] + right[i]`, or with a sign `left[i] - right[i]`; any of them may be infinity.
pub(crate) fn add_each<G: Endomorphic>(
    adder: &mut Adder<G>,
    left: &[G::Point],
    right: &[G::Point],
    negative: bool,
) -> Vec<G::Point> {
    adder.begin(left);
    if right.contains(&G::INFINITY) {
        adder.expect_infinity();
    }
    adder.add_to_scratch(right, (0..left.len()).map(|index| onto(index, table_entry(u32_of(index), negative))));
    adder.scratch().to_vec()
}

impl Workshop {
    fn multiply<G: Columnar>(self, points: &[u8], powers: &Powers<'_>, place: Place<'_>) -> Result<Vec<u8>, Refusal> {
        self.convert::<G>(points, G::BYTES, |adder, first, points, content| {
            let points = read_group::<G>(self.kernel, adder, points, place.after(first))?;
            let factors = powers.list(first, points.len());
            append_all::<G>(self.kernel, content, &multiply_each(self.kernel, adder, &points, &factors));
            Ok(())
        })
    }

    fn subtract<G: Columnar>(self, left: &[u8], right: &[u8], place: Place<'_>) -> Result<Vec<u8>, Refusal> {
        if left.len() != right.len() {
            return Err(Refusal::wrong_count("right", right.len() / G::BYTES, left.len() / G::BYTES));
        }
        self.convert::<G>(left, G::BYTES, |adder, first, left, content| {
            let right = &right[first * G::BYTES..][..left.len()];
            let left = read_points::<G>(self.kernel, left, place.after(first))?;
            let right = read_points::<G>(self.kernel, right, place.after(first))?;
            append_all::<G>(self.kernel, content, &add_each(adder, &left, &right, true));
            Ok(())
        })
    }

    fn require<G: Columnar>(self, points: &[u8], place: Place<'_>) -> Result<(), Refusal> {
        count_points::<G>(points)?;
        self.run(points.chunks(G::TASK * G::BYTES).enumerate(), |worker, (number, points)| {
            read_group::<G>(self.kernel, G::adder(worker), points, place.after(number * G::TASK)).map(|_| ())
        })
    }

    fn rewrite<G: Columnar>(
        self,
        points: &[u8],
        size: usize,
        place: Place<'_>,
        append: fn(&mut Vec<u8>, &Affine<G::Curve>),
    ) -> Result<Vec<u8>, Refusal> {
        self.convert::<G>(points, size, |_, first, points, content| {
            for point in read_points::<G>(Kernel::Portable, points, place.after(first))? {
                append(content, &G::unpack(Kernel::Portable, &point));
            }
            Ok(())
        })
    }
}

/// What points are multiplied by: `first ratio^i`, or without a ratio `first` each.
struct Powers<'a> {
    first: &'a Fr,
    ratio: Option<&'a Fr>,
    start: u64,
}

impl Powers<'_> {
    fn list(&self, from: usize, count: usize) -> Zeroizing<Vec<Fr>> {
        let mut list = Zeroizing::new(Vec::with_capacity(count));
        let mut factor = Zeroizing::new(*self.first);
        if let Some(ratio) = self.ratio {
            *factor *= *Zeroizing::new(ratio.pow([self.start + from as u64]));
        }
        for _ in 0..count {
            list.push(*factor);
            if let Some(ratio) = self.ratio {
                *factor *= ratio;
            }
        }
        list
    }
}

fn interpolate<G: Columnar>(
    py: Python<'_>,
    workshop: Workshop,
    points: &[u8],
    name: &str,
    report: &Bound<'_, PyAny>,
) -> PyResult<Vec<u8>> {
    let begin = || Interpolation::<G>::begin(workshop, points, Place { name, first: 0 });
    let mut interpolation = detached(py, AssertUnwindSafe(begin))?;
    for level in 0..interpolation.levels {
        detached(py, AssertUnwindSafe(|| interpolation.advance(level)))?;
        report.call1((points.len() / G::BYTES,))?;
    }
    detached(py, AssertUnwindSafe(|| Ok(interpolation.finish())))
}

// --- What Python sees -------------------------------------------------------------------------------

/// Columns of one of the two groups, and how many threads work on them.
#[pyclass(frozen, module = "snark._native")]
pub(crate) struct BulkGroup {
    second: bool,
    workshop: Workshop,
}

/// The same for each group.
macro_rules! of_group {
    ($self:ident, $work:ident, $($argument:expr),*) => {
        if $self.second { $self.workshop.$work::<G2>($($argument),*) } else { $self.workshop.$work::<G1>($($argument),*) }
    };
}

#[pymethods]
impl BulkGroup {
    #[new]
    #[pyo3(signature = (second, threads, *, portable))]
    fn new(second: bool, threads: usize, portable: bool) -> Self {
        let kernel = if portable { Kernel::Portable } else { Kernel::fastest() };
        Self { second, workshop: Workshop { kernel, threads: threads.max(1) } }
    }

    /// Each point times `first ratio^(start + i)`, or without a ratio times `first`; `name` and `start` are for refusals too.
    fn multiply(
        &self,
        py: Python<'_>,
        points: &[u8],
        first: &Bound<'_, Secret>,
        ratio: Option<&Bound<'_, Secret>>,
        start: u64,
        name: &str,
    ) -> PyResult<Vec<u8>> {
        let (first, ratio) = (first.get().scalar(), ratio.map(|ratio| ratio.get().scalar()));
        let powers = Powers { first, ratio, start };
        let place = Place { name, first: usize::try_from(start)? };
        detached(py, AssertUnwindSafe(|| of_group!(self, multiply, points, &powers, place)))
    }

    /// `left[i] - right[i]`.
    fn subtract(&self, py: Python<'_>, left: &[u8], right: &[u8], name: &str, start: usize) -> PyResult<Vec<u8>> {
        detached(py, AssertUnwindSafe(|| of_group!(self, subtract, left, right, Place { name, first: start })))
    }

    /// Refuse the first point that is off its curve or outside its subgroup; infinity is let pass.
    fn require_points(&self, py: Python<'_>, points: &[u8], name: &str, start: usize) -> PyResult<()> {
        detached(py, AssertUnwindSafe(|| of_group!(self, require, points, Place { name, first: start })))
    }

    /// Each point as the precompiles take it.
    fn encode_evm(&self, py: Python<'_>, points: &[u8], name: &str, start: usize) -> PyResult<Vec<u8>> {
        let place = Place { name, first: start };
        detached(
            py,
            AssertUnwindSafe(|| {
                if self.second {
                    self.workshop.rewrite::<G2>(points, G2::COMPRESSED * 2, place, G2::append_evm)
                } else {
                    self.workshop.rewrite::<G1>(points, G1::COMPRESSED * 2, place, G1::append_evm)
                }
            }),
        )
    }

    /// Each point as the response of a first phase has it.
    fn compress(&self, py: Python<'_>, points: &[u8], name: &str, start: usize) -> PyResult<Vec<u8>> {
        let place = Place { name, first: start };
        detached(
            py,
            AssertUnwindSafe(|| {
                if self.second {
                    self.workshop.rewrite::<G2>(points, G2::COMPRESSED, place, G2::append_compressed)
                } else {
                    self.workshop.rewrite::<G1>(points, G1::COMPRESSED, place, G1::append_compressed)
                }
            }),
        )
    }

    /// `(1/n) sum_i w^(-ij) point[i]` for each j below n, with w the root of order n, which is a power of two. After each
    /// of the rounds `report` is told that n points are done.
    fn interpolate(&self, py: Python<'_>, points: &[u8], name: &str, report: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
        if self.second {
            interpolate::<G2>(py, self.workshop, points, name, report)
        } else {
            interpolate::<G1>(py, self.workshop, points, name, report)
        }
    }

    /// For each wire from `begin` to `end` the sum over its terms: factor times the point of the row, where the rows of a
    /// matrix are those of its column. A column is a matrix, its points, and what they are called.
    fn combine_rows(
        &self,
        py: Python<'_>,
        rows: &Bound<'_, ConstraintRows>,
        columns: Vec<(usize, Bound<'_, pyo3::types::PyBytes>, String)>,
        begin: usize,
        end: usize,
    ) -> PyResult<Vec<u8>> {
        let rows = rows.get();
        let columns: Vec<_> =
            columns.iter().map(|(matrix, points, name)| (*matrix, points.as_bytes(), name.as_str())).collect();
        detached(
            py,
            AssertUnwindSafe(|| {
                if self.second {
                    rows.combine::<G2>(self.workshop, &columns, begin..end)
                } else {
                    rows.combine::<G1>(self.workshop, &columns, begin..end)
                }
            }),
        )
    }
}
