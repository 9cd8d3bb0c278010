//! Capacity tables read of late.
//!
//! A table never changes once its block is named, so it is made once, however many ask, and kept. It is made by a task of
//! its own: one whose askers went away is done all the same, and there for the next. Tables of past blocks are what a
//! client can ask for without end, so only a few are made at the same time, only so many requests wait for them, and the
//! memory they are kept in is bounded. The tables of the head share none of that with them.

mod build;
mod shelf;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use alloy_primitives::B256;
use futures::FutureExt;
use futures::future::{BoxFuture, Shared};
use ledger::entitlement::Policy;
use metrics::counter;
use store::read::Database;
use store::read::progress::Derivation;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use self::build::Base;
use self::shelf::Shelf;
use crate::problem::{Kind, Problem};
use crate::table::Table;

/// Tables of the head that are kept: of the latest, the safe and the finalized block, and one to make the next of.
const HEADS_MAX: usize = 4;
/// Tables of past blocks that are kept at most, however small they are.
const PASTS_MAX: usize = 256;
/// Connections beside those of past blocks: each tag of the head may be at it.
const HEAD_CONNECTIONS: u32 = 3;
/// Requests that may wait for tables of past blocks, for each that is made: they hold a connection while they wait.
const WAITING_PER_BUILD: usize = 4;

/// What may be taken for tables of past blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Made at the same time.
    pub past_builds_max: u32,
    /// Memory of those that are kept, bytes. Those asked for longest ago go first.
    pub past_bytes_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { past_builds_max: 2, past_bytes_max: 256 * 1024 * 1024 }
    }
}

/// What a table is the table of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// The block.
    pub number: u64,
    /// Its hash, where one is stored; a block without one is final.
    pub hash: Option<B256>,
    /// The block that opened the epoch.
    pub opening_block: Option<u64>,
    /// Digest of the deployment, for the policy is part of it.
    pub deployment: B256,
    /// What is derived anew under the same block is another table.
    pub derivation: Derivation,
}

/// Where a block lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The newest block of a finality.
    Head,
    /// Any other.
    Past,
}

impl Place {
    fn name(self) -> &'static str {
        match self {
            Self::Head => "head",
            Self::Past => "past",
        }
    }
}

/// A table, there or being made. Who waits may go away.
type Making = Shared<BoxFuture<'static, Result<Arc<Table>, Problem>>>;

/// Capacity tables read of late.
#[derive(Debug)]
pub struct Tables(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// For the tables alone: requests that wait for one must not keep it from its connection.
    database: Database,
    shelves: Mutex<Shelves>,
    builds: Arc<Semaphore>,
    waiting: Semaphore,
}

impl Tables {
    /// None yet. They are read over connections of their own: one for each past block that may be read at a time, three
    /// for the head.
    pub fn new(database: &Database, limits: Limits) -> Self {
        let builds_max = usize::try_from(limits.past_builds_max).unwrap_or(Semaphore::MAX_PERMITS);
        Self(Arc::new(Inner {
            database: database.apart(limits.past_builds_max.saturating_add(HEAD_CONNECTIONS)),
            shelves: Mutex::new(Shelves {
                heads: Shelf::new(HEADS_MAX, usize::MAX),
                pasts: Shelf::new(PASTS_MAX, limits.past_bytes_max),
            }),
            builds: Arc::new(Semaphore::new(builds_max)),
            waiting: Semaphore::new(builds_max.saturating_mul(WAITING_PER_BUILD)),
        }))
    }

    /// The table at a block.
    ///
    /// # Errors
    /// [`Kind::TablesBusy`] for a past block whose table is not there, where as many as may be are being made or waited
    /// for; [`Kind::Behind`] if the block was replaced meanwhile; if the database fails.
    pub async fn get(&self, key: Key, place: Place, policy: &Policy) -> Result<Arc<Table>, Problem> {
        let making = self.0.find_or_begin(key, place, policy)?;
        // Begins it, too.
        if let Some(made) = making.clone().now_or_never() {
            return made;
        }
        let _waiting = match place {
            Place::Head => None,
            Place::Past => Some(self.0.waiting.try_acquire().map_err(|_| busy())?),
        };
        making.await
    }
}

impl Inner {
    fn find_or_begin(self: &Arc<Self>, key: Key, place: Place, policy: &Policy) -> Result<Making, Problem> {
        let mut shelves = self.shelves();
        if let Some(making) = shelves.of(place).take(&key) {
            counter!("api_tables_found_total", "place" => place.name()).increment(1);
            return Ok(making);
        }
        let permit = match place {
            Place::Head => None,
            Place::Past => Some(Arc::clone(&self.builds).try_acquire_owned().map_err(|_| busy())?),
        };
        let base = shelves.base(&key);
        let making = self.make(key, place, base, *policy, permit);
        shelves.of(place).put(key, making.clone());
        Ok(making)
    }

    /// Makes a table, from when it is first waited for on whether or not somebody still does.
    fn make(
        self: &Arc<Self>,
        key: Key,
        place: Place,
        base: Option<Base>,
        policy: Policy,
        permit: Option<OwnedSemaphorePermit>,
    ) -> Making {
        let unfinished = Unfinished { tables: Arc::clone(self), key, place, is_done: false };
        let task = async move {
            let made = build::table(&unfinished.tables.database, key, base, &policy).await;
            if let Ok(table) = &made {
                unfinished.done(table);
            }
            drop(permit);
            made
        };
        let joined = async { tokio::spawn(task).await.unwrap_or_else(|error| Err(Problem::internal(error))) };
        joined.boxed().shared()
    }

    /// Nothing is done under the lock that could leave it half done.
    fn shelves(&self) -> MutexGuard<'_, Shelves> {
        self.shelves.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Those of the head and those of past blocks: the same table may come to lie on both.
#[derive(Debug)]
struct Shelves {
    heads: Shelf,
    pasts: Shelf,
}

impl Shelves {
    fn of(&mut self, place: Place) -> &mut Shelf {
        match place {
            Place::Head => &mut self.heads,
            Place::Past => &mut self.pasts,
        }
    }

    /// What a table of this key is best made of.
    fn base(&self, key: &Key) -> Option<Base> {
        let bases = [&self.heads, &self.pasts].into_iter().filter_map(|shelf| shelf.base(key));
        bases.max_by_key(|base| base.nearness(key))
    }
}

/// A table that is being made. Dropped before it is done, its place is given up, so that the next who asks begins anew.
struct Unfinished {
    tables: Arc<Inner>,
    key: Key,
    place: Place,
    is_done: bool,
}

impl Unfinished {
    fn done(mut self, table: &Arc<Table>) {
        self.is_done = true;
        counter!("api_tables_made_total", "place" => self.place.name()).increment(1);
        self.tables.shelves().of(self.place).fill(&self.key, table);
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if !self.is_done {
            self.tables.shelves().of(self.place).remove(&self.key);
        }
    }
}

fn busy() -> Problem {
    counter!("api_tables_refused_total").increment(1);
    Problem::new(Kind::TablesBusy, "as many tables of past blocks as may be are being made").retry_after(1)
}
