//! `indexer verify` against the real contracts: silent where all is right, and where one row is wrong it names that one.

use devnet::truth;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::World;
use crate::oracle::VERIFY_EVERY;

/// Whoever runs this test has never been seen.
const NOBODY: &str = "0x00000000000000000000000000000000DeaDBeef";

/// The newest row of an address that has some of a column's amount.
const NEWEST_POSITION: &str =
    "from (select distinct on (address) * from position order by address, block_number desc) newest
    where (position.address, position.block_number) = (newest.address, newest.block_number) and newest.address =
        (select address from (select distinct on (address) * from position order by address, block_number desc) held
          where held.COLUMN > 0 order by address limit 1)";

async fn execute(pool: &PgPool, sql: String) {
    let done = sqlx::query(sqlx::AssertSqlSafe(sql.as_str())).execute(pool).await.unwrap();
    assert_eq!(done.rows_affected(), 1, "{sql}");
}

/// (what verify calls it, a row, its column): each kind of figure that is compared.
fn damages() -> Vec<(&'static str, String, &'static str)> {
    let newest = |table: &str| format!("where {table}.block_number = (select max(block_number) from {table})");
    let parameter = |name: &str| {
        format!(
            "where name = '{name}' and block_number = (select max(block_number) from parameter where name = '{name}')"
        )
    };
    let mut damages = vec![
        ("svvv_total_supply", newest("capacity_totals"), "capacity_totals.svvv_supply"),
        ("svvv_total_locked", newest("capacity_totals"), "capacity_totals.svvv_locked"),
        ("diem_total_supply", newest("capacity_totals"), "capacity_totals.diem_supply"),
        ("acc_reward_per_share", newest("capacity_totals"), "capacity_totals.acc_unlocked"),
        ("acc_reward_per_share_locked", newest("capacity_totals"), "capacity_totals.acc_locked"),
        ("last_reward_timestamp", newest("capacity_totals"), "capacity_totals.rewarded_until"),
        ("vvv_total_supply", newest("supply_totals"), "supply_totals.supply"),
        ("vvv_burned", newest("supply_totals"), "supply_totals.burned"),
        (
            "vvv",
            "where (block_number, log_index) = (select block_number, log_index from vvv_transfer
                order by block_number desc, log_index desc limit 1)"
                .to_owned(),
            "vvv_transfer.recipient_balance",
        ),
        ("emission_rate_per_second", parameter("emission_rate_per_second"), "parameter.value[1]"),
        ("curve_rates[6]", parameter("curve_rates"), "parameter.value[7]"),
    ];
    for (what, column) in [
        ("svvv", "position.svvv"),
        ("locked", "position.locked"),
        ("outstanding", "position.outstanding"),
        ("reward_debt", "position.reward_debt"),
        ("svvv_cooling", "position.svvv_cooling"),
        ("svvv_cooling_ends_at", "position.svvv_cooling_ends_at"),
        ("diem_liquid", "position.diem_liquid"),
        ("diem_staked", "position.diem_staked"),
        ("diem_cooling", "position.diem_cooling"),
        ("diem_cooling_ends_at", "position.diem_cooling_ends_at"),
    ] {
        damages.push((what, NEWEST_POSITION.replace("COLUMN", what), column));
    }
    damages
}

/// Adds to a column of a row, or takes away again.
async fn shift(pool: &PgPool, column: &str, row: &str, by: i32) {
    let (table, column) = column.split_once('.').unwrap();
    execute(pool, format!("update {table} set {column} = {table}.{column} + {by} {row}")).await;
}

impl World {
    async fn verify(&self, arguments: &[&str], code: i32) -> Value {
        let said = self.oracle.ask_indexer(&[&["verify", "--json"], arguments].concat()).await;
        assert_eq!(said.code, Some(code), "{said:?}");
        said.json()
    }
}

#[sqlx::test(migrations = false)]
async fn verify_finds_no_difference_at_any_block_and_any_damage(pool: PgPool) {
    let world = World::at_rest(&pool, 11, 400).await;
    let head = world.traffic.head().number;
    let mut has_locks = Vec::new();
    for block in (1..=8).map(|step| step * head / 8) {
        let report = world.verify(&["--at-block", &block.to_string(), "--all"], 0).await;
        assert_eq!(report["differences"], json!([]), "block {block}");
        assert_eq!((&report["notes"], &report["unanswered"]), (&json!([]), &json!([])), "block {block}");
        assert_eq!(report["block_number"], block);
        let (addresses, compared) = (report["addresses"].as_u64().unwrap(), report["compared"].as_u64().unwrap());
        assert!(compared > 6 * addresses && addresses > 10, "block {block}: {report}");
        has_locks.push(truth::network(&world.rpc, block).await.unwrap().has_locks());
    }
    assert!(has_locks.contains(&false) && has_locks.contains(&true), "both implementations: {has_locks:?}");

    let at_head = head.to_string();
    let whole = ["--at-block", &at_head, "--all"];
    let seen = truth::addresses_seen(&world.rpc, 0, head).await.unwrap();
    let seen: Vec<String> = seen.iter().map(ToString::to_string).collect();
    let named: Vec<&str> =
        ["--at-block", &at_head, "--address"].into_iter().chain(seen.iter().map(String::as_str)).collect();
    assert_eq!(world.verify(&named, 0).await["addresses"], seen.len());
    for (what, row, column) in damages() {
        shift(&pool, column, &row, 1).await;
        let report = world.verify(&whole, 1).await;
        // What is pending is told by others of them.
        let differences = report["differences"].as_array().unwrap().iter();
        let differences: Vec<_> = differences.filter(|found| found["what"] != "pending_rewards").collect();
        assert_eq!(differences.len(), 1, "{what}: {report}");
        assert_eq!((&differences[0]["what"], &differences[0]["block_number"]), (&json!(what), &json!(head)));
        assert_eq!(differences[0]["address"].is_string(), column.starts_with("position") || what == "vvv");
        shift(&pool, column, &row, -1).await;
    }
    world.verify(&whole, 0).await;
    world.node.stop().await.unwrap();
}

