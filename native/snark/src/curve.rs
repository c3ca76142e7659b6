//! The two groups as the sums of many points see them: raw coordinates in memory, and how a chunk of pairs is added.

use ark_bn254::{Fq, Fq2, FqConfig, g1, g2};
use ark_ec::short_weierstrass::{Affine, Projective, SWCurveConfig};
use ark_ff::{AdditiveGroup, BigInt, Field, Fp, MontBackend, MontConfig};
use bytemuck::Pod;
use zeroize::Zeroize;

#[cfg(target_arch = "x86_64")]
use crate::ifma;
#[cfg(target_arch = "x86_64")]
use crate::ifma::InLanes;
#[cfg(target_arch = "x86_64")]
use crate::inversion::invert;
use crate::pairs::{Pair, entry_index, is_in_scratch, is_negative};

/// Who adds the points, and with it how their coordinates are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kernel {
    /// One at a time, in limbs of 64 bits, anywhere. Coordinates are in Montgomery form for `2^256`, below `p`.
    Portable,
    /// Eight at a time, in limbs of 52 bits, with AVX-512 IFMA. Coordinates are below `2 p`, and `y` is a quarter of what
    /// it is for the portable kernel: see [`crate::ifma`].
    Ifma,
}

impl Kernel {
    /// The fastest one that this processor has.
    pub(crate) fn fastest() -> Self {
        #[cfg(target_arch = "x86_64")]
        if ifma::available() {
            return Self::Ifma;
        }
        Self::Portable
    }
}

/// Where there are no lanes, every group is as good in them as any other.
#[cfg(not(target_arch = "x86_64"))]
pub(crate) trait InLanes<Point> {}

#[cfg(not(target_arch = "x86_64"))]
impl<G, Point> InLanes<Point> for G {}

/// A group whose points are added in bulk.
pub(crate) trait Group: InLanes<<Self as Group>::Point> + Sized + Send + Sync + 'static {
    /// A point in memory: the limbs of x, then of y; infinity is all zeros, which is no point of either curve.
    type Point: Pod + AsRef<[u64]> + PartialEq + Send + Sync + std::fmt::Debug;
    type Base: Field<BasePrimeField = Fq>;
    type Curve: SWCurveConfig<BaseField = Self::Base>;

    const INFINITY: Self::Point;

    fn read(point: &Self::Point) -> (Self::Base, Self::Base);
    fn write(x: Self::Base, y: Self::Base) -> Self::Point;

    /// Add pairs that have different x and are not infinity. Nothing was written where the answer is `false`: some pair
    /// is not of that kind.
    fn add_distinct(
        kernel: Kernel,
        table: &[Self::Point],
        scratch: &mut [Self::Point],
        pairs: &[Pair],
        workspace: &mut Workspace<Self>,
    ) -> bool {
        match kernel {
            Kernel::Portable => add_one_by_one::<Self>(table, scratch, pairs, &mut workspace.portable),
            #[cfg(target_arch = "x86_64")]
            Kernel::Ifma => add_in_lanes::<Self>(table, scratch, pairs, &mut workspace.lanes),
            #[cfg(not(target_arch = "x86_64"))]
            Kernel::Ifma => unreachable!("this kernel is chosen where the processor has it"),
        }
    }

    /// Double points that are not infinity in their places. Nothing was written where the answer is `false`: some point
    /// is its own negative, or their number is none that this kernel takes.
    fn double_all(kernel: Kernel, points: &mut [Self::Point]) -> bool {
        match kernel {
            Kernel::Portable => double_one_by_one::<Self>(points),
            #[cfg(target_arch = "x86_64")]
            Kernel::Ifma => double_in_lanes::<Self>(points),
            #[cfg(not(target_arch = "x86_64"))]
            Kernel::Ifma => unreachable!("this kernel is chosen where the processor has it"),
        }
    }

    fn is_infinity(point: &Self::Point) -> bool {
        point.as_ref().iter().fold(0, |bits, word| bits | word) == 0
    }

    /// Whether the two can have the same x: compared in one limb, up to the multiples of p by which a kernel's numbers may
    /// differ.
    fn may_coincide(left: &Self::Point, right: &Self::Point) -> bool {
        let difference = left.as_ref()[0].wrapping_sub(right.as_ref()[0]);
        [0, FqConfig::MODULUS.0[0]].iter().any(|&limb| difference == limb || difference.wrapping_neg() == limb)
    }

    /// A point as the kernel keeps it.
    fn pack(kernel: Kernel, point: &Affine<Self::Curve>) -> Self::Point {
        if point.infinity {
            return Self::INFINITY;
        }
        match kernel {
            Kernel::Portable => Self::write(point.x, point.y),
            Kernel::Ifma => Self::write(point.x, quarter(point.y)),
        }
    }

    /// A point that the kernel kept.
    fn unpack(kernel: Kernel, point: &Self::Point) -> Affine<Self::Curve> {
        if Self::is_infinity(point) {
            return Affine::identity();
        }
        let (x, y) = Self::read(point);
        match kernel {
            Kernel::Portable => Affine::new_unchecked(x, y),
            Kernel::Ifma => Affine::new_unchecked(x, y.double().double()),
        }
    }

    fn negate(point: &Self::Point) -> Self::Point {
        if Self::is_infinity(point) {
            return Self::INFINITY;
        }
        let (x, y) = Self::read(point);
        Self::write(x, -y)
    }

    /// The sum where the ordinary formula has none; `None` where it has one.
    fn add_special(kernel: Kernel, left: &Self::Point, right: &Self::Point) -> Option<Self::Point> {
        if Self::is_infinity(left) {
            return Some(*right);
        }
        if Self::is_infinity(right) {
            return Some(*left);
        }
        if Self::read(left).0 != Self::read(right).0 {
            return None;
        }
        let sum: Projective<Self::Curve> = Self::unpack(kernel, left) + Self::unpack(kernel, right);
        Some(Self::pack(kernel, &sum.into()))
    }
}

