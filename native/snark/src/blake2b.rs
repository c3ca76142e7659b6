//! BLAKE2b-512 that shows where it stands (RFC 7693), for the state that a `.ptau` holds of the hash of a response.

use pyo3::prelude::*;
use zeroize::Zeroize;

use crate::refusal::detached;

const BLOCK_BYTES: usize = 128;
const DIGEST_BYTES: usize = 64;
/// As snarkjs keeps it: the block that is being filled, eight words, the bytes in blocks before it, those in it, padding.
const STATE_BYTES: usize = BLOCK_BYTES + 8 * 8 + 8 + 8 + 8;
const ROUNDS: usize = 12;
/// No key, a sequential hash, 64 bytes of digest.
const PARAMETERS: u64 = 0x0101_0040;
/// The fractions of the square roots of the first eight primes.
const FRACTIONS: [u64; 8] = [
    0x6a09_e667_f3bc_c908,
    0xbb67_ae85_84ca_a73b,
    0x3c6e_f372_fe94_f82b,
    0xa54f_f53a_5f1d_36f1,
    0x510e_527f_ade6_82d1,
    0x9b05_688c_2b3e_6c1f,
    0x1f83_d9ab_fb41_bd6b,
    0x5be0_cd19_137e_2179,
];
const SCHEDULE: [[usize; 16]; 10] = [
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
    [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
    [11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4],
    [7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
    [9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13],
    [2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
    [12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11],
    [13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
    [6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5],
    [10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
];
/// The columns, then the diagonals.
const MIXES: [[usize; 4]; 8] = [
    [0, 4, 8, 12],
    [1, 5, 9, 13],
    [2, 6, 10, 14],
    [3, 7, 11, 15],
    [0, 5, 10, 15],
    [1, 6, 11, 12],
    [2, 7, 8, 13],
    [3, 4, 9, 14],
];

/// A hash whose state can be taken out.
#[pyclass(module = "snark._native")]
#[derive(Clone)]
pub(crate) struct Blake2b {
    words: [u64; 8],
    block: [u8; BLOCK_BYTES],
    filled: usize,
    compressed: u64,
}

impl Blake2b {
    fn begin() -> Self {
        let mut words = FRACTIONS;
        words[0] ^= PARAMETERS;
        Self { words, block: [0; BLOCK_BYTES], filled: 0, compressed: 0 }
    }

    /// The hash of what is here already.
    pub(crate) fn hash(data: &[u8]) -> [u8; DIGEST_BYTES] {
        let mut hasher = Self::begin();
        hasher.read(data);
        hasher.finish()
    }

    /// The last block waits, full or not, because it is compressed in a way of its own.
    fn read(&mut self, mut data: &[u8]) {
        while !data.is_empty() {
            if self.filled == BLOCK_BYTES {
                self.compressed += BLOCK_BYTES as u64;
                self.words = compress(&self.words, &self.block, self.compressed, false);
                self.filled = 0;
            }
            let (taken, rest) = data.split_at(data.len().min(BLOCK_BYTES - self.filled));
            self.block[self.filled..][..taken.len()].copy_from_slice(taken);
            self.filled += taken.len();
            data = rest;
        }
    }

    fn finish(&self) -> [u8; DIGEST_BYTES] {
        let mut block = self.block;
        block[self.filled..].fill(0);
        let words = compress(&self.words, &block, self.compressed + self.filled as u64, true);
        block.zeroize();
        bytemuck::cast(words.map(u64::to_le_bytes))
    }
}

impl Drop for Blake2b {
    /// What was read last may have been a seed.
    fn drop(&mut self) {
        self.block.zeroize();
        self.words.zeroize();
    }
}

#[pymethods]
impl Blake2b {
    #[new]
    fn new() -> Self {
        Self::begin()
    }

    /// Where the hash stands.
    fn state(&self) -> [u8; STATE_BYTES] {
        let mut state = [0; STATE_BYTES];
        state[..self.filled].copy_from_slice(&self.block[..self.filled]);
        let words = self.words.into_iter().chain([self.compressed, self.filled as u64]);
        for (place, word) in state[BLOCK_BYTES..].chunks_exact_mut(8).zip(words) {
            place.copy_from_slice(&word.to_le_bytes());
        }
        state
    }

    /// Read more, without the interpreter lock.
    fn update(&mut self, py: Python<'_>, data: &[u8]) -> PyResult<()> {
        detached(
            py,
            std::panic::AssertUnwindSafe(|| {
                self.read(data);
                Ok(())
            }),
        )
    }

    /// The hash of all that was read.
    fn digest(&self) -> [u8; DIGEST_BYTES] {
        self.finish()
    }
}

/// The compression function F of RFC 7693; no file is so long that the high word of the counter would be used.
fn compress(words: &[u64; 8], block: &[u8; BLOCK_BYTES], length: u64, last: bool) -> [u64; 8] {
    let message: [u64; 16] =
        std::array::from_fn(|place| u64::from_le_bytes(block[8 * place..][..8].try_into().expect("a word")));
    let mut v: [u64; 16] = std::array::from_fn(|place| if place < 8 { words[place] } else { FRACTIONS[place - 8] });
    v[12] ^= length;
    if last {
        v[14] = !v[14];
    }
    for round in 0..ROUNDS {
        let order = &SCHEDULE[round % SCHEDULE.len()];
        for (mix, pair) in MIXES.iter().zip(order.chunks_exact(2)) {
            turn(&mut v, mix, message[pair[0]], message[pair[1]]);
        }
    }
    std::array::from_fn(|place| words[place] ^ v[place] ^ v[place + 8])
}

/// The mixing function G of RFC 7693.
#[inline(always)]
fn turn(v: &mut [u64; 16], &[a, b, c, d]: &[usize; 4], x: u64, y: u64) {
    v[a] = v[a].wrapping_add(v[b]).wrapping_add(x);
    v[d] = (v[d] ^ v[a]).rotate_right(32);
    v[c] = v[c].wrapping_add(v[d]);
    v[b] = (v[b] ^ v[c]).rotate_right(24);
    v[a] = v[a].wrapping_add(v[b]).wrapping_add(y);
    v[d] = (v[d] ^ v[a]).rotate_right(16);
    v[c] = v[c].wrapping_add(v[d]);
    v[b] = (v[b] ^ v[c]).rotate_right(63);
}
