//! Deployment, cursors, and what the writer says of itself.

use alloy_primitives::{B128, B256};
use sqlx::types::Json;
use sqlx::{FromRow, PgConnection};

use super::ReadError;
use crate::columns::{count, count_if, hash_if, history, revision};
use crate::cursor::Lane;
use crate::deployment::Deployment;

/// How far the writer is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Progress {
    /// Of the deployment the database is about; `None` before the indexer's first start.
    pub deployment_digest: Option<B256>,
    /// The last block with all light events.
    pub capacity: Option<Cursor>,
    /// The last block with all VVV transfers.
    pub supply: Option<Cursor>,
    /// What the writer says of itself and of the node.
    pub follower: Option<Follower>,
    /// Whether the indexes that single VVV balances are found by are there; a first backfill goes without.
    pub account_indexes: bool,
    /// The state that history begins with; `None`: it begins with nothing, at the deployment's start block.
    pub bootstrap: Option<Bootstrap>,
    /// Which derivation the rows are of.
    pub derivation: Derivation,
    /// The replay under way.
    pub replay: Option<ReplayUnderWay>,
}

/// Another oracle's state, that history begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bootstrap {
    /// The block after which it held.
    pub block_number: u64,
    /// The last block before that block's epoch, whose state is known too; `None`: nothing was staked then.
    pub opening_block: Option<u64>,
}

impl Progress {
    /// Whether there are rows, and of another derivation than this program's.
    pub fn is_of_another_derivation(&self) -> bool {
        self.capacity.is_some() && !self.derivation.is_ours()
    }

    /// The first block that can be answered as of.
    pub fn first_block(&self, deployment: &Deployment) -> u64 {
        self.bootstrap.map_or(deployment.start_block, |taken| taken.block_number)
    }

    /// The first block whose positions are known: that one, or the one that opened its epoch.
    pub fn first_opening(&self, deployment: &Deployment) -> u64 {
        self.bootstrap.map_or(deployment.start_block, |taken| taken.opening_block.unwrap_or(taken.block_number))
    }
}

/// Which derivation the derived rows are of: what tells rows of one block apart that were derived at different times, or for
/// different databases.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Derivation {
    /// As [`ledger::DERIVATION_REVISION`] was when they were derived.
    pub revision: u32,
    /// How often rows were replaced by ones derived anew.
    pub replays: u64,
    /// A random name that no other database has, and this one no more once it has other rows of the same blocks. Of two
    /// names nothing that is kept of one is true of the other.
    pub history: B128,
}

impl Derivation {
    /// Whether rows mean what this program takes them to mean.
    pub fn is_ours(self) -> bool {
        self.revision == ledger::DERIVATION_REVISION
    }
}

/// How far a replay is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplayUnderWay {
    /// First block derived anew.
    pub from_block: u64,
    /// Blocks derived, of both cursors together.
    pub done_blocks: u64,
    /// Blocks to be derived.
    pub all_blocks: u64,
}

impl Progress {
    /// The last block stored, of a lane.
    pub fn cursor(&self, lane: Lane) -> Option<Cursor> {
        match lane {
            Lane::Capacity => self.capacity,
            Lane::Supply => self.supply,
        }
    }

    /// Whether both are at the same block.
    pub fn are_level(&self) -> bool {
        self.capacity.map(|cursor| cursor.number) == self.supply.map(|cursor| cursor.number)
    }
}

impl Follower {
    /// Blocks stored per second of late, with a lane's events; `None` where it is no number.
    pub fn blocks_per_second(&self, lane: Lane) -> Option<f64> {
        let rate = match lane {
            Lane::Capacity => self.capacity_blocks_per_second,
            Lane::Supply => self.supply_blocks_per_second,
        };
        rate.is_finite().then_some(rate)
    }
}

/// The last block stored of a set of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Its height.
    pub number: u64,
    /// `None`: no header of it is stored.
    pub hash: Option<B256>,
    /// Seconds since 1970; `None`: no header of it is stored.
    pub timestamp: Option<u64>,
}

