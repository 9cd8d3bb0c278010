//! The derived state held against the contracts while the follower runs, beside it and at a low rate.
//!
//! It shares nothing with the follower but the node: what is finalized it reads from the database, as any reader does.
//! A node that does not answer is no drift, and holds nobody up.

use std::time::Duration;

use store::read::progress::Needs;
use store::read::{Database, Limits, ReadError, progress, verification};
use store::verification::{Notes, Outcome};
use tracing::{info, warn};

use crate::chain::Chain;
use crate::verify::report::Report;
use crate::verify::{VerifyError, Which, verify};

/// How often it is looked whether a comparison is due; and so the least time between two in a backfill.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Until the next try after one that came to nothing.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(60);
/// A comparison that takes longer is given up.
const PATIENCE: Duration = Duration::from_secs(30);
/// Addresses compared each time: those that changed last.
const ADDRESSES: u32 = 50;
/// Differences that are noted and logged in full.
const DETAIL_MAX: usize = 20;

/// A connection to look with, and one for the addresses.
pub const LIMITS: Limits = Limits {
    application_name: "venice-indexer-drift",
    connections_max: 2,
    statement_timeout: Duration::from_secs(10),
    acquire_timeout: Duration::from_secs(5),
};

/// Compares again and again.
#[derive(Debug)]
pub struct Watch<C> {
    /// The node.
    pub chain: C,
    /// What is compared.
    pub database: Database,
    /// Where outcomes go.
    pub notes: Notes,
    /// Blocks from one comparison to the next; 0: never.
    pub every_blocks: u64,
}

impl<C: Chain> Watch<C> {
    /// Never ends.
    pub async fn watch(&self) {
        if self.every_blocks == 0 {
            return std::future::pending().await;
        }
        let mut said = String::new();
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let looked = tokio::time::timeout(PATIENCE, self.look()).await;
            let failure = match looked {
                Ok(Ok(())) => continue,
                Ok(Err(error)) => error.to_string(),
                Err(_) => format!("no answer within {} s", PATIENCE.as_secs()),
            };
            if said != failure {
                info!("the derived state could not be compared with the contracts: {failure}");
                said = failure;
            }
            tokio::time::sleep(PAUSE_AFTER_FAILURE).await;
        }
    }

    async fn look(&self) -> Result<(), VerifyError> {
        let (last, finalized) = self.standing().await?;
        let Some(block) = due(last, finalized, self.every_blocks) else { return Ok(()) };
        let report = verify(&self.chain, &self.database, Some(block), &Which::Recent(ADDRESSES)).await?;
        if report.compared == 0 {
            return Err(VerifyError::Missing(format!("the contracts answer nothing at block {block}")));
        }
        tell(&report);
        let noted = self.notes.verified(&outcome(&report)).await;
        noted.map_err(|error| VerifyError::Missing(error.to_string()))
    }

    /// The block of the last comparison, and the newest block that is finalized and ours. None in a first backfill:
    /// without the account indexes every balance looked up is a scan.
    async fn standing(&self) -> Result<(Option<u64>, Option<u64>), ReadError> {
        let mut reading = self.database.begin().await?;
        let last = verification::last(&mut reading).await?.map(|last| last.block_number);
        let progress = progress::progress(&mut reading).await?;
        let finalized = progress.follower.as_ref().and_then(|follower| follower.finalized_number);
        let newest = Needs::Both.newest(&progress).map(|newest| newest.number);
        let comparable = finalized.zip(newest).filter(|_| progress.account_indexes);
        Ok((last, comparable.map(|(finalized, newest)| finalized.min(newest))))
    }
}

/// The block to compare at, if it is time to.
fn due(last: Option<u64>, finalized: Option<u64>, every_blocks: u64) -> Option<u64> {
    finalized.filter(|block| last.is_none_or(|last| last.saturating_add(every_blocks) <= *block))
}

fn tell(report: &Report) {
    let (block, compared) = (report.block_number, report.compared);
    for difference in report.differences.iter().take(DETAIL_MAX) {
        warn!("the derived state differs from the contracts: {difference}");
    }
    if report.differences.is_empty() {
        info!(block, compared, unanswered = report.unanswered.len(), "equal to the contracts' own answers");
    }
}

fn outcome(report: &Report) -> Outcome {
    Outcome {
        block_number: report.block_number,
        compared: report.compared,
        differences: u64::try_from(report.differences.len()).unwrap_or(u64::MAX),
        detail: report.differences.iter().take(DETAIL_MAX).map(ToString::to_string).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comparison_is_due_at_first_and_then_every_so_many_finalized_blocks() {
        assert_eq!(due(None, None, 10), None);
        assert_eq!(due(None, Some(3), 10), Some(3));
        assert_eq!(due(Some(3), Some(12), 10), None);
        assert_eq!(due(Some(3), Some(13), 10), Some(13));
        assert_eq!(due(Some(30), Some(13), 10), None);
    }
}
