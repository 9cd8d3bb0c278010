//! One block's worth of input.

use std::borrow::Cow;

use alloy_primitives::{Address, U256};

use crate::event::{Diem, Entry, Event, Staking, Vvv};
use crate::parameter::{Parameter, Setting, Untold};

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
    /// What those readings show to have changed without an event.
    pub untold: Vec<Untold>,
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

    /// What is known of a change of this parameter that this block's reading shows and no event tells of.
    pub fn untold(&self, parameter: Parameter) -> Option<&Untold> {
        self.untold.iter().find(|untold| untold.parameter == parameter)
    }

    /// Whether the parameter changed in this very block without an event.
    pub fn changes_untold(&self, parameter: Parameter) -> bool {
        self.untold(parameter).is_some_and(|untold| untold.after_block.checked_add(1) == Some(self.number))
    }

    /// Whether an event of this block at or after `position` tells what the parameter is from then on.
    pub fn sets_from(&self, position: usize, parameter: Parameter) -> bool {
        self.entries[position..].iter().any(|entry| entry.event.tells(parameter).is_some())
    }
}

impl Event {
    /// Whether it tells of new code or an initialiser, which may have set any parameter of the staking proxy.
    pub fn may_set_anything(&self) -> bool {
        matches!(self, Self::Staking(Staking::Upgraded(_) | Staking::Initialized))
    }

    /// What it says the parameter is now: the last word where it sets it more than once. New code is told of too.
    pub fn tells(&self, parameter: Parameter) -> Option<Cow<'_, [U256]>> {
        match self {
            Self::Staking(Staking::Upgraded(implementation)) => {
                (parameter == Parameter::Implementation).then(|| Cow::Owned(vec![implementation.into_word().into()]))
            }
            _ => {
                let last = self.settings().iter().rev().find(|setting| setting.parameter == parameter);
                last.map(|setting| Cow::Borrowed(setting.value.as_slice()))
            }
        }
    }

    /// The parameters that this event sets by name, which new code is not.
    pub fn settings(&self) -> &[Setting] {
        match self {
            Self::Staking(Staking::Set(settings)) | Self::Diem(Diem::Set(settings)) => settings,
            Self::Vvv(Vvv::OwnershipTransferred(transfer)) | Self::Staking(Staking::OwnershipTransferred(transfer)) => {
                std::slice::from_ref(&transfer.owner)
            }
            _ => &[],
        }
    }
}
