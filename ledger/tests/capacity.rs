//! What light events do to positions and totals.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod chain;

use chain::*;
use ledger::capacity::CapacityChanges;
use ledger::event::{Contract, Event, Staking};
use ledger::halt::{AnomalyKind, Cause, Halt};
use ledger::parameter::{Parameter, Parameters, Source};
use ledger::position::Cooling;

/// Alice has 100 sVVV of which 60 are locked against 6 DIEM, 4 of them staked.
fn alice_minted() -> Chain {
    let mut chain = Chain::new();
    chain.mine(&[&[svvv(NOBODY, ALICE, 100), svvv_staked(ALICE, 100)]]).unwrap();
    chain.mine(&[&[diem(NOBODY, ALICE, 6), minted(60, 6)]]).unwrap();
    chain.mine(&[&[diem(ALICE, CONTRACTS.diem, 4), diem_staked(ALICE, 4)]]).unwrap();
    chain
}

fn kinds(changes: &CapacityChanges) -> Vec<AnomalyKind> {
    changes.anomalies.iter().map(|anomaly| anomaly.kind).collect()
}

#[track_caller]
fn halts(result: Result<impl Sized, Halt>) -> Halt {
    result.err().expect("the ledger should halt")
}

#[test]
fn minting_locks_and_staking_entitles() {
    let mut chain = alice_minted();
    let (changes, _) = chain.mine(&[&[claimed(ALICE, 3)]]).unwrap();
    let alice = position(&changes, ALICE);
    assert_eq!((alice.svvv, alice.locked, alice.unlocked()), (amount(100), amount(60), amount(40)));
    assert_eq!((alice.outstanding, alice.diem_staked, alice.diem_liquid), (amount(6), amount(4), amount(2)));
    assert_eq!(alice.claimed, amount(3));
    let totals = chain.capacity.totals();
    assert_eq!((totals.stakers, totals.diem_stakers, totals.minters), (1, 1, 1));
    assert_eq!((totals.diem_minted.amount, totals.diem_minted.count), (amount(6), 1));
}

#[test]
fn whoever_minted_and_burned_is_reported_with_the_event() {
    let mut chain = Chain::new();
    chain.mine(&[&[svvv(NOBODY, ALICE, 50), svvv(NOBODY, BOB, 50)]]).unwrap();
    let mints = [diem(NOBODY, ALICE, 5), minted(50, 5), diem(NOBODY, BOB, 5), minted(50, 5)];
    let (changes, _) = chain.mine(&[&mints, &[diem(BOB, NOBODY, 1), burned(10, 1)]]).unwrap();
    assert_eq!(changes.users.into_iter().collect::<Vec<_>>(), [(1, ALICE), (3, BOB), (5, BOB)]);
}

#[test]
fn burning_unlocks_what_the_formula_gives() {
    let mut chain = alice_minted();
    let (changes, _) = chain.mine(&[&[diem(ALICE, NOBODY, 1), burned(10, 1)]]).unwrap();
    let alice = position(&changes, ALICE);
    assert_eq!((alice.locked, alice.outstanding), (amount(50), amount(5)));
    assert_eq!(kinds(&changes), []);
    let (changes, _) = chain.mine(&[&[diem(ALICE, NOBODY, 1), burned(11, 1)]]).unwrap();
    assert_eq!(kinds(&changes), [AnomalyKind::UnlockMismatch]);
    assert_eq!(position(&changes, ALICE).locked, amount(39), "the event's amount is the truth");
}

#[test]
fn unstaking_svvv_cools_at_the_duration_in_force() {
    let mut chain = alice_minted();
    let initiate = [svvv(ALICE, NOBODY, 40), svvv_initiated(ALICE, 40)];
    let (changes, _) = chain.mine(&[&initiate]).unwrap();
    let alice = position(&changes, ALICE);
    assert_eq!(alice.svvv_cooling, Cooling { amount: amount(40), ends_at: Some(4 * 10 + 700) });
    assert_eq!(chain.capacity.totals().svvv_cooling, amount(40));
    let (changes, _) = chain.mine(&[&[svvv_finalized(ALICE, 40)]]).unwrap();
    assert_eq!(position(&changes, ALICE).svvv_cooling, Cooling::default());
    assert_eq!(chain.capacity.totals().svvv_cooling, amount(0));
}

#[test]
fn a_setter_in_the_same_block_counts_from_its_log_on() {
    let mut chain = alice_minted();
    let before = [svvv(ALICE, NOBODY, 1), svvv_initiated(ALICE, 1)];
    let setter = [set(Parameter::DiemCooldown, 5), set(Parameter::SvvvCooldown, 9)];
    let after = [diem_initiated(ALICE, 1)];
    let (changes, _) = chain.mine(&[&before, &setter, &after]).unwrap();
    let alice = position(&changes, ALICE);
    assert_eq!(alice.svvv_cooling.ends_at, Some(40 + 700));
    assert_eq!(alice.diem_cooling.ends_at, Some(40 + 5));
}

