//! What the contracts refuse: a follower must see no trace of it.

use alloy_primitives::{Address, U256};
use alloy_sol_types::SolCall;

use super::action::Step;
use super::scene::{Plan, Scene};
use super::staking::unlocked;
use crate::contracts::addresses::{DIEM, STAKING, VVV};
use crate::contracts::twins::StakingV2::{
    burnDiemCall, finalizeUnstakeCall, initiateUnstakeCall, setEmissionRateCall, transferCall,
};
use crate::contracts::twins::{DIEM as Diem, VVV as Vvv};
use crate::truth::Position;

const REFUSALS: &[fn(&mut Scene) -> Plan] = &[
    finalize_early,
    initiate_twice,
    move_svvv,
    overdraw,
    set_as_nobody,
    burn_too_much,
    unstake_diem_early,
    burn_by_transfer,
];

pub(super) fn refused(scene: &mut Scene) -> Plan {
    scene.one_of(REFUSALS)?(scene)
}

fn refusal(actor: Position, target: Address, call: &impl SolCall) -> Plan {
    Some(vec![Step::new(actor.address, target, call).refused()])
}

fn finalize_early(scene: &mut Scene) -> Plan {
    let now = scene.timestamp;
    let actor = scene.user(|user| user.svvv_cooling_ends_at > now)?;
    refusal(actor, STAKING, &finalizeUnstakeCall {})
}

fn initiate_twice(scene: &mut Scene) -> Plan {
    let actor = scene.user(|user| !user.svvv_cooling.is_zero() && !unlocked(user).is_zero())?;
    refusal(actor, STAKING, &initiateUnstakeCall { amount: U256::ONE })
}

fn move_svvv(scene: &mut Scene) -> Plan {
    let actor = scene.user(|user| !user.svvv.is_zero())?;
    let to = scene.recipient();
    refusal(actor, STAKING, &transferCall { to, value: actor.svvv })
}

fn overdraw(scene: &mut Scene) -> Plan {
    let actor = scene.user(|_| true)?;
    let to = scene.recipient();
    // Beyond what may arrive earlier in the same block.
    let value = U256::MAX;
    refusal(actor, VVV, &Vvv::transferCall { to, value })
}

fn set_as_nobody(scene: &mut Scene) -> Plan {
    let actor = scene.user(|_| true)?;
    refusal(actor, STAKING, &setEmissionRateCall { newEmissionRate: U256::ZERO })
}

fn burn_too_much(scene: &mut Scene) -> Plan {
    let actor = scene.user(|user| !user.outstanding.is_zero())?;
    refusal(actor, STAKING, &burnDiemCall { diemAmountToBurn: actor.outstanding + U256::ONE })
}

fn unstake_diem_early(scene: &mut Scene) -> Plan {
    let now = scene.timestamp;
    let actor = scene.user(|user| user.diem_cooling_ends_at > now)?;
    refusal(actor, DIEM, &Diem::unstakeCall {})
}

fn burn_by_transfer(scene: &mut Scene) -> Plan {
    let actor = scene.user(|user| !user.diem.is_zero())?;
    refusal(actor, DIEM, &Diem::transferCall { to: Address::ZERO, value: actor.diem })
}
