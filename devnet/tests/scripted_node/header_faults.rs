use crate::{ask, header, node};
use alloy_primitives::Bloom;
use alloy_rpc_types_eth::Header;
use devnet::scripted::HeaderFault;
use serde_json::{Value, json};

/// Block 8 as it is, and as a node with `fault` gives it.
async fn true_and_false(fault: HeaderFault) -> (Header, Header) {
    let node = node().await;
    let honest = header(&node, json!("0x8")).await;
    node.faults().next(1, fault);
    let lie = header(&node, json!("0x8")).await;
    assert_eq!(header(&node, json!("0x8")).await, honest);
    (honest, lie)
}

fn hashes_to_its_name(header: &Header) -> bool {
    header.inner.hash_slow() == header.hash
}

#[tokio::test]
async fn a_false_parent() {
    let (honest, lie) = true_and_false(HeaderFault::FalseParent { resealed: false }).await;
    assert_ne!(lie.inner.parent_hash, honest.inner.parent_hash);
    assert!(lie.hash == honest.hash && !hashes_to_its_name(&lie));
}

#[tokio::test]
async fn a_resealed_false_parent_is_a_block_of_its_own() {
    let (honest, lie) = true_and_false(HeaderFault::FalseParent { resealed: true }).await;
    assert_ne!(lie.inner.parent_hash, honest.inner.parent_hash);
    assert!(lie.hash != honest.hash && hashes_to_its_name(&lie));
}

#[tokio::test]
async fn a_false_bloom_denies_every_log() {
    let (_, lie) = true_and_false(HeaderFault::FalseBloom { resealed: false }).await;
    assert!(lie.inner.logs_bloom == Bloom::ZERO && !hashes_to_its_name(&lie));
    let (_, lie) = true_and_false(HeaderFault::FalseBloom { resealed: true }).await;
    assert!(lie.inner.logs_bloom == Bloom::ZERO && hashes_to_its_name(&lie));
}

#[tokio::test]
async fn a_false_timestamp() {
    let (honest, lie) = true_and_false(HeaderFault::FalseTimestamp { resealed: true }).await;
    assert_eq!(lie.inner.timestamp, honest.inner.timestamp + 3_600);
    assert!(hashes_to_its_name(&lie));
}

#[tokio::test]
async fn a_wrong_hash() {
    let (honest, lie) = true_and_false(HeaderFault::WrongHash).await;
    assert_eq!(lie.inner, honest.inner);
    assert_ne!(lie.hash, honest.hash);
}

#[tokio::test]
async fn a_missing_block() {
    let node = node().await;
    node.faults().next(1, HeaderFault::Missing);
    assert_eq!(ask(&node, "eth_getBlockByNumber", json!(["0x8", false])).await, Ok(Value::Null));
}
