//! Addresses that the contracts' events name.

use alloy_primitives::Address;
use sqlx::PgConnection;

use super::ReadError;
use crate::columns::{address, at_most};

/// Every address that held anything up to a block, in order.
///
/// # Errors
/// [`ReadError`].
pub async fn all(connection: &mut PgConnection, block_number: u64) -> Result<Vec<Address>, ReadError> {
    let rows: Vec<Vec<u8>> = sqlx::query_scalar(
        "select address from position where block_number <= $1
         union select sender from vvv_transfer where block_number <= $1
         union select recipient from vvv_transfer where block_number <= $1
         union select address from vvv_opening
         order by 1",
    )
    .bind(at_most(block_number))
    .fetch_all(connection)
    .await?;
    addresses(&rows)
}

/// At most this many addresses, drawn anew each time. Addresses are hashes: the next one behind a random place is as
/// good as drawn from all of them, and an index finds it however many there are.
///
/// # Errors
/// [`ReadError`].
pub async fn sample(connection: &mut PgConnection, limit: u32) -> Result<Vec<Address>, ReadError> {
    let rows: Vec<Vec<u8>> = sqlx::query_scalar(
        "select address
           from (select substr(decode(md5(random()::text) || md5(random()::text), 'hex'), 1, 20) as place
                   from generate_series(1, $1)) drawn
          cross join lateral (
                (select address from position where address >= place order by address limit 1)
                union
                (select recipient from vvv_transfer where recipient >= place order by recipient limit 1)
                union
                (select address from vvv_opening where address >= place order by address limit 1)) near
          group by address order by random() limit $1",
    )
    .bind(i64::from(limit))
    .fetch_all(connection)
    .await?;
    addresses(&rows)
}

/// Addresses that the newest events up to a block name, at most this many.
///
/// # Errors
/// [`ReadError`].
pub async fn recent(connection: &mut PgConnection, block_number: u64, limit: u32) -> Result<Vec<Address>, ReadError> {
    let rows: Vec<Vec<u8>> = sqlx::query_scalar(
        "select address
           from ((select address, block_number from position
                   where block_number <= $1 order by block_number desc limit $2)
                 union all
                 (select unnest(array[sender, recipient]), block_number from vvv_transfer
                   where block_number <= $1 order by block_number desc, log_index desc limit $2)) newest
          group by address order by max(block_number) desc, address limit $2",
    )
    .bind(at_most(block_number))
    .bind(i64::from(limit))
    .fetch_all(connection)
    .await?;
    addresses(&rows)
}

fn addresses(rows: &[Vec<u8>]) -> Result<Vec<Address>, ReadError> {
    rows.iter().map(|bytes| Ok(address(bytes)?)).collect()
}
