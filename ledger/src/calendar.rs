//! When what cools may be withdrawn: now, on a UTC day to come, or nobody knows.

use std::collections::BTreeMap;

use crate::epoch::Epoch;
use crate::halt::Cause;
use crate::position::Cooling;
use crate::totals::Tally;

/// Everything that cools, by when it may be withdrawn. Every amount is counted once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calendar {
    /// All of it, and how many accounts it is of.
    pub cooling: Tally,
    /// What may be withdrawn at the time asked for.
    pub claimable: Tally,
    /// What ends later, by the UTC day on which it does.
    pub days: BTreeMap<Epoch, Tally>,
    /// What ends nobody knows when, because the duration in force was not known.
    pub unknown_end: Tally,
}

impl Calendar {
    /// Of everything that cools, and of the accounts' amounts that may not be withdrawn at a time. What is left of it is
    /// claimable: an end that is reached is.
    ///
    /// # Errors
    /// [`Cause::Overflow`], which no supply allows, also where more cools than there is.
    pub fn at(timestamp: u64, cooling: Tally, accounts: impl IntoIterator<Item = Cooling>) -> Result<Self, Cause> {
        let mut calendar = Self { cooling, claimable: cooling, ..Self::default() };
        let is_waited_for = |account: &Cooling| account.ends_at.is_none_or(|ends_at| timestamp < ends_at);
        for account in accounts.into_iter().filter(|account| !account.amount.is_zero() && is_waited_for(account)) {
            let slot = match account.ends_at {
                None => &mut calendar.unknown_end,
                Some(ends_at) => calendar.days.entry(Epoch::at(ends_at)).or_default(),
            };
            slot.count(account.amount, "cooling")?;
            calendar.claimable.uncount(account.amount, "cooling")?;
        }
        Ok(calendar)
    }
}
