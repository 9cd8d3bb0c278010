//! Series, held against a naive reading of the same events.

mod finalized;
mod fold;
mod world;

use serde_json::{Value, json};
use sqlx::PgPool;

use crate::service::Service;
use fold::{INTERVALS, series};
use world::World;

/// Every series of every interval is what the fold says, also as known at a block in the middle.
async fn compare(service: &Service, world: &World) {
    let last = world.chain.last().unwrap().number;
    for block in [last, last * 2 / 3] {
        let known = &world.chain[..usize::try_from(block).unwrap()];
        for interval in INTERVALS {
            for topic in ["supply", "burns", "staking", "emissions", "diem"] {
                let target = format!("/v1/{topic}/history?interval={interval}&from=1970-01-01&block={block}");
                let body = service.get(&target).await.ok();
                assert_eq!(body["interval"], interval);
                let (items, expected) = (body["items"].as_array().unwrap(), series(known, interval, topic));
                assert_eq!(items.len(), expected.len(), "{target}");
                for (item, expected) in items.iter().zip(expected) {
                    for (pointer, value) in expected {
                        assert_eq!(item.pointer(&pointer), Some(&value), "{pointer} of {item} in {target}");
                    }
                }
            }
        }
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_series_is_what_its_events_add_up_to(pool: PgPool) {
    let mut world = World::new(&pool, 7, false).await;
    world.grow(180).await;
    compare(&Service::over(pool), &world).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_clock_tells_the_ends_of_periods_where_no_block_is_stored(pool: PgPool) {
    let mut world = World::new(&pool, 11, true).await;
    world.grow(900).await;
    compare(&Service::over(pool), &world).await;
}

/// Blocks of two months are undone, down to one in the middle of a week, and others take their place.
#[sqlx::test(migrations = "../migrations")]
async fn a_reorg_across_the_end_of_a_period_leaves_nothing_of_what_was(pool: PgPool) {
    let mut world = World::new(&pool, 13, false).await;
    world.grow(120).await;
    let service = Service::over(pool);
    let before = service.get("/v1/supply/history?interval=week&from=1970-01-01").await.ok();
    world.undo(70).await;
    world.grow(60).await;
    assert_ne!(service.get("/v1/supply/history?interval=week&from=1970-01-01").await.ok()["items"], before["items"]);
    compare(&service, &world).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_series_without_from_and_to_is_of_late(pool: PgPool) {
    let mut world = World::new(&pool, 17, false).await;
    world.grow(220).await;
    let service = Service::over(pool);
    for (interval, most) in [("hour", 168), ("day", 90), ("week", 52), ("month", 24)] {
        let whole = service.get(&format!("/v1/staking/history?interval={interval}&from=1970-01-01")).await.ok();
        let late = service.get(&format!("/v1/staking/history?interval={interval}")).await.ok();
        let whole = whole["items"].as_array().unwrap();
        let late = late["items"].as_array().unwrap();
        assert_eq!(late.as_slice(), &whole[whole.len().saturating_sub(most)..], "{interval}");
    }
    let days = service.get("/v1/staking/history").await.ok();
    assert_eq!(days["interval"], "day");
    assert_eq!(days["items"].as_array().unwrap().last().unwrap()["complete"], false);
}

#[sqlx::test(migrations = "../migrations")]
async fn periods_are_those_that_have_a_second_of_what_is_asked_for(pool: PgPool) {
    let service = Service::of_chain(pool).await;
    let starts = async |query: &str| -> Vec<String> {
        let body = service.get(&format!("/v1/diem/history?interval=hour&{query}")).await.ok();
        body["items"].as_array().unwrap().iter().map(|item| item["start"].as_str().unwrap().to_owned()).collect()
    };
    let (before, after) = ("2026-11-19T23:00:00Z".to_owned(), "2026-11-20T00:00:00Z".to_owned());
    assert_eq!(starts("from=2000-01-01&to=3000-01-01").await, [before.clone(), after.clone()]);
    assert_eq!(starts("to=2026-11-20").await, [before.as_str()], "the end is not of it");
    assert_eq!(starts("to=2026-11-20T00:00:01Z").await, [before.clone(), after.clone()]);
    assert_eq!(starts("from=2026-11-19T23:59:59Z").await, [before.clone(), after.clone()]);
    assert_eq!(starts("from=2026-11-20&to=2026-11-21").await, [after.as_str()]);
    assert!(starts("from=2026-11-21").await.is_empty(), "nothing is known of what is to come");
    assert!(starts("to=2026-11-19").await.is_empty(), "nor of what was before the first block");
    assert!(starts("from=2026-11-20&to=2026-11-20").await.is_empty());
}

/// Block 120 is at midnight: it completes the day before, and is of the next.
#[sqlx::test(migrations = "../migrations")]
async fn a_period_is_complete_once_a_block_at_its_end_is_there(pool: PgPool) {
    let service = Service::of_chain(pool).await;
    let days = async |block: u64| -> Vec<(Value, Value)> {
        let body = service.get(&format!("/v1/burns/history?block={block}")).await.ok();
        let items = body["items"].as_array().unwrap().iter();
        items.map(|item| (item["complete"].clone(), item["block_number"].clone())).collect()
    };
    assert_eq!(days(119).await, [(json!(false), json!(119))]);
    assert_eq!(days(120).await, [(json!(true), json!(119)), (json!(false), json!(120))]);
    service.execute("update cursor set block_number = 119, block_hash = null where name = 'supply'").await;
    let head = service.get("/v1/burns/history").await.ok();
    assert_eq!(head["items"][0]["complete"], false, "the lane of supply has not got there");
    assert_eq!(service.get("/v1/diem/history").await.ok()["items"][0]["complete"], true);
}

#[sqlx::test(migrations = "../migrations")]
async fn no_answer_has_more_points_than_its_limit(pool: PgPool) {
    let service = Service::of_chain(pool).await;
    // Long before: the first block's hour, and 5,000 until that of midnight.
    service.execute("update block set timestamp = 1795132800 - 5000 * 3600 where number = 100").await;
    let body = service.get("/v1/staking/history?interval=hour&from=2000-01-01").await.problem(422, "limit-exceeded");
    assert_eq!(body["limit"], 5_000);
    let items = service.get("/v1/staking/history?interval=hour&from=2000-01-01&block=119").await.ok()["items"].clone();
    assert_eq!(items.as_array().unwrap().len(), 5_000);
    for wrong in
        ["interval=year", "from=yesterday", "to=1969-12-31T23:59:59Z", "from=2026-11-21&to=2026-11-20", "limit=5"]
    {
        service.get(&format!("/v1/staking/history?{wrong}")).await.problem(400, "invalid-parameter");
    }
}

/// What an oracle took over from another is no flow of its own time.
#[sqlx::test(migrations = "../migrations")]
async fn flows_of_a_period_that_history_begins_in_are_not_known(pool: PgPool) {
    let service = Service::of_chain(pool).await;
    service
        .execute(
            "insert into bootstrap (block_number, block_hash, file_digest) values
                 (112, decode(lpad(to_hex(112), 64, '0'), 'hex'), decode(repeat('00', 32), 'hex'))",
        )
        .await;
    for topic in ["supply", "burns", "staking", "emissions", "diem"] {
        let body = service.get(&format!("/v1/{topic}/history")).await.ok();
        assert_eq!(body["items"][0]["flow"], Value::Null, "{topic}");
        assert!(body["items"][1]["flow"].is_object(), "{topic}");
        assert!(body["unknown"].as_array().unwrap().contains(&json!("flow")), "{topic}");
        let later = service.get(&format!("/v1/{topic}/history?from=2026-11-20")).await.ok();
        assert!(!later["unknown"].as_array().unwrap().contains(&json!("flow")), "{topic}");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn an_origin_that_cannot_be_known_is_null_and_named(pool: PgPool) {
    let service = Service::of_chain(pool).await;
    let somebody = "insert into mint values (decode(repeat('99', 20), 'hex'), 126, 0, 0, 5, 1, 0, 0)";
    service.execute(somebody).await;
    let body = service.get("/v1/supply").await.ok();
    assert_eq!(
        body["unknown"],
        json!(["minted.treasury", "minted.other"]),
        "who the treasury is became unknown at 125"
    );
    assert_eq!((&body["minted"]["other"], &body["minted"]["treasury"]), (&Value::Null, &Value::Null));
    assert_eq!(body["minted"]["stakers"], json!({"amount": "0", "count": 0}));
    let before = service.get("/v1/supply?block=124").await.ok();
    assert_eq!((&before["unknown"], &before["minted"]["other"]["amount"]), (&json!([]), &json!("0")));
    service.execute("update mint set undated_amount = 1, undated_count = 1 where block_number = 126").await;
    let names = json!(["minted.genesis", "minted.treasury", "minted.other"]);
    assert_eq!(service.get("/v1/supply").await.ok()["unknown"], names);
    let series = service.get("/v1/emissions/history").await.ok();
    let unknown = series["unknown"].as_array().unwrap();
    for name in ["flow.minted.genesis", "flow.minted.treasury", "flow.minted.other"] {
        assert!(unknown.contains(&json!(name)), "{name} of {unknown:?}");
    }
}
