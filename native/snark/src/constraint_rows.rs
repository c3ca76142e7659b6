//! The constraints of a `.r1cs` turned into columns: for each wire, in which rows of A, B and C it stands and how many times.
//!
//! The points of a key are sums over these terms. Most factors are one or minus one, and cost an addition; the others are
//! multiplied in step, those of like length together.

use std::collections::HashMap;
use std::collections::hash_map::Entry as Known;
use std::ops::Range;
use std::panic::AssertUnwindSafe;

use ark_bn254::{Fr, FrConfig};
use ark_ff::{BigInt, Field, MontConfig};
use pyo3::prelude::*;

use crate::bulk::{Columnar, Place, Workshop, append_all};
use crate::container::{ELEMENT, Reader, below, write_words};
use crate::curve::{Group, Kernel};
use crate::lattice::longest;
use crate::lockstep::{multiply_each, u32_of};
use crate::pairs::{Adder, table_entry};
use crate::refusal::{Refusal, detached};
use crate::wiped::Secret;

const MATRICES: usize = 3;
/// Terms that one thread takes at a time, unless a single wire has more.
const TASK_TERMS: usize = 2048;

/// Terms of one matrix, wire by wire.
#[derive(Default)]
struct Matrix {
    /// Where the terms of each wire begin; one more at the end.
    starts: Vec<usize>,
    /// The row, and the number of the factor.
    terms: Vec<(u32, u32)>,
}

impl Matrix {
    /// Terms in the order of their rows, sorted by wire.
    fn sort(terms: &[(u32, u32, u32)], wires: usize) -> Self {
        let mut starts = vec![0; wires + 1];
        for (wire, ..) in terms {
            starts[*wire as usize + 1] += 1;
        }
        for wire in 0..wires {
            starts[wire + 1] += starts[wire];
        }
        let mut next = starts.clone();
        let mut sorted = vec![(0, 0); terms.len()];
        for &(wire, row, factor) in terms {
            sorted[next[wire as usize]] = (row, factor);
            next[wire as usize] += 1;
        }
        Self { starts, terms: sorted }
    }

    fn of_wire(&self, wire: usize) -> &[(u32, u32)] {
        &self.terms[self.starts[wire]..self.starts[wire + 1]]
    }
}

/// Factors, each once.
#[derive(Default)]
struct Factors {
    numbers: HashMap<[u8; ELEMENT], u32>,
    values: Vec<Fr>,
}

impl Factors {
    /// The number of a factor; `None` if it is not below r.
    fn number(&mut self, bytes: &[u8]) -> Option<u32> {
        match self.numbers.entry(bytes.try_into().ok()?) {
            Known::Occupied(known) => Some(*known.get()),
            Known::Vacant(place) => {
                let limbs = below(bytes, &FrConfig::MODULUS)?;
                let number = u32::try_from(self.values.len()).ok()?;
                self.values.push(FrConfig::from_bigint(BigInt::new(limbs))?);
                Some(*place.insert(number))
            }
        }
    }
}

/// A constraint system by its columns.
#[pyclass(frozen, module = "snark._native")]
pub(crate) struct ConstraintRows {
    matrices: [Matrix; MATRICES],
    factors: Vec<Fr>,
    coefficients: Vec<u8>,
}

#[pymethods]
impl ConstraintRows {
    /// From the section of constraints. A row behind them for each public wire, and for the one, ties it to a polynomial of
    /// its own.
    #[new]
    fn new(
        py: Python<'_>,
        section: &[u8],
        wires: usize,
        public: usize,
        constraints: usize,
        name: &str,
    ) -> PyResult<Self> {
        detached(py, AssertUnwindSafe(|| Self::read(section, wires, public, constraints, name)))
    }

    /// The section of coefficients of a key: the terms of the first two matrices, as a prover reads them.
    fn coefficients(&self, py: Python<'_>) -> Py<pyo3::types::PyBytes> {
        pyo3::types::PyBytes::new(py, &self.coefficients).unbind()
    }
}

