//! Logs proven by receipts.

use devnet::scripted::{HeaderFault, LogFault, Refusal};
use indexer::chain::nodes::NodesConfig;
use indexer::chain::{Chain, ChainError, Grade, receipts, rpc::RpcChain};

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