/// What the writer says of itself and of the node.
#[derive(Clone, Debug, PartialEq)]
pub struct Follower {
    /// When the node last answered, seconds since 1970.
    pub observed_at: u64,
    /// How long ago that was by the database's clock, never below zero.
    pub observed_seconds_ago: u64,
    /// The node's newest block.
    pub head_number: u64,
    /// Its time.
    pub head_timestamp: u64,
    /// `None`: the node has no such tag.
    pub safe_number: Option<u64>,
    /// `None`: not known.
    pub finalized_number: Option<u64>,
    /// Blocks stored per second of late, with the light events.
    pub capacity_blocks_per_second: f64,
    /// The same with all VVV transfers.
    pub supply_blocks_per_second: f64,
    /// The cursor of capacity was at the head when the node last answered.
    pub caught_up: bool,
    /// Why the writer stopped for good.
    pub halted: Option<String>,
    /// The node's head is on another branch than the cursor.
    pub fork_suspected: Option<String>,
    /// Why the last step failed.
    pub failing: Option<String>,
    /// No node has had a new block for long. What is stored is the truth all the same.
    pub chain_stalled: Option<String>,
    /// Nodes go on and the writer does not.
    pub writer_stalled: Option<String>,
    /// Of the writer.
    pub version: String,
}

/// How often the chain's newest blocks were replaced by others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reorgs {
    /// How often.
    pub count: u64,
    /// When last, seconds since 1970.
    pub last_seen_at: Option<u64>,
    /// How many blocks the deepest undid.
    pub depth_max: Option<u64>,
}

/// Which sets of events an answer needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// The light contracts.
    Capacity,
    /// These and all VVV transfers.
    Both,
}

impl Needs {
    /// The newest block at which all that is needed is stored.
    pub fn newest(self, progress: &Progress) -> Option<Cursor> {
        match self {
            Self::Capacity => progress.capacity,
            Self::Both => {
                let (capacity, supply) = progress.capacity.zip(progress.supply)?;
                Some(if supply.number < capacity.number { supply } else { capacity })
            }
        }
    }
}

#[derive(FromRow)]
struct ProgressRow {
    digest: Option<Vec<u8>>,
    capacity_number: Option<i64>,
    capacity_hash: Option<Vec<u8>>,
    capacity_timestamp: Option<i64>,
    supply_number: Option<i64>,
    supply_hash: Option<Vec<u8>>,
    supply_timestamp: Option<i64>,
    account_indexes: bool,
    bootstrap_number: Option<i64>,
    bootstrap_opening: Option<i64>,
    revision: i32,
    replays: i64,
    history: Vec<u8>,
    replay_from: Option<i64>,
    replay_done: Option<i64>,
    replay_all: Option<i64>,
}

#[derive(FromRow)]
struct FollowerRow {
    observed_at: i64,
    observed_seconds_ago: i64,
    head_number: i64,
    head_timestamp: i64,
    safe_number: Option<i64>,
    finalized_number: Option<i64>,
    capacity_blocks_per_second: f64,
    supply_blocks_per_second: f64,
    caught_up: bool,
    halted: Option<String>,
    fork_suspected: Option<String>,
    failing: Option<String>,
    chain_stalled: Option<String>,
    writer_stalled: Option<String>,
    version: String,
}

/// How far the writer is; all `None` on an empty database.
///
/// # Errors
/// [`ReadError`].
pub async fn progress(connection: &mut PgConnection) -> Result<Progress, ReadError> {
    let row: ProgressRow = sqlx::query_as(
        "select d.digest,
                c.block_number as capacity_number,
                coalesce(c.block_hash, cb.hash) as capacity_hash, cb.timestamp as capacity_timestamp,
                to_regclass('vvv_transfer_sender') is not null
                    and to_regclass('vvv_transfer_recipient') is not null
                    and to_regclass('vvv_transfer_place') is not null as account_indexes,
                t.block_number as bootstrap_number, t.opening_block as bootstrap_opening,
                s.block_number as supply_number,
                coalesce(s.block_hash, sb.hash) as supply_hash, sb.timestamp as supply_timestamp,
                v.revision, v.replays, uuid_send(v.history) as history,
                r.from_block as replay_from, r.done_blocks as replay_done, r.all_blocks as replay_all
           from derivation v
           left join deployment d using (only_row)
           left join bootstrap t using (only_row)
           left join replay r using (only_row)
           left join cursor c on c.name = 'capacity'
           left join block cb on cb.number = c.block_number
           left join cursor s on s.name = 'supply'
           left join block sb on sb.number = s.block_number",
    )
    .fetch_one(&mut *connection)
    .await?;
    Ok(Progress {
        deployment_digest: hash_if(row.digest.as_deref())?,
        capacity: cursor(row.capacity_number, row.capacity_hash, row.capacity_timestamp)?,
        supply: cursor(row.supply_number, row.supply_hash, row.supply_timestamp)?,
        follower: follower(connection).await?,
        account_indexes: row.account_indexes,
        bootstrap: match count_if(row.bootstrap_number)? {
            Some(block_number) => Some(Bootstrap { block_number, opening_block: count_if(row.bootstrap_opening)? }),
            None => None,
        },
        derivation: Derivation {
            revision: revision(row.revision)?,
            replays: count(row.replays)?,
            history: history(&row.history)?,
        },
        replay: replay(row.replay_from, row.replay_done, row.replay_all)?,
    })
}

