//! `indexer status`: the same as the API says, and digests that anybody can compute.

use std::time::Duration;

use alloy_primitives::{Address, U256, keccak256};
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::World;
use crate::oracle::Said;

/// A lag that no test reaches.
const PATIENT: [&str; 3] = ["--check", "--max-lag-seconds", "100000"];

impl World {
    async fn status(&self, arguments: &[&str]) -> Said {
        self.oracle.ask_indexer(&[&["status"], arguments].concat()).await
    }

    /// The digest of the capacity table, from what the API serves.
    async fn served_digest(&self, block: u64) -> (String, usize) {
        let answer = self.oracle.get(&format!("/v1/capacity?block={block}&limit=1000")).await;
        assert_eq!(answer["next_cursor"], Value::Null, "more than a page");
        let items = answer["items"].as_array().unwrap();
        let mut bytes = Vec::new();
        for item in items {
            let number = |field: &str| {
                let digits = item[field].as_str().unwrap().replace('.', "");
                U256::from_str_radix(&digits, 10).unwrap().to_be_bytes::<32>()
            };
            let address: Address = item["address"].as_str().unwrap().parse().unwrap();
            bytes.extend_from_slice(address.as_slice());
            bytes.extend(number("allocation_usd"));
            bytes.extend(number("svvv"));
        }
        (keccak256(bytes).to_string(), items.len())
    }
}

async fn execute(pool: &PgPool, sql: &'static str) {
    sqlx::raw_sql(sql).execute(pool).await.unwrap();
}

#[sqlx::test(migrations = false)]
async fn status_says_what_the_api_says_and_whether_it_is_ready(pool: PgPool) {
    let world = World::at_rest(&pool, 13, 150).await;
    let said = world.status(&["--json"]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    let (mut ours, mut served) = (said.json(), world.oracle.get("/v1/status").await);
    for status in [&mut ours, &mut served] {
        for lane in ["capacity", "supply"] {
            // The clock goes on between the two.
            status["cursors"][lane].as_object_mut().unwrap().remove("lag_seconds").unwrap();
        }
    }
    for same in [
        "head/block_number",
        "safe",
        "finalized",
        "cursors",
        "reorgs",
        "unknown_topics",
        "anomalies",
        "halted",
        "fork_suspected",
        "failing",
        "indexer_version",
        "version",
    ] {
        let (name, inner) = same.split_once('/').unwrap_or((same, ""));
        let of_api = if inner.is_empty() { &served[name] } else { &served[name][inner] };
        assert_eq!(&ours[name], of_api, "{name}");
    }
    assert_eq!((&ours["ready"], &ours["reasons"]), (&json!(true), &json!([])));

    let said = world.status(&PATIENT).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(
        said.out.starts_with("chain 8453 from block 0, policy live\n") && said.out.ends_with("\nready\n"),
        "{said:?}"
    );
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let said = world.status(&["--check", "--max-lag-seconds", "0"]).await;
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.out.contains("\nlag_above_limit: "), "{said:?}");

    for (complaint, sql) in [
        ("failing", "update follower set failing = 'the node is away'"),
        ("fork_suspected", "update follower set failing = null, fork_suspected = 'a branch'"),
        ("halted", "update follower set fork_suspected = null, halted = 'a fork below finalized'"),
        ("never_synced", "update follower set halted = null; delete from cursor"),
        ("not_migrated", "drop schema public cascade; create schema public; grant usage on schema public to public"),
    ] {
        execute(&pool, sql).await;
        let said = world.status(&[&PATIENT[..], &["--json"]].concat()).await;
        assert_eq!(said.code, Some(1), "{complaint}: {said:?}");
        assert_eq!(said.json()["reasons"][0]["name"], complaint, "{said:?}");
        assert_eq!(world.status(&[]).await.code, Some(0), "without --check it is an answer like others");
    }
    let said = world.status(&["--check", "--database-url", "postgres://indexer:secret@127.0.0.1:1/nothing"]).await;
    assert_eq!(said.code, Some(3), "{said:?}");
    assert!(said.err.starts_with("error: --database-url: ") && !said.err.contains("secret"), "{said:?}");
    world.node.stop().await.unwrap();
}

#[sqlx::test(migrations = false)]
async fn digests_are_those_of_the_rows(pool: PgPool) {
    let world = World::at_rest(&pool, 14, 300).await;
    let head = world.traffic.head().number;
    for block in [head / 2, head] {
        let (digest, rows) = world.served_digest(block).await;
        assert!(rows > 5, "{rows} rows at block {block}");
        let said = world.status(&["--digest", "--at-block", &block.to_string()]).await;
        assert_eq!(said.out, format!("{digest} capacity_table at block {block}, {rows} rows\n"), "{said:?}");
    }

    let whole = world.status(&["--digest", "--all"]).await.out;
    assert_eq!(whole, world.status(&["--digest", "--all"]).await.out, "byte for byte");
    assert_eq!(whole.lines().count(), 10, "{whole}");
    for (table, there, back) in [
        ("event", "update event set kind = kind || '!'", "update event set kind = rtrim(kind, '!')"),
        ("position", "update position set claimed = claimed + 1", "update position set claimed = claimed - 1"),
        (
            "capacity_totals",
            "update capacity_totals set stakers = stakers + 1",
            "update capacity_totals set stakers = stakers - 1",
        ),
        (
            "supply_totals",
            "update supply_totals set holders = holders + 1",
            "update supply_totals set holders = holders - 1",
        ),
        ("burn", "update burn set count = count + 1", "update burn set count = count - 1"),
        ("parameter", "update parameter set value[1] = value[1] + 1", "update parameter set value[1] = value[1] - 1"),
        ("anomaly", "insert into anomaly values (1, 1, 'a', 'b', 'supply')", "delete from anomaly where kind = 'a'"),
        (
            "vvv_transfer",
            "update vvv_transfer set recipient_balance = recipient_balance + 1 where block_number = (select max(block_number) from vvv_transfer)",
            "update vvv_transfer set recipient_balance = recipient_balance - 1 where block_number = (select max(block_number) from vvv_transfer)",
        ),
    ] {
        execute(&pool, there).await;
        let damaged = world.status(&["--digest", "--all"]).await.out;
        let differing = whole.lines().zip(damaged.lines()).filter(|(before, after)| before != after);
        let differing: Vec<&str> = differing.map(|(before, _)| before.split(' ').nth(1).unwrap()).collect();
        assert_eq!(differing, [table]);
        execute(&pool, back).await;
    }
    assert_eq!(world.status(&["--digest", "--all"]).await.out, whole);
    let said = world.status(&["--digest", "--at-block", "1000000"]).await;
    assert_eq!(said.code, Some(2), "{said:?}");
    world.node.stop().await.unwrap();
}
