//! JSON-RPC over HTTP with a bound on every answer: a node that never stops sending is cut off.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
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
/// As many as are read at once in a backfill.
const SPARE_MAX: usize = 4;

/// A node's URL and the client that reaches it.
#[derive(Clone, Debug)]
pub(super) struct Http {
    client: Client,
    url: Url,
    /// Room that earlier answers took, for the next: fresh memory costs more than what is read into it.
    spare: Arc<Mutex<Vec<Vec<u8>>>>,
}

/// An answer was not read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the answer is longer than {bytes_max} bytes")]
pub(super) struct Overlong {
    bytes_max: usize,
}

impl Http {
    pub(super) fn new(client: Client, url: Url) -> Self {
        Self { client, url, spare: Arc::default() }
    }

    /// Sends a request and reads the answer's body. A status other than success is an error with what came along.
    pub(super) async fn post(&self, request: Vec<u8>, bytes_max: usize) -> TransportResult<Vec<u8>> {
        let json = HeaderValue::from_static("application/json");
        let request = self.client.post(self.url.clone()).header(CONTENT_TYPE, json).body(request);
        let response = request.send().await.map_err(TransportErrorKind::custom)?;
        let status = response.status();
        if status.is_success() {
            let room = self.spare().pop().unwrap_or_default();
            return read(response, bytes_max, room).await;
        }
        let retry_after = retry_after(&response);
        let body = read(response, ERROR_BYTES_MAX, Vec::new()).await.unwrap_or_default();
        let words = String::from_utf8_lossy(&body).into_owned();
        Err(TransportErrorKind::http_error_with_retry_after(status.as_u16(), words, retry_after))
    }

    /// Takes back the room of an answer that was read.
    pub(super) fn recycle(&self, mut body: Vec<u8>) {
        let mut spare = self.spare();
        if spare.len() < SPARE_MAX && body.capacity() <= ANSWER_BYTES_MAX {
            body.clear();
            spare.push(body);
        }
    }

    fn spare(&self) -> MutexGuard<'_, Vec<Vec<u8>>> {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The number of seconds that a node asks for; dates are not understood.
fn retry_after(response: &Response) -> Option<Duration> {
    let value = response.headers().get(RETRY_AFTER)?.to_str().ok()?;
    value.trim().parse().ok().map(Duration::from_secs)
}

async fn read(mut response: Response, bytes_max: usize, mut body: Vec<u8>) -> TransportResult<Vec<u8>> {
    let overlong = || TransportErrorKind::custom(Overlong { bytes_max });
    let announced = response.content_length().map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX));
    if announced.is_some_and(|announced| announced > bytes_max) {
        return Err(overlong());
    }
    body.reserve(announced.unwrap_or_default());
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
            let answer = serde_json::from_slice(&body).map_err(|error| TransportError::deser_err(error, ""));
            http.recycle(body);
            answer
        })
    }
}
