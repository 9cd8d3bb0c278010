//! Events held against the transfers of their transaction.
//!
//! Balances come from `Transfer` alone. The events beside them must tell the same story; one that no transfer bears out
//! is drift, and shown.

use std::collections::HashMap;

use alloy_primitives::{Address, U256};

use crate::event::{Contract, Contracts, Diem, Entry, Event, Staking, Transfer, UserAmount, Vvv};
use crate::halt::{Anomaly, AnomalyKind};

/// Which events are looked at: those whose transfers are among the light logs, or those paid in VVV.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// sVVV and DIEM.
    Light,
    /// VVV.
    Vvv,
}

/// The events of one transaction that no transfer bears out.
pub fn unwitnessed(transaction: &[Entry], contracts: &Contracts, scope: Scope) -> Vec<Anomaly> {
    let mut claims = transaction.iter().filter_map(|entry| Some((entry, claim_of(&entry.event, contracts, scope)?)));
    let Some(first) = claims.next() else { return Vec::new() };
    let mut witnesses: HashMap<(Contract, Transfer), usize> = HashMap::new();
    for transfer in transaction.iter().filter_map(|entry| transfer_of(&entry.event)) {
        *witnesses.entry(transfer).or_default() += 1;
    }
    std::iter::once(first)
        .chain(claims)
        .filter(|(_, claim)| match witnesses.get_mut(claim) {
            Some(left) if *left > 0 => {
                *left -= 1;
                false
            }
            _ => true,
        })
        .map(|(entry, (contract, transfer))| Anomaly {
            log_index: Some(entry.log_index),
            kind: AnomalyKind::UnwitnessedEvent,
            detail: format!(
                "no {contract:?} transfer of {} from {} to {} goes with it",
                transfer.amount, transfer.from, transfer.to
            ),
        })
        .collect()
}

fn transfer_of(event: &Event) -> Option<(Contract, Transfer)> {
    match event {
        Event::Vvv(Vvv::Transfer(transfer)) => Some((Contract::Vvv, *transfer)),
        Event::Staking(Staking::Transfer(transfer)) => Some((Contract::Staking, *transfer)),
        Event::Diem(Diem::Transfer(transfer)) => Some((Contract::Diem, *transfer)),
        _ => None,
    }
}

/// The transfer that an event says has happened. Nothing is claimed of amounts of zero.
fn claim_of(event: &Event, contracts: &Contracts, scope: Scope) -> Option<(Contract, Transfer)> {
    let (contract, from, to, UserAmount { user: _, amount }) = match (scope, event) {
        (Scope::Light, Event::Staking(Staking::Staked(e))) => (Contract::Staking, Address::ZERO, e.user, e),
        (Scope::Light, Event::Staking(Staking::UnstakeInitiated(e))) => (Contract::Staking, e.user, Address::ZERO, e),
        (Scope::Light, Event::Diem(Diem::Staked(e))) => (Contract::Diem, e.user, contracts.diem, e),
        (Scope::Light, Event::Diem(Diem::Unstaked(e))) => (Contract::Diem, contracts.diem, e.user, e),
        (Scope::Vvv, Event::Staking(Staking::UnstakeFinalized(e))) => (Contract::Vvv, contracts.staking, e.user, e),
        _ => return None,
    };
    (*amount > U256::ZERO).then_some((contract, Transfer { from, to, amount: *amount }))
}
