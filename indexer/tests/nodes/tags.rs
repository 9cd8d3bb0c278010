//! What several nodes call final, and what they have abandoned.

use devnet::scripted::{Finality, SharedChain, ViewFault};
use indexer::chain::nodes::NodesConfig;
use indexer::chain::{Chain, ChainError, Finality as Tags};
use store::deployment::FinalityDepths;

use crate::support::World;

fn numbers(tags: &Tags) -> [Option<u64>; 2] {
    [&tags.safe, &tags.finalized].map(|tag| tag.as_ref().map(|header| header.number))
}

#[tokio::test]
async fn the_lowest_of_what_healthy_nodes_call_final_counts() {
    let world = World::new(3).await;
    world.nodes[0].faults().always(ViewFault::FinalizedAhead { blocks: 8 });
    world.nodes[2].faults().always(ViewFault::Lag { blocks: 2 });
    assert_eq!(numbers(&world.pool.finality().await.unwrap()), [Some(23), Some(18)]);
}

#[tokio::test]
async fn two_that_call_different_blocks_final_contradict_each_other() {
    let world = World::new(2).await;
    let fork = world.nodes[0].chain(|chain| {
        let mut fork = chain.fork(15);
        fork.mine_empty(12);
        SharedChain::from(fork)
    });
    world.nodes[1].faults().always(ViewFault::Fork(fork));
    match world.pool.finality().await {
        Err(ChainError::Contradiction(message)) => {
            assert!(message.contains(&world.name(0)) && message.contains(&world.name(1)), "{message}");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn without_tags_the_deployments_depths_count_if_it_has_any() {
    let depths = FinalityDepths { safe_depth: 4, finalized_depth: 12 };
    let world = World::with(1, |config| NodesConfig { depths: Some(depths), ..config }).await;
    assert_eq!(numbers(&world.pool.finality().await.unwrap()), [Some(25), Some(20)], "tags come first");
    world.nodes[0].chain(|chain| chain.set_finality(Finality::Unknown));
    assert_eq!(numbers(&world.pool.finality().await.unwrap()), [Some(26), Some(18)]);
    let world = World::new(2).await;
    world.nodes[0].chain(|chain| chain.set_finality(Finality::Unknown));
    assert_eq!(numbers(&world.pool.finality().await.unwrap()), [None, None]);
}

#[tokio::test]
async fn a_block_is_abandoned_when_no_healthy_node_has_it() {
    let world = World::new(2).await;
    let ours = world.header(28);
    assert_eq!(world.pool.is_abandoned(28, ours.hash).await, Ok(false));
    let branch = world.nodes[0].chain(|chain| {
        let mut fork = chain.fork(5);
        fork.mine_empty(4);
        SharedChain::from(fork)
    });
    world.nodes[0].faults().always(ViewFault::Fork(branch.clone()));
    assert_eq!(world.pool.is_abandoned(28, ours.hash).await, Ok(false), "the other still has it");
    world.nodes[1].faults().always(ViewFault::Fork(branch));
    assert_eq!(world.pool.is_abandoned(28, ours.hash).await, Ok(true));
    for node in &world.nodes {
        node.faults().always(ViewFault::Lag { blocks: 9 });
    }
    assert_eq!(world.pool.is_abandoned(28, ours.hash).await, Ok(false), "nodes that lag say nothing");
}
