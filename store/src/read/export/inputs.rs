//! Inputs in the order of the chain.

use alloy_primitives::{B256, U256};
use ledger::event::Transfer;
use sqlx::{FromRow, PgConnection};

use super::PAGE_ROWS;
use crate::amount::Amount;
use crate::append::{RawLog, StoredHeader};
use crate::columns::{address, at_most, count, count_if, hash, hash_if, index, rows_at_most};
use crate::read::ReadError;

/// Where in the chain a log is: block, and position among the block's logs.
pub type Place = (u64, u32);

/// A VVV transfer without what was derived from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransferLog {
    /// Where.
    pub place: Place,
    /// Position of its transaction in the block.
    pub tx_index: u32,
    /// Its transaction.
    pub tx_hash: B256,
    /// What moved.
    pub transfer: Transfer,
}

/// A contract's answer at the end of a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredReading {
    /// The block.
    pub block_number: u64,
    /// The parameter's name.
    pub name: String,
    /// One word, 256, or pairs.
    pub value: Vec<U256>,
    /// It shows a change that no event tells of, after this block.
    pub changed_after: Option<u64>,
}

#[derive(FromRow)]
struct HeaderRow {
    number: i64,
    hash: Vec<u8>,
    parent_hash: Option<Vec<u8>>,
    timestamp: i64,
}

/// Headers from a block on up to another, in order.
///
/// # Errors
/// [`ReadError`].
pub async fn headers(connection: &mut PgConnection, from: u64, up_to: u64) -> Result<Vec<StoredHeader>, ReadError> {
    let rows: Vec<HeaderRow> = sqlx::query_as(
        "select number, hash, parent_hash, timestamp from block
          where number >= $1 and number <= $2 order by number limit $3",
    )
    .bind(at_most(from))
    .bind(at_most(up_to))
    .bind(rows_at_most(PAGE_ROWS))
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(StoredHeader::try_from).collect()
}

impl TryFrom<HeaderRow> for StoredHeader {
    type Error = ReadError;

    fn try_from(row: HeaderRow) -> Result<Self, ReadError> {
        Ok(Self {
            number: count(row.number)?,
            hash: hash(&row.hash)?,
            parent_hash: hash_if(row.parent_hash.as_deref())?,
            timestamp: count(row.timestamp)?,
        })
    }
}

#[derive(FromRow)]
struct LogRow {
    block_number: i64,
    log_index: i32,
    tx_index: i32,
    tx_hash: Vec<u8>,
    address: Vec<u8>,
    topics: Vec<Vec<u8>>,
    data: Vec<u8>,
}

/// Logs of the light contracts from a place on up to a block, in order.
///
/// # Errors
/// [`ReadError`].
pub async fn logs(connection: &mut PgConnection, from: Place, up_to: u64) -> Result<Vec<(Place, RawLog)>, ReadError> {
    let rows: Vec<LogRow> = sqlx::query_as(
        "select block_number, log_index, tx_index, tx_hash, address, topics, data from log
          where (block_number, log_index) >= ($1, $2) and block_number <= $3
          order by block_number, log_index limit $4",
    )
    .bind(at_most(from.0))
    .bind(i64::from(from.1))
    .bind(at_most(up_to))
    .bind(rows_at_most(PAGE_ROWS))
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(|row| Ok(((count(row.block_number)?, index(row.log_index)?), row.try_into()?))).collect()
}

impl TryFrom<LogRow> for RawLog {
    type Error = ReadError;

    fn try_from(row: LogRow) -> Result<Self, ReadError> {
        Ok(Self {
            log_index: index(row.log_index)?,
            tx_index: index(row.tx_index)?,
            tx_hash: hash(&row.tx_hash)?,
            address: address(&row.address)?,
            topics: row.topics.iter().map(|topic| hash(topic)).collect::<Result<_, _>>()?,
            data: row.data.into(),
        })
    }
}

#[derive(FromRow)]
struct TransferRow {
    block_number: i64,
    log_index: i32,
    tx_index: i32,
    tx_hash: Vec<u8>,
    sender: Vec<u8>,
    recipient: Vec<u8>,
    amount: Amount,
}

/// VVV transfers from a place on up to a block, in order.
///
/// # Errors
/// [`ReadError`].
pub async fn transfers(connection: &mut PgConnection, from: Place, up_to: u64) -> Result<Vec<TransferLog>, ReadError> {
    let rows: Vec<TransferRow> = sqlx::query_as(
        "select block_number, log_index, tx_index, tx_hash, sender, recipient, amount from vvv_transfer
          where (block_number, log_index) >= ($1, $2) and block_number <= $3
          order by block_number, log_index limit $4",
    )
    .bind(at_most(from.0))
    .bind(i64::from(from.1))
    .bind(at_most(up_to))
    .bind(rows_at_most(PAGE_ROWS))
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(TransferLog::try_from).collect()
}

impl TryFrom<TransferRow> for TransferLog {
    type Error = ReadError;

    fn try_from(row: TransferRow) -> Result<Self, ReadError> {
        let transfer = Transfer { from: address(&row.sender)?, to: address(&row.recipient)?, amount: row.amount.0 };
        Ok(Self {
            place: (count(row.block_number)?, index(row.log_index)?),
            tx_index: index(row.tx_index)?,
            tx_hash: hash(&row.tx_hash)?,
            transfer,
        })
    }
}

/// Readings from a block and a name on up to a block, in order; names by their bytes.
///
/// # Errors
/// [`ReadError`].
pub async fn readings(
    connection: &mut PgConnection,
    from: (u64, &str),
    up_to: u64,
) -> Result<Vec<StoredReading>, ReadError> {
    let rows: Vec<(i64, String, Vec<Amount>, Option<i64>)> = sqlx::query_as(
        r#"select block_number, name, value, after_block from reading left join inferred using (block_number, name)
          where block_number >= $1 and (block_number > $1 or name collate "C" >= $2) and block_number <= $3
          order by block_number, name collate "C" limit $4"#,
    )
    .bind(at_most(from.0))
    .bind(from.1)
    .bind(at_most(up_to))
    .bind(rows_at_most(PAGE_ROWS / 10))
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|(block_number, name, value, after_block)| {
            let value = value.into_iter().map(|word| word.0).collect();
            Ok(StoredReading { block_number: count(block_number)?, name, value, changed_after: count_if(after_block)? })
        })
        .collect()
}
