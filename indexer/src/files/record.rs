//! The rows that travel, the same in every format. Amounts are decimal strings in base units, bytes are hex with 0x.
//!
//! `logs` and `blocks` have cryo's columns, so that its files are read as ours are.

use std::fmt;
use std::str::FromStr;

use alloy_primitives::{Address, B256, Bytes, U256};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A row of a table.
pub trait Record: Serialize {
    /// The table's name, which is also the word that marks its lines.
    const TABLE: &'static str;
}

/// One word, or several with spaces between; in decimal, because numbers of 256 bits are no numbers to most readers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words(pub Vec<U256>);

impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, word) in self.0.iter().enumerate() {
            let space = if at > 0 { " " } else { "" };
            write!(f, "{space}{word}")?;
        }
        Ok(())
    }
}

impl FromStr for Words {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.split(' ').map(amount).collect::<Result<_, _>>().map(Self)
    }
}

impl Serialize for Words {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// An amount in base units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amount(pub U256);

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        amount(&String::deserialize(deserializer)?).map(Self).map_err(serde::de::Error::custom)
    }
}

/// Digits and nothing else: no sign, no base, no blank.
fn amount(text: &str) -> Result<U256, String> {
    let is_decimal = !text.is_empty() && text.len() <= 78 && text.bytes().all(|byte| byte.is_ascii_digit());
    let amount = is_decimal.then(|| U256::from_str_radix(text, 10).ok()).flatten();
    amount.ok_or_else(|| "an amount that is no decimal number below 2^256".to_owned())
}

/// What is known of a block's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockRecord {
    /// Height.
    pub block_number: u64,
    /// Hash.
    pub block_hash: B256,
    /// The block before; absent: known from its logs only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_hash: Option<B256>,
    /// Seconds since 1970.
    pub timestamp: u64,
    /// EIP-155 id; absent: as the heading says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chain_id: Option<u64>,
}

/// A log as it came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogRecord {
    /// Its block's height.
    pub block_number: u64,
    /// Its block; absent: as the block's record says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub block_hash: Option<B256>,
    /// Position of its transaction in the block.
    pub transaction_index: u32,
    /// Position among all logs of the block.
    pub log_index: u32,
    /// Its transaction.
    pub transaction_hash: B256,
    /// Who emitted it.
    pub address: Address,
    /// First of at most four; absent where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic0: Option<B256>,
    /// Second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic1: Option<B256>,
    /// Third.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic2: Option<B256>,
    /// Fourth.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic3: Option<B256>,
    /// The rest.
    pub data: Bytes,
    /// EIP-155 id; absent: as the heading says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chain_id: Option<u64>,
}

/// A contract's own answer at the end of a block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadingRecord {
    /// The block.
    pub block_number: u64,
    /// The parameter.
    pub name: String,
    /// One word, the 256 cells of a table, or pairs of an address as a number and its debt.
    pub value: Words,
    /// It changed without an event, after this block; absent: it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_after: Option<u64>,
}

/// One address of the capacity table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CapacityRecord {
    /// Whose.
    pub address: Address,
    /// sVVV balance.
    pub svvv: Amount,
    /// sVVV locked against minted DIEM.
    pub locked: Amount,
    /// Staked DIEM now.
    pub diem_staked: Amount,
    /// Staked DIEM when the epoch opened.
    pub diem_epoch_open: Amount,
    /// What the address may use an epoch, units of 1e-18 USD.
    pub allocation_usd: Amount,
}

/// Totals that VVV transfers move, after a block that changed one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SupplyRecord {
    /// The block.
    pub block_number: u64,
    /// Seconds since 1970; absent: not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<u64>,
    /// VVV.totalSupply(): burns do not lower it.
    pub supply: Amount,
    /// VVV.balanceOf(0x0).
    pub burned: Amount,
    /// Burns of more than zero.
    pub burn_count: u64,
    /// Addresses with VVV, 0x0 left out.
    pub holders: u64,
    /// Times that an address became one, by the ends of blocks.
    pub holders_joined: u64,
    /// Times that one ceased to be.
    pub holders_left: u64,
}

/// What one sender has burned so far.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BurnRecord {
    /// Whose.
    pub sender: Address,
    /// The last burn's block.
    pub block_number: u64,
    /// VVV.
    pub amount: Amount,
    /// Burns of more than zero.
    pub count: u64,
}

/// What one address was minted of VVV so far.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MintRecord {
    /// Whose.
    pub recipient: Address,
    /// The last mint's block.
    pub block_number: u64,
    /// VVV, before the staking proxy owned it.
    pub genesis_amount: Amount,
    /// Mints of more than zero.
    pub genesis_count: u64,
    /// VVV, since it does.
    pub amount: Amount,
    /// Mints of more than zero.
    pub count: u64,
    /// VVV, while nobody knows whether it had owned it yet.
    pub undated_amount: Amount,
    /// Mints of more than zero.
    pub undated_count: u64,
}

