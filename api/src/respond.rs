//! How an answer about the chain leaves: JSON, its block in the headers, and a weak tag.

use alloy_primitives::keccak256;
use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use store::read::progress::Derivation;

use crate::extract::Conditional;
use crate::problem::Problem;
use crate::snapshot::{AsOf, Snapshot};

/// Names an answer: equal tags mean the same answer but for the seconds that passed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag(String);

impl Tag {
    /// Of all that is answered at a block to one request.
    pub fn of_block(snapshot: &Snapshot, target: &str) -> Self {
        let as_of = snapshot.as_of();
        Self::over(&format!("{}|{:?}|{}|{target}", as_of.block_number, as_of.block_hash, state_of(snapshot)))
    }

    /// Of the answer itself, for one that does not change with every block.
    ///
    /// # Errors
    /// If it cannot be written as JSON.
    pub fn of_content(snapshot: &Snapshot, target: &str, content: &impl Serialize) -> Result<Self, Problem> {
        let content = serde_json::to_string(content).map_err(Problem::internal)?;
        Ok(Self::over(&format!("{}|{target}|{content}", state_of(snapshot))))
    }

    fn over(text: &str) -> Self {
        let digest = keccak256(text);
        Self(format!("W/\"{}\"", alloy_primitives::hex::encode(&digest[..16])))
    }
}

/// What an answer says beside its figures, and of which history they are.
fn state_of(snapshot: &Snapshot) -> String {
    let AsOf { finality, sync, deployment, warnings, .. } = snapshot.as_of();
    let Derivation { revision, history, .. } = snapshot.progress().derivation;
    format!("{}|{}|{deployment}|{warnings:?}|{revision}|{history}", finality.name(), sync.name())
}

/// 304 where the client holds this answer already; asked before the answer is worked out.
pub fn unchanged(snapshot: &Snapshot, conditional: &Conditional) -> Option<Response> {
    let tag = Tag::of_block(snapshot, &conditional.target);
    conditional.holds(&tag.0).then(|| finish(StatusCode::NOT_MODIFIED.into_response(), snapshot.as_of(), Some(&tag)))
}

/// An answer that changes with every block.
pub fn answer(snapshot: &Snapshot, conditional: &Conditional, body: &impl Serialize) -> Response {
    let tag = Tag::of_block(snapshot, &conditional.target);
    finish(Json(body).into_response(), snapshot.as_of(), Some(&tag))
}

/// An answer that changes when its content does, or 304 where the client holds it already.
///
/// # Errors
/// If the content cannot be written as JSON.
pub fn answer_by_content(
    snapshot: &Snapshot,
    conditional: &Conditional,
    content: &impl Serialize,
    body: &impl Serialize,
) -> Result<Response, Problem> {
    let tag = Tag::of_content(snapshot, &conditional.target, content)?;
    let response =
        if conditional.holds(&tag.0) { StatusCode::NOT_MODIFIED.into_response() } else { Json(body).into_response() };
    Ok(finish(response, snapshot.as_of(), Some(&tag)))
}

/// An answer to a request that no tag can name.
pub fn answer_untagged(as_of: &AsOf, body: &impl Serialize) -> Response {
    finish(Json(body).into_response(), as_of, None)
}

fn finish(mut response: Response, as_of: &AsOf, tag: Option<&Tag>) -> Response {
    let headers = response.headers_mut();
    as_of.write_headers(headers);
    let caching = if tag.is_some() { "no-cache" } else { "no-store" };
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    if let Some(value) = tag.and_then(|tag| HeaderValue::from_str(&tag.0).ok()) {
        headers.insert(header::ETAG, value);
    }
    response
}
