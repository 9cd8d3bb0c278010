//! sVVV, locks, cooldowns, DIEM and parameters, from the light logs.

mod diem;
mod mint;
mod rewards;
mod settings;
mod staking;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use alloy_primitives::{Address, U256};

use crate::attribution::{self, Attribution};
use crate::block::Block;
use crate::checked::{recount, recount_changes};
use crate::event::{Contracts, Diem, Entry, Event, Staking, Transfer, Vvv};
use crate::halt::{Anomaly, AnomalyKind, Cause, Halt};
use crate::mint::Minted;
use crate::parameter::{ParameterChange, Parameters};
use crate::position::Position;
use crate::totals::CapacityTotals;
use crate::witness::{self, Scope};

/// The state after the last block applied, for the accounts that were loaded.
///
/// After an error the state is of no block: drop it and load anew.
#[derive(Clone, Debug)]
pub struct Capacity {
    contracts: Contracts,
    positions: HashMap<Address, Position>,
    totals: CapacityTotals,
    parameters: Parameters,
    /// Of everybody who was ever minted VVV: few, so that all are loaded.
    minted: BTreeMap<Address, Minted>,
}

/// What a block changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CapacityChanges {
    /// Positions that differ after the block, by address.
    pub positions: Vec<(Address, Position)>,
    /// The totals, where one differs.
    pub totals: Option<CapacityTotals>,
    /// Parameters that were set or read.
    pub parameters: Vec<ParameterChange>,
    /// Running totals of those who were minted VVV in this block.
    pub minted: Vec<(Address, Minted)>,
    /// For whom each mint and burn of DIEM was, by log index of its event.
    pub users: BTreeMap<u32, Address>,
    /// Log indexes of DIEM transfers that are direct mints or burns.
    pub direct: BTreeSet<u32>,
    /// What was not expected.
    pub anomalies: Vec<Anomaly>,
}

impl Capacity {
    /// The state after a block, without accounts, but with everybody who was ever minted VVV.
    pub fn new(
        contracts: Contracts,
        totals: CapacityTotals,
        parameters: Parameters,
        minted: BTreeMap<Address, Minted>,
    ) -> Self {
        Self { contracts, positions: HashMap::new(), totals, parameters, minted }
    }

    /// The totals after the last block applied.
    pub fn totals(&self) -> &CapacityTotals {
        &self.totals
    }

    /// The parameters after the last block applied.
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// How many accounts are loaded.
    pub fn accounts(&self) -> usize {
        self.positions.len()
    }

