//! The network's totals at the block and some days before it.

use alloy_primitives::U256;
use ledger::epoch::EPOCH_SECONDS;
use ledger::totals::{CapacityTotals, SupplyTotals};

use crate::problem::Problem;
use crate::routes::supply::minus;
use crate::snapshot::Snapshot;

/// Totals after one block.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    pub(super) block_number: u64,
    pub(super) stake: CapacityTotals,
    pub(super) supply: SupplyTotals,
}

/// Totals after the block asked for, and after those days before it; `None` where history does not go back so far.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moments {
    pub(super) now: Moment,
    pub(super) week_ago: Option<Moment>,
    pub(super) month_ago: Option<Moment>,
    /// VVV that is not burned.
    pub(super) effective: U256,
}

impl Moments {
    pub(super) async fn read(snapshot: &mut Snapshot) -> Result<Self, Problem> {
        let now = Moment::read(snapshot, snapshot.point().number).await?;
        Ok(Self {
            now,
            week_ago: Moment::before(snapshot, 7).await?,
            month_ago: Moment::before(snapshot, 30).await?,
            effective: minus(now.supply.supply, now.supply.burned)?,
        })
    }
}

impl Moment {
    async fn read(snapshot: &mut Snapshot, block_number: u64) -> Result<Self, Problem> {
        let (stake, supply) = snapshot.totals_at(block_number).await?;
        Ok(Self { block_number, stake, supply })
    }

    async fn before(snapshot: &mut Snapshot, days: u64) -> Result<Option<Self>, Problem> {
        match snapshot.block_before(days * EPOCH_SECONDS).await? {
            Some(block_number) => Self::read(snapshot, block_number).await.map(Some),
            None => Ok(None),
        }
    }
}

/// What came since, of something that only grows.
pub(super) fn since<T: Ord + std::ops::Sub<Output = T> + Copy>(before: T, now: T) -> Result<T, Problem> {
    if now < before { Err(Problem::internal("a running total fell")) } else { Ok(now - before) }
}

/// Names what cannot be known.
pub(super) fn name(unknown: &mut Vec<String>, is_unknown: bool, fields: &[&str]) {
    if is_unknown {
        unknown.extend(fields.iter().map(|field| (*field).to_owned()));
    }
}
