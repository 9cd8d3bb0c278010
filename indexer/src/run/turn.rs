//! One step after another, and what is said of each.

use std::future::Future;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use store::StoreError;
use store::progress::Progress;
use store::reconciliation::Repair;
use tracing::{error, info, warn};

use crate::bars::LaneBars;
use crate::chain::Chain;
use crate::follower::{Changes, Follower, Outcome, StepError};
use crate::pace::Pace;
use crate::reconcile::remedy::Remedy;
use crate::source::BlockRef;
use crate::trouble::{BACKOFF_LAST, Trouble};

/// How often readers are told how things stand, at the least.
const OBSERVE_EVERY: Duration = Duration::from_secs(1);
/// Tags may be this old while the cursor is still below the head they name.
const TAGS_MAX_AGE: Duration = Duration::from_secs(2);
/// A step under way when the stop is asked for has this long to end.
const STOP_PATIENCE: Duration = Duration::from_secs(5);

/// What comes before the next step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pause {
    /// So long.
    For(Duration),
    /// At the most so long: a head that a node pushes ends it.
    UntilNews(Duration),
}

/// The follower with what is said of it.
pub(super) struct Turns<C> {
    follower: Follower<C>,
    remedy: Remedy<C>,
    poll_interval: Duration,
    started_at: u64,
    capacity_pace: Pace,
    supply_pace: Pace,
    observed: Option<Instant>,
    bars: LaneBars,
    was_caught_up: bool,
    trouble: Trouble,
    /// Of the lane of supply alone, which holds up nobody else.
    supply_trouble: Trouble,
    supply_was: Option<BlockRef>,
}

impl<C: Chain> Turns<C> {
    pub(super) fn new(follower: Follower<C>, remedy: Remedy<C>, poll_interval: Duration, bars: LaneBars) -> Self {
        let started_at = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        Self {
            follower,
            remedy,
            poll_interval,
            started_at,
            capacity_pace: Pace::default(),
            supply_pace: Pace::default(),
            observed: None,
            bars,
            was_caught_up: false,
            trouble: Trouble::default(),
            supply_trouble: Trouble::default(),
            supply_was: None,
        }
    }

