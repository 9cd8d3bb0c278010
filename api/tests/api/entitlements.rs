//! What an address or account may use: minimum, epochs, sums, verdicts.

use axum::body::Body;
use axum::http::Request;
use serde_json::json;
use sqlx::PgPool;

use crate::service::{ALICE, BOB, CAROL, DAVE, ERIN, Service, assert_snapshot};

#[sqlx::test(migrations = "../migrations")]
async fn the_minimum_is_inclusive(pool: PgPool) {
    let service = Service::of_chain(pool).await;
    let bob = service.get(&format!("/v1/entitlements/{BOB}")).await.ok();
    assert_eq!(bob["entitlement"]["allocation_usd"], "0.100000000000000000");
    assert_eq!(bob["entitlement"]["allocation_usd_micros"], 100_000);
    assert_eq!(bob["entitlement"]["minimum_met"], true);
    let carol = service.get(&format!("/v1/entitlements/{CAROL}")).await.ok();
    assert_eq!(carol["diem"]["staked"], "99999999999999999");
    assert_eq!(carol["entitlement"]["allocation_usd_micros"], 0);
    assert_eq!(carol["entitlement"]["minimum_met"], false);
    assert_eq!(carol["gates"]["diem_spendable"], false);
}

#[sqlx::test(migrations = "../migrations")]
async fn midnight_belongs_to_the_new_epoch(pool: PgPool) {
    let service = Service::of_chain(pool).await;
    let midnight = service.get(&format!("/v1/entitlements/{ERIN}?block=120")).await.ok();
    assert_eq!(midnight["epoch"]["id"], "2026-11-20");
    assert_eq!(midnight["epoch"]["seconds_remaining"], 86_400);
    assert_eq!(midnight["epoch"]["opening_block"], 119);
    assert_eq!(midnight["epoch"]["opening_finality"], "safe");
    let before = service.get(&format!("/v1/entitlements/{ERIN}?block=119")).await.ok();
    assert_eq!(before["epoch"]["id"], "2026-11-19");
    assert_eq!(before["epoch"]["seconds_remaining"], 2);
    assert_eq!(before["epoch"]["opening_block"], json!(null));
    assert_eq!(before["diem"]["epoch_open"], "0");
}

#[sqlx::test(migrations = "../migrations")]
async fn cooled_diem_is_claimable_from_its_end_on(pool: PgPool) {
    let service = Service::of_chain(pool).await;
    let claimable = async |block: u64| {
        service.get(&format!("/v1/entitlements/{ERIN}?block={block}")).await.ok()["diem"]["claimable"].clone()
    };
    assert_eq!(claimable(124).await, "0");
    assert_eq!(claimable(125).await, "2000000000000000000");
}

#[sqlx::test(migrations = "../migrations")]
async fn the_policy_picks_the_amount_that_counts(pool: PgPool) {
    let service = Service::of_chain(pool).await;
    service
        .execute(
            "update deployment set digest = decode(repeat('aa', 32), 'hex'),
             document = jsonb_set(document, '{policy,allocation}', '\"epoch_open\"')",
        )
        .await;
    let erin = service.get(&format!("/v1/entitlements/{ERIN}")).await.ok();
    assert_eq!(erin["as_of"]["policy"], "epoch_open");
    assert_eq!(erin["entitlement"]["allocation_usd_micros"], 2_000_000);
    assert_eq!(erin["entitlement"]["next_allocation_usd_micros"], 0);
    let alice = service.get(&format!("/v1/entitlements/{ALICE}")).await.ok();
    assert_eq!(alice["entitlement"]["allocation_usd_micros"], 3_000_000);
    service
        .execute(
            "update deployment set digest = decode(repeat('bb', 32), 'hex'),
             document = jsonb_set(document, '{policy,allocation}', '\"min_of_both\"')",
        )
        .await;
    let rows = service.get("/v1/capacity").await.ok();
    let row = |address: &str| {
        rows["items"]
            .as_array()
            .unwrap()
            .iter()
            .find(|row| row["address"].as_str().unwrap().to_lowercase() == address)
            .cloned()
    };
    assert_eq!(row(ERIN).unwrap()["allocation_usd_micros"], 0);
    assert_eq!(row(ALICE).unwrap()["allocation_usd_micros"], 3_000_000);
}

