//! Events as they are listed: of everybody, or of one address.

use alloy_primitives::Address;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use store::read::event::{EventFilter, EventRecord};
use utoipa::{IntoParams, ToSchema};

use crate::address;
use crate::app::App;
use crate::extract::Conditional;
use crate::page_cursor::{PageCursor, cut, open};
use crate::params::{BlockParams, FromPairs, ListParams, Pairs, UnitParams, integer, invalid};
use crate::problem::Problem;
use crate::respond::{answer, unchanged};
use crate::snapshot::{AsOf, Needs, Snapshot};
use crate::wire::{AddressText, Amount, Time, Units};

const CONTRACTS: [&str; 3] = ["vvv", "staking", "diem"];
/// Every kind there is, of whatever contract.
const KINDS: [&str; 17] = [
    "transfer",
    "staked",
    "unstake_initiated",
    "unstake_finalized",
    "unstaked",
    "claimed",
    "diem_minted",
    "diem_burned",
    "parameter_set",
    "upgraded",
    "initialized",
    "ownership_transferred",
    "role_granted",
    "role_revoked",
    "role_admin_changed",
    "other",
    "unknown",
];

/// Which events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct EventParams {
    /// Only of this contract: `vvv`, `staking` or `diem`.
    #[param(value_type = Option<String>, pattern = "^(vvv|staking|diem)$", example = "staking")]
    contract: Option<usize>,
    /// Only of this kind: `transfer`, `staked`, `unstake_initiated`, `unstake_finalized`, `unstaked`, `claimed`,
    /// `diem_minted`, `diem_burned`, `parameter_set`, `upgraded`, `initialized`, `ownership_transferred`, `role_granted`,
    /// `role_revoked`, `role_admin_changed`, `other` or `unknown`.
    #[param(value_type = Option<String>, pattern = "^[a-z_]+$", example = "staked")]
    kind: Option<usize>,
    /// Only from this block on.
    #[param(value_type = Option<i64>, minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    from_block: Option<u64>,
    /// Only up to this block.
    #[param(value_type = Option<i64>, minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    to_block: Option<u64>,
}

impl FromPairs for EventParams {
    fn from_pairs(pairs: &mut Pairs) -> Result<Self, Problem> {
        let contract = |text: &str| CONTRACTS.iter().position(|name| *name == text);
        let kind = |text: &str| KINDS.iter().position(|name| *name == text);
        Ok(Self {
            contract: pairs.take("contract", contract, "vvv, staking or diem")?,
            kind: pairs.take("kind", kind, &format!("one of {}", KINDS.join(", ")))?,
            from_block: pairs.take("from_block", integer, "a block number")?,
            to_block: pairs.take("to_block", integer, "a block number")?,
        })
    }
}

/// Whose events.
#[derive(Clone, Copy, Debug, Default, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct WhoseParams {
    /// Only those that name this address, on either side of a transfer.
    #[param(
        value_type = Option<String>,
        pattern = "^0x[0-9a-fA-F]{40}$",
        example = "0x321b7ff75154472B18EDb199033fF4D116F340Ff"
    )]
    pub address: Option<Address>,
}

impl FromPairs for WhoseParams {
    fn from_pairs(pairs: &mut Pairs) -> Result<Self, Problem> {
        Ok(Self { address: pairs.take_text("address").map(|text| address::parse(&text)).transpose()? })
    }
}

/// Which events, page, block and unit.
#[derive(Clone, Debug, Default)]
pub struct EventListParams {
    events: EventParams,
    list: ListParams,
    block: BlockParams,
    units: Units,
}

impl FromPairs for EventListParams {
    fn from_pairs(pairs: &mut Pairs) -> Result<Self, Problem> {
        Ok(Self {
            events: EventParams::from_pairs(pairs)?,
            list: ListParams::from_pairs(pairs)?,
            block: BlockParams::from_pairs(pairs)?,
            units: UnitParams::from_pairs(pairs)?.units,
        })
    }
}

/// A page of events.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EventsAnswer {
    /// The newest first.
    items: Vec<EventItem>,
    /// For the next page; null after the last.
    next_cursor: Option<String>,
    /// Fields that are null because they cannot be known.
    #[schema(example = json!([]))]
    unknown: Vec<String>,
    /// The block.
    as_of: AsOf,
}

