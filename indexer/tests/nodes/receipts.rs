//! Logs proven by receipts.

use std::time::Duration;

use alloy_primitives::{B256, U256, hex, keccak256};
use alloy_rlp::{Encodable, encode_list};
use devnet::anvil::AnvilConfig;
use devnet::scripted::{HeaderFault, LogFault, Refusal};
use indexer::chain::nodes::{Nodes, NodesConfig};
use indexer::chain::{Chain, ChainError, Grade, Header, LogQuery, receipts, rpc::RpcChain};
use serde_json::{Value, json};

use crate::support::{World, query};

async fn proving(count: usize) -> World {
    World::with(count, |config| NodesConfig { verify_receipts: true, ..config }).await
}

#[tokio::test]
async fn receipts_give_the_same_logs_as_the_node_and_prove_them() {
    let world = proving(1).await;
    let header = world.header(30);
    let proven = world.pool.logs_of_block(&header, &query()).await.unwrap();
    assert_eq!(proven.grade, Grade::Receipts);
    let chain = RpcChain::new(world.nodes[0].url.parse().unwrap()).unwrap();
    assert_eq!(proven.logs, chain.logs_of_block(&header, &query()).await.unwrap().logs);
    assert_eq!(world.pool.grade_sought(), Grade::Receipts);
}

#[tokio::test]
async fn a_receipt_that_was_tampered_with_proves_nothing() {
    let world = proving(1).await;
    let header = world.header(30);
    let chain = RpcChain::new(world.nodes[0].url.parse().unwrap()).unwrap();
    let whole = chain.receipts(header.hash).await.unwrap().unwrap();
    assert_eq!(receipts::logs(&header, &whole, &query()).unwrap().len(), 2);
    let (mut fewer, mut dropped, mut nonce, mut twice) = (whole.clone(), whole.clone(), whole.clone(), whole.clone());
    fewer.pop();
    dropped[1].inner.inner.inner.receipt.logs.clear();
    nonce[0].other.insert("depositNonce".into(), "0x1".into());
    twice[2].transaction_hash = twice[1].transaction_hash;
    for receipts in [fewer, dropped, nonce, twice] {
        let error = receipts::logs(&header, &receipts, &query()).unwrap_err();
        assert!(matches!(&error, ChainError::Contradiction(message) if message.contains("block 30")), "{error}");
    }
}

#[tokio::test]
async fn where_no_node_gives_receipts_nothing_is_taken_on_trust() {
    let world = proving(2).await;
    let header = world.header(30);
    let refused = Refusal::Error { code: -32601, message: "the method does not exist".into() };
    world.nodes[0].faults().always(refused.clone()).on("eth_getBlockReceipts");
    world.nodes[0].faults().always(LogFault::Empty);
    assert_eq!(world.pool.logs_of_block(&header, &query()).await.unwrap().logs.len(), 2, "the other gives them");
    assert_eq!(world.health(0).excluded, None, "it is good for other things");
    world.nodes[1].faults().always(refused).on("eth_getBlockReceipts");
    let error = world.pool.logs_of_block(&header, &query()).await.unwrap_err();
    assert!(matches!(error, ChainError::Refused(_)), "{error}");
    assert_eq!([world.asked(0, "eth_getLogs"), world.asked(1, "eth_getLogs")], [0, 0]);
}

#[tokio::test]
async fn a_false_bloom_does_not_get_by() {
    let world = proving(1).await;
    world.nodes[0].faults().always(HeaderFault::FalseBloom { resealed: false });
    assert!(matches!(world.pool.header(30).await, Err(ChainError::Contradiction(_))));
}

/// Before the receipt's version came, the root did not commit to the nonce, which nodes tell all the same.
#[tokio::test]
async fn an_older_deposit_is_committed_to_without_its_nonce() {
    let world = proving(1).await;
    world.nodes[0].chain(|chain| chain.mine_empty(1));
    let chain = RpcChain::new(world.nodes[0].url.parse().unwrap()).unwrap();
    let header = world.header(31);
    let mut whole = chain.receipts(header.hash).await.unwrap().unwrap();
    assert_eq!(whole.len(), 1, "the deposit alone");
    assert!(receipts::logs(&header, &whole, &query()).unwrap().is_empty());
    whole[0].other.remove("depositReceiptVersion");
    assert!(receipts::logs(&header, &whole, &query()).is_err());
    let envelope = &whole[0].inner.inner;
    let (gas, logs) = (envelope.cumulative_gas_used(), Vec::<alloy_primitives::Log>::new());
    let mut encoded = vec![0x7e];
    encode_list::<_, dyn Encodable>(&[&true as &dyn Encodable, &gas, &envelope.bloom(), &logs], &mut encoded);
    let older = Header { receipts_root: root_of_one(&encoded), ..header };
    assert!(receipts::logs(&older, &whole, &query()).unwrap().is_empty());
}

/// The root of a trie of one item: a leaf with the whole key, RLP(0) = 0x80, behind an even leaf's prefix.
fn root_of_one(item: &[u8]) -> B256 {
    let mut leaf = Vec::new();
    encode_list::<_, dyn Encodable>(&[&hex!("2080").as_slice() as &dyn Encodable, &item], &mut leaf);
    keccak256(leaf)
}

/// A contract that emits a log with its call's first word as topic: `LOG1(0, 0, calldataload(0))`.
const EMITTER: &str = "0x6008600c60003960086000f360003560006000a1";

#[tokio::test]
async fn a_real_nodes_receipts_prove_its_logs() {
    let anvil = AnvilConfig::new().start().await.unwrap();
    let rpc = anvil.rpc();
    let accounts: Vec<String> = rpc.call("eth_accounts", [(); 0]).await.unwrap();
    let send = async |transaction: Value| -> Value {
        let hash: String = rpc.call("eth_sendTransaction", [transaction]).await.unwrap();
        // It is mined behind the answer.
        loop {
            match rpc.call("eth_getTransactionReceipt", [&hash]).await.unwrap() {
                Value::Null => tokio::time::sleep(Duration::from_millis(10)).await,
                receipt => return receipt,
            }
        }
    };
    let made = send(json!({ "from": accounts[0], "data": EMITTER })).await;
    let contract = made["contractAddress"].as_str().unwrap();
    let topic = B256::from(U256::from(7));
    let emitted = send(json!({ "from": accounts[0], "to": contract, "data": topic })).await;
    let deposit = json!({ "type": "0x7e", "from": accounts[1], "to": contract, "data": topic, "mint": "0x0",
        "sourceHash": B256::repeat_byte(9), "isSystemTx": false, "gas": "0x186a0" });
    let deposited = send(deposit).await;
    let config = NodesConfig { verify_receipts: true, ..NodesConfig::new(vec![anvil.url().parse().unwrap()]) };
    let pool = Nodes::new(config).unwrap();
    let query = LogQuery { addresses: vec![contract.parse().unwrap()], topics: Vec::new(), topic1: None };
    for receipt in [emitted, deposited] {
        let number = u64::from_str_radix(&receipt["blockNumber"].as_str().unwrap()[2..], 16).unwrap();
        let header = pool.header(number).await.unwrap().unwrap();
        let proven = pool.logs_of_block(&header, &query).await.unwrap();
        assert_eq!((proven.grade, proven.logs.len()), (Grade::Receipts, 1), "{receipt}");
        assert_eq!(proven.logs[0].topics, [topic]);
    }
}
