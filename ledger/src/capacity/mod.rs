//! sVVV, locks, cooldowns, DIEM and parameters, from the light logs.

mod diem;
mod rewards;
mod settings;
mod staking;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use alloy_primitives::{Address, U256};

use crate::attribution::{self, Attribution};
use crate::block::Block;
use crate::checked::recount;
use crate::event::{Contracts, Diem, Entry, Event, Staking, Transfer, Vvv};
use crate::halt::{Anomaly, AnomalyKind, Cause, Halt};
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
    /// For whom each mint and burn of DIEM was, by log index of its event.
    pub users: BTreeMap<u32, Address>,
    /// Log indexes of DIEM transfers that are direct mints or burns.
    pub direct: BTreeSet<u32>,
    /// What was not expected.
    pub anomalies: Vec<Anomaly>,
}

impl Capacity {
    /// The state after a block, without accounts.
    pub fn new(contracts: Contracts, totals: CapacityTotals, parameters: Parameters) -> Self {
        Self { contracts, positions: HashMap::new(), totals, parameters }
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
        if moves_vvv_alone(block) {
            return Ok(CapacityChanges::default());
        }
        let mut step =
            Step { before: BTreeMap::new(), changes: CapacityChanges::default(), timestamp: block.timestamp };
        let totals_before = self.totals;
        let parameters_before = self.parameters.clone();
        self.open_settings(block);
        for transaction in block.transactions() {
            self.apply_transaction(block, transaction, &mut step)?;
        }
        self.close_settings(block, &parameters_before, &mut step.changes);
        self.close_rewards(block, &mut step);
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
                self.apply_vvv(block, entry, transfer, step);
                Ok(())
            }
            Event::Vvv(Vvv::Set(settings)) => {
                self.apply_settings(settings);
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
        let Step { before, mut changes, .. } = step;
        for (address, before) in before {
            let after = self.positions[&address];
            if before != after {
                self.recount(address, &before, &after);
                changes.positions.push((address, after));
            }
        }
        changes.totals = (self.totals != totals_before).then_some(self.totals);
        changes
    }

    fn recount(&mut self, address: Address, before: &Position, after: &Position) {
        let totals = &mut self.totals;
        if !self.contracts.contains(address) {
            recount(&mut totals.stakers, before.svvv > U256::ZERO, after.svvv > U256::ZERO);
        }
        recount(&mut totals.diem_stakers, before.diem_staked > U256::ZERO, after.diem_staked > U256::ZERO);
        recount(&mut totals.minters, before.outstanding > U256::ZERO, after.outstanding > U256::ZERO);
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
    changes: CapacityChanges,
    timestamp: u64,
}

impl Step {
    fn anomaly(&mut self, entry: &Entry, kind: AnomalyKind, detail: String) {
        self.changes.anomalies.push(Anomaly { log_index: Some(entry.log_index), kind, detail });
    }
}

/// Nearly every block of a backfill: nothing here depends on it. Mints tell of rewards.
fn moves_vvv_alone(block: &Block) -> bool {
    let moves = |event: &Event| matches!(event, Event::Vvv(Vvv::Transfer(transfer)) if !transfer.from.is_zero());
    block.readings.is_empty() && block.entries.iter().all(|entry| moves(&entry.event))
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
