//! Transactions drawn for properties: those that the contracts would allow, and any others.

#![allow(dead_code, reason = "each test program uses the words it needs")]

use alloy_primitives::{Address, U256};
use ledger::event::{Contract, Diem, DiemSwap, Event, Staking, Transfer, UserAmount, Vvv};
use ledger::parameter::Parameter;
use proptest::prelude::*;

use crate::chain::*;
use crate::rows::State;

/// A transaction to be drawn once it is known what everybody has.
#[derive(Clone, Debug)]
pub(crate) enum Wish {
    /// One that a contract would allow, if the account has what it takes; else none.
    Allowed(Allowed),
    /// The same with something wrong with its logs.
    Spoilt(Allowed, Spoil),
    /// Whatever logs.
    Anything(Vec<Event>),
}

#[derive(Clone, Debug)]
pub(crate) struct Allowed {
    actor: u8,
    other: u8,
    action: u8,
    units: u64,
}

/// What may be wrong with logs of which none was ever refused.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Spoil {
    First,
    Last,
    Twice,
    Backwards,
}

/// Blocks of a few transactions each, all of which a contract would allow.
pub(crate) fn allowed_blocks() -> impl Strategy<Value = Vec<Vec<Wish>>> {
    blocks(allowed().prop_map(Wish::Allowed))
}

/// Blocks with anything in them.
pub(crate) fn hostile_blocks() -> impl Strategy<Value = Vec<Vec<Wish>>> {
    let spoil = prop_oneof![Just(Spoil::First), Just(Spoil::Last), Just(Spoil::Twice), Just(Spoil::Backwards)];
    blocks(prop_oneof![
        8 => allowed().prop_map(Wish::Allowed),
        1 => (allowed(), spoil).prop_map(|(allowed, spoil)| Wish::Spoilt(allowed, spoil)),
        1 => prop::collection::vec(any_event(), 1..4).prop_map(Wish::Anything),
    ])
}

fn blocks(wish: impl Strategy<Value = Wish>) -> impl Strategy<Value = Vec<Vec<Wish>>> {
    prop::collection::vec(prop::collection::vec(wish, 0..4), 1..40)
}

fn allowed() -> impl Strategy<Value = Allowed> {
    let drawn = (1..6_u8, 1..6_u8, 0..15_u8, 0..1_000_u64);
    drawn.prop_map(|(actor, other, action, units)| Allowed { actor, other, action, units })
}

/// The transaction's events, given what everybody has before it.
pub(crate) fn granted(wish: &Wish, state: &State) -> Vec<Event> {
    match wish {
        Wish::Allowed(allowed) => grant(allowed, state),
        Wish::Spoilt(allowed, spoil) => spoilt(grant(allowed, state), *spoil),
        Wish::Anything(events) => events.clone(),
    }
}

fn spoilt(mut events: Vec<Event>, spoil: Spoil) -> Vec<Event> {
    match spoil {
        Spoil::First if !events.is_empty() => drop(events.remove(0)),
        Spoil::Last => drop(events.pop()),
        Spoil::Twice => events.extend(events.clone()),
        Spoil::First | Spoil::Backwards => events.reverse(),
    }
    events
}

fn grant(wish: &Allowed, state: &State) -> Vec<Event> {
    let (actor, other) = (Address::repeat_byte(wish.actor), Address::repeat_byte(wish.other));
    let (has, units) = (state.position(actor), wish.units);
    let at_most = |limit: U256| units.min(limit.saturating_to::<u64>());
    let vvv_of = |address| state.balance(address);
    match wish.action {
        0 => vec![vvv(NOBODY, CONTRACTS.staking, units), claimed(actor, 0)],
        1 => vec![vvv(NOBODY, actor, units)],
        2 => vec![vvv(actor, other, at_most(vvv_of(actor)))],
        3 => vec![vvv(actor, NOBODY, at_most(vvv_of(actor)))],
        4 | 5 => {
            let units = at_most(vvv_of(actor));
            vec![vvv(actor, CONTRACTS.staking, units), svvv(NOBODY, other, units), svvv_staked(other, units)]
        }
        6 => {
            let locked = at_most(has.unlocked());
            vec![diem(NOBODY, actor, locked / 3), minted(locked, locked / 3)]
        }
        7 if !has.outstanding.is_zero() => {
            let units = at_most(has.outstanding.min(has.diem_liquid));
            let unlocked = (U256::from(units) * has.locked).checked_div(has.outstanding).unwrap_or_default();
            vec![diem(actor, NOBODY, units), burned(unlocked.to(), units)]
        }
        8 => {
            let units = at_most(has.diem_liquid);
            vec![diem(actor, CONTRACTS.diem, units), diem_staked(actor, units)]
        }
        9 => vec![diem_initiated(actor, at_most(has.diem_staked))],
        10 => {
            let units = has.diem_cooling.amount.to();
            vec![diem(CONTRACTS.diem, actor, units), diem_unstaked(actor, units)]
        }
        11 if has.svvv_cooling.amount.is_zero() => {
            let units = at_most(has.unlocked());
            vec![svvv(actor, NOBODY, units), svvv_initiated(actor, units)]
        }
        12 if vvv_of(CONTRACTS.staking) >= has.svvv_cooling.amount => {
            let units = has.svvv_cooling.amount.to();
            vec![vvv(CONTRACTS.staking, actor, units), svvv_finalized(actor, units)]
        }
        13 => vec![diem(NOBODY, actor, units), diem(actor, other, at_most(has.diem_liquid))],
        14 => vec![set([Parameter::SvvvCooldown, Parameter::DiemCooldown][usize::from(wish.other % 2)], units)],
        _ => Vec::new(),
    }
}

fn any_address() -> impl Strategy<Value = Address> {
    prop_oneof![
        3 => (1..6_u8).prop_map(Address::repeat_byte),
        1 => Just(NOBODY),
        1 => prop::sample::select(vec![CONTRACTS.vvv, CONTRACTS.staking, CONTRACTS.diem]),
    ]
}

fn any_amount() -> impl Strategy<Value = U256> {
    prop_oneof![8 => (0..300_u64).prop_map(U256::from), 1 => Just(U256::MAX), 1 => Just(U256::MAX >> 1)]
}

fn any_event() -> impl Strategy<Value = Event> {
    let transfer = (any_address(), any_address(), any_amount());
    let transfer = transfer.prop_map(|(from, to, amount)| Transfer { from, to, amount });
    let user = (any_address(), any_amount()).prop_map(|(user, amount)| UserAmount { user, amount });
    let swap = (any_amount(), any_amount()).prop_map(|(svvv, diem)| DiemSwap { svvv, diem });
    (0..16_u8, transfer, user, swap).prop_map(|(kind, transfer, user, swap)| match kind {
        0 | 1 => Event::Vvv(Vvv::Transfer(transfer)),
        2 | 3 => Event::Staking(Staking::Transfer(transfer)),
        4 | 5 => Event::Diem(Diem::Transfer(transfer)),
        6 => Event::Staking(Staking::Staked(user)),
        7 => Event::Staking(Staking::UnstakeInitiated(user)),
        8 => Event::Staking(Staking::UnstakeFinalized(user)),
        9 => Event::Staking(Staking::Claimed(user)),
        10 => Event::Staking(Staking::DiemMinted(swap)),
        11 => Event::Staking(Staking::DiemBurned(swap)),
        12 => Event::Diem(Diem::Staked(user)),
        13 => Event::Diem(Diem::UnstakeInitiated(user)),
        14 => Event::Diem(Diem::Unstaked(user)),
        _ => Event::Unknown(Contract::Staking),
    })
}
