//! Entitlements, epochs, shares and the curve, held against readings of Base.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use alloy_primitives::{U256, uint};
use ledger::curve::{CELLS, Curve};
use ledger::entitlement::{AllocationPolicy, Policy, StakedDiem, usd_micros};
use ledger::epoch::Epoch;
use ledger::ratio::{ONE, mul_div_floor, ratio};
use proptest::prelude::*;

const TENTH: U256 = uint!(100_000_000_000_000_000_U256);

fn policy(allocation: AllocationPolicy) -> Policy {
    Policy { allocation, minimum_diem: TENTH, pro_minimum_svvv: ONE * U256::from(100) }
}

#[test]
fn the_minimum_is_inclusive() {
    let live = policy(AllocationPolicy::Live);
    let at = live.entitle(&StakedDiem { now: TENTH, epoch_open: U256::ZERO });
    assert!(at.minimum_met && at.spendable() && at.allocation == TENTH);
    let below = live.entitle(&StakedDiem { now: TENTH - U256::ONE, epoch_open: ONE });
    assert!(!below.minimum_met && !below.spendable());
    assert_eq!((below.allocation, below.next_allocation), (U256::ZERO, U256::ZERO));
}

#[test]
fn the_policy_picks_the_amount_that_counts() {
    let staked = StakedDiem { now: ONE, epoch_open: ONE * U256::from(3) };
    let allocation = |which| policy(which).entitle(&staked).allocation;
    assert_eq!(allocation(AllocationPolicy::Live), ONE);
    assert_eq!(allocation(AllocationPolicy::EpochOpen), ONE * U256::from(3));
    assert_eq!(allocation(AllocationPolicy::MinOfBoth), ONE);
    assert_eq!(policy(AllocationPolicy::EpochOpen).entitle(&staked).next_allocation, ONE);
}

#[test]
fn pro_counts_from_a_hundred_on() {
    let live = policy(AllocationPolicy::Live);
    assert!(live.is_pro(ONE * U256::from(100)) && !live.is_pro(ONE * U256::from(100) - U256::ONE));
}

#[test]
fn micros_are_rounded_down() {
    assert_eq!(usd_micros(uint!(1_999_999_999_999_U256)), U256::ONE);
}

/// The last second that 64 bits hold lies in a day that never closes.
#[test]
fn the_end_of_time() {
    let last = Epoch::at(u64::MAX);
    assert_eq!(
        (last.number, last.opens_at(), last.closes_at()),
        (213_503_982_334_601, 18_446_744_073_709_526_400, u64::MAX)
    );
    assert_eq!((Epoch::at(0).opens_at(), Epoch::at(86_399).number, Epoch::at(86_400).number), (0, 0, 1));
}

#[test]
fn midnight_belongs_to_the_day_that_begins() {
    let midnight = 1_789_862_400;
    assert_eq!(Epoch::at(midnight).opens_at(), midnight);
    assert_eq!(Epoch::at(midnight - 1).closes_at(), midnight);
    assert!(Epoch::at(midnight - 1) < Epoch::at(midnight));
}

/// Block 51,530,033: VVV.totalSupply() and VVV.balanceOf(0x0).
#[test]
fn both_burned_shares_of_base() {
    let supply = uint!(114886562770481399543309743_U256);
    let burned = uint!(33877292523889967424801955_U256);
    let percent = |share: Option<U256>| share.unwrap() / uint!(100_000_000_000_000_U256);
    assert_eq!(percent(ratio(burned, supply)), U256::from(2948));
    assert_eq!(percent(ratio(burned, supply - burned)), U256::from(4181));
}

/// Cells 0, 1 and 78 to 80 of the tables at block 51,530,033; the others do not sell.
fn base_curve() -> Curve {
    let mut bounds = vec![U256::ZERO; CELLS];
    let mut rates = vec![U256::ZERO; CELLS];
    let cells = [
        (0, 500, uint!(90000351563186634752_U256)),
        (1, 1_000, uint!(90002812543945768960_U256)),
        (78, 39_500, uint!(617539642041905300000_U256)),
        (79, 40_000, uint!(665015048903758500000_U256)),
        (80, 40_500, uint!(717484307690709900000_U256)),
    ];
    for (cell, bound, rate) in cells {
        bounds[cell] = ONE * U256::from(bound);
        rates[cell] = rate;
    }
    Curve::new(bounds, rates).unwrap()
}

