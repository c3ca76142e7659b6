//! Keys for development: one party draws all secrets, uses them, and is trusted to forget them. Fast, and never safe:
//! whoever kept the secrets can prove anything.
//!
//! Such a key is marked by its gamma, which is the public multiple of the generator that a hash names; see
//! `snark.groth16.development`. The mark goes wherever gamma goes, through every tool.

use std::num::NonZero;
use std::thread;

use ark_bn254::{FqConfig, Fr, FrConfig, G1Affine, G2Affine, g1, g2};
use ark_ec::short_weierstrass::{Affine, Projective, SWCurveConfig};
use ark_ec::{AdditiveGroup, AffineRepr, CurveGroup};
use ark_ff::{BigInt, Field, MontConfig, PrimeField, batch_inversion};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::container::{ELEMENT, Reader, Sections, below, write_point1, write_point2, write_words};
use crate::ntt;
use crate::prover::random_scalar;
use crate::refusal::Refusal;

/// The sections of a `.r1cs` file that a key needs.
struct Constraints<'a> {
    wires: usize,
    public: usize,
    count: usize,
    content: Reader<'a>,
}

/// A factor of one wire in one row of one of the three matrices.
struct Entry {
    matrix: usize,
    row: usize,
    wire: usize,
    factor: Fr,
}

impl<'a> Constraints<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, Refusal> {
        let sections = Sections::read(bytes, ".r1cs", &[1])?;
        let mut header = sections.section(1, "r1cs header")?;
        header.modulus(&FrConfig::MODULUS, "the scalar field of BN254")?;
        let wires = header.u32()? as usize;
        let public = header.u32()? as usize + header.u32()? as usize;
        header.take(4 + 8)?;
        let count = header.u32()? as usize;
        header.end()?;
        if public >= wires {
            let found = format!("{public} public of {wires} wires");
            let expected = "a wire for the one and for each public input";
            return Err(Refusal::malformed("F13_COUNTS_DISAGREE", "r1cs header", &found, expected));
        }
        Ok(Self { wires, public, count, content: sections.section(2, "constraints")? })
    }

    /// All entries, and those that tie each public wire to a row of its own, as snarkjs adds them.
    fn entries(&self) -> Result<Vec<Entry>, Refusal> {
        let mut reader = self.content.clone();
        let mut entries = Vec::new();
        for row in 0..self.count {
            for matrix in 0..3 {
                for _ in 0..reader.u32()? {
                    let wire = reader.u32()? as usize;
                    let factor = below(reader.take(ELEMENT)?, &FrConfig::MODULUS);
                    let (true, Some(limbs)) = (wire < self.wires, factor) else {
                        let (found, expected) = (format!("wire {wire} in row {row}"), "a wire and a factor below r");
                        return Err(Refusal::malformed("F14_INDEX_OUT_OF_RANGE", "constraints", &found, expected));
                    };
                    let factor = FrConfig::from_bigint(BigInt::new(limbs)).expect("it is below the modulus");
                    entries.push(Entry { matrix, row, wire, factor });
                }
            }
        }
        reader.end()?;
        let one = Fr::from(1_u64);
        entries.extend((0..=self.public).map(|wire| Entry { matrix: 0, row: self.count + wire, wire, factor: one }));
        Ok(entries)
    }
}

