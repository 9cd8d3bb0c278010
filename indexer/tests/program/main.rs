//! The program as an operator meets it: exit codes, signals, halts, and nodes that lag, throttle and limit.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod database;
mod lanes;
mod nodes;
mod support;
mod totals;

use std::time::Duration;

use abi::{Diem as D, StakingV2 as S, Vvv as V};
use alloy_primitives::{Address, B256, U256};
use devnet::scripted::{
    ChainOptions, Finality, LogFault, RangeWording, Refusal, ScriptedChain, ScriptedLog, ScriptedNode, TransportFault,
    ViewFault,
};
use sqlx::PgPool;
use support::{DIEM, Indexer, STAKING, VVV};

const ALICE: Address = Address::repeat_byte(1);
const BOB: Address = Address::repeat_byte(2);

fn vvv(from: Address, to: Address, units: u64) -> ScriptedLog {
    ScriptedLog::event(VVV, &V::Transfer { from, to, amount: U256::from(units) })
}

/// 30 blocks, a mint in the first; the finalized block is 10 below the head.
fn chain() -> ScriptedChain {
    let finality = Finality::Depths { safe: 5, finalized: 10 };
    let mut chain = ScriptedChain::new(ChainOptions { finality, ..ChainOptions::default() });
    chain.mine([vvv(Address::ZERO, ALICE, 1_000)]);
    chain.mine_empty(29);
    chain
}

async fn balance(pool: &PgPool, address: Address) -> Option<String> {
    sqlx::query_scalar(
        "select recipient_balance::text from vvv_transfer where recipient = $1 order by block_number desc, log_index desc limit 1",
    )
    .bind(address.as_slice())
    .fetch_optional(pool)
    .await
    .unwrap()
}

#[sqlx::test(migrations = false)]
async fn follows_and_stops_cleanly_on_both_signals_and_goes_on(pool: PgPool) {
    let node = ScriptedNode::start(chain()).await.unwrap();
    for signal in ["TERM", "INT"] {
        let mut indexer = Indexer::start(&pool, &node, "0").await;
        indexer.reach(&pool, &node).await;
        indexer.signal(signal);
        let output = indexer.ended().await;
        assert_eq!(output.code, Some(0), "{}", output.log);
        assert!(output.log.contains("stopped"), "{}", output.log);
        node.chain(|chain| chain.mine([vvv(ALICE, BOB, 10)]));
    }
    let mut indexer = Indexer::start(&pool, &node, "0").await;
    indexer.reach(&pool, &node).await;
    assert_eq!(balance(&pool, BOB).await.as_deref(), Some("20"));
    indexer.signal("KILL");
    assert_eq!(indexer.ended().await.code, None);
}

#[sqlx::test(migrations = false)]
async fn a_node_of_another_chain_is_refused(pool: PgPool) {
    let node = ScriptedNode::start(chain()).await.unwrap();
    node.faults().always(ViewFault::ChainId(1));
    let output = Indexer::start(&pool, &node, "0").await.ended().await;
    assert_eq!(output.code, Some(2));
    assert!(output.log.contains("the node is of chain 1, the deployment of 8453"), "{}", output.log);
}

#[sqlx::test(migrations = false)]
async fn a_second_writer_is_told_who_writes(pool: PgPool) {
    let node = ScriptedNode::start(chain()).await.unwrap();
    let first = Indexer::start(&pool, &node, "0").await;
    first.reach(&pool, &node).await;
    let output = Indexer::start(&pool, &node, "0").await.ended().await;
    assert_eq!(output.code, Some(1));
    assert!(output.log.contains("another writer holds the lock: venice-indexer"), "{}", output.log);
}

#[sqlx::test(migrations = false)]
async fn a_database_of_another_deployment_is_refused(pool: PgPool) {
    let node = ScriptedNode::start(chain()).await.unwrap();
    let mut indexer = Indexer::start(&pool, &node, "0").await;
    indexer.reach(&pool, &node).await;
    indexer.signal("TERM");
    indexer.ended().await;
    let output = Indexer::start(&pool, &node, "5").await.ended().await;
    assert_eq!(output.code, Some(2));
    assert!(output.log.contains("start_block is 0, not 5"), "{}", output.log);
}

