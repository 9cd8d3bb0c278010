//! Every way to ask wrongly is answered with a problem document that says what was wrong.

use api::app::Settings;
use axum::body::Body;
use axum::http::Request;
use serde_json::json;
use sqlx::PgPool;

use crate::service::{ALICE, Service};

#[sqlx::test(migrations = "../migrations")]
async fn addresses(pool: PgPool) {
    let service = Service::of_chain(pool).await;
    let digits = "321b7ff75154472B18EDb199033fF4D116F340Ff";
    let long = "f".repeat(1_000);
    for text in
        ["0x", "alice", digits, "0X321b7ff75154472b18edb199033ff4d116f340ff", "0x12", &long, "0xzz", "%FF", "%00"]
    {
        service.get(&format!("/v1/entitlements/{text}")).await.problem(400, "invalid-address");
    }
    let wrong = service.get("/v1/entitlements/0x321B7ff75154472B18EDb199033fF4D116F340Ff").await;
    assert_eq!(wrong.problem(400, "invalid-address")["expected"], format!("0x{digits}"));
    for right in [format!("0x{digits}"), format!("0x{}", digits.to_lowercase()), format!("0x{}", digits.to_uppercase())]
    {
        let body = service.get(&format!("/v1/entitlements/{right}")).await.ok();
        assert_eq!(body["address"], format!("0x{digits}"));
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn blocks(pool: PgPool) {
    let service = Service::of_chain(pool).await;
    for query in [
        "block=99",
        "block=131",
        "block=9223372036854775808",
        "epoch=2026-11-19",
        "epoch=2026-11-21",
        "at=2026-11-19T23:59:19Z",
        "at=2026-11-20T00:00:21Z",
        "at=1969-12-31T00:00:00Z",
        "epoch=1970-01-01",
    ] {
        let body = service.get(&format!("/v1/supply?{query}")).await.problem(404, "block-out-of-range");
        assert_eq!((&body["first_block"], &body["last_block"]), (&json!(100), &json!(130)), "{query}");
    }
    for query in [
        "block=",
        "block=-1",
        "block=0x10",
        "block=1e3",
        "block=+5",
        "block=1.5",
        "at=yesterday",
        "at=2026-11-20",
        "epoch=20.11.2026",
        "epoch=2026-13-01",
        "finality=sure",
        "max_lag=-1",
        "units=wei",
        "blok=110",
        "block=110&block=111",
        "block=110&finality=safe",
        "at=2026-11-20T00:00:00Z&epoch=2026-11-20",
        "block=%FF",
        "block=%zz",
    ] {
        let reply = service.get(&format!("/v1/supply?{query}")).await;
        assert_eq!(reply.status.as_u16(), 400, "{query}: {}", reply.text);
        reply.problem(400, "invalid-parameter");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn limits(pool: PgPool) {
    let service = Service::of_chain(pool).await;
    for limit in ["0", "1001", "1000000000", "99999999999999999999999999"] {
        service.get(&format!("/v1/capacity?limit={limit}")).await.problem(422, "limit-exceeded");
    }
    for query in [
        "limit=ten",
        "limit=",
        "limit=-1",
        "order=size",
        "min_allocation_usd=.5",
        "min_allocation_usd=1e3",
        "min_allocation_usd=1.",
        "min_allocation_usd=1.0000000000000000001",
    ] {
        service.get(&format!("/v1/capacity?{query}")).await.problem(400, "invalid-parameter");
    }
    for cursor in ["", "zz", "00", "7b7d", "%20"] {
        service.get(&format!("/v1/capacity?cursor={cursor}")).await.problem(400, "invalid-cursor");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn quotes(pool: PgPool) {
    let service = Service::of_chain(pool).await;
    for query in
        ["", "svvv=1&diem=1", "svvv=", "svvv=-1", "svvv=1.5", "diem=1e3", "diem=.5&units=token", "svvv=1&blok=1"]
    {
        service.get(&format!("/v1/diem/quote?{query}")).await.problem(400, "invalid-parameter");
    }
    // 256 buckets of 5 DIEM, of which 10 are minted: 1,270 are left.
    let all = service.get("/v1/diem/quote?units=token&diem=1270").await.ok();
    assert_eq!((&all["diem"], &all["mint_rate_after"]), (&json!("1270.000000000000000000"), &json!(null)));
    let refused = service.get("/v1/diem/quote?units=token&diem=1270.000000000000000001").await;
    let body = refused.problem(422, "curve-exhausted");
    assert_eq!(body["diem_max"], "1270000000000000000000");
    let svvv_max = body["svvv_max"].as_str().unwrap();
    service.get(&format!("/v1/diem/quote?svvv={svvv_max}")).await.ok();
    service.get(&format!("/v1/diem/quote?svvv={svvv_max}1")).await.problem(422, "curve-exhausted");
    let immense = format!("{}", alloy_primitives::U256::MAX);
    service.get(&format!("/v1/diem/quote?diem={immense}")).await.problem(422, "curve-exhausted");
    service.get(&format!("/v1/diem/quote?diem={immense}0")).await.problem(400, "invalid-parameter");
    service
        .execute(
            "update parameter set value = array_fill(57896044618658097711785492504343953926634992332820282019728792003956564819968::numeric, array[256])
              where name = 'curve_rates'",
        )
        .await;
    let reverts = service.get("/v1/diem/quote?units=token&diem=1").await;
    let body = reverts.problem(422, "curve-exhausted");
    assert_eq!(body["detail"], "the quote does not fit in 256 bits: the contract reverts");
    assert_eq!((&body["diem_max"], &body["svvv_max"]), (&json!(null), &json!(null)));
}

#[sqlx::test(migrations = "../migrations")]
async fn utilisations(pool: PgPool) {
    let service = Service::of_chain(pool).await;
    for text in ["", "-0.1", "1.000000000000000001", "2", "0.1234567890123456789", "30%25", "1e-1", "half"] {
        service.get(&format!("/v1/emissions?utilisation={text}")).await.problem(400, "invalid-parameter");
    }
    for (text, share) in [("0", "0.800000000000000000"), ("0.5", "0.200000000000000000"), ("1", "0.800000000000000000")]
    {
        let split = service.get(&format!("/v1/emissions?utilisation={text}")).await.ok()["utilisation_split"].clone();
        assert_eq!(split["stakers_share"], share);
    }
    let of_unknown_rate = "delete from parameter where name = 'emission_rate_per_second'";
    service.execute(of_unknown_rate).await;
    let body = service.get("/v1/emissions?utilisation=0.5").await.ok();
    assert_eq!(body["utilisation_split"]["stakers_per_year"], json!(null));
    assert!(body["unknown"].as_array().unwrap().contains(&json!("utilisation_split.stakers_per_year")), "{body}");
}

#[sqlx::test(migrations = "../migrations")]
async fn bodies(pool: PgPool) {
    let service = Service::of_chain(pool).await;
    let deep = format!("{{\"addresses\":{}", "[".repeat(10_000));
    for body in [
        "",
        "no json",
        "[]",
        "{}",
        "null",
        "{\"addresses\": 5}",
        "{\"addresses\": [5]}",
        "{\"adresses\": []}",
        "{\"accounts\": [{\"id\": 1, \"addresses\": []}]}",
        "{\"addresses\": [\"0x\u{0}\"]",
        deep.as_str(),
    ] {
        service.post("/v1/entitlements", body.to_owned()).await.problem(400, "invalid-body");
    }
    service
        .post("/v1/entitlements", json!({"addresses": [ALICE, "0x1"]}).to_string())
        .await
        .problem(400, "invalid-address");
    service.post("/v1/entitlements", vec![0xff_u8; 100]).await.problem(400, "invalid-body");
    for size in [256 * 1024 + 1, 10_000_000] {
        service.post("/v1/entitlements", " ".repeat(size)).await.problem(413, "body-too-large");
    }
    let untyped = Request::post("/v1/entitlements").body(Body::from("{}")).unwrap();
    service.send(untyped).await.problem(415, "unsupported-media-type");
    let form = Request::post("/v1/entitlements").header("content-type", "application/x-www-form-urlencoded");
    service.send(form.body(Body::from("a=b")).unwrap()).await.problem(415, "unsupported-media-type");
}

#[sqlx::test(migrations = "../migrations")]
async fn paths_and_methods(pool: PgPool) {
    let service = Service::of_chain(pool).await;
    for path in [
        "/nothing",
        "/v1",
        "/v1/entitlement",
        "/v1/entitlements/",
        "/v1/supply/",
        "/assets/none.js",
        "/assets/..%2fmain.rs",
    ] {
        let body = service.get(path).await.problem(404, "not-found");
        assert_eq!(body["instance"], path);
    }
    let request = Request::delete("/v1/supply").body(Body::empty()).unwrap();
    let reply = service.send(request).await;
    reply.problem(405, "method-not-allowed");
    assert_eq!(reply.header("allow"), "GET,HEAD");
}

#[sqlx::test(migrations = "../migrations")]
async fn problems_may_be_read_by_other_origins(pool: PgPool) {
    let service = Service::of_chain(pool).await;
    let reply = service.get_with("/v1/supply?block=1", "origin", "https://example.org").await;
    assert_eq!(reply.header("access-control-allow-origin"), "*");
    assert!(reply.header("access-control-expose-headers").contains("x-capacity-block"));
    assert_eq!(reply.header("x-content-type-options"), "nosniff");
}

/// A struct's fields by position would be taken for what nobody wrote.
#[sqlx::test(migrations = "../migrations")]
async fn arrays_are_no_objects(pool: PgPool) {
    let service = Service::of_chain(pool).await;
    for (target, body) in [
        ("/v1/allocations", json!(["10", null, "svvv"])),
        ("/v1/allocations", json!({ "capacity_usd": "10", "weights": [["a", "1"]] })),
        ("/v1/entitlements", json!([[ALICE]])),
        ("/v1/entitlements", json!({ "accounts": [["a", [ALICE]]] })),
    ] {
        service.post(target, body.to_string()).await.problem(400, "invalid-body");
    }
}

/// Answers that nobody takes leave room for short ones, and give theirs back.
#[sqlx::test(migrations = "../migrations")]
async fn answers_on_their_way_share_memory(pool: PgPool) {
    let whole = Service::of_chain(pool.clone()).await.get("/openapi.json").await.text.len();
    let settings = Settings { answers_bytes_max: whole + 2_048, ..Settings::default() };
    let service = Service::over_with(pool, settings);
    let request = || Request::get("/openapi.json").body(Body::empty()).unwrap();
    let first = service.begin(request()).await;
    service.get("/openapi.json").await.problem(503, "overloaded");
    service.get("/v1/supply").await.ok();
    drop(first);
    service.get("/openapi.json").await.ok();
}
