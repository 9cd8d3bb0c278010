//! What those do who mint, burn and stake DIEM.

use alloy_primitives::U256;

use super::scene::{Plan, Scene, alone};
use super::staking::unlocked;
use crate::contracts::TOKEN;
use crate::contracts::addresses::{DIEM, STAKING};
use crate::contracts::twins::DIEM::{initiateUnstakeCall, stakeCall, unstakeCall};
use crate::contracts::twins::StakingV2::{burnDiemCall, mintDiemCall};
use crate::truth::Position;

/// A hundredth of a DIEM or so: less is dust.
fn can_mint(position: &Position) -> bool {
    unlocked(position) > TOKEN
}

pub(super) fn mint(scene: &mut Scene) -> Plan {
    let minter = scene.user(can_mint)?;
    mint_by(scene, minter)
}

pub(super) fn vault_mint(scene: &mut Scene) -> Plan {
    let vault = scene.vault(can_mint)?;
    mint_by(scene, vault)
}

fn mint_by(scene: &mut Scene, minter: Position) -> Plan {
    let amount = scene.part(unlocked(&minter), 250);
    alone(minter, STAKING, &mintDiemCall { sVVVAmountToLock: amount, minDiemAmountOut: U256::ZERO })
}

/// What a position can burn: what it minted, as far as it still has it.
fn burnable(position: &Position) -> U256 {
    position.outstanding.min(position.diem)
}

pub(super) fn burn_in_part(scene: &mut Scene) -> Plan {
    let burner = scene.user(|user| !burnable(user).is_zero())?;
    burn_by(scene, burner)
}

pub(super) fn vault_burn(scene: &mut Scene) -> Plan {
    let vault = scene.vault(|vault| !burnable(vault).is_zero())?;
    burn_by(scene, vault)
}

fn burn_by(scene: &mut Scene, burner: Position) -> Plan {
    let amount = scene.part(burnable(&burner), 800);
    alone(burner, STAKING, &burnDiemCall { diemAmountToBurn: amount })
}

pub(super) fn burn_in_full(scene: &mut Scene) -> Plan {
    let burner = scene.user(|user| !user.outstanding.is_zero() && user.diem >= user.outstanding)?;
    alone(burner, STAKING, &burnDiemCall { diemAmountToBurn: burner.outstanding })
}

pub(super) fn stake(scene: &mut Scene) -> Plan {
    let staker = scene.user(|user| !user.diem.is_zero())?;
    let amount = scene.part_or_all(staker.diem);
    alone(staker, DIEM, &stakeCall { amount })
}

pub(super) fn vault_stake(scene: &mut Scene) -> Plan {
    let vault = scene.vault(|vault| !vault.diem.is_zero())?;
    let amount = scene.part(vault.diem, 500);
    alone(vault, DIEM, &stakeCall { amount })
}

pub(super) fn initiate(scene: &mut Scene) -> Plan {
    let staker = scene.user(|user| !user.diem_staked.is_zero() && user.diem_cooling.is_zero())?;
    initiate_by(scene, staker)
}

pub(super) fn initiate_again(scene: &mut Scene) -> Plan {
    let staker = scene.user(|user| !user.diem_staked.is_zero() && !user.diem_cooling.is_zero())?;
    initiate_by(scene, staker)
}

fn initiate_by(scene: &mut Scene, staker: Position) -> Plan {
    let amount = scene.part_or_all(staker.diem_staked);
    alone(staker, DIEM, &initiateUnstakeCall { amount })
}

pub(super) fn unstake(scene: &mut Scene) -> Plan {
    let now = scene.timestamp;
    let staker = scene.user(|user| !user.diem_cooling.is_zero() && user.diem_cooling_ends_at <= now)?;
    alone(staker, DIEM, &unstakeCall {})
}
