//! Finalized blocks from a node once more, and those above as they were stored: they may yet change, and `run` sees to
//! that.

use alloy_primitives::{Address, U256};
use ledger::parameter::Setting;

use super::stored::Stored;
use crate::chain::{At, Chain, ChainError};
use crate::fetch::Fetch;
use crate::readings::Occasion;
use crate::source::{Fetched, Lane, Source};

/// A node, up to a block.
#[derive(Debug)]
pub struct Refetched<C> {
    /// The node.
    pub fetch: Fetch<C>,
    /// What the database holds.
    pub stored: Stored,
    /// The last block had from the node. No range may lie on both sides of it.
    pub last: u64,
}

impl<C: Chain> Source for Refetched<C> {
    async fn range(&self, lane: Lane, from: u64, to: u64) -> Result<Fetched, ChainError> {
        match to <= self.last {
            true => self.fetch.range(lane, from, to).await,
            false => self.stored.range(lane, from, to).await,
        }
    }

    /// The node is asked where it was asked before, or should have been. The end of a backfill was an occasion where the
    /// backfill ended then, not where this one ends. A node that keeps no state of the block leaves what was read.
    async fn readings(
        &self,
        block_number: u64,
        at: At,
        occasion: Option<Occasion>,
    ) -> Result<Vec<Setting>, ChainError> {
        let stored = self.stored.readings(block_number, at, occasion).await?;
        let occasion = occasion.filter(|occasion| *occasion != Occasion::Edge);
        let occasion = occasion.or((!stored.is_empty()).then_some(Occasion::Edge));
        if block_number > self.last {
            return Ok(stored);
        }
        match self.fetch.readings(block_number, at, occasion).await {
            Err(ChainError::NoState(_) | ChainError::Refused(_) | ChainError::Reverted(_)) if !stored.is_empty() => {
                Ok(stored)
            }
            answer => answer,
        }
    }

    async fn reward_debts(
        &self,
        block_number: u64,
        at: At,
        rewarded_until: U256,
        accounts: &[Address],
    ) -> Result<Option<Vec<U256>>, ChainError> {
        match block_number <= self.last {
            true => self.fetch.reward_debts(block_number, at, rewarded_until, accounts).await,
            false => Ok(None),
        }
    }
}
