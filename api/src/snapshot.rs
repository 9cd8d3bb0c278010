//! The database at one block.
//!
//! A snapshot is opened for each request, resolves the block that is meant, and answers every question at that block,
//! so that no answer mixes two. Handlers ask it and know nothing of tables.

mod as_of;
mod behind;
mod days;
mod epoch;
mod lag;
mod one_account;
mod resolve;
mod rewards;
mod series;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use alloy_primitives::{Address, B256, U256};
use ledger::curve::Curve;
use ledger::epoch::Epoch;
use ledger::parameter::Parameter;
use ledger::position::Cooling;
use ledger::totals::{CapacityTotals, SupplyTotals, Tally};
use serde::Serialize;
use store::deployment::Deployment;
use store::read::anomaly::{AnomalyCount, UnknownTopic};
use store::read::block::BlockFacts;
use store::read::completeness::Completeness;
use store::read::event::{EventFilter, EventRecord};
use store::read::node::Node;
use store::read::parameter::{Changes, Since};
use store::read::progress::{Cursor, Progress, Reorgs};
use store::read::reconciliation::Reconciled;
use store::read::verification::Verification;
use store::read::{
    Reading, account, anomaly, block, completeness, cooldown, event, node, parameter, progress, reconciliation, totals,
    verification,
};
use utoipa::ToSchema;

pub use as_of::{AsOf, Sync};
pub use epoch::EpochAt;
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

/// How sure it is that a block stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Finality {
    /// The sequencer's word: may be reorged away.
    Latest,
    /// Its batch is on L1.
    Safe,
    /// Its batch is on L1 and final there.
    Finalized,
}

impl Finality {
    /// The finality of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Latest, Self::Safe, Self::Finalized].into_iter().find(|finality| finality.name() == name)
    }

    /// The word it is written as.
    pub fn name(self) -> &'static str {
        match self {
            Self::Latest => "latest",
            Self::Safe => "safe",
            Self::Finalized => "finalized",
        }
    }
}

/// The block that is answered as of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point {
    /// Its height.
    pub number: u64,
    /// `None`: no header of it is stored.
    pub hash: Option<B256>,
    /// Seconds since 1970. `None`: no header of it is stored and no clock tells.
    pub timestamp: Option<u64>,
    /// How sure it is.
    pub finality: Finality,
}

