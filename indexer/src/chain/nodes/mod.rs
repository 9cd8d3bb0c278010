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
mod report;
mod stall;
mod standing;
mod watch;

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use alloy_primitives::{Address, B256, Bytes, U256};
use anyhow::Context;
use futures::future::join_all;
use store::deployment::FinalityDepths;
use tokio::sync::Notify;
use url::Url;

use super::rpc::RpcChain;
use super::{At, Chain, ChainError, Finality, Grade, Graded, Header, LogQuery};
use choice::{Candidate, Preferred};
use health::Excluded;
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
        let NodesConfig { urls, requests_per_second, agree, verify_receipts, depths, silence } = config;
        anyhow::ensure!((1..=NODES_MAX).contains(&urls.len()), "1 to {NODES_MAX} nodes, not {}", urls.len());
        let mut nodes: Vec<Arc<Node>> = Vec::new();
        for (position, url) in urls.iter().enumerate() {
            let earlier = &urls[..position];
            anyhow::ensure!(!earlier.contains(url), "node {} is given twice", node::name(url));
            let host = node::name(url);
            let namesakes = earlier.iter().filter(|other| node::name(other) == host).count();
            let name = if namesakes == 0 { host.clone() } else { format!("{host}#{}", namesakes + 1) };
            nodes.push(Arc::new(Node::new(name, url.clone(), requests_per_second, urls.len() == 1).context(host)?));
        }
        let agree = agree.unwrap_or(if nodes.len() > 1 { Agree::Two } else { Agree::One });
        anyhow::ensure!(agree == Agree::One || nodes.len() > 1, "two nodes cannot agree where one is given");
        let preferred = Mutex::new(Preferred::first(Instant::now()));
        let (chain_id, woken) = (OnceLock::new(), Notify::new());
        let pool = Pool { nodes, preferred, chain_id, agree, verify_receipts, depths, silence, woken };
        Ok(Self(Arc::new(pool)))
    }
}

impl Pool {
    /// Places of the nodes in the order in which to ask; those of another chain are not among them.
    fn order(&self) -> Vec<usize> {
        let now = Instant::now();
        let excluded: Vec<Option<Excluded>> = self.nodes.iter().map(|node| self.excluded(node, now)).collect();
        let candidates: Vec<Candidate> = (self.nodes.iter().zip(&excluded))
            .map(|(node, excluded)| Candidate { is_usable: excluded.is_none(), score: node.health().score() })
            .collect();
        let mut preferred = self.preferred.lock().unwrap_or_else(PoisonError::into_inner);
        preferred.update(now, &candidates);
        let mut places = preferred.order(&candidates);
        places.retain(|place| !matches!(excluded[*place], Some(Excluded::Unchecked | Excluded::OtherChain(_))));
        places
    }

    /// Those that are healthy, in the order in which to ask.
    fn healthy(&self) -> Vec<usize> {
        let now = Instant::now();
        self.order().into_iter().filter(|place| self.excluded(&self.nodes[*place], now).is_none()).collect()
    }

    fn excluded(&self, node: &Node, now: Instant) -> Option<Excluded> {
        let excluded = node.health().excluded(now);
        // Before anybody said which chain it is to be, none can be of another.
        excluded.filter(|why| *why != Excluded::Unchecked || self.chain_id.get().is_some())
    }

    fn preferred(&self) -> usize {
        self.preferred.lock().unwrap_or_else(PoisonError::into_inner).place
    }

    /// Asks one after the other until one answers; the error is the first one's.
    async fn first<T, F>(&self, kind: Kind, request: impl Fn(RpcChain) -> F) -> Result<(usize, T), ChainError>
    where
        F: Future<Output = Result<T, ChainError>>,
    {
        let mut first_error = None;
        for place in self.order() {
            let node = &self.nodes[place];
            match node.ask(kind, request(node.chain.clone())).await {
                Ok(answer) => return Ok((place, answer)),
                Err(error) if may_be_mended_elsewhere(&error) => {
                    first_error.get_or_insert(self.named(node, error));
                }
                Err(error) => return Err(self.named(node, error)),
            }
        }
        Err(first_error.unwrap_or_else(|| self.none_left()))
    }

    /// An error with the node's name, where there are several.
    fn named(&self, node: &Node, error: ChainError) -> ChainError {
        if self.nodes.len() == 1 { error } else { error.of(&node.name) }
    }

    fn none_left(&self) -> ChainError {
        let why = self.nodes.iter().filter_map(|node| {
            let excluded = self.excluded(node, Instant::now())?;
            Some(format!("{}: {}", node.name, excluded.detail()))
        });
        ChainError::Unavailable(format!("none is left ({})", why.collect::<Vec<_>>().join("; ")))
    }

    /// Asks a node for its chain id and notes what it says.
    async fn admit_one(&self, place: usize, expected: u64) -> Result<(), ChainError> {
        let node = &self.nodes[place];
        let id = node.ask(Kind::Small, node.chain.chain_id()).await.map_err(|error| self.named(node, error))?;
        let is_ours = id == expected;
        let before = node.health().chain.replace(if is_ours { Ok(()) } else { Err(id) });
        if is_ours {
            return Ok(());
        }
        if !matches!(before, Some(Err(_))) {
            tracing::error!(node = node.name, "left out: it is of chain {id}, the deployment of {expected}");
        }
        let message = format!("the node is of chain {id}, the deployment of {expected}");
        Err(ChainError::OtherChain(message).of(&node.name))
    }
}

/// Whether another node may answer what this one did not.
fn may_be_mended_elsewhere(error: &ChainError) -> bool {
    !matches!(error, ChainError::TooLarge { .. } | ChainError::Reverted(_))
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

    async fn pushed(&self) {
        self.0.woken.notified().await;
    }
}
