//! The program's metrics, and what a replay shows of itself there.

use std::time::Duration;

use sqlx::PgPool;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::program::Indexer;
use crate::world::World;

async fn metrics(address: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[sqlx::test(migrations = false)]
async fn the_indexer_shows_where_it_is(pool: PgPool) {
    let world = World::new(9, false).await;
    world.follow(&pool).await;
    let mut indexer = Indexer::run_with(&pool, &world, &["--metrics-listen", "127.0.0.1:0"]);
    let address = indexer.said_address().await;
    let mut shown = metrics(&address).await;
    // Ready it may be by the word of the run before, which saw no head.
    while !(shown.contains("\nindexer_ready 1\n") && shown.contains("\nindexer_head_block_number 90\n")) {
        tokio::time::sleep(Duration::from_millis(20)).await;
        shown = metrics(&address).await;
    }
    for line in [
        "indexer_cursor_block_number{cursor=\"capacity\"} 90",
        "indexer_cursor_block_number{cursor=\"supply\"} 90",
        "indexer_head_block_number 90",
        "indexer_finalized_block_number 78",
        "indexer_halted 0",
        "indexer_replay_all_blocks 0",
        "# TYPE indexer_reorgs_total counter",
        "# TYPE indexer_node_request_seconds histogram",
    ] {
        assert!(shown.lines().any(|found| found == line), "{line} is not in {shown}");
    }
    assert!(shown.contains("indexer_node_requests_total{outcome=\"ok\"}"), "{shown}");
    assert!(shown.contains("indexer_completeness_blocks{cursor=\"supply\",grade=\"single\"} 91"), "{shown}");
    assert!(shown.contains("indexer_anomalies{kind=\"unknown_log\"}"), "{shown}");
    assert!(!shown.contains(&world.node.url), "no URL is a label");
}
