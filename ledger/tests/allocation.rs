//! Parts of an amount: exact to the unit, whatever the order.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use alloy_primitives::U256;
use ledger::allocation::{TooHeavy, split};
use ledger::ratio::ONE;
use proptest::prelude::*;

fn weights(of: &[(&'static str, u64)]) -> Vec<(&'static str, U256)> {
    of.iter().map(|(key, weight)| (*key, U256::from(*weight))).collect()
}

#[test]
fn what_is_left_goes_to_the_largest_remainders() {
    // 10 by 1:2:4 are 1.43, 2.86 and 5.71.
    let parts = split(U256::from(10), &weights(&[("a", 1), ("b", 2), ("c", 4)])).unwrap();
    assert_eq!(parts, [1, 3, 6].map(U256::from));
}

#[test]
fn ties_go_to_the_smaller_key() {
    let parts = split(U256::from(2), &weights(&[("c", 1), ("a", 1), ("b", 1)])).unwrap();
    assert_eq!(parts, [0, 1, 1].map(U256::from));
}

#[test]
fn nobody_to_give_to() {
    assert_eq!(split::<u8>(ONE, &[]), Ok(vec![]));
    assert_eq!(split(ONE, &weights(&[("a", 0), ("b", 0)])), Ok(vec![U256::ZERO; 2]));
}

#[test]
fn weights_that_do_not_fit() {
    assert_eq!(split(ONE, &[(1, U256::MAX), (2, U256::ONE)]), Err(TooHeavy));
    assert_eq!(split(U256::MAX, &[(1, U256::MAX), (2, U256::ZERO)]), Ok(vec![U256::MAX, U256::ZERO]));
}

/// One unit at a time, each to whoever lags furthest behind its exact share of the whole.
fn handed_out(amount: u64, weights: &[(u16, u64)]) -> Vec<u64> {
    let total: i128 = weights.iter().map(|(_, weight)| i128::from(*weight)).sum();
    let mut parts: Vec<u64> = weights
        .iter()
        .map(|(_, weight)| u64::try_from(i128::from(*weight) * i128::from(amount) / total).unwrap())
        .collect();
    while parts.iter().sum::<u64>() < amount {
        let lag = |index: usize| i128::from(weights[index].1) * i128::from(amount) - i128::from(parts[index]) * total;
        let next = (0..parts.len()).max_by_key(|index| (lag(*index), std::cmp::Reverse(weights[*index].0))).unwrap();
        parts[next] += 1;
    }
    parts
}

fn any_u256() -> impl Strategy<Value = U256> {
    any::<[u64; 4]>().prop_map(U256::from_limbs)
}

/// Distinct keys in any order; weights small enough to tie, and to be 0.
fn claims(weight: impl Strategy<Value = u64>) -> impl Strategy<Value = Vec<(u16, u64)>> {
    prop::collection::btree_map(any::<u16>(), weight, 1..40)
        .prop_map(|claims| claims.into_iter().collect::<Vec<_>>())
        .prop_shuffle()
}

proptest! {
    #[test]
    fn parts_add_up_exactly(amount in any_u256(), claims in prop::collection::vec(any::<u128>(), 1..60)) {
        let claims: Vec<_> = claims.into_iter().map(U256::from).enumerate().collect();
        let parts = split(amount, &claims).unwrap();
        let total: U256 = claims.iter().map(|(_, weight)| weight).sum();
        prop_assume!(!total.is_zero());
        let mut sum = U256::ZERO;
        for part in &parts {
            sum = sum.checked_add(*part).unwrap();
        }
        prop_assert_eq!(sum, amount);
        for ((_, weight), part) in claims.iter().zip(parts) {
            let down = ledger::ratio::mul_div_floor(amount, *weight, total).unwrap();
            let up = ledger::ratio::mul_div_ceil(amount, *weight, total).unwrap();
            prop_assert!(part == down || part == up, "no further than one unit from the exact share");
        }
    }

    #[test]
    fn the_order_does_not_matter(amount in any::<u64>(), claims in claims(0..4_u64)) {
        let claims: Vec<_> = claims.into_iter().map(|(key, weight)| (key, U256::from(weight))).collect();
        let parts = split(U256::from(amount), &claims).unwrap();
        let mut sorted = claims.clone();
        sorted.sort_unstable();
        let again = split(U256::from(amount), &sorted).unwrap();
        for (claim, part) in claims.iter().zip(parts) {
            prop_assert_eq!(part, again[sorted.iter().position(|other| other == claim).unwrap()]);
        }
    }

    #[test]
    fn parts_are_those_of_handing_out_one_at_a_time(amount in 0..1_000_000_u64, claims in claims(0..50_u64)) {
        prop_assume!(claims.iter().any(|(_, weight)| *weight > 0));
        let wide: Vec<_> = claims.iter().map(|(key, weight)| (*key, U256::from(*weight))).collect();
        let parts: Vec<u64> = split(U256::from(amount), &wide).unwrap().into_iter().map(|part| part.to()).collect();
        prop_assert_eq!(parts, handed_out(amount, &claims));
    }

    #[test]
    fn who_has_more_gets_no_less(amount in any_u256(), claims in claims(0..1_000_u64)) {
        let claims: Vec<_> = claims.into_iter().map(|(key, weight)| (key, U256::from(weight))).collect();
        let parts = split(amount, &claims).unwrap();
        let mut got: Vec<_> = claims.iter().map(|(_, weight)| *weight).zip(parts).collect();
        got.sort_unstable();
        prop_assert!(got.windows(2).all(|pair| pair[0].0 == pair[1].0 || pair[0].1 <= pair[1].1));
    }
}
