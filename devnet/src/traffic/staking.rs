//! What stakers of VVV do.

use alloy_primitives::U256;

use super::action::Step;
use super::scene::{Plan, Scene, alone};
use crate::contracts::TOKEN;
use crate::contracts::addresses::STAKING;
use crate::contracts::twins::StakingV2::{
    approveCall, claimAndStakeCall, claimCall, finalizeUnstakeCall, initiateUnstakeCall, mintDiemCall, stakeCall,
};
use crate::truth::Position;

pub(super) fn unlocked(position: &Position) -> U256 {
    position.svvv.saturating_sub(position.locked)
}

/// Whether a cooldown is over when the block comes.
fn is_over(ends_at: U256, scene_timestamp: U256) -> bool {
    ends_at <= scene_timestamp
}

pub(super) fn stake(scene: &mut Scene) -> Plan {
    let staker = scene.user(|user| user.vvv > TOKEN)?;
    stake_by(scene, staker)
}

pub(super) fn vault_stake(scene: &mut Scene) -> Plan {
    let vault = scene.vault(|vault| vault.vvv > TOKEN)?;
    stake_by(scene, vault)
}

fn stake_by(scene: &mut Scene, staker: Position) -> Plan {
    let amount = scene.part_or_all(staker.vvv);
    alone(staker, STAKING, &stakeCall { recipient: staker.address, amount })
}

pub(super) fn stake_for_other(scene: &mut Scene) -> Plan {
    let payer = scene.user(|user| user.vvv > TOKEN)?;
    let (recipient, amount) = (scene.recipient(), scene.part(payer.vvv, 200));
    alone(payer, STAKING, &stakeCall { recipient, amount })
}

pub(super) fn claim(scene: &mut Scene) -> Plan {
    let staker = scene.user(|user| !user.svvv.is_zero())?;
    alone(staker, STAKING, &claimCall {})
}

pub(super) fn claim_and_stake(scene: &mut Scene) -> Plan {
    let staker = scene.user(|user| !user.svvv.is_zero())?;
    alone(staker, STAKING, &claimAndStakeCall {})
}

fn can_initiate(position: &Position) -> bool {
    position.svvv_cooling.is_zero() && !unlocked(position).is_zero()
}

pub(super) fn initiate(scene: &mut Scene) -> Plan {
    let staker = scene.user(can_initiate)?;
    let amount = scene.part_or_all(unlocked(&staker));
    alone(staker, STAKING, &initiateUnstakeCall { amount })
}

/// A vault keeps most of what it has, for its mints.
pub(super) fn vault_initiate(scene: &mut Scene) -> Plan {
    let vault = scene.vault(can_initiate)?;
    let amount = scene.part(unlocked(&vault), 100);
    alone(vault, STAKING, &initiateUnstakeCall { amount })
}

pub(super) fn finalize(scene: &mut Scene) -> Plan {
    let now = scene.timestamp;
    let staker = scene.user(|user| !user.svvv_cooling.is_zero() && is_over(user.svvv_cooling_ends_at, now))?;
    alone(staker, STAKING, &finalizeUnstakeCall {})
}

pub(super) fn vault_finalize(scene: &mut Scene) -> Plan {
    let now = scene.timestamp;
    let vault = scene.vault(|vault| !vault.svvv_cooling.is_zero() && is_over(vault.svvv_cooling_ends_at, now))?;
    alone(vault, STAKING, &finalizeUnstakeCall {})
}

pub(super) fn approve(scene: &mut Scene) -> Plan {
    let staker = scene.user(|user| !user.svvv.is_zero())?;
    let spender = scene.recipient();
    alone(staker, STAKING, &approveCall { spender, value: staker.svvv })
}

/// A mint counts on what the transaction before it in the same block has staked.
pub(super) fn stake_and_mint(scene: &mut Scene) -> Plan {
    let staker = scene.user(|user| user.vvv > U256::from(1000) * TOKEN)?;
    let amount = scene.part(staker.vvv, 300);
    let stake = stakeCall { recipient: staker.address, amount };
    let mint = mintDiemCall { sVVVAmountToLock: amount, minDiemAmountOut: U256::ZERO };
    Some(vec![Step::new(staker.address, STAKING, &stake), Step::new(staker.address, STAKING, &mint)])
}
