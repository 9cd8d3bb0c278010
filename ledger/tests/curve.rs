//! Quotes of the mint curve, held against a second implementation and against readings of Base.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use alloy_primitives::{U256, uint};
use ledger::curve::{CELLS, Curve, QuoteError};
use ledger::ratio::ONE;
use proptest::prelude::*;

/// Cells 0, 1 and 78 to 80 of the tables at block 51,530,033; the others do not sell.
fn base_curve() -> Curve {
    let cells = [
        (0, 500, uint!(90000351563186634752_U256)),
        (1, 1_000, uint!(90002812543945768960_U256)),
        (78, 39_500, uint!(617539642041905300000_U256)),
        (79, 40_000, uint!(665015048903758500000_U256)),
        (80, 40_500, uint!(717484307690709900000_U256)),
    ];
    let (mut bounds, mut rates) = (vec![U256::ZERO; CELLS], vec![U256::ZERO; CELLS]);
    for (cell, bound, rate) in cells {
        bounds[cell] = tokens(bound);
        rates[cell] = rate;
    }
    Curve::new(bounds, rates).unwrap()
}

fn tokens(count: u64) -> U256 {
    ONE * U256::from(count)
}

#[test]
fn launch_rate_of_base() {
    let curve = base_curve();
    let rate = uint!(90000351563186634752_U256);
    assert_eq!(curve.diem_for(rate, U256::ZERO), Ok(ONE));
    assert_eq!(curve.diem_for(rate - U256::ONE, U256::ZERO), Ok(ONE - U256::ONE));
    assert_eq!(curve.svvv_for(ONE, U256::ZERO), Ok(rate));
    assert_eq!(curve.diem_for(ONE, U256::ZERO), Ok(uint!(11111067708418105_U256)));
}

#[test]
fn a_quote_across_two_buckets_of_base() {
    let curve = base_curve();
    // 500 DIEM of bucket 0 cost exactly 45,000.175781593317376 sVVV; 100 more come from bucket 1.
    let first = uint!(45000175781593317376000_U256);
    let second = uint!(9000281254394576896000_U256);
    assert_eq!(curve.svvv_for(tokens(500), U256::ZERO), Ok(first));
    assert_eq!(curve.svvv_for(tokens(600), U256::ZERO), Ok(first + second));
    assert_eq!(curve.diem_for(first + second, U256::ZERO), Ok(tokens(600)));
    assert_eq!(Curve::average_rate(first + second, tokens(600)), Some(uint!(90000761726646490454_U256)));
}

#[test]
fn the_rate_of_base_at_block_51_530_033() {
    let curve = base_curve();
    let supply = uint!(37713657734473535977725_U256);
    assert_eq!(curve.diem_for(uint!(617539642041905300000_U256), supply), Ok(ONE));
    let bucket = curve.buckets(supply).next().unwrap();
    assert_eq!((bucket.index, bucket.left), (78, uint!(1786342265526464022275_U256)));
}

#[test]
fn past_the_last_bucket_the_contract_reverts() {
    let curve = base_curve();
    let all = curve.svvv_for(tokens(40_500), U256::ZERO).unwrap();
    assert_eq!(curve.diem_for(all, U256::ZERO), Ok(tokens(40_500)));
    assert_eq!(curve.diem_for(all + U256::ONE, U256::ZERO), Err(QuoteError::PastTheTable));
    assert_eq!(curve.svvv_for(tokens(40_500) + U256::ONE, U256::ZERO), Err(QuoteError::PastTheTable));
    for quote in [Curve::diem_for, Curve::svvv_for] {
        assert_eq!(quote(&curve, U256::ZERO, tokens(40_500)), Err(QuoteError::PastTheTable), "even for nothing");
        assert_eq!(quote(&curve, U256::ZERO, U256::ZERO), Ok(U256::ZERO));
    }
}

#[test]
fn what_overflows_in_the_contract_reverts_too() {
    let mut rates = vec![ONE; CELLS];
    rates[0] = U256::MAX / tokens(1);
    let curve = Curve::new((1..=256).map(tokens).collect(), rates.clone()).unwrap();
    assert_eq!(curve.diem_for(U256::ONE, U256::ZERO), Err(QuoteError::Overflow), "rounding up adds 1e18 - 1");
    assert_eq!(curve.svvv_for(U256::ONE, U256::ZERO), Err(QuoteError::Overflow), "the whole bucket is priced first");
    rates[0] = ONE;
    let curve = Curve::new(vec![U256::MAX >> 1; CELLS], rates).unwrap();
    assert_eq!(curve.diem_for(U256::ONE, U256::ZERO), Err(QuoteError::Overflow));
}

