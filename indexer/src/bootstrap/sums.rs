//! What the file's addresses add up to, held against its totals.

use alloy_primitives::{Address, U256};
use ledger::position::Position;
use ledger::totals::{CapacityTotals, SupplyTotals, Tally};

pub(super) fn sum<'a>(what: &str, mut amounts: impl Iterator<Item = &'a U256>) -> Result<U256, String> {
    let total = amounts.try_fold(U256::ZERO, |total, amount| total.checked_add(*amount));
    total.ok_or_else(|| format!("more {what} than 256 bits hold"))
}

/// Totals as the positions add up to; what they do not tell is zero.
pub(super) fn sums<'a>(
    positions: impl Iterator<Item = (&'a Address, &'a Position)> + Clone,
    contracts: &[Address],
) -> Result<CapacityTotals, String> {
    let of = |what, amount: fn(&Position) -> &U256| sum(what, positions.clone().map(|(_, position)| amount(position)));
    let count = |is_one: &dyn Fn(&Address, &Position) -> bool| {
        positions.clone().filter(|(address, position)| is_one(address, position)).count() as u64
    };
    Ok(CapacityTotals {
        svvv_supply: of("sVVV", |position| &position.svvv)?,
        svvv_locked: of("locked sVVV", |position| &position.locked)?,
        svvv_cooling: of("cooling VVV", |position| &position.svvv_cooling.amount)?,
        diem_supply: of("DIEM", |position| &position.diem_liquid)?,
        diem_outstanding: of("outstanding DIEM", |position| &position.outstanding)?,
        diem_staked: of("staked DIEM", |position| &position.diem_staked)?,
        diem_cooling: of("cooling DIEM", |position| &position.diem_cooling.amount)?,
        stakers: count(&|address, position| !position.svvv.is_zero() && !contracts.contains(address)),
        diem_stakers: count(&|_, position| !position.diem_staked.is_zero()),
        minters: count(&|_, position| !position.outstanding.is_zero()),
        svvv_cooling_accounts: count(&|_, position| !position.svvv_cooling.amount.is_zero()),
        diem_cooling_accounts: count(&|_, position| !position.diem_cooling.amount.is_zero()),
        claimed: Tally { amount: of("claimed VVV", |position| &position.claimed)?, count: 0 },
        ..CapacityTotals::default()
    })
}

/// What positions add up to, held against the totals; counts of what is past are the totals' alone.
pub(super) fn equal(when: &str, sums: &CapacityTotals, totals: &CapacityTotals) -> Result<(), String> {
    let expected = CapacityTotals {
        diem_minted: sums.diem_minted,
        diem_minted_direct: sums.diem_minted_direct,
        diem_burned: sums.diem_burned,
        diem_burned_direct: sums.diem_burned_direct,
        unknown_logs: sums.unknown_logs,
        svvv_minted: sums.svvv_minted,
        svvv_burned: sums.svvv_burned,
        stakes: sums.stakes,
        unstakes: sums.unstakes,
        claimed: Tally { count: sums.claimed.count, ..totals.claimed },
        stakers_joined: sums.stakers_joined,
        stakers_left: sums.stakers_left,
        diem_stakers_joined: sums.diem_stakers_joined,
        diem_stakers_left: sums.diem_stakers_left,
        genesis_end_block: sums.genesis_end_block,
        rewards: sums.rewards,
        ..*totals
    };
    if *sums == expected {
        Ok(())
    } else {
        Err(format!("positions {when} add up to {sums:?}, the totals are {expected:?}"))
    }
}

/// Of running totals, what came less what went is what is there.
pub(super) fn come_and_gone(capacity: &CapacityTotals, supply: &SupplyTotals) -> Result<(), String> {
    let is_left = |joined: u64, left: u64, there: u64| joined.checked_sub(left) == Some(there);
    let agree = capacity.svvv_minted.checked_sub(capacity.svvv_burned) == Some(capacity.svvv_supply)
        && is_left(capacity.stakers_joined, capacity.stakers_left, capacity.stakers)
        && is_left(capacity.diem_stakers_joined, capacity.diem_stakers_left, capacity.diem_stakers)
        && is_left(supply.holders_joined, supply.holders_left, supply.holders);
    if agree { Ok(()) } else { Err(format!("running totals contradict one another: {capacity:?}, {supply:?}")) }
}
