//! Which block is meant, and how sure and how fresh it is.

use serde_json::json;
use sqlx::PgPool;

use crate::service::Service;

async fn block_of(service: &Service, query: &str) -> serde_json::Value {
    service.get(&format!("/v1/supply?{query}")).await.ok()["as_of"]["block_number"].clone()
}

#[sqlx::test(migrations = "../migrations")]
async fn a_block_is_named_in_four_ways(pool: PgPool) {
    let service = Service::of_chain(pool).await;
    for (query, block) in [
        ("", 130),
        ("finality=latest", 130),
        ("finality=safe", 125),
        ("finality=finalized", 118),
        ("block=100", 100),
        ("at=2026-11-20T00:00:00Z", 120),
        ("at=2026-11-20T00:00:01.9Z", 120),
        ("at=2026-11-20T01:00:00%2B01:00", 120),
        ("at=2026-11-20T00:00:20Z", 130),
        ("epoch=2026-11-20", 119),
    ] {
        assert_eq!(block_of(&service, query).await, block, "{query}");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_clock_tells_the_time_of_blocks_without_header(pool: PgPool) {
    let service = Service::of_chain(pool).await;
    service
        .execute(
            "delete from block where number in (119, 120, 121);
             update deployment set document = jsonb_set(document, '{clock}',
                '{\"genesis_timestamp\": 1795132560, \"seconds_per_block\": 2}')",
        )
        .await;
    let body = service.get("/v1/supply?block=120").await.ok();
    assert_eq!(body["as_of"]["block_hash"], json!(null));
    assert_eq!(body["as_of"]["block_timestamp"], "2026-11-20T00:00:00Z");
    assert_eq!(block_of(&service, "epoch=2026-11-20").await, 119);
    service.get("/v1/supply?at=2026-11-20T00:00:22Z").await.problem(404, "block-out-of-range");
    assert_eq!(block_of(&service, "at=2026-11-20T00:00:21Z").await, 130);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_time_that_is_not_known_is_null_and_named(pool: PgPool) {
    let service = Service::of_chain(pool).await;
    service.execute("delete from block where number = 121").await;
    let body = service.get("/v1/staking?block=121").await.ok();
    assert_eq!(body["as_of"]["block_timestamp"], json!(null));
    assert_eq!(body["unknown"], json!(["as_of.block_timestamp"]));
    service.get("/v1/capacity?block=121").await.problem(404, "block-out-of-range");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_tag_that_is_not_known_is_not_guessed(pool: PgPool) {
    let service = Service::of_chain(pool).await;
    service.execute("update follower set safe_number = null, finalized_number = null").await;
    service.get("/v1/supply?finality=safe").await.problem(503, "finality-unknown");
    assert_eq!(service.get("/v1/supply?block=100").await.ok()["as_of"]["finality"], "latest");
}

#[sqlx::test(migrations = "../migrations")]
async fn each_answer_waits_for_the_events_it_needs(pool: PgPool) {
    let service = Service::of_chain(pool).await;
    service.execute("update cursor set block_number = 115, block_hash = null where name = 'supply'").await;
    assert_eq!(block_of(&service, "").await, 115);
    assert_eq!(service.get("/v1/diem").await.ok()["as_of"]["block_number"], 130);
    let waiting = service.get("/v1/supply?block=116").await.problem(503, "behind");
    assert_eq!(waiting["last_block"], 115);
    service.get("/v1/supply?block=131").await.problem(404, "block-out-of-range");
    service.execute("delete from cursor where name = 'supply'").await;
    service.get("/v1/supply").await.problem(503, "behind");
    assert_eq!(service.get("/v1/capacity").await.ok()["rows"], 6);
}

#[sqlx::test(migrations = "../migrations")]
async fn lag_grows_when_the_writer_is_dead_or_behind(pool: PgPool) {
    let service = Service::of_chain(pool).await;
    let fresh = service.get("/v1/supply?max_lag=30").await.ok();
    assert!(fresh["as_of"]["lag_seconds"].as_u64().unwrap() < 30);
    assert_eq!(fresh["as_of"]["sync"], "live");
    service.execute("update follower set observed_at = now() - interval '100 seconds'").await;
    let body = service.get("/v1/supply").await.ok();
    assert!((100..110).contains(&body["as_of"]["lag_seconds"].as_u64().unwrap()));
    assert_eq!(body["as_of"]["sync"], "behind");
    service.get("/v1/supply?max_lag=99").await.problem(503, "too-old");
    service
        .execute("update follower set observed_at = now(), caught_up = false, head_number = 500, head_timestamp = 1795133320")
        .await;
    let behind = service.get("/v1/status").await.ok();
    assert!((500..510).contains(&behind["lag_seconds"].as_u64().unwrap()));
    assert_eq!(behind["seconds_left"], 740);
    service.execute("update follower set observed_at = now() + interval '1 hour', caught_up = true").await;
    assert_eq!(service.get("/v1/supply").await.ok()["as_of"]["lag_seconds"], 0);
}

#[sqlx::test(migrations = "../migrations")]
async fn warnings_say_what_to_know_before_trusting(pool: PgPool) {
    let service = Service::of_chain(pool).await;
    service
        .execute(
            "update follower set halted = 'block 131 contradicts';
             insert into parameter values ('implementation', 126, array[1], 'event')",
        )
        .await;
    let body = service.get("/v1/supply").await.ok();
    assert_eq!(body["as_of"]["sync"], "halted");
    assert_eq!(
        body["as_of"]["warnings"],
        json!([
            "the indexer has halted: block 131 contradicts",
            "the staking proxy runs 0x0000000000000000000000000000000000000001, which the deployment does not name",
            "logs kept undecoded: 2"
        ])
    );
    let before = service.get("/v1/supply?block=110").await.ok();
    assert_eq!(before["as_of"]["warnings"].as_array().unwrap()[..], body["as_of"]["warnings"].as_array().unwrap()[..2]);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_chain_that_stands_still_is_told_and_refuses_nothing(pool: PgPool) {
    let service = Service::of_chain(pool).await;
    service.execute("update follower set chain_stalled = 'all nodes have had block 130 for 1980 s'").await;
    let ready = service.get("/readyz").await.ok();
    assert_eq!(ready["ready"], true);
    let names: Vec<_> = ready["notices"].as_array().unwrap().iter().map(|notice| notice["name"].clone()).collect();
    assert_eq!(names, ["chain_stalled", "node_excluded"]);
    let body = service.get("/v1/supply?max_lag=30").await.ok();
    assert_eq!(body["as_of"]["sync"], "live");
    assert_eq!(body["as_of"]["warnings"][0], "all nodes have had block 130 for 1980 s");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_writer_that_stands_still_while_nodes_go_on_is_a_reason(pool: PgPool) {
    let service = Service::of_chain(pool).await;
    service.execute("update follower set writer_stalled = 'nodes have blocks up to 190'").await;
    let problem = service.get("/readyz").await.problem(503, "not-ready");
    assert_eq!(problem["reasons"][0]["name"], "writer_stalled");
    assert_eq!(problem["notices"][0]["name"], "node_excluded");
}
