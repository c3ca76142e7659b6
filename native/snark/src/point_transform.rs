//! The inverse Fourier transform of points: from powers of tau to the Lagrange basis of a domain.
//!
//! In place, by halves: places in bit-reversed order first, then levels of butterflies `a + w b, a - w b`. Each level's
//! products are taken in step, and the share `1 / n` comes into the last one.

use ark_bn254::Fr;
use ark_ff::{Field, PrimeField};
use pyo3::prelude::*;

use crate::bulk::{Columnar, Place, Workshop, add_each, append_all, read_points};
use crate::container::ELEMENT;
use crate::lockstep::multiply_each;
use crate::ntt;
use crate::pairs::Adder;
use crate::points::scalar;
use crate::refusal::{Refusal, detached};

/// The largest domain that there is a root for, with a domain of twice its size.
const MOST_BITS: u32 = ntt::MOST_BITS + 1;

fn bits_of(field: &str, count: usize) -> Result<u32, Refusal> {
    if count.is_power_of_two() && count.trailing_zeros() <= MOST_BITS {
        return Ok(count.trailing_zeros());
    }
    Err(Refusal::misuse("WRONG_COUNT", field, &count.to_string(), &format!("a power of two up to 2^{MOST_BITS}")))
}

/// `(1/n) sum_i w^(-ij) point[i]` for each j, one level of butterflies after the other.
pub(crate) struct Interpolation<G: Columnar> {
    workshop: Workshop,
    values: Vec<G::Point>,
    /// The powers of the inverse root.
    twiddles: Vec<Fr>,
    pub(crate) levels: u32,
}

impl<G: Columnar> Interpolation<G> {
    pub(crate) fn begin(workshop: Workshop, points: &[u8], place: Place<'_>) -> Result<Self, Refusal> {
        let values = ntt::reversed(&read_points::<G>(workshop.kernel, points, place)?);
        let levels = bits_of(place.name, values.len())?;
        let backwards = ntt::root_of_unity(levels).inverse().expect("a root is not zero");
        let twiddles = ntt::powers(backwards, Fr::ONE, values.len() / 2);
        Ok(Self { workshop, values, twiddles, levels })
    }

    pub(crate) fn advance(&mut self, number: u32) -> Result<(), Refusal> {
        let share = Fr::from(self.values.len() as u64).inverse().expect("a count is not zero");
        let share = (number + 1 == self.levels).then_some(share);
        let level = Level { half: 1 << number, twiddles: &self.twiddles, share };
        let mut sums = vec![(G::INFINITY, G::INFINITY); self.values.len() / 2];
        self.workshop.run(sums.chunks_mut(G::TASK).enumerate(), |worker, (task, sums)| {
            level.cross(self.workshop, G::adder(worker), &self.values, task * G::TASK, sums);
            Ok(())
        })?;
        for (number, (low, high)) in sums.into_iter().enumerate() {
            let place = level.low_place(number);
            self.values[place] = low;
            self.values[place + level.half] = high;
        }
        Ok(())
    }

    pub(crate) fn finish(&self) -> Vec<u8> {
        let mut content = Vec::with_capacity(self.values.len() * G::BYTES);
        append_all::<G>(self.workshop.kernel, &mut content, &self.values);
        content
    }
}

/// Butterflies between places that are `half` apart.
struct Level<'a> {
    half: usize,
    /// The powers of the inverse root of the whole domain.
    twiddles: &'a [Fr],
    share: Option<Fr>,
}

impl Level<'_> {
    fn low_place(&self, number: usize) -> usize {
        number / self.half * 2 * self.half + number % self.half
    }

    fn twiddle(&self, number: usize) -> Fr {
        self.twiddles[number % self.half * (self.twiddles.len() / self.half)]
    }

    /// Some of the butterflies, from the number `first`.
    fn cross<G: Columnar>(
        &self,
        workshop: Workshop,
        adder: &mut Adder<G>,
        values: &[G::Point],
        first: usize,
        sums: &mut [(G::Point, G::Point)],
    ) {
        let numbers = first..first + sums.len();
        let mut low: Vec<G::Point> = numbers.clone().map(|number| values[self.low_place(number)]).collect();
        let mut high: Vec<G::Point> =
            numbers.clone().map(|number| values[self.low_place(number) + self.half]).collect();
        let share = self.share.unwrap_or(Fr::ONE);
        if self.half > 1 || self.share.is_some() {
            let factors: Vec<Fr> = numbers.map(|number| self.twiddle(number) * share).collect();
            high = multiply_each(workshop.kernel, adder, &high, &factors);
        }
        if self.share.is_some() {
            low = multiply_each(workshop.kernel, adder, &low, &vec![share; low.len()]);
        }
        let (plus, minus) = (add_each(adder, &low, &high, false), add_each(adder, &low, &high, true));
        for (sum, both) in sums.iter_mut().zip(plus.into_iter().zip(minus)) {
            *sum = both;
        }
    }
}

/// `sum_i value[i] w^(ij)` for each j, of scalars.
#[pyfunction]
pub(crate) fn transform_scalars(py: Python<'_>, scalars: &[u8]) -> PyResult<Vec<u8>> {
    detached(py, || {
        let bits = bits_of("scalars", scalars.len() / ELEMENT)?;
        let read = |bytes| scalar(bytes, "scalars");
        let mut values = ntt::reversed(&scalars.chunks_exact(ELEMENT).map(read).collect::<Result<Vec<_>, _>>()?);
        let factors = ntt::powers(ntt::root_of_unity(bits), Fr::ONE, values.len() / 2);
        ntt::to_values(&mut values, &factors);
        Ok(values.iter().flat_map(|value| value.into_bigint().0).flat_map(u64::to_le_bytes).collect())
    })
}
