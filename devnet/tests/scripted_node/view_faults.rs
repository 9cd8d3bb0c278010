use crate::{all_logs, ask, head, header, node, true_logs, try_logs};
use devnet::scripted::{ScriptedNode, SharedChain, ViewFault};
use serde_json::{Value, json};

#[tokio::test]
async fn a_node_that_lags_does_so_in_everything() {
    let node = node().await;
    node.faults().always(ViewFault::Lag { blocks: 5 });
    let newest = node.chain(|chain| chain.head().hash);
    assert_eq!(head(&node).await, "0x23");
    assert_eq!(header(&node, json!("latest")).await.number, 35);
    assert_eq!(header(&node, json!("finalized")).await.number, 15);
    assert_eq!(ask(&node, "eth_getBlockByNumber", json!(["0x28", false])).await, Ok(Value::Null));
    assert_eq!(ask(&node, "eth_getBlockByHash", json!([newest, false])).await, Ok(Value::Null));
    assert_eq!(all_logs(&node).await.last().unwrap().block_number, Some(35));
    assert!(try_logs(&node, json!({ "blockHash": newest })).await.is_err());
    assert!(ask(&node, "eth_getCode", json!([newest, "0x28"])).await.is_err());
}

#[tokio::test]
async fn a_lag_of_some_methods_is_a_load_balancer() {
    let node = node().await;
    node.faults().always(ViewFault::Lag { blocks: 1 }).on("eth_getLogs").on("eth_call");
    assert_eq!(head(&node).await, "0x28");
    assert!(try_logs(&node, json!({ "fromBlock": "0x28", "toBlock": "0x28" })).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_lag_longer_than_the_chain_ends_at_its_first_block() {
    let node = node().await;
    node.faults().always(ViewFault::Lag { blocks: 99 });
    assert_eq!(header(&node, json!("latest")).await.number, 0);
}

#[tokio::test]
async fn answers_from_a_fork() {
    let node = node().await;
    let mut fork = node.chain(|chain| chain.fork(3));
    fork.mine_empty(2);
    let (fork, honest) = (SharedChain::from(fork), node.chain(|chain| chain.head().hash));
    node.faults().next(2, ViewFault::Fork(fork.clone()));
    assert_eq!(head(&node).await, "0x27");
    assert_eq!(header(&node, json!("latest")).await.hash, fork.with(|fork| fork.head().hash));
    assert_eq!(header(&node, json!("latest")).await.hash, honest);
}

#[tokio::test]
async fn a_chain_id_that_changes() {
    let node = node().await;
    node.faults().next(1, ViewFault::ChainId(1)).on("eth_chainId");
    assert_eq!(head(&node).await, "0x28");
    assert_eq!(ask(&node, "net_version", json!([])).await, Ok(json!("8453")));
    assert_eq!(ask(&node, "eth_chainId", json!([])).await, Ok(json!("0x1")));
    assert_eq!(ask(&node, "eth_chainId", json!([])).await, Ok(json!("0x2105")));
}

#[tokio::test]
async fn finalized_named_too_high() {
    let node = node().await;
    node.faults().always(ViewFault::FinalizedAhead { blocks: 7 });
    assert_eq!(header(&node, json!("finalized")).await.number, 27);
    assert_eq!(header(&node, json!("safe")).await.number, 37);
    node.faults().clear();
    node.faults().always(ViewFault::FinalizedAhead { blocks: 99 });
    assert_eq!(header(&node, json!("finalized")).await.number, 40);
}

#[tokio::test]
async fn nodes_of_one_chain_err_apart() {
    let honest = node().await;
    let lagging = ScriptedNode::start(honest.shared_chain()).await.unwrap();
    lagging.faults().always(ViewFault::Lag { blocks: 2 });
    honest.chain(|chain| chain.mine_empty(1));
    assert_eq!((head(&honest).await, head(&lagging).await), (json!("0x29"), json!("0x27")));
    assert_eq!(all_logs(&honest).await, true_logs(&lagging));
}
