//! Network figures of VVV after every block that changed them.

use ledger::totals::SupplyTotals;
use sqlx::{FromRow, PgConnection};

use super::PAGE_ROWS;
use crate::columns::{at_most, count, count_if, rows_at_most};
use crate::read::{ReadError, totals};

/// Totals after a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SupplyAt {
    /// The block.
    pub block_number: u64,
    /// Of the block, seconds since 1970; `None`: no header of it is stored.
    pub timestamp: Option<u64>,
    /// After it.
    pub totals: SupplyTotals,
}

#[derive(FromRow)]
struct SupplyAtRow {
    block_number: i64,
    timestamp: Option<i64>,
    #[sqlx(flatten)]
    totals: totals::SupplyRow,
}

/// Totals that VVV transfers move, from a block on up to another, in order.
///
/// # Errors
/// [`ReadError`].
pub async fn supply(connection: &mut PgConnection, from: u64, up_to: u64) -> Result<Vec<SupplyAt>, ReadError> {
    let rows: Vec<SupplyAtRow> = sqlx::query_as(
        "select t.*, b.timestamp from supply_totals t left join block b on b.number = t.block_number
          where t.block_number >= $1 and t.block_number <= $2 order by t.block_number limit $3",
    )
    .bind(at_most(from))
    .bind(at_most(up_to))
    .bind(rows_at_most(PAGE_ROWS))
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(SupplyAt::try_from).collect()
}

impl TryFrom<SupplyAtRow> for SupplyAt {
    type Error = ReadError;

    fn try_from(row: SupplyAtRow) -> Result<Self, ReadError> {
        Ok(Self {
            block_number: count(row.block_number)?,
            timestamp: count_if(row.timestamp)?,
            totals: row.totals.try_into()?,
        })
    }
}
