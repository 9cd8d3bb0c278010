//! When rewards are known: what does not fit makes them unknown, and only all that belongs together makes them known again.

use alloy_primitives::{Address, U256};
use ledger::capacity::CapacityChanges;
use ledger::event::{Event, Staking as StakingEvent};
use ledger::halt::AnomalyKind;
use ledger::parameter::{Parameter, Setting};

use crate::chain::{ALICE, BOB, CONTRACTS, NOBODY, claimed, set, svvv, svvv_staked, vvv, word};
use crate::contract::{Action, CAROL, Staking, TREASURY, Told};

/// Alice and Bob have staked; the newest block is of second 30.
fn staked() -> (Staking, Told) {
    let mut staking = Staking::new();
    let mut told = Told::begun(&staking);
    for (now, who) in [(20, 0), (30, 1)] {
        let events = staking.act(Action::Stake(who, 1_000), now);
        assert_eq!(told.mine(&[&events]).anomalies, []);
    }
    (staking, told)
}

fn mismatches(changes: &CapacityChanges) -> Vec<&str> {
    let of_rewards = changes.anomalies.iter().filter(|anomaly| anomaly.kind == AnomalyKind::RewardMismatch);
    of_rewards.map(|anomaly| anomaly.detail.as_str()).collect()
}

const STAKERS: [Address; 3] = [CONTRACTS.staking, ALICE, BOB];

#[test]
fn a_mint_of_another_amount_makes_rewards_unknown_until_all_is_read() {
    let (mut staking, mut told) = staked();
    let mut events = staking.act(Action::Claim(0), 40);
    let Event::Vvv(ledger::event::Vvv::Transfer(mint)) = &mut events[0] else { panic!("{events:?}") };
    mint.amount += U256::ONE;
    let changes = told.mine(&[&events]);
    assert_eq!(
        mismatches(&changes).len(),
        1,
        "the claim is not held against what is not known: {:?}",
        changes.anomalies
    );
    assert!(mismatches(&changes)[0].starts_with("rewards from 30 to 40 are "), "{:?}", changes.anomalies);
    assert_eq!((told.rewards(), told.pending(BOB, 40)), (None, None));
    assert_eq!(told.debt(ALICE), None, "she acted while nobody knows the accumulators");
    // What goes on meanwhile is no news.
    let events = staking.act(Action::Claim(1), 50);
    assert_eq!(mismatches(&told.mine(&[&events])), [""; 0]);
    let events = staking.act(Action::Stake(0, 5), 60);
    let changes = told.mine_reading(&[&events], staking.readings(&STAKERS));
    assert_eq!(mismatches(&changes), [""; 0]);
    for who in STAKERS {
        assert_eq!(told.pending(who, 64), Some(staking.pending(who, 64)), "{who}");
    }
}

#[test]
fn the_treasurys_part_is_held_too_and_may_come_first() {
    let (mut staking, mut told) = staked();
    let mut events = staking.act(Action::Claim(0), 40);
    events.swap(0, 1);
    assert_eq!(mismatches(&told.mine(&[&events])), [""; 0]);
    assert!(told.rewards().is_some());
    let mut events = staking.act(Action::Claim(0), 50);
    assert_eq!(events.remove(1), vvv(NOBODY, TREASURY, 1_000_003), "a tenth of ten seconds");
    assert!(mismatches(&told.mine(&[&events]))[0].ends_with(" and 0"));
    assert_eq!(told.rewards(), None);
}

#[test]
fn a_transfer_of_nothing_is_anybodys_and_no_update() {
    let (mut staking, mut told) = staked();
    let before = told.rewards();
    let changes = told.mine(&[&[vvv(NOBODY, CONTRACTS.staking, 0)]]);
    assert_eq!((changes.anomalies.len(), told.rewards()), (0, before));
    let forged = vvv(NOBODY, CONTRACTS.staking, 0);
    let mut events = staking.act(Action::Claim(0), 50);
    events.extend([forged.clone(), forged]);
    assert_eq!(mismatches(&told.mine(&[&events])), [""; 0]);
    assert_eq!(told.pending(BOB, 50), Some(staking.pending(BOB, 50)));
}

