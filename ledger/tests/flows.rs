//! What came and what went, as running totals, and where VVV was minted from.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod chain;

use std::collections::{BTreeMap, BTreeSet};

use alloy_primitives::{Address, U256};
use chain::*;
use ledger::event::{Event, OwnershipTransfer, Vvv};
use ledger::mint::{Backing, Minted, Origins, Treasuries};
use ledger::parameter::{Parameter, Parameters, Setting};
use ledger::totals::Tally;
use proptest::prelude::*;

fn tally(units: u64, count: u64) -> Tally {
    Tally { amount: amount(units), count }
}

fn owned_by(owner: Address) -> Setting {
    Setting::word(Parameter::VvvOwner, U256::from_be_slice(owner.as_slice()))
}

fn handed_over(to: Address) -> Event {
    Event::Vvv(Vvv::OwnershipTransferred(OwnershipTransfer { previous: ALICE, owner: owned_by(to) }))
}

#[test]
fn counts_of_stakes_and_claims_leave_out_what_is_nothing() {
    let mut chain = Chain::new();
    chain.mine(&[&[svvv(NOBODY, ALICE, 5), svvv_staked(ALICE, 5)], &[svvv_staked(ALICE, 0)]]).unwrap();
    chain.mine(&[&[svvv(ALICE, NOBODY, 2), svvv_initiated(ALICE, 2)], &[svvv_initiated(BOB, 0)]]).unwrap();
    chain.mine(&[&[claimed(ALICE, 3), claimed(BOB, 0)], &[claimed(BOB, 4)]]).unwrap();
    let totals = chain.capacity.totals();
    assert_eq!((totals.stakes, totals.unstakes, totals.claimed), (1, 1, tally(7, 2)));
    assert_eq!((totals.svvv_minted, totals.svvv_burned), (amount(5), amount(2)));
    assert_eq!(totals.svvv_cooling_accounts, 1);
}

#[test]
fn who_comes_and_goes_within_a_block_was_never_there() {
    let mut chain = Chain::new();
    let passed_on = [vvv(NOBODY, ALICE, 9), vvv(ALICE, BOB, 9)];
    let staked =
        [svvv(NOBODY, BOB, 9), svvv(BOB, NOBODY, 9), diem(NOBODY, BOB, 3), diem_staked(BOB, 3), diem_initiated(BOB, 3)];
    chain.mine(&[&passed_on, &staked]).unwrap();
    let (capacity, supply) = (*chain.capacity.totals(), *chain.supply.totals());
    assert_eq!((supply.holders, supply.holders_joined, supply.holders_left), (1, 1, 0));
    assert_eq!((capacity.stakers_joined, capacity.stakers_left), (0, 0));
    assert_eq!((capacity.diem_stakers_joined, capacity.diem_stakers_left), (0, 0));
    assert_eq!((capacity.svvv_cooling_accounts, capacity.diem_cooling_accounts), (0, 1));
    chain.mine(&[&[vvv(BOB, ALICE, 9), vvv(ALICE, ALICE, 9)]]).unwrap();
    let supply = chain.supply.totals();
    assert_eq!((supply.holders, supply.holders_joined, supply.holders_left), (1, 2, 1));
}

#[test]
fn the_contracts_are_no_stakers_who_join() {
    let mut chain = Chain::new();
    chain.mine(&[&[svvv(NOBODY, CONTRACTS.staking, 1)]]).unwrap();
    assert_eq!((chain.capacity.totals().stakers, chain.capacity.totals().stakers_joined), (0, 0));
}

/// From its log on, not from its block on: the first mint was before, the third is after.
#[test]
fn genesis_ends_when_the_proxy_owns_the_token_and_never_begins_again() {
    let mut chain = Chain::with([owned_by(BOB)].into_iter().collect());
    let block = [vvv(NOBODY, ALICE, 100), vvv(NOBODY, ALICE, 0), handed_over(CONTRACTS.staking), vvv(NOBODY, ALICE, 7)];
    let (changes, _) = chain.mine(&[&block]).unwrap();
    let alice = Minted { genesis: tally(100, 1), emitted: tally(7, 1), ..Minted::default() };
    assert_eq!(changes.minted, [(ALICE, alice)]);
    assert_eq!(chain.capacity.totals().genesis_end_block, Some(1));
    let (changes, _) = chain.mine(&[&[handed_over(BOB), vvv(NOBODY, ALICE, 1)]]).unwrap();
    assert_eq!(changes.minted, [(ALICE, Minted { emitted: tally(8, 2), ..alice })]);
    assert_eq!(chain.capacity.totals().genesis_end_block, Some(1));
}

