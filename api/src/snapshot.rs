//! The database at one block.
//!
//! A snapshot is opened for each request, resolves the block that is meant, and answers every question at that block,
//! so that no answer mixes two. Handlers ask it and know nothing of tables.

mod as_of;
mod behind;
mod days;
mod epoch;
mod events;
mod figures;
mod lag;
mod met;
mod one_account;
mod point;
mod resolve;
mod rewards;
mod series;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use alloy_primitives::Address;
use ledger::epoch::Epoch;
use store::deployment::Deployment;
use store::read::block::BlockFacts;
use store::read::progress::{Cursor, Progress};
use store::read::{Reading, account, block, progress};

pub use as_of::{AsOf, Sync};
pub use epoch::EpochAt;
pub use met::Met;
pub use point::{Finality, Point};
pub use series::Values;
pub use store::read::progress::Needs;
pub use store::read::readiness::lag_seconds;

use crate::app::{App, Known, hold_derivation};
use crate::holding::Holding;
use crate::params::{BlockParams, Which};
use crate::problem::{Kind, Problem};
use crate::table::Table;
use crate::tables::{Key, Place};
use crate::wire::Time;

/// The database at one block.
#[derive(Debug)]
pub struct Snapshot {
    reading: Reading,
    app: App,
    known: Known,
    progress: Progress,
    point: Point,
    facts: BlockFacts,
    as_of: AsOf,
    /// The newest block at which all that is needed is stored, and how long ago it was confirmed to be the head.
    newest: Cursor,
    lag: Option<u64>,
}

impl Snapshot {
    /// Opens the database at the block that is asked for.
    ///
    /// # Errors
    /// What keeps it from being answered: no database, no such block, state too old.
    pub async fn open(app: &App, needs: Needs, asked: &BlockParams) -> Result<Self, Problem> {
        let which = asked.which()?;
        let mut reading = app.database().begin().await?;
        let progress = progress::progress(&mut reading).await?;
        hold_derivation(&progress)?;
        let known = app.deployment(&mut reading, progress.deployment_digest).await?;
        let newest = needs.newest(&progress).ok_or_else(|| behind::no_block(needs, &progress))?;
        let range = resolve::Range::new(&known.deployment, &progress, newest);
        let number = range.resolve(&mut reading, which).await?;
        let facts = block::facts(&mut reading, number).await?;
        let point = Point::of(&known.deployment, &progress, number, &facts);
        let lag = lag_seconds(&progress, newest, known.deployment.clock);
        lag::hold(lag, asked.max_lag)?;
        let as_of = AsOf::new(&known, &progress, point, &facts, lag, app.settings().max_lag_seconds);
        Ok(Self { reading, app: app.clone(), known, progress, point, facts, as_of, newest, lag })
    }

    /// Turns to the newest block of a finality, in the same transaction: for answers that name two blocks.
    ///
    /// # Errors
    /// If the node has no such tag, or the database fails.
    pub async fn turn_to(&mut self, finality: Finality) -> Result<(), Problem> {
        let range = resolve::Range::new(&self.known.deployment, &self.progress, self.newest);
        let number = range.resolve(&mut self.reading, Which::Newest(finality)).await?;
        self.facts = block::facts(&mut self.reading, number).await?;
        self.point = Point::of(&self.known.deployment, &self.progress, number, &self.facts);
        let max_lag = self.app.settings().max_lag_seconds;
        self.as_of = AsOf::new(&self.known, &self.progress, self.point, &self.facts, self.lag, max_lag);
        Ok(())
    }

    /// What names the block and how fresh it is.
    pub fn as_of(&self) -> &AsOf {
        &self.as_of
    }

    /// The block.
    pub fn point(&self) -> Point {
        self.point
    }

    /// The chain, contracts, labels and policy.
    pub fn deployment(&self) -> Arc<Deployment> {
        Arc::clone(&self.known.deployment)
    }

    /// The deployment and its digest.
    pub fn known(&self) -> &Known {
        &self.known
    }

