//! `GET /v1/burns/history`

use axum::extract::State;
use axum::response::Response;
use ledger::totals::Tally;
use serde::Serialize;
use utoipa::ToSchema;

use super::{HistoryParams, PeriodParams, PeriodView, Plot};
use crate::app::App;
use crate::extract::{Conditional, Query};
use crate::openapi::SeriesProblems;
use crate::params::{BlockParams, UnitParams};
use crate::problem::Problem;
use crate::respond::{answer, unchanged};
use crate::routes::burns::{BurnClasses, BurnTally, Burned, labelled_senders};
use crate::snapshot::{AsOf, Needs, Snapshot};
use crate::wire::Units;

/// Burned VVV, period by period.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct BurnsHistoryAnswer {
    /// `hour`, `day`, `week` or `month`.
    #[schema(example = "day")]
    interval: &'static str,
    /// In order and without gaps.
    items: Vec<BurnsPeriod>,
    /// Fields that are null because they cannot be known, in one item or more.
    #[schema(example = json!([]))]
    unknown: Vec<String>,
    /// The block.
    as_of: AsOf,
}

/// What was burned by the end of a period, and in it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct BurnsPeriod {
    #[serde(flatten)]
    period: PeriodView,
    #[serde(flatten)]
    figures: BurnsFigures,
    /// In the period; null where it began before the first block held.
    flow: Option<BurnsFigures>,
}

/// VVV burned.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct BurnsFigures {
    /// By everybody.
    total: BurnTally,
    /// By what the deployment's labels of today say of the sender.
    by_class: BurnClasses,
}

/// Burned VVV, by period
///
/// Levels are those after the last block before the end of a period, flows what came and went in it. A period without an
/// event has the levels of the one before and flows of zero.
#[utoipa::path(
    get,
    operation_id = "getBurnsHistory",
    path = "/v1/burns/history",
    tag = "network",
    params(PeriodParams, BlockParams, UnitParams),
    responses((status = 200, description = "The series as known at the block.", body = BurnsHistoryAnswer), SeriesProblems),
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
    let totals = snapshot.supply_totals_at(&blocks).await?;
    let deployment = snapshot.deployment();
    let senders: Vec<_> = labelled_senders(&deployment).into_iter().collect();
    let by_sender = snapshot.burned_at(&senders, &blocks).await?;
    let level = |block: Option<u64>| {
        let Some(block) = block else { return Ok(Burned::default()) };
        let totals = totals.get(&block).copied().unwrap_or_default();
        let total = Tally { amount: totals.burned, count: totals.burn_count };
        Burned::new(&deployment, total, |sender| by_sender.at(sender, block).unwrap_or_default())
    };
    let items = plot.items(level, |period, burned, earlier| {
        let flow = earlier.map(|earlier| burned.since(earlier)).transpose()?;
        let flow = flow.map(|flow| figures(&flow, query.units));
        Ok(BurnsPeriod { period, figures: figures(burned, query.units), flow })
    })?;
    let body = BurnsHistoryAnswer {
        interval: plot.interval(),
        items,
        unknown: plot.unknown(&snapshot, []),
        as_of: snapshot.as_of().clone(),
    };
    Ok(answer(&snapshot, &conditional, &body))
}

fn figures(burned: &Burned, units: Units) -> BurnsFigures {
    BurnsFigures { total: burned.total(units), by_class: burned.by_class(units) }
}
