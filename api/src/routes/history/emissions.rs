//! `GET /v1/emissions/history`

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use super::{HistoryParams, Minting, PeriodParams, PeriodView, Plot, in_force, since};
use crate::app::App;
use crate::extract::{Conditional, Query};
use crate::openapi::SeriesProblems;
use crate::params::{BlockParams, UnitParams};
use crate::problem::Problem;
use crate::respond::{answer, unchanged};
use crate::routes::emissions::{Figures, Inputs};
use crate::routes::supply::{MintedByOrigin, by_origin, unknown_origins};
use crate::snapshot::{AsOf, Needs, Snapshot};

/// Emissions, period by period.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EmissionsHistoryAnswer {
    /// `hour`, `day`, `week` or `month`.
    #[schema(example = "day")]
    interval: &'static str,
    /// In order and without gaps.
    items: Vec<EmissionsPeriod>,
    /// Fields that are null because they cannot be known, in one item or more.
    #[schema(example = json!([]))]
    unknown: Vec<String>,
    /// The block.
    as_of: AsOf,
}

/// What was emitted at the end of a period, and minted in it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EmissionsPeriod {
    #[serde(flatten)]
    period: PeriodView,
    #[serde(flatten)]
    figures: Figures,
    /// In the period; null where it began before the first block held.
    flow: Option<EmissionsFlow>,
}

/// VVV minted.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EmissionsFlow {
    /// By origin: what was emitted to stakers and to the treasury, and the rest.
    minted: MintedByOrigin,
}

/// Emissions and what they pay, by period
///
/// Levels are those after the last block before the end of a period, flows what came and went in it. A period without an
/// event has the levels of the one before and flows of zero.
#[utoipa::path(
    get,
    operation_id = "getEmissionsHistory",
    path = "/v1/emissions/history",
    tag = "network",
    params(PeriodParams, BlockParams, UnitParams),
    responses((status = 200, description = "The series as known at the block.", body = EmissionsHistoryAnswer), SeriesProblems),
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
    let minting = Minting::read(&mut snapshot, &blocks).await?;
    let mut words = Vec::with_capacity(Inputs::WORDS.len());
    for parameter in Inputs::WORDS {
        words.push(snapshot.values(parameter).await?);
    }
    let level = |block: Option<u64>| {
        let of_block = |block| (stakes.get(&block).copied(), supplies.get(&block).copied());
        let (stake, supply) = block.map(of_block).unwrap_or_default();
        let word = |at: usize| in_force(words.get(at)?, block)?.first().copied();
        let words = [word(0), word(1), word(2)];
        let inputs = Inputs::new(&stake.unwrap_or_default(), &supply.unwrap_or_default(), words)?;
        Ok((inputs, minting.origins(&minting.minted(block))?))
    };
    let mut unknown = Vec::new();
    let items = plot.items(level, |period, (inputs, origins), earlier| {
        unknown.extend(inputs.unknown());
        let minted = earlier.map(|(_, earlier)| since(origins, earlier)).transpose()?;
        unknown.extend(minted.iter().flat_map(|minted| unknown_origins(minted, "flow.minted")));
        let flow = minted.map(|minted| EmissionsFlow { minted: by_origin(&minted, query.units) });
        Ok(EmissionsPeriod { period, figures: inputs.figures(query.units), flow })
    })?;
    let body = EmissionsHistoryAnswer {
        interval: plot.interval(),
        items,
        unknown: plot.unknown(&snapshot, unknown),
        as_of: snapshot.as_of().clone(),
    };
    Ok(answer(&snapshot, &conditional, &body))
}
