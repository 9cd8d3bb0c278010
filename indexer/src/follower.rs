//! The step: ask the node, plan, do it, and leave the database whole.

use std::sync::Arc;
use std::time::{Duration, Instant};

use alloy_primitives::B256;
use ledger::halt::Halt;
use store::StoreError;
use store::append::{Batch, StoredBlock};
use store::deployment::Deployment;
use store::load::BlockRef;
use store::rewind::Rewind;
use store::writer::Writer;
use thiserror::Error;
use tokio::task::JoinHandle;

use crate::backfill::Ahead;
use crate::chain::{At, Chain, ChainError, Finality, Header, Tags};
use crate::decode::Undecodable;
use crate::fetch::{Fetch, Fetched};
use crate::plan::{Local, Plan, Verdict, judge, plan};
use crate::range::RangeSize;
use crate::readings::{self, Occasion};
use crate::state::State;

/// What a step did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing: the node has nothing new.
    UpToDate,
    /// Blocks were stored.
    Appended {
        /// First block.
        from: u64,
        /// Last block.
        to: u64,
        /// Logs of ours in them.
        logs: usize,
    },
    /// Blocks were undone.
    Rewound(Rewind),
    /// The node's chain is another than ours; it is not clear yet which will last.
    ForkSuspected {
        /// The last block both share.
        ancestor: u64,
    },
}

/// Why a step failed. Nothing of it is in the database.
#[derive(Debug, Error)]
pub enum StepError {
    /// The node.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Going on would be guessing.
    #[error("{0}")]
    Halt(String),
}

/// Consecutive blocks, applied to the state in memory.
#[derive(Debug)]
struct Prepared {
    from: u64,
    end: BlockRef,
    /// Where the cursor was before them.
    after: Option<BlockRef>,
    blocks: Vec<StoredBlock>,
}

impl Prepared {
    fn outcome(&self) -> Outcome {
        let logs = self.blocks.iter().map(|block| block.block.entries.len()).sum();
        Outcome::Appended { from: self.from, to: self.end.number, logs }
    }
}

type Storing = JoinHandle<Result<(), StoreError>>;

/// Follows one chain into one database.
#[derive(Debug)]
pub struct Follower<C> {
    chain: Arc<C>,
    writer: Arc<Writer>,
    deployment: Deployment,
    /// As of the last block applied: the cursor, or the end of what is prepared.
    state: Option<State>,
    /// Applied and not yet stored.
    prepared: Option<Prepared>,
    /// What the node said last, and when it was asked; not to be built on after an error.
    tags: Option<Tags>,
    asked: Option<Instant>,
    finality: Option<(Instant, Finality)>,
    ranges: RangeSize,
    ahead: Ahead,
    finalized: Option<u64>,
    fork_since: Option<Instant>,
    /// The node keeps no state of this block and those before it.
    no_state_until: Option<u64>,
}

