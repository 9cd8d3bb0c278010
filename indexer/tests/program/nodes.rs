//! Several nodes as an operator meets them: grades, a node that goes away, disagreement, forks, pushed heads.

use devnet::scripted::{LogFault, ScriptedNode, SharedChain, ViewFault};
use sqlx::PgPool;

use crate::support::{self, Indexer};
use crate::{ALICE, BOB, balance, chain, vvv};

/// So many nodes over one chain.
async fn nodes(count: usize) -> Vec<ScriptedNode> {
    let shared = SharedChain::from(chain());
    let mut nodes = Vec::new();
    for _ in 0..count {
        nodes.push(ScriptedNode::start(shared.clone()).await.unwrap());
    }
    nodes
}

fn urls(nodes: &[ScriptedNode]) -> String {
    nodes.iter().map(|node| node.url.clone()).collect::<Vec<_>>().join(",")
}

async fn completeness(pool: &PgPool, cursor: &str) -> Vec<(i64, i64, String)> {
    sqlx::query_as("select from_block, to_block, grade from completeness where cursor = $1 order by from_block")
        .bind(cursor)
        .fetch_all(pool)
        .await
        .unwrap()
}

fn stretch(from: i64, to: i64, grade: &str) -> (i64, i64, String) {
    (from, to, grade.to_owned())
}

#[sqlx::test(migrations = false)]
async fn what_two_agree_on_is_stored_as_that_and_what_one_says_too(pool: PgPool) {
    let mut nodes = nodes(2).await;
    let indexer = Indexer::start_with(&pool, &urls(&nodes), &[]).await;
    indexer.reach(&pool, &nodes[0]).await;
    nodes[0].chain(|chain| chain.mine([vvv(ALICE, BOB, 7)]));
    indexer.reach(&pool, &nodes[0]).await;
    for cursor in ["capacity", "supply"] {
        assert_eq!(completeness(&pool, cursor).await, [stretch(0, 31, "agreed")], "{cursor}");
    }
    nodes.pop().unwrap().shutdown().await;
    let gone = "select host from node where place = 1 and excluded = 'failing'";
    let _: String = support::eventually(|| sqlx::query_scalar(gone).fetch_optional(&pool)).await;
    nodes[0].chain(|chain| chain.mine([vvv(ALICE, BOB, 7)]));
    indexer.reach(&pool, &nodes[0]).await;
    assert_eq!(balance(&pool, BOB).await.as_deref(), Some("14"));
    assert_eq!(completeness(&pool, "supply").await, [stretch(0, 31, "agreed"), stretch(32, 32, "single")]);
}

#[sqlx::test(migrations = false)]
async fn undone_blocks_take_their_grade_along(pool: PgPool) {
    let nodes = nodes(2).await;
    let indexer = Indexer::start_with(&pool, &urls(&nodes), &[]).await;
    indexer.reach(&pool, &nodes[0]).await;
    nodes[0].chain(|chain| {
        chain.reorg(5);
        chain.mine_empty(6);
    });
    indexer.reach(&pool, &nodes[0]).await;
    let reorgs: i64 = sqlx::query_scalar("select count(*) from reorg").fetch_one(&pool).await.unwrap();
    assert_eq!(reorgs, 1);
    assert_eq!(completeness(&pool, "capacity").await, [stretch(0, 31, "agreed")]);
}

#[sqlx::test(migrations = false)]
async fn receipts_prove_blocks_at_the_head(pool: PgPool) {
    let nodes = nodes(1).await;
    let indexer = Indexer::start_with(&pool, &nodes[0].url, &["--verify-receipts"]).await;
    indexer.reach(&pool, &nodes[0]).await;
    // A log that the node leaves out of eth_getLogs is in its receipts.
    nodes[0].faults().always(LogFault::Empty);
    nodes[0].chain(|chain| chain.mine([vvv(ALICE, BOB, 7)]));
    indexer.reach(&pool, &nodes[0]).await;
    assert_eq!(balance(&pool, BOB).await.as_deref(), Some("7"));
    assert_eq!(completeness(&pool, "supply").await, [stretch(0, 20, "single"), stretch(21, 31, "receipts")]);
}

