//! Watching every node, also those that nobody asks at the moment: heads, pushed or polled, and chain ids.

use std::time::{Duration, Instant};

use futures::future::join_all;
use store::verification::Notes;
use tokio::time::{sleep, timeout};

use super::health::Excluded;
use super::node::{Kind, Node};
use super::{Nodes, Pool};
use crate::chain::backoff::{Backoff, jittered};
use crate::chain::heads::Heads;
use crate::chain::{Chain, ChainError};

/// How often a node is looked at that does not push.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Pushes that come faster are passed over: a node must not keep us busy with its heads.
const PUSHES_APART: Duration = Duration::from_millis(20);
/// How often it is asked again which chain it is of.
const CHAIN_EVERY: Duration = Duration::from_secs(60);

impl Nodes {
    /// Watches every node, wakes whoever waits for [`Chain::pushed`], and tells readers how the nodes are. Never ends.
    pub async fn watch(&self, notes: Notes) {
        futures::join!(self.look(), self.report(notes));
    }

    /// Watches every node without telling readers. Never ends.
    pub async fn look(&self) {
        join_all((0..self.0.nodes.len()).map(|place| self.0.watch_one(place))).await;
    }
}

impl Pool {
    async fn watch_one(&self, place: usize) {
        let node = &self.nodes[place];
        let mut backoff = Backoff::default();
        let mut chain_asked: Option<Instant> = None;
        loop {
            if let Some(pause) = self.left_alone_for(node) {
                sleep(pause).await;
            }
            if let Some(expected) = self.chain_id.get()
                && chain_asked.is_none_or(|asked| asked.elapsed() >= CHAIN_EVERY)
            {
                chain_asked = self.admit_one(place, *expected).await.is_ok().then(Instant::now);
            }
            if node.chain.pushes() && self.follow_pushed(place).await {
                backoff.reset();
            }
            self.look_at(place).await;
            let pause = if node.chain.pushes() { backoff.pause().min(LOOK_EVERY) } else { jittered(LOOK_EVERY) };
            sleep(pause).await;
        }
    }

    /// A node that failed of late is left alone until its time; one of several that is of another chain for longer.
    fn left_alone_for(&self, node: &Node) -> Option<Duration> {
        let now = Instant::now();
        match self.excluded(node, now)? {
            Excluded::Aside(until, _) => Some(until - now),
            Excluded::OtherChain(_) => Some(CHAIN_EVERY),
            _ => None,
        }
    }

    /// Asks a node for its head, unless it told a moment ago.
    async fn look_at(&self, place: usize) {
        let node = &self.nodes[place];
        let is_recent = node.health().head().is_some_and(|head| head.confirmed.elapsed() < LOOK_EVERY / 2);
        if !is_recent && let Ok(head) = node.ask(Kind::Small, node.chain.head()).await {
            self.saw_head(place, &head);
            self.fill(head.number).await;
        }
    }

    /// Takes heads as they are pushed until the subscription ends, lies or falls silent. Whether it ever pushed any.
    async fn follow_pushed(&self, place: usize) -> bool {
        let node = &self.nodes[place];
        let mut heads = match node.chain.heads().await {
            Ok(heads) => heads,
            Err(error) => {
                tracing::debug!(node = node.name, "no subscription: {error}");
                return false;
            }
        };
        self.look_at(place).await;
        let mut has_pushed = false;
        let ended = loop {
            match timeout(self.silence, heads.next()).await {
                Ok(Ok(head)) => {
                    has_pushed = true;
                    node.health().pushes = true;
                    node.health().answered(Instant::now(), None);
                    self.saw_head(place, &head);
                    self.woken.notify_one();
                    sleep(PUSHES_APART).await;
                }
                Ok(Err(error)) => break error,
                Err(_) => {
                    if let Some(error) = self.is_silent(node).await {
                        break error;
                    }
                }
            }
        };
        node.health().pushes = false;
        self.end(node, heads, &ended).await;
        // Whoever waits for a push may have missed one.
        self.woken.notify_one();
        has_pushed
    }

    /// Nothing was pushed for long: is there nothing new, or is it kept from us?
    async fn is_silent(&self, node: &Node) -> Option<ChainError> {
        let told = node.health().head().map(|head| head.header.number);
        match node.ask(Kind::Small, node.chain.head()).await {
            Ok(head) if told.is_none_or(|told| head.number > told) => {
                Some(ChainError::Unavailable(format!("block {} was not pushed", head.number)))
            }
            Ok(_) => None,
            Err(error) => Some(error),
        }
    }

    async fn end(&self, node: &Node, heads: Heads, error: &ChainError) {
        if matches!(error, ChainError::Contradiction(_)) {
            node.lied(error);
        }
        tracing::warn!(node = node.name, "new heads are asked for until they are pushed again: {error}");
        heads.abandon().await;
    }
}
