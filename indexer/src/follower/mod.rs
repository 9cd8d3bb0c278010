//! The step: ask the node, plan, do it, and leave the database whole.

mod fork;
mod indexes;
mod outcome;
mod tags;

use std::sync::Arc;
use std::time::Duration;

use store::StoreError;
use store::cursor::Cursors;
use store::deployment::Deployment;
use store::reconciliation::Repair;
use store::writer::Writer;
use tokio::time::Instant;

use crate::chain::{Chain, ChainError, Header, Tags};
use crate::engine::capacity::CapacityState;
use crate::engine::supply::SupplyState;
use crate::engine::{Engine, Prepared, Scene, Stretch, lanes};
use crate::fetch::Fetch;
use crate::plan::{self, Local, Plan, plan};
use crate::source::{BlockRef, Lane};
use indexes::Building;
pub use outcome::{Changes, Outcome, StepError};
use tags::NodeTags;

/// While supply is behind, the head is looked at this often, and ranges of supply are waited for no longer.
const HEAD_EVERY: Duration = Duration::from_millis(500);

/// Follows one chain into one database.
#[derive(Debug)]
pub struct Follower<C> {
    chain: Arc<C>,
    writer: Arc<Writer>,
    deployment: Arc<Deployment>,
    fetch: Arc<Fetch<C>>,
    capacity: Engine<Fetch<C>, CapacityState>,
    supply: Engine<Fetch<C>, SupplyState>,
    node: NodeTags,
    finalized: Option<u64>,
    fork_since: Option<std::time::Instant>,
    building: Option<Building>,
    supply_rests_until: Option<Instant>,
}

