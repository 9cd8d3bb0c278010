//! Headers, hashed again.

use alloy_consensus::Header as ConsensusHeader;
use alloy_network::{AnyRpcBlock, AnyRpcHeader};

use super::super::{ChainError, Header};

/// Hashes the header again: parent hash, timestamp and bloom are only worth what the hash is.
pub(super) fn verified(block: AnyRpcBlock) -> Result<Header, ChainError> {
    verified_header(&block.header)
}

/// The same of a header that was pushed.
pub(in crate::chain) fn verified_header(rpc: &AnyRpcHeader) -> Result<Header, ChainError> {
    let number = rpc.number;
    let header: ConsensusHeader =
        rpc.inner.clone().try_into_header().map_err(|error| {
            ChainError::Contradiction(format!("the header of block {number} is incomplete: {error}"))
        })?;
    let hash = header.hash_slow();
    if hash != rpc.hash {
        return Err(ChainError::Contradiction(format!(
            "the header of block {number} hashes to {hash}, the node says {}",
            rpc.hash
        )));
    }
    Ok(Header {
        number,
        hash,
        parent_hash: header.parent_hash,
        timestamp: header.timestamp,
        logs_bloom: header.logs_bloom,
        receipts_root: header.receipts_root,
    })
}
