//! The lanes on their way: capacity first, because that of supply is held against it.

use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};

use tracing::{info, warn};

use super::bounds::Bounds;
use super::{BackfillError, Ended};
use crate::chain::ChainError;
use crate::engine::capacity::CapacityState;
use crate::engine::supply::SupplyState;
use crate::engine::{Engine, LaneState, Scene};
use crate::follower::StepError;
use crate::pace::{Pace, readable};
use crate::source::Source;

/// How long a source or the database may fail before it is given up.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_secs(1);
/// How often progress is said.
const REPORT_EVERY: Duration = Duration::from_secs(5);

/// What ranges come from: a node that contradicts itself may do better when it is asked again, files never.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    Node,
    Files,
}

pub(super) async fn fill<S: Source>(
    scene: Scene<S>,
    origin: Origin,
    bounds: Bounds,
    mut stop: Pin<&mut impl Future<Output = ()>>,
) -> Result<Ended, BackfillError> {
    let capacity = Engine::<S, CapacityState>::new(scene.clone());
    if lane(&scene, capacity, origin, bounds, stop.as_mut()).await? == Ended::Stopped {
        return Ok(Ended::Stopped);
    }
    lane(&scene, Engine::<S, SupplyState>::new(scene.clone()), origin, bounds, stop).await
}

async fn lane<S: Source, L: LaneState>(
    scene: &Scene<S>,
    mut engine: Engine<S, L>,
    origin: Origin,
    bounds: Bounds,
    mut stop: Pin<&mut impl Future<Output = ()>>,
) -> Result<Ended, BackfillError> {
    engine.state().await.map_err(missing)?;
    let (mut pace, mut reported) = (Pace::default(), Instant::now());
    loop {
        let next = engine.cursor().map_or(scene.deployment.start_block, |cursor| cursor.number + 1);
        if next > bounds.to {
            return Ok(Ended::Done);
        }
        scene.writer.hold_lock().await.map_err(missing)?;
        tokio::select! {
            biased;
            // What is under way is dropped, and its transaction ends by itself or not at all.
            () = &mut stop => return Ok(Ended::Stopped),
            stepped = step(&mut engine, origin, next, bounds.to) => stepped?,
        }
        let reached = engine.cursor().map_or(next, |cursor| cursor.number);
        pace.mark(Instant::now(), reached);
        if reported.elapsed() >= REPORT_EVERY || reached == bounds.to {
            report(L::LANE.name(), reached, bounds.to, &pace);
            reported = Instant::now();
        }
    }
}

fn report(lane: &str, block: u64, to: u64, pace: &Pace) {
    let time_left = pace.time_left(to - block).map_or_else(|| "unknown".into(), readable);
    let rate = pace.blocks_per_second().round();
    info!(lane, block, to, blocks_left = to - block, blocks_per_second = rate, time_left, "backfilling");
}

/// One transaction. What may come by itself is asked for again for a while.
async fn step<S: Source, L: LaneState>(
    engine: &mut Engine<S, L>,
    origin: Origin,
    next: u64,
    to: u64,
) -> Result<(), BackfillError> {
    let began = Instant::now();
    let mut said = false;
    loop {
        match engine.backfill(next, to, None).await {
            Ok(_) => return Ok(()),
            Err(StepError::Halt(reason)) => return Err(BackfillError::Halt(reason)),
            Err(StepError::Store(error)) => return Err(missing(error)),
            Err(StepError::Chain(error) | StepError::Supply(error)) => {
                match &error {
                    ChainError::Contradiction(what) if origin == Origin::Files => {
                        return Err(BackfillError::File(what.clone()));
                    }
                    _ if began.elapsed() >= PATIENCE => return Err(missing(error)),
                    _ => {}
                }
                if !std::mem::replace(&mut said, true) {
                    warn!("trying again: {error}");
                }
                tokio::time::sleep(pause_after(&error)).await;
            }
        }
    }
}

fn pause_after(error: &ChainError) -> Duration {
    match error {
        ChainError::Throttled { retry_after: Some(wait), .. } => (*wait).min(PATIENCE),
        _ => PAUSE,
    }
}

fn missing(error: impl ToString) -> BackfillError {
    BackfillError::Missing(error.to_string())
}
