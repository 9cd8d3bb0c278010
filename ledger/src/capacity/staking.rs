//! Events of the staking proxy.

use alloy_primitives::{Address, U256};

use super::{Capacity, Step};
use crate::attribution::Attribution;
use crate::block::Block;
use crate::checked::{add, sub};
use crate::event::{DiemSwap, Entry, Staking, Transfer, UserAmount};
use crate::halt::{AnomalyKind, Cause};
use crate::parameter::Parameter;
use crate::position::Cooling;
use crate::ratio::mul_div_floor;

impl Capacity {
    pub(super) fn apply_staking(
        &mut self,
        block: &Block,
        entry: &Entry,
        event: &Staking,
        attribution: &Attribution,
        step: &mut Step,
    ) -> Result<(), Cause> {
        let user = |cause| attribution.user(entry.log_index).ok_or(cause);
        match event {
            Staking::Transfer(transfer) => self.move_svvv(entry, transfer, step),
            Staking::UnstakeInitiated(event) => self.initiate_unstake(entry, event, step),
            Staking::UnstakeFinalized(event) => self.finalize_unstake(entry, event, step),
            Staking::Claimed(event) => self.claim(entry, event, step),
            Staking::DiemMinted(swap) => {
                self.lock(user(Cause::NoPartner { action: "minted", amount: swap.diem })?, swap, step)
            }
            Staking::DiemBurned(swap) => {
                self.unlock(entry, user(Cause::NoPartner { action: "burned", amount: swap.diem })?, swap, step)
            }
            Staking::Set(settings) => {
                self.apply_settings(settings);
                Ok(())
            }
            Staking::Upgraded(implementation) => {
                self.upgrade(block, entry, *implementation);
                Ok(())
            }
            Staking::Initialized => {
                self.reread(block, entry);
                Ok(())
            }
            Staking::OwnershipTransferred(transfer) => {
                self.apply_settings(std::slice::from_ref(&transfer.owner));
                Ok(())
            }
            Staking::Staked(UserAmount { amount, .. }) => {
                self.totals.stakes += u64::from(!amount.is_zero());
                Ok(())
            }
            Staking::Other => Ok(()),
        }
    }

    /// sVVV is minted and burned; between users it does not move, but if it does, it is applied.
    fn move_svvv(&mut self, entry: &Entry, transfer: &Transfer, step: &mut Step) -> Result<(), Cause> {
        let Transfer { from, to, amount } = *transfer;
        if amount.is_zero() {
            return Ok(());
        }
        if !from.is_zero() && !to.is_zero() {
            let detail = format!("sVVV moved from {from} to {to}");
            step.anomaly(entry, AnomalyKind::UnexpectedTransfer, detail);
            // What the contract does with debts then, nobody has seen.
            self.position(from, step)?.reward_debt = None;
            self.position(to, step)?.reward_debt = None;
        }
        if from.is_zero() {
            add(&mut self.totals.svvv_supply, amount, "sVVV supply")?;
            add(&mut self.totals.svvv_minted, amount, "sVVV minted")?;
        } else {
            sub(&mut self.position(from, step)?.svvv, amount, "sVVV balance", from)?;
        }
        if to.is_zero() {
            sub(&mut self.totals.svvv_supply, amount, "sVVV supply", self.contracts.staking)?;
            add(&mut self.totals.svvv_burned, amount, "sVVV burned")
        } else {
            add(&mut self.position(to, step)?.svvv, amount, "sVVV balance")
        }
    }

