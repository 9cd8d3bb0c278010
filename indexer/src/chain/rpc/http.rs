//! JSON-RPC over HTTP with a bound on every answer: a node that never stops sending is cut off.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll};
use std::time::Duration;

use alloy_json_rpc::{RequestPacket, ResponsePacket};
use alloy_transport::{TransportError, TransportErrorKind, TransportFut, TransportResult};
use reqwest::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use reqwest::{Client, Response};
use thiserror::Error;
use tower::Service;
use url::Url;

/// The most that any answer but one of logs may hold. A block with its transactions' hashes and the curve's cells are
/// far below it.
const ANSWER_BYTES_MAX: usize = 16 << 20;
/// What is read of an answer that is an error.
const ERROR_BYTES_MAX: usize = 64 << 10;

/// A node's URL and the client that reaches it.
#[derive(Clone, Debug)]
pub(super) struct Http {
    client: Client,
    url: Url,
    /// The longest answer so far. Room is made for as much again where a node does not say how much it will send.
    longest: Arc<AtomicUsize>,
}

/// An answer was not read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the answer is longer than {bytes_max} bytes")]
pub(super) struct Overlong {
    bytes_max: usize,
}

impl Http {
    pub(super) fn new(client: Client, url: Url) -> Self {
        Self { client, url, longest: Arc::default() }
    }

    /// Sends a request and reads the answer's body. A status other than success is an error with what came along.
    pub(super) async fn post(&self, request: Vec<u8>, bytes_max: usize) -> TransportResult<Vec<u8>> {
        let json = HeaderValue::from_static("application/json");
        let request = self.client.post(self.url.clone()).header(CONTENT_TYPE, json).body(request);
        let response = request.send().await.map_err(TransportErrorKind::custom)?;
        let status = response.status();
        if status.is_success() {
            let body = read(response, bytes_max, self.longest.load(Relaxed)).await?;
            self.longest.fetch_max(body.len(), Relaxed);
            return Ok(body);
        }
        let retry_after = retry_after(&response);
        let body = read(response, ERROR_BYTES_MAX, 0).await.unwrap_or_default();
        let words = String::from_utf8_lossy(&body).into_owned();
        Err(TransportErrorKind::http_error_with_retry_after(status.as_u16(), words, retry_after))
    }
}

/// The number of seconds that a node asks for; dates are not understood.
fn retry_after(response: &Response) -> Option<Duration> {
    let value = response.headers().get(RETRY_AFTER)?.to_str().ok()?;
    value.trim().parse().ok().map(Duration::from_secs)
}

async fn read(mut response: Response, bytes_max: usize, expected: usize) -> TransportResult<Vec<u8>> {
    let overlong = || TransportErrorKind::custom(Overlong { bytes_max });
    let announced = response.content_length().map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX));
    if announced.is_some_and(|announced| announced > bytes_max) {
        return Err(overlong());
    }
    let mut body = Vec::with_capacity(announced.unwrap_or(expected.min(bytes_max)));
    while let Some(chunk) = response.chunk().await.map_err(TransportErrorKind::custom)? {
        if chunk.len() > bytes_max - body.len() {
            return Err(overlong());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// For alloy's provider, which asks everything but logs.
impl Service<RequestPacket> for Http {
    type Response = ResponsePacket;
    type Error = TransportError;
    type Future = TransportFut<'static>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: RequestPacket) -> Self::Future {
        let http = self.clone();
        Box::pin(async move {
            let request = serde_json::to_vec(&request).map_err(TransportError::ser_err)?;
            let body = http.post(request, ANSWER_BYTES_MAX).await?;
            serde_json::from_slice(&body).map_err(|error| TransportError::deser_err(error, ""))
        })
    }
}
