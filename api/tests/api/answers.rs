//! Whole bodies, at the head and at a past block.

use serde_json::{Value, json};
use sqlx::PgPool;

use crate::service::{ALICE, BOB, CAROL, DAVE, Service, assert_snapshot};

async fn check(service: &Service, name: &str, target: &str) {
    assert_snapshot(name, service.get(target).await.ok());
}

#[sqlx::test(migrations = "../migrations")]
async fn at_the_head(pool: PgPool) {
    let service = Service::of_chain(pool).await;
    check(&service, "entitlement_head", &format!("/v1/entitlements/{ALICE}")).await;
    check(&service, "entitlement_unknown_end", &format!("/v1/entitlements/{DAVE}")).await;
    check(&service, "entitlement_only", &format!("/v1/entitlements/{ALICE}?fields=entitlement&units=token")).await;
    check(&service, "check_head", &format!("/v1/check?address={ALICE}")).await;
    check(&service, "capacity_head", "/v1/capacity").await;
    check(&service, "supply_head", "/v1/supply").await;
    check(&service, "supply_tokens", "/v1/supply?units=token").await;
    check(&service, "burns_head", "/v1/burns").await;
    check(&service, "staking_head", "/v1/staking").await;
    check(&service, "diem_head", "/v1/diem").await;
    check(&service, "diem_curve_head", "/v1/diem/curve").await;
    check(&service, "diem_quote_head", "/v1/diem/quote?svvv=1000000000000000000001").await;
    check(&service, "diem_quote_inverse", "/v1/diem/quote?diem=12.000000000000000001&units=token").await;
    check(&service, "emissions_head", "/v1/emissions").await;
    check(&service, "emissions_tokens", "/v1/emissions?units=token").await;
    check(&service, "emissions_by_utilisation", "/v1/emissions?utilisation=0.3&units=token").await;
    check(&service, "parameters_head", "/v1/parameters").await;
    check(&service, "parameters_history_head", "/v1/parameters/history").await;
    check(&service, "cooldowns_head", "/v1/cooldowns").await;
    check(&service, "epochs_head", "/v1/epochs").await;
    check(&service, "epoch_head", "/v1/epochs/2026-11-19?units=token").await;
    check(&service, "account_head", &format!("/v1/accounts/{ALICE}")).await;
    check(&service, "account_unknown_end", &format!("/v1/accounts/{DAVE}?units=token")).await;
    check(&service, "account_events_head", &format!("/v1/accounts/{ALICE}/events")).await;
    check(&service, "account_history_head", &format!("/v1/accounts/{ALICE}/history?units=token")).await;
    check(&service, "account_history_unknown_end", &format!("/v1/accounts/{DAVE}/history")).await;
    check(&service, "events_head", "/v1/events").await;
    check(&service, "burns_events_head", "/v1/burns/events").await;
    check(&service, "stakers_head", "/v1/stakers").await;
    check(&service, "stakers_by_diem", "/v1/stakers?order=diem_staked&units=token").await;
    check(&service, "supply_history_head", "/v1/supply/history").await;
    check(&service, "burns_history_head", "/v1/burns/history").await;
    check(&service, "staking_history_head", "/v1/staking/history").await;
    check(&service, "emissions_history_head", "/v1/emissions/history").await;
    check(&service, "diem_history_head", "/v1/diem/history").await;
    check(&service, "status_head", "/v1/status").await;
}

