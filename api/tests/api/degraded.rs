//! Without a database, without tables, without a block; and what readiness says of each.

use serde_json::{Value, json};
use sqlx::PgPool;

use crate::service::{ALICE, Service};

async fn reasons(service: &Service) -> Value {
    let body = service.get("/readyz").await.problem(503, "not-ready");
    assert_eq!(body["ready"], false);
    let names = body["reasons"].as_array().unwrap().iter().map(|reason| reason["name"].clone());
    names.collect()
}

#[sqlx::test(migrations = false)]
async fn the_database_is_away(pool: PgPool) {
    let service = Service::without_database(pool);
    assert_eq!(service.get("/healthz").await.ok()["status"], "ok");
    assert_eq!(reasons(&service).await, json!(["database_gone"]));
    service.get("/v1/supply").await.problem(503, "database-gone");
    service.get("/v1/status").await.problem(503, "database-gone");
    service.get(&format!("/v1/check?address={ALICE}")).await.problem(503, "database-gone");
}

#[sqlx::test(migrations = false)]
async fn nobody_has_migrated(pool: PgPool) {
    let service = Service::over(pool);
    service.get("/healthz").await.ok();
    assert_eq!(reasons(&service).await, json!(["not_migrated"]));
    service.get("/v1/capacity").await.problem(503, "not-migrated");
    service.get("/v1/status").await.problem(503, "not-migrated");
}

#[sqlx::test(migrations = "../migrations")]
async fn nothing_is_stored_yet(pool: PgPool) {
    let service = Service::over(pool);
    assert_eq!(reasons(&service).await, json!(["never_synced"]));
    service.get("/v1/capacity").await.problem(503, "never-synced");
    let status = service.get("/v1/status").await.ok();
    assert_eq!(status["cursors"], json!({"capacity": null, "supply": null}));
    assert_eq!((&status["as_of"], &status["sync"]), (&json!(null), &json!("behind")));
    assert_eq!(status["drift"], json!(null));
    assert!(status["drift_reason"].as_str().unwrap().contains("has not compared"), "{status}");
    service
        .execute("insert into follower values (true, now(), 9, 9, null, null, 0, false, 'why', null, null, now(), '1')")
        .await;
    assert_eq!(reasons(&service).await, json!(["never_synced", "halted"]));
    assert_eq!(service.get("/v1/status").await.ok()["halted"], "why");
}

#[sqlx::test(migrations = "../migrations")]
async fn rows_of_another_derivation_are_not_served(pool: PgPool) {
    let service = Service::of_chain(pool).await;
    service.execute("update derivation set revision = revision + 1").await;
    assert_eq!(reasons(&service).await, json!(["other_derivation"]));
    for path in ["/v1/supply".to_owned(), "/v1/capacity".to_owned(), format!("/v1/check?address={ALICE}")] {
        let body = service.get(&path).await.problem(503, "other-derivation");
        assert_eq!(body["stored_revision"], ledger::DERIVATION_REVISION + 1);
    }
    let replay = "insert into replay (from_block, revision, deployment, refetch, done_blocks, all_blocks)
                  values (3, 1, decode(repeat('31', 32), 'hex'), false, 5, 8)";
    service.execute(replay).await;
    assert_eq!(reasons(&service).await, json!(["other_derivation", "replaying"]));
    let status = service.get("/v1/status").await.ok();
    assert_eq!((&status["as_of"], &status["sync"]), (&json!(null), &json!("live")));
    let under_way = json!({"from_block": 3, "done_blocks": 5, "all_blocks": 8});
    assert_eq!(status["derivation"]["replay"], under_way);
    service.execute("update derivation set revision = revision - 1").await;
    service.get("/v1/supply").await.ok();
    assert_eq!(reasons(&service).await, json!(["replaying"]));
}

#[sqlx::test(migrations = "../migrations")]
async fn ready_until_something_is_wrong(pool: PgPool) {
    let service = Service::of_chain(pool).await;
    let ready = service.get("/readyz").await.ok();
    assert_eq!((&ready["ready"], &ready["reasons"]), (&json!(true), &json!([])));
    service.execute("update follower set fork_suspected = 'a', failing = 'b', halted = 'c'").await;
    assert_eq!(reasons(&service).await, json!(["halted", "fork_suspected", "failing"]));
    service.get("/v1/supply").await.ok();
    service.execute("update follower set fork_suspected = null, failing = null, halted = null, observed_at = now() - interval '61 s'").await;
    assert_eq!(reasons(&service).await, json!(["lag_above_limit"]));
    service.execute("drop index vvv_transfer_sender").await;
    assert_eq!(reasons(&service).await, json!(["lag_above_limit", "indexes_missing"]));
    service.get("/v1/supply").await.problem(503, "behind");
    service.get(&format!("/v1/accounts/{ALICE}/events")).await.problem(503, "behind");
    service.get(&format!("/v1/accounts/{ALICE}/events?kind=staked")).await.ok();
    service.get("/v1/burns").await.ok();
    service.execute("create index vvv_transfer_sender on vvv_transfer (sender)").await;
    service.execute("delete from follower").await;
    assert_eq!(reasons(&service).await, json!(["lag_above_limit"]));
    let body = service.get("/v1/supply").await.ok();
    assert_eq!(body["as_of"]["lag_seconds"], json!(null));
    assert_eq!(body["unknown"], json!(["as_of.lag_seconds"]));
    service.get("/v1/supply?max_lag=100000").await.problem(503, "too-old");
}
