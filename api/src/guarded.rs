//! `?finality=guarded`: the smaller of what may be spent at the latest and at the safe block, so that a stake that a reorg
//! may yet undo entitles to nothing, and one that was given up counts no more.

use alloy_primitives::U256;
use jiff::Timestamp;
use ledger::epoch::Epoch;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::params::{BlockParams, FromPairs, Pairs, invalid};
use crate::problem::Problem;
use crate::snapshot::{AsOf, Finality};
use crate::wire::Time;

/// Which block entitlements are of, or which two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Asked {
    /// The newest block.
    Latest,
    /// The newest whose batch is on L1.
    Safe,
    /// The newest whose batch is on L1 and final there.
    Finalized,
    /// Latest and safe: whichever leaves less.
    Guarded,
}

impl Asked {
    /// Expected where it is none of them.
    pub const EXPECTED: &str = "latest, safe, finalized or guarded";

    /// By its name.
    pub fn from_name(name: &str) -> Option<Self> {
        let of = |finality| match finality {
            Finality::Latest => Self::Latest,
            Finality::Safe => Self::Safe,
            Finality::Finalized => Self::Finalized,
        };
        if name == "guarded" { Some(Self::Guarded) } else { Finality::from_name(name).map(of) }
    }

    /// Of one block; of two, the one that is looked at first.
    pub fn finality(self) -> Finality {
        match self {
            Self::Latest | Self::Guarded => Finality::Latest,
            Self::Safe => Finality::Safe,
            Self::Finalized => Finality::Finalized,
        }
    }
}

/// Which block to answer as of. Give at most one of `block`, `at`, `epoch` and `finality`.
#[derive(Clone, Debug, Default, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct GuardedParams {
    /// As of this block.
    #[param(value_type = Option<i64>, minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    pub block: Option<u64>,
    /// As of the last block with a timestamp at or before this time, RFC 3339, such as 2026-11-20T12:00:00Z.
    #[param(value_type = Option<String>, format = DateTime)]
    pub at: Option<Timestamp>,
    /// As of the opening block of this epoch: the last one before its first second. Such as 2026-11-20.
    #[param(value_type = Option<String>, format = Date)]
    pub epoch: Option<Epoch>,
    /// As of the newest block of this finality. Default: `latest`. `guarded`: of `latest` and `safe` the one at which less
    /// may be spent, for each item by itself.
    #[param(inline)]
    pub finality: Option<Asked>,
    /// Refuse with 503 if it is longer ago, in seconds, that the state was confirmed to be the chain's head.
    #[param(value_type = Option<i64>, minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    pub max_lag: Option<u64>,
}

impl GuardedParams {
    /// The block, or the one of the two that is looked at first.
    pub fn block(&self) -> BlockParams {
        let Self { block, at, epoch, finality, max_lag } = *self;
        BlockParams { block, at, epoch, finality: finality.map(Asked::finality), max_lag }
    }

    /// Whether the safe block is to be looked at too.
    pub fn is_guarded(&self) -> bool {
        self.finality == Some(Asked::Guarded)
    }
}

impl FromPairs for GuardedParams {
    fn from_pairs(pairs: &mut Pairs) -> Result<Self, Problem> {
        let finality = match pairs.take_text("finality") {
            Some(name) => Some(
                Asked::from_name(&name).ok_or_else(|| invalid("finality", &format!("must be {}", Asked::EXPECTED)))?,
            ),
            None => None,
        };
        let BlockParams { block, at, epoch, max_lag, .. } = BlockParams::from_pairs(pairs)?;
        Ok(Self { block, at, epoch, finality, max_lag })
    }
}

/// The two blocks of a guarded answer.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Guard {
    /// The newest block.
    pub latest: GuardBlock,
    /// The newest whose batch is on L1.
    pub safe: GuardBlock,
}

/// One of the two.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct GuardBlock {
    /// Its height.
    #[schema(minimum = 0, example = 51_530_033)]
    block_number: u64,
    /// Its hash; null where no header of it is stored.
    #[schema(pattern = "^0x[0-9a-f]{64}$")]
    block_hash: Option<String>,
    /// Its time; null where no header is stored and no clock tells.
    block_timestamp: Option<Time>,
}

impl Guard {
    /// Of the blocks of these two.
    pub fn new(latest: &AsOf, safe: &AsOf) -> Self {
        let block = |as_of: &AsOf| GuardBlock {
            block_number: as_of.block_number,
            block_hash: as_of.block_hash.clone(),
            block_timestamp: as_of.block_timestamp.clone(),
        };
        Self { latest: block(latest), safe: block(safe) }
    }
}

/// What is compared: less to spend now, then in the next epoch, then less sVVV.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spends {
    /// Dollars of this epoch, 1e-18.
    pub allocation: U256,
    /// Dollars of the next, 1e-18.
    pub next_allocation: U256,
    /// Base units.
    pub svvv: U256,
}

/// Which of the two is counted; the latest where they are equal.
pub fn counted(latest: Spends, safe: Spends) -> Finality {
    if safe < latest { Finality::Safe } else { Finality::Latest }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smaller_is_counted_and_the_latest_of_equals() {
        let spends = |allocation, next, svvv| {
            let [allocation, next_allocation, svvv] = [allocation, next, svvv].map(|units: u64| U256::from(units));
            Spends { allocation, next_allocation, svvv }
        };
        assert_eq!(counted(spends(5, 5, 5), spends(4, 9, 9)), Finality::Safe);
        assert_eq!(counted(spends(4, 9, 9), spends(5, 0, 0)), Finality::Latest);
        assert_eq!(counted(spends(0, 0, 7), spends(0, 0, 6)), Finality::Safe);
        assert_eq!(counted(spends(5, 5, 5), spends(5, 5, 5)), Finality::Latest);
    }
}