    /// One cooldown at a time: a second initiate reverts. Should one be seen, the sum cools until nobody knows when.
    fn initiate_unstake(&mut self, entry: &Entry, event: &UserAmount, step: &mut Step) -> Result<(), Cause> {
        let UserAmount { user, amount } = *event;
        add(&mut self.totals.svvv_cooling, amount, "sVVV cooling")?;
        self.totals.unstakes += u64::from(!amount.is_zero());
        let ends_at = cooldown_end(step.timestamp, self.parameters.word(Parameter::SvvvCooldown))?;
        let pending = self.position(user, step)?.svvv_cooling.amount;
        if !pending.is_zero() {
            let detail = format!("{user} began a cooldown of {amount} while {pending} was cooling");
            step.anomaly(entry, AnomalyKind::CooldownMismatch, detail);
        }
        let cooling = &mut self.position(user, step)?.svvv_cooling;
        add(&mut cooling.amount, amount, "sVVV cooling")?;
        cooling.ends_at = if pending.is_zero() && !amount.is_zero() { ends_at } else { None };
        Ok(())
    }

    fn finalize_unstake(&mut self, entry: &Entry, event: &UserAmount, step: &mut Step) -> Result<(), Cause> {
        let UserAmount { user, amount } = *event;
        sub(&mut self.totals.svvv_cooling, amount, "sVVV cooling", user)?;
        let left = withdraw(&mut self.position(user, step)?.svvv_cooling, amount, "sVVV cooling", user)?;
        if !left.is_zero() {
            let detail = format!("{user} was paid {amount} and {left} still cools");
            step.anomaly(entry, AnomalyKind::CooldownMismatch, detail);
        }
        Ok(())
    }

    fn lock(&mut self, user: Address, swap: &DiemSwap, step: &mut Step) -> Result<(), Cause> {
        let totals = &mut self.totals;
        add(&mut totals.svvv_locked, swap.svvv, "sVVV locked")?;
        add(&mut totals.diem_outstanding, swap.diem, "outstanding DIEM")?;
        totals.diem_minted.count(swap.diem, "DIEM minted")?;
        let position = self.position(user, step)?;
        add(&mut position.locked, swap.svvv, "sVVV locked")?;
        add(&mut position.outstanding, swap.diem, "outstanding DIEM")
    }

    fn unlock(&mut self, entry: &Entry, user: Address, swap: &DiemSwap, step: &mut Step) -> Result<(), Cause> {
        let totals = &mut self.totals;
        sub(&mut totals.svvv_locked, swap.svvv, "sVVV locked", user)?;
        sub(&mut totals.diem_outstanding, swap.diem, "outstanding DIEM", user)?;
        totals.diem_burned.count(swap.diem, "DIEM burned")?;
        let position = self.position(user, step)?;
        let expected = mul_div_floor(swap.diem, position.locked, position.outstanding);
        sub(&mut position.locked, swap.svvv, "sVVV locked", user)?;
        sub(&mut position.outstanding, swap.diem, "outstanding DIEM", user)?;
        if expected != Some(swap.svvv) {
            let expected = expected.map_or_else(|| "nothing".into(), |svvv| svvv.to_string());
            let detail = format!("{user} unlocked {}, the formula gives {expected}", swap.svvv);
            step.anomaly(entry, AnomalyKind::UnlockMismatch, detail);
        }
        Ok(())
    }
}

/// When a cooldown that begins now ends, as [`Cooling::ENDS_AT_MAX`] has it; `None` where the duration in force is not known. A
/// sum beyond 256 bits reverts in the contract too, so that no event can tell of it.
pub(super) fn cooldown_end(timestamp: u64, duration: Option<U256>) -> Result<Option<u64>, Cause> {
    let Some(duration) = duration else { return Ok(None) };
    let end = U256::from(timestamp).checked_add(duration).ok_or(Cause::Cooldown(duration))?;
    Ok(Some(u64::try_from(end).map_or(Cooling::ENDS_AT_MAX, |end| end.min(Cooling::ENDS_AT_MAX))))
}

/// Takes an amount out of a cooldown and says what is left in it.
pub(super) fn withdraw(
    cooling: &mut Cooling,
    amount: U256,
    quantity: &'static str,
    user: Address,
) -> Result<U256, Cause> {
    sub(&mut cooling.amount, amount, quantity, user)?;
    if cooling.amount.is_zero() {
        cooling.ends_at = None;
    }
    Ok(cooling.amount)
}
