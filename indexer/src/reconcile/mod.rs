//! The ledger's totals held against the contracts', and what becomes of a difference.
//!
//! A node may leave a log out and nothing in its answer shows it. The totals do, at some later block: so at the end of a
//! backfill and every so many blocks they are compared with the contracts' own at the cursor. A difference is traced to the
//! block where it begins; from there on blocks are undone and fetched again. If it is there again it was not the node, and
//! the writer halts. Beside the follower, reading as any reader does; a node that does not answer is no difference.
//!
//! - [`search`]: where a difference begins
//! - [`watch`]: when to compare
//! - [`remedy`]: what the follower does about it

pub mod remedy;
pub mod search;
pub mod watch;

use std::fmt;

use alloy_primitives::B256;
use ledger::totals::{CapacityTotals, SupplyTotals};
use store::StoreError;
use store::cursor::Lane;
use store::deployment::Deployment;
use store::read::progress::{Cursor, Progress};
use store::read::reconciliation::{self, Checkpoints};
use store::read::{Database, ReadError, block, parameter, progress, totals};
use store::reconciliation::{Checkpoint, Repair};
use store::verification::Notes;
use thiserror::Error;

use crate::chain::{At, Chain, ChainError, multicall};
use crate::verify::compare::{self, Difference};
use crate::verify::figures::{Locks, Questions};
use crate::verify::report::Item;
use search::{Beginning, Probed, beginning};

/// More blocks than this are not fetched again on the word of one difference, if nobody can tell where it begins.
const UNTRACED_BLOCKS_MAX: u64 = 100_000;
/// Repairs without a checkpoint in between at which all is equal.
const REPAIRS_MAX: u64 = 8;

/// What each lane tells. VVV's supply both do: one by the mints, the other by all transfers.
const CAPACITY: [&str; 5] =
    ["vvv_total_supply", "svvv_total_supply", "svvv_total_locked", "diem_total_supply", "diem_total_staked"];
const SUPPLY: [&str; 2] = ["vvv_total_supply", "vvv_burned"];

/// Compares one lane at a time.
#[derive(Clone, Debug)]
pub struct Reconciler<C> {
    /// The node.
    pub chain: C,
    /// What is compared.
    pub database: Database,
    /// Where checkpoints are noted.
    pub notes: Notes,
    /// Which contracts.
    pub deployment: Deployment,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// All totals of the lane are equal to the contracts' after this block.
    Equal(u64),
    /// The node has no state of the block, and cannot say.
    Unanswered {
        /// The block.
        block_number: u64,
        /// Its words.
        message: String,
    },
    /// Blocks are to be undone and fetched again.
    Repair(Repair),
    /// They were, and it is no better.
    Halt(String),
}

/// Why nothing was compared.
#[derive(Debug, Error)]
pub enum ReconcileError {
    /// The node.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The database, read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The database, written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What is stored after a block, and that block.
struct Stored {
    number: u64,
    hash: Option<B256>,
    questions: Questions,
}

impl<C: Chain> Reconciler<C> {
    /// Compares a lane at its cursor and notes what came of it, but for a difference, which is for the follower to mend.
    /// `None`: nothing is stored yet.
    ///
    /// # Errors
    /// [`ReconcileError`]
    pub async fn inspect(&self, lane: Lane) -> Result<Option<Verdict>, ReconcileError> {
        let (progress, checkpoints) = self.standing(lane).await?;
        match cursor(&progress, lane) {
            Some(cursor) => self.inspect_at(lane, cursor.number, &checkpoints).await.map(Some),
            None => Ok(None),
        }
    }

    /// How far the writer is, and a lane's checkpoints.
    ///
    /// # Errors
    /// [`ReadError`]
    pub async fn standing(&self, lane: Lane) -> Result<(Progress, Checkpoints), ReadError> {
        let mut reading = self.database.begin().await?;
        let checkpoints = reconciliation::checkpoints(&mut reading, lane).await?;
        Ok((progress::progress(&mut reading).await?, checkpoints))
    }

    async fn inspect_at(&self, lane: Lane, number: u64, known: &Checkpoints) -> Result<Verdict, ReconcileError> {
        let stored = self.stored(lane, number).await?;
        let probed = self.probe(&stored).await?;
        let checkpoint = |answered| Checkpoint { lane, block_number: number, block_hash: stored.hash, answered };
        match probed {
            Answered::Equal => {
                self.notes.reconciled(&checkpoint(true)).await?;
                Ok(Verdict::Equal(number))
            }
            Answered::NoState(message) => {
                self.notes.reconciled(&checkpoint(false)).await?;
                Ok(Verdict::Unanswered { block_number: number, message })
            }
            Answered::Differs(difference) => {
                // Before anything is undone: is it its answer still?
                match self.probe(&stored).await? {
                    Answered::Differs(again) if again == difference => {}
                    _ => return Err(inconstant(number, &difference).into()),
                }
                let equal = known.equal.map(|equal| equal.block_number).filter(|equal| *equal < number);
                let start = self.first_fetched().await?;
                let begins = beginning(equal, start, (number, difference), |block| self.probe_at(lane, block)).await?;
                self.judge(lane, begins).await
            }
        }
    }

