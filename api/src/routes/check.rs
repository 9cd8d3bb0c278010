//! `GET /v1/check` and `GET /v1/check/{*path}`

use alloy_primitives::{Address, U256};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use ledger::entitlement::Entitlement;
use serde::Serialize;
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

use crate::address;
use crate::app::App;
use crate::extract::Query;
use crate::guarded::{Asked, Guard};
use crate::openapi::CheckProblems;
use crate::params::{BlockParams, FromPairs, Pairs, seconds};
use crate::problem::{Kind, Problem};
use crate::respond::answer_untagged;
use crate::snapshot::{AsOf, EpochAt, Finality, Needs, Snapshot};
use crate::wire::{AddressText, Time, Usd, day, parse_decimal, usd_micros};

/// What a proxy asks.
#[derive(Clone, Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CheckParams {
    /// The wallet. Or send it as `X-Wallet-Address`; where both are given they must agree.
    #[param(
        value_type = Option<String>,
        pattern = "^0x[0-9a-fA-F]{40}$",
        example = "0x321b7ff75154472B18EDb199033fF4D116F340Ff"
    )]
    address: Option<String>,
    /// Least allocation in dollars, such as 0.5. Default: whatever is spendable.
    #[param(value_type = Option<String>, pattern = r"^[0-9]+(\.[0-9]{1,18})?$")]
    min_usd: Option<U256>,
    /// Refuse with 503 if it is longer ago, in seconds, that the state was confirmed to be the chain's head.
    #[param(value_type = Option<i64>, minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    max_lag: Option<u64>,
    /// At the newest block of this finality. Default: `latest`. `guarded`: at `latest` or `safe`, whichever leaves less to
    /// spend.
    #[param(inline)]
    finality: Option<Asked>,
    /// Status of a refusal. Default: 403.
    #[param(value_type = Option<i32>, minimum = 402, maximum = 403, example = 403)]
    deny: Kind,
}

impl FromPairs for CheckParams {
    fn from_pairs(pairs: &mut Pairs) -> Result<Self, Problem> {
        let deny = |text: &str| match text {
            "402" => Some(Kind::PaymentRequired),
            "403" => Some(Kind::Denied),
            _ => None,
        };
        Ok(Self {
            address: pairs.take_text("address"),
            min_usd: pairs.take("min_usd", parse_decimal, "an amount of dollars such as 0.5")?,
            max_lag: pairs.take("max_lag", seconds, "a number of seconds")?,
            finality: pairs.take("finality", Asked::from_name, Asked::EXPECTED)?,
            deny: pairs.take("deny", deny, "402 or 403")?.unwrap_or(Kind::Denied),
        })
    }
}

/// The same behind any path: the rest of the query belongs to the request that the proxy asks about.
#[derive(Clone, Debug)]
pub struct ForwardedParams(CheckParams);

impl FromPairs for ForwardedParams {
    const TOLERATES_UNKNOWN: bool = true;

    fn from_pairs(pairs: &mut Pairs) -> Result<Self, Problem> {
        CheckParams::from_pairs(pairs).map(Self)
    }
}

/// A verdict that lets pass.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Verdict {
    /// The wallet.
    address: AddressText,
    /// Always true: a refusal is a problem document.
    allowed: bool,
    /// For the epoch of the block.
    allocation_usd: Usd,
    /// The same in whole millionths of a dollar, rounded down.
    #[schema(minimum = 0, example = 1_250_000)]
    allocation_usd_micros: u64,
    /// The epoch, a UTC day; null after the year 9999.
    #[schema(example = "2026-11-20")]
    epoch: Option<String>,
    /// Both blocks, with `?finality=guarded`; else null.
    guarded: Option<Guard>,
    /// The block; of a guarded verdict the one that is counted.
    as_of: AsOf,
}

/// Whether a wallet may pass, for proxies
///
/// 200 if the allocation is spendable and at least `min_usd`; else the status of `deny`. The verdict is in the headers
/// `X-Capacity-Allocation-Usd-Micros`, `X-Capacity-Epoch`, `X-Capacity-Epoch-Closes` and `X-Capacity-Policy` as well. A
/// refusal has `Retry-After` where the next epoch would let pass. `/v1/check/{any path}` answers the same, and passes
/// over parameters it does not know.
#[utoipa::path(
    get,
    operation_id = "check",
    path = "/v1/check",
    tag = "entitlements",
    params(
        ("X-Wallet-Address" = Option<String>, Header, description = "The wallet.", pattern = "^0x[0-9a-fA-F]{40}$"),
        CheckParams
    ),
    responses((status = 200, description = "May pass.", body = Verdict), CheckProblems),
)]
pub async fn get(
    State(app): State<App>,
    Query(query): Query<CheckParams>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    check(&app, &query, &headers).await
}

