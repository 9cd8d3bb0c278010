//! Several nodes behaving as one.
//!
//! One is asked first; where it fails, the next is, within the same request. Each is judged by its answers too: who lags,
//! who is on a fork, who gives other logs than two others. One node alone is a pool of one.

mod agree;
mod choice;
mod finality;
mod health;
mod logs;
mod node;
mod pool;
mod report;
mod stall;
mod standing;
mod watch;

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use alloy_primitives::{Address, B256, Bytes, U256};
use anyhow::Context;
use futures::future::join_all;
use store::deployment::FinalityDepths;
use tokio::sync::Notify;
use url::Url;

use super::rpc::{Patience, RpcChain};
use super::{At, Chain, ChainError, Finality, Grade, Graded, Header, LogQuery};
use choice::Preferred;
use node::{Kind, Node, Wanted};

/// More nodes than this are a slip of the pen.
const NODES_MAX: usize = 32;
/// A head that was pushed is good for so long; then the node is asked.
const PUSHED_FRESH: Duration = Duration::from_secs(2);

/// Which nodes, and what is asked of them.
#[derive(Clone, Debug)]
pub struct NodesConfig {
    /// `http`, `https`, `ws` or `wss`, the one to begin with first.
    pub urls: Vec<Url>,
    /// Of each; `None`: no limit of ours.
    pub requests_per_second: Option<NonZeroU32>,
    /// Logs are asked of one node, or of two and held against each other; `None`: of two where there are two.
    pub agree: Option<Agree>,
    /// Logs at the head are taken from receipts that the header commits to.
    pub verify_receipts: bool,
    /// What is safe and finalized, where no node says.
    pub depths: Option<FinalityDepths>,
    /// A subscription that pushes nothing for so long is held against what the node answers.
    pub silence: Duration,
    /// How long each is waited for.
    pub patience: Patience,
}

/// How many nodes must give the same logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agree {
    /// One node's word is taken.
    One,
    /// Two nodes must agree.
    Two,
}

impl NodesConfig {
    /// These nodes, asked for nothing special.
    pub fn new(urls: Vec<Url>) -> Self {
        Self {
            urls,
            requests_per_second: None,
            agree: None,
            verify_receipts: false,
            depths: None,
            silence: Duration::from_secs(10),
            patience: Patience::default(),
        }
    }
}

/// Several nodes behaving as one.
#[derive(Clone, Debug)]
pub struct Nodes(Arc<Pool>);

#[derive(Debug)]
struct Pool {
    nodes: Vec<Arc<Node>>,
    preferred: Mutex<Preferred>,
    /// The chain id that every node must have.
    chain_id: OnceLock<u64>,
    agree: Agree,
    verify_receipts: bool,
    depths: Option<FinalityDepths>,
    silence: Duration,
    woken: Notify,
}

impl Nodes {
    /// Nothing is asked yet.
    ///
    /// # Errors
    /// If there is no URL, too many, one twice, or one of another scheme.
    pub fn new(config: NodesConfig) -> anyhow::Result<Self> {
        let NodesConfig { urls, requests_per_second, agree, verify_receipts, depths, silence, patience } = config;
        anyhow::ensure!((1..=NODES_MAX).contains(&urls.len()), "1 to {NODES_MAX} nodes, not {}", urls.len());
        let mut nodes: Vec<Arc<Node>> = Vec::new();
        for (position, url) in urls.iter().enumerate() {
            let earlier = &urls[..position];
            anyhow::ensure!(!earlier.contains(url), "node {} is given twice", node::name(url));
            let host = node::name(url);
            let namesakes = earlier.iter().filter(|other| node::name(other) == host).count();
            let name = if namesakes == 0 { host.clone() } else { format!("{host}#{}", namesakes + 1) };
            let node = Node::new(name, url.clone(), requests_per_second, patience, urls.len() == 1);
            nodes.push(Arc::new(node.context(host)?));
        }
        let agree = agree.unwrap_or(if nodes.len() > 1 { Agree::Two } else { Agree::One });
        anyhow::ensure!(agree == Agree::One || nodes.len() > 1, "two nodes cannot agree where one is given");
        let preferred = Mutex::new(Preferred::first(Instant::now()));
        let (chain_id, woken) = (OnceLock::new(), Notify::new());
        let pool = Pool { nodes, preferred, chain_id, agree, verify_receipts, depths, silence, woken };
        Ok(Self(Arc::new(pool)))
    }
}

