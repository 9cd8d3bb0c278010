//! How fast blocks come in, and how long the rest will take.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// The stretch of time a rate is taken over.
const WINDOW: Duration = Duration::from_secs(30);

/// Blocks per second of late.
#[derive(Clone, Debug, Default)]
pub struct Pace {
    marks: VecDeque<(Instant, u64)>,
}

impl Pace {
    /// The cursor is at this block now.
    pub fn mark(&mut self, now: Instant, block_number: u64) {
        self.marks.push_back((now, block_number));
        while self.marks.len() > 2 && self.marks.front().is_some_and(|(then, _)| now.duration_since(*then) > WINDOW) {
            self.marks.pop_front();
        }
    }

    /// The cursor went back: what was measured says nothing of what comes.
    pub fn forget(&mut self) {
        self.marks.clear();
    }

    /// Blocks per second over the last half minute.
    pub fn blocks_per_second(&self) -> f64 {
        let (Some((first, from)), Some((last, to))) = (self.marks.front(), self.marks.back()) else { return 0.0 };
        let seconds = last.duration_since(*first).as_secs_f64();
        // A count of blocks, not an amount: exact enough in a float.
        if seconds > 0.0 { count(to.saturating_sub(*from)) / seconds } else { 0.0 }
    }

    /// How long this many blocks will take at this rate; `None` while nothing moves.
    pub fn time_left(&self, blocks: u64) -> Option<Duration> {
        let seconds = count(blocks) / self.blocks_per_second();
        Duration::try_from_secs_f64(seconds).ok()
    }
}

fn count(blocks: u64) -> f64 {
    u32::try_from(blocks).map_or(f64::INFINITY, f64::from)
}

/// "2 h 05 min", "3 min 20 s", "12 s".
pub fn readable(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match (seconds / 86_400, seconds / 3_600, seconds / 60) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, minutes) => format!("{minutes} min {:02} s", seconds % 60),
        (0, hours, minutes) => format!("{hours} h {:02} min", minutes % 60),
        (days, hours, _) => format!("{days} d {:02} h", hours % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_and_what_is_left() {
        let start = Instant::now();
        let mut pace = Pace::default();
        assert_eq!(pace.time_left(100), None);
        pace.mark(start, 1_000);
        pace.mark(start + Duration::from_secs(10), 3_000);
        assert!((pace.blocks_per_second() - 200.0).abs() < 1e-9);
        assert_eq!(pace.time_left(12_000), Some(Duration::from_secs(60)));
    }

    #[test]
    fn durations_read_well() {
        let read = |seconds| readable(Duration::from_secs(seconds));
        assert_eq!([read(12), read(200), read(7_500), read(90_000)], ["12 s", "3 min 20 s", "2 h 05 min", "1 d 01 h"]);
    }
}
