//! What the whole network holds.

use alloy_primitives::U256;

use crate::checked::add;
use crate::halt::Cause;
use crate::rewards::Rewards;

/// Totals that the light events move. Amounts in base units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CapacityTotals {
    /// sVVV.totalSupply().
    pub svvv_supply: U256,
    /// Of it what ever came in.
    pub svvv_minted: U256,
    /// And what ever went out.
    pub svvv_burned: U256,
    /// totalLockedStakedVVV().
    pub svvv_locked: U256,
    /// VVV in the cooldown of unstaking.
    pub svvv_cooling: U256,
    /// Addresses whose VVV cools or waits to be withdrawn.
    pub svvv_cooling_accounts: u64,
    /// Times that more than nothing was staked.
    pub stakes: u64,
    /// Times that more than nothing began to be unstaked.
    pub unstakes: u64,
    /// VVV rewards claimed.
    pub claimed: Tally,
    /// DIEM.totalSupply().
    pub diem_supply: U256,
    /// DIEM minted against locks and not yet burned.
    pub diem_outstanding: U256,
    /// Staked DIEM, cooling left out.
    pub diem_staked: U256,
    /// DIEM in cooldown or waiting to be withdrawn.
    pub diem_cooling: U256,
    /// Addresses whose DIEM cools or waits to be withdrawn.
    pub diem_cooling_accounts: u64,
    /// DIEM minted by DiemMinted events.
    pub diem_minted: Tally,
    /// DIEM minted without one.
    pub diem_minted_direct: U256,
    /// DIEM burned by DiemBurned events.
    pub diem_burned: Tally,
    /// DIEM burned without one.
    pub diem_burned_direct: U256,
    /// Addresses with sVVV, the three contracts left out.
    pub stakers: u64,
    /// Times that an address became one, by the ends of blocks.
    pub stakers_joined: u64,
    /// Times that one ceased to be.
    pub stakers_left: u64,
    /// Addresses with staked DIEM.
    pub diem_stakers: u64,
    /// Times that an address became one, by the ends of blocks.
    pub diem_stakers_joined: u64,
    /// Times that one ceased to be.
    pub diem_stakers_left: u64,
    /// Addresses with outstanding DIEM.
    pub minters: u64,
    /// Logs kept undecoded.
    pub unknown_logs: u64,
    /// The block that first showed the staking proxy as VVV's owner: what was minted before is genesis. `None`: not yet.
    pub genesis_end_block: Option<u64>,
    /// How far rewards are added up; `None`: not known, or not by StakingV2.
    pub rewards: Option<Rewards>,
}

/// Totals that VVV transfers move. Amounts in base units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SupplyTotals {
    /// VVV.totalSupply(): burns do not lower it.
    pub supply: U256,
    /// VVV.balanceOf(0x0).
    pub burned: U256,
    /// Burns of more than zero.
    pub burn_count: u64,
    /// Addresses with VVV, 0x0 left out.
    pub holders: u64,
    /// Times that an address became one, by the ends of blocks: who passes on what it got in the same block is none.
    pub holders_joined: u64,
    /// Times that one ceased to be.
    pub holders_left: u64,
}

/// An amount and how many events it is the sum of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// In base units.
    pub amount: U256,
    /// How many.
    pub count: u64,
}

impl Tally {
    /// What came since an earlier one; `None` where that is no earlier one.
    pub fn since(self, earlier: Self) -> Option<Self> {
        let (amount, count) = (self.amount.checked_sub(earlier.amount)?, self.count.checked_sub(earlier.count)?);
        Some(Self { amount, count })
    }

    /// Both together; `None` where that does not fit.
    pub fn and(self, other: Self) -> Option<Self> {
        let (amount, count) = (self.amount.checked_add(other.amount)?, self.count.checked_add(other.count)?);
        Some(Self { amount, count })
    }

    /// Counts one event more.
    pub(crate) fn count(&mut self, amount: U256, quantity: &'static str) -> Result<(), Cause> {
        self.count += 1;
        add(&mut self.amount, amount, quantity)
    }

    /// Counts one event less.
    pub(crate) fn uncount(&mut self, amount: U256, quantity: &'static str) -> Result<(), Cause> {
        let less = self.count.checked_sub(1).zip(self.amount.checked_sub(amount));
        (self.count, self.amount) = less.ok_or(Cause::Overflow { quantity })?;
        Ok(())
    }
}
