//! `GET /v1/diem`

use alloy_primitives::U256;
use axum::extract::State;
use axum::response::Response;
use ledger::curve::Curve;
use ledger::totals::{CapacityTotals, Tally};
use serde::Serialize;
use utoipa::ToSchema;

use crate::aim::{Aim, Target};
use crate::app::App;
use crate::extract::{Conditional, Query};
use crate::openapi::ReadProblems;
use crate::params::{BlockParams, FigureParams, UnitParams};
use crate::problem::Problem;
use crate::respond::{answer, unchanged};
use crate::snapshot::{AsOf, Needs, Snapshot};
use crate::wire::{Amount, Ratio, Units};

/// DIEM of everybody, and what minting more costs.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DiemAnswer {
    #[serde(flatten)]
    figures: DiemFigures,
    #[serde(flatten)]
    curve: CurveView,
    /// Fields that are null because they cannot be known.
    #[schema(example = json!([]))]
    unknown: Vec<String>,
    /// The block.
    as_of: AsOf,
}

/// DIEM of everybody.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DiemFigures {
    /// DIEM.totalSupply().
    supply: Amount,
    /// Staked, cooling left out.
    staked: Amount,
    /// staked / supply; null where there is no DIEM.
    staked_ratio: Option<Ratio>,
    /// Unstaked, in cooldown or waiting to be withdrawn.
    cooling: Amount,
    /// Addresses whose DIEM cools or waits to be withdrawn.
    #[schema(minimum = 0, example = 45)]
    cooling_accounts: u64,
    /// Minted against locks and not yet burned.
    outstanding: Amount,
    /// Minted.
    minted: DiemFlow,
    /// Burned.
    burned: DiemFlow,
    /// Addresses with staked DIEM.
    #[schema(minimum = 0, example = 2_345)]
    stakers: u64,
    /// Addresses with outstanding DIEM.
    #[schema(minimum = 0, example = 1_234)]
    minters: u64,
}

/// DIEM minted or burned: since the start, or in a period.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DiemFlow {
    /// Through the staking proxy, against locked sVVV.
    amount: Amount,
    /// How often.
    #[schema(minimum = 0, example = 789)]
    count: u64,
    /// By holders of the minter role, without a lock.
    direct: Amount,
}

/// What the mint curve says at the DIEM supply of the block.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct CurveView {
    /// sVVV for the next DIEM, base units of sVVV; null past the last bucket or where the curve is not known.
    mint_rate: Option<Amount>,
    /// DIEM for one sVVV, rounded down.
    diem_per_svvv: Option<Ratio>,
    /// The DIEM supply aimed at.
    target: Option<Target>,
    /// DIEM that can be minted before the target is reached.
    remaining: Option<Amount>,
    /// DIEM that can be minted before the table ends.
    table_remaining: Option<Amount>,
}

/// DIEM and its mint curve
#[utoipa::path(
    get,
    operation_id = "getDiem",
    path = "/v1/diem",
    tag = "network",
    params(BlockParams, UnitParams),
    responses((status = 200, description = "DIEM at the block.", body = DiemAnswer), ReadProblems),
)]
pub async fn get(
    State(app): State<App>,
    Query(query): Query<FigureParams>,
    conditional: Conditional,
) -> Result<Response, Problem> {
    let mut snapshot = Snapshot::open(&app, Needs::Capacity, &query.block).await?;
    if let Some(response) = unchanged(&snapshot, &conditional) {
        return Ok(response);
    }
    let totals = snapshot.capacity_totals().await?;
    let curve = snapshot.curve().await?;
    let aim = Aim::of(&snapshot, curve.as_ref());
    let body = DiemAnswer {
        figures: DiemFigures::new(&totals, query.units),
        unknown: [snapshot.as_of().unknown(), unknown(curve.as_ref(), aim.as_ref())].concat(),
        curve: view(curve.as_ref(), aim.as_ref(), totals.diem_supply, query.units),
        as_of: snapshot.as_of().clone(),
    };
    Ok(answer(&snapshot, &conditional, &body))
}

impl DiemFigures {
    pub(crate) fn new(totals: &CapacityTotals, units: Units) -> Self {
        Self {
            supply: units.amount(totals.diem_supply),
            staked: units.amount(totals.diem_staked),
            staked_ratio: Ratio::of(totals.diem_staked, totals.diem_supply),
            cooling: units.amount(totals.diem_cooling),
            cooling_accounts: totals.diem_cooling_accounts,
            outstanding: units.amount(totals.diem_outstanding),
            minted: DiemFlow::new(totals.diem_minted, totals.diem_minted_direct, units),
            burned: DiemFlow::new(totals.diem_burned, totals.diem_burned_direct, units),
            stakers: totals.diem_stakers,
            minters: totals.minters,
        }
    }
}

impl DiemFlow {
    pub(crate) fn new(events: Tally, direct: U256, units: Units) -> Self {
        Self { amount: units.amount(events.amount), count: events.count, direct: units.amount(direct) }
    }
}

pub(crate) fn view(curve: Option<&Curve>, aim: Option<&Aim>, supply: U256, units: Units) -> CurveView {
    CurveView {
        mint_rate: curve.and_then(|curve| curve.mint_rate(supply)).map(|rate| units.amount(rate)),
        diem_per_svvv: curve.and_then(|curve| curve.diem_per_svvv(supply)).map(Ratio::new),
        target: aim.map(|aim| aim.view(units)),
        remaining: aim.map(|aim| units.amount(aim.remaining(supply))),
        table_remaining: curve.map(|curve| units.amount(curve.remaining_in_table(supply))),
    }
}

/// What cannot be known without the curve, or without anything to aim at.
pub(crate) fn unknown(curve: Option<&Curve>, aim: Option<&Aim>) -> Vec<String> {
    let of_curve = ["mint_rate", "diem_per_svvv", "table_remaining"].into_iter().filter(|_| curve.is_none());
    let of_aim = ["target", "remaining"].into_iter().filter(|_| aim.is_none());
    of_curve.chain(of_aim).map(str::to_owned).collect()
}
