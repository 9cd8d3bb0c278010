//! Ranges fetched ahead of the one that is being stored: several at once from the node, handed over strictly in order.
//!
//! Only blocks at or below the finalized one are fetched this way, so that what lies ready here stays true for as long
//! as it lies. A range that fails is asked for again in its place, and those behind it keep what they have; one that is
//! too large is cut up in its place.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};

use crate::chain::ChainError;
use crate::range::RangeSize;
use crate::source::{Fetched, Lane, Source};

/// Ranges asked for or ready at the same time, at the most.
const RANGES_MAX: usize = 4;
/// Memory that answers may take together, by what the largest of late took. One range is fetched whatever it takes, and
/// ranges of many logs are made smaller: see [`RangeSize`].
const BUDGET_BYTES: usize = 128 << 20;
/// An answer's text and the log made of it. However little was known before, no answer has more than 16 MB.
const LOG_BYTES: usize = 1_200;
/// Ranges that lie ready are handed over together up to this, because transactions are best of many rows.
const LOGS_AT_ONCE: usize = 40_000;

/// The ranges that follow a lane's cursor, in order.
#[derive(Debug)]
pub struct Ahead {
    lane: Lane,
    ranges: VecDeque<Range>,
    /// Of any range so far.
    logs_max: usize,
}

#[derive(Debug)]
struct Range {
    from: u64,
    to: u64,
    fetching: Option<Fetching>,
    /// What came of it; it can be had once.
    answer: Option<Answer>,
}

/// What was fetched, and how long it took.
type Answer = Result<(Fetched, Duration), ChainError>;

/// A task that fetches; nobody waits for it any more once this is dropped.
#[derive(Debug)]
struct Fetching(JoinHandle<(Result<Fetched, ChainError>, Duration)>);

impl Drop for Fetching {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Ahead {
    /// Nothing yet.
    pub fn new(lane: Lane) -> Self {
        Self { lane, ranges: VecDeque::new(), logs_max: 0 }
    }

    /// Waits until the range that begins at `from` is there, or has failed, at the longest until `until`. Whether it is.
    pub async fn is_ready<S: Source>(
        &mut self,
        source: &Arc<S>,
        from: u64,
        finalized: u64,
        sizes: &RangeSize,
        until: Option<Instant>,
    ) -> bool {
        self.hold_to(from, finalized);
        self.extend(from, finalized, sizes);
        self.start(source);
        match (self.ranges.front_mut(), until) {
            (Some(first), Some(until)) => timeout_at(until, first.settle()).await.is_ok(),
            _ => true,
        }
    }

    /// The range that begins at `from`, with those behind it that lie ready. Others, up to `finalized`, are being
    /// fetched meanwhile. `None`: the range was too large, and is being fetched in pieces.
    ///
    /// # Errors
    /// [`ChainError`], of this range alone. It will be asked for anew.
    pub async fn next<S: Source>(
        &mut self,
        source: &Arc<S>,
        from: u64,
        finalized: u64,
        sizes: &mut RangeSize,
    ) -> Result<Option<Fetched>, ChainError> {
        self.hold_to(from, finalized);
        self.extend(from, finalized, sizes);
        self.start(source);
        let Some(first) = self.ranges.front_mut() else {
            return Err(ChainError::Contradiction(format!("block {from} is above the finalized block {finalized}")));
        };
        match first.answer().await {
            Ok((mut fetched, took)) => {
                self.took_first(&fetched, took, sizes);
                self.add_ready(&mut fetched, sizes).await;
                self.extend(fetched.end.number.saturating_add(1), finalized, sizes);
                self.start(source);
                Ok(Some(fetched))
            }
            Err(ChainError::TooLarge { limit_blocks, message }) => {
                self.cut_up_first(limit_blocks, &message, sizes)?;
                Ok(None)
            }
            Err(error @ ChainError::Contradiction(_)) => {
                // Nothing of a node that contradicts itself is kept.
                self.clear();
                Err(error)
            }
            Err(error) => Err(error),
        }
    }

    fn took_first(&mut self, fetched: &Fetched, took: Duration, sizes: &mut RangeSize) {
        self.ranges.pop_front();
        self.logs_max = self.logs_max.max(fetched.logs());
        sizes.answered(fetched.logs(), took);
    }

