//! Which block is meant.

use store::deployment::{Clock, Deployment};
use store::read::progress::{Cursor, Progress};
use store::read::{Reading, block};

use super::{Finality, behind, out_of_range};
use crate::params::Which;
use crate::problem::{Kind, Problem};
use crate::wire::Time;

/// The blocks that can be answered as of.
pub(super) struct Range<'a> {
    first: u64,
    newest: Cursor,
    clock: Option<Clock>,
    progress: &'a Progress,
}

impl<'a> Range<'a> {
    pub(super) fn new(deployment: &Deployment, progress: &'a Progress, newest: Cursor) -> Self {
        Self { first: progress.first_block(deployment), newest, clock: deployment.clock, progress }
    }

    pub(super) async fn resolve(&self, reading: &mut Reading, which: Which) -> Result<u64, Problem> {
        let number = match which {
            Which::Newest(finality) => self.newest_of(finality)?,
            Which::Number(number) => number,
            Which::At(timestamp) => self.at(reading, timestamp).await?,
        };
        self.hold(number, || format!("block {number}"))
    }

    /// The newest block of a finality: the tag, or the cursor where that is behind the tag and so final itself.
    fn newest_of(&self, finality: Finality) -> Result<u64, Problem> {
        let follower = self.progress.follower.as_ref();
        let tag = match finality {
            Finality::Latest => return Ok(self.newest.number),
            Finality::Safe => follower.and_then(|follower| follower.safe_number),
            Finality::Finalized => follower.and_then(|follower| follower.finalized_number),
        };
        tag.map(|tag| tag.min(self.newest.number)).ok_or_else(|| {
            let detail = format!("the node has not told which block is {}", finality.name());
            Problem::new(Kind::FinalityUnknown, detail)
        })
    }

    /// The last block at or before a time. Beyond the newest block's own time nobody knows which it will be.
    async fn at(&self, reading: &mut Reading, timestamp: i64) -> Result<u64, Problem> {
        let Ok(timestamp) = u64::try_from(timestamp) else { return Err(self.outside("a time before 1970")) };
        let what = || Time::new(timestamp).map_or_else(|| "that time".into(), |time| time.as_str().to_owned());
        if let Some(clock) = self.clock {
            let number = clock.last_block_at(timestamp).ok_or_else(|| self.outside(&what()))?;
            return self.hold(number, what);
        }
        if self.newest.timestamp.is_none_or(|newest| newest < timestamp) {
            return Err(self.outside(&what()));
        }
        block::last_at(reading, timestamp).await?.ok_or_else(|| self.outside(&what()))
    }

    fn hold(&self, number: u64, what: impl Fn() -> String) -> Result<u64, Problem> {
        if (self.first..=self.newest.number).contains(&number) {
            return Ok(number);
        }
        let seen =
            [self.progress.capacity, self.progress.supply].into_iter().flatten().map(|cursor| cursor.number).max();
        if number > self.newest.number && seen.is_some_and(|seen| number <= seen) {
            return Err(self.not_yet(&what()));
        }
        Err(self.outside(&what()))
    }

    fn outside(&self, what: &str) -> Problem {
        let (first, last) = (self.first, self.newest.number);
        out_of_range(format!("{what} lies outside what is held: blocks {first} to {last}"), first, last)
    }

    /// One set of events has the block, the other does not yet.
    fn not_yet(&self, what: &str) -> Problem {
        let last = self.newest.number;
        let detail = format!("{what} is not there yet: all that this answer needs is stored up to block {last}");
        behind::problem(self.progress, detail).with("first_block", self.first).with("last_block", last)
    }
}
