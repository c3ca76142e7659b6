//! Points of both groups as they cross the edge, and what Python asks of them one at a time.
//!
//! In bulk, points are as in `.zkey` and `.ptau`: affine, Montgomery form, little-endian limbs, infinity all zeros. In proofs and
//! keys they are as in EIP-196/197: affine, big-endian, of a pair the imaginary part first.

use ark_bn254::{Fq, Fq2, Fr, FrConfig, G1Affine, G2Affine};
use ark_ec::short_weierstrass::SWCurveConfig;
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::{BigInt, Fp as ArkFp, MontBackend, MontConfig, PrimeField};
use pyo3::prelude::*;

use crate::pairing::{G1, G2, Slope, final_exponentiation, miller_loop};
use crate::refusal::{Refusal, detached};
use crate::tower::{Fp, Fp2, Fp12};

/// The bytes of one element of a field.
pub(crate) const FIELD_BYTES: usize = 32;
/// The bytes of a point of the first group.
pub(crate) const G1_BYTES: usize = 2 * FIELD_BYTES;
/// The bytes of a point of the second group.
pub(crate) const G2_BYTES: usize = 4 * FIELD_BYTES;
/// The bytes of an element of the target group.
const TARGET_BYTES: usize = 12 * FIELD_BYTES;

// --- Refusals ---------------------------------------------------------------------------------------

fn out_of_field(field: &str) -> Refusal {
    Refusal::rejected("V12_COORDINATE_OUT_OF_FIELD", field, "a number not below p", "a number below p")
}

fn infinity(field: &str) -> Refusal {
    Refusal::rejected("V14_INFINITY", field, "the point at infinity", "another point")
}

fn off_curve(field: &str) -> Refusal {
    Refusal::rejected("V15_OFF_CURVE", field, "a point off the curve", "a point of the curve")
}

/// A point of the twist is not one of the second group.
pub(crate) fn outside_subgroup(field: &str) -> Refusal {
    Refusal::rejected("V16_OUTSIDE_SUBGROUP", field, "a point outside the subgroup", "a point of order r")
}

fn require_length(bytes: &[u8], expected: usize, field: &str) -> Result<(), Refusal> {
    if bytes.len() == expected { Ok(()) } else { Err(Refusal::wrong_count(field, bytes.len(), expected)) }
}

// --- As in EIP-196/197 ------------------------------------------------------------------------------

fn fp(bytes: &[u8], field: &str) -> Result<Fp, Refusal> {
    Fp::from_be_bytes(bytes).ok_or_else(|| out_of_field(field))
}

fn fp2(bytes: &[u8], field: &str) -> Result<Fp2, Refusal> {
    let (imaginary, real) = bytes.split_at(FIELD_BYTES);
    Ok(Fp2 { c0: fp(real, field)?, c1: fp(imaginary, field)? })
}

/// A point of the first group: not infinity, and on the curve, all of whose points have order r.
pub(crate) fn read_g1(bytes: &[u8], field: &str) -> Result<G1, Refusal> {
    require_length(bytes, G1_BYTES, field)?;
    let (x, y) = bytes.split_at(FIELD_BYTES);
    let point = G1 { x: fp(x, field)?, y: fp(y, field)? };
    if point.x.is_zero() && point.y.is_zero() {
        return Err(infinity(field));
    }
    if point.y.square() != point.x.square() * point.x + ark_bn254::g1::Config::COEFF_B.into() {
        return Err(off_curve(field));
    }
    Ok(point)
}

/// A point of the twist: not infinity, and on the curve. Its subgroup is seen in the Miller loop.
pub(crate) fn read_twist(bytes: &[u8], field: &str) -> Result<G2, Refusal> {
    require_length(bytes, G2_BYTES, field)?;
    let (x, y) = bytes.split_at(G2_BYTES / 2);
    let point = G2 { x: fp2(x, field)?, y: fp2(y, field)? };
    if point.x.is_zero() && point.y.is_zero() {
        return Err(infinity(field));
    }
    if point.y.square() != point.x.square() * point.x + ark_bn254::g2::Config::COEFF_B.into() {
        return Err(off_curve(field));
    }
    Ok(point)
}

// --- As in .zkey and .ptau --------------------------------------------------------------------------

