//! Whatever happens, sums of positions are the totals.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod chain;

use std::collections::BTreeMap;

use alloy_primitives::{Address, U256};
use chain::*;
use ledger::event::Event;
use ledger::position::Position;
use proptest::prelude::*;

/// A transaction that a contract would allow, if the account has what it takes; else none.
#[derive(Clone, Debug)]
struct Wish {
    actor: u8,
    other: u8,
    action: u8,
    units: u64,
}

fn wishes() -> impl Strategy<Value = Vec<Wish>> {
    let wish = (1..6_u8, 1..6_u8, 0..11_u8, 0..1_000_u64);
    let wish = wish.prop_map(|(actor, other, action, units)| Wish { actor, other, action, units });
    prop::collection::vec(wish, 1..120)
}

fn grant(wish: &Wish, held: &BTreeMap<Address, Position>) -> Vec<Event> {
    let actor = Address::repeat_byte(wish.actor);
    let other = Address::repeat_byte(wish.other);
    let has = held.get(&actor).copied().unwrap_or_default();
    let at_most = |limit: U256| wish.units.min(limit.saturating_to::<u64>());
    match wish.action {
        0 | 1 => vec![svvv(NOBODY, actor, wish.units), svvv_staked(actor, wish.units)],
        2 => {
            let locked = at_most(has.unlocked());
            vec![diem(NOBODY, actor, locked / 3), minted(locked, locked / 3)]
        }
        3 => {
            let units = at_most(has.outstanding.min(has.diem_liquid));
            let unlocked = (U256::from(units) * has.locked).checked_div(has.outstanding).unwrap_or_default();
            vec![diem(actor, NOBODY, units), burned(unlocked.to(), units)]
        }
        4 => {
            let units = at_most(has.diem_liquid);
            vec![diem(actor, CONTRACTS.diem, units), diem_staked(actor, units)]
        }
        5 => vec![diem_initiated(actor, at_most(has.diem_staked))],
        6 => {
            let units = has.diem_cooling.amount.to();
            vec![diem(CONTRACTS.diem, actor, units), diem_unstaked(actor, units)]
        }
        7 if has.svvv_cooling.amount.is_zero() => {
            let units = at_most(has.unlocked());
            vec![svvv(actor, NOBODY, units), svvv_initiated(actor, units)]
        }
        8 => vec![svvv_finalized(actor, has.svvv_cooling.amount.to())],
        9 => vec![diem(actor, other, at_most(has.diem_liquid))],
        10 => vec![claimed(actor, wish.units)],
        _ => Vec::new(),
    }
}

proptest! {
    #[test]
    fn positions_add_up_to_the_totals(wishes in wishes()) {
        let mut chain = Chain::new();
        let mut held: BTreeMap<Address, Position> = BTreeMap::new();
        for wish in &wishes {
            let (changes, _) = chain.mine(&[&grant(wish, &held)]).unwrap();
            held.extend(changes.positions);
        }
        let sum = |of: fn(&Position) -> U256| held.values().map(of).sum::<U256>();
        let count = |of: fn(&Position) -> U256| held.values().filter(|p| !of(p).is_zero()).count() as u64;
        let totals = chain.capacity.totals();
        prop_assert_eq!(sum(|p| p.svvv), totals.svvv_supply);
        prop_assert_eq!(sum(|p| p.locked), totals.svvv_locked);
        prop_assert_eq!(sum(|p| p.svvv_cooling.amount), totals.svvv_cooling);
        prop_assert_eq!(sum(|p| p.diem_liquid), totals.diem_supply);
        prop_assert_eq!(sum(|p| p.diem_staked), totals.diem_staked);
        prop_assert_eq!(sum(|p| p.diem_cooling.amount), totals.diem_cooling);
        prop_assert_eq!(sum(|p| p.outstanding), totals.diem_outstanding);
        prop_assert_eq!(totals.diem_minted.amount - totals.diem_burned.amount, totals.diem_outstanding);
        prop_assert_eq!(count(|p| p.svvv), totals.stakers);
        prop_assert_eq!(count(|p| p.diem_staked), totals.diem_stakers);
        prop_assert_eq!(count(|p| p.outstanding), totals.minters);
        prop_assert_eq!(totals.svvv_minted - totals.svvv_burned, totals.svvv_supply);
        prop_assert_eq!(totals.stakers_joined - totals.stakers_left, totals.stakers);
        prop_assert_eq!(totals.diem_stakers_joined - totals.diem_stakers_left, totals.diem_stakers);
        prop_assert_eq!(count(|p| p.svvv_cooling.amount), totals.svvv_cooling_accounts);
        prop_assert_eq!(count(|p| p.diem_cooling.amount), totals.diem_cooling_accounts);
        prop_assert_eq!(sum(|p| p.claimed), totals.claimed.amount);
        let in_contract = held.get(&CONTRACTS.diem).map_or(U256::ZERO, |p| p.diem_liquid);
        prop_assert!(in_contract >= totals.diem_staked + totals.diem_cooling);
    }
}
