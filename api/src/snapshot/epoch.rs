//! The epoch of a block, and the block that opened it.

use ledger::epoch::Epoch;
use store::deployment::Deployment;
use store::read::progress::Progress;
use store::read::{Reading, block};

use super::{Finality, Point, out_of_range};
use crate::problem::Problem;

/// An epoch as seen from a block in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpochAt {
    /// Which.
    pub epoch: Epoch,
    /// Of the block it is seen from.
    pub timestamp: u64,
    /// The last block before the epoch. `None`: it lies before the first block held, when nothing was staked.
    pub opening_block: Option<u64>,
    /// How sure the opening block is.
    pub opening_finality: Option<Finality>,
}

impl EpochAt {
    /// From the block to the end of the epoch.
    pub fn seconds_remaining(&self) -> u64 {
        self.epoch.closes_at().saturating_sub(self.timestamp)
    }
}

pub(super) async fn at(
    reading: &mut Reading,
    deployment: &Deployment,
    progress: &Progress,
    point: Point,
) -> Result<EpochAt, Problem> {
    let Some(timestamp) = point.timestamp else {
        let detail = format!("the time of block {} is not known, and so not its epoch", point.number);
        return Err(out_of_range(detail, progress.first_block(deployment), point.number));
    };
    let epoch = Epoch::at(timestamp);
    let opening_block = block::opening(reading, deployment, progress, epoch).await?;
    Ok(EpochAt {
        epoch,
        timestamp,
        opening_block,
        opening_finality: opening_block.map(|number| Finality::of(progress, number)),
    })
}