#[test]
fn unstaking_diem_again_resets_the_timer_of_all_that_cools() {
    let mut chain = alice_minted();
    chain.mine(&[&[diem_initiated(ALICE, 1)]]).unwrap();
    let (changes, _) = chain.mine(&[&[diem_initiated(ALICE, 2)]]).unwrap();
    let alice = position(&changes, ALICE);
    assert_eq!(alice.diem_cooling, Cooling { amount: amount(3), ends_at: Some(50 + 100) });
    assert_eq!(
        (alice.diem_cooling.claimable_at(149), alice.diem_cooling.claimable_at(150)),
        (Some(amount(0)), Some(amount(3)))
    );
    assert_eq!(alice.diem_staked, amount(1));
    let (changes, _) = chain.mine(&[&[diem(CONTRACTS.diem, ALICE, 3), diem_unstaked(ALICE, 3)]]).unwrap();
    let alice = position(&changes, ALICE);
    assert_eq!((alice.diem_cooling, alice.diem_liquid), (Cooling::default(), amount(5)));
}

#[test]
fn a_cooldown_of_unknown_duration_has_no_end() {
    let mut chain = Chain::with(Parameters::default());
    chain.mine(&[&[svvv(NOBODY, ALICE, 5)]]).unwrap();
    let (changes, _) = chain.mine(&[&[svvv(ALICE, NOBODY, 5), svvv_initiated(ALICE, 5)]]).unwrap();
    let cooling = position(&changes, ALICE).svvv_cooling;
    assert_eq!((cooling.ends_at, cooling.claimable_at(u64::MAX)), (None, None));
}

#[test]
fn a_plain_transfer_to_the_diem_contract_stakes_nothing() {
    let mut chain = alice_minted();
    let (changes, _) = chain.mine(&[&[diem(ALICE, CONTRACTS.diem, 2)]]).unwrap();
    assert_eq!(position(&changes, ALICE).diem_staked, amount(4));
    assert_eq!(chain.capacity.totals().diem_staked, amount(4));
}

#[test]
fn direct_mints_and_burns_lock_nothing_and_are_counted_apart() {
    let mut chain = alice_minted();
    let (changes, _) = chain.mine(&[&[diem(NOBODY, BOB, 6)], &[diem(BOB, NOBODY, 2)]]).unwrap();
    let bob = position(&changes, BOB);
    assert_eq!((bob.diem_liquid, bob.outstanding, bob.locked), (amount(4), amount(0), amount(0)));
    let totals = chain.capacity.totals();
    assert_eq!((totals.diem_minted_direct, totals.diem_burned_direct), (amount(6), amount(2)));
    assert_eq!((totals.diem_minted.amount, totals.diem_supply), (amount(6), amount(10)));
    assert_eq!(changes.direct.into_iter().collect::<Vec<_>>(), [0, 1]);
}

#[test]
fn transfers_of_nothing_count_for_nothing() {
    let mut chain = alice_minted();
    let before = *chain.capacity.totals();
    let (changes, _) = chain.mine(&[&[svvv(NOBODY, BOB, 0), diem(NOBODY, BOB, 0), diem(BOB, ALICE, 0)]]).unwrap();
    assert_eq!(changes, CapacityChanges::default());
    assert_eq!(*chain.capacity.totals(), before);
}

#[test]
fn contracts_are_positions_like_others_but_no_stakers() {
    let mut chain = Chain::new();
    let (changes, _) = chain.mine(&[&[svvv(NOBODY, CONTRACTS.staking, 1)]]).unwrap();
    assert_eq!(position(&changes, CONTRACTS.staking).svvv, amount(1));
    assert_eq!(chain.capacity.totals().stakers, 0);
    chain.mine(&[&[svvv(NOBODY, ALICE, 1)]]).unwrap();
    assert_eq!(chain.capacity.totals().stakers, 1);
}

#[test]
fn svvv_between_users_is_applied_and_remarked_upon() {
    let mut chain = alice_minted();
    let (changes, _) = chain.mine(&[&[svvv(ALICE, BOB, 40)]]).unwrap();
    assert_eq!(kinds(&changes), [AnomalyKind::UnexpectedTransfer]);
    assert_eq!((position(&changes, ALICE).svvv, position(&changes, BOB).svvv), (amount(60), amount(40)));
}

#[test]
fn an_event_without_its_transfer_is_remarked_upon() {
    let mut chain = alice_minted();
    let lonely: [Event; 2] = [svvv_staked(BOB, 5), diem_staked(ALICE, 1)];
    let (changes, _) = chain.mine(&[&lonely]).unwrap();
    assert_eq!(kinds(&changes), [AnomalyKind::UnwitnessedEvent; 2]);
    let one_transfer_two_claims = [svvv(NOBODY, BOB, 5), svvv_staked(BOB, 5), svvv_staked(BOB, 5)];
    let (changes, _) = chain.mine(&[&one_transfer_two_claims]).unwrap();
    assert_eq!(kinds(&changes), [AnomalyKind::UnwitnessedEvent]);
}

