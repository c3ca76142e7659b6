//! From inputs to a proof in one call: the witness is never anywhere but here, and is wiped.

use std::panic::AssertUnwindSafe;

use pyo3::buffer::PyBuffer;
use pyo3::prelude::*;
use zeroize::Zeroizing;

use crate::container::{write_point1, write_point2};
use crate::program::WitnessProgram;
use crate::proving::{ProofBytes, ProvingKey};
use crate::refusal::{Refusal, detached};
use crate::wiped::WipedElements;

/// Execute `program` with the elements of its inputs, and prove with `key` what comes out.
#[pyfunction]
pub(crate) fn prove_from_inputs(
    py: Python<'_>,
    program: &Bound<'_, WitnessProgram>,
    key: &Bound<'_, ProvingKey>,
    elements: PyBuffer<u8>,
    threads: usize,
    check: bool,
) -> PyResult<ProofBytes> {
    let elements = Zeroizing::new(elements.to_vec(py)?);
    let (program, prover) = (&program.get().program, &key.get().prover);
    detached(
        py,
        AssertUnwindSafe(|| {
            let (wires, public_inputs, ..) = prover.sizes();
            require_fits("wires", program.wires(), wires)?;
            require_fits("public wires", program.public_wires(), public_inputs)?;
            let mut values = WipedElements::zeros(wires);
            program.run_into(&elements, values.bytes_mut())?;
            let proof = prover.prove(values.bytes(), threads, check)?;
            let (mut a, mut b, mut c) = (Vec::new(), Vec::new(), Vec::new());
            write_point1(&mut a, &proof.a);
            write_point2(&mut b, &proof.b);
            write_point1(&mut c, &proof.c);
            Ok((a, b, c, prover.public_values(values.bytes()).to_vec()))
        }),
    )
}

/// A program of one circuit and the key of another do not go together.
fn require_fits(field: &str, program: usize, key: usize) -> Result<(), Refusal> {
    if program == key {
        return Ok(());
    }
    Err(Refusal::misuse("NOT_APPLICABLE", field, &program.to_string(), &format!("{key}, as the key has")))
}
