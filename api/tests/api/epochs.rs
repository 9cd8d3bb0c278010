//! Epochs as seen from a block: which there are, and where each opened and closed.

use serde_json::json;
use sqlx::PgPool;

use crate::service::Service;

/// Three days more, at two blocks a day, one of them exactly at midnight; on the 22nd the chain stands still.
const DAYS: &str = "
    insert into block (number, hash, timestamp)
    select n, decode(lpad(to_hex(n), 64, '0'), 'hex'), t from (values
        (131, 1795219199), (132, 1795219200), (133, 1795392001), (134, 1795400000)) more (n, t);
    update cursor set block_number = 134, block_hash = null;
    insert into capacity_totals
    select 131, svvv_supply + 7, svvv_locked, svvv_cooling, diem_supply, diem_outstanding, diem_staked, diem_cooling,
           diem_minted, diem_minted_count, diem_minted_direct, diem_burned, diem_burned_count, diem_burned_direct,
           stakers, diem_stakers, minters, unknown_logs
      from capacity_totals where block_number = 122";

#[sqlx::test(migrations = "../migrations")]
async fn a_day_ends_with_its_last_block(pool: PgPool) {
    let service = Service::of_chain(pool).await;
    service.execute(DAYS).await;
    let body = service.get("/v1/epochs").await.ok();
    let ends =
        |member: &str| body["items"].as_array().unwrap().iter().map(|item| item[member].clone()).collect::<Vec<_>>();
    assert_eq!(ends("id"), ["2026-11-23", "2026-11-22", "2026-11-21", "2026-11-20", "2026-11-19"]);
    assert_eq!(ends("opening_block"), [json!(132), json!(132), json!(131), json!(119), json!(null)]);
    assert_eq!(ends("closing_block"), [json!(null), json!(132), json!(132), json!(131), json!(119)]);
    assert_eq!(ends("complete"), [json!(false), json!(true), json!(true), json!(true), json!(true)]);
    assert_eq!(body["items"][3]["closing"]["total_svvv"], "1200000000000000000007");
    assert_eq!(body["items"][3]["closing"], body["items"][2]["opening"]);
    assert_eq!(service.get("/v1/epochs/2026-11-22").await.ok()["opening"], body["items"][1]["opening"]);
}

#[sqlx::test(migrations = "../migrations")]
async fn pages(pool: PgPool) {
    let service = Service::of_chain(pool).await;
    service.execute(DAYS).await;
    let whole = service.get("/v1/epochs").await.ok()["items"].clone();
    let (mut rows, mut cursor) = (Vec::new(), String::new());
    loop {
        let body = service.get(&format!("/v1/epochs?limit=2{cursor}")).await.ok();
        rows.extend(body["items"].as_array().unwrap().iter().cloned());
        let Some(next) = body["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(json!(rows), whole);
    for query in ["limit=0", "limit=1001"] {
        service.get(&format!("/v1/epochs?{query}")).await.problem(422, "limit-exceeded");
    }
    service.get(&format!("/v1/epochs?block=130{cursor}")).await.problem(400, "invalid-parameter");
    service.get("/v1/epochs?cursor=00").await.problem(400, "invalid-cursor");
}

/// With a clock no header need be stored.
#[sqlx::test(migrations = "../migrations")]
async fn a_clock_tells_the_same(pool: PgPool) {
    let service = Service::of_chain(pool.clone()).await;
    let stored = service.get("/v1/epochs").await.ok();
    service
        .execute(
            "update deployment set digest = decode(repeat('aa', 32), 'hex'), document = jsonb_set(document, '{clock}',
                '{\"genesis_timestamp\": 1795132560, \"seconds_per_block\": 2}');
             delete from block where number < 130",
        )
        .await;
    assert_eq!(service.get("/v1/epochs").await.ok()["items"], stored["items"]);
}

#[sqlx::test(migrations = "../migrations")]
async fn days_that_are_not_held(pool: PgPool) {
    let service = Service::of_chain(pool).await;
    for day in ["2026-11-18", "2026-11-21", "1970-01-01", "9998-12-31"] {
        let body = service.get(&format!("/v1/epochs/{day}")).await.problem(404, "not-found");
        assert_eq!((&body["first_epoch"], &body["last_epoch"]), (&json!("2026-11-19"), &json!("2026-11-20")));
    }
    service.get("/v1/epochs/2026-11-20?block=119").await.problem(404, "not-found");
    for day in ["today", "2026-13-01", "20777", "1969-12-31", "%FF"] {
        service.get(&format!("/v1/epochs/{day}")).await.problem(400, "invalid-parameter");
    }
}
