//! Figures at many blocks at once: for each of them the newest row at or below it, found by its key. Nothing here reads
//! what lies between two blocks, so that a series costs what its points do.
//!
//! Where a table has an index by block beside its key, keys are compared as a whole: else, with few senders or recipients,
//! Postgres may go down the blocks instead until it meets the one that is looked for, which may be at the very beginning.

use std::collections::{BTreeMap, HashMap};

use alloy_primitives::{Address, U256};
use ledger::mint::Minted;
use ledger::parameter::Parameter;
use ledger::totals::{CapacityTotals, SupplyTotals, Tally};
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection};

use super::mint::MintedRow;
use super::totals::{CapacityRow, SupplyRow};
use super::{ReadError, block};
use crate::amount::Amount;
use crate::columns::{address, at_most, bytes_of, count};
use crate::deployment::Deployment;

/// Something of addresses, by the block since which it holds. Found from the last block wanted downwards: the newest row
/// at or below it holds for every block wanted from its own on, so that the next one looked for is below. An address of
/// which little changes costs little, however many blocks are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Steps<T>(HashMap<Address, BTreeMap<u64, T>>);

impl<T: Copy> Steps<T> {
    /// After a block that was wanted; `None`: there was nothing yet.
    pub fn at(&self, whose: Address, block_number: u64) -> Option<T> {
        self.0.get(&whose)?.range(..=block_number).next_back().map(|(_, value)| *value)
    }

    /// It holds from this block on.
    pub fn add(&mut self, whose: Address, since: u64, value: T) {
        self.0.entry(whose).or_default().insert(since, value);
    }
}

impl<T> Default for Steps<T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

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

/// The newest row of a table of totals at or below each block.
macro_rules! totals_of {
    ($table:literal) => {
        concat!(
            "select wanted.number as wanted, newest.*
               from (select distinct unnest($1::bigint[])) as wanted (number)
              cross join lateral (
                    select * from ",
            $table,
            " where block_number <= wanted.number
                     order by block_number desc limit 1) newest",
        )
    };
}

/// A row of `T`, and the block that was asked for.
#[derive(FromRow)]
struct At<T> {
    wanted: i64,
    #[sqlx(flatten)]
    row: T,
}

/// Totals that the light events move, after each of these blocks.
///
/// # Errors
/// [`ReadError`].
pub async fn capacity(
    connection: &mut PgConnection,
    blocks: &[u64],
) -> Result<BTreeMap<u64, CapacityTotals>, ReadError> {
    totals_at::<CapacityRow, _>(connection, totals_of!("capacity_totals"), blocks).await
}

/// Totals that VVV transfers move, after each of these blocks.
///
/// # Errors
/// [`ReadError`].
pub async fn supply(connection: &mut PgConnection, blocks: &[u64]) -> Result<BTreeMap<u64, SupplyTotals>, ReadError> {
    totals_at::<SupplyRow, _>(connection, totals_of!("supply_totals"), blocks).await
}

/// A block before the first event has no row, and nothing in it.
async fn totals_at<R, T>(
    connection: &mut PgConnection,
    statement: &'static str,
    blocks: &[u64],
) -> Result<BTreeMap<u64, T>, ReadError>
where
    R: for<'r> FromRow<'r, PgRow> + Send + Unpin,
    T: Default + TryFrom<R, Error = ReadError>,
{
    let rows: Vec<At<R>> = sqlx::query_as(statement).bind(numbers(blocks)).fetch_all(connection).await?;
    let mut totals: BTreeMap<u64, T> = blocks.iter().map(|block| (*block, T::default())).collect();
    for At { wanted, row } in rows {
        totals.insert(count(wanted)?, row.try_into()?);
    }
    Ok(totals)
}

