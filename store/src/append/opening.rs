//! Beginning with the state that another oracle derived, instead of with nothing.

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256, U256};
use ledger::block::Block;
use ledger::mint::Minted;
use ledger::parameter::ParameterChange;
use ledger::position::Position;
use ledger::totals::{CapacityTotals, SupplyTotals, Tally};
use sqlx::PgConnection;

use super::{Batch, StoredBlock, StoredHeader, derived, move_cursors};
use crate::StoreError;
use crate::amount::Amount;
use crate::columns::bigint;
use crate::cursor::{BlockRef, Lane};
use crate::writer::Writer;

/// Rows sent at once.
const ROWS: usize = 10_000;

/// What holds after a block: as of it, and of positions and totals also as of the block that opened its epoch. Everything
/// comes with the block since which it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    /// The block.
    pub header: StoredHeader,
    /// The last block before its epoch; `None`: nothing was staked then.
    pub opening_block: Option<u64>,
    /// Of that block, where it is known.
    pub opening_header: Option<StoredHeader>,
    /// What changed last at each block.
    pub changes: BTreeMap<u64, Changes>,
    /// VVV of everybody who has any, 0x0 included.
    pub balances: Vec<(Address, U256)>,
    /// Of the file that all this was in.
    pub file_digest: B256,
}

/// What changed last at a block.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// sVVV and DIEM.
    pub positions: Vec<(Address, Position)>,
    /// Totals that the light events move.
    pub capacity: Option<CapacityTotals>,
    /// Totals that VVV transfers move.
    pub supply: Option<SupplyTotals>,
    /// Burns by sender, running totals.
    pub burns: Vec<(Address, Tally)>,
    /// VVV minted by recipient, running totals.
    pub minted: Vec<(Address, Minted)>,
    /// Parameters.
    pub parameters: Vec<ParameterChange>,
}

impl Writer {
    /// Begins with this state. Either all of it is in the database afterwards, or nothing.
    ///
    /// # Errors
    /// [`StoreError::CursorMoved`] if the database is not empty; [`StoreError::Database`].
    pub async fn begin_with(&self, opening: &Opening) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin().await?;
        let StoredHeader { number, hash, .. } = opening.header;
        let cursor = BlockRef { number, hash: Some(hash) };
        move_cursors(&mut transaction, &Batch { lanes: &Lane::BOTH, blocks: &[], after: None, cursor, grade: None })
            .await?;
        insert_bootstrap(&mut transaction, opening).await?;
        let headers = opening.opening_header.into_iter().chain([opening.header]);
        let headers: Vec<StoredBlock> = headers.map(|header| stored(header, Changes::default())).collect();
        super::inputs::insert_blocks(&mut transaction, &headers).await?;
        let changes: Vec<StoredBlock> =
            opening.changes.iter().map(|(number, changes)| stored(unknown(*number), changes.clone())).collect();
        // Most blocks have a row or two.
        for some in changes.chunks(ROWS / 2) {
            derived::insert_positions(&mut transaction, some).await?;
            derived::insert_capacity_totals(&mut transaction, some).await?;
            derived::insert_supply_totals(&mut transaction, some).await?;
            derived::insert_burns(&mut transaction, some).await?;
            derived::insert_mints(&mut transaction, some).await?;
            derived::insert_parameters(&mut transaction, some).await?;
        }
        for some in opening.balances.chunks(ROWS) {
            insert_balances(&mut transaction, some).await?;
        }
        transaction.commit().await?;
        Ok(())
    }
}

async fn insert_bootstrap(connection: &mut PgConnection, opening: &Opening) -> Result<(), StoreError> {
    sqlx::query("insert into bootstrap (block_number, block_hash, opening_block, file_digest) values ($1, $2, $3, $4)")
        .bind(bigint(opening.header.number)?)
        .bind(opening.header.hash.as_slice())
        .bind(opening.opening_block.map(bigint).transpose()?)
        .bind(opening.file_digest.as_slice())
        .execute(connection)
        .await?;
    Ok(())
}

async fn insert_balances(connection: &mut PgConnection, balances: &[(Address, U256)]) -> Result<(), StoreError> {
    sqlx::query("insert into vvv_opening (address, balance) select * from unnest($1::bytea[], $2::numeric[])")
        .bind(balances.iter().map(|(address, _)| address.as_slice()).collect::<Vec<_>>())
        .bind(balances.iter().map(|(_, balance)| Amount(*balance)).collect::<Vec<_>>())
        .execute(connection)
        .await?;
    Ok(())
}

/// As the appending of blocks takes it.
fn stored(header: StoredHeader, changes: Changes) -> StoredBlock {
    let Changes { positions, capacity, supply, burns, minted, parameters } = changes;
    StoredBlock {
        header,
        is_known: false,
        logs: Vec::new(),
        block: Block { number: header.number, timestamp: header.timestamp, ..Block::default() },
        capacity: ledger::capacity::CapacityChanges {
            positions,
            totals: capacity,
            minted,
            parameters,
            ..Default::default()
        },
        supply: ledger::supply::SupplyChanges { totals: supply, burns, ..Default::default() },
    }
}

/// Of a block since which something holds only the number is known, and only that goes into the rows.
fn unknown(number: u64) -> StoredHeader {
    StoredHeader { number, hash: B256::ZERO, parent_hash: None, timestamp: 0 }
}
