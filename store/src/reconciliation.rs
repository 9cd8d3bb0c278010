//! Checkpoints, at which totals were held against the contracts, and what is undone where they differ.

use alloy_primitives::{B256, U256};

use crate::StoreError;
use crate::amount::Amount;
use crate::columns::bigint;
use crate::cursor::Lane;
use crate::rewind::take_back;
use crate::verification::Notes;
use crate::writer::Writer;

/// A block at which a lane's totals were to be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Whose totals.
    pub lane: Lane,
    /// After which block.
    pub block_number: u64,
    /// That block; `None`: no header of it is stored.
    pub block_hash: Option<B256>,
    /// Whether they were, and were equal; the node may have had no state to answer from.
    pub answered: bool,
}

/// Blocks to be undone and fetched again, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repair {
    /// Whose totals differ. What is undone of capacity is undone of supply as well, which is never ahead.
    pub lane: Lane,
    /// The first block to be undone.
    pub first_block: u64,
    /// The first block at which the difference was seen.
    pub differs_at: u64,
    /// Which total.
    pub figure: &'static str,
    /// After that block, as stored.
    pub derived: U256,
    /// The contract's own answer there.
    pub contract: U256,
}

impl Notes {
    /// Notes a checkpoint, unless its block was undone meanwhile.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn reconciled(&self, checkpoint: &Checkpoint) -> Result<(), StoreError> {
        // The cursor's row is held so that no rewind comes between looking and writing.
        sqlx::query(
            "insert into reconciliation (lane, block_number, answered)
             select name, $2, $4 from cursor
              where name = $1 and block_number >= $2
                and ($3::bytea is null or block_hash = $3 and block_number = $2
                     or exists (select from block where number = $2 and hash = $3))
                for share
             on conflict (lane, block_number) do update set answered = excluded.answered, reconciled_at = now()",
        )
        .bind(checkpoint.lane.name())
        .bind(bigint(checkpoint.block_number)?)
        .bind(checkpoint.block_hash.as_ref().map(|hash| hash.as_slice()))
        .bind(checkpoint.answered)
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}

impl Writer {
    /// Deletes a lane's rows from a block on and moves its cursor below it, in one transaction. Below the finalized block
    /// too: it is our data that is wrong.
    ///
    /// # Errors
    /// [`StoreError::CursorMoved`] if no cursor is there any more; [`StoreError::Database`].
    pub async fn repair(&self, repair: &Repair) -> Result<(), StoreError> {
        let first = bigint(repair.first_block)?;
        let mut transaction = self.pool.begin().await?;
        let from = take_back(&mut transaction, repair.lane, first).await?;
        let from = from.ok_or_else(|| StoreError::CursorMoved { expected: format!("block {first} or above") })?;
        sqlx::query(
            "insert into repair (lane, from_number, first_block, differs_at, figure, derived, contract)
             values ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(repair.lane.name())
        .bind(from)
        .bind(first)
        .bind(bigint(repair.differs_at)?)
        .bind(repair.figure)
        .bind(Amount(repair.derived))
        .bind(Amount(repair.contract))
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(())
    }
}
