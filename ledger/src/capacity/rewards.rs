//! Rewards as they are added up, and what each account owes of them.
//!
//! The contract shows an update by minting VVV to itself, and an account's settlement by the event of its action. Both are held
//! against what the terms in force give: what does not fit leaves rewards unknown until the contract's own accumulators
//! and debts are read at the end of one block.

use std::collections::BTreeSet;

use alloy_primitives::{Address, U256};

use super::{Capacity, Step};
use crate::attribution::Attribution;
use crate::block::Block;
use crate::checked::add;
use crate::event::{Entry, Event, Staking, Transfer, UserAmount, Vvv};
use crate::halt::{Anomaly, AnomalyKind, Cause};
use crate::parameter::{Parameter, Setting};
use crate::position::Position;
use crate::rewards::{Rewards, Terms};

impl Capacity {
    /// Who may have sVVV after the next block: those who are `stored` with some, save where what is loaded is newer, and
    /// whoever gets some in it.
    pub fn stakers_after(&self, block: &Block, stored: impl IntoIterator<Item = Address>) -> BTreeSet<Address> {
        let mut stakers: BTreeSet<Address> = stored.into_iter().collect();
        for (address, position) in &self.positions {
            match position.svvv.is_zero() {
                true => stakers.remove(address),
                false => stakers.insert(*address),
            };
        }
        stakers.extend(block.entries.iter().filter_map(|entry| match &entry.event {
            Event::Staking(Staking::Transfer(transfer)) if !transfer.to.is_zero() => Some(transfer.to),
            _ => None,
        }));
        stakers
    }

    /// Whether the block tells that rewards were added up.
    pub fn shows_rewards(&self, block: &Block) -> bool {
        block
            .entries
            .iter()
            .any(|entry| matches!(&entry.event, Event::Vvv(Vvv::Transfer(mint)) if self.is_update(mint)))
    }

    fn is_update(&self, transfer: &Transfer) -> bool {
        transfer.from.is_zero() && transfer.to == self.contracts.staking
    }

    /// A mint of VVV to the staking proxy tells that rewards were added up. The contract mints to it even nothing; but a
    /// transfer of nothing is anybody's to make, so one that does not fit is not the contract's.
    pub(super) fn add_up_rewards(&mut self, block: &Block, entry: &Entry, transfer: &Transfer, step: &mut Step) {
        let Some(rewards) = self.totals.rewards else { return };
        if !self.is_update(transfer) {
            return;
        }
        let is_later = block.timestamp > rewards.rewarded_until;
        let terms = Terms::of(&self.parameters, &self.totals).filter(|_| is_later);
        let update = terms.and_then(|terms| rewards.until(block.timestamp, &terms));
        let (to_stakers, to_treasury) = (transfer.amount, self.minted_beside(block, entry));
        match update {
            Some((raised, accrual)) if accrual.to_stakers == to_stakers && Some(accrual.to_treasury) == to_treasury => {
                self.totals.rewards = Some(raised);
            }
            _ if to_stakers.is_zero() => {}
            _ => {
                let beside = to_treasury.map_or_else(|| "more than there can be".into(), |amount| amount.to_string());
                let computed = update.map_or_else(
                    || "cannot be told".into(),
                    |(_, due)| format!("are {} to stakers and {} to the treasury", due.to_stakers, due.to_treasury),
                );
                let (from, to) = (rewards.rewarded_until, block.timestamp);
                let detail = format!("rewards from {from} to {to} {computed}, minted were {to_stakers} and {beside}");
                step.anomaly(entry, AnomalyKind::RewardMismatch, detail);
                self.totals.rewards = None;
            }
        }
    }

    /// What the transaction mints to the treasury, or, where nobody knows who that is, to others than the proxy.
    fn minted_beside(&self, block: &Block, entry: &Entry) -> Option<U256> {
        let treasury = self.parameters.word(Parameter::Treasury);
        let is_treasury = |to: Address| match treasury {
            Some(word) => U256::from_be_slice(to.as_slice()) == word,
            None => to != self.contracts.staking,
        };
        let of_transaction = block.entries.iter().filter(|other| other.tx_index == entry.tx_index);
        of_transaction
            .filter_map(|other| match &other.event {
                Event::Vvv(Vvv::Transfer(mint)) if mint.from.is_zero() && is_treasury(mint.to) => Some(mint.amount),
                _ => None,
            })
            .try_fold(U256::ZERO, |sum, amount| sum.checked_add(amount))
    }

    /// Rewards are paid: all that is pending, and nothing is afterwards.
    pub(super) fn claim(&mut self, entry: &Entry, event: &UserAmount, step: &mut Step) -> Result<(), Cause> {
        let UserAmount { user, amount } = *event;
        let rewards = self.totals.rewards;
        if !amount.is_zero() {
            self.totals.claimed.count(amount, "rewards claimed")?;
        }
        let position = self.position(user, step)?;
        add(&mut position.claimed, amount, "rewards claimed")?;
        let (held, debt) = (*position, position.reward_debt);
        position.reward_debt = debt_of(rewards, &held);
        if let (Some(rewards), Some(debt)) = (rewards, debt) {
            let unlocked = held.svvv.checked_sub(held.locked);
            let pending = unlocked.and_then(|unlocked| rewards.pending(unlocked, held.locked, debt));
            if pending != Some(amount) {
                let pending = pending.map_or_else(|| "less than nothing".into(), |pending| pending.to_string());
                let detail = format!("{user} was paid rewards of {amount}, pending were {pending}");
                step.anomaly(entry, AnomalyKind::RewardMismatch, detail);
            }
        }
        Ok(())
    }

