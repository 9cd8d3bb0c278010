//! What the staking contract quotes for DIEM.

use abi::StakingV2::getDiemAmountOutCall;
use alloy_primitives::U256;
use anyhow::Result;

use super::views::{answers, view};
use crate::contracts::addresses::STAKING;
use crate::rpc::Rpc;

/// `getDiemAmountOut` of each amount at the end of a block. `None` where it reverts: past the last bucket, and under the
/// first logic.
pub async fn quotes(rpc: &Rpc, block: u64, svvv: &[U256]) -> Result<Vec<Option<U256>>> {
    let calls = svvv.iter().map(|amount| view(STAKING, &getDiemAmountOutCall { sVVVAmountToLock: *amount }));
    let told = answers(rpc, block, calls.collect()).await?;
    Ok(told.into_iter().map(|data| data.map(|data| U256::from_be_slice(&data))).collect())
}