/// What is being read.
struct Terms<'a> {
    reader: Reader<'a>,
    name: &'a str,
    wires: usize,
    factors: Factors,
    /// In which side of which constraint each wire was seen last.
    seen: Vec<usize>,
    matrices: [Vec<(u32, u32, u32)>; MATRICES],
    coefficients: Vec<u8>,
    count: u32,
}

impl Terms<'_> {
    fn read_side(&mut self, row: u32, matrix: usize) -> Result<(), Refusal> {
        let side = row as usize * MATRICES + matrix + 1;
        let count = self.reader.u32()?;
        for _ in 0..count {
            let wire = self.reader.u32()?;
            let factor = self.reader.take(ELEMENT)?;
            let place = || format!("{}: constraint {row}.{}", self.name, ["a", "b", "c"][matrix]);
            let Some(seen) = self.seen.get_mut(wire as usize) else {
                let expected = format!("a number below {}, the count of wires", self.wires);
                return Err(Refusal::malformed("F14_INDEX_OUT_OF_RANGE", &place(), &wire.to_string(), &expected));
            };
            if std::mem::replace(seen, side) == side {
                let found = format!("{count} terms, of wire {wire} two");
                return Err(Refusal::malformed("F16_DUPLICATE_TERM", &place(), &found, "each wire once"));
            }
            let Some(number) = self.factors.number(factor) else {
                let found = "a coefficient not below r";
                return Err(Refusal::malformed("F15_NOT_CANONICAL", &place(), found, "a number below r"));
            };
            self.add(matrix, row, wire, number);
        }
        Ok(())
    }

    fn add(&mut self, matrix: usize, row: u32, wire: u32, factor: u32) {
        self.matrices[matrix].push((wire, row, factor));
        if matrix < 2 {
            self.count += 1;
            for number in [u32_of(matrix), row, wire] {
                self.coefficients.extend(number.to_le_bytes());
            }
            // In Montgomery form twice over: the product with a plain number then is in Montgomery form.
            let again = Fr::new_unchecked(FrConfig::R2);
            write_words(&mut self.coefficients, (self.factors.values[factor as usize] * again).0.0);
        }
    }
}

impl ConstraintRows {
    fn read(section: &[u8], wires: usize, public: usize, constraints: usize, name: &str) -> Result<Self, Refusal> {
        let rows = constraints.checked_add(public).and_then(|rows| u32::try_from(rows + 1).ok());
        let (Some(_), true) = (rows, public < wires) else {
            return Err(Refusal::malformed("F13_COUNTS_DISAGREE", name, "too many rows", "rows that 32 bits count"));
        };
        let mut terms = Terms {
            reader: Reader::new(section, name),
            name,
            wires,
            factors: Factors::default(),
            seen: vec![0; wires],
            matrices: Default::default(),
            coefficients: vec![0; 4],
            count: 0,
        };
        for row in 0..u32_of(constraints) {
            (0..MATRICES).try_for_each(|matrix| terms.read_side(row, matrix))?;
        }
        terms.reader.end()?;
        let mut one = [0; ELEMENT];
        one[0] = 1;
        let one = terms.factors.number(&one).expect("one is below r");
        for wire in 0..=public {
            terms.add(0, u32_of(constraints + wire), u32_of(wire), one);
        }
        terms.coefficients[..4].copy_from_slice(&terms.count.to_le_bytes());
        let matrices = terms.matrices.map(|terms| Matrix::sort(&terms, wires));
        Ok(Self { matrices, factors: terms.factors.values, coefficients: terms.coefficients })
    }