    /// Adds what lies ready; all of it is as sure as the least sure. What failed is asked for again when it is its turn.
    async fn add_ready(&mut self, fetched: &mut Fetched, sizes: &mut RangeSize) {
        while fetched.logs() < LOGS_AT_ONCE
            && let Some(first) = self.ranges.front_mut().filter(|first| first.is_ready())
            && let Ok((more, took)) = first.answer().await
        {
            self.took_first(&more, took, sizes);
            fetched.blocks.extend(more.blocks);
            fetched.end = more.end;
            fetched.grade = fetched.grade.min(more.grade);
        }
    }

    /// Forgets all ranges; those under way are given up.
    pub fn clear(&mut self) {
        self.ranges.clear();
    }

    /// Nothing that was planned from another cursor, or when the finalized block was said to be higher.
    fn hold_to(&mut self, from: u64, finalized: u64) {
        let begins = self.ranges.front().is_none_or(|first| first.from == from);
        let ends = self.ranges.back().is_none_or(|last| last.to <= finalized);
        if !(begins && ends) {
            self.clear();
        }
    }

    fn extend(&mut self, from: u64, finalized: u64, sizes: &RangeSize) {
        while self.ranges.len() < self.at_once() {
            let from = self.ranges.back().map_or(from, |last| last.to.saturating_add(1));
            if from > finalized {
                return;
            }
            self.ranges.push_back(Range::new(from, sizes.end(from, finalized)));
        }
    }

    fn start<S: Source>(&mut self, source: &Arc<S>) {
        let (at_once, lane) = (self.at_once(), self.lane);
        for range in self.ranges.iter_mut().take(at_once).filter(|range| range.is_idle()) {
            let (source, from, to) = (Arc::clone(source), range.from, range.to);
            range.fetching = Some(Fetching(tokio::spawn(async move {
                let started = Instant::now();
                (source.range(lane, from, to).await, started.elapsed())
            })));
        }
    }

    /// How many ranges fit into the budget, should each hold as many logs as the largest yet.
    fn at_once(&self) -> usize {
        let range_bytes = self.logs_max.saturating_mul(LOG_BYTES).max(1);
        (BUDGET_BYTES / range_bytes).clamp(1, RANGES_MAX)
    }

    fn cut_up_first(&mut self, limit: Option<u64>, message: &str, sizes: &mut RangeSize) -> Result<(), ChainError> {
        let Some(Range { from, to, .. }) = self.ranges.pop_front() else { return Ok(()) };
        if !sizes.refused(to - from + 1, limit) {
            return Err(ChainError::Refused(format!("block {from} alone: {message}")));
        }
        tracing::debug!(from, to, blocks = sizes.blocks(), "the node wants smaller ranges: {message}");
        let mut pieces = Vec::new();
        let mut next = from;
        while next <= to {
            let end = sizes.end(next, to);
            pieces.push(Range::new(next, end));
            next = end + 1;
        }
        pieces.into_iter().rev().for_each(|piece| self.ranges.push_front(piece));
        Ok(())
    }
}

impl Range {
    fn new(from: u64, to: u64) -> Self {
        Self { from, to, fetching: None, answer: None }
    }

    fn is_idle(&self) -> bool {
        self.fetching.is_none() && self.answer.is_none()
    }

    fn is_ready(&self) -> bool {
        self.answer.is_some() || self.fetching.as_ref().is_some_and(|Fetching(task)| task.is_finished())
    }

    /// Waits for the answer; may be given up and begun again.
    async fn settle(&mut self) {
        let Some(Fetching(task)) = &mut self.fetching else { return };
        let outcome = task.await;
        self.fetching = None;
        self.answer = Some(match outcome {
            Ok((fetched, took)) => fetched.map(|fetched| (fetched, took)),
            Err(error) => Err(ChainError::Unavailable(format!("a fetch ended: {error}"))),
        });
    }

    /// Waits for the answer. It can be had once.
    async fn answer(&mut self) -> Answer {
        self.settle().await;
        let missing = || Err(ChainError::Unavailable(format!("block {} was not asked for", self.from)));
        self.answer.take().unwrap_or_else(missing)
    }
}
