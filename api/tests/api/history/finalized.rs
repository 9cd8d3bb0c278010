//! Figures of finalized blocks are looked up once, and never shown of another history.

use serde_json::Value;
use sqlx::postgres::PgPoolOptions;
use sqlx::{AssertSqlSafe, Connection, PgConnection, PgPool};

use super::compare;
use super::fold::INTERVALS;
use super::world::World;
use crate::service::Service;

/// Among blocks that reach the middle of a period.
const FINALIZED: u64 = 90;

async fn finalize(pool: &PgPool, number: u64) {
    let number = i64::try_from(number).unwrap();
    sqlx::query(
        "insert into follower (observed_at, head_number, head_timestamp, safe_number, finalized_number,
             capacity_blocks_per_second, caught_up, started_at, version)
         values (now(), $1, 1, $1, $1, 0, true, now(), '1')
         on conflict (only_row) do update set finalized_number = excluded.finalized_number",
    )
    .bind(number)
    .execute(pool)
    .await
    .unwrap();
}

#[sqlx::test(migrations = "../migrations")]
async fn a_series_of_kept_figures_is_what_its_events_add_up_to(pool: PgPool) {
    let mut world = World::new(&pool, 23, false).await;
    world.grow(150).await;
    let service = Service::over(pool.clone());
    finalize(&pool, FINALIZED).await;
    compare(&service, &world).await;
    compare(&service, &world).await;
    world.undo(FINALIZED).await;
    world.grow(40).await;
    compare(&service, &world).await;
    finalize(&pool, FINALIZED + 30).await;
    world.undo(FINALIZED + 30).await;
    world.grow(60).await;
    compare(&service, &world).await;
}

/// What a statement that no writer would make changes of a series: finalized periods not, until history is another.
#[sqlx::test(migrations = "../migrations")]
async fn what_is_kept_is_of_finalized_blocks_and_of_one_history(pool: PgPool) {
    let mut world = World::new(&pool, 31, false).await;
    world.grow(150).await;
    let service = Service::over(pool.clone());
    finalize(&pool, FINALIZED).await;
    for (target, pointer, statement) in [
        ("staking", "/stakers", "update capacity_totals set stakers = stakers + 1000"),
        ("supply", "/holders", "update supply_totals set holders = holders + 1000"),
        ("supply", "/minted/stakers/count", "update mint set count = count + 1000"),
        ("supply", "/circulating", "update vvv_transfer set recipient_balance = recipient_balance + 1"),
        (
            "burns",
            "/by_class/discretionary/count",
            "update burn set count = count * 1000; update supply_totals set burn_count = burn_count * 2000",
        ),
    ] {
        let read = async || -> Vec<(u64, Value)> {
            let body = service.get(&format!("/v1/{target}/history?interval=day&from=1970-01-01")).await.ok();
            let items = body["items"].as_array().unwrap().iter();
            items.map(|item| (item["block_number"].as_u64().unwrap(), item.pointer(pointer).unwrap().clone())).collect()
        };
        let before = read().await;
        service.execute(statement).await;
        let after = read().await;
        let (kept, looked_up): (Vec<_>, Vec<_>) =
            before.iter().zip(&after).partition(|((block, _), _)| *block <= FINALIZED);
        assert!(kept.iter().all(|(before, after)| before == after), "{pointer}");
        assert!(looked_up.last().is_some_and(|(before, after)| before != after), "{pointer}");
        service.execute("update derivation set history = gen_random_uuid()").await;
        let anew = read().await;
        assert!(kept.iter().zip(&anew).any(|((before, _), anew)| *before != anew), "{pointer}");
    }
}

/// Another chain of the same deployment and of as many blocks, in a database that is at its beginning.
async fn another_world(pool: &PgPool, seed: u64) -> World {
    let mut world = World::new(pool, seed, false).await;
    world.grow(150).await;
    finalize(pool, FINALIZED).await;
    world
}

/// Tag and items of every series of every interval.
async fn every_series(service: &Service) -> Vec<(String, Value)> {
    let mut answers = Vec::new();
    for interval in INTERVALS {
        for topic in ["supply", "burns", "staking", "emissions", "diem"] {
            let reply = service.get(&format!("/v1/{topic}/history?interval={interval}&from=1970-01-01")).await;
            answers.push((reply.header("etag").to_owned(), reply.ok()["items"].clone()));
        }
    }
    answers
}

/// An empty database takes the place of this one, under whoever is connected.
async fn exchange(pool: &PgPool) -> PgPool {
    let options = (*pool.connect_options()).clone();
    let name = options.get_database().unwrap();
    let mut server = PgConnection::connect_with(&options.clone().database("postgres")).await.unwrap();
    for statement in [format!("drop database \"{name}\" with (force)"), format!("create database \"{name}\"")] {
        sqlx::query(AssertSqlSafe(statement)).execute(&mut server).await.unwrap();
    }
    server.close().await.unwrap();
    PgPoolOptions::new().connect_with(options).await.unwrap()
}

#[sqlx::test(migrations = false)]
async fn what_is_kept_of_one_database_is_not_shown_of_the_one_in_its_place(pool: PgPool) {
    let first = another_world(&pool, 41).await;
    let service = Service::over(pool.clone());
    let of_first = every_series(&service).await;
    compare(&service, &first).await;
    drop(first);
    let pool = exchange(&pool).await;
    let second = another_world(&pool, 43).await;
    let of_second = every_series(&service).await;
    assert_eq!(of_second, every_series(&Service::over(pool)).await, "as of a process begun anew");
    for ((tag, items), (other_tag, other_items)) in of_first.iter().zip(&of_second) {
        assert!(tag != other_tag && items != other_items);
    }
    compare(&service, &second).await;
}
