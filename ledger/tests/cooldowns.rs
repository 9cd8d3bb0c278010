//! When what cools is over, whatever is begun, withdrawn and set before.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod chain;

use alloy_primitives::U256;
use chain::*;
use ledger::event::{Diem, Event, Staking};
use ledger::halt::{Cause, Halt};
use ledger::parameter::{Parameter, Setting};
use ledger::position::{Cooling, Position};
use proptest::prelude::*;

/// What Alice does in a block, ten seconds after the one before.
#[derive(Clone, Copy, Debug)]
enum Act {
    Initiate(u64),
    Withdraw,
    SetCooldown(u64),
    Nothing,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        (1..50_u64).prop_map(Act::Initiate),
        Just(Act::Withdraw),
        (0..1_000_u64).prop_map(Act::SetCooldown),
        Just(Act::Nothing),
    ];
    prop::collection::vec(act, 1..40)
}

/// Amount and end, as the rules have it.
#[derive(Debug, Default)]
struct Clock {
    amount: u64,
    ends_at: Option<u64>,
}

impl Clock {
    fn cooling(&self) -> Cooling {
        Cooling { amount: amount(self.amount), ends_at: self.ends_at }
    }
}

proptest! {
    /// DIEM: each initiate restarts the clock of all that cools, at the duration then in force; a setter moves no clock
    /// that runs.
    #[test]
    fn each_initiate_of_diem_restarts_the_clock_of_all(acts in acts()) {
        let mut chain = Chain::new();
        chain.mine(&[&[diem(NOBODY, ALICE, 10_000), diem(ALICE, CONTRACTS.diem, 10_000), diem_staked(ALICE, 10_000)]]).unwrap();
        let (mut clock, mut seconds, mut now) = (Clock::default(), 100, 10);
        for act in acts {
            now += 10;
            let events = match act {
                Act::Initiate(units) => {
                    clock = Clock { amount: clock.amount + units, ends_at: Some(now + seconds) };
                    vec![diem_initiated(ALICE, units)]
                }
                Act::Withdraw => {
                    let units = std::mem::take(&mut clock).amount;
                    vec![diem(CONTRACTS.diem, ALICE, units), diem_unstaked(ALICE, units)]
                }
                Act::SetCooldown(other) => {
                    seconds = other;
                    vec![set(Parameter::DiemCooldown, other)]
                }
                Act::Nothing => vec![],
            };
            // So that the block changes the position, whatever else it does.
            let (changes, _) = chain.mine(&[&events, &[claimed(ALICE, 1)]]).unwrap();
            prop_assert_eq!(position(&changes, ALICE).diem_cooling, clock.cooling());
            prop_assert_eq!(&changes.anomalies, &[]);
        }
    }

    /// sVVV: one at a time, at the duration in force when it began.
    #[test]
    fn a_cooldown_of_svvv_keeps_the_duration_it_began_with(acts in acts()) {
        let mut chain = Chain::new();
        chain.mine(&[&[vvv(NOBODY, CONTRACTS.staking, 10_000), svvv(NOBODY, ALICE, 10_000)]]).unwrap();
        let (mut clock, mut seconds, mut now) = (Clock::default(), 700, 10);
        for act in acts {
            now += 10;
            let events = match act {
                Act::Initiate(units) if clock.amount == 0 => {
                    clock = Clock { amount: units, ends_at: Some(now + seconds) };
                    vec![svvv(ALICE, NOBODY, units), svvv_initiated(ALICE, units)]
                }
                Act::Withdraw => {
                    let units = std::mem::take(&mut clock).amount;
                    vec![vvv(CONTRACTS.staking, ALICE, units), svvv_finalized(ALICE, units)]
                }
                Act::SetCooldown(other) => {
                    seconds = other;
                    vec![set(Parameter::SvvvCooldown, other)]
                }
                Act::Initiate(_) | Act::Nothing => vec![],
            };
            let (changes, _) = chain.mine(&[&events, &[claimed(ALICE, 1)]]).unwrap();
            prop_assert_eq!(position(&changes, ALICE).svvv_cooling, clock.cooling());
            prop_assert_eq!(&changes.anomalies, &[]);
        }
    }

    #[test]
    fn what_cools_is_claimable_from_its_end_on(units in 0..100_u64, ends_at in any::<u64>(), now in any::<u64>()) {
        let cooling = Cooling { amount: amount(units), ends_at: Some(ends_at) };
        prop_assert_eq!(cooling.claimable_at(now), Some(amount(if now < ends_at { 0 } else { units })));
        prop_assert_eq!(cooling.claimable_at(ends_at), Some(amount(units)));
    }
}

/// One second before the last that can be kept, that one, and everything later up to what the contract can add up.
#[test]
fn an_end_later_than_can_be_kept_is_the_last_second() {
    let (now, last) = (20, Cooling::ENDS_AT_MAX);
    for (seconds, end) in [
        (U256::from(last - 1 - now), last - 1),
        (U256::from(last - now), last),
        (U256::from(last + 1 - now), last),
        (U256::from(1_u64 << 63), last),
        (U256::from(u64::MAX), last),
        (U256::ONE << 64, last),
        (U256::MAX - U256::from(now), last),
    ] {
        let position = initiated_at_20(seconds).unwrap();
        for cooling in [position.svvv_cooling, position.diem_cooling] {
            assert_eq!(cooling.ends_at, Some(end), "{seconds}");
            assert_eq!(cooling.claimable_at(end - 1), Some(U256::ZERO), "{seconds}");
        }
    }
}

/// The contract's addition reverts, so such an event cannot be.
#[test]
fn an_end_that_does_not_fit_in_256_bits_halts() {
    for seconds in [U256::MAX - U256::from(19), U256::MAX] {
        let halt = initiated_at_20(seconds).unwrap_err();
        assert_eq!((*halt.cause, halt.log_index), (Cause::Cooldown(seconds), 1));
    }
}

/// What Alice holds when one sVVV and one DIEM of five began to cool at second 20, for so many seconds.
fn initiated_at_20(seconds: U256) -> Result<Position, Halt> {
    let mut chain = Chain::new();
    let stake = [svvv(NOBODY, ALICE, 5), diem(NOBODY, ALICE, 5), diem(ALICE, CONTRACTS.diem, 5), diem_staked(ALICE, 5)];
    chain.mine(&[&stake]).unwrap();
    let diem =
        [Event::Diem(Diem::Set(vec![Setting::word(Parameter::DiemCooldown, seconds)])), diem_initiated(ALICE, 1)];
    let svvv = [
        Event::Staking(Staking::Set(vec![Setting::word(Parameter::SvvvCooldown, seconds)])),
        svvv_initiated(ALICE, 1),
        svvv(ALICE, NOBODY, 1),
    ];
    let (changes, _) = chain.mine(&[&diem, &svvv])?;
    Ok(position(&changes, ALICE))
}
