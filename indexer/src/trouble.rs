//! What to do about steps that fail: say why once, and wait longer each time.

use std::time::Duration;

use tracing::{info, warn};

use crate::chain::ChainError;
use crate::follower::StepError;

const BACKOFF_FIRST: Duration = Duration::from_millis(250);
/// No pause is longer, save one that the node asks for.
pub const BACKOFF_LAST: Duration = Duration::from_secs(10);

/// Steps that fail, of late.
#[derive(Debug)]
pub struct Trouble {
    backoff: Duration,
    complaint: Option<String>,
}

impl Default for Trouble {
    fn default() -> Self {
        Self { backoff: BACKOFF_FIRST, complaint: None }
    }
}

impl Trouble {
    /// A step failed: says why, once. How long to wait before the next.
    pub fn met(&mut self, error: &StepError) -> Duration {
        match error {
            StepError::Chain(ChainError::Throttled { retry_after: Some(wait), .. })
            | StepError::Supply(ChainError::Throttled { retry_after: Some(wait), .. }) => return *wait,
            _ => {}
        }
        let message = error.to_string();
        if self.complaint.as_ref() != Some(&message) {
            warn!("trying again: {message}");
            self.complaint = Some(message);
        }
        let pause = self.backoff;
        self.backoff = (self.backoff * 2).min(BACKOFF_LAST);
        pause
    }

    /// A step did what it was meant to.
    pub fn over(&mut self) {
        self.backoff = BACKOFF_FIRST;
        if let Some(complaint) = self.complaint.take() {
            info!("going on after: {complaint}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_until_it_is_over() {
        let mut trouble = Trouble::default();
        let error = StepError::Chain(ChainError::Unavailable("away".into()));
        let pauses: Vec<u128> = (0..7).map(|_| trouble.met(&error).as_millis()).collect();
        assert_eq!(pauses, [250, 500, 1_000, 2_000, 4_000, 8_000, 10_000]);
        trouble.over();
        assert_eq!(trouble.met(&error), BACKOFF_FIRST);
    }

    /// Ranges are cut up where they are fetched: what is too large here is something that cannot be made smaller.
    #[test]
    fn what_is_too_large_is_no_reason_to_hurry() {
        let message = "response size exceeded".to_owned();
        let error = StepError::Chain(ChainError::TooLarge { message, limit_blocks: None });
        assert_eq!(Trouble::default().met(&error), BACKOFF_FIRST);
    }

    #[test]
    fn a_pause_that_the_node_asks_for_is_kept() {
        let wait = Duration::from_secs(77);
        let throttled = || ChainError::Throttled { retry_after: Some(wait), message: "slow down".into() };
        assert_eq!(Trouble::default().met(&StepError::Chain(throttled())), wait);
        assert_eq!(Trouble::default().met(&StepError::Supply(throttled())), wait);
    }
}
