//! `GET /readyz`

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::extract::Query;
use crate::openapi::ReadinessProblems;
use crate::params::{FromPairs, Pairs};
use crate::problem::{Kind, Problem};
use crate::readiness::{Readiness, Reason, readiness};
use crate::snapshot::Needs;

/// What readiness is asked about.
#[derive(Clone, Copy, Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ReadyParams {
    /// `capacity`: entitlements, the capacity table, stakers, DIEM and parameters. `both`: also what needs all VVV
    /// transfers, which in a first backfill comes hours later.
    #[param(value_type = Option<String>, pattern = "^(capacity|both)$", default = "capacity")]
    needs: Needs,
}

impl FromPairs for ReadyParams {
    fn from_pairs(pairs: &mut Pairs) -> Result<Self, Problem> {
        let parse = |text: &str| match text {
            "capacity" => Some(Needs::Capacity),
            "both" => Some(Needs::Both),
            _ => None,
        };
        Ok(Self { needs: pairs.take("needs", parse, "capacity or both")?.unwrap_or(Needs::Capacity) })
    }
}

/// Answers are of the chain's head.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Ready {
    /// Always true: what is not ready is a problem document.
    ready: bool,
    /// What keeps other answers than those asked about: `supply_behind`, `indexes_missing`. Empty where nothing does.
    reasons: Vec<Reason>,
    /// What is remarkable all the same: the chain stands still, or a node of several is not asked.
    notices: Vec<Reason>,
}

/// Whether answers are of the chain's head
///
/// Those about capacity, or with `needs=both` all. 503 with named reasons otherwise. Reads go on all the same and say
/// what block they are of. A chain that stands still is no reason: what is stored is the truth until it goes on.
#[utoipa::path(
    get,
    operation_id = "getReadiness",
    path = "/readyz",
    tag = "operation",
    params(ReadyParams),
    responses((status = 200, description = "Answers are of the head.", body = Ready), ReadinessProblems),
)]
pub async fn get(State(app): State<App>, Query(query): Query<ReadyParams>) -> Response {
    let Readiness { is_ready, reasons, notices } = readiness(&app, query.needs).await;
    if is_ready {
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
