//! What an account may use.
//!
//! One staked DIEM is one dollar of API credit an epoch. Venice documents no rule for the middle of an epoch, so the
//! policy picks the amount that counts. An allocation is an upper bound of what Venice grants, never what is left.

use alloy_primitives::U256;

/// Which staked amount counts in the running epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AllocationPolicy {
    /// What is staked now.
    Live,
    /// What was staked at the epoch's opening block.
    EpochOpen,
    /// The smaller of the two.
    MinOfBoth,
}

/// How staked DIEM becomes an allocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Which staked amount counts.
    pub allocation: AllocationPolicy,
    /// Below this much staked DIEM nothing is spendable; at it everything is.
    pub minimum_diem: U256,
    /// From this much sVVV on, locked included, an account is a Pro member.
    pub pro_minimum_svvv: U256,
}

/// Staked DIEM of an account at the two moments a policy may ask for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StakedDiem {
    /// At the block asked for. The next epoch opens with it if nothing changes.
    pub now: U256,
    /// At the opening block of the running epoch.
    pub epoch_open: U256,
}

/// Dollars for one epoch, in units of 1e-18.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entitlement {
    /// This epoch.
    pub allocation: U256,
    /// The next epoch, if nothing changes.
    pub next_allocation: U256,
    /// Whether the amount that counts reaches the minimum.
    pub minimum_met: bool,
}

impl Entitlement {
    /// Whether anything may be used at all.
    pub fn spendable(&self) -> bool {
        self.allocation > U256::ZERO
    }
}

impl Policy {
    /// The entitlement of an account.
    pub fn entitle(&self, staked: &StakedDiem) -> Entitlement {
        let counts = match self.allocation {
            AllocationPolicy::Live => staked.now,
            AllocationPolicy::EpochOpen => staked.epoch_open,
            AllocationPolicy::MinOfBoth => staked.now.min(staked.epoch_open),
        };
        Entitlement {
            allocation: self.allocate(counts),
            next_allocation: self.allocate(staked.now),
            minimum_met: counts >= self.minimum_diem,
        }
    }

    /// One DIEM is one dollar, both have 18 decimals.
    fn allocate(&self, diem: U256) -> U256 {
        if diem >= self.minimum_diem { diem } else { U256::ZERO }
    }

    /// Whether this much sVVV makes a Pro member.
    pub fn is_pro(&self, svvv: U256) -> bool {
        svvv >= self.pro_minimum_svvv
    }
}

/// Whole millionths of a dollar in an amount of 1e-18 dollars.
pub fn usd_micros(usd: U256) -> U256 {
    usd / U256::from(1_000_000_000_000_u64)
}
