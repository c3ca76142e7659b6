//! The container that `.zkey` and `.wtns` share: a magic word, a version, and sections with their lengths.
//!
//! Nothing that a file says of itself is believed before it is compared with the bytes that are there.

use ark_bn254::{Fq, FqConfig, FrConfig, G1Affine, G2Affine};
use ark_ec::AffineRepr;

use ark_ff::{BigInt, BigInteger, Fp, MontBackend, MontConfig, PrimeField};

use crate::curve::{G1, G2, Group, Kernel};
use crate::refusal::Refusal;

/// The bytes of one field element.
pub(crate) const ELEMENT: usize = 32;
/// The bytes of a point of the first group.
pub(crate) const POINT1: usize = 2 * ELEMENT;
/// The bytes of a point of the second group.
pub(crate) const POINT2: usize = 4 * ELEMENT;

const MOST_SECTIONS: usize = 64;

/// Bytes with a name, read from front to back.
#[derive(Clone, Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
    name: &'a str,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(rest: &'a [u8], name: &'a str) -> Self {
        Self { rest, name }
    }

    pub(crate) fn take(&mut self, count: usize) -> Result<&'a [u8], Refusal> {
        let Some((taken, rest)) = self.rest.split_at_checked(count) else {
            let found = format!("{} bytes", self.rest.len());
            return Err(Refusal::malformed("F04_TRUNCATED", self.name, &found, &format!("{count} bytes more")));
        };
        self.rest = rest;
        Ok(taken)
    }

    fn array<const COUNT: usize>(&mut self) -> Result<[u8; COUNT], Refusal> {
        self.take(COUNT).map(|taken| taken.try_into().expect("as many as were asked for"))
    }

    pub(crate) fn u32(&mut self) -> Result<u32, Refusal> {
        self.array().map(u32::from_le_bytes)
    }

    fn length(&mut self) -> Result<usize, Refusal> {
        let length = self.array().map(u64::from_le_bytes)?;
        usize::try_from(length).map_err(|_| {
            Refusal::malformed(
                "F04_TRUNCATED",
                self.name,
                &format!("a length of {length}"),
                "one that fits into memory",
            )
        })
    }

    pub(crate) fn end(&self) -> Result<(), Refusal> {
        if self.rest.is_empty() {
            return Ok(());
        }
        Err(Refusal::malformed("F05_TRAILING_BYTES", self.name, &format!("{} bytes", self.rest.len()), "no more bytes"))
    }

    /// The modulus of a field: its width, then its number.
    pub(crate) fn modulus(&mut self, expected: &BigInt<4>, which: &str) -> Result<(), Refusal> {
        let foreign = |found: &str| Refusal::malformed("F11_FOREIGN_FIELD", self.name, found, which);
        let width = self.clone().u32()?;
        if width as usize != ELEMENT {
            return Err(foreign(&format!("{width} bytes")));
        }
        self.u32()?;
        if limbs(&self.array()?) != expected.0 {
            return Err(Refusal::malformed("F11_FOREIGN_FIELD", self.name, "another modulus", which));
        }
        Ok(())
    }

    pub(crate) fn point1(&mut self) -> Result<G1Affine, Refusal> {
        let name = self.name;
        read_point1(self.take(POINT1)?).map_err(|error| error.named(name))
    }

    pub(crate) fn point2(&mut self) -> Result<G2Affine, Refusal> {
        let name = self.name;
        read_point2(self.take(POINT2)?).map_err(|error| error.named(name))
    }
}

/// What is wrong with a point, before it is known where it stands.
pub(crate) enum BadPoint {
    NotCanonical,
    OffCurve,
}

impl BadPoint {
    pub(crate) fn named(self, name: &str) -> Refusal {
        match self {
            Self::NotCanonical => {
                Refusal::malformed("F15_NOT_CANONICAL", name, "a coordinate not below p", "coordinates below p")
            }
            Self::OffCurve => Refusal::rejected("V15_OFF_CURVE", name, "a point off the curve", "points of the curve"),
        }
    }
}

