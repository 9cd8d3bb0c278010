//! `POST /v1/allocations`

use std::collections::HashSet;

use alloy_primitives::{Address, U256};
use axum::extract::State;
use axum::response::Response;
use ledger::allocation::split;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::address;
use crate::app::App;
use crate::extract::{JsonBody, Object, Query};
use crate::openapi::BodyProblems;
use crate::params::{BlockParams, FigureParams, UnitParams};
use crate::problem::{Kind, Problem};
use crate::respond::answer_untagged;
use crate::snapshot::{AsOf, EpochAt, Needs, Snapshot};
use crate::table::Order;
use crate::wire::{AddressText, Units, Usd, eighteen_digits, parse_decimal};

/// Addresses of an active set, or weights, in one request.
const CLAIMS_MAX: usize = 1_000;
/// Stakers that are split among at once.
const STAKERS_MAX: usize = 100_000;
/// In the caller's name of a weight, which is sent back.
const ID_CHARACTERS_MAX: usize = 256;

/// What is to be split, and by what: one of `capacity_usd` and `source`, one of `basis` and `weights`.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AllocationRequest {
    /// Dollars to be split, as a decimal string.
    #[serde(default)]
    #[schema(pattern = r"^[0-9]+(\.[0-9]{1,18})?$", example = "1000.00")]
    capacity_usd: Option<String>,
    /// Whose allocation at the block is to be split, such as a vault's.
    #[serde(default)]
    #[schema(value_type = Option<AddressText>, example = json!(null))]
    source: Option<String>,
    /// By what addresses hold at the block.
    #[serde(default)]
    #[schema(inline)]
    basis: Option<Basis>,
    /// By weights of the caller's own. No id may come twice.
    #[serde(default)]
    #[schema(value_type = Option<Vec<CallerWeight>>, max_items = 1000, example = json!(null))]
    weights: Option<Vec<Object<CallerWeight>>>,
    /// With `basis`: only among these addresses. One that is listed twice counts once. Default: all that hold something.
    #[serde(default)]
    #[schema(
        value_type = Option<Vec<AddressText>>,
        max_items = 1000,
        example = json!(["0x321b7ff75154472B18EDb199033fF4D116F340Ff"])
    )]
    active: Option<Vec<String>>,
}

/// What of an address's holdings is its weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Basis {
    /// sVVV balance, locked and unlocked together.
    Svvv,
    /// Staked DIEM.
    Diem,
}

/// A weight of the caller's own.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CallerWeight {
    /// The caller's name for it; comes back unchanged.
    #[schema(max_length = 256, example = "customer-17")]
    id: String,
    /// A decimal string; only the proportions matter.
    #[schema(pattern = r"^[0-9]+(\.[0-9]{1,18})?$", example = "2.5")]
    weight: String,
}

/// Parts that add up exactly.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AllocationAnswer {
    /// What was to be split.
    capacity_usd: Usd,
    /// All stakers by address; an active set and weights as they were given.
    items: Vec<AllocationItem>,
    /// The sum of the parts: `capacity_usd`, unless all weights are 0 and nobody can be given anything.
    total_usd: Usd,
    /// The sum of the weights.
    total_weight: Weight,
    /// Fields that are null because they cannot be known.
    #[schema(example = json!([]))]
    unknown: Vec<String>,
    /// The block.
    as_of: AsOf,
}

/// One part.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AllocationItem {
    /// Whose, where the split is by holdings.
    address: Option<AddressText>,
    /// Whose, where the split is by weights of the caller's own.
    #[schema(example = json!(null))]
    id: Option<String>,
    /// The part: the exact share rounded down, or one unit of 1e-18 more for the largest remainders, ties by address or
    /// id.
    amount_usd: Usd,
    /// What it is in proportion to.
    weight: Weight,
}

/// A weight: what an address holds, in the unit of `units`, or a caller's weight with 18 digits after the point.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(value_type = String, pattern = r"^[0-9]+(\.[0-9]{18})?$", example = "1250000000000000000")]
pub struct Weight(String);

/// Splits a capacity, so that the parts add up exactly
///
/// Among all stakers or an active set, by sVVV or staked DIEM, or by weights of the caller's own. By sVVV among all
/// stakers, a part is `share` of the capacity; contracts' own addresses hold shares like any other.
#[utoipa::path(
    post,
    operation_id = "postAllocations",
    path = "/v1/allocations",
    tag = "capacity",
    request_body = AllocationRequest,
    params(BlockParams, UnitParams),
    responses((status = 200, description = "The parts at the block.", body = AllocationAnswer), BodyProblems),
)]
pub async fn post(
    State(app): State<App>,
    Query(query): Query<FigureParams>,
    JsonBody(request): JsonBody<AllocationRequest>,
) -> Result<Response, Problem> {
    let (pot, among) = (Pot::new(&request)?, Among::new(&request)?);
    let _leave = matches!(among, Among::Stakers(_)).then(|| app.wide_answer()).transpose()?;
    let mut snapshot = Snapshot::open(&app, Needs::Capacity, &query.block).await?;
    let epoch = snapshot.epoch().await?;
    let capacity = pot.capacity(&mut snapshot, &epoch).await?;
    let claims = among.claims(&mut snapshot, &epoch).await?;
    let parts = split(capacity, &claims).map_err(|error| Problem::new(Kind::LimitExceeded, error.to_string()))?;
    let weigh = |weight: U256| Weight(among.write(weight, query.units));
    let body = AllocationAnswer {
        capacity_usd: Usd::new(capacity),
        total_usd: Usd::new(parts.iter().sum()),
        total_weight: weigh(claims.iter().map(|(_, weight)| *weight).sum()),
        items: claims.into_iter().zip(parts).map(|((who, weight), part)| item(who, weigh(weight), part)).collect(),
        unknown: snapshot.as_of().unknown(),
        as_of: snapshot.as_of().clone(),
    };
    Ok(answer_untagged(snapshot.as_of(), &body))
}