    /// How far the writer is.
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// The epoch of the block, and the block that opened it.
    ///
    /// # Errors
    /// If the block's time is not known.
    pub async fn epoch(&mut self) -> Result<EpochAt, Problem> {
        epoch::at(&mut self.reading, &self.known.deployment, &self.progress, self.point).await
    }

    /// What these addresses hold, in this order; nothing for those never seen.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn holdings(&mut self, addresses: &[Address], epoch: &EpochAt) -> Result<Vec<Holding>, Problem> {
        let now = account::positions(&mut self.reading, addresses, self.point.number).await?;
        let open = match epoch.opening_block {
            Some(opening) if !now.is_empty() => account::positions(&mut self.reading, addresses, opening).await?,
            _ => HashMap::new(),
        };
        Ok(addresses
            .iter()
            .map(|address| {
                let position = now.get(address).copied().unwrap_or_default();
                let epoch_open = open.get(address).map(|position| position.diem_staked).unwrap_or_default();
                Holding::new(position, epoch_open, epoch.timestamp)
            })
            .collect())
    }

    /// The capacity table.
    ///
    /// # Errors
    /// If it is of a past block and too many of these are asked for, or the database fails.
    pub async fn table(&mut self, epoch: &EpochAt) -> Result<Arc<Table>, Problem> {
        let Point { number, hash, .. } = self.point;
        let key = Key {
            number,
            hash,
            opening_block: epoch.opening_block,
            deployment: self.known.digest,
            derivation: self.progress.derivation,
        };
        let policy = self.known.deployment.ledger_policy();
        self.app.tables().get(key, self.place(), &policy).await
    }

    /// Whether the block is the newest of a finality, which everybody asks for and nobody can make more of.
    fn place(&self) -> Place {
        let follower = self.progress.follower.as_ref();
        let tags = follower.map(|follower| [follower.safe_number, follower.finalized_number]);
        let tags = tags.into_iter().flatten().flatten().map(|tag| tag.min(self.newest.number));
        let is_head = tags.chain([self.newest.number]).any(|head| head == self.point.number);
        if is_head { Place::Head } else { Place::Past }
    }

    /// The first block that can be answered as of.
    pub fn first_block(&self) -> u64 {
        self.progress.first_block(&self.known.deployment)
    }

    /// The time of a block; `None` where no header is stored and no clock tells.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn block_time(&mut self, number: u64) -> Result<Option<Time>, Problem> {
        let stored = block::facts(&mut self.reading, number).await?.timestamp;
        Ok(self.time_of(number, stored))
    }

    /// The time of the first block held; `None` where it is not known.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn began_at(&mut self) -> Result<Option<u64>, Problem> {
        let first = self.first_block();
        match self.known.deployment.clock.and_then(|clock| clock.timestamp(first)) {
            Some(timestamp) => Ok(Some(timestamp)),
            None => Ok(block::first_timestamp(&mut self.reading, first).await?),
        }
    }

    /// The opening blocks of these epochs; one that opened before the first block held is absent.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn opening_blocks(&mut self, epochs: &[Epoch]) -> Result<BTreeMap<Epoch, u64>, Problem> {
        Ok(block::openings(&mut self.reading, &self.known.deployment, &self.progress, epochs).await?)
    }

    /// The time of a block, by its header or by the clock.
    pub fn time_of(&self, number: u64, stored: Option<u64>) -> Option<Time> {
        stored.or_else(|| self.known.deployment.clock?.timestamp(number)).and_then(Time::new)
    }
}

/// A block that is not held, with both ends of what is.
fn out_of_range(detail: String, first: u64, last: u64) -> Problem {
    Problem::new(Kind::BlockOutOfRange, detail).with("first_block", first).with("last_block", last)
}

/// A block asked for by number.
pub(crate) fn pinned(number: u64) -> BlockParams {
    BlockParams { block: Some(number), ..BlockParams::default() }
}
