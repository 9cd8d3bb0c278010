//! Figures of a process, as Prometheus text on a listener of its own.
//!
//! What is measured is said where it happens, with the macros of `metrics`; here it is gathered and shown. The crate
//! that gathers has a listener too, without any limit; this one bears a client that asks for nothing, or too often.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use thiserror::Error;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

/// What a histogram tells apart, from a millisecond to half a minute.
const BUCKETS_SECONDS: [f64; 14] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];
/// Connections at the same time; more wait.
const CONNECTIONS_MAX: usize = 8;
/// A connection is one question and its answer, and has so long.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often measured times are gathered though nobody asks.
const UPKEEP: Duration = Duration::from_secs(5);
/// Without descriptors left, accepting fails at once and again.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(500);
/// The text format, with its version.
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

/// Why nothing is measured.
#[derive(Debug, Error)]
pub enum MeterError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {cause}")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// Why.
        cause: std::io::Error,
    },
    /// Something else measures already.
    #[error("nothing can be measured: {0}")]
    Install(#[from] BuildError),
}

/// Gathers what the process measures, and shows it.
#[derive(Debug)]
pub struct Meter {
    listener: TcpListener,
    handle: PrometheusHandle,
}

impl Meter {
    /// Listens, and gathers from here on. Once a process. Metrics named `_seconds` that are histograms get buckets.
    ///
    /// # Errors
    /// [`MeterError`]
    pub async fn start(address: SocketAddr) -> Result<Self, MeterError> {
        let listener = TcpListener::bind(address).await.map_err(|cause| MeterError::Listen { address, cause })?;
        let seconds = Matcher::Suffix("_seconds".into());
        let handle = PrometheusBuilder::new().set_buckets_for_metric(seconds, &BUCKETS_SECONDS)?.install_recorder()?;
        Ok(Self { listener, handle })
    }

    /// Where it listens; of port 0 the one that was free.
    ///
    /// # Errors
    /// If the system does not say.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Answers `GET /metrics`, until dropped.
    pub async fn serve(self) {
        let slots = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        let mut upkeep = tokio::time::interval(UPKEEP);
        loop {
            tokio::select! {
                _ = upkeep.tick() => self.handle.run_upkeep(),
                () = self.accept(&slots) => {}
            }
        }
    }

    async fn accept(&self, slots: &Arc<Semaphore>) {
        let Ok(slot) = Arc::clone(slots).acquire_owned().await else { return };
        match self.listener.accept().await {
            Ok((stream, _)) => {
                let handle = self.handle.clone();
                tokio::spawn(async move {
                    // One that asks for nothing, or does not take its answer, is dropped.
                    let _ = tokio::time::timeout(PATIENCE, converse(stream, handle)).await;
                    drop(slot);
                });
            }
            Err(error) => {
                tracing::warn!("a connection for metrics could not be accepted: {error}");
                tokio::time::sleep(PAUSE_AFTER_FAILURE).await;
            }
        }
    }
}

async fn converse(stream: TcpStream, handle: PrometheusHandle) {
    let service = service_fn(|request| {
        let answer = answer(&request, &handle);
        async move { Ok::<_, Infallible>(answer) }
    });
    let mut http = http1::Builder::new();
    http.keep_alive(false).timer(TokioTimer::new()).header_read_timeout(PATIENCE);
    if let Err(error) = http.serve_connection(TokioIo::new(stream), service).await {
        tracing::debug!("a connection for metrics broke: {error}");
    }
}

fn answer(request: &Request<Incoming>, handle: &PrometheusHandle) -> Response<Full<Bytes>> {
    let is_known = request.method() == Method::GET && request.uri().path() == "/metrics";
    let (status, text) = match is_known {
        true => (StatusCode::OK, handle.render()),
        false => (StatusCode::NOT_FOUND, "GET /metrics is all there is here\n".into()),
    };
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, TEXT);
    response
}
