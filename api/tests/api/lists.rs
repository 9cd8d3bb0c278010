//! Runs through lists: whatever the page, nothing is left out, nothing repeated, and the block stays.

use serde_json::Value;
use sqlx::PgPool;

use crate::service::{ALICE, BOB, Service};

/// Each list, and a query that names another one.
const LISTS: [(&str, &str); 8] = [
    ("/v1/stakers?", "order=locked"),
    ("/v1/stakers?order=diem_staked", "block=110"),
    ("/v1/parameters/history?", "name=treasury"),
    ("/v1/events?", "kind=staked"),
    ("/v1/events?contract=diem", "to_block=125"),
    ("/v1/accounts/0x00000000000000000000000000000000000000a1/events?", "contract=vvv"),
    ("/v1/accounts/0x00000000000000000000000000000000000000a1/history?", "block=110"),
    ("/v1/burns/events?", "block=110"),
];

async fn run(service: &Service, list: &str, limit: usize) -> Vec<Value> {
    let (mut rows, mut cursor) = (Vec::new(), String::new());
    loop {
        let body = service.get(&format!("{list}&limit={limit}{cursor}")).await.ok();
        rows.extend(body["items"].as_array().unwrap().iter().cloned());
        match body["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return rows,
        }
    }
}

async fn first_cursor(service: &Service, list: &str) -> String {
    service.get(&format!("{list}&limit=1")).await.ok()["next_cursor"].as_str().unwrap().to_owned()
}

#[sqlx::test(migrations = "../migrations")]
async fn pages_leave_nothing_out_and_repeat_nothing(pool: PgPool) {
    let service = Service::of_chain(pool).await;
    for (list, _) in LISTS {
        let whole = service.get(&format!("{list}&limit=1000")).await.ok()["items"].clone();
        let count = whole.as_array().unwrap().len();
        assert!(count > 2, "{list} has {count}");
        for limit in [1, 2, 3, count - 1, count, count + 1] {
            assert_eq!(Value::from(run(&service, list, limit).await), whole, "{list} by {limit}");
        }
    }
}

