//! What of a decoded log goes into a row of `event`.

use alloy_primitives::{Address, B256, U256};
use ledger::capacity::CapacityChanges;
use ledger::event::{
    Contract, Diem, DiemSwap, Entry, Event, OwnershipTransfer, RoleChange, Staking, Transfer, UserAmount, Vvv,
};

/// The columns of `event` that depend on what the log says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct EventRow {
    pub(super) contract: &'static str,
    pub(super) kind: &'static str,
    pub(super) account: Option<Address>,
    pub(super) counterparty: Option<Address>,
    pub(super) amount: Option<U256>,
    pub(super) svvv_amount: Option<U256>,
    pub(super) direct: bool,
}

/// The row of a log; `None` for VVV transfers other than mints, whose row in `vvv_transfer` says it all.
pub(super) fn event_row(entry: &Entry, changes: &CapacityChanges) -> Option<EventRow> {
    let mut row = match &entry.event {
        Event::Vvv(Vvv::Transfer(Transfer { from, to, amount })) if from.is_zero() => {
            EventRow { account: Some(*to), amount: Some(*amount), ..bare("vvv", "mint") }
        }
        Event::Vvv(Vvv::Transfer(_)) => return None,
        Event::Vvv(Vvv::OwnershipTransferred(transfer)) => owner_row("vvv", transfer),
        Event::Staking(event) => staking_row(event),
        Event::Diem(event) => diem_row(event),
        Event::Unknown(contract) => bare(contract_name(*contract), "unknown"),
    };
    if let Some(user) = changes.users.get(&entry.log_index) {
        row.account = Some(*user);
    }
    row.direct = changes.direct.contains(&entry.log_index);
    Some(row)
}

fn staking_row(event: &Staking) -> EventRow {
    match event {
        Staking::Transfer(transfer) => transfer_row("staking", transfer),
        Staking::Staked(event) => user_row("staking", "staked", event),
        Staking::UnstakeInitiated(event) => user_row("staking", "unstake_initiated", event),
        Staking::UnstakeFinalized(event) => user_row("staking", "unstake_finalized", event),
        Staking::Claimed(event) => user_row("staking", "claimed", event),
        Staking::DiemMinted(swap) => swap_row("diem_minted", swap),
        Staking::DiemBurned(swap) => swap_row("diem_burned", swap),
        Staking::Set(_) => bare("staking", "parameter_set"),
        Staking::Upgraded(implementation) => EventRow { account: Some(*implementation), ..bare("staking", "upgraded") },
        Staking::Initialized => bare("staking", "initialized"),
        Staking::OwnershipTransferred(transfer) => owner_row("staking", transfer),
        Staking::Other => bare("staking", "other"),
    }
}

fn diem_row(event: &Diem) -> EventRow {
    match event {
        Diem::Transfer(transfer) => transfer_row("diem", transfer),
        Diem::Staked(event) => user_row("diem", "staked", event),
        Diem::UnstakeInitiated(event) => user_row("diem", "unstake_initiated", event),
        Diem::Unstaked(event) => user_row("diem", "unstaked", event),
        Diem::Set(_) => bare("diem", "parameter_set"),
        Diem::RoleGranted(change) => role_row("role_granted", change),
        Diem::RoleRevoked(change) => role_row("role_revoked", change),
        Diem::RoleAdminChanged => bare("diem", "role_admin_changed"),
        Diem::Other => bare("diem", "other"),
    }
}

fn contract_name(contract: Contract) -> &'static str {
    match contract {
        Contract::Vvv => "vvv",
        Contract::Staking => "staking",
        Contract::Diem => "diem",
    }
}

fn bare(contract: &'static str, kind: &'static str) -> EventRow {
    EventRow { contract, kind, ..EventRow::default() }
}

fn user_row(contract: &'static str, kind: &'static str, event: &UserAmount) -> EventRow {
    EventRow { account: Some(event.user), amount: Some(event.amount), ..bare(contract, kind) }
}

fn transfer_row(contract: &'static str, transfer: &Transfer) -> EventRow {
    EventRow {
        account: Some(transfer.from),
        counterparty: Some(transfer.to),
        amount: Some(transfer.amount),
        ..bare(contract, "transfer")
    }
}

fn owner_row(contract: &'static str, transfer: &OwnershipTransfer) -> EventRow {
    let owner = transfer.owner.value.first().map(|word| Address::from_word(B256::from(*word)));
    EventRow { account: Some(transfer.previous), counterparty: owner, ..bare(contract, "ownership_transferred") }
}

fn role_row(kind: &'static str, change: &RoleChange) -> EventRow {
    EventRow { account: Some(change.account), counterparty: Some(change.sender), ..bare("diem", kind) }
}

fn swap_row(kind: &'static str, swap: &DiemSwap) -> EventRow {
    EventRow { amount: Some(swap.diem), svvv_amount: Some(swap.svvv), ..bare("staking", kind) }
}
