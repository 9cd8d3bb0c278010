//! Undoing blocks.

use alloy_primitives::B256;
use sqlx::PgConnection;

use crate::StoreError;
use crate::columns::bigint;
use crate::completeness;
use crate::cursor::Lane;
use crate::derivation::begin_another_history;
use crate::writer::Writer;

/// Every table with rows per block, in an order that suits no foreign keys because there are none: what the lane of supply
/// alone writes, and all others.
const UNDO_SUPPLY: [&str; 5] = [
    "delete from vvv_transfer where block_number > $1",
    "delete from supply_totals where block_number > $1",
    "delete from burn where block_number > $1",
    "delete from anomaly where block_number > $1 and lane = 'supply'",
    "delete from reconciliation where block_number > $1 and lane = 'supply'",
];
const UNDO_OTHERS: [&str; 11] = [
    "delete from log where block_number > $1",
    "delete from reading where block_number > $1",
    "delete from inferred where block_number > $1",
    "delete from event where block_number > $1",
    "delete from position where block_number > $1",
    "delete from capacity_totals where block_number > $1",
    "delete from mint where block_number > $1",
    "delete from parameter where block_number > $1",
    "delete from anomaly where block_number > $1",
    "delete from reconciliation where block_number > $1",
    "delete from block where number > $1",
];

/// A reorg: the blocks from the cursor down to the ancestor are no longer of the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rewind {
    /// Where the cursor of capacity is, which is the higher one.
    pub from_number: u64,
    /// Its hash.
    pub from_hash: B256,
    /// The last block both chains share.
    pub ancestor_number: u64,
    /// Its hash.
    pub ancestor_hash: B256,
}

impl Writer {
    /// Deletes every row above the ancestor and moves there each cursor that is above it, in one transaction.
    ///
    /// # Errors
    /// [`StoreError::CursorMoved`] if the cursor of capacity is not where it was expected; [`StoreError::Database`].
    pub async fn rewind_to(&self, rewind: &Rewind) -> Result<(), StoreError> {
        let ancestor = bigint(rewind.ancestor_number)?;
        let from = bigint(rewind.from_number)?;
        let mut transaction = self.pool.begin().await?;
        let moved: Vec<String> = sqlx::query_scalar(
            "update cursor set block_number = $1, block_hash = $2
              where block_number = $3 or name = 'supply' and block_number > $1 returning name",
        )
        .bind(ancestor)
        .bind(rewind.ancestor_hash.as_slice())
        .bind(from)
        .fetch_all(&mut *transaction)
        .await?;
        if !moved.iter().any(|name| name == Lane::Capacity.name()) {
            return Err(StoreError::CursorMoved { expected: format!("block {from}") });
        }
        undo(&mut transaction, Lane::Capacity, ancestor).await?;
        sqlx::query("insert into reorg (from_number, from_hash, ancestor_number) values ($1, $2, $3)")
            .bind(from)
            .bind(rewind.from_hash.as_slice())
            .bind(ancestor)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(())
    }
}

/// Undoes blocks from `first` on of the same chain, because what we have of them is wrong: deletes their rows, of a lane and
/// of those that lose theirs with it, and moves the cursors below them. Where the lane's cursor was; `None`: below them
/// already, and nothing is undone.
pub(crate) async fn take_back(
    connection: &mut PgConnection,
    lane: Lane,
    first: i64,
) -> Result<Option<i64>, StoreError> {
    let lanes: Vec<&str> = lane.undone_with().iter().map(|lane| lane.name()).collect();
    let from: Option<i64> =
        sqlx::query_scalar("select block_number from cursor where name = $1 and block_number >= $2 for update")
            .bind(lane.name())
            .bind(first)
            .fetch_optional(&mut *connection)
            .await?;
    let Some(from) = from else { return Ok(None) };
    // Where nothing is left a lane has no cursor, as at the start.
    sqlx::query("delete from cursor where name = any($1) and (select start_block from deployment) = $2")
        .bind(&lanes)
        .bind(first)
        .execute(&mut *connection)
        .await?;
    sqlx::query(
        "update cursor set block_number = $2 - 1, block_hash = (select hash from block where number = $2 - 1)
          where name = any($1) and block_number >= $2",
    )
    .bind(&lanes)
    .bind(first)
    .execute(&mut *connection)
    .await?;
    undo(connection, lane, first - 1).await?;
    begin_another_history(connection).await?;
    Ok(Some(from))
}

/// Deletes the rows above a block, of a lane and of those that lose theirs with it.
async fn undo(connection: &mut PgConnection, lane: Lane, ancestor: i64) -> Result<(), StoreError> {
    let others = UNDO_OTHERS.iter().filter(|_| lane == Lane::Capacity);
    for statement in UNDO_SUPPLY.iter().chain(others) {
        sqlx::query(*statement).bind(ancestor).execute(&mut *connection).await?;
    }
    completeness::cut(connection, lane.undone_with(), ancestor).await
}
