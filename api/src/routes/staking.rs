//! `GET /v1/staking`

use axum::extract::State;
use axum::response::Response;
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
use crate::wire::{Amount, Ratio, Units};

/// Staked VVV of everybody.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct StakingAnswer {
    #[serde(flatten)]
    figures: StakingFigures,
    /// Fields that are null because they cannot be known.
    #[schema(example = json!([]))]
    unknown: Vec<String>,
    /// The block.
    as_of: AsOf,
}

/// Staked VVV of everybody, as figures.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct StakingFigures {
    /// sVVV.totalSupply(): locked and unlocked together.
    staked: Amount,
    /// Locked against minted DIEM.
    locked: Amount,
    /// Not locked.
    unlocked: Amount,
    /// Unstaked VVV in cooldown, or waiting to be withdrawn.
    cooling: Amount,
    /// Addresses whose VVV cools or waits to be withdrawn.
    #[schema(minimum = 0, example = 345)]
    cooling_accounts: u64,
    /// Addresses with sVVV, the three contracts left out.
    #[schema(minimum = 0, example = 12_345)]
    stakers: u64,
    /// staked / effective supply of VVV; null where there is no supply.
    staking_ratio: Option<Ratio>,
    /// locked / staked; null where nothing is staked.
    lock_ratio: Option<Ratio>,
}

/// Staked VVV
#[utoipa::path(
    get,
    operation_id = "getStaking",
    path = "/v1/staking",
    tag = "network",
    params(BlockParams, UnitParams),
    responses((status = 200, description = "The stakes at the block.", body = StakingAnswer), ReadProblems),
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
    let stake = snapshot.capacity_totals().await?;
    let supply = snapshot.supply_totals().await?;
    let body = StakingAnswer {
        figures: StakingFigures::new(&stake, &supply, query.units)?,
        unknown: snapshot.as_of().unknown(),
        as_of: snapshot.as_of().clone(),
    };
    Ok(answer(&snapshot, &conditional, &body))
}

impl StakingFigures {
    pub(crate) fn new(stake: &CapacityTotals, supply: &SupplyTotals, units: Units) -> Result<Self, Problem> {
        let contradiction = || Problem::internal("totals contradict one another");
        let unlocked = stake.svvv_supply.checked_sub(stake.svvv_locked).ok_or_else(contradiction)?;
        let effective = supply.supply.checked_sub(supply.burned).ok_or_else(contradiction)?;
        Ok(Self {
            staked: units.amount(stake.svvv_supply),
            locked: units.amount(stake.svvv_locked),
            unlocked: units.amount(unlocked),
            cooling: units.amount(stake.svvv_cooling),
            cooling_accounts: stake.svvv_cooling_accounts,
            stakers: stake.stakers,
            staking_ratio: Ratio::of(stake.svvv_supply, effective),
            lock_ratio: Ratio::of(stake.svvv_locked, stake.svvv_supply),
        })
    }
}
