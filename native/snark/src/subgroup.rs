//! Whether points of the twist have order r, many at once.
//!
//! The twist has `r * 10069 * 5864401 * ...` points. A sum of the points with random factors of 16 bits leaves the
//! subgroup with all but one chance in 9,362 if one of them lies outside: with each of `SUMS` sums, drawn anew by whoever
//! checks, the chance to pass is divided by as much again. One sum costs two additions for each point, where the check of
//! a single point costs a multiplication by 64 bits.

use std::sync::Mutex;

use ark_bn254::G2Projective;
use ark_ec::CurveGroup;
use rand::RngCore;
use rand::rngs::OsRng;

use crate::curve::{G2, Kernel};
use crate::msm::{self, Scalar, Worker};
use crate::refusal::Refusal;
use crate::schedule;
use crate::tables::Table;

/// All of them together let a point pass with a chance of `2^-52`.
const SUMS: usize = 4;

/// Refuse a table whose points, which are on the twist, are not all in the subgroup.
pub(crate) fn require_all(table: &Table<G2>, kernel: Kernel, threads: usize) -> Result<(), Refusal> {
    for bases in &table.bases {
        let factors = (0..SUMS).map(|_| draw_factors(bases.scalars.iter().max().map_or(0, |most| *most as usize + 1)));
        let factors = factors.collect::<Result<Vec<_>, _>>()?;
        let sums: [Mutex<G2Projective>; SUMS] = Default::default();
        schedule::run(
            threads,
            || Worker::new(kernel),
            |queue| {
                for (factors, sum) in factors.iter().zip(&sums) {
                    let put = move |_: &_, total| *sum.lock().expect("nothing panics with it") = total;
                    msm::start::<G2>(queue, kernel, &table.points, bases, factors, put);
                }
            },
        );
        for sum in sums {
            let sum = sum.into_inner().expect("nothing panics with it").into_affine();
            if !sum.is_in_correct_subgroup_assuming_on_curve() {
                let (found, expected) = ("a point outside the subgroup", "points of order r");
                return Err(Refusal::rejected("V16_OUTSIDE_SUBGROUP", "points B2", found, expected));
            }
        }
    }
    Ok(())
}

/// So many factors of 16 bits, from the operating system.
fn draw_factors(count: usize) -> Result<Vec<Scalar>, Refusal> {
    let mut bytes = vec![0; 2 * count];
    OsRng.try_fill_bytes(&mut bytes).map_err(|error| Refusal::no_randomness(&error.to_string()))?;
    let factor = |pair: &[u8]| Scalar::of([u64::from(u16::from_le_bytes([pair[0], pair[1]])), 0, 0, 0]);
    Ok(bytes.chunks_exact(2).map(factor).collect())
}
