//! What one address holds.

use alloy_primitives::U256;

/// An amount on its way out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cooling {
    /// In base units. Stays after the end until it is withdrawn.
    pub amount: U256,
    /// Seconds since 1970, at most [`Cooling::ENDS_AT_MAX`]. `None` where nothing cools, or where the duration in force was not
    /// known.
    pub ends_at: Option<u64>,
}

impl Cooling {
    /// The last second that can be kept. The contracts take any 256 bits for a duration; an end that is later is kept as this
    /// one, which is after every block there can be: either way nothing ever becomes claimable.
    pub const ENDS_AT_MAX: u64 = i64::MAX.unsigned_abs();

    /// What may be withdrawn at a time; `None` where the end is not known.
    pub fn claimable_at(&self, timestamp: u64) -> Option<U256> {
        if self.amount.is_zero() {
            return Some(U256::ZERO);
        }
        let ends_at = self.ends_at?;
        Some(if timestamp >= ends_at { self.amount } else { U256::ZERO })
    }
}

/// What one address holds of sVVV and DIEM, in base units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// sVVV balance, locked and unlocked together.
    pub svvv: U256,
    /// sVVV locked against minted DIEM.
    pub locked: U256,
    /// DIEM minted against the lock and not yet burned.
    pub outstanding: U256,
    /// Unstaked VVV in cooldown.
    pub svvv_cooling: Cooling,
    /// DIEM balance of the address itself.
    pub diem_liquid: U256,
    /// DIEM staked: what entitles.
    pub diem_staked: U256,
    /// Unstaked DIEM in cooldown or waiting to be withdrawn.
    pub diem_cooling: Cooling,
    /// VVV rewards claimed since the start.
    pub claimed: U256,
    /// What is taken off all that its sVVV has earned since the start, to tell what is pending; `None`: not known.
    pub reward_debt: Option<U256>,
}

/// Nothing, of somebody never seen: who never staked has no debt.
impl Default for Position {
    fn default() -> Self {
        Self {
            svvv: U256::ZERO,
            locked: U256::ZERO,
            outstanding: U256::ZERO,
            svvv_cooling: Cooling::default(),
            diem_liquid: U256::ZERO,
            diem_staked: U256::ZERO,
            diem_cooling: Cooling::default(),
            claimed: U256::ZERO,
            reward_debt: Some(U256::ZERO),
        }
    }
}

impl Position {
    /// sVVV that is not locked. A position never holds less than it has locked.
    pub fn unlocked(&self) -> U256 {
        debug_assert!(self.locked <= self.svvv, "the ledger refuses such a position");
        self.svvv.wrapping_sub(self.locked)
    }
}
