//! `GET /v1/supply/history`

use axum::extract::State;
use axum::response::Response;
use ledger::totals::Tally;
use serde::Serialize;
use utoipa::ToSchema;

use super::{HistoryParams, Minting, PeriodParams, PeriodView, Plot, counted, since};
use crate::app::App;
use crate::extract::{Conditional, Query};
use crate::openapi::SeriesProblems;
use crate::params::{BlockParams, UnitParams};
use crate::problem::Problem;
use crate::respond::{answer, unchanged};
use crate::routes::burns::{BurnTally, tally};
use crate::routes::supply::{Level, MintedByOrigin, Parts, SupplyFigures, by_origin, unknown_origins};
use crate::snapshot::{AsOf, Needs, Snapshot};
use crate::wire::Units;

/// The supplies of VVV, period by period.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SupplyHistoryAnswer {
    /// `hour`, `day`, `week` or `month`.
    #[schema(example = "day")]
    interval: &'static str,
    /// In order and without gaps.
    items: Vec<SupplyPeriod>,
    /// Fields that are null because they cannot be known, in one item or more.
    #[schema(example = json!([]))]
    unknown: Vec<String>,
    /// The block.
    as_of: AsOf,
}

/// The supplies at the end of a period, and what came and went in it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SupplyPeriod {
    #[serde(flatten)]
    period: PeriodView,
    #[serde(flatten)]
    figures: SupplyFigures,
    /// In the period; null where it began before the first block held.
    flow: Option<SupplyFlow>,
}

/// VVV that came and went, and who came to hold it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SupplyFlow {
    /// Minted, by origin.
    minted: MintedByOrigin,
    /// Burned.
    burned: BurnTally,
    /// Addresses that came to have VVV, 0x0 left out; by the ends of blocks.
    #[schema(minimum = 0, example = 321)]
    holders_joined: u64,
    /// Addresses that ceased to.
    #[schema(minimum = 0, example = 123)]
    holders_left: u64,
}

/// The supplies of VVV, by period
///
/// Levels are those after the last block before the end of a period, flows what came and went in it. A period without an
/// event has the levels of the one before and flows of zero.
#[utoipa::path(
    get,
    operation_id = "getSupplyHistory",
    path = "/v1/supply/history",
    tag = "network",
    params(PeriodParams, BlockParams, UnitParams),
    responses((status = 200, description = "The series as known at the block.", body = SupplyHistoryAnswer), SeriesProblems),
)]
pub async fn get(
    State(app): State<App>,
    Query(query): Query<HistoryParams>,
    conditional: Conditional,
) -> Result<Response, Problem> {
    let mut snapshot = Snapshot::open(&app, Needs::Both, &query.block).await?;
    if let Some(response) = unchanged(&snapshot, &conditional) {
        return Ok(response);
    }
    let plot = Plot::of(&mut snapshot, query.periods).await?;
    let blocks = plot.blocks();
    let (stakes, supplies) = (snapshot.capacity_totals_at(&blocks).await?, snapshot.supply_totals_at(&blocks).await?);
    let minting = Minting::read(&mut snapshot, &blocks).await?;
    let parts = Parts::of(&snapshot.deployment());
    let balances = snapshot.vvv_balances_at(&parts.addresses(), &blocks).await?;
    let level = |block: Option<u64>| {
        let balance = |address| balances.at(address, block?);
        let minted = minting.minted(block);
        Ok(Level {
            supply: block.and_then(|block| supplies.get(&block).copied()).unwrap_or_default(),
            stake: block.and_then(|block| stakes.get(&block).copied()).unwrap_or_default(),
            held: parts.held(|address| balance(address).unwrap_or_default())?,
            minted_to_proxy: minted.get(&parts.staking).copied().unwrap_or_default(),
            origins: minting.origins(&minted)?,
        })
    };
    let mut unknown = Vec::new();
    let items = plot.items(level, |period, level, earlier| {
        unknown.extend(unknown_origins(&level.origins, "minted"));
        let figures = level.figures(query.units)?;
        Ok(SupplyPeriod {
            period,
            figures,
            flow: earlier.map(|earlier| flow(level, earlier, query.units)).transpose()?,
        })
    })?;
    let body = SupplyHistoryAnswer {
        interval: plot.interval(),
        items,
        unknown: plot.unknown(&snapshot, unknown),
        as_of: snapshot.as_of().clone(),
    };
    Ok(answer(&snapshot, &conditional, &body))
}

fn flow(now: &Level, earlier: &Level, units: Units) -> Result<SupplyFlow, Problem> {
    let burns = |level: &Level| Tally { amount: level.supply.burned, count: level.supply.burn_count };
    let burned = burns(now).since(burns(earlier)).ok_or_else(|| Problem::internal("burns became fewer"))?;
    Ok(SupplyFlow {
        minted: by_origin(&since(&now.origins, &earlier.origins)?, units),
        burned: tally(burned, units),
        holders_joined: counted(now.supply.holders_joined, earlier.supply.holders_joined)?,
        holders_left: counted(now.supply.holders_left, earlier.supply.holders_left)?,
    })
}
