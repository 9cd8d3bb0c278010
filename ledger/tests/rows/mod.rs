//! What the ledger derives, kept as a database keeps it: rows under the block after which they hold, and nothing else.

#![allow(dead_code, reason = "each test program uses the words it needs")]

use std::collections::BTreeMap;

use alloy_primitives::{Address, U256};
use ledger::block::Block;
use ledger::capacity::{Capacity, CapacityChanges};
use ledger::event::Event;
use ledger::halt::{Anomaly, Halt};
use ledger::mint::Minted;
use ledger::parameter::{Parameter, ParameterChange, Parameters, Source};
use ledger::position::Position;
use ledger::supply::{Account, Supply, SupplyChanges};
use ledger::totals::{CapacityTotals, SupplyTotals, Tally};

use crate::chain::*;

/// Rows by what they are of and the block after which they hold.
type Kept<K, V> = BTreeMap<(K, u64), V>;

/// The value of a key at a block: its newest row at or below it.
fn newest<K: Ord + Copy, V: Clone>(kept: &Kept<K, V>, key: K, block: u64) -> Option<V> {
    kept.range((key, 0)..=(key, block)).next_back().map(|(_, value)| value.clone())
}

/// Everybody's newest row.
fn last<V: Copy>(kept: &Kept<Address, V>) -> BTreeMap<Address, V> {
    kept.iter().map(|((address, _), value)| (*address, *value)).collect()
}

/// Every row there is.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Rows {
    positions: Kept<Address, Position>,
    balances: Kept<Address, U256>,
    burns: Kept<Address, Tally>,
    minted: Kept<Address, Minted>,
    parameters: Kept<Parameter, ParameterChange>,
    capacity: Kept<(), CapacityTotals>,
    supply: Kept<(), SupplyTotals>,
}

impl Rows {
    fn append(&mut self, number: u64, capacity: &CapacityChanges, supply: &SupplyChanges) {
        self.positions.extend(capacity.positions.iter().map(|(address, position)| ((*address, number), *position)));
        self.parameters.extend(capacity.parameters.iter().map(|it| ((it.parameter, number), it.clone())));
        self.capacity.extend(capacity.totals.map(|totals| (((), number), totals)));
        self.supply.extend(supply.totals.map(|totals| (((), number), totals)));
        self.burns.extend(supply.burns.iter().map(|(address, tally)| ((*address, number), *tally)));
        self.minted.extend(capacity.minted.iter().map(|(address, minted)| ((*address, number), *minted)));
        for applied in &supply.transfers {
            let sender = applied.sender_balance.map(|balance| ((applied.transfer.from, number), balance));
            self.balances.extend(sender);
            self.balances.insert((applied.transfer.to, number), applied.recipient_balance);
        }
    }

    /// Drops what holds after blocks above the ancestor.
    fn undo(&mut self, ancestor: u64) {
        self.positions.retain(|(_, number), _| *number <= ancestor);
        self.balances.retain(|(_, number), _| *number <= ancestor);
        self.burns.retain(|(_, number), _| *number <= ancestor);
        self.minted.retain(|(_, number), _| *number <= ancestor);
        self.parameters.retain(|(_, number), _| *number <= ancestor);
        self.capacity.retain(|(_, number), _| *number <= ancestor);
        self.supply.retain(|(_, number), _| *number <= ancestor);
    }
}

/// Rows, and ledgers that hold what was loaded of them.
#[derive(Clone, Debug)]
pub(crate) struct State {
    pub(crate) rows: Rows,
    pub(crate) capacity: Capacity,
    pub(crate) supply: Supply,
    pub(crate) number: u64,
    /// Of the last block.
    pub(crate) anomalies: Vec<Anomaly>,
}

impl State {
    /// Nothing but the cooldowns in force, 700 and 100 seconds.
    pub(crate) fn new() -> Self {
        let mut rows = Rows::default();
        for (parameter, seconds) in [(Parameter::SvvvCooldown, 700), (Parameter::DiemCooldown, 100)] {
            let change = ParameterChange { parameter, value: Some(vec![amount(seconds)]), source: Source::Call };
            rows.parameters.insert((parameter, 0), change);
        }
        Self::load(rows, 0)
    }

    /// The ledgers after a block, from rows alone.
    fn load(rows: Rows, number: u64) -> Self {
        let mut parameters = Parameters::default();
        for parameter in Parameter::ALL {
            parameters.set(parameter, newest(&rows.parameters, parameter, number).and_then(|change| change.value));
        }
        let totals = newest(&rows.capacity, (), number).unwrap_or_default();
        let capacity = Capacity::new(CONTRACTS, totals, parameters, last(&rows.minted));
        let supply = Supply::new(CONTRACTS, newest(&rows.supply, (), number).unwrap_or_default());
        Self { rows, capacity, supply, number, anomalies: Vec::new() }
    }

    /// Nothing is left in memory of what the rows do not tell.
    pub(crate) fn forget(&mut self) {
        *self = Self::load(std::mem::take(&mut self.rows), self.number);
    }

    /// The blocks above the ancestor never were.
    pub(crate) fn undo(&mut self, ancestor: u64) {
        self.rows.undo(ancestor);
        *self = Self::load(std::mem::take(&mut self.rows), ancestor);
    }

    /// The next block. What the ledgers refuse leaves no row, and they are loaded anew.
    pub(crate) fn mine(&mut self, transactions: &[Vec<Event>]) -> Result<(), Box<(Block, Halt)>> {
        let number = self.number + 1;
        let transactions: Vec<&[Event]> = transactions.iter().map(Vec::as_slice).collect();
        let block = block(number, number * 10, &transactions);
        for address in self.capacity.unloaded([&block]) {
            self.capacity.load(address, self.position(address));
        }
        for address in self.supply.unloaded([&block]) {
            let burned = newest(&self.rows.burns, address, self.number).unwrap_or_default();
            self.supply.load(address, Account { balance: self.balance(address), burned });
        }
        let applied = self.capacity.apply(&block).and_then(|capacity| Ok((capacity, self.supply.apply(&block)?)));
        match applied {
            Ok((capacity, supply)) => {
                self.rows.append(number, &capacity, &supply);
                self.number = number;
                self.anomalies = capacity.anomalies.into_iter().chain(supply.anomalies).collect();
                Ok(())
            }
            Err(halt) => {
                self.forget();
                Err(Box::new((block, halt)))
            }
        }
    }

    pub(crate) fn position(&self, address: Address) -> Position {
        newest(&self.rows.positions, address, self.number).unwrap_or_default()
    }

    /// VVV.
    pub(crate) fn balance(&self, address: Address) -> U256 {
        newest(&self.rows.balances, address, self.number).unwrap_or_default()
    }

    /// Everybody's position.
    pub(crate) fn positions(&self) -> BTreeMap<Address, Position> {
        last(&self.rows.positions)
    }

    /// Everybody's VVV, 0x0's included.
    pub(crate) fn balances(&self) -> BTreeMap<Address, U256> {
        last(&self.rows.balances)
    }

    /// What everybody burned.
    pub(crate) fn burns(&self) -> BTreeMap<Address, Tally> {
        last(&self.rows.burns)
    }

    /// VVV minted to everybody, as the lane of capacity knows it.
    pub(crate) fn minted(&self) -> BTreeMap<Address, Minted> {
        last(&self.rows.minted)
    }
}
