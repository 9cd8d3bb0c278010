//! Parameters of the contracts: set by events, by initialisers without one, and shown by readings.

use std::collections::HashMap;

use alloy_primitives::U256;

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
}

impl Parameter {
    /// Every parameter.
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
        }
    }

    /// The parameter of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|parameter| parameter.name() == name)
    }

    /// How many words its value has: one, or the cells of a table.
    pub fn words(self) -> usize {
        match self {
            Self::CurveBounds | Self::CurveRates => CELLS,
            _ => 1,
        }
    }

    /// Whether the staking proxy's code and its initialisers may set it.
    pub fn is_of_staking(self) -> bool {
        !matches!(self, Self::DiemCooldown | Self::VvvOwner | Self::Implementation)
    }

    /// Whether an event should tell of every change. What moves with each block of rewards is only ever read.
    pub fn is_announced(self) -> bool {
        !matches!(self, Self::LastRewardTimestamp | Self::AccRewardPerShare | Self::AccRewardPerShareLocked)
    }
}

/// A parameter and its value: one word, or the 256 cells of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Which parameter.
    pub parameter: Parameter,
    /// One word, or 256.
    pub value: Vec<U256>,
}

impl Setting {
    /// A parameter of one word.
    pub fn word(parameter: Parameter, value: U256) -> Self {
        Self { parameter, value: vec![value] }
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