/// `1 / 4 = (p + 1) / 4`, which is an integer because `p = 3 (mod 4)`.
const QUARTER: Fq = ark_ff::MontFp!("5472060717959818805561601436314318772174077789324455915672259473661306552146");

fn quarter<F: Field<BasePrimeField = Fq>>(value: F) -> F {
    value.mul_by_base_prime_field(&QUARTER)
}

/// The first group, over the prime field.
pub(crate) struct G1;
/// The second group, over its quadratic extension.
pub(crate) struct G2;

/// The element whose Montgomery form these limbs are; they may be up to twice the prime.
pub(crate) fn from_raw<C: MontConfig<4>>(limbs: [u64; 4]) -> Fp<MontBackend<C, 4>, 4> {
    let mut value = BigInt::new(limbs);
    if value >= C::MODULUS {
        ark_ff::BigInteger::sub_with_borrow(&mut value, &C::MODULUS);
        if value == C::MODULUS {
            value = BigInt::new([0; 4]);
        }
    }
    Fp::new_unchecked(value)
}

fn limbs_of<const WORDS: usize>(point: &[u64; WORDS], number: usize) -> [u64; 4] {
    *point[4 * number..].first_chunk().expect("a point has this coordinate")
}

impl Group for G1 {
    type Point = [u64; 8];
    type Base = Fq;
    type Curve = g1::Config;

    const INFINITY: Self::Point = [0; 8];

    fn read(point: &Self::Point) -> (Fq, Fq) {
        (from_raw(limbs_of(point, 0)), from_raw(limbs_of(point, 1)))
    }

    fn write(x: Fq, y: Fq) -> Self::Point {
        bytemuck::cast([x.0.0, y.0.0])
    }
}

impl Group for G2 {
    type Point = [u64; 16];
    type Base = Fq2;
    type Curve = g2::Config;

    const INFINITY: Self::Point = [0; 16];

    fn read(point: &Self::Point) -> (Fq2, Fq2) {
        let part = |number| from_raw(limbs_of(point, number));
        (Fq2::new(part(0), part(1)), Fq2::new(part(2), part(3)))
    }

    fn write(x: Fq2, y: Fq2) -> Self::Point {
        bytemuck::cast([x.c0.0.0, x.c1.0.0, y.c0.0.0, y.c1.0.0])
    }
}

// --- One at a time -------------------------------------------------------------------------------

/// What one chunk leaves between its two passes.
pub(crate) struct PortableStep<G: Group> {
    left: (G::Base, G::Base),
    right: (G::Base, G::Base),
    before: G::Base,
}

/// The memory of one worker for them, used again for each chunk.
pub(crate) struct Workspace<G: Group> {
    portable: Vec<PortableStep<G>>,
    #[cfg(target_arch = "x86_64")]
    lanes: Vec<G::Step>,
}

impl<G: Group> Default for Workspace<G> {
    fn default() -> Self {
        Self {
            portable: Vec::new(),
            #[cfg(target_arch = "x86_64")]
            lanes: Vec::new(),
        }
    }
}

impl<G: Group> Zeroize for Workspace<G> {
    fn zeroize(&mut self) {
        for PortableStep { left, right, before } in &mut self.portable {
            for value in [&mut left.0, &mut left.1, &mut right.0, &mut right.1, before] {
                value.zeroize();
            }
        }
        #[cfg(target_arch = "x86_64")]
        self.lanes.iter_mut().for_each(Zeroize::zeroize);
    }
}

