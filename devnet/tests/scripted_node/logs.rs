use crate::{DIEM, STAKED, TRANSFER, VVV, all_logs, chain, log, logs, node, true_logs, try_logs};
use alloy_primitives::{Address, B256};
use alloy_rpc_types_eth::Log;
use devnet::scripted::ScriptedNode;
use serde_json::{Value, json};

#[tokio::test]
async fn an_open_filter_gives_every_log() {
    let node = node().await;
    assert_eq!(all_logs(&node).await, true_logs(&node));
}

async fn check(filter: Value, keep: impl Fn(&Log) -> bool) {
    let node = node().await;
    let expected: Vec<_> = true_logs(&node).into_iter().filter(keep).collect();
    assert!(!expected.is_empty());
    assert_eq!(logs(&node, filter).await, expected);
}

#[tokio::test]
async fn filters_keep_what_they_name() {
    let all = |rest: Value| {
        let mut filter = json!({ "fromBlock": "0x0", "toBlock": "latest" });
        filter.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        filter
    };
    let third = B256::with_last_byte(3);
    check(all(json!({ "address": DIEM })), |log| log.inner.address == DIEM).await;
    check(all(json!({ "address": [DIEM, Address::ZERO] })), |log| log.inner.address == DIEM).await;
    check(all(json!({ "topics": [TRANSFER] })), |log| log.inner.address == VVV).await;
    check(all(json!({ "topics": [[TRANSFER, STAKED]] })), |_| true).await;
    check(all(json!({ "topics": [null, third] })), |log| log.topics().get(1) == Some(&third)).await;
    check(all(json!({ "topics": [] })), |_| true).await;
}

#[tokio::test]
async fn ranges_include_both_ends_and_take_tags() {
    check(json!({ "fromBlock": "0x8", "toBlock": "0xa" }), |log| (8..=10).contains(&log.block_number.unwrap())).await;
    check(json!({ "fromBlock": "finalized", "toBlock": "safe" }), |log| (20..=30).contains(&log.block_number.unwrap()))
        .await;
    check(json!({ "fromBlock": "0x28", "toBlock": "0xffff" }), |log| log.block_number == Some(40)).await;
    check(json!({}), |log| log.block_number == Some(40)).await;
}

#[tokio::test]
async fn a_range_without_end_is_answered() {
    check(json!({ "fromBlock": "0x0", "toBlock": "0xffffffffffffffff" }), |_| true).await;
}

#[tokio::test]
async fn a_block_hash_names_one_block() {
    let node = node().await;
    let block = node.chain(|chain| chain.block(8).unwrap().reference());
    let found = logs(&node, json!({ "blockHash": block.hash, "address": DIEM })).await;
    assert_eq!(found.iter().map(|log| log.block_hash).collect::<Vec<_>>(), [Some(block.hash)]);
}

#[tokio::test]
async fn a_range_that_ends_before_it_begins_is_refused() {
    let error = try_logs(&node().await, json!({ "fromBlock": "0x5", "toBlock": "0x4" })).await.unwrap_err();
    assert_eq!(error, (-32602, "invalid block range params".to_owned()));
}

async fn fourth(node: &ScriptedNode) -> Vec<Log> {
    logs(node, json!({ "fromBlock": "0x4", "toBlock": "0x4" })).await
}

#[tokio::test]
async fn logs_say_where_they_are_from() {
    let node = node().await;
    let (block, logs) = (node.chain(|chain| chain.block(4).unwrap().reference()), fourth(&node).await);
    let places: Vec<_> = logs.iter().map(|log| (log.transaction_index, log.log_index)).collect();
    assert_eq!(places, [(Some(1), Some(0)), (Some(2), Some(1))]);
    assert_ne!(logs[0].transaction_hash, logs[1].transaction_hash);
    for log in logs {
        assert_eq!((log.block_number, log.block_hash), (Some(4), Some(block.hash)));
        assert_eq!((log.block_timestamp, log.removed), (Some(block.timestamp), false));
    }
}

#[test]
fn logs_of_one_transaction_stay_together_in_their_order() {
    let mut chain = chain();
    let second = log(VVV, &[TRANSFER]).in_transaction(2);
    chain.mine([second, log(DIEM, &[STAKED]), log(DIEM, &[TRANSFER])]);
    let logs = &chain.block(41).unwrap().logs;
    let places: Vec<_> = logs.iter().map(|log| (log.transaction_index.unwrap(), log.topics()[0])).collect();
    assert_eq!(places, [(1, STAKED), (1, TRANSFER), (3, TRANSFER)]);
}
