//! The split by utilisation, against its three corners and the line between them.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use alloy_primitives::U256;
use ledger::ratio::ONE;
use ledger::utilisation::staker_share;
use proptest::prelude::*;

fn one() -> u64 {
    ONE.to::<u64>()
}

fn share(utilisation: u64) -> u64 {
    staker_share(U256::from(utilisation)).unwrap().to::<u64>()
}

#[test]
fn the_corners_and_points_between() {
    let tenth = one() / 10;
    let shares = [80, 68, 56, 44, 32, 20, 32, 44, 56, 68, 80];
    for (tenths, percent) in (0..).zip(shares) {
        assert_eq!(share(tenths * tenth), percent * (one() / 100), "{tenths} tenths");
    }
}

#[test]
fn above_full_use_there_is_none() {
    assert_eq!(staker_share(ONE + U256::from(1)), None);
    assert_eq!(staker_share(U256::MAX), None);
}

proptest! {
    #[test]
    fn between_a_fifth_and_four_fifths(utilisation in 0..=one()) {
        let share = share(utilisation);
        prop_assert!((one() / 5..=one() / 5 * 4).contains(&share));
    }

    #[test]
    fn the_same_from_either_end(utilisation in 0..=one()) {
        prop_assert_eq!(share(utilisation), share(one() - utilisation));
    }

    #[test]
    fn falls_to_the_half_and_rises_from_it(a in 0..=one() / 2, b in 0..=one() / 2) {
        let (less, more) = (a.min(b), a.max(b));
        prop_assert!(share(less) >= share(more));
        prop_assert!(share(one() - less) >= share(one() - more));
    }

    /// `5 * share = 4 - 6 * distance`, short of it by less than one unit of the share.
    #[test]
    fn on_the_line_rounded_down(utilisation in 0..=one()) {
        let distance = i128::from(utilisation.min(one() - utilisation));
        let short = 4 * i128::from(one()) - 6 * distance - 5 * i128::from(share(utilisation));
        prop_assert!((0..5).contains(&short));
    }
}
