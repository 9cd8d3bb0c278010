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
    /// Of these accounts' cooling amounts, at a time. An end that is reached is claimable.
    ///
    /// # Errors
    /// [`Cause::Overflow`], which no supply allows.
    pub fn at(timestamp: u64, accounts: impl IntoIterator<Item = Cooling>) -> Result<Self, Cause> {
        let mut calendar = Self::default();
        for cooling in accounts.into_iter().filter(|cooling| !cooling.amount.is_zero()) {
            let slot = match cooling.ends_at {
                None => &mut calendar.unknown_end,
                Some(ends_at) if ends_at <= timestamp => &mut calendar.claimable,
                Some(ends_at) => calendar.days.entry(Epoch::at(ends_at)).or_default(),
            };
            slot.count(cooling.amount, "cooling")?;
            calendar.cooling.count(cooling.amount, "cooling")?;
        }
        Ok(calendar)
    }
}
