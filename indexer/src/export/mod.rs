//! What leaves the database as files: one snapshot of it, a page at a time, with a role that may only read.
//!
//! - [`sink`]: where records go, in which format
//! - [`events`]: the inputs, in the order of the chain
//! - [`state`]: the capacity table, positions, supply

mod events;
pub mod sink;
mod state;

use std::time::Duration;

use store::deployment::Deployment;
use store::read::export::wait_for_the_taker;
use store::read::progress::{Needs, Progress};
use store::read::{Database, Limits, ReadError, Reading, block, progress};
use thiserror::Error;

use crate::files::envelope::{FORMAT, Heading, What};
use crate::files::error::FileError;
use ledger::epoch::Epoch;
use sink::{Sink, Target};

/// A page of a long history takes Postgres a moment, the list of all addresses a while.
pub const LIMITS: Limits = Limits {
    application_name: "venice-indexer-export",
    connections_max: 1,
    statement_timeout: Duration::from_secs(3_600),
    acquire_timeout: Duration::from_secs(10),
};

/// What to export.
#[derive(Clone, Debug)]
pub struct Request {
    /// Which records.
    pub what: What,
    /// The last block, or the one after which it holds; `None`: the newest that is finalized and stored.
    pub at_block: Option<u64>,
    /// The first block, of [`What::Events`]; `None`: the first there is.
    pub from_block: Option<u64>,
}

/// Why nothing was exported.
#[derive(Debug, Error)]
pub enum ExportError {
    /// What was asked for cannot be.
    #[error("{0}")]
    Usage(String),
    /// The database does not give it.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The file cannot be written.
    #[error(transparent)]
    File(#[from] FileError),
}

/// What was exported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    /// What it is of.
    pub heading: Heading,
    /// How many records.
    pub rows: u64,
}

/// A snapshot, and the blocks of it that are wanted.
struct Cut {
    reading: Reading,
    deployment: Deployment,
    progress: Progress,
    heading: Heading,
}

/// Writes all of it to the target, which is as before where anything fails.
///
/// # Errors
/// [`ExportError`]
pub async fn export(database: &Database, request: &Request, target: &Target) -> Result<Exported, ExportError> {
    let mut cut = Cut::open(database, request).await?;
    let mut sink = Sink::begin(target, &cut.heading)?;
    match request.what {
        What::Events => events::write(&mut cut, &mut sink).await?,
        What::Capacity => state::capacity(&mut cut, &mut sink).await?,
        What::Positions => state::positions(&mut cut, &mut sink).await?,
        What::Supply => state::supply(&mut cut, &mut sink).await?,
    }
    Ok(Exported { rows: sink.end()?, heading: cut.heading })
}

impl Cut {
    async fn open(database: &Database, request: &Request) -> Result<Self, ExportError> {
        let mut reading = database.begin().await?;
        wait_for_the_taker(&mut reading).await?;
        let progress = progress::progress(&mut reading).await?;
        let deployment = progress::deployment(&mut reading).await?.ok_or_else(never_synced)?;
        let needs = if request.what == What::Capacity { Needs::Capacity } else { Needs::Both };
        let (first, number) = bounds(&deployment, &progress, needs, request)?;
        if !progress.account_indexes && matches!(request.what, What::Positions | What::Events) {
            let mend = "the first backfill is not done: transfers cannot be looked up before its indexes are built";
            return Err(ExportError::Usage(mend.into()));
        }
        if !progress.derivation.is_ours() && request.what != What::Events {
            let mend = "what is stored was derived by another version: let `indexer run` of this one derive it anew";
            return Err(ExportError::Usage(mend.into()));
        }
        let heading = heading(&mut reading, &deployment, &progress, (first, number), request.what).await?;
        Ok(Self { reading, deployment, progress, heading })
    }
}

/// The first and the last block, which must be held.
fn bounds(
    deployment: &Deployment,
    progress: &Progress,
    needs: Needs,
    request: &Request,
) -> Result<(u64, u64), ExportError> {
    // Of a state that was taken over the block itself is held, and inputs only from the next on.
    let start = progress.first_block(deployment);
    let newest = needs.newest(progress).ok_or_else(never_synced)?.number;
    let finalized = progress.follower.as_ref().and_then(|follower| follower.finalized_number);
    let held = |flag: &str, number: u64| match (start..=newest).contains(&number) {
        true => Ok(number),
        false => {
            let held = format!("blocks {start} to {newest}");
            Err(ExportError::Usage(format!("{flag} {number} lies outside what the database holds: {held}")))
        }
    };
    let number = match (request.at_block, finalized) {
        (Some(number), _) => held("--at-block", number)?,
        (None, Some(finalized)) => finalized.min(newest),
        (None, None) => {
            let mend = "no block is known to be finalized yet: name one with --at-block";
            return Err(ExportError::Usage(mend.into()));
        }
    };
    let first_input =
        progress.bootstrap.filter(|_| request.what == What::Events).map_or(start, |taken| taken.block_number + 1);
    let first = request.from_block.map_or(Ok(first_input), |first| held("--from-block", first))?;
    if first < first_input {
        return Err(ExportError::Usage(format!(
            "--from-block {first}: history began with another oracle's state after block {start}, whose inputs are not held"
        )));
    }
    if first > number {
        return Err(ExportError::Usage(format!("--from-block {first} lies above block {number}, the last exported")));
    }
    match request.what {
        What::Events | What::Supply => Ok((first, number)),
        // State is of one block.
        What::Capacity | What::Positions => Ok((number, number)),
    }
}

async fn heading(
    reading: &mut Reading,
    deployment: &Deployment,
    progress: &Progress,
    (from_block, block_number): (u64, u64),
    what: What,
) -> Result<Heading, ExportError> {
    let facts = block::facts(reading, block_number).await?;
    let cursors = [progress.capacity, progress.supply];
    let cursor = cursors.into_iter().flatten().find(|cursor| cursor.number == block_number);
    let timestamp = facts.timestamp.or_else(|| deployment.clock?.timestamp(block_number));
    let opening_block = match timestamp.filter(|_| what == What::Positions) {
        Some(timestamp) => block::opening(reading, deployment, progress, Epoch::at(timestamp)).await?,
        None => None,
    };
    let digest = deployment.digest().map_err(|error| ReadError::Corrupt(error.to_string()))?;
    let contracts = deployment.ledger_contracts();
    Ok(Heading {
        format: FORMAT,
        what,
        chain_id: deployment.chain_id,
        vvv: contracts.vvv,
        staking: contracts.staking,
        diem: contracts.diem,
        deployment_digest: digest,
        derivation_revision: progress.derivation.revision,
        start_block: deployment.start_block,
        from_block,
        block_number,
        block_hash: facts.hash.or_else(|| cursor?.hash),
        block_timestamp: timestamp,
        opening_block,
    })
}

fn never_synced() -> ExportError {
    ExportError::Usage("the database holds no block yet: let `indexer run` store some".into())
}
