//! The nodes and the completeness of what came from them, as they are written.

use std::collections::BTreeMap;

use serde::Serialize;
use store::completeness::Grade;
use store::read::completeness::Completeness as Counted;
use store::read::node::Node;
use utoipa::ToSchema;

/// How sure it is that no log is missing: blocks of each grade, for each cursor.
#[derive(Clone, Copy, Debug, Default, Serialize, ToSchema)]
pub struct Completeness {
    /// Of the light events.
    capacity: Grades,
    /// Of all VVV transfers.
    supply: Grades,
}

/// Blocks of each grade.
#[derive(Clone, Copy, Debug, Default, Serialize, ToSchema)]
pub struct Grades {
    /// Proven: the logs are of receipts that the header commits to.
    #[schema(minimum = 0, example = 0)]
    receipts: u64,
    /// Two different nodes gave the same logs.
    #[schema(minimum = 0, example = 26_030_034)]
    agreed: u64,
    /// One node's word, its headers hashed again and linked, asked twice where it said there is nothing.
    #[schema(minimum = 0, example = 0)]
    single: u64,
}

/// A node as the indexer sees it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct NodeView {
    /// Host, with a port where one was given; never more of its URL.
    #[schema(example = "base.example")]
    host: String,
    /// Its newest block; null: not known yet.
    #[schema(minimum = 0, example = 51_530_034)]
    head: Option<u64>,
    /// By block time, behind the newest head of all nodes.
    #[schema(minimum = 0, example = 0)]
    lag_seconds: Option<u64>,
    /// How long ago it last answered; null: not yet.
    #[schema(minimum = 0, example = 1)]
    answered_seconds_ago: Option<u64>,
    /// Of small requests of late.
    #[schema(minimum = 0.0, example = 42.5)]
    latency_ms: Option<f64>,
    /// Of the last requests, from 0 to 1.
    #[schema(minimum = 0.0, maximum = 1.0, example = 0.02)]
    error_rate: f64,
    /// Since the indexer's start, repeated ones included.
    #[schema(minimum = 0, example = 86_400)]
    requests: u64,
    /// It is asked first.
    preferred: bool,
    /// Its new heads are pushed over a WebSocket at the moment.
    pushes: bool,
    /// Why it is not asked: `unchecked`, `other_chain`, `failing`, `lagging`, `stalled` or `forked`; null: it is asked.
    #[schema(example = json!(null))]
    excluded_for: Option<String>,
    /// The same for a human, and what else is remarkable.
    #[schema(example = json!(null))]
    detail: Option<String>,
}

impl Completeness {
    pub(super) fn new(counted: &Counted) -> Self {
        Self { capacity: Grades::new(&counted.capacity), supply: Grades::new(&counted.supply) }
    }
}

impl Grades {
    fn new(counts: &BTreeMap<Grade, u64>) -> Self {
        let of = |grade| counts.get(&grade).copied().unwrap_or_default();
        Self { receipts: of(Grade::Receipts), agreed: of(Grade::Agreed), single: of(Grade::Single) }
    }
}

impl From<Node> for NodeView {
    fn from(node: Node) -> Self {
        Self {
            host: node.host,
            head: node.head_number,
            lag_seconds: node.lag_seconds,
            answered_seconds_ago: node.answered_seconds_ago,
            latency_ms: node.latency_ms,
            error_rate: node.error_rate,
            requests: node.requests,
            preferred: node.preferred,
            pushes: node.pushes,
            excluded_for: node.excluded,
            detail: node.detail,
        }
    }
}
