//! The file in memory: in order, within limits, and with sums that are its own totals.

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256, U256};
use ledger::parameter::{Parameter, ParameterChange, Parameters, Setting, Source};
use ledger::position::{Cooling, Position};
use ledger::totals::{CapacityTotals, SupplyTotals, Tally};
use store::append::opening::Changes;

use crate::files::envelope::Heading;
use crate::files::error::FileError;
use crate::files::lines::{Line, LineFile};
use crate::files::record::{
    Amount, BalanceRecord, BlockRecord, BurnRecord, CapacityTotalsRecord, ParameterRecord, PositionRecord, Record,
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
            ParameterRecord::TABLE => self.add_parameter(line.parse()?, heading)?,
            CapacityTotalsRecord::TABLE => {
                let record: CapacityTotalsRecord = line.parse()?;
                let number = record.block_number;
                holds(number, heading) && self.capacity.insert(number, capacity_totals(&record)).is_none()
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
        if value.as_ref().is_some_and(|words| words.len() != parameter.words()) {
            return Err(format!("{name} has another number of words than it must"));
        }
        let change = ParameterChange { parameter, value, source };
        Ok(holds(block_number, heading) && self.parameters.insert(parameter, (block_number, change)).is_none())
    }

    /// Sums are the totals, at both blocks.
    fn hold(&self, heading: &Heading) -> Result<(), String> {
        let contracts = [heading.vvv, heading.staking, heading.diem];
        let (capacity, supply) = self.totals(heading.block_number);
        equal("after the block", &sums(self.positions().iter(), &contracts)?, &capacity)?;
        if let Some(opening) = heading.opening_block {
            let positions = self.opening.iter().map(|(address, (_, position))| (address, position));
            equal("when the epoch opened", &sums(positions, &contracts)?, &self.totals(opening).0)?;
        }
        let held = SupplyTotals {
            supply: sum("VVV", self.balances.values())?,
            burned: self.balances.get(&Address::ZERO).copied().unwrap_or_default(),
            burn_count: self
                .burns
                .values()
                .try_fold(0_u64, |all, (_, tally)| all.checked_add(tally.count))
                .ok_or("too many burns")?,
            holders: self.balances.keys().filter(|address| !address.is_zero()).count() as u64,
        };
        let burned = sum("burned VVV", self.burns.values().map(|(_, tally)| &tally.amount))?;
        match held == supply && burned == supply.burned {
            true => Ok(()),
            false => {
                Err(format!("VVV does not add up: addresses {held:?}, senders burned {burned}, totals {supply:?}"))
            }
        }
    }
}

fn holds(block_number: u64, heading: &Heading) -> bool {
    block_number <= heading.block_number
}

fn sum<'a>(what: &str, mut amounts: impl Iterator<Item = &'a U256>) -> Result<U256, String> {
    let total = amounts.try_fold(U256::ZERO, |total, amount| total.checked_add(*amount));
    total.ok_or_else(|| format!("more {what} than 256 bits hold"))
}

/// Totals as the positions add up to; what they do not tell is zero.
fn sums<'a>(
    positions: impl Iterator<Item = (&'a Address, &'a Position)> + Clone,
    contracts: &[Address],
) -> Result<CapacityTotals, String> {
    let of = |what, amount: fn(&Position) -> &U256| sum(what, positions.clone().map(|(_, position)| amount(position)));
    let count = |is_one: &dyn Fn(&Address, &Position) -> bool| {
        positions.clone().filter(|(address, position)| is_one(address, position)).count() as u64
    };
    Ok(CapacityTotals {
        svvv_supply: of("sVVV", |position| &position.svvv)?,
        svvv_locked: of("locked sVVV", |position| &position.locked)?,
        svvv_cooling: of("cooling VVV", |position| &position.svvv_cooling.amount)?,
        diem_supply: of("DIEM", |position| &position.diem_liquid)?,
        diem_outstanding: of("outstanding DIEM", |position| &position.outstanding)?,
        diem_staked: of("staked DIEM", |position| &position.diem_staked)?,
        diem_cooling: of("cooling DIEM", |position| &position.diem_cooling.amount)?,
        stakers: count(&|address, position| !position.svvv.is_zero() && !contracts.contains(address)),
        diem_stakers: count(&|_, position| !position.diem_staked.is_zero()),
        minters: count(&|_, position| !position.outstanding.is_zero()),
        ..CapacityTotals::default()
    })
}

/// What positions add up to, held against the totals; counts of what is past are the totals' alone.
fn equal(when: &str, sums: &CapacityTotals, totals: &CapacityTotals) -> Result<(), String> {
    let expected = CapacityTotals {
        diem_minted: sums.diem_minted,
        diem_minted_direct: sums.diem_minted_direct,
        diem_burned: sums.diem_burned,
        diem_burned_direct: sums.diem_burned_direct,
        unknown_logs: sums.unknown_logs,
        ..*totals
    };
    if *sums == expected {
        Ok(())
    } else {
        Err(format!("positions {when} add up to {sums:?}, the totals are {expected:?}"))
    }
}

fn position(record: &PositionRecord) -> Position {
    let cooling = |amount: Amount, ends_at| Cooling { amount: amount.0, ends_at };
    Position {
        svvv: record.svvv.0,
        locked: record.locked.0,
        outstanding: record.outstanding.0,
        svvv_cooling: cooling(record.svvv_cooling, record.svvv_cooling_ends_at),
        diem_liquid: record.diem_liquid.0,
        diem_staked: record.diem_staked.0,
        diem_cooling: cooling(record.diem_cooling, record.diem_cooling_ends_at),
        claimed: record.claimed.0,
    }
}

fn capacity_totals(record: &CapacityTotalsRecord) -> CapacityTotals {
    CapacityTotals {
        svvv_supply: record.svvv_supply.0,
        svvv_locked: record.svvv_locked.0,
        svvv_cooling: record.svvv_cooling.0,
        diem_supply: record.diem_supply.0,
        diem_outstanding: record.diem_outstanding.0,
        diem_staked: record.diem_staked.0,
        diem_cooling: record.diem_cooling.0,
        diem_minted: Tally { amount: record.diem_minted.0, count: record.diem_minted_count },
        diem_minted_direct: record.diem_minted_direct.0,
        diem_burned: Tally { amount: record.diem_burned.0, count: record.diem_burned_count },
        diem_burned_direct: record.diem_burned_direct.0,
        stakers: record.stakers,
        diem_stakers: record.diem_stakers,
        minters: record.minters,
        unknown_logs: record.unknown_logs,
    }
}

fn supply_totals(record: &SupplyRecord) -> SupplyTotals {
    let SupplyRecord { supply, burned, burn_count, holders, .. } = record;
    SupplyTotals { supply: supply.0, burned: burned.0, burn_count: *burn_count, holders: *holders }
}
