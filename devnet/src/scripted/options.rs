use alloy_primitives::{Address, address};

/// What a chain is like from its first block on.
#[derive(Debug, Clone)]
pub struct ChainOptions {
    /// What everything random in the chain is drawn from.
    pub seed: u64,
    /// The chain's id.
    pub chain_id: u64,
    /// The number of the first block; there is nothing below it.
    pub genesis_number: u64,
    /// The timestamp of the first block.
    pub genesis_timestamp: u64,
    /// The seconds between a block and the one mined after it.
    pub seconds_per_block: u64,
    /// The bits of a bloom that are set whatever the block's logs are, of 2,048. On Base other contracts' logs set about
    /// 95 %. At 0 a header's bloom is exactly the union of its receipts' blooms.
    pub bloom_noise_bits: usize,
    /// What the node calls safe and finalized.
    pub finality: Finality,
    /// Where Multicall3 answers `aggregate3`.
    pub multicall: Address,
}

impl Default for ChainOptions {
    fn default() -> Self {
        Self {
            seed: 0,
            chain_id: 8453,
            genesis_number: 0,
            genesis_timestamp: 1_686_789_347,
            seconds_per_block: 2,
            bloom_noise_bits: 1_946,
            finality: Finality::Depths { safe: 10, finalized: 20 },
            multicall: address!("0xcA11bde05977b3631167028862bE2a173976CA11"),
        }
    }
}

/// What a node calls safe and finalized.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finality {
    /// So many blocks below the head.
    Depths {
        /// Blocks from `safe` to the head.
        safe: u64,
        /// Blocks from `finalized` to the head.
        finalized: u64,
    },
    /// Fixed blocks, however far the head moves on: what Base looks like while no batch reaches the L1.
    Stalled {
        /// The number of the safe block.
        safe: u64,
        /// The number of the finalized block.
        finalized: u64,
    },
    /// The node knows neither and answers both tags with an error.
    Unknown,
}

impl Finality {
    /// The safe block's number under `head`.
    pub(super) fn safe(self, head: u64) -> Option<u64> {
        match self {
            Self::Depths { safe, .. } => Some(head.saturating_sub(safe)),
            Self::Stalled { safe, .. } => Some(safe.min(head)),
            Self::Unknown => None,
        }
    }

    /// The finalized block's number under `head`.
    pub(super) fn finalized(self, head: u64) -> Option<u64> {
        match self {
            Self::Depths { finalized, .. } => Some(head.saturating_sub(finalized)),
            Self::Stalled { finalized, .. } => Some(finalized.min(head)),
            Self::Unknown => None,
        }
    }
}
