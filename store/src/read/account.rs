//! Positions and VVV balances of addresses.

use std::collections::HashMap;

use alloy_primitives::{Address, U256};
use ledger::position::{Cooling, Position};
use sqlx::{FromRow, PgConnection};

use super::ReadError;
use crate::amount::Amount;
use crate::columns::{address, at_most, bytes_of, count_if};

#[derive(FromRow)]
pub(super) struct PositionRow {
    pub(super) address: Vec<u8>,
    svvv: Amount,
    locked: Amount,
    outstanding: Amount,
    svvv_cooling: Amount,
    svvv_cooling_ends_at: Option<i64>,
    diem_liquid: Amount,
    diem_staked: Amount,
    diem_cooling: Amount,
    diem_cooling_ends_at: Option<i64>,
    claimed: Amount,
    reward_debt: Option<Amount>,
}

/// The positions of these addresses after a block; an address never seen by then is absent.
///
/// # Errors
/// [`ReadError`].
pub async fn positions(
    connection: &mut PgConnection,
    addresses: &[Address],
    block_number: u64,
) -> Result<HashMap<Address, Position>, ReadError> {
    let rows: Vec<PositionRow> = sqlx::query_as(
        "select p.*
           from unnest($1::bytea[]) as wanted (address)
          cross join lateral (
                select * from position
                 where position.address = wanted.address and block_number <= $2
                 order by block_number desc limit 1) p",
    )
    .bind(bytes_of(addresses))
    .bind(at_most(block_number))
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(|row| Ok((address(&row.address)?, Position::try_from(row)?))).collect()
}

impl TryFrom<PositionRow> for Position {
    type Error = ReadError;

    fn try_from(row: PositionRow) -> Result<Self, ReadError> {
        Ok(Self {
            svvv: row.svvv.0,
            locked: row.locked.0,
            outstanding: row.outstanding.0,
            svvv_cooling: Cooling { amount: row.svvv_cooling.0, ends_at: count_if(row.svvv_cooling_ends_at)? },
            diem_liquid: row.diem_liquid.0,
            diem_staked: row.diem_staked.0,
            diem_cooling: Cooling { amount: row.diem_cooling.0, ends_at: count_if(row.diem_cooling_ends_at)? },
            claimed: row.claimed.0,
            reward_debt: row.reward_debt.map(|debt| debt.0),
        })
    }
}

/// VVV of these addresses after a block: what the newest transfer that names one, on either side, left it with, else
/// what a bootstrap took over. 0x0 is not debited: its mints tell nothing of it, and there are many.
///
/// # Errors
/// [`ReadError`].
pub async fn vvv_balances(
    connection: &mut PgConnection,
    addresses: &[Address],
    block_number: u64,
) -> Result<HashMap<Address, U256>, ReadError> {
    let rows: Vec<(Vec<u8>, Amount)> = sqlx::query_as(
        "select wanted.address, newest.balance
           from (select distinct unnest($1::bytea[])) as wanted (address)
          cross join lateral (
                (select block_number, log_index, sender_balance as balance from vvv_transfer
                  where sender = wanted.address and wanted.address <> decode(repeat('00', 20), 'hex')
                    and block_number <= $2
                  order by block_number desc, log_index desc limit 1)
                union all
                (select block_number, log_index, recipient_balance from vvv_transfer
                  where recipient = wanted.address and block_number <= $2
                  order by block_number desc, log_index desc limit 1)
                union all
                (select b.block_number, -1, o.balance from vvv_opening o cross join bootstrap b
                  where o.address = wanted.address and b.block_number <= $2)
                order by block_number desc, log_index desc limit 1) newest",
    )
    .bind(bytes_of(addresses))
    .bind(at_most(block_number))
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(|(bytes, balance)| Ok((address(&bytes)?, balance.0))).collect()
}
