//! The operations of a witness program, with absolute cells and everything in them checked.

/// Where a value is in an execution.
pub(super) type Cell = u32;
/// Which rule an instruction breaks when it fails.
pub(super) type Rule = u32;

/// Where the list of an instruction lies among those of all.
#[derive(Clone, Copy)]
pub(super) struct List {
    pub(super) start: u32,
    pub(super) length: u32,
}

/// What is done with two cells to make one.
#[derive(Clone, Copy)]
pub(super) enum Pairing {
    Add,
    Subtract,
    Multiply,
    Less,
    Equal,
    Minimum,
    Maximum,
}

/// What is demanded of two cells.
#[derive(Clone, Copy)]
pub(super) enum Relation {
    Equal,
    Less,
}

/// One step of a program; `snark/r1cs/program/operations.py` says what each one does.
#[derive(Clone, Copy)]
pub(super) enum Instruction {
    Constant { constant: u32 },
    Pair { pairing: Pairing, left: Cell, right: Cell },
    Inverse { value: Cell, rule: Rule },
    InverseOrZero { value: Cell },
    Linear { constant: u32, terms: List },
    Select { chooser: Cell, one: Cell, zero: Cell },
    Digits { value: Cell, width: u8, count: u16, rule: Rule },
    IsZero { value: Cell },
    Divide { dividend: Cell, divisor: Cell, rule: Rule },
    Lookup { table: u32, place: Cell, rule: Rule },
    Pick { place: Cell, rule: Rule, choices: List },
    Permute { state: List, traced: bool },
    AssertRelation { relation: Relation, left: Cell, right: Cell, rule: Rule },
    AssertFits { value: Cell, bits: u8, rule: Rule },
    AssertNonzero { value: Cell, rule: Rule },
    AssertProduct { left: Cell, right: Cell, product: Cell, rule: Rule },
}
