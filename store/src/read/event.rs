//! Decoded logs, the newest first. VVV transfers, which have a table of their own, are among them.

use alloy_primitives::{Address, B256, U256};
use sqlx::{FromRow, PgConnection, Postgres, QueryBuilder};

use super::ReadError;
use crate::amount::Amount;
use crate::columns::{Corrupt, address, at_most, bytes_of, count, count_if, hash, rows_at_most};

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
        found.extend(page(connection, &LIGHT, filter, up_to).await?);
    }
    if filter.has_vvv_transfers() {
        found.extend(page(connection, &VVV_TRANSFERS, filter, up_to).await?);
    }
    found.sort_by_key(|event| std::cmp::Reverse((event.block_number, event.log_index)));
    found.truncate(filter.limit);
    Ok(found)
}

/// Burns of VVV up to a block, the newest first: transfers of more than zero to 0x0.
///
/// # Errors
/// [`ReadError`].
pub async fn burns(
    connection: &mut PgConnection,
    before: Option<(u64, u32)>,
    limit: usize,
    block_number: u64,
) -> Result<Vec<EventRecord>, ReadError> {
    let filter = EventFilter { before, limit, ..EventFilter::default() };
    let mut query = QueryBuilder::new("");
    push(
        &mut query,
        &VVV_TRANSFERS,
        &filter,
        block_number,
        Some((" and e.amount > 0 and e.recipient = ", Address::ZERO)),
    );
    fetch(connection, query).await
}

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

/// A table of logs, its columns under the names of [`EventRow`].
struct Source {
    select: &'static str,
    /// Whether `contract` and `kind` are columns; otherwise the table has but one of each.
    has_kinds: bool,
    /// Where addresses are.
    sides: [&'static str; 2],
}

/// Mints of VVV are left out: they are among the transfers.
const LIGHT: Source = Source {
    select: "select e.block_number, e.log_index, b.timestamp, l.tx_hash, e.contract, e.kind, e.account, e.counterparty,
                    e.amount, e.svvv_amount, e.direct
               from (select * from event where (contract, kind) <> ('vvv', 'mint')) e
               left join log l on l.block_number = e.block_number and l.log_index = e.log_index
               left join block b on b.number = e.block_number",
    has_kinds: true,
    sides: [" and e.account = ", " and e.counterparty = "],
};

const VVV_TRANSFERS: Source = Source {
    select: "select e.block_number, e.log_index, b.timestamp, e.tx_hash, 'vvv' as contract, 'transfer' as kind,
                    e.sender as account, e.recipient as counterparty, e.amount, null::numeric as svvv_amount,
                    false as direct
               from vvv_transfer e
               left join block b on b.number = e.block_number",
    has_kinds: false,
    sides: [" and e.sender = ", " and e.recipient = "],
};

async fn page(
    connection: &mut PgConnection,
    source: &Source,
    filter: &EventFilter,
    up_to: u64,
) -> Result<Vec<EventRecord>, ReadError> {
    let mut query = QueryBuilder::new("");
    match filter.address {
        None => push(&mut query, source, filter, up_to, None),
        // A branch for each side, so that each has its index; `union` takes once what names the address twice.
        Some(address) => {
            let [left, right] = source.sides;
            push(&mut query, source, filter, up_to, Some((left, address)));
            query.push(" union ");
            push(&mut query, source, filter, up_to, Some((right, address)));
        }
    }
    fetch(connection, query).await
}

fn push(
    query: &mut QueryBuilder<Postgres>,
    source: &Source,
    filter: &EventFilter,
    up_to: u64,
    named: Option<(&'static str, Address)>,
) {
    query.push("(").push(source.select).push(" where e.block_number <= ").push_bind(at_most(up_to));
    if let Some((condition, address)) = named {
        query.push(condition).push_bind(address.to_vec());
    }
    if let Some(from) = filter.from_block {
        query.push(" and e.block_number >= ").push_bind(at_most(from));
    }
    if let Some((number, log_index)) = filter.before {
        query.push(" and (e.block_number, e.log_index) < (").push_bind(at_most(number));
        query.push(", ").push_bind(i64::from(log_index)).push(")");
    }
    for (column, wanted) in [(" and e.contract = ", filter.contract), (" and e.kind = ", filter.kind)] {
        if let Some(wanted) = wanted.filter(|_| source.has_kinds) {
            query.push(column).push_bind(wanted);
        }
    }
    query.push(" order by e.block_number desc, e.log_index desc limit ").push_bind(rows_at_most(filter.limit));
    query.push(")");
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
