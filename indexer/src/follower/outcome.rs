//! What a step did, or why it failed.

use std::fmt;

use ledger::halt::Halt;
use ledger::parameter::Untold;
use store::StoreError;
use store::deployment::Deployment;
use store::inferred::UntoldByBlock;
use store::reconciliation::Repair;
use store::rewind::Rewind;
use thiserror::Error;

use crate::chain::ChainError;

/// What a step did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing: the node has nothing new, and nothing is left to catch up with.
    UpToDate,
    /// Nothing yet: what the lane of supply needs next is on its way.
    Waiting,
    /// Blocks were stored, of one lane or of both.
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
    /// Blocks were undone because their totals differ from the contracts': they are fetched again.
    Repaired(Repair),
    /// Parameters turned out to have changed without an event: blocks are derived anew from the first change on.
    Inferred(UntoldByBlock),
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
    /// The node, asked for VVV's transfers behind the head: capacity is not held up by it.
    #[error("VVV's transfers: {0}")]
    Supply(#[source] ChainError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Blocks that the ledger will not take, or whose logs cannot be read.
    #[error("{0}")]
    Refused(String),
    /// Parameters changed without an event, in blocks that were derived without knowing it or are about to be.
    #[error("parameters changed without an event: {}", Changes(.0))]
    Untold(UntoldByBlock),
    /// Going on would be guessing.
    #[error("{0}")]
    Halt(String),
}

/// For a human.
pub struct Changes<'a>(pub &'a UntoldByBlock);

impl fmt::Display for Changes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let changes = self.0.iter().flat_map(|(number, untold)| untold.iter().map(move |one| (number, one)));
        for (position, (number, Untold { parameter, after_block })) in changes.enumerate() {
            let comma = if position > 0 { ", " } else { "" };
            write!(f, "{comma}{} after block {after_block} and up to block {number}", parameter.name())?;
        }
        Ok(())
    }
}

impl StepError {
    /// Whether readers are to be told that a step failed so. The lane of supply tells by how far it is behind.
    pub fn is_for_readers(&self) -> bool {
        match self {
            Self::Store(error) => error.is_for_readers(),
            Self::Chain(_) | Self::Refused(_) | Self::Untold(_) | Self::Halt(_) => true,
            Self::Supply(_) => false,
        }
    }

    /// What the ledger will not take. Where something is spent that was never seen to come, a node may have left out a
    /// log as well as the deployment the first blocks.
    pub fn refused(halt: &Halt, deployment: &Deployment) -> Self {
        let start = deployment.start_block;
        Self::Refused(match halt.cause.is_missing_history() {
            true => format!("start_block {start} is after the first event, or a log was left out: {halt}"),
            false => halt.to_string(),
        })
    }

    /// The same, of a step that only the lane of supply took part in.
    pub(super) fn of_supply(self) -> Self {
        match self {
            Self::Chain(error) => Self::Supply(error),
            other => other,
        }
    }
}
