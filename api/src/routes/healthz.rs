//! `GET /healthz`

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

/// The process runs.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct Health {
    /// Always `ok`.
    #[schema(example = "ok")]
    status: &'static str,
    /// Of this program.
    #[schema(example = "0.1.0")]
    version: &'static str,
}

/// Whether the process runs
///
/// Says nothing of the database; `/readyz` does.
#[utoipa::path(get, operation_id = "getHealth",
    path = "/healthz", tag = "operation", responses((status = 200, description = "The process runs.", body = Health)))]
pub async fn get() -> Json<Health> {
    Json(Health { status: "ok", version: env!("CARGO_PKG_VERSION") })
}
