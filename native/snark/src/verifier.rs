//! Verification of Groth16 proofs, one at a time and many at once.
//!
//! A proof (A, B, C) of inputs x under a key is valid if and only if
//! `e(A, B) = e(alpha, beta) e(IC_0 + x_1 IC_1 + ..., gamma) e(C, delta)`.

use std::thread;

use ark_bn254::{Fr, G1Affine, G1Projective};
use ark_ff::{Field, Zero};
use pyo3::prelude::*;

use crate::pairing::{G1, G2, Prepared, Slope, final_exponentiation, miller_loop, miller_loop_of_many};
use crate::points::{FIELD_BYTES, G1_BYTES, G2_BYTES, outside_subgroup, read_g1, read_twist, scalar};
use crate::refusal::{Refusal, detached};
use crate::sums::{COEFFICIENT_BYTES, Coefficient, FixedPoints, finite, scale_each, sum_scaled};
use crate::tower::Fp12;

/// The bytes of a proof: A, B, C as in EIP-196/197.
const PROOF_BYTES: usize = 2 * G1_BYTES + G2_BYTES;
/// The bytes of a key before its IC points: alpha, beta, gamma, delta.
const FIXED_BYTES: usize = G1_BYTES + 3 * G2_BYTES;

/// A verifying key with everything worked out that does not depend on the proof.
#[pyclass(frozen, module = "snark._native")]
pub(crate) struct PreparedKey {
    alpha: G1,
    minus_beta: Prepared,
    minus_gamma: Prepared,
    minus_delta: Prepared,
    alpha_beta: Fp12,
    ic: FixedPoints,
    inputs: usize,
}

#[pymethods]
impl PreparedKey {
    /// From alpha, beta, gamma, delta and the IC points as in EIP-196/197.
    #[new]
    fn new(py: Python<'_>, key: &[u8]) -> PyResult<Self> {
        detached(py, || Self::of(key))
    }

    /// Refuse unless the proof is one of the inputs (32 little-endian bytes each).
    fn verify(&self, py: Python<'_>, inputs: &[u8], proof: &[u8]) -> PyResult<()> {
        detached(py, || self.check(inputs, proof))
    }
}

impl PreparedKey {
    pub(crate) fn of(key: &[u8]) -> Result<Self, Refusal> {
        if key.len() < FIXED_BYTES + G1_BYTES || !(key.len() - FIXED_BYTES).is_multiple_of(G1_BYTES) {
            return Err(Refusal::wrong_count("key", key.len(), FIXED_BYTES + G1_BYTES));
        }
        let (fixed, ic) = key.split_at(FIXED_BYTES);
        let alpha = read_g1(&fixed[..G1_BYTES], "vk_alpha_1")?;
        let at = |index: usize| &fixed[G1_BYTES + index * G2_BYTES..][..G2_BYTES];
        let beta = read_twist(at(0), "vk_beta_2")?;
        let gamma = read_twist(at(1), "vk_gamma_2")?;
        let delta = read_twist(at(2), "vk_delta_2")?;
        let prepare = |q: G2, field| Prepared::of(q.neg()).ok_or_else(|| outside_subgroup(field));
        let minus_beta = prepare(beta, "vk_beta_2")?;
        let minus_gamma = prepare(gamma, "vk_gamma_2")?;
        let minus_delta = prepare(delta, "vk_delta_2")?;
        if gamma.x == delta.x {
            let expected = "a delta that someone contributed to";
            return Err(Refusal::rejected("V21_KEY_GAMMA_DELTA", "vk_delta_2", "gamma or its negative", expected));
        }
        let mut points: Vec<G1Affine> = Vec::with_capacity(ic.len() / G1_BYTES);
        for (index, bytes) in ic.chunks_exact(G1_BYTES).enumerate() {
            points.push(read_g1(bytes, &format!("IC[{index}]"))?.into());
        }
        let slope = Slope::of_all(&[alpha])[0];
        let alpha_beta = final_exponentiation(&miller_loop(&[(&minus_beta, slope)], &[]).0).conjugate();
        let inputs = points.len() - 1;
        let ic = FixedPoints::of(points);
        Ok(Self { alpha, minus_beta, minus_gamma, minus_delta, alpha_beta, ic, inputs })
    }

    pub(crate) fn check(&self, inputs: &[u8], proof: &[u8]) -> Result<(), Refusal> {
        let factors = self.factors(inputs)?;
        let Proof { a, b, c } = Proof::read(proof)?;
        let statement = finite(self.ic.sum(&factors));
        let mut points = vec![a, c];
        points.extend(statement);
        let slopes = Slope::of_all(&points);
        let mut prepared = vec![(&self.minus_delta, slopes[1])];
        prepared.extend(slopes.get(2).map(|slope| (&self.minus_gamma, *slope)));
        let (product, is_of_order_r) = miller_loop(&prepared, &[(b, slopes[0])]);
        if !is_of_order_r {
            return Err(outside_subgroup("pi_b"));
        }
        if final_exponentiation(&product) != self.alpha_beta {
            return Err(Refusal::rejected("V17_EQUATION_FAILS", "proof", "another claim", "a proof of these inputs"));
        }
        Ok(())
    }

