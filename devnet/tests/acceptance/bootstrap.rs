//! An oracle that begins with another one's state, on the real contracts: from there on it answers as the one that has
//! everything, and of what lies before it says that it is not there.

use serde_json::{Value, json};
use sqlx::{Executor, PgPool};

use crate::World;
use crate::oracle::Oracle;

/// What dashboards and gateways ask, at a block.
const QUESTIONS: [&str; 8] = ["supply", "burns", "staking", "emissions", "diem", "cooldowns", "parameters", "capacity"];

/// The answer to one of them; how fresh the writer is differs between two oracles.
async fn answer(oracle: &Oracle, question: &str, block: u64) -> Value {
    let mut answer = oracle.get(&format!("/v1/{question}?block={block}")).await;
    answer["as_of"] = answer["as_of"]["block_hash"].take();
    assert!(answer["as_of"].is_string(), "{question}: {answer}");
    answer
}

/// Who was the treasury before the block begun with is in no positions: of a mint to somebody else nobody can tell, until
/// that somebody has been seen as the treasury.
fn without_old_treasuries(question: &str, mut of_old: Value) -> Value {
    if question == "supply" {
        let origins = ["treasury", "other"];
        assert_eq!(of_old["unknown"], json!([]));
        of_old["unknown"] = json!(origins.map(|origin| format!("minted.{origin}")));
        for origin in origins {
            of_old["minted"][origin] = Value::Null;
        }
    }
    of_old
}

/// Of the local chain's finalized block below its head.
const FINALIZED_DEPTH: u64 = 20;

#[sqlx::test(migrations = false)]
async fn a_young_oracle_answers_as_the_old_one(pool: PgPool) {
    let mut world = World::new(&pool, 21).await;
    // Into the second epoch, so that there is an opening to take over.
    world.mine(440).await;
    world.check_head().await;
    world.oracle.reach_finalized(world.traffic.head().number - FINALIZED_DEPTH).await;
    let file = std::env::temp_dir().join(format!("positions-{}.ndjson", std::process::id()));
    let path = file.to_str().unwrap();
    let exported = world.oracle.ask_indexer(&["export", "--what", "positions", "--out", path]).await;
    assert_eq!(exported.code, Some(0), "{exported:?}");
    let heading = std::fs::read_to_string(&file).unwrap();
    let heading: Value = serde_json::from_str(heading.lines().next().unwrap()).unwrap();
    let taken = heading["block_number"].as_u64().unwrap();
    assert!(heading["opening_block"].is_u64(), "{heading}");

    let name = format!("young_{}", std::process::id());
    pool.execute(sqlx::AssertSqlSafe(format!("create database {name}"))).await.unwrap();
    let young_pool = PgPool::connect_with((*pool.connect_options()).clone().database(&name)).await.unwrap();
    let mut young = Oracle::idle(&young_pool, &world.node.url()).await;
    young.start_indexer_with(&["--bootstrap", path]).await;
    let head = world.traffic.head();
    young.reach(head.number, head.hash).await;
    world.mine(120).await;
    world.check_head().await;
    let head = world.traffic.head();
    young.reach(head.number, head.hash).await;
    for block in [taken, taken + 1, (taken + head.number) / 2, head.number] {
        for question in QUESTIONS {
            let [of_old, of_young] =
                [answer(&world.oracle, question, block).await, answer(&young, question, block).await];
            // A page's cursor says when its run began.
            let is_told = of_young["minted"]["treasury"].is_object();
            assert!(!is_told || block > taken, "nobody can tell at block {block}");
            let of_old = if is_told { of_old } else { without_old_treasuries(question, of_old) };
            for (field, value) in of_old.as_object().unwrap().iter().filter(|(field, _)| *field != "next_cursor") {
                assert_eq!(&of_young[field], value, "{field} of {question} at block {block}");
            }
        }
    }
    assert_eq!(young.drift(taken + 1).await["differences"], 0);

    let status = young.get("/v1/status").await;
    assert_eq!(status["deployment"]["start_block"], taken);
    let before = young.get(&format!("/v1/supply?block={}", taken - 1)).await;
    assert_eq!((&before["status"], &before["first_block"]), (&json!(404), &json!(taken)), "{before}");
    let events = young.get("/v1/events?limit=200").await;
    let numbers = events["items"].as_array().unwrap().iter().map(|event| event["block_number"].as_u64().unwrap());
    assert!(numbers.clone().count() > 10 && numbers.min().unwrap() > taken, "{events}");
    let epochs = young.get("/v1/epochs").await;
    let epochs = epochs["items"].as_array().unwrap();
    let all = world.oracle.get("/v1/epochs").await;
    assert_eq!(epochs.as_slice(), &all["items"].as_array().unwrap()[..epochs.len()]);

    drop(young);
    young_pool.close().await;
    pool.execute(sqlx::AssertSqlSafe(format!("drop database {name} with (force)"))).await.unwrap();
    std::fs::remove_file(&file).unwrap();
    world.node.stop().await.unwrap();
}
