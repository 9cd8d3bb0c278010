//! The arithmetic against the same in integers that nothing overflows.

use alloy_primitives::{U256, Uint};
use ledger::rewards::{Accrual, Rewards, SCALE, Terms};
use proptest::prelude::*;

type Wide = Uint<1024, 16>;

fn wide(value: U256) -> Wide {
    Wide::from(value)
}

/// Back, where everything on the way fits in 256 bits, which the contract's every product must.
fn narrow(values: &[Wide], results: [Wide; 4]) -> Option<[U256; 4]> {
    let limit = Wide::from(1) << 256;
    let fits = values.iter().chain(&results).all(|value| *value < limit);
    fits.then(|| results.map(|value| U256::from_limbs_slice(&value.as_limbs()[..4])))
}

/// Word for word as the contract's code has it.
fn naive(seconds: u64, terms: &Terms) -> Option<[U256; 4]> {
    let one = Wide::from(1_000_000_000_000_000_000_u64);
    let (scale, s, l) = (wide(SCALE), wide(terms.staked), wide(terms.locked));
    let (p, p_locked) = (wide(terms.venice), wide(terms.venice_locked));
    if l > s || s.is_zero() {
        return None;
    }
    let emitted = Wide::from(seconds) * wide(terms.rate_per_second);
    let venice = emitted * p / one;
    let raw = emitted.checked_sub(venice)?;
    let raw_locked = raw * l / s;
    let raw_unlocked = raw - raw_locked;
    let rise = if s > l { raw_unlocked * scale / (s - l) } else { Wide::ZERO };
    let v = raw_locked * p_locked / one;
    let left = raw_locked.checked_sub(v)?;
    let rise_locked = if l.is_zero() { Wide::ZERO } else { left * scale / l };
    let stakers = rise * (s - l) / scale + rise_locked * l / scale;
    let products = [
        emitted,
        emitted * p,
        raw * l,
        if s > l { raw_unlocked * scale } else { Wide::ZERO },
        raw_locked * p_locked,
        left * scale,
        rise * (s - l),
        rise_locked * l,
    ];
    narrow(&products, [rise, rise_locked, stakers, venice + v])
}

/// Amounts of every magnitude, up to the most there can be.
fn amounts() -> impl Strategy<Value = U256> {
    (any::<[u64; 4]>(), 0..=256_usize).prop_map(|(limbs, bits)| U256::from_limbs(limbs) >> (256 - bits).min(255))
}

fn percentages() -> impl Strategy<Value = U256> {
    let most = 1_000_000_000_000_000_000_u64;
    prop_oneof![Just(0), Just(most), 0..=most, Just(most + 1)].prop_map(U256::from)
}

prop_compose! {
    fn terms()(
        rate_per_second in amounts(),
        venice in percentages(),
        venice_locked in percentages(),
        staked in amounts(),
        locked in amounts(),
        part in 0..4_u8,
    ) -> Terms {
        // Of any two amounts locked is the larger one as often as not: that is none of a contract's.
        let locked = match part {
            0 => U256::ZERO,
            1 => staked,
            2 => locked.min(staked),
            _ => locked,
        };
        Terms { rate_per_second, venice, venice_locked, staked, locked }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn an_accrual_is_that_of_wider_integers_or_none(seconds in any::<u32>(), terms in terms()) {
        let accrual = Accrual::of(seconds.into(), &terms);
        let figures = accrual.map(|a| [a.rise_unlocked, a.rise_locked, a.to_stakers, a.to_treasury]);
        prop_assert_eq!(figures, naive(seconds.into(), &terms));
        if let Some(accrual) = accrual {
            let emitted = U256::from(seconds) * terms.rate_per_second;
            prop_assert!(accrual.to_stakers + accrual.to_treasury <= emitted, "more is minted than emitted");
        }
    }

    #[test]
    fn pending_has_two_floors(unlocked in amounts(), locked in amounts(), a in amounts(), b in amounts(), debt in amounts()) {
        let rewards = Rewards { acc_unlocked: a, acc_locked: b, rewarded_until: 0 };
        let products = [wide(unlocked) * wide(a), wide(locked) * wide(b)];
        let earned = products[0] / wide(SCALE) + products[1] / wide(SCALE);
        let [earned, ..] = narrow(&products, [earned; 4]).map_or([None; 4], |earned| earned.map(Some));
        prop_assert_eq!(rewards.earned(unlocked, locked), earned);
        let pending = earned.and_then(|earned| earned.checked_sub(debt));
        prop_assert_eq!(rewards.pending(unlocked, locked, debt), pending);
    }
}

/// 8 sVVV of which 3 are locked, 10 wei a second for 10 seconds: 5 for Venice, of the rest 35 to locked sVVV of which Venice takes
/// 7, 60 to unlocked; 28 / 3 does not come out even.
#[test]
fn an_accrual_by_hand() {
    let terms = Terms {
        rate_per_second: U256::from(10),
        venice: U256::from(50_000_000_000_000_000_u64),
        venice_locked: U256::from(200_000_000_000_000_000_u64),
        staked: U256::from(8),
        locked: U256::from(3),
    };
    let accrual = Accrual::of(10, &terms).unwrap();
    assert_eq!(accrual.rise_unlocked, U256::from(12) * SCALE);
    assert_eq!(accrual.rise_locked, U256::from(28) * SCALE / U256::from(3));
    assert_eq!((accrual.to_stakers, accrual.to_treasury), (U256::from(60 + 27), U256::from(5 + 7)));
}
