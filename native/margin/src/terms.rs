//! What all rows of a batch share: the policy of the market and its state, over one common scale.
//!
//! Every rate, amount and floor is an integer over `scale` (R in the comments below). The bounds that the arithmetic
//! of this crate rests on are held here, in one place:
//!
//! | quantity | bound | | quantity | bound |
//! |---|---|---|---|---|
//! | scale R | 2^40 | | money (entry, equity, notional, requirement, floor, cap) | 2^100 |
//! | a rate, over R | R | | an amount of a tier, over R | 2^100 R |
//! | size, multiplier, mark | 2^64 | | price that a side is valued at | 2^65 |
//! | leverage, in ppm | 2^30 | | divisor d of a notional: 1 linear, the price inverse | 2^65 |

use ethnum::I256;
use pyo3::prelude::*;

use crate::integer::Integer;
use crate::refusal::Refusal;

pub(crate) const MAX_MONEY: u128 = 1 << 100;
const MAX_SCALE: u64 = 1 << 40;
const LEVERAGE_BITS: u32 = 30;

/// A choice that Python hands over by its name in a policy file.
macro_rules! choice {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $text:literal),+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq)]
        pub(crate) enum $name { $($variant),+ }

        impl<'py> FromPyObject<'_, 'py> for $name {
            type Error = PyErr;

            fn extract(named: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
                match named.extract::<String>()?.as_str() {
                    $($text => Ok(Self::$variant),)+
                    other => Err(Refusal::not_a_choice(stringify!($name), other, &[$($text),+]).into()),
                }
            }
        }
    };
}

choice!(ContractKind { Linear = "linear", Inverse = "inverse" });
choice!(
    /// Which notional a requirement is taken of.
    Basis { Entry = "entry", Mark = "mark" }
);
choice!(
    /// What a tier's floor is compared with.
    Measure { Notional = "notional", Size = "size" }
);
choice!(
    /// Which notional the closing fee is charged on.
    FeeBasis { Mark = "mark", Entry = "entry", Bankruptcy = "bankruptcy" }
);
choice!(
    /// Which requirements contain the closing fee.
    FeeScope { Maintenance = "maintenance", Both = "both" }
);

/// `margin.batch.Tier`: one row of the table. Amounts may have more than 128 bits and come as little-endian bytes.
#[derive(FromPyObject)]
pub(crate) struct GivenTier {
    floor: u128,
    initial_rate: u64,
    initial_amount: [u8; 32],
    maintenance_rate: u64,
    maintenance_amount: [u8; 32],
    max_leverage_ppm: u64,
}

/// `margin.batch.Terms`, attribute by attribute.
#[derive(FromPyObject)]
pub(crate) struct GivenTerms {
    contract: ContractKind,
    multiplier: u64,
    basis: Basis,
    measure: Measure,
    scale: u64,
    fee_rate: u64,
    fee_basis: FeeBasis,
    fee_scope: FeeScope,
    slippage_rate: u64,
    tiers: Vec<GivenTier>,
    cap: Option<u128>,
    mark: u64,
    long_price: u128,
    short_price: u128,
    shift: u64,
    funding_index: i128,
}

/// One of the two requirements.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Initial,
    Maintenance,
}

/// What is true of all longs, or of all shorts.
pub(crate) struct Side {
    /// +1 long, -1 short.
    pub(crate) sign: i128,
    /// d(pnl) / d(notional): +1 where the trader loses as the notional falls, -1 where he loses as it rises.
    pub(crate) slope: i128,
    /// Notional of one lot, times `divisor`; capped at the largest u128, which is far beyond any valid notional.
    pub(crate) lot_value: u128,
    pub(crate) divisor: u128,
    /// Rows whose numbers are below this are evaluated in 128 bits.
    pub(crate) narrow_below: u128,
}

/// The requirement inside one tier over a notional N: `(rate * N - amount) / R`.
#[derive(Clone, Copy)]
pub(crate) struct Line<I> {
    pub(crate) rate: I,
    pub(crate) amount: I,
}

/// One tier of the maintenance requirement on the mark, as a losing position walks through it.
///
/// Over N, and times R, health is `x + amount + slope * N * fall`: x is all of it that is the row's own (see
/// `liquidation`), and fall is what health loses for each unit that N moves: `R - slope * (rate + moving rate)`.
/// So health at a floor is below zero where x is below a constant.
pub(crate) struct Stretch<I> {
    pub(crate) fall: I,
    pub(crate) amount: I,
    /// Health is negative at the far end for x below this; None where the stretch has no end.
    pub(crate) far_breach_below: Option<I>,
    /// The notional at the near end, for a walk that entered through it ...
    pub(crate) near: I,
    /// ... and health is negative just beyond it for x below this.
    pub(crate) near_breach_below: I,
}

