//! Logs that two nodes agree on, or not.

use devnet::scripted::{LogFault, RangeWording, Refusal, ResultWording, TransportFault, ViewFault};
use indexer::chain::nodes::{Agree, NodesConfig};
use indexer::chain::{Chain, ChainError, Grade};

use crate::support::{World, query};

async fn of_block(world: &World, number: u64) -> Result<(usize, Grade), ChainError> {
    let header = world.header(number);
    world.pool.logs_of_block(&header, &query()).await.map(|graded| (graded.logs.len(), graded.grade))
}

async fn of_range(world: &World) -> Result<(usize, Grade), ChainError> {
    world.pool.logs_in_range(1, 20, &query()).await.map(|graded| (graded.logs.len(), graded.grade))
}

#[track_caller]
fn contradicts(outcome: Result<(usize, Grade), ChainError>, block: &str) {
    match outcome {
        Err(ChainError::Contradiction(message)) => {
            assert!(message.starts_with(block) && message.contains("does not"), "{message}");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn two_that_give_the_same_agree() {
    let world = World::new(2).await;
    assert_eq!(of_block(&world, 30).await, Ok((2, Grade::Agreed)));
    assert_eq!(of_range(&world).await, Ok((40, Grade::Agreed)));
    assert_eq!([world.asked(0, "eth_getLogs"), world.asked(1, "eth_getLogs")], [2, 2]);
}

#[tokio::test]
async fn one_is_asked_where_one_is_given_or_enough() {
    let world = World::new(1).await;
    assert_eq!(of_block(&world, 30).await, Ok((2, Grade::Single)));
    let world = World::with(2, |config| NodesConfig { agree: Some(Agree::One), ..config }).await;
    assert_eq!(of_block(&world, 30).await, Ok((2, Grade::Single)));
    assert_eq!(of_range(&world).await, Ok((40, Grade::Single)));
    assert_eq!(world.asked(1, "eth_getLogs"), 0);
}

#[tokio::test]
async fn two_that_go_on_disagreeing_stop_the_step() {
    for liar in [0, 1] {
        let world = World::new(2).await;
        world.nodes[liar].faults().always(LogFault::Empty);
        contradicts(of_block(&world, 30).await, "block 30, transaction 0x");
        contradicts(of_range(&world).await, "block 1, transaction 0x");
    }
}

#[tokio::test]
async fn a_second_thought_mends_what_was_a_slip() {
    let world = World::new(2).await;
    world.nodes[1].faults().next(1, LogFault::DropOne);
    assert_eq!(of_block(&world, 30).await, Ok((2, Grade::Agreed)));
    assert_eq!(world.asked(0, "eth_getLogs"), 2);
}

#[tokio::test]
async fn a_third_settles_for_the_larger_set_and_the_liar_is_set_aside() {
    let world = World::new(3).await;
    world.nodes[0].faults().always(LogFault::DropOne);
    assert_eq!(of_block(&world, 30).await, Ok((2, Grade::Agreed)));
    let liar = world.health(0);
    assert_eq!(liar.excluded, Some("failing"));
    assert!(liar.detail.unwrap().contains("block 30, transaction 0x"));
    assert_eq!(world.health(1).excluded, None);
}

#[tokio::test]
async fn two_that_leave_something_out_do_not_outvote_one() {
    let world = World::new(3).await;
    for place in [1, 2] {
        world.nodes[place].faults().always(LogFault::Empty);
    }
    contradicts(of_block(&world, 30).await, "block 30, transaction 0x");
}

#[tokio::test]
async fn where_the_second_is_away_one_nodes_word_is_called_that() {
    let world = World::new(2).await;
    world.nodes[1].faults().always(TransportFault::Status { status: 502, body: String::new() });
    assert_eq!(of_block(&world, 30).await, Ok((2, Grade::Single)));
    assert_eq!(of_range(&world).await, Ok((40, Grade::Single)));
    let world = World::new(3).await;
    world.nodes[0].faults().always(TransportFault::Status { status: 502, body: String::new() });
    assert_eq!(of_block(&world, 30).await, Ok((2, Grade::Agreed)), "the third takes its place");
}

#[tokio::test]
async fn a_node_that_hears_of_a_block_later_is_waited_for() {
    let world = World::new(2).await;
    world.nodes[1].faults().next(3, ViewFault::Lag { blocks: 1 }).on("eth_getLogs");
    assert_eq!(of_block(&world, 30).await, Ok((2, Grade::Agreed)));
    assert_eq!(world.asked(1, "eth_getLogs"), 4);
}

#[tokio::test]
async fn a_block_that_a_healthy_node_never_hears_of_is_not_taken() {
    let world = World::new(2).await;
    world.nodes[1].faults().always(ViewFault::Lag { blocks: 1 }).on("eth_getLogs");
    let error = of_block(&world, 30).await.unwrap_err();
    assert!(matches!(error, ChainError::UnknownBlock(_)), "{error:?}");
    assert!(error.to_string().contains(&world.name(1)), "{error}");
}

#[tokio::test]
async fn each_node_is_asked_for_as_much_as_it_takes() {
    let world = World::new(2).await;
    for (place, blocks_max) in [(0, 7), (1, 3)] {
        world.nodes[place].faults().always(Refusal::Range { blocks_max, wording: RangeWording::QuickNode });
    }
    assert_eq!(of_range(&world).await, Ok((40, Grade::Agreed)));
    assert_eq!(of_range(&world).await, Ok((40, Grade::Agreed)));
    // One refusal each; then 20 blocks in pieces of 7 and of 3, twice.
    assert_eq!([world.asked(0, "eth_getLogs"), world.asked(1, "eth_getLogs")], [1 + 2 * 3, 1 + 2 * 7]);
}

#[tokio::test]
async fn too_much_in_a_range_is_for_whoever_chose_it() {
    for (wording, hint) in [(ResultWording::Parity, None), (ResultWording::Infura, Some(5))] {
        let world = World::new(2).await;
        world.nodes[1].faults().always(Refusal::Results { logs_max: 10, wording });
        match of_range(&world).await {
            Err(ChainError::TooLarge { limit_blocks, .. }) => assert_eq!(limit_blocks, hint),
            other => panic!("{other:?}"),
        }
    }
}