/// What is only read now and then lies among the changes, and is told neither as in force nor as a change; pages are full.
#[sqlx::test(migrations = "../migrations")]
async fn working_values_are_no_parameters(pool: PgPool) {
    let service = Service::of_chain(pool).await;
    let working = ["acc_reward_per_share", "acc_reward_per_share_locked", "last_reward_timestamp"];
    service
        .execute("insert into parameter (name, block_number, value, source) values
            ('acc_reward_per_share_locked', 104, array[7], 'call'), ('acc_reward_per_share_locked', 121, array[8], 'call')")
        .await;
    for block in [104, 130] {
        let parameters = service.get(&format!("/v1/parameters?block={block}")).await.ok();
        assert_eq!(parameters["items"].as_array().unwrap().len(), 11);
        let history = service.get(&format!("/v1/parameters/history?block={block}&limit=1000")).await.ok();
        for answer in [parameters, history] {
            let names: Vec<&str> =
                answer["items"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap()).collect();
            let unknown = answer["unknown"].as_array().unwrap();
            assert!(working.iter().all(|name| !names.contains(name) && !unknown.contains(&(*name).into())), "{answer}");
        }
    }
    let count = service.get("/v1/parameters/history?limit=1000").await.ok()["items"].as_array().unwrap().len();
    for limit in 1..=count {
        let page = service.get(&format!("/v1/parameters/history?limit={limit}")).await.ok();
        assert_eq!(page["items"].as_array().unwrap().len(), limit);
        assert_eq!(page["next_cursor"].is_null(), limit == count);
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_cursor_keeps_to_its_list_and_block(pool: PgPool) {
    let service = Service::of_chain(pool).await;
    for (list, other) in LISTS {
        let cursor = first_cursor(&service, list).await;
        for wrong in [other, "block=129", "finality=safe", "epoch=2026-11-20"] {
            service.get(&format!("{list}&cursor={cursor}&{wrong}")).await.problem(400, "invalid-parameter");
        }
        let of_past = first_cursor(&service, &format!("{list}&block=128")).await;
        let next = service.get(&format!("{list}&cursor={of_past}")).await.ok();
        assert_eq!(next["as_of"]["block_number"], 128, "{list}");
        service.get(&format!("{list}&cursor={of_past}&block=128")).await.ok();
        service.get(&format!("/v1/capacity?cursor={cursor}")).await.problem(400, "invalid-cursor");
    }
    let of_table = first_cursor(&service, "/v1/capacity?").await;
    for (list, _) in LISTS {
        service.get(&format!("{list}&cursor={of_table}")).await.problem(400, "invalid-cursor");
        let cursor = first_cursor(&service, list).await;
        service.execute("update block set hash = decode(repeat('77', 32), 'hex') where number = 130; update cursor set block_hash = null").await;
        service.get(&format!("{list}&cursor={cursor}")).await.problem(410, "cursor-expired");
        service.execute("update block set hash = decode(lpad(to_hex(130), 64, '0'), 'hex') where number = 130").await;
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn limits(pool: PgPool) {
    let service = Service::of_chain(pool).await;
    for (list, _) in LISTS {
        for limit in ["0", "1001", "99999999999999999999999999"] {
            service.get(&format!("{list}&limit={limit}")).await.problem(422, "limit-exceeded");
        }
        for query in ["limit=ten", "limit=-1", "blok=1", "units=wei"] {
            service.get(&format!("{list}&{query}")).await.problem(400, "invalid-parameter");
        }
        for cursor in ["", "zz", "7b7d"] {
            service.get(&format!("{list}&cursor={cursor}")).await.problem(400, "invalid-cursor");
        }
    }
    for query in [
        "/v1/parameters/history?name=rate",
        "/v1/parameters/history?name=acc_reward_per_share",
        "/v1/parameters/history?name=last_reward_timestamp",
        "/v1/events?contract=weth",
        "/v1/events?kind=Staked",
        "/v1/events?from_block=-1",
        "/v1/events?to_block=x",
        "/v1/burns/events?kind=transfer",
        "/v1/stakers?order=address",
        &format!("/v1/accounts/{ALICE}/events?address={ALICE}"),
        &format!("/v1/accounts/{ALICE}?limit=5"),
    ] {
        service.get(query).await.problem(400, "invalid-parameter");
    }
    for query in ["/v1/events?address=0x1", "/v1/accounts/alice", "/v1/accounts/alice/events"] {
        service.get(query).await.problem(400, "invalid-address");
    }
    let cursor = first_cursor(&service, &format!("/v1/accounts/{ALICE}/events?")).await;
    service.get(&format!("/v1/accounts/{BOB}/events?cursor={cursor}")).await.problem(400, "invalid-parameter");
}

/// Whoever asks for an address gets what a list of everything has of it.
#[sqlx::test(migrations = "../migrations")]
async fn filters_are_those_of_the_whole_list(pool: PgPool) {
    let service = Service::of_chain(pool).await;
    let whole = service.get("/v1/events?limit=1000").await.ok()["items"].as_array().unwrap().clone();
    let is =
        |item: &Value, member: &str, text: &str| item[member].as_str().is_some_and(|it| it.eq_ignore_ascii_case(text));
    for (query, is_wanted) in [
        (
            format!("address={ALICE}"),
            Box::new(|item: &Value| is(item, "address", ALICE) || is(item, "counterparty", ALICE))
                as Box<dyn Fn(&Value) -> bool>,
        ),
        ("contract=vvv".into(), Box::new(|item: &Value| is(item, "contract", "vvv"))),
        (
            "kind=transfer&contract=diem".into(),
            Box::new(|item: &Value| is(item, "contract", "diem") && is(item, "kind", "transfer")),
        ),
        ("kind=staked".into(), Box::new(|item: &Value| is(item, "kind", "staked"))),
        (
            "from_block=105&to_block=107".into(),
            Box::new(|item: &Value| (105..=107).contains(&item["block_number"].as_u64().unwrap())),
        ),
        ("from_block=125".into(), Box::new(|_: &Value| false)),
        ("from_block=18446744073709551615".into(), Box::new(|_: &Value| false)),
    ] {
        let wanted: Vec<Value> = whole.iter().filter(|item| is_wanted(item)).cloned().collect();
        assert_eq!(service.get(&format!("/v1/events?{query}")).await.ok()["items"], Value::from(wanted), "{query}");
    }
}
