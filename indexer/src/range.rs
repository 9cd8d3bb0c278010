//! How many blocks to ask for at once: what the node was seen to bear.

use std::time::Duration;

/// Blocks of the first range; what public endpoints take.
const FIRST: u64 = 2_000;
const LARGEST: u64 = 100_000;
/// An answer below this and quicker than that invites a larger range.
const LOGS_SMALL: usize = 5_000;
const QUICK: Duration = Duration::from_secs(2);
/// An answer above this takes more memory than it saves requests.
const LOGS_MANY: usize = 20_000;

/// The size of the next range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RangeSize {
    blocks: u64,
    /// The most the node takes, where it said so or refused more.
    ceiling: u64,
}

impl Default for RangeSize {
    fn default() -> Self {
        Self { blocks: FIRST, ceiling: LARGEST }
    }
}

impl RangeSize {
    /// Blocks to ask for.
    pub fn blocks(&self) -> u64 {
        self.blocks
    }

    /// The last block of a range that begins at `from` and does not go beyond `last`.
    pub fn end(&self, from: u64, last: u64) -> u64 {
        from.saturating_add(self.blocks.saturating_sub(1)).min(last)
    }

    /// A range was answered.
    pub fn answered(&mut self, logs: usize, took: Duration) {
        if logs < LOGS_SMALL && took < QUICK {
            self.blocks = self.blocks.saturating_mul(2).min(self.ceiling);
        } else if logs > LOGS_MANY {
            self.blocks = (self.blocks / 2).max(1);
        }
    }

    /// A range of `asked` blocks was too large. `limit` is what the node says it takes, if it says so. False: not even
    /// one block is small enough.
    pub fn refused(&mut self, asked: u64, limit: Option<u64>) -> bool {
        let half = (asked / 2).max(1);
        match limit.filter(|limit| *limit < asked) {
            // A named limit is the node's rule; a bare refusal may be about this one range's logs.
            Some(limit) => {
                self.ceiling = limit.max(1);
                self.blocks = self.ceiling;
            }
            // Ranges asked for ahead may be refused after smaller ones were settled upon.
            None => self.blocks = self.blocks.min(half),
        }
        asked > 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grows_while_answers_are_small_and_quick() {
        let mut size = RangeSize::default();
        size.answered(10, Duration::from_millis(50));
        assert_eq!(size.blocks(), 4_000);
        size.answered(LOGS_SMALL, Duration::from_millis(50));
        size.answered(10, QUICK);
        assert_eq!(size.blocks(), 4_000);
    }

    #[test]
    fn a_named_limit_is_never_exceeded_again() {
        let mut size = RangeSize::default();
        assert!(size.refused(2_000, Some(500)));
        assert_eq!(size.blocks(), 500);
        size.answered(0, Duration::ZERO);
        assert_eq!(size.blocks(), 500);
    }

    #[test]
    fn shrinks_where_logs_are_many() {
        let mut size = RangeSize::default();
        size.answered(LOGS_MANY + 1, Duration::from_millis(50));
        assert_eq!(size.blocks(), 1_000);
    }

    #[test]
    fn a_late_refusal_of_a_larger_range_changes_nothing() {
        let mut size = RangeSize::default();
        assert!(size.refused(2_000, None) && size.refused(1_000, None));
        assert!(size.refused(2_000, None));
        assert_eq!(size.blocks(), 500);
    }

    #[test]
    fn a_bare_refusal_halves_down_to_one_block() {
        let mut size = RangeSize::default();
        let mut asked = size.blocks();
        while size.refused(asked, None) {
            asked = size.blocks();
        }
        assert_eq!((asked, size.blocks()), (1, 1));
    }
}
