//! Deriving everything from a block on anew, beside what is served, and putting it in its place at once.
//!
//! - [`stored`]: what it is derived from, without a node
//! - [`refetched`]: the same with the inputs had anew

mod course;
mod disk;
pub mod refetched;
pub mod stored;

use std::sync::Arc;

use ledger::DERIVATION_REVISION;
use store::StoreError;
use store::cursor::Cursors;
use store::deployment::Deployment;
use store::replay::Replay;
use store::writer::Writer;
use thiserror::Error;
use tracing::{info, warn};

use crate::bars::Bars;
use crate::chain::{Chain, ChainError};
use crate::engine::capacity::CapacityState;
use crate::engine::supply::SupplyState;
use crate::engine::{Engine, Scene};
use crate::fetch::Fetch;
use crate::source::Source;
use course::Course;
use disk::hold_disk;
use refetched::Refetched;
use stored::Stored;

/// Why a replay ended before it was done. What is served is as it was.
#[derive(Debug, Error)]
pub enum ReplayError {
    /// What was asked for cannot be.
    #[error("{0}")]
    Usage(String),
    /// Going on would be guessing.
    #[error("the replay halts, and what was derived before is served on: {0}")]
    Halt(String),
    /// Node, database or disk do not give what is needed.
    #[error("{0}")]
    Missing(String),
}

impl From<StoreError> for ReplayError {
    fn from(error: StoreError) -> Self {
        Self::Missing(error.to_string())
    }
}

/// Derives everything anew where another revision did; whether that was so. A replay that somebody else began is dropped:
/// what it derived may be of blocks that are about to be undone.
///
/// # Errors
/// [`ReplayError`]
pub async fn renew(writer: &Writer, deployment: &Deployment, bars: &Bars) -> Result<bool, ReplayError> {
    let stored = writer.derivation_revision().await?;
    if stored != DERIVATION_REVISION {
        if let Some(taken) = writer.bootstrap_block().await? {
            return Err(ReplayError::Usage(format!(
                "the database began with another oracle's state after block {taken}, which revision {stored} derived and \
                 this program would by {DERIVATION_REVISION}: begin an empty one with an export of this version"
            )));
        }
        warn!(stored, own = DERIVATION_REVISION, "what is stored was derived by another revision");
        replay(writer, deployment, deployment.start_block, bars).await?;
        return Ok(true);
    }
    if writer.drop_replay().await? {
        warn!("a replay that was broken off is dropped; `indexer replay` can be started again once this has stopped");
    }
    Ok(false)
}

/// Derives everything from a block on anew, from what is stored.
///
/// # Errors
/// [`ReplayError`]
pub async fn replay(writer: &Writer, deployment: &Deployment, from_block: u64, bars: &Bars) -> Result<(), ReplayError> {
    let job = Job::new(writer, deployment, from_block, false, bars).await?;
    let source = Stored::open(writer, deployment, from_block, None).await?;
    job.derive(source, None).await
}

/// The same with the inputs of finalized blocks had anew from a node.
///
/// # Errors
/// [`ReplayError`]
pub async fn refetch<C: Chain>(
    chain: C,
    writer: &Writer,
    deployment: &Deployment,
    from_block: u64,
    bars: &Bars,
) -> Result<(), ReplayError> {
    let job = Job::new(writer, deployment, from_block, true, bars).await?;
    let chain = Arc::new(chain);
    let last = job.last_from(chain.as_ref()).await?;
    let stored = Stored::open(writer, deployment, from_block, Some(last)).await?;
    let fetch = Fetch::new(chain, deployment);
    job.derive(Refetched { fetch, stored, last }, Some(last)).await
}

/// A replay with what it needs.
struct Job<'a> {
    writer: &'a Writer,
    deployment: Arc<Deployment>,
    replay: Replay,
    /// Where the cursors are, and the replay's are to go.
    targets: Cursors,
    bars: &'a Bars,
}

