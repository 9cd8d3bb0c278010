use crate::{DIEM, all_logs, logs, node, true_logs};
use alloy_rpc_types_eth::Log;
use devnet::scripted::{LogFault, ScriptedNode};
use serde_json::json;

/// The chain's logs, and what a node with `fault` makes of them.
async fn true_and_false(fault: LogFault) -> (Vec<Log>, Vec<Log>) {
    let node = node().await;
    node.faults().next(1, fault);
    let lie = all_logs(&node).await;
    let honest = all_logs(&node).await;
    assert_eq!(honest, true_logs(&node));
    assert_ne!(lie, honest);
    (honest, lie)
}

/// The logs of `lie` that are none of `honest`.
fn strangers<'a>(honest: &[Log], lie: &'a [Log]) -> Vec<&'a Log> {
    lie.iter().filter(|log| !honest.contains(log)).collect()
}

#[tokio::test]
async fn logs_that_are_kept_back() {
    let (_, lie) = true_and_false(LogFault::Empty).await;
    assert!(lie.is_empty());
    let (honest, lie) = true_and_false(LogFault::DropOne).await;
    assert_eq!((lie.len(), strangers(&honest, &lie).len()), (honest.len() - 1, 0));
    let (honest, lie) = true_and_false(LogFault::Cut).await;
    assert!(lie.len() < honest.len() && honest.starts_with(&lie));
}

#[tokio::test]
async fn a_log_that_comes_twice() {
    let (honest, mut lie) = true_and_false(LogFault::DuplicateOne).await;
    assert_eq!(lie.len(), honest.len() + 1);
    lie.dedup();
    assert_eq!(lie, honest);
}

#[tokio::test]
async fn logs_in_another_order() {
    let (honest, mut lie) = true_and_false(LogFault::Shuffle).await;
    lie.sort_by_key(|log| (log.block_number, log.log_index));
    assert_eq!(lie, honest);
}

#[tokio::test]
async fn logs_not_asked_for() {
    let (honest, lie) = true_and_false(LogFault::OutOfRange).await;
    assert_eq!(strangers(&honest, &lie)[0].block_number, Some(41));
    let (honest, lie) = true_and_false(LogFault::OtherAddress).await;
    assert!(honest.iter().all(|log| log.inner.address != strangers(&honest, &lie)[0].inner.address));
}

#[tokio::test]
async fn strangers_come_even_where_there_is_no_log() {
    let node = node().await;
    node.faults().always(LogFault::OutOfRange);
    node.faults().always(LogFault::OtherAddress);
    assert_eq!(logs(&node, json!({ "fromBlock": "0x1", "toBlock": "0x2", "address": DIEM })).await.len(), 2);
}

#[tokio::test]
async fn a_log_of_another_fork() {
    let (honest, lie) = true_and_false(LogFault::FalseBlockHash).await;
    assert_eq!((lie.len(), strangers(&honest, &lie).len()), (honest.len(), 1));
}

#[tokio::test]
async fn logs_without_timestamps() {
    let (_, lie) = true_and_false(LogFault::NoTimestamp).await;
    assert!(lie.iter().all(|log| log.block_timestamp.is_none()));
}

/// Which of the chain's first 40 blocks a node with `seed` leaves without logs, asked in this order.
async fn emptied(seed: u64, order: impl Iterator<Item = u64>) -> Vec<u64> {
    let node = node().await;
    node.faults().reseed(seed);
    node.faults().chance(0.5, LogFault::Empty);
    let mut emptied = Vec::new();
    for number in order {
        let block = format!("{number:#x}");
        if logs(&node, json!({ "fromBlock": block, "toBlock": block })).await.is_empty() {
            emptied.push(number);
        }
    }
    emptied.sort_unstable();
    emptied
}

#[tokio::test]
async fn chance_depends_on_the_seed_and_the_request_but_not_on_the_order() {
    let forwards = emptied(1, 1..=40).await;
    assert!((5..35).contains(&forwards.len()));
    assert_eq!(forwards, emptied(1, (1..=40).rev()).await);
    assert_ne!(forwards, emptied(2, 1..=40).await);
}

async fn attempts_until_whole(node: &ScriptedNode) -> usize {
    let mut attempts = 1;
    while all_logs(node).await.is_empty() {
        attempts += 1;
    }
    attempts
}

#[tokio::test]
async fn a_repeated_request_is_drawn_anew() {
    let node = node().await;
    node.faults().chance(0.9, LogFault::Empty);
    assert!(attempts_until_whole(&node).await > 1);
}
