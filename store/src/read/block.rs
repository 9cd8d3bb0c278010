//! Headers, times and what is remarkable at a block.

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256};
use ledger::epoch::Epoch;
use sqlx::{FromRow, PgConnection};

use super::ReadError;
use super::progress::Progress;
use crate::amount::Amount;
use crate::columns::{at_most, count, count_if, hash_if};
use crate::deployment::Deployment;

/// What is stored of one block, header or not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BlockFacts {
    /// `None`: no header of it is stored.
    pub hash: Option<B256>,
    /// Seconds since 1970; `None`: no header of it is stored.
    pub timestamp: Option<u64>,
    /// Logs kept undecoded up to it.
    pub unknown_logs: u64,
    /// The staking proxy's implementation in force; `None`: not known.
    pub implementation: Option<Address>,
    /// The one in force after the newest block stored.
    pub newest_implementation: Option<Address>,
}

#[derive(FromRow)]
struct FactsRow {
    hash: Option<Vec<u8>>,
    timestamp: Option<i64>,
    unknown_logs: Option<i64>,
    implementation: Option<Vec<Amount>>,
    newest_implementation: Option<Vec<Amount>>,
}

/// What is stored of one block.
///
/// # Errors
/// [`ReadError`].
pub async fn facts(connection: &mut PgConnection, number: u64) -> Result<BlockFacts, ReadError> {
    let row: FactsRow = sqlx::query_as(
        "select b.hash, b.timestamp,
                (select unknown_logs from capacity_totals
                  where block_number <= $1 order by block_number desc limit 1) as unknown_logs,
                (select value from parameter
                  where name = 'implementation' and block_number <= $1
                  order by block_number desc limit 1) as implementation,
                (select value from parameter
                  where name = 'implementation' order by block_number desc limit 1) as newest_implementation
           from (values (true)) as here (only_row)
           left join block b on b.number = $1",
    )
    .bind(at_most(number))
    .fetch_one(connection)
    .await?;
    Ok(BlockFacts {
        hash: hash_if(row.hash.as_deref())?,
        timestamp: count_if(row.timestamp)?,
        unknown_logs: count(row.unknown_logs.unwrap_or_default())?,
        implementation: row.implementation.as_deref().and_then(address),
        newest_implementation: row.newest_implementation.as_deref().and_then(address),
    })
}

/// An address that is kept as a number.
fn address(words: &[Amount]) -> Option<Address> {
    words.first().map(|word| Address::from_word(B256::from(word.0)))
}

/// The last stored block with a timestamp at or before this one.
///
/// # Errors
/// [`ReadError`].
pub async fn last_at(connection: &mut PgConnection, timestamp: u64) -> Result<Option<u64>, ReadError> {
    let number: Option<i64> = sqlx::query_scalar(
        "select number from block where timestamp <= $1 order by timestamp desc, number desc limit 1",
    )
    .bind(at_most(timestamp))
    .fetch_optional(connection)
    .await?;
    Ok(count_if(number)?)
}

/// The last block before an epoch. `None`: it lies before the first block held (see [`Progress::first_opening`]), when
/// nothing was staked.
///
/// # Errors
/// [`ReadError`].
pub async fn opening(
    connection: &mut PgConnection,
    deployment: &Deployment,
    progress: &Progress,
    epoch: Epoch,
) -> Result<Option<u64>, ReadError> {
    Ok(openings(connection, deployment, progress, &[epoch]).await?.remove(&epoch))
}

/// The last block before each epoch; one before the first block held is absent.
///
/// # Errors
/// [`ReadError`].
pub async fn openings(
    connection: &mut PgConnection,
    deployment: &Deployment,
    progress: &Progress,
    epochs: &[Epoch],
) -> Result<BTreeMap<Epoch, u64>, ReadError> {
    let last_seconds: Vec<(Epoch, u64)> =
        epochs.iter().filter_map(|epoch| Some((*epoch, epoch.opens_at().checked_sub(1)?))).collect();
    let stored = match deployment.clock {
        Some(_) => BTreeMap::new(),
        None => {
            let wanted: Vec<u64> = last_seconds.iter().map(|(_, second)| *second).collect();
            last_at_each(connection, &wanted).await?
        }
    };
    let number = |second: u64| match deployment.clock {
        Some(clock) => clock.last_block_at(second),
        None => stored.get(&second).copied(),
    };
    let opened = last_seconds.into_iter().filter_map(|(epoch, second)| Some((epoch, number(second)?)));
    let first = progress.first_opening(deployment);
    Ok(opened.filter(|(_, number)| *number >= first).collect())
}

/// For each of these times the last stored block with a timestamp at or before it; a time before them all is absent.
pub(super) async fn last_at_each(
    connection: &mut PgConnection,
    timestamps: &[u64],
) -> Result<BTreeMap<u64, u64>, ReadError> {
    let wanted: Vec<i64> = timestamps.iter().map(|timestamp| at_most(*timestamp)).collect();
    let rows: Vec<(i64, i64)> = sqlx::query_as(
        "select wanted.timestamp, newest.number
           from (select distinct unnest($1::bigint[])) as wanted (timestamp)
          cross join lateral (
                select number from block
                 where block.timestamp <= wanted.timestamp
                 order by block.timestamp desc, number desc limit 1) newest",
    )
    .bind(wanted)
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(|(timestamp, number)| Ok((count(timestamp)?, count(number)?))).collect()
}

/// The timestamp of the first stored block from this height on.
///
/// # Errors
/// [`ReadError`].
pub async fn first_timestamp(connection: &mut PgConnection, from: u64) -> Result<Option<u64>, ReadError> {
    let timestamp: Option<i64> =
        sqlx::query_scalar("select timestamp from block where number >= $1 order by number limit 1")
            .bind(at_most(from))
            .fetch_optional(connection)
            .await?;
    Ok(count_if(timestamp)?)
}