/// The numbers of the policy in one integer type.
pub(crate) struct Scaled<I> {
    pub(crate) scale: I,
    pub(crate) multiplier: I,
    pub(crate) fee_rate: I,
    pub(crate) slippage_rate: I,
    initial: Vec<Line<I>>,
    maintenance: Vec<Line<I>>,
    /// In the order of a walk: from the last tier down (slope +1), from the first one up (slope -1).
    falling: Vec<Stretch<I>>,
    rising: Vec<Stretch<I>>,
}

/// All that rows share.
pub(crate) struct Terms {
    pub(crate) contract: ContractKind,
    pub(crate) basis: Basis,
    pub(crate) measure: Measure,
    pub(crate) fee_basis: FeeBasis,
    pub(crate) fee_scope: FeeScope,
    pub(crate) mark: u64,
    /// What turns a price that a position is valued at into the mark: added for longs, taken off for shorts.
    pub(crate) shift: u64,
    pub(crate) funding_index: i128,
    pub(crate) floors: Vec<u128>,
    pub(crate) max_leverages_ppm: Vec<u64>,
    pub(crate) cap: u128,
    pub(crate) long: Side,
    pub(crate) short: Side,
    pub(crate) wide: Scaled<I256>,
    /// None where a number of the policy itself is too large for 128 bits.
    pub(crate) narrow: Option<Scaled<i128>>,
}

impl<I: Integer> Scaled<I> {
    pub(crate) fn line(&self, kind: Kind, tier: usize) -> Line<I> {
        match kind {
            Kind::Initial => self.initial[tier],
            Kind::Maintenance => self.maintenance[tier],
        }
    }

    /// What a losing position walks through, from its own tier on.
    pub(crate) fn stretches_from(&self, tier: usize, slope: i128) -> &[Stretch<I>] {
        if slope > 0 { &self.falling[self.falling.len() - 1 - tier..] } else { &self.rising[tier..] }
    }

    fn of(given: &GivenTerms, amount_of: impl Fn(&[u8; 32]) -> I) -> Self {
        let rate = |value: u64| I::of(value.into());
        let line = |value, amount| Line { rate: rate(value), amount: amount_of(amount) };
        let mut scaled = Self {
            scale: rate(given.scale),
            multiplier: rate(given.multiplier),
            fee_rate: rate(given.fee_rate),
            slippage_rate: rate(given.slippage_rate),
            initial: given.tiers.iter().map(|tier| line(tier.initial_rate, &tier.initial_amount)).collect(),
            maintenance: given.tiers.iter().map(|tier| line(tier.maintenance_rate, &tier.maintenance_amount)).collect(),
            falling: Vec::new(),
            rising: Vec::new(),
        };
        let fee = if given.fee_basis == FeeBasis::Mark { scaled.fee_rate } else { I::ZERO };
        let floors: Vec<I> = given.tiers.iter().map(|tier| I::of_unsigned(tier.floor)).collect();
        scaled.falling = scaled.stretch_out(&floors, fee + scaled.slippage_rate, I::of(1));
        scaled.falling.reverse();
        scaled.rising = scaled.stretch_out(&floors, fee + scaled.slippage_rate, I::of(-1));
        scaled
    }

    /// The products below are at most 2^100 (a floor) times 4 R (a fall: R and three rates), plus an amount.
    fn stretch_out(&self, floors: &[I], moving_rate: I, slope: I) -> Vec<Stretch<I>> {
        let stretch = |(tier, line): (usize, &Line<I>)| {
            let fall = self.scale - slope * (line.rate + moving_rate);
            let breach_below = |floor: I| -(slope * floor * fall) - line.amount;
            let (low, high) = (floors[tier], floors.get(tier + 1).copied());
            let (near, far) = if slope.is_positive() { (high, Some(low)) } else { (Some(low), high) };
            let near = near.unwrap_or(I::ZERO); // never entered from beyond the last tier
            Stretch {
                fall,
                amount: line.amount,
                far_breach_below: far.map(breach_below),
                near,
                near_breach_below: breach_below(near),
            }
        };
        self.maintenance.iter().enumerate().map(stretch).collect()
    }
}

impl Terms {
    pub(crate) fn of(given: &GivenTerms) -> Result<Self, Refusal> {
        require_bounds(given)?;
        let sides = Sides { given, spare_bits: spare_bits(given) };
        Ok(Self {
            contract: given.contract,
            basis: given.basis,
            measure: given.measure,
            fee_basis: given.fee_basis,
            fee_scope: given.fee_scope,
            mark: given.mark,
            shift: given.shift,
            funding_index: given.funding_index,
            floors: given.tiers.iter().map(|tier| tier.floor).collect(),
            max_leverages_ppm: given.tiers.iter().map(|tier| tier.max_leverage_ppm).collect(),
            cap: given.cap.unwrap_or(u128::MAX),
            long: sides.of(1, given.long_price),
            short: sides.of(-1, given.short_price),
            wide: Scaled::of(given, |amount| I256::from_le_bytes(*amount)),
            narrow: has_narrow_tiers(given).then(|| Scaled::of(given, narrow_amount)),
        })
    }

