//! The OpenAPI document: made from the handlers, so that it says what they do.

use utoipa::openapi::{License, OpenApi};
use utoipa::{IntoResponses, OpenApi as _};

use crate::problem::Document;

/// What is said of the whole.
#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Venice Capacity Oracle",
        description = "What every address on Base may use of Venice's inference capacity, derived from VVV, sVVV and DIEM.\n\n\
            Every answer about the chain names its block in `as_of` and never mixes two. Amounts are decimal strings in \
            base units of 1e-18 (`?units=token`: tokens with 18 digits), shares and ratios decimal strings with 18 \
            digits rounded down, times RFC 3339 in UTC. A value that does not exist is null; one that cannot be known is \
            null and named in `unknown`. Every failure is an RFC 9457 problem document.",
    ),
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

/// Paths as OpenAPI writes them: a parameter that spans segments has no star there.
pub fn finish(mut document: OpenApi) -> OpenApi {
    let paths = std::mem::take(&mut document.paths.paths);
    document.paths.paths = paths.into_iter().map(|(path, item)| (path.replace("{*", "{"), item)).collect();
    document
}

/// Failures of an answer about the chain.
#[derive(Debug, IntoResponses)]
pub enum ReadProblems {
    /// A parameter or address that does not parse, is not known or contradicts another.
    #[response(status = 400, content_type = "application/problem+json")]
    Parse(#[to_schema] Document),
    /// A block after the cursor or before the start; `first_block` and `last_block` name both ends.
    #[response(status = 404, content_type = "application/problem+json")]
    Block(#[to_schema] Document),
    /// Something here is broken.
    #[response(status = 500, content_type = "application/problem+json")]
    Internal(#[to_schema] Document),
    /// No database, no block yet, state older than `max_lag`, or too many requests at once; see Retry-After.
    #[response(status = 503, content_type = "application/problem+json")]
    Unavailable(#[to_schema] Document),
}

/// Failures of a list.
#[derive(Debug, IntoResponses)]
pub enum ListProblems {
    /// A parameter or cursor that does not parse, is not known or contradicts another.
    #[response(status = 400, content_type = "application/problem+json")]
    Parse(#[to_schema] Document),
    /// A block after the cursor or before the start; `first_block` and `last_block` name both ends.
    #[response(status = 404, content_type = "application/problem+json")]
    Block(#[to_schema] Document),
    /// The page cursor's block is too old or was reorged away: begin again.
    #[response(status = 410, content_type = "application/problem+json")]
    Expired(#[to_schema] Document),
    /// A limit of 0 or above 1,000.
    #[response(status = 422, content_type = "application/problem+json")]
    Limit(#[to_schema] Document),
    /// Something here is broken.
    #[response(status = 500, content_type = "application/problem+json")]
    Internal(#[to_schema] Document),
    /// No database, no block yet, state older than `max_lag`, or too many requests at once; see Retry-After.
    #[response(status = 503, content_type = "application/problem+json")]
    Unavailable(#[to_schema] Document),
}

/// Failures of a request with a body.
#[derive(Debug, IntoResponses)]
pub enum BodyProblems {
    /// A parameter, a body or an address in it that does not parse.
    #[response(status = 400, content_type = "application/problem+json")]
    Parse(#[to_schema] Document),
    /// A block after the cursor or before the start; `first_block` and `last_block` name both ends.
    #[response(status = 404, content_type = "application/problem+json")]
    Block(#[to_schema] Document),
    /// A body of more than 256 KiB.
    #[response(status = 413, content_type = "application/problem+json")]
    Large(#[to_schema] Document),
    /// A body that is not declared as JSON.
    #[response(status = 415, content_type = "application/problem+json")]
    Media(#[to_schema] Document),
    /// More than 1,000 addresses.
    #[response(status = 422, content_type = "application/problem+json")]
    Limit(#[to_schema] Document),
    /// Something here is broken.
    #[response(status = 500, content_type = "application/problem+json")]
    Internal(#[to_schema] Document),
    /// No database, no block yet, state older than `max_lag`, or too many requests at once; see Retry-After.
    #[response(status = 503, content_type = "application/problem+json")]
    Unavailable(#[to_schema] Document),
}

/// Refusals and failures of a check.
#[derive(Debug, IntoResponses)]
pub enum CheckProblems {
    /// No wallet, two wallets, or a parameter that does not parse.
    #[response(status = 400, content_type = "application/problem+json")]
    Parse(#[to_schema] Document),
    /// Refused, with `deny=402`. The verdict is in the headers.
    #[response(status = 402, content_type = "application/problem+json")]
    Payment(#[to_schema] Document),
    /// Refused. The verdict is in the headers.
    #[response(status = 403, content_type = "application/problem+json")]
    Denied(#[to_schema] Document),
    /// No block of this finality is held; `first_block` and `last_block` name both ends of what is.
    #[response(status = 404, content_type = "application/problem+json")]
    Block(#[to_schema] Document),
    /// Something here is broken.
    #[response(status = 500, content_type = "application/problem+json")]
    Internal(#[to_schema] Document),
    /// No database, no block yet, state older than `max_lag`, or too many requests at once; see Retry-After.
    #[response(status = 503, content_type = "application/problem+json")]
    Unavailable(#[to_schema] Document),
}

/// Failures of the status.
#[derive(Debug, IntoResponses)]
pub enum StatusProblems {
    /// A parameter: there are none.
    #[response(status = 400, content_type = "application/problem+json")]
    Parse(#[to_schema] Document),
    /// Something here is broken.
    #[response(status = 500, content_type = "application/problem+json")]
    Internal(#[to_schema] Document),
    /// No database, or one that is not migrated; see Retry-After.
    #[response(status = 503, content_type = "application/problem+json")]
    Unavailable(#[to_schema] Document),
}
