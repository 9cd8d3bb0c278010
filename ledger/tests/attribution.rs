//! For whom DIEM was minted and burned.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod chain;

use chain::*;
use ledger::attribution::attribute;
use ledger::event::Event;

const CAROL: alloy_primitives::Address = alloy_primitives::Address::repeat_byte(0x03);

/// The users of a transaction's mints and burns, in log order, and the log indexes of direct ones.
#[track_caller]
fn check(transaction: &[Event], users: &[alloy_primitives::Address], direct: &[u32]) {
    let entries = block(1, 10, &[transaction]).entries;
    let attribution = attribute(&entries).unwrap();
    let found: Vec<_> = entries.iter().filter_map(|entry| attribution.user(entry.log_index)).collect();
    assert_eq!(found, users);
    let transfers = entries.iter().filter(|entry| matches!(entry.event, Event::Diem(_)));
    let unpartnered: Vec<_> =
        transfers.map(|entry| entry.log_index).filter(|i| !attribution.is_partnered(*i)).collect();
    assert_eq!(unpartnered, direct);
}

#[test]
fn the_transfer_before_the_event_tells() {
    check(&[diem(NOBODY, ALICE, 5), minted(50, 5)], &[ALICE], &[]);
    check(&[diem(ALICE, NOBODY, 5), burned(50, 5)], &[ALICE], &[]);
}

#[test]
fn two_equal_mints_by_two_users_in_one_transaction() {
    check(&[diem(NOBODY, ALICE, 5), minted(50, 5), diem(NOBODY, BOB, 5), minted(50, 5)], &[ALICE, BOB], &[]);
}

#[test]
fn a_direct_mint_of_equal_amount_before_stays_direct() {
    check(&[diem(NOBODY, CAROL, 5), diem(NOBODY, ALICE, 5), minted(50, 5)], &[ALICE], &[0]);
}

#[test]
fn a_direct_mint_of_equal_amount_after_stays_direct() {
    check(&[diem(NOBODY, ALICE, 5), minted(50, 5), diem(NOBODY, CAROL, 5)], &[ALICE], &[2]);
}

#[test]
fn a_transfer_after_the_event_tells_if_none_is_before() {
    check(&[minted(50, 5), diem(NOBODY, ALICE, 5)], &[ALICE], &[]);
}

#[test]
fn mints_and_burns_do_not_take_each_others_transfers() {
    check(&[diem(ALICE, NOBODY, 5), diem(NOBODY, BOB, 5), burned(50, 5), minted(50, 5)], &[ALICE, BOB], &[]);
}

#[test]
fn an_equal_amount_in_another_transaction_does_not_count() {
    let entries = block(1, 10, &[&[diem(NOBODY, ALICE, 5)], &[minted(50, 5)]]).entries;
    let (log_index, _) = attribute(&entries[1..]).unwrap_err();
    assert_eq!(log_index, 1);
}
