//! `GET /v1/staking/history`

use axum::extract::State;
use axum::response::Response;
use ledger::totals::{CapacityTotals, SupplyTotals};
use serde::Serialize;
use utoipa::ToSchema;

use super::{HistoryParams, PeriodParams, PeriodView, Plot, counted, grown};
use crate::app::App;
use crate::extract::{Conditional, Query};
use crate::openapi::SeriesProblems;
use crate::params::{BlockParams, UnitParams};
use crate::problem::Problem;
use crate::respond::{answer, unchanged};
use crate::routes::staking::StakingFigures;
use crate::snapshot::{AsOf, Needs, Snapshot};
use crate::wire::{Amount, AmountChange, Units};

/// Staked VVV, period by period.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct StakingHistoryAnswer {
    /// `hour`, `day`, `week` or `month`.
    #[schema(example = "day")]
    interval: &'static str,
    /// In order and without gaps.
    items: Vec<StakingPeriod>,
    /// Fields that are null because they cannot be known, in one item or more.
    #[schema(example = json!([]))]
    unknown: Vec<String>,
    /// The block.
    as_of: AsOf,
}

/// What was staked at the end of a period, and what came and went in it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct StakingPeriod {
    #[serde(flatten)]
    period: PeriodView,
    #[serde(flatten)]
    figures: StakingFigures,
    /// In the period; null where it began before the first block held.
    flow: Option<StakingFlow>,
}

/// What came into sVVV and went out of it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct StakingFlow {
    /// VVV that was staked.
    inflow: Amount,
    /// VVV that began to be unstaked.
    outflow: Amount,
    /// inflow - outflow.
    net: AmountChange,
    /// Stakes of more than zero.
    #[schema(minimum = 0, example = 123)]
    stakes: u64,
    /// Unstakes begun, of more than zero.
    #[schema(minimum = 0, example = 45)]
    unstakes: u64,
    /// Addresses that came to have sVVV, the three contracts left out; by the ends of blocks.
    #[schema(minimum = 0, example = 67)]
    joined: u64,
    /// Addresses that ceased to.
    #[schema(minimum = 0, example = 8)]
    left: u64,
    /// VVV rewards claimed.
    claimed: ClaimTally,
}

/// An amount and how many claims it is the sum of.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ClaimTally {
    /// VVV.
    amount: Amount,
    /// Claims of more than zero.
    #[schema(minimum = 0, example = 90)]
    count: u64,
}

/// Staked VVV, by period
///
/// Levels are those after the last block before the end of a period, flows what came and went in it. A period without an
/// event has the levels of the one before and flows of zero.
#[utoipa::path(
    get,
    operation_id = "getStakingHistory",
    path = "/v1/staking/history",
    tag = "network",
    params(PeriodParams, BlockParams, UnitParams),
    responses((status = 200, description = "The series as known at the block.", body = StakingHistoryAnswer), SeriesProblems),
)]
pub async fn get(
    State(app): State<App>,
    Query(query): Query<HistoryParams>,
    conditional: Conditional,
) -> Result<Response, Problem> {
    let mut snapshot = Snapshot::open(&app, Needs::Both, &query.block).await?;
    if let Some(response) = unchanged(&snapshot, &conditional) {
        return Ok(response);
    }
    let plot = Plot::of(&mut snapshot, query.periods).await?;
    let blocks = plot.blocks();
    let (stakes, supplies) = (snapshot.capacity_totals_at(&blocks).await?, snapshot.supply_totals_at(&blocks).await?);
    let level = |block: Option<u64>| -> Result<(CapacityTotals, SupplyTotals), Problem> {
        let of_block = |block| (stakes.get(&block).copied(), supplies.get(&block).copied());
        let (stake, supply) = block.map(of_block).unwrap_or_default();
        Ok((stake.unwrap_or_default(), supply.unwrap_or_default()))
    };
    let items = plot.items(level, |period, (stake, supply), earlier| {
        let figures = StakingFigures::new(stake, supply, query.units)?;
        let flow = earlier.map(|(earlier, _)| flow(stake, earlier, query.units)).transpose()?;
        Ok(StakingPeriod { period, figures, flow })
    })?;
    let body = StakingHistoryAnswer {
        interval: plot.interval(),
        items,
        unknown: plot.unknown(&snapshot, []),
        as_of: snapshot.as_of().clone(),
    };
    Ok(answer(&snapshot, &conditional, &body))
}

fn flow(now: &CapacityTotals, earlier: &CapacityTotals, units: Units) -> Result<StakingFlow, Problem> {
    let inflow = grown(now.svvv_minted, earlier.svvv_minted)?;
    let outflow = grown(now.svvv_burned, earlier.svvv_burned)?;
    Ok(StakingFlow {
        inflow: units.amount(inflow),
        outflow: units.amount(outflow),
        net: units.change(outflow, inflow),
        stakes: counted(now.stakes, earlier.stakes)?,
        unstakes: counted(now.unstakes, earlier.unstakes)?,
        joined: counted(now.stakers_joined, earlier.stakers_joined)?,
        left: counted(now.stakers_left, earlier.stakers_left)?,
        claimed: ClaimTally {
            amount: units.amount(grown(now.claimed.amount, earlier.claimed.amount)?),
            count: counted(now.claimed.count, earlier.claimed.count)?,
        },
    })
}
