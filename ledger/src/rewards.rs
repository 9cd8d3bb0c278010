//! What sVVV earns, to the wei as StakingV2 counts it: two accumulators of rewards per share, and a debt an account.
//!
//! At the first action of a timestamp the contract adds up what was emitted since the last one: Venice's percentage goes to the
//! treasury, the rest to unlocked and locked sVVV by their amounts, and of what the locked part would earn another
//! percentage to the treasury. The accumulators are in units of 1e-36 VVV per sVVV. All divisions round down, where and as
//! often as the contract's do. `None` stands for what does not fit and for what would revert: no share of nothing, no
//! percentage above one.

use alloy_primitives::{U256, uint};

use crate::parameter::{Parameter, Parameters};
use crate::position::Position;
use crate::ratio::ONE;
use crate::totals::CapacityTotals;

/// 1e36: the unit of the accumulators.
pub const SCALE: U256 = uint!(1_000_000_000_000_000_000_000_000_000_000_000_000_U256);

/// How far rewards are added up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rewards {
    /// accRewardPerShare(): what one unlocked sVVV has earned since the start, 1e36.
    pub acc_unlocked: U256,
    /// accRewardPerShareLocked(): the same of a locked one.
    pub acc_locked: U256,
    /// lastRewardTimestamp(): seconds since 1970.
    pub rewarded_until: u64,
}

/// What decides who earns how much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// VVV emitted per second, base units.
    pub rate_per_second: U256,
    /// Venice's share of emissions, 1e18 = all.
    pub venice: U256,
    /// Venice's share of what locked sVVV would earn, 1e18 = all.
    pub venice_locked: U256,
    /// sVVV.totalSupply(), the proxy's own included.
    pub staked: U256,
    /// Of it locked against minted DIEM.
    pub locked: U256,
}

/// What an update of the rewards comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accrual {
    /// By how much the accumulator of unlocked sVVV rises.
    pub rise_unlocked: U256,
    /// By how much that of locked sVVV does.
    pub rise_locked: U256,
    /// VVV minted to the staking proxy.
    pub to_stakers: U256,
    /// VVV minted to the treasury.
    pub to_treasury: U256,
}

impl Terms {
    /// Those in force; `None` where a parameter is not known.
    pub fn of(parameters: &Parameters, totals: &CapacityTotals) -> Option<Self> {
        Some(Self {
            rate_per_second: parameters.word(Parameter::EmissionRate)?,
            venice: parameters.word(Parameter::VenicePercentage)?,
            venice_locked: parameters.word(Parameter::VenicePercentageLocked)?,
            staked: totals.svvv_supply,
            locked: totals.svvv_locked,
        })
    }
}

impl Accrual {
    /// Of so many seconds.
    pub fn of(seconds: u64, terms: &Terms) -> Option<Self> {
        let Terms { rate_per_second, venice, venice_locked, staked, locked } = *terms;
        let emitted = U256::from(seconds).checked_mul(rate_per_second)?;
        let to_venice = mul_div(emitted, venice, ONE)?;
        let raw = emitted.checked_sub(to_venice)?;
        let unlocked = staked.checked_sub(locked)?;
        let raw_locked = mul_div(raw, locked, staked)?;
        let from_locked = mul_div(raw_locked, venice_locked, ONE)?;
        let rise_unlocked = share(raw.checked_sub(raw_locked)?, unlocked)?;
        let rise_locked = share(raw_locked.checked_sub(from_locked)?, locked)?;
        let to_unlocked = mul_div(rise_unlocked, unlocked, SCALE)?;
        Some(Self {
            rise_unlocked,
            rise_locked,
            to_stakers: to_unlocked.checked_add(mul_div(rise_locked, locked, SCALE)?)?,
            to_treasury: to_venice.checked_add(from_locked)?,
        })
    }
}

impl Rewards {
    /// Raised by what has accrued up to a time, which is what an update then comes to.
    pub fn until(&self, timestamp: u64, terms: &Terms) -> Option<(Self, Accrual)> {
        let accrual = Accrual::of(timestamp.checked_sub(self.rewarded_until)?, terms)?;
        let raised = Self {
            acc_unlocked: self.acc_unlocked.checked_add(accrual.rise_unlocked)?,
            acc_locked: self.acc_locked.checked_add(accrual.rise_locked)?,
            rewarded_until: timestamp,
        };
        Some((raised, accrual))
    }

    /// All that these balances would have earned since the start: two floors. What an account's debt is set to.
    pub fn earned(&self, unlocked: U256, locked: U256) -> Option<U256> {
        let of_unlocked = mul_div(unlocked, self.acc_unlocked, SCALE)?;
        of_unlocked.checked_add(mul_div(locked, self.acc_locked, SCALE)?)
    }

    /// What an account with these balances and this debt may claim.
    pub fn pending(&self, unlocked: U256, locked: U256, debt: U256) -> Option<U256> {
        self.earned(unlocked, locked)?.checked_sub(debt)
    }
}

/// What pendingRewards() answers for an account at the end of a block: with what has accrued up to the block's time.
/// `None` where rewards, terms or the account's debt are not known.
pub fn pending_at(position: &Position, rewards: Option<Rewards>, terms: Option<Terms>, timestamp: u64) -> Option<U256> {
    let (rewards, _) = rewards?.until(timestamp, &terms?)?;
    rewards.pending(position.svvv.checked_sub(position.locked)?, position.locked, position.reward_debt?)
}

/// Per share, in units of 1e-36. Without shares nothing rises.
fn share(amount: U256, shares: U256) -> Option<U256> {
    if shares.is_zero() { Some(U256::ZERO) } else { mul_div(amount, SCALE, shares) }
}

/// As the contract does it: the product has to fit in 256 bits.
fn mul_div(a: U256, b: U256, divisor: U256) -> Option<U256> {
    a.checked_mul(b)?.checked_div(divisor)
}
