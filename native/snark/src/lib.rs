//! The proof system where it has to be fast: Groth16 over BN254.
//!
//! Everything here is already right in Python: the package `snark` holds the reference that every result is tested
//! against. This crate is only faster. It is imported as `snark._native` and knows no margin. One file holds one
//! subject; this one only registers what Python sees.

mod aligned;
mod blake2b;
mod bulk;
mod constraint_rows;
mod container;
mod curve;
mod development;
mod from_inputs;
#[cfg(target_arch = "x86_64")]
mod ifma;
#[cfg(target_arch = "x86_64")]
mod inversion;
mod lattice;
mod lockstep;
mod msm;
mod ntt;
mod pairing;
mod pairs;
mod point_transform;
mod points;
mod poseidon;
mod program;
mod prover;
mod proving;
mod refusal;
mod schedule;
mod sealed;
mod secrets;
mod subgroup;
mod sums;
mod tables;
mod tower;
mod verifier;
mod wiped;
mod zkey;

use pyo3::pymodule;

/// What Python sees as `snark._native`.
#[pymodule]
mod _native {
    use pyo3::prelude::*;

    #[pymodule_export]
    use crate::blake2b::Blake2b;
    #[pymodule_export]
    use crate::bulk::BulkGroup;
    #[pymodule_export]
    use crate::constraint_rows::ConstraintRows;
    #[pymodule_export]
    use crate::from_inputs::prove_from_inputs;
    #[pymodule_export]
    use crate::point_transform::transform_scalars;
    #[pymodule_export]
    use crate::points::{
        g1_add, g1_multiply, g2_add, g2_multiply, pairing, pairing_product_is_one, require_in_g1, require_in_g2,
    };
    #[pymodule_export]
    use crate::poseidon::poseidon_hash_many;
    #[pymodule_export]
    use crate::program::WitnessProgram;
    #[pymodule_export]
    use crate::proving::{ProvingKey, make_development_key, sum_of_multiples_g1, sum_of_multiples_g2};
    #[pymodule_export]
    use crate::secrets::{Secret, SecretStream};
    #[pymodule_export]
    use crate::verifier::{PreparedKey, check_batch};

    /// The version of this crate, which is the version of the distribution it was built with.
    #[pyfunction]
    fn version() -> &'static str {
        env!("CARGO_PKG_VERSION")
    }
}
