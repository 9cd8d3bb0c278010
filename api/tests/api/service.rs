//! The service under test.

use std::path::PathBuf;

use api::app::{App, Settings};
use api::router::router;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, Response, StatusCode};
use serde_json::Value;
use sqlx::PgPool;
use store::deployment::Deployment;
use store::read::{Database, Limits};
use tower::ServiceExt;

pub(crate) const ALICE: &str = "0x00000000000000000000000000000000000000a1";
pub(crate) const BOB: &str = "0x00000000000000000000000000000000000000b0";
pub(crate) const CAROL: &str = "0x00000000000000000000000000000000000000c0";
pub(crate) const DAVE: &str = "0x00000000000000000000000000000000000000d0";
pub(crate) const ERIN: &str = "0x00000000000000000000000000000000000000e0";

/// The router over a database.
pub(crate) struct Service {
    router: Router,
    pool: PgPool,
    pub(crate) app: App,
}

/// What came back.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Service {
    /// Over the economy of `fixtures/chain.sql`.
    pub(crate) async fn of_chain(pool: PgPool) -> Self {
        Self::of_chain_with(pool, Settings::default()).await
    }

    /// The same, serving in another way.
    pub(crate) async fn of_chain_with(pool: PgPool, settings: Settings) -> Self {
        sqlx::raw_sql(include_str!("fixtures/chain.sql")).execute(&pool).await.unwrap();
        let revision = i32::try_from(ledger::DERIVATION_REVISION).unwrap();
        sqlx::query("update derivation set revision = $1").bind(revision).execute(&pool).await.unwrap();
        Self::over_with(pool, settings)
    }

    /// Over the chain of `fixtures/mainnet.sql`, as the document's examples show it.
    pub(crate) async fn of_mainnet(pool: PgPool) -> Self {
        sqlx::raw_sql(include_str!("fixtures/mainnet.sql")).execute(&pool).await.unwrap();
        let revision = i32::try_from(ledger::DERIVATION_REVISION).unwrap();
        // Page cursors carry the history, and examples show them.
        sqlx::query("update derivation set revision = $1, history = repeat('8c', 16)::uuid")
            .bind(revision)
            .execute(&pool)
            .await
            .unwrap();
        let document: String =
            sqlx::query_scalar("select document::text from deployment").fetch_one(&pool).await.unwrap();
        let deployment: Deployment = serde_json::from_str(&document).unwrap();
        let digest = deployment.digest().unwrap();
        sqlx::query("update deployment set digest = $1").bind(digest.as_slice()).execute(&pool).await.unwrap();
        Self::over(pool)
    }

    /// Over a database as it is, through connections of the service's own.
    pub(crate) fn over(pool: PgPool) -> Self {
        Self::over_with(pool, Settings::default())
    }

    /// The same, serving in another way.
    pub(crate) fn over_with(pool: PgPool, settings: Settings) -> Self {
        Self::limited_to(pool, settings, &Limits::default())
    }

    /// The same, taking no more of the database than this.
    pub(crate) fn limited_to(pool: PgPool, settings: Settings, limits: &Limits) -> Self {
        // Shown by the test runner where a test fails; a second try to start it is none of the test's business.
        let _ = tracing_subscriber::fmt().with_max_level(tracing::Level::WARN).with_test_writer().try_init();
        let database = Database::lazy_with((*pool.connect_options()).clone(), limits);
        let app = App::new(database, settings);
        Self { router: router(app.clone()), pool, app }
    }

    /// Over a database that nobody answers for.
    pub(crate) fn without_database(pool: PgPool) -> Self {
        let limits = Limits { acquire_timeout: std::time::Duration::from_millis(300), ..Limits::default() };
        let database = Database::lazy("postgres://nobody@127.0.0.1:1/nothing", &limits).unwrap();
        let app = App::new(database, Settings::default());
        Self { router: router(app.clone()), pool, app }
    }

    /// Changes the database under the service.
    pub(crate) async fn execute(&self, sql: &'static str) {
        sqlx::raw_sql(sql).execute(&self.pool).await.unwrap();
    }

    pub(crate) async fn get(&self, target: &str) -> Reply {
        self.send(Request::get(target).body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn get_with(&self, target: &str, name: &str, value: &str) -> Reply {
        self.send(Request::get(target).header(name, value).body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn post(&self, target: &str, body: impl Into<Body>) -> Reply {
        let request = Request::post(target).header("content-type", "application/json");
        self.send(request.body(body.into()).unwrap()).await
    }

    /// An answer whose body nobody has read yet.
    pub(crate) async fn begin(&self, request: Request<Body>) -> Response<Body> {
        self.router.clone().oneshot(request).await.unwrap()
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Reply {
        let response = self.begin(request).await;
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap();
        Reply { status: parts.status, headers: parts.headers, text: String::from_utf8_lossy(&bytes).into_owned() }
    }
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    /// A success, parsed.
    #[track_caller]
    pub(crate) fn ok(&self) -> Value {
        assert_eq!(self.status, StatusCode::OK, "{}", self.text);
        self.json()
    }

    /// A problem document of this status and kind, whole and in its media type.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16, kind: &str) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        assert_eq!(self.header("content-type"), "application/problem+json");
        let body = self.json();
        assert_eq!(body["type"], format!("urn:venice-capacity-oracle:problem:{kind}"), "{body}");
        assert_eq!(body["status"], status);
        for member in ["title", "detail", "instance"] {
            assert!(body[member].as_str().is_some_and(|text| !text.is_empty()), "{member} of {body}");
        }
        if status == 503 {
            assert!(!self.header("retry-after").is_empty(), "a 503 says when to ask again");
        }
        body
    }
}

/// Holds a body against the stored one. What the server's clock says is left out.
#[track_caller]
pub(crate) fn assert_snapshot(name: &str, mut body: Value) {
    leave_out_clock(&mut body);
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/api/snapshots").join(format!("{name}.json"));
    let text = format!("{}\n", serde_json::to_string_pretty(&body).unwrap());
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == text, "{name} differs; UPDATE_SNAPSHOTS=1 writes it anew\nkept: {kept}\nis: {text}");
}

fn leave_out_clock(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, member) in members.iter_mut() {
                let clocks =
                    ["age_seconds", "answered_seconds_ago", "lag_seconds", "observed_at", "observed_seconds_ago"];
                let is_clock = clocks.contains(&name.as_str());
                if is_clock && !member.is_null() {
                    *member = "[clock]".into();
                }
                leave_out_clock(member);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(leave_out_clock),
        _ => {}
    }
}
