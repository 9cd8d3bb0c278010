//! `GET /v1/accounts/{address}/history?interval=`

use std::collections::BTreeMap;

use alloy_primitives::Address;
use axum::response::Response;
use serde::Serialize;
use store::read::account_history::HeldAt;
use utoipa::ToSchema;

use super::{HistoryParams, PeriodView, Plot};
use crate::app::App;
use crate::extract::Conditional;
use crate::problem::Problem;
use crate::respond::{answer, unchanged};
use crate::routes::account_history::{AccountHistory, Held};
use crate::snapshot::{AsOf, Needs, Snapshot};
use crate::wire::AddressText;

/// What an address held, period by period.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AccountPeriodsAnswer {
    /// The address.
    address: AddressText,
    /// `hour`, `day`, `week` or `month`.
    #[schema(example = "day")]
    interval: &'static str,
    /// In order and without gaps.
    items: Vec<AccountPeriod>,
    /// Fields that are null because they cannot be known.
    #[schema(example = json!([]))]
    unknown: Vec<String>,
    /// The block.
    as_of: AsOf,
}

/// What an address held at the end of a period.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AccountPeriod {
    #[serde(flatten)]
    period: PeriodView,
    #[serde(flatten)]
    held: Held,
}

/// What an address held at the ends of periods.
///
/// # Errors
/// If there are more periods than one answer has, single balances cannot be looked up yet, or the database fails.
pub(crate) async fn plot(
    app: &App,
    address: Address,
    query: &HistoryParams,
    conditional: &Conditional,
) -> Result<Response, Problem> {
    let mut snapshot = Snapshot::open(app, Needs::Both, &query.block).await?;
    if let Some(response) = unchanged(&snapshot, conditional) {
        return Ok(response);
    }
    let plot = Plot::of(&mut snapshot, query.periods).await?;
    let held = snapshot.account_levels(address, &plot.blocks()).await?;
    let held: BTreeMap<u64, HeldAt> = held.into_iter().map(|held| (held.block_number, held)).collect();
    let level = |block: Option<u64>| Ok(block.and_then(|block| held.get(&block).copied()));
    let items = plot.items(level, |period, level: &Option<HeldAt>, _| {
        let held = level.as_ref().ok_or_else(|| Problem::internal("a period ends with a block that was not read"))?;
        Ok(AccountPeriod { period, held: Held::new(held, query.units) })
    })?;
    let body = AccountHistory::Periods(AccountPeriodsAnswer {
        address: address.into(),
        interval: plot.interval(),
        items,
        unknown: snapshot.as_of().unknown(),
        as_of: snapshot.as_of().clone(),
    });
    Ok(answer(&snapshot, conditional, &body))
}
