//! Records of the file, as what they mean.

use ledger::mint::Minted;
use ledger::position::{Cooling, Position};
use ledger::rewards::Rewards;
use ledger::totals::{CapacityTotals, SupplyTotals, Tally};

use crate::files::record::{Amount, CapacityTotalsRecord, MintRecord, PositionRecord, SupplyRecord};

pub(super) fn position(record: &PositionRecord) -> Position {
    let cooling = |amount: Amount, ends_at| Cooling { amount: amount.0, ends_at };
    Position {
        svvv: record.svvv.0,
        locked: record.locked.0,
        outstanding: record.outstanding.0,
        svvv_cooling: cooling(record.svvv_cooling, record.svvv_cooling_ends_at),
        diem_liquid: record.diem_liquid.0,
        diem_staked: record.diem_staked.0,
        diem_cooling: cooling(record.diem_cooling, record.diem_cooling_ends_at),
        claimed: record.claimed.0,
        reward_debt: record.reward_debt.map(|debt| debt.0),
    }
}

/// An error where some of the accumulators are there and some not.
pub(super) fn capacity_totals(record: &CapacityTotalsRecord) -> Result<CapacityTotals, String> {
    Ok(CapacityTotals {
        svvv_supply: record.svvv_supply.0,
        svvv_locked: record.svvv_locked.0,
        svvv_cooling: record.svvv_cooling.0,
        diem_supply: record.diem_supply.0,
        diem_outstanding: record.diem_outstanding.0,
        diem_staked: record.diem_staked.0,
        diem_cooling: record.diem_cooling.0,
        diem_minted: Tally { amount: record.diem_minted.0, count: record.diem_minted_count },
        diem_minted_direct: record.diem_minted_direct.0,
        diem_burned: Tally { amount: record.diem_burned.0, count: record.diem_burned_count },
        diem_burned_direct: record.diem_burned_direct.0,
        stakers: record.stakers,
        diem_stakers: record.diem_stakers,
        minters: record.minters,
        unknown_logs: record.unknown_logs,
        svvv_minted: record.svvv_minted.0,
        svvv_burned: record.svvv_burned.0,
        svvv_cooling_accounts: record.svvv_cooling_accounts,
        stakes: record.stakes,
        unstakes: record.unstakes,
        claimed: Tally { amount: record.claimed.0, count: record.claimed_count },
        diem_cooling_accounts: record.diem_cooling_accounts,
        stakers_joined: record.stakers_joined,
        stakers_left: record.stakers_left,
        diem_stakers_joined: record.diem_stakers_joined,
        diem_stakers_left: record.diem_stakers_left,
        genesis_end_block: record.genesis_end_block,
        rewards: rewards(record)?,
    })
}

fn rewards(record: &CapacityTotalsRecord) -> Result<Option<Rewards>, String> {
    match (record.acc_unlocked, record.acc_locked, record.rewarded_until) {
        (Some(unlocked), Some(locked), Some(rewarded_until)) => {
            Ok(Some(Rewards { acc_unlocked: unlocked.0, acc_locked: locked.0, rewarded_until }))
        }
        (None, None, None) => Ok(None),
        _ => Err("of the accumulators of rewards some are missing".into()),
    }
}

pub(super) fn supply_totals(record: &SupplyRecord) -> SupplyTotals {
    SupplyTotals {
        supply: record.supply.0,
        burned: record.burned.0,
        burn_count: record.burn_count,
        holders: record.holders,
        holders_joined: record.holders_joined,
        holders_left: record.holders_left,
    }
}

pub(super) fn minted(record: &MintRecord) -> Minted {
    let tally = |amount: Amount, count| Tally { amount: amount.0, count };
    Minted {
        genesis: tally(record.genesis_amount, record.genesis_count),
        emitted: tally(record.amount, record.count),
        undated: tally(record.undated_amount, record.undated_count),
    }
}
