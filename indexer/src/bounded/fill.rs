//! The lanes on their way: capacity first, because that of supply is held against it.

use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};

use store::writer::Writer;
use tracing::warn;

use super::bounds::Bounds;
use super::{BackfillError, Ended};
use crate::bars::Bars;
use crate::chain::ChainError;
use crate::engine::capacity::CapacityState;
use crate::engine::supply::SupplyState;
use crate::engine::{Engine, LaneState, Scene};
use crate::follower::{Changes, StepError};
use crate::source::{Lane, Source};

/// How long a source or the database may fail before it is given up.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_secs(1);

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
    bars: &Bars,
    mut stop: Pin<&mut impl Future<Output = ()>>,
) -> Result<Ended, BackfillError> {
    let capacity = Engine::<S, CapacityState>::new(scene.clone());
    if lane(&scene, capacity, origin, bounds, bars, stop.as_mut()).await? == Ended::Stopped {
        return Ok(Ended::Stopped);
    }
    lane(&scene, Engine::<S, SupplyState>::new(scene.clone()), origin, bounds, bars, stop).await
}

async fn lane<S: Source, L: LaneState>(
    scene: &Scene<S>,
    mut engine: Engine<S, L>,
    origin: Origin,
    bounds: Bounds,
    bars: &Bars,
    mut stop: Pin<&mut impl Future<Output = ()>>,
) -> Result<Ended, BackfillError> {
    engine.state().await.map_err(missing)?;
    let first = scene.deployment.start_block;
    let next_of = |engine: &Engine<S, L>| engine.cursor().map_or(first, |cursor| cursor.number + 1);
    let mut work = bars.begin(name(L::LANE), next_of(&engine) - first, bounds.to + 1 - first);
    loop {
        let next = next_of(&engine);
        if next > bounds.to {
            return Ok(Ended::Done);
        }
        scene.writer.hold_lock().await.map_err(missing)?;
        tokio::select! {
            biased;
            // What is under way is dropped, and its transaction ends by itself or not at all.
            () = &mut stop => return Ok(Ended::Stopped),
            stepped = step(&mut engine, &scene.writer, origin, next, bounds.to) => stepped?,
        }
        work.at(next_of(&engine) - first, bounds.to + 1 - first);
    }
}

fn name(lane: Lane) -> &'static str {
    match lane {
        Lane::Capacity => "backfill of capacity",
        Lane::Supply => "backfill of supply",
    }
}

/// One transaction. What may come by itself is asked for again for a while.
async fn step<S: Source, L: LaneState>(
    engine: &mut Engine<S, L>,
    writer: &Writer,
    origin: Origin,
    next: u64,
    to: u64,
) -> Result<(), BackfillError> {
    let began = Instant::now();
    let mut said = false;
    loop {
        match engine.backfill(next, to, None).await {
            Ok(_) => return Ok(()),
            Err(StepError::Untold(found)) => {
                writer.infer(&found).await.map_err(missing)?;
                engine.forget();
                engine.state().await.map_err(missing)?;
                warn!("parameters changed without an event: {}; blocks are derived anew", Changes(&found));
                return Ok(());
            }
            Err(StepError::Halt(reason) | StepError::Refused(reason)) => return Err(BackfillError::Halt(reason)),
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
