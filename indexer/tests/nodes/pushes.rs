//! New heads over a WebSocket, and what becomes of it when they stop coming.

use std::time::Duration;

use devnet::anvil::AnvilConfig;
use devnet::scripted::{ScriptedNode, TransportFault};
use indexer::chain::nodes::{Nodes, NodesConfig};
use indexer::chain::{Chain, ChainError};
use serde_json::Value;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::support::{chain, eventually, query};

const PATIENCE: Duration = Duration::from_secs(20);

struct Watched {
    pool: Nodes,
    task: JoinHandle<()>,
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn watched(url: &str) -> Watched {
    let config = NodesConfig { silence: Duration::from_millis(300), ..NodesConfig::new(vec![url.parse().unwrap()]) };
    let pool = Nodes::new(config).unwrap();
    pool.admit(8453).await.unwrap();
    let watching = pool.clone();
    Watched { pool, task: tokio::spawn(async move { watching.look().await }) }
}

impl Watched {
    fn pushes(&self) -> bool {
        self.pool.health()[0].pushes
    }

    /// Mines until pushes have begun: a block that comes before the subscription is not pushed.
    async fn begin(&self, node: &ScriptedNode) {
        eventually("pushes begin", || {
            node.chain(|chain| chain.mine_empty(1));
            self.pushes()
        })
        .await;
    }
}

#[tokio::test]
async fn a_push_wakes_and_spares_the_question() {
    let node = ScriptedNode::start(chain()).await.unwrap();
    let watched = watched(&node.ws_url()).await;
    watched.begin(&node).await;
    // Whatever was pushed so far.
    while timeout(Duration::from_millis(100), watched.pool.pushed()).await.is_ok() {}
    let head = node.chain(|chain| chain.mine_empty(1));
    timeout(PATIENCE, watched.pool.pushed()).await.unwrap();
    let before = node.requests();
    assert_eq!(watched.pool.head().await.unwrap().hash, head.hash);
    assert_eq!(node.requests(), before);
}

#[tokio::test]
async fn everything_else_goes_over_the_socket_too() {
    let node = ScriptedNode::start(chain()).await.unwrap();
    let pool = Nodes::new(NodesConfig::new(vec![node.ws_url().parse().unwrap()])).unwrap();
    let header = pool.header(30).await.unwrap().unwrap();
    assert_eq!(pool.logs_of_block(&header, &query()).await.unwrap().logs.len(), 2);
    assert_eq!(pool.header(31).await.unwrap(), None);
    assert_eq!(node.http_requests(), 0);
    node.faults().always(TransportFault::Status { status: 502, body: String::new() });
    assert!(matches!(pool.head().await, Err(ChainError::Unavailable(_))));
}

#[tokio::test]
async fn a_silent_subscription_is_noticed_and_made_anew() {
    let node = ScriptedNode::start(chain()).await.unwrap();
    let watched = watched(&node.ws_url()).await;
    watched.begin(&node).await;
    node.keep_silent(true);
    node.chain(|chain| chain.mine_empty(1));
    eventually("the silence is noticed", || !watched.pushes()).await;
    let head = node.chain(|chain| chain.mine_empty(1));
    assert_eq!(watched.pool.head().await.unwrap().hash, head.hash, "it is asked for meanwhile");
    node.keep_silent(false);
    watched.begin(&node).await;
}

#[tokio::test]
async fn a_chain_that_stands_still_is_no_silence() {
    let node = ScriptedNode::start(chain()).await.unwrap();
    let watched = watched(&node.ws_url()).await;
    watched.begin(&node).await;
    let asked = |node: &ScriptedNode| node.requests().get("eth_getBlockByNumber").copied().unwrap_or_default();
    let before = asked(&node);
    eventually("it was asked twice whether there is something new", || asked(&node) >= before + 2).await;
    assert!(watched.pushes());
    assert_eq!(node.requests()["eth_subscribe"], 1);
}

#[tokio::test]
async fn a_socket_that_is_cut_is_opened_again() {
    let node = ScriptedNode::start(chain()).await.unwrap();
    let watched = watched(&node.ws_url()).await;
    watched.begin(&node).await;
    node.cut_sockets();
    eventually("it is subscribed to again", || node.requests()["eth_subscribe"] >= 2).await;
    watched.begin(&node).await;
}

#[tokio::test]
async fn a_real_node_pushes_its_heads() {
    let anvil = AnvilConfig::new().no_mining().start().await.unwrap();
    let watched = watched(&anvil.ws_url()).await;
    let mut numbers = Vec::new();
    while numbers.len() < 3 {
        anvil.rpc().call::<Value>("evm_mine", [(); 0]).await.unwrap();
        if timeout(Duration::from_millis(200), watched.pool.pushed()).await.is_ok() {
            numbers.push(watched.pool.head().await.unwrap().number);
        }
    }
    assert!(numbers.is_sorted() && watched.pushes(), "{numbers:?}");
}
