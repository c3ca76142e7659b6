//! The tower of fields that the pairing lives in, written for its speed.
//!
//! `F_p2 = F_p[i] / (i^2 + 1)`, `F_p6 = F_p2[v] / (v^3 - xi)`, `F_p12 = F_p6[w] / (w^2 - v)` with `xi = 9 + i`. Elements
//! have the same Montgomery form as those of arkworks, which the tests hold every operation against. Nothing here
//! is secret: proofs, keys and inputs are public, so the time may depend on them.

mod fp;
mod fp12;
mod fp2;
mod fp6;

pub(crate) use fp::Fp;
pub(crate) use fp2::Fp2;
#[cfg(test)]
pub(crate) use fp6::Fp6;
pub(crate) use fp12::{Fp12, frobenius_factor};
