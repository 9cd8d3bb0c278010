//! One node of several: its name, how it does, and how much it takes at once.

use std::num::NonZeroU32;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::time::timeout;
use url::Url;

use super::health::Health;
use crate::chain::rpc::{Patience, RpcChain};
use crate::chain::{Chain, ChainError, Header, Log, LogQuery};

/// Where others can be asked, a small request is not waited for longer than this.
const PATIENCE: Duration = Duration::from_secs(5);

/// What kind of request: how long it may take, and what a refusal says of the node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Heads and headers: quick, and every node answers them.
    Small,
    /// Logs of a block.
    Block,
    /// Logs of a range, which may take long.
    Range,
    /// Calls at old blocks, receipts: a good node may refuse them.
    Optional,
}

/// One node.
#[derive(Debug)]
pub(super) struct Node {
    /// Its host, with a port where one was given.
    pub(super) name: String,
    pub(super) chain: RpcChain,
    /// The longest that a quick request is waited for, where that is worth it.
    patience: Option<Duration>,
    health: Mutex<Health>,
    /// The most blocks of a range that it takes, as far as it said.
    range_blocks_max: Mutex<u64>,
}

/// Which logs.
#[derive(Clone, Debug)]
pub(super) enum Wanted {
    /// Of a block, by its hash.
    Block(Box<Header>),
    /// Of a range, both ends included.
    Range(u64, u64),
}

impl Node {
    /// `is_alone`: nobody else could be asked instead.
    pub(super) fn new(
        name: String,
        url: Url,
        requests_per_second: Option<NonZeroU32>,
        patience: Patience,
        is_alone: bool,
    ) -> anyhow::Result<Self> {
        let chain = RpcChain::limited(url, requests_per_second, patience)?;
        // Where requests wait for their turn, that a turn comes late is no fault of the node's.
        let patience = (!is_alone && requests_per_second.is_none()).then_some(PATIENCE);
        Ok(Self { name, chain, patience, health: Mutex::default(), range_blocks_max: Mutex::new(u64::MAX) })
    }

    /// Not to be held across an await.
    pub(super) fn health(&self) -> MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks, and notes how it went.
    pub(super) async fn ask<T>(
        &self,
        kind: Kind,
        request: impl Future<Output = Result<T, ChainError>>,
    ) -> Result<T, ChainError> {
        let started = Instant::now();
        let answer = match self.patience.filter(|_| matches!(kind, Kind::Small | Kind::Block)) {
            Some(patience) => timeout(patience, request)
                .await
                .unwrap_or_else(|_| Err(ChainError::Unavailable(format!("no answer within {} s", patience.as_secs())))),
            None => request.await,
        };
        let mut health = self.health();
        match &answer {
            Err(error) if is_fault(error, kind) => health.failed(Instant::now(), error),
            _ => health.answered(Instant::now(), (kind == Kind::Small).then(|| started.elapsed())),
        }
        answer
    }

    /// It gave an answer that others show to be wrong, or that contradicts itself.
    pub(super) fn lied(&self, error: &ChainError) {
        self.health().failed(Instant::now(), error);
    }

    /// Logs, in as many requests as it takes.
    pub(super) async fn logs(&self, wanted: &Wanted, query: &LogQuery) -> Result<Vec<Log>, ChainError> {
        match wanted {
            Wanted::Block(header) => Ok(self.ask(Kind::Block, self.chain.logs_of_block(header, query)).await?.logs),
            Wanted::Range(from, to) => self.logs_in_range(*from, *to, query).await,
        }
    }

    /// In pieces no larger than it takes. What is too much because of what is in it is for whoever chose the range.
    async fn logs_in_range(&self, from: u64, to: u64, query: &LogQuery) -> Result<Vec<Log>, ChainError> {
        let mut logs: Vec<Log> = Vec::new();
        let mut next = from;
        loop {
            let blocks_max = self.range_blocks_max();
            let end = next.saturating_add(blocks_max - 1).min(to);
            match self.ask(Kind::Range, self.chain.logs_in_range(next, end, query)).await {
                Ok(answer) if logs.is_empty() => logs = answer.logs,
                Ok(answer) => logs.extend(answer.logs),
                Err(error) => match error.range_rule_blocks().filter(|limit| (1..=end - next).contains(limit)) {
                    Some(limit) => {
                        self.takes_at_most(limit);
                        continue;
                    }
                    None => return Err(error),
                },
            }
            if end >= to {
                return Ok(logs);
            }
            next = end + 1;
        }
    }

    fn range_blocks_max(&self) -> u64 {
        *self.range_blocks_max.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn takes_at_most(&self, blocks: u64) {
        let mut max = self.range_blocks_max.lock().unwrap_or_else(PoisonError::into_inner);
        *max = blocks.min(*max);
    }
}

/// Whether an error is the node's own fault, and no answer to what was asked.
fn is_fault(error: &ChainError, kind: Kind) -> bool {
    match error {
        ChainError::Unavailable(_) | ChainError::Throttled { .. } | ChainError::Contradiction(_) => true,
        ChainError::Refused(_) => kind != Kind::Optional,
        _ => false,
    }
}

/// Host and port of a URL: what may be said of it.
pub(super) fn name(url: &Url) -> String {
    let host = url.host_str().unwrap_or("no host");
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_url_but_its_host_is_said() {
        let said = |url: &str| name(&url.parse().unwrap());
        assert_eq!(said("https://user:word@base.example/v2/KEY?key=KEY"), "base.example");
        assert_eq!(said("ws://127.0.0.1:8546"), "127.0.0.1:8546");
    }
}
