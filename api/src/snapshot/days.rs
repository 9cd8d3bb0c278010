//! The network some days before the block, and who was active since.

use ledger::totals::{CapacityTotals, SupplyTotals};
use store::read::{activity, totals};

use super::Snapshot;
use crate::problem::Problem;

impl Snapshot {
    /// The last block with a timestamp at or before that of the block less so many seconds. `None`: it lies before the
    /// first block held, or the block's time is not known.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn block_before(&mut self, seconds: u64) -> Result<Option<u64>, Problem> {
        let Some(then) = self.point.timestamp.and_then(|now| now.checked_sub(seconds)) else { return Ok(None) };
        Ok(self.last_blocks_before(&[then.saturating_add(1)]).await?.into_iter().next().flatten())
    }

    /// Totals that the light events move and those that VVV transfers move, after an earlier block.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn totals_at(&mut self, block_number: u64) -> Result<(CapacityTotals, SupplyTotals), Problem> {
        let capacity = totals::capacity(&mut self.reading, block_number).await?;
        Ok((capacity, totals::supply(&mut self.reading, block_number).await?))
    }

    /// How many addresses staked, unstaked, claimed, minted or burned more than nothing after an earlier block.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn active_since(&mut self, block_number: u64) -> Result<u64, Problem> {
        let contracts = self.known.deployment.contracts;
        let apart = [contracts.vvv, contracts.staking, contracts.diem];
        Ok(activity::active(&mut self.reading, &apart, block_number, self.point.number).await?)
    }
}
