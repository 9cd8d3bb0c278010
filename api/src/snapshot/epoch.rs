//! The epoch of a block, and the block that opened it.

use std::collections::BTreeMap;

use ledger::epoch::Epoch;
use store::deployment::Deployment;
use store::read::progress::Progress;
use store::read::{Reading, block};

use super::{Finality, Point, finality, out_of_range};
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
        return Err(out_of_range(detail, deployment.start_block, point.number));
    };
    let epoch = Epoch::at(timestamp);
    let opening_block = opening(reading, deployment, epoch).await?;
    Ok(EpochAt {
        epoch,
        timestamp,
        opening_block,
        opening_finality: opening_block.map(|number| finality(progress, number)),
    })
}

async fn opening(reading: &mut Reading, deployment: &Deployment, epoch: Epoch) -> Result<Option<u64>, Problem> {
    Ok(openings(reading, deployment, &[epoch]).await?.remove(&epoch))
}

/// The last block before each epoch; one before the first block held is absent.
pub(super) async fn openings(
    reading: &mut Reading,
    deployment: &Deployment,
    epochs: &[Epoch],
) -> Result<BTreeMap<Epoch, u64>, Problem> {
    let last_seconds: Vec<(Epoch, u64)> =
        epochs.iter().filter_map(|epoch| Some((*epoch, epoch.opens_at().checked_sub(1)?))).collect();
    let stored = match deployment.clock {
        Some(_) => BTreeMap::new(),
        None => {
            let wanted: Vec<u64> = last_seconds.iter().map(|(_, second)| *second).collect();
            block::last_at_each(reading, &wanted).await?
        }
    };
    let number = |second: u64| match deployment.clock {
        Some(clock) => clock.last_block_at(second),
        None => stored.get(&second).copied(),
    };
    let opened = last_seconds.into_iter().filter_map(|(epoch, second)| Some((epoch, number(second)?)));
    Ok(opened.filter(|(_, number)| *number >= deployment.start_block).collect())
}
