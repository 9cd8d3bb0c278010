use crate::scripted::chain::SharedChain;

/// What is wrong with the chain the node sees.
#[derive(Debug, Clone)]
pub enum ViewFault {
    /// It is so many blocks behind: in head, headers, logs and state alike.
    Lag {
        /// The blocks it has not seen.
        blocks: u64,
    },
    /// It answers from another chain.
    Fork(SharedChain),
    /// It says it serves another chain than it does.
    ChainId(u64),
    /// It calls blocks finalized and safe that are not, at most up to its head.
    FinalizedAhead {
        /// How far above the true ones they lie.
        blocks: u64,
    },
    /// It still answers for blocks that a reorg dropped when it is asked by hash, as geth does.
    KeepsOrphans,
}

impl ViewFault {
    pub(super) fn concerns(&self, method: &str) -> bool {
        let identity = matches!(method, "eth_chainId" | "net_version");
        match self {
            Self::ChainId(_) => identity,
            Self::Fork(_) => true,
            Self::Lag { .. } | Self::FinalizedAhead { .. } | Self::KeepsOrphans => !identity,
        }
    }
}
