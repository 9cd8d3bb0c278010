use crate::{VVV, ask, chain, head, header, log, node, try_logs};
use alloy_consensus::{ReceiptEnvelope, proofs::ordered_trie_root_encoded};
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{B256, Bloom};
use alloy_rlp::{Encodable, encode_list};
use alloy_rpc_types_eth::{Block, Transaction, TransactionReceipt};
use devnet::scripted::{ChainOptions, Finality, ScriptedChain, ScriptedLog, ScriptedNode, ViewFault};
use serde_json::{Value, json};

#[tokio::test]
async fn headers_hash_to_their_names_and_link_to_their_parents() {
    let node = node().await;
    let mut parent = B256::ZERO;
    for number in 0..=40 {
        let header = header(&node, json!(format!("{number:#x}"))).await;
        assert_eq!(header.inner.hash_slow(), header.hash);
        assert_eq!(header.inner.parent_hash, parent);
        assert_eq!(header.inner.timestamp, 1_686_789_347 + 2 * number);
        parent = header.hash;
    }
}

#[tokio::test]
async fn headers_carry_what_those_of_base_carry() {
    let header = header(&node().await, json!("latest")).await.inner;
    assert!(header.base_fee_per_gas.is_some() && header.withdrawals_root.is_some() && header.requests_hash.is_some());
    assert!(header.blob_gas_used.is_some() && header.excess_blob_gas.is_some());
    assert!(header.parent_beacon_block_root.is_some());
}

fn bits(bloom: Bloom) -> u32 {
    bloom.iter().map(|byte| byte.count_ones()).sum()
}

#[test]
fn blooms_hold_their_logs_and_are_as_full_as_those_of_base() {
    for block in chain().blocks() {
        assert!(block.logs.iter().all(|log| block.header.logs_bloom.contains_log(&log.inner)));
        assert!((1_946..1_980).contains(&bits(block.header.logs_bloom)));
    }
}

#[test]
fn blooms_without_noise_hold_nothing_else() {
    let mut chain = ScriptedChain::new(ChainOptions { bloom_noise_bits: 0, ..ChainOptions::default() });
    chain.mine([log(VVV, &[])]);
    let blooms: Vec<_> = chain.blocks().map(|block| bits(block.header.logs_bloom)).collect();
    assert_eq!(blooms[0], 0);
    assert!((1..=3).contains(&blooms[1]));
}

