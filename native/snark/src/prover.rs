//! Groth16 proofs with a fixed key.
//!
//! ```text
//! A = alpha + sum(w_i A_i) + r delta
//! B = beta  + sum(w_i B_i) + s delta                               in both groups
//! C = sum(w_i C_i) + sum(h_i H_i) + s A + r B - r s delta           over the private wires
//! ```
//!
//! `h` are the values of `a b - c` between the powers of the root, where `a` and `b` have the rows of the matrices as values
//! at the powers, and `c` their products. Whether these are the rows of the third matrix, no key says: see `verify`.
//! The terms with delta are bases like all others.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use ark_bn254::{Fr, FrConfig, G1Affine, G1Projective, G2Affine, G2Projective};
use ark_ec::CurveGroup;
use ark_ff::{BigInt, MontConfig, PrimeField, Zero};
use rand::RngCore;
use rand::rngs::OsRng;
use sha2::{Digest, Sha256};
use zeroize::{Zeroize, Zeroizing};

use crate::container::{ELEMENT, POINT1, POINT2, below, write_evm1, write_evm2};
use crate::curve::{G1, G2, Kernel};
use crate::development;
use crate::msm::{self, Scalar, Worker};
use crate::ntt::{Domain, Values};
use crate::refusal::Refusal;
use crate::schedule::{self, Queue};
use crate::sealed::{Content, Mapping};
use crate::subgroup;
use crate::tables::{self, Label, Query, Table};
use crate::verifier::PreparedKey;
use crate::zkey::{Header, Matrix, ProvingKey};

/// The three points of a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Proof {
    pub(crate) a: G1Affine,
    pub(crate) b: G2Affine,
    pub(crate) c: G1Affine,
}

/// A key, made ready.
pub(crate) struct Prover {
    kernel: Kernel,
    header: Header,
    verifier: PreparedKey,
    matrices: [Matrix; 2],
    factors: Vec<Fr>,
    domain: Domain,
    first: Table<G1>,
    second: Table<G2>,
}

/// Which sum is which in the table of the first group.
const A: usize = 0;
const B1: usize = 1;
const C: usize = 2;
const H: usize = 3;

/// What hides the witness: fresh for each proof, never zero.
struct Blinding {
    r: Zeroizing<Fr>,
    s: Zeroizing<Fr>,
}

impl Blinding {
    fn fresh() -> Result<Self, Refusal> {
        Ok(Self { r: random_scalar()?, s: random_scalar()? })
    }
}

/// A scalar from the randomness of the operating system. 512 bits make the bias of the reduction negligible.
pub(crate) fn random_scalar() -> Result<Zeroizing<Fr>, Refusal> {
    let mut bytes = Zeroizing::new([0; 2 * ELEMENT]);
    loop {
        OsRng.try_fill_bytes(bytes.as_mut_slice()).map_err(|error| Refusal::no_randomness(&error.to_string()))?;
        let scalar = Zeroizing::new(Fr::from_le_bytes_mod_order(bytes.as_slice()));
        if !scalar.is_zero() {
            return Ok(scalar);
        }
    }
}

/// The wires of a witness, in the two forms in which they are used.
struct Wires {
    elements: Zeroizing<Vec<Fr>>,
    /// Those, and then r and s.
    scalars: Zeroizing<Vec<Scalar>>,
}

impl Wires {
    fn read(bytes: &[u8], count: usize, blinding: &Blinding) -> Result<Self, Refusal> {
        if bytes.len() != count * ELEMENT {
            let (found, expected) = (bytes.len() / ELEMENT, format!("{count}, as the key"));
            return Err(Refusal::malformed("F21_FILES_DISAGREE", "witness values", &found.to_string(), &expected));
        }
        let mut elements = Zeroizing::new(Vec::with_capacity(count));
        let mut scalars = Zeroizing::new(Vec::with_capacity(count + 2));
        for value in bytes.chunks_exact(ELEMENT) {
            let limbs = below(value, &FrConfig::MODULUS).ok_or_else(|| {
                Refusal::malformed("F15_NOT_CANONICAL", "witness values", "a value not below r", "values below r")
            })?;
            elements.push(FrConfig::from_bigint(BigInt::new(limbs)).expect("it is below the modulus"));
            scalars.push(Scalar::of(limbs));
        }
        if elements.first() != Some(&Fr::from(1_u64)) {
            return Err(Refusal::malformed("F19_FIRST_VALUE", "witness values", "another value", "one"));
        }
        scalars.push(Scalar::of_element(*blinding.r));
        scalars.push(Scalar::of_element(*blinding.s));
        Ok(Self { elements, scalars })
    }
}

