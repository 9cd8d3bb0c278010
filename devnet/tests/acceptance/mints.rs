//! Who minted and burned DIEM where the transaction's sender does not tell, on the real contracts, in figures.

use alloy_primitives::{Address, U256, uint};
use alloy_sol_types::SolCall;
use devnet::contracts::addresses::{DIEM, FOUNDATION, OPERATOR, STAKING, VAULTS};
use devnet::contracts::twins::DIEM as Diem;
use devnet::contracts::twins::StakingV2::{burnDiemCall, mintDiemCall, stakeCall};
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::stage::{ALICE, BOB, CAROL, Stage, act, together, tokens};

const GENESIS: u64 = 1_763_338_200;
/// What 9 sVVV mint in the first bucket, where one DIEM costs 90.000410046130192384 sVVV.
const MINTED: &str = "99999544395264441";
const TWICE: &str = "199999088790528882";
const LOCK: u64 = 9;

fn mint() -> Vec<u8> {
    mintDiemCall { sVVVAmountToLock: tokens(LOCK), minDiemAmountOut: U256::ZERO }.abi_encode()
}

fn direct(to: Address) -> Vec<u8> {
    Diem::mintCall { to, amount: U256::from_str_radix(MINTED, 10).unwrap() }.abi_encode()
}

/// What is locked, outstanding and liquid.
async fn holds(stage: &Stage, of: Address, figures: [&str; 3]) {
    let answer = stage.entitlement(of).await;
    let served = [&answer["stake"]["locked"], &answer["diem"]["outstanding"], &answer["diem"]["liquid"]];
    assert_eq!(served.map(|it| it.as_str().unwrap()), figures, "{of}: {answer}");
}

/// The events of a kind in one block, in the order of their logs.
async fn events(stage: &Stage, kind: &str) -> Vec<Value> {
    let number = stage.head.number;
    let path = format!("/v1/events?kind={kind}&from_block={number}&to_block={number}");
    let answer = stage.oracle.get(&path).await;
    let mut items = answer["items"].as_array().unwrap_or_else(|| panic!("{answer}")).clone();
    items.sort_by_key(|item| item["log_index"].as_u64());
    items
}

async fn minters(stage: &Stage) -> Vec<String> {
    let events = events(stage, "diem_minted").await;
    let name = |event: &Value| event["address"].as_str().unwrap_or_else(|| panic!("for nobody: {event}")).to_owned();
    events.iter().map(name).collect()
}

