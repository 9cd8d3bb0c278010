//! `indexer export`: what is in the files, and that they are whole.

use serde_json::Value;
use sqlx::PgPool;

use crate::programs::{Clock, Oracle};
use crate::world::World;

fn records(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[sqlx::test(migrations = false)]
async fn files_say_what_they_are_of_and_that_they_are_whole(pool: PgPool) {
    let world = World::new(41, 60).await;
    let oracle = Oracle::new(&pool, "whole", Clock::Known).await;
    oracle.follow(&world.node, &[]).await;
    for what in ["capacity", "positions", "events", "supply"] {
        let standard = oracle.done(&["export", "--what", what]).await.out;
        let out = oracle.file(what);
        oracle.done(&["export", "--what", what, "--out", &out]).await;
        assert_eq!(std::fs::read_to_string(&out).unwrap(), standard, "{what}");
        let records = records(&standard);
        let (first, last) = (&records[0], &records[records.len() - 1]);
        assert_eq!((&first["record"], &first["what"]), (&"export".into(), &what.into()));
        assert_eq!(first["block_number"], world.finalized());
        assert_eq!((&last["record"], &last["rows"]), (&"end".into(), &(records.len() - 2).into()), "{what}");
        assert!(records.len() > 4, "{what}: {standard}");
    }
    // Nothing is left of what was under way, and a file that cannot be written is no success.
    let names: Vec<_> = std::fs::read_dir(&oracle.directory).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 5, "{names:?}");
    let said = oracle.ask(&["export", "--what", "capacity", "--out", "/nowhere/at/all"]).await;
    assert_eq!(said.code, Some(3), "{said:?}");
    oracle.drop(&pool).await;
}

#[sqlx::test(migrations = false)]
async fn the_capacity_table_is_the_one_that_status_digests(pool: PgPool) {
    let world = World::new(42, 60).await;
    let oracle = Oracle::new(&pool, "table", Clock::Known).await;
    oracle.follow(&world.node, &[]).await;
    let block = (world.head() - 3).to_string();
    let text = oracle.done(&["export", "--what", "capacity", "--at-block", &block]).await.out;
    let mut bytes = Vec::new();
    for row in records(&text).iter().filter(|record| record["record"] == "capacity") {
        let amount = |name: &str| row[name].as_str().unwrap().parse::<alloy_primitives::U256>().unwrap();
        let address: alloy_primitives::Address = row["address"].as_str().unwrap().parse().unwrap();
        bytes.extend_from_slice(address.as_slice());
        bytes.extend_from_slice(&amount("allocation_usd").to_be_bytes::<32>());
        bytes.extend_from_slice(&amount("svvv").to_be_bytes::<32>());
    }
    let digest = oracle.done(&["status", "--digest", "--at-block", &block]).await.out;
    assert!(bytes.len() > 84, "{text}");
    assert!(digest.starts_with(&alloy_primitives::keccak256(&bytes).to_string()), "{digest}");
    oracle.drop(&pool).await;
}

#[sqlx::test(migrations = false)]
async fn what_is_not_held_is_not_exported(pool: PgPool) {
    let world = World::new(43, 40).await;
    let oracle = Oracle::new(&pool, "not_held", Clock::Known).await;
    let said = oracle.ask(&["export", "--what", "capacity"]).await;
    assert_eq!(said.code, Some(3), "no tables yet: {said:?}");
    oracle.follow(&world.node, &[]).await;
    let beyond = (world.head() + 1).to_string();
    for arguments in [
        &["--what", "events", "--at-block", &beyond][..],
        &["--what", "events", "--at-block", "5", "--from-block", "6"],
        &["--what", "capacity", "--from-block", "6"],
        &["--what", "everything"],
    ] {
        let said = oracle.ask(&[&["export"], arguments].concat()).await;
        assert_eq!((said.code, said.out.as_str()), (Some(2), ""), "{arguments:?}: {said:?}");
    }
    oracle.drop(&pool).await;
}
