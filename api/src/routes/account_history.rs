//! `GET /v1/accounts/{address}/history`

use alloy_primitives::Address;
use axum::extract::State;
use axum::response::Response;
use ledger::period::Interval;
use ledger::position::Cooling;
use serde::{Deserialize, Serialize};
use store::read::account_history::HeldAt;
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::extract::{AddressPath, Conditional, Query};
use crate::openapi::ListProblems;
use crate::page_cursor::{PageCursor, cut, open};
use crate::params::{BlockParams, FromPairs, ListParams, Pairs, UnitParams, invalid};
use crate::problem::Problem;
use crate::respond::{answer, unchanged};
use crate::routes::history::HistoryParams;
use crate::routes::history::account::{AccountPeriodsAnswer, plot};
use crate::snapshot::{AsOf, Needs};
use crate::wire::{AddressText, Amount, Time, Units};

/// Periods instead of changes.
#[derive(Clone, Copy, Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PlotParams {
    /// What the address held at the ends of periods of UTC, in order, instead of after each change: `hour`, `day`, `week`
    /// (from Monday) or `month`. Goes without `limit` and `cursor`.
    #[param(value_type = Option<String>, pattern = "^(hour|day|week|month)$", example = "day")]
    pub interval: Option<Interval>,
    /// With `interval`: from the period on that this time lies in: RFC 3339, or a day such as 2026-11-20. Default: so that
    /// there are at most 168 hours, 90 days, 52 weeks or 24 months. What lies before the first block held is left out.
    #[param(value_type = Option<String>)]
    pub from: Option<u64>,
    /// With `interval`: up to this time, which itself is not asked for. Default: through the period that the block of the
    /// answer lies in; what comes after is left out.
    #[param(value_type = Option<String>)]
    pub to: Option<u64>,
}

/// Changes or periods, block and unit.
#[derive(Clone, Debug)]
pub enum AccountHistoryParams {
    /// A page of changes.
    Changes(ChangesParams),
    /// Levels at the ends of periods.
    Periods(HistoryParams),
}

/// Page, block and unit.
#[derive(Clone, Debug, Default)]
pub struct ChangesParams {
    list: ListParams,
    block: BlockParams,
    units: Units,
}

impl FromPairs for AccountHistoryParams {
    fn from_pairs(pairs: &mut Pairs) -> Result<Self, Problem> {
        let given = |names: [&'static str; 2]| names.into_iter().find(|name| pairs.has(name));
        if pairs.has("interval") {
            return match given(["limit", "cursor"]) {
                Some(name) => Err(invalid(name, "is of the list of changes, which ?interval is not")),
                None => HistoryParams::from_pairs(pairs).map(Self::Periods),
            };
        }
        if let Some(name) = given(["from", "to"]) {
            return Err(invalid(name, "needs an ?interval: hour, day, week or month"));
        }
        Ok(Self::Changes(ChangesParams {
            list: ListParams::from_pairs(pairs)?,
            block: BlockParams::from_pairs(pairs)?,
            units: UnitParams::from_pairs(pairs)?.units,
        }))
    }
}

/// What an address held: after each change, or with `?interval=` at the ends of periods.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum AccountHistory {
    /// A page of changes.
    Changes(AccountHistoryAnswer),
    /// Levels at the ends of periods.
    Periods(AccountPeriodsAnswer),
}

/// A page of what an address held.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AccountHistoryAnswer {
    /// The address.
    address: AddressText,
    /// After each block that moved something, the newest first.
    items: Vec<HeldAfter>,
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
pub struct HeldAfter {
    /// The block.
    #[schema(minimum = 0, example = 51_530_033)]
    block_number: u64,
    /// Its time; null where no header is stored and no clock tells.
    block_timestamp: Option<Time>,
    #[serde(flatten)]
    held: Held,
}

