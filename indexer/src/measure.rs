//! What the indexer measures of itself. Names are told here; what only the database knows is asked of it now and then.

use std::future::Future;
use std::time::{Duration, Instant};

use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use store::read::{Database, Limits};

use crate::chain::ChainError;
use crate::status::{Status, status};

/// How often the database is asked.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// How much of the database this may take.
pub const LIMITS: Limits = Limits {
    application_name: "venice-indexer-metrics",
    connections_max: 1,
    statement_timeout: Duration::from_secs(30),
    acquire_timeout: Duration::from_secs(5),
};

/// Says what there is, for those who read the figures.
pub fn describe() {
    describe_gauge!("indexer_cursor_block_number", "The last block stored, of each cursor.");
    describe_gauge!("indexer_head_block_number", "The newest block of the node.");
    describe_gauge!("indexer_safe_block_number", "The newest block that is safe and ours.");
    describe_gauge!("indexer_finalized_block_number", "The newest block that is finalized and ours.");
    describe_gauge!("indexer_lag_seconds", Unit::Seconds, "Since the state was last confirmed to be of the head.");
    describe_gauge!("indexer_blocks_per_second", "Blocks stored of late, of each cursor.");
    describe_gauge!("indexer_ready", "1 where the state can be trusted to be of the head; see /readyz for why not.");
    describe_gauge!("indexer_halted", "1 where the writer has stopped for good.");
    describe_counter!("indexer_reorgs_total", "How often newest blocks were replaced by others, ever.");
    describe_gauge!("indexer_reorg_depth_blocks_max", "How many blocks the deepest reorg undid.");
    describe_gauge!("indexer_unknown_logs", "Logs kept undecoded.");
    describe_gauge!("indexer_anomalies", "What was not expected, by kind.");
    describe_gauge!("indexer_completeness_blocks", "Blocks of each grade of completeness, of each cursor.");
    describe_gauge!("indexer_node_head_block_number", "The newest block of a node.");
    describe_gauge!("indexer_node_lag_seconds", Unit::Seconds, "Of a node behind the newest head of all.");
    describe_gauge!("indexer_node_error_rate", "Of a node's last requests, from 0 to 1.");
    describe_gauge!("indexer_node_preferred", "1 where a node is asked first.");
    describe_gauge!("indexer_node_excluded", "1 where a node is not asked.");
    describe_gauge!("indexer_chain_stalled", "1 where no node has had a new block for long.");
    describe_gauge!("indexer_writer_stalled", "1 where nodes go on and the cursor does not.");
    describe_gauge!("indexer_drift_compared", "Figures held against the contracts at the last comparison.");
    describe_gauge!("indexer_drift_differences", "How many of them differed.");
    describe_gauge!("indexer_drift_block_number", "The block of the last comparison.");
    describe_gauge!("indexer_replay_done_blocks", "Blocks derived anew by the replay under way.");
    describe_gauge!("indexer_replay_all_blocks", "Blocks that it derives anew; 0 where none is under way.");
    describe_counter!("indexer_node_requests_total", "Requests to nodes: ok, or the class of the error.");
    describe_histogram!("indexer_node_request_seconds", Unit::Seconds, "How long a node takes to answer or refuse.");
    describe_histogram!("indexer_commit_seconds", Unit::Seconds, "How long a transaction that stores blocks takes.");
}

/// Counts a request to a node by what became of it, and how long it took.
///
/// # Errors
/// The request's own.
pub async fn timed<T>(request: impl Future<Output = Result<T, ChainError>>) -> Result<T, ChainError> {
    let began = Instant::now();
    let answer = request.await;
    histogram!("indexer_node_request_seconds").record(began.elapsed());
    let outcome = answer.as_ref().err().map_or("ok", ChainError::class);
    counter!("indexer_node_requests_total", "outcome" => outcome).increment(1);
    answer
}

