//! Reading a witness program strictly: every number in its shortest form, every reference to something that is there.

use std::collections::HashSet;
use std::fmt::{self, Display, Formatter};

use ark_bn254::{Fr, FrConfig};
use ark_ff::{BigInt, MontConfig, PrimeField};

use crate::poseidon::{LARGEST_WIDTH, SMALLEST_WIDTH, sboxes};
use crate::refusal::Refusal;

use super::operation::{Cell, Instruction, List, Pairing, Relation};
use super::{Input, Program};

const MAGIC: &[u8; 4] = b"rfwp";
const VERSION: u32 = 1;

/// Half a gigabyte of elements; the same bound holds for wires and for the elements of the inputs.
const MOST_CELLS: usize = 1 << 24;
const LONGEST_NAME: usize = 100;
/// The bound of an input that may be any element: it has to be below r.
pub(super) const ANY_ELEMENT_BITS: u32 = 254;
const LARGEST_DIGIT_BITS: u32 = 64;
const LARGEST_DIGITS_BITS: u32 = 256;
const LARGEST_FITTING_BITS: u32 = 253;
const CELLS_OF_SBOX: usize = 3;

/// Where in a program something is wrong.
#[derive(Clone, Copy)]
enum Place {
    Named(&'static str),
    Numbered(&'static str, usize),
}

impl Display for Place {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named(name) => write!(formatter, "{name}"),
            Self::Numbered(name, number) => write!(formatter, "{name}[{number}]"),
        }
    }
}

impl Place {
    fn refuse(self, reason: &'static str, found: &str, expected: &str) -> Refusal {
        Refusal::malformed(reason, &self.to_string(), found, expected)
    }

    fn misspelt(self, found: &str) -> Refusal {
        self.refuse("W06_NUMBER_SPELLING", found, "the shortest form, in 32 bits")
    }

    /// A count or size that can be.
    fn require_bounds(self, number: usize, least: usize, most: usize) -> Result<usize, Refusal> {
        if (least..=most).contains(&number) {
            Ok(number)
        } else {
            Err(self.refuse("W07_BEYOND_BOUNDS", &number.to_string(), &format!("{least} to {most}")))
        }
    }

    /// The number of something that is there.
    fn require_reference(self, number: u32, limit: usize) -> Result<u32, Refusal> {
        if (number as usize) < limit {
            Ok(number)
        } else {
            Err(self.refuse("W11_POINTS_NOWHERE", &format!("number {number}"), &format!("one of {limit}")))
        }
    }
}

/// The bytes of a program, taken from the front.
struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize, place: Place) -> Result<&'a [u8], Refusal> {
        let Some((taken, rest)) = self.rest.split_at_checked(length) else {
            let found = format!("{} bytes", self.rest.len());
            return Err(place.refuse("W04_CUT_SHORT", &found, &format!("{length} bytes")));
        };
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self, place: Place) -> Result<[u8; N], Refusal> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N, place)?);
        Ok(array)
    }

    /// The next number, in its shortest form.
    fn number(&mut self, place: Place) -> Result<u32, Refusal> {
        let mut number = 0_u64;
        for position in 0..5 {
            let [byte] = self.array(place)?;
            number |= u64::from(byte & 0x7F) << (7 * position);
            if byte & 0x80 == 0 {
                let number = u32::try_from(number).map_err(|_| place.misspelt("more than 32 bits"))?;
                return if byte == 0 && position > 0 { Err(place.misspelt("leading zeros")) } else { Ok(number) };
            }
        }
        Err(place.misspelt("more than five bytes"))
    }

    fn size(&mut self, least: usize, most: usize, place: Place) -> Result<usize, Refusal> {
        let number = self.number(place)?;
        place.require_bounds(number as usize, least, most)
    }

    /// A name that nobody else has.
    fn name(&mut self, others: &mut HashSet<&'a [u8]>, place: Place) -> Result<String, Refusal> {
        let refuse = |found: &str, expected: &str| place.refuse("W08_BAD_NAME", found, expected);
        let length = self.number(place)? as usize;
        if !(1..=LONGEST_NAME).contains(&length) {
            return Err(refuse(&format!("{length} characters"), "1 to 100 characters"));
        }
        let spelled = self.take(length, place)?;
        if !spelled.iter().all(u8::is_ascii_graphic) {
            return Err(refuse("other characters", "printable ASCII characters, no space"));
        }
        if !others.insert(spelled) {
            return Err(refuse("a name that stands twice", "its own name"));
        }
        Ok(spelled.iter().copied().map(char::from).collect())
    }

    fn constant(&mut self, place: Place) -> Result<Fr, Refusal> {
        Fr::from_bigint(self.bigint(place)?)
            .ok_or_else(|| place.refuse("W09_NOT_CANONICAL", "a number not below r", "a number below r"))
    }

    fn bigint(&mut self, place: Place) -> Result<BigInt<4>, Refusal> {
        let bytes = self.take(32, place)?;
        let mut limbs = [0; 4];
        for (limb, chunk) in limbs.iter_mut().zip(bytes.chunks_exact(8)) {
            *limb = chunk.iter().rev().fold(0, |limb, &byte| limb << 8 | u64::from(byte));
        }
        Ok(BigInt::new(limbs))
    }
}