/// How a key is made ready.
pub(crate) struct Settings {
    pub(crate) kernel: Kernel,
    /// The file in which multiples of the points are kept.
    pub(crate) tables: Option<PathBuf>,
    /// How many bytes they may have in all; with too few there are none.
    pub(crate) memory_limit: u64,
    pub(crate) threads: usize,
    /// Whether a key that is marked as one for development will do.
    pub(crate) allow_development: bool,
    /// The SHA-256 that the key's file has to have.
    pub(crate) pin: Option<[u8; 32]>,
}

/// The bases of all sums of a key, those of the first group in the order of the constants above.
fn queries<'a>(key: &ProvingKey<'a>) -> ([Query<'a>; 4], [Query<'a>; 1]) {
    /// How many of the digits of a witness are not zero, in percent; only a guess, which decides nothing but speed.
    const SMALL: usize = 45;
    let Header { wires, public, .. } = key.header;
    let (delta1, delta2) = key.deltas();
    let (mut a, mut b1, mut c) =
        (Query::new("points A", SMALL), Query::new("points B1", SMALL), Query::new("points C", SMALL));
    let (mut h, mut b2) = (Query::new("points H", 100), Query::new("points B2", SMALL));
    a.extend(key.a, POINT1, 0);
    a.push(delta1, wires);
    b1.extend(key.b1, POINT1, 0);
    b1.push(delta1, wires + 1);
    b2.extend(key.b2, POINT2, 0);
    b2.push(delta2, wires + 1);
    c.extend(key.c, POINT1, public + 1);
    h.extend(key.h, POINT1, 0);
    h.push(delta1, key.header.domain());
    ([a, b1, c, h], [b2])
}

fn make_tables(
    bytes: &[u8],
    (first, second): (&[Query<'_>], &[Query<'_>]),
    settings: &Settings,
) -> Result<(Table<G1>, Table<G2>), Refusal> {
    let Settings { kernel, threads, .. } = *settings;
    let label = |sets| Label { key: Sha256::digest(bytes).into(), kernel, sets };
    if let Some(sealed) = settings.tables.as_ref().and_then(|path| Mapping::of(&File::open(path).ok()?)) {
        return tables::share(sealed, &label, first, second);
    }
    let sets = tables::sets_within(settings.memory_limit, first, second);
    let build = || {
        let (first, second) =
            (tables::build(first, sets, kernel, threads)?, tables::build(second, sets, kernel, threads)?);
        subgroup::require_all(&second, kernel, threads)?;
        Ok((first, second))
    };
    let (Some(path), Some(sets)) = (&settings.tables, sets) else { return build() };
    let label = label(sets);
    if let Some(tables) = tables::load(path, &label, first, second) {
        return Ok(tables);
    }
    let tables = build()?;
    // Where they cannot be kept, they are made again the next time: slower, not wrong.
    let _ = tables::save(path, &label, &tables.0, &tables.1);
    Ok(tables)
}

impl Prover {
    /// Make the key in a file ready.
    pub(crate) fn open(path: &Path, settings: &Settings) -> Result<Self, Refusal> {
        let bytes = Content::read(path).map_err(|error| Refusal::unreadable("path", &error.to_string()))?;
        Self::new(&bytes, settings)
    }

    pub(crate) fn new(bytes: &[u8], settings: &Settings) -> Result<Self, Refusal> {
        require_pinned(bytes, settings.pin)?;
        let key = ProvingKey::read(bytes)?;
        let header = key.header.clone();
        require_no_development(&header, settings.allow_development)?;
        let verifier = verifier(&header, &key.inputs()?)?;
        let (matrices, factors) = key.matrices()?;
        let (first, second) = queries(&key);
        let (first, second) = make_tables(bytes, (&first, &second), settings)?;
        let domain = Domain::new(header.domain_bits, settings.kernel);
        Ok(Self { kernel: settings.kernel, header, verifier, matrices, factors, domain, first, second })
    }

