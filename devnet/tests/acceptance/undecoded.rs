//! Events of the first logic in another layout than the inferred one: kept, counted and shown, and the follower goes on.

use abi::StakingV1;
use alloy_primitives::{Address, B256, Bytes, hex};
use alloy_sol_types::SolEvent;
use devnet::contracts::addresses::{STAKING, STAKING_V1};
use devnet::contracts::twins::StakingV2::stakeCall;
use devnet::mining::Transaction;
use devnet::rpc::Rpc;
use serde_json::json;
use sqlx::PgPool;

use crate::stage::{self, ALICE, Stage, act, set_code, tokens};

const GENESIS: u64 = 1_763_338_200;
/// Where the first logic's own code is while something stands before it.
const BEHIND: Address = Address::repeat_byte(0xbe);

/// Code that, called without data, emits an event with a single byte of data, and passes all other calls on.
fn emitter(topic0: B256) -> Bytes {
    // CALLDATASIZE, and if it is not 0 jump behind it; LOG1 of one byte of memory, STOP.
    let emit = [&hex!("36602a57 7f")[..], topic0.as_slice(), &hex!("60015fa1 00")].concat();
    assert_eq!(emit.len(), 0x2a, "the jump leads to the byte after");
    // JUMPDEST; DELEGATECALL with all data; return or revert with what came back.
    let pass_on = [&hex!("5b 365f5f37 5f5f365f 73")[..], BEHIND.as_slice(), &hex!("5af4 3d5f5f3e")].concat();
    let success = u8::try_from(emit.len() + pass_on.len() + 6).unwrap();
    [&emit[..], &pass_on, &[0x60, success, 0x57], &hex!("3d5ffd 5b 3d5ff3")].concat().into()
}

async fn put_before_the_first_logic(rpc: &Rpc, topic0: B256) {
    let logic: Bytes = rpc.call("eth_getCode", json!([STAKING_V1, "latest"])).await.unwrap();
    set_code(rpc, BEHIND, logic).await;
    set_code(rpc, STAKING_V1, emitter(topic0)).await;
}

#[sqlx::test(migrations = false)]
async fn an_event_of_the_first_logic_that_does_not_decode_is_kept(pool: PgPool) {
    let topic0 = StakingV1::Staked::SIGNATURE_HASH;
    let prepare = async |rpc: &Rpc| put_before_the_first_logic(rpc, topic0).await;
    let mut stage = Stage::prepared(&pool, GENESIS, prepare).await;
    let strange = Transaction { from: ALICE, to: STAKING, data: Bytes::new(), gas: 100_000 };
    stage.fund_vvv(&[ALICE], 1_000).await;
    stage.block(2, &[strange.clone(), strange]).await;
    let strange_block = stage.head.number;
    stage.block(2, &[act(ALICE, STAKING, &stakeCall { recipient: ALICE, amount: tokens(100) })]).await;
    stage.positions_equal().await;

    let status = stage.oracle.get("/v1/status").await;
    let expected = json!([{
        "address": STAKING.to_string(), "contract": "staking", "count": 2, "topic0": topic0.to_string(),
    }]);
    assert_eq!(status["unknown_topics"], expected, "{status}");
    let answer = stage.entitlement(ALICE).await;
    assert_eq!(answer["as_of"]["warnings"], json!(["logs kept undecoded: 2"]), "{answer}");
    assert_eq!(answer["stake"]["svvv"], tokens(100).to_string());
    let events = stage.oracle.get("/v1/events?kind=unknown").await;
    let blocks: Vec<_> =
        events["items"].as_array().unwrap().iter().map(|event| event["block_number"].clone()).collect();
    assert_eq!(blocks, [json!(strange_block), json!(strange_block)], "{events}");
    let kept: Vec<Vec<u8>> = sqlx::query_scalar("select data from log where topics = $1 and block_number = $2")
        .bind(vec![topic0.to_vec()])
        .bind(i64::try_from(strange_block).unwrap())
        .fetch_all(&pool)
        .await
        .unwrap();
    assert_eq!(kept, [[0], [0]], "as they came");

    // On it goes, through the upgrade.
    stage::upgrade(&stage.rpc).await;
    stage.head = devnet::mining::head(&stage.rpc).await.unwrap();
    stage.positions_equal().await;
    stage.node.stop().await.unwrap();
}
