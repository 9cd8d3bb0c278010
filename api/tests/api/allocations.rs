//! Parts of a capacity: whole bodies, and every way to ask wrongly.

use alloy_primitives::U256;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::service::{ALICE, BOB, CAROL, DAVE, ERIN, Reply, Service, assert_snapshot};

async fn post(service: &Service, query: &str, body: Value) -> Reply {
    service.post(&format!("/v1/allocations{query}"), body.to_string()).await
}

#[track_caller]
fn sum(body: &Value) -> U256 {
    let part = |item: &Value| -> U256 { item["amount_usd"].as_str().unwrap().replace('.', "").parse().unwrap() };
    body["items"].as_array().unwrap().iter().map(part).sum()
}

#[sqlx::test(migrations = "../migrations")]
async fn at_the_head_and_before(pool: PgPool) {
    let service = Service::of_chain(pool).await;
    let all = json!({"capacity_usd": "1000", "basis": "svvv"});
    assert_snapshot("allocations_stakers", post(&service, "", all.clone()).await.ok());
    assert_snapshot("allocations_stakers_past", post(&service, "?block=105&units=token", all).await.ok());
    let active = json!({"capacity_usd": "0.000000000000000001", "basis": "diem", "active": [CAROL, BOB, BOB, DAVE]});
    assert_snapshot("allocations_active", post(&service, "", active).await.ok());
    let weights = json!([{"id": "b", "weight": "1"}, {"id": "a", "weight": "1.0"}, {"id": "c", "weight": "1"}]);
    let vault = json!({"source": ALICE, "weights": weights});
    assert_snapshot("allocations_weights", post(&service, "", vault.clone()).await.ok());
    assert_eq!(post(&service, "?block=110", vault).await.ok()["total_usd"], "3.000000000000000000");
}

#[sqlx::test(migrations = "../migrations")]
async fn parts_add_up(pool: PgPool) {
    let service = Service::of_chain(pool).await;
    for basis in ["svvv", "diem"] {
        for capacity in ["0", "0.000000000000000007", "1", "99.999999999999999999", "12345678901234567890"] {
            let body = post(&service, "", json!({"capacity_usd": capacity, "basis": basis})).await.ok();
            assert_eq!(body["total_usd"], body["capacity_usd"]);
            let total = body["total_usd"].as_str().unwrap().replace('.', "");
            assert_eq!(sum(&body), total.parse::<U256>().unwrap(), "{basis} {capacity}");
        }
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn by_svvv_a_part_is_the_share(pool: PgPool) {
    let service = Service::of_chain(pool).await;
    let body = post(&service, "", json!({"capacity_usd": "1", "basis": "svvv"})).await.ok();
    let shares = service.get("/v1/capacity").await.ok();
    for item in body["items"].as_array().unwrap() {
        let row = shares["items"].as_array().unwrap().iter().find(|row| row["address"] == item["address"]).unwrap();
        let units = |text: &Value| -> i128 { text.as_str().unwrap().replace('.', "").parse().unwrap() };
        assert!((units(&item["amount_usd"]) - units(&row["share"])).abs() <= 1, "{item} {row}");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn nobody_to_give_to(pool: PgPool) {
    let service = Service::of_chain(pool).await;
    let nothing = json!({"capacity_usd": "5", "basis": "diem", "active": [ERIN]});
    let body = post(&service, "", nothing).await.ok();
    assert_eq!(
        (&body["total_usd"], &body["capacity_usd"]),
        (&json!("0.000000000000000000"), &json!("5.000000000000000000"))
    );
    assert_eq!(
        post(&service, "?block=101", json!({"capacity_usd": "5", "basis": "diem"})).await.ok()["items"],
        json!([])
    );
}

#[sqlx::test(migrations = "../migrations")]
async fn asked_wrongly(pool: PgPool) {
    let service = Service::of_chain(pool).await;
    let weight = |id: &str, weight: &str| json!({"id": id, "weight": weight});
    for body in [
        json!({}),
        json!({"basis": "svvv"}),
        json!({"capacity_usd": "1"}),
        json!({"capacity_usd": "1", "source": ALICE, "basis": "svvv"}),
        json!({"capacity_usd": "1", "basis": "svvv", "weights": []}),
        json!({"capacity_usd": "1", "weights": [], "active": []}),
        json!({"capacity_usd": 1, "basis": "svvv"}),
        json!({"capacity_usd": "1e3", "basis": "svvv"}),
        json!({"capacity_usd": "-1", "basis": "svvv"}),
        json!({"capacity_usd": "1", "basis": "vvv"}),
        json!({"capacity_usd": "1", "basis": "svvv", "activ": []}),
        json!({"capacity_usd": "1", "weights": [weight("a", "1"), weight("a", "2")]}),
        json!({"capacity_usd": "1", "weights": [weight("a", "-1")]}),
        json!({"capacity_usd": "1", "weights": [{"id": "a", "weight": 1}]}),
    ] {
        post(&service, "", body).await.problem(400, "invalid-body");
    }
    post(&service, "", json!({"source": "0x1", "basis": "svvv"})).await.problem(400, "invalid-address");
    let active = json!({"capacity_usd": "1", "basis": "svvv", "active": ["0x1"]});
    post(&service, "", active).await.problem(400, "invalid-address");
    let many = vec![ALICE; 1_001];
    post(&service, "", json!({"capacity_usd": "1", "basis": "svvv", "active": many}))
        .await
        .problem(422, "limit-exceeded");
    let many: Vec<Value> = (0..1_001).map(|id| weight(&id.to_string(), "1")).collect();
    post(&service, "", json!({"capacity_usd": "1", "weights": many})).await.problem(422, "limit-exceeded");
    let long = json!({"capacity_usd": "1", "weights": [weight(&"x".repeat(257), "1")]});
    post(&service, "", long).await.problem(422, "limit-exceeded");
    let most = "115792089237316195423570985008687907853269984665640564039457";
    let heavy = json!({"capacity_usd": "1", "weights": [weight("a", most), weight("b", most)]});
    post(&service, "", heavy).await.problem(422, "limit-exceeded");
    post(&service, "?blok=1", json!({"capacity_usd": "1", "basis": "svvv"})).await.problem(400, "invalid-parameter");
}

#[sqlx::test(migrations = "../migrations")]
async fn so_many_answers_about_everybody_at_once(pool: PgPool) {
    let service = Service::of_chain(pool).await;
    let everybody = json!({"capacity_usd": "1", "basis": "svvv"}).to_string();
    let mut made: Vec<_> = std::iter::from_fn(|| service.app.wide_answer().ok()).collect();
    assert_eq!(made.len(), 16);
    service.post("/v1/allocations", everybody.clone()).await.problem(503, "overloaded");
    let weights = json!({"capacity_usd": "1", "weights": [{"id": "a", "weight": "1"}]});
    service.post("/v1/allocations", weights.to_string()).await.ok();
    made.pop();
    service.post("/v1/allocations", everybody).await.ok();
}

/// Everybody who ever burned is looked at by so many at a time, and by nobody who asks for sums.
#[sqlx::test(migrations = "../migrations")]
async fn so_many_long_reads_at_once(pool: PgPool) {
    let service = Service::of_chain(pool).await;
    let mut read: Vec<_> = std::iter::from_fn(|| service.app.long_read().ok()).collect();
    assert_eq!(read.len(), 2);
    service.get("/v1/burns/senders").await.problem(503, "overloaded");
    service.get("/v1/burns").await.ok();
    read.pop();
    let senders = service.get("/v1/burns/senders").await.ok();
    assert_eq!(senders["senders"], senders["items"].as_array().unwrap().len());
}