/// The `.zkey` of a `.r1cs`.
pub(crate) fn development_key(r1cs: &[u8]) -> Result<Vec<u8>, Refusal> {
    let constraints = Constraints::read(r1cs)?;
    let entries = constraints.entries()?;
    let rows = constraints.count + constraints.public + 1;
    let bits = rows.next_power_of_two().trailing_zeros();
    if bits > ntt::MOST_BITS {
        return Err(Refusal::wrong_count("constraints", rows, 1 << ntt::MOST_BITS));
    }
    let secrets = Secrets::fresh()?;
    let lagrange = lagrange_values(bits, Fr::from(1_u64), *secrets.tau);
    let mut columns = [(); 3].map(|()| Zeroizing::new(vec![Fr::ZERO; constraints.wires]));
    for entry in &entries {
        columns[entry.matrix][entry.wire] += entry.factor * lagrange[entry.row];
    }
    let [a, b, c] = &columns;
    let delta_inverse = Zeroizing::new(inverse(*secrets.delta));
    let mix = |wire| *secrets.beta * a[wire] + *secrets.alpha * b[wire] + c[wire];
    let mixed: Zeroizing<Vec<Fr>> = Zeroizing::new((0..constraints.wires).map(mix).collect());
    let (public, private) = mixed.split_at(constraints.public + 1);
    // Between the powers of the root: the odd ones of the domain of twice the size.
    let odd = odd_lagrange_values(bits, *secrets.tau);
    let first = Comb::<g1::Config>::new(G1Affine::generator());
    let second = Comb::<g2::Config>::new(G2Affine::generator());

    let mut key = Writer::new();
    key.section(1, &1_u32.to_le_bytes());
    let mut header = Vec::new();
    modulus(&mut header, &FqConfig::MODULUS);
    modulus(&mut header, &FrConfig::MODULUS);
    for count in [constraints.wires, constraints.public, 1 << bits] {
        header.extend(u32::try_from(count).expect("counted by 32 bits").to_le_bytes());
    }
    let singles = first.multiply_all(&[*secrets.alpha, *secrets.beta, *secrets.delta]);
    let doubles = second.multiply_all(&[*secrets.beta, gamma(), *secrets.delta]);
    singles[..2].iter().for_each(|point| write_point1(&mut header, point));
    doubles[..2].iter().for_each(|point| write_point2(&mut header, point));
    write_point1(&mut header, &singles[2]);
    write_point2(&mut header, &doubles[2]);
    key.section(2, &header);
    key.points1(3, &first.multiply_all(&scaled(public, inverse(gamma()))));
    key.section(4, &coefficients(&entries));
    key.points1(5, &first.multiply_all(a));
    key.points1(6, &first.multiply_all(b));
    let mut content = Vec::new();
    second.multiply_all(b).iter().for_each(|point| write_point2(&mut content, point));
    key.section(7, &content);
    key.points1(8, &first.multiply_all(&scaled(private, *delta_inverse)));
    key.points1(9, &first.multiply_all(&scaled(&odd, *delta_inverse)));
    key.section(10, &[WORDS.as_slice(), &0_u32.to_le_bytes()].concat());
    Ok(key.bytes)
}

/// How a file says that its field elements have 32 bytes.
const FIELD_WIDTH: u32 = 32;

/// What the gamma of every key for development is the hash of.
const MARK: &[u8] = b"ringfence/groth16/bn254/development-key/1";

/// Where the hash of a circuit stands in other keys, this one says to people what it is.
const WORDS: &[u8; 64] = b"DEVELOPMENT KEY - INSECURE - ONE PARTY DREW ALL OF ITS SECRETS. ";

fn gamma() -> Fr {
    Fr::from_be_bytes_mod_order(&Sha256::digest(MARK))
}

/// Whether this is the gamma of keys for development.
pub(crate) fn is_mark(point: &G2Affine) -> bool {
    (G2Affine::generator() * gamma()).into_affine() == *point
}

/// What nobody should know.
struct Secrets {
    tau: Zeroizing<Fr>,
    alpha: Zeroizing<Fr>,
    beta: Zeroizing<Fr>,
    delta: Zeroizing<Fr>,
}

impl Secrets {
    fn fresh() -> Result<Self, Refusal> {
        Ok(Self { tau: random_scalar()?, alpha: random_scalar()?, beta: random_scalar()?, delta: random_scalar()? })
    }
}

fn inverse(value: Fr) -> Fr {
    value.inverse().expect("it is not zero")
}

/// The Lagrange polynomials of the points `shift * root^i` at `tau`: `(tau^n / shift^n - 1) / n * p / (tau - p)`.
fn lagrange_values(bits: u32, shift: Fr, tau: Fr) -> Zeroizing<Vec<Fr>> {
    let size = 1_u64 << bits;
    let points = ntt::powers(ntt::root_of_unity(bits), shift, 1 << bits);
    let vanishing = (tau * inverse(shift)).pow([size]) - Fr::from(1_u64);
    let share = vanishing * inverse(Fr::from(size));
    let mut values: Zeroizing<Vec<Fr>> = Zeroizing::new(points.iter().map(|point| tau - point).collect());
    batch_inversion(&mut values);
    values.iter_mut().zip(&points).for_each(|(value, point)| *value *= share * point);
    values
}

