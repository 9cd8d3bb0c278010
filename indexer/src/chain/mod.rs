//! What is asked of a node. The one trait at a border: the chain cannot be rolled back on demand.

pub mod backoff;
pub mod bloom;
pub mod error;
pub mod gate;
pub mod heads;
pub mod multicall;
pub mod nodes;
pub mod receipts;
pub mod rpc;
mod socket;

use std::future::Future;

use alloy_primitives::{Address, B256, Bloom, Bytes, U256};

pub use error::ChainError;
pub use store::completeness::Grade;

/// A header, hashed again by us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Height.
    pub number: u64,
    /// Hash of what follows and more.
    pub hash: B256,
    /// The block before.
    pub parent_hash: B256,
    /// Seconds since 1970.
    pub timestamp: u64,
    /// Of all logs of the block.
    pub logs_bloom: Bloom,
    /// Of all receipts of the block.
    pub receipts_root: B256,
}

/// A log as the node gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// Its block's height.
    pub block_number: u64,
    /// Its block.
    pub block_hash: B256,
    /// Its block's timestamp, where the node says.
    pub block_timestamp: Option<u64>,
    /// Its transaction.
    pub tx_hash: B256,
    /// Position of its transaction in the block.
    pub tx_index: u32,
    /// Position among all logs of the block.
    pub log_index: u32,
    /// Who emitted it.
    pub address: Address,
    /// At most four.
    pub topics: Vec<B256>,
    /// The rest.
    pub data: Bytes,
}

/// How final the node calls its blocks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Finality {
    /// The newest block whose batch is on L1; `None`: the node has no such tag.
    pub safe: Option<Header>,
    /// The newest block whose L1 block is final; `None`: the node has no such tag.
    pub finalized: Option<Header>,
}

/// The node's tags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tags {
    /// The newest block.
    pub head: Header,
    /// What is safe and finalized; may have been asked a little earlier.
    pub finality: Finality,
}

/// Which logs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogQuery {
    /// Emitted by any of these.
    pub addresses: Vec<Address>,
    /// With any of these as first topic; empty: any at all.
    pub topics: Vec<B256>,
    /// With this as second topic; `None`: any at all.
    pub topic1: Option<B256>,
}

/// Logs, and how sure it is that they are all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Graded {
    /// In the order in which the node gave them.
    pub logs: Vec<Log>,
    /// How sure.
    pub grade: Grade,
}

/// A block to ask a contract at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct At {
    /// Its height.
    pub number: u64,
    /// That very block: errs if the node has another there. `None`: whatever the node has, for finalized blocks.
    pub hash: Option<B256>,
}

/// A node, or several behaving as one.
pub trait Chain: Send + Sync + 'static {
    /// Makes sure that this is the chain with that EIP-155 id; of several nodes, that one at least is of it.
    ///
    /// # Errors
    /// [`ChainError::OtherChain`]; another where nobody says.
    fn admit(&self, chain_id: u64) -> impl Future<Output = Result<(), ChainError>> + Send;
    /// The newest block.
    fn head(&self) -> impl Future<Output = Result<Header, ChainError>> + Send;
    /// Safe and finalized.
    fn finality(&self) -> impl Future<Output = Result<Finality, ChainError>> + Send;
    /// The header at a height; `None` if the node has none yet.
    fn header(&self, number: u64) -> impl Future<Output = Result<Option<Header>, ChainError>> + Send;
    /// The header of that hash; `None` if the node does not know it.
    fn header_by_hash(&self, hash: B256) -> impl Future<Output = Result<Option<Header>, ChainError>> + Send;
    /// Logs of one block, by its hash.
    fn logs_of_block(
        &self,
        header: &Header,
        query: &LogQuery,
    ) -> impl Future<Output = Result<Graded, ChainError>> + Send;
    /// Logs of a range of blocks, both ends included.
    fn logs_in_range(
        &self,
        from: u64,
        to: u64,
        query: &LogQuery,
    ) -> impl Future<Output = Result<Graded, ChainError>> + Send;
    /// A contract's answer to a call at a block.
    fn call(&self, at: At, to: Address, data: Bytes) -> impl Future<Output = Result<Bytes, ChainError>> + Send;
    /// What was answered last does not hold: another node is asked from now on, where there is another.
    fn avoid_current(&self) {}
    /// A word of a contract's storage at a block.
    fn storage(&self, at: At, address: Address, slot: U256) -> impl Future<Output = Result<B256, ChainError>> + Send;
    /// The grade that logs are asked for at. A block whose bloom proves that it holds none of ours is surer than that.
    fn grade_sought(&self) -> Grade {
        Grade::Single
    }
    /// Whether no healthy node has this block at this height, and one at least has another. Of one node whoever asks has
    /// just seen it.
    fn is_abandoned(&self, _number: u64, _hash: B256) -> impl Future<Output = Result<bool, ChainError>> + Send {
        std::future::ready(Ok(true))
    }
    /// Resolves when a node has pushed a new head since this resolved last; never, where none pushes.
    fn pushed(&self) -> impl Future<Output = ()> + Send {
        std::future::pending()
    }
}
