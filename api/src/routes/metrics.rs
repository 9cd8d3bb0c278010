//! `GET /v1/metrics`

pub mod diem;
pub mod emissions;
pub mod staking;
mod state;
pub mod supply;

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
use diem::DiemMetrics;
use emissions::EmissionMetrics;
use staking::StakingMetrics;
use state::Moments;
use supply::SupplyMetrics;

/// The figures that dashboards of VVV and DIEM show, as far as the chain knows them: prices it does not. Amounts are of the
/// token that is named, in base units of 1e-18 unless `?units=token`; ratios are shares, not percentages. Figures of days
/// compare the block with the last one at least so many days of 86,400 s before it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MetricsAnswer {
    #[serde(flatten)]
    supply: SupplyMetrics,
    #[serde(flatten)]
    staking: StakingMetrics,
    #[serde(flatten)]
    emissions: EmissionMetrics,
    #[serde(flatten)]
    diem: DiemMetrics,
    /// Fields that are null because they cannot be known: what compares with a time before the history held, what needs
    /// a parameter that no event or reading has told, or percentages before StakingV2.
    #[schema(example = json!([]))]
    unknown: Vec<String>,
    /// The block.
    as_of: AsOf,
}

/// The figures of dashboards, in one flat object
#[utoipa::path(
    get,
    operation_id = "getMetrics",
    path = "/v1/metrics",
    tag = "network",
    params(BlockParams, UnitParams),
    responses((status = 200, description = "The figures at the block.", body = MetricsAnswer), ReadProblems),
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
    let moments = Moments::read(&mut snapshot).await?;
    let mut unknown = snapshot.as_of().unknown();
    let body = MetricsAnswer {
        supply: SupplyMetrics::read(&mut snapshot, &moments, query.units, &mut unknown).await?,
        staking: StakingMetrics::read(&mut snapshot, &moments, query.units, &mut unknown).await?,
        emissions: EmissionMetrics::read(&mut snapshot, &moments, query.units, &mut unknown).await?,
        diem: DiemMetrics::read(&mut snapshot, &moments, query.units, &mut unknown).await?,
        unknown,
        as_of: snapshot.as_of().clone(),
    };
    Ok(answer(&snapshot, &conditional, &body))
}
