//! The nodes, and how sure it is that no log is missing.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use store::completeness::Grade;
use store::read::node::Node;

/// Blocks of each grade.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Grades {
    /// Proven by receipts.
    pub receipts: u64,
    /// Two nodes gave the same logs.
    pub agreed: u64,
    /// One node's word.
    pub single: u64,
}

/// Blocks of each grade, for each cursor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Completeness {
    /// Of the light events.
    pub capacity: Grades,
    /// Of all VVV transfers.
    pub supply: Grades,
}

/// A node as the writer sees it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NodeView {
    /// Host, with a port where one was given.
    pub host: String,
    /// Its newest block.
    pub head: Option<u64>,
    /// By block time, behind the newest head of all.
    pub lag_seconds: Option<u64>,
    /// How long ago it last answered.
    pub answered_seconds_ago: Option<u64>,
    /// Of small requests of late.
    pub latency_ms: Option<f64>,
    /// Of the last requests, from 0 to 1.
    pub error_rate: f64,
    /// Since the writer's start.
    pub requests: u64,
    /// It is asked first.
    pub preferred: bool,
    /// Its new heads are pushed at the moment.
    pub pushes: bool,
    /// Why it is not asked.
    pub excluded_for: Option<String>,
    /// The same for a human, and what else is remarkable.
    pub detail: Option<String>,
}

impl From<&BTreeMap<Grade, u64>> for Grades {
    fn from(counts: &BTreeMap<Grade, u64>) -> Self {
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

/// "blocks proven by receipts 10, agreed 5, of one node 0"
impl fmt::Display for Grades {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { receipts, agreed, single } = self;
        write!(f, "blocks proven by receipts {receipts}, agreed on by two nodes {agreed}, of one node {single}")
    }
}

/// "node base.example: head 51530034, lag 0 s, 42 ms, errors 2 %, 86400 requests, asked first, pushes"
impl fmt::Display for NodeView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "node {}: ", self.host)?;
        match self.head {
            Some(head) => write!(f, "head {head}")?,
            None => write!(f, "no head yet")?,
        }
        let parts = [
            self.lag_seconds.map(|lag| format!("lag {lag} s")),
            self.latency_ms.map(|latency| format!("{latency:.0} ms")),
            Some(format!("errors {:.0} %", self.error_rate * 100.0)),
            Some(format!("{} requests", self.requests)),
            self.preferred.then(|| "asked first".to_owned()),
            self.pushes.then(|| "pushes".to_owned()),
            self.excluded_for.as_ref().map(|why| format!("not asked: {why}")),
            self.detail.clone(),
        ];
        parts.into_iter().flatten().try_for_each(|part| write!(f, ", {part}"))
    }
}
