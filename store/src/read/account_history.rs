//! What one address held, block by block.

use std::collections::HashMap;

use alloy_primitives::{Address, U256};
use ledger::position::Position;
use sqlx::{FromRow, PgConnection};

use super::ReadError;
use super::account::PositionRow;
use crate::amount::Amount;
use crate::columns::{at_most, count, count_if, rows_at_most};

/// What an address held after a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeldAt {
    /// The block.
    pub block_number: u64,
    /// Its time, seconds since 1970; `None`: no header of it is stored.
    pub timestamp: Option<u64>,
    /// VVV, base units.
    pub vvv: U256,
    /// sVVV and DIEM.
    pub position: Position,
}

/// What an address held after each block that moved something of it, up to a block, the newest first: VVV of more than
/// nothing from or to somebody else, or its sVVV or DIEM.
///
/// # Errors
/// [`ReadError`].
pub async fn changes(
    connection: &mut PgConnection,
    address: Address,
    up_to: u64,
    limit: usize,
) -> Result<Vec<HeldAt>, ReadError> {
    // Each side of a transfer has its index, read from its end and no further than a page needs.
    let blocks: Vec<i64> = sqlx::query_scalar(
        "select block_number from (
            (select block_number from position
              where address = $1 and block_number <= $2 order by block_number desc limit $3)
             union
            (select distinct block_number from vvv_transfer
              where sender = $1 and block_number <= $2 and amount > 0 and recipient <> $1
                and sender_balance is not null
              order by block_number desc limit $3)
             union
            (select distinct block_number from vvv_transfer
              where recipient = $1 and block_number <= $2 and amount > 0 and sender <> $1
              order by block_number desc limit $3)
             union
            (select b.block_number from vvv_opening o cross join bootstrap b
              where o.address = $1 and b.block_number <= $2)) changed
          order by block_number desc limit $3",
    )
    .bind(address.as_slice())
    .bind(at_most(up_to))
    .bind(rows_at_most(limit))
    .fetch_all(&mut *connection)
    .await?;
    held(connection, address, &blocks).await
}

/// What an address held after each of these blocks, in this order; nothing before it was first seen.
///
/// # Errors
/// [`ReadError`].
pub async fn levels(connection: &mut PgConnection, address: Address, blocks: &[u64]) -> Result<Vec<HeldAt>, ReadError> {
    let blocks: Vec<i64> = blocks.iter().map(|block| at_most(*block)).collect();
    held(connection, address, &blocks).await
}

async fn held(connection: &mut PgConnection, address: Address, blocks: &[i64]) -> Result<Vec<HeldAt>, ReadError> {
    let positions = positions(&mut *connection, address, blocks).await?;
    let rows: Vec<(i64, Option<i64>, Option<Amount>)> = sqlx::query_as(
        "select wanted.number, b.timestamp, newest.balance
           from unnest($2::bigint[]) with ordinality as wanted (number, place)
           left join block b on b.number = wanted.number
           left join lateral (
                (select block_number, log_index, sender_balance as balance from vvv_transfer
                  where sender = $1 and block_number <= wanted.number and sender_balance is not null
                  order by block_number desc, log_index desc limit 1)
                union all
                (select block_number, log_index, recipient_balance from vvv_transfer
                  where recipient = $1 and block_number <= wanted.number
                  order by block_number desc, log_index desc limit 1)
                union all
                (select s.block_number, -1, o.balance from vvv_opening o cross join bootstrap s
                  where o.address = $1 and s.block_number <= wanted.number)
                order by block_number desc, log_index desc limit 1) newest on true
          order by wanted.place",
    )
    .bind(address.as_slice())
    .bind(blocks)
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|(number, timestamp, balance)| {
            Ok(HeldAt {
                block_number: count(number)?,
                timestamp: count_if(timestamp)?,
                vvv: balance.map(|balance| balance.0).unwrap_or_default(),
                position: positions.get(&number).copied().unwrap_or_default(),
            })
        })
        .collect()
}

/// The position after each of these blocks; a block before the first one that moved it is absent.
async fn positions(
    connection: &mut PgConnection,
    address: Address,
    blocks: &[i64],
) -> Result<HashMap<i64, Position>, ReadError> {
    let rows: Vec<PositionAtRow> = sqlx::query_as(
        "select wanted.number as wanted, newest.*
           from (select distinct unnest($2::bigint[])) as wanted (number)
          cross join lateral (
                select * from position
                 where position.address = $1 and block_number <= wanted.number
                 order by block_number desc limit 1) newest",
    )
    .bind(address.as_slice())
    .bind(blocks)
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(|PositionAtRow { wanted, row }| Ok((wanted, row.try_into()?))).collect()
}

#[derive(FromRow)]
struct PositionAtRow {
    wanted: i64,
    #[sqlx(flatten)]
    row: PositionRow,
}
