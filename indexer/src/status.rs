//! How things stand, from the database alone.

pub mod nodes;
pub mod parts;
pub mod reconciled;

use std::fmt;
use std::time::Duration;

use alloy_primitives::B256;
use serde::Serialize;
use store::cursor::Lane;
use store::deployment::Deployment;
use store::read::progress::{Needs, Progress};
use store::read::readiness::{Reason, lag_seconds, last_lane, notices, reasons, seconds_left};
use store::read::{Database, ReadError, anomaly, completeness, node, progress, reconciliation, verification};

use crate::pace::readable;
use nodes::{Completeness, NodeView};
use parts::{AnomalyView, CursorView, Cursors, DerivationView, DriftView, ReasonView, ReorgView, TopicView};
use reconciled::Reconciled;

/// How things stand. Names and meanings are those of the API's `/v1/status`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Status {
    /// Whether what capacity is told by can be trusted to be of the chain's head.
    pub ready: bool,
    /// Why not, or what of supply is not there yet.
    pub reasons: Vec<ReasonView>,
    /// Of this program.
    pub version: &'static str,
    /// Of the indexer that wrote last.
    pub indexer_version: Option<String>,
    /// EIP-155 id of the chain.
    pub chain_id: Option<u64>,
    /// First block held.
    pub start_block: Option<u64>,
    /// keccak256 of the deployment.
    pub deployment: Option<B256>,
    /// Which staked DIEM counts.
    pub policy: Option<&'static str>,
    /// The last blocks stored.
    pub cursors: Cursors,
    /// The node's newest block.
    pub head: Option<u64>,
    /// The node's safe block.
    pub safe: Option<u64>,
    /// The node's finalized block.
    pub finalized: Option<u64>,
    /// Seconds since the whole state was last confirmed to be the chain's head.
    pub lag_seconds: Option<u64>,
    /// Blocks stored per second of late, with the cursor that is last.
    pub blocks_per_second: Option<f64>,
    /// Until it reaches the head at that rate.
    pub seconds_left: Option<u64>,
    /// How long ago the node last answered.
    pub observed_seconds_ago: Option<u64>,
    /// Why the writer has stopped for good.
    pub halted: Option<String>,
    /// The node's head is on another branch than the cursor.
    pub fork_suspected: Option<String>,
    /// Why the writer's last step failed.
    pub failing: Option<String>,
    /// No node has had a new block for long.
    pub chain_stalled: Option<String>,
    /// Nodes go on and the writer does not.
    pub writer_stalled: Option<String>,
    /// The nodes as the writer sees them.
    pub nodes: Vec<NodeView>,
    /// How sure it is that no log is missing.
    pub completeness: Completeness,
    /// What is remarkable and no reason.
    pub notices: Vec<ReasonView>,
    /// Which derivation the stored rows are of.
    pub derivation: DerivationView,
    /// Newest blocks replaced by others.
    pub reorgs: ReorgView,
    /// How far network totals were found equal to the contracts' own answers.
    pub reconciled: Reconciled,
    /// Logs kept undecoded, by topic.
    pub unknown_topics: Vec<TopicView>,
    /// What was not expected, by kind.
    pub anomalies: Vec<AnomalyView>,
    /// How the derived state last compared with the contracts; `None`: never compared.
    pub drift: Option<DriftView>,
}

/// How things stand now. A database without our tables is one that was never synced.
///
/// # Errors
/// [`ReadError`], where the database does not answer.
pub async fn status(database: &Database, max_lag_seconds: u64) -> Result<Status, ReadError> {
    match look(database, max_lag_seconds).await {
        Err(error @ ReadError::NotMigrated(_)) => {
            Ok(Status { reasons: vec![Reason::of_error(&error).into()], version: VERSION, ..Status::default() })
        }
        looked => looked,
    }
}

const VERSION: &str = env!("CARGO_PKG_VERSION");

async fn look(database: &Database, max_lag_seconds: u64) -> Result<Status, ReadError> {
    let mut reading = database.begin().await?;
    let progress = progress::progress(&mut reading).await?;
    let deployment = progress::deployment(&mut reading).await?;
    let status = Status::new(&progress, deployment.as_ref(), max_lag_seconds);
    let nodes = node::all(&mut reading).await?;
    let graded = completeness::counted(&mut reading).await?;
    Ok(Status {
        notices: notices(&progress, &nodes).into_iter().map(ReasonView::from).collect(),
        nodes: nodes.into_iter().map(NodeView::from).collect(),
        completeness: Completeness { capacity: (&graded.capacity).into(), supply: (&graded.supply).into() },
        reorgs: progress::reorgs(&mut reading).await?.into(),
        reconciled: reconciliation::reconciled(&mut reading).await?.into(),
        anomalies: anomaly::by_kind(&mut reading, u64::MAX).await?.into_iter().map(Into::into).collect(),
        unknown_topics: anomaly::unknown_topics(&mut reading, u64::MAX).await?.into_iter().map(Into::into).collect(),
        drift: verification::last(&mut reading).await?.map(Into::into),
        ..status
    })
}