/// What the head announces.
struct Counts {
    inputs: usize,
    constants: usize,
    tables: usize,
    rules: usize,
    instructions: usize,
    cells: usize,
    wires: usize,
    outputs: usize,
    public_inputs: usize,
}

impl Counts {
    fn read(reader: &mut Reader<'_>) -> Result<Self, Refusal> {
        let bytes: [u8; 36] = reader.array(Place::Named("counts"))?;
        let mut numbers = bytes
            .chunks_exact(4)
            .map(|chunk| chunk.iter().rev().fold(0, |number, &byte| number << 8 | usize::from(byte)));
        let mut next = || numbers.next().unwrap_or_default();
        let counts = Self {
            inputs: next(),
            constants: next(),
            tables: next(),
            rules: next(),
            instructions: next(),
            cells: next(),
            wires: next(),
            outputs: next(),
            public_inputs: next(),
        };
        Place::Named("counts.cells").require_bounds(counts.cells, 1, MOST_CELLS)?;
        Place::Named("counts.wires").require_bounds(counts.wires, 1, MOST_CELLS)?;
        if counts.outputs + counts.public_inputs >= counts.wires {
            let found = format!("{} wires", counts.wires);
            let expected = format!("more than {} outputs and {} public inputs", counts.outputs, counts.public_inputs);
            return Err(Place::Named("counts.wires").refuse("W12_COUNTS_DISAGREE", &found, &expected));
        }
        Ok(counts)
    }
}

impl Program {
    /// The program that these bytes say; the checks come in the order of the format.
    pub(crate) fn decode(data: &[u8]) -> Result<Self, Refusal> {
        let mut reader = Reader { rest: data };
        let made_for = read_head(&mut reader)?;
        let counts = Counts::read(&mut reader)?;
        let (inputs, input_elements) = read_inputs(&mut reader, counts.inputs)?;
        let constants = read_each(counts.constants, "constants", |place| reader.constant(place))?;
        let tables = read_each(counts.tables, "tables", |place| {
            let length = reader.size(1, MOST_CELLS, place)?;
            let mut entry = || place.require_reference(reader.number(place)?, counts.constants);
            (0..length).map(|_| entry()).collect::<Result<Vec<_>, _>>()
        })?;
        let mut names = HashSet::new();
        let rules = read_each(counts.rules, "rules", |place| reader.name(&mut names, place))?;

        let mut body = Body { reader, counts: &counts, lists: Vec::new(), following: 1 + input_elements };
        let instructions = read_each(counts.instructions, "instructions", |place| body.instruction(place))?;
        let Body { mut reader, lists, following, .. } = body;
        if following != counts.cells {
            let refused = Place::Named("counts.cells");
            return Err(refused.refuse("W12_COUNTS_DISAGREE", &counts.cells.to_string(), &following.to_string()));
        }
        let wires = read_wires(&mut reader, counts.wires, counts.cells)?;
        if !reader.rest.is_empty() {
            let found = format!("{} bytes more", reader.rest.len());
            return Err(Place::Named("program").refuse("W05_TRAILING_BYTES", &found, "its end"));
        }
        let Counts { cells, outputs, public_inputs, .. } = counts;
        Ok(Self {
            made_for,
            inputs,
            input_elements,
            constants,
            tables,
            rules,
            instructions,
            lists,
            cells,
            wires,
            outputs,
            public_inputs,
        })
    }
}

/// One after the other; nothing is reserved for what a head only announces.
fn read_each<T>(
    count: usize,
    name: &'static str,
    mut read: impl FnMut(Place) -> Result<T, Refusal>,
) -> Result<Vec<T>, Refusal> {
    (0..count).map(|number| read(Place::Numbered(name, number))).collect()
}

fn read_head(reader: &mut Reader<'_>) -> Result<[u8; 32], Refusal> {
    let place = Place::Named("magic");
    if reader.take(MAGIC.len(), place)? != MAGIC {
        return Err(place.refuse("W01_FOREIGN_FILE", "another file", "rfwp"));
    }
    let place = Place::Named("version");
    let version = u32::from_le_bytes(reader.array(place)?);
    if version != VERSION {
        return Err(place.refuse("W02_FOREIGN_VERSION", &version.to_string(), &VERSION.to_string()));
    }
    let place = Place::Named("prime");
    if reader.bigint(place)? != FrConfig::MODULUS {
        return Err(place.refuse("W03_FOREIGN_FIELD", "another prime", "r of BN254"));
    }
    reader.array(Place::Named("made_for"))
}

