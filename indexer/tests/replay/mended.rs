//! Damage to what was derived, mended from what is stored.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use indexer::bars::Bars;
use indexer::replay::replay;
use sqlx::PgPool;
use store::read::digest::TableDigest;

use crate::damage;
use crate::world::{World, digests, furniture, inputs_alone};

/// Damages each derived table, replays from a block and holds all against what was before.
async fn mend(world: &World, pool: &PgPool, from: u64) {
    let (whole, kept, around) = (digests(pool).await, inputs_alone(pool).await, furniture(pool).await);
    assert!(whole.iter().all(|table| table.rows > 0), "{whole:?}");
    let damaged_tables = damage::derived(pool).await;
    let damaged = digests(pool).await;
    let differing: Vec<&str> = differing(&whole, &damaged);
    assert_eq!(differing, damaged_tables, "each derived table is damaged, and its digest says so");
    let writer = world.writer(pool).await;
    replay(&writer, &world.deployment, from, &Bars::default()).await.unwrap();
    drop(writer);
    assert_eq!(digests(pool).await, whole, "from block {from}");
    assert_eq!(inputs_alone(pool).await, kept);
    assert_eq!(furniture(pool).await, around);
}

fn differing(before: &[TableDigest], after: &[TableDigest]) -> Vec<&'static str> {
    let pairs = before.iter().zip(after);
    pairs.filter(|(before, after)| before.digest != after.digest).map(|(before, _)| before.table).collect()
}

#[sqlx::test(migrations = false)]
async fn whatever_was_damaged_is_derived_as_it_was(pool: PgPool) {
    let world = World::new(1, false).await;
    world.follow(&pool).await;
    let mut histories = BTreeSet::new();
    for from in [0, 1, 17, 30] {
        mend(&world, &pool, from).await;
        let history: String =
            sqlx::query_scalar("select history::text from derivation").fetch_one(&pool).await.unwrap();
        assert!(histories.insert(history), "readers keep nothing of what was damaged");
    }
    let replays: i64 = sqlx::query_scalar("select replays from derivation").fetch_one(&pool).await.unwrap();
    assert_eq!(replays, 4);
}

#[sqlx::test(migrations = false)]
async fn with_a_clock_and_few_headers_too(pool: PgPool) {
    let world = World::new(2, true).await;
    world.follow(&pool).await;
    for from in [0, 25] {
        mend(&world, &pool, from).await;
    }
}

#[sqlx::test(migrations = false)]
async fn in_a_first_backfill_too(pool: PgPool) {
    let world = World::new(3, true).await;
    world.follow_capacity(&pool).await;
    let whole = digests(&pool).await;
    sqlx::query("delete from position").execute(&pool).await.unwrap();
    sqlx::query("update vvv_transfer set recipient_balance = 7").execute(&pool).await.unwrap();
    for from in [0, 15] {
        let writer = world.writer(&pool).await;
        replay(&writer, &world.deployment, from, &Bars::default()).await.unwrap();
        drop(writer);
        assert_eq!(digests(&pool).await, whole);
    }
    world.follow(&pool).await;
}

#[sqlx::test(migrations = false)]
async fn what_lies_below_is_left_as_it_is(pool: PgPool) {
    let world = World::new(1, false).await;
    world.follow(&pool).await;
    let below =
        "select coalesce(string_agg(t::text, ' ' order by t::text), '') from position t where block_number < 60";
    sqlx::query("delete from position where block_number = (select min(block_number) from position)")
        .execute(&pool)
        .await
        .unwrap();
    let before: String = sqlx::query_scalar(below).fetch_one(&pool).await.unwrap();
    let writer = world.writer(&pool).await;
    replay(&writer, &world.deployment, 60, &Bars::default()).await.unwrap();
    let after: String = sqlx::query_scalar(below).fetch_one(&pool).await.unwrap();
    assert_eq!(after, before);
}

/// Readers take digests all the while: each is of the old state or of the new one, and old ones come first.
#[sqlx::test(migrations = false)]
async fn readers_see_the_old_state_or_the_new_one(pool: PgPool) {
    let world = World::new(4, false).await;
    world.follow(&pool).await;
    let whole = digests(&pool).await;
    damage::derived(&pool).await;
    let damaged = digests(&pool).await;
    let done = Arc::new(AtomicBool::new(false));
    let reader = tokio::spawn({
        let (pool, done) = (pool.clone(), Arc::clone(&done));
        async move {
            let mut seen = Vec::new();
            loop {
                let is_last = done.load(Ordering::Acquire);
                seen.push(digests(&pool).await);
                if is_last {
                    return seen;
                }
            }
        }
    });
    let writer = world.writer(&pool).await;
    replay(&writer, &world.deployment, 0, &Bars::default()).await.unwrap();
    done.store(true, Ordering::Release);
    let seen = reader.await.unwrap();
    let swapped = seen.iter().position(|digests| *digests == whole).expect("the last is of the new state");
    assert!(swapped > 0, "nobody looked before the swap");
    assert!(seen[..swapped].iter().all(|digests| *digests == damaged));
    assert!(seen[swapped..].iter().all(|digests| *digests == whole));
}
