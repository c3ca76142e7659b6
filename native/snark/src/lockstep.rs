//! Many points, each multiplied by a scalar of its own, all in step: every doubling and every addition is done for all of
//! them at once, in affine coordinates, with one inversion.
//!
//! A scalar is cut into short parts, one for each power of the endomorphism, and parts into digits of four bits. All digits
//! are odd and none is zero, so that every point is added to at every step whatever its scalar is, and no
//! sum on the way is infinity: an even part is made odd by adding one, which is taken off at the end.

use std::sync::OnceLock;

use ark_bn254::{Fq, Fr};
use ark_ec::AffineRepr;
use ark_ec::short_weierstrass::Affine;
use zeroize::{Zeroize, Zeroizing};

use crate::container::Stored;
use crate::curve::{G1, G2, Group, Kernel};
use crate::lattice::{self, Part, Parts};
use crate::msm::Bulk;
use crate::pairs::{Adder, Pair, scratch_entry, table_entry};
use crate::sums::beta;
use crate::tower::{Fp2, frobenius_factor};

const WINDOW: u32 = 4;
/// `P, 3P, 5P, ..., 15P`
const MULTIPLES: usize = 1 << (WINDOW - 1);
/// Points are doubled in rows of eight.
const ROW: usize = 8;

/// A group with an endomorphism that cuts its scalars short.
pub(crate) trait Endomorphic: Stored + Bulk {
    /// How many parts a scalar is cut into.
    const PARTS: usize;
    /// How many points one thread takes at a time: their multiples should fit into its cache.
    const TASK: usize;

    /// The endomorphism. A kernel's forms of the coordinates are multiples, which it leaves alone.
    fn image(point: &Self::Point) -> Self::Point;

    fn split(scalar: Fr) -> Parts;
}

impl Endomorphic for G1 {
    const PARTS: usize = 2;
    const TASK: usize = 512;

    fn image(point: &Self::Point) -> Self::Point {
        static BETA: OnceLock<Fq> = OnceLock::new();
        let (x, y) = Self::read(point);
        Self::write(x * BETA.get_or_init(beta), y)
    }

    fn split(scalar: Fr) -> Parts {
        lattice::FIRST.split(scalar)
    }
}

impl Endomorphic for G2 {
    const PARTS: usize = 4;
    const TASK: usize = 256;

    fn image(point: &Self::Point) -> Self::Point {
        let (x, y) = Self::read(point);
        let turn = |value: ark_bn254::Fq2, power| {
            let turned = Fp2 { c0: value.c0.into(), c1: value.c1.into() }.conjugate() * frobenius_factor(power);
            ark_bn254::Fq2::new(turned.c0.into(), turned.c1.into())
        };
        Self::write(turn(x, 2), turn(y, 3))
    }

    fn split(scalar: Fr) -> Parts {
        lattice::SECOND.split(scalar)
    }
}

/// `scalars[i] points[i]` for points of order r.
pub(crate) fn multiply_each<G: Endomorphic>(
    kernel: Kernel,
    adder: &mut Adder<G>,
    points: &[G::Point],
    scalars: &[Fr],
) -> Vec<G::Point> {
    let mut parts = Zeroizing::new(Vec::with_capacity(points.len() + ROW));
    parts.extend(scalars.iter().map(|scalar| G::split(*scalar)));
    multiply_parts(kernel, adder, points, parts)
}

