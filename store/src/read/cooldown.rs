//! What cools and may not be withdrawn yet.

use ledger::position::Cooling;
use sqlx::PgConnection;

use super::ReadError;
use crate::amount::Amount;
use crate::columns::{at_most, count_if};

/// By token: the columns, and what finds accounts of which a row at or before the block says that something cools beyond the
/// time. Whether it still did at the block its newest row there tells.
macro_rules! cooling {
    ($amount:literal, $ends_at:literal) => {
        concat!(
            "select newest.amount, newest.ends_at
               from (select address from position
                      where ",
            $amount,
            " > 0 and ",
            $ends_at,
            " is not null
                        and point(block_number, ",
            $ends_at,
            ") <@ box(point(0, $2::bigint), point($1::bigint, 'infinity'))
                        and block_number <= $1 and ",
            $ends_at,
            " > $2
                     union
                     select address from position
                      where ",
            $amount,
            " > 0 and ",
            $ends_at,
            " is null and block_number <= $1) cooling
              cross join lateral (
                    select ",
            $amount,
            " as amount, ",
            $ends_at,
            " as ends_at from position
                     where position.address = cooling.address and block_number <= $1
                     order by block_number desc limit 1) newest
              where newest.amount > 0 and (newest.ends_at is null or newest.ends_at > $2)"
        )
    };
}

/// sVVV that cools after a block until later than a time, or nobody knows when: an account at a time, in no order.
///
/// # Errors
/// [`ReadError`].
pub async fn svvv(connection: &mut PgConnection, block_number: u64, timestamp: u64) -> Result<Vec<Cooling>, ReadError> {
    fetch(connection, cooling!("svvv_cooling", "svvv_cooling_ends_at"), block_number, timestamp).await
}

/// The same of DIEM.
///
/// # Errors
/// [`ReadError`].
pub async fn diem(connection: &mut PgConnection, block_number: u64, timestamp: u64) -> Result<Vec<Cooling>, ReadError> {
    fetch(connection, cooling!("diem_cooling", "diem_cooling_ends_at"), block_number, timestamp).await
}

async fn fetch(
    connection: &mut PgConnection,
    statement: &'static str,
    block_number: u64,
    timestamp: u64,
) -> Result<Vec<Cooling>, ReadError> {
    let rows: Vec<(Amount, Option<i64>)> =
        sqlx::query_as(statement).bind(at_most(block_number)).bind(at_most(timestamp)).fetch_all(connection).await?;
    rows.into_iter().map(|(amount, ends_at)| Ok(Cooling { amount: amount.0, ends_at: count_if(ends_at)? })).collect()
}
