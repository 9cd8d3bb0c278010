//! Deriving anew, beside what is served.
//!
//! A replay writes into a schema of its own, which has the derived tables under their own names: on connections whose
//! search path begins there, the same statements append and load as ever. Its tables begin with the state before the
//! first block derived anew, not with the history before it. [`swap`] then makes the served rows equal to them.
//!
//! - [`swap`]: the one transaction in which readers come to see what was derived
//! - [`inputs`]: what is derived from, as it was stored
//! - [`size`]: how much disk it takes

pub mod inputs;
pub mod size;
pub mod swap;

use std::sync::Arc;

use alloy_primitives::B256;
use sqlx::postgres::PgPoolOptions;
use sqlx::{Connection, PgConnection, PgPool};

use crate::StoreError;
use crate::columns::{bigint, count, hash, revision};
use crate::derivation::own_revision;
use crate::writer::{CONNECTIONS, Writer, patient};

/// The derived tables under their own names, empty. VVV transfers go without the indexes for single balances, as in a
/// first backfill.
const MAKE: [&str; 13] = [
    "create schema replay",
    "create table replay.cursor (like public.cursor including all)",
    "create table replay.derivation (like public.derivation including all)",
    "create table replay.event (like public.event including all)",
    "create table replay.position (like public.position including all)",
    "create table replay.capacity_totals (like public.capacity_totals including all)",
    "create table replay.supply_totals (like public.supply_totals including all)",
    "create table replay.burn (like public.burn including all)",
    "create table replay.mint (like public.mint including all)",
    "create table replay.parameter (like public.parameter including all)",
    "create table replay.anomaly (like public.anomaly including all)",
    "create table replay.vvv_transfer (like public.vvv_transfer including defaults including constraints)",
    "alter table replay.vvv_transfer add primary key (block_number, log_index)",
];

/// The inputs too, where they are had anew.
const MAKE_INPUTS: [&str; 5] = [
    "create table replay.completeness (like public.completeness including all)",
    "create table replay.block (like public.block including all)",
    "create table replay.log (like public.log including all)",
    "create table replay.reading (like public.reading including all)",
    "create table replay.inferred (like public.inferred including all)",
];

/// The state before block $1, which the first block is applied to: of each key the newest row. A transfer belongs to it
/// where it left one of its parties with the balance that it still has.
const SEED: [&str; 8] = [
    "insert into replay.cursor (name, block_number, block_hash)
     select c.name, least(c.block_number, $1 - 1), case when c.block_number < $1 then c.block_hash else b.hash end
       from public.cursor c
       left join public.block b on b.number = $1 - 1
      where $1 > (select start_block from public.deployment)",
    "insert into replay.position
     select distinct on (address) * from public.position where block_number < $1 order by address, block_number desc",
    "insert into replay.capacity_totals
     select * from public.capacity_totals where block_number < $1 order by block_number desc limit 1",
    "insert into replay.supply_totals
     select * from public.supply_totals where block_number < $1 order by block_number desc limit 1",
    "insert into replay.burn
     select distinct on (sender) * from public.burn where block_number < $1 order by sender, block_number desc",
    "insert into replay.mint
     select distinct on (recipient) * from public.mint where block_number < $1 order by recipient, block_number desc",
    "insert into replay.parameter
     select distinct on (name) * from public.parameter where block_number < $1 order by name, block_number desc",
    "insert into replay.vvv_transfer
     select t.* from public.vvv_transfer t
      where (t.block_number, t.log_index) in (
            select newest[1], newest[2]::integer
              from (select max(array[block_number, log_index]) as newest
                      from (select sender as account, block_number, log_index
                              from public.vvv_transfer where block_number < $1 and sender_balance is not null
                            union all
                            select recipient, block_number, log_index
                              from public.vvv_transfer where block_number < $1) touched
                     group by account) accounts)",
];

/// Where inputs are had anew: the time of the block before, and where to look for changes that no event tells of.
const SEED_INPUTS: [&str; 2] = [
    "insert into replay.block select * from public.block where number < $1 order by number desc limit 1",
    "insert into replay.inferred select * from public.inferred where block_number >= $1",
];

