//! What emissions pay to whom: inflation, the stakers' share and yearly returns.
//!
//! Every figure is one exact fraction of what is stored, in units of 1e-18, rounded down once. `None` where a denominator
//! is 0, where a percentage is above one, which no contract pays by, or where a result does not fit.

use alloy_primitives::{U256, Uint};

use crate::ratio::{ONE, ratio};

/// Seconds of the year that yearly figures mean: 365 days.
pub const YEAR_SECONDS: u64 = 31_536_000;

/// Holds the product of any three amounts and a ratio.
type Wide = Uint<1024, 16>;

/// sVVV of everybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stakes {
    /// sVVV.totalSupply(), the proxy's own included.
    pub staked: U256,
    /// Locked against minted DIEM.
    pub locked: U256,
}

/// VVV emitted in a year at this rate per second, base units.
pub fn per_year(rate_per_second: U256) -> Option<U256> {
    rate_per_second.checked_mul(U256::from(YEAR_SECONDS))
}

/// Yearly emissions as a share of the effective supply.
pub fn inflation(per_year: U256, effective_supply: U256) -> Option<U256> {
    ratio(per_year, effective_supply)
}

impl Stakes {
    /// What of all emissions stakers get: `(1 - p) * (1 - pL * locked / staked)`, where `p` is Venice's percentage and
    /// `pL` its percentage of what locked sVVV would earn.
    pub fn staker_share(&self, venice: U256, venice_locked: U256) -> Option<U256> {
        quotient(wide(ONE.checked_sub(venice)?) * self.left_by_locks(venice_locked)?, wide(ONE) * wide(self.staked))
    }

    /// What one sVVV earns a year on average: yearly emissions times the stakers' share, per sVVV.
    pub fn apr(&self, per_year: U256, venice: U256, venice_locked: U256) -> Option<U256> {
        let left = wide(ONE.checked_sub(venice)?) * self.left_by_locks(venice_locked)?;
        quotient(wide(per_year) * left, wide(ONE) * wide(self.staked) * wide(self.staked))
    }

    /// What one unlocked sVVV earns a year: `per_year * (1 - p) / staked`.
    pub fn apr_unlocked(&self, per_year: U256, venice: U256) -> Option<U256> {
        quotient(wide(per_year) * wide(ONE.checked_sub(venice)?), wide(self.staked))
    }

    /// What one locked sVVV earns a year: that of an unlocked one times `1 - pL`.
    pub fn apr_locked(&self, per_year: U256, venice: U256, venice_locked: U256) -> Option<U256> {
        let left = wide(ONE.checked_sub(venice)?) * wide(ONE.checked_sub(venice_locked)?);
        quotient(wide(per_year) * left, wide(ONE) * wide(self.staked))
    }

    /// `1e18 * staked - pL * locked`.
    fn left_by_locks(&self, venice_locked: U256) -> Option<Wide> {
        let taken = wide(venice_locked) * wide(self.locked);
        (wide(ONE) * wide(self.staked)).checked_sub(taken).filter(|_| venice_locked <= ONE)
    }
}

fn wide(value: U256) -> Wide {
    Wide::from(value)
}

fn quotient(numerator: Wide, denominator: Wide) -> Option<U256> {
    U256::checked_from_limbs_slice(numerator.checked_div(denominator)?.as_limbs())
}
