//! Start, follow, stop.

mod start;
mod turn;

use std::future::Future;
use std::path::PathBuf;
use std::time::Duration;

use store::deployment::Deployment;
use thiserror::Error;
use tokio::task::JoinSet;
use tracing::info;

use crate::bars::{Bars, LaneBars};
use crate::chain::nodes::NodesConfig;
use crate::replay::ReplayError;
use start::Started;
pub(crate) use start::{check_chain_id, open, patiently, start_error};
use turn::Turns;

/// What `run` needs to know.
#[derive(Clone, Debug)]
pub struct RunConfig {
    /// The nodes.
    pub nodes: NodesConfig,
    /// The database.
    pub database_url: String,
    /// Which chain and contracts.
    pub deployment: Deployment,
    /// How often a quiet node is asked for news.
    pub poll_interval: Duration,
    /// Blocks from one comparison with the contracts to the next; 0: none.
    pub verify_every: u64,
    /// Blocks from one checkpoint of totals to the next; 0: none.
    pub reconcile_every: u64,
    /// How long to try to reach node and database at start.
    pub startup_timeout: Duration,
    /// Another oracle's export of positions, that an empty database begins with.
    pub bootstrap: Option<PathBuf>,
    /// Where progress is shown.
    pub bars: Bars,
}

/// Why `run` did not start. Once it runs, nothing but a signal ends it.
#[derive(Debug, Error)]
pub enum StartError {
    /// Configuration: nothing will mend it but the operator.
    #[error("{0}")]
    Usage(String),
    /// Another writer.
    #[error("{0}")]
    Locked(String),
    /// What another revision derived cannot be derived anew.
    #[error("{0}")]
    Halt(String),
    /// Node, database or disk are not to be had.
    #[error("{0}")]
    Missing(String),
}

impl From<ReplayError> for StartError {
    fn from(error: ReplayError) -> Self {
        match error {
            ReplayError::Usage(message) => Self::Usage(message),
            ReplayError::Halt(_) => Self::Halt(error.to_string()),
            ReplayError::Missing(message) => Self::Missing(message),
        }
    }
}

impl StartError {
    /// The program's exit code.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Locked(_) | Self::Halt(_) => 1,
            Self::Usage(_) => 2,
            Self::Missing(_) => 3,
        }
    }
}

/// Follows the chain until `stop` resolves.
///
/// # Errors
/// [`StartError`], at start only.
pub async fn run(config: RunConfig, stop: impl Future<Output = ()>) -> Result<(), StartError> {
    tokio::pin!(stop);
    let Started { follower, remedy, nodes, notes, drift, reconciliation } = tokio::select! {
        () = &mut stop => return Ok(()),
        started = start::start(&config) => started?,
    };
    info!(
        version = env!("CARGO_PKG_VERSION"),
        chain_id = config.deployment.chain_id,
        start_block = config.deployment.start_block,
        "following the chain"
    );
    let bars = LaneBars::new(config.bars, config.deployment.start_block);
    // In a task of its own: nodes are watched, and readers told of them, while a step is busy. Ends with this function.
    let mut beside = JoinSet::new();
    beside.spawn(async move { nodes.watch(notes).await });
    tokio::select! {
        () = Turns::new(follower, remedy, config.poll_interval, bars).until(stop) => {}
        () = drift.watch() => {}
        () = reconciliation.watch() => {}
    }
    info!("stopped");
    Ok(())
}
