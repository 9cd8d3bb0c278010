//! The OpenAPI document: made from the handlers, so that it says what they do.

use utoipa::openapi::path::Operation;
use utoipa::openapi::{HeaderBuilder, License, OpenApi, RefOr, Schema};
use utoipa::{IntoResponses, OpenApi as _};

use crate::examples;
use crate::problem::Document;

/// What is said of the whole.
#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Venice Capacity Oracle",
        description = "What every address on Base may use of Venice's inference capacity, derived from VVV, sVVV and \
            DIEM.\n\nEvery answer about the chain names its block in `as_of` and never mixes two. Amounts are decimal \
            strings in base units of 1e-18 (`?units=token`: tokens with 18 digits), shares and ratios decimal strings \
            with 18 digits rounded down, times RFC 3339 in UTC. A value that does not exist is null; one that cannot \
            be known is null and named in `unknown`. Every failure is an RFC 9457 problem document.",
    ),
    components(schemas(Document)),
    tags(
        (name = "entitlements", description = "What an address or account may use. For gateways."),
        (name = "capacity", description = "The capacity table: all entitlements at one block."),
        (name = "network", description = "Figures of the whole network. For dashboards."),
        (name = "operation", description = "Whether it runs, whether it keeps up, and what it has met."),
    ),
)]
struct Info;

/// The document before any route is added.
pub fn base() -> OpenApi {
    let mut document = Info::openapi();
    document.info.version = env!("CARGO_PKG_VERSION").into();
    document.info.license = Some(License::new("MIT OR Apache-2.0"));
    document
}

/// Requests, whose fields may be left out; and fields of answers that `?fields=` leaves out.
const OPTIONAL: [(&str, &[&str]); 4] = [
    ("BatchRequest", &["addresses", "accounts"]),
    ("AllocationRequest", &["capacity_usd", "source", "basis", "weights", "active"]),
    ("Account", &[]),
    ("Stake", &["total_svvv", "share"]),
];

/// Says what the handlers' types cannot: nulls are written and never left out, which headers come with an answer, and
/// that OpenAPI knows no star in a path.
pub fn finish(mut document: OpenApi) -> OpenApi {
    let paths = std::mem::take(&mut document.paths.paths);
    document.paths.paths = paths.into_iter().map(|(path, item)| (path.replace("{*", "{"), item)).collect();
    for (path, item) in &mut document.paths.paths {
        for operation in [&mut item.get, &mut item.post].into_iter().flatten() {
            describe_headers(path, operation);
        }
    }
    for (name, schema) in document.components.iter_mut().flat_map(|components| &mut components.schemas) {
        let optional = OPTIONAL.iter().find(|(schema, _)| schema == name).map_or(&[][..], |(_, fields)| fields);
        require_all(schema, optional);
    }
    examples::show(&mut document);
    document
}

fn require_all(schema: &mut RefOr<Schema>, optional: &[&str]) {
    match schema {
        RefOr::T(Schema::Object(object)) => {
            let names = object.properties.keys().filter(|name| !optional.contains(&name.as_str()));
            object.required = names.cloned().collect();
        }
        RefOr::T(Schema::AllOf(all)) => all.items.iter_mut().for_each(|part| require_all(part, optional)),
        _ => {}
    }
}

fn describe_headers(path: &str, operation: &mut Operation) {
    let is_tagged = operation.responses.responses.contains_key("304");
    for (status, response) in &mut operation.responses.responses {
        let RefOr::T(response) = response else { continue };
        let mut say = |name: &str, what: &str| {
            response.headers.insert(name.into(), RefOr::T(HeaderBuilder::new().description(Some(what)).build()));
        };
        if path.starts_with("/v1/") && ["200", "304"].contains(&status.as_str()) {
            say("X-Capacity-Block", "Number of the block of the answer.");
            say("X-Capacity-Block-Time", "Its time, RFC 3339; absent where it is not known.");
            say("X-Capacity-Finality", "latest, safe or finalized.");
        }
        if is_tagged && ["200", "304"].contains(&status.as_str()) {
            say("ETag", "Weak; for If-None-Match.");
        }
        if path.starts_with("/v1/check") && ["200", "402", "403"].contains(&status.as_str()) {
            say("X-Capacity-Allocation-Usd-Micros", "Millionths of a dollar for the epoch of the block.");
            say("X-Capacity-Epoch", "The epoch, a UTC day.");
            say("X-Capacity-Epoch-Closes", "First second after it, RFC 3339.");
            say("X-Capacity-Policy", "live, epoch_open or min_of_both.");
        }
        if status == "503" {
            say("Retry-After", "Seconds.");
        }
    }
}

