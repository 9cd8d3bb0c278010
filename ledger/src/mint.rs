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
    /// Of what everybody was minted. `treasuries` are all addresses that have been the treasury; `None`: whether another
    /// address has been is not known.
    ///
    /// # Errors
    /// [`Cause::Overflow`], which no supply allows.
    pub fn of<'a>(
        minted: impl IntoIterator<Item = (&'a Address, &'a Minted)>,
        staking: Address,
        treasuries: Option<&BTreeSet<Address>>,
    ) -> Result<Self, Cause> {
        let [mut genesis, mut stakers, mut treasury, mut other] = [Some(Tally::default()); 4];
        for (recipient, minted) in minted {
            let is_dated = minted.undated == Tally::default();
            sum(&mut genesis, is_dated.then_some(minted.genesis))?;
            let emitted = is_dated.then_some(minted.emitted);
            match treasuries {
                _ if *recipient == staking => sum(&mut stakers, emitted)?,
                Some(treasuries) if treasuries.contains(recipient) => sum(&mut treasury, emitted)?,
                Some(_) => sum(&mut other, emitted)?,
                None => {
                    sum(&mut treasury, None)?;
                    sum(&mut other, None)?;
                }
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
