//! What another revision derived, and what is refused.

use std::time::Duration;

use alloy_primitives::B256;
use sqlx::PgPool;
use store::replay::Replay;

use crate::damage;
use crate::program::Indexer;
use crate::world::{World, digests};

/// Asks until the answer is true.
async fn until(pool: &PgPool, question: &'static str) {
    while !sqlx::query_scalar::<_, bool>(question).fetch_one(pool).await.unwrap() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[sqlx::test(migrations = false)]
async fn run_derives_anew_what_another_revision_derived(pool: PgPool) {
    let world = World::new(8, false).await;
    world.follow(&pool).await;
    let whole = digests(&pool).await;
    damage::derived(&pool).await;
    sqlx::query("update derivation set revision = revision + 1").execute(&pool).await.unwrap();
    let indexer = Indexer::run(&pool, &world);
    until(&pool, "select replays = 1 from derivation").await;
    assert_eq!(digests(&pool).await, whole);
    let revision: i32 = sqlx::query_scalar("select revision from derivation").fetch_one(&pool).await.unwrap();
    assert_eq!(u32::try_from(revision), Ok(ledger::DERIVATION_REVISION));
    let head = world.node.chain(|chain| chain.mine_empty(3)).number;
    assert_eq!(head, crate::world::BLOCKS + 3);
    until(&pool, "select bool_and(block_number = 93) from cursor").await;
    indexer.signal("TERM");
    let ended = indexer.ended().await;
    assert_eq!(ended.code, Some(0));
    assert!(ended.log.contains("derived by another revision"), "{}", ended.log);
}

#[sqlx::test(migrations = false)]
async fn run_drops_what_is_half_made(pool: PgPool) {
    let world = World::new(8, false).await;
    world.follow(&pool).await;
    let writer = world.writer(&pool).await;
    writer.begin_replay(Replay { from_block: 5, deployment: B256::ZERO, refetch: false }).await.unwrap();
    drop(writer);
    let indexer = Indexer::run(&pool, &world);
    until(&pool, "select to_regnamespace('replay') is null and not exists (select from replay)").await;
    indexer.signal("TERM");
    let ended = indexer.ended().await;
    assert_eq!(ended.code, Some(0));
    assert!(ended.log.contains("a replay that was broken off is dropped"), "{}", ended.log);
}

#[sqlx::test(migrations = false)]
async fn a_replay_beside_a_writer_is_refused(pool: PgPool) {
    let world = World::new(8, false).await;
    world.follow(&pool).await;
    let _writer = world.writer(&pool).await;
    let ended = Indexer::start(&pool, &["replay", "--from-block", "0"]).ended().await;
    assert_eq!(ended.code, Some(1));
    assert!(ended.log.contains("another writer holds the lock: venice-indexer"), "{}", ended.log);
}

#[sqlx::test(migrations = false)]
async fn what_cannot_be_replayed_is_refused(pool: PgPool) {
    let empty = Indexer::start(&pool, &["replay", "--from-block", "0"]).ended().await;
    assert_eq!(empty.code, Some(2), "{}", empty.log);
    assert!(empty.log.contains("holds no block yet"), "{}", empty.log);
    let world = World::new(8, false).await;
    world.follow(&pool).await;
    let above = Indexer::start(&pool, &["replay", "--from-block", "1000"]).ended().await;
    assert_eq!(above.code, Some(2), "{}", above.log);
    assert!(above.log.contains("blocks 0 to 90"), "{}", above.log);
    let without_node = Indexer::start(&pool, &["replay", "--from-block", "0", "--refetch"]).ended().await;
    assert_eq!(without_node.code, Some(2), "{}", without_node.log);
    assert!(without_node.log.contains("--rpc-url"), "{}", without_node.log);
}
