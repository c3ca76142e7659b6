//! The number theoretic transform, and the one thing that the prover does with it: from the values of a polynomial at the
//! powers of a root to its values at the points between them.
//!
//! The way to coefficients takes natural order and leaves bit-reversed order; the way back takes it so. Nothing is ever
//! permuted, everything happens in place, and both ways use the butterfly `a + w b, a - w b`.

use ark_bn254::{Fr, FrConfig};
use ark_ff::{FftField, Field, MontConfig};
use zeroize::Zeroizing;

use crate::curve::{Kernel, from_raw};
#[cfg(target_arch = "x86_64")]
use crate::ifma;

/// The largest domain that the field has a root of twice its order for.
pub(crate) const MOST_BITS: u32 = <Fr as FftField>::TWO_ADICITY - 1;

/// Values of a polynomial, secret as the witness is.
pub(crate) enum Values {
    Portable(Zeroizing<Vec<Fr>>),
    #[cfg(target_arch = "x86_64")]
    Ifma(Zeroizing<SecretBlocks>),
}

/// Blocks that know how to be forgotten.
#[cfg(target_arch = "x86_64")]
pub(crate) struct SecretBlocks(Vec<ifma::Block>);

#[cfg(target_arch = "x86_64")]
impl zeroize::Zeroize for SecretBlocks {
    fn zeroize(&mut self) {
        for block in &mut self.0 {
            block.zeroize();
        }
    }
}

/// The powers of one root, prepared.
pub(crate) struct Domain {
    size: usize,
    tables: Tables,
}

enum Tables {
    Portable {
        inverse: Vec<Fr>,
        shift: Vec<Fr>,
        forward: Vec<Fr>,
    },
    #[cfg(target_arch = "x86_64")]
    Ifma(ifma::Twiddles),
}

pub(crate) fn powers(root: Fr, first: Fr, count: usize) -> Vec<Fr> {
    std::iter::successors(Some(first), |power| Some(*power * root)).take(count).collect()
}

/// `values` with the bits of their places reversed.
pub(crate) fn reversed<T: Copy>(values: &[T]) -> Vec<T> {
    let bits = values.len().trailing_zeros();
    (0..values.len())
        .map(|place| values[if bits == 0 { 0 } else { place.reverse_bits() >> (usize::BITS - bits) }])
        .collect()
}

/// A root whose order is exactly `2^bits`: the one that snarkjs takes, a power of the smallest non-residue.
pub(crate) fn root_of_unity(bits: u32) -> Fr {
    let mut root = <Fr as FftField>::TWO_ADIC_ROOT_OF_UNITY;
    for _ in bits..<Fr as FftField>::TWO_ADICITY {
        root.square_in_place();
    }
    root
}

impl Domain {
    /// For polynomials of `2^bits` coefficients.
    pub(crate) fn new(bits: u32, kernel: Kernel) -> Self {
        let size = 1_usize << bits;
        let root = root_of_unity(bits);
        let backwards = root.inverse().expect("a root is not zero");
        let share = Fr::from(size as u64).inverse().expect("the size is not zero");
        let inverse = reversed(&powers(backwards, Fr::ONE, (size / 2).max(1)));
        let shift = reversed(&powers(root_of_unity(bits + 1), share, size));
        let forward = powers(root, Fr::ONE, (size / 2).max(1));
        let tables = match kernel {
            #[cfg(target_arch = "x86_64")]
            Kernel::Ifma if bits >= 6 => Tables::Ifma(twiddles(&inverse, &shift, &forward)),
            _ => Tables::Portable { inverse, shift, forward },
        };
        Self { size, tables }
    }

    /// The values as the transforms want them.
    pub(crate) fn import(&self, values: Zeroizing<Vec<Fr>>) -> Values {
        match &self.tables {
            Tables::Portable { .. } => Values::Portable(values),
            #[cfg(target_arch = "x86_64")]
            Tables::Ifma(_) => {
                let mut blocks = vec![ifma::Block::ZERO; self.size / ifma::LANES];
                for (block, values) in blocks.iter_mut().zip(values.chunks_exact(ifma::LANES)) {
                    for (lane, value) in values.iter().enumerate() {
                        block.set_lane(lane, value.0.0);
                    }
                }
                Values::Ifma(Zeroizing::new(SecretBlocks(blocks)))
            }
        }
    }

