//! What every answer says of the block it is of.

use std::collections::BTreeSet;

use alloy_primitives::Address;
use axum::http::{HeaderMap, HeaderValue};
use jiff::Timestamp;
use serde::Serialize;
use store::deployment::Deployment;
use store::read::block::BlockFacts;
use store::read::progress::Progress;
use utoipa::ToSchema;

use super::{Finality, Point};
use crate::app::Known;
use crate::wire::Time;

/// Whether the writer keeps up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Sync {
    /// Within the limit of lag.
    Live,
    /// Beyond it.
    Behind,
    /// The writer has stopped for good; reads go on.
    Halted,
}

impl Sync {
    /// By what the writer says and how long ago the head was confirmed.
    pub fn new(progress: &Progress, lag: Option<u64>, max_lag_seconds: u64) -> Self {
        match &progress.follower {
            Some(follower) if follower.halted.is_some() => Self::Halted,
            _ if lag.is_some_and(|lag| lag <= max_lag_seconds) => Self::Live,
            _ => Self::Behind,
        }
    }

    /// The word it is written as.
    pub fn name(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Behind => "behind",
            Self::Halted => "halted",
        }
    }
}

/// The block an answer is of, and how fresh it is. An answer never mixes two blocks.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AsOf {
    /// EIP-155 id of the chain.
    #[schema(minimum = 0, example = 8453)]
    pub chain_id: u64,
    /// The block.
    #[schema(minimum = 0, example = 51_530_033)]
    pub block_number: u64,
    /// Its hash; null where no header of it is stored.
    #[schema(
        pattern = "^0x[0-9a-f]{64}$",
        example = "0x6e2f7c6a7b1b0b0f2a4f6d0b3c9d2b8f5a1e4c7d9b3f6a2c8e5d1b7a4f0c3e69"
    )]
    pub block_hash: Option<String>,
    /// Its time; null where no header is stored and no clock tells.
    pub block_timestamp: Option<Time>,
    /// How sure it is that the block stays.
    pub finality: Finality,
    /// Which staked DIEM counts: `live`, `epoch_open` or `min_of_both`.
    #[schema(example = "live")]
    pub policy: &'static str,
    /// Whether the writer keeps up.
    pub sync: Sync,
    /// Seconds since the block's time, by this server's clock.
    #[schema(minimum = 0, example = 3)]
    pub age_seconds: Option<u64>,
    /// Seconds since the state was last confirmed to be the chain's head; null where nobody knows.
    #[schema(minimum = 0, example = 1)]
    pub lag_seconds: Option<u64>,
    /// keccak256 of the deployment: contracts, labels and policy.
    #[schema(
        pattern = "^0x[0-9a-f]{64}$",
        example = "0x9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    )]
    pub deployment: String,
    /// What a reader should know before trusting the figures.
    #[schema(example = json!([]))]
    pub warnings: Vec<String>,
}

impl AsOf {
    pub(super) fn new(
        known: &Known,
        progress: &Progress,
        point: Point,
        facts: &BlockFacts,
        lag: Option<u64>,
        max_lag_seconds: u64,
    ) -> Self {
        let now = u64::try_from(Timestamp::now().as_second()).unwrap_or_default();
        Self {
            chain_id: known.deployment.chain_id,
            block_number: point.number,
            block_hash: point.hash.map(|hash| hash.to_string()),
            block_timestamp: point.timestamp.and_then(Time::new),
            finality: point.finality,
            policy: known.deployment.policy.allocation.name(),
            sync: Sync::new(progress, lag, max_lag_seconds),
            age_seconds: point.timestamp.map(|timestamp| now.saturating_sub(timestamp)),
            lag_seconds: lag,
            deployment: known.digest.to_string(),
            warnings: warnings(&known.deployment, progress, facts),
        }
    }

    /// Names what is null here for want of knowledge.
    pub fn unknown(&self) -> Vec<String> {
        let fields = [
            ("as_of.block_timestamp", self.block_timestamp.is_none()),
            ("as_of.lag_seconds", self.lag_seconds.is_none()),
        ];
        fields.into_iter().filter(|(_, is_unknown)| *is_unknown).map(|(name, _)| name.to_owned()).collect()
    }

    /// The block as headers, for proxies that do not read bodies.
    pub fn write_headers(&self, headers: &mut HeaderMap) {
        headers.insert("x-capacity-block", HeaderValue::from(self.block_number));
        headers.insert("x-capacity-finality", HeaderValue::from_static(self.finality.name()));
        let time = self.block_timestamp.as_ref().and_then(|time| HeaderValue::from_str(time.as_str()).ok());
        if let Some(time) = time {
            headers.insert("x-capacity-block-time", time);
        }
    }
}

fn warnings(deployment: &Deployment, progress: &Progress, facts: &BlockFacts) -> Vec<String> {
    let follower = progress.follower.as_ref();
    let is_named = |address: &Address| deployment.implementations.iter().any(|named| named.address == *address);
    // Of the newest block too: what the code of today does to figures of the past is not known before it is named.
    let unnamed: BTreeSet<Address> =
        [facts.implementation, facts.newest_implementation].into_iter().flatten().filter(|it| !is_named(it)).collect();
    let unknown_logs = (facts.unknown_logs > 0).then_some(facts.unknown_logs);
    let of_follower = [
        follower.and_then(|f| f.halted.as_ref()).map(|why| format!("the indexer has halted: {why}")),
        follower.and_then(|f| f.fork_suspected.as_ref()).map(|why| format!("fork suspected: {why}")),
        follower.and_then(|f| f.chain_stalled.clone()),
    ];
    let of_code = |address| format!("the staking proxy runs {address}, which the deployment does not name");
    let of_logs = unknown_logs.map(|count| format!("logs kept undecoded: {count}"));
    of_follower.into_iter().flatten().chain(unnamed.into_iter().map(of_code)).chain(of_logs).collect()
}
