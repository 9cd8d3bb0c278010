//! Capacity first: what happens to it while the node gives no transfers of VVV.

use abi::{Diem as D, Vvv as V};
use alloy_primitives::{Address, U256};
use alloy_sol_types::SolEvent;
use devnet::scripted::{Refusal, ScriptedLog, ScriptedNode};
use sqlx::PgPool;
use store::cursor::Lane;

use crate::support::{DIEM, Indexer, eventually};
use crate::{ALICE, BOB, balance, chain, vvv};

fn staked(amount: u64) -> [ScriptedLog; 2] {
    let amount = U256::from(amount);
    [
        ScriptedLog::event(DIEM, &D::Transfer { from: Address::ZERO, to: DIEM, value: amount }),
        ScriptedLog::event(DIEM, &D::Staked { user: ALICE, amount }),
    ]
}

async fn staked_diem(pool: &PgPool) -> String {
    sqlx::query_scalar("select diem_staked::text from capacity_totals order by block_number desc limit 1")
        .fetch_one(pool)
        .await
        .unwrap()
}

async fn supply_cursor(pool: &PgPool) -> Option<i64> {
    sqlx::query_scalar("select block_number from cursor where name = 'supply'").fetch_optional(pool).await.unwrap()
}

#[sqlx::test(migrations = false)]
async fn capacity_follows_the_head_through_forks_and_crashes_while_supply_has_nothing(pool: PgPool) {
    let node = ScriptedNode::start(chain()).await.unwrap();
    node.faults().always(Refusal::AllOf(V::Transfer::SIGNATURE_HASH));
    let mut indexer = Indexer::start(&pool, &node, "0").await;
    indexer.reach_with(&pool, &node, Lane::Capacity).await;
    for (depth, amount) in [(0, 5), (1, 7), (9, 11)] {
        node.chain(|chain| {
            if depth > 0 {
                chain.reorg(depth);
            }
            chain.mine(staked(amount));
            chain.mine([vvv(ALICE, BOB, amount)]);
            chain.mine_empty(depth);
        });
        indexer.reach_with(&pool, &node, Lane::Capacity).await;
        indexer.signal("KILL");
        let ended = indexer.ended().await;
        // Supply is one range short at first, and so comes before the head.
        assert!(depth > 0 || ended.log.contains("VVV's transfers: the node refuses: "), "{}", ended.log);
        indexer = Indexer::start(&pool, &node, "0").await;
    }
    indexer.reach_with(&pool, &node, Lane::Capacity).await;
    let (caught_up, failing): (bool, Option<String>) =
        eventually(|| sqlx::query_as("select caught_up, failing from follower where caught_up").fetch_optional(&pool))
            .await;
    assert_eq!((caught_up, failing), (true, None), "readers of capacity are not turned away");
    assert_eq!((supply_cursor(&pool).await, balance(&pool, BOB).await), (None, None));
    node.faults().clear();
    indexer.reach(&pool, &node).await;
    assert_eq!((staked_diem(&pool).await, balance(&pool, BOB).await), ("11".to_owned(), Some("11".to_owned())));
}
