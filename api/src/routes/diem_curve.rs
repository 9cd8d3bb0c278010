//! `GET /v1/diem/curve`

use alloy_primitives::U256;
use axum::extract::State;
use axum::response::Response;
use ledger::curve::{Bucket, Curve};
use serde::Serialize;
use utoipa::ToSchema;

use crate::aim::Aim;
use crate::app::App;
use crate::extract::{Conditional, Query};
use crate::openapi::ReadProblems;
use crate::params::{BlockParams, FigureParams, UnitParams};
use crate::problem::Problem;
use crate::respond::{answer, unchanged};
use crate::routes::diem::{self, CurveView};
use crate::snapshot::{AsOf, Needs, Snapshot};
use crate::wire::{Amount, Units};

/// The whole mint curve, and where on it the DIEM supply of the block is.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DiemCurveAnswer {
    /// DIEM.totalSupply(), by which the bucket is chosen.
    supply: Amount,
    #[serde(flatten)]
    curve: CurveView,
    /// The bucket that sells now; null past the last or where the curve is not known.
    bucket: Option<OpenBucket>,
    /// The bucket that sells after it; null where none does.
    next_bucket: Option<OpenBucket>,
    /// All 256 buckets, in the contract's order; null where the curve is not known.
    #[schema(min_items = 256, max_items = 256)]
    buckets: Option<Vec<CurveBucket>>,
    /// Fields that are null because they cannot be known.
    #[schema(example = json!([]))]
    unknown: Vec<String>,
    /// The block.
    as_of: AsOf,
}

/// A bucket that still sells.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OpenBucket {
    /// Which, from 0 on.
    #[schema(minimum = 0, maximum = 255, example = 78)]
    index: usize,
    /// The DIEM supply at which it is sold out.
    bound: Amount,
    /// sVVV for one DIEM, base units of sVVV.
    mint_rate: Amount,
    /// DIEM that it still sells.
    left: Amount,
}

/// One bucket as the contract holds it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CurveBucket {
    /// The DIEM supply at which it is sold out.
    bound: Amount,
    /// sVVV for one DIEM, base units of sVVV. A bucket with 0 sells nothing.
    mint_rate: Amount,
}

/// The whole mint curve
#[utoipa::path(
    get,
    operation_id = "getDiemCurve",
    path = "/v1/diem/curve",
    tag = "network",
    params(BlockParams, UnitParams),
    responses((status = 200, description = "The curve at the block.", body = DiemCurveAnswer), ReadProblems),
)]
pub async fn get(
    State(app): State<App>,
    Query(query): Query<FigureParams>,
    conditional: Conditional,
) -> Result<Response, Problem> {
    let mut snapshot = Snapshot::open(&app, Needs::Capacity, &query.block).await?;
    if let Some(response) = unchanged(&snapshot, &conditional) {
        return Ok(response);
    }
    let supply = snapshot.capacity_totals().await?.diem_supply;
    let curve = snapshot.curve().await?;
    let aim = Aim::of(&snapshot, curve.as_ref());
    let mut selling = curve.iter().flat_map(|curve| curve.buckets(supply)).map(|bucket| open(&bucket, query.units));
    let body = DiemCurveAnswer {
        supply: query.units.amount(supply),
        bucket: selling.next(),
        next_bucket: selling.next(),
        buckets: curve.as_ref().map(|curve| buckets(curve, query.units)),
        unknown: [snapshot.as_of().unknown(), unknown(curve.as_ref(), aim.as_ref())].concat(),
        curve: diem::view(curve.as_ref(), aim.as_ref(), supply, query.units),
        as_of: snapshot.as_of().clone(),
    };
    Ok(answer(&snapshot, &conditional, &body))
}

fn open(bucket: &Bucket, units: Units) -> OpenBucket {
    OpenBucket {
        index: bucket.index,
        bound: units.amount(bucket.bound),
        mint_rate: units.amount(bucket.rate),
        left: units.amount(bucket.left),
    }
}

fn buckets(curve: &Curve, units: Units) -> Vec<CurveBucket> {
    let cell = |(bound, rate): (U256, U256)| CurveBucket { bound: units.amount(bound), mint_rate: units.amount(rate) };
    curve.cells().map(cell).collect()
}

fn unknown(curve: Option<&Curve>, aim: Option<&Aim>) -> Vec<String> {
    let own: &[&str] = if curve.is_some() { &[] } else { &["bucket", "next_bucket", "buckets"] };
    diem::unknown(curve, aim).into_iter().chain(own.iter().map(|name| (*name).to_owned())).collect()
}