    /// Wires, public inputs, rows of the domain, bytes of multiplied points.
    pub(crate) fn sizes(&self) -> (usize, usize, usize, usize) {
        let bytes = size_of_val(&*self.first.points) + size_of_val(&*self.second.points);
        (self.header.wires, self.header.public, self.header.domain(), bytes)
    }

    /// Whether the key is marked as made for development.
    pub(crate) fn is_for_development(&self) -> bool {
        development::is_mark(&self.header.gamma2)
    }

    /// The part of a witness that a proof is about.
    pub(crate) fn public_values<'a>(&self, witness: &'a [u8]) -> &'a [u8] {
        &witness[ELEMENT..][..self.header.public * ELEMENT]
    }

    /// A proof from the values of a witness, 32 bytes each.
    ///
    /// With `check` it is verified before it is handed out: a key does not say what the third matrix is, so that a witness
    /// which breaks a constraint is only found by its proof. This also keeps back what a faulty machine made.
    pub(crate) fn prove(&self, witness: &[u8], threads: usize, check: bool) -> Result<Proof, Refusal> {
        let blinding = Blinding::fresh()?;
        let wires = Wires::read(witness, self.header.wires, &blinding)?;
        let progress = Progress::default();
        schedule::run(
            threads,
            || Worker::new(self.kernel),
            |queue| {
                let job = Job { prover: self, wires: &wires, blinding: &blinding, progress: &progress };
                job.start(queue);
            },
        );
        let proof = progress.proof(&self.header, &blinding);
        if check {
            self.verify(witness, &proof)?;
        }
        Ok(proof)
    }

    fn verify(&self, witness: &[u8], proof: &Proof) -> Result<(), Refusal> {
        let mut bytes = Vec::new();
        write_evm1(&mut bytes, &proof.a);
        write_evm2(&mut bytes, &proof.b);
        write_evm1(&mut bytes, &proof.c);
        self.verifier.check(self.public_values(witness), &bytes).map_err(|_| {
            let expected = "values that satisfy every constraint";
            Refusal::rejected("F20_UNSATISFIED", "witness values", "values that break a constraint", expected)
        })
    }
}

/// Every byte of the key is as the caller knows it, where the caller says so.
fn require_pinned(bytes: &[u8], pin: Option<[u8; 32]>) -> Result<(), Refusal> {
    let Some(pin) = pin else { return Ok(()) };
    let hash: [u8; 32] = Sha256::digest(bytes).into();
    if hash == pin {
        return Ok(());
    }
    let [found, expected] = [hash, pin].map(|hash| {
        let half = |from: usize| u128::from_be_bytes(hash[from..][..16].try_into().expect("half of it"));
        format!("{:032x}{:032x}", half(0), half(16))
    });
    Err(Refusal::rejected("V23_KEY_NOT_PINNED", "SHA-256 of the proving key", &found, &expected))
}

fn require_no_development(header: &Header, allowed: bool) -> Result<(), Refusal> {
    if allowed || !development::is_mark(&header.gamma2) {
        return Ok(());
    }
    let expected = "a key from a ceremony, unless development is asked for";
    Err(Refusal::rejected("V24_DEVELOPMENT_KEY", "proving key", "a key made for development", expected))
}

/// What verifies the proofs of a key; none that anyone can forge with gets as far.
fn verifier(header: &Header, inputs: &[G1Affine]) -> Result<PreparedKey, Refusal> {
    let mut bytes = Vec::new();
    write_evm1(&mut bytes, &header.alpha1);
    for point in [&header.beta2, &header.gamma2, &header.delta2] {
        write_evm2(&mut bytes, point);
    }
    for point in inputs {
        write_evm1(&mut bytes, point);
    }
    PreparedKey::of(&bytes)
}

/// What is worked out on the way to one proof.
#[derive(Default)]
struct Progress {
    rows: [Mutex<Option<Zeroizing<Vec<Fr>>>>; 2],
    rows_done: AtomicUsize,
    values: [Mutex<Option<Values>>; 3],
    values_done: AtomicUsize,
    sums: [Mutex<G1Projective>; 4],
    second: Mutex<G2Projective>,
}

