//! A block, and how sure it is.

use alloy_primitives::B256;
use serde::Serialize;
use store::deployment::Deployment;
use store::read::block::BlockFacts;
use store::read::progress::Progress;
use utoipa::ToSchema;

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
    /// Of a block, by the tags the node gave.
    pub(super) fn of(progress: &Progress, number: u64) -> Self {
        let Some(follower) = &progress.follower else { return Self::Latest };
        let reaches = |tag: Option<u64>| tag.is_some_and(|tag| number <= tag);
        match (reaches(follower.finalized_number), reaches(follower.safe_number)) {
            (true, _) => Self::Finalized,
            (false, true) => Self::Safe,
            (false, false) => Self::Latest,
        }
    }

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

impl Point {
    /// The block of that height.
    pub(super) fn of(deployment: &Deployment, progress: &Progress, number: u64, facts: &BlockFacts) -> Self {
        let cursors = [progress.capacity, progress.supply];
        let cursor_hash = cursors.into_iter().flatten().find(|cursor| cursor.number == number).and_then(|c| c.hash);
        Self {
            number,
            hash: facts.hash.or(cursor_hash),
            timestamp: facts.timestamp.or_else(|| deployment.clock?.timestamp(number)),
            finality: Finality::of(progress, number),
        }
    }
}
