//! `GET /v1/stakers`

use alloy_primitives::{Address, U256};
use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use store::deployment::Deployment;
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::extract::{Conditional, Query};
use crate::openapi::ListProblems;
use crate::page_cursor::{PageCursor, cut, open};
use crate::params::{BlockParams, FromPairs, ListParams, Pairs, UnitParams, invalid};
use crate::problem::Problem;
use crate::respond::{answer, unchanged};
use crate::snapshot::{AsOf, Needs};
use crate::table::Order;
use crate::wire::{AddressText, Amount, Ratio, Units};

/// In which order.
#[derive(Clone, Copy, Debug, Default, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RankingParams {
    /// `svvv` (default), `diem_staked` or `locked`: the most of it first, ties by address.
    #[param(value_type = Option<String>, pattern = "^(svvv|diem_staked|locked)$", example = "svvv")]
    order: Option<Ranking>,
}

/// What stakers are ranked by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ranking {
    /// sVVV balance, locked and unlocked together.
    #[default]
    Svvv,
    /// Staked DIEM.
    DiemStaked,
    /// sVVV locked against minted DIEM.
    Locked,
}

impl Ranking {
    fn from_name(name: &str) -> Option<Self> {
        match name {
            "svvv" => Some(Self::Svvv),
            "diem_staked" => Some(Self::DiemStaked),
            "locked" => Some(Self::Locked),
            _ => None,
        }
    }

    fn order(self) -> Order {
        match self {
            Self::Svvv => Order::Share,
            Self::DiemStaked => Order::Staked,
            Self::Locked => Order::Locked,
        }
    }

    fn amount(self, held: &Held) -> U256 {
        match self {
            Self::Svvv => held.svvv,
            Self::DiemStaked => held.diem_staked,
            Self::Locked => held.locked,
        }
    }
}

/// What ranks an address.
struct Held {
    address: Address,
    svvv: U256,
    locked: U256,
    diem_staked: U256,
}

/// Order, page, block and unit.
#[derive(Clone, Debug, Default)]
pub struct StakersParams {
    ranking: RankingParams,
    list: ListParams,
    block: BlockParams,
    units: Units,
}

impl FromPairs for StakersParams {
    fn from_pairs(pairs: &mut Pairs) -> Result<Self, Problem> {
        let order = pairs.take("order", Ranking::from_name, "svvv, diem_staked or locked")?;
        Ok(Self {
            ranking: RankingParams { order },
            list: ListParams::from_pairs(pairs)?,
            block: BlockParams::from_pairs(pairs)?,
            units: UnitParams::from_pairs(pairs)?.units,
        })
    }
}

/// A page of stakers.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct StakersAnswer {
    /// Those that have some of what they are ranked by, the most first.
    items: Vec<Staker>,
    /// For the next page; null after the last.
    next_cursor: Option<String>,
    /// How many there are, whatever the page.
    #[schema(minimum = 0, example = 12_345)]
    count: usize,
    /// Fields that are null because they cannot be known.
    #[schema(example = json!([]))]
    unknown: Vec<String>,
    /// The block.
    as_of: AsOf,
}

/// An address that stakes.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Staker {
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
    /// svvv / sVVV.totalSupply(); null where nobody has staked.
    share: Option<Ratio>,
    /// sVVV locked against minted DIEM.
    locked: Amount,
    /// Staked DIEM.
    diem_staked: Amount,
    /// diem_staked / DIEM that everybody has staked; null where nobody has.
    diem_staked_share: Option<Ratio>,
}

/// Which list, and its last row so far.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Key {
    #[serde(rename = "r")]
    ranking: Ranking,
    #[serde(rename = "a")]
    after: Address,
}

/// Stakers, the largest first
///
/// Those with some of what they are ranked by, addresses with the same amount in the order of their bytes. The three
/// contracts' own addresses are left out, as in the number of stakers; labelled ones are not, and say so.
#[utoipa::path(
    get,
    operation_id = "listStakers",
    path = "/v1/stakers",
    tag = "network",
    params(RankingParams, ListParams, BlockParams, UnitParams),
    responses((status = 200, description = "A page of stakers.", body = StakersAnswer), ListProblems),
)]
pub async fn get(
    State(app): State<App>,
    Query(query): Query<StakersParams>,
    conditional: Conditional,
) -> Result<Response, Problem> {
    let before = query.list.cursor.as_deref().map(PageCursor::<Key>::parse).transpose()?;
    let ranking = agreed(query.ranking.order, before.as_ref())?;
    let mut snapshot = open(&app, Needs::Capacity, &query.block, before.as_ref()).await?;
    if let Some(response) = unchanged(&snapshot, &conditional) {
        return Ok(response);
    }
    let epoch = snapshot.epoch().await?;
    let table = snapshot.table(&epoch).await?;
    let totals = snapshot.capacity_totals().await?;
    let deployment = snapshot.deployment();
    let contracts = deployment.ledger_contracts();
    let ranked = |order: Order, after: Option<Address>| {
        let held = table.rows(order, after).map(|row| Held {
            address: row.address,
            svvv: row.svvv,
            locked: row.locked,
            diem_staked: row.staked.now,
        });
        held.filter(|held| !ranking.amount(held).is_zero() && !contracts.contains(held.address))
    };
    let after = before.as_ref().map(|before| before.key.after);
    let mut rows: Vec<Held> = ranked(ranking.order(), after).take(query.list.limit + 1).collect();
    let next_cursor = cut(&mut rows, query.list.limit)
        .map(|last| PageCursor::next(before.as_ref(), &snapshot, Key { ranking, after: last.address }).write());
    let whole = (totals.svvv_supply, totals.diem_staked);
    let body = StakersAnswer {
        items: rows.iter().map(|held| staker(held, &deployment, whole, query.units)).collect(),
        next_cursor,
        count: ranked(Order::Address, None).count(),
        unknown: snapshot.as_of().unknown(),
        as_of: snapshot.as_of().clone(),
    };
    Ok(answer(&snapshot, &conditional, &body))
}

fn agreed(asked: Option<Ranking>, before: Option<&PageCursor<Key>>) -> Result<Ranking, Problem> {
    match (asked, before) {
        (asked, None) => Ok(asked.unwrap_or_default()),
        (Some(asked), Some(before)) if asked != before.key.ranking => {
            Err(invalid("cursor", "belongs to a list of another order"))
        }
        (_, Some(before)) => Ok(before.key.ranking),
    }
}

fn staker(held: &Held, deployment: &Deployment, (svvv, diem_staked): (U256, U256), units: Units) -> Staker {
    let label = deployment.label(held.address);
    Staker {
        address: held.address.into(),
        label: label.map(|label| label.name.clone()),
        kind: label.map(|label| label.kind.name()),
        svvv: units.amount(held.svvv),
        share: Ratio::of(held.svvv, svvv),
        locked: units.amount(held.locked),
        diem_staked: units.amount(held.diem_staked),
        diem_staked_share: Ratio::of(held.diem_staked, diem_staked),
    }
}
