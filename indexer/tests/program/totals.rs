//! Totals held against the contracts' own while the indexer runs.

use abi::{Diem as D, Vvv as V};
use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_sol_types::SolCall;
use devnet::scripted::{CallAnswer, LogFault, Refusal, ScriptedChain, ScriptedNode};
use sqlx::PgPool;

use crate::support::{self, DIEM, Indexer, VVV};
use crate::{ALICE, chain, vvv};

const EVERY_BLOCK: [&str; 2] = ["--reconcile-every", "1"];

fn answers(chain: &mut ScriptedChain, from: u64, contract: Address, view: &impl SolCall, units: u64) {
    let word = B256::from(U256::from(units)).0;
    chain.set_answer(from, contract, Bytes::from(view.abi_encode()), CallAnswer::Returned(word.into()));
}

/// What every chain here has: a mint of 1,000 in block 1.
fn chain_with_totals() -> ScriptedChain {
    let mut chain = chain();
    answers(&mut chain, 1, VVV, &V::totalSupplyCall {}, 1_000);
    chain
}

async fn repairs(pool: &PgPool) -> Vec<(String, i64, i64, String)> {
    let rows = "select lane, first_block, differs_at, figure from repair order by id";
    sqlx::query_as(rows).fetch_all(pool).await.unwrap()
}

async fn reconciled(pool: &PgPool, node: &ScriptedNode) {
    let head = i64::try_from(node.chain(|chain| chain.head().number)).unwrap();
    let lanes = "select 1 from reconciliation where answered and block_number = $1 having count(*) = 2";
    support::eventually(|| sqlx::query_scalar::<_, i32>(lanes).bind(head).fetch_optional(pool)).await;
}

#[sqlx::test(migrations = false)]
async fn a_burn_left_out_is_found_by_the_totals_and_fetched_again(pool: PgPool) {
    let node = ScriptedNode::start(chain_with_totals()).await.unwrap();
    let indexer = Indexer::start_with(&pool, &node.url, &EVERY_BLOCK).await;
    indexer.reach(&pool, &node).await;
    reconciled(&pool, &node).await;

    // Asked twice, because the bloom says that there may be one.
    node.faults().next(2, LogFault::Empty);
    let burnt_in = node.chain(|chain| {
        let block = chain.mine([vvv(ALICE, Address::ZERO, 7)]);
        answers(chain, block.number, VVV, &V::balanceOfCall { account: Address::ZERO }, 7);
        chain.mine_empty(3);
        i64::try_from(block.number).unwrap()
    });
    reconciled(&pool, &node).await;
    let burned: String =
        sqlx::query_scalar("select burned::text from supply_totals order by block_number desc limit 1")
            .fetch_one(&pool)
            .await
            .unwrap();
    assert_eq!(burned, "7");
    assert_eq!(repairs(&pool).await, [("supply".to_owned(), burnt_in, burnt_in, "vvv_burned".to_owned())]);
    let reorgs: i64 = sqlx::query_scalar("select count(*) from reorg").fetch_one(&pool).await.unwrap();
    assert_eq!(reorgs, 0, "the chain was the same");
}

#[sqlx::test(migrations = false)]
async fn a_total_that_stays_another_after_a_second_fetch_halts_with_block_and_figure(pool: PgPool) {
    let mut chain = chain_with_totals();
    answers(&mut chain, 12, DIEM, &D::totalSupplyCall {}, 5);
    let node = ScriptedNode::start(chain).await.unwrap();
    let indexer = Indexer::start_with(&pool, &node.url, &EVERY_BLOCK).await;
    let reason = support::halted(&pool).await;
    assert!(reason.contains("diem_total_supply at block 12: derived 0, contract 5"), "{reason}");
    assert!(reason.contains("fetched again"), "{reason}");
    assert_eq!(repairs(&pool).await, [("capacity".to_owned(), 12, 12, "diem_total_supply".to_owned())]);
    assert!(indexer.is_running(), "a halt keeps the process up");
}

#[sqlx::test(migrations = false)]
async fn a_node_without_old_state_is_asked_at_the_head(pool: PgPool) {
    let node = ScriptedNode::start(chain_with_totals()).await.unwrap();
    let wording = devnet::scripted::ArchiveWording::MissingTrieNode;
    node.faults().always(Refusal::NoArchive { blocks_kept: 2, wording });
    let indexer = Indexer::start_with(&pool, &node.url, &EVERY_BLOCK).await;
    indexer.reach(&pool, &node).await;
    reconciled(&pool, &node).await;
    assert_eq!(repairs(&pool).await, []);
}