    /// `a * b`, value by value.
    #[allow(unsafe_code, reason = "the functions need instructions that the choice of the kernel has looked for")]
    pub(crate) fn multiply(a: &Values, b: &Values) -> Values {
        match (a, b) {
            (Values::Portable(a), Values::Portable(b)) => {
                Values::Portable(Zeroizing::new(a.iter().zip(b.iter()).map(|(a, b)| *a * b).collect()))
            }
            #[cfg(target_arch = "x86_64")]
            (Values::Ifma(a), Values::Ifma(b)) => {
                let mut products = vec![ifma::Block::ZERO; a.0.len()];
                // SAFETY: there are such values only where `Kernel::Ifma` was chosen, which is where they are there.
                unsafe { ifma::multiply_all(&a.0, &b.0, &mut products) };
                Values::Ifma(Zeroizing::new(SecretBlocks(products)))
            }
            #[cfg(target_arch = "x86_64")]
            _ => unreachable!("values of one domain are of one kind"),
        }
    }

    /// From the values at the powers of the root to those at the powers times the root of twice the order.
    #[allow(unsafe_code, reason = "the functions need instructions that the choice of the kernel has looked for")]
    pub(crate) fn shift(&self, values: &mut Values) {
        match (values, &self.tables) {
            (Values::Portable(values), Tables::Portable { inverse, shift, forward }) => {
                to_coefficients(values, inverse);
                for (value, factor) in values.iter_mut().zip(shift) {
                    *value *= factor;
                }
                to_values(values, forward);
            }
            #[cfg(target_arch = "x86_64")]
            // SAFETY: there are such tables only where `Kernel::Ifma` was chosen, which is where the instructions are.
            (Values::Ifma(values), Tables::Ifma(twiddles)) => unsafe { ifma::shift_values(&mut values.0, twiddles) },
            #[cfg(target_arch = "x86_64")]
            _ => unreachable!("values of one domain are of one kind"),
        }
    }

    /// `a * b - c`, value by value, as canonical limbs.
    #[allow(unsafe_code, reason = "the functions need instructions that the choice of the kernel has looked for")]
    pub(crate) fn join(a: Values, b: &Values, c: &Values, mut take: impl FnMut([u64; 4])) {
        match (a, b, c) {
            (Values::Portable(a), Values::Portable(b), Values::Portable(c)) => {
                for ((a, b), c) in a.iter().zip(b.iter()).zip(c.iter()) {
                    take(FrConfig::into_bigint(*a * b - c).0);
                }
            }
            #[cfg(target_arch = "x86_64")]
            (Values::Ifma(mut a), Values::Ifma(b), Values::Ifma(c)) => {
                // Values came in as if their Montgomery form were for 2^260: a sixteenth, and in products its square.
                let factor = ifma::Block::splat([256, 0, 0, 0]);
                let one = ifma::Block::splat(Fr::from(16_u64).0.0);
                // SAFETY: as above.
                unsafe { ifma::join_all(&mut a.0, &b.0, &c.0, &factor, &one) };
                for block in &a.0 {
                    for lane in 0..ifma::LANES {
                        take(from_raw::<FrConfig>(block.lane(lane)).0.0);
                    }
                }
            }
            #[cfg(target_arch = "x86_64")]
            _ => unreachable!("values of one domain are of one kind"),
        }
    }
}

/// Natural order to bit-reversed order; all blocks of a level have one factor each.
fn to_coefficients(values: &mut [Fr], factors: &[Fr]) {
    let mut half = values.len() / 2;
    while half >= 1 {
        for (block, factor) in values.chunks_exact_mut(2 * half).zip(factors) {
            let (low, high) = block.split_at_mut(half);
            for (a, b) in low.iter_mut().zip(high) {
                cross(a, b, factor);
            }
        }
        half /= 2;
    }
}

/// Bit-reversed order to natural order.
pub(crate) fn to_values(values: &mut [Fr], factors: &[Fr]) {
    let mut half = 1;
    while half < values.len() {
        let stride = values.len() / 2 / half;
        for block in values.chunks_exact_mut(2 * half) {
            let (low, high) = block.split_at_mut(half);
            for ((a, b), factor) in low.iter_mut().zip(high).zip(factors.iter().step_by(stride)) {
                cross(a, b, factor);
            }
        }
        half *= 2;
    }
}

fn cross(a: &mut Fr, b: &mut Fr, factor: &Fr) {
    let product = *b * factor;
    *b = *a - product;
    *a += product;
}

