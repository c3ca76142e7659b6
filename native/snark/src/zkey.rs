//! A Groth16 proving key as snarkjs writes it, with everything that it says of itself checked.

use ark_bn254::{FqConfig, Fr, FrConfig, G1Affine, G2Affine};
use ark_ff::MontConfig;

use crate::container::{ELEMENT, POINT1, POINT2, Reader, Sections, montgomery, read_point1};
use crate::ntt;
use crate::refusal::Refusal;

const GROTH16: u32 = 1;
const COEFFICIENT: usize = 12 + ELEMENT;

/// The counts and single points of a key.
#[derive(Clone, Debug)]
pub(crate) struct Header {
    pub(crate) wires: usize,
    pub(crate) public: usize,
    pub(crate) domain_bits: u32,
    pub(crate) alpha1: G1Affine,
    pub(crate) beta1: G1Affine,
    pub(crate) beta2: G2Affine,
    pub(crate) gamma2: G2Affine,
    pub(crate) delta2: G2Affine,
}

impl Header {
    pub(crate) fn domain(&self) -> usize {
        1 << self.domain_bits
    }
}

/// One of the two matrices, row by row.
#[derive(Clone, Debug, Default)]
pub(crate) struct Matrix {
    /// Where each row begins; one more at the end.
    starts: Vec<u32>,
    terms: Vec<Term>,
}

/// A wire and which of the distinct factors it is taken times.
#[derive(Clone, Copy, Debug)]
struct Term {
    wire: u32,
    factor: u32,
}

impl Matrix {
    /// Rows of the product with a witness, beginning at `from`.
    pub(crate) fn rows(&self, from: usize, factors: &[Fr], wires: &[Fr], results: &mut [Fr]) {
        for (result, bounds) in results.iter_mut().zip(self.starts[from..].windows(2)) {
            let mut sum = Fr::from(0_u64);
            for term in &self.terms[bounds[0] as usize..bounds[1] as usize] {
                let wire = wires[term.wire as usize];
                match term.factor {
                    PLUS_ONE => sum += wire,
                    MINUS_ONE => sum -= wire,
                    factor => sum += wire * factors[factor as usize],
                }
            }
            *result = sum;
        }
    }
}

const PLUS_ONE: u32 = 0;
const MINUS_ONE: u32 = 1;

/// A key: what it says, and windows on its points.
pub(crate) struct ProvingKey<'a> {
    pub(crate) header: Header,
    ic: &'a [u8],
    pub(crate) a: &'a [u8],
    pub(crate) b1: &'a [u8],
    pub(crate) b2: &'a [u8],
    pub(crate) c: &'a [u8],
    pub(crate) h: &'a [u8],
    coefficients: &'a [u8],
    deltas: &'a [u8],
}

impl<'a> ProvingKey<'a> {
    pub(crate) fn read(bytes: &'a [u8]) -> Result<Self, Refusal> {
        let sections = Sections::read(bytes, ".zkey", &[1])?;
        let mut protocol = sections.section(1, "zkey protocol")?;
        let found = protocol.u32()?;
        if found != GROTH16 {
            return Err(Refusal::malformed("F12_FOREIGN_PROTOCOL", "zkey protocol", &found.to_string(), "1, Groth16"));
        }
        protocol.end()?;
        let (header, deltas) = read_header(sections.section(2, "zkey header")?)?;
        let (wires, public) = (header.wires, header.public);
        let mut counted = sections.section(4, "coefficients")?;
        let count = counted.u32()? as usize;
        let coefficients = counted.take(count.saturating_mul(COEFFICIENT))?;
        counted.end()?;
        Ok(Self {
            ic: sections.items(3, "points IC", public + 1, POINT1)?,
            a: sections.items(5, "points A", wires, POINT1)?,
            b1: sections.items(6, "points B1", wires, POINT1)?,
            b2: sections.items(7, "points B2", wires, POINT2)?,
            c: sections.items(8, "points C", wires - public - 1, POINT1)?,
            h: sections.items(9, "points H", header.domain(), POINT1)?,
            coefficients,
            deltas,
            header,
        })
    }

