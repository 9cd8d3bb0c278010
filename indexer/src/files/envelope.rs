//! What a file says of itself: at its head what it is of, at its end that it is whole.

use alloy_primitives::{Address, B256};
use serde::{Deserialize, Serialize};
use store::deployment::{ContractAddresses, Deployment};

/// Of the layout of records and envelope. A reader refuses one that it does not know.
pub const FORMAT: u32 = 1;

/// What is exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// The capacity table after a block.
    Capacity,
    /// All that is needed to go on from a block.
    Positions,
    /// The inputs: headers, logs, readings. Everything can be derived from them.
    Events,
    /// Supply and burns of VVV.
    Supply,
}

impl What {
    /// The word it goes by.
    pub fn name(self) -> &'static str {
        match self {
            Self::Capacity => "capacity",
            Self::Positions => "positions",
            Self::Events => "events",
            Self::Supply => "supply",
        }
    }
}

/// What a file is of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heading {
    /// See [`FORMAT`].
    pub format: u32,
    /// What is exported.
    pub what: What,
    /// EIP-155 id.
    pub chain_id: u64,
    /// The VVV token.
    pub vvv: Address,
    /// The staking proxy.
    pub staking: Address,
    /// The DIEM token.
    pub diem: Address,
    /// Of the whole deployment, labels and policy included.
    pub deployment_digest: B256,
    /// Which derivation the rows are of; of events the one that read them.
    pub derivation_revision: u32,
    /// The first block of which there is history.
    pub start_block: u64,
    /// The first block of what is exported.
    pub from_block: u64,
    /// The last block of what is exported, or the one after which it holds.
    pub block_number: u64,
    /// Its hash; null: no header of it is stored.
    pub block_hash: Option<B256>,
    /// Its time, seconds since 1970; null: not known.
    pub block_timestamp: Option<u64>,
    /// The last block before the epoch of that block; null: before the start, or not known. Only of positions.
    #[serde(default)]
    pub opening_block: Option<u64>,
}

impl Heading {
    /// Makes sure that the file is of this chain and these contracts. Labels and policy may differ.
    ///
    /// # Errors
    /// What differs, for a human.
    pub fn agree(&self, deployment: &Deployment) -> Result<(), String> {
        let ContractAddresses { vvv, staking, diem, .. } = deployment.contracts;
        let ours = (deployment.chain_id, vvv, staking, diem);
        if (self.chain_id, self.vvv, self.staking, self.diem) == ours {
            return Ok(());
        }
        Err(format!(
            "is of chain {} with VVV {}, staking {} and DIEM {}; the deployment has chain {} with {vvv}, {staking} and {diem}",
            self.chain_id, self.vvv, self.staking, self.diem, deployment.chain_id
        ))
    }
}

/// That a file is whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ending {
    /// How many records there are between heading and ending.
    pub rows: u64,
    /// keccak256 over every byte before the ending.
    pub digest: B256,
}
