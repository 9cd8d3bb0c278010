//! The file in memory: in order, within limits, and with sums that are its own totals.

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256, U256};
use ledger::mint::Minted;
use ledger::parameter::{Parameter, ParameterChange, Parameters, Setting, Source};
use ledger::position::Position;
use ledger::totals::{CapacityTotals, SupplyTotals, Tally};
use store::append::opening::Changes;

use super::rows::{capacity_totals, minted, position, supply_totals};
use super::sums::{come_and_gone, equal, sum, sums};
use crate::files::envelope::Heading;
use crate::files::error::FileError;
use crate::files::lines::{Line, LineFile};
use crate::files::record::{
    BalanceRecord, BlockRecord, BurnRecord, CapacityTotalsRecord, MintRecord, ParameterRecord, PositionRecord, Record,
    SupplyRecord,
};

/// Records of a file: ten times what there is on Base, and what half a gigabyte of memory holds.
const RECORDS_MAX: usize = 2_000_000;

/// What a file says, by address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// At the epoch's opening block, with the block since which it held.
    pub opening: BTreeMap<Address, (u64, Position)>,
    /// What changed after that, up to the block.
    pub later: BTreeMap<Address, (u64, Position)>,
    /// VVV, more than zero.
    pub balances: BTreeMap<Address, U256>,
    /// Burns by sender.
    pub burns: BTreeMap<Address, (u64, Tally)>,
    /// VVV minted by recipient.
    pub minted: BTreeMap<Address, (u64, Minted)>,
    /// Parameters in force.
    pub parameters: BTreeMap<Parameter, (u64, ParameterChange)>,
    /// By the block since which they hold: at most one at or below the opening block, and one above.
    pub capacity: BTreeMap<u64, CapacityTotals>,
    /// The same.
    pub supply: BTreeMap<u64, SupplyTotals>,
    records: usize,
}

impl State {
    /// All of a file, and its digest. It is whole and as it was written, and agrees with itself.
    ///
    /// # Errors
    /// [`FileError`]
    pub fn read(file: &LineFile) -> Result<(B256, Self), FileError> {
        let mut state = Self::default();
        let ending = file.read(|line| state.add(line, &file.heading))?;
        state.hold(&file.heading).map_err(|what| FileError::content(file.path(), what))?;
        Ok((ending.digest, state))
    }

    /// What the addresses hold after the block.
    pub fn positions(&self) -> BTreeMap<Address, Position> {
        let newest = self.opening.iter().chain(&self.later);
        newest.map(|(address, (_, position))| (*address, *position)).collect()
    }

    /// Totals after a block that is not before the opening block; zeros before the first event.
    pub fn totals(&self, at: u64) -> (CapacityTotals, SupplyTotals) {
        let capacity = self.capacity.range(..=at).next_back().map(|(_, totals)| *totals);
        let supply = self.supply.range(..=at).next_back().map(|(_, totals)| *totals);
        (capacity.unwrap_or_default(), supply.unwrap_or_default())
    }

    /// The parameters in force; one whose value is not known is absent.
    pub fn in_force(&self) -> Parameters {
        let known =
            |change: &ParameterChange| Some(Setting { parameter: change.parameter, value: change.value.clone()? });
        self.parameters.values().filter_map(|(_, change)| known(change)).collect()
    }

    /// As rows of tables, and VVV balances.
    pub fn into_rows(self) -> (BTreeMap<u64, Changes>, Vec<(Address, U256)>) {
        let mut rows: BTreeMap<u64, Changes> = BTreeMap::new();
        for (address, (number, position)) in self.opening.into_iter().chain(self.later) {
            rows.entry(number).or_default().positions.push((address, position));
        }
        for (number, totals) in self.capacity {
            rows.entry(number).or_default().capacity = Some(totals);
        }
        for (number, totals) in self.supply {
            rows.entry(number).or_default().supply = Some(totals);
        }
        for (sender, (number, tally)) in self.burns {
            rows.entry(number).or_default().burns.push((sender, tally));
        }
        for (recipient, (number, minted)) in self.minted {
            rows.entry(number).or_default().minted.push((recipient, minted));
        }
        for (number, change) in self.parameters.into_values() {
            rows.entry(number).or_default().parameters.push(change);
        }
        (rows, self.balances.into_iter().collect())
    }

