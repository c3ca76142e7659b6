//! The one place where a refusal of this crate becomes an exception of `margin.errors`.

use pyo3::prelude::*;
use pyo3::types::PyDict;

/// `field` was `found` where `expected` was asked for. `error` and `reason` are names in `margin.errors`.
#[derive(Debug)]
pub(crate) struct Refusal {
    error: &'static str,
    reason: &'static str,
    field: String,
    found: String,
    expected: String,
}

impl Refusal {
    pub(crate) fn out_of_bounds(field: &str, found: &str, expected: &str) -> Self {
        Self::malformed("OUT_OF_BOUNDS", field, found, expected)
    }

    pub(crate) fn not_a_choice(field: &str, found: &str, choices: &[&str]) -> Self {
        Self::malformed("NOT_A_CHOICE", field, found, &format!("one of {}", choices.join(", ")))
    }

    pub(crate) fn wrong_count(field: &str, found: usize, expected: usize) -> Self {
        Self::malformed("WRONG_COUNT", field, &found.to_string(), &expected.to_string())
    }

    /// A panic: a fault of this crate, after which nothing that it computed may be used.
    pub(crate) fn broken_invariant(found: &str) -> Self {
        let (field, expected) = ("margin._native".into(), "no panic".into());
        Self { error: "InternalError", reason: "BROKEN_INVARIANT", field, found: found.into(), expected }
    }

    fn malformed(reason: &'static str, field: &str, found: &str, expected: &str) -> Self {
        let (field, found, expected) = (field.into(), found.into(), expected.into());
        Self { error: "MalformedError", reason, field, found, expected }
    }
}

impl From<Refusal> for PyErr {
    fn from(refusal: Refusal) -> Self {
        Python::attach(|py| python_error(py, &refusal).unwrap_or_else(|error| error))
    }
}

fn python_error(py: Python<'_>, refusal: &Refusal) -> PyResult<PyErr> {
    let errors = py.import("margin.errors")?;
    let reason = errors.getattr("Reason")?.get_item(refusal.reason)?;
    let named = PyDict::new(py);
    named.set_item("found", &refusal.found)?;
    named.set_item("expected", &refusal.expected)?;
    errors.getattr(refusal.error)?.call((reason, &refusal.field), Some(&named)).map(PyErr::from_value)
}