fn limbs(bytes: &[u8], name: &str) -> Result<BigInt<4>, Refusal> {
    require_length(bytes, FIELD_BYTES, name)?;
    let mut limbs = [0; 4];
    for (limb, chunk) in limbs.iter_mut().zip(bytes.chunks_exact(8)) {
        *limb = chunk.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte));
    }
    Ok(BigInt::new(limbs))
}

/// An element of a field from its Montgomery form, which has to be the canonical one.
pub(crate) fn montgomery<C: MontConfig<4>>(bytes: &[u8], name: &str) -> Result<ArkFp<MontBackend<C, 4>, 4>, Refusal> {
    let value = limbs(bytes, name)?;
    if value >= C::MODULUS { Err(out_of_field(name)) } else { Ok(ArkFp::new_unchecked(value)) }
}

/// A scalar from 32 little-endian bytes, canonical.
pub(crate) fn scalar(bytes: &[u8], name: &str) -> Result<Fr, Refusal> {
    let value = canonical(bytes, name)?;
    Ok(Fr::from_bigint(value).unwrap_or_else(|| unreachable!("a canonical number is below r")))
}

/// The same, as the number that it is.
pub(crate) fn canonical(bytes: &[u8], name: &str) -> Result<BigInt<4>, Refusal> {
    let value = limbs(bytes, name)?;
    if value >= <FrConfig as MontConfig<4>>::MODULUS {
        return Err(Refusal::rejected("V11_INPUT_OUT_OF_FIELD", name, "a number not below r", "a number below r"));
    }
    Ok(value)
}

/// A point of the first group, which has to be on the curve.
pub(crate) fn g1(bytes: &[u8], name: &str) -> Result<G1Affine, Refusal> {
    require_length(bytes, G1_BYTES, name)?;
    if bytes.iter().all(|&byte| byte == 0) {
        return Ok(G1Affine::identity());
    }
    let (x, y) = bytes.split_at(FIELD_BYTES);
    let point = G1Affine::new_unchecked(montgomery(x, name)?, montgomery(y, name)?);
    if point.is_on_curve() { Ok(point) } else { Err(off_curve(name)) }
}

/// A point of the second group, which has to be on the twist and of order r.
pub(crate) fn g2(bytes: &[u8], name: &str) -> Result<G2Affine, Refusal> {
    require_length(bytes, G2_BYTES, name)?;
    if bytes.iter().all(|&byte| byte == 0) {
        return Ok(G2Affine::identity());
    }
    let mut numbers = [Fq::from(0); 4];
    for (number, chunk) in numbers.iter_mut().zip(bytes.chunks_exact(FIELD_BYTES)) {
        *number = montgomery(chunk, name)?;
    }
    let [x0, x1, y0, y1] = numbers;
    let point = G2Affine::new_unchecked(Fq2::new(x0, x1), Fq2::new(y0, y1));
    if !point.is_on_curve() {
        return Err(off_curve(name));
    }
    if !point.is_in_correct_subgroup_assuming_on_curve() {
        return Err(outside_subgroup(name));
    }
    Ok(point)
}

fn write_fields<const N: usize>(values: &[Fq]) -> [u8; N] {
    let mut bytes = [0; N];
    let limbs = values.iter().flat_map(|value| value.0.0);
    for (chunk, limb) in bytes.chunks_exact_mut(8).zip(limbs) {
        chunk.copy_from_slice(&limb.to_le_bytes());
    }
    bytes
}

/// The bytes of a point of the first group.
pub(crate) fn g1_bytes(point: impl CurveGroup<Affine = G1Affine>) -> [u8; G1_BYTES] {
    point.into_affine().xy().map_or([0; G1_BYTES], |(x, y)| write_fields(&[x, y]))
}

/// The bytes of a point of the second group.
pub(crate) fn g2_bytes(point: impl CurveGroup<Affine = G2Affine>) -> [u8; G2_BYTES] {
    point.into_affine().xy().map_or([0; G2_BYTES], |(x, y)| write_fields(&[x.c0, x.c1, y.c0, y.c1]))
}

