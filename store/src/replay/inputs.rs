//! What is derived from, as it was stored: always that of the served tables.

use std::collections::HashMap;

use alloy_primitives::{Address, B256, Bytes, U256};
use ledger::parameter::{Parameter, Setting};
use sqlx::{FromRow, PgPool};

use crate::StoreError;
use crate::amount::Amount;
use crate::append::{RawLog, StoredHeader};
use crate::columns::{Corrupt, address, bigint, count, hash, hash_if, index};
use crate::writer::Writer;

/// The stored inputs of a database.
#[derive(Clone, Debug)]
pub struct Inputs {
    pool: PgPool,
}

/// A VVV Transfer as it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawTransfer {
    /// Its block.
    pub block_number: u64,
    /// Position among all logs of the block.
    pub log_index: u32,
    /// Position of its transaction in the block.
    pub tx_index: u32,
    /// Its transaction.
    pub tx_hash: B256,
    /// Who gives; 0x0 for a mint.
    pub from: Address,
    /// Who gets.
    pub to: Address,
    /// Base units.
    pub amount: U256,
}

impl Writer {
    /// The inputs that are stored.
    pub fn inputs(&self) -> Inputs {
        Inputs { pool: self.pool.clone() }
    }
}

#[derive(FromRow)]
struct HeaderRow {
    number: i64,
    hash: Vec<u8>,
    parent_hash: Option<Vec<u8>>,
    timestamp: i64,
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

impl Inputs {
    /// The headers stored of blocks `from..=to`, ascending.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn headers(&self, from: u64, to: u64) -> Result<Vec<StoredHeader>, StoreError> {
        let rows: Vec<HeaderRow> = sqlx::query_as(
            "select number, hash, parent_hash, timestamp from public.block where number between $1 and $2
              order by number",
        )
        .bind(bigint(from)?)
        .bind(bigint(to)?)
        .fetch_all(&self.pool)
        .await?;
        let header = |row: HeaderRow| {
            Ok(StoredHeader {
                number: count(row.number)?,
                hash: hash(&row.hash)?,
                parent_hash: hash_if(row.parent_hash.as_deref())?,
                timestamp: count(row.timestamp)?,
            })
        };
        rows.into_iter().map(header).collect()
    }

    /// Logs kept as they came of blocks `from..=to`, each with its block, in the order of the chain.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn logs(&self, from: u64, to: u64) -> Result<Vec<(u64, RawLog)>, StoreError> {
        let rows: Vec<LogRow> = sqlx::query_as(
            "select block_number, log_index, tx_index, tx_hash, address, topics, data from public.log
              where block_number between $1 and $2 order by block_number, log_index",
        )
        .bind(bigint(from)?)
        .bind(bigint(to)?)
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(LogRow::parsed).collect::<Result<_, Corrupt>>()?)
    }

    /// VVV transfers of blocks `from..=to`, in the order of the chain.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn transfers(&self, from: u64, to: u64) -> Result<Vec<RawTransfer>, StoreError> {
        let rows: Vec<TransferRow> = sqlx::query_as(
            "select block_number, log_index, tx_index, tx_hash, sender, recipient, amount from public.vvv_transfer
              where block_number between $1 and $2 order by block_number, log_index",
        )
        .bind(bigint(from)?)
        .bind(bigint(to)?)
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(TransferRow::parsed).collect::<Result<_, Corrupt>>()?)
    }

    /// All that was read of the contracts from a block on, by block: a few answers a day.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn readings(&self, from: u64) -> Result<HashMap<u64, Vec<Setting>>, StoreError> {
        let rows: Vec<(String, i64, Vec<Amount>)> = sqlx::query_as(
            "select name, block_number, value from public.reading where block_number >= $1
              order by block_number, name collate \"C\"",
        )
        .bind(bigint(from)?)
        .fetch_all(&self.pool)
        .await?;
        let mut readings: HashMap<u64, Vec<Setting>> = HashMap::new();
        for (name, block_number, value) in rows {
            let parameter = Parameter::read_as(&name)
                .ok_or_else(|| StoreError::Corrupt(format!("block {block_number}: a reading of {name}")))?;
            let value = value.into_iter().map(|Amount(word)| word).collect();
            readings.entry(count(block_number)?).or_default().push(Setting { parameter, value });
        }
        Ok(readings)
    }
}

impl LogRow {
    fn parsed(self) -> Result<(u64, RawLog), Corrupt> {
        let log = RawLog {
            log_index: index(self.log_index)?,
            tx_index: index(self.tx_index)?,
            tx_hash: hash(&self.tx_hash)?,
            address: address(&self.address)?,
            topics: self.topics.iter().map(|topic| hash(topic)).collect::<Result<_, _>>()?,
            data: Bytes::from(self.data),
        };
        Ok((count(self.block_number)?, log))
    }
}

impl TransferRow {
    fn parsed(self) -> Result<RawTransfer, Corrupt> {
        Ok(RawTransfer {
            block_number: count(self.block_number)?,
            log_index: index(self.log_index)?,
            tx_index: index(self.tx_index)?,
            tx_hash: hash(&self.tx_hash)?,
            from: address(&self.sender)?,
            to: address(&self.recipient)?,
            amount: self.amount.0,
        })
    }
}
