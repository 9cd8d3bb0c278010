//! `POST /v1/entitlements`

use std::collections::{BTreeMap, HashSet};

use alloy_primitives::Address;
use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::address;
use crate::app::App;
use crate::extract::{JsonBody, Object, Query};
use crate::guarded::{Guard, GuardedParams, Spends, counted};
use crate::holding::Holding;
use crate::openapi::BodyProblems;
use crate::params::UnitParams;
use crate::problem::{Kind, Problem};
use crate::respond::answer_untagged;
use crate::rights::{Desk, Rights};
use crate::routes::entitlements::{AddressRights, EntitlementParams, address_rights};
use crate::snapshot::{AsOf, Finality, Needs, Snapshot};
use crate::wire::{AddressText, Amount};

/// Addresses in one request, those of accounts included.
const ADDRESSES_MAX: usize = 1_000;
/// In the caller's name of an account, which is sent back.
const ID_CHARACTERS_MAX: usize = 256;

/// Whose entitlements: addresses each for itself, accounts as the sum of theirs, at most 1,000 addresses altogether.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BatchRequest {
    /// Each is an item of its own, in this order, duplicates kept.
    #[serde(default)]
    #[schema(
        value_type = Option<Vec<AddressText>>,
        max_items = 1000,
        example = json!(["0x321b7ff75154472B18EDb199033fF4D116F340Ff"])
    )]
    addresses: Option<Vec<String>>,
    /// Each is one item, after those of `addresses`.
    #[serde(default)]
    #[schema(value_type = Option<Vec<Account>>, max_items = 1000)]
    accounts: Option<Vec<Object<Account>>>,
}

/// An account of several addresses.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// The caller's name for it; comes back unchanged.
    #[schema(max_length = 256, example = "customer-17")]
    id: String,
    /// Its addresses. One that is listed twice counts once.
    #[schema(
        value_type = Vec<AddressText>,
        max_items = 1000,
        example = json!(["0x321b7ff75154472B18EDb199033fF4D116F340Ff"])
    )]
    addresses: Vec<String>,
}

/// The answer for several addresses or accounts, all at one block.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct BatchAnswer {
    /// In the order asked for: addresses, then accounts.
    items: Vec<BatchItem>,
    /// Both blocks, with `?finality=guarded`; else null.
    guarded: Option<Guard>,
    /// The block, one for all; of a guarded answer the latest.
    as_of: AsOf,
}

/// One item.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum BatchItem {
    /// Of an address.
    Address(Box<AddressRights>),
    /// Of an account.
    Account(Box<AccountRights>),
}

/// What an account may use: summed first, then the minimum and Pro membership once.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AccountRights {
    /// The caller's name for it.
    #[schema(example = "customer-17")]
    id: String,
    /// Its addresses, each once.
    members: Vec<Member>,
    #[serde(flatten)]
    rights: Rights,
}

/// What one address adds to an account.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Member {
    /// The address.
    address: AddressText,
    /// Its name, where the deployment labels it.
    #[schema(example = json!(null))]
    label: Option<String>,
    /// Its label's kind.
    #[schema(example = json!(null))]
    kind: Option<&'static str>,
    /// Its sVVV.
    svvv: Amount,
    /// Its DIEM staked now.
    staked: Amount,
    /// Its DIEM staked at the epoch's opening block.
    epoch_open: Amount,
}

/// What several addresses or accounts may use, at one block
///
/// Venice applies the minimum of staked DIEM per account, and an account may have several wallets: addresses of an
/// account are summed first, then the minimum and Pro membership are decided once.
#[utoipa::path(
    post,
    operation_id = "postEntitlements",
    path = "/v1/entitlements",
    tag = "entitlements",
    request_body = BatchRequest,
    params(
        ("fields" = Option<String>, Query, pattern = "^entitlement$",
         description = "`entitlement` leaves out what other people's stakes move (`total_svvv`, `share`)."),
        GuardedParams,
        UnitParams,
    ),
    responses((status = 200, description = "All of them at the block.", body = BatchAnswer), BodyProblems),
)]
pub async fn post(
    State(app): State<App>,
    Query(query): Query<EntitlementParams>,
    JsonBody(request): JsonBody<BatchRequest>,
) -> Result<Response, Problem> {
    let batch = Batch::new(request)?;
    let mut snapshot = Snapshot::open(&app, Needs::Capacity, &query.at.block()).await?;
    let latest = batch.seen(&mut snapshot, &query).await?;
    let as_of = snapshot.as_of().clone();
    if !query.at.is_guarded() {
        let items = latest.into_iter().map(|(_, item)| item).collect();
        return Ok(answer_untagged(&as_of, &BatchAnswer { items, guarded: None, as_of: as_of.clone() }));
    }
    snapshot.turn_to(Finality::Safe).await?;
    let safe = batch.seen(&mut snapshot, &query).await?;
    let items = latest.into_iter().zip(safe).map(|(latest, safe)| smaller(latest, safe)).collect();
    let guarded = Some(Guard::new(&as_of, snapshot.as_of()));
    Ok(answer_untagged(&as_of, &BatchAnswer { items, guarded, as_of: as_of.clone() }))
}

