//! Checked arithmetic on amounts, with errors that say which amount.

use alloy_primitives::{Address, U256};

use crate::halt::Cause;

/// Adds, or says what overflowed.
pub(crate) fn add(target: &mut U256, amount: U256, quantity: &'static str) -> Result<(), Cause> {
    *target = target.checked_add(amount).ok_or(Cause::Overflow { quantity })?;
    Ok(())
}

/// Takes away, or says whose what would go below zero.
pub(crate) fn sub(target: &mut U256, amount: U256, quantity: &'static str, address: Address) -> Result<(), Cause> {
    let held = *target;
    *target = held.checked_sub(amount).ok_or(Cause::BelowZero { quantity, address, held, lost: amount })?;
    Ok(())
}

/// Keeps a count of accounts for which something holds, by whether it did and does of one.
pub(crate) fn recount(count: &mut u64, held: (bool, bool)) {
    match held {
        (false, true) => *count += 1,
        (true, false) => *count -= 1,
        _ => {}
    }
}

/// The same, and of how many it came to hold and ceased to.
pub(crate) fn recount_changes(count: &mut u64, joined: &mut u64, left: &mut u64, held: (bool, bool)) {
    recount(count, held);
    *joined += u64::from(held == (false, true));
    *left += u64::from(held == (true, false));
}
