//! Whether what is stored can be trusted to be of the chain's head, and if not, why.

use crate::cursor::Lane;
use crate::deployment::Clock;
use crate::read::ReadError;
use crate::read::node::Node;
use crate::read::progress::{Cursor, Needs, Progress, ReplayUnderWay};

/// Why it cannot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// A name to compare: `database_gone`, `database_forbids`, `not_migrated`, `never_synced`, `lag_above_limit`,
    /// `supply_behind`, `indexes_missing`, `other_derivation`, `replaying`, `fork_suspected`, `halted`, `failing` or
    /// `writer_stalled`; of notices `chain_stalled` or `node_excluded`.
    pub name: &'static str,
    /// For a human.
    pub detail: String,
    /// What it keeps from being answered: everything, or only what needs all VVV transfers.
    pub keeps: Needs,
}

impl Reason {
    fn new(name: &'static str, detail: impl Into<String>) -> Self {
        Self { name, detail: detail.into(), keeps: Needs::Capacity }
    }

    fn of_supply(name: &'static str, detail: impl Into<String>) -> Self {
        Self { keeps: Needs::Both, ..Self::new(name, detail) }
    }

    /// Whether answers of that need wait for this.
    pub fn concerns(&self, needs: Needs) -> bool {
        needs == Needs::Both || self.keeps == Needs::Capacity
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

/// All reasons there are; none means ready. Those that [`Reason::concerns`] capacity come with it or after it: capacity
/// does not wait for supply.
pub fn reasons(progress: &Progress, clock: Option<Clock>, max_lag_seconds: u64) -> Vec<Reason> {
    let age = match Needs::Capacity.newest(progress) {
        Some(cursor) => too_old(lag_seconds(progress, cursor, clock), max_lag_seconds),
        None => Some(Reason::new("never_synced", "the indexer has not stored a block yet")),
    };
    let indexes = (progress.supply.is_some() && !progress.account_indexes).then(|| {
        let detail = "the first backfill is not done: the indexes that VVV balances are found by are still to be built";
        Reason::of_supply("indexes_missing", detail)
    });
    let supply = supply_behind(progress, clock, max_lag_seconds);
    age.into_iter().chain(supply).chain(indexes).chain(derivation(progress)).chain(complaints(progress)).collect()
}

/// A lag that both share is told once.
fn supply_behind(progress: &Progress, clock: Option<Clock>, limit: u64) -> Option<Reason> {
    let capacity = progress.capacity?.number;
    let detail = match progress.supply {
        None => format!("no transfer of VVV is stored yet; what needs none is answered up to block {capacity}"),
        Some(supply) if supply.number == capacity => return None,
        Some(supply) if lag_seconds(progress, supply, clock).is_some_and(|lag| lag <= limit) => return None,
        Some(supply) => {
            let number = supply.number;
            format!(
                "VVV's transfers are stored up to block {number}; what needs none is answered up to block {capacity}"
            )
        }
    };
    Some(Reason::of_supply("supply_behind", detail))
}

/// What is remarkable and no reason: a chain that stands still is as true as one that goes on, and one node of several
/// may be away.
pub fn notices(progress: &Progress, nodes: &[Node]) -> Vec<Reason> {
    let chain = progress.follower.as_ref().and_then(|follower| follower.chain_stalled.clone());
    let excluded = nodes.iter().filter_map(|node| {
        let why = node.excluded.as_ref()?;
        let detail = node.detail.as_ref().unwrap_or(why);
        Some(Reason::new("node_excluded", format!("{}: {detail}", node.host)))
    });
    chain.map(|why| Reason::new("chain_stalled", why)).into_iter().chain(excluded).collect()
}

/// Rows of another derivation, and whether they are about to be replaced.
fn derivation(progress: &Progress) -> impl Iterator<Item = Reason> {
    let other = progress.is_of_another_derivation().then(|| {
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

/// Until a lane's cursor reaches the head at its rate of late; `None` where it is there, or where nothing moves. Time is
/// an estimate, no amount: a float may say it.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "an estimate in whole seconds; `as` saturates"
)]
pub fn seconds_left(progress: &Progress, lane: Lane) -> Option<u64> {
    let (follower, cursor) = progress.follower.as_ref().zip(progress.cursor(lane))?;
    let rate = follower.blocks_per_second(lane).filter(|rate| *rate > 0.0)?;
    let is_there = follower.caught_up && (lane == Lane::Capacity || progress.are_level());
    let blocks = follower.head_number.checked_sub(cursor.number).filter(|blocks| *blocks > 0 && !is_there)?;
    Some((blocks as f64 / rate).ceil() as u64)
}

/// The lane that is last: that of supply, unless both are at the same block.
pub fn last_lane(progress: &Progress) -> Lane {
    if progress.are_level() { Lane::Capacity } else { Lane::Supply }
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
    let complaints = [
        ("halted", &follower.halted),
        ("fork_suspected", &follower.fork_suspected),
        ("failing", &follower.failing),
        ("writer_stalled", &follower.writer_stalled),
    ];
    complaints.into_iter().filter_map(|(name, why)| Some(Reason::new(name, why.clone()?))).collect()
}
