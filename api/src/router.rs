//! Every route, and what lies around them all.

use axum::Router;
use axum::body::{Body, Bytes, HttpBody, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{self, HeaderName};
use axum::http::{HeaderValue, Method};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::cors::{Any, CorsLayer};
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use utoipa_swagger_ui::SwaggerUi;

use crate::app::App;
use crate::extract::receive;
use crate::measure;
use crate::openapi;
use crate::problem::{Kind, Problem, render};
use crate::routes as r;

/// What a browser may do with the page: its own files and nothing else.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// The documentation's styles are set by its script.
const DOCS_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
     img-src 'self' data:; font-src 'self' data:; connect-src 'self'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// Answers that are not counted among those that share memory.
const LITTLE_BYTES: u64 = 64 * 1024;
/// Headers that a page of another origin may read.
const EXPOSED: [HeaderName; 9] = [
    header::ETAG,
    header::RETRY_AFTER,
    HeaderName::from_static("x-capacity-block"),
    HeaderName::from_static("x-capacity-block-time"),
    HeaderName::from_static("x-capacity-finality"),
    HeaderName::from_static("x-capacity-allocation-usd-micros"),
    HeaderName::from_static("x-capacity-epoch"),
    HeaderName::from_static("x-capacity-epoch-closes"),
    HeaderName::from_static("x-capacity-policy"),
];

/// The whole service.
pub fn router(app: App) -> Router {
    let (chain, document) = chain_routes().split_for_parts();
    let slots = Slots(Arc::new(Semaphore::new(app.settings().concurrency_max)));
    let flight = Flight(Arc::new(Semaphore::new(app.settings().answers_bytes_max / 1024)));
    let (operation, _) = operation_routes().split_for_parts();
    chain
        .layer(from_fn_with_state(slots, one_slot))
        .merge(operation)
        .merge(SwaggerUi::new("/docs").url("/openapi.json", complete(document)))
        .route("/", get(r::page::index))
        .route("/assets/{name}", get(r::page::asset))
        .fallback(nothing_here)
        .with_state(app.clone())
        .layer(CatchPanicLayer::custom(|_: Box<dyn std::any::Any + Send>| {
            Problem::internal("a handler panicked").into_response()
        }))
        .layer(from_fn_with_state(flight, in_flight))
        .layer(from_fn_with_state(app, in_time))
        .layer(from_fn(render))
        .layer(CompressionLayer::new())
        .layer(cors())
        .layer(from_fn(guard))
        .layer(from_fn(trace))
        .layer(from_fn(measure::count))
}

/// The OpenAPI document of the whole service.
pub fn document() -> OpenApi {
    complete(chain_routes().into_openapi())
}

/// Operation routes are kept apart in the router, not in the document.
fn complete(mut document: OpenApi) -> OpenApi {
    document.merge(operation_routes().into_openapi());
    openapi::finish(document)
}

fn chain_routes() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(openapi::base())
        .routes(routes!(r::entitlements::get))
        .routes(routes!(r::entitlements_batch::post))
        .routes(routes!(r::check::get))
        .routes(routes!(r::check::get_forwarded))
        .routes(routes!(r::capacity::get))
        .routes(routes!(r::allocations::post))
        .routes(routes!(r::epochs::get))
        .routes(routes!(r::epoch::get))
        .routes(routes!(r::account::get))
        .routes(routes!(r::account_events::get))
        .routes(routes!(r::account_history::get))
        .routes(routes!(r::events::get))
        .routes(routes!(r::burns_events::get))
        .routes(routes!(r::supply::get))
        .routes(routes!(r::burns::get))
        .routes(routes!(r::burns_senders::get))
        .routes(routes!(r::staking::get))
        .routes(routes!(r::stakers::get))
        .routes(routes!(r::diem::get))
        .routes(routes!(r::diem_curve::get))
        .routes(routes!(r::diem_quote::get))
        .routes(routes!(r::emissions::get))
        .routes(routes!(r::history::supply::get))
        .routes(routes!(r::history::burns::get))
        .routes(routes!(r::history::staking::get))
        .routes(routes!(r::history::emissions::get))
        .routes(routes!(r::history::diem::get))
        .routes(routes!(r::parameters::get))
        .routes(routes!(r::parameters_history::get))
        .routes(routes!(r::cooldowns::get))
        .routes(routes!(r::metrics::get))
        .routes(routes!(r::status::get))
}

/// Answered however busy the rest is.
fn operation_routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(r::healthz::get)).routes(routes!(r::readyz::get))
}

async fn nothing_here() -> axum::http::StatusCode {
    axum::http::StatusCode::NOT_FOUND
}

#[derive(Clone)]
struct Slots(Arc<Semaphore>);

/// Of permits for a kilobyte each.
#[derive(Clone)]
struct Flight(Arc<Semaphore>);

/// Refuses at once what would only wait. Nobody has a slot who has not sent all of the request.
async fn one_slot(State(Slots(slots)): State<Slots>, request: Request, next: Next) -> Response {
    let request = match receive(request).await {
        Ok(request) => request,
        Err(problem) => return problem.into_response(),
    };
    match slots.try_acquire() {
        Ok(_slot) => next.run(request).await,
        Err(_) => Problem::new(Kind::Overloaded, "too many requests at once").retry_after(1).into_response(),
    }
}

/// Answers of more than a little share what memory there is for all that are on their way, until they are taken.
async fn in_flight(State(Flight(memory)): State<Flight>, request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let Some(bytes) = response.body().size_hint().exact().filter(|bytes| *bytes > LITTLE_BYTES) else {
        return response;
    };
    let kilobytes = u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX);
    let Ok(held) = memory.try_acquire_many_owned(kilobytes) else {
        return Problem::new(Kind::Overloaded, "too many answers on their way").retry_after(1).into_response();
    };
    let (parts, body) = response.into_parts();
    match to_bytes(body, usize::MAX).await {
        Ok(bytes) => Response::from_parts(parts, Body::from(Bytes::from_owner(Flying { bytes, _held: held }))),
        Err(error) => Problem::internal(error).into_response(),
    }
}

/// Given back when the last of the answer has been sent, or the connection is gone.
struct Flying {
    bytes: Bytes,
    _held: OwnedSemaphorePermit,
}

impl AsRef<[u8]> for Flying {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

async fn in_time(State(app): State<App>, request: Request, next: Next) -> Response {
    let limit = app.settings().request_timeout;
    tokio::time::timeout(limit, next.run(request)).await.unwrap_or_else(|_| {
        Problem::new(Kind::TimedOut, format!("no answer within {} seconds", limit.as_secs())).into_response()
    })
}

fn cors() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::HEAD, Method::POST])
        .allow_headers(Any)
        .expose_headers(EXPOSED)
        .max_age(std::time::Duration::from_secs(3600))
}

/// Headers that keep browsers from doing what nobody asked for.
async fn guard(request: Request, next: Next) -> Response {
    let is_docs = request.uri().path().starts_with("/docs");
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let policy = if is_docs { DOCS_POLICY } else { PAGE_POLICY };
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

/// One line a request, without query and headers: they may hold what is nobody's business.
async fn trace(request: Request, next: Next) -> Response {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let began = std::time::Instant::now();
    let response = next.run(request).await;
    let (status, took_us) = (response.status().as_u16(), began.elapsed().as_micros());
    tracing::debug!(%method, path, status, took_us, "served");
    response
}