#[sqlx::test(migrations = false)]
async fn mints_are_for_whom_the_transfer_names(pool: PgPool) {
    let mut stage = Stage::new(&pool, GENESIS).await;
    let [first, second, _] = VAULTS;
    stage.fund(&[first, second], 1_000, 0).await;
    let stake = |vault| act(vault, STAKING, &stakeCall { recipient: vault, amount: tokens(100) });
    stage.block(2, &[stake(first), stake(second)]).await;

    // Two equal mints by two accounts in one transaction, sent by a third.
    stage.block(2, &[together(ALICE, &[(first, STAKING, mint()), (second, STAKING, mint())])]).await;
    stage.equals_the_contracts().await;
    for vault in [first, second] {
        holds(&stage, vault, ["9000000000000000000", MINTED, MINTED]).await;
    }
    holds(&stage, ALICE, ["0", "0", "0"]).await;
    assert_eq!(minters(&stage).await, [first.to_string(), second.to_string()]);
    let diem = stage.oracle.get("/v1/diem").await;
    assert_eq!(diem["minted"], json!({"amount": TWICE, "count": 2, "direct": "0"}));
    assert_eq!((&diem["minters"], &diem["supply"]), (&json!(2), &json!(TWICE)));

    // A mint by a Safe: its owner pays for the transaction and gets nothing.
    let by_safe = mintDiemCall { sVVVAmountToLock: tokens(LOCK), minDiemAmountOut: U256::ZERO };
    stage.block(2, &[act(first, STAKING, &by_safe)]).await;
    stage.equals_the_contracts().await;
    holds(&stage, first, ["18000000000000000000", TWICE, TWICE]).await;
    holds(&stage, OPERATOR, ["0", "0", "0"]).await;
    assert_eq!(minters(&stage).await, [first.to_string()]);

    // A direct mint of the very amount, before the mint and after it.
    stage.block(2, &[together(ALICE, &[(FOUNDATION, DIEM, direct(BOB)), (second, STAKING, mint())])]).await;
    stage.equals_the_contracts().await;
    assert_eq!(minters(&stage).await, [second.to_string()]);
    holds(&stage, second, ["18000000000000000000", TWICE, TWICE]).await;
    holds(&stage, BOB, ["0", "0", MINTED]).await;
    stage.block(2, &[together(ALICE, &[(second, STAKING, mint()), (FOUNDATION, DIEM, direct(CAROL))])]).await;
    stage.equals_the_contracts().await;
    assert_eq!(minters(&stage).await, [second.to_string()]);
    holds(&stage, second, ["27000000000000000000", "299998633185793323", "299998633185793323"]).await;
    holds(&stage, CAROL, ["0", "0", MINTED]).await;
    let diem = stage.oracle.get("/v1/diem").await;
    assert_eq!(diem["minted"], json!({"amount": "499997721976322205", "count": 5, "direct": TWICE}));
    assert_eq!(diem["outstanding"], "499997721976322205");
    stage.node.stop().await.unwrap();
}

/// burnDiem unlocks the caller's own lock in proportion, rounded down: floor(diem * locked / outstanding).
#[sqlx::test(migrations = false)]
async fn a_burn_unlocks_rounded_down(pool: PgPool) {
    let mut stage = Stage::new(&pool, GENESIS).await;
    stage.fund(&[ALICE], 1_000, 5).await;
    let stake = stakeCall { recipient: ALICE, amount: tokens(100) };
    let lock = mintDiemCall { sVVVAmountToLock: tokens(18), minDiemAmountOut: U256::ZERO };
    stage.block(2, &[act(ALICE, STAKING, &stake), act(ALICE, STAKING, &lock)]).await;
    stage.equals_the_contracts().await;
    holds(&stage, ALICE, ["18000000000000000000", TWICE, "5199999088790528882"]).await;

    let burn = |diem| act(ALICE, STAKING, &burnDiemCall { diemAmountToBurn: diem });
    // 7 * 18e18 / 199999088790528882 = 630.0028...
    stage.block(2, &[burn(U256::from(7))]).await;
    stage.equals_the_contracts().await;
    holds(&stage, ALICE, ["17999999999999999370", "199999088790528875", "5199999088790528875"]).await;
    let [burned] = <[Value; 1]>::try_from(events(&stage, "diem_burned").await).unwrap();
    assert_eq!((&burned["amount"], &burned["svvv_amount"]), (&json!("7"), &json!("630")), "{burned}");

    stage.block(2, &[burn(uint!(12345678901234567_U256))]).await;
    stage.equals_the_contracts().await;
    holds(&stage, ALICE, ["16888883836591030288", "187653409889294308", "5187653409889294308"]).await;
    let [burned] = <[Value; 1]>::try_from(events(&stage, "diem_burned").await).unwrap();
    assert_eq!(burned["svvv_amount"], "1111116163408969082");
    // All that is left, and with it all that is locked; the DIEM from elsewhere stays and unlocks nothing.
    stage.block(2, &[burn(uint!(187653409889294308_U256))]).await;
    stage.equals_the_contracts().await;
    holds(&stage, ALICE, ["0", "0", "5000000000000000000"]).await;
    let burned = stage.oracle.get("/v1/diem").await["burned"].take();
    assert_eq!(burned, json!({"amount": TWICE, "count": 3, "direct": "0"}));
    stage.node.stop().await.unwrap();
}