/// Failures of readiness.
#[derive(Debug, IntoResponses)]
pub enum ReadinessProblems {
    /// A parameter that does not parse or is not known.
    #[response(status = 400, content_type = "application/problem+json")]
    Parse(Document),
    /// Not ready; the member `reasons` holds `{name, detail}` for each reason.
    #[response(status = 503, content_type = "application/problem+json")]
    NotReady(Document),
}

/// Failures of an answer about the chain.
#[derive(Debug, IntoResponses)]
pub enum ReadProblems {
    /// The answer named by If-None-Match still holds.
    #[response(status = 304)]
    Unchanged,
    /// A parameter or address that does not parse, is not known or contradicts another.
    #[response(status = 400, content_type = "application/problem+json")]
    Parse(Document),
    /// A block after the cursor or before the start; `first_block` and `last_block` name both ends.
    #[response(status = 404, content_type = "application/problem+json")]
    Block(Document),
    /// Something here is broken.
    #[response(status = 500, content_type = "application/problem+json")]
    Internal(Document),
    /// No database, no block yet or not yet all that the answer needs (`progress` says how far it is), state older than
    /// `max_lag`, or too many requests at once; see Retry-After.
    #[response(status = 503, content_type = "application/problem+json")]
    Unavailable(Document),
}

/// Failures of a series.
#[derive(Debug, IntoResponses)]
pub enum SeriesProblems {
    /// The answer named by If-None-Match still holds.
    #[response(status = 304)]
    Unchanged,
    /// A parameter that does not parse, is not known or contradicts another.
    #[response(status = 400, content_type = "application/problem+json")]
    Parse(Document),
    /// A block after the cursor or before the start; `first_block` and `last_block` name both ends.
    #[response(status = 404, content_type = "application/problem+json")]
    Block(Document),
    /// More periods than one answer has; `limit` says how many those are.
    #[response(status = 422, content_type = "application/problem+json")]
    Limit(Document),
    /// Something here is broken.
    #[response(status = 500, content_type = "application/problem+json")]
    Internal(Document),
    /// No database, no block yet or not yet all that the answer needs (`progress` says how far it is), state older than
    /// `max_lag`, or too many requests at once; see Retry-After.
    #[response(status = 503, content_type = "application/problem+json")]
    Unavailable(Document),
}

/// Failures of a quote.
#[derive(Debug, IntoResponses)]
pub enum QuoteProblems {
    /// The answer named by If-None-Match still holds.
    #[response(status = 304)]
    Unchanged,
    /// Neither or both of `svvv` and `diem`, or a parameter that does not parse, is not known or contradicts another.
    #[response(status = 400, content_type = "application/problem+json")]
    Parse(Document),
    /// A block after the cursor or before the start; `first_block` and `last_block` name both ends.
    #[response(status = 404, content_type = "application/problem+json")]
    Block(Document),
    /// More than the buckets still sell: the contract would revert. `diem_max` and `svvv_max` say what can be had.
    #[response(status = 422, content_type = "application/problem+json")]
    Exhausted(Document),
    /// Something here is broken.
    #[response(status = 500, content_type = "application/problem+json")]
    Internal(Document),
    /// No database, no block yet or not yet all that the answer needs (`progress` says how far it is), state older than
    /// `max_lag`, or too many requests at once; see Retry-After.
    #[response(status = 503, content_type = "application/problem+json")]
    Unavailable(Document),
}

