//! VVV minted, per recipient.

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256};
use ledger::mint::{Minted, Treasuries};
use ledger::parameter::Parameter;
use ledger::totals::Tally;
use sqlx::{FromRow, PgConnection};

use super::{ReadError, series};
use crate::amount::Amount;
use crate::columns::{address, at_most, count};

#[derive(FromRow)]
pub(super) struct MintedRow {
    pub(super) recipient: Vec<u8>,
    pub(super) block_number: i64,
    genesis_amount: Amount,
    genesis_count: i64,
    amount: Amount,
    count: i64,
    undated_amount: Amount,
    undated_count: i64,
}

/// What everybody was minted up to a block. There are few recipients, with many rows each: they are found one by one.
///
/// # Errors
/// [`ReadError`].
pub async fn minted(connection: &mut PgConnection, block_number: u64) -> Result<BTreeMap<Address, Minted>, ReadError> {
    let rows = newest(connection, block_number).await?;
    rows.into_iter().map(|row| Ok((address(&row.recipient)?, row.try_into()?))).collect()
}

/// Who has been the treasury up to a block. `genesis_end_block` is the one that first showed the staking proxy as VVV's
/// owner: who the treasury was before matters to nothing that was minted since.
///
/// # Errors
/// [`ReadError`].
pub async fn treasuries(
    connection: &mut PgConnection,
    genesis_end_block: Option<u64>,
    block_number: u64,
) -> Result<Treasuries, ReadError> {
    let values = series::values(connection, Parameter::Treasury, block_number).await?;
    let since = genesis_end_block.unwrap_or(u64::MAX);
    let then = values.range(..=since).next_back().map(|(_, value)| value);
    let mut later = values.range(since..).map(|(_, value)| value);
    let are_all = genesis_end_block.is_none() || then.is_some_and(Option::is_some) && later.all(Option::is_some);
    let known = values.into_values().flatten().filter_map(|words| words.first().copied());
    Ok(Treasuries { known: known.map(|word| Address::from_word(B256::from(word))).collect(), are_all })
}

/// The newest row of every recipient.
pub(super) async fn newest(connection: &mut PgConnection, block_number: u64) -> Result<Vec<MintedRow>, ReadError> {
    let rows = sqlx::query_as(
        "with recursive wanted (recipient) as (
             (select recipient from mint order by recipient limit 1)
             union all
             select next.recipient
               from wanted
              cross join lateral (
                    select recipient from mint
                     where mint.recipient > wanted.recipient order by recipient limit 1) next)
         select newest.*
           from wanted
          cross join lateral (
                select * from mint
                 where (mint.recipient, block_number) <= (wanted.recipient, $1)
                 order by mint.recipient desc, block_number desc limit 1) newest
          where newest.recipient = wanted.recipient
          order by newest.recipient",
    );
    Ok(rows.bind(at_most(block_number)).fetch_all(connection).await?)
}

impl TryFrom<MintedRow> for Minted {
    type Error = ReadError;

    fn try_from(row: MintedRow) -> Result<Self, ReadError> {
        let tally = |amount: Amount, events| -> Result<Tally, ReadError> {
            Ok(Tally { amount: amount.0, count: count(events)? })
        };
        Ok(Self {
            genesis: tally(row.genesis_amount, row.genesis_count)?,
            emitted: tally(row.amount, row.count)?,
            undated: tally(row.undated_amount, row.undated_count)?,
        })
    }
}
