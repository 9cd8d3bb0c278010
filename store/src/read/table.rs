//! Every address with sVVV or staked DIEM.

use alloy_primitives::{Address, U256};
use sqlx::{FromRow, PgConnection};

use super::ReadError;
use super::convert::{address, bigint};
use crate::amount::Amount;

/// What counts of one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holding {
    /// Whose.
    pub address: Address,
    /// sVVV balance, locked and unlocked together.
    pub svvv: U256,
    /// sVVV locked against minted DIEM.
    pub locked: U256,
    /// Staked DIEM.
    pub diem_staked: U256,
}

#[derive(FromRow)]
struct HoldingRow {
    address: Vec<u8>,
    svvv: Amount,
    locked: Amount,
    diem_staked: Amount,
}

/// Every address with sVVV or staked DIEM after a block, ordered by address.
///
/// # Errors
/// [`ReadError`].
pub async fn holdings(connection: &mut PgConnection, block_number: u64) -> Result<Vec<Holding>, ReadError> {
    let rows: Vec<HoldingRow> = sqlx::query_as(
        "select address, svvv, locked, diem_staked
           from (select distinct on (address) address, svvv, locked, diem_staked
                   from position where block_number <= $1
                  order by address, block_number desc) newest
          where svvv > 0 or diem_staked > 0
          order by address",
    )
    .bind(bigint(block_number))
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Holding {
                address: address(&row.address)?,
                svvv: row.svvv.0,
                locked: row.locked.0,
                diem_staked: row.diem_staked.0,
            })
        })
        .collect()
}
