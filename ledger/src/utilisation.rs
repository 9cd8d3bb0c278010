//! The split of emissions that was in force until StakingV2, by how much of Venice's capacity was in use. Utilisation is on
//! no chain, so this answers only "what if".
//!
//! Stakers get 80 % of emissions at no use and at full use, 20 % at one half, and what lies on the line between.

use alloy_primitives::{U256, uint};

use crate::ratio::ONE;

const HALF: U256 = uint!(500_000_000_000_000_000_U256);
/// Stakers' share at either end, 0.8.
const SHARE_MAX: U256 = uint!(800_000_000_000_000_000_U256);

/// What of emissions stakers get at this utilisation, both in units of 1e-18, rounded down: `0.8 - 1.2 u` up to one half,
/// and beyond it the same at the same distance from full use. `None` where utilisation is above one.
pub fn staker_share(utilisation: U256) -> Option<U256> {
    let from_full = ONE.checked_sub(utilisation)?;
    let from_end = utilisation.min(from_full);
    debug_assert!(from_end <= HALF, "one of two parts of one");
    // Rounded up, since it is taken away: 1.2 = 6 / 5.
    SHARE_MAX.checked_sub((from_end * U256::from(6)).div_ceil(U256::from(5)))
}
