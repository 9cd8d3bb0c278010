//! What to do next, from what is known. Pure: the follower asks, this decides.

use std::time::Duration;

use store::load::BlockRef;

use crate::chain::{Header, Tags};

/// A branch that is shorter than ours must stand this long before we go over to it.
pub const FORK_PATIENCE: Duration = Duration::from_secs(5);

/// What is known on our side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Local {
    /// First block of the deployment.
    pub start_block: u64,
    /// The last block stored.
    pub cursor: Option<BlockRef>,
    /// The block stored at the node's head's height, if any.
    pub at_head: Option<BlockRef>,
    /// The block stored at the node's finalized block's height, if any.
    pub at_finalized: Option<BlockRef>,
}

impl Local {
    /// The next block to store.
    pub fn next(&self) -> u64 {
        self.cursor.map_or(self.start_block, |cursor| cursor.number.saturating_add(1))
    }
}

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plan {
    /// Nothing new, or a node that lags behind us.
    Wait,
    /// Fetch blocks that can no longer change, range by range.
    Backfill {
        /// The next block to store.
        from: u64,
        /// The finalized block.
        to: u64,
    },
    /// Store the next block.
    Extend(Box<Header>),
    /// The node's chain is not ours at some height at or below the cursor.
    Fork,
}

/// Decides. `next` is the node's header after the cursor, if it has one.
pub fn plan(local: &Local, tags: &Tags, next: Option<&Header>) -> Plan {
    if forks(local, tags, next) {
        return Plan::Fork;
    }
    let from = local.next();
    match (next, &tags.finality.finalized) {
        (Some(_), Some(finalized)) if from <= finalized.number => Plan::Backfill { from, to: finalized.number },
        (Some(header), _) => Plan::Extend(Box::new(header.clone())),
        (None, _) => Plan::Wait,
    }
}

/// Whether the node's chain is another than ours anywhere that can be seen without walking down.
fn forks(local: &Local, tags: &Tags, next: Option<&Header>) -> bool {
    let is_other = |ours: Option<BlockRef>, theirs: Option<&Header>| {
        ours.and_then(|ours| ours.hash).zip(theirs).is_some_and(|(hash, theirs)| hash != theirs.hash)
    };
    let breaks = next.zip(local.cursor.and_then(|cursor| cursor.hash));
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
mod tests {
    use alloy_primitives::{B256, Bloom};

    use super::*;
    use crate::chain::Finality;

    /// A block of branch `branch` at `number`, on top of the same branch.
    fn header(number: u64, branch: u8) -> Header {
        Header {
            number,
            hash: hash(number, branch),
            parent_hash: hash(number.wrapping_sub(1), branch),
            timestamp: number * 2,
            logs_bloom: Bloom::ZERO,
            receipts_root: B256::ZERO,
        }
    }

    fn hash(number: u64, branch: u8) -> B256 {
        let mut bytes = [branch; 32];
        bytes[..8].copy_from_slice(&number.to_be_bytes());
        bytes.into()
    }

    fn block(number: u64, branch: u8) -> BlockRef {
        BlockRef { number, hash: Some(hash(number, branch)) }
    }

    #[track_caller]
    fn check(cursor: Option<BlockRef>, at_head: Option<BlockRef>, head: Header, finalized: u64, expected: Plan) {
        let branch = head.hash[31];
        let local = Local { start_block: 100, cursor, at_head, at_finalized: None };
        let next = (head.number >= local.next()).then(|| header(local.next(), branch));
        let finality = Finality { safe: None, finalized: Some(header(finalized, branch)) };
        let tags = Tags { head, finality };
        assert_eq!(plan(&local, &tags, next.as_ref()), expected);
    }

    #[test]
    fn an_empty_database_backfills_from_the_start_block() {
        check(None, None, header(1_000, 1), 900, Plan::Backfill { from: 100, to: 900 });
    }

    #[test]
    fn a_backfill_ends_at_the_finalized_block() {
        check(Some(block(880, 1)), None, header(1_000, 1), 900, Plan::Backfill { from: 881, to: 900 });
    }

    #[test]
    fn above_the_finalized_block_each_is_taken_singly() {
        check(Some(block(900, 1)), None, header(1_000, 1), 900, Plan::Extend(Box::new(header(901, 1))));
    }

    #[test]
    fn a_next_block_with_another_parent_is_a_fork() {
        check(Some(block(950, 1)), None, header(1_000, 2), 900, Plan::Fork);
    }

    #[test]
    fn a_fork_is_seen_before_a_range_is_laid_over_it() {
        check(Some(block(880, 1)), None, header(1_000, 2), 900, Plan::Fork);
    }

    #[test]
    fn a_finalized_block_that_is_not_ours_is_a_fork() {
        let local =
            Local { start_block: 100, cursor: Some(block(1_000, 1)), at_head: None, at_finalized: Some(block(900, 2)) };
        let finality = Finality { safe: None, finalized: Some(header(900, 1)) };
        let tags = Tags { head: header(999, 1), finality };
        assert_eq!(plan(&local, &tags, None), Plan::Fork);
    }

    #[test]
    fn at_the_head_there_is_nothing_to_do() {
        check(Some(block(1_000, 1)), Some(block(1_000, 1)), header(1_000, 1), 900, Plan::Wait);
    }

    #[test]
    fn another_block_at_our_height_is_a_fork() {
        check(Some(block(1_000, 1)), Some(block(1_000, 1)), header(1_000, 2), 900, Plan::Fork);
    }

    #[test]
    fn a_node_behind_us_on_our_chain_lags() {
        check(Some(block(1_000, 1)), Some(block(990, 1)), header(990, 1), 900, Plan::Wait);
    }

    #[test]
    fn a_node_behind_us_on_another_chain_forks() {
        check(Some(block(1_000, 1)), Some(block(990, 1)), header(990, 2), 900, Plan::Fork);
    }

    #[test]
    fn a_node_that_has_not_reached_the_start_is_waited_for() {
        check(None, None, header(50, 1), 40, Plan::Wait);
    }

    #[test]
    fn forks_are_judged() {
        let (young, old) = (Duration::ZERO, FORK_PATIENCE);
        assert_eq!(judge(950, Some(900), 1_000, 1_000, young), Verdict::Rewind, "as high as ours");
        assert_eq!(judge(950, Some(900), 1_000, 999, young), Verdict::Suspect, "shorter and young");
        assert_eq!(judge(950, Some(900), 1_000, 999, old), Verdict::Rewind, "shorter and lasting");
        assert_eq!(judge(899, Some(900), 1_000, 2_000, old), Verdict::Halt, "below the finalized block");
        assert_eq!(judge(900, Some(900), 1_000, 2_000, young), Verdict::Rewind, "from the finalized block itself");
        assert_eq!(judge(1, None, 1_000, 2_000, young), Verdict::Rewind, "a node without tags");
        assert_eq!(judge(1_000, Some(900), 1_000, 1_005, old), Verdict::Contradiction, "our cursor is on it");
        assert_eq!(judge(990, Some(900), 1_000, 990, old), Verdict::Contradiction, "its head is ours");
    }
}
