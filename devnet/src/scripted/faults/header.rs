use super::Drawn;
use alloy_primitives::{B256, Bloom};
use alloy_rpc_types_eth::Header;
use rand::RngExt;

/// What is wrong with the blocks the node gives.
///
/// A *resealed* lie is carried through to the hash: the header hashes to the name it bears, and only what is known of
/// the chain from elsewhere can tell. Otherwise the true hash stands above false content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeaderFault {
    /// The parent is a block nobody knows.
    FalseParent {
        /// Whether the hash is made to fit.
        resealed: bool,
    },
    /// The bloom is empty: it denies every log of the block.
    FalseBloom {
        /// Whether the hash is made to fit.
        resealed: bool,
    },
    /// The timestamp is an hour late.
    FalseTimestamp {
        /// Whether the hash is made to fit.
        resealed: bool,
    },
    /// The content is true, the hash is not its own.
    WrongHash,
    /// The block is not there.
    Missing,
}

impl Drawn {
    /// The header as the faults leave it, `None` where the block is kept back.
    pub(in crate::scripted) fn distort_header(&mut self, header: Header) -> Option<Header> {
        let faults = self.header();
        faults.into_iter().try_fold(header, |header, fault| self.apply_to_header(fault, header))
    }

    fn apply_to_header(&mut self, fault: HeaderFault, mut header: Header) -> Option<Header> {
        let random = B256::from(self.rng.random::<[u8; 32]>());
        let resealed = match fault {
            HeaderFault::FalseParent { resealed } => {
                header.inner.parent_hash = random;
                resealed
            }
            HeaderFault::FalseBloom { resealed } => {
                header.inner.logs_bloom = Bloom::ZERO;
                resealed
            }
            HeaderFault::FalseTimestamp { resealed } => {
                header.inner.timestamp += 3_600;
                resealed
            }
            HeaderFault::WrongHash => {
                header.hash = random;
                false
            }
            HeaderFault::Missing => return None,
        };
        if resealed {
            header.hash = header.inner.hash_slow();
        }
        Some(header)
    }
}
