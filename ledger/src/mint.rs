//! VVV minted, by origin: before the staking proxy owned the token, and since then for stakers, the treasury or others.
//!
//! What an address was minted is kept as it came; whether the address is a treasury is asked when it is read.

use std::collections::BTreeSet;

use alloy_primitives::{Address, U256};

use crate::checked::add;
use crate::halt::Cause;
use crate::totals::Tally;

/// VVV minted to one address. Mints of 0 count for nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Minted {
    /// Before the staking proxy owned VVV.
    pub genesis: Tally,
    /// Since it does.
    pub emitted: Tally,
    /// While nobody knows whether it had owned it yet.
    pub undated: Tally,
}

/// VVV minted to everybody, by origin. `None`: it cannot be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origins {
    /// Before the staking proxy owned VVV.
    pub genesis: Option<Tally>,
    /// To the staking proxy since.
    pub stakers: Option<Tally>,
    /// To an address that has been the treasury, since.
    pub treasury: Option<Tally>,
    /// To anybody else since.
    pub other: Option<Tally>,
}

/// Who has been the treasury.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Treasuries {
    /// As far as it is known.
    pub known: BTreeSet<Address>,
    /// It was known all the time that the staking proxy has owned VVV.
    pub are_all: bool,
}

/// What the staking proxy's VVV stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backing {
    /// VVV.balanceOf(proxy).
    pub balance: U256,
    /// sVVV.totalSupply().
    pub staked: U256,
    /// VVV in the cooldown of unstaking.
    pub cooling: U256,
    /// VVV ever minted to the proxy.
    pub minted: U256,
    /// Of it claimed.
    pub claimed: U256,
}

impl Backing {
    /// All that was to be there, and all that was, with what was claimed. The difference is what is neither staked, cooling
    /// nor an unclaimed reward: donations, less sVVV that was minted without VVV. `None` where a sum does not fit.
    pub fn owed_and_held(&self) -> Option<(U256, U256)> {
        let owed = self.staked.checked_add(self.cooling)?.checked_add(self.minted)?;
        Some((owed, self.balance.checked_add(self.claimed)?))
    }
}

impl Minted {
    /// All of it.
    ///
    /// # Errors
    /// [`Cause::Overflow`], which no supply allows.
    pub fn amount(&self) -> Result<U256, Cause> {
        let mut sum = self.genesis.amount;
        add(&mut sum, self.emitted.amount, "VVV minted")?;
        add(&mut sum, self.undated.amount, "VVV minted")?;
        Ok(sum)
    }
}

impl Origins {
    /// Of what everybody was minted.
    ///
    /// # Errors
    /// [`Cause::Overflow`], which no supply allows.
    pub fn of<'a>(
        minted: impl IntoIterator<Item = (&'a Address, &'a Minted)>,
        staking: Address,
        treasuries: &Treasuries,
    ) -> Result<Self, Cause> {
        let [mut genesis, mut stakers, mut treasury, mut other] = [Some(Tally::default()); 4];
        for (recipient, minted) in minted {
            let is_dated = minted.undated == Tally::default();
            sum(&mut genesis, is_dated.then_some(minted.genesis))?;
            let emitted = is_dated.then_some(minted.emitted);
            let is_treasury = treasuries.known.contains(recipient);
            if *recipient == staking {
                sum(&mut stakers, emitted)?;
            } else if is_treasury {
                sum(&mut treasury, emitted)?;
            } else if treasuries.are_all {
                sum(&mut other, emitted)?;
            } else if emitted != Some(Tally::default()) {
                (treasury, other) = (None, None);
            }
        }
        Ok(Self { genesis, stakers, treasury, other })
    }
}

/// What is not known makes the sum so.
fn sum(into: &mut Option<Tally>, some: Option<Tally>) -> Result<(), Cause> {
    let (Some(sum), Some(some)) = (&mut *into, some) else {
        *into = None;
        return Ok(());
    };
    sum.count += some.count;
    add(&mut sum.amount, some.amount, "VVV minted")
}
