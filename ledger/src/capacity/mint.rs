//! Mints of VVV, which are light logs.

use alloy_primitives::U256;

use super::{Capacity, Step};
use crate::event::Transfer;
use crate::halt::Cause;
use crate::parameter::Parameter;

impl Capacity {
    /// A transfer of VVV that is no mint, or of nothing, is passed over.
    pub(super) fn mint_vvv(&mut self, transfer: &Transfer, step: &mut Step) -> Result<(), Cause> {
        let Transfer { from, to, amount } = *transfer;
        if !from.is_zero() || amount.is_zero() {
            return Ok(());
        }
        let is_owned = self.parameters.word(Parameter::VvvOwner).is_some();
        let minted = self.minted.entry(to).or_default();
        let tally = match (self.totals.genesis_end_block.is_some(), is_owned) {
            (true, _) => &mut minted.emitted,
            (false, true) => &mut minted.genesis,
            (false, false) => &mut minted.undated,
        };
        step.minted.insert(to);
        tally.count(amount, "VVV minted")
    }

    /// Genesis ends when VVV is seen to be the staking proxy's, and never begins again.
    pub(super) fn date_genesis(&mut self, block_number: u64) {
        let owner = self.parameters.word(Parameter::VvvOwner);
        if owner == Some(U256::from_be_slice(self.contracts.staking.as_slice())) {
            self.totals.genesis_end_block.get_or_insert(block_number);
        }
    }
}
