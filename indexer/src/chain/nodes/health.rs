//! How one node does: latency, errors, its head, and why it is not asked. Pure but for the times it is handed.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use alloy_primitives::B256;

use crate::chain::backoff::Backoff;
use crate::chain::{ChainError, Header};

/// Requests that the error rate is taken over.
const OUTCOMES: usize = 50;
/// Headers remembered to hold nodes against one another.
const HEADERS: usize = 128;
/// A node that contradicts itself or others is left alone for so long.
const ASIDE_AFTER_LIE: Duration = Duration::from_secs(30);
/// Behind the newest head by block time: beyond the first a node lags, below the second it has caught up.
const LAG_MAX_SECONDS: u64 = 10;
const LAG_OVER_SECONDS: u64 = 4;

/// Why a node is not asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Excluded {
    /// Its chain id is not known yet.
    Unchecked,
    /// It is of another chain.
    OtherChain(u64),
    /// It fails, throttles or lies; until when, and its words.
    Aside(Instant, String),
    /// Its head is far behind that of others.
    Lagging(u64),
    /// Most others have another block at this height.
    Forked(u64),
}

impl Excluded {
    /// A name to compare.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Unchecked => "unchecked",
            Self::OtherChain(_) => "other_chain",
            Self::Aside(..) => "failing",
            Self::Lagging(_) => "lagging",
            Self::Forked(_) => "forked",
        }
    }

    /// For a human.
    pub(super) fn detail(&self) -> String {
        match self {
            Self::Unchecked => "its chain id is not known yet".into(),
            Self::OtherChain(id) => format!("it is of chain {id}"),
            Self::Aside(_, why) => why.clone(),
            Self::Lagging(seconds) => format!("its head is {seconds} s behind the newest"),
            Self::Forked(number) => format!("most others have another block {number}"),
        }
    }
}

/// A head, and when it was first and last seen.
#[derive(Clone, Debug)]
pub(super) struct SeenHead {
    /// The newest block.
    pub(super) header: Header,
    /// When it was first seen.
    pub(super) since: Instant,
    /// When the node last confirmed it.
    pub(super) confirmed: Instant,
}

/// How one node does.
#[derive(Debug, Default)]
pub(super) struct Health {
    latency: Option<Duration>,
    outcomes: VecDeque<bool>,
    backoff: Backoff,
    aside: Option<(Instant, String)>,
    answered: Option<Instant>,
    head: Option<SeenHead>,
    hashes: BTreeMap<u64, B256>,
    lagging: Option<u64>,
    /// Where most others differ from it.
    pub(super) forked: Option<u64>,
    /// `None`: not told yet.
    pub(super) chain: Option<Result<(), u64>>,
    /// Its new heads are pushed.
    pub(super) pushes: bool,
}

impl Health {
    /// It answered. The latency counts for small requests only: that of ranges says how large they were.
    pub(super) fn answered(&mut self, now: Instant, latency: Option<Duration>) {
        self.note(true);
        self.answered = Some(now);
        self.backoff.reset();
        if let Some(latest) = latency {
            self.latency = Some(self.latency.map_or(latest, |latency| (latency * 7 + latest) / 8));
        }
    }

    /// It failed in a way that is its own fault.
    pub(super) fn failed(&mut self, now: Instant, error: &ChainError) {
        self.note(false);
        let pause = match error {
            ChainError::Throttled { retry_after: Some(wait), .. } => (*wait).max(self.backoff.pause()),
            ChainError::Contradiction(_) => ASIDE_AFTER_LIE,
            _ => self.backoff.pause(),
        };
        self.aside = Some((now + pause, error.to_string()));
    }

    fn note(&mut self, is_good: bool) {
        self.outcomes.push_back(is_good);
        if self.outcomes.len() > OUTCOMES {
            self.outcomes.pop_front();
        }
    }

    /// It says that this is its newest block.
    pub(super) fn saw_head(&mut self, now: Instant, header: Header) {
        self.saw(header.number, header.hash);
        let is_new = self.head.as_ref().is_none_or(|head| head.header.hash != header.hash);
        let since = self.head.as_ref().filter(|_| !is_new).map_or(now, |head| head.since);
        // What it had above its own head is of a branch that it left.
        self.hashes.split_off(&header.number.saturating_add(1));
        self.head = Some(SeenHead { header, since, confirmed: now });
    }

    /// It has this block at this height.
    pub(super) fn saw(&mut self, number: u64, hash: B256) {
        self.hashes.insert(number, hash);
        if self.hashes.len() > HEADERS {
            self.hashes.pop_first();
        }
    }

