use super::{
    block::Block,
    chain::ScriptedChain,
    faults::{Drawn, ViewFault},
    rpc::RpcError,
};
use alloy_eips::{BlockId, BlockNumberOrTag, RpcBlockHash};
use alloy_primitives::B256;

/// The chain as the node sees it for one request: every answer of the request comes from here, so that a node that lags
/// or calls too much finalized does so in head, headers, logs and state alike.
#[derive(Debug, Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) chain: &'a ScriptedChain,
    pub(super) head: u64,
    pub(super) chain_id: u64,
    finalized_lead: u64,
    keeps_orphans: bool,
}

impl<'a> View<'a> {
    pub(super) fn new(chain: &'a ScriptedChain, drawn: &Drawn) -> Self {
        let (head, chain_id) = (chain.head().number, chain.options().chain_id);
        let honest = Self { chain, head, chain_id, finalized_lead: 0, keeps_orphans: false };
        drawn.view().fold(honest, Self::distorted)
    }

    fn distorted(self, fault: &ViewFault) -> Self {
        match fault {
            ViewFault::Lag { blocks } => {
                let head = self.head.saturating_sub(*blocks).max(self.chain.options().genesis_number);
                Self { head, ..self }
            }
            ViewFault::ChainId(chain_id) => Self { chain_id: *chain_id, ..self },
            ViewFault::FinalizedAhead { blocks } => Self { finalized_lead: *blocks, ..self },
            ViewFault::KeepsOrphans => Self { keeps_orphans: true, ..self },
            // Which chain is served is settled before there is a view of it.
            ViewFault::Fork(_) => self,
        }
    }

    /// The number `tag` stands for.
    pub(super) fn number(&self, tag: BlockNumberOrTag) -> Result<u64, RpcError> {
        let finality = self.chain.options().finality;
        let (number, unknown) = match tag {
            BlockNumberOrTag::Latest | BlockNumberOrTag::Pending => return Ok(self.head),
            BlockNumberOrTag::Earliest => return Ok(self.chain.options().genesis_number),
            BlockNumberOrTag::Number(number) => return Ok(number),
            BlockNumberOrTag::Safe => (finality.safe(self.head), "safe block not found"),
            BlockNumberOrTag::Finalized => (finality.finalized(self.head), "finalized block not found"),
        };
        let number = number.ok_or_else(|| RpcError::server(unknown))?.saturating_add(self.finalized_lead);
        Ok(number.clamp(self.chain.options().genesis_number, self.head))
    }

    /// The block with this number, if the node has it.
    pub(super) fn block(&self, number: u64) -> Option<&'a Block> {
        self.chain.block(number).filter(|block| block.header.number <= self.head)
    }

    /// The block with this hash, if the node has it.
    pub(super) fn block_by_hash(&self, hash: B256) -> Option<&'a Block> {
        let canonical = self.chain.block_by_hash(hash).filter(|block| block.header.number <= self.head);
        canonical.or_else(|| self.chain.orphan(hash).filter(|_| self.keeps_orphans))
    }

    /// The block an identifier stands for, if the node has it.
    pub(super) fn block_by_id(&self, id: BlockId) -> Result<Option<&'a Block>, RpcError> {
        Ok(match id {
            BlockId::Hash(RpcBlockHash { block_hash, .. }) => self.block_by_hash(block_hash),
            BlockId::Number(tag) => self.block(self.number(tag)?),
        })
    }
}
