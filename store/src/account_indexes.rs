//! The indexes of VVV transfers: by sender and by recipient, by which a balance is found, and by place in the chain.
//! Keeping them up costs more than the rows cost, so a first backfill goes without, and they are built when it is done.
//! Until then nobody looks up single balances: the writer has all of them in memory, and readers are told that the state
//! is not ready.

use std::collections::HashMap;

use alloy_primitives::{Address, U256};
use futures::TryStreamExt;
use ledger::supply::Account;
use sqlx::{Connection, PgConnection};

use crate::StoreError;
use crate::amount::Amount;
use crate::columns::address;
use crate::read::totals;
use crate::writer::{Writer, patient};

const BUILD: [&str; 3] = [
    "create unique index if not exists vvv_transfer_place on vvv_transfer (block_number, log_index)",
    "create index if not exists vvv_transfer_sender on vvv_transfer (sender, block_number desc, log_index desc)",
    "create index if not exists vvv_transfer_recipient on vvv_transfer (recipient, block_number desc, log_index desc)",
];

/// Where in the chain a balance was left: block and log.
type Place = (i64, i32);

#[derive(sqlx::FromRow)]
struct TransferRow {
    block_number: i64,
    log_index: i32,
    sender: Vec<u8>,
    recipient: Vec<u8>,
    sender_balance: Option<Amount>,
    recipient_balance: Amount,
}

impl Writer {
    /// Whether all are there. One that is, is whole: they are built in a transaction each.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn has_account_indexes(&self) -> Result<bool, StoreError> {
        let there = sqlx::query_scalar(
            "select count(*) = 3 from pg_index i join pg_class c on c.oid = i.indexrelid
              where i.indrelid = 'vvv_transfer'::regclass
                and c.relname in ('vvv_transfer_sender', 'vvv_transfer_recipient', 'vvv_transfer_place')",
        );
        Ok(there.fetch_one(&self.pool).await?)
    }

    /// Drops them. Only for a database without blocks.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn drop_account_indexes(&self) -> Result<(), StoreError> {
        sqlx::query("drop index if exists vvv_transfer_sender, vvv_transfer_recipient, vvv_transfer_place")
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Builds what is missing, all at the same time. Takes about a second for a million transfers.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn build_account_indexes(&self) -> Result<(), StoreError> {
        futures::future::try_join_all(BUILD.map(|statement| self.build(statement))).await?;
        Ok(())
    }

    /// Builds that of places alone, by which ranges of transfers are read.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn build_place_index(&self) -> Result<(), StoreError> {
        self.build(BUILD[0]).await
    }

    async fn build(&self, statement: &'static str) -> Result<(), StoreError> {
        let mut connection = patient(&self.pool).await?;
        sqlx::query("set maintenance_work_mem = '256MB'").execute(&mut connection).await?;
        sqlx::query(statement).execute(&mut connection).await?;
        Ok(connection.close().await?)
    }

    /// VVV balances and burns after the last block stored of their lane, of everyone there is, by one scan that needs no index.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn all_accounts(&self) -> Result<Vec<(Address, Account)>, StoreError> {
        let mut connection = self.pool.acquire().await?;
        let newest = newest_balances(&mut connection).await?;
        let burned: HashMap<Address, _> = totals::burns(&mut connection, u64::MAX).await?.into_iter().collect();
        let account = |(address, (_, balance)): (Address, (Place, U256))| {
            (address, Account { balance, burned: burned.get(&address).copied().unwrap_or_default() })
        };
        Ok(newest.into_iter().map(account).collect())
    }
}

/// Rows come in whatever order they lie: to have them sorted would cost more than to remember where each was. What a
/// bootstrap took over lies before them all.
async fn newest_balances(connection: &mut PgConnection) -> Result<HashMap<Address, (Place, U256)>, StoreError> {
    let taken_over: Vec<(Vec<u8>, Amount)> =
        sqlx::query_as("select address, balance from vvv_opening").fetch_all(&mut *connection).await?;
    let mut newest: HashMap<Address, (Place, U256)> = HashMap::with_capacity(taken_over.len());
    for (bytes, Amount(balance)) in taken_over {
        newest.insert(address(&bytes)?, ((-1, -1), balance));
    }
    let mut rows = sqlx::query_as::<_, TransferRow>(
        "select block_number, log_index, sender, recipient, sender_balance, recipient_balance from vvv_transfer",
    )
    .fetch(connection);
    while let Some(row) = rows.try_next().await? {
        let place = (row.block_number, row.log_index);
        let sender = row.sender_balance.map(|balance| (&row.sender, balance));
        for (bytes, Amount(balance)) in sender.into_iter().chain([(&row.recipient, row.recipient_balance)]) {
            let known = newest.entry(address(bytes)?).or_insert((place, balance));
            if known.0 <= place {
                *known = (place, balance);
            }
        }
    }
    Ok(newest)
}