/// Whether a wallet may pass, behind any path
///
/// As `/v1/check`, for proxies that append the path of the request they ask about.
#[utoipa::path(
    get,
    operation_id = "checkPath",
    path = "/v1/check/{*path}",
    tag = "entitlements",
    params(
        ("path" = String, Path, description = "Any path; it does not matter.", example = "v1/chat/completions"),
        ("X-Wallet-Address" = Option<String>, Header, description = "The wallet.", pattern = "^0x[0-9a-fA-F]{40}$"),
        CheckParams
    ),
    responses((status = 200, description = "May pass.", body = Verdict), CheckProblems),
)]
pub async fn get_forwarded(
    State(app): State<App>,
    Query(ForwardedParams(query)): Query<ForwardedParams>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    check(&app, &query, &headers).await
}

async fn check(app: &App, query: &CheckParams, headers: &HeaderMap) -> Result<Response, Problem> {
    let address = wallet(query, headers)?;
    let finality = query.finality.map(Asked::finality);
    let asked = BlockParams { finality, max_lag: query.max_lag, ..BlockParams::default() };
    let mut snapshot = Snapshot::open(app, Needs::Capacity, &asked).await?;
    let (mut entitled, mut epoch) = entitlement(&mut snapshot, address).await?;
    let mut guarded = None;
    if query.finality == Some(Asked::Guarded) {
        let latest = snapshot.as_of().clone();
        snapshot.turn_to(Finality::Safe).await?;
        guarded = Some(Guard::new(&latest, snapshot.as_of()));
        let safe = entitlement(&mut snapshot, address).await?;
        if safe.0.allocation < entitled.allocation {
            (entitled, epoch) = safe;
        } else {
            snapshot.turn_to(Finality::Latest).await?;
        }
    }
    let mut response = if passes(entitled.allocation, query.min_usd) {
        answer_untagged(snapshot.as_of(), &verdict(address, &entitled, &epoch, guarded, snapshot.as_of()))
    } else {
        let refusal = refusal(address, query, &entitled, &epoch).with("guarded", json!(guarded));
        let mut response = refusal.into_response();
        snapshot.as_of().write_headers(response.headers_mut());
        response
    };
    write_verdict(response.headers_mut(), &entitled, &epoch, snapshot.as_of());
    Ok(response)
}

/// What the address may spend at the snapshot's block, and the epoch it is of.
async fn entitlement(snapshot: &mut Snapshot, address: Address) -> Result<(Entitlement, EpochAt), Problem> {
    let epoch = snapshot.epoch().await?;
    let holding = snapshot.holdings(&[address], &epoch).await?.first().copied().unwrap_or_default();
    Ok((snapshot.deployment().ledger_policy().entitle(&holding.staked()), epoch))
}

/// The wallet of the query and that of the header must be the same: whoever writes the query is not always whom the
/// proxy has authenticated.
fn wallet(query: &CheckParams, headers: &HeaderMap) -> Result<Address, Problem> {
    let header = match headers.get("x-wallet-address") {
        Some(value) => Some(address::parse(value.to_str().unwrap_or_default())?),
        None => None,
    };
    let query = query.address.as_deref().map(address::parse).transpose()?;
    match (query, header) {
        (Some(query), Some(header)) if query != header => {
            Err(Problem::new(Kind::InvalidAddress, "?address and X-Wallet-Address name different wallets"))
        }
        (Some(address), _) | (None, Some(address)) => Ok(address),
        (None, None) => Err(Problem::new(Kind::InvalidAddress, "give the wallet as ?address= or X-Wallet-Address")),
    }
}

fn passes(allocation: U256, min_usd: Option<U256>) -> bool {
    !allocation.is_zero() && min_usd.is_none_or(|least| allocation >= least)
}

fn verdict(address: Address, entitled: &Entitlement, epoch: &EpochAt, guarded: Option<Guard>, as_of: &AsOf) -> Verdict {
    Verdict {
        address: address.into(),
        allowed: true,
        allocation_usd: Usd::new(entitled.allocation),
        allocation_usd_micros: usd_micros(entitled.allocation),
        epoch: day(epoch.epoch),
        guarded,
        as_of: as_of.clone(),
    }
}

fn refusal(address: Address, query: &CheckParams, entitled: &Entitlement, epoch: &EpochAt) -> Problem {
    let micros = usd_micros(entitled.allocation);
    let detail = match query.min_usd {
        Some(_) if entitled.spendable() => {
            format!("{address} has an allocation of {micros} millionths of a dollar, less than asked for")
        }
        _ => format!("{address} has nothing to spend in this epoch"),
    };
    let problem = Problem::new(query.deny, detail).with("allocation_usd_micros", micros);
    let waiting_helps = passes(entitled.next_allocation, query.min_usd);
    if waiting_helps { problem.retry_after(epoch.seconds_remaining().max(1)) } else { problem }
}

fn write_verdict(headers: &mut HeaderMap, entitled: &Entitlement, epoch: &EpochAt, as_of: &AsOf) {
    let closes = Time::new(epoch.epoch.closes_at()).map(|time| time.as_str().to_owned());
    let verdict = [
        ("x-capacity-allocation-usd-micros", Some(usd_micros(entitled.allocation).to_string())),
        ("x-capacity-epoch", day(epoch.epoch)),
        ("x-capacity-epoch-closes", closes),
        ("x-capacity-policy", Some(as_of.policy.to_owned())),
    ];
    for (name, value) in verdict.into_iter().filter_map(|(name, value)| Some((name, value?))) {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
}
