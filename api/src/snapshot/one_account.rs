//! What one address held over time, and what addresses have burned.

use std::collections::HashMap;

use alloy_primitives::Address;
use ledger::totals::Tally;
use store::read::account_history::{self, HeldAt};
use store::read::totals;

use super::{Snapshot, behind};
use crate::problem::Problem;

impl Snapshot {
    /// What an address held after each block that moved something of it, up to this block, the newest first.
    ///
    /// # Errors
    /// If single balances cannot be looked up yet, or the database fails.
    pub async fn account_changes(
        &mut self,
        address: Address,
        up_to: u64,
        limit: usize,
    ) -> Result<Vec<HeldAt>, Problem> {
        behind::hold_indexes(&self.progress)?;
        let up_to = up_to.min(self.point.number);
        Ok(account_history::changes(&mut self.reading, address, up_to, limit).await?)
    }

    /// What an address held after each of these blocks.
    ///
    /// # Errors
    /// If single balances cannot be looked up yet, or the database fails.
    pub async fn account_levels(&mut self, address: Address, blocks: &[u64]) -> Result<Vec<HeldAt>, Problem> {
        behind::hold_indexes(&self.progress)?;
        Ok(account_history::levels(&mut self.reading, address, blocks).await?)
    }

    /// What one sender has burned.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn burned_by(&mut self, sender: Address) -> Result<Tally, Problem> {
        let burned = self.burned_by_each(&[sender]).await?;
        Ok(burned.get(&sender).copied().unwrap_or_default())
    }

    /// What each of these senders has burned; one who never burned is absent.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn burned_by_each(&mut self, senders: &[Address]) -> Result<HashMap<Address, Tally>, Problem> {
        Ok(totals::burned_by(&mut self.reading, senders, self.point.number).await?)
    }
}