    /// The sums of some wires, as points in files.
    pub(crate) fn combine<G: Columnar>(
        &self,
        workshop: Workshop,
        columns: &[(usize, &[u8], &str)],
        wires: Range<usize>,
    ) -> Result<Vec<u8>, Refusal> {
        let known = self.matrices[0].starts.len() - 1;
        if wires.start > wires.end || wires.end > known || columns.iter().any(|column| column.0 >= MATRICES) {
            return Err(Refusal::wrong_count("wires", wires.end, known));
        }
        let mut sums = vec![0; wires.len() * G::BYTES];
        let mut tasks = Vec::new();
        let mut rest = sums.as_mut_slice();
        for task in self.cut(columns, wires) {
            let (place, left) = rest.split_at_mut(task.len() * G::BYTES);
            rest = left;
            tasks.push((task, place));
        }
        workshop.run(tasks.into_iter(), |worker, (wires, place)| {
            let mut content = Vec::with_capacity(place.len());
            let sums = self.sum_wires::<G>(workshop.kernel, G::adder(worker), columns, wires)?;
            append_all::<G>(workshop.kernel, &mut content, &sums);
            place.copy_from_slice(&content);
            Ok(())
        })?;
        Ok(sums)
    }

    /// Ranges of wires with about as many terms each.
    fn cut(&self, columns: &[(usize, &[u8], &str)], wires: Range<usize>) -> Vec<Range<usize>> {
        let mut tasks = Vec::new();
        let (mut begin, mut terms) = (wires.start, 0);
        for wire in wires.clone() {
            terms += 1 + columns.iter().map(|column| self.matrices[column.0].of_wire(wire).len()).sum::<usize>();
            if terms >= TASK_TERMS {
                tasks.push(begin..wire + 1);
                (begin, terms) = (wire + 1, 0);
            }
        }
        tasks.push(begin..wires.end);
        tasks
    }

    fn sum_wires<G: Columnar>(
        &self,
        kernel: Kernel,
        adder: &mut Adder<G>,
        columns: &[(usize, &[u8], &str)],
        wires: Range<usize>,
    ) -> Result<Secret<G::Point>, Refusal> {
        let (mut table, mut factors, mut sizes) = (Vec::new(), Vec::new(), Vec::new());
        for wire in wires {
            let before = table.len();
            for &(matrix, points, name) in columns {
                for &(row, factor) in self.matrices[matrix].of_wire(wire) {
                    let point = read_row::<G>(kernel, points, row as usize, name)?;
                    let factor = self.factors[factor as usize];
                    if point != G::INFINITY && factor != Fr::from(0_u64) {
                        table.push(point);
                        factors.push(factor);
                    }
                }
            }
            sizes.push(u32_of(table.len() - before));
        }
        let entries = multiply_terms(kernel, adder, &mut table, &factors);
        Ok(adder.sum_groups(&table, entries, &sizes))
    }
}

fn read_row<G: Columnar>(kernel: Kernel, points: &[u8], row: usize, name: &str) -> Result<G::Point, Refusal> {
    let Some(bytes) = points.get(row * G::BYTES..(row + 1) * G::BYTES) else {
        return Err(Refusal::wrong_count(name, points.len() / G::BYTES, row + 1));
    };
    let place = Place { name, first: row };
    crate::bulk::read_points::<G>(kernel, bytes, place).map(|points| points[0])
}

/// Multiply the points of a table in their places; the entries say which are to be taken off.
fn multiply_terms<G: Columnar>(
    kernel: Kernel,
    adder: &mut Adder<G>,
    table: &mut [<G as Group>::Point],
    factors: &[Fr],
) -> Vec<u32> {
    let one = Fr::ONE;
    let mut others: Vec<usize> =
        (0..table.len()).filter(|&index| factors[index] != one && factors[index] != -one).collect();
    others.sort_by_cached_key(|&index| longest(&G::split(factors[index])));
    for indices in others.chunks(G::TASK) {
        let points: Vec<_> = indices.iter().map(|&index| table[index]).collect();
        let scalars: Vec<_> = indices.iter().map(|&index| factors[index]).collect();
        for (&index, product) in indices.iter().zip(multiply_each(kernel, adder, &points, &scalars)) {
            table[index] = product;
        }
    }
    (0..table.len()).map(|index| table_entry(u32_of(index), factors[index] == -one)).collect()
}
