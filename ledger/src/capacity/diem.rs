//! Events of the DIEM token.

use super::staking::{cooldown_end, withdraw};
use super::{Capacity, Step};
use crate::attribution::Attribution;
use crate::checked::{add, sub};
use crate::event::{Diem, Entry, Transfer, UserAmount};
use crate::halt::{AnomalyKind, Cause};
use crate::parameter::Parameter;

impl Capacity {
    pub(super) fn apply_diem(
        &mut self,
        entry: &Entry,
        event: &Diem,
        attribution: &Attribution,
        step: &mut Step,
    ) -> Result<(), Cause> {
        match event {
            Diem::Transfer(transfer) => self.move_diem(entry, transfer, attribution, step),
            Diem::Staked(UserAmount { user, amount }) => {
                add(&mut self.totals.diem_staked, *amount, "staked DIEM")?;
                add(&mut self.position(*user, step)?.diem_staked, *amount, "staked DIEM")
            }
            Diem::UnstakeInitiated(event) => self.initiate_diem_unstake(event, step),
            Diem::Unstaked(event) => self.unstake_diem(entry, event, step),
            Diem::Set(settings) => {
                self.apply_settings(settings);
                Ok(())
            }
            Diem::RoleGranted(_) | Diem::RoleRevoked(_) | Diem::RoleAdminChanged | Diem::Other => Ok(()),
        }
    }

    fn move_diem(
        &mut self,
        entry: &Entry,
        transfer: &Transfer,
        attribution: &Attribution,
        step: &mut Step,
    ) -> Result<(), Cause> {
        let Transfer { from, to, amount } = *transfer;
        if amount.is_zero() {
            return Ok(());
        }
        let direct = (from.is_zero() || to.is_zero()) && !attribution.is_partnered(entry.log_index);
        if direct {
            step.changes.direct.insert(entry.log_index);
        }
        if from.is_zero() {
            add(&mut self.totals.diem_supply, amount, "DIEM supply")?;
        } else {
            sub(&mut self.position(from, step)?.diem_liquid, amount, "DIEM balance", from)?;
        }
        if to.is_zero() {
            sub(&mut self.totals.diem_supply, amount, "DIEM supply", self.contracts.diem)?;
        } else {
            add(&mut self.position(to, step)?.diem_liquid, amount, "DIEM balance")?;
        }
        if direct && from.is_zero() {
            add(&mut self.totals.diem_minted_direct, amount, "DIEM minted directly")?;
        }
        if direct && to.is_zero() {
            add(&mut self.totals.diem_burned_direct, amount, "DIEM burned directly")?;
        }
        Ok(())
    }

    /// Each initiate resets the timer of the account's whole cooling amount.
    fn initiate_diem_unstake(&mut self, event: &UserAmount, step: &mut Step) -> Result<(), Cause> {
        let UserAmount { user, amount } = *event;
        sub(&mut self.totals.diem_staked, amount, "staked DIEM", user)?;
        add(&mut self.totals.diem_cooling, amount, "DIEM cooling")?;
        let ends_at = cooldown_end(step.timestamp, self.parameters.word(Parameter::DiemCooldown))?;
        let position = self.position(user, step)?;
        sub(&mut position.diem_staked, amount, "staked DIEM", user)?;
        add(&mut position.diem_cooling.amount, amount, "DIEM cooling")?;
        position.diem_cooling.ends_at = if position.diem_cooling.amount.is_zero() { None } else { ends_at };
        Ok(())
    }

    fn unstake_diem(&mut self, entry: &Entry, event: &UserAmount, step: &mut Step) -> Result<(), Cause> {
        let UserAmount { user, amount } = *event;
        sub(&mut self.totals.diem_cooling, amount, "DIEM cooling", user)?;
        let left = withdraw(&mut self.position(user, step)?.diem_cooling, amount, "DIEM cooling", user)?;
        if !left.is_zero() {
            let detail = format!("{user} was paid {amount} DIEM and {left} still cools");
            step.anomaly(entry, AnomalyKind::CooldownMismatch, detail);
        }
        Ok(())
    }
}
