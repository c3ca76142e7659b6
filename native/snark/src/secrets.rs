//! The secrets of a ceremony, which never leave this side: a stream that draws them, and what is done with one.
//!
//! They come from ChaCha20 as snarkjs runs it, seeded by the operating system, or by a beacon that everyone knows. The seed, the
//! state of the stream and each secret lie in memory that is wiped when it is given back.

use ark_bn254::{Fq, FqConfig, Fr, FrConfig, G1Affine};
use ark_ff::{BigInt, Field, Fp, MontBackend, MontConfig};
use pyo3::prelude::*;
use rand::RngCore;
use rand::rngs::OsRng;
use zeroize::{Zeroize, Zeroizing};

use crate::blake2b::Blake2b;
use crate::bulk::is_larger;
use crate::points::{G1_BYTES, G2_BYTES, g1, g1_bytes, g2, g2_bytes};
use crate::refusal::{Refusal, detached};

/// A scalar that nobody should know.
#[pyclass(frozen, module = "snark._native")]
pub(crate) struct Secret {
    scalar: Box<Zeroizing<Fr>>,
}

impl Secret {
    fn of(scalar: Fr) -> Self {
        Self { scalar: Box::new(Zeroizing::new(scalar)) }
    }

    pub(crate) fn scalar(&self) -> &Fr {
        &self.scalar
    }
}

#[pymethods]
impl Secret {
    /// The factor that changes nothing.
    #[staticmethod]
    fn one() -> Self {
        Self::of(Fr::ONE)
    }

    /// Its inverse.
    fn invert(&self) -> PyResult<Self> {
        let inverse = self.scalar.inverse();
        Ok(inverse.map(Self::of).ok_or_else(|| Refusal::broken_invariant("a secret that is zero"))?)
    }

    /// A point of the first group times the secret.
    fn multiply_g1(&self, py: Python<'_>, point: &[u8]) -> PyResult<[u8; G1_BYTES]> {
        let scalar = self.scalar();
        detached(py, || Ok(g1_bytes(g1(point, "point")? * scalar)))
    }

    /// A point of the second group times the secret.
    fn multiply_g2(&self, py: Python<'_>, point: &[u8]) -> PyResult<[u8; G2_BYTES]> {
        let scalar = self.scalar();
        detached(py, || Ok(g2_bytes(g2(point, "point")? * scalar)))
    }
}

const SEED_BYTES: usize = 32;
/// What the operating system gives is hashed, as snarkjs does with it and with what it reads from the keyboard.
const ENTROPY_BYTES: usize = 64;
const BLOCK_WORDS: usize = 16;
const DOUBLE_ROUNDS: usize = 10;
/// `expand 32-byte k`
const SIGMA: [u32; 4] = [0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574];

/// Draws secrets, one after the other.
#[pyclass(module = "snark._native")]
pub(crate) struct SecretStream {
    stream: Box<ChaCha20>,
}

#[pymethods]
impl SecretStream {
    /// Seeded by the operating system.
    #[staticmethod]
    fn draw() -> PyResult<Self> {
        let mut entropy = Zeroizing::new([0; ENTROPY_BYTES]);
        let filled = OsRng.try_fill_bytes(entropy.as_mut_slice());
        filled.map_err(|error| Refusal::no_randomness(&error.to_string()))?;
        let digest = Zeroizing::new(Blake2b::hash(entropy.as_slice()));
        Ok(Self { stream: Box::new(ChaCha20::new(&digest[..SEED_BYTES])) })
    }

    /// Seeded by what a beacon names.
    #[staticmethod]
    fn open(seed: &[u8]) -> PyResult<Self> {
        if seed.len() != SEED_BYTES {
            return Err(Refusal::wrong_count("seed", seed.len(), SEED_BYTES).into());
        }
        Ok(Self { stream: Box::new(ChaCha20::new(seed)) })
    }

    /// The next scalar.
    fn next_secret(&mut self) -> Secret {
        Secret { scalar: Box::new(self.stream.next_field::<FrConfig>()) }
    }

