//! The Grain LFSR in its self-shrinking mode, from which every parameter is drawn (the paper's appendix E).

use ark_bn254::{Fr, FrConfig};
use ark_ff::{BigInt, MontConfig, PrimeField};

const STATE_BITS: u32 = 80;
const DISCARDED_BITS: usize = 160;
const NUMBER_BITS: u32 = Fr::MODULUS_BIT_SIZE;

/// An endless draw of numbers for one instance.
pub(super) struct Grain {
    /// The oldest bit is the lowest.
    state: u128,
}

impl Grain {
    /// The register starts from a description of the whole instance: a prime field, an S-box that is a power, the
    /// bits of the modulus, the width, both numbers of rounds, and thirty ones; each with its highest bit first.
    pub(super) fn new(width: usize, full_rounds: usize, partial_rounds: usize) -> Self {
        let parts = [
            (1, 2),
            (0, 4),
            (u128::from(NUMBER_BITS), 12),
            (width as u128, 12),
            (full_rounds as u128, 10),
            (partial_rounds as u128, 10),
            ((1 << 30) - 1, 30),
        ];
        let described = parts.iter().fold(0, |bits: u128, (value, length)| bits << length | value);
        let mut grain = Self { state: described.reverse_bits() >> (u128::BITS - STATE_BITS) };
        for _ in 0..DISCARDED_BITS {
            grain.step();
        }
        grain
    }

    fn step(&mut self) -> u128 {
        let fresh = [62, 51, 38, 23, 13, 0].iter().fold(0, |bit, tap| bit ^ self.state >> tap) & 1;
        self.state = self.state >> 1 | fresh << (STATE_BITS - 1);
        fresh
    }

    /// Of each pair of bits the second, where the first is one.
    fn draw_bit(&mut self) -> u64 {
        loop {
            let keep = self.step() == 1;
            let bit = self.step();
            if keep {
                return u64::from(bit == 1);
            }
        }
    }

    /// As many bits as the modulus has, the highest first.
    fn draw_number(&mut self) -> BigInt<4> {
        let mut limbs = [0; 4];
        for place in (0..NUMBER_BITS).rev() {
            limbs[(place / 64) as usize] |= self.draw_bit() << (place % 64);
        }
        BigInt::new(limbs)
    }

    /// A number below the modulus; what is not below is thrown away, so that all are equally likely.
    pub(super) fn draw_element(&mut self) -> Fr {
        loop {
            if let Some(element) = Fr::from_bigint(self.draw_number()) {
                return element;
            }
        }
    }

    /// A number less the modulus where it is not below it: so the elements of the mixing matrix are drawn.
    pub(super) fn draw_residue(&mut self) -> Fr {
        let mut number = self.draw_number();
        if number >= FrConfig::MODULUS {
            ark_ff::BigInteger::sub_with_borrow(&mut number, &FrConfig::MODULUS);
        }
        Fr::from_bigint(number).unwrap_or_else(|| unreachable!("254 bits are less than twice the modulus"))
    }
}