#[tokio::test]
async fn a_full_block_opens_with_a_deposit_that_strict_clients_cannot_read() {
    let node = node().await;
    let block = ask(&node, "eth_getBlockByNumber", json!(["0x4", true])).await.unwrap();
    assert_eq!(block["transactions"][0]["type"], "0x7e");
    assert!(serde_json::from_value::<Block>(block.clone()).is_err());
    let others: Vec<Transaction> =
        serde_json::from_value(block["transactions"].as_array().unwrap()[1..].into()).unwrap();
    let logs = try_logs(&node, json!({ "fromBlock": "0x4", "toBlock": "0x4" })).await.unwrap();
    let hashes: Vec<_> = others.iter().map(|transaction| Some(transaction.inner.trie_hash())).collect();
    assert_eq!(hashes, logs.iter().map(|log| log.transaction_hash).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_block_without_transactions_in_full_names_them() {
    let node = node().await;
    let block = ask(&node, "eth_getBlockByNumber", json!(["0x4", false])).await.unwrap();
    let full = ask(&node, "eth_getBlockByHash", json!([block["hash"], true])).await.unwrap();
    let hashes: Vec<_> =
        full["transactions"].as_array().unwrap().iter().map(|transaction| &transaction["hash"]).collect();
    assert_eq!(json!(hashes), block["transactions"]);
}

/// A deposit's receipt as consensus encodes it.
fn encoded_deposit(receipt: &Value, bloom: Bloom) -> Vec<u8> {
    let number = |name: &str| u64::from_str_radix(&receipt[name].as_str().unwrap()[2..], 16).unwrap();
    let (gas, nonce, version) = (number("cumulativeGasUsed"), number("depositNonce"), number("depositReceiptVersion"));
    let none: Vec<alloy_primitives::Log> = Vec::new();
    let fields: [&dyn Encodable; 6] = [&true, &gas, &bloom, &none, &nonce, &version];
    let mut encoded = vec![0x7e];
    encode_list::<_, dyn Encodable>(&fields, &mut encoded);
    encoded
}

#[tokio::test]
async fn receipts_make_the_receipts_root() {
    let node = node().await;
    let receipts = ask(&node, "eth_getBlockReceipts", json!(["0x4"])).await.unwrap();
    let calls: Vec<TransactionReceipt<ReceiptEnvelope<alloy_rpc_types_eth::Log>>> =
        serde_json::from_value(receipts.as_array().unwrap()[1..].into()).unwrap();
    assert_eq!(calls.iter().map(|receipt| receipt.inner.logs().len()).collect::<Vec<_>>(), [1, 1]);
    let calls = calls.into_iter().map(|receipt| receipt.inner.map_logs(|log| log.inner).encoded_2718());
    let encoded: Vec<_> = std::iter::once(encoded_deposit(&receipts[0], Bloom::ZERO)).chain(calls).collect();
    assert_eq!(ordered_trie_root_encoded(&encoded), header(&node, json!("0x4")).await.inner.receipts_root);
}

#[test]
fn the_same_seed_gives_the_same_chain() {
    assert_eq!(chain().head(), chain().head());
    let mut other = ScriptedChain::new(ChainOptions { seed: 8, ..ChainOptions::default() });
    assert_ne!(other.mine_empty(40).hash, chain().head().hash);
}

#[test]
fn the_same_content_after_a_reorg_has_other_blocks_and_the_same_transactions() {
    let mut chain = chain();
    let before = chain.block(40).unwrap().logs.clone();
    let ancestor = chain.reorg(1);
    let logs = (0..).zip(&before).map(|(index, log)| ScriptedLog::from(log.inner.clone()).in_transaction(index));
    let head = chain.mine(logs);
    let after = &chain.block(40).unwrap().logs;
    assert_eq!((ancestor.number, head.number, head.parent_hash), (39, 40, ancestor.hash));
    for (after, before) in after.iter().zip(&before) {
        assert_ne!(after.block_hash, before.block_hash);
        assert_eq!(after.transaction_hash, before.transaction_hash);
    }
}

#[test]
fn a_reorg_stops_at_the_first_block() {
    let mut chain = ScriptedChain::new(ChainOptions { genesis_number: 25_500_000, ..ChainOptions::default() });
    let genesis = chain.head();
    chain.mine_empty(3);
    assert_eq!(chain.reorg(99), genesis);
    assert!(chain.block(25_499_999).is_none());
}

#[tokio::test]
async fn blocks_a_reorg_dropped_are_unknown_unless_the_node_keeps_them() {
    let node = node().await;
    let dropped = node.chain(|chain| chain.head().hash);
    node.chain(|chain| chain.reorg(2));
    node.chain(|chain| chain.mine_empty(3));
    assert_eq!(head(&node).await, json!("0x29"));
    let block = json!([dropped, false]);
    assert_eq!(ask(&node, "eth_getBlockByHash", block.clone()).await, Ok(Value::Null));
    let error = try_logs(&node, json!({ "blockHash": dropped })).await.unwrap_err();
    assert_eq!(error, (-32000, "unknown block".to_owned()));
    node.faults().always(ViewFault::KeepsOrphans);
    assert_eq!(ask(&node, "eth_getBlockByHash", block).await.unwrap()["hash"], json!(dropped));
    assert_eq!(try_logs(&node, json!({ "blockHash": dropped })).await.unwrap().len(), 2);
}

#[test]
fn a_fork_shares_all_but_its_own_blocks() {
    let mut chain = chain();
    let mut fork = chain.fork(5);
    fork.mine_empty(5);
    assert_eq!(fork.block(35).unwrap().hash, chain.block(35).unwrap().hash);
    chain.reorg(5);
    chain.mine_empty(5);
    assert_ne!(fork.block(36).unwrap().hash, chain.block(36).unwrap().hash);
}

async fn tags(node: &ScriptedNode) -> (u64, u64) {
    (header(node, json!("safe")).await.number, header(node, json!("finalized")).await.number)
}

#[tokio::test]
async fn finality_follows_the_head_or_stalls() {
    let node = node().await;
    assert_eq!(tags(&node).await, (30, 20));
    node.chain(|chain| chain.set_finality(Finality::Stalled { safe: 25, finalized: 5 }));
    node.chain(|chain| chain.mine_empty(10));
    assert_eq!(tags(&node).await, (25, 5));
    assert_eq!(header(&node, json!("latest")).await.number, 50);
    assert_eq!(header(&node, json!("earliest")).await.number, 0);
}

#[tokio::test]
async fn a_node_without_tags_says_so() {
    let node = node().await;
    node.chain(|chain| chain.set_finality(Finality::Unknown));
    let finalized = ask(&node, "eth_getBlockByNumber", json!(["finalized", false])).await;
    assert_eq!(finalized, Err((-32000, "finalized block not found".to_owned())));
}

#[tokio::test]
async fn a_block_above_the_head_is_null() {
    assert_eq!(ask(&node().await, "eth_getBlockByNumber", json!(["0x29", false])).await, Ok(Value::Null));
}