    /// Every action sets its account's debt from its new balances. The accumulators rise at most once in a block, before the
    /// first action, so that the balances after the transaction tell it.
    pub(super) fn settle(
        &mut self,
        transaction: &[Entry],
        attribution: &Attribution,
        step: &mut Step,
    ) -> Result<(), (u32, Cause)> {
        let rewards = self.totals.rewards;
        for entry in transaction {
            if let Some(user) = acting(entry, attribution) {
                let position = self.position(user, step).map_err(|cause| (entry.log_index, cause))?;
                position.reward_debt = debt_of(rewards, position);
            }
        }
        Ok(())
    }

    /// Ends the block: what was read is held against what is derived, and adopted where all of it was read.
    pub(super) fn close_rewards(&mut self, block: &Block, step: &mut Step) {
        let differs = self.totals.rewards.and_then(|rewards| differing(&rewards, block));
        let baseline = block.reading(Parameter::RewardDebts).map(|reading| self.baseline(block, reading));
        let refused = match baseline {
            Some(Ok((rewards, debts))) => self.adopt(rewards, debts, step).err(),
            Some(Err(detail)) => Some(detail),
            None => {
                self.totals.rewards = self.totals.rewards.filter(|_| differs.is_none());
                None
            }
        };
        if refused.is_some() {
            self.totals.rewards = None;
        }
        for detail in [differs, refused].into_iter().flatten() {
            step.changes.anomalies.push(Anomaly { log_index: None, kind: AnomalyKind::RewardMismatch, detail });
        }
    }

    fn adopt(&mut self, rewards: Rewards, debts: Vec<(Address, U256)>, step: &mut Step) -> Result<(), String> {
        for (address, debt) in debts {
            self.position(address, step).map_err(|cause| cause.to_string())?.reward_debt = Some(debt);
        }
        self.totals.rewards = Some(rewards);
        Ok(())
    }

    /// The contract's accumulators and the debts of all who have sVVV, at the end of this block: all, because together they
    /// have all there is.
    fn baseline(&self, block: &Block, reading: &Setting) -> Result<(Rewards, Vec<(Address, U256)>), String> {
        let rewards = read(block).ok_or("debts were read without the accumulators that belong to them")?;
        let debts = reading.debts().ok_or("debts were read of what is no address")?;
        let held = debts.iter().try_fold(U256::ZERO, |held, (address, _)| {
            self.positions.get(address).and_then(|position| held.checked_add(position.svvv))
        });
        let supply = self.totals.svvv_supply;
        if held == Some(supply) {
            return Ok((rewards, debts));
        }
        let held = held.map_or_else(|| "an unknown amount of".into(), |held| held.to_string());
        Err(format!("debts were read of accounts with {held} sVVV, all together have {supply}"))
    }
}

/// The debt that an action leaves; who has nothing owes nothing, whatever was earned.
fn debt_of(rewards: Option<Rewards>, position: &Position) -> Option<U256> {
    if position.svvv.is_zero() && position.locked.is_zero() {
        return Some(U256::ZERO);
    }
    rewards?.earned(position.svvv.checked_sub(position.locked)?, position.locked)
}

/// Whose debt an event tells to be set.
fn acting(entry: &Entry, attribution: &Attribution) -> Option<Address> {
    match &entry.event {
        Event::Staking(Staking::Staked(event) | Staking::UnstakeInitiated(event) | Staking::Claimed(event)) => {
            Some(event.user)
        }
        Event::Staking(Staking::DiemMinted(_) | Staking::DiemBurned(_)) => attribution.user(entry.log_index),
        _ => None,
    }
}

/// The accumulators as read at the end of a block, where all three were.
fn read(block: &Block) -> Option<Rewards> {
    let word = |parameter| block.reading(parameter).and_then(|setting| setting.value.first().copied());
    let rewarded_until = u64::try_from(word(Parameter::LastRewardTimestamp)?).ok()?;
    (rewarded_until <= block.timestamp).then_some(Rewards {
        acc_unlocked: word(Parameter::AccRewardPerShare)?,
        acc_locked: word(Parameter::AccRewardPerShareLocked)?,
        rewarded_until,
    })
}

/// The first figure that was read otherwise than it is derived.
fn differing(rewards: &Rewards, block: &Block) -> Option<String> {
    let derived = [
        (Parameter::LastRewardTimestamp, U256::from(rewards.rewarded_until)),
        (Parameter::AccRewardPerShare, rewards.acc_unlocked),
        (Parameter::AccRewardPerShareLocked, rewards.acc_locked),
    ];
    derived.into_iter().find_map(|(parameter, derived)| {
        let read = *block.reading(parameter)?.value.first()?;
        (read != derived).then(|| format!("{} is {read}, derived {derived}", parameter.name()))
    })
}
