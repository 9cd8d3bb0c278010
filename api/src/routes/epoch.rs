//! `GET /v1/epochs/{id}`

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::epochs::{EpochSummary, Span};
use crate::extract::{Conditional, EpochPath, Query};
use crate::openapi::ReadProblems;
use crate::params::{BlockParams, FigureParams, UnitParams};
use crate::problem::Problem;
use crate::respond::{answer, unchanged};
use crate::snapshot::{AsOf, Needs, Snapshot};

/// One epoch.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EpochAnswer {
    #[serde(flatten)]
    epoch: EpochSummary,
    /// Fields that are null because they cannot be known.
    #[schema(example = json!([]))]
    unknown: Vec<String>,
    /// The block.
    as_of: AsOf,
}

/// One epoch
///
/// 404 for a day before the first block held or after the block of the answer.
#[utoipa::path(
    get,
    operation_id = "getEpoch",
    path = "/v1/epochs/{id}",
    tag = "capacity",
    params(
        ("id" = String, Path, description = "A UTC day.", pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$", example = "2026-11-20"),
        BlockParams,
        UnitParams,
    ),
    responses((status = 200, description = "The epoch as seen from the block.", body = EpochAnswer), ReadProblems),
)]
pub async fn get(
    State(app): State<App>,
    EpochPath(epoch): EpochPath,
    Query(query): Query<FigureParams>,
    conditional: Conditional,
) -> Result<Response, Problem> {
    let mut snapshot = Snapshot::open(&app, Needs::Capacity, &query.block).await?;
    let span = Span::of(&mut snapshot).await?;
    span.hold(epoch)?;
    if let Some(response) = unchanged(&snapshot, &conditional) {
        return Ok(response);
    }
    let summaries = span.summaries(&mut snapshot, &[epoch], query.units).await?;
    let epoch = summaries.into_iter().next().ok_or_else(|| Problem::internal("an epoch without a summary"))?;
    let body = EpochAnswer { epoch, unknown: snapshot.as_of().unknown(), as_of: snapshot.as_of().clone() };
    Ok(answer(&snapshot, &conditional, &body))
}
