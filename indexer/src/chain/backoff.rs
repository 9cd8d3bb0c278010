//! How long to wait before trying again: twice as long each time, and never exactly, so that clients that failed together
//! do not come back together.

use std::time::Duration;

use rand::RngExt;

const FIRST: Duration = Duration::from_millis(250);
const LONGEST: Duration = Duration::from_secs(30);

/// The pause before the next attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    next: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { next: FIRST }
    }
}

impl Backoff {
    /// After another failure.
    pub fn pause(&mut self) -> Duration {
        let pause = jittered(self.next);
        self.next = (self.next * 2).min(LONGEST);
        pause
    }

    /// After a success.
    pub fn reset(&mut self) {
        *self = Self::default();
    }
}

/// Between three quarters and five quarters of it.
pub fn jittered(pause: Duration) -> Duration {
    pause.mul_f64(rand::rng().random_range(0.75..1.25))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_limit_and_begin_anew() {
        let mut backoff = Backoff::default();
        let around = |pause: Duration, expected: Duration| {
            assert!(pause >= expected.mul_f64(0.75) && pause < expected.mul_f64(1.25), "{pause:?}, not {expected:?}");
        };
        around(backoff.pause(), FIRST);
        around(backoff.pause(), FIRST * 2);
        (0..20).for_each(|_| assert!(backoff.pause() > Duration::ZERO));
        around(backoff.pause(), LONGEST);
        backoff.reset();
        around(backoff.pause(), FIRST);
    }
}