/// What an address holds.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Held {
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
    /// When its cooldown ends or ended; null where nothing cools, nobody knows, or no time can be written: after the year
    /// 9999.
    svvv_cooling_ends_at: Option<Time>,
    /// DIEM balance that is not staked.
    diem_liquid: Amount,
    /// Staked DIEM.
    diem_staked: Amount,
    /// Unstaked DIEM, in cooldown or waiting to be withdrawn.
    diem_cooling: Amount,
    /// When its cooldown ends or ended; null where nothing cools, nobody knows, or no time can be written: after the year
    /// 9999.
    diem_cooling_ends_at: Option<Time>,
    /// VVV rewards claimed up to then.
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
/// cooldowns or claims: what it held after that block. An address never seen has no rows. With `?interval=` a row for each
/// period of UTC instead: what it held after the last block before the period's end.
#[utoipa::path(
    get,
    operation_id = "getAccountHistory",
    path = "/v1/accounts/{address}/history",
    tag = "network",
    params(
        ("address" = AddressText, Path, description = "The address."),
        PlotParams,
        ListParams,
        BlockParams,
        UnitParams,
    ),
    responses((status = 200, description = "A page of blocks, or periods.", body = AccountHistory), ListProblems),
)]
pub async fn get(
    State(app): State<App>,
    AddressPath(address): AddressPath,
    Query(query): Query<AccountHistoryParams>,
    conditional: Conditional,
) -> Result<Response, Problem> {
    match query {
        AccountHistoryParams::Changes(query) => changes(&app, address, &query, &conditional).await,
        AccountHistoryParams::Periods(query) => plot(&app, address, &query, &conditional).await,
    }
}

async fn changes(
    app: &App,
    address: Address,
    query: &ChangesParams,
    conditional: &Conditional,
) -> Result<Response, Problem> {
    let before = query.list.cursor.as_deref().map(PageCursor::<Key>::parse).transpose()?;
    if before.as_ref().is_some_and(|before| before.key.whose != address) {
        return Err(invalid("cursor", "belongs to another address"));
    }
    let mut snapshot = open(app, Needs::Both, &query.block, before.as_ref()).await?;
    if let Some(response) = unchanged(&snapshot, conditional) {
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
    let after = |row: &HeldAt| HeldAfter {
        block_number: row.block_number,
        block_timestamp: snapshot.time_of(row.block_number, row.timestamp),
        held: Held::new(row, query.units),
    };
    let body = AccountHistory::Changes(AccountHistoryAnswer {
        address: address.into(),
        items: rows.iter().map(after).collect(),
        next_cursor,
        unknown: snapshot.as_of().unknown(),
        as_of: snapshot.as_of().clone(),
    });
    Ok(answer(&snapshot, conditional, &body))
}

/// The highest block that may come next; `None` where the last row was of block 0.
fn next_block(before: Option<&PageCursor<Key>>) -> Option<u64> {
    before.map_or(Some(u64::MAX), |before| before.key.block_number.checked_sub(1))
}

impl Held {
    pub(crate) fn new(HeldAt { vvv, position, .. }: &HeldAt, units: Units) -> Self {
        let end = |cooling: &Cooling| cooling.ends_at.and_then(Time::new);
        let ends = [("svvv_cooling_ends_at", &position.svvv_cooling), ("diem_cooling_ends_at", &position.diem_cooling)];
        let is_unknown = |cooling: &Cooling| !cooling.amount.is_zero() && end(cooling).is_none();
        Self {
            vvv: units.amount(*vvv),
            svvv: units.amount(position.svvv),
            locked: units.amount(position.locked),
            outstanding: units.amount(position.outstanding),
            svvv_cooling: units.amount(position.svvv_cooling.amount),
            svvv_cooling_ends_at: end(&position.svvv_cooling),
            diem_liquid: units.amount(position.diem_liquid),
            diem_staked: units.amount(position.diem_staked),
            diem_cooling: units.amount(position.diem_cooling.amount),
            diem_cooling_ends_at: end(&position.diem_cooling),
            claimed: units.amount(position.claimed),
            unknown: ends.into_iter().filter(|(_, cooling)| is_unknown(cooling)).map(|(name, _)| name).collect(),
        }
    }
}
