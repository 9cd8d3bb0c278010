//! `GET /v1/diem`

use alloy_primitives::U256;
use axum::extract::State;
use axum::response::Response;
use ledger::curve::Curve;
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

/// How the target is known: the chain holds none.
const TARGET_BASIS: &str = "curve_bucket_nearest_665.015";

/// DIEM of everybody, and what minting more costs.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DiemAnswer {
    /// DIEM.totalSupply().
    supply: Amount,
    /// Staked, cooling left out.
    staked: Amount,
    /// staked / supply; null where there is no DIEM.
    staked_ratio: Option<Ratio>,
    /// Unstaked, in cooldown or waiting to be withdrawn.
    cooling: Amount,
    /// Minted against locks and not yet burned.
    outstanding: Amount,
    /// Minted.
    minted: DiemFlow,
    /// Burned.
    burned: DiemFlow,
    #[serde(flatten)]
    curve: CurveView,
    /// Addresses with staked DIEM.
    #[schema(minimum = 0, example = 2_345)]
    stakers: u64,
    /// Addresses with outstanding DIEM.
    #[schema(minimum = 0, example = 1_234)]
    minters: u64,
    /// Fields that are null because they cannot be known.
    #[schema(example = json!([]))]
    unknown: Vec<String>,
    /// The block.
    as_of: AsOf,
}

/// DIEM minted or burned since the start.
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
    /// The DIEM supply the curve aims at.
    target: Option<Target>,
    /// DIEM that can be minted before the target is reached.
    remaining: Option<Amount>,
    /// DIEM that can be minted before the table ends.
    table_remaining: Option<Amount>,
}

/// The DIEM supply the curve aims at, and how that is known.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Target {
    /// DIEM.
    amount: Amount,
    /// The bound of the bucket whose rate is nearest to 90 e^2 = 665.015 sVVV per DIEM.
    #[schema(example = "curve_bucket_nearest_665.015")]
    basis: &'static str,
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
    let amount = |amount: U256| query.units.amount(amount);
    let body = DiemAnswer {
        supply: amount(totals.diem_supply),
        staked: amount(totals.diem_staked),
        staked_ratio: Ratio::of(totals.diem_staked, totals.diem_supply),
        cooling: amount(totals.diem_cooling),
        outstanding: amount(totals.diem_outstanding),
        minted: DiemFlow {
            amount: amount(totals.diem_minted.amount),
            count: totals.diem_minted.count,
            direct: amount(totals.diem_minted_direct),
        },
        burned: DiemFlow {
            amount: amount(totals.diem_burned.amount),
            count: totals.diem_burned.count,
            direct: amount(totals.diem_burned_direct),
        },
        stakers: totals.diem_stakers,
        minters: totals.minters,
        unknown: [snapshot.as_of().unknown(), unknown(curve.as_ref())].concat(),
        curve: curve.map_or_else(CurveView::default, |curve| view(&curve, totals.diem_supply, query.units)),
        as_of: snapshot.as_of().clone(),
    };
    Ok(answer(&snapshot, &conditional, &body))
}

pub(crate) fn view(curve: &Curve, supply: U256, units: Units) -> CurveView {
    CurveView {
        mint_rate: curve.mint_rate(supply).map(|rate| units.amount(rate)),
        diem_per_svvv: curve.diem_per_svvv(supply).map(Ratio::new),
        target: curve.target().map(|target| Target { amount: units.amount(target), basis: TARGET_BASIS }),
        remaining: curve.remaining_to_target(supply).map(|remaining| units.amount(remaining)),
        table_remaining: Some(units.amount(curve.remaining_in_table(supply))),
    }
}

/// Without the curve nothing that it tells is known.
pub(crate) fn unknown(curve: Option<&Curve>) -> Vec<String> {
    let fields = ["mint_rate", "diem_per_svvv", "target", "remaining", "table_remaining"];
    if curve.is_some() { Vec::new() } else { fields.map(str::to_owned).to_vec() }
}
