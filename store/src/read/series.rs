//! Figures at many blocks at once: for each of them the newest row at or below it, found by its key. Nothing here reads
//! what lies between two blocks, so that a series costs what its points do.

use std::collections::{BTreeMap, HashMap};

use alloy_primitives::{Address, U256};
use ledger::mint::Minted;
use ledger::parameter::Parameter;
use ledger::totals::{SupplyTotals, Tally};
use sqlx::{FromRow, PgConnection};

use super::mint::MintedRow;
use super::totals::SupplyRow;
use super::{ReadError, block};
use crate::amount::Amount;
use crate::columns::{address, at_most, bytes_of, count};
use crate::deployment::Deployment;

/// The last block before each of these times, in seconds since 1970, but none after `newest`; `None`: there is none, or
/// none is stored.
///
/// # Errors
/// [`ReadError`].
pub async fn last_before(
    connection: &mut PgConnection,
    deployment: &Deployment,
    times: &[u64],
    newest: u64,
) -> Result<Vec<Option<u64>>, ReadError> {
    let seconds: Vec<Option<u64>> = times.iter().map(|time| time.checked_sub(1)).collect();
    let numbers: Vec<Option<u64>> = match deployment.clock {
        Some(clock) => seconds.into_iter().map(|second| clock.last_block_at(second?)).collect(),
        None => {
            let wanted: Vec<u64> = seconds.iter().flatten().copied().collect();
            let stored = block::last_at_each(connection, &wanted).await?;
            seconds.into_iter().map(|second| stored.get(&second?).copied()).collect()
        }
    };
    Ok(numbers.into_iter().map(|number| Some(number?.min(newest))).collect())
}

#[derive(FromRow)]
struct SupplyAtRow {
    wanted: i64,
    #[sqlx(flatten)]
    row: SupplyRow,
}

/// Totals that VVV transfers move, after each of these blocks; none before the first transfer.
///
/// # Errors
/// [`ReadError`].
pub async fn supply(connection: &mut PgConnection, blocks: &[u64]) -> Result<BTreeMap<u64, SupplyTotals>, ReadError> {
    let rows: Vec<SupplyAtRow> = sqlx::query_as(
        "select wanted.number as wanted, newest.*
           from unnest($1::bigint[]) as wanted (number)
          cross join lateral (
                select * from supply_totals
                 where block_number <= wanted.number
                 order by block_number desc limit 1) newest",
    )
    .bind(numbers(blocks))
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(|SupplyAtRow { wanted, row }| Ok((count(wanted)?, row.try_into()?))).collect()
}

#[derive(FromRow)]
struct MintedAtRow {
    wanted: i64,
    #[sqlx(flatten)]
    row: MintedRow,
}

/// What each of these recipients was minted of VVV up to each of these blocks, by block; none before its first mint.
///
/// # Errors
/// [`ReadError`].
pub async fn minted(
    connection: &mut PgConnection,
    recipients: &[Address],
    blocks: &[u64],
) -> Result<BTreeMap<u64, BTreeMap<Address, Minted>>, ReadError> {
    let rows: Vec<MintedAtRow> = sqlx::query_as(
        "select wanted.number as wanted, newest.*
           from unnest($1::bigint[]) as wanted (number)
          cross join unnest($2::bytea[]) as minted (recipient)
          cross join lateral (
                select * from mint
                 where mint.recipient = minted.recipient and block_number <= wanted.number
                 order by block_number desc limit 1) newest",
    )
    .bind(numbers(blocks))
    .bind(bytes_of(recipients))
    .fetch_all(connection)
    .await?;
    let mut minted: BTreeMap<u64, BTreeMap<Address, Minted>> = BTreeMap::new();
    for MintedAtRow { wanted, row } in rows {
        minted.entry(count(wanted)?).or_default().insert(address(&row.recipient)?, row.try_into()?);
    }
    Ok(minted)
}

/// What each of these senders had burned after each of these blocks, by sender and block; none before its first burn.
///
/// # Errors
/// [`ReadError`].
pub async fn burned_by(
    connection: &mut PgConnection,
    senders: &[Address],
    blocks: &[u64],
) -> Result<HashMap<(Address, u64), Tally>, ReadError> {
    let rows: Vec<(Vec<u8>, i64, Amount, i64)> = sqlx::query_as(
        "select burner.address, wanted.number, newest.amount, newest.count
           from unnest($1::bigint[]) as wanted (number)
          cross join unnest($2::bytea[]) as burner (address)
          cross join lateral (
                select amount, count from burn
                 where sender = burner.address and block_number <= wanted.number
                 order by block_number desc limit 1) newest",
    )
    .bind(numbers(blocks))
    .bind(bytes_of(senders))
    .fetch_all(connection)
    .await?;
    let tally =
        |amount: Amount, burns| -> Result<Tally, ReadError> { Ok(Tally { amount: amount.0, count: count(burns)? }) };
    rows.into_iter()
        .map(|(sender, number, amount, burns)| Ok(((address(&sender)?, count(number)?), tally(amount, burns)?)))
        .collect()
}

/// VVV of each of these addresses after each of these blocks, by address and block; none before its first transfer. As
/// [`super::account::vvv_balances`] finds it.
///
/// # Errors
/// [`ReadError`].
pub async fn vvv_balances(
    connection: &mut PgConnection,
    addresses: &[Address],
    blocks: &[u64],
) -> Result<HashMap<(Address, u64), U256>, ReadError> {
    let rows: Vec<(Vec<u8>, i64, Amount)> = sqlx::query_as(
        "select holder.address, wanted.number, newest.balance
           from unnest($1::bigint[]) as wanted (number)
          cross join unnest($2::bytea[]) as holder (address)
          cross join lateral (
                (select block_number, log_index, sender_balance as balance from vvv_transfer
                  where sender = holder.address and block_number <= wanted.number and sender_balance is not null
                  order by block_number desc, log_index desc limit 1)
                union all
                (select block_number, log_index, recipient_balance from vvv_transfer
                  where recipient = holder.address and block_number <= wanted.number
                  order by block_number desc, log_index desc limit 1)
                union all
                (select b.block_number, -1, o.balance from vvv_opening o cross join bootstrap b
                  where o.address = holder.address and b.block_number <= wanted.number)
                order by block_number desc, log_index desc limit 1) newest",
    )
    .bind(numbers(blocks))
    .bind(bytes_of(addresses))
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(|(bytes, number, vvv)| Ok(((address(&bytes)?, count(number)?), vvv.0))).collect()
}

/// Every value that a parameter took up to a block, by the block since which it did; `None`: one that is not known. A
/// reading a day is all there is to read through.
///
/// # Errors
/// [`ReadError`].
pub async fn values(
    connection: &mut PgConnection,
    parameter: Parameter,
    block_number: u64,
) -> Result<BTreeMap<u64, Option<Vec<U256>>>, ReadError> {
    let rows: Vec<(i64, Option<Vec<Amount>>)> = sqlx::query_as(
        "select block_number, value
           from (select block_number, value, lag(value) over by_block as before, row_number() over by_block as place
                   from parameter where name = $1 and block_number <= $2
                 window by_block as (order by block_number)) history
          where place = 1 or value is distinct from before",
    )
    .bind(parameter.name())
    .bind(at_most(block_number))
    .fetch_all(connection)
    .await?;
    let words = |value: Vec<Amount>| value.into_iter().map(|word| word.0).collect();
    rows.into_iter().map(|(number, value)| Ok((count(number)?, value.map(words)))).collect()
}

fn numbers(blocks: &[u64]) -> Vec<i64> {
    blocks.iter().map(|block| at_most(*block)).collect()
}
