//! The rules of margin over whole columns of positions, in exact integers.
//!
//! Everything here is already right in Python: the package `margin` is the reference that every result is tested
//! against. This crate is only faster. It is imported as `margin._native` and knows no cryptography.

mod columns;
mod division;
mod evaluation;
mod liquidation;
mod position;
mod refusal;
mod requirement;
mod terms;

use pyo3::pymodule;

/// What Python sees as `margin._native`.
#[pymodule]
mod _native {
    use std::panic;

    use pyo3::buffer::PyBuffer;
    use pyo3::prelude::*;

    use crate::columns::{PositionColumns, ResultColumns};
    use crate::evaluation::evaluate;
    use crate::refusal::Refusal;
    use crate::terms::{GivenTerms, Terms};

    /// The version of this crate, which is the version of the distribution it was built with.
    #[pyfunction]
    fn version() -> &'static str {
        env!("CARGO_PKG_VERSION")
    }

    /// Evaluate the positions in `inputs` into `outputs`, column by column in the order of `margin.columns`.
    ///
    /// Returns how many rows were refused, are liquidatable and are bankrupt, the equity of the others and what the
    /// bankrupt ones lack. The interpreter lock is released while rows are evaluated.
    #[pyfunction]
    fn evaluate_columns(
        py: Python<'_>,
        terms: GivenTerms,
        inputs: Vec<PyBuffer<u8>>,
        outputs: Vec<PyBuffer<u8>>,
    ) -> PyResult<(usize, usize, usize, u128, u128)> {
        let terms = Terms::of(&terms)?;
        let inputs = inputs.iter().map(|column| column.to_vec(py)).collect::<PyResult<Vec<_>>>()?;
        let results = py.detach(|| without_panic(|| evaluate_all(&terms, &inputs)))?;
        let columns = results.in_order();
        if columns.len() != outputs.len() {
            return Err(Refusal::wrong_count("outputs", outputs.len(), columns.len()).into());
        }
        for (output, column) in outputs.iter().zip(columns) {
            if output.len_bytes() != column.len() {
                return Err(Refusal::wrong_count("outputs", output.len_bytes(), column.len()).into());
            }
            output.copy_from_slice(py, column)?;
        }
        let totals = results.totals;
        Ok((totals.refused, totals.liquidatable, totals.bankrupt, totals.equity, totals.shortfall))
    }

    fn evaluate_all(terms: &Terms, inputs: &[Vec<u8>]) -> Result<ResultColumns, Refusal> {
        let positions = PositionColumns::of(inputs)?;
        let mut results = ResultColumns::with_capacity(positions.rows());
        for row in 0..positions.rows() {
            results.push(&evaluate(terms, &positions.position(row)));
        }
        Ok(results)
    }

    /// A panic is a fault of this crate; it reaches Python as an internal error and not as a crash of its own kind.
    fn without_panic<T>(work: impl FnOnce() -> Result<T, Refusal> + panic::UnwindSafe) -> Result<T, Refusal> {
        panic::catch_unwind(work).unwrap_or_else(|_| Err(Refusal::broken_invariant("a panic")))
    }
}
