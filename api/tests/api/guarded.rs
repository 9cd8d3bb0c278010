//! `?finality=guarded`: of the latest and the safe block the one that leaves less.

use serde_json::{Value, json};
use sqlx::PgPool;

use crate::service::{ALICE, BOB, CAROL, ERIN, Service, assert_snapshot};

/// Bob staked ten times as much after the safe block, 125; Erin had one DIEM there and has none now.
async fn service(pool: PgPool) -> Service {
    let service = Service::of_chain(pool).await;
    service
        .execute(
            "insert into position select address, 128, svvv, locked, outstanding, svvv_cooling, svvv_cooling_ends_at,
                 diem_liquid, diem_staked * 10, diem_cooling, diem_cooling_ends_at, claimed
               from position where address = decode('00000000000000000000000000000000000000b0', 'hex')
              order by block_number desc limit 1;
             insert into position select address, 125, svvv, locked, outstanding, svvv_cooling, svvv_cooling_ends_at,
                 diem_liquid, 1000000000000000000, diem_cooling, diem_cooling_ends_at, claimed
               from position where address = decode('00000000000000000000000000000000000000e0', 'hex')
              order by block_number desc limit 1
                 on conflict (address, block_number) do update set diem_staked = excluded.diem_staked;
             insert into position select address, 129, svvv, locked, outstanding, svvv_cooling, svvv_cooling_ends_at,
                 diem_liquid, 0, diem_cooling, diem_cooling_ends_at, claimed
               from position where address = decode('00000000000000000000000000000000000000e0', 'hex')
              order by block_number desc limit 1",
        )
        .await;
    service
}

fn micros(item: &Value) -> &Value {
    &item["entitlement"]["allocation_usd_micros"]
}

#[sqlx::test(migrations = "../migrations")]
async fn what_a_reorg_may_undo_entitles_to_nothing(pool: PgPool) {
    let service = service(pool).await;
    let latest = service.get(&format!("/v1/entitlements/{BOB}")).await.ok();
    assert_eq!(
        (micros(&latest), &latest["counted_at"], &latest["guarded"]),
        (&json!(1_000_000), &json!(null), &json!(null))
    );
    let bob = service.get(&format!("/v1/entitlements/{BOB}?finality=guarded")).await.ok();
    assert_snapshot("entitlement_guarded", bob.clone());
    assert_eq!((micros(&bob), &bob["counted_at"]), (&json!(100_000), &json!("safe")));
    assert_eq!((&bob["as_of"]["block_number"], &bob["guarded"]["latest"]["block_number"]), (&json!(125), &json!(130)));
    assert_eq!(bob["guarded"]["safe"]["block_number"], 125);
}

#[sqlx::test(migrations = "../migrations")]
async fn what_was_given_up_counts_no_more(pool: PgPool) {
    let service = service(pool).await;
    let reply = service.get(&format!("/v1/entitlements/{ERIN}?finality=guarded")).await;
    let erin = reply.ok();
    assert_eq!((micros(&erin), &erin["counted_at"]), (&json!(0), &json!("latest")));
    assert_eq!(erin["as_of"]["block_number"], 130);
    assert_eq!(reply.header("x-capacity-block"), "130");
    let safe = service.get(&format!("/v1/entitlements/{ERIN}?finality=safe")).await.ok();
    assert_eq!(micros(&safe), &json!(1_000_000));
}

#[sqlx::test(migrations = "../migrations")]
async fn each_item_of_a_batch_has_its_own_block(pool: PgPool) {
    let service = service(pool).await;
    let request = json!({"addresses": [BOB, ERIN, ALICE], "accounts": [{"id": "both", "addresses": [BOB, ERIN]}]});
    let body = service.post("/v1/entitlements?finality=guarded", request.to_string()).await.ok();
    let counted: Vec<_> = body["items"].as_array().unwrap().iter().map(|item| item["counted_at"].clone()).collect();
    // Together they had 1.1 at the safe block and have 1.0 now.
    assert_eq!(counted, ["safe", "latest", "latest", "latest"]);
    assert_eq!(micros(&body["items"][3]), &json!(1_000_000));
    assert_eq!(body["guarded"]["latest"]["block_number"], 130);
    assert_eq!(body["guarded"]["safe"]["block_number"], 125);
    assert_eq!(body["as_of"]["block_number"], 130);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_proxy_is_guarded_too(pool: PgPool) {
    let service = service(pool).await;
    service.get(&format!("/v1/check?address={BOB}&min_usd=1")).await.ok();
    let refused = service.get(&format!("/v1/check?address={BOB}&min_usd=1&finality=guarded")).await;
    let problem = refused.problem(403, "denied");
    assert_eq!(problem["guarded"]["safe"]["block_number"], 125);
    assert_eq!(refused.header("x-capacity-block"), "125");
    let passed = service.get(&format!("/v1/check?address={ALICE}&finality=guarded")).await.ok();
    assert_eq!(
        (&passed["guarded"]["safe"]["block_number"], &passed["as_of"]["block_number"]),
        (&json!(125), &json!(130))
    );
    service.get(&format!("/v1/check?address={ERIN}&finality=guarded")).await.problem(403, "denied");
    service.get(&format!("/v1/check?address={CAROL}&finality=guarded")).await.problem(403, "denied");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_guard_without_a_safe_block_is_refused_and_elsewhere_it_is_no_finality(pool: PgPool) {
    let service = service(pool).await;
    service.get(&format!("/v1/entitlements/{BOB}?finality=guarded&block=120")).await.problem(400, "invalid-parameter");
    service.get("/v1/supply?finality=guarded").await.problem(400, "invalid-parameter");
    service.get(&format!("/v1/entitlements/{BOB}?finality=sure")).await.problem(400, "invalid-parameter");
    service.execute("update follower set safe_number = null").await;
    service.get(&format!("/v1/entitlements/{BOB}?finality=guarded")).await.problem(503, "finality-unknown");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_guarded_answer_has_a_tag_that_changes_when_it_does(pool: PgPool) {
    let service = service(pool).await;
    let target = format!("/v1/entitlements/{BOB}?finality=guarded&fields=entitlement");
    let first = service.get(&target).await;
    let tag = first.header("etag").to_owned();
    assert_eq!(service.get_with(&target, "if-none-match", &tag).await.status.as_u16(), 304);
    service.execute("update follower set safe_number = 129").await;
    let now = service.get_with(&target, "if-none-match", &tag).await.ok();
    assert_eq!((micros(&now), &now["counted_at"]), (&json!(1_000_000), &json!("latest")));
}
