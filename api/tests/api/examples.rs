//! The OpenAPI document is kept in the repository, so that a change of the contract is seen in review, and its examples
//! are what the service answers: each request in `api/examples` is asked of one fixed database, and its answer held
//! against the file. `UPDATE_SNAPSHOTS=1 cargo test -p api examples` writes answers and document anew.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use alloy_primitives::hex;
use api::app::Settings;
use api::examples::{Example, all};
use api::problem::Kind;
use api::router::document;
use api::tables::Limits;
use axum::body::Body;
use axum::http::Request;
use serde_json::Value;
use sqlx::PgPool;

use crate::service::{Reply, Service};

/// What the server's clock says is shown as this, whatever it says. Everything else is held as it is.
const CLOCK: [(&str, i64); 4] =
    [("age_seconds", 3), ("lag_seconds", 1), ("answered_seconds_ago", 1), ("observed_seconds_ago", 1)];
const OBSERVED_AT: &str = "2026-09-19T20:23:35Z";
const CURSOR_BEGAN_AT: u64 = 1_789_849_415;

/// Failures that a database in order gives, to who asks for them.
const ASKED_FOR: [Kind; 14] = [
    Kind::InvalidAddress,
    Kind::InvalidParameter,
    Kind::InvalidBody,
    Kind::InvalidCursor,
    Kind::PaymentRequired,
    Kind::Denied,
    Kind::NotFound,
    Kind::BlockOutOfRange,
    Kind::MethodNotAllowed,
    Kind::CursorExpired,
    Kind::BodyTooLarge,
    Kind::UnsupportedMediaType,
    Kind::LimitExceeded,
    Kind::CurveExhausted,
];

/// Failures of a database in disorder: what brings it about, and what mends it.
const DISORDER: [(Kind, &str, &str); 7] = [
    (
        Kind::Internal,
        "update supply_totals set burned = supply + 1 where block_number = 51530032",
        "update supply_totals set burned = 33877292523889967424801955 where block_number = 51530032",
    ),
    (
        Kind::OtherDerivation,
        "update derivation set revision = revision - 1",
        "update derivation set revision = revision + 1",
    ),
    (
        Kind::Behind,
        "alter index vvv_transfer_sender rename to elsewhere",
        "alter index elsewhere rename to vvv_transfer_sender",
    ),
    (
        Kind::TooOld,
        "update follower set caught_up = false, head_number = 51530078, head_timestamp = head_timestamp + 90,
                observed_at = now() + interval '1 hour'",
        "update follower set caught_up = true, head_number = 51530033, head_timestamp = head_timestamp - 90,
                observed_at = now()",
    ),
    (Kind::FinalityUnknown, "update follower set safe_number = null", "update follower set safe_number = 51529850"),
    (
        Kind::NotReady,
        "update follower set halted = 'the node''s chain leaves ours below the finalized block 51529200'",
        "update follower set halted = null",
    ),
    (Kind::NotMigrated, "alter table cursor rename to elsewhere", "alter table elsewhere rename to cursor"),
];

#[sqlx::test(migrations = "../migrations")]
async fn examples_are_what_the_service_answers(pool: PgPool) {
    let mut examples = Examples::default();
    examples.hold_problem(&Service::over(pool.clone()), Kind::NeverSynced).await;
    examples.hold_problem(&Service::without_database(pool.clone()), Kind::DatabaseGone).await;
    let service = Service::of_mainnet(pool.clone()).await;
    for name in all().keys().filter(|name| !name.starts_with("problems/")) {
        examples.hold(&service, name, 200).await;
    }
    for kind in ASKED_FOR {
        examples.hold_problem(&service, kind).await;
    }
    for (kind, disorder, mend) in DISORDER {
        service.execute(disorder).await;
        examples.hold_problem(&service, kind).await;
        service.execute(mend).await;
    }
    let full = Settings { concurrency_max: 0, ..Settings::default() };
    examples.hold_problem(&Service::over_with(pool.clone(), full), Kind::Overloaded).await;
    let tables = Limits { past_builds_max: 0, ..Limits::default() };
    let no_tables = Settings { tables, ..Settings::default() };
    examples.hold_problem(&Service::over_with(pool.clone(), no_tables), Kind::TablesBusy).await;
    let mut other = pool.begin().await.unwrap();
    sqlx::query("lock table cursor in access exclusive mode").execute(&mut *other).await.unwrap();
    let hasty = Settings { request_timeout: Duration::from_secs(1), ..Settings::default() };
    examples.hold_problem(&Service::over_with(pool.clone(), hasty), Kind::TimedOut).await;
    other.rollback().await.unwrap();
    examples.hold_all();
    hold_document();
}

/// Those that were held so far.
#[derive(Default)]
struct Examples(BTreeSet<String>);

