//! `GET /v1/capacity`

use alloy_primitives::{Address, U256};
use axum::extract::State;
use axum::response::Response;
use ledger::table::Row;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::extract::{Conditional, Query};
use crate::openapi::ListProblems;
use crate::page_cursor::{PageCursor, cut, open};
use crate::params::{BlockParams, FromPairs, Pairs, UnitParams, invalid, limit};
use crate::problem::Problem;
use crate::respond::{answer, unchanged};
use crate::rights::EpochView;
use crate::snapshot::{AsOf, Needs, Snapshot};
use crate::table::{Order, Table};
use crate::wire::{AddressText, Amount, Ratio, Units, Usd, parse_decimal, usd_micros};

/// Which part of the table.
#[derive(Clone, Debug, Default, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageParams {
    /// `address` (default), or `allocation` or `share`, the largest first.
    #[param(value_type = Option<String>, pattern = "^(address|allocation|share)$", example = "allocation")]
    order: Option<Order>,
    /// Only rows with at least this allocation, in dollars.
    #[param(value_type = Option<String>, pattern = r"^[0-9]+(\.[0-9]{1,18})?$")]
    min_allocation_usd: Option<U256>,
    /// Rows in one page.
    #[param(value_type = Option<i32>, minimum = 1, maximum = 1000, example = 100)]
    limit: usize,
    /// `next_cursor` of the page before. Keeps to its block for 1,000 blocks or 30 minutes.
    #[param(value_type = Option<String>)]
    cursor: Option<String>,
}

/// Page, block and unit.
#[derive(Clone, Debug, Default)]
pub struct CapacityParams {
    page: PageParams,
    block: BlockParams,
    units: Units,
}

impl FromPairs for CapacityParams {
    fn from_pairs(pairs: &mut Pairs) -> Result<Self, Problem> {
        Ok(Self {
            page: PageParams {
                order: pairs.take("order", order, "address, allocation or share")?,
                min_allocation_usd: pairs.take("min_allocation_usd", parse_decimal, "dollars such as 0.5")?,
                limit: limit(pairs)?,
                cursor: pairs.take_text("cursor"),
            },
            block: BlockParams::from_pairs(pairs)?,
            units: UnitParams::from_pairs(pairs)?.units,
        })
    }
}

/// The order of that name.
fn order(name: &str) -> Option<Order> {
    match name {
        "address" => Some(Order::Address),
        "allocation" => Some(Order::Allocation),
        "share" => Some(Order::Share),
        _ => None,
    }
}

/// One page of the capacity table.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CapacityAnswer {
    /// The rows.
    items: Vec<CapacityRow>,
    /// For the next page; null after the last.
    next_cursor: Option<String>,
    /// Rows of the whole table at this block, whatever the page and the minimum.
    #[schema(minimum = 0, example = 12_345)]
    rows: usize,
    /// sVVV of everybody: what shares are shares of.
    total_svvv: Amount,
    /// The epoch of the block.
    epoch: EpochView,
    /// Fields that are null because they cannot be known.
    #[schema(example = json!([]))]
    unknown: Vec<String>,
    /// The block.
    as_of: AsOf,
}

/// One address of the capacity table: sVVV, staked DIEM or allocation are not zero.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CapacityRow {
    /// The address.
    address: AddressText,
    /// Its name, where the deployment labels it.
    #[schema(example = json!(null))]
    label: Option<String>,
    /// Its label's kind.
    #[schema(example = json!(null))]
    kind: Option<&'static str>,
    /// sVVV balance: locked and unlocked together.
    svvv: Amount,
    /// sVVV locked against minted DIEM.
    locked: Amount,
    /// svvv / total_svvv; null where nobody has staked.
    share: Option<Ratio>,
    /// DIEM staked now.
    staked: Amount,
    /// DIEM staked at the epoch's opening block.
    epoch_open: Amount,
    /// Dollars for the epoch of the block.
    allocation_usd: Usd,
    /// The same in whole millionths of a dollar, rounded down.
    #[schema(minimum = 0, example = 1_250_000)]
    allocation_usd_micros: u64,
}

