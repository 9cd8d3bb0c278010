//! What must hold before a block is stored: bounds that fit, a node of this chain, files that have it all.

use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Instant;

use alloy_primitives::B256;
use sqlx::postgres::PgConnectOptions;
use store::deployment::Deployment;
use store::read::Database;
use store::writer::Writer;
use tracing::info;

use super::bounds::Bounds;
use super::{BackfillConfig, BackfillError};
use crate::chain::nodes::Nodes;
use crate::chain::{Chain, ChainError, Header};
use crate::fetch::Fetch;
use crate::files::error::FileError;
use crate::import::directory::Directory;
use crate::replay;
use crate::run::{StartError, check_chain_id, open, patiently, start_error};
use crate::verify;

/// A backfill that can begin.
pub(super) struct Job {
    pub(super) database: Database,
    pub(super) writer: Arc<Writer>,
    pub(super) deployment: Arc<Deployment>,
    pub(super) bounds: Bounds,
    /// With the header of the last block, as the node has it.
    pub(super) node: Option<(Fetch<Nodes>, Header)>,
    pub(super) files: Option<Directory>,
}

/// `None`: all of it is stored already.
pub(super) async fn begin(config: &BackfillConfig) -> Result<Option<Job>, BackfillError> {
    let options = PgConnectOptions::from_str(&config.database_url)
        .map_err(|error| StartError::Usage(format!("--database-url is no Postgres URL: {error}")))?;
    let database = Database::lazy_with(options.clone(), &verify::LIMITS);
    let deadline = Instant::now() + config.startup_timeout;
    let writer = patiently(deadline, "the database", || open(options.clone())).await?;
    writer.adopt(&config.deployment).await.map_err(start_error)?;
    replay::renew(&writer, &config.deployment, &config.bars).await.map_err(StartError::from)?;
    let cursors = writer.cursors().await.map_err(start_error)?;
    let bounds = config.bounds;
    let next = bounds.next(cursors, config.deployment.start_block).map_err(StartError::Usage)?;
    let Some(next) = next else {
        info!(to = bounds.to, "all of it is stored already");
        return Ok(None);
    };
    let node = node(config, deadline).await?;
    let files = match &config.files {
        Some(path) => Some(files(path, config, next, node.as_ref().map(|(_, header)| header.hash)).await?),
        None => None,
    };
    if cursors.supply.is_none() {
        writer.drop_account_indexes().await.map_err(start_error)?;
    }
    let (writer, deployment) = (Arc::new(writer), Arc::new(config.deployment.clone()));
    Ok(Some(Job { database, writer, deployment, bounds, node, files }))
}

/// The node, of this chain, and its header of the last block, which it must call finalized.
async fn node(config: &BackfillConfig, deadline: Instant) -> Result<Option<(Fetch<Nodes>, Header)>, BackfillError> {
    let Some(nodes) = &config.nodes else { return Ok(None) };
    let chain = Nodes::new(nodes.clone()).map_err(|error| StartError::Usage(format!("--rpc-url: {error:#}")))?;
    patiently(deadline, "a node", || check_chain_id(&chain, config.deployment.chain_id)).await?;
    let missing = |error: ChainError| StartError::Missing(format!("--rpc-url: {error}"));
    let finalized = chain.finality().await.map_err(missing)?.finalized.map(|finalized| finalized.number);
    config.bounds.hold_finalized(finalized).map_err(StartError::Usage)?;
    let header = chain.header(config.bounds.to).await.map_err(missing)?;
    let header =
        header.ok_or_else(|| StartError::Missing(format!("--rpc-url: no header of block {}", config.bounds.to)))?;
    let mut fetch = Fetch::new(Arc::new(chain), &config.deployment);
    fetch.all_headers = config.all_headers;
    Ok(Some((fetch, header)))
}

/// The files, read once, which must have all that is not stored yet and end with the node's block.
async fn files(
    path: &Path,
    config: &BackfillConfig,
    next: u64,
    last: Option<B256>,
) -> Result<Directory, BackfillError> {
    let (path, deployment, to, all) =
        (path.to_owned(), config.deployment.clone(), config.bounds.to, config.all_headers);
    let open = move || -> Result<Directory, FileError> {
        let directory = Directory::open(&path, &deployment)?;
        directory.covers(next, to)?;
        if all {
            directory.has_every_header(next, to)?;
        }
        let ends_with = directory.header(to)?.map(|header| header.block_hash);
        match (ends_with, last) {
            (Some(ours), Some(node)) if ours != node => {
                let what = format!("the files' block {to} is {ours}, the node's is {node}: they are of another chain");
                Err(FileError::content(&path, what))
            }
            (None, None) => {
                let what =
                    format!("no file has the header of block {to}: without it nothing can be linked to what comes");
                Err(FileError::content(&path, what))
            }
            _ => Ok(directory),
        }
    };
    // Files are read where nobody waits for a turn.
    let opened = tokio::task::spawn_blocking(open).await;
    let opened = opened.map_err(|error| BackfillError::Missing(format!("--from-files: nothing was read: {error}")))?;
    Ok(opened?)
}
