//! `GET /v1/entitlements/{address}`

use alloy_primitives::Address;
use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::extract::{AddressPath, Conditional, Query};
use crate::guarded::{Guard, GuardedParams, Spends, counted};
use crate::holding::Holding;
use crate::openapi::ReadProblems;
use crate::params::{FromPairs, Pairs, UnitParams};
use crate::problem::Problem;
use crate::respond::{answer, answer_by_content, unchanged};
use crate::rights::{Desk, Fields, Rights};
use crate::snapshot::{AsOf, Finality, Needs, Snapshot};
use crate::wire::{AddressText, Units};

/// What an address may use, as if it were a whole account.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AddressRights {
    /// The address.
    pub address: AddressText,
    /// Its name, where the deployment labels it.
    #[schema(example = json!(null))]
    pub label: Option<String>,
    /// Its label's kind.
    #[schema(example = json!(null))]
    pub kind: Option<&'static str>,
    #[serde(flatten)]
    pub(crate) rights: Rights,
}

/// The answer for one address.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EntitlementAnswer {
    #[serde(flatten)]
    pub(crate) item: AddressRights,
    /// Both blocks, with `?finality=guarded`; else null.
    pub guarded: Option<Guard>,
    /// The block; of a guarded answer the one that is counted.
    pub as_of: AsOf,
}

/// Parameters of entitlements.
#[derive(Clone, Debug, Default)]
pub struct EntitlementParams {
    /// Which block, or which two.
    pub at: GuardedParams,
    /// Which unit.
    pub units: Units,
    /// Which fields.
    pub fields: Fields,
}

impl FromPairs for EntitlementParams {
    fn from_pairs(pairs: &mut Pairs) -> Result<Self, Problem> {
        Ok(Self {
            at: GuardedParams::from_pairs(pairs)?,
            units: UnitParams::from_pairs(pairs)?.units,
            fields: Fields::from_pairs(pairs)?,
        })
    }
}

/// What one address may use
///
/// Answers as if the address were a whole account; accounts of several addresses are summed by the POST. An address
/// never seen is not an error: zeros. Amounts are in base units of 1e-18, dollars have 18 digits.
#[utoipa::path(
    get,
    operation_id = "getEntitlement",
    path = "/v1/entitlements/{address}",
    tag = "entitlements",
    params(
        ("address" = String, Path, description = "All lower case, all upper case or EIP-55.",
         pattern = "^0x[0-9a-fA-F]{40}$", example = "0x321b7ff75154472B18EDb199033fF4D116F340Ff"),
        ("fields" = Option<String>, Query, pattern = "^entitlement$",
         description = "`entitlement` leaves out what other people's stakes move (`total_svvv`, `share`); the ETag \
                        then changes only when the answer does."),
        GuardedParams,
        UnitParams,
    ),
    responses((status = 200, description = "The address at the block.", body = EntitlementAnswer), ReadProblems),
)]
pub async fn get(
    State(app): State<App>,
    AddressPath(address): AddressPath,
    Query(query): Query<EntitlementParams>,
    conditional: Conditional,
) -> Result<Response, Problem> {
    let mut snapshot = Snapshot::open(&app, Needs::Capacity, &query.at.block()).await?;
    if query.at.is_guarded() {
        return guarded(snapshot, address, &query, &conditional).await;
    }
    if let (Fields::All, Some(response)) = (query.fields, unchanged(&snapshot, &conditional)) {
        return Ok(response);
    }
    let (_, item) = seen(&mut snapshot, address, &query).await?;
    let body = EntitlementAnswer { item, guarded: None, as_of: snapshot.as_of().clone() };
    match query.fields {
        Fields::All => Ok(answer(&snapshot, &conditional, &body)),
        Fields::Entitlement => answer_by_content(&snapshot, &conditional, &without_countdown(&body.item), &body),
    }
}

/// At both blocks; the answer is of the one at which less may be spent.
async fn guarded(
    mut snapshot: Snapshot,
    address: Address,
    query: &EntitlementParams,
    conditional: &Conditional,
) -> Result<Response, Problem> {
    let (latest, latest_item) = seen(&mut snapshot, address, query).await?;
    let latest_as_of = snapshot.as_of().clone();
    snapshot.turn_to(Finality::Safe).await?;
    let (safe, safe_item) = seen(&mut snapshot, address, query).await?;
    let guard = Guard::new(&latest_as_of, snapshot.as_of());
    let counted_at = counted(latest, safe);
    let mut item = match counted_at {
        Finality::Safe => safe_item,
        _ => {
            snapshot.turn_to(Finality::Latest).await?;
            latest_item
        }
    };
    item.rights.counted_at = Some(counted_at);
    let body = EntitlementAnswer { item, guarded: Some(guard), as_of: snapshot.as_of().clone() };
    match query.fields {
        Fields::All => answer_by_content(&snapshot, conditional, &(&body.item, &body.guarded), &body),
        Fields::Entitlement => answer_by_content(&snapshot, conditional, &without_countdown(&body.item), &body),
    }
}

async fn seen(
    snapshot: &mut Snapshot,
    address: Address,
    query: &EntitlementParams,
) -> Result<(Spends, AddressRights), Problem> {
    let desk = Desk::open(snapshot, query.units, query.fields).await?;
    let holdings = snapshot.holdings(&[address], desk.epoch()).await?;
    let holding = holdings.first().copied().unwrap_or_default();
    Ok((desk.spends(&holding), address_rights(&desk, address, &holding)))
}

/// Seconds count down with every block without anything having changed.
fn without_countdown(item: &AddressRights) -> AddressRights {
    let mut item = item.clone();
    item.rights.epoch.seconds_remaining = 0;
    item
}

/// What an address has and may.
pub fn address_rights(desk: &Desk, address: Address, holding: &Holding) -> AddressRights {
    let (label, kind) = desk.label(address);
    AddressRights { address: address.into(), label, kind, rights: desk.rights(holding) }
}
