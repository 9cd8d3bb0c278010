//! What an address held, against the page of the address at every block.

use serde_json::{Value, json};
use sqlx::PgPool;

use crate::service::{ALICE, BOB, DAVE, ERIN, Service};

const TREASURY: &str = "0x7777777777777777777777777777777777777777";
const NOBODY: &str = "0x0000000000000000000000000000000000000000";
const PROXY: &str = "0x321b7ff75154472b18edb199033ff4d116f340ff";

/// What a row of the history says, from the page of the address at a block.
fn row(page: &Value) -> Value {
    json!({
        "vvv": page["vvv"]["balance"],
        "svvv": page["svvv"]["balance"],
        "locked": page["svvv"]["locked"],
        "outstanding": page["diem"]["outstanding"],
        "svvv_cooling": page["svvv"]["cooling"]["amount"],
        "svvv_cooling_ends_at": page["svvv"]["cooling"]["ends_at"],
        "diem_liquid": page["diem"]["liquid"],
        "diem_staked": page["diem"]["staked"],
        "diem_cooling": page["diem"]["cooling"]["amount"],
        "diem_cooling_ends_at": page["diem"]["cooling"]["ends_at"],
        "claimed": page["rewards"]["claimed"],
    })
}

/// From nothing on, each block after which the page says something else than after the one before.
async fn changes(service: &Service, address: &str) -> Vec<(u64, Value)> {
    let (mut changes, mut before) =
        (Vec::new(), row(&service.get(&format!("/v1/accounts/{PROXY}?block=100")).await.ok()));
    for block in 100..=130 {
        let now = row(&service.get(&format!("/v1/accounts/{address}?block={block}")).await.ok());
        if now != before {
            changes.push((block, now.clone()));
            before = now;
        }
    }
    changes.reverse();
    changes
}

#[sqlx::test(migrations = "../migrations")]
async fn a_row_for_each_block_that_changed_the_page(pool: PgPool) {
    let service = Service::of_chain(pool).await;
    for (address, count) in [(ALICE, 5), (BOB, 1), (DAVE, 1), (ERIN, 2), (TREASURY, 2), (NOBODY, 3), (PROXY, 2)] {
        let body = service.get(&format!("/v1/accounts/{address}/history")).await.ok();
        let rows = body["items"].as_array().unwrap().iter().map(|item| {
            let mut item = item.as_object().unwrap().clone();
            let block = item.remove("block_number").unwrap().as_u64().unwrap();
            item.remove("block_timestamp");
            item.remove("unknown");
            (block, Value::from(item))
        });
        let rows: Vec<(u64, Value)> = rows.collect();
        assert_eq!(rows.len(), count, "{address}: {rows:?}");
        assert_eq!(rows, changes(&service, address).await, "{address}");
    }
    let nobody = service.get("/v1/accounts/0x1234567890123456789012345678901234567890/history").await.ok();
    assert_eq!(nobody["items"], json!([]));
}

#[sqlx::test(migrations = "../migrations")]
async fn it_ends_at_the_block_asked_for(pool: PgPool) {
    let service = Service::of_chain(pool).await;
    let blocks = async |query: &str| {
        let body = service.get(&format!("/v1/accounts/{ALICE}/history?{query}")).await.ok();
        body["items"].as_array().unwrap().iter().map(|item| item["block_number"].clone()).collect::<Value>()
    };
    assert_eq!(blocks("block=122").await, json!([121, 105, 102, 101]));
    assert_eq!(blocks("block=121").await, json!([121, 105, 102, 101]));
    assert_eq!(blocks("block=100").await, json!([]));
    assert_eq!(blocks("finality=finalized").await, json!([105, 102, 101]));
}

/// State taken over from another oracle is its first row, and what came before is nobody's to tell.
#[sqlx::test(migrations = "../migrations")]
async fn it_begins_with_what_was_taken_over(pool: PgPool) {
    let service = Service::of_chain(pool).await;
    service
        .execute(
            "delete from vvv_transfer where block_number <= 103;
             delete from position where block_number < 103;
             insert into bootstrap (block_number, block_hash, file_digest)
             values (103, decode(lpad(to_hex(103), 64, '0'), 'hex'), decode(repeat('ab', 32), 'hex'));
             insert into vvv_opening values (decode('00000000000000000000000000000000000000a1', 'hex'), 1000)",
        )
        .await;
    let body = service.get(&format!("/v1/accounts/{ALICE}/history")).await.ok();
    let rows: Value =
        body["items"].as_array().unwrap().iter().map(|item| json!([item["block_number"], item["vvv"]])).collect();
    assert_eq!(rows, json!([[123, "999000000000000000000"], [121, "1000"], [105, "1000"], [103, "1000"]]));
}

#[sqlx::test(migrations = "../migrations")]
async fn a_cursor_is_of_one_address(pool: PgPool) {
    let service = Service::of_chain(pool).await;
    let body = service.get(&format!("/v1/accounts/{ALICE}/history?limit=1")).await.ok();
    let cursor = body["next_cursor"].as_str().unwrap();
    service.get(&format!("/v1/accounts/{ERIN}/history?cursor={cursor}")).await.problem(400, "invalid-parameter");
    service.get(&format!("/v1/accounts/{ALICE}/events?cursor={cursor}")).await.problem(400, "invalid-cursor");
}

/// The fixture's chain lasts a minute around midnight: one period ends with block 119, the other goes on.
#[sqlx::test(migrations = "../migrations")]
async fn periods_end_with_what_the_page_says_then(pool: PgPool) {
    let service = Service::of_chain(pool).await;
    for (interval, ends) in [("hour", &[119, 130][..]), ("day", &[119, 130]), ("week", &[130]), ("month", &[130])] {
        for address in [ALICE, ERIN, PROXY, "0x1234567890123456789012345678901234567890"] {
            let body = service.get(&format!("/v1/accounts/{address}/history?interval={interval}")).await.ok();
            let items = body["items"].as_array().unwrap();
            let blocks: Vec<u64> = items.iter().map(|item| item["block_number"].as_u64().unwrap()).collect();
            assert_eq!(blocks, ends, "{interval}");
            for item in items {
                let page = service.get(&format!("/v1/accounts/{address}?block={}", item["block_number"])).await.ok();
                for (name, value) in row(&page).as_object().unwrap() {
                    assert_eq!(&item[name], value, "{name} of {address} at {}", item["block_number"]);
                }
                assert_eq!(item["complete"], item["block_number"] == 119);
            }
        }
    }
    let past = service.get(&format!("/v1/accounts/{ALICE}/history?interval=day&block=110")).await.ok();
    assert_eq!(past["items"].as_array().unwrap().len(), 1);
    assert_eq!(past["items"][0]["block_number"], 110);
    for query in ["from=2026-11-19", "to=2026-11-19", "interval=day&limit=5", "interval=day&cursor=00", "interval=year"]
    {
        service.get(&format!("/v1/accounts/{ALICE}/history?{query}")).await.problem(400, "invalid-parameter");
    }
}
