//! The execution of a decoded program: one pass over its instructions.

use ark_bn254::{Fr, FrConfig};
use ark_ff::{AdditiveGroup, BigInt, Field, MontConfig, PrimeField};
use zeroize::{Zeroize, Zeroizing};

use crate::points::FIELD_BYTES;
use crate::poseidon::{LARGEST_WIDTH, permute, permute_traced};
use crate::refusal::Refusal;
use crate::wiped::Wiped;

use super::decode::ANY_ELEMENT_BITS;
use super::integers::{as_u64, digit, divide, fits};
use super::operation::{Instruction, List, Pairing, Relation, Rule};
use super::{Input, Program};

const BITS: [Fr; 2] = [Fr::ZERO, Fr::ONE];

fn bit(value: bool) -> Fr {
    BITS[usize::from(value)]
}

/// The entry with this number, if there is one.
fn entry<T: Copy>(entries: &[T], place: Fr) -> Option<T> {
    let place = as_u64(&place.into_bigint())?;
    entries.get(usize::try_from(place).ok()?).copied()
}

impl Program {
    /// All cells; they are wiped when they are dropped.
    pub(super) fn execute(&self, elements: &[u8]) -> Result<Wiped<Fr>, Refusal> {
        let mut cells = Wiped::with_room(self.cells);
        cells.push(Fr::ONE);
        self.read_inputs(elements, &mut cells)?;
        for instruction in &self.instructions {
            self.perform(instruction, &mut cells).map_err(|rule| self.broken(rule))?;
        }
        Ok(cells)
    }

    fn broken(&self, rule: Rule) -> Refusal {
        let name = &self.rules[rule as usize];
        Refusal::rejected("W30_RULE_BROKEN", name, "inputs that break it", "inputs that keep it")
    }

    fn read_inputs(&self, elements: &[u8], cells: &mut Wiped<Fr>) -> Result<(), Refusal> {
        let length = self.input_elements * FIELD_BYTES;
        if elements.len() != length {
            let (found, expected) = (format!("{} bytes", elements.len()), format!("{length} bytes"));
            return Err(Refusal::malformed("W22_INPUT_SIZE", "inputs", &found, &expected));
        }
        let mut elements = elements.chunks_exact(FIELD_BYTES);
        for input in &self.inputs {
            for (place, element) in elements.by_ref().take(input.size).enumerate() {
                cells.push(read_element(input, element).ok_or_else(|| refuse_element(input, place))?);
            }
        }
        Ok(())
    }

    fn list(&self, list: List) -> &[u32] {
        &self.lists[list.start as usize..][..list.length as usize]
    }

    /// Write what the instruction makes, or say which rule it breaks.
    #[inline]
    fn perform(&self, instruction: &Instruction, cells: &mut Wiped<Fr>) -> Result<(), Rule> {
        let at = |cell: u32| cells[cell as usize];
        let made = match *instruction {
            Instruction::Constant { constant } => self.constants[constant as usize],
            Instruction::Pair { pairing, left, right } => pair(pairing, at(left), at(right)),
            Instruction::Inverse { value, rule } => at(value).inverse().ok_or(rule)?,
            Instruction::InverseOrZero { value } => at(value).inverse().unwrap_or(Fr::ZERO),
            Instruction::Linear { constant, terms } => {
                let terms = self.list(terms).chunks_exact(2);
                terms.fold(self.constants[constant as usize], |sum, term| {
                    let value = at(term[1]);
                    if value == Fr::ZERO { sum } else { sum + scale(value, self.constants[term[0] as usize]) }
                })
            }
            Instruction::Select { chooser, one, zero } => match at(chooser) {
                chooser if chooser == Fr::ZERO => at(zero),
                chooser if chooser == Fr::ONE => at(one),
                chooser => at(zero) + chooser * (at(one) - at(zero)),
            },
            Instruction::IsZero { value } => bit(at(value) == Fr::ZERO),
            Instruction::Lookup { table, place, rule } => {
                let constant = entry(&self.tables[table as usize], at(place)).ok_or(rule)?;
                self.constants[constant as usize]
            }
            Instruction::Pick { place, rule, choices } => at(entry(self.list(choices), at(place)).ok_or(rule)?),
            Instruction::Digits { value, width, count, rule } => {
                let value = at(value);
                return push_digits(cells, value, u32::from(width), u32::from(count)).ok_or(rule);
            }
            Instruction::Divide { dividend, divisor, rule } => {
                let divisor = at(divisor);
                if divisor == Fr::ZERO {
                    return Err(rule);
                }
                let (quotient, remainder) = divide(&at(dividend).into_bigint(), &divisor.into_bigint());
                cells.push(small(quotient));
                cells.push(small(remainder));
                return Ok(());
            }
            Instruction::Permute { state, traced } => {
                self.permute(self.list(state), traced, cells);
                return Ok(());
            }
            Instruction::AssertRelation { relation, left, right, rule } => {
                return demand(holds(relation, at(left), at(right)), rule);
            }
            Instruction::AssertFits { value, bits, rule } => {
                return demand(fits(&at(value).into_bigint(), u32::from(bits)), rule);
            }
            Instruction::AssertNonzero { value, rule } => return demand(at(value) != Fr::ZERO, rule),
            Instruction::AssertProduct { left, right, product, rule } => {
                return demand(at(left) * at(right) == at(product), rule);
            }
        };
        cells.push(made);
        Ok(())
    }

