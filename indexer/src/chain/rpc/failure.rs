//! What a failed request means, in words that give no key away.

use alloy_json_rpc::RpcError;
use alloy_transport::{TransportError, TransportErrorKind};

use super::super::ChainError;
use super::super::error::{classify, classify_http, short};
use super::super::socket::SocketError;
use super::RpcChain;
use super::http::Overlong;

impl RpcChain {
    /// Takes the URL out of a node's words: it may hold a key.
    pub(super) fn hide(&self, text: String) -> String {
        short(&self.secrets.iter().fold(text, |text, secret| text.replace(secret.as_str(), "<hidden>")))
    }

    pub(super) fn error(&self, error: TransportError) -> ChainError {
        let hide = |text| self.hide(text);
        match error {
            RpcError::ErrorResp(payload) => classify(payload.code, &hide(payload.message.into_owned())),
            RpcError::Transport(TransportErrorKind::HttpError(http)) => {
                classify_http(http.status, &hide(http.body), None)
            }
            RpcError::Transport(TransportErrorKind::HttpErrorWithRetryAfter { error, retry_after }) => {
                classify_http(error.status, &hide(error.body), Some(retry_after))
            }
            RpcError::Transport(TransportErrorKind::Custom(error)) => {
                ChainError::Unavailable(match error.downcast::<reqwest::Error>() {
                    Ok(error) => hide(chain_of(&error.without_url())),
                    Err(error) => hide(chain_of(error.as_ref())),
                })
            }
            RpcError::DeserError { err, .. } => ChainError::Unavailable(format!("an answer of another shape: {err}")),
            other => ChainError::Unavailable(hide(other.to_string())),
        }
    }

    /// An answer that is too long, comes too slowly or breaks off is one that a smaller range mends.
    pub(super) fn error_of_logs(&self, error: TransportError) -> ChainError {
        let too_large = match &error {
            RpcError::Transport(TransportErrorKind::Custom(error)) => {
                match (error.downcast_ref::<reqwest::Error>(), error.downcast_ref::<SocketError>()) {
                    (Some(error), _) => {
                        !error.is_connect() && (error.is_timeout() || error.is_body() || error.is_decode())
                    }
                    (None, Some(error)) => *error != SocketError::NotConnected,
                    (None, None) => error.downcast_ref::<Overlong>().is_some(),
                }
            }
            _ => false,
        };
        match self.error(error) {
            ChainError::Unavailable(message) if too_large => ChainError::TooLarge { message, limit_blocks: None },
            error => error,
        }
    }
}

/// An error with its causes, which is where "connection refused" hides.
fn chain_of(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