impl Drop for Progress {
    /// Before r and s come in, a sum tells of a witness that can be guessed whether the guess is right.
    fn drop(&mut self) {
        self.sums.iter_mut().for_each(|sum| sum.get_mut().unwrap_or_else(PoisonError::into_inner).zeroize());
        self.second.get_mut().unwrap_or_else(PoisonError::into_inner).zeroize();
    }
}

fn put<T>(place: &Mutex<T>, value: T) {
    *place.lock().unwrap_or_else(PoisonError::into_inner) = value;
}

fn take<T>(place: &Mutex<Option<T>>) -> T {
    place.lock().unwrap_or_else(PoisonError::into_inner).take().expect("it was put there before it is taken")
}

fn get<T: Copy>(place: &Mutex<T>) -> T {
    *place.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Progress {
    fn proof(&self, header: &Header, blinding: &Blinding) -> Proof {
        let a = get(&self.sums[A]) + header.alpha1;
        let b = get(&self.second) + header.beta2;
        let b1 = get(&self.sums[B1]) + header.beta1;
        let c = get(&self.sums[C]) + get(&self.sums[H]) + a * *blinding.s + b1 * *blinding.r;
        Proof { a: a.into_affine(), b: b.into_affine(), c: c.into_affine() }
    }
}

/// One proof under way.
#[derive(Clone, Copy)]
struct Job<'work> {
    prover: &'work Prover,
    wires: &'work Wires,
    blinding: &'work Blinding,
    progress: &'work Progress,
}

impl<'work> Job<'work> {
    fn start(self, queue: &Queue<'work, Worker>) {
        for matrix in 0..2 {
            queue.push(move |queue, _| self.multiply_rows(matrix, queue));
        }
        queue.push(move |queue, _| {
            let (table, progress) = (&self.prover.second, self.progress);
            let done = move |_: &_, sum| put(&progress.second, sum);
            msm::start::<G2>(queue, self.prover.kernel, &table.points, &table.bases[0], &self.wires.scalars, done);
        });
        for number in [A, B1, C] {
            queue.push(move |queue, _| self.start_sum(number, &self.wires.scalars, queue));
        }
    }

    fn start_sum(self, number: usize, scalars: &[Scalar], queue: &Queue<'work, Worker>) {
        let (table, progress) = (&self.prover.first, self.progress);
        let done = move |_: &_, sum| put(&progress.sums[number], sum);
        msm::start::<G1>(queue, self.prover.kernel, &table.points, &table.bases[number], scalars, done);
    }

    fn multiply_rows(self, matrix: usize, queue: &Queue<'work, Worker>) {
        let mut rows = Zeroizing::new(vec![Fr::zero(); self.prover.header.domain()]);
        self.prover.matrices[matrix].rows(0, &self.prover.factors, &self.wires.elements, &mut rows);
        put(&self.progress.rows[matrix], Some(rows));
        if self.progress.rows_done.fetch_add(1, Ordering::AcqRel) == 1 {
            let domain = &self.prover.domain;
            let [a, b] = [0, 1].map(|matrix| domain.import(take(&self.progress.rows[matrix])));
            let c = Domain::multiply(&a, &b);
            for (number, values) in [a, b, c].into_iter().enumerate() {
                queue.push_urgent(move |queue, _| self.shift(number, values, queue));
            }
        }
    }

    fn shift(self, number: usize, mut values: Values, queue: &Queue<'work, Worker>) {
        self.prover.domain.shift(&mut values);
        put(&self.progress.values[number], Some(values));
        if self.progress.values_done.fetch_add(1, Ordering::AcqRel) == 2 {
            let [a, b, c] = [0, 1, 2].map(|number| take(&self.progress.values[number]));
            let mut scalars = Zeroizing::new(Vec::with_capacity(self.prover.header.domain() + 1));
            Domain::join(a, &b, &c, |limbs| scalars.push(Scalar::of(limbs)));
            scalars.push(Scalar::of_element(-(*self.blinding.r * *self.blinding.s)));
            self.start_sum(H, &scalars, queue);
        }
    }
}
