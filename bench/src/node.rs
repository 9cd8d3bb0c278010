//! A node that answers as fast as the machine can send.

use std::convert::Infallible;
use std::sync::Arc;

use alloy_primitives::{Address, B256, U256};
use alloy_rpc_types_eth::{Block, BlockTransactions, Header};
use alloy_sol_types::{SolCall, SolEvent, SolValue, sol};
use anyhow::{Context, Result};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use futures::stream;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::chain::{Chain, deployment, tx_hash};
use crate::economy::TRANSFERS_PER_BLOCK;

/// A week.
pub(crate) const COOLDOWN_SECONDS: u64 = 7 * 86_400;
const OWNERSHIP_TRANSFERRED: B256 = abi::Vvv::OwnershipTransferred::SIGNATURE_HASH;

sol! {
    struct Call3 { address target; bool allowFailure; bytes callData; }
    struct Outcome { bool success; bytes returnData; }
    function aggregate3(Call3[] calldata calls) external payable returns (Outcome[] memory returnData);
    function getBlockNumber() external view returns (uint256 blockNumber);
}

/// Serves the chain on a port of its own for as long as this process lives.
pub(crate) async fn start(chain: Arc<Chain>) -> Result<String> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let url = format!("http://{}", listener.local_addr()?);
    let router = Router::new().route("/", post(handle)).with_state(chain);
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(url)
}

async fn handle(State(chain): State<Arc<Chain>>, body: Bytes) -> Response {
    let request: Value = serde_json::from_slice(&body).unwrap_or_default();
    let id = &request["id"];
    if request["method"] == "eth_getLogs" {
        return logs(&chain, id, &request["params"][0]);
    }
    let answer = match answer(&chain, &request) {
        Ok(result) => json!({ "jsonrpc": "2.0", "id": id, "result": result }),
        Err(error) => {
            json!({ "jsonrpc": "2.0", "id": id, "error": { "code": -32000, "message": format!("{error:#}") } })
        }
    };
    ([(CONTENT_TYPE, "application/json")], answer.to_string()).into_response()
}

/// VVV's where VVV alone is asked for, of these the mints where a sender is named, else the light contracts'. The rendered
/// logs are sent as they lie in memory. VVV never has another owner.
fn logs(chain: &Chain, id: &Value, filter: &Value) -> Response {
    let (Ok(from), Ok(to)) = (number(&filter["fromBlock"]), number(&filter["toBlock"])) else {
        return axum::http::StatusCode::BAD_REQUEST.into_response();
    };
    let asks_vvv = filter["address"].to_string().contains(&format!("{:#x}", deployment().contracts.vvv));
    let asks_owner = filter["topics"].to_string().contains(&format!("{OWNERSHIP_TRANSFERRED:#x}"));
    let rendered = match (asks_vvv, filter["topics"][1].is_null()) {
        (true, _) if asks_owner => Bytes::new(),
        (true, true) => chain.vvv.range(from, to),
        (true, false) => chain.mints.range(from, to),
        (false, _) => chain.light.range(from, to),
    };
    let head = format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":[");
    let parts = [Bytes::from(head), rendered, Bytes::from_static(b"]}")];
    let body = Body::from_stream(stream::iter(parts.map(Ok::<_, Infallible>)));
    ([(CONTENT_TYPE, "application/json")], body).into_response()
}

fn answer(chain: &Chain, request: &Value) -> Result<Value> {
    let params = &request["params"];
    match request["method"].as_str().unwrap_or_default() {
        "eth_chainId" => Ok(json!(format!("{:#x}", deployment().chain_id))),
        "eth_getBlockByNumber" => block(chain, &params[0], params[1] == true),
        "eth_call" => multicall(chain, &params[0], &params[1]),
        "eth_getStorageAt" => Ok(json!(format!("{:#066x}", 0))),
        method => anyhow::bail!("the method {method} does not exist"),
    }
}

/// With transactions of a shape that other indexers ask for, though nobody here reads them.
fn block(chain: &Chain, which: &Value, is_whole: bool) -> Result<Value> {
    let number = match which.as_str() {
        Some("latest" | "safe" | "finalized") => chain.head(),
        _ => number(which)?,
    };
    let Some((hash, inner)) = chain.header(number) else { return Ok(Value::Null) };
    let header = Header { hash, inner, total_difficulty: None, size: None };
    let transactions = match is_whole {
        true => BlockTransactions::Full(transactions(number, hash)),
        false => BlockTransactions::Hashes(Vec::new()),
    };
    Ok(serde_json::to_value(Block { header, uncles: Vec::new(), transactions, withdrawals: None })?)
}

/// One for each transfer, in the order of the logs.
fn transactions(number: u64, block_hash: B256) -> Vec<Value> {
    let transaction = |index: u64| {
        json!({
            "type": "0x0", "hash": tx_hash(number, u32::try_from(index).unwrap_or(u32::MAX)), "blockHash": block_hash,
            "blockNumber": format!("{number:#x}"), "transactionIndex": format!("{index:#x}"), "from": Address::ZERO,
            "to": deployment().contracts.vvv, "value": "0x0", "input": "0x", "nonce": "0x0", "gas": "0x5208",
            "gasPrice": "0x1", "v": "0x1b", "r": "0x1", "s": "0x1",
        })
    };
    if number == 0 { Vec::new() } else { (0..TRANSFERS_PER_BLOCK).map(transaction).collect() }
}

/// Every contract answers every question with 1, but for how long a cooldown takes and which block it is.
fn multicall(chain: &Chain, call: &Value, at: &Value) -> Result<Value> {
    let block = match at["blockHash"].as_str() {
        Some(hash) => chain.number_of(hash.parse()?).context("no such block")?,
        None => number(at)?,
    };
    let input = call["input"].as_str().or_else(|| call["data"].as_str()).context("a call without input")?;
    let asked = aggregate3Call::abi_decode(&alloy_primitives::hex::decode(input)?)?.calls;
    let answers = asked.iter().map(|call| {
        let asks = |selector: [u8; 4]| call.callData.starts_with(&selector);
        let word = match () {
            () if asks(abi::StakingV2::cooldownDurationCall::SELECTOR) => COOLDOWN_SECONDS,
            () if asks(getBlockNumberCall::SELECTOR) => block,
            () => 1,
        };
        Outcome { success: true, returnData: U256::from(word).abi_encode().into() }
    });
    let answer = aggregate3Call::abi_encode_returns(&answers.collect());
    Ok(json!(alloy_primitives::hex::encode_prefixed(answer)))
}

fn number(quantity: &Value) -> Result<u64> {
    let text = quantity.as_str().and_then(|text| text.strip_prefix("0x")).context("no quantity")?;
    Ok(u64::from_str_radix(text, 16)?)
}
