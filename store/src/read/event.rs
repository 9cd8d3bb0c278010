//! Decoded logs, the newest first. VVV transfers, which have a table of their own, are among them.
//!
//! A page costs so many index descents and rows as it has rows, whatever is asked for and however much history there is:
//! each condition there is has an index that is in the order of the list.

mod burns;
mod light;
mod transfers;

use alloy_primitives::{Address, B256, U256};
use sqlx::{FromRow, PgConnection, Postgres, QueryBuilder};

pub use burns::burns;

use super::ReadError;
use crate::amount::Amount;
use crate::columns::{Corrupt, address, at_most, count, count_if, hash, rows_at_most};

/// A decoded log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRecord {
    /// Its block.
    pub block_number: u64,
    /// Position among all logs of the block.
    pub log_index: u32,
    /// Of the block, seconds since 1970; `None`: no header of it is stored.
    pub timestamp: Option<u64>,
    /// Its transaction.
    pub tx_hash: B256,
    /// `vvv`, `staking` or `diem`.
    pub contract: String,
    /// What it says, such as `transfer` or `staked`.
    pub kind: String,
    /// Whose position it moves; a transfer's sender.
    pub account: Option<Address>,
    /// A transfer's recipient.
    pub counterparty: Option<Address>,
    /// Base units.
    pub amount: Option<U256>,
    /// sVVV locked or unlocked beside a mint or burn of DIEM.
    pub svvv_amount: Option<U256>,
    /// A mint or burn of DIEM without a partner event of the staking proxy.
    pub direct: bool,
}

/// Which logs are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Only of this contract.
    pub contract: Option<&'static str>,
    /// Only of this kind.
    pub kind: Option<&'static str>,
    /// Only those that name this address, on either side.
    pub address: Option<Address>,
    /// Only from this block on.
    pub from_block: Option<u64>,
    /// Only up to this block.
    pub to_block: Option<u64>,
    /// Only those that came before this log.
    pub before: Option<(u64, u32)>,
    /// At most so many.
    pub limit: usize,
}

impl EventFilter {
    /// Whether transfers of VVV may be among them.
    pub fn has_vvv_transfers(&self) -> bool {
        self.contract.is_none_or(|contract| contract == "vvv") && self.kind.is_none_or(|kind| kind == "transfer")
    }

    /// Whether anything but transfers of VVV may be.
    fn has_others(&self) -> bool {
        self.contract != Some("vvv") || self.kind != Some("transfer")
    }

    /// Pushes which part of the chain is meant, and how much of it is read: behind the conditions of a query over a table
    /// keyed by `block_number` and `log_index`, and ending it.
    fn push_place(&self, query: &mut QueryBuilder<Postgres>, up_to: u64) {
        query.push(" and block_number <= ").push_bind(at_most(up_to));
        if let Some(from) = self.from_block {
            query.push(" and block_number >= ").push_bind(at_most(from));
        }
        if let Some((number, log_index)) = self.before {
            query.push(" and (block_number, log_index) < (").push_bind(at_most(number));
            query.push(", ").push_bind(i64::from(log_index)).push(")");
        }
        query.push(" order by block_number desc, log_index desc limit ").push_bind(rows_at_most(self.limit));
    }
}

/// Logs up to a block, the newest first.
///
/// # Errors
/// [`ReadError`].
pub async fn events(
    connection: &mut PgConnection,
    filter: &EventFilter,
    block_number: u64,
) -> Result<Vec<EventRecord>, ReadError> {
    let up_to = filter.to_block.unwrap_or(u64::MAX).min(block_number);
    let mut found = Vec::new();
    if filter.has_others() {
        found.extend(fetch(connection, light::query(filter, up_to)).await?);
    }
    if filter.has_vvv_transfers() {
        found.extend(fetch(connection, transfers::query(filter, up_to)).await?);
    }
    found.sort_by_key(|event| std::cmp::Reverse((event.block_number, event.log_index)));
    found.truncate(filter.limit);
    Ok(found)
}

#[derive(FromRow)]
struct EventRow {
    block_number: i64,
    log_index: i32,
    timestamp: Option<i64>,
    tx_hash: Vec<u8>,
    contract: String,
    kind: String,
    account: Option<Vec<u8>>,
    counterparty: Option<Vec<u8>>,
    amount: Option<Amount>,
    svvv_amount: Option<Amount>,
    direct: bool,
}

async fn fetch(
    connection: &mut PgConnection,
    mut query: QueryBuilder<Postgres>,
) -> Result<Vec<EventRecord>, ReadError> {
    let rows: Vec<EventRow> = query.build_query_as().fetch_all(connection).await?;
    rows.into_iter().map(EventRecord::try_from).collect()
}

impl TryFrom<EventRow> for EventRecord {
    type Error = ReadError;

    fn try_from(row: EventRow) -> Result<Self, ReadError> {
        let log_index = u32::try_from(row.log_index).map_err(|_| Corrupt("a log index below zero".into()))?;
        Ok(Self {
            block_number: count(row.block_number)?,
            log_index,
            timestamp: count_if(row.timestamp)?,
            tx_hash: hash(&row.tx_hash)?,
            contract: row.contract,
            kind: row.kind,
            account: row.account.as_deref().map(address).transpose()?,
            counterparty: row.counterparty.as_deref().map(address).transpose()?,
            amount: row.amount.map(|amount| amount.0),
            svvv_amount: row.svvv_amount.map(|amount| amount.0),
            direct: row.direct,
        })
    }
}
