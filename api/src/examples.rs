//! Requests and their answers, as the document shows them. One file each in `api/examples`: `{operationId}.json`, or
//! `{operationId}.{what}.json` where there are several, and `problems/{kind}.json`. The tests ask each request of a fixed
//! database and hold its answer against the file.

use std::collections::BTreeMap;

use rust_embed::RustEmbed;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::openapi::example::{Example as Shown, ExampleBuilder};
use utoipa::openapi::path::{Operation, Parameter};
use utoipa::openapi::{Content, OpenApi, Ref, RefOr};

use crate::problem::Kind;

/// The files, as they lie in `examples/`.
#[derive(RustEmbed)]
#[folder = "examples"]
struct Files;

/// The media type of every failure.
const PROBLEM: &str = "application/problem+json";

/// A request and its answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// Method and target: `GET /v1/supply`.
    pub request: String,
    /// Headers beside those that every client sends.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// What is sent, as JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
    /// So many blanks are sent instead: of what is too large.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_bytes: Option<usize>,
    /// The body that comes back: JSON as it is, anything else as a string. Null: not asked yet.
    #[serde(default)]
    pub answer: Value,
}

/// Every example, by the name of its file without `.json`.
///
/// # Panics
/// If a file is none: they are part of the program.
pub fn all() -> BTreeMap<String, Example> {
    let named = Files::iter().filter_map(|path| Some((path.strip_suffix(".json")?.to_owned(), Files::get(&path)?)));
    named
        .map(|(name, file)| match serde_json::from_slice(&file.data) {
            Ok(example) => (name, example),
            Err(error) => panic!("examples/{name}.json: {error}"),
        })
        .collect()
}

/// Shows them in the document, with the operations and failures they belong to.
pub fn show(document: &mut OpenApi) {
    let examples = all();
    if let Some(components) = &mut document.components {
        for (kind, example) in problems(&examples) {
            components.examples.insert(kind.slug().to_owned(), RefOr::T(shown(example)));
        }
    }
    for item in document.paths.paths.values_mut() {
        for operation in [&mut item.get, &mut item.post].into_iter().flatten() {
            show_answers(operation, &examples);
            show_problems(operation, &examples);
        }
    }
}

/// The failures among them.
fn problems(examples: &BTreeMap<String, Example>) -> impl Iterator<Item = (Kind, &Example)> {
    Kind::ALL.into_iter().filter_map(|kind| Some((kind, examples.get(&format!("problems/{}", kind.slug()))?)))
}

fn show_answers(operation: &mut Operation, examples: &BTreeMap<String, Example>) {
    let Some(id) = operation.operation_id.clone() else { return };
    for (name, example) in examples {
        let (of, what) = name.split_once('.').unwrap_or((name, "default"));
        if of != id {
            continue;
        }
        if let Some(content) = content(operation, "200") {
            content.examples.insert(what.to_owned(), RefOr::T(shown(example)));
        }
        if let (Some(body), Some(RefOr::T(request))) = (&example.body, &mut operation.request_body) {
            let sent = ExampleBuilder::new().summary(&example.request).value(Some(body.clone())).build();
            for content in request.content.values_mut().filter_map(written_out) {
                content.examples.insert(what.to_owned(), RefOr::T(sent.clone()));
            }
        }
    }
}

/// A failure is the same whatever was asked, so it is written once and referred to.
fn show_problems(operation: &mut Operation, examples: &BTreeMap<String, Example>) {
    for (kind, _) in problems(examples).filter(|(kind, _)| may_fail_so(operation, *kind)).collect::<Vec<_>>() {
        if let Some(content) = content(operation, kind.status().as_str()) {
            let place = Ref::new(format!("#/components/examples/{}", kind.slug()));
            content.examples.insert(kind.slug().to_owned(), RefOr::Ref(place));
        }
    }
}

/// Among the kinds of one status, which this operation can fail with.
fn may_fail_so(operation: &Operation, kind: Kind) -> bool {
    let takes = |name: &str| {
        let parameters = operation.parameters.iter().flatten();
        parameters.into_iter().any(|parameter| matches!(parameter, RefOr::T(Parameter { name: it, .. }) if it == name))
    };
    let is = |id: &str| operation.operation_id.as_deref() == Some(id);
    match kind {
        Kind::InvalidAddress => takes("address") || operation.request_body.is_some(),
        Kind::InvalidBody => operation.request_body.is_some(),
        Kind::InvalidCursor => takes("cursor"),
        Kind::CurveExhausted => is("getDiemQuote"),
        Kind::LimitExceeded => !is("getDiemQuote"),
        Kind::TooOld => takes("max_lag"),
        Kind::FinalityUnknown => takes("finality"),
        Kind::NotReady => is("getReadiness"),
        Kind::TablesBusy => ["listCapacity", "listStakers", "postAllocations"].into_iter().any(is),
        // Of no operation: what they answer is none.
        Kind::NotFound | Kind::MethodNotAllowed => false,
        _ => !is("getReadiness") || kind.status() != axum::http::StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// What is sent with this status; of several media types the first.
fn content<'a>(operation: &'a mut Operation, status: &str) -> Option<&'a mut Content> {
    let RefOr::T(response) = operation.responses.responses.get_mut(status)? else { return None };
    let content =
        if status == "200" { response.content.values_mut().next() } else { response.content.get_mut(PROBLEM) };
    content.and_then(written_out)
}

fn written_out(content: &mut RefOr<Content>) -> Option<&mut Content> {
    match content {
        RefOr::T(content) => Some(content),
        RefOr::Ref(_) => None,
    }
}

fn shown(example: &Example) -> Shown {
    ExampleBuilder::new().summary(&example.request).value(Some(example.answer.clone())).build()
}
