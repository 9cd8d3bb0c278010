//! What the second logic says of rewards.

use abi::StakingV2;
use alloy_primitives::{Address, U256};
use anyhow::Result;

use super::{ADDRESSES_PER_CALL, Questions, network};
use crate::contracts::addresses::STAKING;
use crate::rpc::Rpc;

/// Rewards at the end of a block, by the contract's word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rewards {
    /// `accRewardPerShare()`.
    pub acc_unlocked: U256,
    /// `accRewardPerShareLocked()`.
    pub acc_locked: U256,
    /// `lastRewardTimestamp()`.
    pub rewarded_until: U256,
    /// `pendingRewards()` of each address, in the order of the addresses.
    pub pending: Vec<U256>,
}

/// Rewards at the end of a block; `None` before the second logic.
pub async fn rewards(rpc: &Rpc, block: u64, addresses: &[Address]) -> Result<Option<Rewards>> {
    if !network(rpc, block).await?.has_locks() {
        return Ok(None);
    }
    let mut questions = Questions::default();
    questions.ask(STAKING, &StakingV2::accRewardPerShareCall {});
    questions.ask(STAKING, &StakingV2::accRewardPerShareLockedCall {});
    questions.ask(STAKING, &StakingV2::lastRewardTimestampCall {});
    let mut answers = questions.put(rpc, block).await?;
    let mut word = || answers.next::<1>().map(|[word]| word);
    let (acc_unlocked, acc_locked, rewarded_until) = (word()?, word()?, word()?);
    let mut pending = Vec::with_capacity(addresses.len());
    for chunk in addresses.chunks(ADDRESSES_PER_CALL) {
        let mut questions = Questions::default();
        for &_user in chunk {
            questions.ask(STAKING, &StakingV2::pendingRewardsCall { _user });
        }
        let mut answers = questions.put(rpc, block).await?;
        for _ in chunk {
            let [of_one] = answers.next()?;
            pending.push(of_one);
        }
    }
    Ok(Some(Rewards { acc_unlocked, acc_locked, rewarded_until, pending }))
}
