//! New heads as a node pushes them: `eth_subscribe` to `newHeads`.

use alloy_network::{AnyNetwork, AnyRpcHeader};
use alloy_provider::{Provider, RootProvider};
use alloy_pubsub::{PubSubFrontend, Subscription};
use alloy_rpc_client::RpcClient;
use alloy_transport::TransportResult;
use tokio::sync::broadcast::error::RecvError;

use super::rpc::verified_header;
use super::socket::Socket;
use super::{ChainError, Header};

/// Heads to come. Dropping it ends the subscription with its connection.
#[derive(Debug)]
pub struct Heads {
    subscription: Subscription<AnyRpcHeader>,
    /// Keeps the connection.
    _provider: RootProvider<AnyNetwork>,
    socket: Socket,
}

impl Heads {
    pub(super) async fn subscribe(socket: &Socket) -> TransportResult<Self> {
        let connection: PubSubFrontend = socket.connection().await?;
        let provider = RootProvider::<AnyNetwork>::new(RpcClient::new(connection, false));
        let subscription = provider.subscribe_blocks().await?;
        Ok(Self { subscription, _provider: provider, socket: socket.clone() })
    }

    /// The next head, hashed again. Of several that came meanwhile, older ones may be left out.
    ///
    /// # Errors
    /// [`ChainError::Unavailable`] once the connection is gone; [`ChainError::Contradiction`] for a header that does not
    /// hash to its name.
    pub async fn next(&mut self) -> Result<Header, ChainError> {
        loop {
            match self.subscription.recv().await {
                Ok(header) => return verified_header(&header),
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => {
                    return Err(ChainError::Unavailable("the subscription to new heads ended".into()));
                }
            }
        }
    }

    /// Gives up the connection, which no longer pushes.
    pub async fn abandon(self) {
        self.socket.drop_connection().await;
    }
}