/// The same item at two blocks: the one that is counted, which says so.
fn smaller((latest, at_latest): (Spends, BatchItem), (safe, at_safe): (Spends, BatchItem)) -> BatchItem {
    let counted_at = counted(latest, safe);
    let mut item = if counted_at == Finality::Safe { at_safe } else { at_latest };
    match &mut item {
        BatchItem::Address(item) => item.rights.counted_at = Some(counted_at),
        BatchItem::Account(item) => item.rights.counted_at = Some(counted_at),
    }
    item
}

/// A request whose addresses are addresses.
struct Batch {
    addresses: Vec<Address>,
    accounts: Vec<(String, Vec<Address>)>,
}

impl Batch {
    fn new(request: BatchRequest) -> Result<Self, Problem> {
        if request.addresses.is_none() && request.accounts.is_none() {
            return Err(Problem::new(Kind::InvalidBody, "the body has neither addresses nor accounts"));
        }
        let addresses = request.addresses.unwrap_or_default();
        let accounts: Vec<Account> = request.accounts.into_iter().flatten().map(|Object(account)| account).collect();
        let count = addresses.len() + accounts.iter().map(|account| account.addresses.len()).sum::<usize>();
        if count > ADDRESSES_MAX || accounts.len() > ADDRESSES_MAX {
            let detail = format!("{count} addresses; at most {ADDRESSES_MAX} are answered at once");
            return Err(Problem::new(Kind::LimitExceeded, detail).with("limit", ADDRESSES_MAX));
        }
        if accounts.iter().any(|account| account.id.chars().count() > ID_CHARACTERS_MAX) {
            let detail = format!("an account's id has more than {ID_CHARACTERS_MAX} characters");
            return Err(Problem::new(Kind::LimitExceeded, detail).with("limit", ID_CHARACTERS_MAX));
        }
        let accounts = accounts.into_iter().map(|Account { id, addresses }| Ok((id, once(parse(&addresses)?))));
        Ok(Self { addresses: parse(&addresses)?, accounts: accounts.collect::<Result<_, Problem>>()? })
    }

    fn distinct(&self) -> Vec<Address> {
        let members = self.accounts.iter().flat_map(|(_, addresses)| addresses);
        once(self.addresses.iter().chain(members).copied().collect())
    }

    /// All items at the block of the snapshot, with what a guarded answer compares.
    async fn seen(
        &self,
        snapshot: &mut Snapshot,
        query: &EntitlementParams,
    ) -> Result<Vec<(Spends, BatchItem)>, Problem> {
        let desk = Desk::open(snapshot, query.units, query.fields).await?;
        let wanted = self.distinct();
        let holdings = snapshot.holdings(&wanted, desk.epoch()).await?;
        self.items(&desk, &wanted.into_iter().zip(holdings).collect())
    }

    fn items(&self, desk: &Desk, holdings: &BTreeMap<Address, Holding>) -> Result<Vec<(Spends, BatchItem)>, Problem> {
        let of = |address: &Address| holdings.get(address).copied().unwrap_or_default();
        let addresses = self.addresses.iter().map(|address| {
            let holding = of(address);
            let item = BatchItem::Address(Box::new(address_rights(desk, *address, &holding)));
            Ok((desk.spends(&holding), item))
        });
        let accounts = self.accounts.iter().map(|(id, addresses)| {
            let held: Vec<Holding> = addresses.iter().map(of).collect();
            let sum = Holding::sum(&held)?;
            let rights = desk.rights(&sum);
            let members =
                addresses.iter().zip(&held).map(|(address, holding)| member(desk, *address, holding)).collect();
            let item = BatchItem::Account(Box::new(AccountRights { id: id.clone(), members, rights }));
            Ok((desk.spends(&sum), item))
        });
        addresses.chain(accounts).collect()
    }
}

fn member(desk: &Desk, address: Address, holding: &Holding) -> Member {
    let (label, kind) = desk.label(address);
    Member {
        address: address.into(),
        label,
        kind,
        svvv: desk.amount(holding.position.svvv),
        staked: desk.amount(holding.position.diem_staked),
        epoch_open: desk.amount(holding.epoch_open),
    }
}

fn parse(texts: &[String]) -> Result<Vec<Address>, Problem> {
    texts.iter().map(|text| address::parse(text)).collect()
}

/// Each once, in the order of its first appearance.
fn once(addresses: Vec<Address>) -> Vec<Address> {
    let mut seen = HashSet::new();
    addresses.into_iter().filter(|address| seen.insert(*address)).collect()
}
