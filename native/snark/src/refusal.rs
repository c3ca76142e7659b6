//! The one place where a refusal of this crate becomes an exception of `snark.errors`.

use std::panic::{self, UnwindSafe};

use pyo3::prelude::*;
use pyo3::types::PyDict;

/// `field` was `found` where `expected` was asked for. `error` and `reason` are names in `snark.errors`.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    error: &'static str,
    reason: &'static str,
    field: String,
    found: String,
    expected: String,
}

impl Refusal {
    /// What was given cannot be read as what it claims to be.
    pub(crate) fn malformed(reason: &'static str, field: &str, found: &str, expected: &str) -> Self {
        Self::of("MalformedError", reason, field, found, expected)
    }

    /// A check of the proof system says no.
    pub(crate) fn rejected(reason: &'static str, field: &str, found: &str, expected: &str) -> Self {
        Self::of("RejectedError", reason, field, found, expected)
    }

    /// What was asked for is not there to be had.
    pub(crate) fn misuse(reason: &'static str, field: &str, found: &str, expected: &str) -> Self {
        Self::of("MisuseError", reason, field, found, expected)
    }

    /// As many of something as there may not be.
    pub(crate) fn wrong_count(field: &str, found: usize, expected: usize) -> Self {
        Self::malformed("WRONG_COUNT", field, &found.to_string(), &expected.to_string())
    }

    /// A panic: a fault of this crate, after which nothing that it computed may be used.
    pub(crate) fn broken_invariant(found: &str) -> Self {
        Self::of("InternalError", "BROKEN_INVARIANT", "snark._native", found, "no panic")
    }

    /// A file that the operating system does not hand over.
    pub(crate) fn unreadable(field: &str, found: &str) -> Self {
        Self::malformed("F01_NOT_READABLE", field, found, "a file that can be read")
    }

    /// The operating system has no randomness to give: without it nothing is hidden.
    pub(crate) fn no_randomness(found: &str) -> Self {
        Self::of("InternalError", "BROKEN_INVARIANT", "randomness", found, "randomness from the operating system")
    }

    /// The same as data, of the thing at `place` of many.
    pub(crate) fn about(self, place: usize) -> (usize, &'static str, String, String, String) {
        (place, self.reason, self.field, self.found, self.expected)
    }

    fn of(error: &'static str, reason: &'static str, field: &str, found: &str, expected: &str) -> Self {
        let (field, found, expected) = (field.into(), found.into(), expected.into());
        Self { error, reason, field, found, expected }
    }
}

/// Do `work` without the interpreter lock; a panic reaches Python as an internal error and not as a crash.
pub(crate) fn detached<T: Send>(
    py: Python<'_>,
    work: impl FnOnce() -> Result<T, Refusal> + Send + UnwindSafe,
) -> PyResult<T> {
    Ok(py.detach(|| panic::catch_unwind(work).unwrap_or_else(|_| Err(Refusal::broken_invariant("a panic"))))?)
}

impl From<Refusal> for PyErr {
    fn from(refusal: Refusal) -> Self {
        Python::attach(|py| python_error(py, &refusal).unwrap_or_else(|error| error))
    }
}

fn python_error(py: Python<'_>, refusal: &Refusal) -> PyResult<PyErr> {
    let errors = py.import("snark.errors")?;
    let reason = errors.getattr("Reason")?.get_item(refusal.reason)?;
    let named = PyDict::new(py);
    named.set_item("found", &refusal.found)?;
    named.set_item("expected", &refusal.expected)?;
    errors.getattr(refusal.error)?.call((reason, &refusal.field), Some(&named)).map(PyErr::from_value)
}
