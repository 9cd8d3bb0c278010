//! Views that a contract may not have or may refuse, called together at one block.

use alloy_primitives::{Address, Bytes};
use alloy_sol_types::SolCall;
use anyhow::{Context, Result};
use serde_json::json;

use crate::contracts::addresses::MULTICALL3;
use crate::contracts::twins::Multicall3::{Call3, aggregate3Call};
use crate::rpc::Rpc;

/// A call of a view.
pub(super) fn view(target: Address, view: &impl SolCall) -> Call3 {
    Call3 { target, allowFailure: true, callData: view.abi_encode().into() }
}

/// The answers in the order of the calls. `None` where the contract reverted or is not there.
pub(super) async fn answers(rpc: &Rpc, block: u64, calls: Vec<Call3>) -> Result<Vec<Option<Bytes>>> {
    let count = calls.len();
    let data = Bytes::from(aggregate3Call { calls }.abi_encode());
    let answer: Bytes = rpc.call("eth_call", json!([{"to": MULTICALL3, "data": data}, format!("{block:#x}")])).await?;
    if answer.is_empty() {
        return Ok(vec![None; count]);
    }
    let outcomes = aggregate3Call::abi_decode_returns(&answer).context("Multicall3 answers in another shape")?;
    let told =
        outcomes.into_iter().map(|outcome| Some(outcome.returnData).filter(|it| outcome.success && !it.is_empty()));
    Ok(told.collect())
}
