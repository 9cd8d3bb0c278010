//! The derived state held against the contracts while the follower runs, beside it and at a low rate.
//!
//! It shares nothing with the follower but the node: what is finalized it reads from the database, as any reader does.
//! A node that does not answer is no drift, and holds nobody up.
//!
//! Where the staking proxy runs code that the deployment does not name, events may mean something else from then on: as soon
//! as that is seen every address is compared, once.

use std::time::Duration;

use alloy_primitives::Address;
use ledger::parameter::Parameter;
use store::read::progress::Needs;
use store::read::{Database, Limits, ReadError, Reading, parameter, progress, verification};
use store::verification::{Notes, Outcome};
use tracing::{info, warn};

use crate::chain::Chain;
use crate::decode::word_address;
use crate::verify::report::Report;
use crate::verify::{VerifyError, Which, verify};

/// How often it is looked whether a comparison is due; and so the least time between two in a backfill.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Until the next try after one that came to nothing.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(60);
/// A comparison that takes longer is given up.
const PATIENCE: Duration = Duration::from_secs(30);
/// The same for one of all addresses.
const PATIENCE_WITH_ALL: Duration = Duration::from_secs(3_600);
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
    /// The same, for one who lists all addresses.
    pub whole_database: Database,
    /// Blocks from one comparison to the next; 0: never.
    pub every_blocks: u64,
}

/// What there is to compare.
struct Standing {
    /// The block of the last comparison.
    last: Option<u64>,
    /// The newest block that is finalized and ours.
    finalized: Option<u64>,
    /// The newest block stored of both lanes, where the staking proxy runs code there that the deployment does not name: that
    /// block, and the code's address.
    unnamed: Option<(u64, Address)>,
}

impl<C: Chain> Watch<C> {
    /// Never ends.
    pub async fn watch(&self) {
        if self.every_blocks == 0 {
            return std::future::pending().await;
        }
        let mut said = String::new();
        let mut compared_under = None;
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let failure = match self.look(&mut compared_under).await {
                Ok(()) => continue,
                Err(error) => error.to_string(),
            };
            if said != failure {
                info!("the derived state could not be compared with the contracts: {failure}");
                said = failure;
            }
            tokio::time::sleep(PAUSE_AFTER_FAILURE).await;
        }
    }

    /// `compared_under`: the unnamed code under which everything was compared.
    async fn look(&self, compared_under: &mut Option<Address>) -> Result<(), VerifyError> {
        let Standing { last, finalized, unnamed } = self.standing().await?;
        if let Some((block, implementation)) = unnamed.filter(|(_, code)| *compared_under != Some(*code)) {
            warn!("the staking proxy runs {implementation}, which the deployment does not name: all is compared");
            self.compare(&self.whole_database, block, &Which::All, PATIENCE_WITH_ALL).await?;
            *compared_under = Some(implementation);
        } else if let Some(block) = due(last, finalized, self.every_blocks) {
            self.compare(&self.database, block, &Which::Recent(ADDRESSES), PATIENCE).await?;
        }
        Ok(())
    }

    async fn compare(
        &self,
        database: &Database,
        block: u64,
        which: &Which,
        patience: Duration,
    ) -> Result<(), VerifyError> {
        let compared = tokio::time::timeout(patience, verify(&self.chain, database, Some(block), which)).await;
        let too_late = |_| VerifyError::Missing(format!("no answer within {} s", patience.as_secs()));
        let report = compared.map_err(too_late)??;
        if report.compared == 0 {
            return Err(VerifyError::Missing(format!("the contracts answer nothing at block {block}")));
        }
        tell(&report);
        let noted = self.notes.verified(&outcome(&report)).await;
        noted.map_err(|error| VerifyError::Missing(error.to_string()))
    }

    /// Nothing in a first backfill: without the account indexes every balance looked up is a scan.
    async fn standing(&self) -> Result<Standing, ReadError> {
        let mut reading = self.database.begin().await?;
        let last = verification::last(&mut reading).await?.map(|last| last.block_number);
        let progress = progress::progress(&mut reading).await?;
        let newest = Needs::Both.newest(&progress).map(|newest| newest.number).filter(|_| progress.account_indexes);
        let finalized = progress.follower.as_ref().and_then(|follower| follower.finalized_number);
        let finalized = finalized.zip(newest).map(|(finalized, newest)| finalized.min(newest));
        let unnamed = match newest {
            Some(newest) => unnamed(&mut reading, newest).await?.map(|implementation| (newest, implementation)),
            None => None,
        };
        Ok(Standing { last, finalized, unnamed })
    }
}

/// The staking proxy's code after a block, if the deployment does not name it.
async fn unnamed(reading: &mut Reading, block_number: u64) -> Result<Option<Address>, ReadError> {
    let word = parameter::value(reading, Parameter::Implementation, block_number).await?;
    let implementation = word.and_then(|word| word.first().copied()).map(word_address);
    let Some(deployment) = progress::deployment(reading).await? else { return Ok(None) };
    let is_named = |code: &Address| deployment.implementations.iter().any(|named| named.address == *code);
    Ok(implementation.filter(|code| !is_named(code)))
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
