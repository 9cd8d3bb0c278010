//! What the writer says of itself and of the node: one row, rewritten at every step.

use crate::StoreError;
use crate::columns::bigint;
use crate::writer::Writer;

/// The writer's view of the chain and of itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Progress {
    /// The node's newest block.
    pub head_number: u64,
    /// Its timestamp, seconds since 1970.
    pub head_timestamp: u64,
    /// `None`: the node has no such tag.
    pub safe_number: Option<u64>,
    /// Never falls. `None`: not known.
    pub finalized_number: Option<u64>,
    /// Blocks stored per second of late, with the light events.
    pub capacity_blocks_per_second: f64,
    /// The same with all VVV transfers.
    pub supply_blocks_per_second: f64,
    /// Whether the cursor of capacity is at the head.
    pub caught_up: bool,
    /// Why the writer stopped for good.
    pub halted: Option<String>,
    /// Why the node's head is believed to be on another branch.
    pub fork_suspected: Option<String>,
    /// Why the last step failed.
    pub failing: Option<String>,
    /// Seconds since 1970.
    pub started_at: u64,
}

impl Writer {
    /// Says how things stand now, with the node's answer just had.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn observe(&self, progress: &Progress) -> Result<(), StoreError> {
        self.say(
            progress,
            "insert into follower (observed_at, head_number, head_timestamp, safe_number, finalized_number,
                 capacity_blocks_per_second, supply_blocks_per_second, caught_up, halted, fork_suspected, failing,
                 started_at, version)
             values (now(), $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, to_timestamp($11), $12)
             on conflict (only_row) do update set
                 observed_at = excluded.observed_at, head_number = excluded.head_number,
                 head_timestamp = excluded.head_timestamp, safe_number = excluded.safe_number,
                 finalized_number = greatest(excluded.finalized_number, follower.finalized_number),
                 capacity_blocks_per_second = excluded.capacity_blocks_per_second,
                 supply_blocks_per_second = excluded.supply_blocks_per_second,
                 caught_up = excluded.caught_up, halted = excluded.halted, fork_suspected = excluded.fork_suspected, failing = excluded.failing,
                 started_at = excluded.started_at, version = excluded.version",
        )
        .await
    }

    /// Says that the last step failed or that the writer halted. It is no news of the node: readers see the lag grow.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn complain(&self, progress: &Progress) -> Result<(), StoreError> {
        self.say(
            progress,
            "insert into follower (observed_at, head_number, head_timestamp, safe_number, finalized_number,
                 capacity_blocks_per_second, supply_blocks_per_second, caught_up, halted, fork_suspected, failing,
                 started_at, version)
             values (now(), $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, to_timestamp($11), $12)
             on conflict (only_row) do update set
                 halted = excluded.halted, failing = excluded.failing, started_at = excluded.started_at,
                 version = excluded.version",
        )
        .await
    }

    async fn say(&self, progress: &Progress, statement: &'static str) -> Result<(), StoreError> {
        sqlx::query(statement)
            .bind(bigint(progress.head_number)?)
            .bind(bigint(progress.head_timestamp)?)
            .bind(progress.safe_number.map(bigint).transpose()?)
            .bind(progress.finalized_number.map(bigint).transpose()?)
            .bind(progress.capacity_blocks_per_second)
            .bind(progress.supply_blocks_per_second)
            .bind(progress.caught_up)
            .bind(&progress.halted)
            .bind(&progress.fork_suspected)
            .bind(&progress.failing)
            .bind(bigint(progress.started_at)?)
            .bind(env!("CARGO_PKG_VERSION"))
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}
