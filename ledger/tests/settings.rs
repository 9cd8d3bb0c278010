//! Parameters that change without an event: what is known from where on.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod chain;

use alloy_primitives::Address;
use chain::*;
use ledger::block::Block;
use ledger::capacity::{Capacity, CapacityChanges};
use ledger::event::{Event, Staking};
use ledger::halt::AnomalyKind;
use ledger::parameter::{Parameter, Setting, Source, Untold};
use ledger::position::Position;

const CHANGED: u64 = 20;

/// Alice stakes, and unstakes in a block whose reading shows another cooldown; the change lies after `after_block`.
fn unstake_where_it_changes(after_block: Option<u64>) -> (Capacity, CapacityChanges) {
    let mut capacity = Chain::new().capacity;
    capacity.load(ALICE, Position::default());
    capacity.apply(&block(1, 10, &[&[svvv(NOBODY, ALICE, 9)]])).unwrap();
    let untold = after_block.map(|after_block| Untold { parameter: Parameter::SvvvCooldown, after_block });
    let block = Block {
        readings: vec![word(Parameter::SvvvCooldown, 44)],
        untold: untold.into_iter().collect(),
        ..block(CHANGED, 1_000, &[&[svvv(ALICE, NOBODY, 4), svvv_initiated(ALICE, 4)]])
    };
    let changes = capacity.apply(&block).unwrap();
    (capacity, changes)
}

fn check(after_block: Option<u64>, ends_at: Option<u64>, source: Source, detail: &str) {
    let (capacity, changes) = unstake_where_it_changes(after_block);
    assert_eq!(position(&changes, ALICE).svvv_cooling.ends_at, ends_at);
    assert_eq!(capacity.parameters().word(Parameter::SvvvCooldown), Some(amount(44)));
    let [change] = changes.parameters.as_slice() else { panic!("{:?}", changes.parameters) };
    assert_eq!((change.value.clone(), change.source), (Some(vec![amount(44)]), source));
    let mismatches = changes.anomalies.iter().filter(|anomaly| anomaly.kind == AnomalyKind::ReadingMismatch);
    assert_eq!(mismatches.map(|anomaly| anomaly.detail.as_str()).collect::<Vec<_>>(), [detail]);
}

#[test]
fn within_the_block_of_the_change_the_value_is_not_known() {
    let detail = "svvv_cooldown_seconds changed from 700 to 44, and no event says so";
    check(Some(CHANGED - 1), None, Source::Inferred, detail);
}

#[test]
fn a_change_somewhere_before_leaves_the_old_value_until_the_reading() {
    let detail = "svvv_cooldown_seconds changed from 700 to 44 between blocks 5 and 20, and no event says so";
    check(Some(5), Some(1_700), Source::Call, detail);
}

#[test]
fn of_what_nobody_looked_for_the_reading_alone_is_known() {
    check(None, Some(1_700), Source::Call, "svvv_cooldown_seconds is 44, events announced 700");
}

fn implementation(code: Address) -> Setting {
    Setting::word(Parameter::Implementation, code.into_word().into())
}

/// What a block with these upgrades and this reading makes known of the code in force.
fn check_code(
    upgrades: &[Address],
    read: Option<Address>,
    in_force: Address,
    source: Source,
    anomalies: &[AnomalyKind],
) {
    let mut chain = Chain::new();
    let events: Vec<Event> = upgrades.iter().map(|code| Event::Staking(Staking::Upgraded(*code))).collect();
    let (changes, _) = chain.mine_reading(&[&events], read.map(implementation).into_iter().collect()).unwrap();
    let change = changes.parameters.iter().find(|change| change.parameter == Parameter::Implementation).unwrap();
    assert_eq!((change.value.as_ref(), change.source), (Some(&implementation(in_force).value), source));
    assert_eq!(changes.anomalies.iter().map(|anomaly| anomaly.kind).collect::<Vec<_>>(), anomalies);
}

#[test]
fn an_upgrade_announces_the_code_in_force() {
    check_code(&[ALICE], None, ALICE, Source::Event, &[]);
    check_code(&[ALICE], Some(ALICE), ALICE, Source::Event, &[]);
    check_code(&[ALICE, BOB], Some(BOB), BOB, Source::Event, &[]);
    check_code(&[ALICE, BOB], None, BOB, Source::Event, &[]);
}

#[test]
fn code_that_no_upgrade_gave_is_known_from_a_call() {
    check_code(&[], Some(ALICE), ALICE, Source::Call, &[]);
    check_code(&[ALICE, BOB], Some(ALICE), ALICE, Source::Call, &[AnomalyKind::ReadingMismatch]);
}

#[test]
fn an_upgrade_to_the_same_code_is_told_again() {
    let mut chain = Chain::with([implementation(ALICE)].into_iter().collect());
    let (changes, _) = chain.mine(&[&[Event::Staking(Staking::Upgraded(ALICE))]]).unwrap();
    let told = changes.parameters.iter().filter(|change| change.parameter == Parameter::Implementation);
    assert_eq!(told.map(|change| change.source).collect::<Vec<_>>(), [Source::Event]);
}
