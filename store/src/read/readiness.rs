//! Whether what is stored can be trusted to be of the chain's head, and if not, why.

use crate::deployment::Clock;
use crate::read::ReadError;
use crate::read::progress::{Cursor, Follower, Needs, Progress, ReplayUnderWay};

/// Why it cannot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// A name to compare: `database_gone`, `database_forbids`, `not_migrated`, `never_synced`, `lag_above_limit`,
    /// `indexes_missing`, `other_derivation`, `replaying`, `fork_suspected`, `halted` or `failing`.
    pub name: &'static str,
    /// For a human.
    pub detail: String,
}

impl Reason {
    fn new(name: &'static str, detail: impl Into<String>) -> Self {
        Self { name, detail: detail.into() }
    }

    /// What a failed read says of readiness.
    pub fn of_error(error: &ReadError) -> Self {
        match error {
            ReadError::NotMigrated(_) => {
                Self::new("not_migrated", "the database has no tables of this version; the indexer makes them")
            }
            ReadError::Forbidden(_) => {
                Self::new("database_forbids", "the role may not read the tables; make it a member of capacity_reader")
            }
            _ => Self::new("database_gone", "the database cannot be reached or does not answer"),
        }
    }
}

/// All reasons there are; none means ready.
pub fn reasons(progress: &Progress, clock: Option<Clock>, max_lag_seconds: u64) -> Vec<Reason> {
    let age = match Needs::Both.newest(progress) {
        Some(cursor) => too_old(lag_seconds(progress, cursor, clock), max_lag_seconds),
        None => Some(Reason::new("never_synced", "the indexer has not stored a block yet")),
    };
    let is_begun = Needs::Both.newest(progress).is_some();
    let indexes = (is_begun && !progress.account_indexes).then(|| {
        let detail = "the first backfill is not done: the indexes that VVV balances are found by are still to be built";
        Reason::new("indexes_missing", detail)
    });
    age.into_iter().chain(indexes).chain(derivation(progress)).chain(complaints(progress)).collect()
}

/// Rows of another derivation, and whether they are about to be replaced.
fn derivation(progress: &Progress) -> impl Iterator<Item = Reason> {
    let other = (!progress.derivation.is_ours()).then(|| {
        let (stored, ours) = (progress.derivation.revision, ledger::DERIVATION_REVISION);
        let detail = format!("what is stored was derived by revision {stored}, this program is of revision {ours}");
        Reason::new("other_derivation", detail)
    });
    let replaying = progress.replay.map(|ReplayUnderWay { from_block, done_blocks, all_blocks }| {
        let detail =
            format!("everything from block {from_block} is derived anew: {done_blocks} of {all_blocks} blocks");
        Reason::new("replaying", detail)
    });
    other.into_iter().chain(replaying)
}

/// Seconds since the state up to this cursor was confirmed to be the chain's head; grows when the writer is dead, when
/// the node is away, and when the writer is behind. `None` where the writer never spoke.
pub fn lag_seconds(progress: &Progress, cursor: Cursor, clock: Option<Clock>) -> Option<u64> {
    let follower = progress.follower.as_ref()?;
    let newest = [progress.capacity, progress.supply].into_iter().flatten().map(|cursor| cursor.number).max();
    if follower.caught_up && newest == Some(cursor.number) {
        return Some(follower.observed_seconds_ago);
    }
    let timestamp = cursor.timestamp.or_else(|| clock?.timestamp(cursor.number))?;
    let behind = follower.head_timestamp.saturating_sub(timestamp);
    Some(behind.saturating_add(follower.observed_seconds_ago))
}

/// Until a cursor reaches the head at the rate of late; `None` where it is there, or where nothing moves. Time is an
/// estimate, no amount: a float may say it.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "an estimate in whole seconds; `as` saturates"
)]
pub fn seconds_left(follower: &Follower, cursor: Cursor) -> Option<u64> {
    let rate = follower.blocks_per_second;
    let blocks = follower.head_number.checked_sub(cursor.number).filter(|blocks| *blocks > 0)?;
    (!follower.caught_up && rate.is_finite() && rate > 0.0).then(|| (blocks as f64 / rate).ceil() as u64)
}

fn too_old(lag: Option<u64>, limit: u64) -> Option<Reason> {
    let detail = match lag {
        Some(lag) if lag <= limit => return None,
        Some(lag) => format!("the state was confirmed {lag} seconds ago, the limit is {limit}"),
        None => "nobody knows how old the state is: the indexer has not told".into(),
    };
    Some(Reason::new("lag_above_limit", detail))
}

/// What the writer says is wrong.
fn complaints(progress: &Progress) -> Vec<Reason> {
    let Some(follower) = &progress.follower else { return Vec::new() };
    let complaints =
        [("halted", &follower.halted), ("fork_suspected", &follower.fork_suspected), ("failing", &follower.failing)];
    complaints.into_iter().filter_map(|(name, why)| Some(Reason::new(name, why.clone()?))).collect()
}
