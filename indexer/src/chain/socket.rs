//! A WebSocket to a node: requests over it, and new heads pushed through it.
//!
//! It is connected when it is first asked, and again after it broke. After a connection over which nothing was answered
//! there is a pause: a node that accepts connections only to close them would keep us busy for ever.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use alloy_json_rpc::{RequestPacket, ResponsePacket};
use alloy_pubsub::{ConnectionHandle, PubSubConnect, PubSubFrontend};
use alloy_transport::{TransportError, TransportErrorKind, TransportFut, TransportResult};
use alloy_transport_ws::{WebSocketConfig, WsConnect};
use thiserror::Error;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};
use tower::Service;
use url::Url;

use super::backoff::Backoff;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// The largest answer that is received: logs of a range. A larger one ends the connection.
const ANSWER_BYTES_MAX: usize = 128 << 20;

/// Why nothing came over the socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(super) enum SocketError {
    /// There is no connection now.
    #[error("not connected")]
    NotConnected,
    /// There was one. What it carried may have been too large for somebody.
    #[error("the connection broke off")]
    BrokeOff,
    /// It was not answered in time.
    #[error("no answer within {} s", REQUEST_TIMEOUT.as_secs())]
    NoAnswer,
}

/// A transport that connects by itself.
#[derive(Clone, Debug)]
pub(super) struct Socket(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    connect: WsConnect,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    frontend: Option<PubSubFrontend>,
    /// Something was answered over it.
    has_answered: bool,
    backoff: Backoff,
    not_before: Option<Instant>,
}

impl Socket {
    pub(super) fn new(url: &Url) -> Self {
        let config =
            WebSocketConfig::default().max_message_size(Some(ANSWER_BYTES_MAX)).max_frame_size(Some(ANSWER_BYTES_MAX));
        let connect = WsConnect::new(url.as_str()).with_config(config);
        Self(Arc::new(Inner { connect, state: Mutex::default() }))
    }

    /// The connection, made now if there is none.
    pub(super) async fn connection(&self) -> TransportResult<PubSubFrontend> {
        let mut state = self.0.state.lock().await;
        if let Some(frontend) = &state.frontend {
            return Ok(frontend.clone());
        }
        if state.not_before.is_some_and(|not_before| Instant::now() < not_before) {
            return Err(TransportErrorKind::custom(SocketError::NotConnected));
        }
        match timeout(CONNECT_TIMEOUT, Once(self.0.connect.clone()).into_service()).await {
            Ok(Ok(frontend)) => {
                state.frontend = Some(frontend.clone());
                state.has_answered = false;
                Ok(frontend)
            }
            failed => {
                let pause = state.backoff.pause();
                state.not_before = Some(Instant::now() + pause);
                Err(match failed {
                    Ok(Err(error)) => error,
                    _ => TransportErrorKind::custom(SocketError::NotConnected),
                })
            }
        }
    }

    /// An answer came: the connection is good, and the next one may be made as soon as this one ends.
    async fn answered(&self) {
        let mut state = self.0.state.lock().await;
        state.has_answered = true;
        state.backoff.reset();
    }

    /// Gives the connection up, so that the next request makes another.
    pub(super) async fn drop_connection(&self) {
        let mut state = self.0.state.lock().await;
        if state.frontend.take().is_some() && !state.has_answered {
            let pause = state.backoff.pause();
            state.not_before = Some(Instant::now() + pause);
        }
    }

    async fn send(self, request: RequestPacket) -> Result<ResponsePacket, TransportError> {
        let mut connection = self.connection().await?;
        let answer = timeout(REQUEST_TIMEOUT, connection.call(request)).await;
        match answer {
            Ok(Err(error)) if error.as_transport_err().is_some_and(TransportErrorKind::is_backend_gone) => {
                self.drop_connection().await;
                Err(TransportErrorKind::custom(SocketError::BrokeOff))
            }
            Ok(answer) => {
                self.answered().await;
                answer
            }
            Err(_) => Err(TransportErrorKind::custom(SocketError::NoAnswer)),
        }
    }
}

impl Service<RequestPacket> for Socket {
    type Response = ResponsePacket;
    type Error = TransportError;
    type Future = TransportFut<'static>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: RequestPacket) -> Self::Future {
        Box::pin(self.clone().send(request))
    }
}

/// Connects, and not again by itself: when to is decided here, with a backoff.
struct Once(WsConnect);

impl PubSubConnect for Once {
    fn is_local(&self) -> bool {
        self.0.is_local()
    }

    async fn connect(&self) -> TransportResult<ConnectionHandle> {
        self.0.connect().await
    }

    async fn try_reconnect(&self) -> TransportResult<ConnectionHandle> {
        Err(TransportErrorKind::non_retryable_str("the connection broke off"))
    }
}
