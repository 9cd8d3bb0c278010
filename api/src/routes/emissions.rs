//! `GET /v1/emissions`

use alloy_primitives::U256;
use axum::extract::State;
use axum::response::Response;
use ledger::emission::{self, Stakes};
use ledger::parameter::Parameter;
use ledger::rewards::Rewards;
use ledger::totals::{CapacityTotals, SupplyTotals};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::extract::{Conditional, Query};
use crate::openapi::ReadProblems;
use crate::params::{BlockParams, FigureParams, UnitParams};
use crate::problem::Problem;
use crate::respond::{answer, unchanged};
use crate::snapshot::{AsOf, Needs, Snapshot};
use crate::wire::{Amount, PerShare, Ratio, Time, Units};

/// VVV emitted, and what stakers get of it, if everything stays as it is at the block.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EmissionsAnswer {
    #[serde(flatten)]
    figures: Figures,
    /// How far rewards are added up. Null under the first implementation of staking, and where no state of the contract could
    /// yet be read to go on from.
    rewards: Option<RewardFigures>,
    /// Fields that are null because they cannot be known: without a reading or an event nobody knows a parameter, and
    /// before StakingV2 there are no percentages.
    #[schema(example = json!([]))]
    unknown: Vec<String>,
    /// The block.
    as_of: AsOf,
}

/// What one sVVV has earned since the start, and until when that is told.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RewardFigures {
    /// accRewardPerShare(): of an unlocked one.
    acc_unlocked: PerShare,
    /// accRewardPerShareLocked(): of one locked against minted DIEM.
    acc_locked: PerShare,
    /// lastRewardTimestamp(): what is emitted after it is added up at the next action of anybody's.
    rewarded_until: Option<Time>,
}

/// Emissions and yearly returns. Returns do not compound.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct Figures {
    /// VVV emitted per second.
    rate_per_second: Option<Amount>,
    /// The same in 365 days.
    per_year: Option<Amount>,
    /// per_year / effective supply; null where nothing is in supply.
    inflation: Option<Ratio>,
    /// What of all emissions stakers get: (1 - p)(1 - pL locked / staked), where p is Venice's percentage and pL its
    /// percentage of what locked sVVV would earn. Null where nobody has staked.
    staker_share: Option<Ratio>,
    /// What one sVVV earns a year on average: per_year * staker_share / staked. Null where nobody has staked.
    apr: Option<Ratio>,
    /// What one unlocked sVVV earns a year: per_year * (1 - p) / staked. Null where nobody has staked.
    apr_unlocked: Option<Ratio>,
    /// What one locked sVVV earns a year: apr_unlocked * (1 - pL). Null where nobody has staked.
    apr_locked: Option<Ratio>,
}

/// Emissions and what they pay
#[utoipa::path(
    get,
    operation_id = "getEmissions",
    path = "/v1/emissions",
    tag = "network",
    params(BlockParams, UnitParams),
    responses((status = 200, description = "Emissions at the block.", body = EmissionsAnswer), ReadProblems),
)]
pub async fn get(
    State(app): State<App>,
    Query(query): Query<FigureParams>,
    conditional: Conditional,
) -> Result<Response, Problem> {
    let mut snapshot = Snapshot::open(&app, Needs::Both, &query.block).await?;
    if let Some(response) = unchanged(&snapshot, &conditional) {
        return Ok(response);
    }
    let inputs = Inputs::read(&mut snapshot).await?;
    let rewards = inputs.rewards.is_none().then(|| "rewards".to_owned());
    let body = EmissionsAnswer {
        figures: inputs.figures(query.units)?,
        rewards: inputs.rewards.map(RewardFigures::from),
        unknown: snapshot.as_of().unknown().into_iter().chain(inputs.unknown()).chain(rewards).collect(),
        as_of: snapshot.as_of().clone(),
    };
    Ok(answer(&snapshot, &conditional, &body))
}

impl From<Rewards> for RewardFigures {
    fn from(rewards: Rewards) -> Self {
        let Rewards { acc_unlocked, acc_locked, rewarded_until } = rewards;
        let (acc_unlocked, acc_locked) = (PerShare::new(acc_unlocked), PerShare::new(acc_locked));
        Self { acc_unlocked, acc_locked, rewarded_until: Time::new(rewarded_until) }
    }
}

/// What the figures are made of; a parameter is `None` where it is not known.
pub(crate) struct Inputs {
    rate: Option<U256>,
    venice: Option<U256>,
    venice_locked: Option<U256>,
    stakes: Stakes,
    effective: U256,
    rewards: Option<Rewards>,
}

impl Inputs {
    /// The parameters that are asked for.
    pub(crate) const WORDS: [Parameter; 3] =
        [Parameter::EmissionRate, Parameter::VenicePercentage, Parameter::VenicePercentageLocked];

    async fn read(snapshot: &mut Snapshot) -> Result<Self, Problem> {
        let (stake, supply) = (snapshot.capacity_totals().await?, snapshot.supply_totals().await?);
        let mut words = [None; 3];
        for (word, parameter) in words.iter_mut().zip(Self::WORDS) {
            *word = snapshot.word(parameter).await?;
        }
        Self::new(&stake, &supply, words)
    }

    pub(crate) fn new(
        stake: &CapacityTotals,
        supply: &SupplyTotals,
        [rate, venice, venice_locked]: [Option<U256>; 3],
    ) -> Result<Self, Problem> {
        let effective = supply.supply.checked_sub(supply.burned);
        Ok(Self {
            rate,
            venice,
            venice_locked,
            stakes: Stakes { staked: stake.svvv_supply, locked: stake.svvv_locked },
            effective: effective.ok_or_else(|| Problem::internal("more VVV is burned than there is"))?,
            rewards: stake.rewards,
        })
    }

    pub(crate) fn figures(&self, units: Units) -> Result<Figures, Problem> {
        let Self { rate, venice, venice_locked, stakes, effective, .. } = self;
        let both = venice.zip(*venice_locked);
        let staker_share = both.and_then(|(p, locked)| stakes.staker_share(p, locked)).map(Ratio::new);
        let Some(rate) = *rate else { return Ok(Figures { staker_share, ..Figures::default() }) };
        let per_year = emission::per_year(rate).ok_or_else(|| Problem::internal("emissions do not fit in 256 bits"))?;
        Ok(Figures {
            rate_per_second: Some(units.amount(rate)),
            per_year: Some(units.amount(per_year)),
            inflation: emission::inflation(per_year, *effective).map(Ratio::new),
            staker_share,
            apr: both.and_then(|(p, locked)| stakes.apr(per_year, p, locked)).map(Ratio::new),
            apr_unlocked: venice.and_then(|p| stakes.apr_unlocked(per_year, p)).map(Ratio::new),
            apr_locked: both.and_then(|(p, locked)| stakes.apr_locked(per_year, p, locked)).map(Ratio::new),
        })
    }

    /// What each figure needs that is not known.
    pub(crate) fn unknown(&self) -> impl Iterator<Item = String> {
        let [rate, venice, locked] = [self.rate, self.venice, self.venice_locked].map(|it| it.is_none());
        let fields = [
            ("rate_per_second", rate),
            ("per_year", rate),
            ("inflation", rate),
            ("staker_share", venice || locked),
            ("apr", rate || venice || locked),
            ("apr_unlocked", rate || venice),
            ("apr_locked", rate || venice || locked),
        ];
        fields.into_iter().filter(|(_, is_unknown)| *is_unknown).map(|(name, _)| name.to_owned())
    }
}
