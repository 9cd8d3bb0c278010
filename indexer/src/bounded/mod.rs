//! `indexer backfill`: both lanes up to a block and no further, from a node, from files, or from files held against a node.
//!
//! - [`bounds`]: which blocks, and whether they can be had; pure
//! - `begin`: what must hold before a block is stored
//! - `fill`: the lanes on their way

mod begin;
pub mod bounds;
mod fill;

use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use store::deployment::Deployment;
use store::read::Database;
use thiserror::Error;
use tracing::{info, warn};

use crate::bars::Bars;
use crate::chain::nodes::NodesConfig;
use crate::chain::{Chain, Header};
use crate::engine::Scene;
use crate::files::error::FileError;
use crate::files::record::BlockRecord;
use crate::import::source::Files;
use crate::run::StartError;
use crate::verify::report::Verdict;
use crate::verify::{Which, verify};
use begin::{Job, begin};
use bounds::Bounds;
use fill::{Origin, fill};

/// Addresses held against the contracts when it is done.
const SAMPLE: u32 = 200;

/// What `backfill` needs to know.
#[derive(Clone, Debug)]
pub struct BackfillConfig {
    /// The nodes; `None`: the files are believed.
    pub nodes: Option<NodesConfig>,
    /// The database.
    pub database_url: String,
    /// Which chain and contracts.
    pub deployment: Deployment,
    /// The first block, and the last.
    pub bounds: Bounds,
    /// Where the inputs are; `None`: the node gives them.
    pub files: Option<PathBuf>,
    /// Every header is stored, whether a clock tells its time or not.
    pub all_headers: bool,
    /// How long to try to reach node and database at start.
    pub startup_timeout: Duration,
    /// Where progress is shown.
    pub bars: Bars,
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// All of it is stored.
    Done,
    /// A signal came; the same command goes on.
    Stopped,
}

/// Why it ended before it was done. What was stored by then is whole.
#[derive(Debug, Error)]
pub enum BackfillError {
    /// It could not begin.
    #[error(transparent)]
    Start(#[from] StartError),
    /// A file is not what it must be.
    #[error("--from-files: {0}")]
    File(String),
    /// Going on would be guessing, or what is stored is not what the contracts say.
    #[error("{0}")]
    Halt(String),
    /// Node or database do not give what is needed any more.
    #[error("{0}")]
    Missing(String),
}

impl BackfillError {
    /// The program's exit code.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Start(error) => error.exit_code(),
            Self::Halt(_) => 1,
            Self::File(_) => 2,
            Self::Missing(_) => 3,
        }
    }
}

impl From<FileError> for BackfillError {
    fn from(error: FileError) -> Self {
        match error {
            FileError::Content { .. } => Self::File(error.to_string()),
            FileError::System { .. } => Self::Missing(format!("--from-files: {error}")),
        }
    }
}

/// Stores the blocks, as far as they are not stored already.
///
/// # Errors
/// [`BackfillError`]
pub async fn backfill(config: BackfillConfig, stop: impl Future<Output = ()>) -> Result<Ended, BackfillError> {
    tokio::pin!(stop);
    tokio::select! {
        () = &mut stop => return Ok(Ended::Stopped),
        begun = begin(&config) => {
            let job = begun?;
            let Some(job) = job else { return Ok(Ended::Done) };
            job
        }
    }
    .run(&config.bars, stop)
    .await
}

impl Job {
    async fn run(self, bars: &Bars, stop: Pin<&mut impl Future<Output = ()>>) -> Result<Ended, BackfillError> {
        let Self { database, writer, deployment, bounds, node, files } = self;
        let chain = node.as_ref().map(|(fetch, _)| Arc::clone(&fetch.chain));
        let ended = match (files, node) {
            (Some(directory), node) => {
                if node.is_none() {
                    warn!("no node was named: the files are believed");
                }
                let last = node.as_ref().map(|(_, header)| record(header));
                let source = Files::new(directory, node.map(|(fetch, _)| fetch), last, &deployment);
                fill(
                    Scene { source: Arc::new(source), writer: Arc::clone(&writer), deployment },
                    Origin::Files,
                    bounds,
                    bars,
                    stop,
                )
                .await?
            }
            (None, Some((fetch, _))) => {
                fill(
                    Scene { source: Arc::new(fetch), writer: Arc::clone(&writer), deployment },
                    Origin::Node,
                    bounds,
                    bars,
                    stop,
                )
                .await?
            }
            (None, None) => {
                return Err(StartError::Usage("--rpc-url or --from-files: one of them is needed".into()).into());
            }
        };
        if ended == Ended::Done {
            writer.build_account_indexes().await.map_err(|error| BackfillError::Missing(error.to_string()))?;
            if let Some(chain) = chain {
                hold_against(chain.as_ref(), &database, bounds.to).await?;
            }
        }
        Ok(ended)
    }
}

/// The totals and some addresses, by the contracts' own answers; a node that keeps no state of that block gives none.
async fn hold_against(chain: &impl Chain, database: &Database, at: u64) -> Result<(), BackfillError> {
    let report = match verify(chain, database, Some(at), &Which::Sample(SAMPLE)).await {
        Ok(report) => report,
        Err(error) => {
            warn!(block = at, "what is stored could not be held against the contracts: {error}");
            return Ok(());
        }
    };
    match report.verdict() {
        Verdict::Equal => info!(block = at, compared = report.compared, "what is stored is what the contracts say"),
        Verdict::Unsure => warn!(block = at, "the contracts did not answer for all that is stored: {report}"),
        Verdict::Different => {
            return Err(BackfillError::Halt(format!("what is stored is not what the contracts say: {report}")));
        }
    }
    Ok(())
}

fn record(header: &Header) -> BlockRecord {
    BlockRecord {
        block_number: header.number,
        block_hash: header.hash,
        parent_hash: Some(header.parent_hash),
        timestamp: header.timestamp,
        chain_id: None,
    }
}
