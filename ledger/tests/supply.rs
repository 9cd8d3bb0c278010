//! What VVV transfers do to balances, supply and burns.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod chain;

use alloy_primitives::Address;
use chain::*;
use ledger::halt::{AnomalyKind, Cause};
use ledger::supply::{Supply, SupplyChanges};
use ledger::totals::{SupplyTotals, Tally};

fn mined(chain: &mut Chain, transaction: &[ledger::event::Event]) -> SupplyChanges {
    chain.mine(&[transaction]).unwrap().1
}

#[test]
fn a_burn_credits_the_zero_address_and_leaves_the_supply() {
    let mut chain = Chain::new();
    let changes = mined(&mut chain, &[vvv(NOBODY, ALICE, 100), vvv(ALICE, NOBODY, 30), vvv(ALICE, NOBODY, 1)]);
    let expected = SupplyTotals {
        supply: amount(100),
        burned: amount(31),
        burn_count: 2,
        holders: 1,
        holders_joined: 1,
        holders_left: 0,
    };
    assert_eq!(changes.totals, Some(expected));
    assert_eq!(changes.burns, [(ALICE, Tally { amount: amount(31), count: 2 })]);
    let last = &changes.transfers[2];
    assert_eq!((last.sender_balance, last.recipient_balance), (Some(amount(69)), amount(31)));
}

#[test]
fn a_mint_does_not_debit_the_zero_address() {
    let mut chain = Chain::new();
    mined(&mut chain, &[vvv(NOBODY, ALICE, 100), vvv(ALICE, NOBODY, 30)]);
    let changes = mined(&mut chain, &[vvv(NOBODY, BOB, 50)]);
    assert_eq!(changes.transfers[0].sender_balance, None);
    assert_eq!((chain.supply.totals().supply, chain.supply.totals().burned), (amount(150), amount(30)));
}

#[test]
fn transfers_of_nothing_are_kept_and_count_for_nothing() {
    let mut chain = Chain::new();
    mined(&mut chain, &[vvv(NOBODY, ALICE, 100)]);
    let changes = mined(&mut chain, &[vvv(NOBODY, BOB, 0), vvv(BOB, NOBODY, 0), vvv(BOB, ALICE, 0)]);
    assert_eq!(changes.transfers.len(), 3);
    assert_eq!((changes.totals, changes.burns), (None, vec![]));
}

#[test]
fn a_self_transfer_moves_nothing() {
    let mut chain = Chain::new();
    mined(&mut chain, &[vvv(NOBODY, ALICE, 100)]);
    let changes = mined(&mut chain, &[vvv(ALICE, ALICE, 100)]);
    assert_eq!(changes.totals, None);
    assert_eq!(changes.transfers[0].sender_balance, Some(amount(100)));
}

#[test]
fn holders_come_and_go() {
    let mut chain = Chain::new();
    mined(&mut chain, &[vvv(NOBODY, ALICE, 100), vvv(ALICE, BOB, 100)]);
    assert_eq!(chain.supply.totals().holders, 1);
    mined(&mut chain, &[vvv(BOB, ALICE, 40)]);
    assert_eq!(chain.supply.totals().holders, 2);
}

#[test]
fn a_payment_that_a_finalized_unstake_claims_must_be_there() {
    let mut chain = Chain::new();
    chain.mine(&[&[vvv(NOBODY, CONTRACTS.staking, 100), svvv(NOBODY, ALICE, 100)]]).unwrap();
    chain.mine(&[&[svvv(ALICE, NOBODY, 9), svvv_initiated(ALICE, 9)]]).unwrap();
    let paid = mined(&mut chain, &[svvv_finalized(ALICE, 5), vvv(CONTRACTS.staking, ALICE, 5)]);
    assert_eq!(paid.anomalies, []);
    let unpaid = mined(&mut chain, &[svvv_finalized(ALICE, 4)]);
    assert_eq!(unpaid.anomalies[0].kind, AnomalyKind::UnwitnessedEvent);
}

#[test]
fn a_balance_never_goes_below_zero() {
    let mut chain = Chain::new();
    mined(&mut chain, &[vvv(NOBODY, ALICE, 100)]);
    let halt = chain.mine(&[&[vvv(ALICE, BOB, 101)]]).unwrap_err();
    assert!(halt.cause.is_missing_history(), "{halt}");
}

#[test]
fn who_is_not_loaded_is_zero_only_where_everyone_was_loaded() {
    let carol = Address::repeat_byte(0x03);
    let first = block(1, 10, &[&[vvv(NOBODY, ALICE, 100), vvv(ALICE, BOB, 30)]]);
    let mut whole = Supply::whole(CONTRACTS, SupplyTotals::default(), []);
    assert!(whole.unloaded([&first]).is_empty());
    let changes = whole.apply(&first).unwrap();
    assert_eq!(changes.transfers[1].sender_balance, Some(amount(70)));
    let second = block(2, 20, &[&[vvv(BOB, carol, 30)]]);
    whole.end_whole();
    assert_eq!(whole.unloaded([&second]), [carol]);
    assert_eq!(*whole.apply(&second).unwrap_err().cause, Cause::NotLoaded(carol));
}
