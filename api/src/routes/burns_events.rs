//! `GET /v1/burns/events`

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use store::deployment::Deployment;
use store::read::event::EventRecord;
use utoipa::ToSchema;

use crate::app::App;
use crate::extract::{Conditional, Query};
use crate::openapi::ListProblems;
use crate::page_cursor::{PageCursor, cut, open};
use crate::params::{BlockParams, FromPairs, ListParams, Pairs, UnitParams};
use crate::problem::Problem;
use crate::respond::{answer, unchanged};
use crate::routes::burns::Class;
use crate::snapshot::{AsOf, Needs, Snapshot};
use crate::wire::{AddressText, Amount, Time, Units};

/// Page, block and unit.
#[derive(Clone, Debug, Default)]
pub struct BurnEventsParams {
    list: ListParams,
    block: BlockParams,
    units: Units,
}

impl FromPairs for BurnEventsParams {
    fn from_pairs(pairs: &mut Pairs) -> Result<Self, Problem> {
        Ok(Self {
            list: ListParams::from_pairs(pairs)?,
            block: BlockParams::from_pairs(pairs)?,
            units: UnitParams::from_pairs(pairs)?.units,
        })
    }
}

/// A page of burns.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct BurnEventsAnswer {
    /// The newest first.
    items: Vec<BurnEvent>,
    /// For the next page; null after the last.
    next_cursor: Option<String>,
    /// Fields that are null because they cannot be known.
    #[schema(example = json!([]))]
    unknown: Vec<String>,
    /// The block.
    as_of: AsOf,
}

/// A transfer of VVV to 0x0, of more than zero.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct BurnEvent {
    /// Its block.
    #[schema(minimum = 0, example = 51_528_139)]
    block_number: u64,
    /// The block's time; null where no header is stored and no clock tells.
    block_timestamp: Option<Time>,
    /// Position among all logs of the block.
    #[schema(minimum = 0, example = 71)]
    log_index: u32,
    /// Its transaction.
    #[schema(
        pattern = "^0x[0-9a-f]{64}$",
        example = "0x8f3efd93511f6e60d7cc9c8f4b96d978ca667b0bbd2c2db6a9f2c6c1e2bc3184"
    )]
    tx_hash: String,
    /// Who burned it.
    sender: Option<AddressText>,
    /// The sender's name, where the deployment labels it.
    #[schema(example = json!(null))]
    label: Option<String>,
    /// `programmatic`, `discretionary`, `airdrop` or `unclassified`, by the sender's labels.
    #[schema(example = "programmatic")]
    class: Option<&'static str>,
    /// VVV.
    amount: Option<Amount>,
}

/// The last row so far.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Key {
    #[serde(rename = "b")]
    block_number: u64,
    #[serde(rename = "l")]
    log_index: u32,
}

/// Burns of VVV, one by one
#[utoipa::path(
    get,
    operation_id = "listBurns",
    path = "/v1/burns/events",
    tag = "network",
    params(ListParams, BlockParams, UnitParams),
    responses((status = 200, description = "A page of burns.", body = BurnEventsAnswer), ListProblems),
)]
pub async fn get(
    State(app): State<App>,
    Query(query): Query<BurnEventsParams>,
    conditional: Conditional,
) -> Result<Response, Problem> {
    let before = query.list.cursor.as_deref().map(PageCursor::<Key>::parse).transpose()?;
    let mut snapshot = open(&app, Needs::Both, &query.block, before.as_ref()).await?;
    if let Some(response) = unchanged(&snapshot, &conditional) {
        return Ok(response);
    }
    let last = before.as_ref().map(|before| (before.key.block_number, before.key.log_index));
    let mut rows = snapshot.burn_events(last, query.list.limit + 1).await?;
    let next_cursor = cut(&mut rows, query.list.limit).map(|last| {
        let key = Key { block_number: last.block_number, log_index: last.log_index };
        PageCursor::next(before.as_ref(), &snapshot, key).write()
    });
    let deployment = snapshot.deployment();
    let body = BurnEventsAnswer {
        items: rows.into_iter().map(|event| burn(&snapshot, &deployment, &event, query.units)).collect(),
        next_cursor,
        unknown: snapshot.as_of().unknown(),
        as_of: snapshot.as_of().clone(),
    };
    Ok(answer(&snapshot, &conditional, &body))
}

fn burn(snapshot: &Snapshot, deployment: &Deployment, event: &EventRecord, units: Units) -> BurnEvent {
    let label = event.account.and_then(|sender| deployment.label(sender));
    BurnEvent {
        block_number: event.block_number,
        block_timestamp: snapshot.time_of(event.block_number, event.timestamp),
        log_index: event.log_index,
        tx_hash: event.tx_hash.to_string(),
        sender: event.account.map(Into::into),
        label: label.map(|label| label.name.clone()),
        class: event.account.map(|sender| Class::of(deployment, sender).name()),
        amount: event.amount.map(|amount| units.amount(amount)),
    }
}