#[tokio::test]
async fn what_cannot_be_reached_is_exit_3_and_keys_stay_out_of_the_log() {
    let arguments = [
        "--rpc-url",
        "http://127.0.0.1:9/v2/SECRETKEY",
        "--database-url",
        "postgres://user:SECRETWORD@127.0.0.1:9/x",
        "--startup-timeout",
        "0",
    ];
    let output = support::run_with(&arguments).await;
    assert_eq!(output.code, Some(3), "{}", output.log);
    assert!(!output.log.contains("SECRET"), "{}", output.log);
    assert_eq!(output.log.lines().filter(|line| line.starts_with("error:")).count(), 1, "{}", output.log);
}

#[tokio::test]
async fn nonsense_is_exit_2() {
    let database = ["--database-url", "postgres:///x"];
    for rpc in ["no url", "ftp://node", "http://a,ftp://b", "http://a,http://a", "http://a,"] {
        let output = support::run_with(&[["--rpc-url", rpc], database].concat()).await;
        assert_eq!(output.code, Some(2), "{rpc}: {}", output.log);
    }
    let missing = ["--rpc-url", "http://node", "--deployment", "no/such/file.toml"];
    let output = support::run_with(&[missing.as_slice(), &database].concat()).await;
    assert_eq!(output.code, Some(2));
    assert!(output.log.contains("no/such/file.toml"), "{}", output.log);
}

#[sqlx::test(migrations = false)]
async fn a_start_after_the_first_event_halts_and_says_so(pool: PgPool) {
    let mut chain = chain();
    chain.mine([vvv(ALICE, BOB, 10)]);
    let head = chain.head().number;
    chain.mine_empty(20);
    let node = ScriptedNode::start(chain).await.unwrap();
    let indexer = Indexer::start(&pool, &node, "20").await;
    let reason = support::halted(&pool).await;
    assert!(reason.contains("start_block 20 is after the first event"), "{reason}");
    assert!(reason.contains(&format!("block {head}")), "{reason}");
    assert!(indexer.is_running(), "a halt keeps the process up");
}

#[sqlx::test(migrations = false)]
async fn a_reorg_below_the_finalized_block_halts(pool: PgPool) {
    let node = ScriptedNode::start(chain()).await.unwrap();
    let indexer = Indexer::start(&pool, &node, "0").await;
    indexer.reach(&pool, &node).await;
    node.chain(|chain| {
        chain.reorg(15);
        chain.mine_empty(20);
    });
    let reason = support::halted(&pool).await;
    assert!(reason.contains("finalized"), "{reason}");
}

#[sqlx::test(migrations = false)]
async fn a_lagging_node_is_no_reorg(pool: PgPool) {
    let node = ScriptedNode::start(chain()).await.unwrap();
    let indexer = Indexer::start(&pool, &node, "0").await;
    indexer.reach(&pool, &node).await;
    node.faults().always(ViewFault::Lag { blocks: 7 });
    tokio::time::sleep(Duration::from_millis(500)).await;
    node.faults().clear();
    node.chain(|chain| chain.mine_empty(1));
    indexer.reach(&pool, &node).await;
    let reorgs: i64 = sqlx::query_scalar("select count(*) from reorg").fetch_one(&pool).await.unwrap();
    assert_eq!(reorgs, 0);
}

#[sqlx::test(migrations = false)]
async fn a_shorter_branch_is_suspected_before_it_is_believed(pool: PgPool) {
    let node = ScriptedNode::start(chain()).await.unwrap();
    let indexer = Indexer::start(&pool, &node, "0").await;
    indexer.reach(&pool, &node).await;
    node.chain(|chain| {
        chain.reorg(5);
        chain.mine([vvv(ALICE, BOB, 7)]);
    });
    let suspicion = "select fork_suspected from follower where fork_suspected is not null";
    let suspected: String = support::eventually(|| sqlx::query_scalar(suspicion).fetch_optional(&pool)).await;
    assert!(suspected.contains("shorter branch"), "{suspected}");
    indexer.reach(&pool, &node).await;
    assert_eq!(balance(&pool, BOB).await.as_deref(), Some("7"));
    // Told after the step that moved the cursor.
    let none_left = "select true from follower where fork_suspected is null";
    assert!(support::eventually(|| sqlx::query_scalar(none_left).fetch_optional(&pool)).await);
}