/// A log and what it says. What its kind does not have is null.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EventItem {
    /// Its block.
    #[schema(minimum = 0, example = 51_530_033)]
    block_number: u64,
    /// The block's time; null where no header is stored and no clock tells.
    block_timestamp: Option<Time>,
    /// Position among all logs of the block.
    #[schema(minimum = 0, example = 71)]
    log_index: u32,
    /// Its transaction.
    #[schema(
        pattern = "^0x[0-9a-f]{64}$",
        example = "0xc440e54f7a53e372eb478b2b79873e6000d1ceee81754ad867e3b071da0e35f5"
    )]
    tx_hash: String,
    /// `vvv`, `staking` or `diem`.
    #[schema(example = "staking")]
    contract: String,
    /// What it says.
    #[schema(example = "staked")]
    kind: String,
    /// Whose position it moves; a transfer's sender; for mints and burns of DIEM found by the DIEM transfer that goes
    /// with them. The new implementation, the owner before, or who was given or lost a role.
    address: Option<AddressText>,
    /// A transfer's recipient; the new owner; who gave or took the role.
    counterparty: Option<AddressText>,
    /// VVV, sVVV or DIEM.
    amount: Option<Amount>,
    /// sVVV locked or unlocked beside a mint or burn of DIEM.
    svvv_amount: Option<Amount>,
    /// Whether it is a mint or burn of DIEM that did not go through the staking proxy.
    direct: bool,
}

/// Which list, and its last row so far.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Key {
    #[serde(rename = "e")]
    events: EventParams,
    #[serde(rename = "w")]
    address: Option<Address>,
    #[serde(rename = "b")]
    block_number: u64,
    #[serde(rename = "l")]
    log_index: u32,
}

/// Answers with a page of events, those of one address or everybody's.
///
/// # Errors
/// What keeps the page from being made.
pub async fn list(
    app: &App,
    address: Option<Address>,
    query: &EventListParams,
    conditional: &Conditional,
) -> Result<Response, Problem> {
    let before = query.list.cursor.as_deref().map(PageCursor::<Key>::parse).transpose()?;
    let (events, address) = agreed(query.events, address, before.as_ref())?;
    let filter = EventFilter {
        contract: events.contract.and_then(|index| CONTRACTS.get(index).copied()),
        kind: events.kind.and_then(|index| KINDS.get(index).copied()),
        address,
        from_block: events.from_block,
        to_block: events.to_block,
        before: before.as_ref().map(|before| (before.key.block_number, before.key.log_index)),
        limit: query.list.limit + 1,
    };
    let needs = if filter.has_vvv_transfers() { Needs::Both } else { Needs::Capacity };
    let mut snapshot = open(app, needs, &query.block, before.as_ref()).await?;
    if let Some(response) = unchanged(&snapshot, conditional) {
        return Ok(response);
    }
    let mut rows = snapshot.events(&filter).await?;
    let next_cursor = cut(&mut rows, query.list.limit).map(|last| {
        let key = Key { events, address, block_number: last.block_number, log_index: last.log_index };
        PageCursor::next(before.as_ref(), &snapshot, key).write()
    });
    let body = EventsAnswer {
        items: rows.into_iter().map(|event| item(&snapshot, event, query.units)).collect(),
        next_cursor,
        unknown: snapshot.as_of().unknown(),
        as_of: snapshot.as_of().clone(),
    };
    Ok(answer(&snapshot, conditional, &body))
}

/// The cursor says which list it is; the query may say it again, but nothing else.
fn agreed(
    events: EventParams,
    address: Option<Address>,
    before: Option<&PageCursor<Key>>,
) -> Result<(EventParams, Option<Address>), Problem> {
    let Some(PageCursor { key, .. }) = before else { return Ok((events, address)) };
    let is_other =
        (events != EventParams::default() && events != key.events) || (address.is_some() && address != key.address);
    if is_other { Err(invalid("cursor", "belongs to a list of other events")) } else { Ok((key.events, key.address)) }
}

fn item(snapshot: &Snapshot, event: EventRecord, units: Units) -> EventItem {
    EventItem {
        block_number: event.block_number,
        block_timestamp: snapshot.time_of(event.block_number, event.timestamp),
        log_index: event.log_index,
        tx_hash: event.tx_hash.to_string(),
        contract: event.contract,
        kind: event.kind,
        address: event.account.map(Into::into),
        counterparty: event.counterparty.map(Into::into),
        amount: event.amount.map(|amount| units.amount(amount)),
        svvv_amount: event.svvv_amount.map(|amount| units.amount(amount)),
        direct: event.direct,
    }
}
