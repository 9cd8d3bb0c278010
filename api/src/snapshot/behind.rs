//! What needs all VVV transfers, where those are not there yet.

use serde_json::{Value, json};
use store::cursor::Lane;
use store::read::progress::Progress;
use store::read::readiness::seconds_left;

use super::Needs;
use crate::app::never_synced;
use crate::problem::{Kind, Problem};

/// Why there is no block yet that answers this need.
pub(super) fn no_block(needs: Needs, progress: &Progress) -> Problem {
    match (needs, progress.capacity) {
        (Needs::Both, Some(capacity)) => problem(
            progress,
            format!("no transfer of VVV is stored yet; what needs none is answered up to block {}", capacity.number),
        ),
        _ => never_synced(),
    }
}

/// Balances of VVV are found by indexes that a first backfill goes without; each look-up would read every transfer.
pub(super) fn hold_indexes(progress: &Progress) -> Result<(), Problem> {
    if progress.account_indexes {
        return Ok(());
    }
    Err(problem(progress, "balances of VVV are looked up when the first backfill of its transfers is done".into()))
}

/// Refuses, with how far each cursor is.
pub(super) fn problem(progress: &Progress, detail: String) -> Problem {
    Problem::new(Kind::Behind, detail).with("progress", describe(progress))
}

fn describe(progress: &Progress) -> Value {
    let cursor = |lane| {
        progress
            .cursor(lane)
            .map(|cursor| json!({"block_number": cursor.number, "seconds_left": seconds_left(progress, lane)}))
    };
    json!({
        "head": progress.follower.as_ref().map(|follower| follower.head_number),
        "capacity": cursor(Lane::Capacity),
        "supply": cursor(Lane::Supply),
    })
}
