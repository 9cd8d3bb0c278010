//! `GET /v1/epochs`

use axum::extract::State;
use axum::response::Response;
use ledger::epoch::Epoch;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::epochs::{EpochSummary, Span};
use crate::extract::{Conditional, Query};
use crate::openapi::ListProblems;
use crate::page_cursor::{PageCursor, cut, open};
use crate::params::{BlockParams, FromPairs, ListParams, Pairs, UnitParams};
use crate::problem::Problem;
use crate::respond::{answer, unchanged};
use crate::snapshot::{AsOf, Needs};
use crate::wire::Units;

/// Page, block and unit.
#[derive(Clone, Debug, Default)]
pub struct EpochsParams {
    list: ListParams,
    block: BlockParams,
    units: Units,
}

impl FromPairs for EpochsParams {
    fn from_pairs(pairs: &mut Pairs) -> Result<Self, Problem> {
        Ok(Self {
            list: ListParams::from_pairs(pairs)?,
            block: BlockParams::from_pairs(pairs)?,
            units: UnitParams::from_pairs(pairs)?.units,
        })
    }
}

/// A page of epochs.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EpochsAnswer {
    /// The newest first, without gaps.
    items: Vec<EpochSummary>,
    /// For the next page; null after the last.
    next_cursor: Option<String>,
    /// Fields that are null because they cannot be known.
    #[schema(example = json!([]))]
    unknown: Vec<String>,
    /// The block.
    as_of: AsOf,
}

/// The last row so far.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Key {
    #[serde(rename = "e")]
    number: u64,
}

/// The epochs
///
/// From the first block held to the block of the answer. Pages of one run all answer as of the block the first one did.
#[utoipa::path(
    get,
    operation_id = "listEpochs",
    path = "/v1/epochs",
    tag = "capacity",
    params(ListParams, BlockParams, UnitParams),
    responses((status = 200, description = "A page of epochs.", body = EpochsAnswer), ListProblems),
)]
pub async fn get(
    State(app): State<App>,
    Query(query): Query<EpochsParams>,
    conditional: Conditional,
) -> Result<Response, Problem> {
    let before = query.list.cursor.as_deref().map(PageCursor::<Key>::parse).transpose()?;
    let mut snapshot = open(&app, Needs::Capacity, &query.block, before.as_ref()).await?;
    if let Some(response) = unchanged(&snapshot, &conditional) {
        return Ok(response);
    }
    let span = Span::of(&mut snapshot).await?;
    let mut wanted: Vec<Epoch> =
        span.descending(before.as_ref().map(|before| before.key.number)).take(query.list.limit + 1).collect();
    let next_cursor = cut(&mut wanted, query.list.limit)
        .map(|last| PageCursor::next(before.as_ref(), &snapshot, Key { number: last.number }).write());
    let body = EpochsAnswer {
        items: span.summaries(&mut snapshot, &wanted, query.units).await?,
        next_cursor,
        unknown: snapshot.as_of().unknown(),
        as_of: snapshot.as_of().clone(),
    };
    Ok(answer(&snapshot, &conditional, &body))
}