    /// Its head is so many seconds behind the newest of all. It takes less to be called lagging no more than it took to
    /// be called so.
    pub(super) fn lags(&mut self, seconds: u64) {
        let limit = if self.lagging.is_some() { LAG_OVER_SECONDS } else { LAG_MAX_SECONDS };
        self.lagging = (seconds > limit).then_some(seconds);
    }

    /// The hash it has at a height, where it told.
    pub(super) fn hash(&self, number: u64) -> Option<B256> {
        self.hashes.get(&number).copied()
    }

    /// Heights at which it told a hash, the newest first.
    pub(super) fn heights(&self) -> impl Iterator<Item = u64> {
        self.hashes.keys().rev().copied()
    }

    /// Its newest block.
    pub(super) fn head(&self) -> Option<&SeenHead> {
        self.head.as_ref()
    }

    /// The time that its chain has reached by now, as far as is known: that of its head, and what has passed since it
    /// told. Who was not asked for a while is not late for that.
    pub(super) fn head_time(&self) -> Option<u64> {
        let head = self.head.as_ref()?;
        Some(head.header.timestamp.saturating_add(head.confirmed.elapsed().as_secs()))
    }

    /// When it last answered.
    pub(super) fn last_answer(&self) -> Option<Instant> {
        self.answered
    }

    /// Of small requests of late.
    pub(super) fn latency(&self) -> Option<Duration> {
        self.latency
    }

    /// Of the last requests, from 0 to 1.
    pub(super) fn error_rate(&self) -> f64 {
        let failed = self.outcomes.iter().filter(|is_good| !**is_good).count();
        let count = |n: usize| u32::try_from(n).map_or(f64::INFINITY, f64::from);
        if self.outcomes.is_empty() { 0.0 } else { count(failed) / count(self.outcomes.len()) }
    }

    /// Why it is not asked at the moment.
    pub(super) fn excluded(&self, now: Instant) -> Option<Excluded> {
        match &self.chain {
            None => return Some(Excluded::Unchecked),
            Some(Err(id)) => return Some(Excluded::OtherChain(*id)),
            Some(Ok(())) => {}
        }
        let aside = self.aside.as_ref().filter(|(until, _)| now < *until);
        aside
            .map(|(until, why)| Excluded::Aside(*until, why.clone()))
            .or(self.forked.map(Excluded::Forked))
            .or(self.lagging.map(Excluded::Lagging))
    }

    /// The lower the better: latency, and errors as if each took five times as long.
    pub(super) fn score(&self) -> Duration {
        const UNKNOWN: Duration = Duration::from_millis(500);
        const FLOOR: Duration = Duration::from_millis(5);
        self.latency.unwrap_or(UNKNOWN).max(FLOOR).mul_f64(1.0 + 4.0 * self.error_rate())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn healthy() -> Health {
        Health { chain: Some(Ok(())), ..Health::default() }
    }

    #[test]
    fn a_failure_sets_aside_for_a_while_and_a_lie_for_longer() {
        let now = Instant::now();
        let mut health = healthy();
        assert_eq!(health.excluded(now), None);
        health.failed(now, &ChainError::Unavailable("gone".into()));
        assert_eq!(health.excluded(now).map(|why| why.name()), Some("failing"));
        assert_eq!(health.excluded(now + Duration::from_secs(1)), None);
        health.failed(now, &ChainError::Contradiction("two answers".into()));
        assert!(health.excluded(now + ASIDE_AFTER_LIE - Duration::from_secs(1)).is_some());
        let wait = Some(Duration::from_secs(90));
        health.failed(now, &ChainError::Throttled { message: String::new(), retry_after: wait });
        assert!(health.excluded(now + Duration::from_secs(89)).is_some());
        assert_eq!(health.excluded(now + Duration::from_secs(91)), None);
    }

    #[test]
    fn lag_is_over_later_than_it_began() {
        let mut health = healthy();
        let lags = |health: &mut Health, seconds| {
            health.lags(seconds);
            health.excluded(Instant::now()).is_some()
        };
        assert_eq!([10, 11, 6, 4, 8].map(|seconds| lags(&mut health, seconds)), [false, true, true, false, false]);
    }

    #[test]
    fn errors_weigh_in_the_score() {
        let now = Instant::now();
        let (mut quick, mut slow) = (healthy(), healthy());
        (0..10).for_each(|_| quick.answered(now, Some(Duration::from_millis(40))));
        (0..10).for_each(|_| slow.answered(now, Some(Duration::from_millis(60))));
        assert!(quick.score() < slow.score());
        (0..10).for_each(|_| quick.failed(now, &ChainError::Unavailable(String::new())));
        assert!((quick.error_rate() - 0.5).abs() < 1e-9);
        assert!(quick.score() > slow.score());
    }
}
