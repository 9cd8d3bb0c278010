use crate::{head, node, post, request};
use devnet::scripted::TransportFault;
use serde_json::json;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;

async fn refuses_within_a_second(url: &str) -> bool {
    let (address, start) = (url.trim_start_matches("http://"), Instant::now());
    while TcpStream::connect(address).await.is_ok() {
        if start.elapsed() > Duration::from_secs(1) {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    true
}

#[tokio::test]
async fn a_dropped_node_is_gone() {
    let node = node().await;
    let url = node.url.clone();
    head(&node).await;
    drop(node);
    assert!(refuses_within_a_second(&url).await);
}

#[tokio::test]
async fn a_shut_down_node_is_gone_at_once() {
    let node = node().await;
    let url = node.url.clone();
    node.shutdown().await;
    assert!(TcpStream::connect(url.trim_start_matches("http://")).await.is_err());
}

#[tokio::test]
async fn a_request_that_hangs_ends_with_the_node() {
    let node = node().await;
    node.faults().always(TransportFault::Hang);
    let client = reqwest::Client::new();
    let pending = client.post(&node.url).json(&request("eth_blockNumber", &json!([]))).send();
    let pending = tokio::spawn(pending);
    while node.http_requests() == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    tokio::time::timeout(Duration::from_secs(1), node.shutdown()).await.unwrap();
    assert_eq!(pending.await.unwrap().unwrap().status(), 503);
}

#[tokio::test]
async fn the_chain_moves_while_it_is_served() {
    let node = node().await;
    node.chain(|chain| chain.mine_empty(1));
    assert_eq!(head(&node).await, "0x29");
    node.chain(|chain| chain.reorg(2));
    assert_eq!(head(&node).await, "0x27");
    assert!(post(&node, &json!({})).await.unwrap().status().is_success());
}
