//! The nodes, as the writer sees them: rewritten beside the writer's own work, so that it is told even while a step hangs.

use crate::StoreError;
use crate::columns::{bigint, integer};
use crate::verification::Notes;

/// A node as the writer sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeHealth {
    /// Host, with a port where one was given. Never more of its URL.
    pub host: String,
    /// How long ago it answered; `None`: not yet.
    pub answered_seconds_ago: Option<f64>,
    /// Its newest block; `None`: not known yet.
    pub head: Option<NodeHead>,
    /// By block time, behind the newest head of all.
    pub lag_seconds: Option<u64>,
    /// Of small requests of late, milliseconds.
    pub latency_ms: Option<f64>,
    /// Of the last requests, from 0 to 1.
    pub error_rate: f64,
    /// Since the start, repeated ones included.
    pub requests: u64,
    /// It is asked first.
    pub preferred: bool,
    /// Its new heads are pushed at the moment.
    pub pushes: bool,
    /// Why it is not asked: a name to compare.
    pub excluded: Option<&'static str>,
    /// The same for a human, and what else is remarkable.
    pub detail: Option<String>,
}

/// A node's newest block.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NodeHead {
    /// Its height.
    pub number: u64,
    /// Its time, seconds since 1970.
    pub timestamp: u64,
    /// How long ago it was first seen.
    pub seen_seconds_ago: f64,
}

/// Who stands still.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stalls {
    /// The chain: no node has had a new block for long.
    pub chain: Option<String>,
    /// The writer: nodes go on, the cursor does not.
    pub writer: Option<String>,
}

impl Notes {
    /// Says how the nodes are, and who stands still.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn observe_nodes(&self, nodes: &[NodeHealth], stalls: &Stalls) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin().await?;
        sqlx::query("delete from node").execute(&mut *transaction).await?;
        for (place, node) in (0_u32..).zip(nodes) {
            sqlx::query(
                "insert into node (place, host, observed_at, answered_at, head_number, head_timestamp, head_seen_at,
                     lag_seconds, latency_ms, error_rate, requests, preferred, pushes, excluded, detail)
                 values ($1, $2, now(), now() - make_interval(secs => $3), $4, $5, now() - make_interval(secs => $6),
                     $7, $8, $9, $10, $11, $12, $13, $14)",
            )
            .bind(integer(place)?)
            .bind(&node.host)
            .bind(node.answered_seconds_ago)
            .bind(node.head.map(|head| bigint(head.number)).transpose()?)
            .bind(node.head.map(|head| bigint(head.timestamp)).transpose()?)
            .bind(node.head.map(|head| head.seen_seconds_ago))
            .bind(node.lag_seconds.map(bigint).transpose()?)
            .bind(node.latency_ms)
            .bind(node.error_rate)
            .bind(bigint(node.requests)?)
            .bind(node.preferred)
            .bind(node.pushes)
            .bind(node.excluded)
            .bind(&node.detail)
            .execute(&mut *transaction)
            .await?;
        }
        sqlx::query("update follower set chain_stalled = $1, writer_stalled = $2")
            .bind(&stalls.chain)
            .bind(&stalls.writer)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// The last block stored, of each cursor that has one.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn cursors(&self) -> Result<Vec<u64>, StoreError> {
        let rows: Vec<i64> =
            sqlx::query_scalar("select block_number from cursor order by name").fetch_all(&self.pool).await?;
        Ok(rows.into_iter().map(crate::columns::count).collect::<Result<_, _>>()?)
    }
}
