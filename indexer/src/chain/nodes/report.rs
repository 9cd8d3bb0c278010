//! How the nodes are and who stands still, told to readers every second and to the log when it changes.

use std::time::{Duration, Instant};

use store::node::{NodeHead, NodeHealth, Stalls};
use store::verification::Notes;

use super::health::Excluded;
use super::stall::{HeadSeen, STILL, stalls};
use super::{Nodes, Pool};

const EVERY: Duration = Duration::from_secs(1);
/// A node that has not answered for so long says nothing about the chain.
const ANSWERING: Duration = Duration::from_secs(15);

/// What was told last, to tell changes.
#[derive(Debug, Default)]
struct Told {
    excluded: Vec<Option<&'static str>>,
    chain: bool,
    writer: bool,
    failure: Option<String>,
}

/// The cursors, and since when they are where they are.
#[derive(Debug)]
struct Standing {
    cursors: Vec<u64>,
    since: Instant,
}

impl Nodes {
    pub(super) async fn report(&self, notes: Notes) {
        let mut told = Told::default();
        let mut standing = Standing { cursors: Vec::new(), since: Instant::now() };
        loop {
            tokio::time::sleep(EVERY).await;
            if let Ok(cursors) = notes.cursors().await
                && cursors != standing.cursors
            {
                standing = Standing { cursors, since: Instant::now() };
            }
            let health = self.0.health();
            let lowest = standing.cursors.iter().min();
            let stalls = stalls(&self.0.heads(), lowest.map(|cursor| (*cursor, standing.since.elapsed())));
            told.tell(&health, &stalls);
            let failure = notes.observe_nodes(&health, &stalls).await.err().map(|error| error.to_string());
            if failure != told.failure
                && let Some(failure) = &failure
            {
                tracing::warn!("readers cannot be told of the nodes: {failure}");
            }
            told.failure = failure;
        }
    }

    /// How each node is, in the order given.
    pub fn health(&self) -> Vec<NodeHealth> {
        self.0.health()
    }
}

impl Pool {
    fn health(&self) -> Vec<NodeHealth> {
        let newest = self.nodes.iter().filter_map(|node| Some(node.health().head()?.header.timestamp)).max();
        (0..self.nodes.len()).map(|place| self.health_of(place, newest)).collect()
    }

    fn health_of(&self, place: usize, newest: Option<u64>) -> NodeHealth {
        let node = &self.nodes[place];
        let excluded = self.excluded(node, Instant::now());
        let disputed = self.disputed(place).map(|(number, other)| format!("has another block {number} than {other}"));
        let health = node.health();
        let head = health.head().map(|head| NodeHead {
            number: head.header.number,
            timestamp: head.header.timestamp,
            seen_seconds_ago: head.since.elapsed().as_secs_f64(),
        });
        // Far behind because nothing new came at all: it is not slow, it stands still.
        let stalled = head.filter(|head| {
            matches!(excluded, Some(Excluded::Lagging(_))) && head.seen_seconds_ago >= STILL.as_secs_f64()
        });
        let still = stalled.map(|head| {
            format!("block {} has been its newest for {:.0} s, others go on", head.number, head.seen_seconds_ago)
        });
        NodeHealth {
            host: node.name.clone(),
            answered_seconds_ago: health.last_answer().map(|at| at.elapsed().as_secs_f64()),
            lag_seconds: head.zip(newest).map(|(head, newest)| newest.saturating_sub(head.timestamp)),
            head,
            latency_ms: health.latency().map(|latency| latency.as_secs_f64() * 1_000.0),
            error_rate: health.error_rate(),
            requests: node.chain.requests(),
            preferred: place == self.preferred(),
            pushes: health.pushes,
            excluded: match (&still, &excluded) {
                (Some(_), _) => Some("stalled"),
                (None, excluded) => excluded.as_ref().map(Excluded::name),
            },
            detail: still.or(excluded.map(|why| why.detail())).or(disputed),
        }
    }

    fn heads(&self) -> Vec<HeadSeen> {
        let seen = |node: &super::node::Node| {
            let health = node.health();
            let head = health.head()?;
            let is_answering = health.last_answer().is_some_and(|at| at.elapsed() < ANSWERING);
            Some(HeadSeen { number: head.header.number, age: head.since.elapsed(), is_answering })
        };
        self.nodes.iter().filter_map(|node| seen(node)).collect()
    }
}

impl Told {
    fn tell(&mut self, nodes: &[NodeHealth], stalls: &Stalls) {
        let excluded: Vec<_> = nodes.iter().map(|node| node.excluded).collect();
        for (position, node) in nodes.iter().enumerate().filter(|_| nodes.len() > 1) {
            let before = self.excluded.get(position).copied().flatten();
            let host = &node.host;
            match (before, node.excluded) {
                (before, Some(why)) if before != Some(why) => {
                    tracing::warn!(node = host, why, "not asked for now: {}", node.detail.as_deref().unwrap_or(why));
                }
                (Some(why), None) => tracing::info!(node = host, was = why, "asked again"),
                _ => {}
            }
        }
        self.excluded = excluded;
        let changes = [(&mut self.chain, &stalls.chain), (&mut self.writer, &stalls.writer)];
        for (was, why) in changes {
            match (*was, why) {
                (false, Some(why)) => tracing::warn!("{why}"),
                (true, None) => tracing::info!("it goes on"),
                _ => {}
            }
            *was = why.is_some();
        }
    }
}
