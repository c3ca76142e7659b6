//! What all rows of a batch share: the policy of the market and its state, over one common scale.
//!
//! Every rate, amount and floor is an integer over `scale` (R in the comments below). The bounds that the arithmetic
//! of this crate rests on are held here, in one place:
//!
//! | quantity | bound | | quantity | bound |
//! |---|---|---|---|---|
//! | scale R | 2^40 | | money (entry, equity, notional, requirement, floor, cap) | 2^100 |
//! | a rate, and its rise with a lot, over R | R | | an amount of a tier, over R | 2^100 R |
//! | size, multiplier, mark | 2^64 | | price that a side is valued at | 2^65 |
//! | leverage, in ppm | 2^30 | | divisor d of a notional: 1 linear, the price inverse | 2^65 |

use ethnum::I256;
use pyo3::prelude::*;

use crate::position::Refused;
use crate::refusal::Refusal;

pub(crate) const MAX_MONEY: u128 = 1 << 100;
const MAX_SCALE: u64 = 1 << 40;

/// A choice, which Python hands over by its name in a policy file.
macro_rules! choice {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $text:literal),+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq)]
        pub(crate) enum $name { $($variant),+ }

        impl $name {
            fn named(field: &str, name: &str) -> Result<Self, Refusal> {
                match name {
                    $($text => Ok(Self::$variant),)+
                    other => Err(Refusal::not_a_choice(field, other, &[$($text),+])),
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
    FeeScope { Maintenance = "maintenance", Initial = "initial", Both = "both" }
);

/// `margin.batch_terms.TierTerms`: one row of the table. Amounts, of up to 140 bits, come as little-endian bytes.
#[derive(FromPyObject)]
pub(crate) struct GivenTier {
    floor: u128,
    initial_rate: u64,
    initial_amount: [u8; 32],
    maintenance_rate: u64,
    maintenance_amount: [u8; 32],
    max_leverage_ppm: u64,
}

/// `margin.batch_terms.BatchTerms`, attribute by attribute.
#[derive(FromPyObject)]
pub(crate) struct GivenTerms {
    contract: String,
    multiplier: u64,
    basis: String,
    initial_basis: String,
    measure: String,
    scale: u64,
    fee_rate: u64,
    fee_basis: String,
    fee_scope: String,
    slippage_rate: u64,
    size_slope: u64,
    tiers: Vec<GivenTier>,
    cap: Option<u128>,
    mark: u64,
    long_price: Option<u128>,
    short_price: Option<u128>,
    shift: i128,
    funding_index: i128,
}

/// One of the two requirements.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Initial,
    Maintenance,
}

impl FeeScope {
    pub(crate) fn counts_in(self, kind: Kind) -> bool {
        match kind {
            Kind::Initial => self != Self::Maintenance,
            Kind::Maintenance => self != Self::Initial,
        }
    }
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
}

/// The requirement inside one tier over a notional N: `(rate * N - amount) / R`.
#[derive(Clone, Copy)]
pub(crate) struct Line {
    pub(crate) rate: I256,
    pub(crate) amount: I256,
}

/// One tier of the maintenance requirement on the mark, as a losing position walks through it.
///
/// Over N, and times R, health is `x + amount + slope * N * fall`: x is all of it that is the row's own (see
/// `liquidation`), and fall is what health loses for each unit that N moves: `R - slope * (rate + moving rate)`.
pub(crate) struct Stretch {
    pub(crate) fall: I256,
    pub(crate) amount: I256,
    /// Where a walk enters; beyond the last tier, which none enters from there, zero.
    pub(crate) near: Edge,
    /// None where the stretch has no end.
    pub(crate) far: Option<Edge>,
}

/// A floor, seen from the tier on one side of it.
pub(crate) struct Edge {
    pub(crate) notional: I256,
    /// Health is below zero there for x below this, for a row whose rates do not rise with its size.
    breach_below: I256,
}

impl Edge {
    /// A rise of the rate takes `rise * notional` from the health there.
    pub(crate) fn is_breached(&self, own: I256, rise: I256) -> bool {
        own < self.breach_below + rise * self.notional
    }
}

/// All that rows share.
pub(crate) struct Terms {
    pub(crate) contract: ContractKind,
    basis: Basis,
    initial_basis: Basis,
    pub(crate) measure: Measure,
    pub(crate) multiplier: I256,
    pub(crate) scale: I256,
    pub(crate) fee_rate: I256,
    pub(crate) fee_basis: FeeBasis,
    pub(crate) fee_scope: FeeScope,
    pub(crate) slippage_rate: I256,
    /// By how much rates rise with each lot, over R.
    pub(crate) size_slope: I256,
    pub(crate) floors: Vec<u128>,
    pub(crate) max_leverages_ppm: Vec<u64>,
    pub(crate) cap: u128,
    initial: Vec<Line>,
    maintenance: Vec<Line>,
    /// In the order of a walk: from the last tier down (slope +1), from the first one up (slope -1).
    falling: Vec<Stretch>,
    rising: Vec<Stretch>,
    pub(crate) mark: u64,
    /// What turns a price that a position is valued at into the mark: added for longs, taken off for shorts.
    pub(crate) shift: i128,
    pub(crate) funding_index: i128,
    /// None where a side has no price, because the confidence takes it to zero.
    long: Option<Side>,
    short: Option<Side>,
}

impl Terms {
    pub(crate) fn of(given: &GivenTerms) -> Result<Self, Refusal> {
        require_bounds(given)?;
        let contract = ContractKind::named("terms.contract", &given.contract)?;
        let fee_basis = FeeBasis::named("terms.fee_basis", &given.fee_basis)?;
        let fee_scope = FeeScope::named("terms.fee_scope", &given.fee_scope)?;
        let fee_moves = fee_basis == FeeBasis::Mark && fee_scope.counts_in(Kind::Maintenance);
        let moving_fee_rate = if fee_moves { given.fee_rate } else { 0 };
        let moving_rate = I256::from(moving_fee_rate) + I256::from(given.slippage_rate);
        let tiers = || given.tiers.iter();
        let maintenance: Vec<Line> =
            tiers().map(|tier| Line::of(tier.maintenance_rate, tier.maintenance_amount)).collect();
        let mut falling = stretches(given, &maintenance, moving_rate, I256::ONE);
        falling.reverse();
        let side = |sign, price| Side::of(sign, price, contract, given.multiplier);
        Ok(Self {
            contract,
            basis: Basis::named("terms.basis", &given.basis)?,
            initial_basis: Basis::named("terms.initial_basis", &given.initial_basis)?,
            measure: Measure::named("terms.measure", &given.measure)?,
            multiplier: given.multiplier.into(),
            scale: given.scale.into(),
            fee_rate: given.fee_rate.into(),
            fee_basis,
            fee_scope,
            slippage_rate: given.slippage_rate.into(),
            size_slope: given.size_slope.into(),
            floors: tiers().map(|tier| tier.floor).collect(),
            max_leverages_ppm: tiers().map(|tier| tier.max_leverage_ppm).collect(),
            cap: given.cap.unwrap_or(u128::MAX),
            initial: tiers().map(|tier| Line::of(tier.initial_rate, tier.initial_amount)).collect(),
            rising: stretches(given, &maintenance, moving_rate, -I256::ONE),
            falling,
            maintenance,
            mark: given.mark,
            shift: given.shift,
            funding_index: given.funding_index,
            long: given.long_price.map(|price| side(1, price)),
            short: given.short_price.map(|price| side(-1, price)),
        })
    }

    pub(crate) fn basis(&self, kind: Kind) -> Basis {
        match kind {
            Kind::Initial => self.initial_basis,
            Kind::Maintenance => self.basis,
        }
    }

    pub(crate) fn line(&self, kind: Kind, tier: usize) -> Line {
        match kind {
            Kind::Initial => self.initial[tier],
            Kind::Maintenance => self.maintenance[tier],
        }
    }

    /// The tier k with `floor_k < measure <= floor_{k+1}`; None at and below the first floor.
    pub(crate) fn tier_index(&self, measure: u128) -> Option<usize> {
        self.floors.iter().take_while(|&&floor| floor < measure).count().checked_sub(1)
    }

    /// What a losing position walks through, from its own tier on.
    pub(crate) fn stretches_from(&self, tier: usize, slope: i128) -> &[Stretch] {
        if slope > 0 { &self.falling[self.falling.len() - 1 - tier..] } else { &self.rising[tier..] }
    }

    /// Longs are coded 1 and shorts 2, so that a column that nobody filled is refused.
    pub(crate) fn side(&self, code: u8) -> Result<&Side, Refused> {
        let side = match code {
            1 => &self.long,
            2 => &self.short,
            _ => return Err(Refused::NotAChoice),
        };
        side.as_ref().ok_or(Refused::OutOfBounds)
    }
}

impl Side {
    fn of(sign: i128, price: u128, contract: ContractKind, multiplier: u64) -> Self {
        let multiplier = u128::from(multiplier);
        match contract {
            ContractKind::Linear => Self { sign, slope: sign, lot_value: multiplier.saturating_mul(price), divisor: 1 },
            ContractKind::Inverse => Self { sign, slope: -sign, lot_value: multiplier, divisor: price },
        }
    }
}

impl Line {
    fn of(rate: u64, amount: [u8; 32]) -> Self {
        Self { rate: rate.into(), amount: I256::from_le_bytes(amount) }
    }
}

/// The products are at most 2^100 (a floor) times 4 R (a fall: R and three rates), less an amount.
fn stretches(given: &GivenTerms, lines: &[Line], moving_rate: I256, slope: I256) -> Vec<Stretch> {
    let floor = |tier: usize| given.tiers.get(tier).map(|tier| I256::from(tier.floor));
    let stretch = |(tier, line): (usize, &Line)| {
        let (low, high) = (floor(tier), floor(tier + 1));
        let (near, far) = if slope > I256::ZERO { (high, low) } else { (low, high) };
        let fall = I256::from(given.scale) - slope * (line.rate + moving_rate);
        let edge = |notional: I256| Edge { notional, breach_below: -(slope * notional * fall) - line.amount };
        Stretch { fall, amount: line.amount, near: edge(near.unwrap_or(I256::ZERO)), far: far.map(edge) }
    };
    lines.iter().enumerate().map(stretch).collect()
}

/// What the arithmetic rests on. `margin.batch_terms` never asks for more; the check is here so that nothing else has to.
fn require_bounds(given: &GivenTerms) -> Result<(), Refusal> {
    let scale = given.scale;
    require("terms.scale", scale, (1..=MAX_SCALE).contains(&scale))?;
    require("terms.multiplier", given.multiplier, given.multiplier > 0)?;
    require("terms.fee_rate", given.fee_rate, given.fee_rate <= scale)?;
    require("terms.slippage_rate", given.slippage_rate, given.slippage_rate <= scale)?;
    require("terms.size_slope", given.size_slope, given.size_slope <= scale)?;
    require("terms.mark", given.mark, given.mark > 0)?;
    require("terms.tiers", given.tiers.len(), !given.tiers.is_empty())?;
    for price in [given.long_price, given.short_price].into_iter().flatten() {
        require("terms.price", price, (1..1 << 65).contains(&price))?;
    }
    require("terms.shift", given.shift, (0..1 << 65).contains(&given.shift))?;
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