    pub(super) async fn until(mut self, mut stop: std::pin::Pin<&mut impl Future<Output = ()>>) {
        loop {
            let pause = {
                let turn = self.turn();
                tokio::pin!(turn);
                tokio::select! {
                    pause = &mut turn => pause,
                    () = &mut stop => {
                        // The block in hand may end; one that hangs is dropped, and its transaction with it.
                        let _ = tokio::time::timeout(STOP_PATIENCE, turn).await;
                        return;
                    }
                }
            };
            let (pause, ends_with_news) = match pause {
                Some(Pause::For(pause)) => (pause, false),
                Some(Pause::UntilNews(pause)) => (pause, true),
                None => return stop.await,
            };
            tokio::select! {
                biased;
                () = &mut stop => return,
                () = self.follower.pushed(), if ends_with_news => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// One step and what is to be said of it. How long to pause, or `None` after a halt.
    async fn turn(&mut self) -> Option<Pause> {
        let outcome = match self.follower.hold_lock().await {
            Ok(()) => self.remedy.step(&mut self.follower, TAGS_MAX_AGE).await,
            Err(error) => Err(error.into()),
        };
        match outcome {
            Ok(outcome) => {
                self.trouble.over();
                let fork = self.tell(&outcome);
                let observed = self.observe(&outcome, fork).await;
                let met = observed.err().map(|error| Pause::For(self.trouble.met(&error.into())));
                Some(met.unwrap_or_else(|| self.pause_after(&outcome)))
            }
            Err(StepError::Halt(reason)) => {
                self.halt(&reason).await;
                None
            }
            Err(error @ StepError::Supply(_)) => {
                let pause = self.supply_trouble.met(&error);
                self.follower.let_supply_rest(pause);
                Some(Pause::UntilNews(self.poll_interval))
            }
            Err(error) => {
                self.follower.forget_after(&error);
                let pause = self.trouble.met(&error);
                if error.is_for_readers()
                    && let Err(error) = self.complain(None, Some(&error.to_string())).await
                {
                    warn!("readers cannot be told: {error}");
                }
                Some(Pause::For(pause))
            }
        }
    }

    fn pause_after(&self, outcome: &Outcome) -> Pause {
        match outcome {
            Outcome::UpToDate | Outcome::ForkSuspected { .. } => Pause::UntilNews(self.poll_interval),
            Outcome::Appended { .. }
            | Outcome::Waiting
            | Outcome::Rewound(_)
            | Outcome::Repaired(_)
            | Outcome::Inferred(_) => Pause::For(Duration::ZERO),
        }
    }

    /// Says in the log what is worth it; why a fork is suspected, if it is.
    fn tell(&mut self, outcome: &Outcome) -> Option<String> {
        match outcome {
            Outcome::UpToDate | Outcome::Waiting => None,
            Outcome::Appended { .. } => {
                self.mark();
                self.report();
                None
            }
            Outcome::Rewound(rewind) => {
                self.capacity_pace.forget();
                self.supply_pace.forget();
                let depth = rewind.from_number - rewind.ancestor_number;
                warn!(from = rewind.from_number, ancestor = rewind.ancestor_number, depth, "reorg: rewound");
                None
            }
            Outcome::Repaired(Repair { first_block, figure, derived, contract, .. }) => {
                self.capacity_pace.forget();
                self.supply_pace.forget();
                warn!(first_block, figure, %derived, %contract, "totals differ from the contracts': blocks are fetched again");
                None
            }
            Outcome::Inferred(found) => {
                self.capacity_pace.forget();
                self.supply_pace.forget();
                warn!("parameters changed without an event: {}; blocks are derived anew", Changes(found));
                None
            }
            Outcome::ForkSuspected { ancestor } => {
                Some(format!("the node's head is on a shorter branch that leaves ours after block {ancestor}"))
            }
        }
    }

    fn mark(&mut self) {
        let (now, cursors) = (Instant::now(), self.follower.cursors());
        if cursors.supply != self.supply_was {
            self.supply_was = cursors.supply;
            self.supply_trouble.over();
        }
        for (pace, cursor) in [(&mut self.capacity_pace, cursors.capacity), (&mut self.supply_pace, cursors.supply)] {
            if let Some(cursor) = cursor {
                pace.mark(now, cursor.number);
            }
        }
    }

    /// Progress and time left of each lane, as long as there is much to do.
    fn report(&mut self) {
        let Some(head) = self.follower.tags().map(|tags| tags.head.number) else { return };
        let cursors = self.follower.cursors();
        if cursors.capacity.is_some_and(|cursor| cursor.number >= head) && !self.was_caught_up {
            info!(block = head, "caught up with the head");
        }
        self.bars.show(&cursors, head);
    }

    /// Tells readers how things stand: when it changed, and every second.
    async fn observe(&mut self, outcome: &Outcome, fork_suspected: Option<String>) -> Result<(), StoreError> {
        let Some(head) = self.follower.tags().map(|tags| tags.head.number) else { return Ok(()) };
        let cursors = self.follower.cursors();
        let reached = cursors.capacity.is_some_and(|cursor| cursor.number >= head);
        let is_back = matches!(
            outcome,
            Outcome::Rewound(_) | Outcome::Repaired(_) | Outcome::Inferred(_) | Outcome::ForkSuspected { .. }
        );
        let caught_up = reached && !is_back;
        let due = self.observed.is_none_or(|observed| observed.elapsed() >= OBSERVE_EVERY);
        // While supply catches up steps are many and the head is asked for now and then.
        let is_news = caught_up && cursors.are_level();
        let changed = is_news || caught_up != self.was_caught_up || fork_suspected.is_some();
        self.was_caught_up = caught_up;
        if !due && !changed {
            return Ok(());
        }
        self.observed = Some(Instant::now());
        let Some(progress) = self.progress().await? else { return Ok(()) };
        self.follower.writer().observe(&Progress { fork_suspected, ..progress }).await
    }

    /// How things stand, as far as the node has answered at all.
    async fn progress(&self) -> Result<Option<Progress>, StoreError> {
        let Some(head) = self.follower.tags().map(|tags| tags.head.clone()) else { return Ok(None) };
        Ok(Some(Progress {
            head_number: head.number,
            head_timestamp: head.timestamp,
            safe_number: self.follower.safe().await?,
            finalized_number: self.follower.finalized(),
            capacity_blocks_per_second: self.capacity_pace.blocks_per_second(),
            supply_blocks_per_second: self.supply_pace.blocks_per_second(),
            caught_up: self.was_caught_up,
            started_at: self.started_at,
            ..Progress::default()
        }))
    }

    async fn halt(&mut self, reason: &str) {
        error!("halted: {reason}");
        while let Err(error) = self.complain(Some(reason), None).await {
            warn!("readers cannot be told: {error}");
            tokio::time::sleep(BACKOFF_LAST).await;
        }
    }

    async fn complain(&self, halted: Option<&str>, failing: Option<&str>) -> Result<(), StoreError> {
        let Some(progress) = self.progress().await? else { return Ok(()) };
        let complaint = Progress { halted: halted.map(str::to_owned), failing: failing.map(str::to_owned), ..progress };
        self.follower.writer().complain(&complaint).await
    }
}
