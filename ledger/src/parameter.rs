//! Parameters of the contracts: set by events, by initialisers without one, and shown by readings.

use std::collections::HashMap;

use alloy_primitives::{Address, B256, U256};

use crate::curve::CELLS;

/// Something the contracts can be asked for that no ledger of transfers tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Parameter {
    /// VVV emitted per second, base units.
    EmissionRate,
    /// Cooldown of unstaked sVVV, seconds.
    SvvvCooldown,
    /// Cooldown of unstaked DIEM, seconds.
    DiemCooldown,
    /// Venice's share of emissions, 1e18 = all.
    VenicePercentage,
    /// Venice's share of what locked sVVV would earn, 1e18 = all.
    VenicePercentageLocked,
    /// Who receives Venice's share; an address as a number.
    Treasury,
    /// When rewards were last added up, seconds since 1970.
    LastRewardTimestamp,
    /// Rewards per unlocked sVVV, 1e36.
    AccRewardPerShare,
    /// Rewards per locked sVVV, 1e36.
    AccRewardPerShareLocked,
    /// Upper bounds of the mint curve's 256 buckets, DIEM base units.
    CurveBounds,
    /// sVVV per DIEM in each of the 256 buckets, 1e18.
    CurveRates,
    /// The staking proxy's implementation; an address as a number.
    Implementation,
    /// The owner of VVV; an address as a number.
    VvvOwner,
    /// The owner of the staking proxy, who sets its parameters and upgrades it; an address as a number.
    StakingOwner,
    /// The debts of everybody with sVVV: pairs of an address as a number and its debt. Read alone, and kept with accounts.
    RewardDebts,
}

impl Parameter {
    /// Every parameter that has one value for the whole network: all but [`Self::RewardDebts`].
    pub const ALL: [Self; 14] = [
        Self::EmissionRate,
        Self::SvvvCooldown,
        Self::DiemCooldown,
        Self::VenicePercentage,
        Self::VenicePercentageLocked,
        Self::Treasury,
        Self::LastRewardTimestamp,
        Self::AccRewardPerShare,
        Self::AccRewardPerShareLocked,
        Self::CurveBounds,
        Self::CurveRates,
        Self::Implementation,
        Self::VvvOwner,
        Self::StakingOwner,
    ];

    /// The name it is stored and published under.
    pub fn name(self) -> &'static str {
        match self {
            Self::EmissionRate => "emission_rate_per_second",
            Self::SvvvCooldown => "svvv_cooldown_seconds",
            Self::DiemCooldown => "diem_cooldown_seconds",
            Self::VenicePercentage => "venice_emissions_percentage",
            Self::VenicePercentageLocked => "venice_emissions_percentage_when_locked",
            Self::Treasury => "treasury",
            Self::LastRewardTimestamp => "last_reward_timestamp",
            Self::AccRewardPerShare => "acc_reward_per_share",
            Self::AccRewardPerShareLocked => "acc_reward_per_share_locked",
            Self::CurveBounds => "curve_bounds",
            Self::CurveRates => "curve_rates",
            Self::Implementation => "implementation",
            Self::VvvOwner => "vvv_owner",
            Self::StakingOwner => "staking_owner",
            Self::RewardDebts => "reward_debts",
        }
    }

    /// The parameter of that name, of those that have one value for the whole network.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|parameter| parameter.name() == name)
    }

    /// What a reading of that name is of.
    pub fn read_as(name: &str) -> Option<Self> {
        Self::from_name(name).or_else(|| (name == Self::RewardDebts.name()).then_some(Self::RewardDebts))
    }

    /// Whether its value may have so many words: one, the cells of a table, or pairs.
    pub fn takes(self, words: usize) -> bool {
        match self {
            Self::CurveBounds | Self::CurveRates => words == CELLS,
            Self::RewardDebts => words.is_multiple_of(2),
            _ => words == 1,
        }
    }

    /// Whether the staking proxy's code and its initialisers may set it.
    pub fn is_of_staking(self) -> bool {
        !matches!(self, Self::DiemCooldown | Self::VvvOwner | Self::Implementation)
    }

    /// Whether an event should tell of every change. What moves with each block of rewards is only ever read.
    pub fn is_announced(self) -> bool {
        !matches!(
            self,
            Self::LastRewardTimestamp | Self::AccRewardPerShare | Self::AccRewardPerShareLocked | Self::RewardDebts
        )
    }
}

/// A parameter and its value: one word, the 256 cells of a table, or pairs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Which parameter.
    pub parameter: Parameter,
    /// As many words as the parameter takes.
    pub value: Vec<U256>,
}

impl Setting {
    /// A parameter of one word.
    pub fn word(parameter: Parameter, value: U256) -> Self {
        Self { parameter, value: vec![value] }
    }

    /// What these accounts owe of rewards, by the contract's word.
    pub fn reward_debts(debts: impl IntoIterator<Item = (Address, U256)>) -> Self {
        let words = |(address, debt): (Address, U256)| [U256::from_be_slice(address.as_slice()), debt];
        Self { parameter: Parameter::RewardDebts, value: debts.into_iter().flat_map(words).collect() }
    }

    /// The pairs of [`Parameter::RewardDebts`]; `None` where a word is no address, or this is no such reading.
    pub fn debts(&self) -> Option<Vec<(Address, U256)>> {
        let (pairs, []) = self.value.as_chunks::<2>() else { return None };
        let pair = |[whose, debt]: &[U256; 2]| {
            let word = B256::from(*whose);
            (word[..12] == [0; 12]).then(|| (Address::from_word(word), *debt))
        };
        (self.parameter == Parameter::RewardDebts).then(|| pairs.iter().map(pair).collect())?
    }
}

/// Where a value is known from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// An event announced it.
    Event,
    /// The contract was asked.
    Call,
    /// The contract was asked block by block, because it changed without an event: this is the block.
    Inferred,
}

/// A change that no event tells of, as far as the contract's own answers show where it lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Untold {
    /// What changed.
    pub parameter: Parameter,
    /// The last block after which it was known to have the value before. The change lies above it, up to the block whose
    /// reading shows it.
    pub after_block: u64,
}

impl Source {
    /// The word it is stored and published as.
    pub fn name(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Call => "call",
            Self::Inferred => "inferred",
        }
    }
}

/// A parameter's value after a block that set or showed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParameterChange {
    /// Which parameter.
    pub parameter: Parameter,
    /// `None`: it changed to something that is not known.
    pub value: Option<Vec<U256>>,
    /// Where the value is known from.
    pub source: Source,
}

/// The values in force. What was never set nor read is unknown and absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameters(HashMap<Parameter, Vec<U256>>);

impl Parameters {
    /// The value in force.
    pub fn get(&self, parameter: Parameter) -> Option<&[U256]> {
        self.0.get(&parameter).map(Vec::as_slice)
    }

    /// The value in force of a parameter of one word.
    pub fn word(&self, parameter: Parameter) -> Option<U256> {
        self.get(parameter)?.first().copied()
    }

    /// Sets a value, or forgets it.
    pub fn set(&mut self, parameter: Parameter, value: Option<Vec<U256>>) {
        match value {
            Some(value) => self.0.insert(parameter, value),
            None => self.0.remove(&parameter),
        };
    }
}

impl FromIterator<Setting> for Parameters {
    fn from_iter<I: IntoIterator<Item = Setting>>(settings: I) -> Self {
        Self(settings.into_iter().map(|setting| (setting.parameter, setting.value)).collect())
    }
}
