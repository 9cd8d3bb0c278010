//! What all requests share.

use std::sync::{Arc, RwLock};

use alloy_primitives::B256;
use store::deployment::Deployment;
use store::read::progress::Progress;
use store::read::{Database, Reading, progress};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::connections;
use crate::finalized::Finalized;
use crate::problem::{Kind, Problem};
use crate::tables::{self, Tables};

/// Answers about everybody that are made at the same time.
const WIDE_ANSWERS_MAX: usize = 16;
/// Long reads at the same time.
const LONG_READS_MAX: usize = 2;

/// How this process serves.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// From which lag on `/readyz` is 503 and answers say `behind`.
    pub max_lag_seconds: u64,
    /// Requests about the chain that are worked on at the same time.
    pub concurrency_max: usize,
    /// Memory of answers that are being sent, bytes; of each that has more than 64 kB.
    pub answers_bytes_max: usize,
    /// After which a request is given up.
    pub request_timeout: std::time::Duration,
    /// What may be taken for capacity tables of past blocks.
    pub tables: tables::Limits,
    /// What a client may take.
    pub connections: connections::Limits,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            max_lag_seconds: 60,
            concurrency_max: 512,
            answers_bytes_max: 256 * 1024 * 1024,
            request_timeout: std::time::Duration::from_secs(15),
            tables: tables::Limits::default(),
            connections: connections::Limits::default(),
        }
    }
}

/// What all requests share.
#[derive(Clone, Debug)]
pub struct App(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    database: Database,
    settings: Settings,
    deployment: RwLock<Option<Known>>,
    tables: Tables,
    finalized: Finalized,
    wide_answers: Arc<Semaphore>,
    long_reads: Arc<Semaphore>,
}

/// A deployment and what tells it from others.
#[derive(Clone, Debug)]
pub struct Known {
    /// keccak256 of its canonical document.
    pub digest: B256,
    /// Itself.
    pub deployment: Arc<Deployment>,
}

impl App {
    /// Over a database that may not be there yet.
    pub fn new(database: Database, settings: Settings) -> Self {
        let tables = Tables::new(&database, settings.tables);
        let wide_answers = Arc::new(Semaphore::new(WIDE_ANSWERS_MAX));
        let long_reads = Arc::new(Semaphore::new(LONG_READS_MAX));
        let (deployment, finalized) = Default::default();
        Self(Arc::new(Shared { database, settings, deployment, tables, finalized, wide_answers, long_reads }))
    }

    /// The database.
    pub fn database(&self) -> &Database {
        &self.0.database
    }

    /// How this process serves.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// Capacity tables read of late.
    pub fn tables(&self) -> &Tables {
        &self.0.tables
    }

    /// Figures of series, kept.
    pub(crate) fn finalized(&self) -> &Finalized {
        &self.0.finalized
    }

    /// Leave to make an answer about everybody, whose memory clients would else take as often as they like.
    ///
    /// # Errors
    /// [`Kind::Overloaded`]
    pub fn wide_answer(&self) -> Result<OwnedSemaphorePermit, Problem> {
        let leave = Arc::clone(&self.0.wide_answers).try_acquire_owned();
        leave.map_err(|_| Problem::new(Kind::Overloaded, "too many answers about everybody at once").retry_after(1))
    }

    /// Leave for a read whose cost grows with how many there ever were, so that the database is there for others.
    ///
    /// # Errors
    /// [`Kind::Overloaded`]
    pub fn long_read(&self) -> Result<OwnedSemaphorePermit, Problem> {
        let leave = Arc::clone(&self.0.long_reads).try_acquire_owned();
        leave.map_err(|_| Problem::new(Kind::Overloaded, "too many long reads at once").retry_after(1))
    }

    /// The deployment with this digest, parsed once.
    ///
    /// # Errors
    /// [`Kind::NeverSynced`] where there is none.
    pub async fn deployment(&self, reading: &mut Reading, digest: Option<B256>) -> Result<Known, Problem> {
        let Some(digest) = digest else { return Err(never_synced()) };
        if let Some(known) = self.known().filter(|known| known.digest == digest) {
            return Ok(known);
        }
        let deployment = progress::deployment(reading).await?.ok_or_else(never_synced)?;
        let known = Known { digest, deployment: Arc::new(deployment) };
        if let Ok(mut kept) = self.0.deployment.write() {
            *kept = Some(known.clone());
        }
        Ok(known)
    }

    fn known(&self) -> Option<Known> {
        self.0.deployment.read().ok()?.clone()
    }
}

/// Makes sure that rows mean what this program takes them to mean. Columns may be the same and figures not: that is what
/// a revision tells of.
///
/// # Errors
/// [`Kind::OtherDerivation`]
pub fn hold_derivation(progress: &Progress) -> Result<(), Problem> {
    if !progress.is_of_another_derivation() {
        return Ok(());
    }
    let (stored, ours) = (progress.derivation.revision, ledger::DERIVATION_REVISION);
    let detail = format!(
        "what is stored was derived by revision {stored}, this program is of revision {ours}: run indexer and api of one \
         version; the indexer derives anew by itself"
    );
    let problem = Problem::new(Kind::OtherDerivation, detail).with("stored_revision", stored).retry_after(30);
    Err(problem.with("expected_revision", ours))
}

/// Nothing was ever stored.
pub fn never_synced() -> Problem {
    Problem::new(Kind::NeverSynced, "the indexer has not stored a block yet")
}
