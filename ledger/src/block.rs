//! One block's worth of input.

use alloy_primitives::{Address, U256};

use crate::event::{Entry, Event, Staking};
use crate::parameter::{Parameter, Setting};

/// All logs of ours in one block, in log order, and the readings taken at its end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Block {
    /// Height.
    pub number: u64,
    /// Seconds since 1970, UTC.
    pub timestamp: u64,
    /// Ascending by log index.
    pub entries: Vec<Entry>,
    /// The contracts' own answers at the end of this block.
    pub readings: Vec<Setting>,
}

impl Block {
    /// The block's entries, a slice per transaction.
    pub fn transactions(&self) -> impl Iterator<Item = &[Entry]> {
        self.entries.chunk_by(|a, b| a.tx_index == b.tx_index)
    }

    /// What a reading at the end of this block says of a parameter.
    pub fn reading(&self, parameter: Parameter) -> Option<&Setting> {
        self.readings.iter().find(|reading| reading.parameter == parameter)
    }

    /// What accounts owe of rewards, where they were asked for at the end of this block.
    pub fn reward_debts(&self) -> impl Iterator<Item = (Address, U256)> {
        self.reading(Parameter::RewardDebts).and_then(Setting::debts).into_iter().flatten()
    }

    /// Whether an event of this block at or after `position` sets the parameter.
    pub fn sets_from(&self, position: usize, parameter: Parameter) -> bool {
        self.entries[position..].iter().any(|entry| entry.event.settings().iter().any(|s| s.parameter == parameter))
    }
}

impl Event {
    /// The parameters that this event sets.
    pub fn settings(&self) -> &[Setting] {
        match self {
            Self::Vvv(crate::event::Vvv::Set(settings))
            | Self::Staking(Staking::Set(settings))
            | Self::Diem(crate::event::Diem::Set(settings)) => settings,
            _ => &[],
        }
    }
}
