//! Changes of parameters that no event tells of: where the contract's own answers show them.

use std::collections::{BTreeMap, HashMap};

use ledger::parameter::{Parameter, Untold};
use sqlx::PgConnection;

use crate::StoreError;
use crate::append::StoredBlock;
use crate::columns::{bigint, count};
use crate::cursor::Lane;
use crate::rewind::take_back;
use crate::writer::Writer;

/// Changes by the block whose reading shows them.
pub type UntoldByBlock = BTreeMap<u64, Vec<Untold>>;

impl Writer {
    /// Those found in blocks `from..=to`.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn inferred(&self, from: u64, to: u64) -> Result<UntoldByBlock, StoreError> {
        let rows: Vec<(i64, String, i64)> = sqlx::query_as(
            "select block_number, name, after_block from inferred where block_number between $1 and $2
              order by block_number, name collate \"C\"",
        )
        .bind(bigint(from)?)
        .bind(bigint(to.min(i64::MAX.unsigned_abs()))?)
        .fetch_all(&self.pool)
        .await?;
        let mut found = UntoldByBlock::new();
        for (block_number, name, after_block) in rows {
            let untold = Untold { parameter: parameter(&name)?, after_block: count(after_block)? };
            found.entry(count(block_number)?).or_default().push(untold);
        }
        Ok(found)
    }

    /// The last block up to the cursor at which each parameter was set by an event or read.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn parameters_shown_at(&self) -> Result<HashMap<Parameter, u64>, StoreError> {
        let rows: Vec<(String, i64)> =
            sqlx::query_as("select name, max(block_number) from parameter group by name").fetch_all(&self.pool).await?;
        rows.into_iter().map(|(name, number)| Ok((parameter(&name)?, count(number)?))).collect()
    }

    /// Notes changes and undoes the blocks from the first of them on, which were derived without it, in one transaction.
    /// Below the finalized block too: the chain is the same.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn infer(&self, found: &UntoldByBlock) -> Result<(), StoreError> {
        let Some(first) = found.keys().next() else { return Ok(()) };
        let mut transaction = self.pool.begin().await?;
        take_back(&mut transaction, Lane::Capacity, bigint(*first)?).await?;
        for (number, untold) in found {
            insert(&mut transaction, *number, untold).await?;
        }
        transaction.commit().await?;
        Ok(())
    }
}

/// With the blocks' readings. Those found before are there already.
pub(crate) async fn insert_inferred(connection: &mut PgConnection, blocks: &[StoredBlock]) -> Result<(), StoreError> {
    for StoredBlock { block, .. } in blocks {
        insert(connection, block.number, &block.untold).await?;
    }
    Ok(())
}

/// Few: a row at a time.
async fn insert(connection: &mut PgConnection, block_number: u64, untold: &[Untold]) -> Result<(), StoreError> {
    for Untold { parameter, after_block } in untold {
        sqlx::query(
            "insert into inferred (block_number, name, after_block) values ($1, $2, $3)
             on conflict (block_number, name) do nothing",
        )
        .bind(bigint(block_number)?)
        .bind(parameter.name())
        .bind(bigint(*after_block)?)
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

fn parameter(name: &str) -> Result<Parameter, StoreError> {
    Parameter::from_name(name).ok_or_else(|| StoreError::Corrupt(format!("a parameter named {name:?}")))
}