/// What a replay derives, and from what. One that was broken off goes on only as the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replay {
    /// First block derived anew.
    pub from_block: u64,
    /// Digest of the deployment it derives under.
    pub deployment: B256,
    /// Whether the inputs too are had anew.
    pub refetch: bool,
}

/// A replay's own tables, and those whose place they take.
#[derive(Debug)]
pub struct Shadow {
    replay: Replay,
    served: PgPool,
    writer: Arc<Writer>,
}

impl Writer {
    /// Begins a replay, or goes on with it where it was broken off. One of anything else is dropped.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn begin_replay(&self, replay: Replay) -> Result<Shadow, StoreError> {
        if self.half_made().await? != Some((replay, own_revision()?)) {
            self.drop_replay().await?;
            self.make(replay).await?;
        }
        let options = (*self.pool.connect_options()).clone().options([("search_path", "replay,public")]);
        let pool = PgPoolOptions::new().max_connections(CONNECTIONS).connect_with(options).await?;
        Ok(Shadow { replay, served: self.pool.clone(), writer: Arc::new(self.over(pool, replay.refetch)) })
    }

    /// Drops a replay that was broken off. Whether there was one.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn drop_replay(&self) -> Result<bool, StoreError> {
        let mut transaction = self.pool.begin().await?;
        sqlx::query("drop schema if exists replay cascade").execute(&mut *transaction).await?;
        let dropped = sqlx::query("delete from replay").execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(dropped.rows_affected() > 0)
    }

    async fn make(&self, replay: Replay) -> Result<(), StoreError> {
        let from = bigint(replay.from_block)?;
        let mut connection = patient(&self.pool).await?;
        let mut transaction = connection.begin().await?;
        for statement in MAKE.into_iter().chain(MAKE_INPUTS.into_iter().filter(|_| replay.refetch)) {
            sqlx::query(statement).execute(&mut *transaction).await?;
        }
        for statement in SEED.into_iter().chain(SEED_INPUTS.into_iter().filter(|_| replay.refetch)) {
            sqlx::query(statement).bind(from).execute(&mut *transaction).await?;
        }
        sqlx::query("insert into replay.derivation (revision) values ($1)")
            .bind(own_revision()?)
            .execute(&mut *transaction)
            .await?;
        note(&mut transaction, replay).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// A replay that was broken off, and the revision it derived.
    async fn half_made(&self) -> Result<Option<(Replay, i32)>, StoreError> {
        let row: Option<(i64, i32, Vec<u8>, bool)> =
            sqlx::query_as("select from_block, revision, deployment, refetch from replay")
                .fetch_optional(&self.pool)
                .await?;
        let Some((from_block, derives, deployment, refetch)) = row else { return Ok(None) };
        revision(derives)?;
        let replay = Replay { from_block: count(from_block)?, deployment: hash(&deployment)?, refetch };
        Ok(Some((replay, derives)))
    }
}

async fn note(connection: &mut PgConnection, replay: Replay) -> Result<(), StoreError> {
    sqlx::query(
        "insert into replay (from_block, revision, deployment, refetch, all_blocks)
         select $1, $2, $3, $4, (select coalesce(sum(greatest(block_number - $1 + 1, 0)), 0)::bigint from public.cursor)",
    )
    .bind(bigint(replay.from_block)?)
    .bind(own_revision()?)
    .bind(replay.deployment.as_slice())
    .bind(replay.refetch)
    .execute(connection)
    .await?;
    Ok(())
}

impl Shadow {
    /// Appends to the replay's tables, and loads from them.
    pub fn writer(&self) -> &Arc<Writer> {
        &self.writer
    }

    /// What is replayed.
    pub fn replay(&self) -> Replay {
        self.replay
    }

    /// Tells readers how far it is.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn say(&self, done_blocks: u64) -> Result<(), StoreError> {
        sqlx::query("update replay set done_blocks = $1").bind(bigint(done_blocks)?).execute(&self.served).await?;
        Ok(())
    }
}
