//! The contracts' own answers at a block: what a derived state is compared with.

pub mod mint;
pub mod parameters;
pub mod rewards;
mod views;

use std::collections::BTreeSet;
use std::vec::IntoIter;

use abi::{Diem, StakingV2, Vvv};
use alloy_primitives::{Address, B256, Bytes, U256, b256};
use alloy_rpc_types_eth::Log;
use alloy_sol_types::SolCall;
use anyhow::{Context, Result, ensure};
use serde_json::json;

use crate::contracts::addresses::{DIEM, MULTICALL3, STAKING, STAKING_V1, VVV};
use crate::contracts::twins::Multicall3::{Call3, Result as Outcome, aggregate3Call};
use crate::rpc::Rpc;

/// Where a proxy keeps the address of its logic (ERC-1967).
const IMPLEMENTATION_SLOT: B256 = b256!("0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc");

/// Addresses asked about in one call: six questions each, well below a block's gas.
const ADDRESSES_PER_CALL: usize = 200;
const BLOCKS_PER_LOG_QUERY: u64 = 1_000;

/// What one address holds, by the contracts' word. What a contract that is not there yet would have said is zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// Whose.
    pub address: Address,
    /// VVV.
    pub vvv: U256,
    /// sVVV, locked included.
    pub svvv: U256,
    /// sVVV locked for DIEM. Zero under the first logic, which has no locks.
    pub locked: U256,
    /// DIEM minted against it and not burned since. Zero under the first logic.
    pub outstanding: U256,
    /// VVV that cools.
    pub svvv_cooling: U256,
    /// When that is over, in seconds since 1970; 0 where nothing cools.
    pub svvv_cooling_ends_at: U256,
    /// DIEM that can be moved.
    pub diem: U256,
    /// DIEM staked.
    pub diem_staked: U256,
    /// DIEM that cools or can be withdrawn.
    pub diem_cooling: U256,
    /// When its cooldown is over, in seconds since 1970; 0 where nothing cools.
    pub diem_cooling_ends_at: U256,
}

/// The network's figures. What a contract that is not there yet would have said is zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Network {
    /// `VVV.totalSupply()`, burns included.
    pub vvv_supply: U256,
    /// `VVV.balanceOf(0x0)`.
    pub vvv_burned: U256,
    /// `sVVV.totalSupply()`.
    pub svvv_supply: U256,
    /// `totalLockedStakedVVV()`. Zero under the first logic.
    pub svvv_locked: U256,
    /// How long unstaked sVVV cools.
    pub svvv_cooldown_seconds: U256,
    /// `DIEM.totalSupply()`.
    pub diem_supply: U256,
    /// `DIEM.totalStaked()`, which includes what cools.
    pub diem_staked: U256,
    /// How long unstaked DIEM cools.
    pub diem_cooldown_seconds: U256,
    /// The proxy's logic; the zero address before there is a proxy.
    pub implementation: Address,
}

impl Network {
    /// Whether sVVV can be locked: under any logic but the first.
    pub fn has_locks(&self) -> bool {
        self.implementation != Address::ZERO && self.implementation != STAKING_V1
    }
}

/// The network at the end of a block.
pub async fn network(rpc: &Rpc, block: u64) -> Result<Network> {
    let slot: B256 = rpc.call("eth_getStorageAt", json!([STAKING, IMPLEMENTATION_SLOT, format!("{block:#x}")])).await?;
    let implementation = Address::from_word(slot);
    let mut questions = Questions::default();
    questions.ask(VVV, &Vvv::totalSupplyCall {});
    questions.ask(VVV, &Vvv::balanceOfCall { account: Address::ZERO });
    questions.ask(STAKING, &StakingV2::totalSupplyCall {});
    questions.ask(STAKING, &StakingV2::cooldownDurationCall {});
    questions.ask(DIEM, &Diem::totalSupplyCall {});
    questions.ask(DIEM, &Diem::totalStakedCall {});
    questions.ask(DIEM, &Diem::cooldownDurationCall {});
    let network = Network { implementation, ..Network::default() };
    questions.ask_if(network.has_locks(), STAKING, &StakingV2::totalLockedStakedVVVCall {});
    let mut answers = questions.put(rpc, block).await?;
    let mut next = || answers.next::<1>().map(|[word]| word);
    Ok(Network {
        vvv_supply: next()?,
        vvv_burned: next()?,
        svvv_supply: next()?,
        svvv_cooldown_seconds: next()?,
        diem_supply: next()?,
        diem_staked: next()?,
        diem_cooldown_seconds: next()?,
        svvv_locked: next()?,
        implementation,
    })
}

/// What each address holds at the end of a block, in the order of the addresses.
pub async fn positions(rpc: &Rpc, block: u64, addresses: &[Address]) -> Result<Vec<Position>> {
    let has_locks = network(rpc, block).await?.has_locks();
    positions_with(rpc, block, has_locks, addresses).await
}

/// [`positions`] for one who knows whether the logic of that block has locks.
pub(crate) async fn positions_with(
    rpc: &Rpc,
    block: u64,
    has_locks: bool,
    addresses: &[Address],
) -> Result<Vec<Position>> {
    let mut positions = Vec::with_capacity(addresses.len());
    for chunk in addresses.chunks(ADDRESSES_PER_CALL) {
        let mut questions = Questions::default();
        for &address in chunk {
            questions.ask_position(address, has_locks);
        }
        let mut answers = questions.put(rpc, block).await?;
        for &address in chunk {
            positions.push(answers.next_position(address)?);
        }
    }
    Ok(positions)
}

