//! Who did something.

use alloy_primitives::Address;
use sqlx::PgConnection;

use super::ReadError;
use crate::columns::{at_most, bytes_of, count};

/// How many addresses, these left out, staked, unstaked, claimed, minted or burned more than nothing of sVVV or DIEM in the
/// blocks after one and up to another.
///
/// # Errors
/// [`ReadError`].
pub async fn active(
    connection: &mut PgConnection,
    apart: &[Address],
    after: u64,
    up_to: u64,
) -> Result<u64, ReadError> {
    let accounts: i64 = sqlx::query_scalar(
        "select count(*) from (
            select distinct account from event
             where block_number > $1 and block_number <= $2 and contract in ('staking', 'diem') and amount > 0
               and kind in ('staked', 'unstake_initiated', 'unstake_finalized', 'unstaked', 'claimed', 'diem_minted',
                            'diem_burned')
               and account <> all ($3)) active",
    )
    .bind(at_most(after))
    .bind(at_most(up_to))
    .bind(bytes_of(apart))
    .fetch_one(connection)
    .await?;
    Ok(count(accounts)?)
}