fn item(who: Who, weight: Weight, part: U256) -> AllocationItem {
    let (address, id) = match who {
        Who::Address(address) => (Some(address.into()), None),
        Who::Id(id) => (None, Some(id)),
    };
    AllocationItem { address, id, amount_usd: Usd::new(part), weight }
}

/// Who gets a part; ties are decided by it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Who {
    Address(Address),
    Id(String),
}

/// What is split.
enum Pot {
    Dollars(U256),
    AllocationOf(Address),
}

impl Pot {
    fn new(request: &AllocationRequest) -> Result<Self, Problem> {
        match (&request.capacity_usd, &request.source) {
            (Some(text), None) => {
                let dollars = parse_decimal(text).map(Self::Dollars);
                dollars.ok_or_else(|| invalid("capacity_usd must be a decimal string of dollars such as \"1000.50\""))
            }
            (None, Some(source)) => address::parse(source).map(Self::AllocationOf),
            _ => Err(invalid("give exactly one of capacity_usd and source")),
        }
    }

    async fn capacity(&self, snapshot: &mut Snapshot, epoch: &EpochAt) -> Result<U256, Problem> {
        match self {
            Self::Dollars(dollars) => Ok(*dollars),
            Self::AllocationOf(source) => {
                let policy = snapshot.deployment().ledger_policy();
                let holdings = snapshot.holdings(&[*source], epoch).await?;
                Ok(holdings.first().map(|holding| policy.entitle(&holding.staked()).allocation).unwrap_or_default())
            }
        }
    }
}

/// Among whom, and by what.
enum Among {
    Stakers(Basis),
    Active(Basis, Vec<Address>),
    Weights(Vec<(Who, U256)>),
}

impl Among {
    fn new(request: &AllocationRequest) -> Result<Self, Problem> {
        match (request.basis, &request.weights, &request.active) {
            (Some(basis), None, None) => Ok(Self::Stakers(basis)),
            (Some(basis), None, Some(active)) => Ok(Self::Active(basis, distinct(active)?)),
            (None, Some(weights), None) => Ok(Self::Weights(parse_weights(weights)?)),
            (None, Some(_), Some(_)) => Err(invalid("active goes with basis, not with weights")),
            _ => Err(invalid("give exactly one of basis and weights")),
        }
    }

    async fn claims(&self, snapshot: &mut Snapshot, epoch: &EpochAt) -> Result<Vec<(Who, U256)>, Problem> {
        match self {
            Self::Weights(weights) => Ok(weights.clone()),
            Self::Active(basis, active) => {
                let holdings = snapshot.holdings(active, epoch).await?;
                let weights = holdings.iter().map(|holding| match basis {
                    Basis::Svvv => holding.position.svvv,
                    Basis::Diem => holding.position.diem_staked,
                });
                Ok(active.iter().map(|address| Who::Address(*address)).zip(weights).collect())
            }
            Self::Stakers(basis) => {
                let table = snapshot.table(epoch).await?;
                let claims = table.rows(Order::Address, None).map(|row| match basis {
                    Basis::Svvv => (Who::Address(row.address), row.svvv),
                    Basis::Diem => (Who::Address(row.address), row.staked.now),
                });
                let claims: Vec<_> = claims.filter(|(_, weight)| !weight.is_zero()).collect();
                hold(claims.len(), STAKERS_MAX, "stakers")?;
                Ok(claims)
            }
        }
    }

    /// What addresses hold is an amount of tokens; a caller's weight has no unit.
    fn write(&self, weight: U256, units: Units) -> String {
        match self {
            Self::Weights(_) => eighteen_digits(weight),
            Self::Stakers(_) | Self::Active(..) => units.write(weight),
        }
    }
}

fn distinct(active: &[String]) -> Result<Vec<Address>, Problem> {
    hold(active.len(), CLAIMS_MAX, "addresses")?;
    let mut seen = HashSet::new();
    let addresses = active.iter().map(|text| address::parse(text)).collect::<Result<Vec<_>, _>>()?;
    Ok(addresses.into_iter().filter(|address| seen.insert(*address)).collect())
}

fn parse_weights(weights: &[Object<CallerWeight>]) -> Result<Vec<(Who, U256)>, Problem> {
    hold(weights.len(), CLAIMS_MAX, "weights")?;
    let mut seen = HashSet::new();
    let parse = |Object(CallerWeight { id, weight }): &Object<CallerWeight>| {
        hold(id.chars().count(), ID_CHARACTERS_MAX, "characters of an id")?;
        let parsed =
            parse_decimal(weight).ok_or_else(|| invalid("a weight must be a decimal string such as \"2.5\""))?;
        if seen.insert(id.clone()) { Ok((Who::Id(id.clone()), parsed)) } else { Err(invalid("an id comes twice")) }
    };
    weights.iter().map(parse).collect()
}

fn hold(count: usize, limit: usize, what: &str) -> Result<(), Problem> {
    if count <= limit {
        return Ok(());
    }
    Err(Problem::new(Kind::LimitExceeded, format!("{count} {what}; the limit is {limit}")).with("limit", limit))
}

fn invalid(why: &str) -> Problem {
    Problem::new(Kind::InvalidBody, why)
}