    /// The factors of the IC points: one, and then the inputs.
    fn factors(&self, inputs: &[u8]) -> Result<Vec<Fr>, Refusal> {
        if inputs.len() != self.inputs * FIELD_BYTES {
            let (found, expected) = (inputs.len() / FIELD_BYTES, self.inputs);
            let (found, expected) = (format!("{found} inputs"), format!("{expected} inputs"));
            return Err(Refusal::rejected("V10_INPUT_COUNT", "inputs", &found, &expected));
        }
        let mut factors = Vec::with_capacity(self.inputs + 1);
        factors.push(Fr::ONE);
        for (index, bytes) in inputs.chunks_exact(FIELD_BYTES).enumerate() {
            factors.push(scalar(bytes, &format!("inputs[{index}]"))?);
        }
        Ok(factors)
    }
}

/// A proof whose points are on their curves; B's subgroup is seen in the Miller loop.
struct Proof {
    a: G1,
    b: G2,
    c: G1,
}

impl Proof {
    fn read(bytes: &[u8]) -> Result<Self, Refusal> {
        if bytes.len() != PROOF_BYTES {
            return Err(Refusal::wrong_count("proof", bytes.len(), PROOF_BYTES));
        }
        let a = read_g1(&bytes[..G1_BYTES], "pi_a")?;
        let b = read_twist(&bytes[G1_BYTES..G1_BYTES + G2_BYTES], "pi_b")?;
        let c = read_g1(&bytes[G1_BYTES + G2_BYTES..], "pi_c")?;
        Ok(Self { a, b, c })
    }
}

/// A claim that has passed every check but B's subgroup and the equation.
struct Claim {
    place: usize,
    key: usize,
    factors: Vec<Fr>,
    proof: Proof,
    coefficient: Coefficient,
}

/// What is wrong with one claim of a batch: its place, and the refusal's reason, field, found and expected.
type Complaint = (usize, &'static str, String, String, String);

/// Check many claims at once, each `(key, inputs, proof)` with `key` an index into `keys`.
///
/// Returns what is wrong with single claims, and whether the equation of all the others together holds. `random` has 16
/// bytes for each claim; whoever can foresee them can make wrong claims cancel.
#[pyfunction]
pub(crate) fn check_batch(
    py: Python<'_>,
    keys: Vec<PyRef<'_, PreparedKey>>,
    claims: Vec<(usize, Vec<u8>, Vec<u8>)>,
    random: &[u8],
    threads: usize,
) -> PyResult<(Vec<Complaint>, bool)> {
    let keys: Vec<&PreparedKey> = keys.iter().map(|key| &**key).collect();
    detached(py, || {
        if random.len() != claims.len() * COEFFICIENT_BYTES {
            return Err(Refusal::wrong_count("random", random.len(), claims.len() * COEFFICIENT_BYTES));
        }
        let mut complaints = Vec::new();
        let mut read = Vec::with_capacity(claims.len());
        for (place, (claim, random)) in claims.iter().zip(random.chunks_exact(COEFFICIENT_BYTES)).enumerate() {
            match read_claim(&keys, place, claim, Coefficient::of(random)) {
                Ok(claim) => read.push(claim),
                Err(refusal) => complaints.push(refusal.about(place)),
            }
        }
        let (outside, holds) = combine(&keys, &read, threads.max(1))?;
        complaints.extend(outside.into_iter().map(|place| outside_subgroup("pi_b").about(place)));
        complaints.sort_by_key(|complaint| complaint.0);
        Ok((complaints, holds))
    })
}

fn read_claim(
    keys: &[&PreparedKey],
    place: usize,
    (key, inputs, proof): &(usize, Vec<u8>, Vec<u8>),
    coefficient: Coefficient,
) -> Result<Claim, Refusal> {
    let prepared = keys.get(*key).ok_or_else(|| Refusal::wrong_count("keys", keys.len(), *key + 1))?;
    Ok(Claim { place, key: *key, factors: prepared.factors(inputs)?, proof: Proof::read(proof)?, coefficient })
}

/// The places of the claims whose B is outside the subgroup, and whether the equation of all the others holds.
fn combine(keys: &[&PreparedKey], claims: &[Claim], threads: usize) -> Result<(Vec<usize>, bool), Refusal> {
    if claims.is_empty() {
        return Ok((Vec::new(), true));
    }
    let chunks = claims.chunks(claims.len().div_ceil(threads));
    let parts = thread::scope(|scope| {
        let workers: Vec<_> = chunks.map(|chunk| scope.spawn(|| Part::of(keys.len(), chunk))).collect();
        workers.into_iter().map(thread::ScopedJoinHandle::join).collect::<Result<Vec<_>, _>>()
    });
    let parts = parts.map_err(|_| Refusal::broken_invariant("a panic"))?;
    let outside: Vec<usize> = parts.iter().flat_map(|part| part.outside.iter().copied()).collect();
    if !outside.is_empty() {
        // A product with a point outside the subgroup in it says nothing: begin again without those.
        let inside = claims.iter().filter(|claim| outside.binary_search(&claim.place).is_err());
        return Ok((outside.clone(), inside.clone().count() == 0 || combine_inside(keys, inside, threads)?));
    }
    Ok((outside, Part::holds(keys, &parts)))
}

fn combine_inside<'a>(
    keys: &[&PreparedKey],
    claims: impl Iterator<Item = &'a Claim>,
    threads: usize,
) -> Result<bool, Refusal> {
    let again: Vec<Claim> = claims.map(Claim::copy).collect();
    Ok(combine(keys, &again, threads)?.1)
}

