//! What a status is made of, one subject each.

use std::fmt;
use std::time::Duration;

use alloy_primitives::{Address, B256};
use jiff::Timestamp;
use serde::Serialize;
use store::cursor::Lane;
use store::deployment::Clock;
use store::read::anomaly::{AnomalyCount, UnknownTopic};
use store::read::progress::{Derivation, Progress, Reorgs, ReplayUnderWay};
use store::read::readiness::{Reason, lag_seconds, seconds_left};
use store::read::verification::Verification;

use crate::pace::readable;

/// Why the state cannot be trusted to be of the chain's head.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReasonView {
    /// A name to compare.
    pub name: &'static str,
    /// For a human.
    pub detail: String,
}

/// The last blocks stored.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Cursors {
    /// Of the light events.
    pub capacity: Option<CursorView>,
    /// Of all VVV transfers.
    pub supply: Option<CursorView>,
}

/// The last block stored.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CursorView {
    /// Its height.
    pub block_number: u64,
    /// Its hash; `None` where no header of it is stored.
    pub block_hash: Option<B256>,
    /// Its time; `None` where no header is stored and no clock tells.
    pub block_timestamp: Option<Timestamp>,
    /// Seconds since what is told by it was last confirmed to be the chain's head.
    pub lag_seconds: Option<u64>,
    /// Blocks stored per second of late.
    pub blocks_per_second: Option<f64>,
    /// Until the head is reached at that rate.
    pub seconds_left: Option<u64>,
}

/// Which derivation the stored rows are of. Rows of another one than this program's are not served.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DerivationView {
    /// Of the stored rows.
    pub revision: u32,
    /// Of this program.
    pub expected_revision: u32,
    /// How often rows were replaced by ones derived anew.
    pub replays: u64,
    /// A replay under way.
    pub replay: Option<ReplayView>,
}

/// How far a replay is; until it is done, the old rows are served.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReplayView {
    /// First block derived anew.
    pub from_block: u64,
    /// Blocks derived, of both cursors together.
    pub done_blocks: u64,
    /// Blocks to be derived.
    pub all_blocks: u64,
}

/// Newest blocks replaced by others.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ReorgView {
    /// How often.
    pub count: u64,
    /// How many blocks the deepest undid.
    pub depth_max: Option<u64>,
    /// When last.
    pub last_seen_at: Option<Timestamp>,
}

/// Logs kept undecoded, of one topic of one contract.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TopicView {
    /// The contract.
    pub address: Address,
    /// `None`: logs without topics.
    pub topic0: Option<B256>,
    /// How many.
    pub count: u64,
}

/// What was not expected, of one kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AnomalyView {
    /// The kind.
    pub kind: String,
    /// How many.
    pub count: u64,
    /// Block of the newest.
    pub last_block: u64,
}

/// How the derived state last compared with the contracts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DriftView {
    /// The block it was compared at.
    pub block_number: u64,
    /// When.
    pub verified_at: Option<Timestamp>,
    /// How many figures were compared.
    pub compared: u64,
    /// How many differ.
    pub differences: u64,
    /// The first of them.
    pub detail: Vec<String>,
}

impl CursorView {
    pub(super) fn new(progress: &Progress, lane: Lane, clock: Option<Clock>) -> Option<Self> {
        let cursor = progress.cursor(lane)?;
        let timestamp = cursor.timestamp.or_else(|| clock?.timestamp(cursor.number));
        Some(Self {
            block_number: cursor.number,
            block_hash: cursor.hash,
            block_timestamp: timestamp.and_then(time),
            lag_seconds: lag_seconds(progress, cursor, clock),
            blocks_per_second: progress.follower.as_ref().and_then(|follower| follower.blocks_per_second(lane)),
            seconds_left: seconds_left(progress, lane),
        })
    }
}

impl DerivationView {
    pub(super) fn new(progress: &Progress) -> Self {
        let Derivation { revision, replays, history: _ } = progress.derivation;
        let replay = progress.replay.map(|ReplayUnderWay { from_block, done_blocks, all_blocks }| ReplayView {
            from_block,
            done_blocks,
            all_blocks,
        });
        Self { revision, expected_revision: ledger::DERIVATION_REVISION, replays, replay }
    }
}

impl From<Reason> for ReasonView {
    fn from(Reason { name, detail, .. }: Reason) -> Self {
        Self { name, detail }
    }
}

impl From<Reorgs> for ReorgView {
    fn from(Reorgs { count, last_seen_at, depth_max }: Reorgs) -> Self {
        Self { count, depth_max, last_seen_at: last_seen_at.and_then(time) }
    }
}

impl From<UnknownTopic> for TopicView {
    fn from(UnknownTopic { address, topic0, count }: UnknownTopic) -> Self {
        Self { address, topic0, count }
    }
}

impl From<AnomalyCount> for AnomalyView {
    fn from(AnomalyCount { kind, count, last_block }: AnomalyCount) -> Self {
        Self { kind, count, last_block }
    }
}

impl From<Verification> for DriftView {
    fn from(last: Verification) -> Self {
        let Verification { block_number, verified_at, compared, differences, detail } = last;
        Self { block_number, verified_at: time(verified_at), compared, differences, detail }
    }
}

/// `None` past the year 9999.
pub(super) fn time(seconds: u64) -> Option<Timestamp> {
    Timestamp::from_second(i64::try_from(seconds).ok()?).ok()
}

/// "block 7 of 2026-11-20T00:00:00Z, lag 1 s, 0.5 blocks a second, 3 min 20 s left"
impl fmt::Display for CursorView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let read = |seconds| readable(Duration::from_secs(seconds));
        write!(f, "block {}", self.block_number)?;
        if let Some(time) = self.block_timestamp {
            write!(f, " of {time}")?;
        }
        write!(f, ", lag {}", self.lag_seconds.map_or_else(|| "unknown".into(), read))?;
        if let Some(rate) = self.blocks_per_second {
            write!(f, ", {rate:.1} blocks a second")?;
        }
        match self.seconds_left {
            Some(seconds) => write!(f, ", {} left", read(seconds)),
            None => Ok(()),
        }
    }
}
