//! Consecutive blocks: as they are asked for, applied and not yet stored, and on their way into the database.

use std::sync::Arc;
use std::time::Instant;

use store::StoreError;
use store::append::{Batch, StoredBlock};
use store::writer::Writer;
use tokio::task::JoinHandle;

use crate::chain::Grade;
use crate::follower::Outcome;
use crate::source::{BlockRef, Lane};

/// Consecutive blocks as they are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// The first.
    pub from: u64,
    /// The last.
    pub to: u64,
    /// The last one ends a backfill.
    pub ends_backfill: bool,
    /// A block at the head is asked about by its hash; in a range by number.
    pub at_head: bool,
}

/// Consecutive blocks, applied to the state in memory.
#[derive(Debug)]
pub struct Prepared {
    pub(super) from: u64,
    pub(super) end: BlockRef,
    /// Where the cursor was before them.
    pub(super) after: Option<BlockRef>,
    pub(super) blocks: Vec<StoredBlock>,
    pub(super) grade: Option<Grade>,
}

impl Stretch {
    /// One block at the head.
    pub fn at_head(number: u64) -> Self {
        Self { from: number, to: number, ends_backfill: false, at_head: true }
    }
}

impl Prepared {
    /// What storing them comes to.
    pub fn outcome(&self) -> Outcome {
        let logs = self.blocks.iter().map(|block| block.block.entries.len()).sum();
        Outcome::Appended { from: self.from, to: self.end.number, logs }
    }

    /// Begins the transaction, in a task of its own, so that the next range can be applied meanwhile.
    pub fn begin_to_store(self, writer: &Arc<Writer>, lanes: &'static [Lane]) -> Storing {
        let writer = Arc::clone(writer);
        Storing(tokio::spawn(async move {
            let Self { blocks, after, end, grade, .. } = &self;
            let began = Instant::now();
            let stored = writer.append(&Batch { lanes, blocks, after: *after, cursor: *end, grade: *grade }).await;
            metrics::histogram!("indexer_commit_seconds").record(began.elapsed());
            stored
        }))
    }
}

/// A transaction under way.
#[derive(Debug)]
pub struct Storing(JoinHandle<Result<(), StoreError>>);

impl Storing {
    /// Waits for the commit.
    ///
    /// # Errors
    /// [`StoreError`]; nothing of it is in the database then.
    pub async fn end(self) -> Result<(), StoreError> {
        self.0.await.unwrap_or_else(|error| Err(StoreError::Corrupt(format!("a commit ended: {error}"))))
    }
}