#[sqlx::test(migrations = "../migrations")]
async fn at_a_past_block(pool: PgPool) {
    let service = Service::of_chain(pool).await;
    check(&service, "entitlement_past", &format!("/v1/entitlements/{ALICE}?block=110")).await;
    check(&service, "capacity_past", "/v1/capacity?block=110").await;
    check(&service, "supply_past", "/v1/supply?block=111").await;
    check(&service, "burns_past", "/v1/burns?block=111").await;
    check(&service, "staking_past", "/v1/staking?block=105").await;
    check(&service, "diem_past", "/v1/diem?block=113").await;
    check(&service, "diem_before_the_curve", "/v1/diem?block=103").await;
    check(&service, "diem_curve_before", "/v1/diem/curve?block=103").await;
    check(&service, "diem_quote_past", "/v1/diem/quote?diem=1&block=105").await;
    check(&service, "diem_quote_before", "/v1/diem/quote?svvv=1&block=103").await;
    check(&service, "emissions_past", "/v1/emissions?block=113").await;
    check(&service, "emissions_before_the_percentages", "/v1/emissions?block=103").await;
    check(&service, "emissions_without_stakers", "/v1/emissions?block=100").await;
    check(&service, "parameters_past", "/v1/parameters?block=104&units=token").await;
    check(&service, "parameters_history_past", "/v1/parameters/history?block=104&name=implementation").await;
    check(&service, "cooldowns_past", "/v1/cooldowns?block=124&units=token").await;
    check(&service, "epochs_past", "/v1/epochs?epoch=2026-11-20").await;
    check(&service, "epoch_past", "/v1/epochs/2026-11-19?block=119").await;
    check(&service, "account_past", &format!("/v1/accounts/{ALICE}?block=110")).await;
    check(&service, "account_events_past", &format!("/v1/accounts/{ALICE}/events?block=110&contract=diem")).await;
    check(&service, "events_past", "/v1/events?block=122&kind=transfer&from_block=105&to_block=121&units=token").await;
    check(&service, "burns_events_past", "/v1/burns/events?block=112").await;
    check(&service, "stakers_past", "/v1/stakers?order=locked&block=110").await;
    check(&service, "supply_first_block", "/v1/supply?block=100").await;
    check(&service, "supply_history_past", "/v1/supply/history?interval=hour&block=111&units=token").await;
    check(&service, "emissions_history_past", "/v1/emissions/history?interval=month&block=103").await;
    check(&service, "diem_history_past", "/v1/diem/history?interval=week&block=103").await;
}

#[sqlx::test(migrations = "../migrations")]
async fn cooldowns_add_up_to_the_totals(pool: PgPool) {
    let service = Service::of_chain(pool).await;
    for block in ["100", "113", "122", "124", "125", "130"] {
        let of = |path: &str| format!("{path}?block={block}");
        let calendar = service.get(&of("/v1/cooldowns")).await.ok();
        assert_eq!(calendar["svvv"]["cooling"]["amount"], service.get(&of("/v1/staking")).await.ok()["cooling"]);
        assert_eq!(calendar["diem"]["cooling"]["amount"], service.get(&of("/v1/diem")).await.ok()["cooling"]);
    }
}

