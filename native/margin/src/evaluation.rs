//! All that is said of one row.

use ethnum::I256;

use crate::integer::Integer;
use crate::liquidation::TickPrice;
use crate::position::{Position, Refused, Valued};
use crate::requirement::Row;
use crate::terms::{Basis, Kind, Measure, Terms};

/// A row of the result: money rounded against the trader, decisions exact.
pub(crate) struct Evaluation {
    pub(crate) equity: i128,
    pub(crate) notional: u128,
    pub(crate) within_cap: bool,
    pub(crate) leverage_allowed: bool,
    pub(crate) figures: Figures,
}

/// What is read off the policy's table.
pub(crate) struct Figures {
    pub(crate) initial: u128,
    pub(crate) maintenance: u128,
    pub(crate) covers_initial: bool,
    pub(crate) covers_maintenance: bool,
    pub(crate) liquidation: TickPrice,
    pub(crate) bankruptcy: TickPrice,
}

pub(crate) fn evaluate(terms: &Terms, position: &Position) -> Result<Evaluation, Refused> {
    let side = terms.side(position.side).ok_or(Refused::NotAChoice)?;
    position.require_bounds()?;
    let valued = position.value(terms, side)?;
    let measure = tier_measure(terms, position, &valued);
    let tier = tier_index(terms, measure)?;
    let figures = match &terms.narrow {
        Some(narrow) if valued.largest_with(position) < side.narrow_below => {
            figures(&Row::<i128>::of(terms, narrow, side, tier, position, &valued), &valued)
        }
        _ => figures(&Row::<I256>::of(terms, &terms.wide, side, tier, position, &valued), &valued),
    }?;
    Ok(Evaluation {
        equity: valued.equity,
        notional: valued.notional_up(),
        within_cap: measure <= terms.cap,
        leverage_allowed: position.leverage_ppm <= terms.max_leverages_ppm[tier],
        figures,
    })
}

fn figures<I: Integer>(row: &Row<'_, I>, valued: &Valued) -> Result<Figures, Refused> {
    let (initial, maintenance) = (row.requirement(Kind::Initial), row.requirement(Kind::Maintenance));
    let covers_maintenance = maintenance.is_covered_by(valued);
    Ok(Figures {
        initial: initial.rounded_up()?,
        maintenance: maintenance.rounded_up()?,
        covers_initial: initial.is_covered_by(valued),
        covers_maintenance,
        liquidation: row.liquidation_price(covers_maintenance),
        bankruptcy: row.bankruptcy_price(),
    })
}

/// What floors and cap, which are whole numbers, are compared with: a fraction may be rounded up for that.
fn tier_measure(terms: &Terms, position: &Position, valued: &Valued) -> u128 {
    match (terms.measure, terms.basis) {
        (Measure::Size, _) => position.size.into(),
        (Measure::Notional, Basis::Entry) => position.entry_notional,
        (Measure::Notional, Basis::Mark) => valued.notional_up(),
    }
}

/// The tier k with `floor_k < measure <= floor_{k+1}`.
fn tier_index(terms: &Terms, measure: u128) -> Result<usize, Refused> {
    let below = terms.floors.iter().take_while(|&&floor| floor < measure).count();
    below.checked_sub(1).ok_or(Refused::OutsideTable)
}
