//! RFC 9457 problem documents: the one shape of every failure.
//!
//! A handler returns a [`Problem`]; [`render`] writes it, with the path as `instance`. What fails without one (a panic,
//! a wrong method, a path nobody serves) is given one by its status.

use axum::Json;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Map, Value};
use store::read::ReadError;
use utoipa::ToSchema;

/// What went wrong, as a client may tell it apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Not an address, or one with a wrong checksum.
    InvalidAddress,
    /// A parameter that does not parse, contradicts another or is not known.
    InvalidParameter,
    /// A body that is no JSON or not of the shape asked for.
    InvalidBody,
    /// A page cursor this service did not give.
    InvalidCursor,
    /// The address may not do what was asked, and the proxy wants to hear 402.
    PaymentRequired,
    /// The address may not do what was asked.
    Denied,
    /// No such resource.
    NotFound,
    /// A block outside what is held.
    BlockOutOfRange,
    /// A method that the resource does not have.
    MethodNotAllowed,
    /// A page cursor of a block that is too old or was reorged away.
    CursorExpired,
    /// A body beyond the limit.
    BodyTooLarge,
    /// A body that is not declared as JSON.
    UnsupportedMediaType,
    /// A number outside its limits, or too many addresses.
    LimitExceeded,
    /// More DIEM than the mint curve still sells.
    CurveExhausted,
    /// Something here is broken.
    Internal,
    /// The database cannot be reached.
    DatabaseGone,
    /// The indexer never migrated this database.
    NotMigrated,
    /// The indexer never stored a block.
    NeverSynced,
    /// What is stored was derived by another revision of the ledger than this program's.
    OtherDerivation,
    /// The block is known, but not yet all that the answer needs.
    Behind,
    /// The state is older than the request allows.
    TooOld,
    /// The node told of no such finality tag.
    FinalityUnknown,
    /// The service is not ready; `reasons` says why.
    NotReady,
    /// More requests at once than are served.
    Overloaded,
    /// More capacity tables of past blocks at once than are made.
    TablesBusy,
    /// The answer took too long.
    TimedOut,
}

impl Kind {
    /// Every kind, for the document.
    pub const ALL: [Self; 26] = [
        Self::InvalidAddress,
        Self::InvalidParameter,
        Self::InvalidBody,
        Self::InvalidCursor,
        Self::PaymentRequired,
        Self::Denied,
        Self::NotFound,
        Self::BlockOutOfRange,
        Self::MethodNotAllowed,
        Self::CursorExpired,
        Self::BodyTooLarge,
        Self::UnsupportedMediaType,
        Self::LimitExceeded,
        Self::CurveExhausted,
        Self::Internal,
        Self::DatabaseGone,
        Self::NotMigrated,
        Self::NeverSynced,
        Self::OtherDerivation,
        Self::Behind,
        Self::TooOld,
        Self::FinalityUnknown,
        Self::NotReady,
        Self::Overloaded,
        Self::TablesBusy,
        Self::TimedOut,
    ];

    /// Status, the last part of `type`, and `title`.
    fn parts(self) -> (StatusCode, &'static str, &'static str) {
        use StatusCode as S;
        match self {
            Self::InvalidAddress => (S::BAD_REQUEST, "invalid-address", "Not an address"),
            Self::InvalidParameter => (S::BAD_REQUEST, "invalid-parameter", "Invalid parameter"),
            Self::InvalidBody => (S::BAD_REQUEST, "invalid-body", "Invalid body"),
            Self::InvalidCursor => (S::BAD_REQUEST, "invalid-cursor", "Not a cursor of this service"),
            Self::PaymentRequired => (S::PAYMENT_REQUIRED, "payment-required", "No sufficient allocation"),
            Self::Denied => (S::FORBIDDEN, "denied", "No sufficient allocation"),
            Self::NotFound => (S::NOT_FOUND, "not-found", "No such resource"),
            Self::BlockOutOfRange => (S::NOT_FOUND, "block-out-of-range", "Block outside what is held"),
            Self::MethodNotAllowed => (S::METHOD_NOT_ALLOWED, "method-not-allowed", "Method not allowed"),
            Self::CursorExpired => (S::GONE, "cursor-expired", "Cursor expired"),
            Self::BodyTooLarge => (S::PAYLOAD_TOO_LARGE, "body-too-large", "Body too large"),
            Self::UnsupportedMediaType => (S::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", "Not JSON"),
            Self::LimitExceeded => (S::UNPROCESSABLE_ENTITY, "limit-exceeded", "Outside the limits"),
            Self::CurveExhausted => (S::UNPROCESSABLE_ENTITY, "curve-exhausted", "Past the end of the mint curve"),
            Self::Internal => (S::INTERNAL_SERVER_ERROR, "internal", "Internal error"),
            Self::DatabaseGone => (S::SERVICE_UNAVAILABLE, "database-gone", "Database cannot be reached"),
            Self::NotMigrated => (S::SERVICE_UNAVAILABLE, "not-migrated", "Database not migrated"),
            Self::NeverSynced => (S::SERVICE_UNAVAILABLE, "never-synced", "Never synced"),
            Self::OtherDerivation => (S::SERVICE_UNAVAILABLE, "other-derivation", "Derived by another revision"),
            Self::Behind => (S::SERVICE_UNAVAILABLE, "behind", "Not there yet"),
            Self::TooOld => (S::SERVICE_UNAVAILABLE, "too-old", "State older than allowed"),
            Self::FinalityUnknown => (S::SERVICE_UNAVAILABLE, "finality-unknown", "Finality not known"),
            Self::NotReady => (S::SERVICE_UNAVAILABLE, "not-ready", "Not ready"),
            Self::Overloaded => (S::SERVICE_UNAVAILABLE, "overloaded", "Too many requests at once"),
            Self::TablesBusy => (S::SERVICE_UNAVAILABLE, "tables-busy", "Too many tables at once"),
            Self::TimedOut => (S::SERVICE_UNAVAILABLE, "timed-out", "Took too long"),
        }
    }

    /// The status it comes with.
    pub fn status(self) -> StatusCode {
        self.parts().0
    }

    /// `type`: a name to compare, not a place to visit.
    pub fn uri(self) -> String {
        format!("urn:venice-capacity-oracle:problem:{}", self.parts().1)
    }

    /// For a human, the same every time.
    pub fn title(self) -> &'static str {
        self.parts().2
    }

