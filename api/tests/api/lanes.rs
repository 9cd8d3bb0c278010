//! Capacity at the head, supply behind it or not begun.

use serde_json::{Value, json};
use sqlx::PgPool;

use crate::service::{ALICE, Service};

/// Capacity is at block 130, confirmed just now; supply at block 110, 140 seconds before the head.
async fn apart(pool: PgPool) -> Service {
    let service = Service::of_chain(pool).await;
    service
        .execute(
            "update cursor set block_number = 110, block_hash = null where name = 'supply';
             update follower set head_timestamp = 1795132920",
        )
        .await;
    service
}

fn names(reasons: &Value) -> Value {
    reasons.as_array().unwrap().iter().map(|reason| reason["name"].clone()).collect()
}

#[sqlx::test(migrations = "../migrations")]
async fn each_answer_is_of_the_newest_block_that_has_what_it_needs(pool: PgPool) {
    let service = apart(pool).await;
    let entitlement = service.get(&format!("/v1/entitlements/{ALICE}")).await.ok();
    assert_eq!((&entitlement["as_of"]["block_number"], &entitlement["as_of"]["sync"]), (&json!(130), &json!("live")));
    let supply = service.get("/v1/supply").await.ok();
    assert_eq!((&supply["as_of"]["block_number"], &supply["as_of"]["sync"]), (&json!(110), &json!("behind")));
    assert_eq!(supply["burned"], "0");
    service.get("/v1/supply?max_lag=60").await.problem(503, "too-old");
    service.get(&format!("/v1/check?address={ALICE}&max_lag=60")).await.ok();
    let body = service.get("/v1/supply?block=120").await.problem(503, "behind");
    assert_eq!((&body["first_block"], &body["last_block"]), (&json!(100), &json!(110)));
    assert_eq!(body["progress"]["supply"], json!({"block_number": 110, "seconds_left": 80}));
    assert_eq!(body["progress"]["capacity"], json!({"block_number": 130, "seconds_left": null}));
    service.get("/v1/supply?block=131").await.problem(404, "block-out-of-range");
}

#[sqlx::test(migrations = "../migrations")]
async fn capacity_is_ready_while_supply_is_behind(pool: PgPool) {
    let service = apart(pool).await;
    let ready = service.get("/readyz").await.ok();
    assert_eq!((&ready["ready"], names(&ready["reasons"])), (&json!(true), json!(["supply_behind"])));
    let both = service.get("/readyz?needs=both").await.problem(503, "not-ready");
    assert_eq!((&both["ready"], names(&both["reasons"])), (&json!(false), json!(["supply_behind"])));
    service.execute("update follower set observed_at = now() - interval '61 s'").await;
    let both = service.get("/readyz").await.problem(503, "not-ready");
    assert_eq!(names(&both["reasons"]), json!(["lag_above_limit", "supply_behind"]));
    service.get("/readyz?needs=all").await.problem(400, "invalid-parameter");
}

#[sqlx::test(migrations = "../migrations")]
async fn each_cursor_has_its_own_pace(pool: PgPool) {
    let service = apart(pool).await;
    service.execute("update follower set caught_up = false, head_number = 140").await;
    let status = service.get("/v1/status").await.ok();
    let pace = |of: &Value| (of["blocks_per_second"].clone(), of["seconds_left"].clone());
    assert_eq!(pace(&status["cursors"]["capacity"]), (json!(0.5), json!(20)));
    assert_eq!(pace(&status["cursors"]["supply"]), (json!(0.25), json!(120)));
    assert_eq!(pace(&status), (json!(0.25), json!(120)), "of the one that is last");
    assert_eq!((&status["as_of"]["block_number"], &status["sync"]), (&json!(110), &json!("behind")));
}

#[sqlx::test(migrations = "../migrations")]
async fn capacity_is_answered_before_supply_has_a_block(pool: PgPool) {
    let service = apart(pool).await;
    service.execute("delete from cursor where name = 'supply'; drop index vvv_transfer_sender").await;
    assert_eq!(service.get("/v1/capacity").await.ok()["as_of"]["block_number"], 130);
    let body = service.get("/v1/supply").await.problem(503, "behind");
    assert_eq!(body["progress"]["supply"], json!(null));
    assert_eq!(names(&service.get("/readyz").await.ok()["reasons"]), json!(["supply_behind"]));
    let status = service.get("/v1/status").await.ok();
    assert_eq!((&status["as_of"], &status["cursors"]["supply"]), (&json!(null), &json!(null)));
    assert_eq!(status["reorgs"]["count"], 1);
}

/// A mint is a light log and a transfer; it is shown as the transfer.
#[sqlx::test(migrations = "../migrations")]
async fn a_mint_is_shown_once(pool: PgPool) {
    let service = Service::of_chain(pool).await;
    let kinds = async |target: &str| -> Vec<String> {
        let items = service.get(target).await.ok()["items"].clone();
        items.as_array().unwrap().iter().map(|item| item["kind"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(kinds("/v1/events?to_block=100").await, ["transfer"]);
    assert_eq!(
        kinds("/v1/accounts/0x7777777777777777777777777777777777777777/events?to_block=100").await,
        ["transfer"]
    );
    assert_eq!(kinds("/v1/events?contract=vvv&to_block=100").await, ["transfer"]);
}
