//! Capacity tables of past blocks: made once, few at a time, kept within bounds, and never of a chain that is gone.
//!
//! A table is told from the one before it by what is changed in the database beneath: who reads it anew sees that.

use std::sync::Arc;
use std::time::Duration;

use alloy_primitives::{Address, U256};
use api::app::Settings;
use api::table::Table;
use api::tables::Limits;
use ledger::entitlement::{AllocationPolicy, Policy};
use ledger::table::Holding;
use serde_json::Value;
use sqlx::{PgPool, Postgres, Transaction};
use store::read::Limits as DatabaseLimits;

use crate::service::{ALICE, Reply, Service};

/// Keeps everybody from reading positions until it is dropped.
async fn hold_positions(pool: &PgPool) -> Transaction<'static, Postgres> {
    let mut transaction = pool.begin().await.unwrap();
    sqlx::query("lock table position in access exclusive mode").execute(&mut *transaction).await.unwrap();
    transaction
}

/// Waits until so many connections wait for positions.
async fn waiting(pool: &PgPool, wanted: i64) {
    let count = "select count(*) from pg_locks where not granted and relation = 'position'::regclass";
    while sqlx::query_scalar::<_, i64>(count).fetch_one(pool).await.unwrap() != wanted {
        tokio::task::yield_now().await;
    }
}

fn limited(past_builds_max: u32, past_bytes_max: usize) -> Settings {
    Settings { tables: Limits { past_builds_max, past_bytes_max }, ..Settings::default() }
}

async fn table(service: &Service, block: u64) -> Reply {
    service.get(&format!("/v1/capacity?block={block}")).await
}

/// Alice's sVVV of the table at a block.
async fn alice(service: &Service, block: u64) -> Value {
    let body = table(service, block).await.ok();
    let rows = body["items"].as_array().unwrap();
    rows.iter().find(|row| row["address"].as_str().unwrap().eq_ignore_ascii_case(ALICE)).unwrap()["svvv"].clone()
}

const CHANGE: &str = "update position set svvv = svvv + 1 where svvv > 0";
const BEFORE: &str = "1000000000000000000000";
const AFTER: &str = "1000000000000000000001";

#[sqlx::test(migrations = "../migrations")]
async fn who_asks_at_the_same_time_shares_one_and_one_too_many_is_refused(pool: PgPool) {
    let service = Service::of_chain_with(pool.clone(), limited(2, usize::MAX)).await;
    let held = hold_positions(&pool).await;
    let asked = async |block| table(&service, block).await;
    let refused_meanwhile = async {
        waiting(&pool, 2).await;
        let refused = asked(112).await;
        refused.problem(503, "tables-busy");
        assert_eq!(refused.header("retry-after"), "1");
        // The head has its own way, however busy the past is.
        let (head, ()) = tokio::join!(service.get("/v1/capacity"), async {
            waiting(&pool, 3).await;
            held.rollback().await.unwrap();
        });
        head.ok();
    };
    let (one, same, other, ()) = tokio::join!(asked(110), asked(110), asked(111), refused_meanwhile);
    assert_eq!(one.ok()["items"], same.ok()["items"]);
    other.ok();
    asked(112).await.ok();
}

#[sqlx::test(migrations = "../migrations")]
async fn what_nobody_waits_for_any_more_is_there_for_the_next(pool: PgPool) {
    let service = Service::of_chain_with(pool.clone(), limited(1, usize::MAX)).await;
    let mut held = hold_positions(&pool).await;
    tokio::select! {
        _ = table(&service, 110) => panic!("positions are held"),
        () = waiting(&pool, 1) => {}
    }
    table(&service, 111).await.problem(503, "tables-busy");
    // What was begun sees the database as it was then; begun again it would see the change.
    sqlx::raw_sql(CHANGE).execute(&mut *held).await.unwrap();
    held.commit().await.unwrap();
    assert_eq!(alice(&service, 110).await, BEFORE);
    assert_eq!(alice(&service, 111).await, AFTER);
}

#[sqlx::test(migrations = "../migrations")]
async fn one_that_failed_is_made_anew(pool: PgPool) {
    let impatient = DatabaseLimits { statement_timeout: Duration::from_millis(200), ..DatabaseLimits::default() };
    Service::of_chain(pool.clone()).await;
    let service = Service::limited_to(pool.clone(), limited(1, usize::MAX), &impatient);
    let held = hold_positions(&pool).await;
    table(&service, 110).await.problem(503, "timed-out");
    table(&service, 110).await.problem(503, "timed-out");
    held.rollback().await.unwrap();
    table(&service, 110).await.ok();
}

#[sqlx::test(migrations = "../migrations")]
async fn those_asked_for_longest_ago_go_first(pool: PgPool) {
    // Alice and the staking proxy.
    let holding = |byte| Holding {
        address: Address::repeat_byte(byte),
        svvv: U256::ONE,
        locked: U256::ZERO,
        diem_staked: U256::ZERO,
    };
    let policy = Policy { allocation: AllocationPolicy::Live, minimum_diem: U256::ZERO, pro_minimum_svvv: U256::ZERO };
    let bytes = Table::new(vec![holding(1), holding(2)], Arc::default(), &policy).bytes();
    let service = Service::of_chain_with(pool, limited(1, 2 * bytes)).await;
    for block in [102, 103, 104] {
        assert_eq!(alice(&service, block).await, BEFORE);
        assert_eq!(alice(&service, 102).await, BEFORE);
    }
    service.execute(CHANGE).await;
    assert_eq!(alice(&service, 102).await, BEFORE, "asked for after each");
    assert_eq!(alice(&service, 104).await, BEFORE, "the newest");
    assert_eq!(alice(&service, 103).await, AFTER, "asked for longest ago");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_block_that_was_reorged_away_is_not_served(pool: PgPool) {
    let service = Service::of_chain(pool).await;
    assert_eq!(alice(&service, 129).await, BEFORE);
    service.execute(CHANGE).await;
    assert_eq!(alice(&service, 129).await, BEFORE, "the same block is read once");
    service.execute("update block set hash = decode(repeat('bb', 32), 'hex') where number = 129").await;
    assert_eq!(alice(&service, 129).await, AFTER);
    service
        .execute(
            "update position set svvv = svvv - 1 where svvv > 0; update derivation set history = gen_random_uuid()",
        )
        .await;
    assert_eq!(alice(&service, 129).await, BEFORE, "derived anew");
}
