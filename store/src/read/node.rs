//! The nodes, as the writer sees them.

use sqlx::{FromRow, PgConnection};

use super::ReadError;
use crate::columns::{count, count_if};

/// A node as the writer sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Host, with a port where one was given.
    pub host: String,
    /// How long ago it last answered; `None`: not yet.
    pub answered_seconds_ago: Option<u64>,
    /// Its newest block; `None`: not known yet.
    pub head_number: Option<u64>,
    /// Its time, seconds since 1970.
    pub head_timestamp: Option<u64>,
    /// By block time, behind the newest head of all.
    pub lag_seconds: Option<u64>,
    /// Of small requests of late, milliseconds.
    pub latency_ms: Option<f64>,
    /// Of the last requests, from 0 to 1.
    pub error_rate: f64,
    /// Since the writer's start.
    pub requests: u64,
    /// It is asked first.
    pub preferred: bool,
    /// Its new heads are pushed at the moment.
    pub pushes: bool,
    /// Why it is not asked: a name to compare.
    pub excluded: Option<String>,
    /// The same for a human, and what else is remarkable.
    pub detail: Option<String>,
}

#[derive(FromRow)]
struct NodeRow {
    host: String,
    answered_seconds_ago: Option<i64>,
    head_number: Option<i64>,
    head_timestamp: Option<i64>,
    lag_seconds: Option<i64>,
    latency_ms: Option<f64>,
    error_rate: f64,
    requests: i64,
    preferred: bool,
    pushes: bool,
    excluded: Option<String>,
    detail: Option<String>,
}

/// Every node that the writer was given, in that order; none before its first start.
///
/// # Errors
/// [`ReadError`].
pub async fn all(connection: &mut PgConnection) -> Result<Vec<Node>, ReadError> {
    let rows: Vec<NodeRow> = sqlx::query_as(
        "select host,
                case when answered_at is not null
                    then greatest(0, floor(extract(epoch from now() - answered_at)))::bigint
                end as answered_seconds_ago,
                head_number, head_timestamp, lag_seconds, latency_ms, error_rate, requests, preferred, pushes,
                excluded, detail
           from node order by place",
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(Node::try_from).collect()
}

impl TryFrom<NodeRow> for Node {
    type Error = ReadError;

    fn try_from(row: NodeRow) -> Result<Self, ReadError> {
        Ok(Self {
            host: row.host,
            answered_seconds_ago: count_if(row.answered_seconds_ago)?,
            head_number: count_if(row.head_number)?,
            head_timestamp: count_if(row.head_timestamp)?,
            lag_seconds: count_if(row.lag_seconds)?,
            latency_ms: row.latency_ms,
            error_rate: row.error_rate,
            requests: count(row.requests)?,
            preferred: row.preferred,
            pushes: row.pushes,
            excluded: row.excluded,
            detail: row.detail,
        })
    }
}
