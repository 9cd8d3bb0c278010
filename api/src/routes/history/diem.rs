//! `GET /v1/diem/history`

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::State;
use axum::response::Response;
use ledger::curve::Curve;
use ledger::parameter::Parameter;
use ledger::totals::{CapacityTotals, Tally};
use serde::Serialize;
use utoipa::ToSchema;

use super::{HistoryParams, PeriodParams, PeriodView, Plot, counted, grown, in_force};
use crate::app::App;
use crate::extract::{Conditional, Query};
use crate::openapi::SeriesProblems;
use crate::params::{BlockParams, UnitParams};
use crate::problem::Problem;
use crate::respond::{answer, unchanged};
use crate::routes::diem::{DiemFigures, DiemFlow};
use crate::snapshot::{AsOf, Needs, Snapshot};
use crate::wire::{Amount, Units};

/// DIEM, period by period.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DiemHistoryAnswer {
    /// `hour`, `day`, `week` or `month`.
    #[schema(example = "day")]
    interval: &'static str,
    /// In order and without gaps.
    items: Vec<DiemPeriod>,
    /// Fields that are null because they cannot be known, in one item or more.
    #[schema(example = json!([]))]
    unknown: Vec<String>,
    /// The block.
    as_of: AsOf,
}

/// DIEM at the end of a period, and what came and went in it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DiemPeriod {
    #[serde(flatten)]
    period: PeriodView,
    #[serde(flatten)]
    figures: DiemFigures,
    /// sVVV for the next DIEM, base units of sVVV; null past the last bucket or where the curve is not known.
    mint_rate: Option<Amount>,
    /// In the period; null where it began before the first block held.
    flow: Option<DiemPeriodFlow>,
}

/// DIEM that came and went, and who staked it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DiemPeriodFlow {
    /// Minted.
    minted: DiemFlow,
    /// Burned.
    burned: DiemFlow,
    /// Addresses that came to have staked DIEM, by the ends of blocks.
    #[schema(minimum = 0, example = 12)]
    stakers_joined: u64,
    /// Addresses that ceased to.
    #[schema(minimum = 0, example = 3)]
    stakers_left: u64,
}

/// DIEM, by period
///
/// Levels are those after the last block before the end of a period, flows what came and went in it. A period without an
/// event has the levels of the one before and flows of zero.
#[utoipa::path(
    get,
    operation_id = "getDiemHistory",
    path = "/v1/diem/history",
    tag = "network",
    params(PeriodParams, BlockParams, UnitParams),
    responses((status = 200, description = "The series as known at the block.", body = DiemHistoryAnswer), SeriesProblems),
)]
pub async fn get(
    State(app): State<App>,
    Query(query): Query<HistoryParams>,
    conditional: Conditional,
) -> Result<Response, Problem> {
    let mut snapshot = Snapshot::open(&app, Needs::Capacity, &query.block).await?;
    if let Some(response) = unchanged(&snapshot, &conditional) {
        return Ok(response);
    }
    let plot = Plot::of(&mut snapshot, query.periods).await?;
    let totals = snapshot.capacity_totals_at(&plot.blocks()).await?;
    let curves = Curves::read(&mut snapshot).await?;
    let level = |block: Option<u64>| -> Result<_, Problem> {
        let totals = block.and_then(|block| totals.get(&block).copied()).unwrap_or_default();
        Ok((totals, curves.in_force(block)))
    };
    let mut unknown = Vec::new();
    let items = plot.items(level, |period, (totals, curve), earlier| {
        let mint_rate = curve.and_then(|curve| curve.mint_rate(totals.diem_supply));
        let flow = earlier.map(|(earlier, _)| flow(totals, earlier, query.units)).transpose()?;
        unknown.extend(curve.is_none().then(|| "mint_rate".to_owned()));
        let figures = DiemFigures::new(totals, query.units);
        Ok(DiemPeriod { period, figures, mint_rate: mint_rate.map(|rate| query.units.amount(rate)), flow })
    })?;
    let body = DiemHistoryAnswer {
        interval: plot.interval(),
        items,
        unknown: plot.unknown(&snapshot, unknown),
        as_of: snapshot.as_of().clone(),
    };
    Ok(answer(&snapshot, &conditional, &body))
}

/// The mint curve as it was, by the block since which it was.
struct Curves(BTreeMap<u64, Option<Curve>>);

impl Curves {
    async fn read(snapshot: &mut Snapshot) -> Result<Self, Problem> {
        let bounds = snapshot.values(Parameter::CurveBounds).await?;
        let rates = snapshot.values(Parameter::CurveRates).await?;
        let since: BTreeSet<u64> = bounds.keys().chain(rates.keys()).copied().collect();
        let curve = |block| {
            let (bounds, rates) = (in_force(&bounds, Some(block))?, in_force(&rates, Some(block))?);
            Curve::new(bounds.to_vec(), rates.to_vec())
        };
        Ok(Self(since.into_iter().map(|block| (block, curve(block))).collect()))
    }

    fn in_force(&self, block: Option<u64>) -> Option<&Curve> {
        self.0.range(..=block?).next_back()?.1.as_ref()
    }
}

fn flow(now: &CapacityTotals, earlier: &CapacityTotals, units: Units) -> Result<DiemPeriodFlow, Problem> {
    let since = |now: Tally, earlier| now.since(earlier).ok_or_else(|| Problem::internal("a running total fell"));
    let direct = grown(now.diem_minted_direct, earlier.diem_minted_direct)?;
    let burned_direct = grown(now.diem_burned_direct, earlier.diem_burned_direct)?;
    Ok(DiemPeriodFlow {
        minted: DiemFlow::new(since(now.diem_minted, earlier.diem_minted)?, direct, units),
        burned: DiemFlow::new(since(now.diem_burned, earlier.diem_burned)?, burned_direct, units),
        stakers_joined: counted(now.diem_stakers_joined, earlier.diem_stakers_joined)?,
        stakers_left: counted(now.diem_stakers_left, earlier.diem_stakers_left)?,
    })
}
