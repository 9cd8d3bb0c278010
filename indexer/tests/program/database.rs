//! A database that is there and will not: readers are told why nothing comes.

use abi::StakingV2 as S;
use alloy_primitives::{Address, U256};
use devnet::scripted::{ScriptedLog, ScriptedNode};
use sqlx::PgPool;

use crate::support::{Indexer, STAKING, eventually};
use crate::{ALICE, chain};

fn svvv(to: Address) -> ScriptedLog {
    ScriptedLog::event(STAKING, &S::Transfer { from: Address::ZERO, to, value: U256::from(5) })
}

async fn failing(pool: &PgPool) -> String {
    eventually(|| sqlx::query_scalar("select failing from follower where failing is not null").fetch_optional(pool))
        .await
}

/// It came to the head, and says so.
async fn goes_on(indexer: &Indexer, pool: &PgPool, node: &ScriptedNode) {
    indexer.reach(pool, node).await;
    let well = "select true from follower where failing is null and halted is null";
    assert!(eventually(|| sqlx::query_scalar::<_, bool>(well).fetch_optional(pool)).await);
}

#[sqlx::test(migrations = false)]
async fn a_statement_that_is_refused_is_told(pool: PgPool) {
    let node = ScriptedNode::start(chain()).await.unwrap();
    let indexer = Indexer::start(&pool, &node, "0").await;
    indexer.reach(&pool, &node).await;
    let refuse =
        "create function refuse() returns trigger language plpgsql as $$ begin raise exception 'not today'; end $$;
                  create trigger refuse before insert on block execute function refuse()";
    sqlx::raw_sql(refuse).execute(&pool).await.unwrap();
    node.chain(|chain| chain.mine([svvv(ALICE)]));
    let told = failing(&pool).await;
    assert!(told.contains("not today"), "{told}");
    sqlx::raw_sql("drop trigger refuse on block").execute(&pool).await.unwrap();
    goes_on(&indexer, &pool, &node).await;
}

#[sqlx::test(migrations = false)]
async fn a_row_that_cannot_be_is_told(pool: PgPool) {
    let node = ScriptedNode::start(chain()).await.unwrap();
    node.chain(|chain| chain.mine([svvv(ALICE)]));
    let mut indexer = Indexer::start(&pool, &node, "0").await;
    indexer.reach(&pool, &node).await;
    // What is in memory of Alice would not be read again.
    indexer.signal("TERM");
    indexer.ended().await;
    let damage = "update position set svvv_cooling = 1, svvv_cooling_ends_at = -1";
    assert_eq!(sqlx::query(damage).execute(&pool).await.unwrap().rows_affected(), 1);
    let indexer = Indexer::start(&pool, &node, "0").await;
    node.chain(|chain| chain.mine([svvv(ALICE)]));
    let told = failing(&pool).await;
    assert!(told.contains("-1 where a count belongs"), "{told}");
    let mended = "update position set svvv_cooling = 0, svvv_cooling_ends_at = null";
    sqlx::query(mended).execute(&pool).await.unwrap();
    goes_on(&indexer, &pool, &node).await;
}
