//! A chain with the contracts and nobody's traffic: blocks hold what a test puts into them, at times of its choosing.

use alloy_primitives::{Address, Bytes, U256, address, keccak256};
use alloy_sol_types::SolCall;
use devnet::anvil::{Anvil, AnvilConfig};
use devnet::contracts::addresses::{BATCHER, DIEM, FOUNDATION, OPERATOR, SAFES, STAKING, TREASURY, VVV};
use devnet::contracts::twins::{Batcher, BatcherCall, DIEM as Diem, Safe, VVV as Vvv};
use devnet::contracts::{self, DeployConfig, TOKEN};
use devnet::mining::{self, Head, Pace, Receipt, Transaction};
use devnet::rpc::Rpc;
use devnet::truth;
use serde_json::Value;
use sqlx::PgPool;

use crate::oracle::Oracle;

pub(crate) const ALICE: Address = address!("0x00000000000000000000000000000000000a11c3");
pub(crate) const BOB: Address = address!("0x0000000000000000000000000000000000000b0b");
pub(crate) const CAROL: Address = address!("0x00000000000000000000000000000000000ca401");

/// What staked VVV and DIEM cool here, in seconds.
pub(crate) const SVVV_COOLDOWN: u64 = 7_000;
pub(crate) const DIEM_COOLDOWN: u64 = 1_000;
const GAS: u64 = 8_000_000;

/// So many tokens.
pub(crate) fn tokens(count: u64) -> U256 {
    U256::from(count) * TOKEN
}

/// What somebody does; a Safe does so by its owner's transaction.
pub(crate) fn act(actor: Address, target: Address, call: &impl SolCall) -> Transaction {
    if SAFES.contains(&actor) {
        return Transaction::new(OPERATOR, actor, &Safe::execCall { target, data: call.abi_encode().into() }).gas(GAS);
    }
    Transaction::new(actor, target, call).gas(GAS)
}

/// Several Safes' calls in one transaction of somebody who is none of them.
pub(crate) fn together(sender: Address, calls: &[(Address, Address, Vec<u8>)]) -> Transaction {
    let exec = |(safe, target, data): &(Address, Address, Vec<u8>)| {
        let exec = Safe::execCall { target: *target, data: data.clone().into() };
        BatcherCall { target: *safe, data: exec.abi_encode().into() }
    };
    let call = Batcher::runCall { calls: calls.iter().map(exec).collect() };
    Transaction::new(sender, BATCHER, &call).gas(GAS)
}

pub(crate) struct Stage {
    pub(crate) node: Anvil,
    pub(crate) rpc: Rpc,
    pub(crate) oracle: Oracle,
    pub(crate) head: Head,
}

impl Stage {
    /// Under the second logic; nobody but the treasury has VVV, and there is no DIEM yet.
    pub(crate) async fn new(pool: &PgPool, genesis_timestamp: u64) -> Self {
        Self::prepared(pool, genesis_timestamp, async |rpc| upgrade(rpc).await).await
    }

    /// With something done to the chain before the oracle meets it.
    pub(crate) async fn prepared(pool: &PgPool, genesis_timestamp: u64, prepare: impl AsyncFnOnce(&Rpc)) -> Self {
        let node = mining::node(AnvilConfig::new()).genesis_timestamp(genesis_timestamp).arg("--prune-history=5000");
        let node = node.start().await.unwrap();
        let rpc = node.rpc();
        contracts::deploy(&rpc, &config()).await.unwrap();
        prepare(&rpc).await;
        let head = mining::head(&rpc).await.unwrap();
        let oracle = Oracle::start(pool, &node.url()).await;
        Self { node, rpc, oracle, head }
    }

    /// The next block, so many seconds after the last; each transaction does what it is meant to.
    pub(crate) async fn block(&mut self, seconds: u64, transactions: &[Transaction]) -> Vec<Receipt> {
        let receipts = block(&self.rpc, self.head.timestamp + seconds, transactions).await;
        self.head = mining::head(&self.rpc).await.unwrap();
        receipts
    }

