//! What there must be before the first step: a database that is ours to write, nodes of the right chain.

use std::future::Future;
use std::path::Path;
use std::str::FromStr;
use std::time::{Duration, Instant};

use sqlx::postgres::PgConnectOptions;
use store::StoreError;
use store::deployment::Deployment;
use store::read::Database;
use store::verification::Notes;
use store::writer::Writer;
use tokio::sync::mpsc;
use tracing::{info, warn};

use super::{RunConfig, StartError};
use crate::bootstrap::{Taken, bootstrap};
use crate::chain::nodes::Nodes;
use crate::chain::{Chain, ChainError};
use crate::drift;
use crate::follower::Follower;
use crate::reconcile::remedy::Remedy;
use crate::reconcile::{Reconciler, watch};
use crate::replay;
use crate::verify;

/// Whether totals are to be compared is looked at more seldom than whether there is a new block.
const POLLS_PER_LOOK: u32 = 10;
/// Between attempts to reach what is needed.
const PAUSE: Duration = Duration::from_secs(1);

/// What runs side by side.
pub(super) struct Started {
    pub(super) follower: Follower<Nodes>,
    pub(super) remedy: Remedy<Nodes>,
    pub(super) nodes: Nodes,
    pub(super) notes: Notes,
    pub(super) drift: drift::Watch<Nodes>,
    pub(super) reconciliation: watch::Watch<Nodes>,
}

pub(super) async fn start(config: &RunConfig) -> Result<Started, StartError> {
    let options = PgConnectOptions::from_str(&config.database_url)
        .map_err(|error| StartError::Usage(format!("--database-url is no Postgres URL: {error}")))?;
    let database = Database::lazy_with(options.clone(), &drift::LIMITS);
    let chain = Nodes::new(config.nodes.clone()).map_err(|error| StartError::Usage(format!("--rpc-url: {error:#}")))?;
    let deadline = Instant::now() + config.startup_timeout;
    let writer = patiently(deadline, "the database", || open(options.clone())).await?;
    writer.adopt(&config.deployment).await.map_err(start_error)?;
    let deadline = match replay::renew(&writer, &config.deployment, &config.bars).await? {
        true => Instant::now() + config.startup_timeout,
        false => deadline,
    };
    patiently(deadline, "a node", || check_chain_id(&chain, config.deployment.chain_id)).await?;
    if let Some(path) = &config.bootstrap {
        begin_with(path, &chain, &writer, &config.deployment).await?;
    }
    let (notes, deployment) = (writer.notes(), config.deployment.clone());
    let drift = drift::Watch {
        chain: chain.clone(),
        database: database.clone(),
        whole_database: Database::lazy_with(options, &verify::LIMITS),
        notes: notes.clone(),
        every_blocks: config.verify_every,
    };
    let reconciler =
        Reconciler { chain: chain.clone(), database, notes: notes.clone(), deployment: deployment.clone() };
    let (orders, ordered) = mpsc::channel(1);
    let remedy = Remedy::new((config.reconcile_every > 0).then(|| reconciler.clone()), ordered);
    let look_every = config.poll_interval * POLLS_PER_LOOK;
    let reconciliation = watch::Watch { reconciler, every_blocks: config.reconcile_every, look_every, orders };
    let follower = Follower::new(chain.clone(), writer, deployment).await.map_err(start_error)?;
    Ok(Started { follower, remedy, nodes: chain, notes, drift, reconciliation })
}

/// Fills an empty database from another oracle's export; one that is not empty goes on where it stands.
async fn begin_with(path: &Path, chain: &Nodes, writer: &Writer, deployment: &Deployment) -> Result<(), StartError> {
    match bootstrap(chain, writer, deployment, path).await {
        Ok(Some(Taken { block_number, compared, opening_compared })) => {
            info!(block_number, compared, "began with another oracle's state, which is the contracts' own");
            if !opening_compared {
                warn!("the node has no state of the epoch's opening block: what was staked then is the file's word");
            }
            Ok(())
        }
        Ok(None) => {
            info!("--bootstrap is left aside: the database is not empty");
            Ok(())
        }
        Err(error) if error.may_pass() => Err(StartError::Missing(error.to_string())),
        Err(error) => Err(StartError::Usage(error.to_string())),
    }
}

/// Tries again until the deadline what may come by itself.
pub(crate) async fn patiently<T, F: Future<Output = Result<T, StartError>>>(
    deadline: Instant,
    what: &str,
    attempt: impl Fn() -> F,
) -> Result<T, StartError> {
    let mut said = false;
    loop {
        match attempt().await {
            Err(StartError::Missing(reason)) if Instant::now() < deadline => {
                if !std::mem::replace(&mut said, true) {
                    warn!("waiting for {what}: {reason}");
                }
                tokio::time::sleep(PAUSE).await;
            }
            outcome => return outcome,
        }
    }
}

pub(crate) async fn open(options: PgConnectOptions) -> Result<Writer, StartError> {
    Writer::open(options).await.map_err(start_error)
}

pub(crate) fn start_error(error: StoreError) -> StartError {
    match error {
        StoreError::Locked { .. } => StartError::Locked(error.to_string()),
        StoreError::OtherDeployment { .. } | StoreError::Corrupt(_) => StartError::Usage(error.to_string()),
        _ => StartError::Missing(error.to_string()),
    }
}

pub(crate) async fn check_chain_id(chain: &Nodes, expected: u64) -> Result<(), StartError> {
    chain.admit(expected).await.map_err(|error| match error {
        ChainError::OtherChain(_) => StartError::Usage(format!("--rpc-url: {error}")),
        error => StartError::Missing(error.to_string()),
    })
}
