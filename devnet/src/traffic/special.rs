//! Set pieces: what is rare on mainnet, or takes several parties, and comes round here by turns.

use alloy_primitives::{Address, U256, keccak256};
use alloy_sol_types::SolCall;
use anyhow::Result;

use super::action::{Action, Kind, Step};
use super::scene::{Plan, Scene, alone};
use super::staking::unlocked;
use crate::contracts::addresses::{AIRDROP, BURN_SAFE, DIEM, DIEM_POOL, FOUNDATION, OPERATOR, STAKING, TREASURY, VVV};
use crate::contracts::twins::StakingV2::{initiateUnstakeCall, mintDiemCall, stakeCall};
use crate::contracts::twins::VVV::transferCall;
use crate::contracts::twins::{Airdrop, DIEM as Diem};
use crate::contracts::{self, TOKEN};

/// sVVV that a mint beside a direct mint locks: its yield is asked before the block is planned.
pub(super) const BESIDE_LOCK: U256 = U256::from_limbs([9_000_000_000_000_000_000, 0, 0, 0]);

fn mint_diem(svvv: U256) -> Vec<u8> {
    mintDiemCall { sVVVAmountToLock: svvv, minDiemAmountOut: U256::ZERO }.abi_encode()
}

/// What nobody claimed, while there is any.
pub(super) fn burn_airdrop(scene: &mut Scene) -> Option<Action> {
    scene.take(AIRDROP).filter(|airdrop| !airdrop.vvv.is_zero())?;
    let burn = Step::new(OPERATOR, AIRDROP, &Airdrop::burnUnclaimedCall {});
    Some(Action { kind: Kind::BurnAirdrop, steps: vec![burn] })
}

/// The second logic, and the first DIEM of all: minted by role, before anybody can lock sVVV for it.
pub(super) fn upgrade() -> Result<Action> {
    let upgrade = Step { transaction: contracts::upgrade()?, refused: false };
    let role = keccak256("MINTER_BURNER_ROLE");
    let grant = Diem::grantRoleCall { role, account: FOUNDATION };
    let mint = |to, amount| Diem::mintCall { to, amount: U256::from(amount) * TOKEN };
    let steps = vec![
        upgrade,
        Step::new(TREASURY, DIEM, &grant),
        Step::new(FOUNDATION, DIEM, &mint(DIEM_POOL, 2_000_u64)),
        Step::new(FOUNDATION, DIEM, &mint(FOUNDATION, 8_000_u64)),
    ];
    Ok(Action { kind: Kind::Upgrade, steps })
}

/// The Safe is the transfer's sender, its owner the transaction's.
pub(super) fn burn_by_safe(scene: &mut Scene) -> Plan {
    let safe = scene.take(BURN_SAFE).filter(|safe| safe.vvv > TOKEN)?;
    let value = scene.part(safe.vvv, 100);
    alone(safe, VVV, &transferCall { to: Address::ZERO, value })
}

pub(super) fn burn_by_user(scene: &mut Scene) -> Plan {
    let burner = scene.user(|user| !user.vvv.is_zero())?;
    let value = scene.part(burner.vvv, 20);
    alone(burner, VVV, &transferCall { to: Address::ZERO, value })
}

pub(super) fn donate_vvv(scene: &mut Scene) -> Plan {
    let donor = scene.user(|user| !user.vvv.is_zero())?;
    let value = scene.part(donor.vvv, 10);
    alone(donor, VVV, &transferCall { to: STAKING, value })
}

pub(super) fn donate_diem(scene: &mut Scene) -> Plan {
    let donor = scene.user(|user| !user.diem.is_zero())?;
    let value = scene.part(donor.diem, 50);
    alone(donor, DIEM, &transferCall { to: DIEM, value })
}

pub(super) fn vault_batch(scene: &mut Scene) -> Plan {
    let vault = scene.vault(|vault| vault.vvv > U256::from(1000) * TOKEN && vault.svvv_cooling.is_zero())?;
    let amount = scene.part(vault.vvv, 200).max(U256::from(4));
    let quarter = amount / U256::from(4);
    let stake = stakeCall { recipient: vault.address, amount };
    let unstake = initiateUnstakeCall { amount: quarter };
    let calls = [stake.abi_encode(), mint_diem(quarter), unstake.abi_encode()];
    Some(vec![Step::as_safe(vault.address, &calls.map(|data| (STAKING, data)))])
}

/// Two accounts, one transaction, one amount, and a sender who is neither: only the order of the logs tells them apart.
pub(super) fn equal_mints(scene: &mut Scene) -> Plan {
    let first = scene.vault(|vault| unlocked(vault) > TOKEN)?;
    let second = scene.vault(|vault| unlocked(vault) > TOKEN)?;
    let sender = scene.user(|_| true)?;
    let svvv = scene.part(unlocked(&first).min(unlocked(&second)), 20);
    let mints = [first, second].map(|vault| (vault.address, STAKING, mint_diem(svvv)));
    Some(vec![Step::as_safes(sender.address, &mints)])
}

/// The direct mint comes before or after its twin; it belongs to no event.
pub(super) fn mint_beside_direct_mint(scene: &mut Scene) -> Plan {
    let amount = scene.quote?;
    let vault = scene.vault(|vault| unlocked(vault) >= BESIDE_LOCK)?;
    let sender = scene.user(|_| true)?;
    let direct = Diem::mintCall { to: scene.recipient(), amount };
    let mut calls = [(vault.address, STAKING, mint_diem(BESIDE_LOCK)), (FOUNDATION, DIEM, direct.abi_encode())];
    if scene.chance(2) {
        calls.reverse();
    }
    Some(vec![Step::as_safes(sender.address, &calls)])
}

pub(super) fn direct_mint(scene: &mut Scene) -> Plan {
    let to = scene.recipient();
    let amount = scene.part(U256::from(50) * TOKEN, 1000);
    Some(vec![Step::new(FOUNDATION, DIEM, &Diem::mintCall { to, amount })])
}

pub(super) fn direct_burn(scene: &mut Scene) -> Plan {
    let from = scene.user(|user| !user.diem.is_zero())?;
    let amount = scene.part_or_all(from.diem);
    Some(vec![Step::new(FOUNDATION, DIEM, &Diem::burnCall { from: from.address, amount })])
}