/// Ends after the year 9999, up to the last that is kept, are there, and what is null of them has a name.
#[sqlx::test(migrations = "../migrations")]
async fn an_end_that_cannot_be_written_is_told_apart(pool: PgPool) {
    let (alice, bob) = (&ALICE[2..], &BOB[2..]);
    let insert =
        "insert into position select address, 126, svvv, locked, outstanding, 5, $2, diem_liquid, diem_staked, 3, $2,
                         claimed from position where address = decode($1, 'hex') order by block_number desc limit 1";
    let service = Service::of_chain(pool.clone()).await;
    // 9999-12-31 is the last day that can be written.
    for (address, end) in [(alice, 253_402_300_800), (bob, i64::MAX), (&CAROL[2..], 253_402_214_400)] {
        sqlx::query(insert).bind(address).bind(end).execute(&pool).await.unwrap();
    }
    let totals = "update capacity_totals set svvv_cooling = svvv_cooling + 15, diem_cooling = diem_cooling + 9,
                         svvv_cooling_accounts = svvv_cooling_accounts + 3, diem_cooling_accounts = diem_cooling_accounts + 3
                   where block_number = (select max(block_number) from capacity_totals)";
    sqlx::query(totals).execute(&pool).await.unwrap();
    let calendar = service.get("/v1/cooldowns").await.ok();
    for (token, one) in [("svvv", 5), ("diem", 3)] {
        let calendar = &calendar[token];
        assert_eq!(calendar["later"], json!({"amount": (2 * one).to_string(), "accounts": 2}), "{calendar}");
        let last = calendar["days"].as_array().unwrap().last().unwrap();
        assert_eq!(*last, json!({"day": "9999-12-31", "amount": one.to_string(), "accounts": 1}), "{calendar}");
        let places = ["claimable", "later", "unknown_end"].map(|name| calendar[name].clone());
        let places = places.into_iter().chain(calendar["days"].as_array().unwrap().iter().cloned());
        let (amounts, accounts): (Vec<u128>, Vec<u64>) = places
            .map(|it| (it["amount"].as_str().unwrap().parse::<u128>().unwrap(), it["accounts"].as_u64().unwrap()))
            .unzip();
        assert_eq!(calendar["cooling"]["amount"], amounts.iter().sum::<u128>().to_string());
        assert_eq!(calendar["cooling"]["accounts"], accounts.iter().sum::<u64>());
    }
    for address in [ALICE, BOB] {
        let account = service.get(&format!("/v1/accounts/{address}")).await.ok();
        let cooling = &account["svvv"]["cooling"];
        assert_eq!((&cooling["ends_at"], &cooling["claimable"]), (&Value::Null, &json!("0")));
        let missing = |name: &str| account["unknown"].as_array().unwrap().contains(&json!(name));
        assert!(missing("svvv.cooling.ends_at") && missing("diem.cooling.ends_at"), "{account}");
        assert!(!missing("svvv.cooling.claimable") && !missing("diem.cooling.claimable"), "{account}");
        let history = service.get(&format!("/v1/accounts/{address}/history")).await.ok();
        let names = json!(["svvv_cooling_ends_at", "diem_cooling_ends_at"]);
        assert_eq!(history["items"][0]["unknown"], names, "{history}");
        let periods = service.get(&format!("/v1/accounts/{address}/history?interval=day")).await.ok();
        assert_eq!(periods["items"].as_array().unwrap().last().unwrap()["unknown"], names, "{periods}");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn there_are_as_many_stakers_as_counted(pool: PgPool) {
    let service = Service::of_chain(pool).await;
    for block in ["100", "102", "113", "121", "122", "130"] {
        let count = async |order: &str| {
            service.get(&format!("/v1/stakers?order={order}&block={block}")).await.ok()["count"].clone()
        };
        assert_eq!(count("svvv").await, service.get(&format!("/v1/staking?block={block}")).await.ok()["stakers"]);
        let diem = service.get(&format!("/v1/diem?block={block}")).await.ok();
        assert_eq!(count("diem_staked").await, diem["stakers"]);
        assert_eq!(count("locked").await, diem["minters"], "whoever minted has locked");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn an_address_never_seen_has_zeros(pool: PgPool) {
    let service = Service::of_chain(pool).await;
    let body = service.get("/v1/entitlements/0x1234567890123456789012345678901234567890").await.ok();
    assert_eq!(body["stake"]["svvv"], "0");
    assert_eq!(body["diem"]["claimable"], "0");
    assert_eq!(body["entitlement"]["spendable"], false);
    assert_eq!(body["unknown"], serde_json::json!([]));
}

#[sqlx::test(migrations = "../migrations")]
async fn the_block_is_in_the_headers(pool: PgPool) {
    let service = Service::of_chain(pool).await;
    let reply = service.get("/v1/supply?block=118").await;
    assert_eq!(reply.header("x-capacity-block"), "118");
    assert_eq!(reply.header("x-capacity-block-time"), "2026-11-19T23:59:56Z");
    assert_eq!(reply.header("x-capacity-finality"), "finalized");
}