/// Buckets as they may be written: widths, rates from one sVVV per DIEM on, some of 0, some bounds that do not rise.
fn curves() -> impl Strategy<Value = Curve> {
    let cell = (0..1_000_000_u64, 1..1_000_u64, 0..1_000_000_000_u64, 0..8_u8);
    prop::collection::vec(cell, CELLS).prop_map(|cells| {
        let (mut bounds, mut rates, mut bound) = (vec![], vec![], U256::ZERO);
        for (width, rate, wei, kind) in cells {
            bound += if kind == 0 { U256::ZERO } else { U256::from(width) };
            bounds.push(if kind == 1 { bound / U256::from(2) } else { bound });
            rates.push(if kind == 2 { U256::ZERO } else { tokens(rate) + U256::from(wei) * U256::from(999_999_937) });
        }
        Curve::new(bounds, rates).unwrap()
    })
}

/// The same written down differently: wei of DIEM are bought one after another, sVVV is rounded up once a bucket.
/// Returns, for each amount of DIEM, what it costs.
fn ladder(curve: &Curve, supply: u64, steps: usize) -> Vec<u128> {
    let cells: Vec<(u128, u128)> = curve.cells().map(|(bound, rate)| (bound.to(), rate.to())).collect();
    let one = 1_000_000_000_000_000_000_u128;
    let (mut costs, mut paid, mut at) = (vec![0_u128], 0_u128, u128::from(supply));
    for (bound, rate) in cells {
        if rate == 0 {
            continue;
        }
        let mut in_bucket = 0;
        while at < bound && costs.len() <= steps {
            at += 1;
            in_bucket += rate;
            costs.push(paid + in_bucket.div_ceil(one));
        }
        paid += in_bucket.div_ceil(one);
    }
    costs
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn quotes_are_those_of_a_ladder_of_single_wei(curve in curves(), supply in 0..5_000_u64, at in any::<prop::sample::Index>()) {
        let costs = ladder(&curve, supply, 20_000);
        prop_assume!(costs.len() > 1);
        let (diem, supply) = (at.index(costs.len()), U256::from(supply));
        let cost = U256::from(costs[diem]);
        prop_assert_eq!(curve.svvv_for(U256::from(diem), supply), Ok(cost));
        // Steps of equal cost cannot be told apart: the contract gives the highest of them.
        let best = costs.partition_point(|other| U256::from(*other) <= cost) - 1;
        prop_assert_eq!(curve.diem_for(cost, supply), Ok(U256::from(best)));
        if diem > 0 {
            let below = costs.partition_point(|other| U256::from(*other) < cost) - 1;
            prop_assert_eq!(curve.diem_for(cost - U256::ONE, supply), Ok(U256::from(below)));
        }
    }

    #[test]
    fn quotes_never_fall(curve in curves(), supply in 0..60_000_000_u64, a in any::<u64>(), b in any::<u64>()) {
        let supply = U256::from(supply);
        let (less, more) = (U256::from(a.min(b)), U256::from(a.max(b)));
        for quote in [Curve::diem_for, Curve::svvv_for] {
            match (quote(&curve, less, supply), quote(&curve, more, supply)) {
                (Ok(less), Ok(more)) => prop_assert!(less <= more),
                (Err(_), Ok(_)) => prop_assert!(false, "more is sold, but not less"),
                _ => {}
            }
        }
    }

    #[test]
    fn quotes_are_never_better_than_the_curve(curve in curves(), supply in 0..60_000_000_u64, svvv in 0..400_000_000_000_u64) {
        let (supply, svvv) = (U256::from(supply), U256::from(svvv));
        let Ok(diem) = curve.diem_for(svvv, supply) else { return Ok(()) };
        let (mut exact, mut rest) = (U256::ZERO, diem);
        for bucket in curve.buckets(supply) {
            let part = rest.min(bucket.left);
            exact += part * bucket.rate;
            rest -= part;
        }
        prop_assert_eq!(rest, U256::ZERO, "sold by the buckets");
        prop_assert!(exact <= svvv * ONE);
    }

    #[test]
    fn the_inverse_is_sufficient_and_minimal(curve in curves(), supply in 0..60_000_000_u64, diem in 1..200_000_000_u64) {
        let (supply, diem) = (U256::from(supply), U256::from(diem));
        let Ok(svvv) = curve.svvv_for(diem, supply) else { return Ok(()) };
        prop_assert!(curve.diem_for(svvv, supply).unwrap() >= diem, "sufficient");
        prop_assert!(curve.diem_for(svvv - U256::ONE, supply).unwrap() < diem, "minimal");
    }

    #[test]
    fn what_is_left_in_the_table_can_be_bought_and_no_more(curve in curves(), supply in 0..60_000_000_u64) {
        let supply = U256::from(supply);
        let left = curve.remaining_in_table(supply);
        prop_assume!(!left.is_zero());
        prop_assert!(curve.svvv_for(left, supply).is_ok());
        prop_assert_eq!(curve.svvv_for(left + U256::ONE, supply), Err(QuoteError::PastTheTable));
    }
}
