//! The scripted node, as a client sees it.

#![allow(clippy::unwrap_used, reason = "clippy knows test functions, not the helpers they share")]

mod calls;
mod chain;
mod header_faults;
mod life;
mod log_faults;
mod logs;
mod refusals;
mod transport_faults;
mod view_faults;

use alloy_primitives::{Address, B256, Log, LogData, address};
use alloy_rpc_types_eth::{Block, Header, Log as RpcLog};
use devnet::scripted::{ChainOptions, ScriptedChain, ScriptedLog, ScriptedNode};
use serde_json::{Value, json};

const VVV: Address = address!("0xacfE6019Ed1A7Dc6f7B508C02d1b04ec88cC21bf");
const DIEM: Address = address!("0xF4d97F2da56e8c3098f3a8D538DB630A2606a024");
const TRANSFER: B256 = B256::repeat_byte(0xdd);
const STAKED: B256 = B256::repeat_byte(0x57);

/// A log of `address` with these topics.
fn log(address: Address, topics: &[B256]) -> ScriptedLog {
    Log { address, data: LogData::new_unchecked(topics.to_vec(), vec![1, 2, 3].into()) }.into()
}

/// Genesis, then 40 blocks: a VVV transfer in each, a DIEM stake in a second transaction of every fourth.
fn chain() -> ScriptedChain {
    let mut chain = ScriptedChain::new(ChainOptions { seed: 7, ..ChainOptions::default() });
    for number in 1..=40 {
        let transfer = log(VVV, &[TRANSFER, B256::with_last_byte(number)]);
        let stake = log(DIEM, &[STAKED]).in_transaction(1);
        chain.mine([transfer].into_iter().chain((number % 4 == 0).then_some(stake)));
    }
    chain
}

async fn node() -> ScriptedNode {
    ScriptedNode::start(chain()).await.unwrap()
}

async fn post(node: &ScriptedNode, body: &Value) -> reqwest::Result<reqwest::Response> {
    reqwest::Client::new().post(&node.url).json(body).send().await
}

fn request(method: &str, params: &Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": 42, "method": method, "params": params })
}

/// The result, or the error's code and message.
async fn ask(node: &ScriptedNode, method: &str, params: Value) -> Result<Value, (i64, String)> {
    let reply: Value = post(node, &request(method, &params)).await.unwrap().json().await.unwrap();
    assert_eq!((&reply["jsonrpc"], &reply["id"]), (&json!("2.0"), &json!(42)));
    match reply.get("error") {
        None => Ok(reply["result"].clone()),
        Some(error) => Err((error["code"].as_i64().unwrap(), error["message"].as_str().unwrap().to_owned())),
    }
}

async fn header(node: &ScriptedNode, block: Value) -> Header {
    let block = ask(node, "eth_getBlockByNumber", json!([block, false])).await.unwrap();
    serde_json::from_value::<Block>(block).unwrap().header
}

async fn head(node: &ScriptedNode) -> Value {
    ask(node, "eth_blockNumber", json!([])).await.unwrap()
}

async fn try_logs(node: &ScriptedNode, filter: Value) -> Result<Vec<RpcLog>, (i64, String)> {
    ask(node, "eth_getLogs", json!([filter])).await.map(|logs| serde_json::from_value(logs).unwrap())
}

async fn logs(node: &ScriptedNode, filter: Value) -> Vec<RpcLog> {
    try_logs(node, filter).await.unwrap()
}

/// Every log of the chain.
async fn all_logs(node: &ScriptedNode) -> Vec<RpcLog> {
    logs(node, json!({ "fromBlock": "earliest", "toBlock": "latest" })).await
}

/// Every canonical log, taken from the script.
fn true_logs(node: &ScriptedNode) -> Vec<RpcLog> {
    node.chain(|chain| chain.logs().cloned().collect())
}