#[sqlx::test(migrations = "../migrations")]
async fn accounts_are_summed_before_the_minimum(pool: PgPool) {
    let service = Service::of_chain(pool).await;
    let request = json!({
        "addresses": [BOB, BOB],
        "accounts": [
            {"id": "pair", "addresses": [CAROL, DAVE, ERIN, CAROL]},
            {"id": "two", "addresses": [BOB, CAROL]},
            {"id": "none", "addresses": []}
        ]
    });
    let body = service.post("/v1/entitlements", request.to_string()).await.ok();
    assert_snapshot("entitlements_accounts", body.clone());
    assert_eq!(body["items"][0], body["items"][1], "duplicates are kept");
    assert_eq!(body["items"][2]["stake"]["svvv"], "199000000000000000000", "an address counts once in an account");
    assert_eq!(body["items"][2]["gates"]["pro"], true, "99 and 100 sVVV make a Pro member together");
    assert_eq!(body["items"][2]["unknown"], json!(["stake.cooling_ends_at", "diem.cooling_ends_at", "diem.claimable"]));
    assert_eq!(body["items"][3]["entitlement"]["allocation_usd"], "0.199999999999999999");
    assert_eq!(body["items"][4]["entitlement"]["spendable"], false);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_thousand_addresses_and_no_more(pool: PgPool) {
    let service = Service::of_chain(pool).await;
    let body = service.post("/v1/entitlements", json!({ "addresses": vec![ALICE; 1_000] }).to_string()).await.ok();
    assert_eq!(body["items"].as_array().unwrap().len(), 1_000);
    let more = json!({ "addresses": vec![ALICE; 600], "accounts": [{"id": "a", "addresses": vec![BOB; 401]}] });
    service.post("/v1/entitlements", more.to_string()).await.problem(422, "limit-exceeded");
    let long = json!({ "accounts": [{"id": "x".repeat(257), "addresses": []}] });
    service.post("/v1/entitlements", long.to_string()).await.problem(422, "limit-exceeded");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_proxy_hears_a_verdict(pool: PgPool) {
    let service = Service::of_chain(pool).await;
    let passed = service.get_with("/v1/check/v1/chat?model=x", "x-wallet-address", ALICE).await;
    assert_eq!(passed.ok()["allowed"], true);
    assert_eq!(passed.header("x-capacity-allocation-usd-micros"), "4000000");
    assert_eq!(passed.header("x-capacity-epoch"), "2026-11-20");
    assert_eq!(passed.header("x-capacity-epoch-closes"), "2026-11-21T00:00:00Z");
    assert_eq!(passed.header("x-capacity-policy"), "live");
    service.get(&format!("/v1/check?address={ALICE}&min_usd=4")).await.ok();
    let refused = service.get(&format!("/v1/check?address={ALICE}&min_usd=4.000000000000000001")).await;
    refused.problem(403, "denied");
    assert_eq!(refused.header("x-capacity-allocation-usd-micros"), "4000000");
    service.get(&format!("/v1/check?address={CAROL}&deny=402")).await.problem(402, "payment-required");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_proxy_that_asks_wrongly_hears_that(pool: PgPool) {
    let service = Service::of_chain(pool).await;
    service.get("/v1/check").await.problem(400, "invalid-address");
    service.get(&format!("/v1/check?address={ALICE}&model=x")).await.problem(400, "invalid-parameter");
    service.get(&format!("/v1/check?address={ALICE}&deny=404")).await.problem(400, "invalid-parameter");
    service.get(&format!("/v1/check?address={ALICE}&min_usd=1e9")).await.problem(400, "invalid-parameter");
    let spoofed = service.get_with(&format!("/v1/check/x?address={ALICE}"), "x-wallet-address", CAROL).await;
    spoofed.problem(400, "invalid-address");
    let request = Request::post("/v1/check").body(Body::empty()).unwrap();
    service.send(request).await.problem(405, "method-not-allowed");
}

#[sqlx::test(migrations = "../migrations")]
async fn waiting_is_advised_where_it_helps(pool: PgPool) {
    let service = Service::of_chain(pool).await;
    service
        .execute(
            "update deployment set digest = decode(repeat('aa', 32), 'hex'),
             document = jsonb_set(document, '{policy,allocation}', '\"epoch_open\"')",
        )
        .await;
    let refused = service.get(&format!("/v1/check?address={ALICE}&min_usd=4")).await;
    refused.problem(403, "denied");
    assert_eq!(refused.header("retry-after"), (86_400 - 20).to_string());
    let refused = service.get(&format!("/v1/check?address={CAROL}")).await;
    assert_eq!(refused.header("retry-after"), "");
}
