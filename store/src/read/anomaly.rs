//! What the ledger did not expect but can live with.

use alloy_primitives::{Address, B256};
use sqlx::PgConnection;

use super::ReadError;
use crate::columns::{address, at_most, count, hash_if};

/// Anomalies of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnomalyCount {
    /// As the ledger names it.
    pub kind: String,
    /// How many.
    pub count: u64,
    /// Block of the newest.
    pub last_block: u64,
}

/// Logs that were kept undecoded, of one topic of one contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownTopic {
    /// The contract.
    pub address: Address,
    /// `None`: logs without topics.
    pub topic0: Option<B256>,
    /// How many.
    pub count: u64,
}

/// Anomalies up to a block, by kind.
///
/// # Errors
/// [`ReadError`].
pub async fn by_kind(connection: &mut PgConnection, block_number: u64) -> Result<Vec<AnomalyCount>, ReadError> {
    let rows: Vec<(String, i64, i64)> = sqlx::query_as(
        "select kind, count(*), max(block_number) from anomaly where block_number <= $1 group by kind order by kind",
    )
    .bind(at_most(block_number))
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|(kind, seen, last)| Ok(AnomalyCount { kind, count: count(seen)?, last_block: count(last)? }))
        .collect()
}

/// Topics nobody knows up to a block, the most frequent first.
///
/// # Errors
/// [`ReadError`].
pub async fn unknown_topics(connection: &mut PgConnection, block_number: u64) -> Result<Vec<UnknownTopic>, ReadError> {
    let rows: Vec<(Vec<u8>, Option<Vec<u8>>, i64)> = sqlx::query_as(
        "select log.address, log.topics[1], count(*)
           from anomaly join log using (block_number, log_index)
          where anomaly.kind = 'unknown_log' and block_number <= $1
          group by 1, 2 order by 3 desc, 1, 2",
    )
    .bind(at_most(block_number))
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|(contract, topic0, seen)| {
            Ok(UnknownTopic { address: address(&contract)?, topic0: hash_if(topic0.as_deref())?, count: count(seen)? })
        })
        .collect()
}
