//! What one account holds: one address, or several summed.

use alloy_primitives::U256;
use ledger::entitlement::StakedDiem;
use ledger::position::{Cooling, Position};

use crate::problem::Problem;

/// What one account holds, and what of its DIEM may be withdrawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Holding {
    /// Now. Of several addresses the sums, with the latest end of their cooldowns.
    pub position: Position,
    /// Staked DIEM at the epoch's opening block.
    pub epoch_open: U256,
    /// Cooled DIEM that may be withdrawn; `None` where an end is not known.
    pub diem_claimable: Option<U256>,
}

impl Holding {
    /// Of one address, seen at a time.
    pub fn new(position: Position, epoch_open: U256, timestamp: u64) -> Self {
        Self { position, epoch_open, diem_claimable: position.diem_cooling.claimable_at(timestamp) }
    }

    /// Staked DIEM at the two moments a policy may ask for.
    pub fn staked(&self) -> StakedDiem {
        StakedDiem { now: self.position.diem_staked, epoch_open: self.epoch_open }
    }

    /// Of an account with several addresses.
    ///
    /// # Errors
    /// If a sum does not fit, which no supply allows.
    pub fn sum<'a>(holdings: impl IntoIterator<Item = &'a Self>) -> Result<Self, Problem> {
        let nothing = Self { diem_claimable: Some(U256::ZERO), ..Self::default() };
        holdings
            .into_iter()
            .try_fold(nothing, |sum, next| sum.plus(next))
            .ok_or_else(|| Problem::internal("the holdings of an account do not fit in 256 bits"))
    }

    fn plus(self, other: &Self) -> Option<Self> {
        let (a, b) = (self.position, other.position);
        Some(Self {
            position: Position {
                svvv: a.svvv.checked_add(b.svvv)?,
                locked: a.locked.checked_add(b.locked)?,
                outstanding: a.outstanding.checked_add(b.outstanding)?,
                svvv_cooling: both(a.svvv_cooling, b.svvv_cooling)?,
                diem_liquid: a.diem_liquid.checked_add(b.diem_liquid)?,
                diem_staked: a.diem_staked.checked_add(b.diem_staked)?,
                diem_cooling: both(a.diem_cooling, b.diem_cooling)?,
                claimed: a.claimed.checked_add(b.claimed)?,
                reward_debt: match (a.reward_debt, b.reward_debt) {
                    (Some(a), Some(b)) => Some(a.checked_add(b)?),
                    _ => None,
                },
            },
            epoch_open: self.epoch_open.checked_add(other.epoch_open)?,
            diem_claimable: match (self.diem_claimable, other.diem_claimable) {
                (Some(a), Some(b)) => Some(a.checked_add(b)?),
                _ => None,
            },
        })
    }
}

/// Two cooldowns end with the later one; when that is, is unknown if either end is.
fn both(a: Cooling, b: Cooling) -> Option<Cooling> {
    let ends_at = match (a.amount.is_zero(), b.amount.is_zero()) {
        (true, _) => b.ends_at,
        (_, true) => a.ends_at,
        _ => a.ends_at.zip(b.ends_at).map(|(a, b)| a.max(b)),
    };
    Some(Cooling { amount: a.amount.checked_add(b.amount)?, ends_at })
}
