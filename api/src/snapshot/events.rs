//! What happened up to the block, the newest first.

use store::read::event;
use store::read::event::{EventFilter, EventRecord};

use super::{Snapshot, behind};
use crate::problem::Problem;

impl Snapshot {
    /// Decoded logs up to the block, the newest first.
    ///
    /// # Errors
    /// If transfers cannot be looked up yet, or the database fails.
    pub async fn events(&mut self, filter: &EventFilter) -> Result<Vec<EventRecord>, Problem> {
        if filter.has_vvv_transfers() {
            behind::hold_indexes(&self.progress)?;
        }
        Ok(event::events(&mut self.reading, filter, self.point.number).await?)
    }

    /// Burns up to the block that came before this log, the newest first.
    ///
    /// # Errors
    /// If transfers cannot be looked up yet, or the database fails.
    pub async fn burn_events(&mut self, before: Option<(u64, u32)>, limit: usize) -> Result<Vec<EventRecord>, Problem> {
        behind::hold_indexes(&self.progress)?;
        Ok(event::burns(&mut self.reading, before, limit, self.point.number).await?)
    }
}