/// `left + right` in the first group.
#[pyfunction]
pub(crate) fn g1_add(py: Python<'_>, left: &[u8], right: &[u8]) -> PyResult<[u8; G1_BYTES]> {
    detached(py, || Ok(g1_bytes(g1(left, "left")? + g1(right, "right")?)))
}

/// `[factor] point` in the first group.
#[pyfunction]
pub(crate) fn g1_multiply(py: Python<'_>, point: &[u8], factor: &[u8]) -> PyResult<[u8; G1_BYTES]> {
    detached(py, || Ok(g1_bytes(g1(point, "point")? * scalar(factor, "factor")?)))
}

/// `left + right` in the second group.
#[pyfunction]
pub(crate) fn g2_add(py: Python<'_>, left: &[u8], right: &[u8]) -> PyResult<[u8; G2_BYTES]> {
    detached(py, || Ok(g2_bytes(g2(left, "left")? + g2(right, "right")?)))
}

/// `[factor] point` in the second group.
#[pyfunction]
pub(crate) fn g2_multiply(py: Python<'_>, point: &[u8], factor: &[u8]) -> PyResult<[u8; G2_BYTES]> {
    detached(py, || Ok(g2_bytes(g2(point, "point")? * scalar(factor, "factor")?)))
}

/// Refuse a point of the first group that is infinity or off the curve.
#[pyfunction(name = "require_g1")]
pub(crate) fn require_in_g1(py: Python<'_>, point: &[u8], field: &str) -> PyResult<()> {
    detached(py, || if g1(point, field)?.is_zero() { Err(infinity(field)) } else { Ok(()) })
}

/// Refuse a point of the second group that is infinity, off the twist or outside the subgroup.
#[pyfunction(name = "require_g2")]
pub(crate) fn require_in_g2(py: Python<'_>, point: &[u8], field: &str) -> PyResult<()> {
    detached(py, || if g2(point, field)?.is_zero() { Err(infinity(field)) } else { Ok(()) })
}

/// Whether the product of the pairings of these pairs, each a point of the first and one of the second group, is one.
#[pyfunction]
pub(crate) fn pairing_product_is_one(py: Python<'_>, pairs: &[u8]) -> PyResult<bool> {
    detached(py, || Ok(final_exponentiation(&product_of_loops(pairs)?) == Fp12::ONE))
}

/// The pairing of one pair as the final exponentiation leaves it: twelve numbers, big-endian, in the order of snarkjs.
#[pyfunction]
pub(crate) fn pairing(py: Python<'_>, pair: &[u8]) -> PyResult<[u8; TARGET_BYTES]> {
    detached(py, || {
        require_length(pair, G1_BYTES + G2_BYTES, "pair")?;
        Ok(target_bytes(&final_exponentiation(&product_of_loops(pair)?)))
    })
}

/// The product of the Miller loops; a pair with infinity in it contributes one.
fn product_of_loops(pairs: &[u8]) -> Result<Fp12, Refusal> {
    let pair_bytes = G1_BYTES + G2_BYTES;
    let chunks = pairs.chunks_exact(pair_bytes);
    if !chunks.remainder().is_empty() {
        return Err(Refusal::wrong_count("pairs", pairs.len(), pairs.len() / pair_bytes * pair_bytes));
    }
    let (mut left, mut right) = (Vec::new(), Vec::new());
    for (index, chunk) in chunks.enumerate() {
        let (p, q) = chunk.split_at(G1_BYTES);
        let (p, q) = (g1(p, &format!("pairs[{index}][0]"))?, g2(q, &format!("pairs[{index}][1]"))?);
        if let (Some((px, py)), Some((qx, qy))) = (p.xy(), q.xy()) {
            left.push(G1 { x: px.into(), y: py.into() });
            right.push(G2 { x: qx.into(), y: qy.into() });
        }
    }
    let others: Vec<_> = right.into_iter().zip(Slope::of_all(&left)).collect();
    Ok(miller_loop(&[], &others).0)
}

fn target_bytes(value: &Fp12) -> [u8; TARGET_BYTES] {
    let mut bytes = [0; TARGET_BYTES];
    for (chunk, number) in bytes.chunks_exact_mut(FIELD_BYTES).zip(value.numbers()) {
        chunk.copy_from_slice(&number.to_be_bytes());
    }
    bytes
}