pub(crate) fn limbs(bytes: &[u8; ELEMENT]) -> [u64; 4] {
    std::array::from_fn(|limb| u64::from_le_bytes(bytes[8 * limb..][..8].try_into().expect("eight bytes")))
}

/// The limbs of an element that has to be below its modulus.
pub(crate) fn below(bytes: &[u8], modulus: &BigInt<4>) -> Option<[u64; 4]> {
    let value = limbs(bytes.try_into().ok()?);
    (BigInt::new(value) < *modulus).then_some(value)
}

/// An element whose Montgomery form stands here.
pub(crate) fn montgomery<C: MontConfig<4>>(bytes: &[u8]) -> Option<Fp<MontBackend<C, 4>, 4>> {
    below(bytes, &C::MODULUS).map(|value| Fp::new_unchecked(BigInt::new(value)))
}

fn coordinate(bytes: &[u8], number: usize) -> Result<Fq, BadPoint> {
    montgomery::<FqConfig>(&bytes[number * ELEMENT..][..ELEMENT]).ok_or(BadPoint::NotCanonical)
}

/// A point of the first group; all zeros are infinity.
pub(crate) fn read_point1(bytes: &[u8]) -> Result<G1Affine, BadPoint> {
    let point = G1Affine::new_unchecked(coordinate(bytes, 0)?, coordinate(bytes, 1)?);
    on_curve(point, bytes, G1Affine::identity(), G1Affine::is_on_curve)
}

/// A point of the twist; all zeros are infinity. Its subgroup is not looked at.
pub(crate) fn read_point2(bytes: &[u8]) -> Result<G2Affine, BadPoint> {
    let pair = |number| Ok(ark_bn254::Fq2::new(coordinate(bytes, number)?, coordinate(bytes, number + 1)?));
    let point = G2Affine::new_unchecked(pair(0)?, pair(2)?);
    on_curve(point, bytes, G2Affine::identity(), G2Affine::is_on_curve)
}

fn on_curve<T>(point: T, bytes: &[u8], infinity: T, test: impl FnOnce(&T) -> bool) -> Result<T, BadPoint> {
    if bytes.iter().all(|&byte| byte == 0) {
        Ok(infinity)
    } else if test(&point) {
        Ok(point)
    } else {
        Err(BadPoint::OffCurve)
    }
}

/// Limbs as they stand in files.
pub(crate) fn write_words(content: &mut Vec<u8>, limbs: [u64; 4]) {
    content.extend(limbs.iter().flat_map(|limb| limb.to_le_bytes()));
}

/// A point as it stands in files: infinity is all zeros.
pub(crate) fn write_point1(content: &mut Vec<u8>, point: &G1Affine) {
    let (x, y) = point.xy().unwrap_or_default();
    for part in [x, y] {
        write_words(content, part.0.0);
    }
}

/// The same in the second group.
pub(crate) fn write_point2(content: &mut Vec<u8>, point: &G2Affine) {
    let (x, y) = point.xy().unwrap_or_default();
    for part in [x.c0, x.c1, y.c0, y.c1] {
        write_words(content, part.0.0);
    }
}

/// A point as EIP-196 takes it: affine, big-endian.
pub(crate) fn write_evm1(content: &mut Vec<u8>, point: &G1Affine) {
    let (x, y) = point.xy().unwrap_or_default();
    for part in [x, y] {
        content.extend(part.into_bigint().to_bytes_be());
    }
}

/// A point as EIP-197 takes it: the imaginary part of a coordinate first.
pub(crate) fn write_evm2(content: &mut Vec<u8>, point: &G2Affine) {
    let (x, y) = point.xy().unwrap_or_default();
    for part in [x.c1, x.c0, y.c1, y.c0] {
        content.extend(part.into_bigint().to_bytes_be());
    }
}

/// A group whose points stand in files.
pub(crate) trait Stored: Group {
    const BYTES: usize;

