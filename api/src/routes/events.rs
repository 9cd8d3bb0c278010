//! `GET /v1/events`

use axum::extract::State;
use axum::response::Response;

use crate::app::App;
use crate::events::{EventListParams, EventParams, EventsAnswer, WhoseParams, list};
use crate::extract::{Conditional, Query};
use crate::openapi::ListProblems;
use crate::params::{BlockParams, FromPairs, ListParams, Pairs, UnitParams};
use crate::problem::Problem;

/// Whose events, and which.
#[derive(Clone, Debug, Default)]
pub struct EventsParams {
    whose: WhoseParams,
    list: EventListParams,
}

impl FromPairs for EventsParams {
    fn from_pairs(pairs: &mut Pairs) -> Result<Self, Problem> {
        Ok(Self { whose: WhoseParams::from_pairs(pairs)?, list: EventListParams::from_pairs(pairs)? })
    }
}

/// Events of the three contracts
///
/// The newest first, VVV transfers included. A log that nobody can decode has kind `unknown`.
#[utoipa::path(
    get,
    operation_id = "listEvents",
    path = "/v1/events",
    tag = "network",
    params(EventParams, WhoseParams, ListParams, BlockParams, UnitParams),
    responses((status = 200, description = "A page of events.", body = EventsAnswer), ListProblems),
)]
pub async fn get(
    State(app): State<App>,
    Query(query): Query<EventsParams>,
    conditional: Conditional,
) -> Result<Response, Problem> {
    list(&app, query.whose.address, &query.list, &conditional).await
}
