//! Beginning with another oracle's state at a finalized block, once it was held against itself and against the contracts.
//!
//! - [`state`]: the file in memory; its order, its limits. Pure but for reading the file
//! - [`rows`], [`sums`]: its records as what they mean, and what they add up to
//! - [`proof`]: the contracts' own totals, parameters and some addresses at that block

pub mod proof;
mod rows;
pub mod state;
mod sums;

use std::path::{Path, PathBuf};

use alloy_primitives::B256;
use ledger::epoch::Epoch;
use store::StoreError;
use store::append::StoredHeader;
use store::append::opening::Opening;
use store::cursor::Cursors;
use store::deployment::Deployment;
use store::writer::Writer;
use thiserror::Error;

use crate::chain::{Chain, ChainError, Header};
use crate::files::envelope::What;
use crate::files::error::FileError;
use crate::files::lines::LineFile;
use state::State;

/// Why a state is not taken over. Nothing of it is in the database.
#[derive(Debug, Error)]
pub enum BootstrapError {
    /// It is not what it must be.
    #[error("--bootstrap: {0}")]
    Refused(String),
    /// The file cannot be read, or is refused as it is.
    #[error("--bootstrap: {0}")]
    File(#[from] FileError),
    /// The node does not give what it must be held against.
    #[error("--bootstrap: it could not be held against the contracts: {0}")]
    Chain(#[from] ChainError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl BootstrapError {
    /// Whether another attempt may go otherwise.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Refused(_) | Self::File(FileError::Content { .. }) => false,
            Self::File(FileError::System { .. }) | Self::Chain(_) | Self::Store(_) => true,
        }
    }
}

/// What was taken over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The block after which it held.
    pub block_number: u64,
    /// How many figures were held against the contracts.
    pub compared: u64,
    /// The epoch's opening could be held against them as well.
    pub opening_compared: bool,
}

/// Fills an empty database with the state of a file, whose every sum must be the contracts' own; `None`: it is not empty,
/// and nothing was done.
///
/// # Errors
/// [`BootstrapError`]
pub async fn bootstrap(
    chain: &impl Chain,
    writer: &Writer,
    deployment: &Deployment,
    path: &Path,
) -> Result<Option<Taken>, BootstrapError> {
    let Cursors { capacity: None, supply: None } = writer.cursors().await? else {
        return Ok(None);
    };
    let (file, digest, state) = read(path.to_owned()).await?;
    let wrong = |what: String| FileError::content(path, what);
    file.heading.agree(deployment).map_err(wrong)?;
    if file.heading.block_number < deployment.start_block {
        let (number, start) = (file.heading.block_number, deployment.start_block);
        return Err(wrong(format!("is as of block {number}, before the deployment's start block {start}")).into());
    }
    let header = header(chain, &file).await?;
    let opening_header = opening_header(chain, &file, &header, deployment).await?;
    let proof = proof::hold(chain, deployment, &state, &header, file.heading.opening_block).await?;
    let opening = opening(state, &file, stored(&header), opening_header, digest);
    writer.begin_with(&opening).await?;
    Ok(Some(Taken { block_number: header.number, ..proof }))
}

/// All of the file, which is read where nobody waits for a turn.
async fn read(path: PathBuf) -> Result<(LineFile, B256, State), BootstrapError> {
    let read = move || {
        let file = LineFile::open(&path, What::Positions)?;
        let (revision, ours) = (file.heading.derivation_revision, ledger::DERIVATION_REVISION);
        if revision != ours {
            let what = format!("is of derivation {revision}, this program derives by {ours}");
            return Err(FileError::content(&path, what).into());
        }
        let (digest, state) = State::read(&file)?;
        Ok((file, digest, state))
    };
    tokio::task::spawn_blocking(read)
        .await
        .unwrap_or_else(|error| Err(BootstrapError::Refused(format!("the file was not read: {error}"))))
}

/// The block's header by the node, which must call it finalized and by the same name.
async fn header(chain: &impl Chain, file: &LineFile) -> Result<Header, BootstrapError> {
    let number = file.heading.block_number;
    let finalized = chain.finality().await?.finalized.map(|finalized| finalized.number);
    if finalized.is_none_or(|finalized| finalized < number) {
        let finalized = finalized.map_or_else(|| "none".into(), |finalized| format!("block {finalized}"));
        let what = format!("it is as of block {number}, and the newest that the node calls finalized is {finalized}");
        return Err(BootstrapError::Refused(what));
    }
    let header = chain.header(number).await?;
    let header = header.ok_or_else(|| ChainError::UnknownBlock(format!("the node has no header of block {number}")))?;
    if file.heading.block_hash.is_some_and(|hash| hash != header.hash) {
        let what = format!("it is of another chain: the node's block {number} is {}", header.hash);
        return Err(BootstrapError::Refused(what));
    }
    if file.heading.block_timestamp.is_some_and(|timestamp| timestamp != header.timestamp) {
        let what = format!("it has another time for block {number} than the node: {}", header.timestamp);
        return Err(BootstrapError::Refused(what));
    }
    Ok(header)
}

/// The opening block must be the last one before the epoch.
async fn opening_header(
    chain: &impl Chain,
    file: &LineFile,
    header: &Header,
    deployment: &Deployment,
) -> Result<Option<StoredHeader>, BootstrapError> {
    let ask = async |number: u64| -> Result<Header, ChainError> {
        let header = chain.header(number).await?;
        header.ok_or_else(|| ChainError::UnknownBlock(format!("the node has no header of block {number}")))
    };
    let refused = |what: String| Err(BootstrapError::Refused(what));
    let opens_at = Epoch::at(header.timestamp).opens_at();
    let Some(number) = file.heading.opening_block else {
        return match ask(deployment.start_block).await?.timestamp < opens_at {
            true => refused("it does not say with what its epoch opened".into()),
            false => Ok(None),
        };
    };
    let (last_before, first_after) = (ask(number).await?, ask(number + 1).await?);
    if !(last_before.timestamp < opens_at && first_after.timestamp >= opens_at) {
        return refused(format!("block {number} did not open the epoch of block {}", header.number));
    }
    Ok(Some(stored(&last_before)))
}

fn opening(
    state: State,
    file: &LineFile,
    header: StoredHeader,
    opening_header: Option<StoredHeader>,
    file_digest: B256,
) -> Opening {
    let opening_block = file.heading.opening_block;
    let (changes, balances) = state.into_rows();
    Opening { header, opening_block, opening_header, changes, balances, file_digest }
}

fn stored(header: &Header) -> StoredHeader {
    let Header { number, hash, parent_hash, timestamp, .. } = *header;
    StoredHeader { number, hash, parent_hash: Some(parent_hash), timestamp }
}
