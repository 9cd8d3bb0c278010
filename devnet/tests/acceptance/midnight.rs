//! The first second of a day on real blocks: which block opens an epoch, and what counts in it.

use devnet::contracts::addresses::DIEM;
use devnet::contracts::twins::DIEM as Diem;
use devnet::mining::{self, Transaction};
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::stage::{ALICE, Stage, act, tokens};

/// 2025-11-18, 00:00:00 UTC.
const FIRST_MIDNIGHT: u64 = 1_763_424_000;
const DAY_SECONDS: u64 = 86_400;

fn stake(amount: u64) -> [Transaction; 1] {
    [act(ALICE, DIEM, &Diem::stakeCall { amount: tokens(amount) })]
}

fn initiate(amount: u64) -> [Transaction; 1] {
    [act(ALICE, DIEM, &Diem::initiateUnstakeCall { amount: tokens(amount) })]
}

fn whole(amount: u64) -> Value {
    json!(tokens(amount).to_string())
}

/// The epoch opens after this block, with so much staked; in it, at the head, so much is staked.
async fn opens(stage: &Stage, day: &str, opening_block: u64, epoch_open: u64, staked: u64) {
    stage.equals_the_contracts().await;
    let answer = stage.entitlement(ALICE).await;
    let epoch = ["id", "opening_block"].map(|name| answer["epoch"][name].clone());
    assert_eq!(epoch, [json!(day), json!(opening_block)], "{answer}");
    let diem = ["epoch_open", "staked", "next_epoch"].map(|name| answer["diem"][name].clone());
    assert_eq!(diem, [whole(epoch_open), whole(staked), whole(staked)], "{answer}");

    let at_opening = stage.oracle.get(&format!("/v1/entitlements/{ALICE}?epoch={day}")).await;
    assert_eq!(at_opening["as_of"]["block_number"], opening_block, "{at_opening}");
    assert_eq!(at_opening["diem"]["staked"], whole(epoch_open), "{at_opening}");
    let epoch = stage.oracle.get(&format!("/v1/epochs/{day}")).await;
    assert_eq!((&epoch["opening_block"], &epoch["complete"]), (&json!(opening_block), &json!(false)), "{epoch}");
    assert_eq!((&epoch["opening"]["diem_staked"], &epoch["closing"]), (&whole(epoch_open), &Value::Null), "{epoch}");
    let listed = stage.oracle.get("/v1/epochs").await;
    let [newest, before] = [0, 1].map(|index| listed["items"][index].clone());
    assert_eq!((&newest["id"], &newest["opening_block"]), (&json!(day), &json!(opening_block)), "{listed}");
    assert_eq!((&before["closing_block"], &before["complete"]), (&json!(opening_block), &json!(true)), "{listed}");
    assert_eq!(before["closing"], newest["opening"], "{listed}");
}

#[sqlx::test(migrations = false)]
async fn an_epoch_opens_with_the_last_block_before_midnight(pool: PgPool) {
    let mut stage = Stage::new(&pool, FIRST_MIDNIGHT - 3_600).await;
    stage.fund(&[ALICE], 0, 100).await;

    // Midnight lies between two blocks.
    stage.block_at(FIRST_MIDNIGHT - 10, &stake(1)).await;
    let opening = stage.head.number;
    stage.block_at(FIRST_MIDNIGHT + 4, &stake(2)).await;
    let grown = stage.head.number;
    opens(&stage, "2025-11-18", opening, 1, 3).await;

    // A block at midnight belongs to the day that begins.
    let midnight = FIRST_MIDNIGHT + DAY_SECONDS;
    stage.block_at(midnight - 2, &stake(4)).await;
    let opening = stage.head.number;
    stage.block_at(midnight, &initiate(5)).await;
    let shrunk = stage.head.number;
    opens(&stage, "2025-11-19", opening, 7, 2).await;

    // The opening block is replaced by a later one that opens with more.
    let midnight = midnight + DAY_SECONDS;
    stage.block_at(midnight - 10, &stake(10)).await;
    let opening = stage.head.number;
    stage.block_at(midnight + 2, &stake(1)).await;
    opens(&stage, "2025-11-20", opening, 12, 13).await;
    stage.rpc.call::<Value>("anvil_rollback", [2]).await.unwrap();
    stage.head = mining::head(&stage.rpc).await.unwrap();
    stage.block_at(midnight - 8, &[]).await;
    stage.block_at(midnight - 6, &stake(20)).await;
    let opening = stage.head.number;
    stage.block_at(midnight + 1, &initiate(3)).await;
    opens(&stage, "2025-11-20", opening, 22, 19).await;

    // The chain stands still for an hour around midnight.
    let midnight = midnight + DAY_SECONDS;
    stage.block_at(midnight - 1_200, &stake(1)).await;
    let opening = stage.head.number;
    stage.block_at(midnight + 2_400, &initiate(1)).await;
    opens(&stage, "2025-11-21", opening, 20, 19).await;

    // What counts within a day, for the whole history, by whichever policy.
    for (policy, grown_counts, shrunk_counts) in [("live", 3, 2), ("epoch_open", 1, 7), ("min_of_both", 1, 2)] {
        stage.oracle.change_policy(policy).await;
        for (block, counts, staked) in [(grown, grown_counts, 3), (shrunk, shrunk_counts, 2)] {
            let answer = stage.oracle.get(&format!("/v1/entitlements/{ALICE}?block={block}")).await;
            let allocation = ["allocation_usd", "next_allocation_usd"].map(|name| answer["entitlement"][name].clone());
            let usd = |amount: u64| json!(format!("{amount}.000000000000000000"));
            assert_eq!(allocation, [usd(counts), usd(staked)], "{policy} at block {block}: {answer}");
        }
    }
    assert_eq!(stage.oracle.get("/v1/status").await["reorgs"]["count"], 1);
    stage.node.stop().await.unwrap();
}

/// A day without any block opens and closes with the last one before it.
#[sqlx::test(migrations = false)]
async fn a_day_without_blocks_is_an_epoch_all_the_same(pool: PgPool) {
    let mut stage = Stage::new(&pool, FIRST_MIDNIGHT - 3_600).await;
    stage.fund(&[ALICE], 0, 100).await;
    stage.block_at(FIRST_MIDNIGHT - 10, &stake(6)).await;
    let last = stage.head.number;
    stage.block_at(FIRST_MIDNIGHT + 2 * DAY_SECONDS + 7, &initiate(2)).await;
    opens(&stage, "2025-11-20", last, 6, 4).await;
    for day in ["2025-11-18", "2025-11-19"] {
        let epoch = stage.oracle.get(&format!("/v1/epochs/{day}")).await;
        let blocks = ["opening_block", "closing_block", "complete"].map(|name| epoch[name].clone());
        assert_eq!(blocks, [json!(last), json!(last), json!(true)], "{epoch}");
        let at_opening = stage.oracle.get(&format!("/v1/entitlements/{ALICE}?epoch={day}")).await;
        assert_eq!(at_opening["as_of"]["block_number"], last, "{at_opening}");
    }
    stage.node.stop().await.unwrap();
}
