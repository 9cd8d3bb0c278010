//! `GET /v1/diem/quote`

use alloy_primitives::U256;
use axum::extract::State;
use axum::response::Response;
use ledger::curve::{Curve, QuoteError};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::extract::{Conditional, Query};
use crate::openapi::QuoteProblems;
use crate::params::{BlockParams, FromPairs, Pairs, UnitParams};
use crate::problem::{Kind, Problem};
use crate::respond::{answer, unchanged};
use crate::snapshot::{AsOf, Needs, Snapshot};
use crate::wire::{Amount, Units};

/// What is to be quoted: exactly one of the two, in the unit of `units`.
#[derive(Clone, Copy, Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct QuoteOf {
    /// How much DIEM does locking this much sVVV mint?
    #[param(value_type = Option<String>, pattern = r"^[0-9]+(\.[0-9]{1,18})?$", example = "1000000000000000000000")]
    svvv: Option<U256>,
    /// How much sVVV must be locked, at least, to mint this much DIEM?
    #[param(value_type = Option<String>, pattern = r"^[0-9]+(\.[0-9]{1,18})?$")]
    diem: Option<U256>,
}

/// Which way a quote goes.
#[derive(Clone, Copy, Debug)]
enum Given {
    Svvv(U256),
    Diem(U256),
}

/// What is to be quoted, block and unit.
#[derive(Clone, Debug)]
pub struct QuoteParams {
    given: Given,
    block: BlockParams,
    units: Units,
}

impl FromPairs for QuoteParams {
    fn from_pairs(pairs: &mut Pairs) -> Result<Self, Problem> {
        let units = UnitParams::from_pairs(pairs)?.units;
        let expected = match units {
            Units::Base => "a whole number of base units",
            Units::Token => "an amount of tokens such as 0.5",
        };
        let svvv = pairs.take("svvv", |text| units.parse(text), expected)?;
        let diem = pairs.take("diem", |text| units.parse(text), expected)?;
        Ok(Self { given: QuoteOf { svvv, diem }.given()?, block: BlockParams::from_pairs(pairs)?, units })
    }
}

impl QuoteOf {
    fn given(self) -> Result<Given, Problem> {
        match (self.svvv, self.diem) {
            (Some(svvv), None) => Ok(Given::Svvv(svvv)),
            (None, Some(diem)) => Ok(Given::Diem(diem)),
            _ => Err(Problem::new(Kind::InvalidParameter, "give exactly one of ?svvv and ?diem")),
        }
    }
}

/// What the contract would answer at the DIEM supply of the block, wei for wei.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct QuoteAnswer {
    /// sVVV to lock: as asked, or the least that suffices; null where the curve does not tell.
    svvv: Option<Amount>,
    /// DIEM minted for it: where DIEM was asked for, at least as much, for a wei of sVVV may be worth more than one of
    /// DIEM. Null where the curve does not tell.
    diem: Option<Amount>,
    /// sVVV for one DIEM over the whole quote, rounded up; null where no DIEM is minted or the curve is not known.
    average_rate: Option<Amount>,
    /// sVVV for the next DIEM before it.
    mint_rate: Option<Amount>,
    /// sVVV for the next DIEM after it; null where the table is sold out then.
    mint_rate_after: Option<Amount>,
    /// DIEM.totalSupply() before it.
    supply: Amount,
    /// Fields that are null because they cannot be known.
    #[schema(example = json!([]))]
    unknown: Vec<String>,
    /// The block.
    as_of: AsOf,
}

/// What minting DIEM costs
///
/// Both ways, with the contract's own rounding. Where the contract would revert, because the buckets sell no more, the
/// answer is a problem document of type `curve-exhausted`.
#[utoipa::path(
    get,
    operation_id = "getDiemQuote",
    path = "/v1/diem/quote",
    tag = "network",
    params(QuoteOf, BlockParams, UnitParams),
    responses((status = 200, description = "The quote at the block.", body = QuoteAnswer), QuoteProblems),
)]
pub async fn get(
    State(app): State<App>,
    Query(query): Query<QuoteParams>,
    conditional: Conditional,
) -> Result<Response, Problem> {
    let mut snapshot = Snapshot::open(&app, Needs::Capacity, &query.block).await?;
    let supply = snapshot.capacity_totals().await?.diem_supply;
    let curve = snapshot.curve().await?;
    let quote = curve.as_ref().map(|curve| Quote::new(curve, query.given, supply)).transpose()?;
    if let Some(response) = unchanged(&snapshot, &conditional) {
        return Ok(response);
    }
    let units = query.units;
    let amount = |of: fn(&Quote) -> Option<U256>| quote.as_ref().and_then(of).map(|it| units.amount(it));
    let (svvv, diem) = match query.given {
        Given::Svvv(svvv) => (Some(units.amount(svvv)), amount(|quote| Some(quote.diem))),
        Given::Diem(_) => (amount(|quote| Some(quote.svvv)), amount(|quote| Some(quote.diem))),
    };
    let missing = [("svvv", svvv.is_none()), ("diem", diem.is_none())];
    let missing = missing.into_iter().filter_map(|(name, is_missing)| is_missing.then_some(name));
    let rates = if quote.is_some() { &[][..] } else { &["average_rate", "mint_rate", "mint_rate_after"] };
    let missing = missing.chain(rates.iter().copied()).map(str::to_owned);
    let body = QuoteAnswer {
        svvv,
        diem,
        average_rate: amount(|quote| Curve::average_rate(quote.svvv, quote.diem)),
        mint_rate: amount(|quote| quote.rate),
        mint_rate_after: amount(|quote| quote.rate_after),
        supply: query.units.amount(supply),
        unknown: snapshot.as_of().unknown().into_iter().chain(missing).collect(),
        as_of: snapshot.as_of().clone(),
    };
    Ok(answer(&snapshot, &conditional, &body))
}

struct Quote {
    svvv: U256,
    diem: U256,
    rate: Option<U256>,
    rate_after: Option<U256>,
}

impl Quote {
    fn new(curve: &Curve, given: Given, supply: U256) -> Result<Self, Problem> {
        let refused = |error| refused(error, curve, supply);
        let svvv = match given {
            Given::Svvv(svvv) => svvv,
            Given::Diem(diem) => curve.svvv_for(diem, supply).map_err(refused)?,
        };
        let diem = curve.diem_for(svvv, supply).map_err(refused)?;
        let rate_after = supply.checked_add(diem).and_then(|supply| curve.mint_rate(supply));
        Ok(Self { svvv, diem, rate: curve.mint_rate(supply), rate_after })
    }
}

/// With what can be had, in base units, where that can be told.
fn refused(error: QuoteError, curve: &Curve, supply: U256) -> Problem {
    let left = curve.remaining_in_table(supply);
    match (error, curve.svvv_for(left, supply)) {
        (QuoteError::PastTheTable, Ok(cost)) => {
            let detail =
                format!("{error}: at this DIEM supply the contract sells {left} wei of DIEM for {cost} wei of sVVV");
            let problem = Problem::new(Kind::CurveExhausted, detail);
            problem.with("diem_max", left.to_string()).with("svvv_max", cost.to_string())
        }
        (QuoteError::PastTheTable, Err(_)) => {
            let detail = format!("{error}: at this DIEM supply the contract sells {left} wei of DIEM");
            Problem::new(Kind::CurveExhausted, detail).with("diem_max", left.to_string())
        }
        (QuoteError::Overflow, _) => Problem::new(Kind::CurveExhausted, format!("{error}: the contract reverts")),
    }
}
