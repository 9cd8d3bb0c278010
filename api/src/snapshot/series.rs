//! Figures at many blocks at once, and who was minted VVV.

use std::collections::BTreeMap;

use alloy_primitives::{Address, U256};
use ledger::mint::{Minted, Treasuries};
use ledger::parameter::Parameter;
use ledger::totals::{CapacityTotals, SupplyTotals, Tally};
use store::read::series::Steps;
use store::read::{mint, series};

use super::{Snapshot, behind};
use crate::problem::Problem;

/// The values that a parameter took, by the block since which it did.
pub type Values = BTreeMap<u64, Option<Vec<U256>>>;

impl Snapshot {
    /// The last block before each of these times, in seconds since 1970, but none after the snapshot's; `None`: none is held.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn last_blocks_before(&mut self, times: &[u64]) -> Result<Vec<Option<u64>>, Problem> {
        let newest = self.point.number;
        let found = series::last_before(&mut self.reading, &self.known.deployment, times, newest).await?;
        let first = self.progress.first_block(&self.known.deployment);
        Ok(found.into_iter().map(|number| number.filter(|number| *number >= first)).collect())
    }

    /// Totals that VVV transfers move, after each of these blocks; none before the first transfer.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn supply_totals_at(&mut self, blocks: &[u64]) -> Result<BTreeMap<u64, SupplyTotals>, Problem> {
        Ok(series::supply(&mut self.reading, blocks).await?)
    }

    /// What everybody was minted of VVV.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn minted(&mut self) -> Result<BTreeMap<Address, Minted>, Problem> {
        Ok(mint::minted(&mut self.reading, self.point.number).await?)
    }

    /// What these recipients were minted up to each of these blocks.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn minted_at(
        &mut self,
        recipients: &[Address],
        blocks: &[u64],
    ) -> Result<BTreeMap<u64, BTreeMap<Address, Minted>>, Problem> {
        Ok(series::minted(&mut self.reading, recipients, blocks).await?)
    }

    /// Who has been the treasury up to the block of these totals, which is the snapshot's.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn treasuries(&mut self, totals: &CapacityTotals) -> Result<Treasuries, Problem> {
        Ok(mint::treasuries(&mut self.reading, totals.genesis_end_block, self.point.number).await?)
    }

    /// What these senders had burned after each of these blocks.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn burned_at(&mut self, senders: &[Address], blocks: &[u64]) -> Result<Steps<Tally>, Problem> {
        Ok(series::burned_by(&mut self.reading, senders, blocks).await?)
    }

    /// VVV of these addresses after each of these blocks.
    ///
    /// # Errors
    /// If single balances cannot be looked up yet, or the database fails.
    pub async fn vvv_balances_at(&mut self, addresses: &[Address], blocks: &[u64]) -> Result<Steps<U256>, Problem> {
        behind::hold_indexes(&self.progress)?;
        Ok(series::vvv_balances(&mut self.reading, addresses, blocks).await?)
    }

    /// The values that a parameter took up to the block.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn values(&mut self, parameter: Parameter) -> Result<Values, Problem> {
        Ok(series::values(&mut self.reading, parameter, self.point.number).await?)
    }
}