/// `sum parts[i][j] psi^j(points[i])`. Where only first parts are not zero, points may be of any order.
pub(crate) fn multiply_parts<G: Endomorphic>(
    kernel: Kernel,
    adder: &mut Adder<G>,
    points: &[G::Point],
    mut parts: Zeroizing<Vec<Parts>>,
) -> Vec<G::Point> {
    // Places that hold no finite point, and those that fill the last row, are given one; it is not looked at afterwards.
    let count = points.len().next_multiple_of(ROW);
    let stand_in = G::pack(kernel, &Affine::generator());
    let mut finite = points.to_vec();
    for point in &mut finite {
        if *point == G::INFINITY {
            *point = stand_in;
        }
    }
    finite.resize(count, stand_in);
    parts.resize(count, lattice::undivided(1));

    let active: Vec<usize> =
        (0..G::PARTS).filter(|&part| part == 0 || parts.iter().any(|parts| parts[part].magnitude != 0)).collect();
    let multiples = list_multiples(adder, &finite, active.last().map_or(1, |last| last + 1));
    let digits = Digits::of(&parts, &active);
    let entry = |window: usize, part: usize, index: usize| digits.entry(window, part, index, count);

    for window in (0..digits.windows).rev() {
        if window + 1 < digits.windows {
            (0..WINDOW).for_each(|_| adder.double_scratch());
        } else {
            let mut first: Vec<_> =
                (0..count).map(|index| read_entry::<G>(&multiples, entry(window, 0, index))).collect();
            adder.begin(&first);
            bytemuck::cast_slice_mut::<_, u64>(&mut first).zeroize();
        }
        for (place, _) in active.iter().enumerate() {
            if place > 0 || window + 1 < digits.windows {
                let pairs = (0..count).map(|index| onto(index, entry(window, place, index)));
                adder.add_to_scratch(&multiples, pairs);
            }
        }
    }
    for (place, &part) in active.iter().enumerate() {
        let evened = (0..count).filter(|&index| digits.evened[place * count + index]);
        let pairs = evened.map(|index| {
            let first = u32_of(part * MULTIPLES * count + index);
            onto(index, table_entry(first, !parts[index][part].negative))
        });
        adder.add_to_scratch(&multiples, pairs);
    }
    let products = adder.scratch()[..points.len()].iter().zip(points);
    let products =
        products.map(|(product, point)| if *point == G::INFINITY { G::INFINITY } else { *product }).collect();
    adder.wipe();
    products
}

/// Add an entry of the table to a place of the scratch memory.
pub(crate) fn onto(place: usize, entry: u32) -> Pair {
    let place = u32_of(place);
    Pair { left: scratch_entry(place), right: entry, out: place }
}

pub(crate) fn u32_of(index: usize) -> u32 {
    u32::try_from(index).expect("a task is small")
}

fn read_entry<G: Group>(table: &[G::Point], entry: u32) -> G::Point {
    let point = &table[crate::pairs::entry_index(entry)];
    if crate::pairs::is_negative(entry) { G::negate(point) } else { *point }
}

/// For each part, for each odd number, that multiple of each point; and behind them what it took to make them.
fn list_multiples<G: Endomorphic>(adder: &mut Adder<G>, points: &[G::Point], parts: usize) -> Vec<G::Point> {
    let count = points.len();
    let twice = MULTIPLES * count * parts;
    let mut table = vec![G::INFINITY; twice + count];
    table[..count].copy_from_slice(points);
    adder.begin(points);
    adder.double_scratch();
    table[twice..].copy_from_slice(adder.scratch());
    adder.begin(points);
    for multiple in 1..MULTIPLES {
        adder.add_to_scratch(&table, (0..count).map(|index| onto(index, table_entry(u32_of(twice + index), false))));
        table[multiple * count..][..count].copy_from_slice(adder.scratch());
    }
    for part in 1..parts {
        let (known, images) = table.split_at_mut(part * MULTIPLES * count);
        for (image, point) in images[..MULTIPLES * count].iter_mut().zip(&known[(part - 1) * MULTIPLES * count..]) {
            *image = G::image(point);
        }
    }
    table
}

/// The digits of all parts of all scalars, as entries of the table of multiples.
struct Digits {
    windows: usize,
    parts: usize,
    entries: Zeroizing<Vec<u32>>,
    /// Which parts were even.
    evened: Zeroizing<Vec<bool>>,
}

impl Digits {
    fn of(parts: &[Parts], active: &[usize]) -> Self {
        let count = parts.len();
        let windows = parts.iter().map(|parts| longest_odd(parts).div_ceil(WINDOW)).max().unwrap_or(1).max(1) as usize;
        let mut entries = Zeroizing::new(vec![0; windows * active.len() * count]);
        let mut evened = Zeroizing::new(vec![false; active.len() * count]);
        for (place, &part) in active.iter().enumerate() {
            for (index, parts) in parts.iter().enumerate() {
                let Part { magnitude, negative } = parts[part];
                evened[place * count + index] = magnitude % 2 == 0;
                let mut odd = magnitude | 1;
                for window in 0..windows {
                    let digit = odd_digit(odd, window, window + 1 == windows);
                    let multiple = usize::from(digit.unsigned_abs()) / 2;
                    let from = (part * MULTIPLES + multiple) * count + index;
                    entries[(window * active.len() + place) * count + index] =
                        table_entry(u32_of(from), negative != (digit < 0));
                }
                odd.zeroize();
            }
        }
        Self { windows, parts: active.len(), entries, evened }
    }

