//! What moves tokens without staking or minting them: transfers, swaps, burns by swap, the airdrop.

use alloy_primitives::{Address, U256};

use super::action::Step;
use super::scene::{Plan, Scene, alone};
use crate::contracts::TOKEN;
use crate::contracts::addresses::{AIRDROP, DIEM, DIEM_POOL, VVV, WETH_POOL};
use crate::contracts::twins::VVV::{approveCall, transferCall};
use crate::contracts::twins::{Airdrop, Pool::swapCall};
use crate::truth::Position;

/// DIEM costs about as much sVVV to mint at the start of the curve.
const VVV_PER_DIEM: u64 = 100;

pub(super) fn transfer_vvv(scene: &mut Scene) -> Plan {
    let from = scene.user(|user| !user.vvv.is_zero())?;
    let (to, value) = (scene.recipient(), scene.part(from.vvv, 50));
    alone(from, VVV, &transferCall { to, value })
}

pub(super) fn transfer_diem(scene: &mut Scene) -> Plan {
    let from = scene.user(|user| !user.diem.is_zero())?;
    let (to, value) = (scene.recipient(), scene.part_or_all(from.diem));
    alone(from, DIEM, &transferCall { to, value })
}

/// Free for anyone, holders or not.
pub(super) fn transfer_nothing(scene: &mut Scene) -> Plan {
    let from = scene.user(|_| true)?;
    let token = if scene.book.has_diem && scene.chance(2) { DIEM } else { VVV };
    let to = scene.recipient();
    alone(from, token, &transferCall { to, value: U256::ZERO })
}

pub(super) fn transfer_to_self(scene: &mut Scene) -> Plan {
    let from = scene.user(|user| !user.vvv.is_zero())?;
    let (token, balance) = if from.diem.is_zero() { (VVV, from.vvv) } else { (DIEM, from.diem) };
    let value = scene.part_or_all(balance);
    alone(from, token, &transferCall { to: from.address, value })
}

/// What a swap takes and gives, of the pool's first and second token.
fn swap(taken: [U256; 2], given: [U256; 2], to: Address) -> swapCall {
    swapCall { amount0In: taken[0], amount1In: taken[1], amount0Out: given[0], amount1Out: given[1], to }
}

fn sale(seller: Position, token: Address, pool: Address, value: U256, swap: &swapCall) -> Plan {
    let approve = approveCall { spender: pool, value };
    Some(vec![Step::new(seller.address, token, &approve), Step::new(seller.address, pool, swap)])
}

pub(super) fn sell_vvv(scene: &mut Scene) -> Plan {
    let seller = scene.user(|user| user.vvv > TOKEN)?;
    let value = scene.part(seller.vvv, 50);
    let swap = swap([value, U256::ZERO], [U256::ZERO; 2], seller.address);
    sale(seller, VVV, WETH_POOL, value, &swap)
}

pub(super) fn buy_vvv(scene: &mut Scene) -> Plan {
    let buyer = scene.user(|_| true)?;
    let out = scene.part(scene.book.position(WETH_POOL).vvv, 1);
    alone(buyer, WETH_POOL, &swap([U256::ZERO; 2], [out, U256::ZERO], buyer.address))
}

pub(super) fn sell_vvv_for_diem(scene: &mut Scene) -> Plan {
    let stock = scene.book.position(DIEM_POOL).diem;
    let seller = scene.user(|user| user.vvv > TOKEN)?;
    let out = scene.part((seller.vvv / U256::from(VVV_PER_DIEM)).min(stock / U256::from(10)), 200);
    let value = (out * U256::from(VVV_PER_DIEM)).min(seller.vvv);
    (out < stock).then_some(())?;
    sale(seller, VVV, DIEM_POOL, value, &swap([value, U256::ZERO], [U256::ZERO, out], seller.address))
}

pub(super) fn sell_diem_for_vvv(scene: &mut Scene) -> Plan {
    let stock = scene.book.position(DIEM_POOL).vvv;
    let seller = scene.user(|user| !user.diem.is_zero())?;
    let value = scene.part_or_all(seller.diem);
    let out = (value * U256::from(VVV_PER_DIEM)).min(stock / U256::from(10));
    sale(seller, DIEM, DIEM_POOL, value, &swap([U256::ZERO, value], [out, U256::ZERO], seller.address))
}

/// The pool is the transfer's sender, and whoever sent the transaction is nobody.
pub(super) fn burn_by_swap(scene: &mut Scene) -> Plan {
    let sender = scene.user(|_| true)?;
    let out = scene.part(scene.book.position(WETH_POOL).vvv, 1);
    alone(sender, WETH_POOL, &swap([U256::ZERO; 2], [out, U256::ZERO], Address::ZERO))
}

pub(super) fn claim_airdrop(scene: &mut Scene) -> Plan {
    let book = scene.book;
    let is_open = scene.is_free(AIRDROP) && !book.position(AIRDROP).vvv.is_zero();
    let claimer = scene.user(|user| is_open && book.may_claim_airdrop(user.address))?;
    alone(claimer, AIRDROP, &Airdrop::claimCall {})
}