impl Chain for Nodes {
    /// Every node is asked. One of another chain is left out from now on; one that does not answer now may come later.
    async fn admit(&self, chain_id: u64) -> Result<(), ChainError> {
        let expected = *self.0.chain_id.get_or_init(|| chain_id);
        let all = (0..self.0.nodes.len()).map(|place| self.0.admit_one(place, expected));
        let mut outcomes = join_all(all).await;
        if outcomes.iter().any(Result::is_ok) {
            return Ok(());
        }
        // One that may still come outweighs those that never will.
        let position = outcomes.iter().position(|outcome| !matches!(outcome, Err(ChainError::OtherChain(_))));
        outcomes.swap_remove(position.unwrap_or(0))
    }

    async fn head(&self) -> Result<Header, ChainError> {
        let places = self.0.order();
        if let Some(header) = places.first().and_then(|place| self.0.nodes[*place].pushed_head()) {
            return Ok(header);
        }
        let (place, head) = self.0.first(Kind::Small, async |chain: RpcChain| chain.head().await).await?;
        self.0.saw_head(place, &head);
        Ok(head)
    }

    async fn finality(&self) -> Result<Finality, ChainError> {
        self.0.finality(self).await
    }

    async fn header(&self, number: u64) -> Result<Option<Header>, ChainError> {
        let (place, header) = self.0.first(Kind::Small, move |chain| async move { chain.header(number).await }).await?;
        if let Some(header) = &header {
            self.0.nodes[place].health().saw(header.number, header.hash);
        }
        Ok(header)
    }

    async fn header_by_hash(&self, hash: B256) -> Result<Option<Header>, ChainError> {
        // A node that does not know it says so by an error here, so that the next is asked.
        let known = move |chain: RpcChain| async move {
            let header = chain.header_by_hash(hash).await?;
            header.ok_or_else(|| ChainError::UnknownBlock(hash.to_string()))
        };
        match self.0.first(Kind::Small, known).await {
            Ok((_, header)) => Ok(Some(header)),
            Err(ChainError::UnknownBlock(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn logs_of_block(&self, header: &Header, query: &LogQuery) -> Result<Graded, ChainError> {
        if self.0.verify_receipts {
            return self.0.proven(header, query).await;
        }
        self.0.logs(Wanted::Block(Box::new(header.clone())), query).await
    }

    async fn logs_in_range(&self, from: u64, to: u64, query: &LogQuery) -> Result<Graded, ChainError> {
        self.0.logs(Wanted::Range(from, to), query).await
    }

    async fn call(&self, at: At, to: Address, data: Bytes) -> Result<Bytes, ChainError> {
        let request = move |chain: RpcChain| {
            let data = data.clone();
            async move { chain.call(at, to, data).await }
        };
        Ok(self.0.first(Kind::Optional, request).await?.1)
    }

    async fn storage(&self, at: At, address: Address, slot: U256) -> Result<B256, ChainError> {
        let request = move |chain: RpcChain| async move { chain.storage(at, address, slot).await };
        Ok(self.0.first(Kind::Optional, request).await?.1)
    }

    fn grade_sought(&self) -> Grade {
        match (self.0.verify_receipts, self.0.agree) {
            (true, _) => Grade::Receipts,
            (false, Agree::Two) => Grade::Agreed,
            (false, Agree::One) => Grade::Single,
        }
    }

    async fn is_abandoned(&self, number: u64, hash: B256) -> Result<bool, ChainError> {
        self.0.is_abandoned(number, hash).await
    }

    /// With its two a pool that lets two agree has asked both, and knows no better which of them to leave.
    fn avoid_current(&self) {
        let why = ChainError::Contradiction("what it gave does not hold".into());
        self.0.nodes[self.0.preferred()].lied(&why);
    }

    async fn pushed(&self) {
        self.0.woken.notified().await;
    }
}
