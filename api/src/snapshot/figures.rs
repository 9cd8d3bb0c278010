//! Figures of the network at the block.

use std::collections::HashMap;

use alloy_primitives::{Address, U256};
use ledger::curve::Curve;
use ledger::parameter::Parameter;
use ledger::position::Cooling;
use ledger::totals::{CapacityTotals, SupplyTotals, Tally};
use store::read::parameter::{Changes, Since};
use store::read::{account, cooldown, parameter, totals};

use super::{Snapshot, behind};
use crate::problem::Problem;

impl Snapshot {
    /// Totals that the light events move.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn capacity_totals(&mut self) -> Result<CapacityTotals, Problem> {
        Ok(totals::capacity(&mut self.reading, self.point.number).await?)
    }

    /// Totals that VVV transfers move.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn supply_totals(&mut self) -> Result<SupplyTotals, Problem> {
        Ok(totals::supply(&mut self.reading, self.point.number).await?)
    }

    /// VVV of these addresses; an address never seen is absent.
    ///
    /// # Errors
    /// If single balances cannot be looked up yet, or the database fails.
    pub async fn vvv_balances(&mut self, addresses: &[Address]) -> Result<HashMap<Address, U256>, Problem> {
        behind::hold_indexes(&self.progress)?;
        Ok(account::vvv_balances(&mut self.reading, addresses, self.point.number).await?)
    }

    /// What each sender has burned, the largest first.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn burns(&mut self) -> Result<Vec<(Address, Tally)>, Problem> {
        Ok(totals::burns(&mut self.reading, self.point.number).await?)
    }

    /// A parameter of one word; `None` where it is not known.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn word(&mut self, of: Parameter) -> Result<Option<U256>, Problem> {
        let value = parameter::value(&mut self.reading, of, self.point.number).await?;
        Ok(value.and_then(|words| words.first().copied()))
    }

    /// Every parameter that was ever set or read, with the value in force.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn parameters(&mut self) -> Result<Vec<Since>, Problem> {
        Ok(parameter::in_force(&mut self.reading, self.point.number).await?)
    }

    /// Changes of parameters up to the block.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn parameter_changes(&mut self, wanted: &Changes) -> Result<Vec<Since>, Problem> {
        Ok(parameter::changes(&mut self.reading, wanted, self.point.number).await?)
    }

    /// What cools of everybody's sVVV and DIEM beyond a time, or nobody knows until when: an account at a time.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn cooldowns(&mut self, timestamp: u64) -> Result<(Vec<Cooling>, Vec<Cooling>), Problem> {
        let svvv = cooldown::svvv(&mut self.reading, self.point.number, timestamp).await?;
        Ok((svvv, cooldown::diem(&mut self.reading, self.point.number, timestamp).await?))
    }

    /// The DIEM mint curve; `None` where it is not known.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn curve(&mut self) -> Result<Option<Curve>, Problem> {
        Ok(parameter::curve(&mut self.reading, self.point.number).await?)
    }
}