fn add_one_by_one<G: Group>(
    table: &[G::Point],
    scratch: &mut [G::Point],
    pairs: &[Pair],
    steps: &mut Vec<PortableStep<G>>,
) -> bool {
    let point = |scratch: &[G::Point], entry: u32| {
        let source = if is_in_scratch(entry) { scratch } else { table };
        let (x, y) = G::read(&source[entry_index(entry)]);
        (x, if is_negative(entry) { -y } else { y })
    };
    steps.clear();
    let mut product = G::Base::ONE;
    for pair in pairs {
        let (left, right) = (point(scratch, pair.left), point(scratch, pair.right));
        steps.push(PortableStep { left, right, before: product });
        product *= right.0 - left.0;
    }
    let Some(mut remaining) = product.inverse() else { return false };
    for (pair, step) in pairs.iter().zip(steps).rev() {
        let ((x1, y1), (x2, y2)) = (step.left, step.right);
        let slope = (y2 - y1) * (remaining * step.before);
        remaining *= x2 - x1;
        let x3 = slope.square() - x1 - x2;
        scratch[pair.out as usize] = G::write(x3, slope * (x1 - x3) - y1);
    }
    true
}

/// The tangents, with one inversion for all of them.
fn double_one_by_one<G: Group>(points: &mut [G::Point]) -> bool {
    let mut before = Vec::with_capacity(points.len());
    let mut product = G::Base::ONE;
    for point in &*points {
        let (x, y) = G::read(point);
        before.push((x, y, product));
        product *= y.double();
    }
    let Some(mut remaining) = product.inverse() else { return false };
    for (point, (x, y, before)) in points.iter_mut().zip(&before).rev() {
        let square = x.square();
        let slope = (square.double() + square) * (remaining * before);
        remaining *= y.double();
        let x3 = slope.square() - x.double();
        *point = G::write(x3, slope * (*x - x3) - y);
    }
    true
}

// --- Eight at a time -----------------------------------------------------------------------------

/// The inverses of eight elements in the form of [`ifma`]; `None` if one of them is zero.
///
/// Read as Montgomery form for `2^256` an element is 16 times too large; its inverse then is 16 times too small
/// and has to be read 16 times too large again: a factor of 256, put in once.
#[cfg(target_arch = "x86_64")]
fn invert_lanes(lanes: &ifma::Block) -> Option<ifma::Block> {
    let values: [Fq; ifma::LANES] = std::array::from_fn(|lane| from_raw(lanes.lane(lane)));
    let mut before = [Fq::ONE; ifma::LANES];
    let mut product = Fq::ONE;
    for (value, place) in values.iter().zip(&mut before) {
        *place = product;
        product *= value;
    }
    let mut remaining = invert(product)? * Fq::from(256_u64);
    let mut inverses = ifma::Block::ZERO;
    for lane in (0..ifma::LANES).rev() {
        inverses.set_lane(lane, (remaining * before[lane]).0.0);
        remaining *= values[lane];
    }
    Some(inverses)
}

/// One, in the form of [`ifma`]: `2^260 mod p`.
#[cfg(target_arch = "x86_64")]
fn one() -> ifma::Block {
    ifma::Block::splat(Fq::from(16_u64).0.0)
}

#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code, reason = "the functions need instructions that the choice of the kernel has looked for")]
fn add_in_lanes<G: Group>(
    table: &[G::Point],
    scratch: &mut [G::Point],
    pairs: &[Pair],
    steps: &mut Vec<G::Step>,
) -> bool {
    let count = pairs.len().div_ceil(ifma::LANES);
    steps.resize(steps.len().max(count), G::FIRST);
    // SAFETY: `Kernel::Ifma` is chosen only where `ifma::available` says that the instructions are there.
    let product = unsafe { G::products(table, scratch, pairs, &mut steps[..count], &one()) };
    let Some(inverse) = invert_lanes(&product) else { return false };
    // SAFETY: as above.
    unsafe { G::sums(table, scratch, pairs, &steps[..count], &inverse) };
    true
}

#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code, reason = "the functions need instructions that the choice of the kernel has looked for")]
fn double_in_lanes<G: Group>(points: &mut [G::Point]) -> bool {
    if !points.len().is_multiple_of(ifma::LANES) {
        return false;
    }
    let mut steps = vec![ifma::Block::ZERO; points.len() / ifma::LANES];
    // SAFETY: `Kernel::Ifma` is chosen only where `ifma::available` says that the instructions are there.
    let product = unsafe { G::doubling_products(points, &mut steps, &one()) };
    let Some(inverse) = invert_lanes(&product) else { return false };
    // SAFETY: as above.
    unsafe { G::doubles(points, &steps, &inverse) };
    true
}