#[test]
fn a_mint_under_an_owner_nobody_knows_has_no_date() {
    let mut chain = Chain::with(Parameters::default());
    let (changes, _) = chain.mine(&[&[vvv(NOBODY, ALICE, 100)]]).unwrap();
    assert_eq!(changes.minted, [(ALICE, Minted { undated: tally(100, 1), ..Minted::default() })]);
    // A reading of a block that sets nothing holds from its beginning.
    let read = vec![owned_by(CONTRACTS.staking)];
    let (changes, _) = chain.mine_reading(&[&[vvv(NOBODY, CONTRACTS.staking, 9)]], read).unwrap();
    assert_eq!(changes.minted, [(CONTRACTS.staking, Minted { emitted: tally(9, 1), ..Minted::default() })]);
}

#[test]
fn a_block_of_transfers_alone_changes_nothing_of_capacity() {
    let mut chain = Chain::new();
    chain.mine(&[&[vvv(NOBODY, ALICE, 100)]]).unwrap();
    let (changes, _) = chain.mine(&[&[vvv(ALICE, BOB, 100)]]).unwrap();
    assert_eq!(changes, Default::default());
}

#[test]
fn origins_are_by_recipient_and_what_is_not_known_is_not_guessed() {
    let minted = |genesis, emitted, undated| Minted {
        genesis: tally(genesis, 1),
        emitted: tally(emitted, 2),
        undated: if undated == 0 { Tally::default() } else { tally(undated, 3) },
    };
    let mut all =
        BTreeMap::from([(ALICE, minted(100, 10, 0)), (BOB, minted(1, 20, 0)), (CONTRACTS.staking, minted(2, 30, 0))]);
    let origins = |all: &BTreeMap<_, _>, are_all| {
        let treasuries = Treasuries { known: BTreeSet::from([BOB]), are_all };
        Origins::of(all, CONTRACTS.staking, &treasuries).unwrap()
    };
    let whole = origins(&all, true);
    let expected = Origins {
        genesis: Some(tally(103, 3)),
        stakers: Some(tally(30, 2)),
        treasury: Some(tally(20, 2)),
        other: Some(tally(10, 2)),
    };
    assert_eq!(whole, expected);
    assert_eq!(origins(&all, false), Origins { treasury: None, other: None, ..expected });
    all.insert(ALICE, minted(100, 10, 5));
    assert_eq!(origins(&all, true), Origins { genesis: None, other: None, ..expected });
    all.remove(&ALICE);
    let of_known = Origins { genesis: Some(tally(3, 2)), other: Some(Tally::default()), ..expected };
    assert_eq!(origins(&all, false), of_known, "no mint is left that a treasury nobody knows could have got");
}

#[test]
fn what_is_given_to_the_proxy_is_unexplained_and_may_be_less_than_nothing() {
    let backing = |balance| {
        let (staked, cooling, minted, claimed) = (amount(1_001), amount(50), amount(300), amount(120));
        Backing { balance: amount(balance), staked, cooling, minted, claimed }.owed_and_held().unwrap()
    };
    assert_eq!(backing(1_230), (amount(1_351), amount(1_350)), "the sVVV that initialize minted");
    assert_eq!(backing(1_231), (amount(1_351), amount(1_351)));
    assert_eq!(backing(1_331), (amount(1_351), amount(1_451)));
}

proptest! {
    /// Any transfers, several to a block: what joined less what left is who holds, as the ends of blocks tell.
    #[test]
    fn holders_joined_and_left_are_the_differences_of_blocks(
        blocks in prop::collection::vec(prop::collection::vec((0..5_u8, 0..5_u8, 0..4_u64), 1..12), 1..20),
    ) {
        let mut chain = Chain::new();
        let mut balances: BTreeMap<u8, u64> = BTreeMap::new();
        let (mut joined, mut left, mut minted) = (0, 0, 0);
        for block in blocks {
            let before: BTreeSet<u8> = holders(&balances);
            let mut transfers = Vec::new();
            for (from, to, units) in block {
                let units = if from == 0 { units } else { units.min(balances.get(&from).copied().unwrap_or_default()) };
                if from == 0 { minted += units } else { *balances.entry(from).or_default() -= units }
                *balances.entry(to).or_default() += units;
                transfers.push(vvv(Address::repeat_byte(from), Address::repeat_byte(to), units));
            }
            chain.mine(&[&transfers]).unwrap();
            let after = holders(&balances);
            joined += after.difference(&before).count() as u64;
            left += before.difference(&after).count() as u64;
            let totals = chain.supply.totals();
            prop_assert_eq!((totals.holders_joined, totals.holders_left), (joined, left));
            prop_assert_eq!(totals.holders, after.len() as u64);
            prop_assert_eq!(totals.supply, amount(minted));
        }
    }
}

fn holders(balances: &BTreeMap<u8, u64>) -> BTreeSet<u8> {
    balances.iter().filter(|(address, units)| **address != 0 && **units > 0).map(|(address, _)| *address).collect()
}
