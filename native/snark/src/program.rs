//! Witness programs: from inputs to the whole assignment of wires, in a straight line.
//!
//! The format and every operation are written down in `snark/r1cs/program`, whose interpreter this executor equals.
//! Everything that a program refers to is checked once, when it is decoded: an execution can only fail by a rule.

mod decode;
mod execute;
mod integers;
mod operation;

use std::panic::AssertUnwindSafe;

use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, Field};
use pyo3::buffer::PyBuffer;
use pyo3::prelude::*;
use zeroize::Zeroizing;

use crate::points::FIELD_BYTES;
use crate::poseidon::write_scalar;
use crate::refusal::{Refusal, detached};
use crate::wiped::WipedElements;

use operation::Instruction;

/// A named input: so many elements, each below two to the power of `bits`.
struct Input {
    name: String,
    size: usize,
    bits: u32,
}

/// A decoded program, in which everything refers to something that is there.
pub(crate) struct Program {
    made_for: [u8; 32],
    inputs: Vec<Input>,
    input_elements: usize,
    constants: Vec<Fr>,
    /// Each entry is the number of a constant.
    tables: Vec<Vec<u32>>,
    rules: Vec<String>,
    instructions: Vec<Instruction>,
    /// The lists of all instructions, one after the other.
    lists: Vec<u32>,
    cells: usize,
    wires: Vec<u32>,
    outputs: usize,
    public_inputs: usize,
}

impl Program {
    /// How many wires an execution fills, the constant one with them.
    pub(crate) fn wires(&self) -> usize {
        self.wires.len()
    }

    /// How many of them anyone may see: outputs and public inputs.
    pub(crate) fn public_wires(&self) -> usize {
        self.outputs + self.public_inputs
    }

    /// Fill `wires` with 32 canonical bytes for each wire, as `.wtns` has them.
    ///
    /// `elements` has 32 canonical bytes for each element of each input. What is in between is wiped; both buffers
    /// are their owner's to wipe.
    pub(crate) fn run_into(&self, elements: &[u8], wires: &mut [u8]) -> Result<(), Refusal> {
        if wires.len() != self.wires.len() * FIELD_BYTES {
            return Err(Refusal::wrong_count("wires", wires.len(), self.wires.len() * FIELD_BYTES));
        }
        let cells = self.execute(elements)?;
        for (&cell, bytes) in self.wires.iter().zip(wires.chunks_exact_mut(FIELD_BYTES)) {
            let value = cells[cell as usize];
            if value == Fr::ZERO || value == Fr::ONE {
                bytes.fill(0);
                bytes[0] = u8::from(value == Fr::ONE);
            } else {
                write_scalar(value, bytes);
            }
        }
        Ok(())
    }
}

/// A decoded witness program, as Python holds it.
#[pyclass(frozen, module = "snark._native")]
pub(crate) struct WitnessProgram {
    pub(crate) program: Program,
}

#[pymethods]
impl WitnessProgram {
    #[new]
    fn new(py: Python<'_>, data: &[u8]) -> PyResult<Self> {
        Ok(Self { program: detached(py, || Program::decode(data))? })
    }

    /// The SHA-256 of what the wires belong to.
    #[getter]
    fn made_for(&self) -> [u8; 32] {
        self.program.made_for
    }

    /// Name, size and bits of each input.
    #[getter]
    fn inputs(&self) -> Vec<(String, usize, u32)> {
        self.program.inputs.iter().map(|input| (input.name.clone(), input.size, input.bits)).collect()
    }

    /// How many wires there are.
    #[getter]
    fn wires(&self) -> usize {
        self.program.wires()
    }

    /// How many of them are outputs.
    #[getter]
    fn outputs(&self) -> usize {
        self.program.outputs
    }

    /// How many of them are public inputs.
    #[getter]
    fn public_inputs(&self) -> usize {
        self.program.public_inputs
    }

    /// Fill `wires` from `elements`, without the interpreter lock.
    fn execute_into(&self, py: Python<'_>, elements: PyBuffer<u8>, wires: PyBuffer<u8>) -> PyResult<()> {
        let given = Zeroizing::new(elements.to_vec(py)?);
        let size = self.program.wires() * FIELD_BYTES;
        if wires.len_bytes() != size {
            return Err(Refusal::wrong_count("wires", wires.len_bytes(), size).into());
        }
        let mut filled = WipedElements::zeros(self.program.wires());
        detached(py, AssertUnwindSafe(|| self.program.run_into(&given, filled.bytes_mut())))?;
        wires.copy_from_slice(py, filled.bytes())
    }
}
