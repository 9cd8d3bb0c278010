//! Every address with sVVV or staked DIEM, and the capacity table that follows.

use ledger::epoch::Epoch;
use ledger::table::{Holding, Row, rows};
use sqlx::{FromRow, PgConnection};

use super::progress::Progress;
use super::{ReadError, block};
use crate::amount::Amount;
use crate::columns::{address, at_most};
use crate::deployment::Deployment;

#[derive(FromRow)]
struct HoldingRow {
    address: Vec<u8>,
    svvv: Amount,
    locked: Amount,
    diem_staked: Amount,
}

/// Every address with sVVV or staked DIEM after a block, ordered by address. Two index descents an address, however often
/// its position changed.
///
/// # Errors
/// [`ReadError`].
pub async fn holdings(connection: &mut PgConnection, block_number: u64) -> Result<Vec<Holding>, ReadError> {
    let rows: Vec<HoldingRow> = sqlx::query_as(
        "with recursive known (address) as (
             (select address from position order by address limit 1)
             union all
             select next.address
               from known cross join lateral (
                     select address from position where address > known.address order by address limit 1) next)
         select known.address, newest.svvv, newest.locked, newest.diem_staked
           from known cross join lateral (
                 select svvv, locked, diem_staked from position
                  where position.address = known.address and block_number <= $1
                  order by block_number desc limit 1) newest
          where newest.svvv > 0 or newest.diem_staked > 0
          order by known.address",
    )
    .bind(at_most(block_number))
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(Holding::try_from).collect()
}

/// What the addresses that changed after one block, up to another, hold then; nothing included. Ordered by address.
///
/// # Errors
/// [`ReadError`].
pub async fn changes(connection: &mut PgConnection, after: u64, up_to: u64) -> Result<Vec<Holding>, ReadError> {
    let rows: Vec<HoldingRow> = sqlx::query_as(
        "select distinct on (address) address, svvv, locked, diem_staked
           from position where block_number > $1 and block_number <= $2
          order by address, block_number desc",
    )
    .bind(at_most(after))
    .bind(at_most(up_to))
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(Holding::try_from).collect()
}

/// The capacity table after a block of this time.
///
/// # Errors
/// [`ReadError`].
pub async fn capacity(
    connection: &mut PgConnection,
    deployment: &Deployment,
    progress: &Progress,
    block_number: u64,
    timestamp: u64,
) -> Result<Vec<Row>, ReadError> {
    let now = holdings(connection, block_number).await?;
    let opening = match block::opening(connection, deployment, progress, Epoch::at(timestamp)).await? {
        Some(opening) => holdings(connection, opening).await?,
        None => Vec::new(),
    };
    Ok(rows(&now, &opening, &deployment.ledger_policy()))
}

impl TryFrom<HoldingRow> for Holding {
    type Error = ReadError;

    fn try_from(row: HoldingRow) -> Result<Self, ReadError> {
        Ok(Self {
            address: address(&row.address)?,
            svvv: row.svvv.0,
            locked: row.locked.0,
            diem_staked: row.diem_staked.0,
        })
    }
}