#[sqlx::test(migrations = false)]
async fn verify_says_what_it_did_and_what_it_could_not(pool: PgPool) {
    let world = World::at_rest(&pool, 12, 200).await;
    let oracle = &world.oracle;

    let of_nobody = world.verify(&["--address", NOBODY], 0).await;
    assert_eq!(of_nobody["addresses"], 1, "zeros on both sides");
    let finalized = oracle.get("/v1/status").await["finalized"].clone();
    assert_eq!(of_nobody["block_number"], finalized);
    let sample = world.verify(&["--sample", "20"], 0).await;
    assert!((1..=20).contains(&sample["addresses"].as_u64().unwrap()), "{sample}");

    // One that counts as remarkable, not as different: nobody knows for sure what totalStaked() includes.
    let row = "where block_number = (select max(block_number) from capacity_totals)";
    let head = world.traffic.head().number.to_string();
    shift(&pool, "capacity_totals.diem_staked", row, 1).await;
    let said = oracle.ask_indexer(&["verify", "--at-block", &head]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.out.contains("note: diem_total_staked at block"), "{said:?}");
    shift(&pool, "capacity_totals.svvv_supply", row, 1).await;
    let said = oracle.ask_indexer(&["verify", "--at-block", &head, "--address", NOBODY]).await;
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.out.contains(&format!("difference: svvv_total_supply at block {head}: derived ")), "{said:?}");
    assert!(said.out.ends_with("1 differences, 0 not known, 0 unanswered\n"), "{said:?}");

    let said = oracle.ask_indexer(&["verify", "--at-block", "0"]).await;
    assert_eq!((said.code, said.out.as_str()), (Some(3), ""), "no contract to ask yet: {said:?}");
    let said = oracle.ask_indexer(&["verify", "--at-block", "1000000"]).await;
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(said.err.contains("lies outside what the database holds"), "{said:?}");
    let said = oracle.ask_indexer(&["verify", "--deployment", "base"]).await;
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(said.err.contains("another deployment: start_block is 0, not 25500000"), "{said:?}");
    let said = oracle.ask_indexer(&["verify", "--rpc-url", "http://127.0.0.1:1/secret"]).await;
    assert_eq!((said.code, said.out.as_str()), (Some(3), ""), "{said:?}");
    assert!(said.err.starts_with("error: --rpc-url: ") && !said.err.contains("secret"), "{said:?}");
    let nowhere = "postgres://indexer:secret@127.0.0.1:1/nothing";
    let said = oracle.ask_indexer(&["verify", "--database-url", nowhere]).await;
    assert_eq!(said.code, Some(3), "{said:?}");
    assert!(said.err.starts_with("error: --database-url: ") && !said.err.contains("secret"), "{said:?}");
    world.node.stop().await.unwrap();
}

#[sqlx::test(migrations = false)]
async fn a_running_indexer_notices_drift(pool: PgPool) {
    let mut world = World::new(&pool, 15).await;
    world.mine(150).await;
    world.check_head().await;
    // The last comparison that is due before more blocks come.
    let finalized = world.oracle.get("/v1/status").await["finalized"].as_u64().unwrap();
    let drift = world.oracle.drift(finalized.saturating_sub(VERIFY_EVERY - 1)).await;
    assert_eq!((&drift["differences"], &drift["detail"]), (&json!(0), &json!([])));
    assert!(drift["compared"].as_u64().unwrap() > 50, "{drift}");

    sqlx::query("update capacity_totals set diem_supply = diem_supply + 1").execute(&pool).await.unwrap();
    // Empty ones: no event mends what was damaged.
    world.rpc.call::<Value>("anvil_mine", json!([60])).await.unwrap();
    let drift = world.oracle.drift(drift["block_number"].as_u64().unwrap() + 1).await;
    assert_eq!(drift["differences"], 1, "{drift}");
    let detail = drift["detail"][0].as_str().unwrap();
    assert!(detail.starts_with("diem_total_supply at block "), "{detail}");
    let status = world.oracle.ask_indexer(&["status", "--json"]).await.json();
    assert_eq!(status["drift"]["differences"], 1, "{status}");
    world.node.stop().await.unwrap();
}
