//! Appending blocks: inputs, what was derived from them, and the cursors, in one transaction.

mod copy;
mod derived;
mod event_row;
mod inputs;
pub mod opening;

use alloy_primitives::{Address, B256, Bytes};
use ledger::block::Block;
use ledger::capacity::CapacityChanges;
use ledger::supply::SupplyChanges;
use sqlx::{PgConnection, Postgres, Transaction};

use crate::StoreError;
use crate::columns::bigint;
use crate::load::BlockRef;
use crate::writer::Writer;

/// Below this COPY's own round trips cost more than it saves.
const COPY_ROWS_MIN: usize = 1_000;

/// A block with what the ledger made of it.
#[derive(Clone, Debug)]
pub struct StoredBlock {
    /// What is known of its header.
    pub header: StoredHeader,
    /// Logs of the light contracts, as they came.
    pub logs: Vec<RawLog>,
    /// The block decoded, with its readings.
    pub block: Block,
    /// What it changed of capacity.
    pub capacity: CapacityChanges,
    /// What it changed of supply.
    pub supply: SupplyChanges,
}

/// What is known of a block's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredHeader {
    /// Height.
    pub number: u64,
    /// Hash.
    pub hash: B256,
    /// `None`: known from its logs only.
    pub parent_hash: Option<B256>,
    /// Seconds since 1970.
    pub timestamp: u64,
}

/// A log as it came. VVV transfers are not kept this way but in a row of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawLog {
    /// Position among all logs of the block.
    pub log_index: u32,
    /// Position of its transaction in the block.
    pub tx_index: u32,
    /// Its transaction.
    pub tx_hash: B256,
    /// Who emitted it.
    pub address: Address,
    /// At most four.
    pub topics: Vec<B256>,
    /// The rest.
    pub data: Bytes,
}

/// Consecutive blocks. Those of which nothing is known but that they hold no log of ours may be left out.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    /// Ascending.
    pub blocks: &'a [StoredBlock],
    /// Where the cursor is believed to be; `None` on an empty database.
    pub after: Option<BlockRef>,
    /// Where it goes.
    pub cursor: BlockRef,
}

impl Writer {
    /// Appends blocks. Either all of it is in the database afterwards, or nothing.
    ///
    /// # Errors
    /// [`StoreError::CursorMoved`] if the cursor is not where it was expected; [`StoreError::Database`].
    pub async fn append(&self, batch: &Batch<'_>) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin().await?;
        move_cursors(&mut transaction, batch).await?;
        let transfers: usize = batch.blocks.iter().map(|block| block.supply.transfers.len()).sum();
        if self.copies && transfers >= COPY_ROWS_MIN {
            copy::copy_blocks(&mut transaction, batch.blocks).await?;
            copy::copy_vvv_transfers(&mut transaction, batch.blocks).await?;
        } else {
            inputs::insert_blocks(&mut transaction, batch.blocks).await?;
            inputs::insert_vvv_transfers(&mut transaction, batch.blocks).await?;
        }
        insert_others(&mut transaction, batch.blocks).await?;
        transaction.commit().await?;
        Ok(())
    }
}

/// All but blocks and VVV transfers, of which there are few.
async fn insert_others(connection: &mut PgConnection, blocks: &[StoredBlock]) -> Result<(), StoreError> {
    inputs::insert_logs(connection, blocks).await?;
    inputs::insert_readings(connection, blocks).await?;
    derived::insert_events(connection, blocks).await?;
    derived::insert_positions(connection, blocks).await?;
    derived::insert_capacity_totals(connection, blocks).await?;
    derived::insert_supply_totals(connection, blocks).await?;
    derived::insert_burns(connection, blocks).await?;
    derived::insert_parameters(connection, blocks).await?;
    derived::insert_anomalies(connection, blocks).await
}

/// Compare and set: whoever moved the cursor in the meantime is found out here.
async fn move_cursors(transaction: &mut Transaction<'_, Postgres>, batch: &Batch<'_>) -> Result<(), StoreError> {
    let hash = batch.cursor.hash.as_ref().map(|hash| hash.as_slice());
    let to = bigint(batch.cursor.number)?;
    let rows = match batch.after {
        Some(BlockRef { number, .. }) => {
            let update = sqlx::query("update cursor set block_number = $1, block_hash = $2 where block_number = $3");
            update.bind(to).bind(hash).bind(bigint(number)?).execute(&mut **transaction).await?
        }
        None => {
            let insert = sqlx::query(
                "insert into cursor (name, block_number, block_hash)
                 select name, $1, $2 from unnest(array['capacity', 'supply']) name on conflict do nothing",
            );
            insert.bind(to).bind(hash).execute(&mut **transaction).await?
        }
    };
    if rows.rows_affected() == 2 {
        return Ok(());
    }
    let expected = batch.after.map_or_else(|| "the start".into(), |after| format!("block {}", after.number));
    Err(StoreError::CursorMoved { expected })
}