#[cfg(target_arch = "x86_64")]
fn twiddles(inverse: &[Fr], shift: &[Fr], forward: &[Fr]) -> ifma::Twiddles {
    use ifma::{Block, LANES, limbs};

    let raw = |value: &Fr| (*value * Fr::from(16_u64)).0.0;
    let block = |value: &dyn Fn(usize) -> Fr| {
        let mut block = Block::ZERO;
        for lane in 0..LANES {
            block.set_lane(lane, raw(&value(lane)));
        }
        block
    };
    let size = shift.len();
    let groups = size / 64;
    let small = |group: usize| {
        let at = |blocks: usize, part: usize| block(&|lane| inverse[blocks * (8 * group + lane) + part]);
        [at(1, 0), at(2, 0), at(2, 1), at(4, 0), at(4, 1), at(4, 2), at(4, 3)]
    };
    let half_lengths = std::iter::successors(Some(LANES), |half| Some(2 * half)).take_while(|half| *half < size);
    ifma::Twiddles {
        inverse: inverse[..size / 16].iter().map(|value| limbs(raw(value))).collect(),
        inverse_small: (0..groups).map(small).collect(),
        shift: (0..size / LANES)
            .map(|row| block(&|lane| shift[64 * (row / LANES) + LANES * lane + row % LANES]))
            .collect(),
        forward_small: Box::new(std::array::from_fn(|power| Block::splat(raw(&forward[power * size / 8])))),
        forward: half_lengths
            .flat_map(|half| (0..half / LANES).map(move |row| (half, row)))
            .map(|(half, row)| block(&|lane| forward[(LANES * row + lane) * (size / 2 / half)]))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use ark_bn254::{Fr, FrConfig};
    use ark_ff::{Field, MontConfig, UniformRand};
    use rand::{SeedableRng, rngs::StdRng};
    use zeroize::Zeroizing;

    use super::{Domain, root_of_unity};
    use crate::curve::Kernel;

    fn random_values(bits: u32) -> [Vec<Fr>; 3] {
        let mut random = StdRng::seed_from_u64(u64::from(bits));
        [(); 3].map(|()| (0..1 << bits).map(|_| Fr::rand(&mut random)).collect())
    }

    /// `a b - c` at the points between, by one kernel.
    fn joined(values: &[Vec<Fr>; 3], bits: u32, kernel: Kernel) -> Vec<[u64; 4]> {
        let domain = Domain::new(bits, kernel);
        let import = |values: &Vec<Fr>| domain.import(Zeroizing::new(values.clone()));
        let mut shifted =
            [import(&values[0]), import(&values[1]), Domain::multiply(&import(&values[2]), &import(&values[0]))];
        for values in &mut shifted {
            domain.shift(values);
        }
        let [a, b, c] = shifted;
        let mut results = Vec::new();
        Domain::join(a, &b, &c, |limbs| results.push(limbs));
        results
    }

    /// The value at a point of the polynomial that has these values at the powers of the root, by Lagrange's formula.
    fn value_at(point: Fr, values: &[Fr], root: Fr) -> Fr {
        let size = Fr::from(values.len() as u64);
        let powers = std::iter::successors(Some(Fr::ONE), |power| Some(*power * root));
        let terms = values.iter().zip(powers).map(|(value, power)| {
            *value * power * (point - power).inverse().expect("the point is no power of the root")
        });
        terms.sum::<Fr>() * (point.pow([values.len() as u64]) - Fr::ONE) * size.inverse().expect("it is not zero")
    }

    #[test]
    fn values_between_are_those_of_the_polynomials() {
        for bits in [1, 3, 7] {
            let values = random_values(bits);
            let products: Vec<Fr> = values[2].iter().zip(&values[0]).map(|(c, a)| *c * a).collect();
            let (root, step) = (root_of_unity(bits), root_of_unity(bits + 1));
            let points = std::iter::successors(Some(step), |point| Some(*point * root));
            let expected = points.take(1 << bits).map(|point| {
                let [a, b, c] = [&values[0], &values[1], &products].map(|values| value_at(point, values, root));
                FrConfig::into_bigint(a * b - c).0
            });
            assert_eq!(joined(&values, bits, Kernel::Portable), expected.collect::<Vec<_>>());
        }
    }

    /// From 2^15 values on the levels of the transforms are done in two orders.
    #[test]
    fn every_kernel_transforms_alike() {
        for bits in [6, 9, 16] {
            let values = random_values(bits);
            assert_eq!(joined(&values, bits, Kernel::fastest()), joined(&values, bits, Kernel::Portable));
        }
    }
}
