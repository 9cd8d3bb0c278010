//! When to compare, and handing over what is to be done.

use std::time::Duration;

use store::cursor::Lane;
use store::read::reconciliation::Checkpoints;
use tokio::sync::{mpsc, oneshot};
use tracing::{debug, info, warn};

use super::{ReconcileError, Reconciler, Verdict, cursor};
use crate::chain::Chain;

/// Until the next try after one that came to nothing.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(30);

/// A verdict that the follower must act on, and whom to tell when it has.
#[derive(Debug)]
pub struct Order {
    /// A repair or a halt.
    pub verdict: Verdict,
    /// Whoever waits looks again only afterwards.
    pub done: oneshot::Sender<()>,
}

/// Compares again and again, beside the follower.
#[derive(Debug)]
pub struct Watch<C> {
    /// Compares.
    pub reconciler: Reconciler<C>,
    /// Blocks from one checkpoint to the next; 0: never.
    pub every_blocks: u64,
    /// How often it is looked whether a checkpoint is due; and so the least time between two in a backfill.
    pub look_every: Duration,
    /// To the follower.
    pub orders: mpsc::Sender<Order>,
}

/// What is remembered of a lane between two looks.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    /// It was below the finalized block.
    was_behind: bool,
    /// That a node had no state was said.
    said_unanswered: bool,
}

impl<C: Chain> Watch<C> {
    /// Never ends.
    pub async fn watch(&self) {
        if self.every_blocks == 0 {
            return std::future::pending().await;
        }
        let mut seen = Lane::BOTH.map(|lane| (lane, Seen::default()));
        let mut said = String::new();
        loop {
            tokio::time::sleep(self.look_every).await;
            for (lane, seen) in &mut seen {
                let Err(error) = self.look(*lane, seen).await else { continue };
                let failure = error.to_string();
                if said != failure {
                    info!("totals could not be held against the contracts: {failure}");
                    said = failure;
                }
                tokio::time::sleep(PAUSE_AFTER_FAILURE).await;
            }
        }
    }

    async fn look(&self, lane: Lane, seen: &mut Seen) -> Result<(), ReconcileError> {
        let (progress, checkpoints) = self.reconciler.standing(lane).await?;
        let Some(cursor) = cursor(&progress, lane) else { return Ok(()) };
        let finalized = progress.follower.and_then(|follower| follower.finalized_number);
        let is_behind = finalized.is_some_and(|finalized| cursor.number < finalized);
        let was_behind = std::mem::replace(&mut seen.was_behind, is_behind);
        if !is_due(cursor.number, &checkpoints, was_behind, is_behind, self.every_blocks) {
            return Ok(());
        }
        match self.reconciler.inspect(lane).await? {
            Some(Verdict::Equal(block)) => debug!(lane = lane.name(), block, "totals equal to the contracts' own"),
            Some(Verdict::Unanswered { block_number, message }) => seen.say_unanswered(lane, block_number, &message),
            Some(verdict @ (Verdict::Repair(_) | Verdict::Halt(_))) => self.order(verdict).await,
            None => {}
        }
        Ok(())
    }

    /// Waits until the follower has acted: before that the difference is still there.
    async fn order(&self, verdict: Verdict) {
        let (done, is_done) = oneshot::channel();
        if self.orders.send(Order { verdict, done }).await.is_ok() {
            // Whoever drops it without a word has ended.
            let _ = is_done.await;
        }
    }
}

impl Seen {
    fn say_unanswered(&mut self, lane: Lane, block: u64, message: &str) {
        if !std::mem::replace(&mut self.said_unanswered, true) {
            let lane = lane.name();
            warn!(
                lane,
                block, "the node has no state of this block, so totals are compared at the head only ({message})"
            );
        }
    }
}

/// Whether a lane's totals are to be compared at its cursor: every so many blocks, and at the end of a backfill. A node that
/// has no state of one old block has none of the next: it is asked again at the head.
fn is_due(cursor: u64, known: &Checkpoints, was_behind: bool, is_behind: bool, every_blocks: u64) -> bool {
    let Some(newest) = known.newest else { return true };
    let is_unanswered = known.equal.is_none_or(|equal| equal.block_number < newest);
    let is_far = cursor >= newest.saturating_add(every_blocks);
    let ends_backfill = was_behind && !is_behind && cursor > newest;
    ends_backfill || is_far && !(is_behind && is_unanswered)
}

#[cfg(test)]
mod tests {
    use store::read::reconciliation::Equal;

    use super::*;

    fn known(equal: u64, newest: u64) -> Checkpoints {
        let equal = Equal { block_number: equal, reconciled_at: 0 };
        Checkpoints { equal: Some(equal), newest: Some(newest), unanswered: 0 }
    }

    #[test]
    fn a_checkpoint_is_due_every_so_many_blocks() {
        assert!(is_due(3, &Checkpoints::default(), true, true, 10), "the first at once");
        assert!(!is_due(39, &known(30, 30), true, true, 10));
        assert!(is_due(40, &known(30, 30), true, true, 10));
        assert!(!is_due(20, &known(30, 30), false, false, 10), "after a rewind");
    }

    #[test]
    fn a_checkpoint_is_due_at_the_end_of_a_backfill() {
        assert!(is_due(35, &known(30, 30), true, false, 10));
        assert!(!is_due(35, &known(30, 30), false, false, 10));
        assert!(!is_due(30, &known(30, 30), true, false, 10), "it was there already");
    }

    #[test]
    fn a_node_without_old_state_is_asked_again_at_the_head() {
        assert!(!is_due(80, &known(10, 30), true, true, 10));
        assert!(is_due(80, &known(10, 30), false, false, 10));
    }
}