    #[allow(clippy::unused_self, reason = "a step of the program like every other")]
    fn permute(&self, from: &[u32], traced: bool, cells: &mut Wiped<Fr>) {
        let mut elements = Zeroizing::new([Fr::ZERO; LARGEST_WIDTH]);
        let state = &mut elements[..from.len()];
        for (element, &cell) in state.iter_mut().zip(from) {
            *element = cells[cell as usize];
        }
        if traced {
            permute_traced(state, |sbox| sbox.iter().for_each(|&power| cells.push(power)));
        } else {
            permute(state);
        }
        for &element in state.iter() {
            cells.push(element);
        }
    }
}

fn demand(holds: bool, rule: Rule) -> Result<(), Rule> {
    if holds { Ok(()) } else { Err(rule) }
}

fn pair(pairing: Pairing, left: Fr, right: Fr) -> Fr {
    match pairing {
        Pairing::Add => left + right,
        Pairing::Subtract => left - right,
        Pairing::Multiply => left * right,
        Pairing::Less => bit(left.into_bigint() < right.into_bigint()),
        Pairing::Equal => bit(left == right),
        Pairing::Minimum => left.min(right),
        Pairing::Maximum => left.max(right),
    }
}

fn holds(relation: Relation, left: Fr, right: Fr) -> bool {
    match relation {
        Relation::Equal => left == right,
        Relation::Less => left.into_bigint() < right.into_bigint(),
    }
}

/// A product whose first factor is often one.
fn scale(value: Fr, factor: Fr) -> Fr {
    if value == Fr::ONE { factor } else { value * factor }
}

/// The element that stands for an integer below r.
fn small(integer: BigInt<4>) -> Fr {
    Fr::from_bigint(integer).unwrap_or_else(|| unreachable!("it is not above an element"))
}

fn push_digits(cells: &mut Wiped<Fr>, value: Fr, width: u32, count: u32) -> Option<()> {
    let mut value = value.into_bigint();
    if !fits(&value, width * count) {
        return None;
    }
    for place in (0..count).map(|place| place * width) {
        let digit = digit(&value, place, width);
        cells.push(if digit < 2 { bit(digit == 1) } else { Fr::from(digit) });
    }
    value.zeroize();
    Some(())
}

fn read_element(input: &Input, bytes: &[u8]) -> Option<Fr> {
    let mut limbs = [0; 4];
    for (limb, chunk) in limbs.iter_mut().zip(bytes.chunks_exact(8)) {
        *limb = chunk.iter().rev().fold(0, |limb, &byte| limb << 8 | u64::from(byte));
    }
    let value = BigInt::new(limbs);
    if input.bits != ANY_ELEMENT_BITS && !fits(&value, input.bits) || value >= FrConfig::MODULUS {
        return None;
    }
    Fr::from_bigint(value)
}

/// An element that is too large; what it is stays with its owner.
fn refuse_element(input: &Input, place: usize) -> Refusal {
    let name = &input.name;
    let field = if input.size == 1 { format!("inputs.{name}") } else { format!("inputs.{name}[{place}]") };
    let bound = if input.bits == ANY_ELEMENT_BITS { "r".to_owned() } else { format!("2^{}", input.bits) };
    let expected = format!("a number from 0 to below {bound}");
    Refusal::malformed("W23_INPUT_OUT_OF_BOUNDS", &field, "a number outside", &expected)
}
