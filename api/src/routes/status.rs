//! `GET /v1/status`

pub mod nodes;
mod reconciled;
pub mod view;

use alloy_primitives::Address;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use store::deployment::Deployment;
use store::read::anomaly::{AnomalyCount, UnknownTopic};
use store::read::node;
use store::read::progress::{self, Progress, Reorgs};
use store::read::readiness::{last_lane, seconds_left};
use store::read::reconciliation::Reconciled;
use utoipa::ToSchema;

use crate::app::{App, Known};
use crate::extract::Query;
use crate::openapi::StatusProblems;
use crate::params::{BlockParams, NoParams};
use crate::problem::{Kind, Problem};
use crate::snapshot::{AsOf, Met, Needs, Snapshot, Sync, lag_seconds};
use crate::wire::Time;
use nodes::{Completeness, NodeView};
use reconciled::ReconciledView;
use view::{AnomalyView, Cursors, DeploymentView, DerivationView, DriftView, Head, ReorgView, TopicView};

/// What keeps figures from being told, and does not keep how things stand.
const UNTOLD: [Kind; 3] = [Kind::NeverSynced, Kind::Behind, Kind::OtherDerivation];

const NEVER_COMPARED: &str = "the indexer has not compared the derived state with the contracts yet";

/// How far the writer is, and what it has met.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Status {
    /// Of this program.
    #[schema(example = "0.1.0")]
    version: &'static str,
    /// Of the indexer that wrote last; null before its first step.
    #[schema(example = "0.1.0")]
    indexer_version: Option<String>,
    /// The chain and contracts; null before the indexer's first start.
    deployment: Option<DeploymentView>,
    /// The last blocks stored.
    cursors: Cursors,
    /// The node's newest block; null before the indexer's first step.
    head: Option<Head>,
    /// The node's safe block; null where it has no such tag.
    #[schema(minimum = 0, example = 51_530_001)]
    safe: Option<u64>,
    /// The node's finalized block; null where it is not known.
    #[schema(minimum = 0, example = 51_529_201)]
    finalized: Option<u64>,
    /// Whether the writer keeps up, with all of it. Answers that need no VVV transfers may be `live` before.
    sync: Sync,
    /// Seconds since the whole state was last confirmed to be the chain's head; null where nobody knows.
    #[schema(minimum = 0, example = 1)]
    lag_seconds: Option<u64>,
    /// Blocks stored per second of late, with the cursor that is last.
    #[schema(minimum = 0.0, example = 0.5)]
    blocks_per_second: Option<f64>,
    /// Until that cursor reaches the head at that rate; null where it is there or the rate is zero.
    #[schema(minimum = 0, example = 120)]
    seconds_left: Option<u64>,
    /// When the node last answered.
    observed_at: Option<Time>,
    /// How long ago that was.
    #[schema(minimum = 0, example = 1)]
    observed_seconds_ago: Option<u64>,
    /// Why the writer has stopped for good.
    halted: Option<String>,
    /// The node's head is on another branch than the cursor.
    fork_suspected: Option<String>,
    /// Why the writer's last step failed.
    failing: Option<String>,
    /// No node has had a new block for long. What is stored is the truth all the same.
    chain_stalled: Option<String>,
    /// Nodes go on and the indexer does not.
    writer_stalled: Option<String>,
    /// The nodes as the indexer sees them; none before its first start.
    nodes: Vec<NodeView>,
    /// Which derivation the stored rows are of, and which this program serves.
    derivation: DerivationView,
    /// Newest blocks replaced by others.
    reorgs: ReorgView,
    /// How sure it is that no log is missing.
    completeness: Completeness,
    /// How far network totals were found equal to the contracts' own answers.
    reconciled: ReconciledView,
    /// Logs kept undecoded, by topic.
    unknown_topics: Vec<TopicView>,
    /// What was not expected, by kind.
    anomalies: Vec<AnomalyView>,
    /// How the derived state last compared with the contracts' own answers; null: never compared.
    drift: Option<DriftView>,
    /// Why `drift` is null.
    #[schema(example = json!(null))]
    drift_reason: Option<&'static str>,
    /// Fields that are null because they cannot be known.
    unknown: Vec<String>,
    /// The newest block at which everything is answered; null before the first.
    as_of: Option<AsOf>,
}

