//! Transfers that look like more than they are, on the real contracts, in figures.

use alloy_primitives::{Address, U256};
use devnet::contracts::addresses::{DIEM, STAKING, VVV};
use devnet::contracts::twins::{DIEM as Diem, StakingV2, VVV as Vvv};
use devnet::mining::Transaction;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::stage::{ALICE, BOB, CAROL, Stage, act, tokens};

const GENESIS: u64 = 1_763_338_200;

fn vvv(from: Address, to: Address, value: U256) -> Transaction {
    act(from, VVV, &Vvv::transferCall { to, value })
}

fn diem(from: Address, to: Address, value: U256) -> Transaction {
    act(from, DIEM, &Diem::transferCall { to, value })
}

/// Alice with 1,000 VVV and 10 DIEM.
async fn stage(pool: &PgPool) -> Stage {
    let mut stage = Stage::new(pool, GENESIS).await;
    stage.fund(&[ALICE], 1_000, 10).await;
    stage.equals_the_contracts().await;
    stage
}

async fn figures<const N: usize>(stage: &Stage, path: &str, names: [&str; N]) -> [Value; N] {
    let answer = stage.oracle.get(path).await;
    names.map(|name| name.split('.').fold(&answer, |value, member| &value[member]).clone())
}

#[sqlx::test(migrations = false)]
async fn what_is_sent_to_a_contract_is_no_stake(pool: PgPool) {
    let mut stage = stage(&pool).await;
    let names = ["diem.staked", "diem.liquid", "stake.svvv", "entitlement.spendable"];
    // The sVVV that the proxy was minted when it was initialised has no VVV behind it.
    assert_eq!(figures(&stage, "/v1/supply", ["unexplained"]).await, [json!("-1000000000000000000")]);
    stage.block(2, &[diem(ALICE, DIEM, tokens(3)), vvv(ALICE, STAKING, tokens(5))]).await;
    stage.equals_the_contracts().await;
    let alice = figures(&stage, &format!("/v1/entitlements/{ALICE}"), names).await;
    assert_eq!(alice, [json!("0"), json!("7000000000000000000"), json!("0"), json!(false)]);
    let contract = figures(&stage, &format!("/v1/entitlements/{DIEM}"), names).await;
    assert_eq!(contract, [json!("0"), json!("3000000000000000000"), json!("0"), json!(false)]);
    let totals = figures(&stage, "/v1/diem", ["staked", "cooling", "stakers", "supply"]).await;
    assert_eq!(totals, [json!("0"), json!("0"), json!(0), json!("10000000000000000000")]);
    // The one sVVV there is was minted to the proxy when it was initialised.
    let totals = figures(&stage, "/v1/staking", ["staked", "stakers"]).await;
    assert_eq!(totals, [json!("1000000000000000000"), json!(0)]);
    assert_eq!(
        figures(&stage, "/v1/supply", ["unexplained"]).await,
        [json!("4000000000000000000")],
        "by what was given"
    );
    let proxy = figures(&stage, &format!("/v1/accounts/{STAKING}"), ["vvv.balance", "svvv.balance"]).await;
    assert_eq!(proxy, [json!("5000000000000000000"), json!("1000000000000000000")]);
    stage.node.stop().await.unwrap();
}

#[sqlx::test(migrations = false)]
async fn a_burn_by_nobody_known_is_shown_with_its_sender(pool: PgPool) {
    let mut stage = stage(&pool).await;
    let supply = figures(&stage, "/v1/supply", ["erc20"]).await;
    stage.block(2, &[vvv(ALICE, Address::ZERO, tokens(2))]).await;
    stage.equals_the_contracts().await;
    let burns = stage.oracle.get("/v1/burns").await;
    let (two, none) = (json!({"amount": "2000000000000000000", "count": 1}), json!({"amount": "0", "count": 0}));
    assert_eq!((&burns["total"], &burns["by_class"]["unclassified"]), (&two, &two));
    for class in ["programmatic", "discretionary", "airdrop"] {
        assert_eq!(burns["by_class"][class], none, "{class}");
    }
    let sender = json!([{"address": ALICE.to_string(), "amount": "2000000000000000000", "count": 1}]);
    let senders = stage.oracle.get("/v1/burns/senders").await;
    assert_eq!((&senders["items"], &senders["senders"]), (&sender, &json!(1)));
    assert_eq!(figures(&stage, "/v1/supply", ["erc20"]).await, supply, "a burn leaves the supply");
    assert_eq!(figures(&stage, "/v1/supply", ["burned"]).await, [json!("2000000000000000000")]);
    stage.node.stop().await.unwrap();
}

#[sqlx::test(migrations = false)]
async fn nothing_moves_nothing(pool: PgPool) {
    let mut stage = stage(&pool).await;
    let questions = ["/v1/supply", "/v1/staking", "/v1/diem", "/v1/burns"];
    let mut before = Vec::new();
    for question in questions {
        before.push(stage.oracle.get(question).await);
    }
    // Anybody may move nothing from anybody, from the zero address too.
    let from_nobody = Vvv::transferFromCall { from: Address::ZERO, to: CAROL, value: U256::ZERO };
    let self_stake = StakingV2::claimCall {};
    stage
        .block(
            0x20,
            &[
                act(ALICE, VVV, &from_nobody),
                vvv(ALICE, Address::ZERO, U256::ZERO),
                vvv(ALICE, CAROL, U256::ZERO),
                diem(ALICE, CAROL, U256::ZERO),
                vvv(ALICE, ALICE, tokens(4)),
                diem(ALICE, ALICE, tokens(1)),
            ],
        )
        .await;
    stage.equals_the_contracts().await;
    for (question, mut before) in questions.into_iter().zip(before) {
        let mut after = stage.oracle.get(question).await;
        for answer in [&mut before, &mut after] {
            answer["as_of"].take();
        }
        assert_eq!(after, before, "{question}");
    }
    let events = stage.oracle.get(&format!("/v1/events?address={CAROL}")).await;
    let amounts: Vec<&Value> = events["items"].as_array().unwrap().iter().map(|event| &event["amount"]).collect();
    assert_eq!(amounts, [&json!("0"); 3], "kept all the same: {events}");
    let alice = figures(&stage, &format!("/v1/accounts/{ALICE}"), ["vvv.balance", "diem.liquid", "vvv.burned"]).await;
    assert_eq!(alice, [json!("1000000000000000000000"), json!("10000000000000000000"), json!("0")]);

    // A claim of who has nothing to claim pays nothing and says nothing, though it brings rewards up to date.
    stage.block(2, &[act(BOB, STAKING, &self_stake)]).await;
    stage.equals_the_contracts().await;
    let events = stage.oracle.get(&format!("/v1/events?address={BOB}")).await;
    assert_eq!(events["items"], json!([]));
    assert_eq!(figures(&stage, &format!("/v1/accounts/{BOB}"), ["rewards.claimed"]).await, [json!("0")]);
    stage.node.stop().await.unwrap();
}