    /// The point as a kernel keeps it.
    fn from_bytes(bytes: &[u8], kernel: Kernel) -> Result<Self::Point, BadPoint>;
}

impl Stored for G1 {
    const BYTES: usize = POINT1;

    fn from_bytes(bytes: &[u8], kernel: Kernel) -> Result<Self::Point, BadPoint> {
        read_point1(bytes).map(|point| Self::pack(kernel, &point))
    }
}

impl Stored for G2 {
    const BYTES: usize = POINT2;

    fn from_bytes(bytes: &[u8], kernel: Kernel) -> Result<Self::Point, BadPoint> {
        read_point2(bytes).map(|point| Self::pack(kernel, &point))
    }
}

/// The sections of a file: kind and content, each kind once.
pub(crate) struct Sections<'a> {
    sections: Vec<(u32, &'a [u8])>,
    format: &'static str,
}

impl<'a> Sections<'a> {
    pub(crate) fn read(bytes: &'a [u8], format: &'static str, versions: &[u32]) -> Result<Self, Refusal> {
        let mut reader = Reader::new(bytes, format);
        let magic = reader.take(4)?;
        if magic != &format.as_bytes()[1..] {
            let found = String::from_utf8_lossy(magic).escape_debug().to_string();
            return Err(Refusal::malformed("F02_FOREIGN_FILE", format, &found, &format[1..]));
        }
        let version = reader.u32()?;
        if !versions.contains(&version) {
            return Err(Refusal::malformed(
                "F03_VERSION",
                format,
                &version.to_string(),
                &format!("one of {versions:?}"),
            ));
        }
        let count = reader.u32()? as usize;
        if count > MOST_SECTIONS {
            let expected = format!("at most {MOST_SECTIONS}");
            return Err(Refusal::malformed("F06_TOO_MANY_SECTIONS", format, &count.to_string(), &expected));
        }
        let mut sections: Vec<(u32, &[u8])> = Vec::with_capacity(count);
        for _ in 0..count {
            let kind = reader.u32()?;
            let length = reader.length()?;
            let content = reader.take(length)?;
            if sections.iter().any(|(other, _)| *other == kind) {
                return Err(Refusal::malformed(
                    "F07_DUPLICATE_SECTION",
                    format,
                    &format!("section {kind} twice"),
                    "once",
                ));
            }
            sections.push((kind, content));
        }
        reader.end()?;
        Ok(Self { sections, format })
    }

    pub(crate) fn section(&self, kind: u32, name: &'static str) -> Result<Reader<'a>, Refusal> {
        let found = self.sections.iter().find(|(other, _)| *other == kind);
        let (_, content) = found.ok_or_else(|| {
            Refusal::malformed(
                "F09_MISSING_SECTION",
                self.format,
                "no such section",
                &format!("section {kind}: {name}"),
            )
        })?;
        Ok(Reader::new(content, name))
    }

    /// A section of as many items as the header says.
    pub(crate) fn items(&self, kind: u32, name: &'static str, count: usize, size: usize) -> Result<&'a [u8], Refusal> {
        let mut reader = self.section(kind, name)?;
        let expected = count.checked_mul(size);
        if expected != Some(reader.rest.len()) {
            let found = format!("{} bytes", reader.rest.len());
            return Err(Refusal::malformed(
                "F10_SECTION_SIZE",
                name,
                &found,
                &format!("{count} items of {size} bytes"),
            ));
        }
        reader.take(reader.rest.len())
    }
}

/// The values of a `.wtns` file, as they stand there: canonical, little-endian.
pub(crate) fn read_witness(bytes: &[u8]) -> Result<&[u8], Refusal> {
    let sections = Sections::read(bytes, ".wtns", &[2])?;
    let mut header = sections.section(1, "witness header")?;
    header.modulus(&FrConfig::MODULUS, "the scalar field of BN254")?;
    let count = header.u32()? as usize;
    header.end()?;
    sections.items(2, "witness values", count, ELEMENT)
}
