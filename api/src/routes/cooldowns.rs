//! `GET /v1/cooldowns`

use axum::extract::State;
use axum::response::Response;
use ledger::calendar::Calendar;
use ledger::totals::Tally;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::extract::{Conditional, Query};
use crate::openapi::ReadProblems;
use crate::params::{BlockParams, FigureParams, UnitParams};
use crate::problem::Problem;
use crate::respond::{answer, unchanged};
use crate::snapshot::{AsOf, Needs, Snapshot};
use crate::wire::{Amount, Units, day};

/// What is unstaked and not withdrawn yet.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CooldownsAnswer {
    /// VVV of unstaked sVVV.
    svvv: CooldownCalendar,
    /// Unstaked DIEM.
    diem: CooldownCalendar,
    /// Fields that are null because they cannot be known.
    #[schema(example = json!([]))]
    unknown: Vec<String>,
    /// The block.
    as_of: AsOf,
}

/// Cooling amounts by when they may be withdrawn. Each is counted once: `cooling` is `claimable`, `days`, `later` and
/// `unknown_end` together.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CooldownCalendar {
    /// All of it.
    cooling: CooldownSum,
    /// What may be withdrawn at the block's time.
    claimable: CooldownSum,
    /// What may be withdrawn later, by the UTC day on which its cooldown ends; days without any are left out.
    days: Vec<CooldownDay>,
    /// What may be withdrawn on a day that cannot be written, because it comes after the year 9999.
    later: CooldownSum,
    /// What ends nobody knows when: the duration in force was not known.
    unknown_end: CooldownSum,
}

/// An amount and how many accounts it is of.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CooldownSum {
    /// VVV or DIEM.
    amount: Amount,
    /// How many accounts.
    #[schema(minimum = 0, example = 17)]
    accounts: u64,
}

/// What ends on one day.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CooldownDay {
    /// The UTC day.
    #[schema(pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$", example = "2026-11-20")]
    day: String,
    #[serde(flatten)]
    sum: CooldownSum,
}

/// The calendar of cooldowns
///
/// An account has one cooldown of sVVV and one of DIEM; unstaking more DIEM begins it anew for all that cools.
#[utoipa::path(
    get,
    operation_id = "getCooldowns",
    path = "/v1/cooldowns",
    tag = "network",
    params(BlockParams, UnitParams),
    responses((status = 200, description = "The cooldowns at the block.", body = CooldownsAnswer), ReadProblems),
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
    let timestamp = snapshot.epoch().await?.timestamp;
    let totals = snapshot.capacity_totals().await?;
    let (svvv, diem) = snapshot.cooldowns(timestamp).await?;
    let calendar =
        |amount, count, accounts| Calendar::at(timestamp, Tally { amount, count }, accounts).map_err(Problem::internal);
    let body = CooldownsAnswer {
        svvv: view(&calendar(totals.svvv_cooling, totals.svvv_cooling_accounts, svvv)?, query.units)?,
        diem: view(&calendar(totals.diem_cooling, totals.diem_cooling_accounts, diem)?, query.units)?,
        unknown: snapshot.as_of().unknown(),
        as_of: snapshot.as_of().clone(),
    };
    Ok(answer(&snapshot, &conditional, &body))
}

fn view(calendar: &Calendar, units: Units) -> Result<CooldownCalendar, Problem> {
    let sum = |tally: &Tally| CooldownSum { amount: units.amount(tally.amount), accounts: tally.count };
    let (mut days, mut later) = (Vec::with_capacity(calendar.days.len()), Tally::default());
    for (epoch, tally) in &calendar.days {
        match day(*epoch) {
            Some(day) => days.push(CooldownDay { day, sum: sum(tally) }),
            None => later = later.and(*tally).ok_or_else(|| Problem::internal("more cools than fits in 256 bits"))?,
        }
    }
    Ok(CooldownCalendar {
        cooling: sum(&calendar.cooling),
        claimable: sum(&calendar.claimable),
        days,
        later: sum(&later),
        unknown_end: sum(&calendar.unknown_end),
    })
}
