//! Where blocks that can no longer change come from: a node, files, or what the database itself has stored of them.
//!
//! A backfill from any of them is the same engine: ranges of one lane, in order, and the readings taken in them.

use std::future::Future;

use alloy_primitives::{Address, B256, U256};
use ledger::parameter::{Setting, Untold};
pub use store::cursor::{BlockRef, Lane};

use crate::chain::{At, ChainError, Grade, Log};
use crate::readings::Occasion;

/// Gives blocks at or below the finalized one.
pub trait Source: Send + Sync + 'static {
    /// Blocks `from..=to` with the logs that the lane is made of: [`Lane::Capacity`] all of the staking proxy and DIEM
    /// and of VVV the mints (transfers from 0x0) and `OwnershipTransferred`, [`Lane::Supply`] all transfers of VVV.
    /// Whatever is given was held against itself: in order, inside the range, none twice.
    fn range(&self, lane: Lane, from: u64, to: u64) -> impl Future<Output = Result<Fetched, ChainError>> + Send;

    /// What the contracts answer at the end of a block, or answered when they were asked. Asked for every block of
    /// [`Lane::Capacity`]: without an `occasion` nobody asks a contract, but what was read then is given all the same.
    fn readings(
        &self,
        block_number: u64,
        at: At,
        occasion: Option<Occasion>,
    ) -> impl Future<Output = Result<Vec<Setting>, ChainError>> + Send;

    /// What these accounts owe of rewards at the end of a block, in their order, where they were last added up at that time. `None`: nobody is asked, because whatever
    /// was read then is among the readings, or the contract does not answer.
    fn reward_debts(
        &self,
        block_number: u64,
        at: At,
        rewarded_until: U256,
        accounts: &[Address],
    ) -> impl Future<Output = Result<Option<Vec<U256>>, ChainError>> + Send;

    /// What the contracts answer now about the end of a block that is not in hand, to find where something changed. `None`:
    /// there is nobody to ask, or nobody has the state of that block.
    fn probe(&self, _at: At) -> impl Future<Output = Result<Option<Vec<Setting>>, ChainError>> + Send {
        std::future::ready(Ok(None))
    }

    /// Changes without an event that somebody else found at a block whose readings come from here.
    ///
    /// # Errors
    /// [`ChainError`]
    fn untold(&self, _block_number: u64) -> Result<Vec<Untold>, ChainError> {
        Ok(Vec::new())
    }
}

/// Consecutive blocks of one lane; those without a log of it may be left out, save the last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// Ascending.
    pub blocks: Vec<FetchedBlock>,
    /// The last block of what was asked for.
    pub end: BlockRef,
    /// How sure it is that no log is missing. `None`: what is stored already, with its grade.
    pub grade: Option<Grade>,
}

/// A block and the logs of it that may be the lane's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchedBlock {
    /// What is known of its header.
    pub header: FetchedHeader,
    /// Ascending by log index.
    pub logs: Vec<Log>,
}

/// What is known of a block's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FetchedHeader {
    /// Height.
    pub number: u64,
    /// Hash.
    pub hash: B256,
    /// `None`: known from its logs only.
    pub parent_hash: Option<B256>,
    /// Seconds since 1970. `None`: not told, so that the header must be stored already. Only in [`Lane::Supply`].
    pub timestamp: Option<u64>,
}

impl Fetched {
    /// How many logs there are in all blocks together.
    pub fn logs(&self) -> usize {
        self.blocks.iter().map(|block| block.logs.len()).sum()
    }
}