    /// The same at a given time.
    pub(crate) async fn block_at(&mut self, timestamp: u64, transactions: &[Transaction]) {
        self.block(timestamp - self.head.timestamp, transactions).await;
    }

    /// Everybody gets so much VVV, which the staking contract may take, and so much DIEM, minted by role.
    pub(crate) async fn fund(&mut self, whom: &[Address], vvv: u64, diem: u64) {
        self.fund_vvv(whom, vvv).await;
        let role = Diem::grantRoleCall { role: keccak256("MINTER_BURNER_ROLE"), account: FOUNDATION };
        let mut transactions = vec![act(TREASURY, DIEM, &role)];
        if diem > 0 {
            let mint = |to: &Address| act(FOUNDATION, DIEM, &Diem::mintCall { to: *to, amount: tokens(diem) });
            transactions.extend(whom.iter().map(mint));
        }
        self.block(2, &transactions).await;
    }

    /// The VVV alone.
    pub(crate) async fn fund_vvv(&mut self, whom: &[Address], vvv: u64) {
        let give = |to: &Address| act(TREASURY, VVV, &Vvv::transferCall { to: *to, value: tokens(vvv) });
        let approve = |of: &Address| act(*of, VVV, &Vvv::approveCall { spender: STAKING, value: U256::MAX });
        let transactions: Vec<_> = whom.iter().map(give).chain(whom.iter().map(approve)).collect();
        self.block(2, &transactions).await;
    }

    /// The oracle is at the head, and says of everybody ever seen what the contracts say; nothing was unexpected.
    pub(crate) async fn equals_the_contracts(&self) {
        self.positions_equal().await;
        let status = self.oracle.get("/v1/status").await;
        assert_eq!(status["anomalies"], serde_json::json!([]), "{status}");
    }

    /// The same, whatever was unexpected.
    pub(crate) async fn positions_equal(&self) {
        let (number, oracle) = (self.head.number, &self.oracle);
        oracle.reach(number, self.head.hash).await;
        let seen: Vec<_> = truth::addresses_seen(&self.rpc, 0, number).await.unwrap().into_iter().collect();
        let expected = truth::positions(&self.rpc, number, &seen).await.unwrap();
        for (expected, served) in expected.iter().zip(oracle.positions(&seen, number).await) {
            served.check(expected, number);
        }
    }

    /// Of `/v1/entitlements` at the head.
    pub(crate) async fn entitlement(&self, of: Address) -> Value {
        self.oracle.get(&format!("/v1/entitlements/{of}")).await
    }
}

pub(crate) fn config() -> DeployConfig {
    DeployConfig {
        pace: Pace::AsFastAsPossible { seconds_per_block: 2 },
        svvv_cooldown_seconds: SVVV_COOLDOWN,
        diem_cooldown_seconds: DIEM_COOLDOWN,
    }
}

pub(crate) async fn upgrade(rpc: &Rpc) {
    let head = contracts::deploy_diem(rpc, &config()).await.unwrap();
    block(rpc, head.timestamp + 2, &[contracts::upgrade().unwrap()]).await;
}

/// A block at a time; none of its transactions reverts.
pub(crate) async fn block(rpc: &Rpc, timestamp: u64, transactions: &[Transaction]) -> Vec<Receipt> {
    let queued: Vec<&Transaction> = transactions.iter().collect();
    let hashes = mining::send(rpc, &queued).await.unwrap();
    let (head, receipts) = mining::mine(rpc, timestamp).await.unwrap();
    assert_eq!(head.timestamp, timestamp);
    for (transaction, hash) in transactions.iter().zip(hashes) {
        let receipt = receipts.iter().find(|receipt| receipt.transaction_hash == hash);
        assert_eq!(receipt.map(|receipt| receipt.status), Some(1), "{transaction:?}");
    }
    receipts
}

/// Sets an account's code.
pub(crate) async fn set_code(rpc: &Rpc, address: Address, code: Bytes) {
    rpc.call::<Value>("anvil_setCode", serde_json::json!([address, code])).await.unwrap();
}