fn read_inputs(reader: &mut Reader<'_>, count: usize) -> Result<(Vec<Input>, usize), Refusal> {
    let mut names = HashSet::new();
    let mut elements = 0;
    let inputs = read_each(count, "inputs", |place| {
        let name = reader.name(&mut names, place)?;
        let size = reader.size(1, MOST_CELLS, place)?;
        let bits = reader.number(place)?;
        place.require_bounds(bits as usize, 1, ANY_ELEMENT_BITS as usize)?;
        elements = place.require_bounds(elements + size, 1, MOST_CELLS - 1)?;
        Ok(Input { name, size, bits })
    })?;
    Ok((inputs, elements))
}

fn read_wires(reader: &mut Reader<'_>, count: usize, cells: usize) -> Result<Vec<u32>, Refusal> {
    let mut before = -1_i64;
    read_each(count, "wires", |place| {
        let number = i64::from(reader.number(place)?);
        let step = if number & 1 == 1 { -(number + 1) / 2 } else { number / 2 };
        before += 1 + step;
        let first = matches!(place, Place::Numbered(_, 0));
        let limit = if first { 1 } else { cells };
        match u32::try_from(before) {
            Ok(cell) if (cell as usize) < limit => Ok(cell),
            _ => {
                let expected = if first { "the cell that holds one".into() } else { format!("one of {cells} cells") };
                Err(place.refuse("W11_POINTS_NOWHERE", &format!("cell {before}"), &expected))
            }
        }
    })
}

/// The instructions, read one after the other.
struct Body<'a, 'c> {
    reader: Reader<'a>,
    counts: &'c Counts,
    lists: Vec<u32>,
    /// The next free cell.
    following: usize,
}

impl Body<'_, '_> {
    fn cell(&mut self, place: Place) -> Result<Cell, Refusal> {
        // A distance of nought is the cell that is being written, and one beyond all cells is before the first.
        let back = place.require_reference(self.reader.number(place)?.wrapping_sub(1), self.following)?;
        u32::try_from(self.following - 1 - back as usize).map_err(|_| Refusal::broken_invariant("a cell beyond all"))
    }

    fn rule(&mut self, place: Place) -> Result<u32, Refusal> {
        place.require_reference(self.reader.number(place)?, self.counts.rules)
    }

    fn constant(&mut self, place: Place) -> Result<u32, Refusal> {
        place.require_reference(self.reader.number(place)?, self.counts.constants)
    }

    /// The repeated operands: how many entries, then each with what `read` makes of it.
    fn list(&mut self, place: Place, read: impl Fn(&mut Self, Place) -> Result<(), Refusal>) -> Result<List, Refusal> {
        let start = self.lists.len();
        for _ in 0..self.reader.number(place)? {
            read(self, place)?;
        }
        let narrow = |number: usize| place.require_bounds(number, 0, u32::MAX as usize);
        let (start, length) = (narrow(start)?, narrow(self.lists.len() - start)?);
        #[allow(clippy::cast_possible_truncation, reason = "both were just found to fit")]
        Ok(List { start: start as u32, length: length as u32 })
    }

    fn cells(&mut self, place: Place) -> Result<List, Refusal> {
        self.list(place, |body, place| {
            let cell = body.cell(place)?;
            body.lists.push(cell);
            Ok(())
        })
    }

    fn pair(&mut self, pairing: Pairing, place: Place) -> Result<Instruction, Refusal> {
        Ok(Instruction::Pair { pairing, left: self.cell(place)?, right: self.cell(place)? })
    }

    fn relation(&mut self, relation: Relation, place: Place) -> Result<Instruction, Refusal> {
        let (left, right) = (self.cell(place)?, self.cell(place)?);
        Ok(Instruction::AssertRelation { relation, left, right, rule: self.rule(place)? })
    }

