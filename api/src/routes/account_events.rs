//! `GET /v1/accounts/{address}/events`

use axum::extract::State;
use axum::response::Response;

use crate::app::App;
use crate::events::{EventListParams, EventParams, EventsAnswer, list};
use crate::extract::{AddressPath, Conditional, Query};
use crate::openapi::ListProblems;
use crate::params::{BlockParams, ListParams, UnitParams};
use crate::problem::Problem;
use crate::wire::AddressText;

/// Events of one address
///
/// The newest first: those that move its position, and transfers from or to it.
#[utoipa::path(
    get,
    operation_id = "listAccountEvents",
    path = "/v1/accounts/{address}/events",
    tag = "network",
    params(
        ("address" = AddressText, Path, description = "The address."),
        EventParams,
        ListParams,
        BlockParams,
        UnitParams,
    ),
    responses((status = 200, description = "A page of events.", body = EventsAnswer), ListProblems),
)]
pub async fn get(
    State(app): State<App>,
    AddressPath(address): AddressPath,
    Query(query): Query<EventListParams>,
    conditional: Conditional,
) -> Result<Response, Problem> {
    list(&app, Some(address), &query, &conditional).await
}
