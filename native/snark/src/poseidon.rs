//! Poseidon over the scalar field with circomlib's parameters, for a width of 2 to 17.
//!
//! The rounds are those of the paper's appendix B: what the constants of a partial round add to the places that meet
//! no S-box is pushed into the next round, and the part of the mixing matrix that commutes with the only S-box is
//! pulled into the round before, which leaves a matrix of one row, one column and ones. The values that enter the
//! S-boxes stay what they are in the plain permutation, so that a trace of them fits the constraints.

mod grain;
mod instance;
#[cfg(target_arch = "x86_64")]
mod lanes;
mod linear;

use std::num::NonZero;
use std::panic::AssertUnwindSafe;
use std::thread;

use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, BigInt, Field, PrimeField};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::points::{FIELD_BYTES, scalar};
use crate::refusal::{Refusal, detached};

use instance::Instance;
pub(crate) use instance::{LARGEST_WIDTH, SMALLEST_WIDTH, sboxes};

/// What the constraints of one S-box name: `x^2`, `x^4` and `x^5`.
pub(crate) type SBox = [Fr; 3];

fn raise_to_fifth(value: Fr) -> SBox {
    let square = value.square();
    let fourth = square.square();
    [square, fourth, fourth * value]
}

/// Run `$body` with `$T` as the width that is known only now.
macro_rules! for_width {
    ($width:expr, $T:ident => $body:expr) => {
        for_width!(@ $width, $T, $body, 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17)
    };
    (@ $width:expr, $T:ident, $body:expr, $($each:literal)*) => {
        match $width {
            $($each => {
                const $T: usize = $each;
                $body
            })*
            width => unreachable!("no instance has the width {width}"),
        }
    };
}

/// Permute the state, and show every S-box to `trace`, round by round and place by place.
///
/// The width is the length of the state, from [`SMALLEST_WIDTH`] to [`LARGEST_WIDTH`].
pub(crate) fn permute_traced(state: &mut [Fr], trace: impl FnMut(&SBox)) {
    for_width!(state.len(), T => {
        let state = state.try_into().unwrap_or_else(|_| unreachable!("the length was matched"));
        Instance::<T>::get().permute(state, trace);
    });
}

/// Permute the state.
pub(crate) fn permute(state: &mut [Fr]) {
    permute_traced(state, |_| ());
}

/// Write the hash of each row of inputs.
fn hash_rows(width: usize, rows: &[u8], hashes: &mut [u8]) -> Result<(), Refusal> {
    #[cfg(target_arch = "x86_64")]
    if lanes::available() {
        return for_width!(width, T => hash_rows_in_lanes::<T>(rows, hashes));
    }
    hash_rows_singly(width, rows, hashes)
}

/// One row after the other.
fn hash_rows_singly(width: usize, rows: &[u8], hashes: &mut [u8]) -> Result<(), Refusal> {
    let mut state = [Fr::ZERO; LARGEST_WIDTH];
    let row_bytes = (width - 1) * FIELD_BYTES;
    for (row, hash) in rows.chunks_exact(row_bytes).zip(hashes.chunks_exact_mut(FIELD_BYTES)) {
        state[0] = Fr::ZERO;
        for (element, bytes) in state[1..width].iter_mut().zip(row.chunks_exact(FIELD_BYTES)) {
            *element = scalar(bytes, "inputs")?;
        }
        permute(&mut state[..width]);
        write_scalar(state[0], hash);
    }
    Ok(())
}

/// Eight rows at a time; a single one that is left over is faster by itself.
#[cfg(target_arch = "x86_64")]
fn hash_rows_in_lanes<const T: usize>(rows: &[u8], hashes: &mut [u8]) -> Result<(), Refusal> {
    use crate::points::canonical;
    use lanes::LANES;

    let row_bytes = (T - 1) * FIELD_BYTES;
    let mut inputs = [[BigInt::new([0; 4]); LANES]; LARGEST_WIDTH];
    for (rows, hashes) in rows.chunks(LANES * row_bytes).zip(hashes.chunks_mut(LANES * FIELD_BYTES)) {
        if rows.len() == row_bytes {
            return hash_rows_singly(T, rows, hashes);
        }
        for (lane, row) in rows.chunks_exact(row_bytes).enumerate() {
            for (place, bytes) in row.chunks_exact(FIELD_BYTES).enumerate() {
                inputs[place][lane] = canonical(bytes, "inputs")?;
            }
        }
        let results = Instance::<T>::wiring().hash(&inputs[..T - 1]);
        for (value, hash) in results.into_iter().zip(hashes.chunks_exact_mut(FIELD_BYTES)) {
            write_integer(value, hash);
        }
    }
    Ok(())
}

/// The 32 canonical bytes of a scalar.
pub(crate) fn write_scalar(value: Fr, bytes: &mut [u8]) {
    write_integer(value.into_bigint(), bytes);
}

fn write_integer(value: BigInt<4>, bytes: &mut [u8]) {
    for (limb, chunk) in value.0.iter().zip(bytes.chunks_exact_mut(8)) {
        chunk.copy_from_slice(&limb.to_le_bytes());
    }
}

/// Hash every row; `threads` of nought means as many as there are cores.
fn hash_all(width: usize, rows: &[u8], hashes: &mut [u8], threads: usize) -> Result<(), Refusal> {
    let count = hashes.len() / FIELD_BYTES;
    let cores = || thread::available_parallelism().map_or(1, NonZero::get);
    let threads = if threads == 0 { cores() } else { threads }.min(count.div_ceil(LEAST_SHARE)).max(1);
    let share = count.div_ceil(threads).next_multiple_of(LEAST_SHARE);
    if threads == 1 {
        return hash_rows(width, rows, hashes);
    }
    let shares = rows.chunks(share * (width - 1) * FIELD_BYTES).zip(hashes.chunks_mut(share * FIELD_BYTES));
    thread::scope(|scope| {
        let workers: Vec<_> =
            shares.map(|(rows, hashes)| scope.spawn(move || hash_rows(width, rows, hashes))).collect();
        workers.into_iter().try_for_each(|worker| {
            worker.join().unwrap_or_else(|_| Err(Refusal::broken_invariant("a panic in a thread")))
        })
    })
}

/// Fewer hashes than this are not worth a thread.
const LEAST_SHARE: usize = 16;

/// The hash of each row of `width - 1` scalars.
#[pyfunction]
pub(crate) fn poseidon_hash_many(py: Python<'_>, width: usize, rows: &[u8], threads: usize) -> PyResult<Py<PyBytes>> {
    if !(SMALLEST_WIDTH..=LARGEST_WIDTH).contains(&width) {
        return Err(Refusal::misuse("OUT_OF_BOUNDS", "width", &width.to_string(), "a width of 2 to 17").into());
    }
    let row_bytes = (width - 1) * FIELD_BYTES;
    if !rows.len().is_multiple_of(row_bytes) {
        return Err(Refusal::wrong_count("rows", rows.len(), rows.len().next_multiple_of(row_bytes)).into());
    }
    let hashes = rows.len() / row_bytes * FIELD_BYTES;
    let bytes = PyBytes::new_with(py, hashes, |hashes| {
        detached(py, AssertUnwindSafe(|| hash_all(width, rows, hashes, threads)))
    })?;
    Ok(bytes.unbind())
}
