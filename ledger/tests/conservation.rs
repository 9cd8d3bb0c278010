//! Whatever happens, sums of what everybody has are the totals, and what cannot be is refused whole.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod chain;
mod economy;
mod rows;

use alloy_primitives::U256;
use chain::*;
use economy::{Wish, allowed_blocks, granted, hostile_blocks};
use ledger::block::Block;
use ledger::event::Event;
use ledger::halt::Halt;
use ledger::position::{Cooling, Position};
use ledger::ratio::{ONE, ratio};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use rows::State;

/// The block's transactions. Each counts on what everybody had before the block: two of one account may be too much.
fn transactions(block: &[Wish], state: &State) -> Vec<Vec<Event>> {
    block.iter().map(|wish| granted(wish, state)).collect()
}

/// sVVV, DIEM and VVV: each sum of positions is the total that goes by its name, in the rows and in memory.
fn sums_are_totals(state: &State) -> Result<(), TestCaseError> {
    let (positions, totals) = (state.positions(), state.capacity.totals());
    let sum = |of: fn(&Position) -> U256| positions.values().map(of).sum::<U256>();
    let count =
        |of: fn(&Position) -> U256| positions.values().filter(|position| !of(position).is_zero()).count() as u64;
    prop_assert_eq!(sum(|p| p.svvv), totals.svvv_supply);
    prop_assert_eq!(sum(|p| p.locked), totals.svvv_locked);
    prop_assert_eq!(sum(|p| p.svvv_cooling.amount), totals.svvv_cooling);
    prop_assert_eq!(sum(|p| p.diem_liquid), totals.diem_supply);
    prop_assert_eq!(sum(|p| p.diem_staked), totals.diem_staked);
    prop_assert_eq!(sum(|p| p.diem_cooling.amount), totals.diem_cooling);
    prop_assert_eq!(sum(|p| p.outstanding), totals.diem_outstanding);
    prop_assert_eq!(totals.diem_burned.amount + totals.diem_outstanding, totals.diem_minted.amount);
    let gone = totals.diem_burned.amount + totals.diem_burned_direct;
    prop_assert_eq!(totals.diem_supply + gone, totals.diem_minted.amount + totals.diem_minted_direct);
    let users =
        positions.iter().filter(|(address, position)| !CONTRACTS.contains(**address) && !position.svvv.is_zero());
    prop_assert_eq!(users.count() as u64, totals.stakers);
    prop_assert_eq!(count(|p| p.diem_staked), totals.diem_stakers);
    prop_assert_eq!(count(|p| p.outstanding), totals.minters);
    prop_assert_eq!(count(|p| p.svvv_cooling.amount), totals.svvv_cooling_accounts);
    prop_assert_eq!(count(|p| p.diem_cooling.amount), totals.diem_cooling_accounts);
    prop_assert_eq!(sum(|p| p.claimed), totals.claimed.amount);
    prop_assert_eq!(totals.svvv_burned + totals.svvv_supply, totals.svvv_minted);
    prop_assert_eq!(totals.stakers_left + totals.stakers, totals.stakers_joined);
    prop_assert_eq!(totals.diem_stakers_left + totals.diem_stakers, totals.diem_stakers_joined);

    let (balances, burns, supply) = (state.balances(), state.burns(), state.supply.totals());
    prop_assert_eq!(balances.values().sum::<U256>(), supply.supply);
    prop_assert_eq!(state.balance(NOBODY), supply.burned);
    prop_assert_eq!(burns.values().map(|tally| tally.amount).sum::<U256>(), supply.burned);
    prop_assert_eq!(burns.values().map(|tally| tally.count).sum::<u64>(), supply.burn_count);
    let holders = balances.iter().filter(|(address, balance)| !address.is_zero() && !balance.is_zero());
    prop_assert_eq!(holders.count() as u64, supply.holders);
    prop_assert_eq!(supply.holders_left + supply.holders, supply.holders_joined);
    let minted = state.minted().values().map(|minted| minted.amount().unwrap()).sum::<U256>();
    prop_assert_eq!(minted, supply.supply, "what mints tell the lane of capacity is what they tell that of supply");
    Ok(())
}

/// No more is locked than held, what does not cool has no end, and shares are a part of one less than a unit each away.
fn positions_make_sense(state: &State) -> Result<(), TestCaseError> {
    let (positions, supply) = (state.positions(), state.capacity.totals().svvv_supply);
    for (address, position) in &positions {
        prop_assert!(position.locked <= position.svvv, "{address}");
        for Cooling { amount, ends_at } in [position.svvv_cooling, position.diem_cooling] {
            prop_assert!(!amount.is_zero() || ends_at.is_none(), "{address}");
        }
    }
    let shares: Vec<U256> = positions.values().filter_map(|position| ratio(position.svvv, supply)).collect();
    let whole = shares.iter().sum::<U256>();
    prop_assert!(whole <= ONE);
    prop_assert!(supply.is_zero() || whole + U256::from(shares.len()) > ONE);
    Ok(())
}

/// An error names a log of the block that it is about.
fn names_its_log(block: &Block, halt: &Halt) -> Result<(), TestCaseError> {
    prop_assert_eq!(halt.block_number, block.number);
    let named = block.entries.iter().find(|entry| entry.log_index == halt.log_index);
    prop_assert_eq!(named.map(|entry| entry.tx_hash), Some(halt.tx_hash));
    Ok(())
}

proptest! {
    /// One transaction a block, so that each is allowed when it comes.
    #[test]
    fn what_the_contracts_allow_is_never_refused(blocks in allowed_blocks()) {
        let mut state = State::new();
        for wish in blocks.iter().flatten() {
            let transaction = granted(wish, &state);
            state.mine(&[transaction]).unwrap();
            prop_assert_eq!(&state.anomalies, &[]);
            sums_are_totals(&state)?;
            positions_make_sense(&state)?;
            let (totals, in_contract) = (state.capacity.totals(), state.position(CONTRACTS.diem).diem_liquid);
            prop_assert!(in_contract >= totals.diem_staked + totals.diem_cooling);
        }
    }

    #[test]
    fn anything_is_conserved_or_refused_whole(blocks in hostile_blocks()) {
        let mut state = State::new();
        for block in &blocks {
            let before = state.clone();
            let transactions = transactions(block, &state);
            if let Err(refused) = state.mine(&transactions) {
                let (block, halt) = *refused;
                names_its_log(&block, &halt)?;
                prop_assert_eq!(&state.rows, &before.rows);
                prop_assert_eq!(state.capacity.totals(), before.capacity.totals());
                prop_assert_eq!(state.capacity.parameters(), before.capacity.parameters());
                prop_assert_eq!(state.supply.totals(), before.supply.totals());
                let (_, again) = *state.mine(&transactions).expect_err("it was refused before");
                prop_assert_eq!(again, halt, "the same words for the same block");
            }
            sums_are_totals(&state)?;
            positions_make_sense(&state)?;
        }
    }
}