/// The capacity table
///
/// One row for each address whose sVVV, staked DIEM or allocation is not zero, contracts included. Pages of one run
/// through the table all answer as of the block the first one did.
#[utoipa::path(
    get,
    operation_id = "listCapacity",
    path = "/v1/capacity",
    tag = "capacity",
    params(PageParams, BlockParams, UnitParams),
    responses((status = 200, description = "A page of the table.", body = CapacityAnswer), ListProblems),
)]
pub async fn get(
    State(app): State<App>,
    Query(query): Query<CapacityParams>,
    conditional: Conditional,
) -> Result<Response, Problem> {
    let cursor = query.page.cursor.as_deref().map(PageCursor::parse).transpose()?;
    let mut snapshot = open(&app, Needs::Capacity, &query.block, cursor.as_ref()).await?;
    if let Some(response) = unchanged(&snapshot, &conditional) {
        return Ok(response);
    }
    let epoch = snapshot.epoch().await?;
    let table = snapshot.table(&epoch).await?;
    let total_svvv = snapshot.capacity_totals().await?.svvv_supply;
    let page = Page::new(&query, cursor)?;
    let body = page.answer(&snapshot, &table, total_svvv, EpochView::new(&epoch));
    Ok(answer(&snapshot, &conditional, &body))
}

/// Which list, and its last row so far.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Key {
    #[serde(rename = "o")]
    order: Order,
    /// Least allocation, units of 1e-18 dollars.
    #[serde(rename = "m")]
    min_allocation: U256,
    #[serde(rename = "a")]
    after: Address,
}

impl Key {
    /// Whether the query asks for the same list, where it says anything of it.
    fn agree(&self, order: Option<Order>, min_allocation: Option<U256>) -> Result<(), Problem> {
        let agrees = order.is_none_or(|order| order == self.order)
            && min_allocation.is_none_or(|least| least == self.min_allocation);
        if agrees { Ok(()) } else { Err(invalid("cursor", "belongs to a list of another order or minimum")) }
    }
}

/// A page that is being made.
struct Page {
    order: Order,
    min_allocation: U256,
    limit: usize,
    units: Units,
    before: Option<PageCursor<Key>>,
}

impl Page {
    fn new(query: &CapacityParams, before: Option<PageCursor<Key>>) -> Result<Self, Problem> {
        let PageParams { order, min_allocation_usd, limit, .. } = query.page;
        let (order, min_allocation) = match &before {
            Some(PageCursor { key, .. }) => {
                key.agree(order, min_allocation_usd)?;
                (key.order, key.min_allocation)
            }
            None => (order.unwrap_or_default(), min_allocation_usd.unwrap_or_default()),
        };
        Ok(Self { order, min_allocation, limit, units: query.units, before })
    }

    fn answer(&self, snapshot: &Snapshot, table: &Table, total_svvv: U256, epoch: EpochView) -> CapacityAnswer {
        let after = self.before.as_ref().map(|cursor| cursor.key.after);
        let wanted = table.rows(self.order, after).filter(|row| row.entitlement.allocation >= self.min_allocation);
        let mut rows: Vec<&Row> = wanted.take(self.limit + 1).collect();
        let next_cursor = cut(&mut rows, self.limit).map(|row| {
            let key = Key { order: self.order, min_allocation: self.min_allocation, after: row.address };
            PageCursor::next(self.before.as_ref(), snapshot, key).write()
        });
        let deployment = snapshot.deployment();
        let view = |row: &Row| {
            let label = deployment.label(row.address);
            self.row(row, label.map(|label| label.name.clone()), label.map(|label| label.kind.name()), total_svvv)
        };
        CapacityAnswer {
            items: rows.into_iter().map(view).collect(),
            next_cursor,
            rows: table.len(),
            total_svvv: self.units.amount(total_svvv),
            epoch,
            unknown: snapshot.as_of().unknown(),
            as_of: snapshot.as_of().clone(),
        }
    }

    fn row(&self, row: &Row, label: Option<String>, kind: Option<&'static str>, total_svvv: U256) -> CapacityRow {
        CapacityRow {
            address: row.address.into(),
            label,
            kind,
            svvv: self.units.amount(row.svvv),
            locked: self.units.amount(row.locked),
            share: Ratio::of(row.svvv, total_svvv),
            staked: self.units.amount(row.staked.now),
            epoch_open: self.units.amount(row.staked.epoch_open),
            allocation_usd: Usd::new(row.entitlement.allocation),
            allocation_usd_micros: usd_micros(row.entitlement.allocation),
        }
    }
}