/// Asks the database now and then, for as long as it is polled.
pub async fn watch(database: Database, max_lag_seconds: u64) {
    loop {
        match status(&database, max_lag_seconds).await {
            Ok(status) => show(&status),
            Err(error) => {
                tracing::debug!("no figures: {error}");
                gauge!("indexer_ready").set(0);
            }
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// A figure that is not known is no number.
fn show(status: &Status) {
    let cursors = [("capacity", &status.cursors.capacity), ("supply", &status.cursors.supply)];
    for (name, cursor) in cursors {
        if let Some(cursor) = cursor {
            gauge!("indexer_cursor_block_number", "cursor" => name).set(count(cursor.block_number));
            gauge!("indexer_blocks_per_second", "cursor" => name).set(cursor.blocks_per_second.unwrap_or(f64::NAN));
        }
    }
    gauge!("indexer_head_block_number").set(known(status.head));
    gauge!("indexer_safe_block_number").set(known(status.safe));
    gauge!("indexer_finalized_block_number").set(known(status.finalized));
    gauge!("indexer_lag_seconds").set(known(status.lag_seconds));
    gauge!("indexer_ready").set(flag(status.ready));
    gauge!("indexer_halted").set(flag(status.halted.is_some()));
    counter!("indexer_reorgs_total").absolute(status.reorgs.count);
    gauge!("indexer_reorg_depth_blocks_max").set(count(status.reorgs.depth_max.unwrap_or_default()));
    gauge!("indexer_unknown_logs").set(count(status.unknown_topics.iter().map(|topic| topic.count).sum()));
    for anomaly in &status.anomalies {
        gauge!("indexer_anomalies", "kind" => anomaly.kind.clone()).set(count(anomaly.count));
    }
    if let Some(drift) = &status.drift {
        gauge!("indexer_drift_compared").set(count(drift.compared));
        gauge!("indexer_drift_differences").set(count(drift.differences));
        gauge!("indexer_drift_block_number").set(count(drift.block_number));
    }
    show_nodes(status);
    let replay = status.derivation.replay.as_ref();
    gauge!("indexer_replay_done_blocks").set(count(replay.map_or(0, |replay| replay.done_blocks)));
    gauge!("indexer_replay_all_blocks").set(count(replay.map_or(0, |replay| replay.all_blocks)));
}

/// A node is named by its host, which holds no key, and by its place in the list: two may have one host.
fn show_nodes(status: &Status) {
    gauge!("indexer_chain_stalled").set(flag(status.chain_stalled.is_some()));
    gauge!("indexer_writer_stalled").set(flag(status.writer_stalled.is_some()));
    for (place, node) in status.nodes.iter().enumerate() {
        let labels = [("node", node.host.clone()), ("place", place.to_string())];
        gauge!("indexer_node_head_block_number", &labels).set(known(node.head));
        gauge!("indexer_node_lag_seconds", &labels).set(known(node.lag_seconds));
        gauge!("indexer_node_error_rate", &labels).set(node.error_rate);
        gauge!("indexer_node_preferred", &labels).set(flag(node.preferred));
        gauge!("indexer_node_excluded", &labels).set(flag(node.excluded_for.is_some()));
    }
    for (cursor, grades) in [("capacity", status.completeness.capacity), ("supply", status.completeness.supply)] {
        for (grade, blocks) in [("receipts", grades.receipts), ("agreed", grades.agreed), ("single", grades.single)] {
            gauge!("indexer_completeness_blocks", "cursor" => cursor, "grade" => grade).set(count(blocks));
        }
    }
}

fn known(value: Option<u64>) -> f64 {
    value.map_or(f64::NAN, count)
}

/// Counts and block numbers, no amounts: below 2^53 a float holds them to the unit.
#[expect(clippy::cast_precision_loss, reason = "counts stay below 2^53")]
fn count(value: u64) -> f64 {
    value as f64
}

fn flag(is: bool) -> f64 {
    f64::from(u8::from(is))
}
