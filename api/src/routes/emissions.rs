//! `GET /v1/emissions`

pub mod utilisation;

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
use crate::params::{BlockParams, FigureParams, FromPairs, Pairs, UnitParams};
use crate::problem::Problem;
use crate::respond::{answer, unchanged};
use crate::snapshot::{AsOf, Needs, Snapshot};
use crate::wire::{Amount, PerShare, Ratio, Time, Units};
use utilisation::{InForce, UtilisationParams, UtilisationSplit};

/// Block, unit and what if.
#[derive(Clone, Debug, Default)]
pub struct EmissionsParams {
    figures: FigureParams,
    what_if: UtilisationParams,
}

impl FromPairs for EmissionsParams {
    fn from_pairs(pairs: &mut Pairs) -> Result<Self, Problem> {
        Ok(Self { figures: FigureParams::from_pairs(pairs)?, what_if: UtilisationParams::from_pairs(pairs)? })
    }
}

/// VVV emitted, and what stakers get of it, if everything stays as it is at the block.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EmissionsAnswer {
    #[serde(flatten)]
    figures: Figures,
    /// What if: with `?utilisation=`; else null.
    utilisation_split: Option<UtilisationSplit>,
    /// How far rewards are added up. Null under the first implementation of staking, and where no state of the contract could
    /// yet be read to go on from.
    rewards: Option<RewardFigures>,
    /// Fields that are null because they cannot be known: without a reading or an event nobody knows a parameter, before
    /// StakingV2 there are no percentages, by one above 1 nothing can be paid, and what does not fit in 256 bits cannot be told.
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
    pub(crate) rate_per_second: Option<Amount>,
    /// The same in 365 days.
    pub(crate) per_year: Option<Amount>,
    /// per_year / effective supply; null where nothing is in supply.
    pub(crate) inflation: Option<Ratio>,
    /// What of all emissions stakers get: (1 - p)(1 - pL locked / staked), where p is Venice's percentage and pL its
    /// percentage of what locked sVVV would earn. Null where nobody has staked.
    pub(crate) staker_share: Option<Ratio>,
    /// What one sVVV earns a year on average: per_year * staker_share / staked. Null where nobody has staked.
    pub(crate) apr: Option<Ratio>,
    /// What one unlocked sVVV earns a year: per_year * (1 - p) / staked. Null where nobody has staked.
    pub(crate) apr_unlocked: Option<Ratio>,
    /// What one locked sVVV earns a year: apr_unlocked * (1 - pL). Null where nobody has staked.
    pub(crate) apr_locked: Option<Ratio>,
}

/// Emissions and what they pay
#[utoipa::path(
    get,
    operation_id = "getEmissions",
    path = "/v1/emissions",
    tag = "network",
    params(UtilisationParams, BlockParams, UnitParams),
    responses((status = 200, description = "Emissions at the block.", body = EmissionsAnswer), ReadProblems),
)]
pub async fn get(
    State(app): State<App>,
    Query(EmissionsParams { figures: query, what_if }): Query<EmissionsParams>,
    conditional: Conditional,
) -> Result<Response, Problem> {
    let mut snapshot = Snapshot::open(&app, Needs::Both, &query.block).await?;
    if let Some(response) = unchanged(&snapshot, &conditional) {
        return Ok(response);
    }
    let inputs = Inputs::read(&mut snapshot).await?;
    let (utilisation_split, unknown_split) = match what_if.utilisation {
        Some(utilisation) => {
            let in_force = InForce::read(&mut snapshot).await?;
            let split = inputs.split(utilisation, &in_force, query.units)?;
            let unknown = inputs.unknown_of_split(&split, &in_force);
            (Some(split), unknown)
        }
        None => (None, Vec::new()),
    };
    let no_rewards = inputs.rewards.is_none().then(|| "rewards".to_owned());
    let unknown = snapshot.as_of().unknown().into_iter().chain(inputs.unknown());
    let body = EmissionsAnswer {
        figures: inputs.figures(query.units),
        rewards: inputs.rewards.map(RewardFigures::from),
        unknown: unknown.chain(no_rewards).chain(unknown_split).collect(),
        utilisation_split,
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
    pub(crate) rate: Option<U256>,
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

    pub(crate) async fn read(snapshot: &mut Snapshot) -> Result<Self, Problem> {
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

    pub(crate) fn figures(&self, units: Units) -> Figures {
        let Self { rate, venice, venice_locked, stakes, effective, .. } = *self;
        let per_year = self.per_year();
        let (one, both) = (per_year.zip(venice), per_year.zip(venice.zip(venice_locked)));
        Figures {
            rate_per_second: rate.map(|rate| units.amount(rate)),
            per_year: per_year.map(|per_year| units.amount(per_year)),
            inflation: per_year.and_then(|all| emission::inflation(all, effective)).map(Ratio::new),
            staker_share: venice
                .zip(venice_locked)
                .and_then(|(p, locked)| stakes.staker_share(p, locked))
                .map(Ratio::new),
            apr: both.and_then(|(all, (p, locked))| stakes.apr(all, p, locked)).map(Ratio::new),
            apr_unlocked: one.and_then(|(all, p)| stakes.apr_unlocked(all, p)).map(Ratio::new),
            apr_locked: both.and_then(|(all, (p, locked))| stakes.apr_locked(all, p, locked)).map(Ratio::new),
        }
    }

    /// `None` where the rate is not known, or so high that a year's emissions do not fit.
    pub(crate) fn per_year(&self) -> Option<U256> {
        self.rate.and_then(emission::per_year)
    }

    /// The figures that are null for want of something. What is null because nobody has staked, or nothing is in supply, can
    /// be known, and is not among them.
    pub(crate) fn unknown(&self) -> impl Iterator<Item = String> {
        let Figures { inflation, staker_share, apr, apr_unlocked, apr_locked, .. } = self.figures(Units::Base);
        let (staked, supplied) = (!self.stakes.staked.is_zero(), !self.effective.is_zero());
        let [venice, locked] = [self.venice, self.venice_locked].map(|it| it.is_none());
        let per_year = self.per_year().is_none();
        let fields = [
            ("rate_per_second", self.rate.is_none()),
            ("per_year", per_year),
            ("inflation", inflation.is_none() && (supplied || per_year)),
            ("staker_share", staker_share.is_none() && (staked || venice || locked)),
            ("apr", apr.is_none() && (staked || per_year || venice || locked)),
            ("apr_unlocked", apr_unlocked.is_none() && (staked || per_year || venice)),
            ("apr_locked", apr_locked.is_none() && (staked || per_year || venice || locked)),
        ];
        fields.into_iter().filter(|(_, is_unknown)| *is_unknown).map(|(name, _)| name.to_owned())
    }
}