    /// The first block that was fetched: what lies before it was held against the contracts when it was taken over.
    async fn first_fetched(&self) -> Result<u64, ReadError> {
        let progress = progress::progress(&mut *self.database.begin().await?).await?;
        Ok(progress.bootstrap.map_or(self.deployment.start_block, |taken| taken.block_number + 1))
    }

    async fn probe_at(&self, lane: Lane, number: u64) -> Result<Probed<Difference>, ReconcileError> {
        let stored = self.stored(lane, number).await?;
        Ok(match self.probe(&stored).await? {
            Answered::Equal => Probed::Equal,
            Answered::Differs(difference) => Probed::Differs(difference),
            Answered::NoState(_) => Probed::Unknown,
        })
    }

    async fn judge(&self, lane: Lane, begins: Beginning<Difference>) -> Result<Verdict, ReconcileError> {
        let Beginning { first_block, differs_at, difference } = begins;
        let mut reading = self.database.begin().await?;
        let (repairs, same) = reconciliation::repairs_since_equal(&mut reading, lane, first_block).await?;
        let what = Found { first_block, differs_at, difference };
        Ok(if same > 0 || repairs >= REPAIRS_MAX {
            let fetched = "the blocks were undone and fetched again, and it is no better: a node leaves something out or \
                           lies, or the ledger does not know something of the contracts";
            Verdict::Halt(format!("{what}; {fetched}"))
        } else if differs_at - first_block > UNTRACED_BLOCKS_MAX {
            let untraced = "the node keeps no state of older blocks, so nobody can tell where it begins: point the indexer \
                            at an archive node, or start with an empty database";
            Verdict::Halt(format!("{what}; {untraced}"))
        } else {
            let Difference { subject, derived, contract } = difference;
            Verdict::Repair(Repair { lane, first_block, differs_at, figure: subject.what, derived, contract })
        })
    }

    /// In one snapshot, so that totals and hash are of one block even if it is reorged away a moment later.
    async fn stored(&self, lane: Lane, number: u64) -> Result<Stored, ReconcileError> {
        let mut reading = self.database.begin().await?;
        let contracts = &self.deployment.contracts;
        let locks = Locks::of(&self.deployment, &parameter::all(&mut reading, number).await?);
        let questions = match lane {
            Lane::Capacity => {
                let capacity = totals::capacity(&mut reading, number).await?;
                let supply = reconciliation::vvv_minted(&mut reading, number).await?;
                let supply = SupplyTotals { supply, ..SupplyTotals::default() };
                Questions::network(contracts, locks, &capacity, &supply).only(&CAPACITY)
            }
            Lane::Supply => {
                let supply = totals::supply(&mut reading, number).await?;
                Questions::network(contracts, locks, &CapacityTotals::default(), &supply).only(&SUPPLY)
            }
        };
        Ok(Stored { number, hash: block::facts(&mut reading, number).await?.hash, questions })
    }

    async fn probe(&self, stored: &Stored) -> Result<Answered, ReconcileError> {
        let at = At { number: stored.number, hash: stored.hash };
        let multicall3 = self.deployment.contracts.multicall3;
        let answers = match multicall::ask(&self.chain, multicall3, at, &stored.questions.calls).await {
            Ok(Some(answers)) => answers,
            Ok(None) => return Ok(Answered::NoState(format!("there is no Multicall3 at {multicall3}"))),
            Err(ChainError::NoState(message)) => return Ok(Answered::NoState(message)),
            Err(error) => return Err(error.into()),
        };
        let found = compare::figures(&stored.questions, &answers);
        for note in &found.notes {
            tracing::debug!("a cross-check differs: {}", Item::new(stored.number, &note.subject, Some(note)));
        }
        Ok(match (found.differences.first(), found.unanswered.first()) {
            (Some(difference), _) => Answered::Differs(*difference),
            (None, Some(subject)) => Answered::NoState(format!("no answer for {}", subject.what)),
            (None, None) => Answered::Equal,
        })
    }
}

enum Answered {
    Equal,
    Differs(Difference),
    NoState(String),
}

/// The last block stored of a lane.
fn cursor(progress: &Progress, lane: Lane) -> Option<Cursor> {
    match lane {
        Lane::Capacity => progress.capacity,
        Lane::Supply => progress.supply,
    }
}

fn inconstant(number: u64, difference: &Difference) -> ChainError {
    let one = Item::new(number, &difference.subject, Some(difference));
    ChainError::Contradiction(format!("asked twice for totals it gives two answers; one was: {one}"))
}

/// For a human.
struct Found {
    first_block: u64,
    differs_at: u64,
    difference: Difference,
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { first_block, differs_at, difference } = self;
        let item = Item::new(*differs_at, &difference.subject, Some(difference));
        match first_block < differs_at {
            true => write!(f, "totals differ from the contracts', from block {first_block} on or later: {item}"),
            false => write!(f, "totals differ from the contracts', from block {differs_at} on: {item}"),
        }
    }
}