fn odd_lagrange_values(bits: u32, tau: Fr) -> Zeroizing<Vec<Fr>> {
    let size = 1_u64 << bits;
    let shift = ntt::root_of_unity(bits + 1);
    // The polynomial of the larger domain is that of the shifted one times (x^n - 1) / (shift^n - 1), where shift^n = -1.
    let factor = (tau.pow([size]) - Fr::from(1_u64)) * inverse(-Fr::from(2_u64));
    scaled(&lagrange_values(bits, shift, tau), factor)
}

fn scaled(values: &[Fr], factor: Fr) -> Zeroizing<Vec<Fr>> {
    Zeroizing::new(values.iter().map(|value| *value * factor).collect())
}

/// Multiples of one point, by bytes of the scalar.
struct Comb<P: SWCurveConfig> {
    windows: Vec<Vec<Affine<P>>>,
}

impl<P: SWCurveConfig> Comb<P> {
    fn new(base: Affine<P>) -> Self {
        let mut base: Projective<P> = base.into();
        let windows = (0..ELEMENT)
            .map(|_| {
                let multiples: Vec<_> =
                    std::iter::successors(Some(Projective::ZERO), |sum| Some(*sum + base)).take(256).collect();
                for _ in 0..8 {
                    base.double_in_place();
                }
                Projective::normalize_batch(&multiples)
            })
            .collect();
        Self { windows }
    }

    /// Shared between the cores: a large circuit has millions of points.
    fn multiply_all(&self, scalars: &[Fr]) -> Vec<Affine<P>> {
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        let share = scalars.len().div_ceil(cores).max(LEAST_SHARE);
        thread::scope(|scope| {
            let workers: Vec<_> = scalars.chunks(share).map(|part| scope.spawn(|| self.multiply_part(part))).collect();
            workers.into_iter().flat_map(|worker| worker.join().expect("nothing panics with it")).collect()
        })
    }

    fn multiply_part(&self, scalars: &[Fr]) -> Vec<Affine<P>> {
        let multiply = |scalar: &Fr| {
            let limbs = scalar.into_bigint().0;
            let mut sum = Projective::ZERO;
            for (place, window) in self.windows.iter().enumerate() {
                sum += window[usize::from(limbs[place / 8].to_le_bytes()[place % 8])];
            }
            sum
        };
        Projective::normalize_batch(&scalars.iter().map(multiply).collect::<Vec<_>>())
    }
}

/// Fewer multiples than this are not worth a thread.
const LEAST_SHARE: usize = 64;

/// Sections one after the other.
struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    fn new() -> Self {
        let mut bytes = b"zkey".to_vec();
        bytes.extend(1_u32.to_le_bytes());
        bytes.extend(10_u32.to_le_bytes());
        Self { bytes }
    }

    fn section(&mut self, kind: u32, content: &[u8]) {
        self.bytes.extend(kind.to_le_bytes());
        self.bytes.extend((content.len() as u64).to_le_bytes());
        self.bytes.extend(content);
    }

    fn points1(&mut self, kind: u32, points: &[G1Affine]) {
        let mut content = Vec::new();
        for point in points {
            write_point1(&mut content, point);
        }
        self.section(kind, &content);
    }
}

fn modulus(content: &mut Vec<u8>, modulus: &BigInt<4>) {
    content.extend(FIELD_WIDTH.to_le_bytes());
    write_words(content, modulus.0);
}

/// The entries of the first two matrices, their factors in Montgomery form twice over.
fn coefficients(entries: &[Entry]) -> Vec<u8> {
    let again = Fr::new_unchecked(FrConfig::R2);
    let entries = || entries.iter().filter(|entry| entry.matrix < 2);
    let mut content = u32::try_from(entries().count()).expect("counted by 32 bits").to_le_bytes().to_vec();
    for entry in entries() {
        for number in [entry.matrix, entry.row, entry.wire] {
            content.extend(u32::try_from(number).expect("counted by 32 bits").to_le_bytes());
        }
        write_words(&mut content, (entry.factor * again).0.0);
    }
    content
}
