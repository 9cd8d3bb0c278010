//! Nodes held against one another by what they say of the chain: who lags, who is on a fork.

use std::collections::HashMap;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use alloy_primitives::B256;

use super::Pool;
use super::node::{Kind, Node};
use crate::chain::{Chain, Header};

impl Node {
    /// Its newest block, if it was pushed a moment ago: then nobody need ask.
    pub(super) fn pushed_head(&self) -> Option<Header> {
        let health = self.health();
        let fresh = health.head().filter(|head| health.pushes && head.confirmed.elapsed() < super::PUSHED_FRESH);
        fresh.map(|head| head.header.clone())
    }
}

impl Pool {
    /// A node told its head: all are held against one another again.
    pub(super) fn saw_head(&self, place: usize, head: &Header) {
        self.nodes[place].health().saw_head(Instant::now(), head.clone());
        self.judge_lag();
        self.judge_forks();
    }

    /// Asks the node asked first for the block at this height, where it has told none: so that there is something to
    /// hold another node's head against.
    pub(super) async fn fill(&self, number: u64) {
        let node = &self.nodes[self.preferred()];
        let is_missing = {
            let health = node.health();
            health.hash(number).is_none() && health.head().is_some_and(|head| head.header.number > number)
        };
        if is_missing && let Ok(Some(header)) = node.ask(Kind::Small, node.chain.header(number)).await {
            node.health().saw(header.number, header.hash);
            self.judge_forks();
        }
    }

    /// By block time behind the newest head; of three and more, behind the second newest, so that no single node can
    /// make all others look late. For the same reason no head counts as later than it is.
    fn judge_lag(&self) {
        let now = Instant::now();
        let clock = SystemTime::now().duration_since(UNIX_EPOCH).map_or(u64::MAX, |since| since.as_secs());
        let heads = self.nodes.iter().filter(|node| self.is_heard(node, now));
        let mut times: Vec<u64> = heads.filter_map(|node| Some(node.health().head_time()?.min(clock))).collect();
        times.sort_unstable_by(|a, b| b.cmp(a));
        let newest = times.get(usize::from(times.len() > 2)).copied();
        for node in &self.nodes {
            let mut health = node.health();
            let timestamp = health.head_time();
            if let Some((newest, timestamp)) = newest.zip(timestamp) {
                health.lags(newest.saturating_sub(timestamp));
            }
        }
    }

    /// Whether its words count: it is of our chain and was heard of late.
    fn is_heard(&self, node: &Node, now: Instant) -> bool {
        use super::health::Excluded as E;
        !matches!(self.excluded(node, now), Some(E::Unchecked | E::OtherChain(_) | E::Aside(..)))
    }

    fn judge_forks(&self) {
        let now = Instant::now();
        let heard: Vec<_> = self.nodes.iter().filter(|node| self.is_heard(node, now)).collect();
        for node in &heard {
            let heights: Vec<(u64, B256)> = {
                let health = node.health();
                health.heights().filter_map(|number| Some((number, health.hash(number)?))).collect()
            };
            let others: Vec<_> = heard.iter().filter(|other| other.name != node.name).collect();
            let verdict = heights.into_iter().find_map(|(number, hash)| {
                let told = others.iter().filter_map(|other| other.health().hash(number));
                differs(hash, told).map(|is_outvoted| is_outvoted.then_some(number))
            });
            node.health().forked = verdict.flatten();
        }
    }

    /// Where a node and one other differ, with nobody to outvote either: worth telling.
    pub(super) fn disputed(&self, place: usize) -> Option<(u64, String)> {
        let node = &self.nodes[place];
        let heights: Vec<(u64, B256)> = {
            let health = node.health();
            health.heights().filter_map(|number| Some((number, health.hash(number)?))).collect()
        };
        let others = self.nodes.iter().filter(|other| other.name != node.name);
        others.filter(|other| self.is_heard(other, Instant::now())).find_map(|other| {
            let common =
                heights.iter().find_map(|(number, hash)| Some((*number, *hash, other.health().hash(*number)?)));
            common.filter(|(_, ours, theirs)| ours != theirs).map(|(number, ..)| (number, other.name.clone()))
        })
    }
}

/// What others' hashes at a height say of a node's: true, at least two have one that is not its; false, somebody has the
/// same; `None`, nothing can be said there.
fn differs(hash: B256, told: impl Iterator<Item = B256>) -> Option<bool> {
    let mut votes: HashMap<B256, usize> = HashMap::new();
    told.for_each(|other| *votes.entry(other).or_default() += 1);
    if votes.contains_key(&hash) {
        return Some(false);
    }
    votes.values().any(|count| *count >= 2).then_some(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_outvote_one_and_one_does_not() {
        let [a, b] = [1, 2].map(B256::with_last_byte);
        assert_eq!(differs(a, [b, b].into_iter()), Some(true));
        assert_eq!(differs(a, [b].into_iter()), None);
        assert_eq!(differs(a, [a, b, b].into_iter()), Some(false));
        assert_eq!(differs(a, [].into_iter()), None);
    }
}
