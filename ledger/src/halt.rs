//! Why the ledger will not go on.

use alloy_primitives::{Address, B256, U256};
use thiserror::Error;

/// An input that contradicts what is known. Nothing was derived from its block.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("block {block_number}, transaction {tx_hash}, log {log_index}: {cause}")]
pub struct Halt {
    /// The block.
    pub block_number: u64,
    /// The transaction.
    pub tx_hash: B256,
    /// The log.
    pub log_index: u32,
    /// What is wrong with it; boxed, because errors are rare and results are not.
    pub cause: Box<Cause>,
}

/// What is wrong with a log.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Cause {
    /// More is taken than is there: an earlier event was never seen.
    #[error("{quantity} of {address} would go below zero (has {held}, loses {lost})")]
    BelowZero {
        /// Which amount.
        quantity: &'static str,
        /// Whose.
        address: Address,
        /// What is there.
        held: U256,
        /// What is taken.
        lost: U256,
    },
    /// A sum does not fit in 256 bits.
    #[error("{quantity} does not fit in 256 bits")]
    Overflow {
        /// Which amount.
        quantity: &'static str,
    },
    /// DIEM minted or burned for nobody.
    #[error("no DIEM transfer of {amount} in the transaction tells for whom DIEM was {action}")]
    NoPartner {
        /// `minted` or `burned`.
        action: &'static str,
        /// DIEM of the event, base units.
        amount: U256,
    },
    /// More sVVV is locked than the address has.
    #[error("{address} would have {locked} sVVV locked of {svvv}")]
    LockedBeyondBalance {
        /// Whose.
        address: Address,
        /// sVVV locked.
        locked: U256,
        /// sVVV held.
        svvv: U256,
    },
    /// An account was not loaded before the block was applied: a fault of the caller.
    #[error("the position of {0} was not loaded")]
    NotLoaded(Address),
    /// A cooldown that no contract lets begin: its end does not fit in 256 bits.
    #[error("the end of a cooldown of {0} seconds does not fit in 256 bits")]
    Cooldown(U256),
}

impl Cause {
    /// Whether the cause is an event that was never seen: it lies before the first block followed, or was left out.
    pub fn is_missing_history(&self) -> bool {
        matches!(self, Self::BelowZero { .. } | Self::LockedBeyondBalance { .. })
    }
}

/// Something unexpected that the ledger can live with; counted and shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anomaly {
    /// The log; `None` for the block as a whole.
    pub log_index: Option<u32>,
    /// What kind.
    pub kind: AnomalyKind,
    /// For a reader.
    pub detail: String,
}

/// Kinds of [`Anomaly`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnomalyKind {
    /// A topic nobody knows, or an inferred event in another layout.
    UnknownLog,
    /// sVVV moved between users.
    UnexpectedTransfer,
    /// An event that no transfer of its transaction bears out.
    UnwitnessedEvent,
    /// A cooldown began while another was pending, or paid another amount than was cooling.
    CooldownMismatch,
    /// A burn of DIEM unlocked another amount than the formula gives.
    UnlockMismatch,
    /// A reading differs from what events announced.
    ReadingMismatch,
    /// VVV minted, paid or read as rewards is not what is derived.
    RewardMismatch,
    /// The staking proxy has an implementation that the deployment does not name.
    UnknownImplementation,
}

impl AnomalyKind {
    /// The word it is stored and published as.
    pub fn name(self) -> &'static str {
        match self {
            Self::UnknownLog => "unknown_log",
            Self::UnexpectedTransfer => "unexpected_transfer",
            Self::UnwitnessedEvent => "unwitnessed_event",
            Self::CooldownMismatch => "cooldown_mismatch",
            Self::UnlockMismatch => "unlock_mismatch",
            Self::ReadingMismatch => "reading_mismatch",
            Self::RewardMismatch => "reward_mismatch",
            Self::UnknownImplementation => "unknown_implementation",
        }
    }
}