/// What one address holds of sVVV and DIEM since a block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PositionRecord {
    /// Whose.
    pub address: Address,
    /// The block after which it holds.
    pub block_number: u64,
    /// Locked and unlocked together.
    pub svvv: Amount,
    /// Locked against minted DIEM.
    pub locked: Amount,
    /// DIEM minted against the lock and not yet burned.
    pub outstanding: Amount,
    /// VVV in the cooldown of unstaking.
    pub svvv_cooling: Amount,
    /// Seconds since 1970; absent: nothing cools, or the end is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub svvv_cooling_ends_at: Option<u64>,
    /// DIEM balance of the address itself.
    pub diem_liquid: Amount,
    /// Staked DIEM.
    pub diem_staked: Amount,
    /// DIEM in cooldown or waiting to be withdrawn.
    pub diem_cooling: Amount,
    /// Seconds since 1970; absent: nothing cools, or the end is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diem_cooling_ends_at: Option<u64>,
    /// VVV rewards claimed since the start.
    pub claimed: Amount,
    /// What its sVVV had earned when its rewards were last settled; absent: not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reward_debt: Option<Amount>,
}

/// VVV of one address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BalanceRecord {
    /// Whose; 0x0 holds what was burned.
    pub address: Address,
    /// More than zero.
    pub vvv: Amount,
}

/// A parameter in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParameterRecord {
    /// Which.
    pub name: String,
    /// The block since which it is in force.
    pub block_number: u64,
    /// Absent: it changed to something that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Words>,
    /// `event`, `call` or `inferred`.
    pub source: String,
}

/// Totals that the light events move, since a block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CapacityTotalsRecord {
    /// The block after which they hold.
    pub block_number: u64,
    /// sVVV.totalSupply().
    pub svvv_supply: Amount,
    /// totalLockedStakedVVV().
    pub svvv_locked: Amount,
    /// VVV in the cooldown of unstaking.
    pub svvv_cooling: Amount,
    /// DIEM.totalSupply().
    pub diem_supply: Amount,
    /// DIEM minted against locks and not yet burned.
    pub diem_outstanding: Amount,
    /// Staked DIEM, cooling left out.
    pub diem_staked: Amount,
    /// DIEM in cooldown or waiting to be withdrawn.
    pub diem_cooling: Amount,
    /// DIEM minted by DiemMinted events.
    pub diem_minted: Amount,
    /// How many.
    pub diem_minted_count: u64,
    /// DIEM minted without one.
    pub diem_minted_direct: Amount,
    /// DIEM burned by DiemBurned events.
    pub diem_burned: Amount,
    /// How many.
    pub diem_burned_count: u64,
    /// DIEM burned without one.
    pub diem_burned_direct: Amount,
    /// Addresses with sVVV, the three contracts left out.
    pub stakers: u64,
    /// Addresses with staked DIEM.
    pub diem_stakers: u64,
    /// Addresses with outstanding DIEM.
    pub minters: u64,
    /// Logs kept undecoded.
    pub unknown_logs: u64,
    /// What ever came into sVVV.
    pub svvv_minted: Amount,
    /// What ever went out of it.
    pub svvv_burned: Amount,
    /// Addresses whose VVV cools or waits to be withdrawn.
    pub svvv_cooling_accounts: u64,
    /// Times that more than nothing was staked.
    pub stakes: u64,
    /// Times that more than nothing began to be unstaked.
    pub unstakes: u64,
    /// VVV rewards claimed.
    pub claimed: Amount,
    /// How often.
    pub claimed_count: u64,
    /// Addresses whose DIEM cools or waits to be withdrawn.
    pub diem_cooling_accounts: u64,
    /// Times that an address became a staker, by the ends of blocks.
    pub stakers_joined: u64,
    /// Times that one ceased to be.
    pub stakers_left: u64,
    /// Times that an address came to have staked DIEM, by the ends of blocks.
    pub diem_stakers_joined: u64,
    /// Times that one ceased to.
    pub diem_stakers_left: u64,
    /// The block that first showed the staking proxy as VVV's owner; absent: not yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub genesis_end_block: Option<u64>,
    /// Rewards per unlocked sVVV, 1e36; absent, as the next two: not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acc_unlocked: Option<Amount>,
    /// Rewards per locked sVVV, 1e36.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acc_locked: Option<Amount>,
    /// Until when rewards are added up, seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rewarded_until: Option<u64>,
}

macro_rules! tables {
    ($($record:ty => $table:literal),* $(,)?) => {
        $(impl Record for $record { const TABLE: &'static str = $table; })*
    };
}

tables! {
    BlockRecord => "blocks",
    LogRecord => "logs",
    ReadingRecord => "readings",
    CapacityRecord => "capacity",
    SupplyRecord => "supply",
    BurnRecord => "burns",
    MintRecord => "mints",
    PositionRecord => "positions",
    BalanceRecord => "balances",
    ParameterRecord => "parameters",
    CapacityTotalsRecord => "capacity_totals",
}
