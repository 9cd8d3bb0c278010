//! What the follower does about what was found, and about blocks that its ledger refuses.

use store::StoreError;
use tokio::sync::mpsc;

use super::watch::Order;
use super::{ReconcileError, Reconciler, Verdict};
use crate::chain::Chain;
use crate::follower::{Follower, Outcome, StepError};
use crate::source::Lane;

/// Steps a follower, with what reconciliation asks of it in between.
#[derive(Debug)]
pub struct Remedy<C> {
    /// `None`: nothing is compared.
    reconciler: Option<Reconciler<C>>,
    orders: mpsc::Receiver<Order>,
    /// What the ledger would not take at the last step.
    refused: Option<String>,
}

impl<C: Chain> Remedy<C> {
    /// Of what is ordered, and with somebody to ask where the ledger refuses a block.
    pub fn new(reconciler: Option<Reconciler<C>>, orders: mpsc::Receiver<Order>) -> Self {
        Self { reconciler, orders, refused: None }
    }

    /// What was ordered, or else a step as [`Follower::step`] does it.
    ///
    /// # Errors
    /// [`StepError`]. A block that the ledger refuses is fetched again before the totals are asked what is wrong;
    /// [`StepError::Halt`] where they do not know either.
    pub async fn step(
        &mut self,
        follower: &mut Follower<C>,
        tags_max_age: std::time::Duration,
    ) -> Result<Outcome, StepError> {
        if let Ok(Order { verdict, done }) = self.orders.try_recv() {
            let outcome = obey(follower, verdict).await;
            // Nobody waits any more where the watch has ended.
            let _ = done.send(());
            return outcome;
        }
        match follower.step(tags_max_age).await {
            Err(StepError::Refused(reason)) => self.doubt(follower, reason).await,
            Ok(outcome) => {
                self.refused = None;
                Ok(outcome)
            }
            Err(error) => Err(error),
        }
    }

    /// Either a log of this block was left out, which another answer mends, or one of a block before it.
    async fn doubt(&mut self, follower: &mut Follower<C>, reason: String) -> Result<Outcome, StepError> {
        if self.refused.as_ref() != Some(&reason) {
            follower.avoid_current_node();
            self.refused = Some(reason.clone());
            return Err(StepError::Refused(reason));
        }
        let Some(reconciler) = &self.reconciler else { return Err(StepError::Halt(reason)) };
        for lane in Lane::BOTH {
            match reconciler.inspect(lane).await? {
                Some(verdict @ Verdict::Repair(_)) => return obey(follower, verdict).await,
                Some(Verdict::Halt(why)) => return Err(StepError::Halt(format!("{reason}; {why}"))),
                Some(Verdict::Equal(_) | Verdict::Unanswered { .. }) | None => {}
            }
        }
        Err(StepError::Halt(reason))
    }
}

async fn obey<C: Chain>(follower: &mut Follower<C>, verdict: Verdict) -> Result<Outcome, StepError> {
    match verdict {
        Verdict::Halt(reason) => Err(StepError::Halt(reason)),
        Verdict::Equal(_) | Verdict::Unanswered { .. } => Ok(Outcome::Waiting),
        Verdict::Repair(repair) => match follower.repair(&repair).await {
            // A reorg has undone the blocks meanwhile.
            Err(StoreError::CursorMoved { .. }) => Ok(Outcome::Waiting),
            Err(error) => Err(error.into()),
            Ok(()) => Ok(Outcome::Repaired(repair)),
        },
    }
}

impl From<ReconcileError> for StepError {
    fn from(error: ReconcileError) -> Self {
        match error {
            ReconcileError::Chain(error) => Self::Chain(error),
            ReconcileError::Read(error) => Self::Store(error.into()),
            ReconcileError::Store(error) => Self::Store(error),
        }
    }
}
