use super::Drawn;
use crate::scripted::rpc::{Request, RpcError};
use axum::{
    body::{Body, Bytes},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures::{StreamExt, stream};
use serde_json::Value;
use std::{io, time::Duration};

/// What is wrong with the node's HTTP, whatever is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TransportFault {
    /// Status 429.
    Throttle {
        /// What `Retry-After` says.
        retry_after_seconds: Option<u64>,
    },
    /// No answer as long as the node lives.
    Hang,
    /// The answer comes late.
    Slow {
        /// How late.
        delay: Duration,
    },
    /// This status with this body, as proxies answer for a node that is down.
    Status {
        /// The HTTP status.
        status: u16,
        /// The body, which need not be JSON.
        body: String,
    },
    /// The body is the first half of the true one, with a length that fits.
    CutBody,
    /// The connection breaks in the middle of the body.
    BreakBody,
    /// Larger batches are refused.
    BatchLimit {
        /// The most calls in a batch.
        calls_max: usize,
    },
    /// A batch is answered in the opposite order, as JSON-RPC allows.
    BatchReversed,
}

/// The answer of a request that never gets to the node.
pub(in crate::scripted) async fn intercept(drawn: &Drawn, request: &Request) -> Option<Response> {
    for fault in drawn.transport() {
        match fault {
            TransportFault::Hang => std::future::pending().await,
            TransportFault::Slow { delay } => tokio::time::sleep(*delay).await,
            TransportFault::Throttle { retry_after_seconds } => return Some(throttled(*retry_after_seconds)),
            TransportFault::Status { status, body } => {
                return Some((status_code(*status), body.clone()).into_response());
            }
            TransportFault::BatchLimit { calls_max } if request.calls().len() > *calls_max => {
                return Some(refused(200, &RpcError::new(-32014, "too many RPC calls in batch request")));
            }
            _ => {}
        }
    }
    None
}

/// The node's reply as HTTP brings it to the client.
pub(in crate::scripted) fn deliver(drawn: &Drawn, status: u16, mut reply: Value) -> Response {
    if let Value::Array(replies) = &mut reply
        && drawn.transport().any(|fault| *fault == TransportFault::BatchReversed)
    {
        replies.reverse();
    }
    let text = Bytes::from(reply.to_string());
    let half = text.slice(..text.len() / 2);
    let spoilt = drawn.transport().find_map(|fault| match fault {
        TransportFault::CutBody => Some(json_response(status, half.clone())),
        TransportFault::BreakBody => Some(json_response(status, broken(half.clone()))),
        _ => None,
    });
    spoilt.unwrap_or_else(|| json_response(status, text))
}

/// The answer to what is no JSON-RPC request.
pub(in crate::scripted) fn malformed(error: &RpcError) -> Response {
    refused(200, error)
}

/// The answer to whoever still waits when the node ends.
pub(in crate::scripted) fn ended() -> Response {
    status_code(503).into_response()
}

/// A body that breaks off, upon which the connection is closed. The pause before it lets the beginning go out.
fn broken(beginning: Bytes) -> Body {
    let end = async {
        tokio::task::yield_now().await;
        Err(io::Error::other("the script breaks off"))
    };
    Body::from_stream(stream::iter([Ok(beginning)]).chain(stream::once(end)))
}

fn throttled(retry_after_seconds: Option<u64>) -> Response {
    let mut response = refused(429, &RpcError::new(-32016, "over rate limit"));
    if let Some(seconds) = retry_after_seconds {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

fn refused(status: u16, error: &RpcError) -> Response {
    json_response(status, error.envelope(&Value::Null).to_string())
}

fn json_response(status: u16, body: impl Into<Body>) -> Response {
    let json = HeaderValue::from_static("application/json");
    (status_code(status), [(header::CONTENT_TYPE, json)], body.into()).into_response()
}

fn status_code(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