/// Failures of a list.
#[derive(Debug, IntoResponses)]
pub enum ListProblems {
    /// The answer named by If-None-Match still holds.
    #[response(status = 304)]
    Unchanged,
    /// A parameter or cursor that does not parse, is not known or contradicts another.
    #[response(status = 400, content_type = "application/problem+json")]
    Parse(Document),
    /// A block after the cursor or before the start; `first_block` and `last_block` name both ends.
    #[response(status = 404, content_type = "application/problem+json")]
    Block(Document),
    /// The page cursor's block is too old or was reorged away: begin again.
    #[response(status = 410, content_type = "application/problem+json")]
    Expired(Document),
    /// A limit of 0 or above 1,000.
    #[response(status = 422, content_type = "application/problem+json")]
    Limit(Document),
    /// Something here is broken.
    #[response(status = 500, content_type = "application/problem+json")]
    Internal(Document),
    /// No database, no block yet or not yet all that the answer needs (`progress` says how far it is), state older than
    /// `max_lag`, or too many requests at once; see Retry-After.
    #[response(status = 503, content_type = "application/problem+json")]
    Unavailable(Document),
}

/// Failures of a request with a body.
#[derive(Debug, IntoResponses)]
pub enum BodyProblems {
    /// A parameter, a body or an address in it that does not parse.
    #[response(status = 400, content_type = "application/problem+json")]
    Parse(Document),
    /// A block after the cursor or before the start; `first_block` and `last_block` name both ends.
    #[response(status = 404, content_type = "application/problem+json")]
    Block(Document),
    /// A body of more than 256 KiB.
    #[response(status = 413, content_type = "application/problem+json")]
    Large(Document),
    /// A body that is not declared as JSON.
    #[response(status = 415, content_type = "application/problem+json")]
    Media(Document),
    /// More addresses, weights or characters than the limit; `limit` names it.
    #[response(status = 422, content_type = "application/problem+json")]
    Limit(Document),
    /// Something here is broken.
    #[response(status = 500, content_type = "application/problem+json")]
    Internal(Document),
    /// No database, no block yet or not yet all that the answer needs (`progress` says how far it is), state older than
    /// `max_lag`, or too many requests at once; see Retry-After.
    #[response(status = 503, content_type = "application/problem+json")]
    Unavailable(Document),
}

/// Refusals and failures of a check.
#[derive(Debug, IntoResponses)]
pub enum CheckProblems {
    /// No wallet, two wallets, or a parameter that does not parse.
    #[response(status = 400, content_type = "application/problem+json")]
    Parse(Document),
    /// Refused, with `deny=402`. The verdict is in the headers.
    #[response(status = 402, content_type = "application/problem+json")]
    Payment(Document),
    /// Refused. The verdict is in the headers.
    #[response(status = 403, content_type = "application/problem+json")]
    Denied(Document),
    /// No block of this finality is held; `first_block` and `last_block` name both ends of what is.
    #[response(status = 404, content_type = "application/problem+json")]
    Block(Document),
    /// Something here is broken.
    #[response(status = 500, content_type = "application/problem+json")]
    Internal(Document),
    /// No database, no block yet or not yet all that the answer needs (`progress` says how far it is), state older than
    /// `max_lag`, or too many requests at once; see Retry-After.
    #[response(status = 503, content_type = "application/problem+json")]
    Unavailable(Document),
}

/// Failures of the status.
#[derive(Debug, IntoResponses)]
pub enum StatusProblems {
    /// A parameter: there are none.
    #[response(status = 400, content_type = "application/problem+json")]
    Parse(Document),
    /// Something here is broken.
    #[response(status = 500, content_type = "application/problem+json")]
    Internal(Document),
    /// No database, or one that is not migrated; see Retry-After.
    #[response(status = 503, content_type = "application/problem+json")]
    Unavailable(Document),
}