    /// The next point of the first group, whose logarithm nobody knows.
    fn next_g1(&mut self) -> [u8; G1_BYTES] {
        g1_bytes(ark_bn254::G1Projective::from(self.stream.next_g1()))
    }
}

/// The stream of ChaCha20 as words, without a nonce.
struct ChaCha20 {
    seed: [u32; 8],
    counter: u128,
    block: [u32; BLOCK_WORDS],
    used: usize,
}

impl ChaCha20 {
    fn new(seed: &[u8]) -> Self {
        let mut words = [0; 8];
        for (word, bytes) in words.iter_mut().zip(seed.chunks_exact(4)) {
            *word = u32::from_be_bytes(bytes.try_into().expect("four bytes"));
        }
        let stream = Self { seed: words, counter: 0, block: [0; BLOCK_WORDS], used: BLOCK_WORDS };
        words.zeroize();
        stream
    }

    fn next_u32(&mut self) -> u32 {
        if self.used == BLOCK_WORDS {
            self.fill();
        }
        self.used += 1;
        self.block[self.used - 1]
    }

    /// The higher word first.
    fn next_u64(&mut self) -> u64 {
        u64::from(self.next_u32()) << 32 | u64::from(self.next_u32())
    }

    fn fill(&mut self) {
        let mut state = [0; BLOCK_WORDS];
        state[..4].copy_from_slice(&SIGMA);
        state[4..12].copy_from_slice(&self.seed);
        for (word, bytes) in state[12..].iter_mut().zip(self.counter.to_le_bytes().chunks_exact(4)) {
            *word = u32::from_le_bytes(bytes.try_into().expect("four bytes"));
        }
        self.block = state;
        for _ in 0..DOUBLE_ROUNDS {
            for [a, b, c, d] in [[0, 4, 8, 12], [1, 5, 9, 13], [2, 6, 10, 14], [3, 7, 11, 15]] {
                turn_quarter(&mut self.block, a, b, c, d);
            }
            for [a, b, c, d] in [[0, 5, 10, 15], [1, 6, 11, 12], [2, 7, 8, 13], [3, 4, 9, 14]] {
                turn_quarter(&mut self.block, a, b, c, d);
            }
        }
        for (mixed, word) in self.block.iter_mut().zip(state) {
            *mixed = mixed.wrapping_add(word);
        }
        state.zeroize();
        self.counter += 1;
        self.used = 0;
    }

    /// The next number of 254 bits that is below the modulus, taken for a Montgomery form.
    fn next_field<C: MontConfig<4>>(&mut self) -> Zeroizing<Fp<MontBackend<C, 4>, 4>> {
        loop {
            let mut limbs = Zeroizing::new([0; 4]);
            limbs.iter_mut().for_each(|limb| *limb = self.next_u64());
            limbs[3] &= u64::MAX >> 2;
            let value = Zeroizing::new(BigInt::new(*limbs));
            if *value < C::MODULUS {
                return Zeroizing::new(Fp::new_unchecked(*value));
            }
        }
    }

    fn next_g1(&mut self) -> G1Affine {
        loop {
            let x: Fq = *self.next_field::<FqConfig>();
            let larger = self.next_u32() & 1 == 1;
            if let Some(y) = (x.square() * x + Fq::from(3)).sqrt() {
                return G1Affine::new_unchecked(x, if is_larger(&y) == larger { y } else { -y });
            }
        }
    }
}

impl Drop for ChaCha20 {
    fn drop(&mut self) {
        self.seed.zeroize();
        self.block.zeroize();
    }
}

fn turn_quarter(v: &mut [u32; BLOCK_WORDS], a: usize, b: usize, c: usize, d: usize) {
    for (sum, by, turned, left) in [(a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)] {
        v[sum] = v[sum].wrapping_add(v[by]);
        v[turned] = (v[turned] ^ v[sum]).rotate_left(left);
    }
}