    fn instruction(&mut self, place: Place) -> Result<Instruction, Refusal> {
        let [byte] = self.reader.array(place)?;
        let instruction = match byte {
            0x01 => Instruction::Constant { constant: self.constant(place)? },
            0x02 => self.pair(Pairing::Add, place)?,
            0x03 => self.pair(Pairing::Subtract, place)?,
            0x04 => self.pair(Pairing::Multiply, place)?,
            0x05 => Instruction::Inverse { value: self.cell(place)?, rule: self.rule(place)? },
            0x06 => Instruction::InverseOrZero { value: self.cell(place)? },
            0x07 => self.linear(place)?,
            0x08 => Instruction::Select { chooser: self.cell(place)?, one: self.cell(place)?, zero: self.cell(place)? },
            0x10 => self.digits(place)?,
            0x11 => self.pair(Pairing::Less, place)?,
            0x12 => self.pair(Pairing::Equal, place)?,
            0x13 => Instruction::IsZero { value: self.cell(place)? },
            0x14 => self.pair(Pairing::Minimum, place)?,
            0x15 => self.pair(Pairing::Maximum, place)?,
            0x16 => {
                let (dividend, divisor) = (self.cell(place)?, self.cell(place)?);
                Instruction::Divide { dividend, divisor, rule: self.rule(place)? }
            }
            0x20 => {
                let table = place.require_reference(self.reader.number(place)?, self.counts.tables)?;
                Instruction::Lookup { table, place: self.cell(place)?, rule: self.rule(place)? }
            }
            0x21 => self.pick(place)?,
            0x30 => self.permute(false, place)?,
            0x31 => self.permute(true, place)?,
            0x40 => self.relation(Relation::Equal, place)?,
            0x41 => self.relation(Relation::Less, place)?,
            0x42 => self.fits(place)?,
            0x43 => Instruction::AssertNonzero { value: self.cell(place)?, rule: self.rule(place)? },
            0x44 => {
                let (left, right, product) = (self.cell(place)?, self.cell(place)?, self.cell(place)?);
                Instruction::AssertProduct { left, right, product, rule: self.rule(place)? }
            }
            other => return Err(place.refuse("W10_UNKNOWN_OPERATION", &format!("{other:#04x}"), "an operation")),
        };
        self.following = place.require_bounds(self.following + cells_of(&instruction), 1, MOST_CELLS)?;
        Ok(instruction)
    }

    fn linear(&mut self, place: Place) -> Result<Instruction, Refusal> {
        let constant = self.constant(place)?;
        let terms = self.list(place, |body, place| {
            let factor = body.constant(place)?;
            let cell = body.cell(place)?;
            body.lists.extend([factor, cell]);
            Ok(())
        })?;
        require_operands(terms.length > 0, "LINEAR", place)?;
        Ok(Instruction::Linear { constant, terms })
    }

    fn digits(&mut self, place: Place) -> Result<Instruction, Refusal> {
        let value = self.cell(place)?;
        let (width, count) = (self.reader.number(place)?, self.reader.number(place)?);
        let rule = self.rule(place)?;
        let fits = width.checked_mul(count).is_some_and(|bits| (1..=LARGEST_DIGITS_BITS).contains(&bits));
        require_operands(fits && width <= LARGEST_DIGIT_BITS, "DIGITS", place)?;
        #[allow(clippy::cast_possible_truncation, reason = "both were just found to be small")]
        Ok(Instruction::Digits { value, width: width as u8, count: count as u16, rule })
    }

    fn pick(&mut self, at: Place) -> Result<Instruction, Refusal> {
        let (place, rule) = (self.cell(at)?, self.rule(at)?);
        let choices = self.cells(at)?;
        require_operands(choices.length > 0, "PICK", at)?;
        Ok(Instruction::Pick { place, rule, choices })
    }

    fn permute(&mut self, traced: bool, place: Place) -> Result<Instruction, Refusal> {
        let state = self.cells(place)?;
        let fits = (SMALLEST_WIDTH..=LARGEST_WIDTH).contains(&(state.length as usize));
        require_operands(fits, if traced { "PERMUTE_TRACED" } else { "PERMUTE" }, place)?;
        Ok(Instruction::Permute { state, traced })
    }

    fn fits(&mut self, place: Place) -> Result<Instruction, Refusal> {
        let (value, bits, rule) = (self.cell(place)?, self.reader.number(place)?, self.rule(place)?);
        require_operands((1..=LARGEST_FITTING_BITS).contains(&bits), "ASSERT_FITS", place)?;
        #[allow(clippy::cast_possible_truncation, reason = "it was just found to be small")]
        Ok(Instruction::AssertFits { value, bits: bits as u8, rule })
    }
}

fn require_operands(fits: bool, operation: &str, place: Place) -> Result<(), Refusal> {
    if fits {
        return Ok(());
    }
    Err(place.refuse("W07_BEYOND_BOUNDS", "other operands", &format!("operands that {operation} can take")))
}

/// How many cells an instruction writes.
fn cells_of(instruction: &Instruction) -> usize {
    match *instruction {
        Instruction::Digits { count, .. } => usize::from(count),
        Instruction::Divide { .. } => 2,
        Instruction::Permute { state, traced } => {
            let width = state.length as usize;
            width + if traced { CELLS_OF_SBOX * sboxes(width) } else { 0 }
        }
        Instruction::AssertRelation { .. }
        | Instruction::AssertFits { .. }
        | Instruction::AssertNonzero { .. }
        | Instruction::AssertProduct { .. } => 0,
        _ => 1,
    }
}
