//! What rewards are told by.

use ledger::parameter::{Parameter, Parameters};
use ledger::rewards::Terms;
use ledger::totals::CapacityTotals;
use store::read::parameter;

use super::Snapshot;
use crate::problem::Problem;

/// Parameters that decide who earns how much.
const DECIDING: [Parameter; 3] =
    [Parameter::EmissionRate, Parameter::VenicePercentage, Parameter::VenicePercentageLocked];

impl Snapshot {
    /// The terms in force, with the block's totals; `None` where a parameter is not known.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn reward_terms(&mut self, totals: &CapacityTotals) -> Result<Option<Terms>, Problem> {
        let mut known = Parameters::default();
        for parameter in DECIDING {
            known.set(parameter, parameter::value(&mut self.reading, parameter, self.point.number).await?);
        }
        Ok(Terms::of(&known, totals))
    }
}
