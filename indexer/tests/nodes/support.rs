//! A chain, nodes that serve it, and the pool over them.

use std::time::{Duration, Instant};

use abi::Vvv as V;
use alloy_primitives::{Address, U256};
use devnet::scripted::{ChainOptions, Finality, ScriptedChain, ScriptedLog, ScriptedNode, SharedChain};
use indexer::chain::nodes::{Nodes, NodesConfig};
use indexer::chain::{Chain, Header, LogQuery};
use store::node::NodeHealth;
use tokio::task::JoinHandle;

pub(crate) const VVV: Address = Address::repeat_byte(0xa1);
const ALICE: Address = Address::repeat_byte(1);
const BOB: Address = Address::repeat_byte(2);
/// More than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) fn transfer(units: u64) -> ScriptedLog {
    ScriptedLog::event(VVV, &V::Transfer { from: ALICE, to: BOB, amount: U256::from(units) })
}

/// 30 blocks of two transfers each.
pub(crate) fn chain() -> ScriptedChain {
    let finality = Finality::Depths { safe: 5, finalized: 10 };
    let mut chain = ScriptedChain::new(ChainOptions { finality, ..ChainOptions::default() });
    for _ in 0..30 {
        chain.mine([transfer(1), transfer(2).in_transaction(1)]);
    }
    chain
}

/// So many nodes over one chain, and the pool that asks them.
pub(crate) struct World {
    pub(crate) nodes: Vec<ScriptedNode>,
    pub(crate) pool: Nodes,
    watching: Option<JoinHandle<()>>,
}

impl World {
    pub(crate) async fn new(count: usize) -> Self {
        Self::with(count, |config| config).await
    }

    /// The pool configured otherwise.
    pub(crate) async fn with(count: usize, configure: impl FnOnce(NodesConfig) -> NodesConfig) -> Self {
        let shared = SharedChain::from(chain());
        let mut nodes = Vec::new();
        for _ in 0..count {
            nodes.push(ScriptedNode::start(shared.clone()).await.unwrap());
        }
        let urls = nodes.iter().map(|node| node.url.parse().unwrap()).collect();
        let pool = Nodes::new(configure(NodesConfig::new(urls))).unwrap();
        pool.admit(8453).await.unwrap();
        Self { nodes, pool, watching: None }
    }

    /// Has the nodes watched until the test ends.
    pub(crate) fn watch(&mut self) {
        let pool = self.pool.clone();
        self.watching = Some(tokio::spawn(async move { pool.look().await }));
    }

    /// A block's header, by the chain itself.
    pub(crate) fn header(&self, number: u64) -> Header {
        self.nodes[0].chain(|chain| {
            let block = chain.block(number).unwrap();
            Header {
                number,
                hash: block.hash,
                parent_hash: block.header.parent_hash,
                timestamp: block.header.timestamp,
                logs_bloom: block.header.logs_bloom,
                receipts_root: block.header.receipts_root,
            }
        })
    }

    pub(crate) fn health(&self, place: usize) -> NodeHealth {
        self.pool.health().swap_remove(place)
    }

    /// Host and port of a node, as errors name it.
    pub(crate) fn name(&self, place: usize) -> String {
        self.nodes[place].url.replace("http://", "")
    }

    pub(crate) fn asked(&self, place: usize, method: &str) -> u64 {
        self.nodes[place].requests().get(method).copied().unwrap_or_default()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if let Some(watching) = &self.watching {
            watching.abort();
        }
    }
}

pub(crate) fn query() -> LogQuery {
    LogQuery { addresses: vec![VVV], topics: Vec::new(), topic1: None }
}

/// Waits for what is to come.
pub(crate) async fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