fn replay(from: Option<i64>, done: Option<i64>, all: Option<i64>) -> Result<Option<ReplayUnderWay>, ReadError> {
    let (Some(from), Some(done), Some(all)) = (from, done, all) else { return Ok(None) };
    Ok(Some(ReplayUnderWay { from_block: count(from)?, done_blocks: count(done)?, all_blocks: count(all)? }))
}

fn cursor(number: Option<i64>, hash: Option<Vec<u8>>, timestamp: Option<i64>) -> Result<Option<Cursor>, ReadError> {
    let Some(number) = count_if(number)? else { return Ok(None) };
    Ok(Some(Cursor { number, hash: hash_if(hash.as_deref())?, timestamp: count_if(timestamp)? }))
}

async fn follower(connection: &mut PgConnection) -> Result<Option<Follower>, ReadError> {
    let row: Option<FollowerRow> = sqlx::query_as(
        "select floor(extract(epoch from observed_at))::bigint as observed_at,
                greatest(0, floor(extract(epoch from now() - observed_at)))::bigint as observed_seconds_ago,
                head_number, head_timestamp, safe_number, finalized_number, capacity_blocks_per_second,
                supply_blocks_per_second, caught_up, halted, fork_suspected, failing, chain_stalled, writer_stalled,
                version
           from follower",
    )
    .fetch_optional(connection)
    .await?;
    row.map(Follower::try_from).transpose()
}

impl TryFrom<FollowerRow> for Follower {
    type Error = ReadError;

    fn try_from(row: FollowerRow) -> Result<Self, ReadError> {
        Ok(Self {
            observed_at: count(row.observed_at)?,
            observed_seconds_ago: count(row.observed_seconds_ago)?,
            head_number: count(row.head_number)?,
            head_timestamp: count(row.head_timestamp)?,
            safe_number: count_if(row.safe_number)?,
            finalized_number: count_if(row.finalized_number)?,
            capacity_blocks_per_second: row.capacity_blocks_per_second,
            supply_blocks_per_second: row.supply_blocks_per_second,
            caught_up: row.caught_up,
            halted: row.halted,
            fork_suspected: row.fork_suspected,
            failing: row.failing,
            chain_stalled: row.chain_stalled,
            writer_stalled: row.writer_stalled,
            version: row.version,
        })
    }
}

/// The deployment the database is about.
///
/// # Errors
/// [`ReadError::Corrupt`] for a document of another version.
pub async fn deployment(connection: &mut PgConnection) -> Result<Option<Deployment>, ReadError> {
    let document: Option<Json<Deployment>> =
        sqlx::query_scalar("select document from deployment").fetch_optional(connection).await?;
    Ok(document.map(|Json(deployment)| deployment))
}

/// The reorgs seen so far.
///
/// # Errors
/// [`ReadError`].
pub async fn reorgs(connection: &mut PgConnection) -> Result<Reorgs, ReadError> {
    let (seen, last_seen_at, depth_max): (i64, Option<i64>, Option<i64>) = sqlx::query_as(
        "select count(*), floor(extract(epoch from max(seen_at)))::bigint, max(from_number - ancestor_number)
           from reorg",
    )
    .fetch_one(connection)
    .await?;
    Ok(Reorgs { count: count(seen)?, last_seen_at: count_if(last_seen_at)?, depth_max: count_if(depth_max)? })
}
