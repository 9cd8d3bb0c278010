//! What was met on the way to now.

use store::read::anomaly::{AnomalyCount, UnknownTopic};
use store::read::completeness::Completeness;
use store::read::node::Node;
use store::read::progress::Reorgs;
use store::read::reconciliation::Reconciled;
use store::read::verification::Verification;
use store::read::{anomaly, completeness, node, progress, reconciliation, verification};

use super::Snapshot;
use crate::problem::Problem;

/// What was met on the way to now.
#[derive(Clone, Debug, Default)]
pub struct Met {
    /// Newest blocks replaced by others.
    pub reorgs: Reorgs,
    /// What was not expected, by kind.
    pub anomalies: Vec<AnomalyCount>,
    /// Logs kept undecoded, by topic.
    pub unknown_topics: Vec<UnknownTopic>,
    /// How the derived state last compared with the contracts.
    pub drift: Option<Verification>,
    /// The nodes as the writer sees them.
    pub nodes: Vec<Node>,
    /// How sure it is that no log is missing.
    pub completeness: Completeness,
    /// How far totals were found equal to the contracts'.
    pub reconciled: Reconciled,
}

impl Snapshot {
    /// What was met on the way to now.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn met(&mut self) -> Result<Met, Problem> {
        let reading = &mut self.reading;
        Ok(Met {
            reorgs: progress::reorgs(reading).await?,
            anomalies: anomaly::by_kind(reading, u64::MAX).await?,
            unknown_topics: match self.facts.unknown_logs {
                0 => Vec::new(),
                _ => anomaly::unknown_topics(reading, u64::MAX).await?,
            },
            drift: verification::last(reading).await?,
            nodes: node::all(reading).await?,
            completeness: completeness::counted(reading).await?,
            reconciled: reconciliation::reconciled(reading).await?,
        })
    }
}