impl Status {
    fn new(progress: &Progress, deployment: Option<&Deployment>, max_lag_seconds: u64) -> Self {
        let clock = deployment.and_then(|deployment| deployment.clock);
        let reasons = reasons(progress, clock, max_lag_seconds);
        let newest = Needs::Both.newest(progress);
        let follower = progress.follower.as_ref();
        let last = last_lane(progress);
        Self {
            ready: !reasons.iter().any(|reason| reason.concerns(Needs::Capacity)),
            reasons: reasons.into_iter().map(ReasonView::from).collect(),
            version: VERSION,
            indexer_version: follower.map(|follower| follower.version.clone()),
            chain_id: deployment.map(|deployment| deployment.chain_id),
            start_block: deployment.map(|deployment| progress.first_block(deployment)),
            deployment: progress.deployment_digest,
            policy: deployment.map(|deployment| deployment.policy.allocation.name()),
            cursors: Cursors {
                capacity: CursorView::new(progress, Lane::Capacity, clock),
                supply: CursorView::new(progress, Lane::Supply, clock),
            },
            head: follower.map(|follower| follower.head_number),
            safe: follower.and_then(|follower| follower.safe_number),
            finalized: follower.and_then(|follower| follower.finalized_number),
            lag_seconds: newest.and_then(|cursor| lag_seconds(progress, cursor, clock)),
            blocks_per_second: follower.and_then(|follower| follower.blocks_per_second(last)),
            seconds_left: seconds_left(progress, last),
            observed_seconds_ago: follower.map(|follower| follower.observed_seconds_ago),
            halted: follower.and_then(|follower| follower.halted.clone()),
            fork_suspected: follower.and_then(|follower| follower.fork_suspected.clone()),
            failing: follower.and_then(|follower| follower.failing.clone()),
            chain_stalled: follower.and_then(|follower| follower.chain_stalled.clone()),
            writer_stalled: follower.and_then(|follower| follower.writer_stalled.clone()),
            derivation: DerivationView::new(progress),
            ..Self::default()
        }
    }
}

/// For a human: what is there, and what is wrong last.
impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = |number: Option<u64>| number.map_or_else(|| "unknown".into(), |number| number.to_string());
        writeln!(
            f,
            "chain {} from block {}, policy {}",
            known(self.chain_id),
            known(self.start_block),
            self.policy.unwrap_or("unknown")
        )?;
        for (name, cursor) in [("capacity", &self.cursors.capacity), ("supply", &self.cursors.supply)] {
            match cursor {
                Some(cursor) => writeln!(f, "{name:<9} {cursor}")?,
                None => writeln!(f, "{name:<9} no block yet")?,
            }
        }
        writeln!(f, "head {}, safe {}, finalized {}", known(self.head), known(self.safe), known(self.finalized))?;
        writeln!(f, "{}", self.answered())?;
        for node in &self.nodes {
            writeln!(f, "{node}")?;
        }
        for (name, grades) in [("capacity", &self.completeness.capacity), ("supply", &self.completeness.supply)] {
            writeln!(f, "{name:<9} {grades}")?;
        }
        writeln!(f, "reorgs {}, deepest {}", self.reorgs.count, self.reorgs.depth_max.unwrap_or_default())?;
        writeln!(f, "{}", self.reconciled)?;
        for topic in &self.unknown_topics {
            let topic0 = topic.topic0.map_or_else(|| "none".into(), |topic0| topic0.to_string());
            writeln!(f, "unknown topic {topic0} of {}: {} logs", topic.address, topic.count)?;
        }
        for AnomalyView { kind, count, last_block } in &self.anomalies {
            writeln!(f, "anomaly {kind}: {count}, last at block {last_block}")?;
        }
        match &self.drift {
            Some(DriftView { block_number, compared, differences, .. }) => writeln!(
                f,
                "compared with the contracts at block {block_number}: {compared} figures, {differences} differences"
            )?,
            None => writeln!(f, "not compared with the contracts yet")?,
        }
        for reason in self.notices.iter().chain(&self.reasons) {
            writeln!(f, "{}: {}", reason.name, reason.detail)?;
        }
        write!(f, "{}", if self.ready { "ready" } else { "not ready" })
    }
}

impl Status {
    fn answered(&self) -> String {
        match self.observed_seconds_ago {
            Some(seconds) => format!("the node answered {} ago", readable(Duration::from_secs(seconds))),
            None => "no node has answered yet".into(),
        }
    }
}