impl<C: Chain> Follower<C> {
    /// A follower that goes on where the database stands. A first backfill goes without what only reads need.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn new(chain: C, writer: Writer, deployment: Deployment) -> Result<Self, StoreError> {
        let finalized = writer.finalized().await?;
        if writer.cursors().await?.supply.is_none() {
            writer.drop_account_indexes().await?;
        }
        let (chain, writer, deployment) = (Arc::new(chain), Arc::new(writer), Arc::new(deployment));
        let fetch = Arc::new(Fetch::new(Arc::clone(&chain), &deployment));
        let scene =
            Scene { source: Arc::clone(&fetch), writer: Arc::clone(&writer), deployment: Arc::clone(&deployment) };
        Ok(Self {
            chain,
            writer,
            deployment,
            fetch,
            capacity: Engine::new(scene.clone()),
            supply: Engine::new(scene),
            node: NodeTags::default(),
            finalized,
            fork_since: None,
            building: None,
            supply_rests_until: None,
        })
    }

    /// One step: at most one transaction, of ranges, of one block, or of a rewind.
    ///
    /// # Errors
    /// [`StepError`]; the database is as before. See [`Follower::forget_after`].
    pub async fn step(&mut self, tags_max_age: Duration) -> Result<Outcome, StepError> {
        let tags = self.current_tags(tags_max_age).await?;
        let local = self.local(&tags).await?;
        let next = self.next_header(&local, &tags).await?;
        let planned = plan(&local, &tags, next.as_ref());
        self.end_ranges(&planned);
        let outcome = match planned {
            Plan::Wait => self.wait().await,
            Plan::Backfill { lane: Lane::Capacity, from, to } => self.backfill_capacity(from, to).await,
            Plan::Backfill { lane: Lane::Supply, from, to } => self.backfill_supply(from, to).await,
            Plan::Extend { header, with_supply: true } => self.extend(&header).await,
            Plan::Extend { header, with_supply: false } => self.extend_capacity(&header).await,
            Plan::CatchUp(number) => self.catch_up(number).await.map_err(StepError::of_supply),
            Plan::BuildIndexes => Ok(self.begin_to_build()),
            Plan::Fork => self.resolve_fork(&local, &tags).await,
        };
        if let Err(error) = &outcome {
            self.forget_after(error);
        }
        match outcome {
            Err(StepError::Untold(found)) => {
                self.writer.infer(&found).await?;
                Ok(Outcome::Inferred(found))
            }
            outcome => outcome,
        }
    }

    /// Makes sure that nobody else writes. The pool mends its connections silently, so this is asked before each step.
    ///
    /// # Errors
    /// [`StoreError::Locked`], [`StoreError::Database`]
    pub async fn hold_lock(&self) -> Result<(), StoreError> {
        self.writer.hold_lock().await
    }

    /// The writer this follower writes with.
    pub fn writer(&self) -> &Writer {
        &self.writer
    }

    /// Resolves when a node has pushed a new head.
    pub async fn pushed(&self) {
        self.chain.pushed().await;
    }

    /// What the node said last of its tags.
    pub fn tags(&self) -> Option<&Tags> {
        self.node.last()
    }

    /// The last blocks stored, as far as this follower remembers.
    pub fn cursors(&self) -> Cursors {
        Cursors { capacity: self.capacity.cursor(), supply: self.supply.cursor() }
    }

    /// The newest block that is finalized and ours.
    pub fn finalized(&self) -> Option<u64> {
        self.finalized
    }

    /// The newest block that is safe and ours: the node's, or the cursor where that is below.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn safe(&self) -> Result<Option<u64>, StoreError> {
        let Some(safe) = self.tags().and_then(|tags| tags.finality.safe.clone()) else { return Ok(None) };
        match self.capacity.cursor() {
            Some(cursor) if cursor.number < safe.number => Ok(self.finalized),
            _ if self.writer.block_hash(safe.number).await? == Some(safe.hash) => Ok(Some(safe.number)),
            _ => Ok(self.finalized),
        }
    }

    /// Drops what is in memory; the next step loads it again.
    pub fn forget(&mut self) {
        self.capacity.forget();
        self.supply.forget();
        self.node.forget();
    }

    /// Drops what an error of a step makes doubtful. After one of the node's what is in memory is still of the last
    /// block applied, and may be dear to load.
    pub fn forget_after(&mut self, error: &StepError) {
        match error {
            StepError::Chain(_) | StepError::Supply(_) => self.node.ask_again(),
            StepError::Store(_) | StepError::Refused(_) | StepError::Untold(_) | StepError::Halt(_) => self.forget(),
        }
    }

    /// What the node gave last does not hold: another is asked, where there is another.
    pub fn avoid_current_node(&self) {
        self.chain.avoid_current();
    }

    /// Undoes blocks whose totals differ from the contracts', to fetch them again.
    ///
    /// # Errors
    /// [`StoreError::CursorMoved`], where they are no longer there.
    pub async fn repair(&mut self, repair: &Repair) -> Result<(), StoreError> {
        self.avoid_current_node();
        self.forget();
        self.writer.repair(repair).await
    }

    /// Asks nothing for the lane of supply for a while; that of capacity goes on.
    pub fn let_supply_rest(&mut self, pause: Duration) {
        self.supply_rests_until = Some(Instant::now() + pause);
    }

    async fn local(&mut self, tags: &Tags) -> Result<Local, StepError> {
        self.end_building(Duration::ZERO).await?;
        self.capacity.state().await?;
        let lacks_indexes = self.supply.state().await?.holds_all();
        let cursors = self.cursors();
        let stored = async |number: u64| -> Result<Option<BlockRef>, StepError> {
            if cursors.capacity.is_none_or(|cursor| number > cursor.number) {
                return Ok(None);
            }
            let hash = self.writer.block_hash(number).await?;
            Ok(hash.map(|hash| BlockRef { number, hash: Some(hash) }))
        };
        let at_head = stored(tags.head.number).await?;
        let at_finalized = match &tags.finality.finalized {
            Some(finalized) => stored(finalized.number).await?,
            None => None,
        };
        if let (Some(ours), Some(theirs)) = (at_finalized, &tags.finality.finalized)
            && ours.hash == Some(theirs.hash)
        {
            self.finalized = self.finalized.max(Some(ours.number));
        }
        let rests = self.building.is_some() || self.supply_rests_until.is_some_and(|until| Instant::now() < until);
        let supply = plan::Supply { range_blocks: self.supply.range_blocks(), lacks_indexes, rests };
        let (start_block, finalized) = (self.deployment.start_block, self.finalized);
        Ok(Local { start_block, cursors, at_head, at_finalized, finalized, supply })
    }

    async fn next_header(&self, local: &Local, tags: &Tags) -> Result<Option<Header>, StepError> {
        match local.next() {
            next if next > tags.head.number => Ok(None),
            next if next == tags.head.number => Ok(Some(tags.head.clone())),
            next => Ok(self.chain.header(next).await?),
        }
    }

    /// What was fetched ahead is dropped by what does not go on with it. A block of the head leaves alone what supply has.
    fn end_ranges(&mut self, planned: &Plan) {
        if *planned != Plan::Fork {
            self.fork_since = None;
        }
        if !matches!(planned, Plan::Backfill { lane: Lane::Capacity, .. }) {
            self.capacity.end_ranges();
        }
        if matches!(planned, Plan::CatchUp(_) | Plan::BuildIndexes | Plan::Extend { with_supply: true, .. }) {
            self.supply.end_ranges();
        }
    }

    async fn backfill_capacity(&mut self, from: u64, to: u64) -> Result<Outcome, StepError> {
        let outcome = self.capacity.backfill(from, to, None).await?.unwrap_or(Outcome::Waiting);
        self.finalized = self.finalized.max(self.capacity.cursor().map(|cursor| cursor.number));
        Ok(outcome)
    }

    /// What the node has not answered in time is still on its way at the next step, which looks at the head first.
    async fn backfill_supply(&mut self, from: u64, to: u64) -> Result<Outcome, StepError> {
        let until = Instant::now() + HEAD_EVERY;
        let outcome = self.supply.backfill(from, to, Some(until)).await.map_err(StepError::of_supply)?;
        Ok(outcome.unwrap_or(Outcome::Waiting))
    }

    /// The next block, with both lanes, by one request for logs and in one transaction.
    async fn extend(&mut self, header: &Header) -> Result<Outcome, StepError> {
        let stretch = Stretch::at_head(header.number);
        let mut prepared = self.capacity.apply(self.fetch.block(header).await?, stretch).await?;
        self.supply.apply_along(&mut prepared, stretch).await?;
        self.store(prepared, &Lane::BOTH).await
    }

    async fn extend_capacity(&mut self, header: &Header) -> Result<Outcome, StepError> {
        let fetched = self.fetch.block(header).await?;
        let prepared = self.capacity.apply(fetched, Stretch::at_head(header.number)).await?;
        self.store(prepared, lanes(Lane::Capacity)).await
    }

    /// A block that the lane of capacity has and that may still change, by the hash it has there.
    async fn catch_up(&mut self, number: u64) -> Result<Outcome, StepError> {
        // Not stored: a block below what is finalized, of a node that lags and says that less is.
        let Some(hash) = self.writer.block_hash(number).await? else { return Ok(Outcome::UpToDate) };
        let header = self.chain.header_by_hash(hash).await?;
        let header = header.ok_or_else(|| ChainError::UnknownBlock(format!("block {number} with hash {hash}")))?;
        let fetched = self.fetch.block(&header).await?;
        let prepared = self.supply.apply(fetched, Stretch::at_head(number)).await?;
        self.store(prepared, lanes(Lane::Supply)).await
    }

    async fn store(&mut self, prepared: Prepared, lanes: &'static [Lane]) -> Result<Outcome, StepError> {
        let outcome = prepared.outcome();
        prepared.begin_to_store(&self.writer, lanes).end().await?;
        Ok(outcome)
    }
}
