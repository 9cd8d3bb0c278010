//! Appending blocks: inputs, what was derived from them, and the cursors that this moves, in one transaction.

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
use crate::completeness::{self, Grade};
use crate::cursor::{BlockRef, Lane};
use crate::derivation::{hold_revision, own_revision};
use crate::inferred::insert_inferred;
use crate::writer::Writer;

/// Below this COPY's own round trips cost more than it saves.
const COPY_ROWS_MIN: usize = 1_000;

/// A block with what the ledger made of it.
#[derive(Clone, Debug)]
pub struct StoredBlock {
    /// What is known of its header.
    pub header: StoredHeader,
    /// Its header was stored before, with the other lane's logs.
    pub is_known: bool,
    /// Light logs, as they came.
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

/// A log as it came. VVV transfers other than mints are not kept this way but in a row of their own.
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
    /// Whose rows: of both where both cursors are at the same block.
    pub lanes: &'a [Lane],
    /// Ascending.
    pub blocks: &'a [StoredBlock],
    /// Where these cursors are believed to be; `None` before their first block.
    pub after: Option<BlockRef>,
    /// Where they go.
    pub cursor: BlockRef,
    /// How sure it is that no log is missing; `None`: inputs that are there already, with their grade.
    pub grade: Option<Grade>,
}

impl Writer {
    /// Appends blocks. Either all of it is in the database afterwards, or nothing.
    ///
    /// # Errors
    /// [`StoreError::CursorMoved`] if the cursor is not where it was expected; [`StoreError::OtherDerivation`];
    /// [`StoreError::Database`].
    pub async fn append(&self, batch: &Batch<'_>) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin().await?;
        move_cursors(&mut transaction, batch).await?;
        if let Some(grade) = batch.grade {
            completeness::note(&mut transaction, batch, grade).await?;
        }
        let transfers: usize = batch.blocks.iter().map(|block| block.supply.transfers.len()).sum();
        let by_copy = self.copies && transfers.max(batch.blocks.len()) >= COPY_ROWS_MIN;
        if self.keeps_inputs {
            insert_inputs(&mut transaction, batch, by_copy).await?;
        }
        match by_copy {
            true => copy::copy_vvv_transfers(&mut transaction, batch.blocks).await?,
            false => inputs::insert_vvv_transfers(&mut transaction, batch.blocks).await?,
        }
        if batch.lanes.contains(&Lane::Capacity) {
            insert_light(&mut transaction, batch.blocks).await?;
        }
        derived::insert_supply_totals(&mut transaction, batch.blocks).await?;
        derived::insert_burns(&mut transaction, batch.blocks).await?;
        derived::insert_anomalies(&mut transaction, batch.blocks).await?;
        transaction.commit().await?;
        Ok(())
    }
}

/// What came as it is: a replay from what is stored leaves it there. VVV transfers are both, and have a row each time.
async fn insert_inputs(connection: &mut PgConnection, batch: &Batch<'_>, by_copy: bool) -> Result<(), StoreError> {
    match by_copy {
        true => copy::copy_blocks(connection, batch.blocks).await?,
        false => inputs::insert_blocks(connection, batch.blocks).await?,
    }
    if batch.lanes.contains(&Lane::Capacity) {
        inputs::insert_logs(connection, batch.blocks).await?;
        inputs::insert_readings(connection, batch.blocks).await?;
        insert_inferred(connection, batch.blocks).await?;
    }
    Ok(())
}

/// What goes with the cursor of capacity. Blocks of the other lane may carry light logs that were stored with that one.
async fn insert_light(connection: &mut PgConnection, blocks: &[StoredBlock]) -> Result<(), StoreError> {
    derived::insert_events(connection, blocks).await?;
    derived::insert_positions(connection, blocks).await?;
    derived::insert_capacity_totals(connection, blocks).await?;
    derived::insert_mints(connection, blocks).await?;
    derived::insert_parameters(connection, blocks).await
}

/// Compare and set: whoever moved a cursor in the meantime is found out here, and whoever derived otherwise.
async fn move_cursors(transaction: &mut Transaction<'_, Postgres>, batch: &Batch<'_>) -> Result<(), StoreError> {
    let names: Vec<&str> = batch.lanes.iter().map(|lane| lane.name()).collect();
    let hash = batch.cursor.hash.as_ref().map(|hash| hash.as_slice());
    let to = bigint(batch.cursor.number)?;
    let rows = match batch.after {
        Some(BlockRef { number, .. }) => {
            let update = sqlx::query(
                "update cursor set block_number = $1, block_hash = $2
                  where block_number = $3 and name = any($4) and exists (select from derivation where revision = $5)",
            );
            let update = update.bind(to).bind(hash).bind(bigint(number)?).bind(&names);
            update.bind(own_revision()?).execute(&mut **transaction).await?
        }
        None => {
            let insert = sqlx::query(
                "insert into cursor (name, block_number, block_hash)
                 select name, $1, $2 from unnest($3::text[]) name
                  where exists (select from derivation where revision = $4) on conflict do nothing",
            );
            let insert = insert.bind(to).bind(hash).bind(&names);
            insert.bind(own_revision()?).execute(&mut **transaction).await?
        }
    };
    if rows.rows_affected() == batch.lanes.len() as u64 {
        return Ok(());
    }
    hold_revision(transaction).await?;
    let expected = batch.after.map_or_else(|| "the start".into(), |after| format!("block {}", after.number));
    Err(StoreError::CursorMoved { expected })
}