impl<'a> Job<'a> {
    async fn new(
        writer: &'a Writer,
        deployment: &Deployment,
        from_block: u64,
        refetch: bool,
        bars: &'a Bars,
    ) -> Result<Self, ReplayError> {
        let targets = writer.cursors().await?;
        let empty = || ReplayError::Usage("the database holds no block yet: let `indexer run` store some".into());
        let newest = targets.capacity.ok_or_else(empty)?.number;
        // What was taken over from another oracle cannot be derived from what is stored.
        let first = writer.bootstrap_block().await?.map_or(deployment.start_block, |taken| taken + 1);
        if !(first..=newest).contains(&from_block) {
            let held = format!("blocks {first} to {newest}");
            return Err(ReplayError::Usage(format!("--from-block {from_block} lies outside what is held: {held}")));
        }
        hold_disk(&writer.replay_need(refetch).await?)?;
        // A first backfill goes without, and would be read from end to end for each range.
        writer.build_place_index().await?;
        let digest = deployment.digest().map_err(|error| ReplayError::Usage(error.to_string()))?;
        let replay = Replay { from_block, deployment: digest, refetch };
        Ok(Self { writer, deployment: Arc::new(deployment.clone()), replay, targets, bars })
    }

    /// The last block to be had from the node: finalized, and of the chain that is stored above it.
    async fn last_from<C: Chain>(&self, chain: &C) -> Result<u64, ReplayError> {
        let node = |error: ChainError| ReplayError::Missing(format!("--rpc-url: {error}"));
        chain.admit(self.deployment.chain_id).await.map_err(|error| match error {
            ChainError::OtherChain(_) => ReplayError::Usage(format!("--rpc-url: {error}")),
            error => node(error),
        })?;
        let finality = chain.finality().await.map_err(node)?;
        let finalized = finality.finalized.ok_or_else(|| {
            ReplayError::Missing("--rpc-url: the node names no finalized block, up to which inputs could be had".into())
        })?;
        let Some(cursor) = self.targets.capacity else { return Ok(finalized.number) };
        let last = finalized.number.min(cursor.number);
        let unknown = || ReplayError::Missing(format!("--rpc-url: the node has no block {last}"));
        let hash = chain.header(last).await.map_err(node)?.ok_or_else(unknown)?.hash;
        let ours = match last == cursor.number {
            true => cursor.hash,
            false => {
                self.writer.headers(last + 1, last + 1).await?.values().next().and_then(|header| header.parent_hash)
            }
        };
        match ours {
            Some(ours) if ours != hash => Err(ReplayError::Missing(format!(
                "--rpc-url: the node's finalized block {last} is {hash}, and what is stored above it follows from {ours}: \
                 name another node"
            ))),
            _ => Ok(last),
        }
    }

    /// Both lanes in order, because that of supply is held against that of capacity; then the swap.
    async fn derive<S: Source>(&self, source: S, last: Option<u64>) -> Result<(), ReplayError> {
        let shadow = self.writer.begin_replay(self.replay).await?;
        let scene = Scene {
            source: Arc::new(source),
            writer: Arc::clone(shadow.writer()),
            deployment: Arc::clone(&self.deployment),
        };
        let from = self.replay.from_block;
        info!(from_block = from, refetch = self.replay.refetch, "deriving anew");
        let mut course = Course::new(self, &shadow, last);
        course.run(Engine::<S, CapacityState>::new(scene.clone())).await?;
        course.run(Engine::<S, SupplyState>::new(scene)).await?;
        let newest = self.targets.capacity.map_or(from, |cursor| cursor.number);
        let mut work = self.bars.begin("comparing", 0, newest - from + 1);
        shadow.swap(|block| work.at(block - from + 1, newest - from + 1)).await?;
        drop(work);
        info!(from_block = from, to_block = newest, "derived anew");
        Ok(())
    }
}
