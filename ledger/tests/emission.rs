//! Emissions, held against readings of Base and against the definition of a quotient.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use alloy_primitives::{U256, Uint, uint};
use ledger::emission::{Stakes, inflation, per_year};
use ledger::ratio::ONE;
use proptest::prelude::*;

type Wide = Uint<2048, 32>;

/// Block 51,530,033: sVVV.totalSupply() and totalLockedStakedVVV().
const BASE: Stakes =
    Stakes { staked: uint!(33941208987993140790795723_U256), locked: uint!(8954489934888212779041642_U256) };
const BASE_RATE: U256 = uint!(79274479959411466_U256);
const FIFTH: U256 = uint!(200_000_000_000_000_000_U256);

#[test]
fn emissions_of_base() {
    let yearly = per_year(BASE_RATE).unwrap();
    assert_eq!(yearly, uint!(2499999999999999991776000_U256));
    let effective = uint!(81009270246591431974507788_U256);
    assert_eq!(inflation(yearly, effective), Some(uint!(30860665605183508_U256)));
    assert_eq!(BASE.staker_share(U256::ZERO, FIFTH), Some(uint!(947235291836210637_U256)));
    assert_eq!(BASE.apr(yearly, U256::ZERO, FIFTH), Some(uint!(69770296939871785_U256)));
    assert_eq!(BASE.apr_unlocked(yearly, U256::ZERO), Some(uint!(73656775186894094_U256)));
    assert_eq!(BASE.apr_locked(yearly, U256::ZERO, FIFTH), Some(uint!(58925420149515275_U256)));
}

#[test]
fn without_stakers_there_is_no_return() {
    let nobody = Stakes { staked: U256::ZERO, locked: U256::ZERO };
    assert_eq!(nobody.staker_share(U256::ZERO, FIFTH), None);
    assert_eq!(nobody.apr(ONE, U256::ZERO, FIFTH), None);
    assert_eq!(nobody.apr_unlocked(ONE, U256::ZERO), None);
    assert_eq!(nobody.apr_locked(ONE, U256::ZERO, FIFTH), None);
    assert_eq!(inflation(ONE, U256::ZERO), None);
}

#[test]
fn more_than_all_is_no_percentage() {
    let more = ONE + U256::ONE;
    assert_eq!((BASE.staker_share(more, FIFTH), BASE.staker_share(FIFTH, more)), (None, None));
    assert_eq!((BASE.apr_unlocked(ONE, more), BASE.apr_locked(ONE, FIFTH, more)), (None, None));
    assert_eq!(per_year(U256::MAX), None);
}

/// `floor(numerator / denominator)`, by what it means.
fn is_floor(value: Option<U256>, numerator: Wide, denominator: Wide) -> bool {
    let value = Wide::from(value.unwrap());
    value * denominator <= numerator && numerator < (value + Wide::from(1)) * denominator
}

proptest! {
    #[test]
    fn figures_are_the_fractions_they_are_defined_as(
        staked in 1..u128::MAX, locked in any::<u128>(), yearly in any::<u128>(), p in 0..=ONE.to::<u64>(), pl in 0..=ONE.to::<u64>()
    ) {
        let stakes = Stakes { staked: U256::from(staked), locked: U256::from(locked.min(staked)) };
        let [yearly, p, pl] = [U256::from(yearly), U256::from(p), U256::from(pl)];
        let [w, s, l, y] = [ONE, stakes.staked, stakes.locked, yearly].map(Wide::from);
        let (left, left_locked) = (w - Wide::from(p), w - Wide::from(pl));
        // (1 - p)(1 - pL L / S) = (1 - p)(S - L + (1 - pL) L) / S
        let share = left * (w * (s - l) + left_locked * l);
        prop_assert!(is_floor(stakes.staker_share(p, pl), share, w * s));
        prop_assert!(is_floor(stakes.apr(yearly, p, pl), y * share, w * s * s));
        prop_assert!(is_floor(stakes.apr_unlocked(yearly, p), y * left, s));
        prop_assert!(is_floor(stakes.apr_locked(yearly, p, pl), y * left * left_locked, w * s));
        prop_assert!(stakes.staker_share(p, pl).unwrap() <= ONE);
    }
}
