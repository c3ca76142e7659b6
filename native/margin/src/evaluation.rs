//! All that is said of one row.

use crate::liquidation::TickPrice;
use crate::position::{Position, Refused, Valued};
use crate::requirement::{Row, Rule};
use crate::terms::{Kind, Terms};

/// A row of the result: money rounded against the trader, decisions exact.
pub(crate) struct Evaluation {
    pub(crate) equity: i128,
    pub(crate) notional: u128,
    pub(crate) initial: u128,
    pub(crate) maintenance: u128,
    pub(crate) verdict: Verdict,
    pub(crate) liquidation: TickPrice,
    pub(crate) bankruptcy: TickPrice,
}

/// Four answers in one byte: `margin.columns.Verdict`.
#[derive(Clone, Copy)]
pub(crate) struct Verdict(pub(crate) u8);

impl Verdict {
    const COVERS_INITIAL: u8 = 1;
    const COVERS_MAINTENANCE: u8 = 2;
    const WITHIN_CAP: u8 = 4;
    const LEVERAGE_ALLOWED: u8 = 8;

    fn of(answers: [(u8, bool); 4]) -> Self {
        Self(answers.iter().map(|&(bit, holds)| bit * u8::from(holds)).sum())
    }

    pub(crate) fn covers_maintenance(self) -> bool {
        self.0 & Self::COVERS_MAINTENANCE != 0
    }
}

pub(crate) fn evaluate(terms: &Terms, position: &Position) -> Result<Evaluation, Refused> {
    let side = terms.side(position.side)?;
    position.require_bounds()?;
    let valued = position.value(terms, side)?;
    Row::of(terms, side, position, &valued).evaluate(position, &valued)
}

impl Row<'_> {
    fn evaluate(&self, position: &Position, valued: &Valued) -> Result<Evaluation, Refused> {
        let at_first = Rule::of(Kind::Initial, self.terms, position, valued)?;
        let initial = self.requirement(at_first)?;
        let initial_up = initial.rounded_up()?;
        let to_keep = Rule::of(Kind::Maintenance, self.terms, position, valued)?;
        let maintenance = self.requirement(to_keep)?;
        let covers_maintenance = maintenance.is_covered_by(valued);
        Ok(Evaluation {
            equity: valued.equity,
            notional: valued.notional_up(),
            initial: initial_up,
            maintenance: maintenance.rounded_up()?,
            verdict: Verdict::of([
                (Verdict::COVERS_INITIAL, initial.is_covered_by(valued)),
                (Verdict::COVERS_MAINTENANCE, covers_maintenance),
                (Verdict::WITHIN_CAP, at_first.measure <= self.terms.cap),
                (Verdict::LEVERAGE_ALLOWED, position.leverage_ppm <= self.terms.max_leverages_ppm[at_first.tier]),
            ]),
            liquidation: self.liquidation_price(to_keep, covers_maintenance),
            bankruptcy: self.bankruptcy_price(),
        })
    }
}