/// What each of these recipients was minted of VVV up to some of these ascending blocks; see [`Steps`].
///
/// # Errors
/// [`ReadError`].
pub async fn minted(
    connection: &mut PgConnection,
    recipients: &[Address],
    blocks: &[u64],
) -> Result<Steps<Minted>, ReadError> {
    let rows: Vec<MintedRow> = sqlx::query_as(
        "with recursive walk as (
             select recipient, $1[cardinality($1)] + 1 as block_number, null::numeric as genesis_amount,
                    null::bigint as genesis_count, null::numeric as amount, null::bigint as count,
                    null::numeric as undated_amount, null::bigint as undated_count
               from unnest($2::bytea[]) as minted (recipient)
             union all
             select newest.*
               from walk
              cross join lateral (
                    select * from mint
                     where (recipient, block_number)
                           <= (walk.recipient, $1[width_bucket(walk.block_number - 1, $1)])
                     order by recipient desc, block_number desc limit 1) newest
              where newest.recipient = walk.recipient and walk.block_number > $1[1])
         select * from walk where amount is not null",
    )
    .bind(numbers(blocks))
    .bind(bytes_of(recipients))
    .fetch_all(connection)
    .await?;
    let mut steps = Steps::default();
    for row in rows {
        steps.add(address(&row.recipient)?, count(row.block_number)?, row.try_into()?);
    }
    Ok(steps)
}

/// What each of these senders had burned after some of these ascending blocks; see [`Steps`].
///
/// # Errors
/// [`ReadError`].
pub async fn burned_by(
    connection: &mut PgConnection,
    senders: &[Address],
    blocks: &[u64],
) -> Result<Steps<Tally>, ReadError> {
    let rows: Vec<(Vec<u8>, i64, Amount, i64)> = sqlx::query_as(
        "with recursive walk (address, block_number, amount, count) as (
             select burner.address, $1[cardinality($1)] + 1, null::numeric, null::bigint
               from unnest($2::bytea[]) as burner (address)
             union all
             select newest.*
               from walk
              cross join lateral (
                    select sender, block_number, amount, count from burn
                     where (sender, block_number) <= (walk.address, $1[width_bucket(walk.block_number - 1, $1)])
                     order by sender desc, block_number desc limit 1) newest
              where newest.sender = walk.address and walk.block_number > $1[1])
         select * from walk where amount is not null",
    )
    .bind(numbers(blocks))
    .bind(bytes_of(senders))
    .fetch_all(connection)
    .await?;
    let mut steps = Steps::default();
    for (sender, number, amount, burns) in rows {
        steps.add(address(&sender)?, count(number)?, Tally { amount: amount.0, count: count(burns)? });
    }
    Ok(steps)
}

/// VVV of each of these addresses after some of these ascending blocks; see [`Steps`]. As
/// [`super::account::vvv_balances`] finds it.
///
/// # Errors
/// [`ReadError`].
pub async fn vvv_balances(
    connection: &mut PgConnection,
    addresses: &[Address],
    blocks: &[u64],
) -> Result<Steps<U256>, ReadError> {
    let rows: Vec<(Vec<u8>, i64, Amount)> = sqlx::query_as(
        "with recursive walk (address, block_number, balance) as (
             select holder.address, $1[cardinality($1)] + 1, null::numeric from unnest($2::bytea[]) as holder (address)
             union all
             select walk.address, newest.block_number, newest.balance
               from walk
              cross join lateral (
                    (select block_number, log_index, sender_balance as balance from vvv_transfer
                      where sender = walk.address and sender_balance is not null
                        and block_number <= $1[width_bucket(walk.block_number - 1, $1)]
                      order by block_number desc, log_index desc limit 1)
                    union all
                    (select block_number, log_index, recipient_balance from vvv_transfer
                      where recipient = walk.address
                        and block_number <= $1[width_bucket(walk.block_number - 1, $1)]
                      order by block_number desc, log_index desc limit 1)
                    union all
                    (select b.block_number, -1, o.balance from vvv_opening o cross join bootstrap b
                      where o.address = walk.address
                        and b.block_number <= $1[width_bucket(walk.block_number - 1, $1)])
                    order by block_number desc, log_index desc limit 1) newest)
         select * from walk where balance is not null",
    )
    .bind(numbers(blocks))
    .bind(bytes_of(addresses))
    .fetch_all(connection)
    .await?;
    let mut steps = Steps::default();
    for (holder, number, vvv) in rows {
        steps.add(address(&holder)?, count(number)?, vvv.0);
    }
    Ok(steps)
}

/// Every value that a parameter took up to a block, by the block since which it did; `None`: one that is not known.
///
/// # Errors
/// [`ReadError`].
pub async fn values(
    connection: &mut PgConnection,
    parameter: Parameter,
    block_number: u64,
) -> Result<BTreeMap<u64, Option<Vec<U256>>>, ReadError> {
    let rows: Vec<(i64, Option<Vec<Amount>>)> = sqlx::query_as(
        "select block_number, value from parameter where name = $1 and block_number <= $2 and is_change",
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
