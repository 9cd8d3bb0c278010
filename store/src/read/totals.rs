//! Totals of the network, burns per sender. All zero before the first event.

use std::collections::HashMap;

use alloy_primitives::Address;
use ledger::rewards::Rewards;
use ledger::totals::{CapacityTotals, SupplyTotals, Tally};
use sqlx::{FromRow, PgConnection};

use super::ReadError;
use crate::amount::Amount;
use crate::columns::{address, at_most, bytes_of, count, count_if};

#[derive(FromRow)]
pub(super) struct CapacityRow {
    svvv_supply: Amount,
    svvv_locked: Amount,
    svvv_cooling: Amount,
    diem_supply: Amount,
    diem_outstanding: Amount,
    diem_staked: Amount,
    diem_cooling: Amount,
    diem_minted: Amount,
    diem_minted_count: i64,
    diem_minted_direct: Amount,
    diem_burned: Amount,
    diem_burned_count: i64,
    diem_burned_direct: Amount,
    stakers: i64,
    diem_stakers: i64,
    minters: i64,
    unknown_logs: i64,
    svvv_minted: Amount,
    svvv_burned: Amount,
    svvv_cooling_accounts: i64,
    stakes: i64,
    unstakes: i64,
    claimed: Amount,
    claimed_count: i64,
    diem_cooling_accounts: i64,
    stakers_joined: i64,
    stakers_left: i64,
    diem_stakers_joined: i64,
    diem_stakers_left: i64,
    genesis_end_block: Option<i64>,
    acc_unlocked: Option<Amount>,
    acc_locked: Option<Amount>,
    rewarded_until: Option<i64>,
}

/// Totals that the light events move, after a block.
///
/// # Errors
/// [`ReadError`].
pub async fn capacity(connection: &mut PgConnection, block_number: u64) -> Result<CapacityTotals, ReadError> {
    let row: Option<CapacityRow> =
        sqlx::query_as("select * from capacity_totals where block_number <= $1 order by block_number desc limit 1")
            .bind(at_most(block_number))
            .fetch_optional(connection)
            .await?;
    row.map_or_else(|| Ok(CapacityTotals::default()), CapacityTotals::try_from)
}

impl TryFrom<CapacityRow> for CapacityTotals {
    type Error = ReadError;

    fn try_from(row: CapacityRow) -> Result<Self, ReadError> {
        let rewards = match (row.acc_unlocked, row.acc_locked, row.rewarded_until) {
            (Some(unlocked), Some(locked), Some(until)) => {
                Some(Rewards { acc_unlocked: unlocked.0, acc_locked: locked.0, rewarded_until: count(until)? })
            }
            _ => None,
        };
        Ok(Self {
            svvv_supply: row.svvv_supply.0,
            svvv_locked: row.svvv_locked.0,
            svvv_cooling: row.svvv_cooling.0,
            diem_supply: row.diem_supply.0,
            diem_outstanding: row.diem_outstanding.0,
            diem_staked: row.diem_staked.0,
            diem_cooling: row.diem_cooling.0,
            diem_minted: Tally { amount: row.diem_minted.0, count: count(row.diem_minted_count)? },
            diem_minted_direct: row.diem_minted_direct.0,
            diem_burned: Tally { amount: row.diem_burned.0, count: count(row.diem_burned_count)? },
            diem_burned_direct: row.diem_burned_direct.0,
            stakers: count(row.stakers)?,
            diem_stakers: count(row.diem_stakers)?,
            minters: count(row.minters)?,
            unknown_logs: count(row.unknown_logs)?,
            svvv_minted: row.svvv_minted.0,
            svvv_burned: row.svvv_burned.0,
            svvv_cooling_accounts: count(row.svvv_cooling_accounts)?,
            stakes: count(row.stakes)?,
            unstakes: count(row.unstakes)?,
            claimed: Tally { amount: row.claimed.0, count: count(row.claimed_count)? },
            diem_cooling_accounts: count(row.diem_cooling_accounts)?,
            stakers_joined: count(row.stakers_joined)?,
            stakers_left: count(row.stakers_left)?,
            diem_stakers_joined: count(row.diem_stakers_joined)?,
            diem_stakers_left: count(row.diem_stakers_left)?,
            genesis_end_block: count_if(row.genesis_end_block)?,
            rewards,
        })
    }
}

/// Totals that VVV transfers move, after a block.
///
/// # Errors
/// [`ReadError`].
pub async fn supply(connection: &mut PgConnection, block_number: u64) -> Result<SupplyTotals, ReadError> {
    let row: Option<SupplyRow> = sqlx::query_as(
        "select supply, burned, burn_count, holders, holders_joined, holders_left from supply_totals
          where block_number <= $1 order by block_number desc limit 1",
    )
    .bind(at_most(block_number))
    .fetch_optional(connection)
    .await?;
    row.map_or_else(|| Ok(SupplyTotals::default()), SupplyTotals::try_from)
}

#[derive(FromRow)]
pub(super) struct SupplyRow {
    supply: Amount,
    burned: Amount,
    burn_count: i64,
    holders: i64,
    holders_joined: i64,
    holders_left: i64,
}

impl TryFrom<SupplyRow> for SupplyTotals {
    type Error = ReadError;

    fn try_from(row: SupplyRow) -> Result<Self, ReadError> {
        Ok(Self {
            supply: row.supply.0,
            burned: row.burned.0,
            burn_count: count(row.burn_count)?,
            holders: count(row.holders)?,
            holders_joined: count(row.holders_joined)?,
            holders_left: count(row.holders_left)?,
        })
    }
}

/// What each sender has burned up to a block, the largest first. Two index descents a sender, however often it burned.
///
/// # Errors
/// [`ReadError`].
pub async fn burns(connection: &mut PgConnection, block_number: u64) -> Result<Vec<(Address, Tally)>, ReadError> {
    let rows: Vec<(Vec<u8>, Amount, i64)> = sqlx::query_as(
        "with recursive known (sender) as (
             (select sender from burn order by sender limit 1)
             union all
             select next.sender
               from known cross join lateral (
                     select sender from burn where sender > known.sender order by sender limit 1) next)
         select known.sender, newest.amount, newest.count
           from known cross join lateral (
                 select amount, count from burn
                  where burn.sender = known.sender and block_number <= $1
                  order by block_number desc limit 1) newest
          order by newest.amount desc, known.sender",
    )
    .bind(at_most(block_number))
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|(sender, amount, burns)| Ok((address(&sender)?, Tally { amount: amount.0, count: count(burns)? })))
        .collect()
}

/// What each of these senders has burned up to a block; one who never burned is absent.
///
/// # Errors
/// [`ReadError`].
pub async fn burned_by(
    connection: &mut PgConnection,
    senders: &[Address],
    block_number: u64,
) -> Result<HashMap<Address, Tally>, ReadError> {
    let rows: Vec<(Vec<u8>, Amount, i64)> = sqlx::query_as(
        "select newest.sender, newest.amount, newest.count
           from unnest($1::bytea[]) as wanted (address)
          cross join lateral (
                select sender, amount, count from burn
                 where sender = wanted.address and block_number <= $2
                 order by block_number desc limit 1) newest",
    )
    .bind(bytes_of(senders))
    .bind(at_most(block_number))
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|(sender, amount, burns)| Ok((address(&sender)?, Tally { amount: amount.0, count: count(burns)? })))
        .collect()
}
