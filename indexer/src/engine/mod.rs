//! One lane's way from a source into the database: ranges fetched ahead, applied to what is in memory, stored in order.
//!
//! Memory is of the last block applied and is thrown away whenever the database does not follow. The next range is
//! prepared while the one before is being stored.

pub mod capacity;
mod prepared;
pub mod supply;

use std::future::Future;
use std::sync::Arc;

use store::StoreError;
use store::append::{RawLog, StoredBlock, StoredHeader};
use store::deployment::Deployment;
use store::writer::Writer;
use tokio::time::Instant;

use crate::backfill::Ahead;
use crate::chain::{At, Log};
use crate::follower::{Outcome, StepError};
use crate::range::RangeSize;
use crate::source::{BlockRef, Fetched, FetchedBlock, Lane, Source};
pub use prepared::{Prepared, Storing, Stretch};

/// Accounts kept in memory between blocks; beyond that they are loaded again.
const ACCOUNTS_MAX: usize = 1_000_000;

/// What follows from a lane's blocks up to the last one applied.
pub trait LaneState: Sized + Send {
    /// Whose.
    const LANE: Lane;

    /// As of the lane's cursor.
    fn load(writer: &Writer, deployment: &Deployment) -> impl Future<Output = Result<Self, StoreError>> + Send;

    /// The last block applied.
    fn cursor(&self) -> Option<BlockRef>;

    /// A block was the last one of what was applied.
    fn set_cursor(&mut self, cursor: BlockRef);

    /// A block from `from` on that must be given, whether it has a log of ours or not: a range ends with it.
    fn wants(&self, _from: u64) -> Option<u64> {
        None
    }

    /// Whether it is time to drop this state and load accounts anew as they are touched.
    fn is_too_large(&self) -> bool;

    /// Decodes consecutive blocks and holds them against what is stored. Moves nothing: after an error of the source's
    /// the state is still of the last block applied.
    fn decode<S: Source>(
        &mut self,
        scene: &Scene<S>,
        blocks: Vec<FetchedBlock>,
        stretch: Stretch,
    ) -> impl Future<Output = Result<Vec<StoredBlock>, StepError>> + Send;

    /// Applies decoded blocks. After an error the state is of no block.
    fn apply<S: Source>(
        &mut self,
        scene: &Scene<S>,
        blocks: &mut [StoredBlock],
        stretch: Stretch,
    ) -> impl Future<Output = Result<(), StepError>> + Send;
}

/// What a lane works with.
#[derive(Debug)]
pub struct Scene<S> {
    /// Where ranges come from.
    pub source: Arc<S>,
    /// Where they go.
    pub writer: Arc<Writer>,
    /// Which contracts.
    pub deployment: Arc<Deployment>,
}

impl<S> Clone for Scene<S> {
    fn clone(&self) -> Self {
        let Self { source, writer, deployment } = self;
        Self { source: Arc::clone(source), writer: Arc::clone(writer), deployment: Arc::clone(deployment) }
    }
}

/// One lane, on its way.
#[derive(Debug)]
pub struct Engine<S, L> {
    scene: Scene<S>,
    /// As of the last block applied: the cursor, or the end of what is prepared.
    state: Option<L>,
    /// Applied and not yet stored.
    prepared: Option<Prepared>,
    sizes: RangeSize,
    ahead: Ahead,
}

impl<S: Source, L: LaneState> Engine<S, L> {
    /// A lane that goes on where the database stands.
    pub fn new(scene: Scene<S>) -> Self {
        Self { scene, state: None, prepared: None, sizes: RangeSize::default(), ahead: Ahead::new(L::LANE) }
    }

    /// The last block stored, as far as this engine remembers.
    pub fn cursor(&self) -> Option<BlockRef> {
        match &self.prepared {
            Some(prepared) => prepared.after,
            None => self.state.as_ref()?.cursor(),
        }
    }

    /// How many blocks the next range will have.
    pub fn range_blocks(&self) -> u64 {
        self.sizes.blocks()
    }