/// What was met on the way to now.
#[derive(Clone, Debug, Default)]
pub struct Met {
    /// Newest blocks replaced by others.
    pub reorgs: Reorgs,
    /// What was not expected, by kind.
    pub anomalies: Vec<AnomalyCount>,
    /// Logs kept undecoded, by topic.
    pub unknown_topics: Vec<UnknownTopic>,
    /// How the derived state last compared with the contracts.
    pub drift: Option<Verification>,
    /// The nodes as the writer sees them.
    pub nodes: Vec<Node>,
    /// How sure it is that no log is missing.
    pub completeness: Completeness,
    /// How far totals were found equal to the contracts'.
    pub reconciled: Reconciled,
}

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
        let point = point(&known.deployment, &progress, number, &facts);
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
        self.point = point(&self.known.deployment, &self.progress, number, &self.facts);
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

    /// What was met on the way to now.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn met(&mut self) -> Result<Met, Problem> {
        let reading = &mut self.reading;
        Ok(Met {
            reorgs: progress::reorgs(reading).await?,
            anomalies: anomaly::by_kind(reading, u64::MAX).await?,
            unknown_topics: match self.facts.unknown_logs {
                0 => Vec::new(),
                _ => anomaly::unknown_topics(reading, u64::MAX).await?,
            },
            drift: verification::last(reading).await?,
            nodes: node::all(reading).await?,
            completeness: completeness::counted(reading).await?,
            reconciled: reconciliation::reconciled(reading).await?,
        })
    }

    /// Totals that the light events move.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn capacity_totals(&mut self) -> Result<CapacityTotals, Problem> {
        Ok(totals::capacity(&mut self.reading, self.point.number).await?)
    }

    /// Totals that VVV transfers move.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn supply_totals(&mut self) -> Result<SupplyTotals, Problem> {
        Ok(totals::supply(&mut self.reading, self.point.number).await?)
    }

    /// VVV of these addresses; an address never seen is absent.
    ///
    /// # Errors
    /// If single balances cannot be looked up yet, or the database fails.
    pub async fn vvv_balances(&mut self, addresses: &[Address]) -> Result<HashMap<Address, U256>, Problem> {
        behind::hold_indexes(&self.progress)?;
        Ok(account::vvv_balances(&mut self.reading, addresses, self.point.number).await?)
    }

    /// What each sender has burned, the largest first.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn burns(&mut self) -> Result<Vec<(Address, Tally)>, Problem> {
        Ok(totals::burns(&mut self.reading, self.point.number).await?)
    }

    /// A parameter of one word; `None` where it is not known.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn word(&mut self, of: Parameter) -> Result<Option<U256>, Problem> {
        let value = parameter::value(&mut self.reading, of, self.point.number).await?;
        Ok(value.and_then(|words| words.first().copied()))
    }

    /// Every parameter that was ever set or read, with the value in force.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn parameters(&mut self) -> Result<Vec<Since>, Problem> {
        Ok(parameter::in_force(&mut self.reading, self.point.number).await?)
    }

    /// Changes of parameters up to the block.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn parameter_changes(&mut self, wanted: &Changes) -> Result<Vec<Since>, Problem> {
        Ok(parameter::changes(&mut self.reading, wanted, self.point.number).await?)
    }

    /// What cools of everybody's sVVV and DIEM beyond a time, or nobody knows until when: an account at a time.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn cooldowns(&mut self, timestamp: u64) -> Result<(Vec<Cooling>, Vec<Cooling>), Problem> {
        let svvv = cooldown::svvv(&mut self.reading, self.point.number, timestamp).await?;
        Ok((svvv, cooldown::diem(&mut self.reading, self.point.number, timestamp).await?))
    }

    /// The time of the first block held; `None` where it is not known.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn began_at(&mut self) -> Result<Option<u64>, Problem> {
        let first = self.progress.first_block(&self.known.deployment);
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

    /// Decoded logs up to the block, the newest first.
    ///
    /// # Errors
    /// If transfers cannot be looked up yet, or the database fails.
    pub async fn events(&mut self, filter: &EventFilter) -> Result<Vec<EventRecord>, Problem> {
        if filter.has_vvv_transfers() {
            behind::hold_indexes(&self.progress)?;
        }
        Ok(event::events(&mut self.reading, filter, self.point.number).await?)
    }

    /// Burns up to the block that came before this log, the newest first.
    ///
    /// # Errors
    /// If transfers cannot be looked up yet, or the database fails.
    pub async fn burn_events(&mut self, before: Option<(u64, u32)>, limit: usize) -> Result<Vec<EventRecord>, Problem> {
        behind::hold_indexes(&self.progress)?;
        Ok(event::burns(&mut self.reading, before, limit, self.point.number).await?)
    }

    /// The time of a block, by its header or by the clock.
    pub fn time_of(&self, number: u64, stored: Option<u64>) -> Option<Time> {
        stored.or_else(|| self.known.deployment.clock?.timestamp(number)).and_then(Time::new)
    }

    /// The DIEM mint curve; `None` where it is not known.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn curve(&mut self) -> Result<Option<Curve>, Problem> {
        Ok(parameter::curve(&mut self.reading, self.point.number).await?)
    }
}

fn point(deployment: &Deployment, progress: &Progress, number: u64, facts: &BlockFacts) -> Point {
    let cursors = [progress.capacity, progress.supply];
    let cursor_hash = cursors.into_iter().flatten().find(|cursor| cursor.number == number).and_then(|c| c.hash);
    Point {
        number,
        hash: facts.hash.or(cursor_hash),
        timestamp: facts.timestamp.or_else(|| deployment.clock?.timestamp(number)),
        finality: finality(progress, number),
    }
}

/// How sure a block is, by the tags the node gave.
fn finality(progress: &Progress, number: u64) -> Finality {
    let Some(follower) = &progress.follower else { return Finality::Latest };
    let reaches = |tag: Option<u64>| tag.is_some_and(|tag| number <= tag);
    match (reaches(follower.finalized_number), reaches(follower.safe_number)) {
        (true, _) => Finality::Finalized,
        (false, true) => Finality::Safe,
        (false, false) => Finality::Latest,
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
