//! What the chain says of everybody, read again wherever a block touched it.

use std::collections::{BTreeMap, BTreeSet};

use alloy_primitives::{Address, Bytes, U256};
use alloy_sol_types::SolCall;
use anyhow::Result;
use serde_json::json;

use super::action::Step;
use super::actors::Cast;
use crate::contracts::addresses::{AIRDROP, STAKING, WETH_POOL};
use crate::contracts::is_diem_deployed;
use crate::contracts::twins::{Airdrop, StakingV2};
use crate::mining::Receipt;
use crate::rpc::Rpc;
use crate::truth::{self, Position, indexed_addresses};

/// The state that the next block is planned on.
#[derive(Debug, Default)]
pub(super) struct Book {
    positions: BTreeMap<Address, Position>,
    claimable: BTreeSet<Address>,
    /// Whether the second logic is in charge.
    pub(super) has_locks: bool,
    /// Whether DIEM is there.
    pub(super) has_diem: bool,
}

impl Book {
    /// Everything, from the chain.
    pub(super) async fn read(rpc: &Rpc, block: u64, cast: &Cast) -> Result<Self> {
        let mut book = Self {
            positions: BTreeMap::new(),
            claimable: claimable(rpc, cast).await?,
            has_locks: truth::network(rpc, block).await?.has_locks(),
            has_diem: is_diem_deployed(rpc).await?,
        };
        book.read_positions(rpc, block, &cast.everyone().collect::<Vec<_>>()).await?;
        Ok(book)
    }

    /// Those whom the block touched, and claims of the airdrop. The rest changes in few blocks, after which all is read.
    pub(super) async fn read_again(
        &mut self,
        rpc: &Rpc,
        block: u64,
        steps: &[&Step],
        receipts: &[Receipt],
    ) -> Result<()> {
        let logs: Vec<_> = receipts.iter().flat_map(|receipt| &receipt.logs).collect();
        let parties = steps.iter().flat_map(|step| [step.transaction.from, step.transaction.to]);
        let touched: BTreeSet<Address> = logs.iter().copied().flat_map(indexed_addresses).chain(parties).collect();
        let known: Vec<_> = touched.into_iter().filter(|address| self.positions.contains_key(address)).collect();
        self.read_positions(rpc, block, &known).await?;
        for user in logs.into_iter().filter(|log| log.address() == AIRDROP).flat_map(indexed_addresses) {
            self.claimable.remove(&user);
        }
        Ok(())
    }

    async fn read_positions(&mut self, rpc: &Rpc, block: u64, addresses: &[Address]) -> Result<()> {
        let positions = truth::positions_with(rpc, block, self.has_locks, addresses).await?;
        self.positions.extend(positions.into_iter().map(|position| (position.address, position)));
        Ok(())
    }

    pub(super) fn position(&self, address: Address) -> Position {
        self.positions.get(&address).copied().unwrap_or(Position { address, ..Position::default() })
    }

    pub(super) fn may_claim_airdrop(&self, user: Address) -> bool {
        self.claimable.contains(&user)
    }

    /// The pool is filled when the supply is handed out, and never runs dry.
    pub(super) fn is_distributed(&self) -> bool {
        self.position(WETH_POOL).vvv > U256::ZERO
    }
}

/// What a mint of DIEM yields at the end of the newest block.
pub(super) async fn quote(rpc: &Rpc, svvv: U256) -> Result<U256> {
    let call = StakingV2::getDiemAmountOutCall { sVVVAmountToLock: svvv };
    let data = Bytes::from(call.abi_encode());
    rpc.call("eth_call", json!([{"to": STAKING, "data": data}, "latest"])).await
}

async fn claimable(rpc: &Rpc, cast: &Cast) -> Result<BTreeSet<Address>> {
    let question = |user: &Address| {
        let data = Bytes::from(Airdrop::claimableCall { account: *user }.abi_encode());
        ("eth_call", json!([{"to": AIRDROP, "data": data}, "latest"]))
    };
    let questions: Vec<_> = cast.users().iter().map(question).collect();
    let amounts: Vec<U256> = rpc.batch(&questions).await?;
    Ok(cast.users().iter().zip(amounts).filter(|(_, amount)| !amount.is_zero()).map(|(user, _)| *user).collect())
}
