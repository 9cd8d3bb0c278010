//! A fork: where the node's chain leaves ours, and what is to be done about it.

use std::time::Instant;

use alloy_primitives::B256;
use store::rewind::Rewind;

use super::{Follower, Outcome, StepError};
use crate::chain::{Chain, ChainError, Tags};
use crate::plan::{Local, Verdict, judge};
use crate::source::BlockRef;

impl<C: Chain> Follower<C> {
    /// Finds the ancestor and does what the plan's judge says.
    pub(super) async fn resolve_fork(&mut self, local: &Local, tags: &Tags) -> Result<Outcome, StepError> {
        let Some(BlockRef { number: from_number, hash: Some(from_hash) }) = local.cursors.capacity else {
            return Err(StepError::Halt("a fork without a cursor to fork from".into()));
        };
        let (ancestor_number, ancestor_hash) = self.ancestor(from_number, tags).await?;
        let is_shorter = tags.head.number < from_number;
        if is_shorter && !self.is_abandoned_above(ancestor_number).await? {
            // Some node goes on with our branch: it is not over.
            self.fork_since = None;
        }
        let since = *self.fork_since.get_or_insert_with(Instant::now);
        match judge(ancestor_number, self.finalized, from_number, tags.head.number, since.elapsed()) {
            Verdict::Suspect => {
                self.node.forget();
                Ok(Outcome::ForkSuspected { ancestor: ancestor_number })
            }
            Verdict::Halt => Err(self.forks_below_finalized(ancestor_number).await?),
            Verdict::Contradiction => Err(ChainError::Contradiction(format!(
                "block {ancestor_number} is on the node's chain, but the block after it or the finalized one is on another"
            ))
            .into()),
            Verdict::Rewind => {
                let rewind = Rewind { from_number, from_hash, ancestor_number, ancestor_hash };
                self.writer.rewind_to(&rewind).await?;
                self.fork_since = None;
                self.forget_above(ancestor_number);
                Ok(Outcome::Rewound(rewind))
            }
        }
    }

    /// What supply has in memory may lie below the ancestor, and be dear to load.
    fn forget_above(&mut self, ancestor: u64) {
        self.node.forget();
        self.capacity.forget();
        if self.supply.applied().is_none_or(|applied| applied.number > ancestor) {
            self.supply.forget();
        }
    }

    /// Whether every healthy node has another block than ours above the ancestor.
    async fn is_abandoned_above(&self, ancestor: u64) -> Result<bool, StepError> {
        let number = ancestor.saturating_add(1);
        match self.writer.block_hash(number).await? {
            Some(hash) => Ok(self.chain.is_abandoned(number, hash).await?),
            None => Ok(true),
        }
    }

    /// What a fork below the finalized block comes to: the end, or, where a healthy node still has that block, the word
    /// of one node against another's.
    async fn forks_below_finalized(&self, ancestor: u64) -> Result<StepError, StepError> {
        let finalized = self.finalized;
        let hash = match finalized {
            Some(number) => self.writer.block_hash(number).await?,
            None => None,
        };
        if let Some((number, hash)) = finalized.zip(hash)
            && !self.chain.is_abandoned(number, hash).await?
        {
            return Ok(ChainError::Contradiction(format!(
                "a node's chain leaves ours at or below block {ancestor}, another has finalized block {number} as we do"
            ))
            .into());
        }
        Ok(StepError::Halt(below_finalized(ancestor, finalized)))
    }

    /// Walks down the node's chain by parent hash until a block is ours.
    async fn ancestor(&self, cursor: u64, tags: &Tags) -> Result<(u64, B256), StepError> {
        let lost = || ChainError::UnknownBlock("the node lost a block of its own chain".into());
        let top = cursor.min(tags.head.number);
        let mut theirs =
            if top == tags.head.number { tags.head.clone() } else { self.chain.header(top).await?.ok_or_else(lost)? };
        loop {
            if self.writer.block_hash(theirs.number).await? == Some(theirs.hash) {
                return Ok((theirs.number, theirs.hash));
            }
            let below = theirs.number.checked_sub(1).filter(|below| *below >= self.deployment.start_block);
            let is_finalized = self.finalized.is_some_and(|finalized| theirs.number <= finalized);
            match below {
                Some(below) if !is_finalized => {
                    theirs = self.chain.header_by_hash(theirs.parent_hash).await?.ok_or_else(lost)?;
                    if theirs.number != below {
                        return Err(ChainError::Contradiction(format!("block {below} has another number")).into());
                    }
                }
                _ => return Err(self.forks_below_finalized(theirs.number).await?),
            }
        }
    }
}

fn below_finalized(ancestor: u64, finalized: Option<u64>) -> String {
    let finalized = finalized.map_or_else(|| "the start of what is stored".into(), |number| format!("block {number}"));
    format!(
        "the node's chain leaves ours at or below block {ancestor}, but {finalized} was finalized: it is another chain, \
         or lies; point the indexer at another node, or start with an empty database"
    )
}
