use crate::{DIEM, VVV, ask, head, node, post, request};
use alloy_primitives::{Address, B256, Bytes, U256, bytes};
use alloy_sol_types::{SolCall, sol};
use devnet::scripted::{CallAnswer, ScriptedNode};
use serde_json::{Value, json};

sol! {
    struct Call3 { address target; bool allowFailure; bytes callData; }
    struct Result3 { bool success; bytes returnData; }
    function aggregate3(Call3[] calls) returns (Result3[] returnData);
}

const RATE: Bytes = bytes!("0xaabbccdd");

/// The rate is 01 from block 10 on and 02 from block 40 on.
async fn node_with_rate() -> ScriptedNode {
    let node = node().await;
    node.chain(|chain| chain.set_answer(10, DIEM, RATE, CallAnswer::Returned(bytes!("0x01"))));
    node.chain(|chain| chain.set_answer(40, DIEM, RATE, CallAnswer::Returned(bytes!("0x02"))));
    node
}

async fn call(node: &ScriptedNode, to: Address, input: &Bytes, block: Value) -> Result<Value, (i64, String)> {
    ask(node, "eth_call", json!([{ "to": to, "input": input }, block])).await
}

async fn rate(node: &ScriptedNode, block: Value) -> Value {
    call(node, DIEM, &RATE, block).await.unwrap()
}

#[tokio::test]
async fn a_call_is_answered_at_its_block() {
    let node = node_with_rate().await;
    let hash = node.chain(|chain| chain.block(39).unwrap().hash);
    assert_eq!(rate(&node, json!("latest")).await, "0x02");
    assert_eq!(rate(&node, json!("0x27")).await, "0x01");
    assert_eq!(rate(&node, json!({ "blockNumber": "0x27" })).await, "0x01");
    assert_eq!(rate(&node, json!({ "blockHash": hash, "requireCanonical": true })).await, "0x01");
    assert_eq!(rate(&node, json!("0x9")).await, "0x");
    assert_eq!(rate(&node, Value::Null).await, "0x02");
}

#[tokio::test]
async fn older_clients_call_the_input_data() {
    let node = node_with_rate().await;
    assert_eq!(ask(&node, "eth_call", json!([{ "to": DIEM, "data": RATE }, "latest"])).await, Ok(json!("0x02")));
}

#[tokio::test]
async fn a_reorg_undoes_answers_above_it() {
    let node = node_with_rate().await;
    node.chain(|chain| chain.reorg(1));
    node.chain(|chain| chain.mine_empty(2));
    assert_eq!(rate(&node, json!("latest")).await, "0x01");
}

#[tokio::test]
async fn what_the_script_does_not_name_returns_nothing() {
    assert_eq!(call(&node().await, VVV, &RATE, json!("latest")).await, Ok(json!("0x")));
}

#[tokio::test]
async fn a_block_that_is_not_there_has_no_state() {
    let node = node().await;
    let unknown = Err((-32000, "header not found".to_owned()));
    assert_eq!(call(&node, DIEM, &RATE, json!("0x29")).await, unknown);
    assert_eq!(call(&node, DIEM, &RATE, json!({ "blockHash": B256::repeat_byte(9) })).await, unknown);
}

#[tokio::test]
async fn a_revert_carries_its_data() {
    let node = node().await;
    node.chain(|chain| chain.set_answer(0, DIEM, RATE, CallAnswer::Reverted(bytes!("0x0bad"))));
    let body = request("eth_call", &json!([{ "to": DIEM, "input": RATE }, "latest"]));
    let reply: Value = post(&node, &body).await.unwrap().json().await.unwrap();
    assert_eq!(reply["error"], json!({ "code": 3, "message": "execution reverted", "data": "0x0bad" }));
}

#[tokio::test]
async fn a_multicall_is_taken_apart() {
    let node = node_with_rate().await;
    let multicall = node.chain(|chain| chain.options().multicall);
    let calls = [DIEM, VVV].map(|target| Call3 { target, allowFailure: true, callData: RATE });
    let input = aggregate3Call { calls: calls.to_vec() }.abi_encode().into();
    let answer: Bytes = serde_json::from_value(call(&node, multicall, &input, json!("latest")).await.unwrap()).unwrap();
    let results = aggregate3Call::abi_decode_returns(&answer).unwrap();
    let returned: Vec<_> = results.iter().map(|result| (result.success, result.returnData.clone())).collect();
    assert_eq!(returned, [(true, bytes!("0x02")), (true, Bytes::new())]);
    assert_ne!(ask(&node, "eth_getCode", json!([multicall, "latest"])).await, Ok(json!("0x")));
}

#[tokio::test]
async fn code_and_storage_hold_from_their_block_on() {
    let node = node().await;
    let (slot, value) = (B256::repeat_byte(0x36), B256::repeat_byte(7));
    node.chain(|chain| chain.set_code(10, DIEM, bytes!("0x6000")));
    node.chain(|chain| chain.set_storage(10, DIEM, U256::from_be_bytes(slot.0), value));
    for (block, code, stored) in [("0x9", "0x", B256::ZERO), ("0xa", "0x6000", value)] {
        assert_eq!(ask(&node, "eth_getCode", json!([DIEM, block])).await, Ok(json!(code)));
        assert_eq!(ask(&node, "eth_getStorageAt", json!([DIEM, slot, block])).await, Ok(json!(stored)));
    }
}

#[tokio::test]
async fn the_node_says_which_chain_it_serves() {
    let node = node().await;
    assert_eq!(ask(&node, "eth_chainId", json!([])).await, Ok(json!("0x2105")));
    assert_eq!(ask(&node, "net_version", json!([])).await, Ok(json!("8453")));
    assert_eq!(head(&node).await, "0x28");
}

#[tokio::test]
async fn errors_have_their_codes() {
    let node = node().await;
    assert_eq!(ask(&node, "eth_mine", json!([])).await.unwrap_err().0, -32601);
    assert_eq!(ask(&node, "eth_getLogs", json!([{ "fromBlock": "five" }])).await.unwrap_err().0, -32602);
    assert_eq!(ask(&node, "eth_getBlockByHash", json!([])).await.unwrap_err().0, -32602);
    for (body, code) in [("{", -32700), ("[]", -32600), ("{\"id\":1}", -32600)] {
        let response = reqwest::Client::new().post(&node.url).body(body).send().await.unwrap();
        assert_eq!(response.json::<Value>().await.unwrap()["error"]["code"], code);
    }
}

#[tokio::test]
async fn a_batch_is_answered_call_by_call() {
    let node = node().await;
    let batch = json!([
        { "jsonrpc": "2.0", "id": "a", "method": "eth_blockNumber" },
        { "jsonrpc": "2.0", "id": "b", "method": "eth_mine", "params": [] },
    ]);
    let replies: Value = post(&node, &batch).await.unwrap().json().await.unwrap();
    assert_eq!(replies[0], json!({ "jsonrpc": "2.0", "id": "a", "result": "0x28" }));
    assert_eq!((&replies[1]["id"], &replies[1]["error"]["code"]), (&json!("b"), &json!(-32601)));
    assert_eq!((node.http_requests(), node.requests()["eth_mine"], node.asked().len()), (1, 1, 2));
}
