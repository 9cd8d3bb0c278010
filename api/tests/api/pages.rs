//! Runs through the capacity table.

use serde_json::Value;
use sqlx::PgPool;

use crate::service::Service;

/// 250 stakers with amounts that often tie, beside those of the fixture.
const CROWD: &str = "
    insert into position (address, block_number, svvv, locked, outstanding, svvv_cooling, diem_liquid, diem_staked,
                          diem_cooling, claimed)
    select decode(md5(n::text) || '00000000', 'hex'), 114, (n % 7) * 1e18::numeric, 0, 0, 0, 0, (n % 5) * 1e17::numeric + 1, 0, 0
      from generate_series(1, 250) n";

async fn run(service: &Service, query: &str) -> Vec<Value> {
    let (mut rows, mut cursor) = (Vec::new(), String::new());
    loop {
        let body = service.get(&format!("/v1/capacity?{query}{cursor}")).await.ok();
        rows.extend(body["items"].as_array().unwrap().iter().cloned());
        match body["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return rows,
        }
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn pages_leave_nothing_out_and_repeat_nothing(pool: PgPool) {
    let service = Service::of_chain(pool).await;
    service.execute(CROWD).await;
    let all = service.get("/v1/capacity?limit=1000").await.ok();
    assert_eq!(all["rows"], 256);
    for order in ["address", "allocation", "share"] {
        let whole = service.get(&format!("/v1/capacity?limit=1000&order={order}")).await.ok()["items"].clone();
        for limit in [1, 7, 100, 256] {
            let rows = run(&service, &format!("limit={limit}&order={order}")).await;
            assert_eq!(Value::from(rows), whole, "{order} by {limit}");
        }
        let mut addresses: Vec<&str> =
            whole.as_array().unwrap().iter().map(|row| row["address"].as_str().unwrap()).collect();
        addresses.sort_unstable();
        addresses.dedup();
        assert_eq!(addresses.len(), 256);
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn orders_and_the_minimum(pool: PgPool) {
    let service = Service::of_chain(pool).await;
    service.execute(CROWD).await;
    let key = |row: &Value, name: &str| row[name].as_str().unwrap().replace('.', "").parse::<u128>().unwrap();
    let rows = run(&service, "order=allocation&min_allocation_usd=0.3&limit=9").await;
    assert_eq!(rows.len(), 101);
    assert!(rows.windows(2).all(|pair| key(&pair[0], "allocation_usd") >= key(&pair[1], "allocation_usd")));
    let rows = run(&service, "order=share&limit=50").await;
    assert!(rows.windows(2).all(|pair| key(&pair[0], "svvv") >= key(&pair[1], "svvv")));
    let rows = run(&service, "limit=50").await;
    assert!(rows.windows(2).all(|pair| pair[0]["address"].as_str().unwrap().to_lowercase()
        < pair[1]["address"].as_str().unwrap().to_lowercase()));
}

async fn first_cursor(service: &Service, query: &str) -> String {
    let body = service.get(&format!("/v1/capacity?limit=2{query}")).await.ok();
    body["next_cursor"].as_str().unwrap().to_owned()
}

#[sqlx::test(migrations = "../migrations")]
async fn a_run_keeps_to_its_block(pool: PgPool) {
    let service = Service::of_chain(pool).await;
    let cursor = first_cursor(&service, "").await;
    service
        .execute(
            "insert into block values (131, decode(repeat('31', 32), 'hex'), null, 1795132822);
             update cursor set block_number = 131, block_hash = decode(repeat('31', 32), 'hex');
             insert into position values (decode(repeat('ff', 20), 'hex'), 131, 1, 0, 0, 0, null, 0, 0, 0, null, 0)",
        )
        .await;
    let next = service.get(&format!("/v1/capacity?limit=1000&cursor={cursor}")).await.ok();
    assert_eq!(next["as_of"]["block_number"], 130);
    assert_eq!(next["items"].as_array().unwrap().len(), 4);
    service.get(&format!("/v1/capacity?cursor={cursor}&block=131")).await.problem(400, "invalid-parameter");
    service.get(&format!("/v1/capacity?cursor={cursor}&finality=safe")).await.problem(400, "invalid-parameter");
    service.get(&format!("/v1/capacity?cursor={cursor}&order=share")).await.problem(400, "invalid-parameter");
    service.get(&format!("/v1/capacity?cursor={cursor}&min_allocation_usd=1")).await.problem(400, "invalid-parameter");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_run_ends_when_its_block_is_gone(pool: PgPool) {
    let service = Service::of_chain(pool).await;
    let cursor = first_cursor(&service, "").await;
    service.execute("update block set hash = decode(repeat('77', 32), 'hex') where number = 130; update cursor set block_hash = null").await;
    service.get(&format!("/v1/capacity?cursor={cursor}")).await.problem(410, "cursor-expired");
    service.execute("delete from block where number = 130; update cursor set block_number = 129").await;
    service.get(&format!("/v1/capacity?cursor={cursor}")).await.problem(410, "cursor-expired");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_run_ends_after_a_thousand_blocks(pool: PgPool) {
    let service = Service::of_chain(pool).await;
    let (cursor, of_past) = (first_cursor(&service, "").await, first_cursor(&service, "&block=115").await);
    service.execute("update cursor set block_number = 1130, block_hash = null").await;
    service.get(&format!("/v1/capacity?cursor={cursor}")).await.ok();
    service.get(&format!("/v1/capacity?cursor={of_past}&block=115")).await.ok();
    service.execute("update cursor set block_number = 1131").await;
    service.get(&format!("/v1/capacity?cursor={cursor}")).await.problem(410, "cursor-expired");
    service.get(&format!("/v1/capacity?cursor={of_past}")).await.problem(410, "cursor-expired");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_run_ends_when_rows_are_derived_anew(pool: PgPool) {
    let service = Service::of_chain(pool).await;
    let cursor = first_cursor(&service, "").await;
    service.execute("update derivation set history = gen_random_uuid()").await;
    service.get(&format!("/v1/capacity?cursor={cursor}")).await.problem(410, "cursor-expired");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_run_ends_when_the_policy_changes(pool: PgPool) {
    let service = Service::of_chain(pool).await;
    let cursor = first_cursor(&service, "").await;
    service.execute("update deployment set digest = decode(repeat('aa', 32), 'hex')").await;
    service.get(&format!("/v1/capacity?cursor={cursor}")).await.problem(410, "cursor-expired");
}

/// Tables of following blocks are made of one another; each must be what a service without memory reads.
#[sqlx::test(migrations = "../migrations")]
async fn a_table_made_of_an_earlier_one_is_the_same(pool: PgPool) {
    let service = Service::of_chain(pool.clone()).await;
    service
        .execute(
            "update deployment set digest = decode(repeat('aa', 32), 'hex'),
             document = jsonb_set(document, '{policy,allocation}', '\"epoch_open\"')",
        )
        .await;
    for block in [120, 121, 122, 125, 119, 123, 130, 129] {
        let target = format!("/v1/capacity?block={block}");
        let alone = Service::over(pool.clone()).get(&target).await.ok();
        assert_eq!(service.get(&target).await.ok()["items"], alone["items"], "block {block}");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_table_is_not_made_of_one_that_was_reorged_away(pool: PgPool) {
    let service = Service::of_chain(pool.clone()).await;
    service.get("/v1/capacity?block=125").await.ok();
    service
        .execute(
            "update block set hash = decode(repeat('31', 32), 'hex') where number = 125;
             delete from position where block_number between 120 and 125",
        )
        .await;
    let alone = Service::over(pool).get("/v1/capacity?block=126").await.ok();
    assert_eq!(service.get("/v1/capacity?block=126").await.ok()["items"], alone["items"]);
}