impl Claim {
    fn copy(&self) -> Self {
        let Proof { a, b, c } = self.proof;
        Self { factors: self.factors.clone(), proof: Proof { a, b, c }, ..*self }
    }
}

/// What one thread makes of its claims.
struct Part {
    outside: Vec<usize>,
    product: Fp12,
    /// For each key: the factor of alpha, those of the IC points, and the sum of the C.
    sums: Vec<(Vec<Fr>, G1Projective)>,
}

impl Part {
    fn of(keys: usize, claims: &[Claim]) -> Self {
        let coefficients: Vec<Coefficient> = claims.iter().map(|claim| claim.coefficient).collect();
        let a: Vec<G1> = claims.iter().map(|claim| claim.proof.a).collect();
        let slopes = Slope::of_all(&scale_each(&a, &coefficients));
        let pairs: Vec<(G2, Slope)> = claims.iter().map(|claim| claim.proof.b).zip(slopes).collect();
        let (product, is_inside) = miller_loop_of_many(&pairs);
        let outside = claims.iter().zip(is_inside).filter(|(_, is_inside)| !is_inside).map(|(claim, _)| claim.place);
        let sums = (0..keys).map(|key| sum_of_key(key, claims)).collect();
        Self { outside: outside.collect(), product, sums }
    }

    /// Whether the product over all parts is one: `prod e(r_i A_i, B_i) = prod over keys e(alpha, beta)^sum ...`.
    fn holds(keys: &[&PreparedKey], parts: &[Self]) -> bool {
        let mut product = parts.iter().fold(Fp12::ONE, |product, part| product * part.product);
        for (index, key) in keys.iter().enumerate() {
            let mut factors = vec![Fr::zero(); key.inputs + 1];
            let mut c = G1Projective::zero();
            for (part_factors, part_c) in parts.iter().map(|part| &part.sums[index]) {
                for (factor, part) in factors.iter_mut().zip(part_factors) {
                    *factor += part;
                }
                c += part_c;
            }
            let alpha = G1Affine::from(key.alpha) * factors[0];
            let sums = [(alpha, &key.minus_beta), (key.ic.sum(&factors), &key.minus_gamma), (c, &key.minus_delta)];
            let (points, lines): (Vec<G1>, Vec<&Prepared>) =
                sums.into_iter().filter_map(|(sum, lines)| Some((finite(sum)?, lines))).unzip();
            let prepared: Vec<_> = lines.into_iter().zip(Slope::of_all(&points)).collect();
            product = product * miller_loop(&prepared, &[]).0;
        }
        final_exponentiation(&product) == Fp12::ONE
    }
}

/// `sum r_i (1, x_i)` and `sum r_i C_i` over the claims of one key.
fn sum_of_key(key: usize, claims: &[Claim]) -> (Vec<Fr>, G1Projective) {
    let claims: Vec<&Claim> = claims.iter().filter(|claim| claim.key == key).collect();
    let coefficients: Vec<Coefficient> = claims.iter().map(|claim| claim.coefficient).collect();
    let mut factors = vec![Fr::zero(); claims.first().map_or(0, |claim| claim.factors.len())];
    for claim in &claims {
        let coefficient = claim.coefficient.value();
        for (sum, factor) in factors.iter_mut().zip(&claim.factors) {
            *sum += coefficient * factor;
        }
    }
    let c: Vec<G1> = claims.iter().map(|claim| claim.proof.c).collect();
    (factors, sum_scaled(&c, &coefficients))
}
