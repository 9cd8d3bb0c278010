//! Who stands still: the chain, one node, or we. Pure.

use std::time::Duration;

use store::node::Stalls;

/// Nothing new for so long is called standing still. Base has a block every two seconds.
pub(super) const STILL: Duration = Duration::from_secs(30);

/// What is known of a node's head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct HeadSeen {
    /// Its height.
    pub(super) number: u64,
    /// How long ago it was first seen.
    pub(super) age: Duration,
    /// The node still answers.
    pub(super) is_answering: bool,
}

/// Who stands still. `cursor` is the last block stored, and for how long it has been.
pub(super) fn stalls(heads: &[HeadSeen], cursor: Option<(u64, Duration)>) -> Stalls {
    let answering = || heads.iter().filter(|head| head.is_answering);
    let Some(newest) = answering().map(|head| head.number).max() else { return Stalls::default() };
    // How long ago anybody had something new.
    let still_for = answering().map(|head| head.age).min().filter(|age| *age >= STILL);
    let chain = still_for.map(|age| {
        let nodes = if answering().count() == 1 { "the node has" } else { "all nodes have" };
        format!("{nodes} had block {newest} as their newest for {} s: the chain stands still", age.as_secs())
    });
    let writer = cursor.filter(|(number, age)| *number < newest && *age >= STILL).map(|(number, age)| {
        let age = age.as_secs();
        format!("nodes have blocks up to {newest}, and block {number} has been the last one stored for {age} s")
    });
    Stalls { chain, writer }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn head(number: u64, age: Duration, is_answering: bool) -> HeadSeen {
        HeadSeen { number, age, is_answering }
    }

    #[track_caller]
    fn check(heads: &[HeadSeen], cursor: Option<(u64, Duration)>, expected: (bool, bool)) {
        let Stalls { chain, writer } = stalls(heads, cursor);
        assert_eq!((chain.is_some(), writer.is_some()), expected, "{chain:?} {writer:?}");
    }

    #[test]
    fn all_nodes_stand_still_is_the_chain() {
        check(&[head(9, MINUTE, true), head(9, MINUTE, true)], Some((9, MINUTE)), (true, false));
        check(&[head(9, MINUTE, true)], Some((9, MINUTE)), (true, false));
    }

    #[test]
    fn one_that_goes_on_shows_that_it_is_not_the_chain() {
        check(&[head(9, MINUTE, true), head(39, Duration::ZERO, true)], Some((39, Duration::ZERO)), (false, false));
    }

    #[test]
    fn nodes_that_go_on_while_the_cursor_does_not_are_us() {
        check(&[head(39, Duration::ZERO, true)], Some((9, MINUTE)), (false, true));
        check(&[head(39, Duration::ZERO, true)], Some((9, STILL / 2)), (false, false));
    }

    #[test]
    fn both_may_stand_still() {
        check(&[head(39, MINUTE, true)], Some((9, MINUTE)), (true, true));
    }

    #[test]
    fn nodes_that_do_not_answer_say_nothing() {
        check(&[head(39, MINUTE, false)], Some((9, MINUTE)), (false, false));
        check(&[head(39, MINUTE, false), head(50, Duration::ZERO, true)], Some((50, Duration::ZERO)), (false, false));
        check(&[], None, (false, false));
    }
}