#[test]
fn what_was_never_seen_to_come_cannot_go() {
    let halt = halts(Chain::new().mine(&[&[diem(ALICE, BOB, 1)]]));
    assert!(halt.cause.is_missing_history());
    assert_eq!((halt.block_number, halt.log_index), (1, 0));
    let text = halt.to_string();
    assert!(text.contains("DIEM balance") && text.contains("below zero"), "{text}");
}

#[test]
fn no_more_can_be_locked_than_is_there() {
    let mut chain = Chain::new();
    chain.mine(&[&[svvv(NOBODY, ALICE, 5)]]).unwrap();
    let halt = halts(chain.mine(&[&[diem(NOBODY, ALICE, 1), minted(6, 1)]]));
    assert!(matches!(*halt.cause, Cause::LockedBeyondBalance { .. }));
}

#[test]
fn a_mint_for_nobody_halts() {
    let mut chain = alice_minted();
    let halt = halts(chain.mine(&[&[diem(NOBODY, ALICE, 7), minted(10, 8)]]));
    assert!(matches!(*halt.cause, Cause::NoPartner { action: "minted", .. }));
    assert_eq!(halt.log_index, 1);
}

#[test]
fn unknown_logs_are_counted() {
    let mut chain = Chain::new();
    let (changes, _) = chain.mine(&[&[Event::Unknown(Contract::Staking)]]).unwrap();
    assert_eq!(kinds(&changes), [AnomalyKind::UnknownLog]);
    assert_eq!(chain.capacity.totals().unknown_logs, 1);
}

#[test]
fn first_values_come_from_readings() {
    let mut chain = Chain::with(Parameters::default());
    let constructor = [Event::Staking(Staking::Initialized), svvv(NOBODY, ALICE, 9)];
    let initiate = [svvv(ALICE, NOBODY, 9), svvv_initiated(ALICE, 9)];
    let (changes, _) = chain.mine_reading(&[&constructor, &initiate], vec![word(Parameter::SvvvCooldown, 33)]).unwrap();
    assert_eq!(position(&changes, ALICE).svvv_cooling.ends_at, Some(10 + 33));
    assert_eq!(kinds(&changes), []);
    let change = &changes.parameters[0];
    assert_eq!((change.parameter, change.source), (Parameter::SvvvCooldown, Source::Call));
}

#[test]
fn an_upgrade_forgets_what_is_not_read_anew() {
    let mut chain = alice_minted();
    let upgrade = [Event::Staking(Staking::Upgraded(BOB))];
    let initiate = [svvv(ALICE, NOBODY, 1), svvv_initiated(ALICE, 1)];
    let (changes, _) = chain.mine(&[&upgrade, &initiate]).unwrap();
    assert_eq!(position(&changes, ALICE).svvv_cooling.ends_at, None);
    let forgotten = changes.parameters.iter().find(|change| change.parameter == Parameter::SvvvCooldown).unwrap();
    assert_eq!(forgotten.value, None);
}

#[test]
fn between_an_upgrade_and_a_setter_the_value_is_not_known() {
    let mut chain = alice_minted();
    let upgrade = [Event::Staking(Staking::Upgraded(BOB))];
    let between = [svvv(ALICE, NOBODY, 1), svvv_initiated(ALICE, 1)];
    let setter = [set(Parameter::SvvvCooldown, 44)];
    let readings = vec![word(Parameter::SvvvCooldown, 44)];
    let (changes, _) = chain.mine_reading(&[&upgrade, &between, &setter], readings).unwrap();
    assert_eq!(position(&changes, ALICE).svvv_cooling.ends_at, None);
    assert_eq!(chain.capacity.parameters().word(Parameter::SvvvCooldown), Some(amount(44)));
    assert_eq!(kinds(&changes), []);
}

#[test]
fn a_reading_that_no_event_explains_wins_and_is_remarked_upon() {
    let mut chain = alice_minted();
    let (changes, _) = chain.mine_reading(&[], vec![word(Parameter::SvvvCooldown, 44)]).unwrap();
    assert_eq!(kinds(&changes), [AnomalyKind::ReadingMismatch]);
    assert_eq!(chain.capacity.parameters().word(Parameter::SvvvCooldown), Some(amount(44)));
}

#[test]
fn a_daily_reading_of_what_is_known_changes_nothing() {
    let mut chain = alice_minted();
    let (changes, _) = chain.mine_reading(&[], vec![word(Parameter::SvvvCooldown, 700)]).unwrap();
    assert_eq!(kinds(&changes), []);
    assert_eq!(changes.positions, []);
}
