//! A replay's way through both lanes.

use std::time::{Duration, Instant};

use store::replay::Shadow;
use tracing::warn;

use super::{Job, ReplayError};
use crate::bars::Work;
use crate::chain::ChainError;
use crate::engine::{Engine, LaneState};
use crate::follower::StepError;
use crate::source::{Lane, Source};

/// How often readers are told how far it is.
const SAY_EVERY: Duration = Duration::from_secs(1);
/// How long a node may fail before the replay gives up. It goes on there when it is started again.
const NODE_PATIENCE: Duration = Duration::from_secs(60);
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(1);

/// How far a replay is.
pub(super) struct Course<'a> {
    job: &'a Job<'a>,
    shadow: &'a Shadow,
    /// The last block of the first of two sources; no range lies on both sides.
    border: Option<u64>,
    /// Of lanes that are done.
    done_blocks: u64,
    said: Instant,
}

impl<'a> Course<'a> {
    pub(super) fn new(job: &'a Job<'a>, shadow: &'a Shadow, border: Option<u64>) -> Self {
        Self { job, shadow, border, done_blocks: 0, said: Instant::now() }
    }

    /// One lane, to where its cursor is.
    pub(super) async fn run<S: Source, L: LaneState>(&mut self, mut engine: Engine<S, L>) -> Result<(), ReplayError> {
        let Some(target) = self.job.targets.of(L::LANE).map(|target| target.number) else { return Ok(()) };
        let first = self.job.replay.from_block;
        let Some(all) = (target + 1).checked_sub(first) else { return Ok(()) };
        engine.state().await?;
        let mut next = engine.cursor().map_or(first, |cursor| cursor.number + 1);
        let mut work = self.job.bars.begin(name(L::LANE), next - first, all);
        while next <= target {
            self.job.writer.hold_lock().await?;
            let end = self.border.filter(|border| next <= *border).map_or(target, |border| border.min(target));
            self.step(&mut engine, next, end).await?;
            next = engine.cursor().map_or(next, |cursor| cursor.number + 1);
            self.tell(&mut work, next - first, all).await?;
        }
        self.done_blocks += all;
        Ok(())
    }

    /// One transaction. A node that fails is asked again for a while.
    async fn step<S: Source, L: LaneState>(
        &self,
        engine: &mut Engine<S, L>,
        next: u64,
        end: u64,
    ) -> Result<(), ReplayError> {
        let began = Instant::now();
        loop {
            match engine.backfill(next, end, None).await {
                Ok(_) => return Ok(()),
                Err(StepError::Halt(reason) | StepError::Refused(reason)) => return Err(ReplayError::Halt(reason)),
                // Not met: nobody is asked in a replay where something changed.
                Err(error @ StepError::Untold(_)) => return Err(ReplayError::Halt(error.to_string())),
                Err(StepError::Store(error)) => return Err(error.into()),
                Err(StepError::Chain(error) | StepError::Supply(error)) => {
                    if !self.job.replay.refetch || began.elapsed() >= NODE_PATIENCE {
                        return Err(ReplayError::Missing(error.to_string()));
                    }
                    warn!("trying again: {error}");
                    tokio::time::sleep(pause_after(&error)).await;
                }
            }
        }
    }

    async fn tell(&mut self, work: &mut Work, done: u64, all: u64) -> Result<(), ReplayError> {
        work.at(done, all);
        if self.said.elapsed() >= SAY_EVERY {
            self.shadow.say(self.done_blocks + done).await?;
            self.said = Instant::now();
        }
        Ok(())
    }
}

fn name(lane: Lane) -> &'static str {
    match lane {
        Lane::Capacity => "replay of capacity",
        Lane::Supply => "replay of supply",
    }
}

fn pause_after(error: &ChainError) -> Duration {
    match error {
        ChainError::Throttled { retry_after: Some(wait), .. } => *wait,
        _ => PAUSE_AFTER_FAILURE,
    }
}
