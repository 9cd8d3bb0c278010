//! A few words to write blocks with.

#![allow(dead_code, reason = "each test program uses the words it needs")]

use alloy_primitives::{Address, B256, U256};
use ledger::block::Block;
use ledger::capacity::{Capacity, CapacityChanges};
use ledger::event::{Contracts, Diem, DiemSwap, Entry, Event, Staking, Transfer, UserAmount, Vvv};
use ledger::halt::Halt;
use ledger::parameter::{Parameter, Parameters, Setting};
use ledger::position::Position;
use ledger::supply::{Supply, SupplyChanges};
use ledger::totals::{CapacityTotals, SupplyTotals};

pub(crate) const CONTRACTS: Contracts = Contracts {
    vvv: Address::repeat_byte(0xa1),
    staking: Address::repeat_byte(0xa2),
    diem: Address::repeat_byte(0xa3),
};
pub(crate) const ALICE: Address = Address::repeat_byte(0x01);
pub(crate) const BOB: Address = Address::repeat_byte(0x02);
pub(crate) const NOBODY: Address = Address::ZERO;

pub(crate) fn amount(units: u64) -> U256 {
    U256::from(units)
}

fn transfer(from: Address, to: Address, units: u64) -> Transfer {
    Transfer { from, to, amount: amount(units) }
}

fn user(user: Address, units: u64) -> UserAmount {
    UserAmount { user, amount: amount(units) }
}

pub(crate) fn vvv(from: Address, to: Address, units: u64) -> Event {
    Event::Vvv(Vvv::Transfer(transfer(from, to, units)))
}

pub(crate) fn svvv(from: Address, to: Address, units: u64) -> Event {
    Event::Staking(Staking::Transfer(transfer(from, to, units)))
}

pub(crate) fn diem(from: Address, to: Address, units: u64) -> Event {
    Event::Diem(Diem::Transfer(transfer(from, to, units)))
}

pub(crate) fn minted(svvv: u64, diem: u64) -> Event {
    Event::Staking(Staking::DiemMinted(DiemSwap { svvv: amount(svvv), diem: amount(diem) }))
}

pub(crate) fn burned(svvv: u64, diem: u64) -> Event {
    Event::Staking(Staking::DiemBurned(DiemSwap { svvv: amount(svvv), diem: amount(diem) }))
}

pub(crate) fn svvv_initiated(who: Address, units: u64) -> Event {
    Event::Staking(Staking::UnstakeInitiated(user(who, units)))
}

pub(crate) fn svvv_finalized(who: Address, units: u64) -> Event {
    Event::Staking(Staking::UnstakeFinalized(user(who, units)))
}

pub(crate) fn svvv_staked(who: Address, units: u64) -> Event {
    Event::Staking(Staking::Staked(user(who, units)))
}

pub(crate) fn claimed(who: Address, units: u64) -> Event {
    Event::Staking(Staking::Claimed(user(who, units)))
}

pub(crate) fn diem_staked(who: Address, units: u64) -> Event {
    Event::Diem(Diem::Staked(user(who, units)))
}

pub(crate) fn diem_initiated(who: Address, units: u64) -> Event {
    Event::Diem(Diem::UnstakeInitiated(user(who, units)))
}

pub(crate) fn diem_unstaked(who: Address, units: u64) -> Event {
    Event::Diem(Diem::Unstaked(user(who, units)))
}

pub(crate) fn set(parameter: Parameter, value: u64) -> Event {
    let settings = vec![word(parameter, value)];
    match parameter {
        Parameter::DiemCooldown => Event::Diem(Diem::Set(settings)),
        _ => Event::Staking(Staking::Set(settings)),
    }
}

pub(crate) fn word(parameter: Parameter, value: u64) -> Setting {
    Setting::word(parameter, amount(value))
}

/// A block with one transaction per slice.
pub(crate) fn block(number: u64, timestamp: u64, transactions: &[&[Event]]) -> Block {
    let events = transactions.iter().enumerate().flat_map(|(tx, events)| events.iter().map(move |event| (tx, event)));
    let entries = events.enumerate().map(|(log_index, (tx, event))| Entry {
        log_index: u32::try_from(log_index).unwrap(),
        tx_index: u32::try_from(tx).unwrap(),
        tx_hash: B256::repeat_byte(u8::try_from(tx + 1).unwrap()),
        event: event.clone(),
    });
    Block { number, timestamp, entries: entries.collect(), ..Block::default() }
}

/// Both ledgers with every account loaded on sight, as the follower does it.
#[derive(Clone)]
pub(crate) struct Chain {
    pub(crate) capacity: Capacity,
    pub(crate) supply: Supply,
    number: u64,
}

impl Chain {
    pub(crate) fn new() -> Self {
        let known = [word(Parameter::SvvvCooldown, 700), word(Parameter::DiemCooldown, 100)];
        Self::with(known.into_iter().collect())
    }

    pub(crate) fn with(parameters: Parameters) -> Self {
        Self {
            capacity: Capacity::new(CONTRACTS, CapacityTotals::default(), parameters, Default::default()),
            supply: Supply::new(CONTRACTS, SupplyTotals::default()),
            number: 0,
        }
    }

    /// One more block, 10 seconds after the last.
    pub(crate) fn mine(&mut self, transactions: &[&[Event]]) -> Result<(CapacityChanges, SupplyChanges), Halt> {
        self.mine_reading(transactions, Vec::new())
    }

    pub(crate) fn mine_reading(
        &mut self,
        transactions: &[&[Event]],
        readings: Vec<Setting>,
    ) -> Result<(CapacityChanges, SupplyChanges), Halt> {
        self.number += 1;
        let block = Block { readings, ..block(self.number, self.number * 10, transactions) };
        for address in self.capacity.unloaded([&block]) {
            self.capacity.load(address, Position::default());
        }
        for address in self.supply.unloaded([&block]) {
            self.supply.load(address, Default::default());
        }
        Ok((self.capacity.apply(&block)?, self.supply.apply(&block)?))
    }
}

/// The position after a block that changed it.
pub(crate) fn position(changes: &CapacityChanges, whose: Address) -> Position {
    changes.positions.iter().find(|(address, _)| *address == whose).expect("the block changed it").1
}
