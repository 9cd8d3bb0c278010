//! `GET /v1/accounts/{address}/history`

use alloy_primitives::Address;
use axum::extract::State;
use axum::response::Response;
use ledger::position::Cooling;
use serde::{Deserialize, Serialize};
use store::read::account_history::HeldAt;
use utoipa::ToSchema;

use crate::app::App;
use crate::extract::{AddressPath, Conditional, Query};
use crate::openapi::ListProblems;
use crate::page_cursor::{PageCursor, cut, open};
use crate::params::{BlockParams, FromPairs, ListParams, Pairs, UnitParams, invalid};
use crate::problem::Problem;
use crate::respond::{answer, unchanged};
use crate::snapshot::{AsOf, Needs, Snapshot};
use crate::wire::{AddressText, Amount, Time, Units};

/// Page, block and unit.
#[derive(Clone, Debug, Default)]
pub struct HistoryParams {
    list: ListParams,
    block: BlockParams,
    units: Units,
}

impl FromPairs for HistoryParams {
    fn from_pairs(pairs: &mut Pairs) -> Result<Self, Problem> {
        Ok(Self {
            list: ListParams::from_pairs(pairs)?,
            block: BlockParams::from_pairs(pairs)?,
            units: UnitParams::from_pairs(pairs)?.units,
        })
    }
}

/// A page of what an address held.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AccountHistoryAnswer {
    /// The address.
    address: AddressText,
    /// After each block that moved something, the newest first.
    items: Vec<Held>,
    /// For the next page; null after the last.
    next_cursor: Option<String>,
    /// Fields that are null because they cannot be known.
    #[schema(example = json!([]))]
    unknown: Vec<String>,
    /// The block.
    as_of: AsOf,
}

/// What an address held after a block.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Held {
    /// The block.
    #[schema(minimum = 0, example = 51_530_033)]
    block_number: u64,
    /// Its time; null where no header is stored and no clock tells.
    block_timestamp: Option<Time>,
    /// VVV balance, staked VVV left out.
    vvv: Amount,
    /// sVVV balance: locked and unlocked together.
    svvv: Amount,
    /// sVVV locked against minted DIEM.
    locked: Amount,
    /// DIEM minted against the lock and not yet burned.
    outstanding: Amount,
    /// Unstaked VVV, in cooldown or waiting to be withdrawn.
    svvv_cooling: Amount,
    /// When its cooldown ends or ended; null where nothing cools or nobody knows.
    svvv_cooling_ends_at: Option<Time>,
    /// DIEM balance that is not staked.
    diem_liquid: Amount,
    /// Staked DIEM.
    diem_staked: Amount,
    /// Unstaked DIEM, in cooldown or waiting to be withdrawn.
    diem_cooling: Amount,
    /// When its cooldown ends or ended; null where nothing cools or nobody knows.
    diem_cooling_ends_at: Option<Time>,
    /// VVV rewards claimed up to the block.
    claimed: Amount,
    /// Fields of this item that are null because they cannot be known.
    #[schema(example = json!([]))]
    unknown: Vec<&'static str>,
}

/// Whose list, and the block of its last row so far.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Key {
    #[serde(rename = "w")]
    whose: Address,
    #[serde(rename = "b")]
    block_number: u64,
}

/// What one address held
///
/// A row for each block in which VVV of more than nothing went from or to it, or which moved its sVVV, DIEM, locks,
/// cooldowns or claims: what it held after that block. An address never seen has no rows.
#[utoipa::path(
    get,
    operation_id = "getAccountHistory",
    path = "/v1/accounts/{address}/history",
    tag = "network",
    params(("address" = AddressText, Path, description = "The address."), ListParams, BlockParams, UnitParams),
    responses((status = 200, description = "A page of blocks.", body = AccountHistoryAnswer), ListProblems),
)]
pub async fn get(
    State(app): State<App>,
    AddressPath(address): AddressPath,
    Query(query): Query<HistoryParams>,
    conditional: Conditional,
) -> Result<Response, Problem> {
    let before = query.list.cursor.as_deref().map(PageCursor::<Key>::parse).transpose()?;
    if before.as_ref().is_some_and(|before| before.key.whose != address) {
        return Err(invalid("cursor", "belongs to another address"));
    }
    let mut snapshot = open(&app, Needs::Both, &query.block, before.as_ref()).await?;
    if let Some(response) = unchanged(&snapshot, &conditional) {
        return Ok(response);
    }
    let mut rows = match next_block(before.as_ref()) {
        Some(up_to) => snapshot.account_changes(address, up_to, query.list.limit + 1).await?,
        None => Vec::new(),
    };
    let next_cursor = cut(&mut rows, query.list.limit).map(|last| {
        let key = Key { whose: address, block_number: last.block_number };
        PageCursor::next(before.as_ref(), &snapshot, key).write()
    });
    let body = AccountHistoryAnswer {
        address: address.into(),
        items: rows.iter().map(|row| held(&snapshot, row, query.units)).collect(),
        next_cursor,
        unknown: snapshot.as_of().unknown(),
        as_of: snapshot.as_of().clone(),
    };
    Ok(answer(&snapshot, &conditional, &body))
}

/// The highest block that may come next; `None` where the last row was of block 0.
fn next_block(before: Option<&PageCursor<Key>>) -> Option<u64> {
    before.map_or(Some(u64::MAX), |before| before.key.block_number.checked_sub(1))
}

fn held(snapshot: &Snapshot, row: &HeldAt, units: Units) -> Held {
    let HeldAt { block_number, timestamp, vvv, position } = row;
    let ends = [("svvv_cooling_ends_at", &position.svvv_cooling), ("diem_cooling_ends_at", &position.diem_cooling)];
    let is_unknown = |cooling: &Cooling| !cooling.amount.is_zero() && cooling.ends_at.is_none();
    Held {
        block_number: *block_number,
        block_timestamp: snapshot.time_of(*block_number, *timestamp),
        vvv: units.amount(*vvv),
        svvv: units.amount(position.svvv),
        locked: units.amount(position.locked),
        outstanding: units.amount(position.outstanding),
        svvv_cooling: units.amount(position.svvv_cooling.amount),
        svvv_cooling_ends_at: position.svvv_cooling.ends_at.and_then(Time::new),
        diem_liquid: units.amount(position.diem_liquid),
        diem_staked: units.amount(position.diem_staked),
        diem_cooling: units.amount(position.diem_cooling.amount),
        diem_cooling_ends_at: position.diem_cooling.ends_at.and_then(Time::new),
        claimed: units.amount(position.claimed),
        unknown: ends.into_iter().filter(|(_, cooling)| is_unknown(cooling)).map(|(name, _)| name).collect(),
    }
}
