//! The parameters of one width, drawn once and brought into the form that takes the fewest multiplications.

use std::any::Any;
use std::array;
use std::collections::HashSet;
use std::sync::OnceLock;

use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, Field};

use super::grain::Grain;
#[cfg(target_arch = "x86_64")]
use super::lanes::Wiring;
use super::linear::{Matrix, dot, multiply, solve_from_left};
use super::{SBox, raise_to_fifth};

/// One input and the capacity.
pub(crate) const SMALLEST_WIDTH: usize = 2;
/// Sixteen inputs and the capacity.
pub(crate) const LARGEST_WIDTH: usize = 17;

const FULL_ROUNDS: usize = 8;
const HALF: usize = FULL_ROUNDS / 2;
/// By width, from two on: circomlib's choice for 128 bits of security.
const PARTIAL_ROUNDS: [usize; LARGEST_WIDTH - SMALLEST_WIDTH + 1] =
    [56, 57, 56, 60, 60, 63, 64, 63, 60, 66, 60, 65, 70, 60, 64, 68];

/// How many S-boxes a permutation has.
pub(crate) fn sboxes(width: usize) -> usize {
    FULL_ROUNDS * width + PARTIAL_ROUNDS[width - SMALLEST_WIDTH]
}

/// A partial round: a constant for the first place, then a matrix with one row, one column and ones elsewhere.
pub(super) struct PartialRound<const T: usize> {
    pub(super) constant: Fr,
    pub(super) row: [Fr; T],
    /// Its first element is not used: the row has it.
    pub(super) column: [Fr; T],
}

/// One of a kind for each width; a static within a generic function is shared by all its types.
struct Kept([OnceLock<Box<dyn Any + Send + Sync>>; LARGEST_WIDTH + 1]);

impl Kept {
    const fn new() -> Self {
        Self([const { OnceLock::new() }; LARGEST_WIDTH + 1])
    }

    fn get<V: Any + Send + Sync>(&'static self, width: usize, make: impl FnOnce() -> V) -> &'static V {
        let kept = self.0[width].get_or_init(|| Box::new(make()));
        kept.downcast_ref().unwrap_or_else(|| unreachable!("the place {width} holds what has this width"))
    }
}

/// Everything that a permutation of `T` elements needs.
pub(super) struct Instance<const T: usize> {
    pub(super) before: [[Fr; T]; HALF],
    pub(super) partial: Vec<PartialRound<T>>,
    pub(super) after: [[Fr; T]; HALF],
    pub(super) mixing: Matrix<T>,
    /// What mixes before the first partial round: the mixing matrix, and what was pulled out of all partial rounds.
    pub(super) entry: Matrix<T>,
}

impl<const T: usize> Instance<T> {
    /// The instance of this width, made when it is first asked for.
    pub(super) fn get() -> &'static Self {
        static INSTANCES: Kept = Kept::new();
        INSTANCES.get(T, Self::draw)
    }

    /// The same for eight lanes.
    #[cfg(target_arch = "x86_64")]
    pub(super) fn wiring() -> &'static Wiring<T> {
        static WIRINGS: Kept = Kept::new();
        WIRINGS.get(T, || Wiring::of(Self::get()))
    }

    fn draw() -> Self {
        let partial_rounds = PARTIAL_ROUNDS[T - SMALLEST_WIDTH];
        let mut grain = Grain::new(T, FULL_ROUNDS, partial_rounds);
        let mut constants: Vec<[Fr; T]> =
            (0..FULL_ROUNDS + partial_rounds).map(|_| array::from_fn(|_| grain.draw_element())).collect();
        let mixing = draw_mixing(&mut grain);

        for round in HALF..HALF + partial_rounds {
            let mut unmet = constants[round];
            unmet[0] = Fr::ZERO;
            for (place, row) in mixing.iter().enumerate() {
                constants[round + 1][place] += dot(row, &unmet);
            }
        }
        let mut entry = mixing;
        let mut partial: Vec<PartialRound<T>> = Vec::with_capacity(partial_rounds);
        for round in (HALF..HALF + partial_rounds).rev() {
            let (row, column, block) = split(&entry);
            partial.push(PartialRound { constant: constants[round][0], row, column });
            entry = multiply(&block, &mixing);
        }
        partial.reverse();
        Self {
            before: array::from_fn(|round| constants[round]),
            partial,
            after: array::from_fn(|round| constants[HALF + partial_rounds + round]),
            mixing,
            entry,
        }
    }

    /// The permutation, with every S-box shown to `trace`.
    #[inline]
    pub(super) fn permute(&self, state: &mut [Fr; T], mut trace: impl FnMut(&SBox)) {
        for (round, constants) in self.before.iter().enumerate() {
            let matrix = if round + 1 == HALF { &self.entry } else { &self.mixing };
            full_round(state, constants, matrix, &mut trace);
        }
        for PartialRound { constant, row, column } in &self.partial {
            let sbox = raise_to_fifth(state[0] + constant);
            trace(&sbox);
            let fifth = sbox[2];
            state[0] = fifth;
            let first = dot(row, state);
            for place in 1..T {
                state[place] += fifth * column[place];
            }
            state[0] = first;
        }
        for constants in &self.after {
            full_round(state, constants, &self.mixing, &mut trace);
        }
    }
}

#[inline]
fn full_round<const T: usize>(
    state: &mut [Fr; T],
    constants: &[Fr; T],
    matrix: &Matrix<T>,
    trace: &mut impl FnMut(&SBox),
) {
    for (element, constant) in state.iter_mut().zip(constants) {
        let sbox = raise_to_fifth(*element + constant);
        trace(&sbox);
        *element = sbox[2];
    }
    let mixed = array::from_fn(|place| dot(&matrix[place], state));
    *state = mixed;
}

/// `1 / (x_i + y_j)`: a Cauchy matrix, of which every square part is invertible.
fn draw_mixing<const T: usize>(grain: &mut Grain) -> Matrix<T> {
    loop {
        let drawn: Vec<Fr> = (0..2 * T).map(|_| grain.draw_residue()).collect();
        if drawn.iter().collect::<HashSet<_>>().len() == drawn.len() {
            return array::from_fn(|row| {
                array::from_fn(|column| {
                    (drawn[row] + drawn[T + column])
                        .inverse()
                        .unwrap_or_else(|| unreachable!("the sums of the drawn elements are not zero"))
                })
            });
        }
    }
}

/// `matrix = [row; column, ones] * block`, where the block leaves the first place alone.
///
/// With `matrix = [a, v; w, N]` the block is `[1, 0; 0, N]`, the row `[a, v / N]` and the column `w`.
fn split<const T: usize>(matrix: &Matrix<T>) -> ([Fr; T], [Fr; T], Matrix<T>) {
    let block = array::from_fn(|row| {
        array::from_fn(|column| match (row, column) {
            (0, 0) => Fr::ONE,
            (0, _) | (_, 0) => Fr::ZERO,
            _ => matrix[row][column],
        })
    });
    let row = solve_from_left(&block, &matrix[0]);
    (row, array::from_fn(|place| matrix[place][0]), block)
}
