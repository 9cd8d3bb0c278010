use crate::{head, node, post, request};
use devnet::scripted::{ScriptedNode, TransportFault};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// What a node with `fault` makes of the first of two requests; the second must be answered.
async fn first_response(node: &ScriptedNode, fault: TransportFault) -> reqwest::Response {
    node.faults().next(1, fault);
    let response = post(node, &request("eth_blockNumber", &json!([]))).await.unwrap();
    assert_eq!(head(node).await, "0x28");
    response
}

#[tokio::test]
async fn a_throttle_says_when_to_come_back() {
    let throttle = TransportFault::Throttle { retry_after_seconds: Some(3) };
    let response = first_response(&node().await, throttle).await;
    assert_eq!((response.status().as_u16(), &response.headers()["retry-after"]), (429, &"3".parse().unwrap()));
    assert_eq!(response.json::<Value>().await.unwrap()["error"]["code"], -32016);
}

#[tokio::test]
async fn a_proxys_error_page() {
    let page = TransportFault::Status { status: 502, body: "<html>Bad Gateway</html>".into() };
    let response = first_response(&node().await, page).await;
    assert_eq!(response.status(), 502);
    assert_eq!(response.text().await.unwrap(), "<html>Bad Gateway</html>");
}

#[tokio::test]
async fn a_cut_body_is_no_json() {
    let response = first_response(&node().await, TransportFault::CutBody).await;
    let text = response.text().await.unwrap();
    assert!(text.starts_with('{') && serde_json::from_str::<Value>(&text).is_err());
}

#[tokio::test]
async fn a_body_that_breaks_off_is_an_error_of_the_connection() {
    let response = first_response(&node().await, TransportFault::BreakBody).await;
    assert!(response.bytes().await.is_err());
}

#[tokio::test]
async fn a_slow_answer_is_a_right_one() {
    let start = Instant::now();
    let slow = TransportFault::Slow { delay: Duration::from_millis(50) };
    let response = first_response(&node().await, slow).await;
    assert!(start.elapsed() >= Duration::from_millis(50));
    assert_eq!(response.json::<Value>().await.unwrap()["result"], "0x28");
}

#[tokio::test]
async fn a_hanging_node_never_answers() {
    let node = node().await;
    node.faults().next(1, TransportFault::Hang);
    let body = request("eth_blockNumber", &json!([]));
    assert!(tokio::time::timeout(Duration::from_millis(100), post(&node, &body)).await.is_err());
    assert_eq!(head(&node).await, "0x28");
}

fn batch() -> Value {
    json!([
        { "jsonrpc": "2.0", "id": 1, "method": "eth_blockNumber" },
        { "jsonrpc": "2.0", "id": 2, "method": "eth_chainId" },
    ])
}

#[tokio::test]
async fn a_batch_too_large_is_refused_as_a_whole() {
    let node = node().await;
    node.faults().always(TransportFault::BatchLimit { calls_max: 1 });
    let reply: Value = post(&node, &batch()).await.unwrap().json().await.unwrap();
    assert_eq!(reply["error"]["code"], -32014);
    assert_eq!(head(&node).await, "0x28");
}

#[tokio::test]
async fn a_batch_may_be_answered_backwards() {
    let node = node().await;
    node.faults().always(TransportFault::BatchReversed);
    let reply: Value = post(&node, &batch()).await.unwrap().json().await.unwrap();
    assert_eq!((&reply[0]["id"], &reply[1]["id"]), (&json!(2), &json!(1)));
}

#[tokio::test]
async fn a_throttle_can_be_for_one_method() {
    let node = node().await;
    node.faults().always(TransportFault::Throttle { retry_after_seconds: None }).on("eth_getLogs");
    assert_eq!(head(&node).await, "0x28");
    let response = post(&node, &request("eth_getLogs", &json!([{}]))).await.unwrap();
    assert_eq!((response.status().as_u16(), response.headers().get("retry-after")), (429, None));
}