    fn add(&mut self, line: &Line<'_>, heading: &Heading) -> Result<(), String> {
        self.records += 1;
        if self.records > RECORDS_MAX {
            return Err(format!("line {}: there are more than {RECORDS_MAX} records", line.number));
        }
        let added = match line.table()? {
            // Headers are the node's to tell.
            BlockRecord::TABLE => line.parse::<BlockRecord>().map(|_| true)?,
            PositionRecord::TABLE => self.add_position(&line.parse()?, heading),
            BalanceRecord::TABLE => {
                let BalanceRecord { address, vvv } = line.parse()?;
                !vvv.0.is_zero() && self.balances.insert(address, vvv.0).is_none()
            }
            BurnRecord::TABLE => {
                let BurnRecord { sender, block_number, amount, count } = line.parse()?;
                let tally = Tally { amount: amount.0, count };
                holds(block_number, heading) && self.burns.insert(sender, (block_number, tally)).is_none()
            }
            MintRecord::TABLE => {
                let record: MintRecord = line.parse()?;
                let (number, minted) = (record.block_number, minted(&record));
                holds(number, heading) && self.minted.insert(record.recipient, (number, minted)).is_none()
            }
            ParameterRecord::TABLE => self.add_parameter(line.parse()?, heading)?,
            CapacityTotalsRecord::TABLE => {
                let record: CapacityTotalsRecord = line.parse()?;
                let number = record.block_number;
                holds(number, heading) && self.capacity.insert(number, capacity_totals(&record)?).is_none()
            }
            SupplyRecord::TABLE => {
                let record: SupplyRecord = line.parse()?;
                let number = record.block_number;
                holds(number, heading) && self.supply.insert(number, supply_totals(&record)).is_none()
            }
            other => return Err(format!("line {}: {other:?} is no table of positions", line.number)),
        };
        if added { Ok(()) } else { Err(format!("line {}: is there twice, empty, or after the block", line.number)) }
    }

    fn add_position(&mut self, record: &PositionRecord, heading: &Heading) -> bool {
        let is_opening = heading.opening_block.is_some_and(|opening| record.block_number <= opening);
        let map = if is_opening { &mut self.opening } else { &mut self.later };
        let position = position(record);
        position.locked <= position.svvv
            && holds(record.block_number, heading)
            && map.insert(record.address, (record.block_number, position)).is_none()
    }

    fn add_parameter(&mut self, record: ParameterRecord, heading: &Heading) -> Result<bool, String> {
        let ParameterRecord { name, block_number, value, source } = record;
        let parameter = Parameter::from_name(&name).ok_or_else(|| format!("{name:?} is no parameter"))?;
        let source = [Source::Event, Source::Call, Source::Inferred].into_iter().find(|known| known.name() == source);
        let source = source.ok_or_else(|| format!("{name} has a source that nobody knows"))?;
        let value = value.map(|words| words.0);
        if value.as_ref().is_some_and(|words| !parameter.takes(words.len())) {
            return Err(format!("{name} has another number of words than it must"));
        }
        let change = ParameterChange { parameter, value, source };
        Ok(holds(block_number, heading) && self.parameters.insert(parameter, (block_number, change)).is_none())
    }

    /// Sums are the totals, at both blocks.
    fn hold(&self, heading: &Heading) -> Result<(), String> {
        let contracts = [heading.vvv, heading.staking, heading.diem];
        let (capacity, supply) = self.totals(heading.block_number);
        come_and_gone(&capacity, &supply)?;
        equal("after the block", &sums(self.positions().iter(), &contracts)?, &capacity)?;
        if let Some(opening) = heading.opening_block {
            let positions = self.opening.iter().map(|(address, (_, position))| (address, position));
            let (capacity, supply) = self.totals(opening);
            come_and_gone(&capacity, &supply)?;
            equal("when the epoch opened", &sums(positions, &contracts)?, &capacity)?;
        }
        self.hold_vvv(&supply)
    }

    /// VVV adds up by who holds it, who burned it and who was minted it.
    fn hold_vvv(&self, supply: &SupplyTotals) -> Result<(), String> {
        let held = SupplyTotals {
            supply: sum("VVV", self.balances.values())?,
            burned: self.balances.get(&Address::ZERO).copied().unwrap_or_default(),
            burn_count: self
                .burns
                .values()
                .try_fold(0_u64, |all, (_, tally)| all.checked_add(tally.count))
                .ok_or("too many burns")?,
            holders: self.balances.keys().filter(|address| !address.is_zero()).count() as u64,
            ..*supply
        };
        let minted = self.minted.values().map(|(_, minted)| minted.amount().map_err(|cause| cause.to_string()));
        let minted = sum("minted VVV", minted.collect::<Result<Vec<_>, _>>()?.iter())?;
        let burned = sum("burned VVV", self.burns.values().map(|(_, tally)| &tally.amount))?;
        match held == *supply && burned == supply.burned && minted == supply.supply {
            true => Ok(()),
            false => {
                let parts = format!("addresses {held:?}, senders burned {burned}, recipients were minted {minted}");
                Err(format!("VVV does not add up: {parts}, totals {supply:?}"))
            }
        }
    }
}

fn holds(block_number: u64, heading: &Heading) -> bool {
    block_number <= heading.block_number
}
