//! Proving as Python sees it.

use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::Mutex;

use ark_bn254::FrConfig;
use ark_ec::short_weierstrass::{Affine, Projective};
use ark_ec::{AdditiveGroup, CurveGroup};
use ark_ff::MontConfig;
use pyo3::prelude::*;

use crate::container::{ELEMENT, Stored, below, read_witness, write_point1, write_point2};
use crate::curve::{G1, G2, Kernel};
use crate::development::development_key;
use crate::msm::{self, Bulk, Scalar, Worker};
use crate::prover::{Prover, Settings};
use crate::refusal::{Refusal, detached};
use crate::schedule;
use crate::tables::{self, Query};

/// The points of a proof as in a `.zkey`, and the public values that belong to it as in a `.wtns`.
pub(crate) type ProofBytes = (Vec<u8>, Vec<u8>, Vec<u8>, Vec<u8>);

/// A proving key made ready: see `snark.groth16.prove`.
#[pyclass(frozen, module = "snark._native")]
pub(crate) struct ProvingKey {
    /// In memory of its own: an object of Python is aligned to 16 bytes, whatever stands in it.
    pub(crate) prover: Box<Prover>,
}

#[pymethods]
impl ProvingKey {
    /// Read the key at `path`. With a `memory_limit` for them, its points are multiplied out, and kept in the file
    /// `tables` if one is named. `pin` is the SHA-256 that its file has to have.
    #[staticmethod]
    #[pyo3(signature = (path, tables, memory_limit, threads, *, portable, allow_development, pin))]
    #[allow(clippy::too_many_arguments, reason = "each is a setting with a name")]
    fn open(
        py: Python<'_>,
        path: PathBuf,
        tables: Option<PathBuf>,
        memory_limit: u64,
        threads: usize,
        portable: bool,
        allow_development: bool,
        pin: Option<[u8; 32]>,
    ) -> PyResult<Self> {
        let kernel = if portable { Kernel::Portable } else { Kernel::fastest() };
        let settings = Settings { kernel, tables, memory_limit, threads, allow_development, pin };
        detached(py, AssertUnwindSafe(|| Ok(Self { prover: Box::new(Prover::open(&path, &settings)?) })))
    }

    /// How many wires, public inputs, rows of the domain and bytes of multiplied points there are.
    #[getter]
    fn sizes(&self) -> (usize, usize, usize, usize) {
        self.prover.sizes()
    }

    /// Whether the key is marked as made for development.
    #[getter]
    fn is_for_development(&self) -> bool {
        self.prover.is_for_development()
    }

    /// Prove from the content of a `.wtns` file.
    fn prove(&self, py: Python<'_>, witness: &[u8], threads: usize, check: bool) -> PyResult<ProofBytes> {
        detached(
            py,
            AssertUnwindSafe(|| {
                let values = read_witness(witness)?;
                let proof = self.prover.prove(values, threads, check)?;
                let (mut a, mut b, mut c) = (Vec::new(), Vec::new(), Vec::new());
                write_point1(&mut a, &proof.a);
                write_point2(&mut b, &proof.b);
                write_point1(&mut c, &proof.c);
                Ok((a, b, c, self.prover.public_values(values).to_vec()))
            }),
        )
    }
}

/// The `.zkey` of a `.r1cs`, from secrets that one process drew: for development.
#[pyfunction]
pub(crate) fn make_development_key(py: Python<'_>, constraints: &[u8]) -> PyResult<Vec<u8>> {
    detached(py, AssertUnwindSafe(|| development_key(constraints)))
}

/// `scalar[0] * point[0] + scalar[1] * point[1] + ...` in the first group.
#[pyfunction]
pub(crate) fn sum_of_multiples_g1(
    py: Python<'_>,
    points: &[u8],
    scalars: &[u8],
    sets: Option<usize>,
    threads: usize,
    portable: bool,
) -> PyResult<Vec<u8>> {
    let sum = || {
        let mut bytes = Vec::new();
        write_point1(&mut bytes, &sum_of_multiples::<G1>(points, scalars, sets, threads, portable)?);
        Ok(bytes)
    };
    detached(py, AssertUnwindSafe(sum))
}

/// The same in the second group.
#[pyfunction]
pub(crate) fn sum_of_multiples_g2(
    py: Python<'_>,
    points: &[u8],
    scalars: &[u8],
    sets: Option<usize>,
    threads: usize,
    portable: bool,
) -> PyResult<Vec<u8>> {
    let sum = || {
        let mut bytes = Vec::new();
        write_point2(&mut bytes, &sum_of_multiples::<G2>(points, scalars, sets, threads, portable)?);
        Ok(bytes)
    };
    detached(py, AssertUnwindSafe(sum))
}

fn sum_of_multiples<G: Stored + Bulk>(
    points: &[u8],
    scalars: &[u8],
    sets: Option<usize>,
    threads: usize,
    portable: bool,
) -> Result<Affine<G::Curve>, Refusal> {
    let kernel = if portable { Kernel::Portable } else { Kernel::fastest() };
    let whole = points.len().is_multiple_of(G::BYTES) && scalars.len().is_multiple_of(ELEMENT);
    if !whole || points.len() / G::BYTES != scalars.len() / ELEMENT {
        return Err(Refusal::wrong_count("scalars", scalars.len() / ELEMENT, points.len() / G::BYTES));
    }
    let mut query = Query::new("points", 100);
    query.extend(points, G::BYTES, 0);
    let table = tables::build::<G>(&[query], sets, kernel, threads)?;
    let scalars = scalars
        .chunks_exact(ELEMENT)
        .map(|scalar| below(scalar, &FrConfig::MODULUS).map(Scalar::of))
        .collect::<Option<Vec<_>>>()
        .ok_or_else(|| Refusal::malformed("F15_NOT_CANONICAL", "scalars", "a scalar not below r", "scalars below r"))?;
    let sum = Mutex::new(Projective::ZERO);
    schedule::run(
        threads,
        || Worker::new(kernel),
        |queue| {
            msm::start::<G>(queue, kernel, &table.points, &table.bases[0], &scalars, |_, total| {
                *sum.lock().expect("nothing panics with it") = total;
            });
        },
    );
    Ok(sum.into_inner().expect("nothing panics with it").into_affine())
}
