//! `GET /readyz`

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use crate::app::App;
use crate::problem::{Document, Kind, Problem};
use crate::readiness::{Readiness, Reason, readiness};

/// Answers are of the chain's head.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Ready {
    /// Always true: what is not ready is a problem document.
    ready: bool,
    /// Always empty.
    reasons: Vec<Reason>,
    /// What is remarkable all the same: the chain stands still, or a node of several is not asked.
    notices: Vec<Reason>,
}

/// Whether answers are of the chain's head
///
/// 503 with named reasons otherwise. Reads go on all the same and say what block they are of. A chain that stands still is
/// no reason: what is stored is the truth until it goes on.
#[utoipa::path(
    get,
    operation_id = "getReadiness",
    path = "/readyz",
    tag = "operation",
    responses(
        (status = 200, description = "Answers are of the head.", body = Ready),
        (status = 503, body = Document, content_type = "application/problem+json",
         description = "Not ready; the members `reasons` and `notices` hold `{name, detail}` for each."),
    ),
)]
pub async fn get(State(app): State<App>) -> Response {
    let Readiness { reasons, notices } = readiness(&app).await;
    if reasons.is_empty() {
        let body = Json(Ready { ready: true, reasons, notices });
        return ([(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))], body).into_response();
    }
    let names: Vec<&str> = reasons.iter().map(|reason| reason.name).collect();
    Problem::new(Kind::NotReady, names.join(", "))
        .with("ready", false)
        .with("reasons", json!(reasons))
        .with("notices", json!(notices))
        .into_response()
}