impl<C: Chain> Follower<C> {
    /// A follower that goes on where the database stands. A first backfill goes without what only reads need.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn new(chain: C, writer: Writer, deployment: Deployment) -> Result<Self, StoreError> {
        let finalized = writer.finalized().await?;
        if writer.cursor().await?.is_none() {
            writer.drop_account_indexes().await?;
        }
        Ok(Self {
            chain: Arc::new(chain),
            writer: Arc::new(writer),
            deployment,
            state: None,
            prepared: None,
            tags: None,
            asked: None,
            finality: None,
            ranges: RangeSize::default(),
            ahead: Ahead::default(),
            finalized,
            fork_since: None,
            no_state_until: None,
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
        if planned != Plan::Fork {
            self.fork_since = None;
        }
        if !matches!(planned, Plan::Backfill { .. }) {
            self.end_backfill(&planned).await?;
        }
        let outcome = match planned {
            Plan::Wait => Ok(Outcome::UpToDate),
            Plan::Backfill { from, to } => self.backfill(from, to).await,
            Plan::Extend(header) => self.extend(&header).await,
            Plan::Fork => self.resolve_fork(&local, &tags).await,
        };
        match &outcome {
            Ok(Outcome::UpToDate | Outcome::Appended { .. }) => {}
            Ok(Outcome::Rewound(_) | Outcome::ForkSuspected { .. }) => self.forget(),
            Err(error) => self.forget_after(error),
        }
        outcome
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

    /// What the node said last of its tags.
    pub fn tags(&self) -> Option<&Tags> {
        self.tags.as_ref()
    }

    /// The last block stored, as far as this follower remembers.
    pub fn cursor(&self) -> Option<BlockRef> {
        match &self.prepared {
            Some(prepared) => prepared.after,
            None => self.state.as_ref()?.cursor,
        }
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
        match self.cursor() {
            Some(cursor) if cursor.number < safe.number => Ok(self.finalized),
            _ if self.writer.block_hash(safe.number).await? == Some(safe.hash) => Ok(Some(safe.number)),
            _ => Ok(self.finalized),
        }
    }

    /// Drops what is in memory; the next step loads it again.
    pub fn forget(&mut self) {
        self.state = None;
        self.prepared = None;
        self.ahead.clear();
        self.asked = None;
        self.finality = None;
    }

    /// Drops what an error of a step makes doubtful. After one of the node's what is in memory is still of the last
    /// block applied, and may be dear to load.
    pub fn forget_after(&mut self, error: &StepError) {
        match error {
            StepError::Chain(_) => self.asked = None,
            StepError::Store(_) | StepError::Halt(_) => self.forget(),
        }
    }

    /// The node's tags, asked again when they are old or when the cursor has reached the head they name.
    async fn current_tags(&mut self, max_age: Duration) -> Result<Tags, StepError> {
        let reached = self.cursor().map(|cursor| cursor.number);
        if let (Some(asked), Some(tags)) = (self.asked, &self.tags)
            && asked.elapsed() < max_age
            && reached.is_some_and(|reached| reached < tags.head.number)
        {
            return Ok(tags.clone());
        }
        let finality = self.current_finality(max_age).await?;
        let head = self.chain.head().await?;
        if finality.finalized.as_ref().is_some_and(|finalized| finalized.number > head.number) {
            self.finality = None;
            return Err(ChainError::Contradiction("the finalized block is above the head".into()).into());
        }
        let tags = Tags { head, finality };
        self.asked = Some(Instant::now());
        self.tags = Some(tags.clone());
        Ok(tags)
    }

    /// Safe and finalized move every few seconds at most: they are asked for less often than the head.
    async fn current_finality(&mut self, max_age: Duration) -> Result<Finality, StepError> {
        match &self.finality {
            Some((asked, finality)) if asked.elapsed() < max_age => Ok(finality.clone()),
            _ => {
                let finality = self.chain.finality().await?;
                self.finality = Some((Instant::now(), finality.clone()));
                Ok(finality)
            }
        }
    }

    async fn local(&mut self, tags: &Tags) -> Result<Local, StepError> {
        self.state().await?;
        let cursor = self.cursor();
        let stored = async |number: u64| -> Result<Option<BlockRef>, StepError> {
            if cursor.is_none_or(|cursor| number > cursor.number) {
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
        Ok(Local { start_block: self.deployment.start_block, cursor, at_head, at_finalized })
    }

    async fn next_header(&self, local: &Local, tags: &Tags) -> Result<Option<Header>, StepError> {
        match local.next() {
            next if next > tags.head.number => Ok(None),
            next if next == tags.head.number => Ok(Some(tags.head.clone())),
            next => Ok(self.chain.header(next).await?),
        }
    }

    /// Stores what is prepared, and prepares what comes after it meanwhile.
    async fn backfill(&mut self, from: u64, finalized: u64) -> Result<Outcome, StepError> {
        let prepared = match self.prepared.take() {
            Some(prepared) if prepared.from == from && prepared.end.number <= finalized => prepared,
            Some(_) => {
                self.forget();
                self.prepare(from, finalized).await?
            }
            None => self.prepare(from, finalized).await?,
        };
        let (outcome, to) = (prepared.outcome(), prepared.end.number);
        let storing = self.begin_to_store(prepared);
        let has_more = to < finalized && self.state.as_ref().is_some_and(|state| !state.is_too_large());
        let next = if has_more { self.prepare(to + 1, finalized).await.ok() } else { None };
        self.end_to_store(storing).await?;
        // What failed of the next range is tried again, and told, at the next step.
        self.prepared = next;
        self.finalized = self.finalized.max(Some(to));
        Ok(outcome)
    }

    async fn extend(&mut self, header: &Header) -> Result<Outcome, StepError> {
        let fetched = self.fetch().block(header).await?;
        let hash = header.hash;
        let prepared = self.apply(header.number, fetched, |_| At::Hash(hash), false).await?;
        let outcome = prepared.outcome();
        let storing = self.begin_to_store(prepared);
        self.end_to_store(storing).await?;
        Ok(outcome)
    }

    async fn prepare(&mut self, from: u64, finalized: u64) -> Result<Prepared, StepError> {
        let fetch = self.fetch();
        let fetched = self.ahead.next(&fetch, from, finalized, &mut self.ranges).await?;
        let is_last = fetched.end.number == finalized;
        self.apply(from, fetched, At::Number, is_last).await
    }

    /// Decodes and applies. The state in memory moves first and is dropped if the database does not follow.
    async fn apply(
        &mut self,
        from: u64,
        fetched: Fetched,
        at: impl Fn(u64) -> At,
        is_last: bool,
    ) -> Result<Prepared, StepError> {
        let mut state = match self.state.take() {
            Some(state) if !state.is_too_large() => state,
            _ => State::load(&self.writer, &self.deployment).await?,
        };
        let (after, end) = (state.cursor, fetched.end);
        let mut blocks =
            state.decode(fetched.blocks).map_err(|error: Undecodable| StepError::Halt(error.to_string()))?;
        state.load_accounts(&self.writer, &blocks).await?;
        let last = blocks.len().saturating_sub(1);
        for (position, block) in blocks.iter_mut().enumerate() {
            let is_edge = is_last && position == last;
            let readings = self.read(&state, block, at(block.header.number), is_edge).await?;
            state.apply(block, readings).map_err(|halt| self.halted(&halt))?;
        }
        state.cursor = Some(end);
        self.state = Some(state);
        Ok(Prepared { from, end, after, blocks })
    }

    /// Begins the transaction, in a task of its own, so that the next range can be applied meanwhile.
    fn begin_to_store(&self, prepared: Prepared) -> Storing {
        let writer = Arc::clone(&self.writer);
        tokio::spawn(async move {
            let Prepared { blocks, after, end, .. } = &prepared;
            writer.append(&Batch { blocks, after: *after, cursor: *end }).await
        })
    }

    async fn end_to_store(&mut self, storing: Storing) -> Result<(), StepError> {
        let stored = storing.await.unwrap_or_else(|error| Err(StoreError::Corrupt(format!("a commit ended: {error}"))));
        if stored.is_err() {
            self.forget();
        }
        Ok(stored?)
    }

    /// Nothing is ahead of the cursor any more, and readers get what the backfill went without.
    async fn end_backfill(&mut self, planned: &Plan) -> Result<(), StepError> {
        self.ahead.clear();
        if self.prepared.take().is_some() {
            self.state = None;
        }
        let is_empty = self.state().await?.cursor.is_none();
        let is_due = !is_empty || matches!(planned, Plan::Extend(_));
        if let Some(state) = self.state.as_mut().filter(|state| state.holds_all() && is_due) {
            let started = Instant::now();
            self.writer.build_account_indexes().await?;
            state.account_indexes_built();
            tracing::info!(seconds = started.elapsed().as_secs(), "indexes for readers built");
        }
        Ok(())
    }

    /// Asks the contracts where the block is an occasion to. A node without state of that block leaves values unknown.
    async fn read(
        &mut self,
        state: &State,
        block: &StoredBlock,
        at: At,
        is_edge: bool,
    ) -> Result<Vec<ledger::parameter::Setting>, StepError> {
        let number = block.header.number;
        let occasion = readings::occasion(&block.block, state.capacity.parameters(), state.timestamp);
        let Some(occasion) = occasion.or(is_edge.then_some(Occasion::Edge)) else { return Ok(Vec::new()) };
        if self.no_state_until.is_some_and(|until| number <= until) {
            return Ok(Vec::new());
        }
        match readings::read(self.chain.as_ref(), &self.deployment.contracts, at).await {
            Ok(readings) => Ok(readings),
            Err(ChainError::NoState(message) | ChainError::Refused(message) | ChainError::Reverted(message)) => {
                tracing::warn!(
                    block = number,
                    ?occasion,
                    "the node does not answer for this block, so parameters that no event announced stay unknown until \
                     one does or until it answers; an archive node would ({message})"
                );
                self.no_state_until = self.no_state_until.max(Some(number));
                Ok(Vec::new())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Finds the ancestor and does what the plan's judge says.
    async fn resolve_fork(&mut self, local: &Local, tags: &Tags) -> Result<Outcome, StepError> {
        let Some(BlockRef { number: from_number, hash: Some(from_hash) }) = local.cursor else {
            return Err(StepError::Halt("a fork without a cursor to fork from".into()));
        };
        let (ancestor_number, ancestor_hash) = self.ancestor(from_number, tags).await?;
        let since = *self.fork_since.get_or_insert_with(Instant::now);
        match judge(ancestor_number, self.finalized, from_number, tags.head.number, since.elapsed()) {
            Verdict::Suspect => Ok(Outcome::ForkSuspected { ancestor: ancestor_number }),
            Verdict::Halt => Err(StepError::Halt(below_finalized(ancestor_number, self.finalized))),
            Verdict::Contradiction => Err(ChainError::Contradiction(format!(
                "block {ancestor_number} is on the node's chain, but the block after it or the finalized one is on another"
            ))
            .into()),
            Verdict::Rewind => {
                let rewind = Rewind { from_number, from_hash, ancestor_number, ancestor_hash };
                self.writer.rewind_to(&rewind).await?;
                self.fork_since = None;
                Ok(Outcome::Rewound(rewind))
            }
        }
    }

    /// Walks down the node's chain by parent hash until a block is ours.
    async fn ancestor(&self, cursor: u64, tags: &Tags) -> Result<(u64, B256), StepError> {
        let lost = || ChainError::UnknownBlock("the node lost a block of its own chain".into());
        let top = cursor.min(tags.head.number);
        let mut theirs =
            if top == tags.head.number { tags.head.clone() } else { self.chain.header(top).await?.ok_or_else(lost)? };
        loop {
            if self.writer.block_hash(theirs.number).await? == Some(theirs.hash) {
                return Ok((theirs.number, theirs.hash));
            }
            let below = theirs.number.checked_sub(1).filter(|below| *below >= self.deployment.start_block);
            let is_finalized = self.finalized.is_some_and(|finalized| theirs.number <= finalized);
            match below {
                Some(below) if !is_finalized => {
                    theirs = self.chain.header_by_hash(theirs.parent_hash).await?.ok_or_else(lost)?;
                    if theirs.number != below {
                        return Err(ChainError::Contradiction(format!("block {below} has another number")).into());
                    }
                }
                _ => return Err(StepError::Halt(below_finalized(theirs.number, self.finalized))),
            }
        }
    }

    async fn state(&mut self) -> Result<&State, StepError> {
        if self.state.is_none() {
            self.state = Some(State::load(&self.writer, &self.deployment).await?);
        }
        self.state.as_ref().ok_or_else(|| StepError::Halt("no state".into()))
    }

    fn fetch(&self) -> Fetch<C> {
        let chain = Arc::clone(&self.chain);
        Fetch { chain, contracts: self.deployment.ledger_contracts(), clock: self.deployment.clock }
    }

    fn halted(&self, halt: &Halt) -> StepError {
        let start = self.deployment.start_block;
        StepError::Halt(match halt.cause.is_missing_history() {
            true => format!("start_block {start} is after the first event: {halt}"),
            false => halt.to_string(),
        })
    }
}

fn below_finalized(ancestor: u64, finalized: Option<u64>) -> String {
    let finalized = finalized.map_or_else(|| "the start of what is stored".into(), |number| format!("block {number}"));
    format!(
        "the node's chain leaves ours at or below block {ancestor}, but {finalized} was finalized: it is another chain, \
         or lies; point the indexer at another node, or start with an empty database"
    )
}
