//! How far totals were found equal to the contracts' own, and what was undone where they were not.

use alloy_primitives::U256;
use sqlx::{FromRow, PgConnection};

use super::ReadError;
use crate::amount::Amount;
use crate::columns::{at_most, count, count_if};
use crate::cursor::Lane;

/// The checkpoints of a lane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checkpoints {
    /// The newest block at which all totals were equal.
    pub equal: Option<Equal>,
    /// The newest block at which they were to be compared, whether or not the node answered.
    pub newest: Option<u64>,
    /// How often the node had no state to answer from.
    pub unanswered: u64,
}

/// A block at which all totals of a lane were equal to the contracts'.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Equal {
    /// The block.
    pub block_number: u64,
    /// When, seconds since 1970.
    pub reconciled_at: u64,
}

/// How often blocks were undone because a total differed from the contract's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Repairs {
    /// How often.
    pub count: u64,
    /// The last one.
    pub last: Option<Repaired>,
}

/// Blocks that were undone and fetched again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repaired {
    /// When, seconds since 1970.
    pub repaired_at: u64,
    /// The first block undone.
    pub first_block: u64,
    /// The lane's cursor before.
    pub from_number: u64,
    /// Which total differed.
    pub figure: String,
}

/// How far totals were found equal to the contracts', and what was undone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reconciled {
    /// Of the light events.
    pub capacity: Checkpoints,
    /// Of all VVV transfers.
    pub supply: Checkpoints,
    /// Of both.
    pub repairs: Repairs,
}

/// All of it.
///
/// # Errors
/// [`ReadError`].
pub async fn reconciled(connection: &mut PgConnection) -> Result<Reconciled, ReadError> {
    Ok(Reconciled {
        capacity: checkpoints(connection, Lane::Capacity).await?,
        supply: checkpoints(connection, Lane::Supply).await?,
        repairs: repairs(connection).await?,
    })
}

/// The checkpoints of a lane so far.
///
/// # Errors
/// [`ReadError`].
pub async fn checkpoints(connection: &mut PgConnection, lane: Lane) -> Result<Checkpoints, ReadError> {
    let (newest, unanswered): (Option<i64>, i64) = sqlx::query_as(
        "select max(block_number), count(*) filter (where not answered) from reconciliation where lane = $1",
    )
    .bind(lane.name())
    .fetch_one(&mut *connection)
    .await?;
    let equal: Option<(i64, i64)> = sqlx::query_as(
        "select block_number, floor(extract(epoch from reconciled_at))::bigint from reconciliation
          where lane = $1 and answered order by block_number desc limit 1",
    )
    .bind(lane.name())
    .fetch_optional(connection)
    .await?;
    let equal = equal.map(|(block_number, reconciled_at)| {
        Ok::<_, ReadError>(Equal { block_number: count(block_number)?, reconciled_at: count(reconciled_at)? })
    });
    Ok(Checkpoints { equal: equal.transpose()?, newest: count_if(newest)?, unanswered: count(unanswered)? })
}

#[derive(FromRow)]
struct RepairedRow {
    repaired_at: i64,
    first_block: i64,
    from_number: i64,
    figure: String,
}

/// The repairs so far.
///
/// # Errors
/// [`ReadError`].
pub async fn repairs(connection: &mut PgConnection) -> Result<Repairs, ReadError> {
    let number: i64 = sqlx::query_scalar("select count(*) from repair").fetch_one(&mut *connection).await?;
    let last: Option<RepairedRow> = sqlx::query_as(
        "select floor(extract(epoch from repaired_at))::bigint as repaired_at, first_block, from_number, figure
           from repair order by id desc limit 1",
    )
    .fetch_optional(connection)
    .await?;
    let last = last.map(|row| {
        Ok::<_, ReadError>(Repaired {
            repaired_at: count(row.repaired_at)?,
            first_block: count(row.first_block)?,
            from_number: count(row.from_number)?,
            figure: row.figure,
        })
    });
    Ok(Repairs { count: count(number)?, last: last.transpose()? })
}

/// How often a lane was repaired since its totals were last equal: in all, and from this very block on.
///
/// # Errors
/// [`ReadError`].
pub async fn repairs_since_equal(
    connection: &mut PgConnection,
    lane: Lane,
    first_block: u64,
) -> Result<(u64, u64), ReadError> {
    let (all, same): (i64, i64) = sqlx::query_as(
        "select count(*), count(*) filter (where first_block = $2) from repair
          where lane = $1 and repaired_at > coalesce(
                (select max(reconciled_at) from reconciliation where lane = $1 and answered), '-infinity')",
    )
    .bind(lane.name())
    .bind(at_most(first_block))
    .fetch_one(connection)
    .await?;
    Ok((count(all)?, count(same)?))
}

/// VVV's supply after a block, by the light logs: what was minted since the first block whose supply is known, or since
/// the state of another oracle that was begun with.
///
/// # Errors
/// [`ReadError`].
pub async fn vvv_minted(connection: &mut PgConnection, block_number: u64) -> Result<U256, ReadError> {
    let minted: Amount = sqlx::query_scalar(
        "with base as (select block_number, supply from supply_totals
                        where block_number <= least($1, coalesce((select block_number from bootstrap),
                                                                 (select min(block_number) from supply_totals)))
                        order by block_number desc limit 1)
         select coalesce((select supply from base), 0) + coalesce(sum(amount), 0) from event
          where contract = 'vvv' and kind = 'mint'
            and block_number <= $1 and block_number > coalesce((select block_number from base), -1)",
    )
    .bind(at_most(block_number))
    .fetch_one(connection)
    .await?;
    Ok(minted.0)
}