    /// The accounts these blocks touch that are not loaded.
    pub fn unloaded<'a>(&self, blocks: impl IntoIterator<Item = &'a Block>) -> Vec<Address> {
        let mut touched = BTreeSet::new();
        for block in blocks {
            touched.extend(block.entries.iter().flat_map(|entry| touched_by(&entry.event)));
            touched.extend(block.reward_debts().map(|(address, _)| address));
        }
        touched.into_iter().filter(|a| !a.is_zero() && !self.positions.contains_key(a)).collect()
    }

    /// Gives the position of an account as it is after the last block applied; zeros for one never seen.
    pub fn load(&mut self, address: Address, position: Position) {
        self.positions.insert(address, position);
    }

    /// Applies the next block.
    ///
    /// # Errors
    /// [`Halt`], with the log that contradicts what is known.
    pub fn apply(&mut self, block: &Block) -> Result<CapacityChanges, Halt> {
        if only_moves_vvv(block) {
            return Ok(CapacityChanges::default());
        }
        let mut step = Step {
            before: BTreeMap::new(),
            minted: BTreeSet::new(),
            changes: CapacityChanges::default(),
            timestamp: block.timestamp,
        };
        let totals_before = self.totals;
        let parameters_before = self.parameters.clone();
        self.open_settings(block);
        self.date_genesis(block.number);
        for transaction in block.transactions() {
            self.apply_transaction(block, transaction, &mut step)?;
        }
        self.close_settings(block, &parameters_before, &mut step.changes);
        self.close_rewards(block, &mut step);
        self.date_genesis(block.number);
        Ok(self.finish(totals_before, step))
    }

    fn apply_transaction(&mut self, block: &Block, transaction: &[Entry], step: &mut Step) -> Result<(), Halt> {
        let halt = |(log_index, cause): (u32, Cause)| Halt {
            block_number: block.number,
            tx_hash: transaction[0].tx_hash,
            log_index,
            cause: Box::new(cause),
        };
        let attribution = attribution::attribute(transaction).map_err(halt)?;
        step.changes.users.extend(attribution.users());
        for entry in transaction {
            self.apply_entry(block, entry, &attribution, step).map_err(|cause| halt((entry.log_index, cause)))?;
        }
        self.hold_locks(transaction, &attribution).map_err(halt)?;
        self.settle(transaction, &attribution, step).map_err(halt)?;
        step.changes.anomalies.extend(witness::unwitnessed(transaction, &self.contracts, Scope::Light));
        Ok(())
    }

    fn apply_entry(
        &mut self,
        block: &Block,
        entry: &Entry,
        attribution: &Attribution,
        step: &mut Step,
    ) -> Result<(), Cause> {
        match &entry.event {
            Event::Staking(event) => self.apply_staking(block, entry, event, attribution, step),
            Event::Diem(event) => self.apply_diem(entry, event, attribution, step),
            Event::Vvv(Vvv::Transfer(transfer)) => {
                self.add_up_rewards(block, entry, transfer, step);
                self.mint_vvv(transfer, step)
            }
            Event::Vvv(Vvv::OwnershipTransferred(transfer)) => {
                self.apply_settings(std::slice::from_ref(&transfer.owner));
                self.date_genesis(block.number);
                Ok(())
            }
            Event::Unknown(contract) => {
                self.totals.unknown_logs += 1;
                step.anomaly(entry, AnomalyKind::UnknownLog, format!("a log of {contract:?} was kept undecoded"));
                Ok(())
            }
        }
    }

    /// No account may end a transaction with more locked than it has. Within one the order of lock and mint is free.
    fn hold_locks(&self, transaction: &[Entry], attribution: &Attribution) -> Result<(), (u32, Cause)> {
        for entry in transaction {
            for address in touched_by(&entry.event).into_iter().chain(attribution.user(entry.log_index)) {
                if let Some(Position { svvv, locked, .. }) = self.positions.get(&address).copied()
                    && locked > svvv
                {
                    return Err((entry.log_index, Cause::LockedBeyondBalance { address, locked, svvv }));
                }
            }
        }
        Ok(())
    }

    fn finish(&mut self, totals_before: CapacityTotals, step: Step) -> CapacityChanges {
        let Step { before, minted, mut changes, .. } = step;
        for (address, before) in before {
            let after = self.positions[&address];
            if before != after {
                self.recount(address, &before, &after);
                changes.positions.push((address, after));
            }
        }
        changes.minted = minted.into_iter().map(|recipient| (recipient, self.minted[&recipient])).collect();
        changes.totals = (self.totals != totals_before).then_some(self.totals);
        changes
    }

    fn recount(&mut self, address: Address, before: &Position, after: &Position) {
        let totals = &mut self.totals;
        let holds = |of: fn(&Position) -> U256| (!of(before).is_zero(), !of(after).is_zero());
        let CapacityTotals { stakers, stakers_joined, stakers_left, .. } = totals;
        if !self.contracts.contains(address) {
            recount_changes(stakers, stakers_joined, stakers_left, holds(|position| position.svvv));
        }
        let CapacityTotals { diem_stakers, diem_stakers_joined, diem_stakers_left, .. } = totals;
        let stakes_diem = holds(|position| position.diem_staked);
        recount_changes(diem_stakers, diem_stakers_joined, diem_stakers_left, stakes_diem);
        recount(&mut totals.minters, holds(|position| position.outstanding));
        recount(&mut totals.svvv_cooling_accounts, holds(|position| position.svvv_cooling.amount));
        recount(&mut totals.diem_cooling_accounts, holds(|position| position.diem_cooling.amount));
    }

    /// The position, to be changed; what it was before the block is remembered.
    fn position(&mut self, address: Address, step: &mut Step) -> Result<&mut Position, Cause> {
        let position = self.positions.get_mut(&address).ok_or(Cause::NotLoaded(address))?;
        step.before.entry(address).or_insert(*position);
        Ok(position)
    }
}

/// The block in hand.
struct Step {
    before: BTreeMap<Address, Position>,
    minted: BTreeSet<Address>,
    changes: CapacityChanges,
    timestamp: u64,
}

impl Step {
    fn anomaly(&mut self, entry: &Entry, kind: AnomalyKind, detail: String) {
        self.changes.anomalies.push(Anomaly { log_index: Some(entry.log_index), kind, detail });
    }
}

/// Nearly every block of a backfill: nothing here depends on it. Mints do tell something.
fn only_moves_vvv(block: &Block) -> bool {
    block.readings.is_empty()
        && block
            .entries
            .iter()
            .all(|entry| matches!(&entry.event, Event::Vvv(Vvv::Transfer(moved)) if !moved.from.is_zero()))
}

fn touched_by(event: &Event) -> Vec<Address> {
    match event {
        Event::Staking(Staking::Transfer(Transfer { from, to, .. }))
        | Event::Diem(Diem::Transfer(Transfer { from, to, .. })) => vec![*from, *to],
        Event::Staking(
            Staking::Staked(e) | Staking::UnstakeInitiated(e) | Staking::UnstakeFinalized(e) | Staking::Claimed(e),
        )
        | Event::Diem(Diem::Staked(e) | Diem::UnstakeInitiated(e) | Diem::Unstaked(e)) => vec![e.user],
        _ => Vec::new(),
    }
}