#[sqlx::test(migrations = false)]
async fn a_node_that_limits_ranges_and_throttles_is_borne(pool: PgPool) {
    let mut chain = chain();
    for _ in 0..60 {
        chain.mine([vvv(ALICE, BOB, 1), vvv(ALICE, BOB, 1)]);
    }
    chain.mine_empty(15);
    let node = ScriptedNode::start(chain).await.unwrap();
    node.faults().always(Refusal::Range { blocks_max: 7, wording: RangeWording::QuickNode });
    node.faults().chance(0.1, TransportFault::Throttle { retry_after_seconds: Some(0) });
    let indexer = Indexer::start(&pool, &node, "0").await;
    indexer.reach(&pool, &node).await;
    assert_eq!(balance(&pool, BOB).await.as_deref(), Some("120"));
}

#[sqlx::test(migrations = false)]
async fn an_empty_answer_at_the_head_is_asked_for_again(pool: PgPool) {
    let node = ScriptedNode::start(chain()).await.unwrap();
    let indexer = Indexer::start(&pool, &node, "0").await;
    indexer.reach(&pool, &node).await;
    node.faults().next(1, LogFault::Empty);
    node.chain(|chain| chain.mine([vvv(ALICE, BOB, 7)]));
    indexer.reach(&pool, &node).await;
    assert_eq!(balance(&pool, BOB).await.as_deref(), Some("7"));
}

#[sqlx::test(migrations = false)]
async fn a_node_without_tags_is_followed_block_by_block(pool: PgPool) {
    let mut chain = chain();
    chain.set_finality(Finality::Unknown);
    let node = ScriptedNode::start(chain).await.unwrap();
    let indexer = Indexer::start(&pool, &node, "0").await;
    indexer.reach(&pool, &node).await;
    let finalized: Option<i64> =
        sqlx::query_scalar("select finalized_number from follower").fetch_one(&pool).await.unwrap();
    assert_eq!(finalized, None);
    let blocks: i64 = sqlx::query_scalar("select count(*) from block").fetch_one(&pool).await.unwrap();
    assert_eq!(blocks, 31);
}

#[sqlx::test(migrations = false)]
async fn unknown_topics_are_kept_as_they_came(pool: PgPool) {
    let mut chain = chain();
    let topic = B256::repeat_byte(0xee);
    let data = alloy_primitives::LogData::new_unchecked(vec![topic], vec![1, 2, 3].into());
    chain.mine([ScriptedLog::from(alloy_primitives::Log { address: STAKING, data })]);
    chain.mine([
        ScriptedLog::event(DIEM, &D::RoleAdminChanged { role: topic, previousAdminRole: topic, newAdminRole: topic }),
        ScriptedLog::event(STAKING, &S::Approval { owner: ALICE, spender: BOB, value: U256::from(1) }),
    ]);
    let node = ScriptedNode::start(chain).await.unwrap();
    let indexer = Indexer::start(&pool, &node, "0").await;
    indexer.reach(&pool, &node).await;
    let rows: Vec<(String, Vec<Vec<u8>>, Vec<u8>)> = sqlx::query_as(
        "select e.kind, l.topics, l.data from log l join event e using (block_number, log_index) order by 1 desc limit 1",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    assert_eq!(rows, [("unknown".to_owned(), vec![topic.to_vec()], vec![1, 2, 3])]);
    let kinds: Vec<String> = sqlx::query_scalar("select kind from anomaly").fetch_all(&pool).await.unwrap();
    assert_eq!(kinds, ["unknown_log"]);
    let logs: i64 = sqlx::query_scalar("select count(*) from log").fetch_one(&pool).await.unwrap();
    assert_eq!(logs, 4, "these and the mint");
}

#[sqlx::test(migrations = false)]
async fn a_database_that_drops_every_connection_is_come_back_to(pool: PgPool) {
    let node = ScriptedNode::start(chain()).await.unwrap();
    let indexer = Indexer::start(&pool, &node, "0").await;
    indexer.reach(&pool, &node).await;
    let dropped: i64 = sqlx::query_scalar(
        "select count(pg_terminate_backend(pid)) from pg_stat_activity
         where application_name = 'venice-indexer' and datname = current_database()",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    assert!(dropped >= 2, "the lock and a connection, not {dropped}");
    node.chain(|chain| chain.mine([vvv(ALICE, BOB, 7)]));
    indexer.reach(&pool, &node).await;
    assert_eq!(balance(&pool, BOB).await.as_deref(), Some("7"));
    let output = Indexer::start(&pool, &node, "0").await.ended().await;
    assert_eq!(output.code, Some(1), "the lock is held again: {}", output.log);
}
