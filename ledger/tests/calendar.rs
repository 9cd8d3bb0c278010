//! The calendar of cooldowns: each amount in exactly one place.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use alloy_primitives::U256;
use ledger::calendar::Calendar;
use ledger::epoch::Epoch;
use ledger::halt::Cause;
use ledger::position::Cooling;
use ledger::totals::Tally;
use proptest::prelude::*;

const MIDNIGHT: u64 = 1_789_862_400;

fn cooling(amount: u64, ends_at: Option<u64>) -> Cooling {
    Cooling { amount: U256::from(amount), ends_at }
}

fn tally(amount: u64, count: u64) -> Tally {
    Tally { amount: U256::from(amount), count }
}

/// All of it, and the calendar at a time.
fn calendar(timestamp: u64, accounts: &[Cooling]) -> Calendar {
    let some = accounts.iter().filter(|account| !account.amount.is_zero());
    let cooling = Tally { amount: some.clone().map(|account| account.amount).sum(), count: some.count() as u64 };
    Calendar::at(timestamp, cooling, accounts.iter().copied()).unwrap()
}

#[test]
fn an_end_that_is_reached_is_claimable() {
    let accounts = [(1, 0), (2, 1), (4, 86_399), (8, 86_400)];
    let accounts = accounts.map(|(amount, after)| cooling(amount, Some(MIDNIGHT + after)));
    let at = |timestamp| calendar(timestamp, &accounts);
    let calendar = at(MIDNIGHT);
    assert_eq!((calendar.claimable, calendar.cooling), (tally(1, 1), tally(15, 4)));
    let days: Vec<_> = calendar.days.into_iter().collect();
    assert_eq!(days, [(Epoch::at(MIDNIGHT), tally(6, 2)), (Epoch::at(MIDNIGHT + 86_400), tally(8, 1))]);
    assert_eq!(at(MIDNIGHT - 1).claimable, tally(0, 0));
    assert_eq!(at(MIDNIGHT + 86_399).claimable, tally(7, 3));
}

#[test]
fn nothing_is_no_account_and_an_unknown_end_no_day() {
    let calendar = calendar(MIDNIGHT, &[cooling(0, Some(1)), cooling(0, None), cooling(5, None)]);
    assert_eq!(calendar.unknown_end, tally(5, 1));
    assert_eq!((calendar.cooling, calendar.claimable), (tally(5, 1), tally(0, 0)));
    assert!(calendar.days.is_empty());
}

#[test]
fn more_than_cools_is_an_error() {
    let wrong = Err(Cause::Overflow { quantity: "cooling" });
    assert_eq!(Calendar::at(0, tally(5, 2), [cooling(5, None), cooling(1, None)]), wrong);
    assert_eq!(Calendar::at(0, tally(5, 1), [cooling(3, Some(1)), cooling(1, None)]), wrong);
}

#[test]
fn who_may_withdraw_need_not_be_named() {
    let accounts = [cooling(1, Some(0)), cooling(2, Some(MIDNIGHT)), cooling(4, Some(MIDNIGHT + 1)), cooling(8, None)];
    let whole = calendar(MIDNIGHT, &accounts);
    assert_eq!(Calendar::at(MIDNIGHT, tally(15, 4), accounts[2..].iter().copied()).unwrap(), whole);
    assert_eq!(whole.claimable, tally(3, 2));
}

proptest! {
    #[test]
    fn every_amount_is_counted_once(
        now in 0..300_000_u64, accounts in prop::collection::vec((0..5_u64, prop::option::of(0..400_000_u64)), 0..50)
    ) {
        let coolings: Vec<Cooling> = accounts.iter().map(|(amount, ends_at)| cooling(*amount, *ends_at)).collect();
        let calendar = calendar(now, &coolings);
        let places = [calendar.claimable, calendar.unknown_end].into_iter().chain(calendar.days.values().copied());
        let (amounts, counts): (Vec<U256>, Vec<u64>) = places.map(|tally| (tally.amount, tally.count)).unzip();
        prop_assert_eq!(calendar.cooling.amount, amounts.iter().sum::<U256>());
        prop_assert_eq!(calendar.cooling.count, counts.iter().sum::<u64>());
        prop_assert_eq!(calendar.cooling.amount, U256::from(accounts.iter().map(|(amount, _)| amount).sum::<u64>()));
        prop_assert!(calendar.days.keys().all(|day| day.closes_at() > now));
    }

    /// Counted the slow way: for each day over all accounts.
    #[test]
    fn a_day_has_what_ends_on_it(
        now in 0..300_000_u64, accounts in prop::collection::vec((0..5_u64, prop::option::of(0..400_000_u64)), 0..50)
    ) {
        let coolings: Vec<Cooling> = accounts.iter().map(|(amount, ends_at)| cooling(*amount, *ends_at)).collect();
        let calendar = calendar(now, &coolings);
        let of = |holds: &dyn Fn(Option<u64>) -> bool| {
            let those = accounts.iter().filter(|(amount, ends_at)| *amount > 0 && holds(*ends_at));
            tally(those.clone().map(|(amount, _)| amount).sum(), those.count() as u64)
        };
        prop_assert_eq!(calendar.claimable, of(&|ends_at| ends_at.is_some_and(|ends_at| ends_at <= now)));
        prop_assert_eq!(calendar.unknown_end, of(&|ends_at| ends_at.is_none()));
        for day in 0..=400_000 / 86_400 {
            let ends = |ends_at: Option<u64>| ends_at.is_some_and(|at| at > now && at / 86_400 == day);
            let listed = calendar.days.get(&Epoch { number: day }).copied().unwrap_or_default();
            prop_assert_eq!(listed, of(&ends), "day {}", day);
        }
    }
}