/// With a rate of nothing the contract mints nothing and counts on.
#[test]
fn an_update_that_mints_nothing_counts() {
    let (mut staking, mut told) = staked();
    let events = staking.act(Action::SetRate(0), 40);
    told.mine(&[&events]);
    let events = staking.act(Action::Claim(0), 50);
    assert!(events.contains(&vvv(NOBODY, CONTRACTS.staking, 0)), "{events:?}");
    assert_eq!(mismatches(&told.mine(&[&events])), [""; 0]);
    assert_eq!(told.rewards().unwrap().rewarded_until, 50);
}

#[test]
fn a_second_update_of_one_timestamp_does_not_fit() {
    let (mut staking, mut told) = staked();
    let events = staking.act(Action::Claim(0), 40);
    let changes = told.mine(&[&events, &[vvv(NOBODY, CONTRACTS.staking, 7)]]);
    assert_eq!(mismatches(&changes), ["rewards from 40 to 40 cannot be told, minted were 7 and 0"]);
    assert_eq!(told.rewards(), None);
}

#[test]
fn a_claim_of_another_amount_is_told_and_rewards_go_on() {
    let (mut staking, mut told) = staked();
    let mut events = staking.act(Action::Claim(0), 40);
    let Some(Event::Staking(StakingEvent::Claimed(paid))) = events.last_mut() else { panic!("{events:?}") };
    paid.amount -= U256::ONE;
    let changes = told.mine(&[&events]);
    assert!(mismatches(&changes)[0].starts_with(&format!("{ALICE} was paid rewards of ")), "{changes:?}");
    assert_eq!(told.pending(ALICE, 47), Some(staking.pending(ALICE, 47)), "her debt is set by what she did");
}

/// The contract says nothing then but that rewards were added up, or not even that.
#[test]
fn a_claim_with_nothing_pending_leaves_the_debt() {
    let (mut staking, mut told) = staked();
    let events = staking.act(Action::Claim(0), 40);
    let again = staking.act(Action::Claim(0), 40);
    assert_eq!(again, [], "nothing pending");
    told.mine(&[&events, &again]);
    assert!(told.debt(ALICE).unwrap() > U256::ZERO);
    // Somebody who never staked claims: an update, and nothing for her.
    let (of_alice, of_bob) = (told.debt(ALICE), told.debt(BOB));
    let events = staking.act(Action::Claim(2), 50);
    assert!(!events.iter().any(|event| matches!(event, Event::Staking(StakingEvent::Claimed(_)))), "{events:?}");
    told.mine(&[&events]);
    assert_eq!((told.debt(ALICE), told.debt(BOB), told.debt(CAROL)), (of_alice, of_bob, Some(U256::ZERO)));
    for who in [ALICE, BOB, CAROL] {
        assert_eq!(told.pending(who, 50), Some(staking.pending(who, 50)), "{who}");
    }
}

#[test]
fn new_code_makes_rewards_unknown_and_its_readings_known() {
    let (staking, mut told) = staked();
    let upgraded = Event::Staking(StakingEvent::Upgraded(CAROL));
    let of_network: Vec<Setting> =
        staking.readings(&[]).into_iter().filter(|reading| reading.parameter != Parameter::RewardDebts).collect();
    let changes = told.mine_reading(&[std::slice::from_ref(&upgraded)], of_network);
    assert_eq!((mismatches(&changes).len(), told.rewards()), (0, None));
    told.mine_reading(&[&[upgraded]], staking.readings(&STAKERS));
    assert_eq!(told.pending(BOB, 50), Some(staking.pending(BOB, 50)));
}

#[test]
fn a_parameter_that_is_not_known_leaves_an_update_unknown() {
    let (mut staking, mut told) = staked();
    // New percentages that nobody could be asked for.
    let initialized = Event::Staking(StakingEvent::Initialized);
    assert_eq!(told.mine(&[&[initialized]]).anomalies, []);
    assert!(told.rewards().is_some() && told.pending(ALICE, 40).is_none());
    let events = staking.act(Action::Claim(0), 50);
    let changes = told.mine(&[&events]);
    assert!(mismatches(&changes)[0].starts_with("rewards from 30 to 50 cannot be told, minted were "), "{changes:?}");
    assert_eq!(told.rewards(), None);
}

