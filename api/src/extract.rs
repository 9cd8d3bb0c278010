//! What handlers take from a request, parsed at the edge. Every rejection is a problem document.

use std::convert::Infallible;
use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use alloy_primitives::Address;
use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::header::{CONTENT_TYPE, IF_NONE_MATCH};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Uri};
use futures::StreamExt;
use ledger::epoch::Epoch;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::address;
use crate::params::{FromPairs, Pairs, parse_epoch};
use crate::problem::{Kind, Problem};

/// Largest body that is read.
pub const BODY_BYTES_MAX: usize = 256 * 1024;
/// Up to here the rest of a body that is too large is received and dropped, so that the client hears why instead of a
/// connection that breaks while it still sends.
const DRAINED_BYTES_MAX: usize = 32 * 1024 * 1024;

/// In which a body has to be there.
const BODY_TIMEOUT: Duration = Duration::from_secs(5);

/// The address in the path.
#[derive(Clone, Copy, Debug)]
pub struct AddressPath(pub Address);

impl<S: Send + Sync> FromRequestParts<S> for AddressPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path(text) = Path::<String>::from_request_parts(parts, state)
            .await
            .map_err(|_| Problem::new(Kind::InvalidAddress, "the address in the path is not text"))?;
        address::parse(&text).map(Self)
    }
}

/// The epoch in the path.
#[derive(Clone, Copy, Debug)]
pub struct EpochPath(pub Epoch);

impl<S: Send + Sync> FromRequestParts<S> for EpochPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let expected = || Problem::new(Kind::InvalidParameter, "an epoch is a day since 1970 such as 2026-11-20");
        let Path(text) = Path::<String>::from_request_parts(parts, state).await.map_err(|_| expected())?;
        parse_epoch(&text).map(Self).ok_or_else(expected)
    }
}

/// The query's parameters; one that is not known is refused.
#[derive(Clone, Debug)]
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: FromPairs> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let mut pairs = pairs_of(&parts.uri)?;
        let query = T::from_pairs(&mut pairs)?;
        if !T::TOLERATES_UNKNOWN {
            pairs.finish()?;
        }
        Ok(Self(query))
    }
}

fn pairs_of(uri: &Uri) -> Result<Pairs, Problem> {
    let pairs = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(uri)
        .map_err(|_| Problem::new(Kind::InvalidParameter, "the query is not of the form name=value&name=value"))?;
    Pairs::new(pairs.0)
}

/// A body of JSON.
#[derive(Clone, Debug)]
pub struct JsonBody<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            return Err(Problem::new(Kind::UnsupportedMediaType, "send the body as content-type: application/json"));
        }
        let bytes = read(request.into_body()).await?;
        serde_json::from_slice(&bytes)
            .map(|Object(body)| Self(body))
            .map_err(|error| Problem::new(Kind::InvalidBody, format!("the body is not what is asked for: {error}")))
    }
}

/// The request with its body of JSON in memory, for which a client is waited only so long.
///
/// # Errors
/// [`Kind::InvalidBody`], [`Kind::BodyTooLarge`]
pub async fn receive(request: Request) -> Result<Request, Problem> {
    if !is_json(request.headers()) {
        return Ok(request);
    }
    let (parts, body) = request.into_parts();
    let late = |_| {
        let limit = BODY_TIMEOUT.as_secs();
        Problem::new(Kind::InvalidBody, format!("the body did not arrive within {limit} seconds"))
    };
    let bytes = tokio::time::timeout(BODY_TIMEOUT, read(body)).await.map_err(late)??;
    Ok(Request::from_parts(parts, Body::from(bytes)))
}

/// A JSON object. Structs by themselves would be read from an array as well, field by position.
#[derive(Clone, Debug)]
pub struct Object<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor(PhantomData))
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = Object<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(members)).map(Object)
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let text = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

async fn read(body: Body) -> Result<Vec<u8>, Problem> {
    let mut chunks = body.into_data_stream();
    let (mut bytes, mut received) = (Vec::new(), 0);
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| Problem::new(Kind::InvalidBody, "the body broke off"))?;
        received += chunk.len();
        if received > DRAINED_BYTES_MAX {
            break;
        }
        if received <= BODY_BYTES_MAX {
            bytes.extend_from_slice(&chunk);
        }
    }
    if received > BODY_BYTES_MAX {
        return Err(Problem::new(Kind::BodyTooLarge, format!("the body is larger than {BODY_BYTES_MAX} bytes")));
    }
    Ok(bytes)
}

/// What an answer's tag is made of and held against.
#[derive(Clone, Debug)]
pub struct Conditional {
    /// Path and query.
    pub target: String,
    if_none_match: Option<String>,
}

impl<S: Send + Sync> FromRequestParts<S> for Conditional {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
        let header = parts.headers.get(IF_NONE_MATCH).and_then(|value| value.to_str().ok());
        Ok(Self { target: target.to_owned(), if_none_match: header.map(str::to_owned) })
    }
}

impl Conditional {
    /// Whether the client has what this tag names, compared weakly.
    pub fn holds(&self, tag: &str) -> bool {
        let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
        let Some(header) = &self.if_none_match else { return false };
        header.split(',').any(|held| held.trim() == "*" || opaque(held) == opaque(tag))
    }
}