    /// The matrices A and B, and their distinct factors.
    ///
    /// The file holds factors in Montgomery form twice over, so that snarkjs may multiply by values that are not in it;
    /// here all values are in it once.
    pub(crate) fn matrices(&self) -> Result<([Matrix; 2], Vec<Fr>), Refusal> {
        let (wires, rows) = (self.header.wires, self.header.domain());
        let mut counts = [vec![0_u32; rows + 1], vec![0_u32; rows + 1]];
        for (matrix, row, wire, _) in self.entries() {
            let inside = matrix < 2 && row < rows && wire < wires;
            if !inside {
                let found = format!("matrix {matrix}, row {row}, wire {wire}");
                let expected = format!("matrix 0 or 1, a row below {rows}, a wire below {wires}");
                return Err(Refusal::malformed("F14_INDEX_OUT_OF_RANGE", "coefficients", &found, &expected));
            }
            counts[matrix][row + 1] += 1;
        }
        for starts in &mut counts {
            for row in 0..rows {
                starts[row + 1] += starts[row];
            }
        }
        let mut factors = Factors::new();
        let mut matrices = counts.map(|starts| {
            let terms = vec![Term { wire: 0, factor: 0 }; starts[rows] as usize];
            Matrix { starts, terms }
        });
        let mut next = [matrices[0].starts.clone(), matrices[1].starts.clone()];
        for (matrix, row, wire, bytes) in self.entries() {
            let factor = factors.number(bytes)?;
            let place = &mut next[matrix][row];
            let wire = u32::try_from(wire).expect("a wire is numbered by 32 bits");
            matrices[matrix].terms[*place as usize] = Term { wire, factor };
            *place += 1;
        }
        Ok((matrices, factors.values))
    }

    fn entries(&self) -> impl Iterator<Item = (usize, usize, usize, &'a [u8])> {
        self.coefficients.chunks_exact(COEFFICIENT).map(|entry| {
            let word =
                |place: usize| u32::from_le_bytes(entry[4 * place..][..4].try_into().expect("four bytes")) as usize;
            (word(0), word(1), word(2), &entry[12..])
        })
    }
}

/// Distinct factors, numbered; most of a matrix are the same few.
struct Factors<'a> {
    numbers: std::collections::HashMap<&'a [u8], u32>,
    values: Vec<Fr>,
    unit: Fr,
}

impl<'a> Factors<'a> {
    fn new() -> Self {
        let one = Fr::from(1_u64);
        // A product with the number one takes one Montgomery form off.
        let unit = Fr::new_unchecked(ark_ff::BigInt::new([1, 0, 0, 0]));
        Self { numbers: std::collections::HashMap::new(), values: vec![one, -one], unit }
    }

    fn number(&mut self, bytes: &'a [u8]) -> Result<u32, Refusal> {
        if let Some(number) = self.numbers.get(bytes) {
            return Ok(*number);
        }
        let value = montgomery::<FrConfig>(bytes).ok_or_else(|| {
            Refusal::malformed("F15_NOT_CANONICAL", "coefficients", "a factor not below r", "factors below r")
        })? * self.unit;
        let known = self.values[..2].iter().position(|other| *other == value);
        let number = u32::try_from(known.unwrap_or(self.values.len())).expect("counted by 32 bits");
        if known.is_none() {
            self.values.push(value);
        }
        self.numbers.insert(bytes, number);
        Ok(number)
    }
}

/// The header, and the bytes of delta in both groups.
fn read_header(mut reader: Reader<'_>) -> Result<(Header, &[u8]), Refusal> {
    reader.modulus(&FqConfig::MODULUS, "the coordinate field of BN254")?;
    reader.modulus(&FrConfig::MODULUS, "the scalar field of BN254")?;
    let (wires, public, domain) = (reader.u32()?, reader.u32()?, reader.u32()?);
    let disagree =
        |found: String, expected: &str| Err(Refusal::malformed("F13_COUNTS_DISAGREE", "zkey header", &found, expected));
    if public >= wires {
        return disagree(format!("{public} public of {wires} wires"), "a wire for the one and for each public input");
    }
    if !domain.is_power_of_two() || domain.trailing_zeros() > ntt::MOST_BITS {
        return disagree(format!("a domain of {domain}"), "a power of two that the field has roots for");
    }
    let points = reader.clone().take(2 * POINT1 + 2 * POINT2 + POINT1 + POINT2)?;
    let [alpha1, beta1] = [reader.point1()?, reader.point1()?];
    let [beta2, gamma2] = [reader.point2()?, reader.point2()?];
    // Among the bases of the sums delta stands as it is; here it is only looked at.
    let _delta1 = reader.point1()?;
    let header = Header {
        wires: wires as usize,
        public: public as usize,
        domain_bits: domain.trailing_zeros(),
        alpha1,
        beta1,
        beta2,
        gamma2,
        delta2: reader.point2()?,
    };
    reader.end()?;
    Ok((header, &points[2 * POINT1 + 2 * POINT2..]))
}

impl<'a> ProvingKey<'a> {
    /// The points for the public inputs, the first of them for the one.
    pub(crate) fn inputs(&self) -> Result<Vec<G1Affine>, Refusal> {
        self.ic.chunks_exact(POINT1).map(|bytes| read_point1(bytes).map_err(|bad| bad.named("points IC"))).collect()
    }

    /// The bytes of delta in the two groups.
    pub(crate) fn deltas(&self) -> (&'a [u8], &'a [u8]) {
        let (first, second) = self.deltas.split_at(POINT1);
        (first, second)
    }
}