    /// What is in memory, loaded if nothing is, or anew if it is too much.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn state(&mut self) -> Result<&mut L, StoreError> {
        let kept = self.state.take().filter(|state| self.prepared.is_some() || !state.is_too_large());
        let state = match kept {
            Some(state) => state,
            None => L::load(&self.scene.writer, &self.scene.deployment).await?,
        };
        Ok(self.state.insert(state))
    }

    /// The last block applied; `None` too where nothing is in memory.
    pub fn applied(&self) -> Option<BlockRef> {
        self.state.as_ref()?.cursor()
    }

    /// Drops what is in memory; the next step loads it again.
    pub fn forget(&mut self) {
        self.state = None;
        self.prepared = None;
        self.ahead.clear();
    }

    /// Nothing is ahead of the cursor any more.
    pub fn end_ranges(&mut self) {
        self.ahead.clear();
        if self.prepared.take().is_some() {
            self.state = None;
        }
    }

    /// Stores the range that begins at `from`, and prepares what comes after it meanwhile. `None`: the source has not
    /// answered by `until`, and goes on with it.
    ///
    /// # Errors
    /// [`StepError`]; nothing of it is in the database.
    pub async fn backfill(
        &mut self,
        from: u64,
        last: u64,
        until: Option<Instant>,
    ) -> Result<Option<Outcome>, StepError> {
        let prepared = match self.prepared.take() {
            Some(prepared) if prepared.from == from && prepared.end.number <= last => prepared,
            stale => {
                if stale.is_some() {
                    self.forget();
                }
                let Some(prepared) = self.prepare(from, last, until).await? else { return Ok(None) };
                prepared
            }
        };
        let (outcome, to) = (prepared.outcome(), prepared.end.number);
        let storing = prepared.begin_to_store(&self.scene.writer, lanes(L::LANE));
        let has_more = to < last && self.state.as_ref().is_some_and(|state| !state.is_too_large());
        // What fails of the next range is tried again, and told, at the next step.
        let next = if has_more { self.prepare(to + 1, last, until).await.ok().flatten() } else { None };
        if let Err(error) = storing.end().await {
            self.forget();
            return Err(error.into());
        }
        self.prepared = next;
        Ok(Some(outcome))
    }

    async fn prepare(&mut self, from: u64, last: u64, until: Option<Instant>) -> Result<Option<Prepared>, StepError> {
        let end = self.state().await?.wants(from).map_or(last, |wanted| wanted.min(last));
        let fetched = loop {
            if !self.ahead.is_ready(&self.scene.source, from, end, &self.sizes, until).await {
                return Ok(None);
            }
            if let Some(fetched) = self.ahead.next(&self.scene.source, from, end, &mut self.sizes).await? {
                break fetched;
            }
        };
        let to = fetched.end.number;
        let stretch = Stretch { from, to, ends_backfill: to == last, at_head: false };
        self.apply(fetched, stretch).await.map(Some)
    }

    /// Decodes and applies. The state in memory moves first and is dropped if the database does not follow.
    ///
    /// # Errors
    /// [`StepError`]
    pub async fn apply(&mut self, fetched: Fetched, stretch: Stretch) -> Result<Prepared, StepError> {
        let scene = self.scene.clone();
        let Fetched { blocks, end, grade } = fetched;
        let state = self.state().await?;
        let after = state.cursor();
        let blocks = state.decode(&scene, blocks, stretch).await?;
        let mut prepared = Prepared { from: stretch.from, end, after, blocks, grade };
        self.apply_along(&mut prepared, stretch).await?;
        Ok(prepared)
    }

    /// Applies what the other lane has prepared.
    ///
    /// # Errors
    /// [`StepError`]
    pub async fn apply_along(&mut self, prepared: &mut Prepared, stretch: Stretch) -> Result<(), StepError> {
        self.state().await?;
        // Out of its place while it is of no block, so that an error or a dropped future leaves nothing half applied.
        let Some(mut state) = self.state.take() else { return Ok(()) };
        state.apply(&self.scene, &mut prepared.blocks, stretch).await?;
        state.set_cursor(prepared.end);
        self.state = Some(state);
        Ok(())
    }
}

/// One lane alone.
pub fn lanes(lane: Lane) -> &'static [Lane] {
    match lane {
        Lane::Capacity => &[Lane::Capacity],
        Lane::Supply => &[Lane::Supply],
    }
}

/// How a contract is asked about a block.
fn at(header: &StoredHeader, stretch: Stretch) -> At {
    At { number: header.number, hash: stretch.at_head.then_some(header.hash) }
}

fn raw(log: Log) -> RawLog {
    let Log { log_index, tx_index, tx_hash, address, topics, data, .. } = log;
    RawLog { log_index, tx_index, tx_hash, address, topics, data }
}

/// The log that [`raw`] was made of.
fn whole(header: &StoredHeader, log: RawLog) -> Log {
    let StoredHeader { number, hash, timestamp, .. } = *header;
    let RawLog { log_index, tx_index, tx_hash, address, topics, data } = log;
    let (block_number, block_hash, block_timestamp) = (number, hash, Some(timestamp));
    Log { block_number, block_hash, block_timestamp, tx_hash, tx_index, log_index, address, topics, data }
}
