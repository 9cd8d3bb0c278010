//! `GET /v1/staking`

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::extract::{Conditional, Query};
use crate::openapi::ReadProblems;
use crate::params::{BlockParams, FigureParams, UnitParams};
use crate::problem::Problem;
use crate::respond::{answer, unchanged};
use crate::snapshot::{AsOf, Needs, Snapshot};
use crate::wire::{Amount, Ratio};

/// Staked VVV of everybody.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct StakingAnswer {
    /// sVVV.totalSupply(): locked and unlocked together.
    staked: Amount,
    /// Locked against minted DIEM.
    locked: Amount,
    /// Not locked.
    unlocked: Amount,
    /// Unstaked VVV in cooldown, or waiting to be withdrawn.
    cooling: Amount,
    /// Addresses with sVVV, the three contracts left out.
    #[schema(minimum = 0, example = 12_345)]
    stakers: u64,
    /// staked / effective supply of VVV; null where there is no supply.
    staking_ratio: Option<Ratio>,
    /// locked / staked; null where nothing is staked.
    lock_ratio: Option<Ratio>,
    /// Fields that are null because they cannot be known.
    #[schema(example = json!([]))]
    unknown: Vec<String>,
    /// The block.
    as_of: AsOf,
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
    let contradiction = || Problem::internal("totals contradict one another");
    let unlocked = stake.svvv_supply.checked_sub(stake.svvv_locked).ok_or_else(contradiction)?;
    let effective = supply.supply.checked_sub(supply.burned).ok_or_else(contradiction)?;
    let body = StakingAnswer {
        staked: query.units.amount(stake.svvv_supply),
        locked: query.units.amount(stake.svvv_locked),
        unlocked: query.units.amount(unlocked),
        cooling: query.units.amount(stake.svvv_cooling),
        stakers: stake.stakers,
        staking_ratio: Ratio::of(stake.svvv_supply, effective),
        lock_ratio: Ratio::of(stake.svvv_locked, stake.svvv_supply),
        unknown: snapshot.as_of().unknown(),
        as_of: snapshot.as_of().clone(),
    };
    Ok(answer(&snapshot, &conditional, &body))
}
