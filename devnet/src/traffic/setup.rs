//! The supply handed out.

use alloy_primitives::{Address, U256};
use alloy_sol_types::SolCall;

use super::action::Step;
use super::actors::Cast;
use super::scene::Scene;
use crate::contracts::TOKEN;
use crate::contracts::addresses::{
    AIRDROP, BURN_SAFE, DIEM_POOL, OPERATOR, STAKING, TREASURY, VESTING, VVV, WETH_POOL,
};
use crate::contracts::twins::Airdrop;
use crate::contracts::twins::VVV::{approveCall, transferCall};

const TRANSFERS_PER_TRANSACTION: usize = 60;
const AIRDROP_GAS: u64 = 8_000_000;

/// Large holders, in VVV. The airdrop's is what mainnet burned of it.
const LARGE: [(Address, u64); 5] = [
    (AIRDROP, 33_000_000),
    (WETH_POOL, 8_000_000),
    (DIEM_POOL, 2_000_000),
    (BURN_SAFE, 1_500_000),
    (VESTING, 5_000_000),
];
const VAULT: u64 = 400_000;

/// One block's worth of transactions: everybody gets some, and lets the staking contract take it.
pub(super) fn distribute(scene: &mut Scene, cast: &Cast) -> Vec<Step> {
    let transfers: Vec<_> = shares(scene, cast).into_iter().map(|(to, value)| transfer(to, value)).collect();
    let handed_out = transfers.chunks(TRANSFERS_PER_TRANSACTION).map(|chunk| Step::as_safe(TREASURY, chunk));
    let approve = approveCall { spender: STAKING, value: U256::MAX };
    let approved = cast.users().iter().chain(cast.vaults()).map(|holder| Step::new(*holder, VVV, &approve));
    handed_out.chain([airdrop(cast)]).chain(approved).collect()
}

fn transfer(to: Address, value: U256) -> (Address, Vec<u8>) {
    (VVV, transferCall { to, value }.abi_encode())
}

/// Holdings as uneven as people's: most have some thousands, a few have hundreds of thousands.
fn shares(scene: &mut Scene, cast: &Cast) -> Vec<(Address, U256)> {
    let large = LARGE.map(|(address, vvv)| (address, U256::from(vvv) * TOKEN));
    let vaults = cast.vaults().iter().map(|vault| (*vault, U256::from(VAULT) * TOKEN));
    let users = cast.users().iter().map(|user| {
        let magnitude = U256::from(10).pow(U256::from(3 + scene.below(3)));
        (*user, scene.part(magnitude * TOKEN * U256::from(6), 1000))
    });
    large.into_iter().chain(vaults).chain(users).collect()
}

/// Every second user is owed something.
fn airdrop(cast: &Cast) -> Step {
    let accounts = cast.users().iter().step_by(2).copied().collect();
    let owed = Airdrop::setClaimableCall { accounts, amount: U256::from(750) * TOKEN };
    Step::new(OPERATOR, AIRDROP, &owed).gas(AIRDROP_GAS)
}
