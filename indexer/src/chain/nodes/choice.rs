//! Which node is asked first. Pure.

use std::time::{Duration, Instant};

/// A node that is asked stays the one asked for so long, unless it must not be asked.
const SETTLED: Duration = Duration::from_secs(30);
/// Another must be so much better to be gone over to.
const BETTER: u32 = 2;

/// What the choice is made by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    /// It may be asked.
    pub(super) is_usable: bool,
    /// The lower the better.
    pub(super) score: Duration,
}

/// The node asked first, and since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Preferred {
    /// Its place in the list.
    pub(super) place: usize,
    /// Since when.
    pub(super) since: Instant,
}

impl Preferred {
    /// The first that was given, until enough is known of the others.
    pub(super) fn first(now: Instant) -> Self {
        Self { place: 0, since: now }
    }

    /// The node to ask first from now on. One that may not be asked is left at once; one that is merely worse, when it
    /// has been asked for a while and another is much better: so nothing flaps between two that are about as good.
    pub(super) fn update(&mut self, now: Instant, candidates: &[Candidate]) {
        let usable = candidates.iter().enumerate().filter(|(_, candidate)| candidate.is_usable);
        let Some((best, score)) = usable.map(|(place, c)| (place, c.score)).min_by_key(|(_, score)| *score) else {
            return;
        };
        let current = candidates.get(self.place).filter(|current| current.is_usable);
        let stays = current.is_some_and(|current| {
            let is_settling = now.duration_since(self.since) < SETTLED;
            is_settling || current.score <= score * BETTER
        });
        if !stays {
            *self = Self { place: best, since: now };
        }
    }

    /// Places in the order in which to ask: the preferred one, others that may be asked, best first, then the rest.
    pub(super) fn order(&self, candidates: &[Candidate]) -> Vec<usize> {
        let mut places: Vec<usize> = (0..candidates.len()).collect();
        places.sort_by_key(|place| {
            let Candidate { is_usable, score } = candidates[*place];
            (!is_usable, *place != self.place, score)
        });
        places
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidates(of: &[(bool, u64)]) -> Vec<Candidate> {
        let candidate = |&(is_usable, ms)| Candidate { is_usable, score: Duration::from_millis(ms) };
        of.iter().map(candidate).collect()
    }

    #[test]
    fn an_excluded_node_is_left_at_once_and_come_back_to_when_it_is_much_better() {
        let start = Instant::now();
        let mut preferred = Preferred::first(start);
        preferred.update(start, &candidates(&[(true, 20), (true, 50)]));
        assert_eq!(preferred.place, 0);
        preferred.update(start, &candidates(&[(false, 20), (true, 50)]));
        assert_eq!(preferred.place, 1);
        preferred.update(start + SETTLED / 2, &candidates(&[(true, 20), (true, 50)]));
        assert_eq!(preferred.place, 1, "not yet: it may fail again");
        preferred.update(start + SETTLED, &candidates(&[(true, 20), (true, 50)]));
        assert_eq!(preferred.place, 0);
    }

    #[test]
    fn nothing_flaps_between_two_that_are_about_as_good() {
        let start = Instant::now();
        let mut preferred = Preferred::first(start);
        for turn in 0..100 {
            let scores = if turn % 2 == 0 { [(true, 30), (true, 20)] } else { [(true, 20), (true, 30)] };
            preferred.update(start + SETTLED * turn, &candidates(&scores));
            assert_eq!(preferred.place, 0);
        }
    }

    #[test]
    fn where_none_may_be_asked_the_one_asked_stays() {
        let mut preferred = Preferred { place: 1, since: Instant::now() };
        preferred.update(Instant::now(), &candidates(&[(false, 1), (false, 90)]));
        assert_eq!(preferred.place, 1);
        assert_eq!(preferred.order(&candidates(&[(false, 1), (false, 90), (true, 500)])), [2, 1, 0]);
    }
}
