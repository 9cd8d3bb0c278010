//! What became of a block's plan.

use std::collections::BTreeMap;

use alloy_primitives::{B256, Bytes};
use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::action::{Action, Step};
use crate::contracts::twins::{DIEM::DIEMErrors, StakingV2::StakingV2Errors, VVV::VVVErrors};
use crate::mining::{Receipt, Transaction};
use crate::rpc::Rpc;

/// Every transaction is in the block, and reverted exactly where it was meant to.
pub(super) async fn hold_against_plan(
    rpc: &Rpc,
    parent: u64,
    actions: &[Action],
    hashes: &[B256],
    receipts: &[Receipt],
) -> Result<()> {
    let succeeded: BTreeMap<_, _> = receipts.iter().map(|it| (it.transaction_hash, it.status == 1)).collect();
    let steps: Vec<_> = actions.iter().flat_map(|action| action.steps.iter().map(move |step| (action, step))).collect();
    for ((action, step), hash) in steps.into_iter().zip(hashes) {
        let succeeded = *succeeded.get(hash).with_context(|| format!("{hash} is not in the block"))?;
        if succeeded == step.refused {
            bail!("{:?} ({hash} after block {parent}) {}", action.kind, surprise(rpc, parent, step).await?);
        }
    }
    Ok(())
}

async fn surprise(rpc: &Rpc, parent: u64, Step { transaction, refused }: &Step) -> Result<String> {
    if *refused {
        return Ok(format!("was not refused: {transaction:?}"));
    }
    Ok(format!("reverted: {}: {transaction:?}", reason(rpc, parent, transaction).await?))
}

/// Why a transaction reverts, asked on the state that its block began with.
async fn reason(rpc: &Rpc, parent: u64, transaction: &Transaction) -> Result<String> {
    let call = json!([transaction.request(), format!("{parent:#x}")]);
    let outcome = rpc.try_batch(&[("eth_call", call)]).await?.pop().context("one question, one answer")?;
    let Err(error) = outcome else {
        return Ok("only after what comes before it in its block".to_owned());
    };
    Ok(error.data.as_ref().and_then(name).unwrap_or_else(|| error.to_string()))
}

/// A twin's error, by name.
fn name(data: &Value) -> Option<String> {
    let data: Bytes = serde_json::from_value(data.clone()).ok()?;
    let selector = *data.first_chunk()?;
    let name = StakingV2Errors::name_by_selector(selector)
        .or_else(|| DIEMErrors::name_by_selector(selector))
        .or_else(|| VVVErrors::name_by_selector(selector))?;
    Some(name.to_owned())
}