#[sqlx::test(migrations = false)]
async fn a_disagreement_stops_the_cursor_and_is_said(pool: PgPool) {
    let nodes = nodes(2).await;
    let indexer = Indexer::start_with(&pool, &urls(&nodes), &[]).await;
    indexer.reach(&pool, &nodes[0]).await;
    nodes[1].faults().always(LogFault::Empty);
    nodes[0].chain(|chain| chain.mine([vvv(ALICE, BOB, 7)]));
    let failing = "select failing from follower where failing is not null";
    let why: String = support::eventually(|| sqlx::query_scalar(failing).fetch_optional(&pool)).await;
    assert!(why.contains("block 31, transaction 0x") && why.contains("does not"), "{why}");
    let cursor: i64 = sqlx::query_scalar("select max(block_number) from cursor").fetch_one(&pool).await.unwrap();
    assert_eq!(cursor, 30);
    nodes[1].faults().clear();
    indexer.reach(&pool, &nodes[0]).await;
    assert_eq!(completeness(&pool, "supply").await, [stretch(0, 31, "agreed")]);
}

#[sqlx::test(migrations = false)]
async fn a_shorter_branch_is_not_taken_while_one_node_goes_on_with_ours(pool: PgPool) {
    let nodes = nodes(2).await;
    let indexer = Indexer::start_with(&pool, &urls(&nodes), &[]).await;
    indexer.reach(&pool, &nodes[0]).await;
    let branch = nodes[0].chain(|chain| {
        let mut branch = chain.fork(5);
        branch.mine_empty(2);
        SharedChain::from(branch)
    });
    nodes[0].faults().always(ViewFault::Fork(branch.clone()));
    let suspicion = "select fork_suspected from follower where fork_suspected is not null";
    let _: String = support::eventually(|| sqlx::query_scalar(suspicion).fetch_optional(&pool)).await;
    // Longer than a branch must stand that every node is on.
    sqlx::query("select pg_sleep(6.5)").execute(&pool).await.unwrap();
    let still: Option<String> = sqlx::query_scalar(suspicion).fetch_optional(&pool).await.unwrap();
    let reorgs: i64 = sqlx::query_scalar("select count(*) from reorg").fetch_one(&pool).await.unwrap();
    assert_eq!((still.is_some(), reorgs), (true, 0));
    nodes[1].faults().always(ViewFault::Fork(branch));
    let undone = "select ancestor_number from reorg";
    let ancestor: i64 = support::eventually(|| sqlx::query_scalar(undone).fetch_optional(&pool)).await;
    assert_eq!(ancestor, 25);
}

#[sqlx::test(migrations = false)]
async fn a_pushed_head_is_not_waited_for(pool: PgPool) {
    let nodes = nodes(1).await;
    // So seldom is it asked that only a push can bring a block within the test's patience.
    let indexer = Indexer::start_with(&pool, &nodes[0].ws_url(), &["--poll-interval-ms", "60000"]).await;
    indexer.reach(&pool, &nodes[0]).await;
    let pushes = "select true from node where pushes";
    loop {
        nodes[0].chain(|chain| chain.mine([vvv(ALICE, BOB, 1)]));
        let known: Option<bool> = sqlx::query_scalar(pushes).fetch_optional(&pool).await.unwrap();
        if known.is_some() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    nodes[0].chain(|chain| chain.mine([vvv(ALICE, BOB, 1)]));
    indexer.reach(&pool, &nodes[0]).await;
}

#[sqlx::test(migrations = false)]
async fn a_node_of_another_chain_is_left_out_and_the_other_followed(pool: PgPool) {
    let nodes = nodes(2).await;
    nodes[0].faults().always(ViewFault::ChainId(1));
    let mut indexer = Indexer::start_with(&pool, &urls(&nodes), &[]).await;
    indexer.reach(&pool, &nodes[0]).await;
    let told = "select detail from node where place = 0 and excluded = 'other_chain'";
    let detail: String = support::eventually(|| sqlx::query_scalar(told).fetch_optional(&pool)).await;
    assert_eq!(detail, "it is of chain 1");
    assert_eq!(completeness(&pool, "supply").await, [stretch(0, 30, "single")]);
    indexer.signal("TERM");
    let log = indexer.ended().await.log;
    let host = nodes[0].url.replace("http://", "");
    assert!(log.lines().any(|line| line.contains("of chain 1") && line.contains(&host)), "{log}");
}