/// How far the indexer is, and what it has met
///
/// Always of now. Before the first block, and while what is stored is of another derivation, most of it is null.
#[utoipa::path(
    get,
    operation_id = "getStatus",
    path = "/v1/status",
    tag = "operation",
    responses((status = 200, description = "How things stand.", body = Status), StatusProblems),
)]
pub async fn get(State(app): State<App>, Query(NoParams): Query<NoParams>) -> Result<Response, Problem> {
    let status = status(&app).await?;
    let mut response = Json(&status).into_response();
    if let Some(as_of) = &status.as_of {
        as_of.write_headers(response.headers_mut());
    }
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// One transaction where there is a block to speak of; before that, what the writer says of itself.
async fn status(app: &App) -> Result<Status, Problem> {
    for needs in [Needs::Both, Needs::Capacity] {
        match Snapshot::open(app, needs, &BlockParams::default()).await {
            Ok(mut snapshot) => {
                let met = snapshot.met().await?;
                let status = Status::new(app, snapshot.progress(), Some(snapshot.known()));
                let as_of = (needs == Needs::Both).then(|| snapshot.as_of().clone());
                return Ok(Status { as_of, ..status.with(met, &snapshot.deployment()) }.named());
            }
            Err(problem) if UNTOLD.contains(&problem.kind()) => {}
            Err(problem) => return Err(problem),
        }
    }
    let mut reading = app.database().begin().await?;
    let progress = progress::progress(&mut reading).await?;
    let known = app.deployment(&mut reading, progress.deployment_digest).await.ok();
    let nodes = node::all(&mut reading).await?.into_iter().map(NodeView::from).collect();
    Ok(Status { nodes, ..Status::new(app, &progress, known.as_ref()) }.named())
}

impl Status {
    fn new(app: &App, progress: &Progress, known: Option<&Known>) -> Self {
        let clock = known.and_then(|known| known.deployment.clock);
        let follower = progress.follower.as_ref();
        let newest = Needs::Both.newest(progress);
        let lag = newest.and_then(|cursor| lag_seconds(progress, cursor, clock));
        let last = last_lane(progress);
        Self {
            version: env!("CARGO_PKG_VERSION"),
            indexer_version: follower.map(|follower| follower.version.clone()),
            deployment: known.map(|known| DeploymentView::new(known, progress)),
            cursors: Cursors::new(progress, clock),
            head: follower.map(Head::new),
            safe: follower.and_then(|follower| follower.safe_number),
            finalized: follower.and_then(|follower| follower.finalized_number),
            sync: Sync::new(progress, lag, app.settings().max_lag_seconds),
            lag_seconds: lag,
            blocks_per_second: follower.and_then(|follower| follower.blocks_per_second(last)),
            seconds_left: seconds_left(progress, last),
            observed_at: follower.and_then(|follower| Time::new(follower.observed_at)),
            observed_seconds_ago: follower.map(|follower| follower.observed_seconds_ago),
            halted: follower.and_then(|follower| follower.halted.clone()),
            fork_suspected: follower.and_then(|follower| follower.fork_suspected.clone()),
            failing: follower.and_then(|follower| follower.failing.clone()),
            chain_stalled: follower.and_then(|follower| follower.chain_stalled.clone()),
            writer_stalled: follower.and_then(|follower| follower.writer_stalled.clone()),
            nodes: Vec::new(),
            derivation: DerivationView::new(progress),
            reorgs: ReorgView::new(Reorgs::default()),
            completeness: Completeness::default(),
            reconciled: ReconciledView::new(Reconciled::default()),
            unknown_topics: Vec::new(),
            anomalies: Vec::new(),
            drift: None,
            drift_reason: None,
            unknown: Vec::new(),
            as_of: None,
        }
    }

    fn with(self, met: Met, deployment: &Deployment) -> Self {
        let topic = |topic: UnknownTopic| TopicView {
            topic0: topic.topic0.map(|topic0| topic0.to_string()),
            contract: contract_name(deployment, topic.address),
            address: topic.address.into(),
            count: topic.count,
        };
        let anomaly = |AnomalyCount { kind, count, last_block }| AnomalyView { kind, count, last_block };
        Self {
            reorgs: ReorgView::new(met.reorgs),
            nodes: met.nodes.into_iter().map(NodeView::from).collect(),
            completeness: Completeness::new(&met.completeness),
            reconciled: ReconciledView::new(met.reconciled),
            unknown_topics: met.unknown_topics.into_iter().map(topic).collect(),
            anomalies: met.anomalies.into_iter().map(anomaly).collect(),
            drift: met.drift.map(DriftView::new),
            ..self
        }
    }

    /// Names what is null for want of knowledge.
    fn named(mut self) -> Self {
        self.drift_reason = self.drift.is_none().then_some(NEVER_COMPARED);
        let fields = [
            ("head", self.head.is_none()),
            ("safe", self.safe.is_none()),
            ("finalized", self.finalized.is_none()),
            ("lag_seconds", self.lag_seconds.is_none()),
            ("drift", self.drift.is_none()),
            ("reconciled.capacity.block_number", self.reconciled.capacity.block_number.is_none()),
            ("reconciled.supply.block_number", self.reconciled.supply.block_number.is_none()),
        ];
        self.unknown = fields.into_iter().filter(|(_, is_null)| *is_null).map(|(name, _)| name.to_owned()).collect();
        self
    }
}

fn contract_name(deployment: &Deployment, address: Address) -> &'static str {
    let contracts = &deployment.contracts;
    let names = [(contracts.vvv, "vvv"), (contracts.staking, "staking"), (contracts.diem, "diem")];
    names.into_iter().find(|(contract, _)| *contract == address).map_or("other", |(_, name)| name)
}