    /// Longs are coded 1 and shorts 2, so that a column that nobody filled is refused.
    pub(crate) fn side(&self, code: u8) -> Option<&Side> {
        match code {
            1 => Some(&self.long),
            2 => Some(&self.short),
            _ => None,
        }
    }
}

struct Sides<'a> {
    given: &'a GivenTerms,
    spare_bits: u32,
}

impl Sides<'_> {
    fn of(&self, sign: i128, price: u128) -> Side {
        let multiplier = u128::from(self.given.multiplier);
        let (slope, lot_value, divisor) = match self.given.contract {
            ContractKind::Linear => (sign, multiplier.saturating_mul(price), 1),
            ContractKind::Inverse => (-sign, multiplier, price),
        };
        let narrow_below = 1u128.checked_shl(self.spare_bits.saturating_sub(bits(divisor))).unwrap_or(0);
        Side { sign, slope, lot_value, divisor, narrow_below }
    }
}

/// How many bits remain to a row's own numbers times the divisor, in 128-bit evaluation.
///
/// With m the greatest of a row's entry notional, backing and notional numerator (size and size * multiplier are no
/// greater), no intermediate value of `requirement` and `liquidation` exceeds 8 * m * d * R * (leverage in ppm).
/// The one exception, floors in lots on the entry basis, multiplies two more sizes: those rows are evaluated in 256.
fn spare_bits(given: &GivenTerms) -> u32 {
    if given.measure == Measure::Size && given.basis == Basis::Entry {
        return 0;
    }
    126 - 3 - LEVERAGE_BITS - bits(given.scale.into())
}

/// Whether floors and amounts leave the same room as `spare_bits`: 4 * floor * R and amount * d * leverage.
fn has_narrow_tiers(given: &GivenTerms) -> bool {
    let divisor = given.long_price.max(given.short_price);
    let amounts_fit = |tier: &GivenTier| {
        [tier.initial_amount, tier.maintenance_amount].iter().all(|amount| {
            u128::try_from(I256::from_le_bytes(*amount))
                .is_ok_and(|amount| bits(amount) + bits(divisor) + LEVERAGE_BITS < 126)
        })
    };
    given.tiers.iter().all(|tier| bits(tier.floor) + bits(given.scale.into()) < 122 && amounts_fit(tier))
}

fn narrow_amount(amount: &[u8; 32]) -> i128 {
    I256::from_le_bytes(*amount).as_i128()
}

fn bits(value: u128) -> u32 {
    u128::BITS - value.leading_zeros()
}

/// What the arithmetic rests on. `margin.batch` never asks for less; the check is here so that nothing else has to.
fn require_bounds(given: &GivenTerms) -> Result<(), Refusal> {
    let scale = given.scale;
    require("terms.scale", scale, (1..=MAX_SCALE).contains(&scale))?;
    require("terms.multiplier", given.multiplier, given.multiplier > 0)?;
    require("terms.fee_rate", given.fee_rate, given.fee_rate <= scale)?;
    require("terms.slippage_rate", given.slippage_rate, given.slippage_rate <= scale)?;
    require("terms.mark", given.mark, given.mark > 0)?;
    require("terms.tiers", given.tiers.len(), !given.tiers.is_empty())?;
    for price in [given.long_price, given.short_price] {
        require("terms.price", price, (1..1 << 65).contains(&price))?;
    }
    let index = given.funding_index;
    require("terms.funding_index", index, index.unsigned_abs() < 1 << 64)?;
    given.tiers.iter().try_for_each(|tier| {
        require("terms.tiers.floor", tier.floor, tier.floor <= MAX_MONEY)?;
        require("terms.tiers.initial_rate", tier.initial_rate, tier.initial_rate <= scale)?;
        require("terms.tiers.maintenance_rate", tier.maintenance_rate, tier.maintenance_rate <= scale)?;
        [tier.initial_amount, tier.maintenance_amount].into_iter().try_for_each(|amount| {
            let amount = I256::from_le_bytes(amount);
            let most = I256::from(MAX_MONEY) * I256::from(scale);
            require("terms.tiers.amount", amount, (I256::ZERO..=most).contains(&amount))
        })
    })
}

fn require(field: &str, found: impl ToString, holds: bool) -> Result<(), Refusal> {
    if holds { Ok(()) } else { Err(Refusal::out_of_bounds(field, &found.to_string(), "a number within its bound")) }
}
