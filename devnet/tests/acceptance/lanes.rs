//! Capacity first: what is served while a node gives no transfers of VVV, through a fork and a crash.

use abi::{Diem as D, Vvv as V};
use alloy_primitives::{Address, U256};
use alloy_sol_types::SolEvent;
use devnet::contracts::addresses::{DIEM, VVV};
use devnet::scripted::{ChainOptions, Refusal, ScriptedChain, ScriptedLog, ScriptedNode};
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::oracle::Oracle;

const ALICE: Address = Address::repeat_byte(0xa1);
const MINTED: u64 = 1_000;
/// The chain here has logs and no contracts whose totals they could be held against.
const NO_TOTALS: [&str; 2] = ["--reconcile-every", "0"];

fn staked(amount: u64) -> [ScriptedLog; 2] {
    let amount = U256::from(amount);
    [
        ScriptedLog::event(DIEM, &D::Transfer { from: Address::ZERO, to: DIEM, value: amount }),
        ScriptedLog::event(DIEM, &D::Staked { user: ALICE, amount }),
    ]
}

fn entitlement() -> String {
    format!("/v1/entitlements/{ALICE}")
}

fn names(reasons: &Value) -> Vec<&str> {
    reasons.as_array().unwrap().iter().map(|reason| reason["name"].as_str().unwrap()).collect()
}

/// Alice's stake is served at the node's head, and what needs transfers says how far it is.
async fn check_apart(oracle: &Oracle, node: &ScriptedNode, stake: u64) {
    let head = node.chain(|chain| chain.head());
    oracle.reach_at(&entitlement(), head.number, head.hash).await;
    let answer = oracle.get(&entitlement()).await;
    assert_eq!(answer["diem"]["staked"], stake.to_string());
    let behind = oracle.get("/v1/supply").await;
    assert_eq!(behind["type"], "urn:venice-capacity-oracle:problem:behind", "{behind}");
    assert_eq!(behind["progress"]["capacity"]["block_number"], head.number, "{behind}");
    assert_eq!(behind["progress"]["supply"], Value::Null, "{behind}");
}

#[sqlx::test(migrations = false)]
async fn capacity_is_served_while_supply_is_behind(pool: PgPool) {
    let mut chain = ScriptedChain::new(ChainOptions::default());
    chain.mine([ScriptedLog::event(VVV, &V::Transfer { from: Address::ZERO, to: ALICE, amount: U256::from(MINTED) })]);
    chain.mine(staked(3));
    chain.mine_empty(60);
    let node = ScriptedNode::start(chain).await.unwrap();
    node.faults().always(Refusal::AllOf(V::Transfer::SIGNATURE_HASH));
    let mut oracle = Oracle::idle(&pool, &node.url).await;
    oracle.start_indexer_with(&NO_TOTALS).await;
    check_apart(&oracle, &node, 3).await;

    let ready = oracle.get("/readyz").await;
    assert_eq!((&ready["ready"], names(&ready["reasons"])), (&json!(true), vec!["supply_behind"]));
    assert_eq!(oracle.get(&entitlement()).await["as_of"]["sync"], "live");
    assert_eq!(oracle.get("/readyz?needs=both").await["ready"], false);
    let status = oracle.get("/v1/status").await;
    assert_eq!((&status["as_of"], &status["cursors"]["supply"]), (&Value::Null, &Value::Null));
    let said = oracle.ask_indexer(&["status", "--check"]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.out.contains("\nsupply    no block yet\n") && said.out.contains("\nsupply_behind: "), "{said:?}");

    node.chain(|chain| {
        chain.mine(staked(4));
    });
    check_apart(&oracle, &node, 7).await;
    node.chain(|chain| {
        chain.reorg(5);
        chain.mine(staked(5));
        chain.mine_empty(5);
    });
    check_apart(&oracle, &node, 8).await;
    oracle.kill_indexer().await;
    node.chain(|chain| chain.mine_empty(3));
    oracle.start_indexer_with(&NO_TOTALS).await;
    check_apart(&oracle, &node, 8).await;

    node.faults().clear();
    let head = node.chain(|chain| chain.head());
    oracle.reach(head.number, head.hash).await;
    assert_eq!(oracle.get("/v1/supply").await["erc20"], MINTED.to_string());
    let ready = oracle.get("/readyz?needs=both").await;
    assert_eq!((&ready["ready"], &ready["reasons"]), (&json!(true), &json!([])));
    let kinds = oracle.get(&format!("/v1/events?contract=vvv&address={ALICE}")).await;
    assert_eq!(kinds["items"].as_array().unwrap().len(), 1, "a mint is shown once: {kinds}");
}
