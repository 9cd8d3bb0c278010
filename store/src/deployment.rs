//! The chain, contracts, labels and policy that a database is about.
//!
//! The operator gives it to the indexer as TOML; the indexer writes it here at its first start, and the API reads it
//! only here.

use alloy_primitives::{Address, B256, U256, keccak256};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use ledger::entitlement::{AllocationPolicy, Policy};
use ledger::event::Contracts;
use serde::{Deserialize, Serialize};

use crate::StoreError;

/// A deployment, as written in TOML and kept in the database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deployment {
    /// EIP-155 id of the chain.
    pub chain_id: u64,
    /// First block asked for. Must lie before the first event of all three contracts.
    pub start_block: u64,
    /// Where the contracts are.
    pub contracts: ContractAddresses,
    /// Time of blocks whose header is not stored.
    #[serde(default)]
    pub clock: Option<Clock>,
    /// What is safe and finalized, where no node says. Left out of the document, and so of its digest, where not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finality: Option<FinalityDepths>,
    /// How staked DIEM becomes an allocation.
    #[serde(default)]
    pub policy: PolicySettings,
    /// Which ABI each implementation of the staking proxy has.
    #[serde(default)]
    pub implementations: Vec<Implementation>,
    /// What is known of addresses.
    #[serde(default)]
    pub labels: Vec<Label>,
    /// DIEM supplies aimed at, each from its day on, the earliest first. Left out of the document, and so of its digest, where
    /// none is given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub diem_targets: Vec<DiemTarget>,
}

/// Where the contracts are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContractAddresses {
    /// The VVV token.
    pub vvv: Address,
    /// The staking proxy.
    pub staking: Address,
    /// The DIEM token.
    pub diem: Address,
    /// Multicall3, through which readings are taken.
    pub multicall3: Address,
}

/// `timestamp = genesis_timestamp + number * seconds_per_block`, checked against every header seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clock {
    /// Of block 0, seconds since 1970.
    pub genesis_timestamp: u64,
    /// Between two blocks.
    pub seconds_per_block: u64,
}

impl Clock {
    /// The timestamp of a block; `None` where it does not fit.
    pub fn timestamp(&self, number: u64) -> Option<u64> {
        self.genesis_timestamp.checked_add(number.checked_mul(self.seconds_per_block)?)
    }

    /// The last block with a timestamp at or before this one; `None` before genesis.
    pub fn last_block_at(&self, timestamp: u64) -> Option<u64> {
        timestamp.checked_sub(self.genesis_timestamp)?.checked_div(self.seconds_per_block)
    }
}

/// How far below the head blocks count as safe and finalized, for chains whose nodes have no such tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FinalityDepths {
    /// Blocks from the safe block to the head.
    pub safe_depth: u64,
    /// Blocks from the finalized block to the head; at least as many.
    pub finalized_depth: u64,
}

/// The policy as an operator writes it: decimal token strings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PolicySettings {
    /// Which staked amount counts.
    pub allocation: AllocationName,
    /// Staked DIEM below which nothing is spendable.
    pub minimum_diem: TokenAmount,
    /// sVVV from which an account is a Pro member.
    pub pro_minimum_svvv: TokenAmount,
}

impl Default for PolicySettings {
    /// What Venice documents: 0.1 DIEM, 100 sVVV, and staking as the alternative to waiting.
    fn default() -> Self {
        let token = ledger::ratio::ONE;
        Self {
            allocation: AllocationName::Live,
            minimum_diem: TokenAmount(token / U256::from(10)),
            pro_minimum_svvv: TokenAmount(token * U256::from(100)),
        }
    }
}

/// Which staked amount counts, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AllocationName {
    /// What is staked now.
    Live,
    /// What was staked at the epoch's opening block.
    EpochOpen,
    /// The smaller of the two.
    MinOfBoth,
}

/// 18 decimals, written as a decimal string such as "0.1".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TokenAmount(pub U256);

/// Which ABI an implementation of the staking proxy has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Implementation {
    /// The implementation.
    pub address: Address,
    /// Its ABI.
    pub abi: AbiVersion,
}

/// The two ABIs of the staking proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AbiVersion {
    /// Until DIEM.
    V1,
    /// With DIEM.
    V2,
}

/// What is known of an address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Label {
    /// The address.
    pub address: Address,
    /// For a reader.
    pub name: String,
    /// What it is.
    pub kind: LabelKind,
    /// Where this is known from.
    pub source: String,
}

/// What a labelled address is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LabelKind {
    /// Its burns are programmatic: a pool whose swaps pay 0x0.
    ProgrammaticBurn,
    /// Its burns are decided by people.
    DiscretionaryBurn,
    /// The airdrop.
    Airdrop,
    /// Vesting and the like; not circulating.
    Custody,
    /// The treasury; not circulating.
    Treasury,
    /// A market.
    Pool,
    /// Stakes for many.
    StakingVault,
}

