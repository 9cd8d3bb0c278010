//! How long ago the state served was last confirmed to be the chain's head.

use store::deployment::Clock;
use store::read::progress::{Cursor, Progress};

use crate::problem::{Kind, Problem};

/// Seconds since the state up to this cursor was confirmed to be the chain's head; grows when the writer is dead, when
/// the node is away, and when the writer is behind. `None` where the writer never spoke.
pub fn lag_seconds(progress: &Progress, cursor: Cursor, clock: Option<Clock>) -> Option<u64> {
    let follower = progress.follower.as_ref()?;
    let newest = [progress.capacity, progress.supply].into_iter().flatten().map(|cursor| cursor.number).max();
    if follower.caught_up && newest == Some(cursor.number) {
        return Some(follower.observed_seconds_ago);
    }
    let timestamp = cursor.timestamp.or_else(|| clock?.timestamp(cursor.number))?;
    let behind = follower.head_timestamp.saturating_sub(timestamp);
    Some(behind.saturating_add(follower.observed_seconds_ago))
}

/// Refuses where the state is older than allowed, or nobody knows how old it is.
pub(super) fn hold(lag: Option<u64>, max_lag: Option<u64>) -> Result<(), Problem> {
    let Some(limit) = max_lag else { return Ok(()) };
    match lag {
        Some(lag) if lag <= limit => Ok(()),
        Some(lag) => {
            let detail = format!("the state was confirmed {lag} seconds ago, the request allows {limit}");
            Err(Problem::new(Kind::TooOld, detail).with("lag_seconds", lag))
        }
        None => Err(Problem::new(Kind::TooOld, "nobody knows how old the state is: the indexer has not told")),
    }
}