/// Every address that appears in the three contracts' events of these blocks, first and last included: each indexed
/// address, and so each party of each transfer. Whoever holds or held anything is among them.
pub async fn addresses_seen(rpc: &Rpc, from: u64, to: u64) -> Result<BTreeSet<Address>> {
    let mut seen = BTreeSet::new();
    let mut first = from;
    while first <= to {
        let last = to.min(first + BLOCKS_PER_LOG_QUERY - 1);
        let logs = logs(rpc, first, last).await?;
        seen.extend(logs.iter().flat_map(indexed_addresses));
        first = last + 1;
    }
    Ok(seen)
}

/// The three contracts' logs in these blocks, first and last included.
pub async fn logs(rpc: &Rpc, from: u64, to: u64) -> Result<Vec<Log>> {
    let filter = json!({
        "address": [VVV, STAKING, DIEM],
        "fromBlock": format!("{from:#x}"),
        "toBlock": format!("{to:#x}"),
    });
    rpc.call("eth_getLogs", [filter]).await
}

/// The addresses among a log's topics. No other indexed value is that small, but for the admin role, which reads as the
/// zero address.
pub(crate) fn indexed_addresses(log: &Log) -> impl Iterator<Item = Address> {
    let indexed = log.topics().iter().skip(1);
    indexed.filter(|topic| topic[..12].iter().all(|byte| *byte == 0)).map(|topic| Address::from_word(*topic))
}

/// Views to be called together at one block.
#[derive(Default)]
struct Questions {
    calls: Vec<Call3>,
    /// Whether each question is among the calls.
    asked: Vec<bool>,
}

impl Questions {
    fn ask(&mut self, target: Address, view: &impl SolCall) {
        self.ask_if(true, target, view);
    }

    /// A view that the contract may not have at this block: then the answer is zero without asking.
    fn ask_if(&mut self, exists: bool, target: Address, view: &impl SolCall) {
        self.asked.push(exists);
        if exists {
            self.calls.push(Call3 { target, allowFailure: false, callData: view.abi_encode().into() });
        }
    }

    fn ask_position(&mut self, address: Address, has_locks: bool) {
        self.ask(VVV, &Vvv::balanceOfCall { account: address });
        self.ask(STAKING, &StakingV2::balanceOfCall { account: address });
        self.ask_if(has_locks, STAKING, &StakingV2::lockedStakesCall(address));
        self.ask(STAKING, &StakingV2::stakesCall(address));
        self.ask(DIEM, &Diem::balanceOfCall { account: address });
        self.ask(DIEM, &Diem::stakedInfosCall(address));
    }

    async fn put(self, rpc: &Rpc, block: u64) -> Result<Answers> {
        let data = Bytes::from(aggregate3Call { calls: self.calls }.abi_encode());
        let question = json!([{"to": MULTICALL3, "data": data}, format!("{block:#x}")]);
        let answer: Bytes = rpc.call("eth_call", question).await?;
        let decode = || aggregate3Call::abi_decode_returns(&answer).context("Multicall3 answers in another shape");
        let outcomes = if answer.is_empty() { None } else { Some(decode()?.into_iter()) };
        Ok(Answers { asked: self.asked.into_iter(), outcomes })
    }
}

struct Answers {
    asked: IntoIter<bool>,
    /// `None` at a block without Multicall3. It comes with the first contracts: there is none of them either.
    outcomes: Option<IntoIter<Outcome>>,
}

impl Answers {
    /// The next answer's words. An account without code answers nothing, and nothing is zero.
    fn next<const WORDS: usize>(&mut self) -> Result<[U256; WORDS]> {
        let data = self.next_data()?;
        if data.is_empty() {
            return Ok([U256::ZERO; WORDS]);
        }
        ensure!(data.len() == 32 * WORDS, "a view answered {} bytes instead of {}", data.len(), 32 * WORDS);
        let mut words = data.chunks(32).map(U256::from_be_slice);
        Ok(std::array::from_fn(|_| words.next().unwrap_or_default()))
    }

    fn next_data(&mut self) -> Result<Bytes> {
        let asked = self.asked.next().context("more answers are read than were asked for")?;
        match &mut self.outcomes {
            Some(outcomes) if asked => {
                Ok(outcomes.next().context("Multicall3 answered fewer calls than it was asked")?.returnData)
            }
            _ => Ok(Bytes::new()),
        }
    }

    fn next_position(&mut self, address: Address) -> Result<Position> {
        let [vvv] = self.next()?;
        let [svvv] = self.next()?;
        let [locked, outstanding] = self.next()?;
        let [_reward_debt, svvv_cooling_ends_at, svvv_cooling] = self.next()?;
        let [diem] = self.next()?;
        let [diem_staked, diem_cooling_ends_at, diem_cooling] = self.next()?;
        Ok(Position {
            address,
            vvv,
            svvv,
            locked,
            outstanding,
            svvv_cooling,
            svvv_cooling_ends_at,
            diem,
            diem_staked,
            diem_cooling,
            diem_cooling_ends_at,
        })
    }
}