    fn entry(&self, window: usize, place: usize, index: usize, count: usize) -> u32 {
        self.entries[(window * self.parts + place) * count + index]
    }
}

fn longest_odd(parts: &Parts) -> u32 {
    let mut odd = *parts;
    for part in &mut odd {
        part.magnitude |= 1;
    }
    let bits = lattice::longest(&odd);
    odd.zeroize();
    bits
}

/// The digits of an odd number: `2^4 - 1` is taken off each but the highest, and lent to it by the next.
fn odd_digit(odd: u128, window: usize, highest: bool) -> i8 {
    let position = WINDOW * u32::try_from(window).expect("there are few windows") + 1;
    #[allow(clippy::cast_possible_truncation, reason = "four bits are left")]
    let bits = (odd >> position & ((1 << WINDOW) - 1)) as i8;
    if highest { 2 * bits + 1 } else { 2 * bits + 1 - (1 << WINDOW) }
}

#[cfg(test)]
mod tests {
    use ark_bn254::{Fr, G1Affine, G2Affine};
    use ark_ec::CurveConfig;
    use ark_ec::short_weierstrass::{Affine, Projective};
    use ark_ff::UniformRand;
    use rand::{SeedableRng, rngs::StdRng};

    use super::{Endomorphic, multiply_each};
    use crate::curve::{G1, G2, Kernel};
    use crate::pairs::Adder;

    fn check<G: Endomorphic>(kernel: Kernel)
    where
        G::Curve: CurveConfig<ScalarField = Fr>,
    {
        let mut random = StdRng::seed_from_u64(9);
        let mut scalars: Vec<Fr> = (0_u64..20).map(Fr::from).chain((1_u64..4).map(|small| -Fr::from(small))).collect();
        scalars.extend((0..40).map(|_| Fr::rand(&mut random)));
        for scalars in [&scalars[..], &scalars[5..6], &scalars[..9], &scalars[30..]] {
            let mut points: Vec<Affine<G::Curve>> =
                scalars.iter().map(|_| Projective::<G::Curve>::rand(&mut random).into()).collect();
            points[0] = Affine::identity();
            let packed: Vec<_> = points.iter().map(|point| G::pack(kernel, point)).collect();
            let products = multiply_each::<G>(kernel, &mut Adder::new(kernel), &packed, scalars);
            for ((point, scalar), product) in points.iter().zip(scalars).zip(&products) {
                assert_eq!(G::unpack(kernel, product), Affine::from(*point * *scalar), "{scalar}");
            }
        }
    }

    #[test]
    fn multiples_are_those_of_arkworks() {
        for kernel in [Kernel::Portable, Kernel::fastest()] {
            check::<G1>(kernel);
            check::<G2>(kernel);
        }
    }

    #[test]
    fn the_endomorphisms_multiply_by_their_numbers() {
        use crate::curve::Group;
        use crate::lattice::{FIRST, SECOND};
        // A scalar that is the number itself has one part that is one, in the place of the first power.
        let u = Fr::from(crate::pairing::U);
        let lambda = ((Fr::from(36) * u + Fr::from(18)) * u + Fr::from(6)) * u + Fr::from(1);
        assert_eq!(FIRST.split(lambda)[1].magnitude, 1);
        let psi = u * u * Fr::from(6);
        assert_eq!(SECOND.split(psi)[1].magnitude, 1);
        let mut random = StdRng::seed_from_u64(10);
        let (p, q) = (G1Affine::rand(&mut random), G2Affine::rand(&mut random));
        let kernel = Kernel::Portable;
        assert_eq!(G1::unpack(kernel, &G1::image(&G1::pack(kernel, &p))), G1Affine::from(p * lambda));
        assert_eq!(G2::unpack(kernel, &G2::image(&G2::pack(kernel, &q))), G2Affine::from(q * psi));
    }
}