    /// What a failure without a problem of its own is, by its status.
    fn of_status(status: StatusCode) -> Self {
        match status {
            StatusCode::NOT_FOUND => Self::NotFound,
            StatusCode::METHOD_NOT_ALLOWED => Self::MethodNotAllowed,
            StatusCode::PAYLOAD_TOO_LARGE => Self::BodyTooLarge,
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Self::UnsupportedMediaType,
            _ if status.is_client_error() => Self::InvalidParameter,
            _ => Self::Internal,
        }
    }
}

/// A failure on its way out.
#[derive(Clone, Debug)]
pub struct Problem {
    kind: Kind,
    detail: String,
    retry_after_seconds: Option<u64>,
    members: Map<String, Value>,
}

impl Problem {
    /// A failure, with a sentence that names the thing and the mend.
    pub fn new(kind: Kind, detail: impl Into<String>) -> Self {
        let wait = (kind.status() == StatusCode::SERVICE_UNAVAILABLE).then_some(5);
        Self { kind, detail: detail.into(), retry_after_seconds: wait, members: Map::new() }
    }

    /// When to ask again.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after_seconds = Some(seconds);
        self
    }

    /// A member beside the standard ones.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.members.insert(name.into(), value.into());
        self
    }

    /// A fault of ours: the cause goes to the log, the client learns that there was one.
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        tracing::error!(%cause, "a request failed");
        Self::new(Kind::Internal, "something here is broken; the log says what")
    }

    /// What went wrong.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    fn document(self, instance: &str) -> Document {
        Document {
            uri: self.kind.uri(),
            title: self.kind.title().into(),
            status: self.kind.status().as_u16(),
            detail: self.detail,
            instance: instance.into(),
            members: self.members,
        }
    }
}

impl From<ReadError> for Problem {
    fn from(error: ReadError) -> Self {
        match &error {
            ReadError::Unreachable(cause) => {
                tracing::warn!(%cause, "the database cannot be reached");
                Self::new(Kind::DatabaseGone, "the database cannot be reached; nothing can be said until it is back")
            }
            ReadError::NotMigrated(_) => Self::new(
                Kind::NotMigrated,
                "the database has no tables of this version; start the indexer, which makes them",
            )
            .retry_after(15),
            ReadError::TimedOut => {
                tracing::warn!("the database took too long");
                Self::new(Kind::TimedOut, "the database took too long")
            }
            ReadError::Forbidden(_) | ReadError::Corrupt(_) | ReadError::Refused(_) => Self::internal(error),
        }
    }
}

/// The document as written. `status` repeats the response's own; further members depend on `type`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct Document {
    /// Which kind of problem: a name to compare, not a place to visit.
    #[serde(rename = "type")]
    #[schema(example = "urn:venice-capacity-oracle:problem:invalid-address")]
    uri: String,
    /// For a human, the same for each `type`.
    #[schema(example = "Not an address")]
    title: String,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599, example = 400)]
    status: u16,
    /// What was wrong this time, and how to mend it.
    #[schema(example = "the checksum of 0x321B7ff75154472B18EDb199033fF4D116F340Ff is wrong")]
    detail: String,
    /// The path that was asked for.
    #[schema(example = "/v1/entitlements/0x321B7ff75154472B18EDb199033fF4D116F340Ff")]
    instance: String,
    /// Members that some kinds have beside these, such as `first_block` and `last_block`.
    #[serde(flatten)]
    #[schema(ignore)]
    members: Map<String, Value>,
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.kind.status().into_response();
        if let Some(seconds) = self.retry_after_seconds {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// Writes the document of whatever failed.
pub async fn render(request: Request, next: Next) -> Response {
    let instance = request.uri().path().to_owned();
    let response = next.run(request).await;
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return response;
    }
    let (mut parts, _) = response.into_parts();
    let problem = parts.extensions.remove::<Problem>().unwrap_or_else(|| unexplained(status, &instance));
    let body = Json(problem.document(&instance)).into_response().into_body();
    parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    parts.headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, body)
}

fn unexplained(status: StatusCode, path: &str) -> Problem {
    let kind = Kind::of_status(status);
    let detail = match kind {
        Kind::NotFound => format!("there is nothing at {path}; /docs lists what there is"),
        Kind::MethodNotAllowed => format!("{path} does not have this method; see the Allow header"),
        Kind::Internal => "something here is broken; the log says what".into(),
        _ => status.canonical_reason().unwrap_or("the request was not understood").to_lowercase(),
    };
    Problem::new(kind, detail)
}