#[test]
fn the_curve_of_base() {
    let curve = base_curve();
    let supply = uint!(37713657734473535977725_U256);
    assert_eq!(curve.mint_rate(U256::ZERO), Some(uint!(90000351563186634752_U256)));
    assert_eq!(curve.mint_rate(ONE * U256::from(500)), Some(uint!(90002812543945768960_U256)), "bounds are exclusive");
    assert_eq!(curve.mint_rate(supply), Some(uint!(617539642041905300000_U256)));
    assert_eq!(curve.target(), Some(ONE * U256::from(40_000)));
    assert_eq!(curve.target().map(|target| target - supply), Some(uint!(2286342265526464022275_U256)));
    assert_eq!(curve.remaining_in_table(supply), uint!(2786342265526464022275_U256));
    assert_eq!(
        (curve.mint_rate(ONE * U256::from(40_500)), curve.remaining_in_table(ONE * U256::from(50_000))),
        (None, U256::ZERO)
    );
}

fn any_u256() -> impl Strategy<Value = U256> {
    any::<[u64; 4]>().prop_map(U256::from_limbs)
}

proptest! {
    #[test]
    fn a_part_of_a_whole_is_at_most_one(a in any_u256(), b in any_u256()) {
        let (part, whole) = (a.min(b), a.max(b));
        prop_assert!(ratio(part, whole).is_none_or(|share| share <= ONE));
        prop_assert_eq!(ratio(part, whole).is_none(), whole.is_zero());
    }

    #[test]
    fn shares_never_add_up_to_more_than_one(parts in prop::collection::vec(any::<u128>(), 1..50)) {
        let whole: U256 = parts.iter().map(|part| U256::from(*part)).sum();
        let shares: U256 = parts.iter().filter_map(|part| ratio(U256::from(*part), whole)).sum();
        prop_assert!(shares <= ONE);
    }

    #[test]
    fn multiplying_and_dividing_by_the_same_is_the_identity(a in any_u256(), b in any_u256()) {
        prop_assume!(!b.is_zero());
        prop_assert_eq!(mul_div_floor(a, b, b), Some(a));
    }

    #[test]
    fn every_second_lies_in_exactly_one_epoch(timestamp in 0..u64::MAX - 86_400) {
        let epoch = Epoch::at(timestamp);
        prop_assert!(epoch.opens_at() <= timestamp && timestamp < epoch.closes_at());
        prop_assert_eq!(epoch.next().opens_at(), epoch.closes_at());
        prop_assert_eq!(Epoch::at(epoch.closes_at()), epoch.next());
        prop_assert_eq!(epoch.closes_at() - epoch.opens_at(), 86_400);
    }

    /// Also of numbers that no timestamp gives.
    #[test]
    fn epochs_are_total(number in any_u64()) {
        let epoch = Epoch { number };
        prop_assert!(epoch.opens_at() <= epoch.closes_at() && epoch.closes_at() <= epoch.next().closes_at());
        let of_time = Epoch::at(number);
        prop_assert!(of_time.opens_at() <= number && number <= of_time.closes_at());
    }

    #[test]
    fn later_is_no_earlier_epoch(a in any_u64(), b in any_u64()) {
        prop_assert!(Epoch::at(a.min(b)) <= Epoch::at(a.max(b)));
        prop_assert_eq!(Epoch::at(a) == Epoch::at(b), a / 86_400 == b / 86_400);
    }

    #[test]
    fn policies_differ_in_the_amount_that_counts_alone(now in near_the_minimum(), epoch_open in near_the_minimum()) {
        let staked = StakedDiem { now, epoch_open };
        let counts = [(AllocationPolicy::Live, now), (AllocationPolicy::EpochOpen, epoch_open)];
        for (which, counts) in counts.into_iter().chain([(AllocationPolicy::MinOfBoth, now.min(epoch_open))]) {
            let entitlement = policy(which).entitle(&staked);
            let enough = |diem: U256| if diem < TENTH { U256::ZERO } else { diem };
            prop_assert_eq!(entitlement.allocation, enough(counts));
            prop_assert_eq!(entitlement.next_allocation, enough(now));
            prop_assert_eq!(entitlement.minimum_met, counts >= TENTH);
            prop_assert_eq!(entitlement.spendable(), counts >= TENTH);
        }
    }
}

/// Any, and those at both ends.
fn any_u64() -> impl Strategy<Value = u64> {
    prop_oneof![4 => any::<u64>(), 1 => 0..200_000_u64, 1 => u64::MAX - 200_000..=u64::MAX]
}

/// Of any size, and a wei or two from what is least.
fn near_the_minimum() -> impl Strategy<Value = U256> {
    prop_oneof![any_u256(), (0..5_u64).prop_map(|wei| TENTH - U256::from(2) + U256::from(wei)), Just(U256::ZERO)]
}
