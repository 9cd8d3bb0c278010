//! The DIEM supply aimed at: the deployment's word, each from its day on, else the curve's.

use alloy_primitives::U256;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::service::Service;

/// Block 120 is the first of 2026-11-20.
const TARGETS: &str = "update deployment set digest = decode(repeat('aa', 32), 'hex'), document = jsonb_set(document,
    '{diem_targets}', '[{\"since\": \"2026-11-20\", \"amount\": \"40000\", \"source\": \"the owner''s word\"}]')";
const EARLIER_TARGETS: &str =
    "update deployment set digest = decode(repeat('bb', 32), 'hex'), document = jsonb_set(document,
    '{diem_targets}', '[{\"since\": \"2026-11-01\", \"amount\": \"39500.5\", \"source\": \"a post\"}]')";

#[sqlx::test(migrations = "../migrations")]
async fn an_entry_holds_from_its_day_on(pool: PgPool) {
    let service = Service::of_chain(pool).await;
    let by_curve = service.get("/v1/diem?block=119").await.ok();
    service.execute(TARGETS).await;
    let before = service.get("/v1/diem?block=119").await.ok();
    assert_eq!(before["target"], by_curve["target"]);
    assert_eq!(before["target"]["basis"], "curve_bucket_nearest_665.015");
    let (target, units) = (U256::from(40_000), U256::from(10).pow(U256::from(18)));
    for path in ["/v1/diem?block=120", "/v1/diem/curve"] {
        let answer = service.get(path).await.ok();
        let entry = json!({
            "amount": (target * units).to_string(), "basis": "deployment", "since": "2026-11-20", "source": "the owner's word",
        });
        assert_eq!(answer["target"], entry, "{path}");
        let amount = |field: &str| answer[field].as_str().unwrap().parse::<U256>().unwrap();
        assert_eq!(amount("supply") + amount("remaining"), target * units, "{path}");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn an_entry_is_known_without_a_curve(pool: PgPool) {
    let service = Service::of_chain(pool).await;
    let path = "/v1/diem?block=101";
    let without = service.get(path).await.ok();
    assert_eq!(without["target"], Value::Null);
    assert!(without["unknown"].as_array().unwrap().contains(&json!("target")));
    service.execute(EARLIER_TARGETS).await;
    let with = service.get(path).await.ok();
    assert_eq!(with["target"]["amount"], "39500500000000000000000");
    assert_eq!(with["unknown"], json!(["mint_rate", "diem_per_svvv", "table_remaining"]));
}
