//! A backfill as it is seen from outside: by its clock, its cursor and its indexes.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use devnet::guarded::Guarded;
use sqlx::{Connection, PgConnection};

use crate::indexer::{Start, peak_kb};
use crate::processor::{Meter, Usage};

const POLL: Duration = Duration::from_millis(10);
const PATIENCE: Duration = Duration::from_secs(3_600);

/// What was seen of a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    /// Both cursors were at the head.
    pub(crate) committed: Mark,
    /// The indexer had told readers that it is at the head, and every index was there.
    pub(crate) ready: Mark,
    /// The most memory the indexer ever held, in kB.
    pub(crate) peak_kb: u64,
}

/// A moment, from the start of the process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark {
    pub(crate) elapsed: Duration,
    /// Processor time until then.
    pub(crate) usage: Usage,
}

/// Runs the indexer until everything is answered. `postgres` is the postmaster's pid.
pub(crate) async fn run(start: &Start<'_>, postgres: u32, head: u64) -> Result<Run> {
    let mut watch = PgConnection::connect(start.database_url).await?;
    let started = Instant::now();
    let mut indexer = start.spawn()?;
    let meter = Meter::new(indexer.pid(), postgres);
    let mark = || Mark { elapsed: started.elapsed(), usage: meter.read() };
    let outcome = follow(&mut indexer, &mut watch, head, mark).await.with_context(|| start.said());
    indexer.stop().await?;
    outcome
}

async fn follow(indexer: &mut Guarded, watch: &mut PgConnection, head: u64, mark: impl Fn() -> Mark) -> Result<Run> {
    let (head, begun) = (i64::try_from(head)?, Instant::now());
    let mut committed = None;
    while begun.elapsed() < PATIENCE {
        ensure!(indexer.ended()?.is_none(), "the indexer ended");
        if committed.is_none() && cursor(watch).await? == Some(head) {
            committed = Some(mark());
        }
        if let Some(committed) = committed
            && is_ready(watch).await?
        {
            return Ok(Run { committed, ready: mark(), peak_kb: peak_kb(indexer.pid())? });
        }
        tokio::time::sleep(POLL).await;
    }
    bail!("not done after {} s", PATIENCE.as_secs())
}

/// The one that is behind. `None` before both are there; before the first migration there is not even a table.
async fn cursor(watch: &mut PgConnection) -> Result<Option<i64>> {
    let there: bool = sqlx::query_scalar("select to_regclass('cursor') is not null").fetch_one(&mut *watch).await?;
    if !there {
        return Ok(None);
    }
    let behind = sqlx::query_scalar("select case count(*) when 2 then min(block_number) end from cursor");
    Ok(behind.fetch_one(watch).await?)
}

async fn is_ready(watch: &mut PgConnection) -> Result<bool> {
    let ready = sqlx::query_scalar(
        "select coalesce((select caught_up from follower), false)
            and (select count(*) = 3 from pg_index join pg_class on pg_class.oid = indexrelid
                  where relname in ('vvv_transfer_sender', 'vvv_transfer_recipient', 'vvv_transfer_place')
                    and indisvalid)",
    );
    Ok(ready.fetch_one(watch).await?)
}