#[test]
fn what_is_read_is_held_against_what_is_derived() {
    let (staking, mut told) = staked();
    let rewards = told.rewards();
    let read = |by: u64| {
        let locked = rewards.unwrap().acc_locked + U256::from(by);
        vec![word(Parameter::LastRewardTimestamp, 30), Setting::word(Parameter::AccRewardPerShareLocked, locked)]
    };
    assert_eq!(mismatches(&told.mine_reading(&[], read(0))), [""; 0]);
    assert_eq!(told.rewards(), rewards);
    assert_eq!(mismatches(&told.mine_reading(&[], read(1))), ["acc_reward_per_share_locked is 1, derived 0"]);
    assert_eq!(told.rewards(), None);
    told.mine_reading(&[], staking.readings(&STAKERS));
    assert_eq!(told.rewards(), rewards);
}

#[test]
fn debts_of_some_alone_are_not_believed() {
    let (staking, mut told) = staked();
    told.mine(&[&[Event::Staking(StakingEvent::Upgraded(CAROL))]]);
    let told_of = |told: &mut Told, readings| mismatches(&told.mine_reading(&[], readings)).join("; ");
    let one_missing = told_of(&mut told, staking.readings(&[CONTRACTS.staking, ALICE]));
    assert_eq!(one_missing, "debts were read of accounts with 1001 sVVV, all together have 2001");
    let twice = told_of(&mut told, staking.readings(&[CONTRACTS.staking, ALICE, ALICE, BOB]));
    assert_eq!(twice, "debts were read of accounts with 3001 sVVV, all together have 2001");
    let without = staking.readings(&STAKERS).into_iter().filter(|r| r.parameter != Parameter::AccRewardPerShare);
    let without = told_of(&mut told, without.collect());
    assert_eq!(without, "debts were read without the accumulators that belong to them");
    let mut of_what = staking.readings(&STAKERS);
    of_what.last_mut().unwrap().value[0] = U256::MAX;
    assert_eq!(told_of(&mut told, of_what), "debts were read of what is no address");
    assert_eq!(told.rewards(), None);
    told.mine_reading(&[], staking.readings(&STAKERS));
    assert!(told.rewards().is_some());
}

#[test]
fn who_got_svvv_of_another_has_a_debt_that_nobody_knows() {
    let (_, mut told) = staked();
    let changes = told.mine(&[&[svvv(ALICE, CAROL, 10)]]);
    assert_eq!(changes.anomalies[0].kind, AnomalyKind::UnexpectedTransfer);
    assert_eq!((told.debt(ALICE), told.debt(CAROL)), (None, None));
    assert!(told.debt(BOB).is_some() && told.rewards().is_some());
}

/// Before StakingV2 nothing is known, save of those who have nothing.
#[test]
fn who_has_nothing_owes_nothing_though_rewards_are_unknown() {
    let mut chain = crate::chain::Chain::new();
    let staked = [svvv(NOBODY, ALICE, 10), svvv_staked(ALICE, 10), claimed(ALICE, 3)];
    let (changes, _) = chain.mine(&[&staked]).unwrap();
    assert_eq!(changes.positions[0].1.reward_debt, None);
    let (changes, _) = chain.mine(&[&[svvv(ALICE, NOBODY, 10), crate::chain::svvv_initiated(ALICE, 10)]]).unwrap();
    assert_eq!(changes.positions[0].1.reward_debt, Some(U256::ZERO));
    let (changes, _) = chain.mine(&[&[set(Parameter::EmissionRate, 1), vvv(NOBODY, CONTRACTS.staking, 9)]]).unwrap();
    assert_eq!((changes.anomalies.len(), changes.totals), (0, None));
}

#[test]
fn stakers_after_a_block_are_those_stored_with_what_is_newer() {
    let (_, told) = staked();
    let block = crate::chain::block(9, 90, &[&[svvv(NOBODY, CAROL, 1)]]);
    let gone = Address::repeat_byte(0x55);
    let after = told.chain.capacity.stakers_after(&block, [gone]);
    assert_eq!(after.into_iter().collect::<Vec<_>>(), [ALICE, BOB, CAROL, gone, CONTRACTS.staking]);
}
