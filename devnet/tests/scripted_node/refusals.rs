use crate::{DIEM, all_logs, ask, head, node, post, request, try_logs};
use devnet::scripted::{ArchiveWording, RangeWording, Refusal, ResultWording};
use serde_json::{Value, json};

/// What a node that serves ten blocks at most says to blocks 5 to 30.
async fn range_error(wording: RangeWording) -> (i64, String) {
    let node = node().await;
    node.faults().always(Refusal::Range { blocks_max: 10, wording });
    assert_eq!(try_logs(&node, json!({ "fromBlock": "0x5", "toBlock": "0xe" })).await.unwrap().len(), 12);
    try_logs(&node, json!({ "fromBlock": "0x5", "toBlock": "0x1e" })).await.unwrap_err()
}

#[tokio::test]
async fn a_range_too_wide_is_refused_in_each_providers_words() {
    let alchemy = "You can make eth_getLogs requests with up to a 10 block range. Based on your parameters, this block \
                   range should work: [0x5, 0xe]";
    for (wording, code, message) in [
        (RangeWording::Alchemy, -32600, alchemy),
        (RangeWording::Infura, -32602, "range 26 exceeds limit of 10"),
        (RangeWording::QuickNode, -32614, "eth_getLogs is limited to a 10 range"),
        (RangeWording::Reth, -32602, "query exceeds max block range 10"),
        (RangeWording::Ankr, -32062, "Block range is too large"),
        (RangeWording::Drpc, 35, "ranges over 10 blocks are not supported on freetier"),
    ] {
        assert_eq!(range_error(wording).await, (code, message.to_owned()));
    }
}

#[tokio::test]
async fn a_range_too_wide_is_status_413_on_quicknode() {
    let node = node().await;
    node.faults().always(Refusal::Range { blocks_max: 10, wording: RangeWording::QuickNode });
    let body = request("eth_getLogs", &json!([{ "fromBlock": "earliest" }]));
    assert_eq!(post(&node, &body).await.unwrap().status(), 413);
}

/// What a node that gives six logs at most says to blocks 4 to 30.
async fn result_error(wording: ResultWording) -> (i64, String) {
    let node = node().await;
    node.faults().always(Refusal::Results { logs_max: 6, wording });
    assert_eq!(try_logs(&node, json!({ "fromBlock": "0x4", "toBlock": "0x7" })).await.unwrap().len(), 5);
    try_logs(&node, json!({ "fromBlock": "0x4", "toBlock": "0x1e" })).await.unwrap_err()
}

#[tokio::test]
async fn too_many_logs_are_refused_in_each_providers_words() {
    let alchemy = "this block range should work: [0x4, 0x7]";
    for (wording, code, end) in [
        (ResultWording::Alchemy, -32602, alchemy),
        (ResultWording::Infura, -32005, "more than 6 results. Try with this block range [0x4, 0x7]."),
        (ResultWording::Parity, -32005, "query returned more than 6 results"),
        (ResultWording::Reth, -32602, "query exceeds max results 6, retry with the range 4-7"),
        (ResultWording::RethSameRange, -32602, "query exceeds max results 6, retry with the range 4-30"),
        (ResultWording::Proxyd, -32020, "backend response too large"),
    ] {
        let error = result_error(wording).await;
        assert!(error.0 == code && error.1.ends_with(end), "{error:?}");
    }
}

#[tokio::test]
async fn a_single_block_is_answered_whatever_it_holds() {
    let node = node().await;
    node.faults().always(Refusal::Results { logs_max: 1, wording: ResultWording::Reth });
    assert_eq!(try_logs(&node, json!({ "fromBlock": "0x4", "toBlock": "0x4" })).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_range_past_the_head_is_refused() {
    let node = node().await;
    node.faults().always(Refusal::PastHead);
    let error = try_logs(&node, json!({ "fromBlock": "0x20", "toBlock": "0x29" })).await.unwrap_err();
    assert_eq!(error, (-32602, "block range extends beyond current head block".to_owned()));
    assert!(!all_logs(&node).await.is_empty());
}

#[tokio::test]
async fn old_state_is_gone_without_an_archive() {
    for (wording, code, message) in [
        (ArchiveWording::MissingTrieNode, -32000, "missing trie node"),
        (ArchiveWording::HeaderNotFound, -32000, "header not found"),
        (ArchiveWording::Pruned, 4444, "pruned history unavailable"),
    ] {
        let node = node().await;
        node.faults().always(Refusal::NoArchive { blocks_kept: 8, wording });
        for method in ["eth_call", "eth_getCode"] {
            let target = if method == "eth_call" { json!({ "to": DIEM }) } else { json!(DIEM) };
            assert!(ask(&node, method, json!([target, "0x20"])).await.is_ok());
            let error = ask(&node, method, json!([target, "0x1f"])).await.unwrap_err();
            assert!(error.0 == code && error.1.starts_with(message), "{error:?}");
        }
    }
}

#[tokio::test]
async fn any_error_on_any_method() {
    let node = node().await;
    let message = "query timeout exceeded".to_owned();
    node.faults().next(1, Refusal::Error { code: -32000, message: message.clone() }).on("eth_getLogs");
    assert_eq!(head(&node).await, "0x28");
    assert_eq!(try_logs(&node, json!({})).await, Err((-32000, message)));
    assert!(try_logs(&node, json!({})).await.is_ok());
}

#[tokio::test]
async fn a_method_can_be_missing() {
    let node = node().await;
    node.faults().always(Refusal::Error { code: -32601, message: "gone".into() }).on("eth_getBlockReceipts");
    assert_eq!(ask(&node, "eth_getBlockReceipts", json!(["latest"])).await.unwrap_err().0, -32601);
    node.faults().clear();
    assert!(!matches!(ask(&node, "eth_getBlockReceipts", json!(["latest"])).await, Ok(Value::Null) | Err(_)));
}