/// A DIEM supply that Venice said it aims at: the chain holds none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DiemTarget {
    /// The UTC day from whose first second on it holds, until the next one's.
    pub since: Date,
    /// The DIEM supply.
    pub amount: TokenAmount,
    /// Where this is known from.
    pub source: String,
}

impl DiemTarget {
    /// Whether it holds at a time, unless a later one does.
    pub fn holds_at(&self, timestamp: u64) -> bool {
        let opens_at = self.since.to_zoned(TimeZone::UTC).map(|opens_at| opens_at.timestamp().as_second());
        opens_at.is_ok_and(|opens_at| i128::from(opens_at) <= i128::from(timestamp))
    }
}

impl LabelKind {
    /// The word it is written and published as.
    pub fn name(self) -> &'static str {
        match self {
            Self::ProgrammaticBurn => "programmatic_burn",
            Self::DiscretionaryBurn => "discretionary_burn",
            Self::Airdrop => "airdrop",
            Self::Custody => "custody",
            Self::Treasury => "treasury",
            Self::Pool => "pool",
            Self::StakingVault => "staking_vault",
        }
    }

    /// Whether VVV held there is left out of the circulating supply.
    pub fn is_out_of_circulation(self) -> bool {
        matches!(self, Self::Custody | Self::Treasury | Self::Airdrop)
    }
}

impl Deployment {
    /// keccak256 over the deployment as canonical JSON: what tells two deployments apart.
    ///
    /// # Errors
    /// If it cannot be written as JSON.
    pub fn digest(&self) -> Result<B256, serde_json::Error> {
        Ok(keccak256(serde_json::to_vec(self)?))
    }

    /// Makes sure that this deployment, the database's, is that one but for policy and labels.
    ///
    /// # Errors
    /// [`StoreError::OtherDeployment`] if chain, contracts or start block differ.
    pub fn agree(&self, given: &Self) -> Result<(), StoreError> {
        same("chain_id", self.chain_id, given.chain_id)?;
        same("start_block", self.start_block, given.start_block)?;
        same("contracts.vvv", self.contracts.vvv, given.contracts.vvv)?;
        same("contracts.staking", self.contracts.staking, given.contracts.staking)?;
        same("contracts.diem", self.contracts.diem, given.contracts.diem)
    }

    /// The three contracts, for the ledger.
    pub fn ledger_contracts(&self) -> Contracts {
        let ContractAddresses { vvv, staking, diem, .. } = self.contracts;
        Contracts { vvv, staking, diem }
    }

    /// The policy, for the ledger.
    pub fn ledger_policy(&self) -> Policy {
        Policy {
            allocation: match self.policy.allocation {
                AllocationName::Live => AllocationPolicy::Live,
                AllocationName::EpochOpen => AllocationPolicy::EpochOpen,
                AllocationName::MinOfBoth => AllocationPolicy::MinOfBoth,
            },
            minimum_diem: self.policy.minimum_diem.0,
            pro_minimum_svvv: self.policy.pro_minimum_svvv.0,
        }
    }

    /// The DIEM supply aimed at at a time, where one was given for it.
    pub fn diem_target(&self, timestamp: u64) -> Option<&DiemTarget> {
        self.diem_targets.iter().rev().find(|target| target.holds_at(timestamp))
    }

    /// What is known of an address.
    pub fn label(&self, address: Address) -> Option<&Label> {
        self.labels.iter().find(|label| label.address == address)
    }
}

fn same<T: PartialEq + ToString>(field: &'static str, stored: T, given: T) -> Result<(), StoreError> {
    if stored == given {
        return Ok(());
    }
    Err(StoreError::OtherDeployment { field, stored: stored.to_string(), given: given.to_string() })
}

impl AllocationName {
    /// The word it is written and published as.
    pub fn name(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::EpochOpen => "epoch_open",
            Self::MinOfBoth => "min_of_both",
        }
    }
}

impl TryFrom<String> for TokenAmount {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let decimals = text.split_once('.').map_or(0, |(_, decimals)| decimals.len());
        let is_plain = text.chars().all(|c| c.is_ascii_digit() || c == '.') && !text.is_empty() && decimals <= 18;
        let parsed = is_plain.then(|| alloy_primitives::utils::parse_units(&text, 18).ok()).flatten();
        parsed.map(|units| Self(units.get_absolute())).ok_or_else(|| format!("{text:?} is no amount such as \"0.1\""))
    }
}

impl From<TokenAmount> for String {
    fn from(amount: TokenAmount) -> Self {
        alloy_primitives::utils::format_units(amount.0, 18).unwrap_or_default()
    }
}
