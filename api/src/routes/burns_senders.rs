//! `GET /v1/burns/senders`

use alloy_primitives::Address;
use axum::extract::State;
use axum::response::Response;
use ledger::totals::Tally;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::extract::{Conditional, Query};
use crate::openapi::ReadProblems;
use crate::params::{BlockParams, FigureParams, UnitParams};
use crate::problem::Problem;
use crate::respond::{answer, unchanged};
use crate::routes::burns::Class;
use crate::snapshot::{AsOf, Needs, Snapshot};
use crate::wire::{AddressText, Amount, Units};

/// That are listed.
const SENDERS_MAX: usize = 100;

/// Who burned VVV, of those whom no label names.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct BurnSendersAnswer {
    /// The 100 that burned most, the largest first.
    items: Vec<BurnSender>,
    /// Unclassified senders there are altogether.
    #[schema(minimum = 0, example = 1)]
    senders: usize,
    /// Fields that are null because they cannot be known.
    #[schema(example = json!([]))]
    unknown: Vec<String>,
    /// The block.
    as_of: AsOf,
}

/// What one sender burned.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct BurnSender {
    /// The sender.
    address: AddressText,
    /// VVV.
    amount: Amount,
    /// Transfers of more than zero.
    #[schema(minimum = 0, example = 3)]
    count: u64,
}

/// Who burned most, of those whom no label names
///
/// Their sum is `unclassified` of `/v1/burns`. Everybody who ever burned is looked at for it, so that only a few such answers
/// are made at the same time: 503 with Retry-After beyond.
#[utoipa::path(
    get,
    operation_id = "getBurnSenders",
    path = "/v1/burns/senders",
    tag = "network",
    params(BlockParams, UnitParams),
    responses((status = 200, description = "The senders at the block.", body = BurnSendersAnswer), ReadProblems),
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
    let _leave = app.long_read()?;
    let deployment = snapshot.deployment();
    let mut burns = snapshot.burns().await?;
    burns.retain(|(sender, _)| Class::of(&deployment, *sender) == Class::Unclassified);
    let body = BurnSendersAnswer {
        senders: burns.len(),
        items: burns.iter().take(SENDERS_MAX).map(|burn| sender(burn, query.units)).collect(),
        unknown: snapshot.as_of().unknown(),
        as_of: snapshot.as_of().clone(),
    };
    Ok(answer(&snapshot, &conditional, &body))
}

fn sender((address, burned): &(Address, Tally), units: Units) -> BurnSender {
    BurnSender { address: (*address).into(), amount: units.amount(burned.amount), count: burned.count }
}
