//! What owner and admin set.

use alloy_primitives::{U256, keccak256};
use alloy_sol_types::SolCall;

use super::action::Step;
use super::scene::{Plan, Scene};
use crate::contracts::addresses::{DIEM, FOUNDATION, OPERATOR, ORACLE, STAKING, TREASURY};
use crate::contracts::twins::StakingV2::{
    setCooldownDurationCall, setDiemMintCurveCall, setEmissionRateCall, setTreasuryCall,
    setVeniceEmissionsPercentageCall, setVeniceEmissionsPercentageWhenLockedCall,
};
use crate::contracts::twins::{DIEM as Diem, Oracle};
use crate::contracts::{TOKEN, curves, yearly};

const CURVE_GAS: u64 = 4_000_000;

/// The rates of mainnet's history, in VVV a year.
const YEARLY: [u64; 8] = [14_000_000, 10_000_000, 8_000_000, 6_000_000, 5_000_000, 4_000_000, 3_000_000, 2_500_000];

fn by_owner(call: &impl SolCall) -> Plan {
    Some(vec![Step::new(TREASURY, STAKING, call)])
}

fn percentage(scene: &mut Scene) -> U256 {
    U256::from(scene.below(11)) * TOKEN / U256::from(20)
}

/// Half to twice what the deployment began with.
fn cooldown(scene: &mut Scene, initial_seconds: u64) -> U256 {
    U256::from(initial_seconds * (2 + scene.below(7)) / 4)
}

pub(super) fn set_emission_rate(scene: &mut Scene) -> Plan {
    let vvv = *scene.one_of(&YEARLY)?;
    by_owner(&setEmissionRateCall { newEmissionRate: yearly(vvv) })
}

pub(super) fn set_svvv_cooldown(scene: &mut Scene) -> Plan {
    let seconds = cooldown(scene, scene.initial.svvv_cooldown_seconds);
    by_owner(&setCooldownDurationCall { newCooldownDuration: seconds })
}

pub(super) fn set_treasury(scene: &mut Scene) -> Plan {
    let treasury = *scene.one_of(&[TREASURY, FOUNDATION])?;
    by_owner(&setTreasuryCall { newTreasury: treasury })
}

pub(super) fn set_oracle(scene: &mut Scene) -> Plan {
    let share = percentage(scene);
    Some(vec![Step::new(OPERATOR, ORACLE, &Oracle::setVenicePercentageCall { newPercentage: share })])
}

pub(super) fn set_venice_percentage(scene: &mut Scene) -> Plan {
    let share = percentage(scene);
    by_owner(&setVeniceEmissionsPercentageCall { newPercentage: share })
}

pub(super) fn set_venice_percentage_when_locked(scene: &mut Scene) -> Plan {
    let share = percentage(scene);
    by_owner(&setVeniceEmissionsPercentageWhenLockedCall { newPercentage: share })
}

pub(super) fn set_mint_curve(scene: &mut Scene) -> Plan {
    let curves = curves::curves().ok()?;
    let (supply, rates) = scene.one_of(&curves)?.cells().ok()?;
    let call = setDiemMintCurveCall { newDiemSupply: supply, newDiemMintRates: rates };
    Some(vec![Step::new(TREASURY, STAKING, &call).gas(CURVE_GAS)])
}

pub(super) fn set_diem_cooldown(scene: &mut Scene) -> Plan {
    let seconds = cooldown(scene, scene.initial.diem_cooldown_seconds);
    Some(vec![Step::new(TREASURY, DIEM, &Diem::setCooldownDurationCall { newCooldownDuration: seconds })])
}

/// All three events of access control in one transaction, and nothing is different afterwards.
pub(super) fn change_roles(scene: &mut Scene) -> Plan {
    let role = keccak256("MINTER_BURNER_ROLE");
    let account = scene.recipient();
    let calls = [
        Diem::grantRoleCall { role, account }.abi_encode(),
        Diem::setRoleAdminCall { role, adminRole: Default::default() }.abi_encode(),
        Diem::revokeRoleCall { role, account }.abi_encode(),
    ];
    Some(vec![Step::as_safe(TREASURY, &calls.map(|data| (DIEM, data)))])
}
