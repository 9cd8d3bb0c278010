//! The indexes that the lane of supply went without, built beside the lane of capacity.

use std::sync::Arc;
use std::time::Duration;

use store::StoreError;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

use super::{Follower, HEAD_EVERY, Outcome, StepError};
use crate::chain::Chain;

/// A build under way; nobody waits for it any more once this is dropped.
#[derive(Debug)]
pub(super) struct Building {
    task: JoinHandle<Result<(), StoreError>>,
    begun: Instant,
}

impl Drop for Building {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl<C: Chain> Follower<C> {
    /// Nothing is written to the table meanwhile: all that would be is of the lane of supply, which rests.
    pub(super) fn begin_to_build(&mut self) -> Outcome {
        let writer = Arc::clone(&self.writer);
        let task = tokio::spawn(async move { writer.build_account_indexes().await });
        self.building = Some(Building { task, begun: Instant::now() });
        Outcome::Waiting
    }

    /// Goes on with the lane of supply if its indexes are there, or are within so long.
    pub(super) async fn end_building(&mut self, patience: Duration) -> Result<(), StepError> {
        let Some(building) = &mut self.building else { return Ok(()) };
        let begun = building.begun;
        let Ok(built) = timeout(patience, &mut building.task).await else { return Ok(()) };
        self.building = None;
        built.unwrap_or_else(|error| Err(StoreError::Corrupt(format!("building indexes ended: {error}"))))?;
        self.supply.state().await?.account_indexes_built();
        tracing::info!(seconds = begun.elapsed().as_secs(), "indexes for readers built");
        Ok(())
    }

    /// Nothing to do but, at times, to wait for the indexes.
    pub(super) async fn wait(&mut self) -> Result<Outcome, StepError> {
        if self.building.is_none() {
            return Ok(Outcome::UpToDate);
        }
        self.end_building(HEAD_EVERY).await?;
        Ok(Outcome::Waiting)
    }
}
