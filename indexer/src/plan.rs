//! What to do next, from what is known. Pure: the follower asks, this decides.

use std::time::Duration;

use store::cursor::Cursors;

use crate::chain::{Header, Tags};
use crate::source::{BlockRef, Lane};

/// A branch that is shorter than ours must stand this long before we go over to it.
pub const FORK_PATIENCE: Duration = Duration::from_secs(5);
/// So few finalized blocks are taken singly, both lanes at once, where neither is ahead.
const SINGLY_MAX: u64 = 16;

/// What is known on our side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Local {
    /// First block of the deployment.
    pub start_block: u64,
    /// The last blocks stored; that of supply is not above that of capacity.
    pub cursors: Cursors,
    /// The block stored at the node's head's height, if any.
    pub at_head: Option<BlockRef>,
    /// The block stored at the node's finalized block's height, if any.
    pub at_finalized: Option<BlockRef>,
    /// The newest block that is finalized and ours. Above it every header is stored.
    pub finalized: Option<u64>,
    /// How the lane of supply is placed.
    pub supply: Supply,
}

/// How the lane of supply is placed, its cursor aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Supply {
    /// Blocks of its next range.
    pub range_blocks: u64,
    /// The indexes that it went without in the first backfill are still to be built.
    pub lacks_indexes: bool,
    /// It can do nothing now: they are being built, or the node wants to be left alone.
    pub rests: bool,
}

impl Local {
    /// The next block to store with the light events.
    pub fn next(&self) -> u64 {
        self.next_of(Lane::Capacity)
    }

    fn next_of(&self, lane: Lane) -> u64 {
        self.cursors.of(lane).map_or(self.start_block, |cursor| cursor.number.saturating_add(1))
    }
}

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plan {
    /// Nothing new, or a node that lags behind us.
    Wait,
    /// Fetch blocks that can no longer change, range by range, for one lane.
    Backfill {
        /// Which.
        lane: Lane,
        /// The next block to store.
        from: u64,
        /// The last one that can no longer change, and for supply that capacity has.
        to: u64,
    },
    /// Store the next block.
    Extend {
        /// The node's.
        header: Box<Header>,
        /// With both lanes, in one transaction; otherwise with that of capacity alone.
        with_supply: bool,
    },
    /// Store with the lane of supply the block of this height, which that of capacity has.
    CatchUp(u64),
    /// Build the indexes that the lane of supply went without; it has no range left.
    BuildIndexes,
    /// The node's chain is not ours at some height at or below the cursor of capacity.
    Fork,
}

/// Decides. `next` is the node's header after the cursor of capacity, if it has one.
///
/// Capacity comes first: its ranges, then a new block of the head before anything of supply. Only when its ranges are
/// done and supply is one range short of them that range is waited for, so that from there both go together.
pub fn plan(local: &Local, tags: &Tags, next: Option<&Header>) -> Plan {
    if forks(local, tags, next) {
        return Plan::Fork;
    }
    if let Some(range) = capacity_range(local, tags).filter(|_| next.is_some()) {
        return range;
    }
    let supply = supply_step(local, tags, next);
    match (supply, next) {
        (Some(range), _) if levels(&range, local) => range,
        (_, Some(header)) => {
            let with_supply = local.cursors.are_level() && !local.supply.rests && !local.supply.lacks_indexes;
            Plan::Extend { header: Box::new(header.clone()), with_supply }
        }
        (Some(step), None) => step,
        (None, None) => Plan::Wait,
    }
}

fn capacity_range(local: &Local, tags: &Tags) -> Option<Plan> {
    let (from, to) = (local.next(), tags.finality.finalized.as_ref()?.number);
    let goes_together = local.cursors.are_level() && !local.supply.lacks_indexes && !local.supply.rests;
    let blocks_min = if goes_together { SINGLY_MAX } else { 1 };
    (to.saturating_add(1) >= from.saturating_add(blocks_min)).then_some(Plan::Backfill {
        lane: Lane::Capacity,
        from,
        to,
    })
}

/// What the lane of supply would do next, were it alone.
fn supply_step(local: &Local, tags: &Tags, next: Option<&Header>) -> Option<Plan> {
    let Supply { lacks_indexes, rests, .. } = local.supply;
    let capacity = local.cursors.capacity;
    if rests {
        return None;
    }
    let from = local.next_of(Lane::Supply);
    let last = capacity.zip(local.finalized).map(|(cursor, finalized)| cursor.number.min(finalized));
    match last.filter(|last| from <= *last) {
        Some(to) => Some(Plan::Backfill { lane: Lane::Supply, from, to }),
        None if lacks_indexes && (capacity.is_some() || next.is_some()) => Some(Plan::BuildIndexes),
        // A node that lags does not know the block yet.
        None => (!local.cursors.are_level() && from <= tags.head.number).then_some(Plan::CatchUp(from)),
    }
}

/// Whether this is to be done before the lane of capacity leaves what is finalized.
fn levels(step: &Plan, local: &Local) -> bool {
    let capacity = local.cursors.capacity.map(|cursor| cursor.number);
    match step {
        Plan::Backfill { from, to, .. } => capacity == Some(*to) && to - from < local.supply.range_blocks,
        // Begun at once, because it goes on beside the lane of capacity.
        Plan::BuildIndexes => true,
        _ => false,
    }
}

/// Whether the node's chain is another than ours anywhere that can be seen without walking down.
fn forks(local: &Local, tags: &Tags, next: Option<&Header>) -> bool {
    let is_other = |ours: Option<BlockRef>, theirs: Option<&Header>| {
        ours.and_then(|ours| ours.hash).zip(theirs).is_some_and(|(hash, theirs)| hash != theirs.hash)
    };
    let breaks = next.zip(local.cursors.capacity.and_then(|cursor| cursor.hash));
    breaks.is_some_and(|(header, hash)| header.parent_hash != hash)
        || is_other(local.at_head, Some(&tags.head))
        || is_other(local.at_finalized, tags.finality.finalized.as_ref())
}

/// What to do about a fork, once its ancestor is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Go over to the node's branch.
    Rewind,
    /// Wait and see: the branch is shorter than ours, and young.
    Suspect,
    /// Finalized blocks do not fork.
    Halt,
    /// The branch leaves ours nowhere, so there is nothing to rewind: two of the node's answers exclude each other.
    Contradiction,
}

/// Decides about a fork: where it leaves our chain, how high it is, and for how long it has been seen.
pub fn judge(ancestor: u64, finalized: Option<u64>, cursor: u64, fork_head: u64, seen_for: Duration) -> Verdict {
    if ancestor == cursor.min(fork_head) {
        Verdict::Contradiction
    } else if finalized.is_some_and(|finalized| ancestor < finalized) {
        Verdict::Halt
    } else if fork_head >= cursor || seen_for >= FORK_PATIENCE {
        Verdict::Rewind
    } else {
        Verdict::Suspect
    }
}

#[cfg(test)]
mod tests;