impl Examples {
    async fn hold_problem(&mut self, service: &Service, kind: Kind) {
        let name = format!("problems/{}", kind.slug());
        self.hold(service, &name, kind.status().as_u16()).await;
        assert_eq!(all()[&name].answer["type"], kind.uri(), "{name}");
    }

    /// Asks an example's request and holds the answer against it.
    async fn hold(&mut self, service: &Service, name: &str, status: u16) {
        let Some(mut example) = all().remove(name) else {
            panic!("api/examples/{name}.json is missing: write {{\"request\": \"GET /v1/…\"}} into it, {}", how());
        };
        let reply = ask(service, &example).await;
        assert_eq!(reply.status.as_u16(), status, "{name}: {}", reply.text);
        let answer = shown(&reply);
        if is_update() {
            example.answer.clone_from(&answer);
            let text = format!("{}\n", serde_json::to_string_pretty(&example).unwrap());
            // In one step: a debug build reads the files whenever another test starts the service.
            let (new, path) = (directory().join(format!("{name}.new")), directory().join(format!("{name}.json")));
            std::fs::write(&new, text).unwrap();
            std::fs::rename(&new, &path).unwrap();
        }
        let (kept, is) = (pretty(&example.answer), pretty(&answer));
        assert!(kept == is, "{name} differs; {}\nkept: {kept}\nis: {is}", how());
        self.0.insert(name.to_owned());
    }

    /// Every operation of the document has one, and so has every kind of failure; and none is of nothing.
    fn hold_all(&self) {
        let document = document();
        let items = document.paths.paths.values();
        let operations = items.flat_map(|item| [&item.get, &item.post].into_iter().flatten());
        let ids: BTreeSet<String> = operations.map(|operation| operation.operation_id.clone().unwrap()).collect();
        for id in &ids {
            let has_one = self.0.iter().any(|name| name.split('.').next() == Some(id));
            assert!(
                has_one,
                "{id} has no example: write {{\"request\": \"GET /v1/…\"}} to api/examples/{id}.json, {}",
                how()
            );
        }
        for kind in Kind::ALL {
            assert!(self.0.contains(&format!("problems/{}", kind.slug())), "{kind:?} has no example");
        }
        for name in all().keys() {
            assert!(self.0.contains(name), "api/examples/{name}.json was not asked");
            let of = name.split('.').next().unwrap();
            assert!(name.starts_with("problems/") || ids.contains(of), "{name} is an example of no operation");
        }
    }
}

fn hold_document() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("openapi.json");
    let text = format!("{}\n", document().to_pretty_json().unwrap());
    if is_update() {
        std::fs::write(&path, &text).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == text, "api/openapi.json is not what `api openapi` prints; {}", how());
}

async fn ask(service: &Service, example: &Example) -> Reply {
    let (method, target) = example.request.split_once(' ').unwrap();
    let mut request = Request::builder().method(method).uri(target);
    for (name, value) in &example.headers {
        request = request.header(name, value);
    }
    if example.body.is_some() || example.body_bytes.is_some() {
        request = request.header("content-type", "application/json");
    }
    let body = match (&example.body, example.body_bytes) {
        (Some(body), _) => Body::from(body.to_string()),
        (None, Some(bytes)) => Body::from(" ".repeat(bytes)),
        (None, None) => Body::empty(),
    };
    service.send(request.body(body).unwrap()).await
}

/// The body as the document shows it: JSON as it is, anything else as a string.
fn shown(reply: &Reply) -> Value {
    let is_json = reply.header("content-type").ends_with("json") && !reply.header("content-type").ends_with("ndjson");
    let mut answer = if is_json { reply.json() } else { Value::from(reply.text.clone()) };
    if reply.status.is_success() {
        set_clock(&mut answer);
    }
    answer
}

fn set_clock(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, member) in members.iter_mut() {
                let second = CLOCK.iter().find(|(clock, _)| clock == name).map(|(_, second)| *second);
                match (second, &*member) {
                    (Some(second), Value::Number(_)) => *member = second.into(),
                    (None, Value::String(_)) if name == "observed_at" => *member = OBSERVED_AT.into(),
                    (None, Value::String(cursor)) if name == "next_cursor" => *member = began(cursor).into(),
                    _ => set_clock(member),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(set_clock),
        _ => {}
    }
}

/// A page cursor as if its run had begun at a fixed time.
fn began(cursor: &str) -> String {
    let text = String::from_utf8(hex::decode(cursor).unwrap()).unwrap();
    let (before, rest) = text.split_once("\"t\":").unwrap();
    let after = rest.trim_start_matches(|digit: char| digit.is_ascii_digit());
    hex::encode(format!("{before}\"t\":{CURSOR_BEGAN_AT}{after}"))
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap()
}

fn directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("examples")
}

fn is_update() -> bool {
    std::env::var_os("UPDATE_SNAPSHOTS").is_some()
}

fn how() -> &'static str {
    "then UPDATE_SNAPSHOTS=1 cargo test -p api examples writes it"
}
