//! Transactions into blocks, one block at a time and at times of our choosing.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use alloy_primitives::{Address, B256, Bytes};
use alloy_rpc_types_eth::Log;
use alloy_sol_types::SolCall;
use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::anvil::AnvilConfig;
use crate::rpc::Rpc;

/// Enough for any action of a user.
const USUAL_GAS: u64 = 1_000_000;

/// Makes a node fit for [`crate::contracts::deploy`] and traffic: it mines when told to, in the order of sending, and
/// lets every address act without a key and without ETH.
///
/// anvil answers calls at the last 3,600 blocks or so: older states go to disk, at half a megabyte a block.
/// `--prune-history=N` keeps N states in memory instead, which is faster; `--max-persisted-states=N` moves the limit.
pub fn node(config: AnvilConfig) -> AnvilConfig {
    config
        .no_mining()
        .arg("--auto-impersonate")
        .arg("--order=fifo")
        .arg("--gas-limit=240000000")
        .arg("--block-base-fee-per-gas=0")
}

/// When the next block is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// By the wall clock.
    RealTime {
        /// From one block to the next.
        interval: Duration,
    },
    /// Blocks follow one another at once; each is this much later than the last as far as the chain knows.
    AsFastAsPossible {
        /// From one timestamp to the next.
        seconds_per_block: u64,
    },
}

impl Pace {
    /// How long to wait between two blocks; not at all is as good as a nanosecond.
    pub fn interval(self) -> Duration {
        match self {
            Self::RealTime { interval } => interval,
            Self::AsFastAsPossible { .. } => Duration::from_nanos(1),
        }
    }

    /// The timestamp of the block after one at `timestamp`.
    pub fn after(self, timestamp: u64) -> u64 {
        match self {
            Self::AsFastAsPossible { seconds_per_block } => timestamp + seconds_per_block.max(1),
            Self::RealTime { .. } => wall_clock_seconds().max(timestamp + 1),
        }
    }
}

fn wall_clock_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// The newest block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Head {
    /// Its hash.
    pub hash: B256,
    /// Its height.
    #[serde(with = "quantity")]
    pub number: u64,
    /// Seconds since 1970.
    #[serde(with = "quantity")]
    pub timestamp: u64,
}

/// Something an address does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// Who signs.
    pub from: Address,
    /// What is called.
    pub to: Address,
    /// Selector and arguments.
    pub data: Bytes,
    /// All it may use.
    pub gas: u64,
}

impl Transaction {
    /// A call with gas for any action of a user.
    pub fn new(from: Address, to: Address, call: &impl SolCall) -> Self {
        Self { from, to, data: call.abi_encode().into(), gas: USUAL_GAS }
    }

    /// With another limit than the usual one.
    pub fn gas(mut self, gas: u64) -> Self {
        self.gas = gas;
        self
    }

    /// As `eth_call` and `eth_sendTransaction` take it.
    pub fn request(&self) -> Value {
        let gas = format!("{:#x}", self.gas);
        json!({"from": self.from, "to": self.to, "data": self.data, "gas": gas, "gasPrice": "0x0"})
    }
}

/// What became of a transaction.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Receipt {
    /// Names the transaction.
    pub transaction_hash: B256,
    /// 1 if it did what it was meant to, 0 if it reverted.
    #[serde(with = "quantity")]
    pub status: u64,
    /// What it left.
    pub logs: Vec<Log>,
}

/// Asks for the newest block.
pub async fn head(rpc: &Rpc) -> Result<Head> {
    rpc.call("eth_getBlockByNumber", json!(["latest", false])).await
}

/// Queues transactions for the next block, in this order.
pub async fn send(rpc: &Rpc, transactions: &[&Transaction]) -> Result<Vec<B256>> {
    let mut hashes = Vec::new();
    // Not as a batch: anvil works on its calls side by side, so order and nonces would be a matter of luck.
    for transaction in transactions {
        hashes.push(rpc.call("eth_sendTransaction", [transaction.request()]).await?);
    }
    Ok(hashes)
}

/// Mines everything queued into one block. Returns every receipt in it, those of other people's transactions included.
pub async fn mine(rpc: &Rpc, timestamp: u64) -> Result<(Head, Vec<Receipt>)> {
    rpc.call::<Value>("evm_mine", json!([{"timestamp": timestamp}])).await?;
    let answers = rpc
        .batch::<Value>(&[
            ("eth_getBlockByNumber", json!(["latest", false])),
            ("eth_getBlockReceipts", json!(["latest"])),
        ])
        .await?;
    let [head, receipts] = <[Value; 2]>::try_from(answers).ok().context("the node answered another number of calls")?;
    Ok((serde_json::from_value(head)?, serde_json::from_value(receipts)?))
}

/// JSON-RPC's way to write a number: hex without leading zeros.
mod quantity {
    use alloy_primitives::U64;
    use serde::{Deserialize, Deserializer};

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        U64::deserialize(deserializer).map(|number| number.to())
    }
}
