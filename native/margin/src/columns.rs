//! Columns of bytes, little-endian, to rows and back. Their order and widths are those of `margin.columns`.

use crate::evaluation::Evaluation;
use crate::liquidation::TickPrice;
use crate::position::{Position, Refused};
use crate::refusal::Refusal;

const INPUT_WIDTHS: [(&str, usize); 7] = [
    ("side", 1),
    ("size", 8),
    ("entry_notional", 16),
    ("cash", 16),
    ("basket_value", 16),
    ("funding_index", 16),
    ("leverage_ppm", 8),
];

/// The most rows of one call. `margin.batch` evaluates larger batches in chunks.
const MAX_ROWS: usize = 1 << 27;

/// The columns of so many positions.
pub(crate) struct PositionColumns<'a> {
    side: &'a [u8],
    size: &'a [[u8; 8]],
    entry_notional: &'a [[u8; 16]],
    cash: &'a [[u8; 16]],
    basket_value: &'a [[u8; 16]],
    funding_index: &'a [[u8; 16]],
    leverage_ppm: &'a [[u8; 8]],
}

impl<'a> PositionColumns<'a> {
    /// The columns, all of one length.
    #[expect(clippy::similar_names, reason = "side and size are the words of the trade")]
    pub(crate) fn of(columns: &'a [Vec<u8>]) -> Result<Self, Refusal> {
        let [side, size, entry_notional, cash, basket_value, funding_index, leverage_ppm] = columns else {
            return Err(Refusal::wrong_count("columns", columns.len(), INPUT_WIDTHS.len()));
        };
        if side.len() > MAX_ROWS {
            return Err(Refusal::wrong_count("rows", side.len(), MAX_ROWS));
        }
        for ((name, width), column) in INPUT_WIDTHS.iter().zip(columns) {
            if column.len() != side.len() * width {
                return Err(Refusal::wrong_count(name, column.len(), side.len() * width));
            }
        }
        Ok(Self {
            side,
            size: size.as_chunks().0,
            entry_notional: entry_notional.as_chunks().0,
            cash: cash.as_chunks().0,
            basket_value: basket_value.as_chunks().0,
            funding_index: funding_index.as_chunks().0,
            leverage_ppm: leverage_ppm.as_chunks().0,
        })
    }

    pub(crate) fn rows(&self) -> usize {
        self.side.len()
    }

    pub(crate) fn position(&self, row: usize) -> Position {
        Position {
            side: self.side[row],
            size: u64::from_le_bytes(self.size[row]),
            entry_notional: u128::from_le_bytes(self.entry_notional[row]),
            cash: i128::from_le_bytes(self.cash[row]),
            basket_value: u128::from_le_bytes(self.basket_value[row]),
            funding_index: i128::from_le_bytes(self.funding_index[row]),
            leverage_ppm: u64::from_le_bytes(self.leverage_ppm[row]),
        }
    }
}

/// The columns of the result, filled row by row, and what they sum up to.
pub(crate) struct ResultColumns {
    status: Vec<u8>,
    verdict: Vec<u8>,
    equity: Vec<u8>,
    notional: Vec<u8>,
    initial: Vec<u8>,
    maintenance: Vec<u8>,
    liquidation: PriceColumns,
    bankruptcy: PriceColumns,
    pub(crate) totals: Totals,
}

struct PriceColumns {
    cause: Vec<u8>,
    ticks: Vec<u8>,
}

/// Sums over the rows that are not refused: `MAX_ROWS` of at most 2^100 each, so that no sum overflows.
#[derive(Default)]
pub(crate) struct Totals {
    pub(crate) refused: usize,
    pub(crate) liquidatable: usize,
    pub(crate) bankrupt: usize,
    pub(crate) equity: u128,
    pub(crate) shortfall: u128,
}

impl ResultColumns {
    pub(crate) fn with_capacity(rows: usize) -> Self {
        let column = |width| Vec::with_capacity(rows * width);
        let prices = || PriceColumns { cause: column(1), ticks: column(8) };
        Self {
            status: column(1),
            verdict: column(1),
            equity: column(16),
            notional: column(16),
            initial: column(16),
            maintenance: column(16),
            liquidation: prices(),
            bankruptcy: prices(),
            totals: Totals::default(),
        }
    }

    pub(crate) fn push(&mut self, outcome: &Result<Evaluation, Refused>) {
        match outcome {
            Ok(evaluation) => self.push_evaluation(evaluation),
            Err(refused) => self.push_refused(*refused),
        }
    }

    fn push_evaluation(&mut self, evaluation: &Evaluation) {
        self.status.push(0);
        self.verdict.push(evaluation.verdict.0);
        self.equity.extend(evaluation.equity.to_le_bytes());
        self.notional.extend(evaluation.notional.to_le_bytes());
        self.initial.extend(evaluation.initial.to_le_bytes());
        self.maintenance.extend(evaluation.maintenance.to_le_bytes());
        self.liquidation.push(evaluation.liquidation);
        self.bankruptcy.push(evaluation.bankruptcy);
        self.totals.add(evaluation);
    }

    fn push_refused(&mut self, refused: Refused) {
        self.status.push(refused as u8);
        self.verdict.push(0);
        for column in [&mut self.equity, &mut self.notional, &mut self.initial, &mut self.maintenance] {
            column.extend([0; 16]);
        }
        self.liquidation.push(TickPrice::NONE);
        self.bankruptcy.push(TickPrice::NONE);
        self.totals.refused += 1;
    }

    pub(crate) fn in_order(&self) -> [&[u8]; 10] {
        [
            &self.status,
            &self.verdict,
            &self.equity,
            &self.notional,
            &self.initial,
            &self.maintenance,
            &self.liquidation.cause,
            &self.liquidation.ticks,
            &self.bankruptcy.cause,
            &self.bankruptcy.ticks,
        ]
    }
}

impl PriceColumns {
    fn push(&mut self, price: TickPrice) {
        self.cause.push(price.cause as u8);
        self.ticks.extend(price.ticks.to_le_bytes());
    }
}

impl Totals {
    fn add(&mut self, evaluation: &Evaluation) {
        self.liquidatable += usize::from(!evaluation.verdict.covers_maintenance());
        if evaluation.equity < 0 {
            self.bankrupt += 1;
            self.shortfall += evaluation.equity.unsigned_abs();
        } else {
            self.equity += evaluation.equity.unsigned_abs();
        }
    }
}
